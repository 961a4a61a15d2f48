//! What ssh's prompts ask for.
//!
//! A server's own words come only in keyboard-interactive prompts, and there ssh puts `(user@host)` before them (since
//! OpenSSH 8.5): no server can make up one of ssh's other prompts. Older programs are not let ask.

use crate::domain::text::one_line;
use crate::transport::error::QUOTED;

/// What ssh wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// Whether a host key that is not known is right.
    HostKey {
        /// The name under which it was looked up.
        name: String,
        /// Its type as known_hosts writes it, where ssh's word for it says that.
        key_type: String,
        /// `SHA256:…`.
        fingerprint: String,
    },
    /// The passphrase of a key file; ssh writes at most 100 bytes of its path.
    Passphrase {
        /// Its path.
        file: String,
    },
    /// Anything else: a password, a code, a PIN.
    Other {
        /// What to show.
        text: String,
    },
}

impl Prompt {
    /// Reads what ssh asks for an account, `user@host` as messages name it.
    pub fn read(text: &str, user: &str, account: &str) -> Self {
        if let Some(question) = host_key(text) {
            return question;
        }
        let file = text.strip_prefix("Enter passphrase for key '").and_then(|rest| rest.trim_end().strip_suffix("':"));
        if let Some(file) = file {
            return Self::Passphrase { file: file.to_owned() };
        }
        if text.starts_with(&format!("{user}@")) && text.trim_end().ends_with("'s password:") {
            return Self::Other { text: format!("{account}'s password:") };
        }
        // The account is shown beside every question.
        let words =
            text.strip_prefix('(').and_then(|rest| rest.strip_prefix(user)?.strip_prefix('@')?.split_once(") "));
        let words = words.map_or(text, |(_, words)| words);
        Self::Other { text: one_line(words, QUOTED).trim().to_owned() }
    }
}

fn host_key(text: &str) -> Option<Prompt> {
    let rest = text.strip_prefix("The authenticity of host '")?;
    rest.contains("Are you sure you want to continue connecting").then_some(())?;
    let (names, rest) = rest.split_once('\'')?;
    let name = names.split_once(" (").map_or(names, |(name, _)| name);
    let (kind, print) = rest.lines().find_map(|line| line.split_once(" key fingerprint is "))?;
    let key_type = match kind {
        "ED25519" => "ssh-ed25519".to_owned(),
        "RSA" => "ssh-rsa".to_owned(),
        other => one_line(&other.to_lowercase(), QUOTED),
    };
    let fingerprint = one_line(print.trim_end_matches('.'), QUOTED);
    Some(Prompt::HostKey { name: one_line(name, QUOTED), key_type, fingerprint })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Prompt {
        Prompt::read(text, "ana", "ana@web")
    }

    fn other(text: &str) -> Prompt {
        Prompt::Other { text: text.to_owned() }
    }

    #[test]
    fn each_kind_of_prompt() {
        for (text, expected) in [
            ("Enter passphrase for key '/home/ana/.ssh/id': ", Prompt::Passphrase { file: "/home/ana/.ssh/id".into() }),
            ("ana@10.0.0.1's password: ", other("ana@web's password:")),
            ("(ana@10.0.0.1) Password: ", other("Password:")),
            ("(ana@10.0.0.1) Code (from your phone) : ", other("Code (from your phone) :")),
            ("Enter PIN for 'token': ", other("Enter PIN for 'token':")),
            ("Enter ana@web's old password: ", other("Enter ana@web's old password:")),
            (
                "The authenticity of host '[10.0.0.1]:2222 ([10.0.0.1]:2222)' can't be established.\n\
                 ED25519 key fingerprint is SHA256:abc+/0.\nThis key is not known by any other names.\n\
                 Are you sure you want to continue connecting (yes/no/[fingerprint])? ",
                Prompt::HostKey {
                    name: "[10.0.0.1]:2222".into(),
                    key_type: "ssh-ed25519".into(),
                    fingerprint: "SHA256:abc+/0".into(),
                },
            ),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    #[test]
    fn a_server_cannot_ask_for_a_passphrase_or_a_host_key() {
        for words in [
            "Enter passphrase for key '/home/ana/.ssh/id': ",
            "The authenticity of host 'x (y)' can't be established.\nRSA key fingerprint is SHA256:a.\n\
             Are you sure you want to continue connecting (yes/no/[fingerprint])? ",
            "\u{1b}]0;x\u{7}\u{202e}Enter passphrase for key 'k': ",
        ] {
            let Prompt::Other { text } = read(&format!("(ana@web) {words}")) else { panic!("{words}") };
            assert!(!text.chars().any(char::is_control) && !text.contains('\u{202e}'), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_asked_breaks_the_screen(text in "\\PC{0,20}[\u{0}-\u{9f}\u{202a}-\u{202e}]{0,20}\\PC{0,300}") {
            if let Prompt::Other { text } = read(&text) {
                prop_assert!(!text.chars().any(char::is_control));
                prop_assert!(text.chars().count() <= QUOTED + 20);
            }
        }
    }
}
