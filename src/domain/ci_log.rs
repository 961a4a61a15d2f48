//! The log of a CI job, as GitLab keeps it: bytes in, lines safe to show out, a piece at a time.
//!
//! Understood are SGR colours (ECMA-48 8.3.117), progress that overwrites itself with carriage returns, `section_start` and
//! `section_end` markers (<https://docs.gitlab.com/ci/jobs/job_logs/>) and the time stamps that newer runners put before
//! each line. Every other escape sequence is left out, and whatever is left of control is made visible. What is kept is
//! bounded; what is dropped is counted.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::text::{clean, one_line};

/// The longest line in bytes; a longer one is cut into several.
const LONGEST: usize = 16 << 10;
/// The most lines that are kept.
const MOST: usize = 20_000;
/// The most text that is kept, in bytes.
const MOST_BYTES: usize = 8 << 20;
/// Pieces of one look in a line; what is behind them looks like the last.
const MOST_SPANS: usize = 200;
/// Sections within sections.
const DEEPEST: usize = 32;

/// How a piece of text looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tone {
    /// One of the terminal's sixteen colours; none: its own.
    pub color: Option<u8>,
    /// Whether it is bold.
    pub bold: bool,
}

/// A piece of a line. Its text is safe to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The text.
    pub text: String,
    /// How it looks.
    pub tone: Tone,
}

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
                self.line(&String::from_utf8_lossy(&line));
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
        let mut probe = Self { next: self.next, tone: self.tone, open: self.open.clone(), ..Self::default() };
        probe.line(&String::from_utf8_lossy(&self.rest));
        let line = probe.lines.pop_back()?;
        (line.bytes() > 0).then(|| Arc::unwrap_or_clone(line))
    }

    fn line(&mut self, text: &str) {
        let (stamp, text) = stamp(text);
        let mut shown = "";
        let mut heading = None;
        for part in text.split('\r') {
            let body = unescaped(part);
            if let Some(section) = body.strip_prefix("section_start:").and_then(section) {
                heading = Some(section);
            } else if let Some(section) = body.strip_prefix("section_end:").and_then(section) {
                self.end(&section);
                shown = "";
            } else if !body.is_empty() {
                shown = part;
            }
        }
        let only_marks = shown.is_empty() && text.contains("section_end:");
        if only_marks && heading.is_none() {
            return;
        }
        let mut spans = spans(shown, &mut self.tone);
        match (&heading, stamp) {
            (None, Some(stamp)) if stamp.continues && self.append(&mut spans) => return,
            (Some(section), _) if spans.is_empty() => {
                spans.push(Span { text: section.name.clone(), tone: Tone::default() });
            }
            _ => {}
        }
        let number = self.next;
        let depth = self.open.len();
        if let Some(section) = &heading
            && self.open.len() < DEEPEST
        {
            self.open.push((section.name.clone(), number));
        }
        self.push(CiLine { number, time: stamp.map(|stamp| stamp.time), depth, section: heading, spans });
    }

    /// Joins what belongs to the line before to it.
    fn append(&mut self, spans: &mut Vec<Span>) -> bool {
        let Some(last) = self.lines.back_mut() else { return false };
        if last.bytes() + spans.iter().map(|span| span.text.len()).sum::<usize>() > LONGEST {
            return false;
        }
        let last = Arc::make_mut(last);
        self.bytes += spans.iter().map(|span| span.text.len()).sum::<usize>();
        last.spans.append(spans);
        true
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

/// What a runner puts before a line: `2024-05-22T12:12:46.214019Z 00O ` and then the text, with a `+` for the blank where
/// it goes on with the line before.
#[derive(Clone, Copy)]
struct Stamp {
    time: DateTime<Utc>,
    continues: bool,
}

fn stamp(text: &str) -> (Option<Stamp>, &str) {
    const TIME: usize = 27;
    let parsed = || {
        let time = DateTime::parse_from_rfc3339(text.get(..TIME)?).ok()?.to_utc();
        let rest = text.get(TIME..)?.as_bytes();
        let [b' ', a, b, b'O' | b'E', flag @ (b' ' | b'+'), ..] = rest else { return None };
        let known = a.is_ascii_hexdigit() && b.is_ascii_hexdigit() && text.as_bytes()[TIME - 1] == b'Z';
        known.then_some((Stamp { time, continues: *flag == b'+' }, text.get(TIME + 5..)?))
    };
    parsed().map_or((None, text), |(stamp, rest)| (Some(stamp), rest))
}

/// What a marker says behind its word: `1773844000:step_script[collapsed=true]`.
fn section(text: &str) -> Option<Section> {
    let (time, name) = text.split_once(':')?;
    let started = time.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))).unwrap_or(name.len());
    let collapsed = name[end..].starts_with('[') && name[end..].contains("collapsed=true");
    (end > 0).then(|| Section { name: one_line(&name[..end], 100), started, lasted: None, collapsed })
}

