//! One comparison of a field's value.

use regex::bytes::Regex;

use super::regex;
use crate::domain::glob;
use crate::domain::query::Op;

/// A comparison, with what it compares to.
#[derive(Debug)]
pub(super) enum Compare {
    /// The order of numbers, or of texts where it is no number that is compared to.
    Order(Op, String, Option<f64>),
    /// A regex.
    Matches(Regex),
    /// A glob over the whole value.
    Like(String),
}

impl Compare {
    /// Of an operator that is not the opposite of another.
    pub(super) fn compile(op: Op, value: &str) -> Result<Self, String> {
        Ok(match op {
            Op::Matches | Op::MatchesNot => Self::Matches(regex(value)?),
            Op::Like => Self::Like(value.to_owned()),
            op => Self::Order(op, value.to_owned(), number(value.as_bytes())),
        })
    }

    /// Whether it holds for a value.
    pub(super) fn holds(&self, value: &[u8]) -> bool {
        match self {
            Self::Matches(regex) => regex.is_match(value),
            Self::Like(pattern) => glob::matches(pattern, &String::from_utf8_lossy(value)),
            Self::Order(Op::Is, wanted, None) => value == wanted.as_bytes(),
            Self::Order(op, wanted, None) => op.holds(value.cmp(wanted.as_bytes())),
            Self::Order(op, wanted, Some(wanted_number)) => match number(value) {
                Some(number) => op.holds(number.total_cmp(wanted_number)),
                // What is no number has no place among numbers.
                None => *op == Op::Is && value == wanted.as_bytes(),
            },
        }
    }
}

/// The number that a value is; neither infinities nor words are numbers.
fn number(value: &[u8]) -> Option<f64> {
    let first = value.first()?;
    if !first.is_ascii_digit() && !matches!(first, b'-' | b'+' | b'.') {
        return None;
    }
    let number: f64 = std::str::from_utf8(value).ok()?.parse().ok()?;
    // Zero has no sign here.
    number.is_finite().then_some(if number == 0.0 { 0.0 } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_as_numbers_and_texts_as_texts() {
        for (op, wanted, value, expected) in [
            (Op::AtLeast, "500", "502", true),
            (Op::AtLeast, "500", "5e2", true),
            (Op::AtLeast, "500", "99", false),
            (Op::AtLeast, "500", "-", false),
            (Op::Above, "9", "abc", false),
            (Op::Below, "9", "abc", false),
            (Op::Is, "200", "200.0", true),
            (Op::Is, "0", "-0", true),
            (Op::Is, "a", "A", false),
            (Op::Is, "-", "-", true),
            (Op::Above, "2026-11-18T08", "2026-11-18T09:00:00Z", true),
            (Op::AtMost, "b", "a", true),
            (Op::Matches, "^/api/", "/api/v1", true),
            (Op::Like, "/api/*", "/api/v1", true),
            (Op::Like, "web", "web-1", false),
        ] {
            assert_eq!(
                Compare::compile(op, wanted).unwrap().holds(value.as_bytes()),
                expected,
                "{value} {op:?} {wanted}"
            );
        }
    }
}
