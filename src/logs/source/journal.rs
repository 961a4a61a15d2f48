//! Journal sources: `journalctl -o json`, resumed by the cursor of the last entry.
//!
//! `--cursor` is inclusive and the first entry is dropped when it is the one we had: some versions' `--after-cursor`
//! together with `-u` skips an entry. Field names are in systemd.journal-fields(7); a field that is not UTF-8 comes as
//! an array of bytes.

mod back;
mod sift;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::command::{watched, watched_as_root};
use super::lines::{LONGEST, Lines};
use super::older::Oldest;
use super::{Gone, Start, Tail, event, link};
use crate::domain::log::{Feed, Level, LineSpot, RawLine, Source, SourceEventKind};
use crate::domain::text::one_line;
use crate::transport::{Chunk, ExecSpec, Exit};
pub(super) use back::{after, before, sieved};

/// Between attempts.
const PATIENCE: Duration = Duration::from_secs(2);
/// A quiet journal has been read to its end when it says nothing for this long.
const QUIET: Duration = Duration::from_millis(500);

/// The longest entry, as JSON, that is read: several times what a message may be that a service prints (48 KiB,
/// `LineMax=` in journald.conf(5)).
const ENTRY: usize = 1 << 20;

/// How entries are asked for. Without `--all` a message of more than 4 KiB would be null (journalctl(1)).
const JOURNALCTL: [&str; 6] = ["journalctl", "-o", "json", "--all", "--no-pager", "-q"];

/// What journalctl says, and goes on, when it may read only the messages of who runs it.
const HIDDEN: &str = "not seeing messages from other users";
/// Has it say that.
const HINT: &str = "h=$(LC_ALL=C journalctl -n 0 --no-pager 2>&1 >/dev/null </dev/null)\n\
    case $h in *'not seeing messages from other users'*) echo \"$h\" >&2 ;; esac\n";
/// What it says when a right is missing, in small letters.
const DENIED: [&str; 3] = ["insufficient permissions", "permission denied", HIDDEN];

/// Reads a unit's journal, or all of it when `unit` is empty.
pub(super) async fn run(tail: Tail, unit: String) {
    let source = tail.source(&format!("journal:{unit}"));
    let mut journal = Journal {
        tail,
        unit,
        source,
        cursor: None,
        caught_up: false,
        away: None,
        recovered: 0,
        told: String::new(),
        hides: false,
    };
    let _ = journal.run().await;
}

struct Journal {
    tail: Tail,
    unit: String,
    source: Arc<Source>,
    cursor: Option<String>,
    caught_up: bool,
    away: Option<Instant>,
    recovered: u64,
    /// Why it cannot be read, or not all of it, as was told last.
    told: String,
    /// It goes on, and says nothing of what others wrote.
    hides: bool,
}

impl Journal {
    async fn run(&mut self) -> Result<(), Gone> {
        self.tail.send(Feed::Opened(self.source.clone())).await?;
        let once = !self.tail.options.follow;
        loop {
            if let Err(why) = link::up(&self.tail.transport, once).await {
                return self.tail.send(Feed::Unreached(self.source.clone(), why)).await;
            }
            if self.cursor.is_none() {
                self.sift().await?;
            }
            let (exit, complaint) = self.read().await?;
            match exit {
                Exit::Code(0) if once => return self.be_caught_up().await,
                Exit::Code(code) => {
                    let said = one_line(&complaint, 200);
                    let why = format!(
                        "journalctl on {} ended with code {code}: {said}{}{}",
                        self.source.host,
                        way_out(&complaint, self.tail.sudo.is_some()),
                        self.tail.why_not_root()
                    );
                    self.fail(why).await?;
                    if once {
                        return self.be_caught_up().await;
                    }
                    tokio::time::sleep(PATIENCE * 5).await;
                }
                Exit::Refused(why) => {
                    self.fail(one_line(&why, 300)).await?;
                    if once {
                        return self.be_caught_up().await;
                    }
                    tokio::time::sleep(PATIENCE).await;
                }
                _ => {
                    if self.away.is_none() {
                        self.away = Some(Instant::now());
                        self.recovered = 0;
                        self.tail
                            .event(&self.source, event(SourceEventKind::Disconnected, "the link went away"))
                            .await?;
                    }
                }
            }
        }
    }

    /// Says why it cannot be read, unless that was said before.
    async fn fail(&mut self, why: String) -> Result<(), Gone> {
        if self.told == why {
            return Ok(());
        }
        self.told.clone_from(&why);
        self.tail.send(Feed::Failed(self.source.clone(), why)).await
    }

