//! What is written in the config's strings and arrays: names, addresses, commands, paths, URLs and the like.
//!
//! The type of a key also says what its value would do: a command starts something, a URL is contacted, a path is
//! read. So a key that is added cannot be forgotten by [`super::trust`].

mod amounts;
mod commands;
mod names;
mod secret;

pub use crate::domain::plan::shown;
pub use amounts::{Percent, Port, Size, StatusCodes, Sudo, Zone, zone};
pub use commands::{Argv, HostArgv, LocalPath, expand};
pub use names::*;
pub use secret::{Secret, SecretFrom};
