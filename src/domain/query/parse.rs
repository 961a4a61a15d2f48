//! From text to a query.

use super::lex::{Lexer, Token};
use super::{BUILT_IN, FieldTest, OF_LINE, Op, Query, QueryError, regex};
use crate::domain::log::Level;

/// Parentheses and nots deeper than this are nobody's filter.
const DEEPEST: usize = 50;
/// Nor is a longer text.
const LONGEST: usize = 16 << 10;

/// Reads a query. `known` says whether a name is that of a field that lines have; those that every line has, and
/// `fields.NAME`, always are.
pub fn parse(text: &str, known: impl Fn(&str) -> bool) -> Result<Query, QueryError> {
    let known = |name: &str| BUILT_IN.contains(&name) || name.starts_with(OF_LINE) || known(name);
    let mut parser = Parser { lexer: Lexer::new(text, &known), next: None, depth: 0 };
    if text.len() > LONGEST {
        return Err(parser.lexer.error(0, format!("a filter longer than {LONGEST} bytes")));
    }
    parser.advance()?;
    if parser.next.is_none() {
        return Ok(Query::default());
    }
    let query = parser.either()?;
    match parser.next.take() {
        // Only a parenthesis that closes nothing ends an either.
        Some((at, _)) => Err(parser.lexer.error(at, "a `)` without its `(`; in a regex it is written \\)")),
        None => Ok(query),
    }
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    next: Option<(usize, Token)>,
    depth: usize,
}

impl Parser<'_> {
    fn advance(&mut self) -> Result<Option<(usize, Token)>, QueryError> {
        let next = self.lexer.next()?;
        Ok(std::mem::replace(&mut self.next, next))
    }

    /// Parts with `|` between them.
    fn either(&mut self) -> Result<Query, QueryError> {
        let mut parts = vec![self.both()?];
        while matches!(self.next, Some((_, Token::Or))) {
            self.advance()?;
            parts.push(self.both()?);
        }
        Ok(Query::any(parts))
    }

    /// Parts one after the other.
    fn both(&mut self) -> Result<Query, QueryError> {
        let mut parts = vec![self.one()?];
        while !matches!(self.next, None | Some((_, Token::Or | Token::Close))) {
            parts.push(self.one()?);
        }
        Ok(Query::all(parts))
    }

    fn one(&mut self) -> Result<Query, QueryError> {
        let end = self.lexer.error(self.here(), "something is missing here");
        let Some((at, token)) = self.advance()? else { return Err(end) };
        match token {
            Token::Close | Token::Or => Err(end),
            Token::Not => Ok(Query::inverse(self.nested(at, Self::one)?)),
            Token::Open => {
                let inner = self.nested(at, Self::either)?;
                // `(GET|POST) /x` and the regex `(GET|POST) /x` are not the same: nobody should have to guess.
                if self.lexer.is_at_word() && self.next.is_some() {
                    let what = "after a `)` comes a blank, `|` or `)`; a regex that begins with `(` stands in quotes";
                    return Err(self.lexer.error(self.here() + 1, what));
                }
                match self.advance()? {
                    Some((_, Token::Close)) => Ok(inner),
                    _ => Err(self.lexer.error(at, "an unclosed `(`")),
                }
            }
            Token::Text(pattern) => {
                regex(&pattern).map_err(|why| self.lexer.error(at, why))?;
                Ok(Query::Text(pattern))
            }
            Token::Field(test) => {
                check(&test).map_err(|why| self.lexer.error(at, why))?;
                Ok(Query::Field(test))
            }
        }
    }

    /// Where the next token begins.
    fn here(&self) -> usize {
        self.next.as_ref().map_or(self.lexer.end(), |(at, _)| *at)
    }

    fn nested(&mut self, at: usize, read: fn(&mut Self) -> Result<Query, QueryError>) -> Result<Query, QueryError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.lexer.error(at, "too many parentheses in each other"));
        }
        let inner = read(self)?;
        self.depth -= 1;
        Ok(inner)
    }
}

/// Whether a field can be asked that.
fn check(test: &FieldTest) -> Result<(), String> {
    match test.op {
        Op::Matches | Op::MatchesNot => regex(&test.value).map(drop),
        Op::Like => Ok(()),
        _ if test.name == "level" && Level::named(&test.value).is_none() => {
            Err(format!("`{}` is no level; there are trace, debug, info, notice, warn, error and fatal", test.value))
        }
        _ => Ok(()),
    }
}
