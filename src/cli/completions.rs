//! `qd completions`: the shell's own completion for commands and flags, and the config's names for what names hosts,
//! services, tags and environments. Names are asked for when they are needed, so that they are those of the config that
//! is there then.

use std::collections::BTreeSet;
use std::io::Write;

use clap::{Args, CommandFactory, ValueEnum};
use clap_complete::Shell;

use super::args::{Cli, Global};
use super::exit::{Exit, Failure, Outcome};
use crate::config::{self, LoadOptions};

/// Options of `qd completions`.
#[derive(Clone, Copy, Debug, Args)]
pub struct CompletionsArgs {
    /// Which shell.
    #[arg(required_unless_present = "names")]
    pub shell: Option<Shell>,
    /// Print the config's names of this kind, a line each: what the shells ask for.
    #[arg(long, value_enum, hide = true)]
    pub names: Option<Names>,
}

/// Kinds of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Names {
    /// Hosts.
    Hosts,
    /// Services.
    Services,
    /// Tags of hosts.
    Tags,
    /// Environments.
    Environments,
}

impl Names {
    /// The flags that take such a name, and the value's name in the command line's help.
    const FLAGS: [(&'static str, &'static str, Self); 4] = [
        ("env", "E", Self::Environments),
        ("host", "H", Self::Hosts),
        ("tag", "T", Self::Tags),
        ("service", "S", Self::Services),
    ];

    /// The command line that prints them.
    fn asked(self) -> String {
        let word = self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned());
        format!("qd completions --names {word} 2>/dev/null")
    }
}

/// Prints a script, or names.
pub fn run(global: &Global, args: CompletionsArgs) -> Outcome {
    let text = match (args.names, args.shell) {
        (Some(names), _) => known(global, names)?.into_iter().map(|name| name + "\n").collect(),
        (None, Some(shell)) => script(shell),
        (None, None) => String::new(),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(Exit::Fine)
}

/// The names that the config has. It is read and nothing else: nobody is asked to trust it, no inventory is run.
fn known(global: &Global, names: Names) -> Result<BTreeSet<String>, Failure> {
    let options = LoadOptions::of_process(global.config.clone())?;
    // A config that cannot be used completes nothing; what is wrong with it is told when it is used.
    let Ok(loaded) = config::load(&options) else { return Ok(BTreeSet::new()) };
    let settings = loaded.settings;
    let hosts = settings.hosts.iter();
    Ok(match names {
        Names::Hosts => hosts.map(|host| host.name.as_str().to_owned()).collect(),
        Names::Tags => hosts.flat_map(|host| host.tags.iter().cloned()).collect(),
        Names::Services => settings.services.iter().map(|service| service.name.clone()).collect(),
        Names::Environments => settings.environments.iter().map(|environment| environment.name.clone()).collect(),
    })
}

/// The script for a shell: what clap writes, with its places for names filled in.
fn script(shell: Shell) -> String {
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "qd", &mut bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    match shell {
        Shell::Bash => bash(text),
        Shell::Zsh => zsh(text),
        Shell::Fish => fish(&text),
        _ => text,
    }
}

/// Commands whose first word is a service.
const OF_A_SERVICE: [&str; 6] = ["logs", "restart", "deploy", "rollback", "lock", "unlock"];

/// A flag's values are files to clap; the words that a command itself takes stand in its `opts`.
fn bash(mut text: String) -> String {
    for (flag, _, names) in Names::FLAGS {
        let files = format!("                --{flag})\n                    COMPREPLY=($(compgen -f \"${{cur}}\"))\n");
        let words = format!(
            "                --{flag})\n                    COMPREPLY=($(compgen -W \"$({})\" -- \"${{cur}}\"))\n",
            names.asked()
        );
        text = text.replace(&files, &words);
    }
    for command in OF_A_SERVICE {
        let begins = format!("qd__subcmd__{command})\n            opts=\"");
        text = text.replace(&begins, &format!("{begins}$({}) ", Names::Services.asked()));
    }
    text
}

/// Values end with what completes them, which is files to clap. What stands in braces is run when it completes.
fn zsh(mut text: String) -> String {
    for (flag, value, names) in Names::FLAGS {
        let ask = |what: &str| format!(":{what}:{}'", added(names));
        let lines = text.lines().map(|line| match line.trim_start().starts_with(&format!("'*--{flag}=")) {
            true => line.replace(&format!(":{value}:_default'"), &ask(value)) + "\n",
            false => line.to_owned() + "\n",
        });
        text = lines.collect();
    }
    let services = format!(":{}'", added(Names::Services));
    let is_service =
        |line: &str| line.trim_start().starts_with("'::service_regex") || line.trim_start().starts_with("':service ");
    let line = |line: &str| match is_service(line) {
        true => line.replace(":_default'", &services) + "\n",
        false => line.to_owned() + "\n",
    };
    text.lines().map(line).collect()
}

fn added(names: Names) -> String {
    format!("{{compadd -- ${{(f)\"$({})\"}}}}", names.asked())
}

/// A flag that takes something ends with `-r`.
fn fish(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 4096);
    for line in text.lines() {
        out.push_str(line);
        let flag = Names::FLAGS.into_iter().find(|(flag, ..)| line.contains(&format!(" -l {flag} ")));
        if let Some((_, _, names)) = flag.filter(|_| line.ends_with(" -r")) {
            out.push_str(&format!(" -f -a '({})'", names.asked()));
        }
        out.push('\n');
    }
    for command in OF_A_SERVICE {
        let asked = Names::Services.asked();
        out.push_str(&format!("complete -c qd -n \"__fish_qd_using_subcommand {command}\" -f -a '({asked})'\n"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_for_a_name_asks_for_the_configs_names() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = script(shell);
            for (flag, _, names) in Names::FLAGS {
                assert!(script.matches(&names.asked()).count() > 10, "{shell} --{flag}");
            }
        }
    }
}
