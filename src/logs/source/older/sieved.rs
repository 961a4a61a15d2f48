//! Reading backwards for something: the host looks through much of what was written before and sends the events that
//! have what is looked for, whole.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use regex::bytes::Regex;

use super::{Oldest, file};
use crate::domain::log::{FileId, LineSpot, Lone, RawLine, Source};
use crate::domain::log_reach::{FarBack, Reached};
use crate::domain::log_view::{LookedThrough, Sought};
use crate::domain::query::regex;
use crate::logs::parse::{Parser, TimeField};
use crate::logs::record::EVENT_LINES;
use crate::logs::sieve::Sieve;
use crate::logs::source::file::Found;
use crate::logs::source::follow::{self, Sibling};
use crate::logs::source::lines::Lines;
use crate::logs::source::{Tail, journal, pieces};
use crate::transport::{Chunk, ExecSpec, Exit, Output, Stream};

/// How long a host may look.
pub(in crate::logs::source) const PATIENCE: Duration = Duration::from_secs(60);
/// The most that is taken of what it finds; where it finds more, it is asked for less.
const MOST: usize = 32 << 20;
/// Lines before and after a hit in which its event may begin and end: of a line, of nearly all traces, and of the longest
/// event that is told apart.
pub(in crate::logs::source) const AROUND: [(usize, usize); 3] = [(0, 1), (60, 30), (EVENT_LINES, EVENT_LINES)];
/// So much is taken of its complaints.
const COMPLAINT: usize = 4 << 10;
/// The beginning of an event is looked for in so much.
pub(super) const BEGINNING: u64 = 64 << 10;

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Sieving {
    /// The filter and the search.
    pub sought: Arc<Sought>,
    /// From the oldest line that was brought otherwise on, not from where the last look ended.
    pub afresh: bool,
    /// How far it has come.
    pub progress: Arc<Progress>,
    /// Texts of which lines must have one; none: there are no such.
    sieve: Option<Arc<Sieve>>,
    search: Option<Regex>,
}

impl Sieving {
    /// None where nothing of it could be told from anything else, and everything has to be brought.
    pub fn new(sought: Sought, afresh: bool) -> Option<Self> {
        let search = sought.search.as_deref().and_then(|search| regex(search).ok());
        let of_search = sought.search.as_ref().and_then(|search| Sieve::any_of(std::slice::from_ref(search)));
        let sieve = Sieve::narrower(Sieve::of_query(&sought.query), of_search).map(Arc::new);
        let any = sieve.is_some() || search.is_some();
        let (sought, progress) = (Arc::new(sought), Arc::default());
        any.then_some(Self { sought, afresh, progress, sieve, search })
    }

    /// Whether hosts can look for it.
    pub fn is_for_hosts(&self) -> bool {
        self.sieve.is_some()
    }

    /// What the host is to look for.
    pub(in crate::logs::source) fn sieve(&self) -> Option<&Sieve> {
        self.sieve.as_deref()
    }

    /// Whether an event, of which a line was found, is wanted.
    fn wants(&self, event: &[Piece]) -> bool {
        let mut lines = event.iter().flat_map(|piece| &piece.lines);
        self.search.as_ref().is_none_or(|search| lines.any(|line| search.is_match(&line.bytes)))
    }
}

/// How far a look has come, to be read while it lasts.
#[derive(Debug, Default)]
pub struct Progress(Mutex<(LookedThrough, Reached)>);

impl Progress {
    pub(super) fn add(&self, more: LookedThrough) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0.add(more);
    }

    pub(super) fn reach(&self, source: &Arc<Source>, reach: FarBack) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.set(source, reach);
    }

    /// What was looked through so far.
    pub fn so_far(&self) -> LookedThrough {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    /// How far back, of each source that was looked through.
    pub fn reached(&self) -> Reached {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }
}

/// How far back is looked.
#[derive(Clone, Copy, Debug)]
pub(in crate::logs::source) struct Reach {
    /// Bytes at once.
    pub step: u64,
    /// Bytes at once of what has to be unpacked from its beginning each time.
    pub most: u64,
    /// Bytes of what cannot be looked through by the host.
    pub few: u64,
}

/// What was found in one piece.
#[derive(Debug, Default)]
pub(in crate::logs::source) struct Sifted {
    /// Whole events.
    pub lines: Vec<Lone>,
    /// Bytes that were sent, and that were looked through by the host.
    pub sent: u64,
    pub looked: u64,
    /// Entries of a journal that were looked through.
    pub entries: u64,
    /// What it counts in a round: bytes, of a journal about so many.
    pub cost: u64,
    /// It was not looked through by the host, but here.
    pub was_sent_whole: bool,
    /// When its beginning was written, as its host has it, where that is known.
    pub since: Option<DateTime<Utc>>,
}

