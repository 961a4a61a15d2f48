//! Reading backwards with a filter: the host looks through much of what was written before and sends the events that
//! have what is looked for, whole.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;

use super::{Oldest, Spot, before, begins, holds, id, listing, size};
use crate::domain::log::RawLine;
use crate::domain::query::Query;
use crate::logs::parse::{Parser, TimeField};
use crate::logs::record::EVENT_LINES;
use crate::logs::sieve::Sieve;
use crate::logs::source::Tail;
use crate::logs::source::file::Found;
use crate::logs::source::follow::{self, Sibling};
use crate::logs::source::lines::Lines;
use crate::transport::{ExecSpec, Exit};

/// How long a host may look.
const PATIENCE: Duration = Duration::from_secs(60);
/// The most that is taken of what it finds.
const MOST: usize = 32 << 20;
/// Lines before and after a hit in which its event may begin and end: of a line, of nearly all traces, and of the longest
/// event that is told apart.
const AROUND: [(usize, usize); 3] = [(0, 1), (60, 30), (EVENT_LINES, EVENT_LINES)];
/// The beginning of an event is looked for in so much.
const BEGINNING: u64 = 64 << 10;

/// What is looked for.
#[derive(Clone, Debug)]
pub struct Sieving {
    /// Texts that it has.
    pub sieve: Arc<Sieve>,
    /// The filter that they are of.
    pub query: Arc<Query>,
    /// From the oldest line that was brought without a filter on, not from where the last search ended.
    pub afresh: bool,
}

/// What a host found, and how much it sent of what it looked through.
#[derive(Debug, Default)]
pub(super) struct Sifted {
    pub lines: Vec<RawLine>,
    pub sent: u64,
    pub looked: u64,
}

/// Has the host look through about so many bytes that were written before a place. None where it cannot: no grep there
/// tells where lines begin.
pub(super) async fn before_in_file(
    tail: &Tail,
    spot: &Spot,
    bytes: u64,
    sieve: &Sieve,
) -> Result<Option<(Sifted, Oldest)>, String> {
    let there = listing(tail, spot).await?;
    let mut all = Sifted::default();
    let Some(mut file) = holds(&there, spot) else { return Ok(Some((all, Oldest::Beginning))) };
    let mut offset = spot.offset;
    while all.looked < bytes {
        if offset == 0 {
            let Some(older) = before(&there, file) else { return Ok(Some((all, Oldest::Beginning))) };
            (file, offset) = (older, size(tail, older).await?);
            continue;
        }
        let from = event_after(tail, file, offset.saturating_sub(bytes - all.looked), offset).await?;
        let Some(found) = look(tail, file, from, offset, sieve).await? else { return Ok(None) };
        all.looked += offset - from;
        all.sent += found.sent;
        all.lines.splice(0..0, found.lines);
        offset = from;
    }
    let place = Spot { offset, inode: id(file), fingerprint: file.fingerprint.clone(), ..spot.clone() };
    Ok(Some((all, Oldest::File(place))))
}

/// Where the first event after a place begins; the beginning of the file where there is none close to it.
async fn event_after(tail: &Tail, file: &Sibling, from: u64, until: u64) -> Result<u64, String> {
    if from == 0 || until - from <= BEGINNING {
        return Ok(0);
    }
    let said = super::ask(tail, follow::older(file, from, Some(BEGINNING)), BEGINNING as usize).await?;
    let Some(cut) = memchr::memchr(b'\n', &said) else { return Ok(0) };
    let (mut cutter, mut lines) = (Lines::at(from + cut as u64 + 1), Vec::new());
    cutter.push(said.slice(cut + 1..), &mut lines);
    Ok(lines.iter().find(|line| begins(line)).and_then(|line| line.offset).unwrap_or(0))
}

/// The events in a part of a file that have what is looked for.
async fn look(tail: &Tail, file: &Sibling, from: u64, until: u64, sieve: &Sieve) -> Result<Option<Sifted>, String> {
    let mut sent = 0;
    for around in AROUND {
        let script = follow::sieve(file, sieve, from, Some(until), around);
        let said = tail.exec(ExecSpec::script(script, PATIENCE)).await.collect(MOST).await;
        match said.exit {
            Exit::Code(0) => {}
            Exit::Code(21) => return Err("it has just been rotated; try again".to_owned()),
            Exit::Code(22) => return Err(format!("{} is damaged", file.path)),
            Exit::Code(20 | 23) => return Ok(None),
            other => return Err(format!("the host's grep ended: {other:?}")),
        }
        if said.out.len() >= MOST {
            return Err("too much of it passes the filter to be sent".to_owned());
        }
        sent += said.out.len() as u64;
        let found = Found::all(said.out.into(), from);
        if let Some(lines) = events(found, from, until, around.0 == EVENT_LINES) {
            return Ok(Some(Sifted { lines, sent, looked: until - from }));
        }
    }
    Ok(None)
}

/// The lines of those events that have a wanted line. None when one may begin before or end after what is known of it,
/// unless that is to be taken as it is.
fn events(found: Vec<Found>, from: u64, until: u64, as_it_is: bool) -> Option<Vec<RawLine>> {
    let now = Utc::now().timestamp_nanos_opt().unwrap_or(0);
    let mut parser = Parser::default();
    let mut out = Vec::new();
    let mut rest = found.into_iter().peekable();
    while let Some(first) = rest.next() {
        // Lines that follow on each other.
        let mut run = vec![first];
        while let Some(next) = rest.next_if(|next| run.last().is_some_and(|last| last.end == next.begin())) {
            run.push(next);
        }
        parser = parser.afresh();
        let mut is_head = |one: &Found| {
            let parsed = parser.line(&one.line.bytes, now);
            !parsed.continues && matches!(parsed.time, TimeField::At(_))
        };
        let heads: Vec<bool> = run.iter().map(&mut is_head).collect();
        let at_beginning = run.first().is_some_and(|first| first.begin() == from);
        let at_end = run.last().is_some_and(|last| last.end >= until);
        let mut taken = vec![false; run.len()];
        for at in (0..run.len()).filter(|at| run[*at].wanted) {
            let first = heads[..=at].iter().rposition(|head| *head);
            let end = heads[at + 1..].iter().position(|head| *head).map(|more| at + 1 + more);
            let whole = (first.is_some() || at_beginning) && (end.is_some() || at_end);
            if !whole && !as_it_is {
                return None;
            }
            // What has no beginning in sight comes as far as it is known.
            taken[first.unwrap_or(0)..end.unwrap_or(run.len())].fill(true);
        }
        out.extend(run.into_iter().zip(taken).filter(|(_, taken)| *taken).map(|(one, _)| one.line));
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines as a host prints them, from byte 0 of a file on: those that begin with `+` are wanted, `|` is a gap.
    fn found(lines: &[&str]) -> Vec<Found> {
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
        Found::all(out.into_bytes().into(), 0)
    }

    #[test]
    fn events_come_whole_or_more_is_asked_for() {
        let (one, two) = ("ts=2026-11-18T08:00:00Z level=info a=1", "ts=2026-11-18T08:00:01Z level=info b=2");
        let hit = format!("+{two} needle");
        let taken = |lines: &[&str], until: u64, as_it_is: bool| {
            let lines = events(found(lines), 0, until, as_it_is)?;
            Some(lines.iter().map(|line| String::from_utf8_lossy(&line.bytes).into_owned()).collect::<Vec<_>>())
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
