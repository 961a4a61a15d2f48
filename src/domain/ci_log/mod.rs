//! The log of a CI job, as GitLab keeps it: bytes in, lines safe to show out, a piece at a time.
//!
//! Understood are SGR colours (ECMA-48 8.3.117), progress that overwrites itself with carriage returns, `section_start` and
//! `section_end` markers (<https://docs.gitlab.com/ci/jobs/job_logs/>) and the time stamps that newer runners put before
//! each line. Every other escape sequence is left out, and whatever is left of control is made visible. What is kept is
//! bounded; what is dropped is counted.

mod ansi;
mod marks;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use ansi::spans;
pub use ansi::{Span, Tone};
use marks::{mark, stamp};

/// The longest line in bytes; a longer one is cut into several.
const LONGEST: usize = 16 << 10;
/// The most lines that are kept.
const MOST: usize = 20_000;
/// The most text that is kept, in bytes.
const MOST_BYTES: usize = 8 << 20;
/// Sections within sections.
const DEEPEST: usize = 32;

/// What a line that heads a section says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its name, such as `step_script`.
    pub name: String,
    /// When it began.
    pub started: Option<DateTime<Utc>>,
    /// How long it took; none while it goes on.
    pub lasted: Option<Duration>,
    /// Whether it is meant to be shown closed.
    pub collapsed: bool,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CiLine {
    /// Its number in the whole log, from 0.
    pub number: u64,
    /// When it was written, where the runner says.
    pub time: Option<DateTime<Utc>>,
    /// How many sections it is in.
    pub depth: usize,
    /// The section that it heads.
    pub section: Option<Section>,
    /// Its text.
    pub spans: Vec<Span>,
}

impl CiLine {
    /// Its text without its looks.
    pub fn text(&self) -> String {
        self.spans.iter().map(|span| span.text.as_str()).collect()
    }

    fn bytes(&self) -> usize {
        self.spans.iter().map(|span| span.text.len()).sum()
    }
}

/// A log so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CiLog {
    lines: VecDeque<Arc<CiLine>>,
    /// Text that is kept, in bytes.
    bytes: usize,
    /// The number of the next line.
    next: u64,
    /// What came after the last line's end.
    rest: Vec<u8>,
    /// A line that may go on, with its time.
    stamped: Option<(DateTime<Utc>, String)>,
    tone: Tone,
    /// Sections that are open: their names and the numbers of the lines that head them.
    open: Vec<(String, u64)>,
}

