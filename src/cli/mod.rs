//! One file a command.

pub mod check;
pub mod init;
pub mod trust;
