//! The command line, as typed.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::act::ActVerb;
use super::audit::AuditArgs;
use super::completions::CompletionsArgs;
use super::counters::CountersArgs;
use super::deploys::DeploysArgs;
use super::logs::LogsArgs;

/// A terminal cockpit for the engineer who is on call.
///
/// Without a command it opens the cockpit. With no config at all it watches this machine.
#[derive(Debug, Parser)]
#[command(name = "qd", version, about, max_term_width = 100)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do; the cockpit when nothing is said.
    #[command(subcommand)]
    pub command: Option<Verb>,
}

/// Options of every command.
#[derive(Clone, Debug, Default, Args)]
pub struct Global {
    /// Use this config file and no other; may be given again, later files win.
    #[arg(long, global = true, value_name = "PATH")]
    pub config: Vec<PathBuf>,
    /// Only this environment.
    #[arg(long, global = true, value_name = "E")]
    pub env: Vec<String>,
    /// Only this host (a name or glob).
    #[arg(long, global = true, value_name = "H")]
    pub host: Vec<String>,
    /// Only hosts with this tag.
    #[arg(long, global = true, value_name = "T")]
    pub tag: Vec<String>,
    /// Only this service (a name or glob), and its hosts.
    // Not by the id of what `qd restart SERVICE` and others are given: that would be taken for this one.
    #[arg(id = "only-service", long = "service", global = true, value_name = "S")]
    pub service: Vec<String>,
    /// Refuse every action, whatever the config says.
    #[arg(long, global = true)]
    pub read_only: bool,
    /// When to colour the output.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// A snapshot or a stream of them.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct Snapshot {
    /// One JSON document (with --watch, one a line).
    #[arg(long)]
    pub json: bool,
    /// Again and again, until interrupted.
    #[arg(long)]
    pub watch: bool,
}

/// A snapshot of what hosted sources say, now or as of some moment.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct SnapshotAt {
    /// How it is printed.
    #[command(flatten)]
    pub snapshot: Snapshot,
    /// Work everything out as of this moment (RFC 3339), over what the sources give now.
    #[arg(long, value_name = "TIME", conflicts_with = "watch", value_parser = moment)]
    pub at: Option<DateTime<Utc>>,
}

/// A moment in RFC 3339.
pub fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    let moment = DateTime::parse_from_rfc3339(text).map_err(|_| "write it as 2026-03-18T14:30:00Z".to_owned())?;
    Ok(moment.to_utc())
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// The cockpit over an embedded fleet: real SSH on 127.0.0.1, nothing else needed.
    #[cfg(feature = "demo")]
    Demo(DemoArgs),
    /// The cockpit at a check, alert, host or service.
    Open(OpenArgs),
    /// Write a commented config to start from.
    Init(InitArgs),
    /// Validate the config, dial every host and API, and say what works and how to mend what does not.
    Check(JsonArgs),
    /// Show what a found config would start, contact and read, and trust it.
    Trust(TrustArgs),
    /// Merged tail of the fleet's logs on stdout.
    Logs(LogsArgs),
    /// Every host with its state and figures.
    Hosts(Snapshot),
    /// Every service with its state, health and version on each host.
    Services(Snapshot),
    /// The figures of the business: revenue, customers, failed payments, disputes.
    Counters(CountersArgs),
    /// What was deployed where, when and by whom, and what is live.
    Deploys(DeploysArgs),
    /// What is wrong, and what was in the last day, by the hosted sources.
    Alerts(SnapshotAt),
    /// The on-call summary in ten lines.
    Status(JsonArgs),
    /// What changes the outside world.
    #[command(flatten)]
    Act(ActVerb),
    /// Who did what, where, with which command, and how it ended.
    Audit(AuditArgs),
    /// Completions for a shell, on stdout.
    Completions(CompletionsArgs),
    /// The keys of the cockpit, as they are bound for you.
    Keys,
    /// The themes there are, and the roles that a theme gives a style to.
    Themes,
    /// The config's JSON Schema, for editors.
    Schema,
    /// The manual page, as roff: `qd man | man -l -`.
    Man,
}

/// Options of `qd demo`.
#[cfg(feature = "demo")]
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// How many hosts, 1 to 50.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=50))]
    pub hosts: u16,
    /// The same seed shows the same world.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// What happens in it.
    #[arg(long, default_value = "incident")]
    pub scenario: crate::demo::Scenario,
}

/// Options of `qd open`.
#[derive(Debug, Args)]
pub struct OpenArgs {
    /// Its name, id or address, such as the one that an alert came with.
    #[arg(value_name = "URL|NAME")]
    pub name: String,
}

/// Options of `qd init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// Fill the hosts in from ~/.ssh/config.
    #[arg(long)]
    pub from_ssh_config: bool,
    /// Where to write; `-` is stdout.
    #[arg(long, default_value = "quarterdeck.toml", value_name = "PATH")]
    pub output: PathBuf,
}

/// Options of a command that has only `--json`.
#[derive(Clone, Copy, Debug, Args)]
pub struct JsonArgs {
    /// One JSON document.
    #[arg(long)]
    pub json: bool,
}

/// Options of `qd trust`.
#[derive(Debug, Args)]
pub struct TrustArgs {
    /// The file; the one that would be found here when not given.
    pub path: Option<PathBuf>,
}

impl Global {
    /// Whether standard output is to be coloured.
    pub fn colored(&self) -> bool {
        use std::io::IsTerminal;
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// clap hands a command's own argument to the global one of the same id, and the global one is lost.
    #[test]
    fn no_commands_argument_takes_the_place_of_a_global_one() {
        fn look(command: &clap::Command, globals: &[&str]) {
            for one in command.get_subcommands() {
                for arg in one.get_arguments().filter(|arg| !arg.is_global_set()) {
                    assert!(!globals.contains(&arg.get_id().as_str()), "{} {}", one.get_name(), arg.get_id());
                }
                look(one, globals);
            }
        }
        let cli = Cli::command();
        let globals: Vec<&str> =
            cli.get_arguments().filter(|arg| arg.is_global_set()).map(|arg| arg.get_id().as_str()).collect();
        assert!(globals.len() >= 7, "{globals:?}");
        look(&cli, &globals);
        let typed = Cli::try_parse_from(["qd", "--service", "worker", "restart", "api"]).unwrap();
        assert_eq!(typed.global.service, ["worker"]);
    }
}
