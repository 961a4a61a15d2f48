//! A compiled filter. Regexes run over the raw bytes of a line, so that counts equal ripgrep's.

mod blocks;
mod compare;
mod text;

pub use self::blocks::{Passing, matching};
use self::compare::Compare;
pub use self::text::Text;
use super::parse::{self, Shape};
use super::record::SourceState;
use crate::domain::log::{Level, Source, SourceId};
use crate::domain::log_view::LogFilter;
pub use crate::domain::query::regex;
use crate::domain::query::{FieldTest, OF_LINE, Op, Query};

/// A filter ready to run.
#[derive(Debug, Default)]
pub struct Filter {
    query: Node,
    hidden: Vec<SourceId>,
}

/// A line as a filter sees it.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Severity, where known; a continuation has its event's.
    pub level: Option<Level>,
    /// Where it came from.
    pub source: &'a Source,
    /// The shape of its source's lines.
    pub shape: Shape<'a>,
    /// Its own time in nanoseconds since the epoch, for times without a year.
    pub nanos: i64,
}

impl<'a> Line<'a> {
    /// A line of a source.
    pub fn new(bytes: &'a [u8], level: Option<Level>, state: &'a SourceState, nanos: i64) -> Self {
        Self { bytes, level, source: &state.source, shape: state.shape(), nanos }
    }
}

/// A part of a compiled query.
#[derive(Debug)]
enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Text(Text),
    Level(Op, Level),
    LevelName(Compare),
    Host(Compare),
    Service(Compare),
    Source(Compare),
    Message(Compare),
    Field(String, Compare),
}

impl Default for Node {
    fn default() -> Self {
        Self::And(Vec::new())
    }
}

impl Filter {
    /// Compiles a filter; the error names what is at fault.
    pub fn compile(filter: &LogFilter) -> Result<Self, String> {
        Ok(Self { query: Node::compile(&filter.query)?, hidden: filter.hidden.clone() })
    }

    /// Compiles a query.
    pub fn of_query(query: &Query) -> Result<Self, String> {
        Ok(Self { query: Node::compile(query)?, hidden: Vec::new() })
    }

    /// Whether rows of this source can pass: no, yes all of them, or as their lines are.
    pub fn of_source(&self, id: SourceId, source: &Source) -> Option<bool> {
        if self.hidden.contains(&id) { Some(false) } else { self.query.of_source(source) }
    }

    /// Whether it is certain that every row that passes this one passes another too: it was typed further.
    pub fn narrows(&self, other: &Self) -> bool {
        self.hidden == other.hidden && self.query.narrows(&other.query)
    }

    /// Whether a line of a source that is not hidden passes.
    pub fn wants(&self, line: &Line) -> bool {
        self.query.wants(line)
    }
}

impl Node {
    fn compile(query: &Query) -> Result<Self, String> {
        // What is cheap to ask first.
        let all = |parts: &[Query]| {
            let mut parts = parts.iter().map(Self::compile).collect::<Result<Vec<_>, _>>()?;
            parts.sort_by_key(Self::cost);
            Ok::<_, String>(parts)
        };
        Ok(match query {
            Query::And(parts) => Self::And(all(parts)?),
            Query::Or(parts) => Self::Or(all(parts)?),
            Query::Not(inner) => Self::Not(Box::new(Self::compile(inner)?)),
            Query::Text(pattern) => Self::Text(Text::compile(pattern)?),
            Query::Field(test) => match test.op.opposite() {
                Some(op) => Self::Not(Box::new(Self::field(&FieldTest { op, ..test.clone() })?)),
                None => Self::field(test)?,
            },
        })
    }

    fn field(test: &FieldTest) -> Result<Self, String> {
        let compare = Compare::compile(test.op, &test.value)?;
        Ok(match test.name.as_str() {
            "level" => match (test.op, Level::named(&test.value)) {
                (Op::Matches | Op::Like, _) => Self::LevelName(compare),
                (op, Some(level)) => Self::Level(op, level),
                (_, None) => return Err(format!("`{}` is no level", test.value)),
            },
            "host" => Self::Host(compare),
            "service" => Self::Service(compare),
            "source" => Self::Source(compare),
            "message" => Self::Message(compare),
            name => Self::Field(name.strip_prefix(OF_LINE).unwrap_or(name).to_owned(), compare),
        })
    }

    /// What can be said of every row of a source; none when that depends on the row.
    fn of_source(&self, source: &Source) -> Option<bool> {
        match self {
            Self::And(parts) => kleene(parts, source, false),
            Self::Or(parts) => kleene(parts, source, true),
            Self::Not(inner) => inner.of_source(source).map(|passes| !passes),
            Self::Host(compare) => Some(compare.holds(source.host.as_str().as_bytes())),
            Self::Service(compare) => {
                Some(source.service.as_deref().is_some_and(|name| compare.holds(name.as_bytes())))
            }
            Self::Source(compare) => Some(compare.holds(source.name.as_bytes())),
            _ => None,
        }
    }

    /// What is left out here (fields, `!`) is not certain. Where this holds the other can say of no source that none of
    /// its rows pass, so the ledger's rows pass both or neither.
    fn narrows(&self, other: &Self) -> bool {
        match (self, other) {
            (_, Self::And(others)) => others.iter().all(|other| self.narrows(other)),
            (Self::Or(parts), _) => parts.iter().all(|part| part.narrows(other)),
            (_, Self::Or(others)) if others.iter().any(|other| self.narrows(other)) => true,
            (Self::And(parts), _) => parts.iter().any(|part| part.narrows(other)),
            (Self::Text(text), Self::Text(other)) => text.narrows(other),
            (Self::Level(op, level), Self::Level(other_op, other)) => (op, level) == (other_op, other),
            _ => false,
        }
    }

    fn wants(&self, line: &Line) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.wants(line)),
            Self::Or(parts) => parts.iter().any(|part| part.wants(line)),
            Self::Not(inner) => !inner.wants(line),
            Self::Text(text) => text.is_match(line.bytes),
            Self::Level(op, wanted) => line.level.is_some_and(|level| op.holds(level.cmp(wanted))),
            Self::LevelName(compare) => line.level.is_some_and(|level| compare.holds(level.as_str().as_bytes())),
            Self::Host(_) | Self::Service(_) | Self::Source(_) => self.of_source(line.source) == Some(true),
            Self::Message(compare) => compare.holds(&line.bytes[parse::message(line.shape, line.bytes, line.nanos)]),
            Self::Field(name, compare) => {
                parse::field(line.shape, line.bytes, line.nanos, name).is_some_and(|value| compare.holds(&value))
            }
        }
    }
}

/// All or any of what parts say of a source: a part that says `decisive` decides, one that says nothing leaves it open.
fn kleene(parts: &[Node], source: &Source, decisive: bool) -> Option<bool> {
    let mut open = false;
    for part in parts {
        match part.of_source(source) {
            Some(said) if said == decisive => return Some(decisive),
            Some(_) => {}
            None => open = true,
        }
    }
    (!open).then_some(!decisive)
}

#[cfg(test)]
mod tests;
