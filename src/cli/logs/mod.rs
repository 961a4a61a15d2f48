//! `qd logs`: the fleet's logs, merged, on standard output.

pub(super) mod args;
mod print;
mod prompt;
mod stdin;

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use tokio::sync::mpsc;
use unicode_width::UnicodeWidthStr;

pub use args::{LogsArgs, Output, Timestamps};

use super::args::Global;
use super::exit::{Exit, Failure, Outcome};
use super::opened::Opened;
use crate::domain::glob;
use crate::domain::host::Host;
use crate::domain::log::{SourceKind, SourceSpec};
use crate::domain::query::{self, QueryError};
use crate::domain::settings::{LogSettings, Settings};
use crate::domain::text::{clean, one_line};
use crate::logs::filter::{Filter, regex};
use crate::logs::merge::{Merge, Rule};
use crate::logs::output::Style;
use crate::logs::sieve::Sieve;
use crate::logs::source::TailOptions;
use crate::runtime::fleet::{Fleet, sources};
use crate::runtime::terminal_asker::TerminalAsker;
use print::{Expected, Stream, Wanted};
use prompt::Choice;

/// Batches of lines that wait to be printed; beyond that the hosts wait.
const BATCHES: usize = 256;
/// Sources that still bring what was there before are waited for so long: at the start order is worth more than speed.
const HISTORY: Duration = Duration::from_secs(2);

/// Runs the command.
pub async fn run(global: &Global, args: LogsArgs) -> Outcome {
    let usage = |message: String| Failure::new(Exit::Usage, message);
    let (start, since) = args.start(Utc::now()).map_err(usage)?;
    let compile = |what: &str, patterns: &[String]| {
        let named = |pattern: &String| regex(pattern).map_err(|error| usage(format!("{what} {error}")));
        patterns.iter().map(named).collect::<Result<Vec<_>, _>>()
    };
    let service = compile("SERVICE_REGEX", args.service_regex.as_slice())?.pop();
    let without = compile("--exclude-service", &args.exclude_service)?;
    // Which fields lines will have is not known yet: what is written like one is one.
    let query = match args.filter.as_deref().map(|text| query::parse(text, |_| true)).transpose() {
        Ok(query) => query.unwrap_or_default(),
        Err(error) => return Err(usage(pointed("--filter", args.filter.as_deref().unwrap_or_default(), &error))),
    };
    let filter = Filter::of_query(&query).map_err(usage)?;
    let (include, exclude) = (compile("--include", &args.include)?, compile("--exclude", &args.exclude)?);
    let wanted = Wanted { include, exclude, filter, level: args.level, since };
    let mut style = Style {
        form: args.form(),
        stamps: args.stamps(),
        zone: args.timezone,
        colored: global.colored(),
        terminal: std::io::stdout().is_terminal(),
        highlight: compile("--highlight", &args.highlight)?,
        redact: args.redact,
        palette: args.palette(),
    };
    let (feed, inbox) = mpsc::channel(BATCHES);
    let rule = |settings: &LogSettings, ends: bool| match ends {
        true => Rule::Complete,
        false => Rule::Hold { hold: settings.hold, history: HISTORY },
    };
    let stream = |style, rule, expected| {
        Stream::new(std::io::stdout(), style, wanted, Merge::new(rule), expected)
            .events(args.events, args.only_log_lines)
    };
    if args.stdin {
        stdin::read(feed);
        let expected = Expected { tails: 1, several: 0 };
        return stream(style, rule(&LogSettings::default(), false), Some(expected)).run(inbox).await;
    }

    let mut opened = Opened::load(global).await?;
    opened.print_warnings();
    let unwanted = |host: &Host| args.exclude_host.iter().any(|glob| glob::matches(glob, host.name.as_str()));
    opened.settings.hosts.retain(|host| !unwanted(host));
    let settings = &opened.settings;
    // A terminal is a screen; what goes into a pipe or a file is the line as it is, unless `--redact` says otherwise.
    style.redact |= settings.logs.redact_on_screen && style.terminal;
    let is_wanted = |name: &str| {
        service.as_ref().is_none_or(|regex| regex.is_match(name.as_bytes()))
            && !without.iter().any(|regex| regex.is_match(name.as_bytes()))
    };
    let mut choices: Vec<Choice> = Vec::new();
    for host in &settings.hosts {
        for (service, spec) in sources(settings, &host.name).into_iter().filter(|(name, _)| is_wanted(name)) {
            let same = |choice: &&mut Choice| choice.service == service && choice.kind == spec.kind;
            match choices.iter_mut().find(same) {
                Some(choice) => choice.hosts.push(host.name.clone()),
                None => choices.push(Choice { service, kind: spec.kind, hosts: vec![host.name.clone()] }),
            }
        }
    }
    if choices.is_empty() {
        return Err(usage(no_source(settings, &args, is_wanted)));
    }
    if args.prompt {
        choices = prompt::pick(choices)?;
    }
    let specs: Vec<&SourceKind> =
        choices.iter().flat_map(|choice| std::iter::repeat_n(&choice.kind, choice.hosts.len())).collect();
    // A glob may become any number of sources, known only when it has been read.
    let is_glob = |kind: &&&SourceKind| matches!(kind, SourceKind::File(path) if path.contains(['*', '?', '[']));
    let expected = Expected { tails: specs.len(), several: specs.iter().filter(is_glob).count() };
    let is_chosen = |service: &str, spec: &SourceSpec| {
        choices.iter().any(|choice| choice.service == service && choice.kind == spec.kind)
    };
    let mut fleet = Fleet::connect(settings.clone(), Arc::new(TerminalAsker::default()));
    let sieve = Sieve::narrower(Sieve::any_of(&args.include), Sieve::of_query(&query)).map(Arc::new);
    let options = TailOptions { start, follow: !args.no_follow, sieve, ..TailOptions::default() };
    fleet.tail(&options, is_chosen, &feed);
    drop(feed);
    stream(style, rule(&settings.logs, args.no_follow), args.no_follow.then_some(expected)).run(inbox).await
}

/// What is wrong with a filter, and a caret under the place.
fn pointed(flag: &str, text: &str, error: &QueryError) -> String {
    let before: String = text.chars().take(error.column.saturating_sub(1)).collect();
    let caret = " ".repeat(clean(&before).width());
    format!("{flag}: {error}\n    {}\n    {caret}^", clean(text))
}

/// Why there is nothing to read: no service of that name, or services without logs.
fn no_source(settings: &Settings, args: &LogsArgs, is_wanted: impl Fn(&str) -> bool) -> String {
    let names: BTreeSet<&str> = settings.services.iter().map(|service| service.name.as_str()).collect();
    match &args.service_regex {
        Some(regex) if !names.is_empty() && !names.iter().any(|name| is_wanted(name)) => {
            let names: Vec<&str> = names.into_iter().collect();
            one_line(&format!("no service's name matches {regex:?}; there is {}", names.join(", ")), 300)
        }
        _ => "no log source is configured for that; give a service `logs = [{ file = \"/var/log/…\" }]`".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_is_wrong_is_shown_with_the_place() {
        let text = "host:日本 status>=500 (";
        let error = query::parse(text, |_| true).unwrap_err();
        let told = pointed("--filter", text, &error);
        let lines: Vec<&str> = told.lines().collect();
        assert!(lines[0].starts_with("--filter: ") && lines[1] == format!("    {text}"), "{told}");
        assert_eq!(lines[2].width(), 4 + "host:日本 status>=500 (".width() + 1, "{told}");
    }
}
