//! How services get onto their hosts.

pub mod spec;
