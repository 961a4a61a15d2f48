//! The words and signs of a query.

use super::{FieldTest, Op, QueryError};

/// A word or a sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Open,
    Close,
    Or,
    Not,
    Text(String),
    Field(FieldTest),
}

/// Reads tokens one by one.
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// Whether a name is that of a field.
    known: &'a dyn Fn(&str) -> bool,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str, known: &'a dyn Fn(&str) -> bool) -> Self {
        Self { text, at: 0, known }
    }

    /// Whether nothing is left, not even a blank.
    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.text.len()
    }

    /// The byte after the last.
    pub(super) fn end(&self) -> usize {
        self.text.len()
    }

    /// An error at a byte of the text.
    pub(super) fn error(&self, at: usize, what: impl Into<String>) -> QueryError {
        QueryError { column: self.text[..at].chars().count() + 1, what: what.into() }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// The next token and the byte where it begins.
    pub(super) fn next(&mut self) -> Result<Option<(usize, Token)>, QueryError> {
        self.at = self.text.len() - self.rest().trim_start().len();
        let begin = self.at;
        let Some(first) = self.rest().chars().next() else { return Ok(None) };
        let sign = match first {
            // `(?i)error` is a regex with its flags.
            '(' if !self.rest().starts_with("(?") => Some(Token::Open),
            ')' => Some(Token::Close),
            '|' => Some(Token::Or),
            '!' => Some(Token::Not),
            _ => None,
        };
        if let Some(sign) = sign {
            self.at += 1;
            return Ok(Some((begin, sign)));
        }
        let token = match first {
            '"' | '\'' => Token::Text(self.quoted()?),
            '/' => {
                self.at += 1;
                let word = self.bare()?;
                // A slash alone is itself.
                Token::Text(plain_quotes(if word.is_empty() { "/" } else { word }))
            }
            _ => match self.field()? {
                Some(test) => Token::Field(test),
                None => Token::Text(plain_quotes(self.bare()?)),
            },
        };
        Ok(Some((begin, token)))
    }

    /// `name OP value` with a name that is known; else nothing is read.
    fn field(&mut self) -> Result<Option<FieldTest>, QueryError> {
        let rest = self.rest();
        let name = &rest[..rest.find(|c| !is_of_name(c)).unwrap_or(rest.len())];
        let after = &rest[name.len()..];
        let Some(op) = Op::ALL.into_iter().find(|op| after.starts_with(op.as_str())) else { return Ok(None) };
        let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '@'));
        if !begins || !(self.known)(name) {
            return Ok(None);
        }
        let begin = self.at;
        self.at += name.len() + op.as_str().len();
        let value = match self.rest().chars().next() {
            Some('"' | '\'') => self.quoted()?,
            _ => plain_quotes(self.bare()?),
        };
        // `KeyError:` and `id=` ask for nothing yet: they are text.
        if value.is_empty() && self.text[..self.at].ends_with(op.as_str()) {
            self.at = begin;
            return Ok(None);
        }
        Ok(Some(FieldTest { name: name.to_owned(), op, value }))
    }

    /// What stands in the quotes that begin here. A backslash before the quote makes it one of the text; before anything
    /// else it is a regex's.
    fn quoted(&mut self) -> Result<String, QueryError> {
        let begin = self.at;
        let end = self.closing_quote(begin)?;
        let quote = self.text.as_bytes()[begin] as char;
        let inner = &self.text[begin + 1..end];
        let mut out = String::with_capacity(inner.len());
        let mut chars = inner.chars();
        while let Some(c) = chars.next() {
            match (c, chars.as_str().chars().next()) {
                ('\\', Some(next)) => {
                    if next != quote {
                        out.push(c);
                    }
                    out.push(next);
                    chars.next();
                }
                _ => out.push(c),
            }
        }
        self.at = end + 1;
        if self.is_at_word() {
            let what = "after a closing quote comes a blank, `|` or `)`; a quote that is searched for is written \\\"";
            return Err(self.error(self.at, what));
        }
        Ok(plain_quotes(&out))
    }

    /// Whether something follows at once that is no blank, `|` or `)`.
    pub(super) fn is_at_word(&self) -> bool {
        self.rest().starts_with(|c: char| !c.is_whitespace() && !matches!(c, '|' | ')'))
    }

    /// Where the quotes that open at a byte close.
    fn closing_quote(&self, open: usize) -> Result<usize, QueryError> {
        let bytes = self.text.as_bytes();
        let mut at = open + 1;
        while at < bytes.len() {
            match bytes[at] {
                b'\\' => at += 1,
                b if b == bytes[open] => return Ok(at),
                _ => {}
            }
            at += 1;
        }
        Err(self.error(open, "an unclosed quote"))
    }

    /// A word up to a blank, `|` or `)` that is not the regex's own: inside parentheses, brackets and quotes anything goes.
    fn bare(&mut self) -> Result<&'a str, QueryError> {
        let (bytes, begin) = (self.text.as_bytes(), self.at);
        let (mut groups, mut classes) = (Vec::new(), Vec::new());
        let mut at = begin;
        while let Some(c) = self.text[at..].chars().next() {
            match c {
                '\\' if at + 1 < bytes.len() => at += 1,
                '[' => {
                    classes.push(at);
                    // `[]a]` and `[^]a]` hold a bracket.
                    at += usize::from(bytes.get(at + 1) == Some(&b'^'));
                    at += usize::from(bytes.get(at + 1) == Some(&b']'));
                }
                ']' => drop(classes.pop()),
                _ if !classes.is_empty() => {}
                '"' => at = self.closing_quote(at)?,
                '(' => groups.push(at),
                ')' if groups.is_empty() => break,
                ')' => drop(groups.pop()),
                c if groups.is_empty() && (c == '|' || c.is_whitespace()) => break,
                _ => {}
            }
            at += self.text[at..].chars().next().map_or(0, char::len_utf8);
        }
        if let Some(open) = classes.first() {
            return Err(self.error(*open, "an unclosed `[`"));
        }
        if let Some(open) = groups.first() {
            return Err(self.error(*open, "an unclosed `(`"));
        }
        self.at = at;
        Ok(&self.text[begin..at])
    }
}

/// Characters of a field's name.
fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '@' | '-' | '/')
}

/// Without the backslashes before double quotes: they mean nothing to a regex, and quotes have to be told apart.
pub(super) fn plain_quotes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('"') => out.push('"'),
            Some(next) => out.extend([c, next]),
            None => out.push(c),
        }
    }
    out
}
