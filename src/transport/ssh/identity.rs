//! What can be read of a private key file without its passphrase.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What a key file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyFile {
    /// It can be used as it is.
    Plain,
    /// It needs a passphrase.
    Encrypted,
    /// It is no private key that libssh2 reads.
    Unusable,
}

/// Reads a key file's header. A wrong passphrase and an encrypted key give the same error in libssh2, so this is the
/// only way to know whether to ask.
pub(super) fn examine(text: &str) -> KeyFile {
    let Some(start) = text.find("-----BEGIN ") else { return KeyFile::Unusable };
    let body = &text[start + "-----BEGIN ".len()..];
    let Some((label, body)) = body.split_once("-----") else { return KeyFile::Unusable };
    match label {
        "OPENSSH PRIVATE KEY" => openssh(body),
        "ENCRYPTED PRIVATE KEY" => KeyFile::Encrypted,
        "PRIVATE KEY" => KeyFile::Plain,
        _ if label.ends_with("PRIVATE KEY") => {
            // PEM of old: the encryption is a header of its own.
            if body.lines().take(4).any(|line| line.starts_with("Proc-Type:") && line.contains("ENCRYPTED")) {
                KeyFile::Encrypted
            } else {
                KeyFile::Plain
            }
        }
        _ => KeyFile::Unusable,
    }
}

/// OpenSSH's own format (PROTOCOL.key): a magic string, then the cipher's name, then what is encrypted by it. Of a
/// security key the file holds only a handle.
fn openssh(body: &str) -> KeyFile {
    let encoded: String = body.lines().take_while(|line| !line.starts_with("-----")).map(str::trim).collect();
    let Ok(bytes) = STANDARD.decode(encoded) else { return KeyFile::Unusable };
    let Some(rest) = bytes.strip_prefix(b"openssh-key-v1\0") else { return KeyFile::Unusable };
    let Some((cipher, rest)) = string(rest) else { return KeyFile::Unusable };
    // The name of the key derivation and its options, the number of keys, then the public key, whose type comes first.
    let public = string(rest).and_then(|(_, rest)| string(rest)).and_then(|(_, rest)| string(rest.get(4..)?));
    let kind = public.and_then(|(public, _)| string(public)).map(|(kind, _)| kind);
    match (kind, cipher) {
        (None, _) => KeyFile::Unusable,
        (Some(kind), _) if kind.starts_with(b"sk-") => KeyFile::Unusable,
        (_, b"none") => KeyFile::Plain,
        _ => KeyFile::Encrypted,
    }
}

/// A length-prefixed string and what follows it.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}

/// The public key that lies beside a private one, as a blob.
pub(super) fn public_blob(private: &Path) -> Option<Vec<u8>> {
    blob(&beside(private, ".pub"))
}

/// The blob in a public key or certificate file.
pub(super) fn blob(file: &Path) -> Option<Vec<u8>> {
    let text = std::fs::read_to_string(file).ok()?;
    STANDARD.decode(text.split_ascii_whitespace().nth(1)?).ok()
}

/// The certificate for a key: one that the config names for it, else the one that lies beside it.
pub(super) fn certificate(private: &Path, named: &[PathBuf]) -> Option<PathBuf> {
    let ours = public_blob(private);
    let signs = |file: &&PathBuf| ours.as_ref().is_none_or(|ours| holds(&blob(file).unwrap_or_default(), ours));
    let own = beside(private, "-cert.pub");
    named.iter().find(signs).cloned().or_else(|| own.exists().then_some(own))
}

/// Whether a certificate is about a key: the key's own fields follow the nonce (PROTOCOL.certkeys).
fn holds(certificate: &[u8], key: &[u8]) -> bool {
    let fields = string(certificate).and_then(|(_, rest)| string(rest)).map(|(_, rest)| rest);
    let wanted = string(key).map(|(_, rest)| rest);
    fields.zip(wanted).is_some_and(|(fields, wanted)| fields.starts_with(wanted))
}

fn beside(private: &Path, ending: &str) -> PathBuf {
    let mut file = private.as_os_str().to_owned();
    file.push(ending);
    file.into()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    fn keygen(args: &[&str]) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("id");
        let done = Command::new("ssh-keygen").args(["-q", "-f"]).arg(&file).args(args).status().unwrap();
        assert!(done.success());
        (folder, file)
    }

    #[test]
    fn headers_as_ssh_keygen_writes_them() {
        for (args, expected) in [
            (&["-t", "ed25519", "-N", ""][..], KeyFile::Plain),
            (&["-t", "ed25519", "-N", "secret"], KeyFile::Encrypted),
            (&["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", ""], KeyFile::Plain),
            (&["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "secret"], KeyFile::Encrypted),
            (&["-t", "ecdsa", "-m", "PKCS8", "-N", ""], KeyFile::Plain),
            (&["-t", "ecdsa", "-m", "PKCS8", "-N", "secret"], KeyFile::Encrypted),
        ] {
            let (_kept, file) = keygen(args);
            assert_eq!(examine(&std::fs::read_to_string(file).unwrap()), expected, "{args:?}");
        }
        assert_eq!(examine("ssh-ed25519 AAAA me"), KeyFile::Unusable);
    }

    #[test]
    fn a_certificate_is_found_by_the_key_it_is_about() {
        let (folder, ca) = keygen(&["-t", "ed25519", "-N", ""]);
        let (other_folder, key) = keygen(&["-t", "ed25519", "-N", ""]);
        let public = beside(&key, ".pub");
        let signed = Command::new("ssh-keygen").args(["-q", "-s"]).arg(&ca).args(["-I", "me"]).arg(&public).status();
        assert!(signed.unwrap().success());
        let beside_it = other_folder.path().join("id-cert.pub");
        assert_eq!(certificate(&key, &[]), Some(beside_it.clone()));
        let elsewhere = folder.path().join("moved-cert.pub");
        std::fs::rename(&beside_it, &elsewhere).unwrap();
        assert_eq!(certificate(&key, std::slice::from_ref(&elsewhere)), Some(elsewhere.clone()));
        assert_eq!(certificate(&ca, &[elsewhere]), None, "somebody else's certificate");
    }

    proptest! {
        #[test]
        fn no_file_makes_it_panic(text in "(?s).{0,200}", bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            examine(&text);
            let encoded = STANDARD.encode([b"openssh-key-v1\0".as_slice(), &bytes].concat());
            examine(&format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{encoded}\n-----END"));
            holds(&bytes, &bytes);
        }
    }
}