impl Sifted {
    /// Takes in what was written before it.
    fn take_older(&mut self, older: Self) {
        self.lines.splice(0..0, older.lines);
        self.sent += older.sent;
        self.looked += older.looked;
        self.cost += older.cost;
        self.since = older.since;
    }

    pub(super) fn through(&self) -> LookedThrough {
        let Self { sent, looked, entries, .. } = *self;
        LookedThrough { lines: self.lines.len() as u64, sent, bytes: looked, entries }
    }
}

/// A line, or an entry of a journal, at its place among all of its source.
pub(in crate::logs::source) struct Piece {
    /// Its lines.
    pub lines: Vec<RawLine>,
    /// From where to where it goes.
    pub begin: u64,
    pub end: u64,
    /// It has what is looked for.
    pub wanted: bool,
    /// Where it is found again.
    pub spot: LineSpot,
}

/// Looks for something in a piece that was written before a place.
pub(super) async fn before(
    tail: &Tail,
    spot: &LineSpot,
    reach: Reach,
    sieving: &Sieving,
) -> Result<(Sifted, Oldest), String> {
    let (id, offset) = match spot {
        LineSpot::File(id, offset) => (id, *offset),
        LineSpot::Journal(unit, cursor) => return journal::sieved(tail, unit, cursor, reach, sieving).await,
    };
    if let Some(sieve) = sieving.sieve()
        && let Some(found) = on_host(tail, id, offset, reach, sieve, sieving).await?
    {
        return Ok(found);
    }
    let (lines, oldest) = file::before(tail, id, offset, reach.few).await?;
    let Oldest::At(LineSpot::File(id, from)) = &oldest else { return Ok((Sifted::default(), oldest)) };
    let mut ends: Vec<u64> = lines.iter().skip(1).filter_map(|line| line.offset).collect();
    let since = file::time(&lines);
    ends.push(lines.iter().map(|line| line.bytes.len() as u64 + line.truncated + 1).sum::<u64>() + from);
    let looked = ends.last().map_or(0, |end| end - from);
    let pieces = lines.into_iter().zip(ends).map(|(line, end)| {
        let begin = line.offset.unwrap_or(*from);
        let wanted = sieving.sieve().is_none_or(|sieve| sieve.finds(&line.bytes));
        Piece { lines: vec![line], begin, end, wanted, spot: LineSpot::File(id.clone(), begin) }
    });
    Ok((Sifted { since, ..here(pieces.collect(), looked, sieving) }, oldest))
}

/// Looks through pieces that were all sent, each behind the one before it.
pub(in crate::logs::source) fn here(pieces: Vec<Piece>, bytes: u64, sieving: &Sieving) -> Sifted {
    let (from, until) = (pieces.first().map_or(0, |first| first.begin), pieces.last().map_or(0, |last| last.end));
    let lines = events(pieces, from..until, true, sieving).unwrap_or_default();
    Sifted { lines, sent: bytes, looked: bytes, cost: bytes, was_sent_whole: true, ..Sifted::default() }
}

/// Has the host look through a piece of a file that was written before a place. None where it cannot: no grep there tells
/// where lines begin.
async fn on_host(
    tail: &Tail,
    id: &FileId,
    offset: u64,
    reach: Reach,
    sieve: &Sieve,
    sieving: &Sieving,
) -> Result<Option<(Sifted, Oldest)>, String> {
    let there = file::listing(tail, id).await?;
    let mut all = Sifted::default();
    let Some(mut file) = file::holds(&there, id, offset) else { return Ok(Some((all, Oldest::Beginning))) };
    let mut offset = offset;
    let mut most = u64::MAX;
    // What is left of the step may be too little to begin an event in.
    while all.looked == 0 || all.looked + BEGINNING < reach.step {
        if offset == 0 {
            let Some(older) = file::written_before(&there, file) else { return Ok(Some((all, Oldest::Beginning))) };
            (file, offset) = (older, file::size(tail, older).await?);
            continue;
        }
        let whole = if file.known().is_none() { reach.most } else { reach.step };
        let span = whole.saturating_sub(all.looked).min(most);
        let (from, since) = event_after(tail, file, offset.saturating_sub(span), offset).await?;
        let look = Look { file, id: &file::named(file, &id.name), from, until: offset };
        match look.on_host(tail, sieve, sieving).await? {
            Answer::Found(found) => {
                all.take_older(Sifted { since, ..found });
                offset = from;
            }
            // What was found before that is not looked for again.
            Answer::Unable | Answer::TooMuch if all.looked > 0 => break,
            Answer::Unable => return Ok(None),
            Answer::TooMuch if offset > BEGINNING => most = (offset - from) / 8,
            Answer::TooMuch => return Err("too much of it passes to be sent".to_owned()),
        }
    }
    if offset == 0 {
        all.since = file::time(&lines_after(tail, file, 0).await?);
    }
    Ok(Some((all, Oldest::At(LineSpot::File(file::named(file, &id.name), offset)))))
}

