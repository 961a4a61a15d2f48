//! One file a tab.

pub(super) mod host;
pub(super) mod hosts;
pub(super) mod logs;
pub(super) mod overview;
mod row;
