//! Reading a file backwards, by offset, and then what rotation made of its predecessors.

use chrono::{DateTime, Utc};

use super::{Oldest, ask};
use crate::domain::log::{FileId, LineSpot, RawLine};
use crate::logs::parse::{Parser, TimeField};
use crate::logs::source::follow::{self, Sibling};
use crate::logs::source::lines::Lines;
use crate::logs::source::{Tail, pieces};
use std::sync::Arc;

/// An event is not cut at the beginning of what is brought, unless it is longer than this.
const LONGEST: u64 = 4 << 20;

/// The file of a place and its rotated siblings.
pub async fn listing(tail: &Tail, id: &FileId) -> Result<Vec<Sibling>, String> {
    let said = ask(tail, follow::siblings(&id.name), 1 << 20).await?;
    Ok(String::from_utf8_lossy(&said).lines().filter_map(Sibling::parse).collect())
}

/// How many bytes a file has, unpacked.
pub async fn size(tail: &Tail, file: &Sibling) -> Result<u64, String> {
    let said = ask(tail, follow::older(file, 0, None), 64).await?;
    Ok(String::from_utf8_lossy(&said).trim().parse().unwrap_or(0))
}

/// About so many bytes that were written before a place, in lines.
pub async fn before(tail: &Tail, id: &FileId, offset: u64, bytes: u64) -> Result<(Vec<RawLine>, Oldest), String> {
    let there = listing(tail, id).await?;
    let Some(mut file) = holds(&there, id, offset) else { return Ok((Vec::new(), Oldest::Beginning)) };
    let mut offset = offset;
    while offset == 0 {
        let Some(older) = written_before(&there, file) else { return Ok((Vec::new(), Oldest::Beginning)) };
        (file, offset) = (older, size(tail, older).await?);
    }
    let mut want = bytes;
    loop {
        let from = offset.saturating_sub(want);
        let said = ask(tail, follow::older(file, from, Some(offset - from)), (offset - from) as usize).await?;
        if said.len() as u64 != offset - from {
            return Err("it has changed; try again".to_owned());
        }
        // What was cut off at its beginning belongs to the next piece.
        let cut = if from == 0 { Some(0) } else { memchr::memchr(b'\n', &said).map(|end| end + 1) };
        let mut lines = Vec::new();
        if let Some(cut) = cut {
            let mut cutter = Lines::at(from + cut as u64);
            cutter.push(said.slice(cut..), &mut lines);
            cutter.finish(&mut lines);
        }
        let heads = if from == 0 || want >= LONGEST { Some(0) } else { lines.iter().position(begins) };
        match heads {
            Some(head) if !lines.is_empty() => {
                let offset = lines[head].offset.unwrap_or(from);
                lines.drain(..head);
                return Ok((pieces::whole(lines), Oldest::At(LineSpot::File(named(file, &id.name), offset))));
            }
            _ if from == 0 || want >= LONGEST => {
                return Ok((pieces::whole(lines), Oldest::At(LineSpot::File(named(file, &id.name), from))));
            }
            _ => want *= 4,
        }
    }
}

/// Whether a line begins an event, as far as one line can tell.
pub fn begins(line: &RawLine) -> bool {
    !Parser::default().line(&line.bytes, 0).continues
}

/// When lines were written: the first time that one of them says.
pub fn time(lines: &[RawLine]) -> Option<DateTime<Utc>> {
    let now = Utc::now().timestamp_nanos_opt()?;
    let mut parser = Parser::default();
    lines.iter().find_map(|line| match (line.time, parser.line(&line.bytes, now).time) {
        (Some(time), _) => Some(time),
        (None, TimeField::At(stamp)) => Some(stamp.utc()),
        (None, TimeField::Missing | TimeField::Bad) => None,
    })
}

/// By what a file is known again.
fn inode(file: &Sibling) -> String {
    file.known().unwrap_or_else(|| file.path.clone())
}

/// The same, of a file that is followed under a name.
pub fn named(file: &Sibling, name: &str) -> Arc<FileId> {
    Arc::new(FileId { name: name.to_owned(), inode: inode(file), fingerprint: file.fingerprint.clone() })
}

/// The file that holds a place now.
pub fn holds<'a>(there: &'a [Sibling], id: &FileId, offset: u64) -> Option<&'a Sibling> {
    let packed = |file: &Sibling| file.known().is_none();
    let same = |file: &Sibling| {
        let (one, other) = (id.fingerprint.trim_end_matches('-'), file.fingerprint.trim_end_matches('-'));
        let len = one.len().min(other.len());
        (len, one[..len] == other[..len])
    };
    let own =
        there.iter().find(|file| inode(file) == id.inode && same(file).1 && (packed(file) || file.size >= offset));
    // It may have been copied, or packed, meanwhile: then it is known by how it begins.
    let alike = |file: &&Sibling| {
        let (len, same) = same(file);
        same && len >= 32 && (packed(file) || file.size >= offset)
    };
    own.or_else(|| there.iter().filter(alike).max_by_key(|file| (!packed(file), file.age())))
}

/// The file that was written before another.
pub fn written_before<'a>(there: &'a [Sibling], file: &Sibling) -> Option<&'a Sibling> {
    let older = |other: &&Sibling| other.age() < file.age() && other.fingerprint != file.fingerprint;
    // Rather the original than what is being packed from it.
    there.iter().filter(older).max_by_key(|other| (other.age().0, other.known().is_some(), other.age().1))
}

/// The file that was written after another.
pub fn written_after<'a>(there: &'a [Sibling], file: &Sibling) -> Option<&'a Sibling> {
    let newer = |other: &&Sibling| other.age() > file.age() && other.fingerprint != file.fingerprint;
    there.iter().filter(newer).min_by_key(|other| (other.age().0, other.known().is_none(), other.age().1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::source::follow::tests::sibling;

    #[test]
    fn a_place_is_found_again_through_rotation_and_packing() {
        let there = [
            sibling("1:9", 10, 90, "ee", "/l"),
            sibling("1:5", 100, 80, "aa", "/l.1"),
            sibling("1:7", 20, 70, "bb", "/l.2.gz"),
            sibling("1:8", 60, 60, "cc", "/l.3"),
        ];
        let at = |inode: &str, fingerprint: &str, offset: u64| {
            let id = FileId { name: "/l".into(), inode: inode.into(), fingerprint: fingerprint.repeat(32) };
            holds(&there, &id, offset).map(|file| file.path.as_str())
        };
        assert_eq!(at("1:9", "ee", 5), Some("/l"));
        assert_eq!(at("1:5", "aa", 90), Some("/l.1"));
        // It was packed since, and has another inode; it was cut, and its copy has what it had.
        assert_eq!(at("1:6", "bb", 4000), Some("/l.2.gz"));
        assert_eq!(at("1:9", "aa", 50), Some("/l.1"));
        assert_eq!(at("1:4", "dd", 5), None);
        let path = |n: usize| written_before(&there, &there[n]).map(|file| file.path.as_str());
        assert_eq!([path(0), path(1), path(2), path(3)], [Some("/l.1"), Some("/l.2.gz"), Some("/l.3"), None]);
        let path = |n: usize| written_after(&there, &there[n]).map(|file| file.path.as_str());
        assert_eq!([path(0), path(1), path(2), path(3)], [None, Some("/l"), Some("/l.1"), Some("/l.2.gz")]);
    }
}
