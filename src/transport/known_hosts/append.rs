//! Keeping a key that a person has accepted.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{key_type, line};

/// Appends a key under a name, hashed when wanted. Makes the file (0600) and its folder (0700) when they are missing.
pub fn append(file: &Path, name: &str, blob: &[u8], hashed: bool) -> std::io::Result<()> {
    let kind = key_type(blob).ok_or(std::io::ErrorKind::InvalidData)?;
    let name = if hashed { line::hash_name(name, &salt()?) } else { name.to_owned() };
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut open = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(file)?;
    // A last line without its end would swallow ours.
    let mut last = [b'\n'];
    if open.seek(SeekFrom::End(-1)).is_ok() {
        open.read_exact(&mut last)?;
    }
    let gap = if last == [b'\n'] { "" } else { "\n" };
    // One write, so that two programs that append at once do not mix their lines.
    open.write_all(format!("{gap}{name} {kind} {}\n", STANDARD.encode(blob)).as_bytes())
}

fn salt() -> std::io::Result<[u8; 20]> {
    let mut salt = [0; 20];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut salt)?;
    Ok(salt)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::super::tests::{blob, key};
    use super::super::{KnownHosts, Verdict};
    use super::*;

    #[test]
    fn what_is_kept_is_known_from_then_on() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("new/known_hosts");
        append(&file, "web", &blob("ssh-ed25519", 1), false).unwrap();
        append(&file, "[db]:2222", &blob("ssh-rsa", 2), true).unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(text.starts_with(&format!("web {}\n|1|", key("ssh-ed25519", 1))), "{text}");
        assert!(!text.contains("db"), "a hashed name is not readable: {text}");
        let known = KnownHosts::load([file.as_path()]);
        assert_eq!(known.check("web", &blob("ssh-ed25519", 1)), Verdict::Known);
        assert_eq!(known.check("[db]:2222", &blob("ssh-rsa", 2)), Verdict::Known);
    }

    #[test]
    fn a_last_line_without_its_end_is_left_whole() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("known_hosts");
        std::fs::write(&file, format!("old {}", key("ssh-ed25519", 1))).unwrap();
        append(&file, "web", &blob("ssh-ed25519", 2), false).unwrap();
        let known = KnownHosts::load([file.as_path()]);
        assert_eq!(known.check("old", &blob("ssh-ed25519", 1)), Verdict::Known);
        assert_eq!(known.check("web", &blob("ssh-ed25519", 2)), Verdict::Known);
    }
}
