//! Hosted APIs and everything else that speaks HTTP.
