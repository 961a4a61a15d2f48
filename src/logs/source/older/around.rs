//! What stands around one line in what its source wrote, and how it goes on from there.

use super::{Oldest, ask, file, flat};
use crate::domain::log::{FileId, LineSpot, RawLine};
use crate::domain::log_view::Ends;
use crate::logs::source::follow;
use crate::logs::source::lines::Lines;
use crate::logs::source::{Tail, journal, pieces};

/// A line longer than this is cut.
const LONGEST: u64 = 4 << 20;
/// A journal's entry is sent as so many times its message.
const JOURNAL: u64 = 4;

/// What stands around a line.
#[derive(Debug)]
pub struct Surroundings {
    /// Lines that follow on each other.
    pub lines: Vec<RawLine>,
    /// The number of that one among them.
    pub at: usize,
    /// Where it goes on.
    pub ends: Ends,
}

/// Lines of a source that follow on each other, and the place at their far end; none: there is nothing beyond it.
pub type Stretch = (Vec<RawLine>, Option<LineSpot>);

/// The lines before a place, about so many bytes of them, and as many from it on.
pub(in crate::logs::source) async fn around(tail: &Tail, spot: &LineSpot, bytes: u64) -> Result<Surroundings, String> {
    let (mut lines, mut before) = older(tail, spot, bytes).await?;
    // Not far from the beginning of a file, its predecessor's end is around too.
    let held = |lines: &[RawLine]| lines.iter().map(|line| line.bytes.len() as u64 + 1).sum::<u64>();
    if let (Some(place @ LineSpot::File(..)), true) = (&before, held(&lines) < bytes / 2) {
        let (more, place) = older(tail, place, bytes).await?;
        lines.splice(0..0, more);
        before = place;
    }
    let at = lines.len();
    let (newer, after) = match spot {
        LineSpot::File(id, offset) => newer_of_file(tail, id, *offset, bytes).await?,
        LineSpot::Journal(unit, cursor) => newer_of_journal(tail, unit, cursor, true, bytes).await?,
    };
    lines.extend(newer);
    Ok(Surroundings { lines, at, ends: Ends { before, after } })
}

/// The lines before a place, about so many bytes of them.
pub(in crate::logs::source) async fn older(tail: &Tail, spot: &LineSpot, bytes: u64) -> Result<Stretch, String> {
    let (lines, oldest) = match spot {
        LineSpot::File(id, offset) => file::before(tail, id, *offset, bytes).await?,
        LineSpot::Journal(unit, cursor) => journal::before(tail, unit, cursor, bytes / JOURNAL).await.map(flat)?,
    };
    let before = match oldest {
        Oldest::At(place) => Some(place),
        Oldest::Beginning => None,
    };
    Ok((lines, before))
}

/// The lines after a place, about so many bytes of them. More may be written there later.
pub(in crate::logs::source) async fn newer(tail: &Tail, spot: &LineSpot, bytes: u64) -> Result<Stretch, String> {
    match spot {
        LineSpot::File(id, offset) => newer_of_file(tail, id, *offset, bytes).await,
        LineSpot::Journal(unit, cursor) => newer_of_journal(tail, unit, cursor, false, bytes).await,
    }
}

/// About so many bytes of a file from a place on; at its end, of what was written after it.
async fn newer_of_file(tail: &Tail, id: &FileId, offset: u64, bytes: u64) -> Result<Stretch, String> {
    let there = file::listing(tail, id).await?;
    let Some(mut file) = file::holds(&there, id, offset) else { return Err("it is not there any more".to_owned()) };
    let (mut lines, mut from, mut left) = (Vec::new(), offset, bytes);
    while left > 0 {
        let said = ask(tail, follow::older(file, from, Some(left)), left as usize).await?;
        let (length, none) = (said.len() as u64, lines.is_empty());
        let ended = length < left;
        let next = file::written_after(&there, file).filter(|_| ended);
        let mut cutter = Lines::at(from);
        cutter.push(said, &mut lines);
        if !ended && none && lines.is_empty() && left < LONGEST {
            left *= 4;
            continue;
        }
        // What is cut is not a line, unless nothing can follow on it, or it is longer than any.
        if next.is_some() || !ended && lines.is_empty() {
            cutter.finish(&mut lines);
        }
        (from, left) = (cutter.begins(), left - length);
        let Some(newer) = next else { break };
        (file, from) = (newer, 0);
    }
    Ok((pieces::whole(lines), Some(LineSpot::File(file::named(file, &id.name), from))))
}

/// About so many bytes of a journal's messages after an entry; with its own, where that is wanted.
async fn newer_of_journal(tail: &Tail, unit: &str, cursor: &str, own: bool, bytes: u64) -> Result<Stretch, String> {
    let entries = journal::after(tail, unit, cursor, bytes / JOURNAL).await?;
    let mut lines = Vec::new();
    entries.iter().filter(|entry| own || entry.cursor != cursor).for_each(|entry| entry.lines(&mut lines));
    let last = entries.last().map_or(cursor, |entry| &entry.cursor);
    Ok((lines, Some(LineSpot::Journal(unit.into(), last.into()))))
}
