//! What stands around one line in what its source wrote.

use super::{Oldest, ask, file, flat};
use crate::domain::log::{FileId, LineSpot, RawLine};
use crate::logs::source::follow;
use crate::logs::source::lines::Lines;
use crate::logs::source::{Tail, journal};

/// The lines before a place, about so many bytes of them, and those from it on.
pub(in crate::logs::source) async fn around(
    tail: &Tail,
    spot: &LineSpot,
    bytes: u64,
) -> Result<(Vec<RawLine>, Vec<RawLine>), String> {
    match spot {
        LineSpot::File(id, offset) => {
            let (mut lines, mut oldest) = file::before(tail, id, *offset, bytes).await?;
            // Not far from the beginning of a file, its predecessor's end is around too.
            let held = |lines: &[RawLine]| lines.iter().map(|line| line.bytes.len() as u64 + 1).sum::<u64>();
            if let (Oldest::At(LineSpot::File(id, offset)), true) = (&oldest, held(&lines) < bytes / 2) {
                let (older, place) = file::before(tail, id, *offset, bytes).await?;
                lines.splice(0..0, older);
                oldest = place;
            }
            drop(oldest);
            Ok((lines, after(tail, id, *offset, bytes).await?))
        }
        LineSpot::Journal(unit, cursor) => {
            let (older, _) = journal::before(tail, unit, cursor, bytes / 4).await.map(flat)?;
            let mut newer = Vec::new();
            journal::after(tail, unit, cursor, bytes / 4).await?.iter().for_each(|entry| entry.lines(&mut newer));
            Ok((older, newer))
        }
    }
}

/// About so many bytes of a file from a place on; at its end, of what was written after it.
async fn after(tail: &Tail, id: &FileId, offset: u64, bytes: u64) -> Result<Vec<RawLine>, String> {
    let there = file::listing(tail, id).await?;
    let mut next = file::holds(&there, id, offset).map(|file| (file, offset));
    if next.is_none() {
        return Err("it is not there any more".to_owned());
    }
    let (mut lines, mut left) = (Vec::new(), bytes);
    while let Some((file, from)) = next.filter(|_| left > 0) {
        let said = ask(tail, follow::older(file, from, Some(left)), left as usize).await?;
        let ended = (said.len() as u64) < left;
        left -= said.len() as u64;
        next = file::written_after(&there, file).filter(|_| ended).map(|newer| (newer, 0));
        let mut cutter = Lines::at(from);
        cutter.push(said, &mut lines);
        // What is cut is not a line, unless nothing can follow on it.
        if ended && next.is_some() {
            cutter.finish(&mut lines);
        }
    }
    Ok(lines)
}
