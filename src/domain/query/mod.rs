//! What lines are wanted: the language of the logs' filter.
//!
//! A word is a regex over the raw line. `name OP value` with the name of a known field asks that field: `=` `!=` (the
//! same text or number), `~` `!~` (a regex), `>` `>=` `<` `<=` (numbers as numbers, anything else as text), `:` (a
//! glob). Quotes, or a `/` before it, make anything text. A blank is and, `|` is or, `!` is not, parentheses group.
//! `!=` and `!~` are the exact opposites of `=` and `~`: a line without the field passes them.

mod lex;
mod parse;
mod pattern;
mod print;

use std::fmt;

pub use self::parse::parse;
pub use self::pattern::regex;
use super::log::Level;

/// Names that every line has, whatever its format: of its severity, where it came from, and its message.
pub const BUILT_IN: [&str; 5] = ["level", "host", "service", "source", "message"];

/// Before a name: a field of the line itself, where a built-in name hides it, or where none is known yet.
pub const OF_LINE: &str = "fields.";

/// What a line must be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Query {
    /// All of these; none: every line.
    And(Vec<Query>),
    /// Any of these.
    Or(Vec<Query>),
    /// Not this.
    Not(Box<Query>),
    /// A regex matches somewhere in the raw line.
    Text(String),
    /// A field is like this.
    Field(FieldTest),
}

impl Default for Query {
    fn default() -> Self {
        Self::And(Vec::new())
    }
}

/// What a field must be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldTest {
    /// Its name; members of nested objects by their path.
    pub name: String,
    /// How it is compared.
    pub op: Op,
    /// With what.
    pub value: String,
}

/// How a field is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `=`
    Is,
    /// `!=`
    IsNot,
    /// `~`
    Matches,
    /// `!~`
    MatchesNot,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `:`, a glob.
    Like,
}

impl Op {
    /// Every one; those of two characters before those that begin them.
    pub const ALL: [Self; 9] = [
        Self::IsNot,
        Self::MatchesNot,
        Self::AtLeast,
        Self::AtMost,
        Self::Is,
        Self::Matches,
        Self::Above,
        Self::Below,
        Self::Like,
    ];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Is => "=",
            Self::IsNot => "!=",
            Self::Matches => "~",
            Self::MatchesNot => "!~",
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Like => ":",
        }
    }

    /// The comparison that this one is the opposite of, where it is one.
    pub fn opposite(self) -> Option<Self> {
        match self {
            Self::IsNot => Some(Self::Is),
            Self::MatchesNot => Some(Self::Matches),
            _ => None,
        }
    }

    /// Whether an order of two values is what it asks for.
    pub fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Above => order.is_gt(),
            Self::AtLeast => order.is_ge(),
            Self::Below => order.is_lt(),
            Self::AtMost => order.is_le(),
            Self::Is => order.is_eq(),
            Self::IsNot => order.is_ne(),
            Self::Matches | Self::MatchesNot | Self::Like => false,
        }
    }
}

/// Why a query cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}, at column {column}")]
pub struct QueryError {
    /// Where, in characters from 1.
    pub column: usize,
    /// What is wrong: one line.
    pub what: String,
}

impl Query {
    /// A field's test; the value's quotes are plain ones.
    pub fn field(name: &str, op: Op, value: &str) -> Self {
        Self::Field(FieldTest { name: name.to_owned(), op, value: lex::plain_quotes(value) })
    }

    /// A regex over the raw line. An escaped quote is the quote itself, to a regex as to the eye.
    pub fn text(pattern: &str) -> Self {
        Self::Text(lex::plain_quotes(pattern))
    }

    /// All of these.
    pub fn all(parts: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Self::And(inner) => flat.extend(inner),
                part => flat.push(part),
            }
        }
        if flat.len() == 1 { flat.remove(0) } else { Self::And(flat) }
    }

    /// Any of these; every line passes one that has a part which all pass.
    pub fn any(parts: Vec<Self>) -> Self {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Self::Or(inner) => flat.extend(inner),
                part if part.is_everything() => return Self::default(),
                part => flat.push(part),
            }
        }
        if flat.len() == 1 { flat.remove(0) } else { Self::Or(flat) }
    }

    /// Anything but this.
    pub fn inverse(part: Self) -> Self {
        match part {
            Self::Not(inner) => *inner,
            part => Self::Not(Box::new(part)),
        }
    }

    /// Whether every line passes.
    pub fn is_everything(&self) -> bool {
        matches!(self, Self::And(parts) if parts.is_empty())
    }

    /// The parts that must all hold, each as it is written: what the screen shows as chips.
    pub fn chips(&self) -> Vec<String> {
        match self {
            Self::And(parts) => parts.iter().map(print::part).collect(),
            one => vec![print::part(one)],
        }
    }

    /// Texts in it that would ask a field, were the field's name known: `stauts=500`.
    pub fn fields_taken_for_text(&self) -> Vec<FieldTest> {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::fields_taken_for_text).collect(),
            Self::Not(part) => part.fields_taken_for_text(),
            Self::Text(text) => match parse(text, |_| true) {
                Ok(Self::Field(test)) => vec![test],
                _ => Vec::new(),
            },
            Self::Field(_) => Vec::new(),
        }
    }

    /// The least level that it asks of every line, where it does.
    pub fn least_level(&self) -> Option<Level> {
        self.parts().iter().find_map(level_of)
    }

    /// The same with another least level, or with none.
    pub fn with_least_level(&self, level: Option<Level>) -> Self {
        let mut parts: Vec<Self> = self.parts().iter().filter(|part| level_of(part).is_none()).cloned().collect();
        if let Some(level) = level {
            parts.insert(0, Self::field("level", Op::AtLeast, level.as_str()));
        }
        Self::all(parts)
    }

    fn parts(&self) -> &[Self] {
        match self {
            Self::And(parts) => parts,
            one => std::slice::from_ref(one),
        }
    }
}

/// The level of a part that says `level>=…`.
fn level_of(part: &Query) -> Option<Level> {
    match part {
        Query::Field(test) if test.name == "level" && test.op == Op::AtLeast => Level::named(&test.value),
        _ => None,
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&print::bare(self))
    }
}

#[cfg(test)]
mod tests;
