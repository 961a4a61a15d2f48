//! Reading backwards: what a source wrote before the oldest of it that was brought. A file is read by offset, and then
//! what rotation made of its predecessors, packed or not; a journal by its cursor.

mod sieved;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;

use super::follow::{self, Sibling};
use super::lines::Lines;
use super::{Gone, Tail, journal};
use crate::domain::log::{Feed, RawLine, Source};
use crate::domain::text::{self, one_line};
use crate::logs::parse::Parser;
use crate::transport::{ExecSpec, Exit};
pub use sieved::Sieving;

/// How long one question to a host may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// An event is not cut at the beginning of what is brought, unless it is longer than this.
const LONGEST: u64 = 4 << 20;

/// Where the oldest of a source stands that was brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Oldest {
    /// Of a file.
    File(Spot),
    /// At an entry of a unit's journal: its cursor.
    Journal(String, String),
    /// Nothing was written before it, or nothing is left of that.
    Beginning,
}

/// A place in a file that is followed at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// The path that is followed.
    pub name: String,
    /// `DEV:INO:BIRTH`; of a packed one its path.
    pub inode: String,
    /// How it begins, in hex; `-` where it is not known.
    pub fingerprint: String,
    /// Bytes before it.
    pub offset: u64,
}

/// What came of reading backwards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brought {
    /// So many lines were brought.
    pub lines: u64,
    /// Sources that were asked.
    pub sources: usize,
    /// Of those, are at their beginning.
    pub begun: usize,
    /// Why some could not be read: one line each.
    pub failed: Vec<String>,
    /// Bytes that hosts looked through for a filter, and how many of them were sent.
    pub looked: u64,
    /// Of those, were sent.
    pub sent: u64,
}

impl Brought {
    /// In one line.
    pub fn words(&self) -> String {
        let failed = self.failed.first().map(|why| one_line(why, 200));
        let others = self.failed.len().saturating_sub(1);
        let failed = failed.map(|why| match others {
            0 => format!("; not of {why}"),
            others => format!("; not of {why}, nor of {others} others"),
        });
        let begun = match (self.begun, self.sources) {
            (0, _) => String::new(),
            (begun, of) if begun == of => "; that was all there is".to_owned(),
            (begun, of) => format!("; {begun} of {of} sources are at their beginning"),
        };
        match self.lines {
            0 if self.sources == 0 => "there is no source that has anything older".to_owned(),
            0 => format!("no older lines{}{begun}{}", self.filtered(), failed.unwrap_or_default()),
            lines => format!("{lines} older lines{}{begun}{}", self.filtered(), failed.unwrap_or_default()),
        }
    }

    fn filtered(&self) -> String {
        let Self { sent, looked, .. } = *self;
        match looked {
            0 => String::new(),
            looked => {
                format!(" pass; the hosts sent {} of {}", text::size(sent), text::size(looked))
            }
        }
    }

    /// Takes in what came of another.
    pub fn add(&mut self, other: Self) {
        self.lines += other.lines;
        self.sources += other.sources;
        self.begun += other.begun;
        self.failed.extend(other.failed);
        self.looked += other.looked;
        self.sent += other.sent;
    }
}

/// Where the oldest of each source of a tail stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    places: Arc<Mutex<HashMap<Arc<Source>, Oldest>>>,
    /// How far a filter has been looked back for.
    sieved: Arc<Mutex<HashMap<Arc<Source>, Oldest>>>,
    busy: Arc<tokio::sync::Mutex<()>>,
}

impl Known {
    /// A source begins here, unless where it begins is known.
    pub(super) fn begins(&self, source: &Arc<Source>, oldest: Oldest) {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).entry(source.clone()).or_insert(oldest);
    }

    fn set(&self, source: &Arc<Source>, oldest: Oldest) {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).insert(source.clone(), oldest);
    }

    fn all(&self) -> Vec<(Arc<Source>, Oldest)> {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.iter().map(|(source, oldest)| (source.clone(), oldest.clone())).collect()
    }

    /// Where a filter is to be looked for next.
    fn all_sieved(&self, afresh: bool) -> Vec<(Arc<Source>, Oldest)> {
        let mut sieved = self.sieved.lock().unwrap_or_else(PoisonError::into_inner);
        if afresh {
            sieved.clear();
        }
        let place = |(source, oldest): (Arc<Source>, Oldest)| {
            let further = sieved.get(&source).cloned();
            (source, further.unwrap_or(oldest))
        };
        self.all().into_iter().map(place).collect()
    }

    fn set_sieved(&self, source: &Arc<Source>, oldest: Oldest) {
        self.sieved.lock().unwrap_or_else(PoisonError::into_inner).insert(source.clone(), oldest);
    }
}

