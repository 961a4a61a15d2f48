//! Lines that bear the time at which they were written: what was seen of them last, so that a command that is begun again
//! shortly before that gives each line once.
//!
//! Standard output and standard error, and several containers, come by ways of their own: a line may come after others
//! that were written later. So a stretch of time is asked for again, and of that stretch what was seen is known by time
//! and text.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;
use chrono::DateTime;

use crate::domain::log::RawLine;

/// How much later than others, by its own time, a line may come.
const STRETCH: i64 = 10_000_000_000;
/// The most lines that are remembered: what was written before them counts as seen.
const MOST: usize = 32_768;
/// Among so many lines one is looked for that docker repeats.
const REPEATED: usize = 4096;
/// Words before the time: stern and compose name where a line comes from.
const WORDS: usize = 4;
/// The longest time in RFC 3339 that is understood.
const LONGEST_STAMP: usize = 40;
/// Docker keeps a long line in pieces of so many bytes, and shows a time before each.
const PIECE: usize = 16 << 10;

/// Takes the time off a line and makes it the line's: nanoseconds since the epoch. None when it bears none.
pub(super) fn unstamp(line: &mut RawLine) -> Option<i64> {
    let (at, length, nanos) = stamp(&line.bytes)?;
    let mut rest = line.bytes.slice(at + length..);
    let mut text = if at == 0 { None } else { Some(line.bytes[..at].to_vec()) };
    while rest.len() > PIECE
        && let Some((length, _)) = leading(&rest[PIECE..])
    {
        text.get_or_insert_default().extend_from_slice(&rest[..PIECE]);
        rest = rest.slice(PIECE + length..);
    }
    line.bytes = match text {
        None => rest,
        Some(mut text) => {
            text.extend_from_slice(&rest);
            Bytes::from(text)
        }
    };
    line.time = Some(DateTime::from_timestamp_nanos(nanos));
    Some(nanos)
}

/// Where the time of a line stands, how long it is with the blank after it, and what it says.
fn stamp(line: &[u8]) -> Option<(usize, usize, i64)> {
    let mut at = 0;
    for _ in 0..WORDS {
        if let Some((length, nanos)) = leading(&line[at..]) {
            return Some((at, length, nanos));
        }
        at += memchr::memchr(b' ', &line[at..])?;
        at += line[at..].iter().position(|byte| *byte != b' ')?;
    }
    None
}

/// The time at the beginning of a text: how long it is with the blank after it, and what it says.
fn leading(text: &[u8]) -> Option<(usize, i64)> {
    // Most words are none, and that is seen at once.
    if !text.first()?.is_ascii_digit() || text.get(10) != Some(&b'T') {
        return None;
    }
    let end = text.iter().take(LONGEST_STAMP).position(|byte| *byte == b' ').unwrap_or(text.len());
    let word = std::str::from_utf8(text.get(..end).filter(|word| word.len() <= LONGEST_STAMP)?).ok()?;
    let nanos = DateTime::parse_from_rfc3339(word).ok()?.timestamp_nanos_opt()?;
    Some(((end + 1).min(text.len()), nanos))
}

/// What was seen last, and what is to come again of it.
#[derive(Debug, Default)]
pub(super) struct Resume {
    /// Time and hash of the lines seen last, in the order in which they came.
    seen: VecDeque<(i64, u64)>,
    newest: Option<i64>,
    /// Its times are finer than microseconds.
    fine: bool,
    /// Whatever was written before this counts as seen.
    floor: i64,
    /// What that was when it was asked for.
    asked: Option<i64>,
    /// Lines that were seen and may come again, and how often.
    again: HashMap<(i64, u64), u32>,
    /// What is coming was written before it was asked for: of several containers one may be far behind.
    behind: bool,
    /// Lines were to come again, and none has.
    strange: bool,
}

