//! A row of the store as the screen shows it.

use std::borrow::Cow;
use std::ops::Range;

use chrono::{DateTime, Utc};
use regex::bytes::Regex;
use serde_json::Value;

use super::block::{Content, Rows};
use super::parse;
use super::record::SourceState;
use crate::domain::log::TimeFrom;
use crate::domain::log_view::{LogQuery, LogRow, RowContent};
use crate::domain::redact;
use crate::domain::text::{clean, clean_bytes, size};
use crate::logs::source::lines::LONGEST;

/// The most of one line that is shown: more than the largest screen holds.
const WIDEST: usize = 16 << 10;
/// The most hits that are marked in one line.
const MOST_HITS: usize = 200;

/// Makes row `at` of some rows ready to be shown: with the query's clock, and without secrets if it says so.
pub fn shown(rows: &Rows, at: usize, state: &SourceState, search: Option<&Regex>, query: &LogQuery) -> LogRow {
    let entry = &rows.entries()[at];
    let mut micros = entry.time().micros();
    if !query.raw_time && entry.time_from != TimeFrom::Arrival {
        micros = micros.saturating_sub(state.skew);
    }
    LogRow {
        id: entry.id(),
        source: entry.source(),
        time: DateTime::<Utc>::from_timestamp_micros(micros).unwrap_or_default(),
        time_from: entry.time_from,
        level: entry.level,
        content: match rows.content(at) {
            Content::Ledger(event) => RowContent::Ledger(event.clone()),
            Content::Line(line) => {
                let line = if query.redact { redact::bytes(line) } else { Cow::Borrowed(line) };
                shown_line(&line, state, search, entry.time().nanos)
            }
        },
        late: entry.late(),
        continues: entry.continues(),
        marked: false,
        repeats: None,
        spot: None,
    }
}

fn shown_line(line: &[u8], state: &SourceState, search: Option<&Regex>, now: i64) -> RowContent {
    let shape = state.shape();
    let fields = parse::fields(shape, line, now).into_iter();
    let mut shown_fields = Vec::new();
    for (name, value) in fields {
        flatten(clean(&name).into_owned(), &value, &mut shown_fields);
    }
    let message = parse::message(shape, line, now);
    let hits = search.map(|search| search.find_iter(line).take(MOST_HITS).map(|hit| hit.range()).collect());
    let mut ranges: Vec<Range<usize>> = hits.unwrap_or_default();
    ranges.push(message);
    let (text, mut ranges) = clean_with(&line[..line.len().min(WIDEST)], &ranges);
    let message = ranges.pop().unwrap_or(0..text.len());
    ranges.retain(|hit| !hit.is_empty());
    let text = text + &rest(line.len());
    RowContent::Line { text, hits: ranges, message, fields: shown_fields }
}

/// What is said behind a line of which not everything is shown.
fn rest(length: usize) -> String {
    let (shown, whole) = (size(WIDEST as u64), size(length as u64));
    match length {
        0..=WIDEST => String::new(),
        LONGEST.. => format!(" … {shown} shown; no more than {whole} of a line are kept"),
        _ => format!(" … {shown} of {whole} shown"),
    }
}

/// A field as text; an object's members each by their path.
fn flatten(name: String, value: &Value, out: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (member, value) in members {
                flatten(format!("{name}.{}", clean(member)), value, out);
            }
        }
        Value::String(text) => out.push((name, clean(text).into_owned())),
        other => out.push((name, clean(&other.to_string()).into_owned())),
    }
}

/// A line made safe, and where byte ranges of the raw line are in the safe text.
fn clean_with(line: &[u8], ranges: &[Range<usize>]) -> (String, Vec<Range<usize>>) {
    let mut cuts: Vec<usize> =
        ranges.iter().flat_map(|range| [range.start, range.end]).map(|at| at.min(line.len())).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let (mut text, mut from, mut places) = (String::with_capacity(line.len()), 0, Vec::with_capacity(cuts.len()));
    for cut in &cuts {
        text.push_str(&clean_bytes(&line[from..*cut]));
        places.push(text.len());
        from = *cut;
    }
    text.push_str(&clean_bytes(&line[from..]));
    let place = |at: usize| cuts.binary_search(&at.min(line.len())).map_or(0, |n| places[n]);
    let moved = ranges.iter().map(|range| place(range.start)..place(range.end)).collect();
    (text, moved)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::log::Source;
    use crate::logs::record::Ingest;

    #[test]
    fn marks_stay_on_what_they_mark_when_the_text_is_made_safe() {
        let (text, ranges) = clean_with(b"\x1b[31mred\xff end", &[5..8, 9..13, 0..99]);
        assert_eq!(text, "␛[31mred\u{fffd} end");
        assert_eq!((&text[ranges[0].clone()], &text[ranges[1].clone()]), ("red", " end"));
        assert_eq!(ranges[2], 0..text.len());
    }

    #[test]
    fn a_line_of_which_not_everything_is_shown_says_so() {
        let mut ingest = Ingest::default();
        let source = Source { host: "web-1".into(), service: None, name: "file:/x".into() };
        let id = ingest.number(&Arc::new(source));
        let state = ingest.source(id).unwrap();
        for (length, said) in [
            (WIDEST, ""),
            (WIDEST + 4000, " … 16 kB of 20 kB shown"),
            (LONGEST, " … 16 kB shown; no more than 66 kB of a line are kept"),
        ] {
            let shown = shown_line(&vec![b'x'; length], state, None, 0);
            let RowContent::Line { text, .. } = shown else { panic!("a line") };
            assert_eq!(text.trim_start_matches('x'), said);
        }
    }

    proptest! {
        #[test]
        fn any_ranges_of_any_bytes_are_places_in_the_text(
            line in proptest::collection::vec(any::<u8>(), 0..60), a in 0_usize..70, b in 0_usize..70
        ) {
            let (text, ranges) = clean_with(&line, std::slice::from_ref(&(a.min(b)..a.max(b))));
            prop_assert!(text.get(ranges[0].clone()).is_some());
        }
    }
}
