//! What a journal held since a moment, looked through by its host: the entries that are wanted come, with what they need
//! to be understood. An entry that goes on what the one before it said comes with its event; where that cannot be had
//! so, the rest comes as it is.

use std::time::Duration;

use chrono::Utc;

use super::back::{Told, script, texts};
use super::{ENTRY, Entry, Gone, JOURNALCTL, Journal, Lines, Start, event};
use crate::domain::log::SourceEventKind;
use crate::domain::log_view::LookedThrough;
use crate::logs::parse::Parser;
use crate::transport::loader::quote;
use crate::transport::{Chunk, ExecSpec, Exit};

/// So many entries come as they are: by them the format is known, and fewer need not be looked through.
const BEGINNING: usize = 64;
/// Entries before a wanted one in which its event may begin.
const BEFORE: usize = 60;
/// How long the first question may take, and how much is taken of the answer.
const PATIENCE: Duration = Duration::from_secs(20);
const MOST: usize = 16 << 20;

/// How one pass of a host through a journal ended.
enum Pass {
    /// It came to the end.
    Through,
    /// An entry is wanted whose event began before what came with it.
    Headless,
    /// It cannot, or no more came.
    Broken,
}

/// How far a journal has been read, and as what.
struct Reading {
    parser: Parser,
    /// The number of the entry that was read last; the one that is known has the first.
    last: u64,
    /// Bytes that were sent, and entries that were looked through.
    through: LookedThrough,
}

impl Journal {
    /// Has the host look through what there is since the moment at which the tail starts, where a sieve is given and it
    /// pays. What follows is to be read from the cursor on.
    pub(super) async fn sift(&mut self) -> Result<(), Gone> {
        let Some(texts) = self.tail.options.sieve.as_deref().and_then(texts) else { return Ok(()) };
        let since = match self.tail.options.start {
            Start::All => None,
            Start::Since(since) => Some(format!("--since=@{}", since.timestamp())),
            _ => return Ok(()),
        };
        let mut argv = JOURNALCTL.map(str::to_owned).to_vec();
        argv.extend(since);
        if !self.unit.is_empty() {
            argv.extend(["-u".to_owned(), self.unit.clone()]);
        }
        let line = argv.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ");
        let first = format!("LC_ALL=C ${{qd_asroot:-}} {line} | head -n {BEGINNING}\n");
        let spec = ExecSpec::script(first.clone(), PATIENCE);
        let said = self.tail.exec_or(spec, Some(first)).await.collect(MOST).await;
        let entries: Vec<Entry> = said.out.split(|byte| *byte == b'\n').filter_map(Entry::parse).collect();
        if said.exit != Exit::Code(0) || entries.len() < BEGINNING {
            return Ok(());
        }
        let (sent, entries_there) = (said.out.len() as u64, entries.len() as u64);
        let through = LookedThrough { sent, entries: entries_there, ..LookedThrough::default() };
        let mut reading = Reading { parser: Parser::default(), last: 1, through };
        let mut out = Vec::new();
        for entry in &entries {
            reading.understands(entry, true);
            self.take(entry, &mut out);
        }
        self.recovered += out.len() as u64;
        self.tail.lines(&self.source, out).await?;
        for around in [0, BEFORE] {
            match self.pass(&texts, around, &mut reading).await? {
                Pass::Headless => reading.last = 1,
                Pass::Through | Pass::Broken => break,
            }
        }
        let detail = format!("{} sent", reading.through.words());
        let mut told = event(SourceEventKind::Filtered, detail);
        (told.bytes, told.lost) = (Some(reading.through.sent), Some(0));
        self.tail.event(&self.source, told).await
    }

