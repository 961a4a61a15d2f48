//! What runners write between the lines of a log: time stamps, and where sections begin and end.

use chrono::{DateTime, Utc};

use super::Section;
use crate::domain::text::one_line;

/// What a runner puts before a line: `2024-05-22T12:12:46.214019Z 00O ` and then the text, with a `+` for the last blank
/// where it goes on with the line before.
#[derive(Clone, Copy)]
pub(super) struct Stamp {
    pub time: DateTime<Utc>,
    pub continues: bool,
}

/// The stamp before a line, and the line.
pub(super) fn stamp(text: &str) -> (Option<Stamp>, &str) {
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

/// Where a section begins or ends.
pub(super) struct Mark {
    pub begins: bool,
    pub section: Section,
}

/// The first mark in a text, with what stands before and behind it.
pub(super) fn mark(text: &str) -> Option<(&str, Mark, &str)> {
    let mut from = 0;
    while let Some(found) = text[from..].find("section_") {
        let at = from + found;
        if let Some((mark, behind)) = parse(&text[at..]) {
            return Some((&text[..at], mark, behind));
        }
        from = at + "section_".len();
    }
    None
}

/// A mark at the beginning of a text: `section_start:1773844000:step_script[collapsed=true]`, then a carriage return.
fn parse(text: &str) -> Option<(Mark, &str)> {
    let (begins, rest) = match text.strip_prefix("section_start:") {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix("section_end:")?),
    };
    let (time, rest) = rest.split_once(':')?;
    let seconds = time.parse::<i64>().ok().filter(|_| time.bytes().all(|byte| byte.is_ascii_digit()))?;
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
    let (name, mut rest) = rest.split_at(end);
    let mut collapsed = false;
    if let Some(options) = rest.strip_prefix('[') {
        let (options, behind) = options.split_once(']')?;
        collapsed = options.split(',').any(|option| option == "collapsed=true");
        rest = behind;
    }
    // Without the return that hides it, it is what somebody printed.
    let behind = if rest.is_empty() { rest } else { rest.strip_prefix('\r')? };
    let section =
        Section { name: one_line(name, 100), started: DateTime::from_timestamp(seconds, 0), lasted: None, collapsed };
    (!name.is_empty()).then_some((Mark { begins, section }, behind))
}
