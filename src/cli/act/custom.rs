//! `qd action`: commands of one's own.

use std::io::Write;

use clap::Args;

use super::exec::{one_environment, targets};
use super::meant::Meant;
use super::report::{OnStderr, print};
use super::{ActFlags, Acting, Connected};
use crate::actions::plan::of_custom;
use crate::cli::args::Global;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::interruptible;
use crate::cli::table::Table;
use crate::domain::action::ActionKind;
use crate::domain::action::{ACTIONS, CustomAction};
use crate::domain::host::{Host, HostName};
use crate::domain::nearest::nearest;
use crate::domain::plan::shown;
use crate::domain::settings::Settings;
use crate::domain::text::one_line;

/// Where there is no action at all.
const NONE: &str = "no actions: the config has no [[action]], and neither [statuscake] nor [gitlab]";

/// Options of `qd action`.
#[derive(Debug, Args)]
pub struct CustomArgs {
    /// The action's name; every action there is, when not given.
    pub name: Option<String>,
    /// Answers to what it asks, as what=nginx.
    #[arg(value_name = "ARG=ANSWER")]
    pub answers: Vec<String>,
    /// Only on these of its hosts: names, globs, tag:NAME, or a service.
    #[arg(long, value_name = "TARGET")]
    pub on: Vec<String>,
    /// What every command that acts takes.
    #[command(flatten)]
    pub flags: ActFlags,
}

/// Runs the command.
pub async fn run(global: &Global, args: CustomArgs) -> Outcome {
    let flags = &args.flags;
    // A command of the config goes before one of the same name in the registry.
    let hosted = ACTIONS.iter().find(|def| def.kind.is_hosted() && Some(def.name) == args.name.as_deref());
    if let Some(def) = hosted {
        let acting = Acting::open(global, flags).await?;
        if !acting.settings().actions.iter().any(|action| action.name == def.name) {
            return super::hosted::run(acting, def, &args.answers, flags).await;
        }
    }
    let prepared = interruptible(async {
        let acting = Acting::open(global, flags).await?;
        let Some(name) = &args.name else {
            list(acting.settings())?;
            return Err(Failure::new(Exit::Fine, ""));
        };
        let custom = action(acting.settings(), name)?;
        let answers = answers(custom, &args.answers)?;
        let hosts = hosts(acting.settings(), custom, &args.on)?;
        let environment = acting.environment(&one_environment(&hosts)?, flags)?;
        let hosts: Vec<HostName> = hosts.into_iter().map(|host| host.name.clone()).collect();
        let plan = of_custom(custom, &environment.name, environment.careful, &hosts, &answers);
        let connected = Connected::to(&acting.opened.whole, &hosts).await;
        if !connected.missing.is_empty() {
            let faults = connected.faults().join("\n");
            let message = format!("{faults}\nnothing was done; --on names the hosts to do it on");
            return Err(Failure::new(Exit::NotConnected, message));
        }
        Meant::confirmed(acting, environment, connected, plan, flags, true).await
    });
    let meant = prepared.await?;
    let ending = meant.carried_out(&mut OnStderr::default()).await?;
    print(&meant.plan, &ending, flags.json)
}

fn list(settings: &Settings) -> std::io::Result<()> {
    let mut table = Table::new(&["action", "title", ">level", "hosts", "asks for", "command"]);
    for action in &settings.actions {
        let hosts: Vec<&str> = action.hosts.iter().map(HostName::as_str).collect();
        let asks: Vec<&str> = action.args.iter().map(|arg| arg.name.as_str()).collect();
        table.row([
            one_line(&action.name, 40),
            one_line(&action.title, 40),
            action.level.number().to_string(),
            one_line(&hosts.join(","), 60),
            one_line(&asks.join(","), 40),
            one_line(&shown(&action.command), 200),
        ]);
    }
    let hosted = &settings.hosted;
    let had = |kind: ActionKind| match kind {
        kind if kind.is_of_statuscake() => hosted.statuscake.is_some(),
        kind => kind.is_hosted() && hosted.gitlab.is_some(),
    };
    for def in ACTIONS.iter().filter(|def| had(def.kind)) {
        let asks: Vec<&str> = def.asks.iter().map(|asked| asked.name).collect();
        let row = [def.name, def.title, "", "", &asks.join(","), def.does];
        table.row(row.map(str::to_owned));
    }
    std::io::stdout().lock().write_all(table.render_or(NONE).as_bytes())
}

fn action<'s>(settings: &'s Settings, name: &str) -> Result<&'s CustomAction, Failure> {
    settings.actions.iter().find(|action| action.name == name).ok_or_else(|| {
        let hosted = ACTIONS.iter().filter(|def| def.kind.is_hosted()).map(|def| def.name);
        let hint = nearest(name, settings.actions.iter().map(|action| action.name.as_str()).chain(hosted));
        let hint = hint.map(|name| format!("; did you mean {name}?")).unwrap_or_default();
        Failure::new(Exit::Usage, format!("there is no action {}{hint}; `qd action` lists them", one_line(name, 60)))
    })
}

/// What was answered, or proposed where nothing was; each answer fits.
fn answers(custom: &CustomAction, given: &[String]) -> Result<Vec<(String, String)>, Failure> {
    let usage = |message: String| Failure::new(Exit::Usage, message);
    let mut pairs = Vec::new();
    for answer in given {
        let (name, answer) =
            answer.split_once('=').ok_or_else(|| usage(format!("{}: write what=answer", one_line(answer, 60))))?;
        if !custom.args.iter().any(|arg| arg.name == name) {
            return Err(usage(format!("{} does not ask for {}", custom.name, one_line(name, 60))));
        }
        pairs.push((name.to_owned(), answer.to_owned()));
    }
    for arg in &custom.args {
        let given = pairs.iter().find(|(name, _)| *name == arg.name).map(|(_, answer)| answer.clone());
        let answer = given.clone().or_else(|| arg.default.clone()).ok_or_else(|| {
            usage(format!("{} asks for {} ({}): add {}=…", custom.name, arg.name, one_line(&arg.ask, 60), arg.name))
        })?;
        arg.accepts(&answer).map_err(usage)?;
        if given.is_none() {
            pairs.push((arg.name.clone(), answer));
        }
    }
    Ok(pairs)
}

/// The hosts that it may run on, or those of them that are asked for.
fn hosts<'s>(settings: &'s Settings, custom: &CustomAction, on: &[String]) -> Result<Vec<&'s Host>, Failure> {
    let asked: Vec<&Host> = if on.is_empty() { settings.hosts.iter().collect() } else { targets(settings, on)? };
    let (allowed, other): (Vec<&Host>, Vec<&Host>) =
        asked.into_iter().partition(|host| custom.hosts.contains(&host.name));
    match other.first() {
        Some(host) if !on.is_empty() => Err(Failure::new(
            Exit::Refused,
            format!("{} may not run on {}; its hosts say where", custom.name, host.name),
        )),
        _ if allowed.is_empty() => Err(Failure::new(Exit::Usage, format!("{} has no hosts here", custom.name))),
        _ => Ok(allowed),
    }
}