    /// One pass of the host, from the entry on that was read last.
    async fn pass(&mut self, texts: &[String], around: usize, reading: &mut Reading) -> Result<Pass, Gone> {
        let cursor = self.cursor.clone().unwrap_or_default();
        let script = script(&self.unit, &cursor, None, texts, (around, 0));
        let mut spec = ExecSpec::stream(script.clone());
        spec.stdin = false;
        let mut stream = self.tail.exec_or(spec, Some(script)).await;
        let (mut cutter, mut said) = (Lines::up_to(ENTRY), Vec::new());
        let mut end = None;
        while let Some(chunk) = stream.output.recv().await {
            match chunk {
                Chunk::Out(bytes) => {
                    reading.through.sent += bytes.len() as u64;
                    cutter.push(bytes, &mut said);
                }
                Chunk::Err(_) => {}
                Chunk::End(Exit::Code(0)) => {
                    let Some((total, cursor)) = end else { return Ok(Pass::Broken) };
                    // The known one was counted, and there is one line more.
                    reading.through.entries += u64::saturating_sub(total, 2);
                    self.cursor = Some(cursor);
                    return Ok(Pass::Through);
                }
                // What is missing is not known here.
                Chunk::End(_) | Chunk::Dropped { .. } => return Ok(Pass::Broken),
            }
            let (mut out, mut understood, mut too_long) = (Vec::new(), true, 0);
            for line in said.drain(..) {
                match Told::of(&line.bytes) {
                    Some(Told::Entry { number, wanted, entry }) if entry.cursor != cursor => {
                        if reading.understands(&entry, number == reading.last + 1) {
                            reading.last = number;
                            self.take(&entry, &mut out);
                        } else if wanted {
                            understood = false;
                            break;
                        }
                    }
                    Some(Told::Entry { .. }) => {}
                    Some(Told::End { number, cursor }) => end = Some((number, cursor)),
                    None => too_long += u64::from(line.truncated > 0),
                }
            }
            self.recovered += out.len() as u64;
            self.tail.lines(&self.source, out).await?;
            self.too_long(too_long).await?;
            if !understood {
                return Ok(Pass::Headless);
            }
        }
        Ok(Pass::Broken)
    }
}

impl Reading {
    /// Reads an entry that follows on the one before, or begins an event; whether it does.
    fn understands(&mut self, entry: &Entry, follows: bool) -> bool {
        let now = Utc::now().timestamp_nanos_opt().unwrap_or(0);
        let mut parser = if follows { self.parser.clone() } else { self.parser.afresh() };
        let mut lines = Vec::new();
        entry.lines(&mut lines);
        let head = lines.first().is_none_or(|line| may_begin(&line.bytes));
        let continues: Vec<bool> = lines.iter().map(|line| parser.line(&line.bytes, now).continues).collect();
        let understood = follows || head && !continues.first().is_some_and(|continues| *continues);
        if understood {
            self.parser = parser;
        }
        understood
    }
}

/// Whether a line can be told to begin an event: the last line of a Python traceback looks like any other without those
/// before it.
fn may_begin(line: &[u8]) -> bool {
    let name = &line[..memchr::memchr(b':', line).unwrap_or(line.len())];
    let class = name.iter().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_'));
    !(class && [b"Error".as_slice(), b"Exception", b"Interrupt"].iter().any(|end| name.ends_with(end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_on_nothing_is_understood_only_where_it_begins_an_event() {
        let mut reading = Reading { parser: Parser::default(), last: 1, through: LookedThrough::default() };
        let mut understands = |message: &str, follows| {
            let entry = format!(r#"{{"__CURSOR":"c","MESSAGE":{}}}"#, serde_json::Value::from(message));
            reading.understands(&Entry::parse(entry.as_bytes()).expect("an entry"), follows)
        };
        for (message, alone) in [
            ("ts=2026-11-20T08:00:00Z level=info msg=x", true),
            ("Started api.service.", true),
            ("Error: no such file", false),
            ("KeyError: 'cart'", false),
            ("Traceback (most recent call last):", false),
            ("  File \"a.py\", line 7, in x", false),
            ("session opened", true),
        ] {
            assert_eq!((understands(message, false), understands(message, true)), (alone, true), "{message}");
        }
        assert!(understands("session opened", false), "a traceback of before has nothing to do with it");
    }
}