impl CiLog {
    /// Takes up what was written since.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let end = bytes.iter().position(|byte| *byte == b'\n');
            let room = LONGEST - self.rest.len().min(LONGEST);
            let whole = end.filter(|end| *end < room);
            let take = whole.unwrap_or(room.min(bytes.len()));
            self.rest.extend_from_slice(&bytes[..take]);
            bytes = &bytes[take + usize::from(whole.is_some())..];
            if whole.is_some() || self.rest.len() >= LONGEST {
                let line = std::mem::take(&mut self.rest);
                self.take(&String::from_utf8_lossy(&line));
            }
        }
    }

    /// The lines that are kept, oldest first.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &CiLine> + ExactSizeIterator {
        self.lines.iter().map(Arc::as_ref)
    }

    /// How many lines were dropped because there were too many.
    pub fn dropped(&self) -> u64 {
        self.lines.front().map_or(0, |line| line.number)
    }

    /// The line that is being written: progress, or what a job that ended has left without an end.
    pub fn unfinished(&self) -> Option<CiLine> {
        let mut probe = self.without_lines();
        probe.finish();
        let line = probe.lines.pop_back()?;
        (line.bytes() > 0).then(|| Arc::unwrap_or_clone(line))
    }

    /// Nothing more will be written: what has no end yet is a line too.
    pub fn finish(&mut self) {
        if !self.rest.is_empty() {
            let line = std::mem::take(&mut self.rest);
            self.take(&String::from_utf8_lossy(&line));
        }
        self.flush();
    }

    fn without_lines(&self) -> Self {
        Self {
            next: self.next,
            open: self.open.clone(),
            rest: self.rest.clone(),
            stamped: self.stamped.clone(),
            tone: self.tone,
            ..Self::default()
        }
    }

    /// Takes up one line as it was written. One with a time stamp may go on in the next.
    fn take(&mut self, text: &str) {
        match (stamp(text), &mut self.stamped) {
            ((Some(stamp), text), Some((_, known))) if stamp.continues && known.len() + text.len() <= LONGEST => {
                known.push_str(text);
            }
            ((Some(stamp), text), _) => {
                self.flush();
                self.stamped = Some((stamp.time, text.to_owned()));
            }
            ((None, text), _) => {
                self.flush();
                self.line(None, text);
            }
        }
    }

    fn flush(&mut self) {
        if let Some((time, text)) = self.stamped.take() {
            self.line(Some(time), &text);
        }
    }

    /// A whole line, marks and all.
    fn line(&mut self, time: Option<DateTime<Utc>>, text: &str) {
        let (mut rest, mut heading, mut marked) = (text, None, false);
        while let Some((before, mark, behind)) = mark(rest) {
            self.show(time, before, heading.take(), true);
            if mark.begins {
                heading = Some(mark.section);
            } else {
                self.end(&mark.section);
            }
            (rest, marked) = (behind, true);
        }
        self.show(time, rest, heading, marked);
    }

    /// Shows a part of a line. Where the line was only written for its marks, what is empty is not shown.
    fn show(&mut self, time: Option<DateTime<Utc>>, text: &str, heading: Option<Section>, marked: bool) {
        // What comes after a carriage return is written over what was there; one before the line's end does nothing.
        let written = text.trim_end_matches('\r');
        let seen = written.rsplit('\r').next().unwrap_or("");
        let mut spans = spans(seen, &mut self.tone);
        if spans.is_empty() {
            match &heading {
                Some(section) => spans.push(Span { text: section.name.clone(), tone: Tone::default() }),
                None if marked || seen.len() < written.len() => return,
                None => {}
            }
        }
        let (number, depth) = (self.next, self.open.len());
        if let Some(section) = &heading
            && depth < DEEPEST
        {
            self.open.push((section.name.clone(), number));
        }
        self.push(CiLine { number, time, depth, section: heading, spans });
    }

    /// A section has ended, and with it those in it.
    fn end(&mut self, section: &Section) {
        let Some(place) = self.open.iter().rposition(|(name, _)| *name == section.name) else { return };
        let (_, number) = self.open[place];
        self.open.truncate(place);
        let first = self.dropped();
        let index = number.checked_sub(first).and_then(|index| usize::try_from(index).ok());
        let Some(line) = index.and_then(|index| self.lines.get_mut(index)) else { return };
        if let Some(heading) = &mut Arc::make_mut(line).section {
            let lasted = section.started.zip(heading.started).map(|(end, start)| end - start);
            heading.lasted = lasted.and_then(|lasted| lasted.to_std().ok());
        }
    }

    fn push(&mut self, line: CiLine) {
        self.next += 1;
        self.bytes += line.bytes();
        self.lines.push_back(Arc::new(line));
        while self.lines.len() > MOST || self.bytes > MOST_BYTES {
            let Some(first) = self.lines.pop_front() else { return };
            self.bytes -= first.bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn log(bytes: &[u8]) -> CiLog {
        let mut log = CiLog::default();
        log.feed(bytes);
        log
    }

    fn texts(log: &CiLog) -> Vec<String> {
        log.lines().map(CiLine::text).collect()
    }

    #[test]
    fn colours_progress_and_what_must_not_reach_a_terminal() {
        for (bytes, expected) in [
            (&b"plain\n"[..], "plain"),
            (b"\x1b[0KRunning with gitlab-runner\x1b[0;m\n", "Running with gitlab-runner"),
            (b"10 %\r50 %\r100 %\n", "100 %"),
            (b"windows\r\n", "windows"),
            (b"\r\n", ""),
            (b"gone\r\x1b[K\nleft\n", "left"),
            (b"\n", ""),
            (b"\x1b]52;c;aGk=\x07after\n", "after"),
            (b"\x1b]0;title\x1b\\after\n", "after"),
            (b"\x1b]8;;http://x\x07link\x1b]8;;\x07\n", "link"),
            (b"\x1b[2J\x1b[1;1Hcleared\n", "cleared"),
            (b"\x1b(Bset\x1b7\x1bM\n", "set"),
            (b"\x1b]never ends\n", "␛]never ends"),
            (b"a\x08b\x07c\td\n", "a␈b␇c d"),
            ("a\u{202e}b\u{9b}31m\n".as_bytes(), "a\u{fffd}b\u{fffd}31m"),
            (b"\xff\xfe not text\n", "\u{fffd}\u{fffd} not text"),
            ("店 é\n".as_bytes(), "店 é"),
        ] {
            assert_eq!(texts(&log(bytes)), [expected], "{:?}", String::from_utf8_lossy(bytes));
        }
        let line = log(b"a\x1b[36;1mb\x1b[0mc\x1b[38;5;9md\x1b[38;2;1;2;3me\x1b[48;5;1;92mf\n")
            .lines()
            .next()
            .cloned()
            .unwrap();
        let tones: Vec<_> =
            line.spans.iter().map(|span| (span.text.as_str(), span.tone.color, span.tone.bold)).collect();
        assert_eq!(
            tones,
            [
                ("a", None, false),
                ("b", Some(6), true),
                ("c", None, false),
                ("d", Some(9), false),
                ("e", None, false),
                ("f", Some(10), false)
            ]
        );
    }

    #[test]
    fn a_section_may_begin_or_end_in_the_midst_of_a_line() {
        let log = log(b"section_start:10:a\r\x1b[0KHeading\nno newline at its end\x1b[0Ksection_end:12:a\r\x1b[0K\x1b[0Ksection_start:12:b\r\x1b[0KNext\n\
            echo section_start:1:x is only printed\nsection_end:soon:b\r\n\x1b[0Ksection_end:15:b\r\x1b[0K\r\n");
        let lines: Vec<(String, usize)> = log.lines().map(|line| (line.text(), line.depth)).collect();
        let expected = [
            ("Heading", 0),
            ("no newline at its end", 1),
            ("Next", 0),
            ("echo section_start:1:x is only printed", 1),
            ("section_end:soon:b", 1),
        ];
        assert_eq!(lines, expected.map(|(text, depth)| (text.to_owned(), depth)));
        let lasted = |n: usize| log.lines().nth(n).unwrap().section.as_ref().unwrap().lasted.unwrap().as_secs();
        assert_eq!((lasted(0), lasted(2)), (2, 3));
    }

    #[test]
    fn sections_have_a_heading_a_depth_and_a_length() {
        let log = log(b"first\n\
            section_start:1773844000:prepare[collapsed=true]\r\x1b[0K\x1b[36;1mPreparing\x1b[0;m\nin it\n\
            \x1b[0Ksection_start:1773844010:deep\r\x1b[0K\ndeeper\n\
            section_end:1773844020:deep\r\x1b[0Ksection_end:1773844025:prepare\r\x1b[0K\
            section_start:1773844030:next\r\x1b[0KNext\nlast\nsection_end:1773844099:unknown\r\x1b[0K\n");
        let lines: Vec<(String, usize, Option<String>)> =
            log.lines().map(|line| (line.text(), line.depth, line.section.as_ref().map(|s| s.name.clone()))).collect();
        let name = |name: &str| Some(name.to_owned());
        assert_eq!(
            lines,
            [
                ("first".into(), 0, None),
                ("Preparing".into(), 0, name("prepare")),
                ("in it".into(), 1, None),
                ("deep".into(), 1, name("deep")),
                ("deeper".into(), 2, None),
                ("Next".into(), 0, name("next")),
                ("last".into(), 1, None),
            ]
        );
        let sections: Vec<&Section> = log.lines().filter_map(|line| line.section.as_ref()).collect();
        assert!(sections[0].collapsed && !sections[1].collapsed);
        let lasted: Vec<Option<u64>> = sections.iter().map(|s| s.lasted.map(|lasted| lasted.as_secs())).collect();
        assert_eq!(lasted, [Some(25), Some(10), None]);
    }

    #[test]
    fn time_stamps_of_runners_are_taken_off_and_continued_lines_joined() {
        let bytes = b"2024-05-22T12:12:46.214019Z 00O section_start:1716379966:x\r\n\
            2024-05-22T12:12:46.214019Z 00O+\x1b[0KHeader\n\
            2024-05-22T12:12:47.000000Z 01E one \n2024-05-22T12:12:47.100000Z 01E+line\n\
            2024-05-22T12:12:47.000000Z is no stamp\n2024-05-22T12:12:48.000000Z 00O last";
        let mut log = log(bytes);
        assert_eq!(texts(&log), ["Header", "one line", "2024-05-22T12:12:47.000000Z is no stamp"]);
        assert_eq!(log.lines().next().unwrap().section.as_ref().unwrap().name, "x");
        let time = log.lines().nth(1).unwrap().time.unwrap();
        assert_eq!(time.to_rfc3339(), "2024-05-22T12:12:47+00:00");
        assert_eq!(log.unfinished().unwrap().text(), "last");
        // Whether a stamped line goes on, only the next one says; at the end there is none.
        log.feed(b" one\n");
        assert_eq!((log.lines().len(), log.unfinished().unwrap().text().as_str()), (3, "last one"));
        log.finish();
        assert_eq!((texts(&log)[3].as_str(), log.unfinished()), ("last one", None));
    }

    #[test]
    fn what_is_not_finished_is_shown_and_not_twice() {
        let mut log = log("done\n10 %\r20 %".as_bytes());
        assert_eq!(log.unfinished().unwrap().text(), "20 %");
        assert_eq!(log.unfinished().unwrap().number, 1);
        log.feed(b"\r30 %\nnext");
        assert_eq!(texts(&log), ["done", "30 %"]);
        assert_eq!(log.unfinished().unwrap().text(), "next");
    }

    #[test]
    fn a_log_without_end_is_cut_and_what_is_dropped_is_counted() {
        let mut long = log(&vec![b'x'; 3 * LONGEST + 5]);
        assert_eq!((long.lines().len(), long.unfinished().unwrap().text().len()), (3, 5));
        for _ in 0..MOST + 100 {
            long.feed(b"y\n");
        }
        assert_eq!((long.lines().len(), long.dropped()), (MOST, 103));
        let many = log(&b"\x1b[31ma\x1b[32mb".repeat(1000));
        assert!(many.unfinished().unwrap().spans.len() <= 200);
        let deep = log(b"section_start:1:a\r\x1b[0K\n".repeat(500).as_slice());
        assert_eq!(deep.lines().map(|line| line.depth).max(), Some(DEEPEST));
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_give_the_same_safe_lines(
            parts in proptest::collection::vec(prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..40),
                "(section_(start|end):[0-9]{0,3}:[a-c\\[=]{0,3}|\r|\n|\u{1b}\\[[0-9;:]{0,6}[mKHx]?|\u{1b}[\\]P(]?|\u{7}|x){0,12}".prop_map(String::into_bytes),
            ], 0..12),
            cut in 1_usize..30,
        ) {
            let bytes: Vec<u8> = parts.concat();
            let whole = log(&bytes);
            let mut pieces = CiLog::default();
            bytes.chunks(cut).for_each(|piece| pieces.feed(piece));
            prop_assert_eq!(&whole, &pieces);
            for line in whole.lines().cloned().chain(whole.unfinished()) {
                prop_assert!(!line.text().chars().any(crate::domain::text::is_unsafe));
                prop_assert!(line.depth <= DEEPEST);
            }
        }
    }
}
