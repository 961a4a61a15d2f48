//! Many sources in one order: by time, after a stated hold; each source's own order is never broken.
//!
//! Live, a row is handed on when it has waited for the hold: a quiet source never blocks, and what comes later than
//! that is marked late. Read to an end, a row is handed on when no source that is still being read can bring an
//! earlier one.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use super::record::Record;
use crate::domain::log::SourceId;
use crate::domain::log_view::RowId;

/// The merge of all sources.
#[derive(Debug)]
pub struct Merge {
    hold: Option<Duration>,
    waiting: BTreeMap<RowId, (Instant, Record)>,
    /// Where each source that is still being read stands.
    open: HashMap<SourceId, RowId>,
    ended: BTreeSet<SourceId>,
    passed: Option<RowId>,
}

impl Merge {
    /// A live merge with this hold.
    pub fn live(hold: Duration) -> Self {
        Self { hold: Some(hold), ..Self::to_the_end() }
    }

    /// A merge of sources that end; each must be announced by [`Merge::open`] first.
    pub fn to_the_end() -> Self {
        Self { hold: None, waiting: BTreeMap::new(), open: HashMap::new(), ended: BTreeSet::new(), passed: None }
    }

    /// A source will bring rows.
    pub fn open(&mut self, source: SourceId) {
        let first = RowId { micros: i64::MIN, source, seq: 0 };
        if !self.ended.contains(&source) {
            self.open.entry(source).or_insert(first);
        }
    }

    /// A source brings no more rows.
    pub fn close(&mut self, source: SourceId) {
        self.open.remove(&source);
        self.ended.insert(source);
    }

    /// Takes a row.
    pub fn push(&mut self, mut record: Record, now: Instant) {
        record.late = self.passed.is_some_and(|passed| record.id < passed);
        if let Some(stands) = self.open.get_mut(&record.id.source) {
            *stands = record.id;
        }
        self.waiting.insert(record.id, (now, record));
    }

    /// Rows that wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The next row whose turn it is.
    pub fn pop(&mut self, now: Instant) -> Option<Record> {
        let (id, (since, _)) = self.waiting.first_key_value()?;
        let ready = match self.hold {
            Some(hold) => now.saturating_duration_since(*since) >= hold,
            None => self.open.values().all(|stands| id <= stands),
        };
        if !ready {
            return None;
        }
        let (id, (_, record)) = self.waiting.pop_first()?;
        self.passed = self.passed.max(Some(id));
        Some(record)
    }

    /// When the next row's turn comes, in a live merge.
    pub fn next_turn(&self) -> Option<Instant> {
        let (_, (since, _)) = self.waiting.first_key_value()?;
        Some(*since + self.hold?)
    }

    /// Everything that waits, in order: the end.
    pub fn drain(&mut self) -> impl Iterator<Item = Record> + '_ {
        std::mem::take(&mut self.waiting).into_values().map(|(_, record)| record)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use proptest::prelude::*;

    use super::super::record::Ingest;
    use super::*;
    use crate::domain::log::{RawLine, Source};

    fn source(name: &str) -> Arc<Source> {
        Arc::new(Source { host: "h".into(), service: None, name: name.into() })
    }

    fn raw(text: String) -> RawLine {
        RawLine { bytes: Bytes::from(text), truncated: 0, offset: None, time: None, level: None }
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_no_source_is_reordered(
            lines in proptest::collection::vec((0_u32..3, 0_i64..50, 0_u64..40), 0..80), hold in 0_u64..30
        ) {
            let (mut ingest, mut merge) = (Ingest::default(), Merge::live(Duration::from_millis(hold)));
            let begin = Instant::now();
            let ids: Vec<_> = ["a", "b", "c"].iter().map(|name| ingest.number(&source(name))).collect();
            let (mut out, mut at) = (Vec::new(), begin);
            for (n, (which, second, wait)) in lines.iter().enumerate() {
                at += Duration::from_millis(*wait);
                let line = raw(format!("2026-11-18T08:00:{second:02}Z n={n}"));
                merge.push(ingest.line(ids[*which as usize], line, chrono::Utc::now()).unwrap(), at);
                out.extend(std::iter::from_fn(|| merge.pop(at)));
            }
            out.extend(merge.drain());
            prop_assert_eq!(out.len(), lines.len());
            for id in ids {
                let seqs: Vec<u64> = out.iter().filter(|r| r.id.source == id).map(|r| r.id.seq).collect();
                prop_assert!(seqs.is_sorted());
            }
            let on_time: Vec<RowId> = out.iter().filter(|r| !r.late).map(|r| r.id).collect();
            prop_assert!(on_time.is_sorted());
        }
    }

    #[test]
    fn to_the_end_rows_come_out_sorted_whatever_comes_first() {
        let (mut ingest, mut merge) = (Ingest::default(), Merge::to_the_end());
        let (a, b) = (ingest.number(&source("a")), ingest.number(&source("b")));
        let now = Instant::now();
        merge.open(a);
        merge.open(b);
        let mut line = |id, second: u32| {
            ingest.line(id, raw(format!("2026-11-18T08:00:{second:02}Z x")), chrono::Utc::now()).unwrap()
        };
        merge.push(line(a, 1), now);
        merge.push(line(a, 9), now);
        assert!(merge.pop(now).is_none(), "b may still bring an earlier one");
        merge.push(line(b, 5), now);
        assert_eq!(std::iter::from_fn(|| merge.pop(now)).count(), 2);
        merge.close(a);
        merge.close(b);
        assert_eq!(std::iter::from_fn(|| merge.pop(now)).count(), 1);
    }
}
