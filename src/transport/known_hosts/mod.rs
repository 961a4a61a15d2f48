//! known_hosts, read by our own rules.
//!
//! libssh2's reader does not know wildcards, takes `@revoked` for "not found", and refuses a whole file for one bad
//! line. This one follows sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT": markers, wildcards, negation, hashed names and
//! `[host]:port`, over user and global files, tolerant of each line by itself, and it remembers where an entry stands
//! so that an error can say so.

mod append;
mod line;

use std::io::Read;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::{Digest, Sha256};

pub use append::append;
use line::{Entry, Marker};

/// The most that is read of one file, in bytes.
const FILE_CAP: u64 = 16 << 20;

/// Where an entry stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: PathBuf,
    /// Its line, from 1.
    pub line: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.line)
    }
}

/// What the files say of a key that a host has shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is this host's.
    Known,
    /// Nothing is known of this host.
    Unknown,
    /// Only keys of other types are known.
    OtherTypes(Place),
    /// Another key of this type is known.
    Changed(Place),
    /// The key is marked `@revoked`.
    Revoked(Place),
}

/// All entries of some files, in order.
#[derive(Clone, Debug, Default)]
pub struct KnownHosts {
    entries: Vec<(Entry, Place)>,
}

impl KnownHosts {
    /// Reads the files that exist; a file that cannot be read counts as empty, as for ssh.
    pub fn load<'p>(files: impl IntoIterator<Item = &'p Path>) -> Self {
        let mut known = Self::default();
        for file in files {
            let mut bytes = Vec::new();
            let read = std::fs::File::open(file).and_then(|open| open.take(FILE_CAP).read_to_end(&mut bytes));
            if read.is_ok() {
                known.add(&String::from_utf8_lossy(&bytes), file);
            }
        }
        known
    }

    /// Adds the entries of one file's text.
    pub fn add(&mut self, text: &str, file: &Path) {
        let entries = text
            .lines()
            .enumerate()
            .filter_map(|(n, line)| Some((line::parse(line)?, Place { file: file.to_owned(), line: n + 1 })));
        self.entries.extend(entries);
    }

    /// Judges the key `blob` that was shown under a name ([`lookup_name`]).
    pub fn check(&self, name: &str, blob: &[u8]) -> Verdict {
        let verdict = self.check_exactly(name, blob);
        // A key that is known for the host on the standard port is the host's on any port, as for ssh.
        if verdict == Verdict::Unknown
            && let Some((bare, _)) = name.strip_prefix('[').and_then(|rest| rest.split_once("]:"))
            && self.check_exactly(bare, blob) == Verdict::Known
        {
            return Verdict::Known;
        }
        verdict
    }

    fn check_exactly(&self, name: &str, blob: &[u8]) -> Verdict {
        let mut verdict = Verdict::Unknown;
        for (entry, place) in self.matching(name) {
            match entry.marker {
                Marker::Revoked if entry.key == blob => return Verdict::Revoked(place.clone()),
                Marker::Revoked | Marker::CertAuthority => {}
                Marker::None if entry.key == blob => verdict = Verdict::Known,
                Marker::None if verdict == Verdict::Known => {}
                Marker::None if key_type(blob) == Some(entry.key_type.as_str()) => {
                    if !matches!(verdict, Verdict::Changed(_)) {
                        verdict = Verdict::Changed(place.clone());
                    }
                }
                Marker::None => {
                    if verdict == Verdict::Unknown {
                        verdict = Verdict::OtherTypes(place.clone());
                    }
                }
            }
        }
        verdict
    }

    /// The key types known for a name, in the order in which they are met.
    pub fn types(&self, name: &str) -> Vec<&str> {
        let mut types: Vec<&str> = Vec::new();
        for (entry, _) in self.matching(name).filter(|(entry, _)| entry.marker == Marker::None) {
            if !types.contains(&entry.key_type.as_str()) {
                types.push(&entry.key_type);
            }
        }
        types
    }

    /// Whether a certificate authority is trusted for a name.
    pub fn has_authority(&self, name: &str) -> bool {
        self.matching(name).any(|(entry, _)| entry.marker == Marker::CertAuthority)
    }

    fn matching(&self, name: &str) -> impl Iterator<Item = &(Entry, Place)> {
        let name = name.to_lowercase();
        self.entries.iter().filter(move |(entry, _)| entry.names.matches(&name))
    }
}

/// The name under which a host's key is looked up: the alias alone, or the host, with its port unless that is 22.
pub fn lookup_name(host: &str, port: u16, alias: Option<&str>) -> String {
    match alias {
        Some(alias) => alias.to_lowercase(),
        None if port == 22 => host.to_lowercase(),
        None => format!("[{}]:{port}", host.to_lowercase()),
    }
}

/// The type that a key blob says it is: its first string (RFC 4253, section 6.6).
pub fn key_type(blob: &[u8]) -> Option<&str> {
    let (length, rest) = blob.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    std::str::from_utf8(rest.get(..length)?).ok()
}

