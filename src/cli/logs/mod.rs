//! `qd logs`: the fleet's logs, merged, on standard output.

mod print;

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, ValueEnum};
use regex::Regex;
use tokio::sync::mpsc;

use super::args::Global;
use super::exit::{Exit, Failure, Outcome};
use super::opened::Opened;
use crate::domain::log::{Feed, Level};
use crate::logs::filter::regex;
use crate::logs::merge::Merge;
use crate::logs::source::{Start, TailOptions};
use crate::runtime::fleet::{Fleet, sources};
use crate::runtime::terminal_asker::TerminalAsker;
use print::{Output, Printer};

/// Options of `qd logs`. Flags have stern's names.
#[derive(Debug, Args)]
pub struct LogsArgs {
    /// Only services whose name matches this regex.
    pub service_regex: Option<String>,
    /// Only lines that match (regex over the raw line; again: all must).
    #[arg(short, long, value_name = "REGEX")]
    pub include: Vec<String>,
    /// Only lines that do not match.
    #[arg(short, long, value_name = "REGEX")]
    pub exclude: Vec<String>,
    /// Highlight what matches.
    #[arg(short = 'H', long, value_name = "REGEX")]
    pub highlight: Vec<String>,
    /// From this time on: 10m, 2h, 1d or RFC 3339; rotated files too.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Lines of each source to begin with; -1: all of the live file. With --since: -1.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub tail: Option<i64>,
    /// End when everything that is there has been printed.
    #[arg(long)]
    pub no_follow: bool,
    /// How lines are printed.
    #[arg(short, long, value_enum, default_value_t = Output::Default)]
    pub output: Output,
    /// A time before each line (default output).
    #[arg(short, long, value_enum, num_args = 0..=1, default_missing_value = "default", value_name = "FORM")]
    pub timestamps: Option<Timestamps>,
    /// The zone of those times, such as Europe/Berlin.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub timezone: chrono_tz::Tz,
    /// Only lines of at least this level; lines without a level are kept.
    #[arg(long, value_parser = level, value_name = "LEVEL")]
    pub level: Option<Level>,
    /// Print nothing but log lines: no source events on standard error.
    #[arg(long)]
    pub only_log_lines: bool,
    /// Print source events among the lines (JSON: as objects).
    #[arg(long)]
    pub events: bool,
}

/// Forms of the time before a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Timestamps {
    /// Date, time and zone.
    Default,
    /// Month, day and time.
    Short,
}

fn level(word: &str) -> Result<Level, String> {
    let found = Level::ALL.into_iter().find(|level| level.as_str() == word.to_lowercase());
    found.ok_or_else(|| "trace, debug, info, notice, warn, error or fatal".to_owned())
}

/// Reads `10m`, `2h`, `1d`, `90s` or a time of RFC 3339.
fn since(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let seconds: i64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    now.checked_sub_signed(TimeDelta::try_seconds(number.parse::<i64>().ok()?.checked_mul(seconds)?)?)
}

/// Runs the command.
pub async fn run(global: &Global, args: LogsArgs) -> Outcome {
    let usage = |message: String| Failure::new(Exit::Usage, message);
    let now = Utc::now();
    let since = match &args.since {
        Some(text) => Some(since(text, now).ok_or_else(|| usage(format!("--since {text}: 10m, 2h, 1d or RFC 3339")))?),
        None => None,
    };
    let wanted = args.service_regex.as_deref().map(Regex::new).transpose().map_err(|e| usage(e.to_string()))?;
    let compile = |patterns: &[String]| patterns.iter().map(|p| regex(p)).collect::<Result<Vec<_>, _>>().map_err(usage);
    let (include, exclude, highlight) = (compile(&args.include)?, compile(&args.exclude)?, compile(&args.highlight)?);
    let start = match (since, args.tail) {
        (_, Some(lines @ 0..)) => Start::Lines(lines.unsigned_abs()),
        (Some(since), _) => Start::Since(since),
        (None, Some(_)) => Start::All,
        (None, None) => Start::Lines(100),
    };

    let opened = Opened::load(global).await?;
    opened.print_warnings();
    let settings = &opened.settings;
    let is_wanted = |service: &str| wanted.as_ref().is_none_or(|regex| regex.is_match(service));
    let tails: usize = settings
        .hosts
        .iter()
        .map(|host| sources(settings, &host.name).iter().filter(|(service, _)| is_wanted(service)).count())
        .sum();
    if tails == 0 {
        let message = "no log source is configured for that; give a service `logs = [{ file = \"/var/log/…\" }]`";
        return Err(usage(message.to_owned()));
    }
    let (feed, inbox) = mpsc::channel(256);
    let mut fleet = Fleet::connect(settings.clone(), Arc::new(TerminalAsker::default()));
    let options = TailOptions { start, follow: !args.no_follow, ..TailOptions::default() };
    fleet.tail(&options, is_wanted, &feed);
    drop(feed);

    let printer = Printer {
        output: args.output,
        timestamps: args.timestamps,
        zone: args.timezone,
        colored: global.colored(),
        terminal: std::io::stdout().is_terminal(),
        events: args.events,
        only_log_lines: args.only_log_lines,
        include,
        exclude,
        highlight,
        level: args.level,
        since,
    };
    let merge = if args.no_follow { Merge::to_the_end() } else { Merge::live(settings.logs.hold) };
    let failed = follow(printer, merge, inbox, if args.no_follow { tails } else { usize::MAX }).await?;
    Ok(if failed { Exit::NotConnected } else { Exit::Fine })
}

/// Prints what comes until every tail is finished; whether one failed.
async fn follow(
    printer: Printer,
    mut merge: Merge,
    mut inbox: mpsc::Receiver<Feed>,
    mut tails: usize,
) -> Result<bool, Failure> {
    let mut stream = print::Stream::new(printer);
    let live = tails == usize::MAX;
    let mut failed = false;
    while tails > 0 {
        let pause = merge
            .next_turn()
            .map_or(Duration::from_secs(3600), |turn| turn.saturating_duration_since(std::time::Instant::now()));
        tokio::select! {
            feed = inbox.recv() => match feed {
                None => break,
                Some(Feed::Finished(_)) => tails = tails.saturating_sub(1),
                Some(Feed::Failed(source, why)) => {
                    failed = true;
                    stream.failed(&source, &why);
                    stream.close(&source, &mut merge);
                }
                Some(feed) => stream.take(feed, &mut merge, live),
            },
            () = tokio::time::sleep(pause) => {}
        }
        while let Ok(feed) = inbox.try_recv() {
            match feed {
                Feed::Finished(_) => tails = tails.saturating_sub(1),
                Feed::Failed(source, why) => {
                    failed = true;
                    stream.failed(&source, &why);
                    stream.close(&source, &mut merge);
                }
                feed => stream.take(feed, &mut merge, live),
            }
        }
        stream.release(&mut merge)?;
    }
    stream.drain(&mut merge)?;
    Ok(failed && !live)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_duration_or_a_time() {
        let now: DateTime<Utc> = "2026-11-21T03:00:00Z".parse().unwrap();
        assert_eq!(since("10m", now), "2026-11-21T02:50:00Z".parse().ok());
        assert_eq!(since("2026-11-20T00:00:00Z", now), "2026-11-20T00:00:00Z".parse().ok());
        for text in ["", "m", "10", "10y", "99999999999999999999d"] {
            assert_eq!(since(text, now), None, "{text}");
        }
    }
}