    /// The script, and the one that calls only journalctl as root.
    fn scripts(&self) -> (String, String) {
        let mut argv = JOURNALCTL.map(str::to_owned).to_vec();
        if !self.unit.is_empty() {
            argv.extend(["-u".to_owned(), self.unit.clone()]);
        }
        match (&self.cursor, self.tail.options.start) {
            (Some(cursor), _) => argv.push(format!("--cursor={cursor}")),
            (None, Start::Lines(lines)) => argv.extend(["-n".to_owned(), lines.to_string()]),
            (None, Start::Since(since)) => argv.push(format!("--since=@{}", since.timestamp())),
            (None, Start::Lately { since, bytes }) => {
                argv.push(format!("--since=@{}", since.timestamp()));
                argv.extend(["-n".to_owned(), (bytes / 100).to_string()]);
            }
            (None, Start::Now) => argv.extend(["-n".to_owned(), "0".to_owned()]),
            (None, Start::All) => {}
        }
        if self.tail.options.follow {
            argv.push("-f".to_owned());
            // With --cursor and -f journalctl would begin ten lines before the end, unless it is told all lines.
            if self.cursor.is_some()
                || !matches!(self.tail.options.start, Start::Lines(_) | Start::Lately { .. } | Start::Now)
            {
                argv.extend(["-n", "all"].map(str::to_owned));
            }
        }
        let line = argv.iter().map(|word| crate::transport::loader::quote(word)).collect::<Vec<_>>().join(" ");
        // As JSON it says nothing of what it hides.
        let hint = if self.caught_up { "" } else { HINT };
        if self.tail.options.follow {
            (format!("{hint}{}", watched(&line)), watched_as_root(&line))
        } else {
            (format!("{hint}LC_ALL=C exec {line}\n"), format!("LC_ALL=C exec $qd_asroot {line}\n"))
        }
    }

    async fn read(&mut self) -> Result<(Exit, String), Gone> {
        let (script, as_root) = self.scripts();
        let mut spec = ExecSpec::stream(script);
        spec.stdin = self.tail.options.follow;
        let mut stream = self.tail.exec_or(spec, Some(as_root)).await;
        let (mut lines, mut said, mut complaint) = (Lines::up_to(ENTRY), Vec::new(), Vec::new());
        loop {
            let chunk = tokio::select! {
                chunk = stream.output.recv() => chunk,
                // Only a live link can be quiet.
                () = tokio::time::sleep(QUIET), if !self.caught_up || self.away.is_some() => {
                    if self.tail.transport.link().borrow().is_up() {
                        self.be_back().await?;
                        self.be_caught_up().await?;
                    }
                    continue;
                }
            };
            match chunk {
                Some(Chunk::Out(bytes)) => lines.push(bytes, &mut said),
                Some(Chunk::Err(bytes)) if complaint.len() < 1024 => {
                    complaint.extend_from_slice(&bytes[..bytes.len().min(1024)]);
                    self.hides |= memchr::memmem::find(&complaint, HIDDEN.as_bytes()).is_some();
                }
                Some(Chunk::Err(_)) => {}
                Some(Chunk::Dropped { bytes, lines: ends }) => {
                    self.tail.dropped(&self.source, &mut lines, bytes, ends).await?;
                }
                Some(Chunk::End(exit)) => return Ok((exit, String::from_utf8_lossy(&complaint).into_owned())),
                None => return Ok((Exit::ConnectionLost, String::new())),
            }
            let (mut out, mut too_long) = (Vec::new(), 0);
            for line in said.drain(..) {
                let Some(entry) = Entry::parse(&line.bytes) else {
                    too_long += u64::from(line.truncated > 0);
                    continue;
                };
                self.take(&entry, &mut out);
            }
            self.recovered += out.len() as u64;
            self.tail.lines(&self.source, out).await?;
            self.too_long(too_long).await?;
        }
    }

    /// An entry was read: its lines, unless it is the one that was read last, with which reading goes on.
    fn take(&mut self, entry: &Entry, out: &mut Vec<RawLine>) {
        let last = self.cursor.replace(entry.cursor.clone());
        if last.is_none() {
            let oldest = Oldest::At(LineSpot::Journal(self.unit.as_str().into(), entry.cursor.as_str().into()));
            self.tail.known.begins(&self.source, oldest);
        }
        if last.is_none_or(|cursor| cursor != entry.cursor) {
            entry.lines(out);
        }
    }

    /// So many entries were too long to be read.
    async fn too_long(&self, entries: u64) -> Result<(), Gone> {
        if entries == 0 {
            return Ok(());
        }
        let mut gap = event(SourceEventKind::Gap, "an entry of more than 1 MiB is not read");
        gap.lines = Some(entries);
        self.tail.event(&self.source, gap).await
    }

    async fn be_back(&mut self) -> Result<(), Gone> {
        let Some(away) = self.away.take() else { return Ok(()) };
        let mut back = event(SourceEventKind::Recovered, "");
        back.seconds = Some((away.elapsed().as_secs_f64() * 10.0).round() / 10.0);
        (back.lines, back.lost) = (Some(self.recovered), Some(0));
        self.tail.event(&self.source, back).await
    }

