//! Reading backwards: what a source wrote before the oldest of it that was brought. A file is read by offset, and then
//! what rotation made of its predecessors, packed or not; a journal by its cursor.

mod around;
pub(super) mod file;
pub(super) mod sieved;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};

use super::{Gone, Tail, journal};
use crate::domain::log::{Feed, LineSpot, RawLine, Source};
use crate::domain::log_reach::{FarBack, Reached};
use crate::domain::log_view::LookedThrough;
use crate::domain::text::one_line;
use crate::transport::{ExecSpec, Exit};
pub use around::{Stretch, Surroundings};
pub use sieved::{Progress, Sieving};

/// How long one question to a host may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Of a file so much is looked through at first, and then more each time: what is newest is told soon.
const STEP: u64 = 16 << 20;
/// A round ends when it has found so many lines.
const ENOUGH: u64 = 5000;

/// Where the oldest of a source stands that was brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Oldest {
    /// Here.
    At(LineSpot),
    /// Nothing was written before it, or nothing is left of that.
    Beginning,
}

impl Oldest {
    /// How far back that is, where the lines from there on were written since then, if that is known.
    fn far_back(&self, since: Option<DateTime<Utc>>) -> FarBack {
        match self {
            Self::Beginning => FarBack::Beginning,
            Self::At(_) => since.map_or(FarBack::Untold, FarBack::To),
        }
    }
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
    /// How far back sources were read, where nothing was sought.
    pub reached: Reached,
    /// What was looked through for what is sought.
    through: LookedThrough,
}

impl Brought {
    /// In one line; `does` says what lines do that were looked for: `pass` or `match`.
    pub fn words(&self, does: &str) -> String {
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
            lines => {
                let lines = if lines == 0 { "no".to_owned() } else { lines.to_string() };
                format!("{lines} older lines{}{begun}{}", self.looked(does), failed.unwrap_or_default())
            }
        }
    }

    /// What was looked through; none: nothing was, only brought.
    pub fn through(&self) -> Option<LookedThrough> {
        Some(self.through).filter(|through| !through.is_nothing())
    }

    fn looked(&self, does: &str) -> String {
        self.through().map(|through| format!(" {does}; the hosts sent {}", through.words())).unwrap_or_default()
    }

    /// Takes in what came of another.
    pub fn add(&mut self, other: Self) {
        self.lines += other.lines;
        self.sources += other.sources;
        self.begun += other.begun;
        self.failed.extend(other.failed);
        self.reached.add(other.reached);
        self.through.add(other.through);
    }

    /// Takes in one piece of what was looked for.
    fn take(&mut self, found: &sieved::Sifted, progress: &Progress) {
        self.lines += found.lines.len() as u64;
        self.through.add(found.through());
        progress.add(found.through());
    }
}

/// Where the oldest of each source of a tail stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    places: Arc<Mutex<Places>>,
    /// How far has been looked back for what is sought.
    sieved: Arc<Mutex<Places>>,
    busy: Arc<tokio::sync::Mutex<()>>,
}

type Places = HashMap<Arc<Source>, Oldest>;

impl Known {
    /// A source begins here, unless where it begins is known.
    pub(super) fn begins(&self, source: &Arc<Source>, oldest: Oldest) {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).entry(source.clone()).or_insert(oldest);
    }

    fn set(&self, source: &Arc<Source>, oldest: Oldest) {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).insert(source.clone(), oldest);
    }

    /// Whether a source is one of these.
    fn has(&self, source: &Source) -> bool {
        self.places.lock().unwrap_or_else(PoisonError::into_inner).contains_key(source)
    }

    fn all(&self) -> Vec<(Arc<Source>, Oldest)> {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.iter().map(|(source, oldest)| (source.clone(), oldest.clone())).collect()
    }

    /// Where is to be looked next for what is sought.
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

