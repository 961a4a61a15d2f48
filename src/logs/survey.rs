//! Counting among the lines that are held, newest block first, a little at a time, so that nothing waits for it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::block::Block;
use super::filter::Filter;
use super::parse;
use super::record::{Ingest, SourceState};
use super::store::{Glance, Store};
use crate::domain::log::{Level, SourceId};
use crate::domain::log_survey::{Counted, Survey, Tally};
use crate::domain::log_view::{LogFilter, RowId};
use crate::domain::query::OF_LINE;
use crate::domain::text::clean_bytes;

/// Different values that are counted; those that come after are counted together.
const MOST: usize = 5000;
/// Of those so many, the most frequent, are told.
const TOLD: usize = 1000;
/// Longer values are cut.
const WIDEST: usize = 200;
/// What is known so far is told this often.
const EVERY: Duration = Duration::from_millis(200);

/// A question, and who waits for the answer.
#[derive(Debug)]
pub struct Order {
    /// What is counted.
    pub survey: Survey,
    /// Takes what is known so far, and then the whole.
    pub to: mpsc::Sender<Tally>,
}

/// One that is being worked on.
pub struct Running {
    number: u64,
    to: mpsc::Sender<Tally>,
    filters: Vec<Filter>,
    /// The field whose values are counted; none: lines of each filter are.
    field: Option<String>,
    /// Blocks that begin before this are still to be looked at; none: all are.
    before: Option<RowId>,
    counts: Vec<u64>,
    values: HashMap<Vec<u8>, u64>,
    having: u64,
    looked: u64,
    told: Instant,
}

impl Running {
    /// Begins; a filter that cannot be used counts nothing.
    pub fn begin(order: Order) -> Option<Self> {
        let Order { survey, to } = order;
        let (filters, field) = match survey.what {
            Counted::Values(filter, name) => (vec![filter], Some(name)),
            Counted::Filters(queries) => {
                let of = |query| LogFilter { query, hidden: Vec::new() };
                (queries.into_iter().map(of).collect(), None)
            }
        };
        let filters: Vec<Filter> = filters.iter().map(Filter::compile).collect::<Result<_, _>>().ok()?;
        Some(Self {
            number: survey.number,
            to,
            counts: vec![0; filters.len()],
            filters,
            field,
            before: None,
            values: HashMap::new(),
            having: 0,
            looked: 0,
            told: Instant::now(),
        })
    }

    /// Works on while `more` says so. None: it is done, or nobody waits for it any more.
    pub fn advance(mut self, store: &Store, ingest: &Ingest, mut more: impl FnMut() -> bool) -> Option<Self> {
        while !self.to.is_closed() {
            // By the place of the block looked at last: blocks come and go meanwhile.
            let ended = match self.before {
                None => store.blocks().len(),
                Some(before) => store.blocks().partition_point(|block| block.first().is_some_and(|at| at < before)),
            };
            let Some(block) = ended.checked_sub(1).and_then(|n| store.blocks().get(n)) else {
                // Whoever asked has gone when this fails.
                let _ = self.to.try_send(self.tally(true));
                return None;
            };
            store.glance(block, |glance| self.look(glance, block, ingest));
            self.before = block.first();
            // The last place is kept for the whole.
            if self.told.elapsed() >= EVERY && self.to.capacity() > 1 {
                self.told = Instant::now();
                let _ = self.to.try_send(self.tally(false));
            }
            if !more() {
                return Some(self);
            }
        }
        None
    }

    fn look(&mut self, glance: &mut Glance, block: &Block, ingest: &Ingest) {
        let sources = ingest.sources();
        self.looked += block.len() as u64;
        for n in 0..self.filters.len() {
            let filter = &self.filters[n];
            let known: Vec<Option<bool>> =
                sources.iter().zip(0..).map(|(state, n)| filter.of_source(SourceId(n), &state.source)).collect();
            let passing = filter.rows(glance, 0, sources, &known);
            self.counts[n] += passing.lines.count() as u64;
            let Some(field) = self.field.clone() else { continue };
            let (entries, line) = glance.lines();
            for at in passing.shown.iter() {
                let entry = &entries[at];
                if entry.is_ledger() || entry.continues() {
                    continue;
                }
                let Some(state) = ingest.source(entry.source()) else { continue };
                if let Some(value) = value(&field, line(at), entry.level, entry.time().nanos, state) {
                    self.count(value);
                }
            }
        }
    }

    fn count(&mut self, mut value: Vec<u8>) {
        self.having += 1;
        value.truncate(WIDEST);
        if let Some(count) = self.values.get_mut(&value) {
            *count += 1;
        } else if self.values.len() < MOST {
            self.values.insert(value, 1);
        }
    }

    fn tally(&self, whole: bool) -> Tally {
        let rows = if self.field.is_some() {
            let mut rows: Vec<(String, u64)> =
                self.values.iter().map(|(value, count)| (clean_bytes(value), *count)).collect();
            rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            rows.truncate(TOLD);
            rows
        } else {
            self.counts.iter().map(|count| (String::new(), *count)).collect()
        };
        let told: u64 = rows.iter().map(|(_, count)| count).sum();
        let others = if self.field.is_some() { self.having - told } else { 0 };
        Tally { number: self.number, rows, having: self.having, looked: self.looked, others, whole }
    }
}

/// The value of a field of one line, by the names that the filter knows.
fn value(name: &str, line: &[u8], level: Option<Level>, nanos: i64, state: &SourceState) -> Option<Vec<u8>> {
    let shape = state.shape();
    Some(match name {
        "level" => level?.as_str().into(),
        "host" => state.source.host.as_str().into(),
        "service" => state.source.service.as_deref()?.into(),
        "source" => state.source.name.as_bytes().into(),
        "message" => line[parse::message(shape, line, nanos)].into(),
        name => parse::field(shape, line, nanos, name.strip_prefix(OF_LINE).unwrap_or(name))?.into_owned(),
    })
}
