//! Completion, by the shells themselves.

use std::path::Path;
use std::process::Command;

use super::{qd, text};

/// A config with some names.
fn named(home: &Path) {
    let config = "[[host]]\nname = \"web-1\"\ntags = [\"eu\", \"edge\"]\ntransport = \"local\"\n[[host]]\nname = \"db-1\"\n\
                  transport = \"local\"\n[[service]]\nname = \"api\"\n[[service]]\nname = \"worker\"\n";
    std::fs::create_dir_all(home.join("config/quarterdeck")).unwrap();
    std::fs::write(home.join("config/quarterdeck/config.toml"), config).unwrap();
}

/// What a shell says of a script, with the program first on its path; none: there is no such shell here.
fn shell(home: &Path, name: &str, script: &str) -> Option<String> {
    let program = assert_cmd::cargo::cargo_bin("qd");
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut command = Command::new(name);
    command.env("HOME", home).env("XDG_CONFIG_HOME", home.join("config")).env("XDG_STATE_HOME", home.join("state"));
    command.env("PATH", path).current_dir(home).args(["-c", script]);
    match command.output() {
        Ok(out) => Some(text(&out.stdout)),
        Err(_) => None,
    }
}

#[test]
fn bash_completes_the_configs_names() {
    let home = tempfile::tempdir().unwrap();
    named(home.path());
    for (words, expected) in [
        ("qd --host", "db-1 web-1"),
        ("qd hosts --tag", "edge eu"),
        ("qd logs --service", "api worker"),
        ("qd --env", "default"),
    ] {
        let script = format!(
            "source <(qd completions bash); COMP_WORDS=({words} ''); COMP_CWORD=$((${{#COMP_WORDS[@]}}-1)); \
             _qd qd '' \"${{COMP_WORDS[COMP_CWORD-1]}}\"; echo \"${{COMPREPLY[@]}}\""
        );
        let Some(said) = shell(home.path(), "bash", &script) else { return };
        let said: Vec<&str> = said.split_whitespace().collect();
        let wanted: Vec<&str> = expected.split_whitespace().collect();
        assert!(said == wanted || expected == "default" && said.len() == 1, "{words}: {said:?}");
    }
    let script =
        "source <(qd completions bash); COMP_WORDS=(qd logs w); COMP_CWORD=2; _qd qd w logs; echo \"${COMPREPLY[@]}\"";
    if let Some(said) = shell(home.path(), "bash", script) {
        assert_eq!(said.trim(), "worker", "the service of `qd logs`");
    }
}

#[test]
fn fish_completes_the_configs_names() {
    let home = tempfile::tempdir().unwrap();
    named(home.path());
    for (line, expected) in [("qd logs --host ", "web-1"), ("qd logs w", "worker"), ("qd hosts --tag e", "edge")] {
        let script = format!("qd completions fish | source; complete -C '{line}'");
        let Some(said) = shell(home.path(), "fish", &script) else { return };
        assert!(said.lines().any(|word| word.split('\t').next() == Some(expected)), "{line}: {said}");
    }
}

#[test]
fn zsh_completes_the_configs_names() {
    let home = tempfile::tempdir().unwrap();
    named(home.path());
    // A shell that somebody types into: completion is of its line editor. What is typed is completed, or a minute later
    // this has failed.
    let script = r#"
        zmodload zsh/zpty; { sleep 60; kill -9 $$ } >/dev/null 2>&1 &! watchdog=$!
        zpty z 'zsh -f -i'
        zpty -w z 'PS1=; autoload -Uz compinit; compinit -u -D; source <(qd completions zsh); bindkey "^I" complete-word; echo rea""dy'
        zpty -r z out '*ready*'
        completes() { zpty -w -n z "$1"$'\t'; zpty -r z out "*$2*"; print -r -- "$1: $2"; zpty -w -n z $'\025' }
        completes 'qd --host w' web-1
        completes 'qd logs wo' worker
        completes 'qd hosts --tag ed' edge
        kill $watchdog
    "#;
    let Some(said) = shell(home.path(), "zsh", script) else { return };
    assert_eq!(said, "qd --host w: web-1\nqd logs wo: worker\nqd hosts --tag ed: edge\n");
}

#[test]
fn a_broken_config_completes_nothing_and_says_nothing() {
    let home = tempfile::tempdir().unwrap();
    named(home.path());
    let out = qd(home.path(), &["completions", "--names", "hosts"]);
    assert_eq!(text(&out.stdout), "db-1\nweb-1\n");
    std::fs::write(home.path().join("config/quarterdeck/config.toml"), "[[host]\n").unwrap();
    let out = qd(home.path(), &["completions", "--names", "hosts"]);
    assert_eq!((text(&out.stdout), text(&out.stderr), out.status.code()), (String::new(), String::new(), Some(0)));
}
