//! How a script reaches a host: one scheme for every transport.
//!
//! What the login shell is given to run is one fixed line without anything that sh, bash, fish or csh would read
//! differently: a single-quoted loader for `sh` that knows how many lines the script has. The script itself goes over
//! standard input; the loader reads exactly those lines with `read` (which by POSIX takes no byte more than the line)
//! and only then runs them. Three things follow:
//!
//! - quoting and the login shell never matter, and the host's process list shows no script;
//! - a script that did not arrive whole is not run at all, and just before it is, the loader says so ([`READY`]): what
//!   came before is what the login shell's files said;
//! - after the script, standard input is free: the script can read what the caller writes later, and sees its end when
//!   the link dies (the watchdog of every tail).

use bytes::Bytes;

use super::RemoteCommand;

/// What the loader prints before the script is run. No greeting holds it by chance.
pub const READY: &[u8] = b"\x02qd begins\x03\n";

/// A command in the two halves in which it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// The line for the login shell.
    pub line: String,
    /// What standard input begins with.
    pub script: Bytes,
}

impl Launch {
    /// Cuts a command into its halves.
    pub fn new(command: &RemoteCommand) -> Self {
        let mut script = match command {
            RemoteCommand::Script(script) => script.clone(),
            RemoteCommand::Argv(argv) => {
                let words: Vec<String> = argv.iter().map(|word| quote(word)).collect();
                format!("exec {}", words.join(" "))
            }
        };
        if !script.ends_with('\n') {
            script.push('\n');
        }
        let lines = script.bytes().filter(|&b| b == b'\n').count();
        Self { line: loader(lines), script: Bytes::from(script) }
    }
}

/// The loader: no `'`, `!`, backslash before a quote, or line end, so that every login shell hands it on as it is.
fn loader(lines: usize) -> String {
    format!(
        "exec sh -c 'n={lines} s= e=$(printf \"\\012.\") e=${{e%.}}; \
         while [ $n -gt 0 ]; do IFS= read -r l || exit 255; s=$s$l$e n=$((n-1)); done; unset n l e; \
         printf \"\\002qd begins\\003\\012\"; eval \"$s\"'"
    )
}

/// One word of a POSIX shell that means exactly this text.
pub fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "%+,-./:@_".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use proptest::prelude::*;

    use super::*;

    /// What a login shell makes of a launch, with `input` after the script; `None` where there is no such shell.
    fn run(shell: &str, launch: &Launch, input: &[u8]) -> Option<(Option<i32>, Vec<u8>)> {
        run_in(Command::new(shell), launch, input)
    }

    fn run_in(mut shell: Command, launch: &Launch, input: &[u8]) -> Option<(Option<i32>, Vec<u8>)> {
        let mut child = shell
            .args(["-c", &launch.line])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut stdin = child.stdin.take().unwrap();
        // A script that ends early closes the pipe; what it said is still what counts.
        let _ = stdin.write_all(&launch.script).and_then(|()| stdin.write_all(input));
        drop(stdin);
        let out = child.wait_with_output().unwrap();
        let begun = out.stdout.strip_prefix(READY).unwrap_or(&out.stdout);
        Some((out.status.code(), begun.to_vec()))
    }

    fn script(text: &str) -> Launch {
        Launch::new(&RemoteCommand::Script(text.to_owned()))
    }

    #[test]
    fn every_login_shell_runs_the_same_script() {
        let text =
            "x='a\\b!c $HOME `d`'\nprintf '%s|' \"$x\" \"it's\" 'two\nlines'; read -r later; echo \"$later\"\nexit 7";
        let mut seen = 0;
        for shell in ["sh", "bash", "dash", "fish", "tcsh", "csh", "zsh", "ksh"] {
            let Some((code, out)) = run(shell, &script(text), b"afterwards\nunread\n") else { continue };
            assert_eq!(String::from_utf8_lossy(&out), "a\\b!c $HOME `d`|it's|two\nlines|afterwards\n", "{shell}");
            assert_eq!(code, Some(7), "{shell}");
            seen += 1;
        }
        assert!(seen > 0, "no shell at all");
    }

    #[test]
    fn every_sh_leaves_what_follows_the_script_alone() {
        let text = "read -r a; read -r b; echo \"$b$a\"; cat";
        let mut seen = 0;
        for sh in ["/bin/dash", "/bin/bash", "/bin/busybox", "/bin/ksh"] {
            if !std::path::Path::new(sh).exists() {
                continue;
            }
            let folder = tempfile::tempdir().unwrap();
            std::os::unix::fs::symlink(sh, folder.path().join("sh")).unwrap();
            let mut shell = Command::new("/bin/sh");
            shell.env("PATH", format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap()));
            let (code, out) = run_in(shell, &script(text), b"1\n2\nrest\n").unwrap();
            assert_eq!((code, String::from_utf8_lossy(&out).as_ref()), (Some(0), "21\nrest\n"), "{sh}");
            seen += 1;
        }
        assert!(seen > 0, "no shell at all");
    }

    #[test]
    fn half_a_script_is_never_run() {
        let mut launch = script("echo ran\necho more\n");
        launch.script.truncate("echo ran\n".len());
        let (code, out) = run("sh", &launch, b"").unwrap();
        assert_eq!((code, out), (Some(255), vec![]));
    }

    #[test]
    fn the_script_is_not_in_the_command_line() {
        assert!(!script("echo secret-word").line.contains("secret-word"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn argv_arrives_as_it_was(words in proptest::collection::vec("[^\u{0}]{0,12}", 1..4)) {
            let mut argv = vec!["printf".to_owned(), "%s\\0".to_owned()];
            argv.extend(words.iter().cloned());
            let (code, out) = run("sh", &Launch::new(&RemoteCommand::Argv(argv)), b"").unwrap();
            let expected: Vec<u8> = words.iter().flat_map(|w| w.bytes().chain([0])).collect();
            prop_assert_eq!(code, Some(0));
            prop_assert_eq!(out, expected);
        }
    }
}