/// Where the first event after a place begins, and when it was written, where that is known; the beginning of the file
/// where there is none close to it.
async fn event_after(
    tail: &Tail,
    file: &Sibling,
    from: u64,
    until: u64,
) -> Result<(u64, Option<DateTime<Utc>>), String> {
    if from == 0 || until - from <= BEGINNING {
        return Ok((0, None));
    }
    let lines = lines_after(tail, file, from).await?;
    let head = lines.iter().position(file::begins);
    Ok(head.map_or((0, None), |head| (lines[head].offset.unwrap_or(0), file::time(&lines[head..]))))
}

/// A few whole lines after a place.
async fn lines_after(tail: &Tail, file: &Sibling, from: u64) -> Result<Vec<RawLine>, String> {
    let said = super::ask(tail, follow::older(file, from, Some(BEGINNING)), BEGINNING as usize).await?;
    let cut = if from == 0 { Some(0) } else { memchr::memchr(b'\n', &said).map(|end| end + 1) };
    let mut lines = Vec::new();
    if let Some(cut) = cut {
        Lines::at(from + cut as u64).push(said.slice(cut..), &mut lines);
    }
    Ok(lines)
}

/// What a host says. None, as soon as it is more than is taken.
pub(in crate::logs::source) async fn answer(mut stream: Stream) -> Option<Output> {
    let mut said = Output { out: Vec::new(), err: Vec::new(), exit: Exit::ConnectionLost };
    stream.input = None;
    while let Some(chunk) = stream.output.recv().await {
        match chunk {
            Chunk::Out(bytes) if said.out.len() + bytes.len() > MOST => return None,
            Chunk::Out(bytes) => said.out.extend_from_slice(&bytes),
            Chunk::Err(bytes) if said.err.len() < COMPLAINT => said.err.extend_from_slice(&bytes),
            Chunk::Err(_) | Chunk::Dropped { .. } => {}
            Chunk::End(exit) => {
                said.exit = exit;
                break;
            }
        }
    }
    Some(said)
}

/// What became of a question to a host.
enum Answer {
    Found(Sifted),
    /// It cannot look.
    Unable,
    /// It finds more than is taken.
    TooMuch,
}

/// A part of a file that is to be looked through.
struct Look<'l> {
    file: &'l Sibling,
    id: &'l Arc<FileId>,
    from: u64,
    until: u64,
}

impl Look<'_> {
    /// The events in it that have what is looked for.
    async fn on_host(&self, tail: &Tail, sieve: &Sieve, sieving: &Sieving) -> Result<Answer, String> {
        let Self { file, id, from, until } = *self;
        let mut sent = 0;
        for around in AROUND {
            let script = follow::sieve(file, sieve, from, Some(until), around);
            let said = tail.exec(ExecSpec::script(script, PATIENCE)).await;
            let Some(said) = answer(said).await else { return Ok(Answer::TooMuch) };
            match said.exit {
                Exit::Code(0) => {}
                Exit::Code(21) => return Err("it has just been rotated; try again".to_owned()),
                Exit::Code(22) => return Err(format!("{} is damaged", file.path)),
                Exit::Code(20 | 23) => return Ok(Answer::Unable),
                other => return Err(format!("the host's grep ended: {other:?}")),
            }
            sent += said.out.len() as u64;
            let found = Found::all(said.out.into(), from);
            if found.iter().any(|found| pieces::is_piece(&found.line.bytes)) {
                return Ok(Answer::Unable);
            }
            let pieces = found.into_iter().map(|found| {
                let (begin, end, wanted) = (found.begin(), found.end, found.wanted);
                Piece { begin, end, wanted, spot: LineSpot::File(id.clone(), begin), lines: vec![found.line] }
            });
            if let Some(lines) = events(pieces.collect(), from..until, around.0 == EVENT_LINES, sieving) {
                let (looked, cost) = (until - from, until - from);
                return Ok(Answer::Found(Sifted { lines, sent, looked, cost, ..Sifted::default() }));
            }
        }
        Ok(Answer::Unable)
    }
}

