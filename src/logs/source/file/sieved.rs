//! What a file held at the start, looked through by its host: the lines that are wanted come, with what they need to be
//! understood. A line has its event's time and level, so one that does not say its own comes with its event; where that
//! cannot be had so, the rest of the file comes as it is.

use std::time::Duration;

use bytes::Bytes;
use chrono::Utc;

use super::File;
use crate::domain::log::{RawLine, SourceEventKind};
use crate::domain::text::size;
use crate::logs::parse::{Format, Parser, TimeField};
use crate::logs::sieve::Sieve;
use crate::logs::source::follow::{self, Sibling};
use crate::logs::source::lines::{LONGEST, Lines};
use crate::logs::source::{Gone, event, pieces};
use crate::transport::{Chunk, ExecSpec, Exit};

/// Less than this is sent sooner than it is looked through.
const WORTH: u64 = 256 << 10;
/// The beginning of what is looked through comes as it is: by it the format is known.
const BEGINNING: u64 = 8 << 10;
/// The end of the last whole line is looked for in so much.
const ENDING: u64 = 4 << 10;
/// Lines before a wanted one in which its event may begin.
const BEFORE: usize = 60;
/// What stands before a line: an offset, and a mark.
const PREFIX: usize = 21;
/// How long a short question to a host may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// How far a file was read by its host.
pub(super) enum Sifted {
    /// To its end.
    Whole,
    /// Up to here; what follows is to be read as it is.
    UpTo(u64),
}

/// How one pass of a host through a file ended.
enum Pass {
    /// It came to the end.
    Through,
    /// A line is wanted whose event began before what came with it.
    Headless,
    /// No more came.
    Broken,
    /// It cannot: no grep there tells where lines begin, or the file is another one now.
    Unable,
}

impl File {
    /// Has the host look through a file from a place on, where a sieve is given and it pays.
    pub(super) async fn sifted(&mut self, file: &Sibling, from: u64) -> Result<Sifted, Gone> {
        let Some(sieve) = self.tail.options.sieve.clone() else { return Ok(Sifted::UpTo(from)) };
        let packed = file.known().is_none();
        let all = if packed { self.unpacked_size(file).await } else { file.size };
        if all.saturating_sub(from) < WORTH {
            return Ok(Sifted::UpTo(from));
        }
        // Of a file that may still grow only whole lines.
        let until = if packed { None } else { self.last_line_end(file).await };
        let beginning = self.bytes(file, from, BEGINNING).await;
        let whole = memchr::memrchr(b'\n', &beginning).map(|end| end + 1);
        let (Some(whole), true) = (whole, packed || until.is_some()) else { return Ok(Sifted::UpTo(from)) };
        let mut reading = Reading { parser: Parser::default(), at: from, sent: whole as u64, pieces: false };
        let (mut cutter, mut lines) = (Lines::at(from), Vec::new());
        cutter.push(beginning.slice(..whole), &mut lines);
        let now = Utc::now().timestamp_nanos_opt().unwrap_or(0);
        for line in &lines {
            reading.parser.line(&line.bytes, now);
        }
        reading.at += whole as u64;
        self.tail.lines(&self.source, lines).await?;
        let mut through = false;
        // Of a line in pieces only those are found that have the text, the last of which looks like a whole line.
        let before = usize::from(reading.parser.format() == Format::Docker);
        for around in [(before, 0), (BEFORE, 0)] {
            match self.pass(file, &sieve, &mut reading, until, around).await? {
                Pass::Through => through = true,
                Pass::Headless => continue,
                Pass::Broken => {}
                Pass::Unable => return Ok(Sifted::UpTo(reading.at)),
            }
            break;
        }
        let place = if through { until.unwrap_or(all) } else { reading.at };
        self.sifted.0 += reading.sent + all.saturating_sub(place.max(from));
        self.sifted.1 += all - from;
        Ok(if through && packed { Sifted::Whole } else { Sifted::UpTo(place) })
    }

    /// One pass of the host, from where the reading stands.
    async fn pass(
        &mut self,
        file: &Sibling,
        sieve: &Sieve,
        reading: &mut Reading,
        until: Option<u64>,
        around: (usize, usize),
    ) -> Result<Pass, Gone> {
        let base = reading.at;
        let mut spec = ExecSpec::stream(follow::sieve(file, sieve, base, until, around));
        spec.stdin = false;
        let mut stream = self.tail.exec(spec).await;
        let (mut cutter, mut said) = (Lines::up_to(PREFIX + LONGEST), Vec::new());
        // The last line of what is damaged may be torn: each is held back until there is another.
        let mut held: Option<Found> = None;
        while let Some(chunk) = stream.output.recv().await {
            match chunk {
                Chunk::Out(bytes) => {
                    reading.sent += bytes.len() as u64;
                    cutter.push(bytes, &mut said);
                }
                Chunk::Err(_) => {}
                // What is missing is not known here.
                Chunk::Dropped { .. } => return Ok(Pass::Broken),
                Chunk::End(Exit::Code(0)) => {
                    let mut out = Vec::new();
                    let understood = held.is_none_or(|found| reading.take(found, &mut out));
                    self.tail.lines(&self.source, out).await?;
                    return Ok(if understood { Pass::Through } else { reading.ended() });
                }
                Chunk::End(Exit::Code(20 | 21 | 23)) => return Ok(Pass::Unable),
                Chunk::End(_) => return Ok(Pass::Broken),
            }
            let mut out = Vec::new();
            let mut understood = true;
            for found in Found::of(std::mem::take(&mut said), &cutter, base) {
                let found = held.replace(found);
                understood = found.is_none_or(|found| reading.take(found, &mut out));
                if !understood {
                    break;
                }
            }
            self.tail.lines(&self.source, out).await?;
            if !understood {
                return Ok(reading.ended());
            }
        }
        Ok(Pass::Broken)
    }

