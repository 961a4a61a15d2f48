//! Kinds of messages, mined as they come: what is new, gone, or more frequent since a moment.
//!
//! A message's kind is its text with numbers and ids taken out ([`mask`]). A word that has taken [`VALUES`] values
//! between the same other words is a variable and taken out too, so that no list of users becomes a list of kinds. The
//! same messages in the same order give the same kinds. Memory is bounded: at most [`MOST`] kinds, of which those that
//! were not seen for the longest time are forgotten first.

mod compare;
mod count;
pub mod mask;
mod words;

use std::collections::HashMap;
use std::sync::Arc;

pub use self::compare::{Change, ChangeKind, Comparison};
use self::count::Counts;
use self::mask::Hash;
use self::words::Words;
use super::log::{Level, SourceId};

/// So many kinds are kept.
pub const MOST: usize = 2000;
/// So many values make a word a variable.
pub const VALUES: usize = 8;
/// So many shapes are remembered with their kinds, so that most messages cost one look.
const SHAPES: usize = 16 << 10;
/// So many sources of one kind are remembered.
const SOURCES: usize = 512;
/// When there are too many kinds, one of so many is forgotten at once.
const FORGET: usize = 8;

/// One message: a line that is the head of an event, or the line of a trace that names the error.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The service of its source.
    pub service: Option<&'a Arc<str>>,
    /// Its source.
    pub source: SourceId,
    /// When it was said, in microseconds since the epoch.
    pub micros: i64,
    /// Severity, where known.
    pub level: Option<Level>,
    /// What it says, without the frame that its format puts around it.
    pub message: &'a [u8],
}

/// One kind of message of one service.
#[derive(Debug)]
struct Kind {
    group: Group,
    words: Words,
    counts: Counts,
    /// When each source said it last.
    sources: Vec<(SourceId, i64)>,
}

/// Whose messages are compared with each other: of one service and level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Group {
    service: u32,
    level: Option<Level>,
}

impl Group {
    fn seed(self) -> u64 {
        u64::from(self.service) << 16 | self.level.map_or(0, |level| level as u64 + 1) << 8
    }
}

/// Every kind of message that has been seen.
#[derive(Debug, Default)]
pub struct Templates {
    kinds: Vec<Option<Kind>>,
    /// Empty places in `kinds`.
    free: Vec<usize>,
    /// Shapes of messages, by service, and their kinds.
    shapes: HashMap<u64, usize>,
    /// Kinds by their words, service among them.
    by_words: HashMap<u64, usize>,
    /// Words with one taken out, and which kinds they have in common; or that any word may stand there.
    holes: HashMap<u64, Hole>,
    services: Vec<Service>,
    /// The service of each source, by number.
    of_source: Vec<Option<u32>>,
}

#[derive(Debug)]
struct Service {
    name: Option<Arc<str>>,
    /// The oldest and newest times of its messages.
    first: i64,
    last: i64,
}

/// A place in some words where kinds differ.
#[derive(Debug)]
enum Hole {
    /// So far one kind has a word there.
    One(usize),
    /// So far these do.
    Few(Vec<usize>),
    /// So many did that anything may stand there.
    Open,
}

impl Kind {
    fn said_by(&mut self, source: SourceId, micros: i64) {
        if let Some((_, last)) = self.sources.iter_mut().find(|(known, _)| *known == source) {
            *last = (*last).max(micros);
        } else if self.sources.len() < SOURCES {
            self.sources.push((source, micros));
        }
    }
}

impl Hole {
    /// One more kind has a word there; those that have, when they are so many that anything may stand there.
    fn add(&mut self, at: usize) -> Option<Vec<usize>> {
        match self {
            Self::One(other) if *other == at => {}
            Self::One(other) => *self = Self::Few(vec![*other, at]),
            Self::Few(kinds) => {
                kinds.push(at);
                if kinds.len() >= VALUES {
                    let kinds = std::mem::take(kinds);
                    *self = Self::Open;
                    return Some(kinds);
                }
            }
            Self::Open => {}
        }
        None
    }
}

impl Templates {
    /// Takes a message in.
    pub fn note(&mut self, seen: Seen) {
        // What is said at another level, such as the status of a request, is another kind.
        let group = Group { service: self.service(&seen), level: seen.level };
        let shape = mask::shape(seen.message, group.seed() | 1);
        let at = match self.shapes.get(&shape) {
            Some(at) => *at,
            None => self.learn(group, shape, seen.message),
        };
        let Some(Some(kind)) = self.kinds.get_mut(at) else { return };
        kind.counts.add(seen.micros);
        kind.said_by(seen.source, seen.micros);
    }

