//! The embedded fleet: real SSH on loopback, a seeded world.