/// An escape sequence at the beginning of a text: its SGR parameters if it is one of those, and what is behind it.
fn escape(text: &str) -> Option<(Option<&str>, &str)> {
    let rest = text.strip_prefix('\u{1b}')?;
    match rest.bytes().next()? {
        b'[' => {
            let end = rest[1..].find(|c: char| !matches!(c, ' '..='?'))? + 1;
            let last = rest[end..].chars().next()?;
            let known = matches!(last, '@'..='~');
            let behind = &rest[end + if known { last.len_utf8() } else { 0 }..];
            Some(((last == 'm').then(|| &rest[1..end]), behind))
        }
        // Strings for the terminal: titles, links, the clipboard.
        b']' | b'P' | b'X' | b'^' | b'_' => {
            let end = rest.find(['\u{7}', '\u{1b}', '\u{9c}'])?;
            let behind = &rest[end..];
            Some((
                None,
                behind.strip_prefix("\u{1b}\\").or_else(|| behind.strip_prefix(['\u{7}', '\u{9c}'])).unwrap_or(behind),
            ))
        }
        b' '..=b'/' => Some((None, rest.get(2..)?)),
        b'0'..=b'~' => Some((None, &rest[1..])),
        _ => None,
    }
}

/// What is behind the escape sequences at the beginning of a text.
fn unescaped(mut text: &str) -> &str {
    while let Some((_, behind)) = escape(text) {
        text = behind;
    }
    text
}

/// A text in pieces of one look each.
fn spans(text: &str, tone: &mut Tone) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some((sgr, behind)) = escape(rest) {
            sgr.into_iter().for_each(|parameters| apply(parameters, tone));
            rest = behind;
            continue;
        }
        // An escape that is none is shown as what it is.
        let skip = rest.chars().next().map_or(0, char::len_utf8);
        let end = rest[skip..].find('\u{1b}').map_or(rest.len(), |end| skip + end);
        let shown = clean(&rest[..end]);
        let full = spans.len() >= MOST_SPANS;
        match spans.last_mut() {
            Some(last) if last.tone == *tone || full => last.text.push_str(&shown),
            _ => spans.push(Span { text: shown.into_owned(), tone: *tone }),
        }
        rest = &rest[end..];
    }
    spans
}

/// Takes up the parameters of an SGR sequence.
fn apply(parameters: &str, tone: &mut Tone) {
    let mut numbers = parameters.split([';', ':']).map(|number| number.parse::<u16>().unwrap_or(0));
    while let Some(number) = numbers.next() {
        match number {
            0 => *tone = Tone::default(),
            1 => tone.bold = true,
            22 => tone.bold = false,
            30..=37 => tone.color = u8::try_from(number - 30).ok(),
            90..=97 => tone.color = u8::try_from(number - 82).ok(),
            39 => tone.color = None,
            // Of more colours only the first sixteen have a meaning in every theme.
            38 | 48 => {
                let color = match numbers.next() {
                    Some(5) => numbers.next().filter(|color| *color < 16).and_then(|color| u8::try_from(color).ok()),
                    Some(2) => numbers.by_ref().take(3).map(|_| None).last().flatten(),
                    _ => None,
                };
                if number == 38 {
                    tone.color = color;
                }
            }
            _ => {}
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
        let log = log(b"2024-05-22T12:12:46.214019Z 00O section_start:1716379966:x\r\x1b[0K\n\
            2024-05-22T12:12:46.214019Z 00O+Header\n\
            2024-05-22T12:12:47.000000Z 01E one \n2024-05-22T12:12:47.100000Z 01E+line\n\
            2024-05-22T12:12:47.000000Z is no stamp\n");
        assert_eq!(texts(&log)[1..], ["one line", "2024-05-22T12:12:47.000000Z is no stamp"]);
        let time = log.lines().nth(1).unwrap().time.unwrap();
        assert_eq!(time.to_rfc3339(), "2024-05-22T12:12:47+00:00");
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
        assert!(many.unfinished().unwrap().spans.len() <= MOST_SPANS);
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
