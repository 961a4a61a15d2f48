//! Reading what a host tells while it is watched: answers of the new version and of the one before, errors that were there
//! and such as were not.

use std::collections::{BTreeMap, BTreeSet};

use super::bake::BEFORE;
use crate::domain::deploy::bake::Findings;
use crate::domain::deploy::journal::Milestones;
use crate::domain::log::Level;
use crate::domain::template::mask;
use crate::domain::text::one_line;
use crate::logs::parse::{Parser, Stamp, TimeField, field, message, request};
use crate::logs::source::Entry;

/// So many kinds of error are told apart.
const KINDS: usize = 200;
const SECOND: i64 = 1_000_000_000;
/// A log whose newest line is so far in the future writes another zone's time: its lines are not placed by it.
const AHEAD: i64 = 60 * SECOND;
/// What a line of an access log may call the version that answered.
const VERSIONS: [&str; 4] = ["version", "app_version", "service_version", "release"];

/// One answer of a host, besides its logs.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub words: BTreeMap<String, String>,
}

impl Answer {
    /// When the unit was started, in nanoseconds since 1970: where no journal of ours says when the release went live.
    fn started(&self) -> Option<i64> {
        let ago =
            self.number("up")? / 100.0 - self.number("ActiveEnterTimestampMonotonic").filter(|at| *at > 0.0)? / 1e6;
        Some(((self.number("now")? - ago) * SECOND as f64) as i64)
    }

    /// A number among the words.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.words.get(name)?.parse().ok().filter(|number: &f64| number.is_finite())
    }
}

/// What has been heard of one host.
#[derive(Default)]
pub(super) struct Ear {
    version: String,
    before: Option<String>,
    /// When the run began there and when its release went live, in nanoseconds since 1970.
    began: Option<i64>,
    live: Option<i64>,
    /// How far files and journals were read.
    pub marks: String,
    pub cursors: String,
    access: Parser,
    errors: Parser,
    /// Errors that were there before.
    pub known: BTreeSet<String>,
    /// How often each other one came in files and in journals: many are written to both.
    came: BTreeMap<String, [u64; 2]>,
    heard: bool,
}

/// Whether a line is of the time before the release, or of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Before,
    Neither,
    Since,
}

impl Ear {
    /// One for a host on which this version is new, after that one.
    pub fn new(version: &str, before: Option<&str>, milestones: &Milestones) -> Self {
        let nanos = |at: Option<chrono::DateTime<chrono::Utc>>| at.and_then(|at| at.timestamp_nanos_opt());
        Self {
            version: version.to_owned(),
            before: before.map(str::to_owned),
            began: nanos(milestones.began.or(milestones.live)),
            live: nanos(milestones.live),
            ..Self::default()
        }
    }

    /// Takes an answer of the host. Of the first, each line's own time tells on which side it is; what came after is new.
    pub fn take(&mut self, said: &[u8], wants_access: bool, findings: &mut Findings, host: &str) -> Answer {
        let (mut answer, mut marks, mut cursors) = (Answer::default(), String::new(), self.cursors.clone());
        let (first, mut counted, mut how, mut cursor) = (!self.heard, !wants_access, String::new(), None);
        let now = chrono::Utc::now().timestamp_nanos_opt().unwrap_or(0);
        self.heard = true;
        let mut errors: Vec<(Option<Stamp>, String)> = Vec::new();
        let mut newest = None;
        for line in said.split(|byte| *byte == b'\n') {
            if self.live.is_none() && (line.starts_with(b"mark ") || line.starts_with(b"journal ")) {
                self.live = answer.started();
                self.began = self.live;
            }
            if let Some(raw) = line.strip_prefix(b"a ") {
                self.count(raw, now, first, findings);
            } else if let Some(raw) = line.strip_prefix(b"e ") {
                let parsed = self.errors.line(raw, now);
                if let TimeField::At(stamp) = parsed.time {
                    newest = newest.max(Some(stamp.nanos));
                }
                if parsed.level.is_some_and(|level| level >= Level::Error) {
                    let text = one_line(&mask::text(&raw[message(self.errors.format(), raw, now)]), 160);
                    let time = if let TimeField::At(stamp) = parsed.time { Some(stamp) } else { None };
                    errors.push((time, text));
                }
            } else if let Some(raw) = line.strip_prefix(b"j ") {
                let Some(entry) = Entry::parse(raw) else { continue };
                // Where reading begins again is what was read last.
                if self.cursors.contains(&entry.cursor) {
                    continue;
                }
                self.entry(&entry, now, first, findings);
                cursor = Some(entry.cursor);
            } else if let Ok(line) = std::str::from_utf8(line) {
                if let Some(mark) = line.strip_prefix("mark ") {
                    self.settle(&mut errors, &mut newest, first, now, findings);
                    marks.push_str(mark);
                    marks.push('\n');
                } else if let Some(journal) = line.strip_prefix("journal ") {
                    note(&mut cursors, &how, cursor.take());
                    journal.clone_into(&mut how);
                } else if let Some((key, value)) = line.split_once('=') {
                    match key {
                        // That there is one to be read, however little is in it.
                        "read" if value == "a" => {
                            counted = true;
                            findings.since.get_or_insert_default();
                            findings.before.get_or_insert_default();
                        }
                        "read" => drop(findings.errors.get_or_insert_default()),
                        "unread" => drop(findings.unread.insert(one_line(&format!("{host}: {value}"), 120))),
                        key => drop(answer.words.insert(key.to_owned(), one_line(value, 100))),
                    }
                }
            }
        }
        self.settle(&mut errors, &mut newest, first, now, findings);
        note(&mut cursors, &how, cursor);
        findings.uncounted.retain(|known| known != host);
        if !counted {
            findings.uncounted.push(host.to_owned());
        }
        (self.marks, self.cursors) = (marks, cursors);
        answer
    }

