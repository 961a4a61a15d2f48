//! A regex over raw lines, run over whole blocks of them at once as ripgrep does.

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{
    Capture, Class, ClassBytes, ClassBytesRange, ClassUnicode, ClassUnicodeRange, Hir, HirKind, Look, Repetition,
};

use super::regex;
use crate::logs::rowset::RowSet;

/// A regex over one line, and one that finds in many lines exactly the lines that the first matches.
#[derive(Debug)]
pub struct Text {
    line: Regex,
    lines: Option<Regex>,
    /// What it is where it is nothing but plain text.
    plain: Option<Box<[u8]>>,
}

impl Text {
    /// Compiles a pattern; the error is the regex engine's own, in one line.
    pub fn compile(pattern: &str) -> Result<Self, String> {
        let line = regex(pattern)?;
        let parsed = ParserBuilder::new().utf8(false).build().parse(pattern).ok();
        let within = parsed.as_ref().and_then(within_lines);
        // What has no such form is asked of every line by itself: slower, and the same.
        let lines = within.and_then(|hir| RegexBuilder::new(&hir.to_string()).size_limit(16 << 20).build().ok());
        let plain = parsed.as_ref().and_then(|hir| match hir.kind() {
            HirKind::Literal(literal) => Some(literal.0.clone()),
            _ => None,
        });
        Ok(Self { line, lines, plain })
    }

    /// The regex over one line.
    pub fn line(&self) -> &Regex {
        &self.line
    }

    /// Whether it matches a line.
    pub fn is_match(&self, line: &[u8]) -> bool {
        self.line.is_match(line)
    }

    /// Whether whole blocks can be asked.
    pub fn takes_blocks(&self) -> bool {
        self.lines.is_some()
    }

    /// Whether it is certain that another matches every line that this one matches: a word with more letters.
    pub fn narrows(&self, other: &Self) -> bool {
        let (Some(plain), Some(other)) = (&self.plain, &other.plain) else { return false };
        memchr::memmem::find(plain, other).is_some()
    }

    /// Takes those lines of a text into a set that match; the first is row `first`. Each line ends in a newline.
    pub fn rows(&self, text: &[u8], first: usize, out: &mut RowSet) {
        let (Some(lines), Some(text)) = (&self.lines, text.strip_suffix(b"\n")) else { return };
        let (mut at, mut row) = (0, first);
        while let Some(end) = lines.shortest_match_at(text, at) {
            row += memchr::memchr_iter(b'\n', &text[at..end]).count();
            out.insert(row);
            let Some(rest) = memchr::memchr(b'\n', &text[end..]) else { return };
            (at, row) = (end + rest + 1, row + 1);
        }
    }
}

/// The same expression for many lines at once: it matches no newline, and the ends of the text are those of a line. None
/// where that cannot be said.
fn within_lines(hir: &Hir) -> Option<Hir> {
    Some(match hir.kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Literal(literal) if literal.0.contains(&b'\n') => Hir::fail(),
        HirKind::Literal(literal) => Hir::literal(literal.0.clone()),
        HirKind::Class(Class::Unicode(class)) => {
            let mut class = class.clone();
            class.difference(&ClassUnicode::new([ClassUnicodeRange::new('\n', '\n')]));
            Hir::class(Class::Unicode(class))
        }
        HirKind::Class(Class::Bytes(class)) => {
            let mut class = class.clone();
            class.difference(&ClassBytes::new([ClassBytesRange::new(b'\n', b'\n')]));
            Hir::class(Class::Bytes(class))
        }
        HirKind::Look(Look::Start | Look::StartLF) => Hir::look(Look::StartLF),
        HirKind::Look(Look::End | Look::EndLF) => Hir::look(Look::EndLF),
        // These see the newline as part of a line's end, which alone it has not.
        HirKind::Look(Look::StartCRLF | Look::EndCRLF) => return None,
        HirKind::Look(look) => Hir::look(*look),
        HirKind::Repetition(repetition) => {
            let sub = Box::new(within_lines(&repetition.sub)?);
            Hir::repetition(Repetition { sub, ..repetition.clone() })
        }
        HirKind::Capture(capture) => {
            let sub = Box::new(within_lines(&capture.sub)?);
            Hir::capture(Capture { sub, ..capture.clone() })
        }
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(within_lines).collect::<Option<_>>()?),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(within_lines).collect::<Option<_>>()?),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(pattern: &str, lines: &[&[u8]]) -> Vec<usize> {
        let text = Text::compile(pattern).unwrap();
        assert!(text.takes_blocks(), "{pattern}");
        let mut out = RowSet::none(lines.len());
        let joined: Vec<u8> = lines.iter().flat_map(|line| [line, b"\n".as_slice()].concat()).collect();
        text.rows(&joined, 0, &mut out);
        out.iter().collect()
    }

    #[test]
    fn many_lines_are_asked_as_each_by_itself() {
        let lines: [&[u8]; 6] = [b"abc", b"", b"a b", b"xbc\r", b"\xffb", b""];
        for (pattern, expected) in [
            ("^", vec![0, 1, 2, 3, 4, 5]),
            ("^$", vec![1, 5]),
            ("\\Aa", vec![0, 2]),
            ("c\\z", vec![0]),
            ("c$", vec![0]),
            ("c\\s$", vec![3]),
            ("\\s", vec![2, 3]),
            ("a[^x]*c", vec![0]),
            ("(?s)a.*b", vec![0, 2]),
            ("b\\n", vec![]),
            ("\\bb", vec![2, 4]),
            ("\\Bb", vec![0, 3]),
            ("(?-u)\\xff", vec![4]),
            ("(?i)ABC|^x", vec![0, 3]),
            ("[^a]", vec![0, 2, 3, 4]),
        ] {
            assert_eq!(rows(pattern, &lines), expected, "{pattern}");
        }
    }

    #[test]
    fn a_word_with_more_letters_is_narrower_and_of_anything_else_that_is_not_certain() {
        let narrows = |one: &str, other: &str| Text::compile(one).unwrap().narrows(&Text::compile(other).unwrap());
        for (one, other, expected) in [
            ("timed out", "time", true),
            ("time", "time", true),
            ("a\\.b", "\\.", true),
            ("out of time", "time", true),
            ("time", "timed", false),
            ("Time", "time", false),
            ("(?i)timed", "time", false),
            ("timed", "(?i)time", false),
            ("timed?", "time", false),
            ("a.b", ".", false),
            ("time|x", "time", false),
            ("time$", "time", false),
        ] {
            assert_eq!(narrows(one, other), expected, "{one} {other}");
        }
    }

    proptest! {
        #[test]
        fn whole_blocks_give_what_lines_give(
            pattern in "(\\(\\?[smi]\\))?([ab^$.]|\\\\[bBsSwWAz]|\\[\\^a\\]|\\(a\\|b*\\)|a+\\?|\\\\n|b\\{2\\}|(|a)|\\\\r){1,5}",
            lines in proptest::collection::vec("[ab \\r\u{e9}]{0,5}", 1..12),
        ) {
            let Ok(text) = Text::compile(&pattern) else { return Ok(()) };
            prop_assert!(text.takes_blocks(), "{}", pattern);
            let joined: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
            let mut out = RowSet::none(lines.len());
            text.rows(joined.as_bytes(), 0, &mut out);
            let alone: Vec<usize> = (0..lines.len()).filter(|n| text.is_match(lines[*n].as_bytes())).collect();
            prop_assert_eq!(out.iter().collect::<Vec<_>>(), alone, "{}", pattern);
        }
    }
}
