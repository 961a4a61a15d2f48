//! `qd logs` as typed. Flags have stern's names.

use crate::app::update::read_time;
use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, ValueEnum};

use crate::domain::log::Level;
use crate::domain::settings::TimeZoneChoice;
use crate::logs::output::{Form, Palette, Stamps, Template};
use crate::logs::source::Start;

/// Lines of each source to begin with, when nothing is said.
const TAIL: u64 = 100;

/// Options of `qd logs`. Flags have stern's names.
#[derive(Debug, Args)]
pub struct LogsArgs {
    /// Only services whose name matches this regex.
    pub service_regex: Option<String>,
    /// Only lines that match (regex over the raw line, case as written; again: any of them).
    #[arg(short, long, value_name = "REGEX")]
    pub include: Vec<String>,
    /// Only lines that do not match (again: none of them).
    #[arg(short, long, value_name = "REGEX")]
    pub exclude: Vec<String>,
    /// Only lines that pass this filter: level>=warn host:web* status>=500 path~^/api !healthz (a|b); see the README.
    #[arg(long, value_name = "FILTER")]
    pub filter: Option<String>,
    /// Not services whose name matches this regex (again: none of them).
    #[arg(long, value_name = "REGEX")]
    pub exclude_service: Vec<String>,
    /// Not hosts whose name is like this (a name or glob; again: none of them).
    #[arg(long, value_name = "HOST")]
    pub exclude_host: Vec<String>,
    /// Let what matches stand out.
    #[arg(short = 'H', long, value_name = "REGEX")]
    pub highlight: Vec<String>,
    /// From this time on: 90s, 10m, 2h, 1h30m, 1d, 14:26, 2026-01-31 14:26 (both UTC) or RFC 3339; rotated files too.
    #[arg(short, long, value_name = "TIME")]
    pub since: Option<String>,
    /// Lines of each source to begin with; -1: all of the live file. [default: 100; with --since -1]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub tail: Option<i64>,
    /// End when everything that is there has been printed.
    #[arg(long)]
    pub no_follow: bool,
    /// How lines are printed.
    #[arg(short, long, value_enum, default_value_t = Output::Default)]
    pub output: Output,
    /// Print lines like this: {time} {host} {service} {source} {level} {line} {message} {fields.NAME} {fields} {json},
    /// each also as {host|color}, {line|level} (in the colour of its level), {message|cyan}, {time|short},
    /// {time|%H:%M:%S}, {level|upper}, {message|json} (quoted), {json|pretty}, {host:12} (so many columns).
    #[arg(long, value_name = "TEXT", value_parser = Template::parse)]
    pub template: Option<Template>,
    /// The same, from a file.
    #[arg(short = 'T', long, value_name = "PATH", value_parser = from_file, conflicts_with = "template")]
    pub template_file: Option<Template>,
    /// Take secrets (keys, tokens, passwords) out of what is printed.
    #[arg(long)]
    pub redact: bool,
    /// A time before each line (default output).
    #[arg(short, long, value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "default", value_name = "FORM")]
    pub timestamps: Option<Timestamps>,
    /// The zone of those times: UTC, Local, or a name such as Europe/Berlin.
    #[arg(long, value_name = "ZONE", default_value = "UTC", value_parser = zone)]
    pub timezone: TimeZoneChoice,
    /// Only lines of at least this level; what continues a line has its level, and a line without one has none.
    #[arg(long, value_parser = level, value_name = "LEVEL")]
    pub level: Option<Level>,
    /// Print nothing but log lines: no source events on standard error.
    #[arg(long)]
    pub only_log_lines: bool,
    /// Print source events among the lines (JSON: as objects).
    #[arg(long)]
    pub events: bool,
    /// Read standard input instead of hosts.
    #[arg(long, conflicts_with = "prompt")]
    pub stdin: bool,
    /// Ask which of the sources to read.
    #[arg(short, long)]
    pub prompt: bool,
    /// Colours of hosts, as numbers of escape sequences: 91,92,93 or 38;5;91.
    #[arg(long, alias = "pod-colors", value_name = "CODES", value_parser = Colors::parse)]
    pub host_colors: Option<Colors>,
    /// Colours of services, likewise. [default: those of the hosts]
    #[arg(long, alias = "container-colors", value_name = "CODES", value_parser = Colors::parse)]
    pub service_colors: Option<Colors>,
}

/// Colours as typed.
#[derive(Clone, Debug)]
pub struct Colors(Vec<String>);

impl Colors {
    fn parse(text: &str) -> Result<Self, String> {
        Palette::parse(text).map(Self)
    }
}

/// Forms of the output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Host, service and line.
    Default,
    /// The line as it is.
    Raw,
    /// One JSON object a line.
    Json,
    /// The same, for people.
    Ppjson,
    /// JSON in which a message that is JSON itself stands as that, not as a text.
    Extjson,
    /// The same, for people.
    Ppextjson,
}

/// Forms of the time before a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Timestamps {
    /// Date, time and zone.
    Default,
    /// Month, day and time.
    Short,
    /// How long ago.
    Relative,
}

impl LogsArgs {
    /// The form of the output.
    pub fn form(&self) -> Form {
        match (self.template.as_ref().or(self.template_file.as_ref()), self.output) {
            (Some(template), _) => Form::Template(template.clone()),
            (None, Output::Default) => Form::Default,
            (None, Output::Raw) => Form::Raw,
            (None, Output::Json) => Form::Json,
            (None, Output::Ppjson) => Form::PrettyJson,
            (None, Output::Extjson) => Form::ExtendedJson { pretty: false },
            (None, Output::Ppextjson) => Form::ExtendedJson { pretty: true },
        }
    }

