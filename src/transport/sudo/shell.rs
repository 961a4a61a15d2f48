//! A script in a root shell that sudo starts with a password.

use secrecy::SecretString;

use super::secret_lines;
use crate::transport::loader::quote;
use crate::transport::token::token;
use crate::transport::{ExecSpec, RemoteCommand, SharedTransport, Stream};

/// Opens the stream, and tells sudo the password.
pub(super) async fn open(
    transport: &SharedTransport,
    mut spec: ExecSpec,
    password: &SecretString,
) -> std::io::Result<Stream> {
    let until = token()?;
    if let RemoteCommand::Script(script) = &mut spec.command {
        *script = wrapped(script, &until);
    }
    let stays = std::mem::replace(&mut spec.stdin, true);
    let mut stream = transport.exec(spec);
    if let Some(input) = &stream.input {
        // A stream that has ended says so by itself.
        let _ = input.send(secret_lines(password, &[&until])).await;
    }
    if !stays {
        stream.input = None;
    }
    Ok(stream)
}

/// The script, after a shell that throws away everything up to the line `until`.
fn wrapped(script: &str, until: &str) -> String {
    let script =
        format!("while IFS= read -r qd_line && [ \"$qd_line\" != {until} ]; do :; done\nunset qd_line\n{script}");
    format!("LC_ALL=C\nexport LC_ALL\nexec sudo -k -S -p '' -- /bin/sh -c {}\n", quote(&script))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::PermissionsExt;
    use std::process::{Command, Stdio};

    use super::*;

    /// Runs a wrapped script with a stand-in for sudo that wants a password or does not.
    fn run(wants: bool) -> String {
        let folder = tempfile::tempdir().unwrap();
        let sudo = folder.path().join("sudo");
        let reads = if wants { "IFS= read -r password; [ \"$password\" = sesame ] || exit 1" } else { ":" };
        let text = format!("#!/bin/sh\n{reads}\nwhile [ \"$1\" != -- ]; do shift; done\nshift\nexec \"$@\"\n");
        std::fs::write(&sudo, text).unwrap();
        std::fs::set_permissions(&sudo, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
        let mut shell = Command::new("sh")
            .args(["-c", &wrapped("cat; echo end", "0123")])
            .env("PATH", path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        shell
            .stdin
            .take()
            .unwrap()
            .write_all(&[&secret_lines(&"sesame".into(), &["0123"])[..], b"mine\n"].concat())
            .unwrap();
        String::from_utf8(shell.wait_with_output().unwrap().stdout).unwrap()
    }

    #[test]
    fn the_script_never_reads_the_password_whether_sudo_wants_one_or_not() {
        for wants in [true, false] {
            assert_eq!(run(wants), "mine\nend\n", "wanted: {wants}");
        }
    }
}