    /// On which side of the release a time is. The second in which it went live is of neither.
    fn side(&self, nanos: i64) -> Side {
        match (self.began, self.live) {
            (_, Some(live)) if nanos >= live + SECOND => Side::Since,
            (Some(began), _) if nanos < began && nanos >= began - BEFORE * SECOND => Side::Before,
            _ => Side::Neither,
        }
    }

    /// Counts a request: by the version that its line names, else by when it was.
    fn count(&mut self, raw: &[u8], now: i64, first: bool, findings: &mut Findings) {
        let parsed = self.access.line(raw, now);
        let format = self.access.format();
        let Some(request) = request(format, raw) else { return };
        let by_time = match parsed.time {
            TimeField::At(stamp) if self.live.is_some() => self.side(stamp.nanos),
            _ if first => Side::Neither,
            _ => Side::Since,
        };
        // Only what is one of the two: a protocol's version has that name too.
        let named = VERSIONS.iter().find_map(|name| field(format, raw, now, name));
        let is = |version: &str| named.as_deref().is_some_and(|said| bare(said) == bare(version.as_bytes()));
        let side = match by_time {
            _ if is(&self.version) => Side::Since,
            // Of the version before there may be answers even now; they are not this one's.
            Side::Since if self.before.as_deref().is_some_and(is) => Side::Neither,
            by_time => by_time,
        };
        match side {
            Side::Before => findings.before.get_or_insert_default().count(request.status),
            Side::Since => findings.since.get_or_insert_default().count(request.status),
            Side::Neither => {}
        }
    }

    /// Takes the errors of one file, oldest first.
    fn settle(
        &mut self,
        errors: &mut Vec<(Option<Stamp>, String)>,
        newest: &mut Option<i64>,
        first: bool,
        now: i64,
        findings: &mut Findings,
    ) {
        let placed = newest.take().is_some_and(|newest| newest < now + AHEAD);
        for (time, text) in errors.drain(..) {
            let new = match time {
                _ if !first => true,
                Some(stamp) if placed => self.side(stamp.nanos) == Side::Since,
                _ => false,
            };
            self.error(text, new, false, findings);
        }
    }

    fn error(&mut self, text: String, new: bool, journal: bool, findings: &mut Findings) {
        let errors = findings.errors.get_or_insert_default();
        if !new {
            self.known.insert(text);
            return;
        }
        if errors.len() >= KINDS && !errors.contains_key(&text) {
            return;
        }
        let came = self.came.entry(text.clone()).or_default();
        let before = came[0].max(came[1]);
        came[usize::from(journal)] += 1;
        *errors.entry(text).or_default() += came[0].max(came[1]) - before;
    }