    /// The colours of hosts and services.
    pub fn palette(&self) -> Palette {
        let known = Palette::default();
        let hosts = self.host_colors.as_ref().map_or(known.hosts, |colors| colors.0.clone());
        let services = self.service_colors.as_ref().map(|colors| colors.0.clone());
        let same = self.host_colors.as_ref().map(|colors| colors.0.clone());
        Palette { hosts, services: services.or(same).unwrap_or(known.services) }
    }

    /// The times before lines.
    pub fn stamps(&self) -> Option<Stamps> {
        Some(match self.timestamps? {
            Timestamps::Default => Stamps::Full,
            Timestamps::Short => Stamps::Short,
            Timestamps::Relative => Stamps::Relative,
        })
    }

    /// Where to begin, and the time before which no line is wanted.
    pub fn start(&self, now: DateTime<Utc>) -> Result<(Start, Option<DateTime<Utc>>), String> {
        let since = match &self.since {
            Some(text) => Some(since(text, now).ok_or_else(|| format!("--since {text}: {SINCE}"))?),
            None => None,
        };
        let start = match (since, self.tail) {
            (_, Some(lines @ 0..)) => Start::Lines(lines.unsigned_abs()),
            (Some(since), _) => Start::Since(since),
            (None, Some(_)) => Start::All,
            (None, None) => Start::Lines(TAIL),
        };
        Ok((start, since))
    }
}

/// What `--since` takes.
pub(in crate::cli) const SINCE: &str = "90s, 10m, 2h, 1d; or 14:26, 2026-01-31 14:26 (UTC) or RFC 3339";

/// A template's file; its last line end is not part of it.
fn from_file(path: &str) -> Result<Template, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    Template::parse(text.strip_suffix('\n').unwrap_or(&text))
}

fn level(word: &str) -> Result<Level, String> {
    let found = Level::ALL.into_iter().find(|level| level.as_str() == word.to_lowercase());
    found.ok_or_else(|| "trace, debug, info, notice, warn, error or fatal".to_owned())
}

fn zone(word: &str) -> Result<TimeZoneChoice, String> {
    match word.to_lowercase().as_str() {
        "utc" => Ok(TimeZoneChoice::Utc),
        "local" => Ok(TimeZoneChoice::Local),
        _ => {
            word.parse().map(TimeZoneChoice::Zone).map_err(|_| "UTC, Local, or a name such as Europe/Berlin".to_owned())
        }
    }
}

/// Reads `90s`, `10m`, `1h30m`, `1d`, or a time as the cockpit takes it.
pub(in crate::cli) fn since(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    if let Some(time) =
        DateTime::parse_from_rfc3339(text).map(|time| time.to_utc()).ok().or_else(|| read_time(text, now))
    {
        return Some(time);
    }
    let (mut rest, mut seconds) = (text, 0_i64);
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit())?);
        let unit = match after.as_bytes()[0] {
            b's' => 1,
            b'm' => 60,
            b'h' => 3600,
            b'd' => 86_400,
            _ => return None,
        };
        seconds = seconds.checked_add(number.parse::<i64>().ok()?.checked_mul(unit)?)?;
        rest = &after[1..];
    }
    if text.is_empty() { None } else { now.checked_sub_signed(TimeDelta::try_seconds(seconds)?) }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: LogsArgs,
    }

    fn typed(words: &[&str]) -> LogsArgs {
        Line::try_parse_from([&["logs"], words].concat()).expect("a command line").args
    }

    #[test]
    fn since_is_a_duration_or_a_time() {
        let now: DateTime<Utc> = "2026-11-21T03:00:00Z".parse().unwrap();
        assert_eq!(since("10m", now), "2026-11-21T02:50:00Z".parse().ok());
        assert_eq!(since("1h30m", now), "2026-11-21T01:30:00Z".parse().ok());
        assert_eq!(since("2026-11-20T00:00:00Z", now), "2026-11-20T00:00:00Z".parse().ok());
        assert_eq!(since("02:40", now), "2026-11-21T02:40:00Z".parse().ok());
        assert_eq!(since("14:40", now), "2026-11-20T14:40:00Z".parse().ok(), "the last one");
        assert_eq!(since("2026-11-20 14:26", now), "2026-11-20T14:26:00Z".parse().ok());
        assert_eq!(since("2026-11-20", now), "2026-11-20T00:00:00Z".parse().ok());
        for text in ["", "m", "10", "10y", "10é", "1h30", "99999999999999999999d", "9000000000000000000d9d"] {
            assert_eq!(since(text, now), None, "{text}");
        }
    }

    #[test]
    fn where_to_begin_is_what_stern_would_do() {
        let now: DateTime<Utc> = "2026-11-21T03:00:00Z".parse().unwrap();
        let start = |words: &[&str]| typed(words).start(now).map(|(start, _)| start);
        assert_eq!(start(&[]), Ok(Start::Lines(100)));
        assert_eq!(start(&["--tail", "-1"]), Ok(Start::All));
        assert_eq!(start(&["--tail=7", "--since=1h"]), Ok(Start::Lines(7)));
        assert_eq!(start(&["--since", "1h"]), Ok(Start::Since("2026-11-21T02:00:00Z".parse().unwrap())));
        assert!(start(&["--since", "soon"]).is_err());
    }

    #[test]
    fn a_flag_with_an_optional_value_leaves_the_next_word_alone() {
        let args = typed(&["-t", "api", "--timezone", "local"]);
        assert_eq!((args.stamps(), args.service_regex.as_deref()), (Some(Stamps::Full), Some("api")));
        assert_eq!(typed(&["--timestamps=short"]).stamps(), Some(Stamps::Short));
        assert!(Line::try_parse_from(["logs", "--timezone", "Nowhere/Land"]).is_err());
    }
}