    fn service(&mut self, seen: &Seen) -> u32 {
        let at = seen.source.0 as usize;
        if self.of_source.len() <= at {
            self.of_source.resize(at + 1, None);
        }
        let service = self.of_source[at].unwrap_or_else(|| {
            let known = self.services.iter().position(|service| service.name.as_ref() == seen.service);
            let n = known.unwrap_or_else(|| {
                self.services.push(Service { name: seen.service.cloned(), first: i64::MAX, last: i64::MIN });
                self.services.len() - 1
            });
            u32::try_from(n).unwrap_or(u32::MAX)
        });
        self.of_source[at] = Some(service);
        let known = &mut self.services[service as usize];
        (known.first, known.last) = (known.first.min(seen.micros), known.last.max(seen.micros));
        service
    }

    /// Finds the kind of a message of a new shape, or makes one.
    fn learn(&mut self, group: Group, shape: u64, message: &[u8]) -> usize {
        let mut words = Words::of(message);
        // Where any word may stand, this one is no news.
        let open = |words: &Words| {
            let mut places = words.places();
            places.find(|place| matches!(self.holes.get(&words.without(group.seed(), *place)), Some(Hole::Open)))
        };
        while let Some(place) = open(&words) {
            words.open(place);
        }
        let hash = words.hash(group.seed());
        let at = match self.by_words.get(&hash) {
            Some(at) => *at,
            None => self.add(group, words),
        };
        if self.shapes.len() >= SHAPES {
            self.shapes.clear();
        }
        self.shapes.insert(shape, at);
        at
    }

    fn add(&mut self, group: Group, words: Words) -> usize {
        if self.kinds.len() - self.free.len() >= MOST {
            self.forget();
        }
        let at = self.free.pop().unwrap_or_else(|| {
            self.kinds.push(None);
            self.kinds.len() - 1
        });
        self.by_words.insert(words.hash(group.seed()), at);
        let places = words.places().map(|place| (place, words.without(group.seed(), place))).collect::<Vec<_>>();
        self.kinds[at] = Some(Kind { group, words, counts: Counts::default(), sources: Vec::new() });
        for (place, hash) in places {
            let hole = self.holes.entry(hash).or_insert(Hole::One(at));
            if let Some(kinds) = hole.add(at) {
                return self.unite(group, place, &kinds);
            }
        }
        at
    }

    /// Makes one kind of several that differ in one word.
    fn unite(&mut self, group: Group, place: usize, kinds: &[usize]) -> usize {
        let mut parts: Vec<Kind> = kinds.iter().filter_map(|at| self.take(*at)).collect();
        self.shapes.retain(|_, at| !kinds.contains(at));
        let Some(mut words) = parts.first().map(|kind| kind.words.clone()) else { return 0 };
        words.open(place);
        let at = match self.by_words.get(&words.hash(group.seed())) {
            Some(at) => *at,
            None => self.add(group, words),
        };
        let Some(Some(whole)) = self.kinds.get_mut(at) else { return at };
        for part in &mut parts {
            whole.counts.merge(&part.counts);
            for (source, last) in part.sources.drain(..) {
                whole.said_by(source, last);
            }
        }
        at
    }

    /// Takes a kind out of everything but the shapes.
    fn take(&mut self, at: usize) -> Option<Kind> {
        let kind = self.kinds.get_mut(at)?.take()?;
        self.free.push(at);
        self.by_words.remove(&kind.words.hash(kind.group.seed()));
        for place in kind.words.places() {
            let hash = kind.words.without(kind.group.seed(), place);
            let empty = match self.holes.get_mut(&hash) {
                Some(Hole::One(other)) => *other == at,
                Some(Hole::Few(kinds)) => {
                    kinds.retain(|other| *other != at);
                    kinds.is_empty()
                }
                Some(Hole::Open) | None => false,
            };
            if empty {
                self.holes.remove(&hash);
            }
        }
        Some(kind)
    }

    /// Forgets the kinds that were not seen for the longest time.
    fn forget(&mut self) {
        let mut held: Vec<(i64, usize)> = (self.kinds.iter().enumerate())
            .filter_map(|(at, kind)| kind.as_ref().map(|kind| (kind.counts.last(), at)))
            .collect();
        held.sort_unstable();
        for (_, at) in &held[..held.len().div_ceil(FORGET)] {
            self.take(*at);
        }
        self.shapes.clear();
        // Where anything may stand has no end of its own.
        if self.holes.len() > MOST * Words::MOST {
            self.holes.retain(|_, hole| !matches!(hole, Hole::Open));
        }
    }

    /// How many kinds are known.
    pub fn len(&self) -> usize {
        self.kinds.len() - self.free.len()
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A regex for the lines of a kind, by its text: what stands for something matches anything.
pub fn pattern(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    let marks = [mask::NUMBER, mask::ID, mask::WORD];
    while let Some((at, mark)) =
        marks.iter().filter_map(|mark| rest.find(mark).map(|at| (at, mark))).min_by_key(|(at, _)| *at)
    {
        out.push_str(&regex::escape(&rest[..at]));
        out.push_str(if *mark == mask::WORD { "\\S+" } else { ".+?" });
        rest = &rest[at + mark.len()..];
    }
    out.push_str(&regex::escape(rest));
    out
}

#[cfg(test)]
mod tests;
