//! Keys made at the start, in the formats that OpenSSH and libssh2 read.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use russh::keys::key::safe_rng;
use russh::keys::ssh_key::LineEnding;
use russh::keys::ssh_key::rand_core::Rng;
use russh::keys::{Algorithm, PrivateKey, PublicKey};

/// A new ed25519 key pair.
pub fn generate() -> Result<PrivateKey> {
    PrivateKey::random(&mut safe_rng(), Algorithm::Ed25519).context("cannot make a key")
}

/// Writes a private key that only this user can read.
pub fn write_identity(path: &Path, key: &PrivateKey) -> Result<()> {
    let text = key.to_openssh(LineEnding::LF).context("cannot write down a key")?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
}

/// The line of known_hosts for a server on this port of 127.0.0.1.
pub fn known_hosts_line(port: u16, key: &PublicKey) -> Result<String> {
    Ok(format!("[127.0.0.1]:{port} {}\n", key.to_openssh()?))
}

/// A number that nobody can guess.
pub fn random_u32() -> u32 {
    safe_rng().next_u32()
}