    async fn be_caught_up(&mut self) -> Result<(), Gone> {
        if std::mem::replace(&mut self.caught_up, true) {
            return Ok(());
        }
        self.tail.event(&self.source, event(SourceEventKind::Connected, "")).await?;
        self.tail.send(Feed::CaughtUp(self.source.clone())).await?;
        if !self.hides {
            return Ok(());
        }
        let way_out = way_out(HIDDEN, self.tail.sudo.is_some());
        let (host, why_not_root) = (&self.source.host, self.tail.why_not_root());
        self.fail(format!("permission denied: the login user sees only its own messages in the journal of {host}{way_out}{why_not_root}"))
            .await
    }
}

/// What is to be done when journalctl complains of a missing right; nothing when it complains of something else.
fn way_out(complaint: &str, sudo: bool) -> &'static str {
    let complaint = complaint.to_lowercase();
    match (DENIED.iter().any(|words| complaint.contains(words)), sudo) {
        (false, _) => "",
        (true, true) => ": add the login user to the group adm and connect anew",
        (true, false) => ": add the login user to the group adm and connect anew, or set sudo = true for this log",
    }
}

/// One journal entry.
pub struct Entry {
    /// Its place: reading can go on from it.
    pub cursor: String,
    micros: Option<i64>,
    priority: Option<u8>,
    message: Vec<u8>,
}

impl Entry {
    /// Reads a line of `journalctl -o json`.
    pub fn parse(line: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(line).ok()?;
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        let message = match value.get("MESSAGE") {
            Some(Value::String(text)) => text.clone().into_bytes(),
            Some(Value::Array(bytes)) => bytes.iter().filter_map(|b| u8::try_from(b.as_u64()?).ok()).collect(),
            _ => Vec::new(),
        };
        Some(Self {
            cursor: text("__CURSOR")?.to_owned(),
            micros: text("__REALTIME_TIMESTAMP").and_then(|t| t.parse().ok()),
            priority: text("PRIORITY").and_then(|p| p.parse().ok()),
            message,
        })
    }

    /// When it was written, as its host has it.
    pub fn time(&self) -> Option<DateTime<Utc>> {
        self.micros.and_then(DateTime::from_timestamp_micros)
    }

    /// One line for each line of the message.
    pub fn lines(&self, out: &mut Vec<RawLine>) {
        let time = self.time();
        // Priorities are those of syslog(3).
        let level = self.priority.map(|priority| match priority {
            0..=2 => Level::Fatal,
            3 => Level::Error,
            4 => Level::Warn,
            5 => Level::Notice,
            6 => Level::Info,
            _ => Level::Debug,
        });
        for line in self.message.strip_suffix(b"\n").unwrap_or(&self.message).split(|&b| b == b'\n') {
            let kept = line.len().min(LONGEST);
            let (bytes, truncated) = (Bytes::copy_from_slice(&line[..kept]), (line.len() - kept) as u64);
            out.push(RawLine { bytes, truncated, offset: None, time, level, returned: false });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_every_kind_become_lines() {
        let mut out = Vec::new();
        for (entry, expected, level) in [
            (
                r#"{"__CURSOR":"a","__REALTIME_TIMESTAMP":"1763686800000001","PRIORITY":"3","MESSAGE":"one\ntwo"}"#,
                2,
                Some(Level::Error),
            ),
            (r#"{"__CURSOR":"b","MESSAGE":[104,105,255]}"#, 1, None),
            (r#"{"__CURSOR":"c","MESSAGE":null}"#, 1, None),
        ] {
            out.clear();
            Entry::parse(entry.as_bytes()).unwrap().lines(&mut out);
            assert_eq!((out.len(), out[0].level), (expected, level), "{entry}");
        }
        assert!(Entry::parse(b"{}").is_none() && Entry::parse(b"\xff").is_none());
    }

    #[test]
    fn the_group_is_named_only_where_a_right_is_missing() {
        for (complaint, sudo, expected) in [
            (
                "No journal files were opened due to insufficient permissions.",
                false,
                "group adm and connect anew, or set sudo",
            ),
            ("Failed to open files: Permission denied", true, ": add the login user to the group adm and connect anew"),
            ("Hint: You are currently not seeing messages from other users and the system.", false, "sudo = true"),
            ("sh: 1: journalctl: not found", false, ""),
            ("rbash: journalctl: restricted: cannot specify `/' in command names", false, ""),
            ("Failed to parse timestamp: @x", false, ""),
            ("", false, ""),
        ] {
            let said = way_out(complaint, sudo);
            assert!(said.contains(expected) && said.is_empty() == expected.is_empty(), "{complaint}: {said}");
        }
    }
}
