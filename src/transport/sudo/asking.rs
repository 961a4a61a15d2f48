//! Finds out what sudo takes on a host, and asks a person where that is a password.

use std::time::{Duration, Instant};

use secrecy::SecretString;

use super::{Known, secret_lines};
use crate::domain::question::{Answer, Question};
use crate::transport::{Asker, ExecSpec, Exit, SharedTransport};

/// How often a password is asked for, as sudo itself does.
const TRIES: usize = 3;
/// How long sudo may take to judge a password: PAM delays a wrong one by some seconds.
const PATIENCE: Duration = Duration::from_secs(20);
/// What asks for nothing where nothing is wanted: a root shell for nothing, else every entry of sudoers without one.
const SILENT: &str = "command -v sudo >/dev/null || exit 127\n\
                      sudo -k -n /bin/sh -c : 2>/dev/null || exec sudo -k -n -v 2>/dev/null";

/// Why sudo did not take a password.
pub(super) enum Refusal {
    /// It was wrong.
    Wrong,
    /// It lets the login user do nothing, whatever the password.
    Never,
}

/// Asks the host, then a person, at most three times; `None` when the link went away before it was known.
pub(super) async fn ask(asker: &dyn Asker, transport: &SharedTransport) -> Option<Known> {
    match transport.exec(ExecSpec::script(SILENT, PATIENCE)).collect(1024).await.exit {
        Exit::Code(0) => return Some(Known::Silent),
        Exit::Code(127) => return Some(Known::Refused("sudo is not installed there")),
        Exit::Code(_) => {}
        _ => return None,
    }
    let host = transport.host();
    for attempt in 0..TRIES {
        let again = if attempt > 0 { "sorry, try again; " } else { "" };
        let question = Question::Password {
            host: host.clone(),
            account: host.to_string(),
            prompt: format!("{again}sudo's password there:"),
            echo: false,
        };
        let Ok(Answer::Secret(password)) = asker.ask(question).await else {
            return Some(Known::Refused("sudo's password was not given; it is asked again after a reconnect"));
        };
        match accepts(transport, &password, "-v").await? {
            Ok(()) => {
                let shell = accepts(transport, &password, "-l -- /bin/sh -c :").await?.is_ok();
                return Some(Known::Password { password, shell, seen: Instant::now() });
            }
            Err(Refusal::Wrong) => {}
            Err(Refusal::Never) => return Some(Known::Refused("sudo lets the login user run nothing there")),
        }
    }
    Some(Known::Refused("sudo's password was wrong three times; it is asked again after a reconnect"))
}

/// Whether sudo does with this password what is asked of it and runs nothing; `None` when the link went away.
pub(super) async fn accepts(
    transport: &SharedTransport,
    password: &SecretString,
    wanted: &str,
) -> Option<Result<(), Refusal>> {
    let script = format!("LC_ALL=C\nexport LC_ALL\nexec sudo -k -S -p '' {wanted} >/dev/null");
    let mut spec = ExecSpec::script(script, PATIENCE);
    spec.stdin = true;
    let stream = transport.exec(spec);
    if let Some(input) = &stream.input {
        let _ = input.send(secret_lines(password, &[])).await;
    }
    let said = stream.collect(4096).await;
    let complaint = String::from_utf8_lossy(&said.err);
    match said.exit {
        Exit::Code(0) => Some(Ok(())),
        Exit::Code(_) if complaint.contains("may not run sudo") || complaint.contains("not in the sudoers") => {
            Some(Err(Refusal::Never))
        }
        Exit::Code(_) => Some(Err(Refusal::Wrong)),
        _ => None,
    }
}
