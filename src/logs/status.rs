//! What the sidebar says of each source: rate, errors, lag, whether it lives.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use super::record::{Ingest, Record};
use crate::domain::log::{Level, SourceId};
use crate::domain::log_view::SourceStatus;

/// Minutes of errors that are kept.
const MINUTES: usize = 12;
/// Seconds over which a rate is taken.
const RATE_SECONDS: i64 = 5;

/// The figures of one source.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// It is being read.
    pub live: bool,
    /// Why it is not.
    pub error: Option<String>,
    lines: u64,
    newest: Option<DateTime<Utc>>,
    lag_s: Option<f64>,
    /// Lines by second of arrival.
    seconds: VecDeque<(i64, u64)>,
    /// Errors by minute of the line's own time.
    minutes: VecDeque<(i64, u64)>,
}

impl Figures {
    /// A line arrived.
    pub fn count(&mut self, record: &Record, now: DateTime<Utc>) {
        self.live = true;
        self.error = None;
        self.lines += 1;
        self.newest = Some(now);
        self.lag_s = Some((now - record.time.utc()).as_seconds_f64());
        add(&mut self.seconds, now.timestamp(), 1, RATE_SECONDS as usize + 2);
        let bad = record.level.is_some_and(|level| level >= Level::Error) && !record.continues;
        // By the line's own time: what happened before the cockpit opened did not happen now.
        add(&mut self.minutes, record.time.utc().timestamp() / 60, u64::from(bad), MINUTES);
    }

    /// Lines per second lately.
    pub fn rate(&self, now: DateTime<Utc>) -> f64 {
        let since = now.timestamp() - RATE_SECONDS;
        let lines: u64 = self
            .seconds
            .iter()
            .filter(|(second, _)| *second >= since && *second < now.timestamp())
            .map(|(_, n)| n)
            .sum();
        lines as f64 / RATE_SECONDS as f64
    }

    /// As the screen shows it.
    pub fn status(&self, id: SourceId, ingest: &Ingest, now: DateTime<Utc>) -> Option<SourceStatus> {
        let state = ingest.source(id)?;
        let this = now.timestamp() / 60;
        let errors: Vec<u64> = (0..MINUTES as i64)
            .rev()
            .map(|ago| self.minutes.iter().find(|(minute, _)| *minute == this - ago).map_or(0, |(_, n)| *n))
            .collect();
        Some(SourceStatus {
            id,
            source: state.source.clone(),
            live: self.live,
            error: self.error.clone(),
            rate: self.rate(now),
            lines: self.lines,
            errors_min: errors.iter().rev().take(2).copied().max().unwrap_or(0),
            errors,
            newest: self.newest,
            lag_s: self.lag_s,
            format: state.format,
        })
    }
}

fn add(ring: &mut VecDeque<(i64, u64)>, at: i64, count: u64, keep: usize) {
    match ring.back_mut() {
        Some((last, n)) if *last >= at => *n += count,
        _ => ring.push_back((at, count)),
    }
    while ring.len() > keep {
        ring.pop_front();
    }
}
