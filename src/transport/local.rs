//! Processes on this machine as a host.
