//! The config: as typed, as meant, and what is wrong with it.
