//! A query as it is written: what [`parse`](super::parse) reads as the same query.

use super::lex::{Lexer, Token};
use super::{FieldTest, Query};

/// A query that stands alone.
pub(super) fn bare(query: &Query) -> String {
    match query {
        Query::Or(parts) => parts.iter().map(term).collect::<Vec<_>>().join(" | "),
        Query::And(parts) => parts.iter().map(part).collect::<Vec<_>>().join(" "),
        one => part(one),
    }
}

/// A part of an or: an and needs no parentheses there.
fn term(query: &Query) -> String {
    match query {
        Query::And(parts) if !parts.is_empty() => bare(query),
        one => part(one),
    }
}

/// A part of an and, or of a not.
pub(super) fn part(query: &Query) -> String {
    match query {
        Query::And(parts) if parts.is_empty() => "\"\"".to_owned(),
        Query::And(_) | Query::Or(_) => format!("({})", bare(query)),
        Query::Not(inner) => format!("!{}", part(inner)),
        Query::Text(pattern) => {
            let as_is = pattern.clone();
            if reads_as(&as_is, &Token::Text(pattern.clone())) { as_is } else { quoted(pattern) }
        }
        Query::Field(test) => field(test),
    }
}

fn field(test: &FieldTest) -> String {
    let as_is = format!("{}{}{}", test.name, test.op.as_str(), test.value);
    if reads_as(&as_is, &Token::Field(test.clone())) {
        return as_is;
    }
    format!("{}{}{}", test.name, test.op.as_str(), quoted(&test.value))
}

/// Whether a text is one word that means this, whichever fields are known.
fn reads_as(text: &str, token: &Token) -> bool {
    let mut lexer = Lexer::new(text, &|_| true);
    matches!(lexer.next(), Ok(Some((0, first))) if first == *token) && lexer.is_at_end()
}

/// A text in quotes, with its own quotes escaped.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                out.push(c);
                out.extend(chars.next());
            }
            '"' => out.push_str("\\\""),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
