//! What a host can look for by itself: fixed texts of which every line that is wanted has at least one.
//!
//! They are worked out from a regex's structure. What they find is more than what is wanted, never less, so what a host
//! sends is filtered again here, and every count stays what it is without.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

use crate::domain::query::Query;

/// More texts than this, and a host is slow to look for them.
const MOST: usize = 64;
/// Shorter ones are everywhere.
const SHORTEST: usize = 2;
/// Longer ones need not be looked for to their end.
const LONGEST: usize = 256;
/// A class of more characters than this is nothing to look for.
const WIDEST: u32 = 12;

/// Fixed texts of which a line must have at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sieve {
    texts: Vec<String>,
}

impl Sieve {
    /// For lines that any of these regexes matches; none when that cannot be said, or there are none.
    pub fn any_of(patterns: &[String]) -> Option<Self> {
        let texts = patterns.iter().map(|pattern| needed_by(pattern)).collect::<Option<Vec<_>>>()?.concat();
        Self::of(texts)
    }

    /// For lines, or events, that pass a query.
    pub fn of_query(query: &Query) -> Option<Self> {
        match query {
            Query::Text(pattern) => Self::of(needed_by(pattern)?),
            Query::And(parts) => parts.iter().filter_map(Self::of_query).max_by_key(Self::worth),
            Query::Or(parts) => {
                let all = parts.iter().map(Self::of_query).collect::<Option<Vec<_>>>()?;
                Self::of(all.into_iter().flat_map(|one| one.texts.into_iter().map(String::into_bytes)).collect())
            }
            // A field's value need not stand in a line as it is written; what must not be there finds nothing.
            Query::Field(_) | Query::Not(_) => None,
        }
    }

    /// The one of two that finds less, as far as that can be told.
    pub fn narrower(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        one.into_iter().chain(other).max_by_key(Self::worth)
    }

    /// The texts: none is empty, none has a line end or a NUL.
    pub fn texts(&self) -> &[String] {
        &self.texts
    }

    /// Whether a line has one of them.
    pub fn finds(&self, line: &[u8]) -> bool {
        self.texts.iter().any(|text| memchr::memmem::find(line, text.as_bytes()).is_some())
    }

    fn of(texts: Vec<Vec<u8>>) -> Option<Self> {
        // No line has a line end in it, so what has one matches none.
        let texts = texts.into_iter().filter(|text| !text.contains(&b'\n'));
        let mut texts = texts.map(|text| printable(&text)).collect::<Option<Vec<_>>>()?;
        texts.sort();
        texts.dedup();
        let fine = !texts.is_empty() && texts.len() <= MOST;
        fine.then_some(Self { texts })
    }

    fn worth(&self) -> (usize, std::cmp::Reverse<usize>) {
        let shortest = self.texts.iter().map(String::len).min().unwrap_or(0);
        (shortest, std::cmp::Reverse(self.texts.len()))
    }
}

/// A text that can be an argument of a program; none where it can't, or is too short.
fn printable(text: &[u8]) -> Option<String> {
    let text = &text[..text.len().min(LONGEST)];
    let text = match std::str::from_utf8(text) {
        Ok(text) => text,
        // Cut within a character.
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&text[..error.valid_up_to()]).ok()?,
        Err(_) => return None,
    };
    (text.len() >= SHORTEST && !text.contains('\0')).then(|| text.to_owned())
}

/// Texts of which one is in all that a regex matches.
fn needed_by(pattern: &str) -> Option<Vec<Vec<u8>>> {
    let hir = ParserBuilder::new().utf8(false).build().parse(pattern).ok()?;
    needed(&hir).filter(|texts| texts.iter().all(|text| text.len() >= SHORTEST || text.contains(&b'\n')))
}

