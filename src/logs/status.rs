//! What the sidebar says of each source: rate, errors, lag, whether it lives.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

use super::parse;
use super::record::{Record, SourceState};
use crate::domain::log::{Level, SourceId, TimeFrom};
use crate::domain::log_view::SourceStatus;
use crate::domain::text::clean_bytes;

/// Minutes of errors that are kept.
const MINUTES: i64 = 12;
/// Errors are counted in slots of so many seconds.
const SLOT: i64 = 5;
/// The most bytes of an error's message that are kept beside the stream.
const WIDEST: usize = 300;
/// Seconds over which a rate is taken.
const RATE_SECONDS: i64 = 5;

/// The figures of one source.
#[derive(Clone, Debug, Default)]
pub struct Figures {
    /// It is being read.
    pub live: bool,
    /// It has brought its history.
    pub caught_up: bool,
    /// Why it is not being read.
    pub error: Option<String>,
    lines: u64,
    newest: Option<DateTime<Utc>>,
    lag_s: Option<f64>,
    /// Lines by second of arrival, without its history.
    seconds: VecDeque<(i64, u64)>,
    /// Errors by slot of their own time, so that history is no burst.
    errors: VecDeque<(i64, u64)>,
    /// The newest error: its time in microseconds, and what it says.
    newest_error: Option<(i64, String)>,
}

impl Figures {
    /// A line arrived from a source.
    pub fn count(&mut self, record: &Record, state: &SourceState, now: DateTime<Utc>) {
        let skew = state.skew;
        (self.live, self.error) = (true, None);
        self.lines += 1;
        self.newest = Some(now);
        // History comes all at once: how fast says nothing of how fast it was written.
        if self.caught_up {
            add(&mut self.seconds, now.timestamp(), now.timestamp() - RATE_SECONDS);
        }
        let micros = match record.time_from {
            TimeFrom::Arrival => record.time.micros(),
            TimeFrom::Line | TimeFrom::Previous => record.time.micros().saturating_sub(skew),
        };
        if self.caught_up && record.time_from == TimeFrom::Line {
            self.lag_s = Some((now.timestamp_micros().saturating_sub(micros)) as f64 / 1e6);
        }
        if record.level.is_some_and(|level| level >= Level::Error) && !record.continues {
            let slot = micros.div_euclid(1_000_000).min(now.timestamp()).div_euclid(SLOT);
            let oldest = (now.timestamp() - MINUTES * 60).div_euclid(SLOT);
            add(&mut self.errors, slot, oldest);
            let newer = self.newest_error.as_ref().is_none_or(|(at, _)| *at <= micros);
            if let Some(line) = record.line().filter(|_| slot >= oldest && newer) {
                let message = parse::message(state.shape(), line, record.time.nanos);
                let message = &line[message.start..message.end.min(message.start + WIDEST)];
                self.newest_error = Some((micros, clean_bytes(message)));
            }
        }
    }

    /// Lines per second lately.
    fn rate(&self, now: DateTime<Utc>) -> f64 {
        let (from, to) = (now.timestamp() - RATE_SECONDS, now.timestamp());
        let lines: u64 = self.seconds.iter().filter(|(at, _)| (from..to).contains(at)).map(|(_, n)| n).sum();
        lines as f64 / RATE_SECONDS as f64
    }

    /// As the screen shows it.
    pub fn status(&self, id: SourceId, state: &SourceState, now: DateTime<Utc>) -> SourceStatus {
        let mut errors = vec![0; MINUTES as usize];
        let slot = now.timestamp().div_euclid(SLOT);
        for (at, n) in &self.errors {
            let ago = (slot - at) / (60 / SLOT);
            if let Some(minute) = usize::try_from(MINUTES - 1 - ago).ok().and_then(|at| errors.get_mut(at)) {
                *minute += n;
            }
        }
        SourceStatus {
            id,
            source: state.source.clone(),
            live: self.live,
            error: self.error.clone(),
            rate: self.rate(now),
            lines: self.lines,
            errors_min: errors.last().copied().unwrap_or(0),
            newest_error: self.newest_error.clone().filter(|_| errors.iter().any(|n| *n > 0)),
            errors,
            newest: self.newest,
            lag_s: self.lag_s,
            format: state.format_name(),
        }
    }
}

