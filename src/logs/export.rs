//! Taking rows out of the store: a little at a time, so that nothing waits for it.

mod form;

use std::collections::HashMap;
use std::io::{self, Write};

use tokio::sync::oneshot;

use self::form::Writer;
use super::block::Block;
use super::filter::Filter;
use super::parse;
use super::record::{EVENT_LINES, Ingest};
use super::store::Store;
use crate::domain::log::SourceId;
use crate::domain::log_export::{Export, ExportForm, Taken};
use crate::domain::log_view::{LogFilter, RowId};
use crate::domain::redact;

/// What has been taken out.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// So many rows.
    pub rows: u64,
    /// Of those, had secrets that were taken out.
    pub redacted: u64,
}

/// Where it goes, and who waits for it.
pub struct Order {
    /// What is wanted.
    pub export: Export,
    /// Where it is written.
    pub to: Box<dyn Write + Send>,
    /// Who is told how it ended.
    pub done: oneshot::Sender<io::Result<Exported>>,
}

impl std::fmt::Debug for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.export.fmt(f)
    }
}

/// One that is being worked on.
pub struct Running {
    order: Order,
    filter: Filter,
    last: Option<RowId>,
    /// What has been written ends before this.
    next: Option<RowId>,
    writer: Writer,
}

impl Running {
    /// Begins; a filter that cannot be used is said at once.
    pub fn begin(order: Order) -> Option<Self> {
        let (wanted, first, last) = match &order.export.what {
            Taken::Between(filter, first, last) => (filter.clone(), Some(*first), Some(*last)),
            Taken::Passing(filter) => (filter.clone(), None, None),
            Taken::Line(_) | Taken::Event(_) | Taken::Field(..) => (LogFilter::default(), None, None),
        };
        let writer = Writer::new(order.export.form, order.export.redact, &wanted.query);
        match Filter::compile(&wanted) {
            Ok(filter) => Some(Self { order, filter, last, next: first, writer }),
            Err(why) => {
                // Nobody waits any more when this fails.
                let _ = order.done.send(Err(io::Error::other(why)));
                None
            }
        }
    }

    /// Works on while `more` says so. None: it is done, or has failed, and that has been told.
    pub fn advance(mut self, store: &Store, ingest: &Ingest, more: impl FnMut() -> bool) -> Option<Self> {
        match self.work(store, ingest, more) {
            Ok(false) => Some(self),
            ended => {
                let flushed = ended.and_then(|_| self.order.to.flush());
                let _ = self.order.done.send(flushed.map(|()| self.writer.exported));
                None
            }
        }
    }

    /// Whether all has been written.
    fn work(&mut self, store: &Store, ingest: &Ingest, mut more: impl FnMut() -> bool) -> io::Result<bool> {
        match self.order.export.what.clone() {
            Taken::Line(id) => self.rows(store, ingest, &[id]),
            Taken::Event(id) => self.rows(store, ingest, &event(store, id)),
            Taken::Field(id, name) => self.field(store, ingest, id, &name),
            Taken::Between(..) | Taken::Passing(_) => {
                // What comes while it is written is not waited for.
                self.last = self.last.or_else(|| store.blocks().back().and_then(Block::last));
                while self.block(store, ingest)? {
                    if !more() {
                        return Ok(false);
                    }
                }
                self.writer.end(&mut self.order.to)?;
                return Ok(true);
            }
        }?;
        Ok(true)
    }

    fn rows(&mut self, store: &Store, ingest: &Ingest, ids: &[RowId]) -> io::Result<()> {
        for id in ids {
            let (Some(rows), Some(state)) = (store.open(store.block_of(*id)), ingest.source(id.source)) else {
                continue;
            };
            if let Ok(at) = rows.entries().binary_search_by_key(id, |entry| entry.id()) {
                self.writer.row(&mut self.order.to, &rows, at, state)?;
            }
        }
        if self.writer.exported.rows == 0 {
            return Err(gone());
        }
        self.writer.end(&mut self.order.to)
    }

    fn field(&mut self, store: &Store, ingest: &Ingest, id: RowId, name: &str) -> io::Result<()> {
        let (rows, state) = store.open(store.block_of(id)).zip(ingest.source(id.source)).ok_or_else(gone)?;
        let at = rows.entries().binary_search_by_key(&id, |entry| entry.id()).map_err(|_| gone())?;
        let (line, nanos) = (rows.line(at), rows.entries()[at].time().nanos);
        // A secret is known by its field's name: it is taken out before the field is looked for.
        let line = if self.order.export.redact { redact::bytes(line) } else { line.into() };
        let value = parse::field(state.shape(), &line, nanos, name);
        let value = value.ok_or_else(|| io::Error::other(format!("the line has no field `{name}`")))?;
        self.writer.exported.rows = 1;
        self.order.to.write_all(&value)
    }

