//! Answers the screen's query with a window of rows and the figures around them.

use std::collections::BTreeSet;

use chrono::DateTime;

use super::filter::{Filter, Line, Text};
use super::record::Ingest;
use super::row;
use super::scan::{Run, Scan, Spot, Wanted};
use super::store::Store;
use crate::domain::host::HostName;
use crate::domain::log::SourceId;
use crate::domain::log_view::{Anchor, LogQuery, LogRow, LogWindow, Repeats, RowId, Seek};

/// The query of the moment, and how far it has been worked out.
#[derive(Debug, Default)]
pub struct View {
    query: LogQuery,
    scan: Scan,
    error: Option<String>,
    /// What rows are marked by.
    mark: Option<Filter>,
    /// The row that was last found by seeking.
    found: Option<RowId>,
    /// Nothing has been looked through since the filter or search is another.
    fresh: bool,
}

impl View {
    /// Takes a new query; rows are looked through anew only when the filter or search is another.
    pub fn ask(&mut self, query: LogQuery) {
        let same_filter = query.filter == self.query.filter && query.fold == self.query.fold;
        let same = same_filter && query.search == self.query.search;
        if query.mark != self.query.mark {
            // What cannot be used marks nothing: its error was told when it was the filter.
            self.mark = query.mark.as_ref().and_then(|query| Filter::of_query(query).ok());
        }
        self.query = query;
        if same {
            return;
        }
        self.fresh = true;
        let filter = Filter::compile(&self.query.filter);
        let search = self.query.search.as_deref().map(Text::compile).transpose();
        // A regex that cannot be used filters nothing; its error is shown beside all the rows.
        self.error = filter.as_ref().err().or(search.as_ref().err()).cloned();
        if same_filter {
            self.scan.search_anew(search.unwrap_or_default());
        } else {
            self.scan.restart(filter.unwrap_or_default(), search.unwrap_or_default(), self.query.fold);
        }
    }

    /// The query of the moment.
    pub fn query(&self) -> &LogQuery {
        &self.query
    }

    /// Works on while `more` says so.
    pub fn advance(&mut self, store: &Store, ingest: &Ingest, mut more: impl FnMut() -> bool) {
        self.fresh = false;
        self.scan.advance(store, ingest, |_| more());
    }

    /// The same, but the first time after another filter or search only until a window is full: whoever types waits for
    /// that, and the counts can come with the next one.
    pub fn advance_first(&mut self, store: &Store, ingest: &Ingest, mut more: impl FnMut() -> bool) {
        let enough = if std::mem::take(&mut self.fresh) { self.query.rows } else { usize::MAX };
        self.scan.advance(store, ingest, |shown| shown < enough && more());
    }

    /// Whether every row has been looked at.
    pub fn is_complete(&self) -> bool {
        self.scan.is_complete()
    }

    /// The window that the query asks for. None: what it needs has not been looked through yet.
    pub fn window(&mut self, store: &Store, ingest: &Ingest) -> Option<LogWindow> {
        let top = self.top(store)?;
        let scan = &self.scan;
        let shown: Vec<Spot> = {
            let mut spots = Vec::with_capacity(self.query.rows.min(1000));
            let mut spot = scan.forward(store, top, 0);
            while spots.len() < self.query.rows && scan.is_row(store, spot) {
                spots.push(spot);
                spot = scan.forward(store, spot, 1);
            }
            spots
        };
        let totals = scan.totals(store);
        let above = shown.first().map_or(totals.rows, |first| scan.before(store, *first));
        let cursor = self.found.and_then(|found| {
            shown.iter().find(|spot| scan.block_row(store, **spot).is_some_and(|(b, at)| b.entries()[at].id() == found))
        });
        let number = cursor.and_then(|spot| scan.hit_number(store, *spot));
        let left = self.query.left.and_then(|id| scan.find(store, RowId { seq: id.seq + 1, ..id }));
        Some(LogWindow {
            number: self.query.number,
            rows: shown.iter().filter_map(|spot| self.row(store, ingest, *spot)).collect(),
            above,
            below: totals.rows - above - shown.len() as u64,
            newer: left.map_or(0, |left| totals.rows - scan.before(store, left)),
            total: store.len() as u64,
            matching: totals.lines,
            events: totals.events,
            hits: scan.search().map(|_| (totals.hits, number)),
            histogram: self.scan.histogram(store, self.query.histogram),
            evicted: store.evicted(),
            error: self.error.clone(),
            counting: !self.scan.is_complete(),
            ..LogWindow::default()
        })
    }

    fn row(&self, store: &Store, ingest: &Ingest, spot: Spot) -> Option<LogRow> {
        let (rows, at) = self.scan.block_row(store, spot)?;
        let entry = &rows.entries()[at];
        let state = ingest.source(entry.source())?;
        let line = || Line::new(rows.line(at), entry.level, state, entry.time().nanos);
        let marked = !entry.is_ledger() && self.mark.as_ref().is_some_and(|mark| mark.wants(&line()));
        let repeats = self.scan.run(store, spot).filter(|run| run.events > 1).map(|run| repeats(&run, ingest));
        Some(LogRow {
            marked,
            repeats,
            ..row::shown(&rows, at, state, self.scan.search().map(Text::line), &self.query)
        })
    }

    /// The window's first row. A window never shows fewer rows than it could.
    fn top(&mut self, store: &Store) -> Option<Spot> {
        let (scan, query) = (&self.scan, &self.query);
        let end = scan.end(store);
        let (last, _) = scan.back(store, end, query.rows as u64);
        let anchor = match query.anchor {
            Anchor::Tail if query.seek.is_some() => end,
            Anchor::Tail => last,
            Anchor::Top(id) => scan.find(store, id)?,
            Anchor::Time(time) => {
                scan.find(store, RowId { micros: time.timestamp_micros(), source: SourceId(0), seq: 0 })?
            }
        };
        let base = match query.seek {
            None => anchor,
            Some((seek, forward)) => {
                let wanted = match seek {
                    Seek::Match => Wanted::Hit,
                    Seek::Level(least) => Wanted::Level(least),
                };
                match scan.seek(store, anchor, forward, wanted) {
                    Ok(spot) => {
                        self.found = scan.block_row(store, spot).map(|(block, at)| block.entries()[at].id());
                        spot
                    }
                    Err(true) => return None,
                    Err(false) => anchor,
                }
            }
        };
        if query.offset >= 0 {
            return Some(scan.forward(store, base, query.offset.unsigned_abs()).min(last));
        }
        match scan.back(store, base, query.offset.unsigned_abs()) {
            (_, true) => None,
            (spot, false) => Some(spot.min(last)),
        }
    }
}

/// On which hosts it is, and on which of those that have the same services it is not.
fn repeats(run: &Run, ingest: &Ingest) -> Repeats {
    let of = |id: &SourceId| ingest.source(*id).map(|state| &state.source);
    let hosts: BTreeSet<HostName> = run.sources.iter().filter_map(of).map(|source| source.host.clone()).collect();
    let services: BTreeSet<_> = run.sources.iter().filter_map(of).map(|source| source.service.clone()).collect();
    let others = ingest.sources().iter().map(|state| &state.source);
    let missing: BTreeSet<HostName> = others
        .filter(|source| services.contains(&source.service) && !hosts.contains(&source.host))
        .map(|source| source.host.clone())
        .collect();
    let last = DateTime::from_timestamp_micros(run.last).unwrap_or_default();
    Repeats { count: run.events, hosts: hosts.into_iter().collect(), missing: missing.into_iter().collect(), last }
}

#[cfg(test)]
mod tests;