    /// Says what was saved, if anything was looked through.
    pub(super) async fn tell_sifted(&mut self) -> Result<(), Gone> {
        let (sent, of) = std::mem::take(&mut self.sifted);
        if of == 0 {
            return Ok(());
        }
        let mut told = event(SourceEventKind::Filtered, format!("{} of {} sent", size(sent), size(of)));
        (told.bytes, told.lost) = (Some(sent), Some(0));
        self.tail.event(&self.source, told).await
    }

    /// Where the last whole line of a file ends, as it was listed.
    async fn last_line_end(&self, file: &Sibling) -> Option<u64> {
        let from = file.size.saturating_sub(ENDING);
        let end = memchr::memrchr(b'\n', &self.bytes(file, from, file.size - from).await)?;
        Some(from + end as u64 + 1)
    }

    async fn bytes(&self, file: &Sibling, from: u64, most: u64) -> Bytes {
        let script = follow::older(file, from, Some(most));
        let said = self.tail.exec(ExecSpec::script(script, PATIENCE)).await.collect(most as usize).await;
        if said.exit == Exit::Code(0) { Bytes::from(said.out) } else { Bytes::new() }
    }

    async fn unpacked_size(&self, file: &Sibling) -> u64 {
        let spec = ExecSpec::script(follow::older(file, 0, None), PATIENCE);
        let said = self.tail.exec(spec).await.collect(64).await;
        String::from_utf8_lossy(&said.out).trim().parse().unwrap_or(0)
    }
}

/// How far a file has been read, and as what.
struct Reading {
    parser: Parser,
    /// Everything before this has come, or is not wanted.
    at: u64,
    /// Bytes that were sent.
    sent: u64,
    /// A line came that is in pieces.
    pieces: bool,
}

/// A line that the host found, or one around such a line.
#[derive(Debug)]
pub(in crate::logs::source) struct Found {
    /// The line, at its offset in the file.
    pub line: RawLine,
    /// Where the next line begins.
    pub end: u64,
    /// It has one of the texts.
    pub wanted: bool,
}

impl Found {
    /// Reads all that a host said.
    pub fn all(said: Bytes, base: u64) -> Vec<Self> {
        let (mut cutter, mut lines) = (Lines::up_to(PREFIX + LONGEST), Vec::new());
        cutter.push(said, &mut lines);
        Self::of(lines, &cutter, base)
    }

    /// Reads lines, the last that a cutter gave.
    fn of(lines: Vec<RawLine>, cutter: &Lines, base: u64) -> Vec<Self> {
        let ends: Vec<u64> = lines.iter().skip(1).filter_map(|line| line.offset).chain([cutter.begins()]).collect();
        lines.into_iter().zip(ends).filter_map(|(line, end)| Self::parse(line, end, base)).collect()
    }

    /// Reads `OFFSET:LINE`; of what stands between lines nothing. `end` is where it ended in what the host said.
    fn parse(mut line: RawLine, end: u64, base: u64) -> Option<Self> {
        let digits = line.bytes.iter().position(|byte| !byte.is_ascii_digit())?;
        let offset: u64 = std::str::from_utf8(&line.bytes[..digits]).ok()?.parse().ok()?;
        let wanted = line.bytes[digits] == b':';
        let own = end - line.offset? - digits as u64 - 1;
        let offset = base + offset;
        line.bytes = line.bytes.slice(digits + 1..);
        // The same as of a line that was read as it is.
        let beyond = line.bytes.len().saturating_sub(LONGEST);
        if beyond > 0 {
            line.bytes.truncate(LONGEST);
            line.truncated += beyond as u64 + u64::from(std::mem::take(&mut line.returned));
        }
        line.offset = Some(offset);
        Some(Self { line, end: offset + own, wanted })
    }

    /// Where it begins.
    pub fn begin(&self) -> u64 {
        self.line.offset.unwrap_or_default()
    }
}

impl Reading {
    /// Why a pass ended in which something was not understood: pieces are put together here.
    fn ended(&self) -> Pass {
        if self.pieces { Pass::Broken } else { Pass::Headless }
    }

    /// Takes a line that follows on, or that says itself when it was; leaves out one from before an event. False for one
    /// that is wanted and cannot be understood by itself.
    fn take(&mut self, found: Found, out: &mut Vec<RawLine>) -> bool {
        let Found { line, end, wanted } = found;
        let now = Utc::now().timestamp_nanos_opt().unwrap_or(0);
        let before = self.parser.clone();
        let parsed = self.parser.line(&line.bytes, now);
        let alone = !parsed.continues && matches!(parsed.time, TimeField::At(_));
        self.pieces |= pieces::is_piece(&line.bytes);
        if self.pieces || line.offset != Some(self.at) && !alone {
            self.parser = before;
            return !wanted && !self.pieces;
        }
        self.at = end;
        out.push(line);
        true
    }
}