/// Brings about so many bytes of what each source of a tail wrote before. Nothing, when that is being done already.
pub(super) async fn bring(tail: Tail, bytes: u64) -> Brought {
    let mut brought = Brought::default();
    let busy = tail.known.busy.clone();
    let Ok(_alone) = busy.try_lock() else { return brought };
    for (source, oldest) in tail.known.all() {
        brought.sources += 1;
        let found = match &oldest {
            Oldest::File(spot) => before_in_file(&tail, spot, bytes).await,
            Oldest::Journal(unit, cursor) => journal::before(&tail, unit, cursor, bytes).await,
            Oldest::Beginning => Ok((Vec::new(), Oldest::Beginning)),
        };
        match found {
            Ok((lines, oldest)) => {
                brought.begun += usize::from(oldest == Oldest::Beginning);
                brought.lines += lines.len() as u64;
                if !lines.is_empty() && matches!(tail.send(Feed::Older(source.clone(), lines)).await, Err(Gone)) {
                    return brought;
                }
                tail.known.set(&source, oldest);
            }
            Err(why) => brought.failed.push(format!("{source}: {why}")),
        }
    }
    brought
}

/// Has the hosts look for a filter in about so many bytes of what each source of a tail wrote before; of what cannot be
/// looked through there, `few` bytes are brought. Nothing, when that is being done already.
pub(super) async fn bring_sieved(tail: Tail, bytes: u64, few: u64, sieving: Sieving) -> Brought {
    let mut brought = Brought::default();
    let busy = tail.known.busy.clone();
    let Ok(_alone) = busy.try_lock() else { return brought };
    for (source, oldest) in tail.known.all_sieved(sieving.afresh) {
        brought.sources += 1;
        let found = match &oldest {
            Oldest::File(spot) => match sieved::before_in_file(&tail, spot, bytes, &sieving.sieve).await {
                Ok(Some((found, oldest))) => {
                    (brought.looked, brought.sent) = (brought.looked + found.looked, brought.sent + found.sent);
                    Ok((found.lines, oldest))
                }
                Ok(None) => before_in_file(&tail, spot, few).await,
                Err(why) => Err(why),
            },
            Oldest::Journal(unit, cursor) => journal::before(&tail, unit, cursor, few).await,
            Oldest::Beginning => Ok((Vec::new(), Oldest::Beginning)),
        };
        match found {
            Ok((lines, oldest)) => {
                brought.begun += usize::from(oldest == Oldest::Beginning);
                brought.lines += lines.len() as u64;
                let feed = Feed::Sieved(source.clone(), lines, sieving.query.clone());
                if matches!(tail.send(feed).await, Err(Gone)) {
                    return brought;
                }
                tail.known.set_sieved(&source, oldest);
            }
            Err(why) => brought.failed.push(format!("{source}: {why}")),
        }
    }
    brought
}

/// The file of a place and its rotated siblings.
async fn listing(tail: &Tail, spot: &Spot) -> Result<Vec<Sibling>, String> {
    let said = ask(tail, follow::siblings(&spot.name), 1 << 20).await?;
    Ok(String::from_utf8_lossy(&said).lines().filter_map(Sibling::parse).collect())
}

/// How many bytes a file has, unpacked.
async fn size(tail: &Tail, file: &Sibling) -> Result<u64, String> {
    let said = ask(tail, follow::older(file, 0, None), 64).await?;
    Ok(String::from_utf8_lossy(&said).trim().parse().unwrap_or(0))
}

async fn before_in_file(tail: &Tail, spot: &Spot, bytes: u64) -> Result<(Vec<RawLine>, Oldest), String> {
    let there = listing(tail, spot).await?;
    let Some(mut file) = holds(&there, spot) else { return Ok((Vec::new(), Oldest::Beginning)) };
    let mut offset = spot.offset;
    while offset == 0 {
        let Some(older) = before(&there, file) else { return Ok((Vec::new(), Oldest::Beginning)) };
        (file, offset) = (older, size(tail, older).await?);
    }
    let mut want = bytes;
    loop {
        let from = offset.saturating_sub(want);
        let said = ask(tail, follow::older(file, from, Some(offset - from)), (offset - from) as usize).await?;
        if said.len() as u64 != offset - from {
            return Err("it has changed; try again".to_owned());
        }
        // What was cut off at its beginning belongs to the next piece.
        let cut = if from == 0 { Some(0) } else { memchr::memchr(b'\n', &said).map(|end| end + 1) };
        let mut lines = Vec::new();
        if let Some(cut) = cut {
            let mut cutter = Lines::at(from + cut as u64);
            cutter.push(said.slice(cut..), &mut lines);
            cutter.finish(&mut lines);
        }
        let heads = if from == 0 || want >= LONGEST { Some(0) } else { lines.iter().position(begins) };
        match heads {
            Some(head) if !lines.is_empty() => {
                let offset = lines[head].offset.unwrap_or(from);
                lines.drain(..head);
                let place = Spot { offset, inode: id(file), fingerprint: file.fingerprint.clone(), ..spot.clone() };
                return Ok((lines, Oldest::File(place)));
            }
            _ if from == 0 || want >= LONGEST => {
                let place = Spot { offset: from, inode: id(file), ..spot.clone() };
                return Ok((lines, Oldest::File(place)));
            }
            _ => want *= 4,
        }
    }
}