/// The lines of those events that have a wanted piece. None when one may begin before or end after what is known of it,
/// unless that is to be taken as it is.
pub(in crate::logs::source) fn events(
    found: Vec<Piece>,
    all: std::ops::Range<u64>,
    as_it_is: bool,
    sieving: &Sieving,
) -> Option<Vec<Lone>> {
    let now = Utc::now().timestamp_nanos_opt().unwrap_or(0);
    let mut parser = Parser::default();
    let mut out = Vec::new();
    let mut rest = found.into_iter().peekable();
    while let Some(first) = rest.next() {
        // Pieces that follow on each other.
        let mut run = vec![first];
        while let Some(next) = rest.next_if(|next| run.last().is_some_and(|last| last.end == next.begin)) {
            run.push(next);
        }
        parser = parser.afresh();
        let mut is_head = |one: &Piece| {
            let Some(line) = one.lines.first() else { return true };
            let parsed = parser.line(&line.bytes, now);
            !parsed.continues && (line.time.is_some() || matches!(parsed.time, TimeField::At(_)))
        };
        let heads: Vec<bool> = run.iter().map(&mut is_head).collect();
        let at_beginning = run.first().is_some_and(|first| first.begin == all.start);
        let at_end = run.last().is_some_and(|last| last.end >= all.end);
        let mut taken = vec![false; run.len()];
        for at in (0..run.len()).filter(|at| run[*at].wanted) {
            let first = heads[..=at].iter().rposition(|head| *head);
            let end = heads[at + 1..].iter().position(|head| *head).map(|more| at + 1 + more);
            let whole = (first.is_some() || at_beginning) && (end.is_some() || at_end);
            if !whole && !as_it_is {
                return None;
            }
            // What has no beginning in sight comes as far as it is known.
            let event = first.unwrap_or(0)..end.unwrap_or(run.len());
            if !taken[at] && sieving.wants(&run[event.clone()]) {
                taken[event].fill(true);
            }
        }
        for (piece, _) in run.into_iter().zip(taken).filter(|(_, taken)| *taken) {
            let spot = Some(piece.spot);
            out.extend(piece.lines.into_iter().map(|line| Lone { line, spot: spot.clone() }));
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::query::Query;

    /// Lines as a host prints them, from byte 0 of a file on: those that begin with `+` are wanted, `|` is a gap.
    fn found(lines: &[&str]) -> Vec<Piece> {
        let (mut out, mut offset) = (String::new(), 0);
        for line in lines {
            if *line == "|" {
                (out, offset) = (out + "--\n", offset + 1000);
                continue;
            }
            let (mark, text) = line.strip_prefix('+').map_or(('-', *line), |text| (':', text));
            out += &format!("{offset}{mark}{text}\n");
            offset += text.len() + 1;
        }
        let id = Arc::new(FileId { name: "/l".into(), inode: "1:1".into(), fingerprint: "-".into() });
        let piece = |found: Found| {
            let (begin, end, wanted) = (found.begin(), found.end, found.wanted);
            Piece { begin, end, wanted, spot: LineSpot::File(id.clone(), begin), lines: vec![found.line] }
        };
        Found::all(out.into_bytes().into(), 0).into_iter().map(piece).collect()
    }

    #[test]
    fn events_come_whole_or_more_is_asked_for() {
        let (one, two) = ("ts=2026-11-18T08:00:00Z level=info a=1", "ts=2026-11-18T08:00:01Z level=info b=2");
        let hit = format!("+{two} needle");
        let taken = |lines: &[&str], until: u64, as_it_is: bool| {
            let sieving = Sieving::new(Sought { query: Query::text("needle"), search: None }, true).unwrap();
            let lines = events(found(lines), 0..until, as_it_is, &sieving)?;
            Some(lines.iter().map(|lone| String::from_utf8_lossy(&lone.line.bytes).into_owned()).collect::<Vec<_>>())
        };
        let count = |lines: &[&str], until, as_it_is| taken(lines, until, as_it_is).map(|lines| lines.len());
        let needle = &hit[1..];
        assert_eq!(taken(&[one, &hit, one], 9999, false), Some(vec![needle.to_owned()]));
        // A trace comes with its event, also when only a line of it is wanted.
        let trace = [one, two, "  at f", "+  at needle", "  at g", one];
        assert_eq!(
            taken(&trace, 9999, false),
            Some([two, "  at f", "  at needle", "  at g"].map(str::to_owned).into())
        );
        // Its beginning or its end may be further away, unless there is nothing further.
        assert_eq!(count(&["|", "  at f", "+  at needle", one], 9999, false), None);
        assert_eq!(count(&["  at f", "+  at needle", one], 9999, false), Some(2));
        assert_eq!(count(&[one, "+  at needle"], 9999, false), None);
        assert_eq!(count(&[one, "+  at needle"], 51, false), Some(2));
        assert_eq!(count(&["|", "  at f", "+  at needle"], 9999, true), Some(2));
        // Runs are apart from each other.
        let apart = [one, &hit, one, "|", one, "  at f", &hit, two];
        assert_eq!(taken(&apart, 9999, false), Some(vec![needle.to_owned(); 2]));
    }
}