impl Resume {
    /// Everything written from this moment on is wanted, even when nothing has been seen yet.
    pub(super) fn wanted_since(&mut self, nanos: i64) {
        self.floor = self.floor.max(nanos);
    }

    /// The moment to ask from; none when there is nothing to go on from.
    pub(super) fn begin(&mut self) -> Option<i64> {
        if let (Some(newest), false) = (self.newest, self.behind) {
            self.floor = self.floor.max(newest.saturating_sub(STRETCH));
        }
        self.behind = true;
        self.again.clear();
        for seen in self.seen.iter().filter(|(nanos, _)| *nanos >= self.floor) {
            *self.again.entry(*seen).or_default() += 1;
        }
        self.strange = !self.again.is_empty();
        self.asked = (self.floor > 0 || self.newest.is_some()).then_some(self.floor);
        self.asked
    }

    /// All that was written before it was asked for has come.
    pub(super) fn settle(&mut self) {
        self.behind = false;
    }

    /// Nothing came again of what was seen last: it is another container's, or was rotated away.
    pub(super) fn is_strange(&self) -> bool {
        self.strange
    }

    /// Whether a line is seen for the first time.
    pub(super) fn is_new(&mut self, nanos: i64, line: &RawLine) -> bool {
        let mut hasher = DefaultHasher::new();
        (&line.bytes[..], line.truncated).hash(&mut hasher);
        let key = (nanos, hasher.finish());
        if let Some(times) = self.again.get_mut(&key) {
            *times -= 1;
            if *times == 0 {
                self.again.remove(&key);
            }
            self.strange = false;
            return false;
        }
        // What is asked for begins earlier where the tool cannot be told better.
        if self.behind && self.asked.is_some_and(|asked| nanos < asked) {
            return false;
        }
        // Docker shows lines once more when it rotates its own file; by a time this fine no two lines are alike.
        self.fine |= nanos % 1000 != 0;
        let old = self.newest.is_some_and(|newest| nanos <= newest);
        if self.fine && old && self.seen.iter().rev().take(REPEATED).any(|seen| *seen == key) {
            return false;
        }
        self.seen.push_back(key);
        let newest = self.newest.map_or(nanos, |newest| newest.max(nanos));
        self.newest = Some(newest);
        while let Some((oldest, _)) = self.seen.front().copied()
            && (self.seen.len() > MOST || !self.behind && oldest < newest.saturating_sub(STRETCH))
        {
            self.seen.pop_front();
            self.floor = self.floor.max(oldest.saturating_add(1));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(text: &str) -> RawLine {
        RawLine {
            bytes: Bytes::copy_from_slice(text.as_bytes()),
            truncated: 0,
            offset: None,
            time: None,
            level: None,
            returned: false,
        }
    }

    #[test]
    fn the_time_is_the_lines_and_the_text_what_the_program_wrote() {
        for (raw, text, time) in [
            ("2026-11-21T17:58:06.621618826Z line 1", "line 1", Some("2026-11-21T17:58:06.621618826Z")),
            ("2026-11-21T18:58:06.5+01:00   at x.y(Z.java:1)", "  at x.y(Z.java:1)", Some("2026-11-21T17:58:06.5Z")),
            ("2026-11-21T17:58:06Z", "", Some("2026-11-21T17:58:06Z")),
            ("[pod/a/b] 2026-11-21T17:58:06Z x", "[pod/a/b] x", Some("2026-11-21T17:58:06Z")),
            ("api-1  | 2026-11-21T17:58:06Z x", "api-1  | x", Some("2026-11-21T17:58:06Z")),
            ("shop-7d9f app 2026-11-21T17:58:06Z x", "shop-7d9f app x", Some("2026-11-21T17:58:06Z")),
            (
                "Error response from daemon: 2026-11-21T17:58:06Z",
                "Error response from daemon: 2026-11-21T17:58:06Z",
                None,
            ),
            ("2026-11-21T17:58 x", "2026-11-21T17:58 x", None),
            ("", "", None),
            ("é é é", "é é é", None),
        ] {
            let mut line = line(raw);
            let nanos = unstamp(&mut line);
            assert_eq!(std::str::from_utf8(&line.bytes).unwrap(), text);
            assert_eq!(line.time, time.map(|time| time.parse().unwrap()), "{raw}");
            assert_eq!(nanos, line.time.and_then(|time| time.timestamp_nanos_opt()));
        }
    }

    #[test]
    fn a_long_line_bears_a_time_before_each_of_its_pieces() {
        let text = "x".repeat(40_000);
        let stamp = "2026-11-21T17:58:06.621618826Z ";
        let raw = format!("{stamp}{}{stamp}{}{stamp}{}", &text[..PIECE], &text[PIECE..2 * PIECE], &text[2 * PIECE..]);
        let mut line = line(&raw);
        assert!(unstamp(&mut line).is_some());
        assert!(line.bytes == text, "{} bytes", line.bytes.len());
    }

    /// What a tool shows that is asked for a moment: everything from then on, cut to `grain`.
    fn shown(log: &[(i64, String)], since: Option<i64>, grain: i64) -> Vec<(i64, String)> {
        let since = since.map_or(i64::MIN, |since| since - since.rem_euclid(grain));
        log.iter().filter(|(nanos, _)| *nanos >= since).cloned().collect()
    }

    proptest! {
        #[test]
        fn each_line_comes_once_however_often_it_breaks_and_however_coarsely_is_asked(
            late in proptest::collection::vec((0_i64..3, 0_i64..4, 0_u8..3), 1..200),
            breaks in proptest::collection::vec((0_usize..60, any::<bool>()), 0..8),
            grain in prop_oneof![Just(1_i64), Just(1_000_000_000), Just(3)],
        ) {
            // Times that grow, but for lines that come late; some alike in time and text.
            let mut now = 1_763_686_800_000_000_000_i64;
            let log: Vec<(i64, String)> = late.iter().map(|(step, late, text)| {
                now += step * 700_000_000;
                (now - late * 900_000_000, format!("line {text}"))
            }).collect();
            let (mut resume, mut got) = (Resume::default(), Vec::new());
            for (count, settles) in breaks.into_iter().chain([(usize::MAX, true)]) {
                let since = resume.begin();
                for (nanos, text) in shown(&log, since, grain).into_iter().take(count) {
                    if resume.is_new(nanos, &line(&text)) {
                        got.push((nanos, text));
                    }
                }
                // A line comes less late than the stretch that is asked for again.
                if settles {
                    resume.settle();
                }
            }
            prop_assert_eq!(got, log);
        }
    }

    #[test]
    fn much_is_remembered_within_a_bound_and_another_containers_log_is_noticed() {
        let mut resume = Resume::default();
        assert_eq!(resume.begin(), None);
        resume.settle();
        for n in 0..100_000 {
            assert!(resume.is_new(1_000_000_000 + n, &line("x")));
        }
        assert_eq!(resume.seen.len(), MOST);
        assert_eq!(resume.begin(), Some(1_000_000_000 + 100_000 - MOST as i64));
        assert!(resume.is_strange());
        assert!(!resume.is_new(1_000_000_000, &line("x")), "before what was asked for");
        assert!(resume.is_strange());
        assert!(!resume.is_new(1_000_099_999, &line("x")));
        assert!(!resume.is_strange());
        assert!(!resume.is_new(1_000_099_999, &line("x")), "repeated, by a time of nanoseconds");
        assert!(resume.is_new(1_000_099_999, &line("y")));
        // One time in a thousand looks coarse.
        assert!(resume.is_new(1_000_100_000, &line("x")));
        assert!(!resume.is_new(1_000_100_000, &line("x")));
        let mut coarse = Resume::default();
        for _ in 0..2 {
            assert!(coarse.is_new(1_000_100_000, &line("x")), "of microseconds several may be alike");
        }
    }
}