    /// Takes a journal's entry: an error by its priority, or by what its text says.
    fn entry(&mut self, entry: &Entry, now: i64, first: bool, findings: &mut Findings) {
        let mut lines = Vec::new();
        entry.lines(&mut lines);
        let mut parser = Parser::default();
        for line in lines {
            let said = parser.line(&line.bytes, now).level.max(line.level);
            if said.is_none_or(|level| level < Level::Error) {
                continue;
            }
            let text = one_line(&mask::text(&line.bytes[message(parser.format(), &line.bytes, now)]), 160);
            let nanos = line.time.and_then(|time| time.timestamp_nanos_opt());
            let new = nanos.map_or(!first, |nanos| self.side(nanos) == Side::Since);
            self.error(text, new, true, findings);
        }
    }
}

/// A version as some write it with a v and some without.
fn bare(version: &[u8]) -> &[u8] {
    version.strip_prefix(b"v").unwrap_or(version)
}

/// Remembers how far a journal (HOW UNIT) was read.
fn note(cursors: &mut String, journal: &str, cursor: Option<String>) {
    let (Some((how, unit)), Some(cursor)) = (journal.split_once(' '), cursor) else { return };
    let suffix = format!(" {unit}");
    let others: Vec<&str> = cursors.lines().filter(|line| !line.ends_with(&suffix)).collect();
    *cursors = [others.join("\n"), format!("{how} {cursor}{suffix}")].join("\n").trim_start().to_owned();
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, TimeDelta, Utc};

    use super::*;

    /// What an ear has heard of these lines, on a host whose release went live two minutes ago.
    fn heard(lines: &[(i64, u16, &str)]) -> (Option<u64>, Option<u64>) {
        let at = |ago: i64| Utc::now() - TimeDelta::seconds(ago);
        let milestones = Milestones { began: Some(at(180)), live: Some(at(120)), ..Milestones::default() };
        let mut ear = Ear::new("1.5.0", Some("1.4.2"), &milestones);
        let mut said = "mark 1 2 /x\nread=a\n".to_owned();
        for (ago, status, more) in lines {
            let time: DateTime<Utc> = at(*ago);
            said += &format!(
                "a 10.0.0.1 - - [{}] \"GET / HTTP/1.1\" {status} 12 \"-\" \"x\"{more}\n",
                time.format("%d/%b/%Y:%H:%M:%S +0000")
            );
        }
        let mut findings = Findings::default();
        ear.take(said.as_bytes(), true, &mut findings, "web-1");
        (findings.before.map(|answers| answers.all), findings.since.map(|answers| answers.all))
    }

    #[test]
    fn answers_are_the_new_versions_by_name_and_else_by_when_it_went_live() {
        for (line, counted) in [
            ((600, 200, ""), (Some(1), Some(0))),
            ((150, 502, ""), (Some(0), Some(0))),
            ((60, 200, ""), (Some(0), Some(1))),
            ((4000, 200, ""), (Some(0), Some(0))),
            ((60, 500, " version=1.4.2"), (Some(0), Some(0))),
            ((60, 500, " version=v1.5.0"), (Some(0), Some(1))),
            ((150, 500, " release=1.5.0"), (Some(0), Some(1))),
            ((60, 200, " version=TLSv1.3"), (Some(0), Some(1))),
        ] {
            assert_eq!(heard(&[line]), counted, "{line:?}");
        }
    }

    #[test]
    fn an_error_in_file_and_journal_is_one_and_one_that_was_there_before_is_none() {
        let milestones = Milestones { live: Some(Utc::now() - TimeDelta::seconds(120)), ..Milestones::default() };
        let mut ear = Ear::new("1.5.0", None, &milestones);
        let at = |ago: i64| (Utc::now() - TimeDelta::seconds(ago)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
        let line = |ago, message: &str| format!("e time={} level=error msg=\"{message}\"\n", at(ago));
        let said = [
            "mark 1 2 /x\nread=e\n".to_owned(),
            line(600, "old"),
            line(60, "old"),
            line(60, "new 7"),
            line(50, "new 8"),
        ];
        let micros = (Utc::now() - TimeDelta::seconds(55)).timestamp_micros().to_string();
        let entry = serde_json::json!({ "__CURSOR": "c1", "__REALTIME_TIMESTAMP": micros, "PRIORITY": "6",
            "MESSAGE": "level=error msg=\"new 9\"" });
        let journal = format!("journal plain api.service\nread=j\nj {entry}\n");
        let mut findings = Findings::default();
        ear.take((said.concat() + &journal).as_bytes(), false, &mut findings, "web-1");
        assert!(ear.known.contains("old"), "{:?}", ear.known);
        assert_eq!(findings.errors.unwrap().get("new <n>"), Some(&2));
        assert_eq!(ear.cursors, "plain c1 api.service");
    }
}
