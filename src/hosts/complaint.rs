//! Why a probe never began: what the host said instead, in a line.

use crate::domain::text::one_line;
use crate::transport::Exit;

/// The most that is kept of what a host says on standard error.
const KEPT: usize = 2 << 10;
/// The longest reason, in characters.
const SHOWN: usize = 160;

/// What was said on standard error, its beginning.
#[derive(Debug, Default)]
pub(super) struct Complaint(Vec<u8>);

impl Complaint {
    /// Takes more of it.
    pub fn take(&mut self, bytes: &[u8]) {
        let room = KEPT.saturating_sub(self.0.len()).min(bytes.len());
        self.0.extend_from_slice(&bytes[..room]);
    }

    /// Why the probe ended before it began; `None` where that says nothing of the host's shell.
    pub fn why(&self, exit: &Exit) -> Option<String> {
        let said = String::from_utf8_lossy(&self.0);
        let said = said.lines().map(str::trim).rfind(|line| !line.is_empty());
        let ended = match exit {
            Exit::Code(code) => format!("ended with code {code}"),
            Exit::Signal(name) => format!("was ended by SIG{name}"),
            Exit::Refused(why) => return Some(one_line(why, SHOWN)),
            Exit::Cancelled | Exit::TimedOut | Exit::ConnectionLost => return None,
        };
        let said = said.map_or_else(
            || "and said nothing; see what its .bashrc or the like does".to_owned(),
            |said| format!("and said: {said}"),
        );
        Some(one_line(&format!("the login shell there runs no commands: it {ended} {said}"), SHOWN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_thing_that_was_said_is_the_reason() {
        let mut complaint = Complaint::default();
        assert_eq!(
            complaint.why(&Exit::Code(3)).unwrap(),
            "the login shell there runs no commands: it ended with code 3 and said nothing; see what its .bashrc or the like does"
        );
        complaint.take(b"warning: setlocale\nThis account is \x1b[31mcurrently not available.\n\n");
        let why = complaint.why(&Exit::Code(1)).unwrap();
        assert!(why.contains("it ended with code 1 and said: This account is "), "{why}");
        assert!(why.ends_with("currently not available.") && !why.contains('\x1b'), "{why}");
        assert!(complaint.why(&Exit::ConnectionLost).is_none());
        complaint.take(&[b'x'; 5 * KEPT]);
        assert!(complaint.why(&Exit::Signal("KILL".to_owned())).unwrap().chars().count() <= SHOWN);
    }
}