/// `SHA256:…` as `ssh-keygen -l` prints it.
pub fn fingerprint(blob: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(Sha256::digest(blob)))
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    /// A key blob of a type, told apart by a number.
    pub(super) fn blob(kind: &str, n: u8) -> Vec<u8> {
        let mut blob = u32::try_from(kind.len()).unwrap().to_be_bytes().to_vec();
        blob.extend_from_slice(kind.as_bytes());
        blob.extend_from_slice(&[0, 0, 0, 1, n]);
        blob
    }

    pub(super) fn key(kind: &str, n: u8) -> String {
        format!("{kind} {}", STANDARD.encode(blob(kind, n)))
    }

    fn known(text: &str) -> KnownHosts {
        let mut known = KnownHosts::default();
        known.add(text, Path::new("kh"));
        known
    }

    fn at(line: usize) -> Place {
        Place { file: "kh".into(), line }
    }

    const ED: &str = "ssh-ed25519";

    #[test]
    fn verdicts() {
        let k1 = key(ED, 1);
        let rsa = key("ssh-rsa", 1);
        let table = [
            (format!("web {k1}"), "web", Verdict::Known),
            (format!("web {k1} a comment here"), "web", Verdict::Known),
            (format!("WEB {k1}"), "web", Verdict::Known),
            (format!("other,web,10.0.0.1 {k1}"), "10.0.0.1", Verdict::Known),
            (format!("web {k1}"), "web2", Verdict::Unknown),
            (format!("*.example.com {k1}"), "a.example.com", Verdict::Known),
            (format!("*.example.com {k1}"), "example.com", Verdict::Unknown),
            (format!("web-? {k1}"), "web-1", Verdict::Known),
            (format!("*,!web {k1}"), "web", Verdict::Unknown),
            (format!("!web,* {k1}"), "db", Verdict::Known),
            (format!("[web]:2222 {k1}"), "[web]:2222", Verdict::Known),
            (format!("[web]:2222 {k1}"), "web", Verdict::Unknown),
            (format!("web {k1}"), "[web]:2222", Verdict::Known),
            (format!("web {}", key(ED, 2)), "[web]:2222", Verdict::Unknown),
            (format!("[*.example.com]:2222 {k1}"), "[a.example.com]:2222", Verdict::Known),
            (format!("web {}", key(ED, 2)), "web", Verdict::Changed(at(1))),
            (format!("web {}\nweb {k1}", key(ED, 2)), "web", Verdict::Known),
            (format!("web {rsa}\n# x\nweb {}", key(ED, 2)), "web", Verdict::Changed(at(3))),
            (format!("web {rsa}"), "web", Verdict::OtherTypes(at(1))),
            (format!("web {k1}\n@revoked web {k1}"), "web", Verdict::Revoked(at(2))),
            (format!("@revoked * {k1}\nweb {k1}"), "web", Verdict::Revoked(at(1))),
            (format!("@revoked * {}\nweb {k1}", key(ED, 2)), "web", Verdict::Known),
            (format!("@cert-authority * {k1}"), "web", Verdict::Unknown),
            (format!("@future * {k1}"), "web", Verdict::Unknown),
            (format!("rubbish\nweb ssh-ed25519 !!!\nweb\n\n  web {k1}"), "web", Verdict::Known),
            (format!("web ssh-rsa {}", STANDARD.encode(blob(ED, 1))), "web", Verdict::Unknown),
        ];
        for (text, name, expected) in table {
            assert_eq!(known(&text).check(name, &blob(ED, 1)), expected, "{name} in:\n{text}");
        }
    }

    #[test]
    fn hashed_names_as_ssh_keygen_writes_them() {
        // `ssh-keygen -H` of "web.example.com" with a known salt: HMAC-SHA1 keyed by the salt.
        let entry = line::hash_name("web.example.com", &[7; 20]);
        let known = known(&format!("{entry} {}", key(ED, 1)));
        assert_eq!(known.check("web.example.com", &blob(ED, 1)), Verdict::Known);
        assert_eq!(known.check("web.example.org", &blob(ED, 1)), Verdict::Unknown);
    }

    #[test]
    fn what_is_negotiated_first_is_what_is_known() {
        let text =
            format!("web {}\nweb {}\nweb {}\n@cert-authority *.corp {0}", key("ssh-rsa", 1), key(ED, 2), key(ED, 1));
        let known = known(&text);
        assert_eq!(known.types("web"), ["ssh-rsa", ED]);
        assert_eq!(known.types("db"), Vec::<&str>::new());
        assert_eq!((known.has_authority("web"), known.has_authority("a.corp")), (false, true));
    }

    #[test]
    fn names_to_look_up() {
        assert_eq!(lookup_name("Web", 22, None), "web");
        assert_eq!(lookup_name("web", 2222, None), "[web]:2222");
        assert_eq!(lookup_name("10.0.0.1", 2222, Some("Web")), "web");
    }

    proptest! {
        #[test]
        fn no_file_makes_it_panic(text in "(?s).{0,400}", name in ".{0,20}") {
            let known = known(&text);
            known.check(&name, &blob(ED, 1));
            known.types(&name);
        }
    }
}
