//! Exit codes, as scripts rest on them.

use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Fine; also a closed pipe on stdout.
    Fine,
    /// Problems were found, or something remote failed.
    Problems,
    /// The command line or the config cannot be used.
    Usage,
    /// Could not connect or authenticate.
    NotConnected,
    /// Refused by policy: trust, read-only, unconfirmed.
    Refused,
    /// A bug in quarterdeck.
    Bug,
    /// Ended by a signal of this number.
    Signal(u8),
    /// The exit code of a remote command, passed on because that was asked for.
    Passed(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Fine => 0,
            Exit::Problems => 1,
            Exit::Usage => 2,
            Exit::NotConnected => 3,
            Exit::Refused => 4,
            Exit::Bug => 70,
            Exit::Signal(number) => 128 + number,
            Exit::Passed(code) => code,
        })
    }
}

/// An error that knows its exit code.
#[derive(Debug)]
pub struct Failure {
    /// The code to leave with.
    pub exit: Exit,
    /// What happened, to what, and what to do; may be several lines.
    pub message: String,
}

impl Failure {
    /// A failure with a code and a message.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(Exit::Problems, format!("{error:#}"))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        // A reader that has seen enough is no failure.
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::new(Exit::Fine, "");
        }
        Self::new(Exit::Problems, error.to_string())
    }
}

/// What a command returns.
pub type Outcome = Result<Exit, Failure>;
