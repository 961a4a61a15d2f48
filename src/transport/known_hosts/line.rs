//! One line of a known_hosts file.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

/// What a line's marker makes of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    /// A host's own key.
    None,
    /// A key that must never be accepted.
    Revoked,
    /// The key of a certificate authority.
    CertAuthority,
}

/// The hosts that a line is about.
#[derive(Clone, Debug)]
pub(super) enum Names {
    /// Patterns, lower case.
    Patterns(Vec<String>),
    /// One name, hashed.
    Hashed {
        /// Key of the HMAC.
        salt: Vec<u8>,
        /// HMAC-SHA1 of the name.
        hash: Vec<u8>,
    },
}

/// One line.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub marker: Marker,
    pub names: Names,
    pub key_type: String,
    pub key: Vec<u8>,
}

/// Reads a line; `None` for comments, blanks and what cannot be understood.
pub(super) fn parse(line: &str) -> Option<Entry> {
    let line = line.trim_start();
    if line.starts_with('#') {
        return None;
    }
    let mut fields = line.split_ascii_whitespace();
    let mut first = fields.next()?;
    let marker = match first {
        "@revoked" => Marker::Revoked,
        "@cert-authority" => Marker::CertAuthority,
        other if other.starts_with('@') => return None,
        _ => Marker::None,
    };
    if marker != Marker::None {
        first = fields.next()?;
    }
    let names = Names::parse(first)?;
    let key_type = fields.next()?.to_owned();
    let key = STANDARD.decode(fields.next()?).ok()?;
    (super::key_type(&key) == Some(&key_type)).then_some(Entry { marker, names, key_type, key })
}

impl Names {
    fn parse(field: &str) -> Option<Self> {
        let Some(hashed) = field.strip_prefix("|1|") else {
            return Some(Self::Patterns(field.split(',').map(str::to_lowercase).collect()));
        };
        let (salt, hash) = hashed.split_once('|')?;
        Some(Self::Hashed { salt: STANDARD.decode(salt).ok()?, hash: STANDARD.decode(hash).ok()? })
    }

    /// Whether a name, in lower case, is meant. A negated pattern that matches rules the line out.
    pub fn matches(&self, name: &str) -> bool {
        match self {
            Self::Hashed { salt, hash } => mac(salt, name).as_deref() == Some(hash),
            Self::Patterns(patterns) => {
                let mut found = false;
                for pattern in patterns {
                    match pattern.strip_prefix('!') {
                        Some(negated) if glob(negated, name) => return false,
                        Some(_) => {}
                        None => found |= glob(pattern, name),
                    }
                }
                found
            }
        }
    }
}

fn mac(salt: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut mac = Hmac::<Sha1>::new_from_slice(salt).ok()?;
    mac.update(name.as_bytes());
    Some(mac.finalize().into_bytes().to_vec())
}

/// A name as HashKnownHosts writes it.
pub(super) fn hash_name(name: &str, salt: &[u8]) -> String {
    let hash = mac(salt, name).expect("HMAC takes keys of any length");
    format!("|1|{}|{}", STANDARD.encode(salt), STANDARD.encode(hash))
}

/// ssh's pattern matching: `*` and `?`, nothing else. Linear in the text for each star, so that no file makes it slow.
fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        if p < pattern.len() && pattern[p] == b'*' {
            star = Some((p, t));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == b'?' || pattern[p] == text[t]) {
            p += 1;
            t += 1;
        } else if let Some((star_p, star_t)) = star {
            // The last star takes one byte more.
            star = Some((star_p, star_t + 1));
            p = star_p + 1;
            t = star_t + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&b| b == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, text, expected) in [
            ("web", "web", true),
            ("web", "we", false),
            ("*", "", true),
            ("*", "anything", true),
            ("w*b", "web", true),
            ("w*b", "webx", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*aab", "aaaaaab", true),
            ("??", "a", false),
            ("[a]", "a", false),
            ("[*]:22", "[h]:22", true),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
        }
    }
}
