//! How a reading of a file ended.

use crate::logs::source::barred::{self, Barred};
use crate::logs::source::follow::Ended;
use crate::transport::Exit;

/// How a reading ended.
pub enum Outcome {
    /// By the script's own word.
    Ended(Ended),
    /// A right is missing.
    Barred(Barred),
    /// The link went away.
    Lost,
    /// The host did not let us.
    Refused(String),
}

impl Outcome {
    /// Of how the script ended and what it complained of.
    pub fn of(exit: Exit, complaint: &[u8]) -> Self {
        match exit {
            Exit::Code(code) => match (Ended::of(code), Barred::parse(complaint)) {
                (Some(ended), _) => Self::Ended(ended),
                (None, Some(barred)) if code == barred::CODE => Self::Barred(barred),
                (None, _) => {
                    Self::Refused(format!("the reader ended with code {code}: {}", String::from_utf8_lossy(complaint)))
                }
            },
            Exit::Refused(why) => Self::Refused(why),
            Exit::Signal(_) | Exit::Cancelled | Exit::TimedOut | Exit::ConnectionLost => Self::Lost,
        }
    }
}
