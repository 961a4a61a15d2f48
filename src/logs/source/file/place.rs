//! How far a file has been read, and by what it is known again.

use std::fmt::Write as _;

/// So many bytes of a file's beginning are remembered.
const KNOWN: usize = 256;

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// `DEV:INO:BIRTH`.
    pub inode: String,
    /// Bytes read.
    pub offset: u64,
    /// How it begins, in hex: its first 256 bytes, as far as they are known.
    pub fingerprint: String,
}

impl Place {
    /// A place in a file whose beginning is known so far; `-` where it is not.
    pub fn new(inode: String, offset: u64, fingerprint: &str) -> Self {
        Self { inode, offset, fingerprint: fingerprint.trim_end_matches('-').to_owned() }
    }

    /// These bytes have been read. Those of a beginning that was not written yet when the file was opened are
    /// remembered: by them its copy or its packed self is found.
    pub fn pass(&mut self, bytes: &[u8]) {
        let known = self.fingerprint.len() / 2;
        let unknown = usize::try_from(self.offset).ok().and_then(|offset| known.checked_sub(offset));
        if let Some(new) = unknown.and_then(|skip| bytes.get(skip..)) {
            for byte in &new[..new.len().min(KNOWN.saturating_sub(known))] {
                let _ = write!(self.fingerprint, "{byte:02x}");
            }
        }
        self.offset += bytes.len() as u64;
    }

    /// Whether a file that begins so can be this one, which only grows.
    pub fn begins_like(&self, fingerprint: &str) -> bool {
        let fingerprint = fingerprint.trim_end_matches('-');
        let len = self.fingerprint.len().min(fingerprint.len());
        self.fingerprint[..len] == fingerprint[..len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_grows_with_what_is_read_up_to_its_limit() {
        let mut place = Place::new("1:2".into(), 0, "");
        place.pass(b"ab");
        place.pass(b"c");
        assert_eq!((place.offset, place.fingerprint.as_str()), (3, "616263"));
        place.pass(&[b'x'; 1000]);
        assert_eq!((place.offset, place.fingerprint.len()), (1003, 2 * KNOWN));
    }

    #[test]
    fn what_is_known_is_not_taken_twice_and_a_hole_is_not_jumped() {
        let mut half = Place::new("1:2".into(), 1, "6162");
        half.pass(b"bcd");
        assert_eq!(half.fingerprint, "61626364");
        let mut later = Place::new("1:2".into(), 5, "6162");
        later.pass(b"fgh");
        assert_eq!((later.offset, later.fingerprint.as_str()), (8, "6162"));
    }

    #[test]
    fn a_file_is_known_by_the_beginning_that_both_have() {
        let place = Place::new("1:2".into(), 9, "616263");
        for (other, same) in [("61626364", true), ("6162", true), ("-", true), ("616264", false), ("62", false)] {
            assert_eq!(place.begins_like(other), same, "{other}");
        }
        assert!(Place::new("1:2".into(), 9, "-").begins_like("00"));
    }
}
