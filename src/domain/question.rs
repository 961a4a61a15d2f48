//! What only a person can answer while a host is being connected.

use super::host::HostName;

/// Something only a person can answer while connecting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// A host key that known_hosts does not hold.
    HostKey {
        /// The host being dialed.
        host: HostName,
        /// Where, as `address:port`.
        address: String,
        /// Key type, such as `ssh-ed25519`.
        key_type: String,
        /// `SHA256:…` as `ssh-keygen -l` prints it.
        fingerprint: String,
    },
    /// The passphrase of a key file (asked once per identity).
    Passphrase {
        /// The key file.
        identity: String,
        /// The host it is wanted for.
        host: HostName,
    },
    /// A password or keyboard-interactive prompt.
    Password {
        /// The host.
        host: HostName,
        /// `user@host`.
        account: String,
        /// What the server asks, made safe to show.
        prompt: String,
        /// Whether the answer may be seen while it is typed.
        echo: bool,
    },
}

/// The answer to a [`Question`].
#[derive(Debug)]
pub enum Answer {
    /// The secret asked for.
    Secret(secrecy::SecretString),
    /// Accept the host key for this connection only.
    AcceptOnce,
    /// Accept the host key and keep it in known_hosts.
    AcceptAndSave,
    /// No.
    Refuse,
}
