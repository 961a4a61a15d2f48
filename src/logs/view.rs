//! One filtered, searched view of the store, kept up to date as rows come: answers queries with windows.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use regex::bytes::Regex;

use super::filter::{Filter, regex};
use super::parse;
use super::record::{Body, Ingest, Record};
use super::store::Store;
use crate::domain::log::Level;
use crate::domain::log_view::{Anchor, Bucket, LogQuery, LogRow, LogWindow, RowContent, RowId, Seek};
use crate::domain::text::clean_bytes;

/// The most of one line that is shown.
const WIDEST: usize = 4096;

/// The rows that pass the query's filter, and those of them that match its search.
#[derive(Debug, Default)]
pub struct View {
    query: LogQuery,
    filter: Filter,
    search: Option<Regex>,
    error: Option<String>,
    passing: VecDeque<RowId>,
    hits: VecDeque<RowId>,
}

impl View {
    /// Takes a new query; rows are looked through anew only when the filter or search is another.
    pub fn ask(&mut self, query: LogQuery, store: &Store, ingest: &Ingest) {
        let same = query.filter == self.query.filter && query.search == self.query.search;
        self.query = query;
        if !same {
            self.error = None;
            match Filter::compile(&self.query.filter) {
                Ok(filter) => self.filter = filter,
                Err(error) => self.error = Some(error),
            }
            self.search = match self.query.search.as_deref().map(regex) {
                None => None,
                Some(Ok(search)) => Some(search),
                Some(Err(error)) => {
                    self.error = Some(error);
                    None
                }
            };
            self.rebuild(store, ingest);
        }
    }

    /// Looks through the whole store.
    pub fn rebuild(&mut self, store: &Store, ingest: &Ingest) {
        self.passing.clear();
        self.hits.clear();
        for record in store.rows() {
            self.take(record, ingest);
        }
    }

    /// A row was put at the end of the store.
    pub fn take(&mut self, record: &Record, ingest: &Ingest) {
        if self.filter.passes(record, ingest) {
            self.passing.push_back(record.id);
            if self.matches(record) {
                self.hits.push_back(record.id);
            }
        }
    }

    /// Rows before this one are gone.
    pub fn forget_before(&mut self, first: RowId) {
        for ids in [&mut self.passing, &mut self.hits] {
            while ids.front().is_some_and(|id| *id < first) {
                ids.pop_front();
            }
        }
    }

    fn matches(&self, record: &Record) -> bool {
        let Some(search) = &self.search else { return false };
        record.line().is_some_and(|line| search.is_match(line))
    }

    /// The window that the query asks for.
    pub fn window(&self, store: &Store, ingest: &Ingest) -> LogWindow {
        let (top, cursor) = self.top(store);
        let end = (top + self.query.rows).min(self.passing.len());
        let rows = self
            .passing
            .range(top.min(end)..end)
            .filter_map(|id| store.get(*id))
            .map(|r| self.row(r, ingest))
            .collect();
        LogWindow {
            number: self.query.number,
            rows,
            above: top as u64,
            below: (self.passing.len() - end) as u64,
            total: store.len() as u64,
            matching: self.passing.len() as u64,
            hits: self.search.as_ref().map(|_| {
                let before = cursor.map(|id| self.hits.partition_point(|hit| *hit <= id) as u64);
                (self.hits.len() as u64, before)
            }),
            histogram: self.histogram(store),
            evicted: store.evicted(),
            error: self.error.clone(),
            ..LogWindow::default()
        }
    }

    /// The index of the window's first row, and the row that a seek found.
    fn top(&self, store: &Store) -> (usize, Option<RowId>) {
        let last = self.passing.len().saturating_sub(self.query.rows);
        let at = match self.query.anchor {
            Anchor::Tail => last,
            Anchor::Top(id) => self.passing.partition_point(|row| *row < id),
            Anchor::Time(time) => self.passing.partition_point(|row| row.micros < time.timestamp_micros()),
        };
        let mut found = None;
        let at = match self.query.seek {
            None => at as i64 + self.query.offset,
            Some((seek, forward)) => {
                let from = (at as i64 + self.query.offset).max(0) as usize;
                let is = |id: &RowId| match seek {
                    Seek::Match => self.hits.binary_search(id).is_ok(),
                    Seek::Level(least) => {
                        store.get(*id).is_some_and(|r| r.level.is_some_and(|l| l >= least) && !r.continues)
                    }
                };
                let hit = if forward {
                    (from + 1..self.passing.len()).find(|i| is(&self.passing[*i]))
                } else {
                    (0..from.min(self.passing.len())).rev().find(|i| is(&self.passing[*i]))
                };
                found = hit.map(|i| self.passing[i]);
                hit.unwrap_or(from) as i64
            }
        };
        let at = usize::try_from(at.max(0)).unwrap_or(0);
        // Found rows stay where they are found; a window never shows less than it could.
        (at.min(last), found.or_else(|| self.passing.get(at).copied()))
    }

    fn row(&self, record: &Record, ingest: &Ingest) -> LogRow {
        let host = ingest.source(record.id.source).map(|state| &state.source.host);
        let skew = host.map_or(0, |host| if self.query.raw_time { 0 } else { ingest.skew_micros(host) });
        let micros = record.time.micros() - skew;
        let content = match &record.body {
            Body::Event(event) => RowContent::Ledger((**event).clone()),
            Body::Line { bytes, message, .. } => {
                let shown = &bytes[..bytes.len().min(WIDEST)];
                let text = clean_bytes(shown);
                // Offsets hold when cleaning changed nothing, which is nearly always; else the whole line is shown.
                let exact = text.len() == shown.len();
                let hits = match (&self.search, exact) {
                    (Some(search), true) => search.find_iter(shown).take(50).map(|hit| hit.range()).collect(),
                    _ => Vec::new(),
                };
                let whole = 0..text.len();
                let range = message.0 as usize..(message.1 as usize).min(text.len());
                let fits = exact
                    && range.start <= range.end
                    && text.is_char_boundary(range.start)
                    && text.is_char_boundary(range.end);
                RowContent::Line { message: if fits { range } else { whole }, hits, fields: parse::fields(shown), text }
            }
        };
        LogRow {
            id: record.id,
            source: record.id.source,
            time: DateTime::<Utc>::from_timestamp_micros(micros).unwrap_or_default(),
            time_from: record.time_from,
            level: record.level,
            content,
            late: record.late,
            continues: record.continues,
        }
    }

    fn histogram(&self, store: &Store) -> Vec<Bucket> {
        let columns = self.query.histogram as i64;
        let (Some(first), Some(last)) = (self.passing.front(), self.passing.back()) else { return Vec::new() };
        if columns == 0 {
            return Vec::new();
        }
        let (begin, end) = (first.micros.div_euclid(1_000_000), last.micros.div_euclid(1_000_000) + 1);
        let width = ((end - begin) as u64).div_ceil(columns as u64).max(1) as i64;
        let mut buckets: Vec<Bucket> =
            (0..columns).map(|n| Bucket { start: begin + n * width, ..Bucket::default() }).collect();
        for id in &self.passing {
            let at = (id.micros.div_euclid(1_000_000) - begin) / width;
            let Some(bucket) = buckets.get_mut(at as usize) else { continue };
            match store.get(*id).and_then(|record| record.level) {
                Some(level) if level >= Level::Error => bucket.errors += 1,
                Some(Level::Warn) => bucket.warnings += 1,
                _ => bucket.others += 1,
            }
        }
        buckets
    }
}
