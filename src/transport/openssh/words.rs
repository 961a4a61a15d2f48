//! What a master says on standard error.

use std::sync::{Arc, Mutex};

use crate::domain::text::one_line;
use crate::transport::error::QUOTED;

/// The most of a master's words that is kept.
const SAID: usize = 8 << 10;

/// Why the server last refused to open a channel.
pub(super) type Refusal = Arc<Mutex<Option<String>>>;

/// A master's words: the last of them, and reasons of refused channels apart.
pub(super) struct Words {
    kept: Vec<u8>,
    /// Where the line that is not ended yet begins.
    line: usize,
    refusal: Refusal,
}

impl Words {
    /// Nothing said yet.
    pub fn new(refusal: Refusal) -> Self {
        Self { kept: Vec::new(), line: 0, refusal }
    }

    /// Takes what it says.
    pub fn take(&mut self, bytes: &[u8]) {
        self.kept.extend_from_slice(bytes);
        while let Some(end) = self.kept[self.line..].iter().position(|&byte| byte == b'\n') {
            let next = self.line + end + 1;
            if let Some(why) = refusal(&String::from_utf8_lossy(&self.kept[self.line..next])) {
                *self.refusal.lock().expect("nothing panics under this lock") = Some(why);
                self.kept.drain(self.line..next);
            } else {
                self.line = next;
            }
        }
        let surplus = self.kept.len().saturating_sub(SAID);
        self.kept.drain(..surplus);
        self.line = self.line.saturating_sub(surplus);
    }

    /// The last of what it said.
    pub fn all(&self) -> String {
        String::from_utf8_lossy(&self.kept).into_owned()
    }
}

/// `channels.c:channel_input_open_failure():N (pid=N): channel N: open failed: REASON: WORDS`.
fn refusal(line: &str) -> Option<String> {
    let (_, why) = line.strip_prefix("channels.c:")?.split_once(": open failed: ")?;
    Some(one_line(why.trim(), QUOTED))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reasons_of_refusals_are_kept_apart() {
        let mut words = Words::new(Refusal::default());
        words.take(b"one\nchannels.c:channel_input_open_failure():3 (pid=1): channel 2: open failed: admin");
        words.take(b"istratively prohibited: open failed\ntwo");
        assert_eq!(words.all(), "one\ntwo");
        assert_eq!(words.refusal.lock().unwrap().as_deref(), Some("administratively prohibited: open failed"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn whatever_is_said_is_bounded(said in proptest::collection::vec("[a-c\n]{0,1200}", 0..12)) {
            let mut words = Words::new(Refusal::default());
            for bytes in &said {
                words.take(bytes.as_bytes());
                prop_assert!(words.kept.len() <= SAID && words.line <= words.kept.len());
            }
            prop_assert!(said.concat().ends_with(&words.all()));
        }
    }
}