/// Counts one at `at`, and forgets what is before `oldest`.
fn add(ring: &mut VecDeque<(i64, u64)>, at: i64, oldest: i64) {
    while ring.front().is_some_and(|(first, _)| *first < oldest) {
        ring.pop_front();
    }
    if at < oldest {
        return;
    }
    let place = ring.partition_point(|(other, _)| *other < at);
    match ring.get_mut(place) {
        Some((other, n)) if *other == at => *n += 1,
        _ => ring.insert(place, (at, 1)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::*;
    use crate::domain::log::{RawLine, Source};
    use crate::logs::record::Ingest;

    #[test]
    fn errors_are_counted_when_they_happened_not_when_they_were_fetched() {
        let mut ingest = Ingest::default();
        let id = ingest.number(&Arc::new(Source { host: "h".into(), service: None, name: "file:/x".into() }));
        let mut figures = Figures { caught_up: true, ..Figures::default() };
        let now: DateTime<Utc> = "2026-11-18T08:00:00Z".parse().unwrap();
        for (time, level) in [
            ("07:30:00", "error"),
            ("07:55:30", "error"),
            ("07:59:10", "error"),
            ("07:59:20", "fatal"),
            ("07:59:30", "warn"),
        ] {
            let text = format!("ts=2026-11-18T{time}Z level={level} msg=\"at {time}\"");
            let raw = RawLine {
                bytes: Bytes::from(text),
                truncated: 0,
                offset: None,
                time: None,
                level: None,
                returned: false,
            };
            let (record, _) = ingest.line(id, raw, now).unwrap();
            figures.count(&record, ingest.source(id).unwrap(), now);
        }
        let state = ingest.source(id).unwrap();
        let status = figures.status(id, state, now);
        assert_eq!((status.errors_min, status.errors[7], status.errors.iter().sum()), (2, 1, 3_u64));
        assert_eq!(status.newest_error.map(|(_, text)| text).as_deref(), Some("at 07:59:20"));
        assert_eq!((status.lines, status.rate, status.format, status.lag_s), (5, 0.0, "logfmt", Some(30.0)));
        let later = figures.status(id, state, now + chrono::TimeDelta::seconds(2));
        assert_eq!(later.rate, 1.0);
        let silent = figures.status(id, state, now + chrono::TimeDelta::seconds(60));
        assert_eq!((silent.rate, silent.errors_min), (0.0, 0));
    }
    #[test]
    fn what_was_there_before_is_no_rate() {
        let mut ingest = Ingest::default();
        let id = ingest.number(&Arc::new(Source { host: "h".into(), service: None, name: "file:/x".into() }));
        let mut figures = Figures::default();
        let now: DateTime<Utc> = "2026-11-18T08:00:00Z".parse().unwrap();
        let mut bring = |figures: &mut Figures, lines: usize| {
            for _ in 0..lines {
                let bytes = Bytes::from_static(b"level=info msg=x");
                let raw = RawLine { bytes, truncated: 0, offset: None, time: None, level: None, returned: false };
                let (record, _) = ingest.line(id, raw, now).unwrap();
                figures.count(&record, ingest.source(id).unwrap(), now);
            }
            figures.status(id, ingest.source(id).unwrap(), now + chrono::TimeDelta::seconds(2))
        };
        let history = bring(&mut figures, 1000);
        assert_eq!((history.lines, history.rate), (1000, 0.0));
        figures.caught_up = true;
        assert_eq!(bring(&mut figures, 10).rate, 2.0);
    }
}
