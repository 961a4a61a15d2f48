//! The config from the outside: files in folders, and what `qd` makes of them.

mod corpus;