/// Brings about so many bytes of what each source of a tail wrote before.
pub(super) async fn bring(tail: Tail, bytes: u64) -> Brought {
    let mut brought = Brought::default();
    let _alone = tail.known.busy.clone().lock_owned().await;
    for (source, oldest) in tail.known.all() {
        brought.sources += 1;
        let found = match &oldest {
            Oldest::At(LineSpot::File(id, offset)) => file::before(&tail, id, *offset, bytes).await,
            Oldest::At(LineSpot::Journal(unit, cursor)) => journal::before(&tail, unit, cursor, bytes).await.map(flat),
            Oldest::Beginning => Ok((Vec::new(), Oldest::Beginning)),
        };
        match found {
            Ok((lines, oldest)) => {
                brought.begun += usize::from(oldest == Oldest::Beginning);
                brought.lines += lines.len() as u64;
                brought.reached.set(&source, oldest.far_back(file::time(&lines)));
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

/// Looks for something in about so many bytes of what each source of a tail wrote before, newest first, on the host where it can;
/// of what cannot be looked through there, `few` bytes are brought and looked through here. What is found is handed on
/// piece by piece: when this is dropped, it goes on there the next time.
pub(super) async fn bring_sieved(tail: Tail, bytes: u64, few: u64, sieving: Sieving) -> Brought {
    let mut brought = Brought::default();
    let _alone = tail.known.busy.clone().lock_owned().await;
    for (source, mut oldest) in tail.known.all_sieved(sieving.afresh) {
        brought.sources += 1;
        let (mut looked, mut lines, mut step) = (0, 0, STEP);
        if oldest == Oldest::Beginning {
            sieving.progress.reach(&source, FarBack::Beginning);
        }
        while let Oldest::At(spot) = &oldest {
            let left = bytes - looked;
            let reach = sieved::Reach { step: step.min(left), most: left, few };
            let (found, place) = match sieved::before(&tail, spot, reach, &sieving).await {
                Ok(found) => found,
                Err(why) => {
                    brought.failed.push(format!("{source}: {why}"));
                    break;
                }
            };
            (looked, lines, step) = (looked + found.cost, lines + found.lines.len() as u64, step * 4);
            brought.take(&found, &sieving.progress);
            let since = found.since;
            if !found.lines.is_empty() {
                let feed = Feed::Sieved(source.clone(), found.lines, sieving.sought.clone());
                if matches!(tail.send(feed).await, Err(Gone)) {
                    return brought;
                }
            }
            tail.known.set_sieved(&source, place.clone());
            sieving.progress.reach(&source, place.far_back(since));
            oldest = place;
            if looked + sieved::BEGINNING >= bytes || lines >= ENOUGH || found.was_sent_whole {
                break;
            }
        }
        brought.begun += usize::from(oldest == Oldest::Beginning);
    }
    brought
}

/// What stands around a line of one of a tail's sources. None: the source is not one of the tail's.
pub(super) async fn around(
    tail: Tail,
    source: Arc<Source>,
    spot: LineSpot,
    bytes: u64,
) -> Option<Result<Surroundings, String>> {
    if !tail.known.has(&source) {
        return None;
    }
    Some(around::around(&tail, &spot, bytes).await)
}

/// What one of a tail's sources wrote before a place, or after it. None: the source is not one of the tail's.
pub(super) async fn further(
    tail: Tail,
    source: Arc<Source>,
    spot: LineSpot,
    older: bool,
    bytes: u64,
) -> Option<Result<Stretch, String>> {
    if !tail.known.has(&source) {
        return None;
    }
    Some(if older { around::older(&tail, &spot, bytes).await } else { around::newer(&tail, &spot, bytes).await })
}

/// The lines of a journal's entries.
fn flat((entries, oldest): (Vec<journal::Entry>, Oldest)) -> (Vec<RawLine>, Oldest) {
    let mut lines = Vec::new();
    entries.iter().for_each(|entry| entry.lines(&mut lines));
    (lines, oldest)
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