    /// Writes the rows of the next block; whether there may be more.
    fn block(&mut self, store: &Store, ingest: &Ingest) -> io::Result<bool> {
        // By the place of the last row written: blocks come and go meanwhile.
        let from = self.next.map_or(0, |next| store.block_of(next));
        let Some((block, rows)) = store.blocks().get(from).zip(store.open(from)) else { return Ok(false) };
        let sources = ingest.sources();
        let known: Vec<Option<bool>> =
            sources.iter().zip(0..).map(|(state, n)| self.filter.of_source(SourceId(n), &state.source)).collect();
        let passing = store.glance(block, |glance| self.filter.rows(glance, 0, sources, &known));
        for at in passing.shown.iter() {
            let id = rows.entries()[at].id();
            if self.next.is_some_and(|next| id < next) {
                continue;
            }
            if self.last.is_some_and(|last| id > last) {
                return Ok(false);
            }
            if let Some(state) = ingest.source(id.source) {
                self.writer.row(&mut self.order.to, &rows, at, state)?;
            }
        }
        let Some(next) = store.blocks().get(from + 1).and_then(Block::first) else { return Ok(false) };
        self.next = Some(next);
        Ok(true)
    }
}

fn gone() -> io::Error {
    io::Error::other("the line is no longer held")
}

/// The rows of the event that a row is of: the nearest earlier one of its source that continues nothing, and what
/// continues it.
fn event(store: &Store, id: RowId) -> Vec<RowId> {
    let (at, mut ids) = (store.block_of(id), Vec::new());
    // Up to the head, newest first.
    'back: for n in (0..=at).rev() {
        let Some(rows) = store.open(n) else { break };
        let earlier = rows.entries().iter().rev().filter(|entry| entry.source() == id.source && !entry.is_ledger());
        for entry in earlier.filter(|entry| entry.id() <= id) {
            ids.push(entry.id());
            if !entry.continues() || ids.len() >= EVENT_LINES {
                break 'back;
            }
        }
    }
    ids.reverse();
    'on: for n in at..store.blocks().len() {
        let Some(rows) = store.open(n) else { break };
        let later = rows.entries().iter().filter(|entry| entry.source() == id.source && !entry.is_ledger());
        for entry in later.filter(|entry| entry.id() > id) {
            if !entry.continues() || ids.len() >= EVENT_LINES {
                break 'on;
            }
            ids.push(entry.id());
        }
    }
    if ids.is_empty() { vec![id] } else { ids }
}

/// Secrets over several rows of a source: what follows the beginning of a private key is its inside.
#[derive(Debug, Default)]
struct Redactor {
    inside: HashMap<SourceId, u32>,
}

impl Redactor {
    /// No key has more lines than this.
    const LONGEST_KEY: u32 = 200;

    /// The line without the secrets in it, when it has any.
    fn line(&mut self, source: SourceId, line: &[u8]) -> Option<Vec<u8>> {
        let find = |what: &[u8]| memchr::memmem::rfind(line, what);
        let marks = |word: &[u8]| find(word).filter(|at| memchr::memmem::find(&line[*at..], b"PRIVATE KEY").is_some());
        let (begins, ends) = (marks(b"-----BEGIN "), marks(b"-----END "));
        let inside = self.inside.get(&source).copied();
        match (begins, ends) {
            (Some(begin), end) if end.is_none_or(|end| end < begin) => {
                self.inside.insert(source, 0);
            }
            (_, Some(_)) => drop(self.inside.remove(&source)),
            _ if inside.is_some_and(|lines| lines < Self::LONGEST_KEY) => {
                self.inside.entry(source).and_modify(|lines| *lines += 1);
                return Some(redact::REDACTED.as_bytes().to_vec());
            }
            _ => drop(self.inside.remove(&source)),
        }
        match redact::bytes(line) {
            std::borrow::Cow::Owned(clean) if clean != line => Some(clean),
            _ => None,
        }
    }
}

/// Whether a form has room for ledger rows.
fn takes_ledger(form: ExportForm) -> bool {
    matches!(form, ExportForm::Json | ExportForm::Markdown)
}

#[cfg(test)]
mod tests;