fn needed(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    if let Some(all) = exact(hir) {
        return all.iter().all(|text| !text.is_empty()).then_some(all);
    }
    match hir.kind() {
        HirKind::Capture(capture) => needed(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => needed(&repetition.sub),
        HirKind::Alternation(parts) => {
            let all = parts.iter().map(needed).collect::<Option<Vec<_>>>()?.concat();
            (all.len() <= MOST).then_some(all)
        }
        HirKind::Concat(parts) => {
            let mut best: Option<Vec<Vec<u8>>> = None;
            let mut take = |texts: Vec<Vec<u8>>| {
                if best.as_ref().is_none_or(|best| worth(best) < worth(&texts)) {
                    best = Some(texts);
                }
            };
            // What stands one after the other is looked for in one piece, as far as it can be listed.
            let mut run = vec![Vec::new()];
            for part in parts {
                match exact(part) {
                    Some(texts) => match product(&run, &texts) {
                        Some(longer) => run = longer,
                        None => take(std::mem::replace(&mut run, texts)),
                    },
                    None => {
                        take(std::mem::replace(&mut run, vec![Vec::new()]));
                        needed(part).into_iter().for_each(&mut take);
                    }
                }
            }
            take(run);
            best.filter(|texts| texts.iter().all(|text| !text.is_empty()))
        }
        _ => None,
    }
}

fn worth(texts: &[Vec<u8>]) -> (usize, std::cmp::Reverse<usize>) {
    (texts.iter().map(Vec::len).min().unwrap_or(0), std::cmp::Reverse(texts.len()))
}

/// All that an expression matches, where that is a short list.
fn exact(hir: &Hir) -> Option<Vec<Vec<u8>>> {
    match hir.kind() {
        // What only looks around takes no room.
        HirKind::Empty | HirKind::Look(_) => Some(vec![Vec::new()]),
        HirKind::Literal(literal) => Some(vec![literal.0.to_vec()]),
        HirKind::Class(Class::Unicode(class)) => {
            let count: u32 = class.iter().map(|range| u32::from(range.end()) - u32::from(range.start()) + 1).sum();
            let each = || class.iter().flat_map(|range| range.start()..=range.end());
            (1..=WIDEST).contains(&count).then(|| each().map(|c| c.to_string().into_bytes()).collect())
        }
        HirKind::Class(Class::Bytes(class)) => {
            let count: u32 = class.iter().map(|range| u32::from(range.end()) - u32::from(range.start()) + 1).sum();
            let each = || class.iter().flat_map(|range| range.start()..=range.end());
            (1..=WIDEST).contains(&count).then(|| each().map(|byte| vec![byte]).collect())
        }
        HirKind::Repetition(repetition) => {
            let (min, max) = (repetition.min, repetition.max?);
            let one = if max <= 8 { exact(&repetition.sub)? } else { return None };
            let (mut all, mut times) = (Vec::new(), vec![Vec::new()]);
            for count in 0..=max {
                if count >= min {
                    all.extend(times.iter().cloned());
                }
                if count < max {
                    times = product(&times, &one)?;
                }
            }
            (all.len() <= MOST).then_some(all)
        }
        HirKind::Capture(capture) => exact(&capture.sub),
        HirKind::Concat(parts) => parts.iter().try_fold(vec![Vec::new()], |all, part| product(&all, &exact(part)?)),
        HirKind::Alternation(parts) => {
            let all = parts.iter().map(exact).collect::<Option<Vec<_>>>()?.concat();
            (all.len() <= MOST).then_some(all)
        }
    }
}

/// Each of some texts with each of others behind it; none when there are too many.
fn product(one: &[Vec<u8>], other: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    let few = one.len().checked_mul(other.len()).is_some_and(|count| count <= MOST);
    few.then(|| one.iter().flat_map(|first| other.iter().map(move |then| [&first[..], then].concat())).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::query;

    fn texts(pattern: &str) -> Option<String> {
        Sieve::any_of(&[pattern.to_owned()]).map(|sieve| sieve.texts.join("|"))
    }

    #[test]
    fn what_every_match_has_in_it_is_found_in_a_regex() {
        for (pattern, expected) in [
            ("needle", Some("needle")),
            ("^KeyError: 'cart'$", Some("KeyError: 'cart'")),
            (r#"(level=error|"level":"error"| 50[024] )"#, Some(r#" 500 | 502 | 504 |"level":"error"|level=error"#)),
            (r"request_id=[0-9a-f]+ .*timeout", Some("request_id=")),
            (r"\d+ms (slow|late)er", Some("ms lateer|ms slower")),
            ("colou?r", Some("color|colour")),
            ("(?i)ok", Some("OK|Ok|oK|ok|o\u{212a}|O\u{212a}")),
            ("(ab){2}", Some("abab")),
            ("(abc)+d*", Some("abc")),
            ("a", None),
            (r"\d+", None),
            ("abc|.", None),
            ("(abc)?", None),
            ("", None),
            (r"(?-u)\xff\xfe", None),
            (r"a\x00b", None),
            ("abc\ndef", None),
            ("(", None),
        ] {
            let expected = expected.map(|all| {
                let mut all: Vec<&str> = all.split('|').collect();
                all.sort_unstable();
                all.join("|")
            });
            assert_eq!(texts(pattern), expected, "{pattern}");
        }
        assert!(texts("(?i)a connection timeout").is_some_and(|all| all.split('|').all(|text| text.len() >= 5)));
        assert_eq!(Sieve::any_of(&[]), None);
        assert_eq!(Sieve::any_of(&["abc".to_owned(), ".".to_owned()]), None, "either is wanted");
    }

    #[test]
    fn a_filter_is_looked_for_by_the_text_that_it_needs() {
        let sieve =
            |text: &str| Sieve::of_query(&query::parse(text, |_| true).unwrap()).map(|sieve| sieve.texts.join("|"));
        for (filter, expected) in [
            ("level>=error \"KeyError\" !healthz", Some("KeyError")),
            ("cart checkout", Some("checkout")),
            ("(cart|checkout) host:web*", Some("cart|checkout")),
            ("cart|status>=500", None),
            ("!cart", None),
            ("status=500", None),
        ] {
            assert_eq!(sieve(filter).as_deref(), expected, "{filter}");
        }
    }

    proptest! {
        #[test]
        fn no_line_that_a_regex_matches_is_without_one_of_the_texts(
            pattern in "(\\(\\?i\\))?([abk^$.]|ab|\\\\b|\\[ab\\]|\\[\\^a\\]|\\(ab\\|k\\)|\\(ab\\)\\{1,3\\}|a+|b\\?|(|ab)){1,6}",
            line in "[abkAK\u{212a} ]{0,12}",
        ) {
            let Some(sieve) = Sieve::any_of(std::slice::from_ref(&pattern)) else { return Ok(()) };
            let regex = query::regex(&pattern).unwrap();
            let found = sieve.texts.iter().any(|text| line.contains(text.as_str()));
            prop_assert!(found || !regex.is_match(line.as_bytes()), "{} {:?} {:?}", pattern, sieve, line);
        }
    }
}