/// Whether a line begins an event, as far as one line can tell.
fn begins(line: &RawLine) -> bool {
    !Parser::default().line(&line.bytes, 0).continues
}

/// By what a file is known again.
fn id(file: &Sibling) -> String {
    file.known().unwrap_or_else(|| file.path.clone())
}

/// The file that holds a place now.
fn holds<'a>(there: &'a [Sibling], spot: &Spot) -> Option<&'a Sibling> {
    let packed = |file: &Sibling| file.known().is_none();
    let same = |file: &Sibling| {
        let (one, other) = (spot.fingerprint.trim_end_matches('-'), file.fingerprint.trim_end_matches('-'));
        let len = one.len().min(other.len());
        (len, one[..len] == other[..len])
    };
    let own =
        there.iter().find(|file| id(file) == spot.inode && same(file).1 && (packed(file) || file.size >= spot.offset));
    // It may have been copied, or packed, meanwhile: then it is known by how it begins.
    let alike = |file: &&Sibling| {
        let (len, same) = same(file);
        same && len >= 32 && (packed(file) || file.size >= spot.offset)
    };
    own.or_else(|| there.iter().filter(alike).max_by_key(|file| (!packed(file), file.age())))
}

/// The file that was written before another.
fn before<'a>(there: &'a [Sibling], file: &Sibling) -> Option<&'a Sibling> {
    let older = |other: &&Sibling| other.age() < file.age() && other.fingerprint != file.fingerprint;
    // Rather the original than what is being packed from it.
    there.iter().filter(older).max_by_key(|other| (other.age().0, other.known().is_some(), other.age().1))
}

async fn ask(tail: &Tail, script: String, most: usize) -> Result<Bytes, String> {
    if !tail.transport.link().borrow().is_up() {
        return Err("the host is not reached now".to_owned());
    }
    let said = tail.exec(ExecSpec::script(script, PATIENCE)).await.collect(most).await;
    match said.exit {
        Exit::Code(0) => Ok(Bytes::from(said.out)),
        Exit::Code(20) => Err("it cannot be read".to_owned()),
        Exit::Code(21) => Err("it has just been rotated; try again".to_owned()),
        other => Err(format!("the reader ended: {other:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sibling(inode: &str, size: u64, mtime: u64, fingerprint: &str, path: &str) -> Sibling {
        Sibling { inode: inode.into(), size, mtime, fingerprint: fingerprint.repeat(32), path: path.into() }
    }

    #[test]
    fn a_place_is_found_again_through_rotation_and_packing() {
        let there = [
            sibling("1:9", 10, 90, "ee", "/l"),
            sibling("1:5", 100, 80, "aa", "/l.1"),
            sibling("1:7", 20, 70, "bb", "/l.2.gz"),
            sibling("1:8", 60, 60, "cc", "/l.3"),
        ];
        let at = |inode: &str, fingerprint: &str, offset: u64| {
            let spot = Spot { name: "/l".into(), inode: inode.into(), fingerprint: fingerprint.repeat(32), offset };
            holds(&there, &spot).map(|file| file.path.as_str())
        };
        assert_eq!(at("1:9", "ee", 5), Some("/l"));
        assert_eq!(at("1:5", "aa", 90), Some("/l.1"));
        // It was packed since, and has another inode; it was cut, and its copy has what it had.
        assert_eq!(at("1:6", "bb", 4000), Some("/l.2.gz"));
        assert_eq!(at("1:9", "aa", 50), Some("/l.1"));
        assert_eq!(at("1:4", "dd", 5), None);
        let path = |n: usize| before(&there, &there[n]).map(|file| file.path.as_str());
        assert_eq!([path(0), path(1), path(2), path(3)], [Some("/l.1"), Some("/l.2.gz"), Some("/l.3"), None]);
    }
}
