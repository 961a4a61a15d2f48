//! What is wrong with a config: where it stands, the line with a caret under it, and what would mend it.

use std::fmt;
use std::path::PathBuf;
use std::sync::LazyLock;

use regex::Regex;
use unicode_width::UnicodeWidthStr;

use super::source::{Files, Origin};
use crate::domain::text::{clean, one_line};

/// Whether a config can be used in spite of what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Used, with a banner.
    Warning,
    /// Not used.
    Error,
}

/// What sort of thing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file that cannot be read.
    Unreadable,
    /// A file that may not be used: another's, or writable by others.
    Refused,
    /// Not TOML.
    Syntax,
    /// A key that this version does not know. A warning, but `qd check` and actions refuse it.
    UnknownKey,
    /// A value that is not what its key takes.
    Value,
    /// Values that do not go together.
    Conflict,
    /// Something that this file may not say, and that was left out.
    Ignored,
    /// A name, glob or tag that stands for nothing. Never an error.
    NoMatch,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether it stands in the way.
    pub severity: Severity,
    /// What sort of thing.
    pub kind: Kind,
    /// The file; empty when it is about none.
    pub file: PathBuf,
    /// Line, from 1; 0 when it is about the file as a whole.
    pub line: usize,
    /// Column in characters, from 1; 0 when it is about the file as a whole.
    pub column: usize,
    /// The line, safe to show, with secrets left out; below it the caret. Empty when there is no line.
    pub snippet: String,
    /// What is wrong, in one line safe to show.
    pub message: String,
    /// What would mend it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// Something about a file as a whole, or about none.
    pub fn of_file(
        severity: Severity,
        kind: Kind,
        file: impl Into<PathBuf>,
        message: &str,
        help: Option<String>,
    ) -> Self {
        Self {
            severity,
            kind,
            file: file.into(),
            line: 0,
            column: 0,
            snippet: String::new(),
            message: one_line(message, 400),
            help: help.map(|help| one_line(&help, 400)),
        }
    }

    /// Something at a place of a file.
    pub fn at(files: &Files, at: Origin, severity: Severity, kind: Kind, message: &str, help: Option<String>) -> Self {
        let place = files.place(at);
        Self {
            line: place.line,
            column: place.column,
            snippet: snippet(place.text, place.start, place.end, kind),
            ..Self::of_file(severity, kind, files.path(at), message, help)
        }
    }

    /// `file:line:column`, or as much of it as is known.
    pub fn location(&self) -> String {
        let file = clean(&self.file.to_string_lossy()).into_owned();
        if self.line == 0 { file } else { format!("{file}:{}:{}", self.line, self.column) }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.severity == Severity::Error { "error" } else { "warning" };
        write!(f, "{word}: {}", self.message)?;
        let gutter = self.line.to_string().len();
        if !self.file.as_os_str().is_empty() {
            write!(f, "\n{:gutter$}--> {}", "", self.location())?;
        }
        if let Some((line, caret)) = self.snippet.split_once('\n') {
            write!(f, "\n{:gutter$} |\n{} | {line}\n{:gutter$} | {caret}", "", self.line, "")?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n{:gutter$} = help: {help}", "")?;
        }
        Ok(())
    }
}

/// A config that cannot be used: everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// At least one error; warnings may stand among them.
    pub diagnostics: Vec<Diagnostic>,
}

impl ConfigError {
    /// The first of what is wrong, in a line with its place: there is room for no page of it.
    pub fn brief(&self) -> String {
        let worst = self.diagnostics.iter().find(|d| d.severity == Severity::Error).or(self.diagnostics.first());
        worst.map_or_else(String::new, |d| {
            let help = d.help.as_ref().map_or_else(String::new, |help| format!("; {help}"));
            format!("{}: {}{help}", d.location(), d.message)
        })
    }

    /// Whether a file was refused for whose it is, rather than for what it says.
    pub fn is_refusal(&self) -> bool {
        self.diagnostics.iter().any(|d| d.kind == Kind::Refused)
    }
}

impl From<Diagnostic> for ConfigError {
    fn from(diagnostic: Diagnostic) -> Self {
        Self { diagnostics: vec![diagnostic] }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&render(&self.diagnostics))
    }
}

impl std::error::Error for ConfigError {}

/// Diagnostics as a page of text, a blank line between two.
pub fn render(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n")
}

/// Characters of a long line that are shown around the caret.
const WINDOW: usize = 100;

/// The line and the caret below it. What could be a secret is left out: a value written where a secret's name belongs,
/// and whatever follows an unknown key.
fn snippet(line: &str, start: usize, end: usize, kind: Kind) -> String {
    let (head, rest) = line.split_at(start);
    let (marked, tail) = rest.split_at(end - start);
    let tail = if kind == Kind::UnknownKey && !tail.trim().is_empty() { " …" } else { tail };
    let (head, marked, tail) = mask(head, marked, tail);
    let before: Vec<char> = clean(&head).chars().collect();
    let skipped = before.len().saturating_sub(WINDOW / 2);
    let mut shown: String = if skipped > 0 { "…".to_owned() } else { String::new() };
    shown.extend(&before[skipped..]);
    let indent = shown.width();
    let marked: String = clean(&marked).chars().take(WINDOW).collect();
    let carets = marked.width().max(1);
    shown.push_str(&marked);
    let after = clean(&tail);
    shown.extend(after.chars().take(WINDOW / 2));
    if after.chars().count() > WINDOW / 2 {
        shown.push('…');
    }
    format!("{}\n{}{}", shown.trim_end(), " ".repeat(indent), "^".repeat(carets))
}

/// The three parts of a line with the text of `token = "…"` and its like, and what a URL holds before its host, left out.
fn mask(head: &str, marked: &str, tail: &str) -> (String, String, String) {
    static SECRET: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"(?i)\b(?:[a-z_]*token|key|secret|password|passphrase|webhook|authorization)["']?\s*=\s*("[^"]*|'[^']*)|:/(/[^/@\s"']*)@"#)
            .expect("a valid regex")
    });
    let line = format!("{head}{marked}{tail}");
    let hidden: Vec<(usize, usize)> =
        SECRET.captures_iter(&line).filter_map(|c| c.get(1).or(c.get(2))).map(|m| (m.start() + 1, m.end())).collect();
    let masked = |from: usize, part: &str| {
        let mut out = String::with_capacity(part.len());
        let mut dots = false;
        for (i, c) in part.char_indices() {
            let secret = hidden.iter().any(|(start, end)| (*start..*end).contains(&(from + i)));
            if !secret {
                out.push(c);
            } else if !dots {
                out.push('…');
            }
            dots = secret;
        }
        out
    };
    (masked(0, head), masked(head.len(), marked), masked(head.len() + marked.len(), tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, range: std::ops::Range<usize>, kind: Kind) -> String {
        let mut files = Files::default();
        let file = files.add("/etc/qd.toml".into(), text.to_owned());
        let at = Origin::new(file, range);
        Diagnostic::at(&files, at, Severity::Error, kind, "it is wrong", Some("do right".to_owned())).to_string()
    }

    #[test]
    fn the_caret_stands_under_the_place() {
        let shown = shown("a = 1\n\tbé = 2 # two\n", 13..14, Kind::Value);
        assert_eq!(
            shown,
            "error: it is wrong\n --> /etc/qd.toml:2:7\n  |\n2 |  bé = 2 # two\n  |       ^\n  = help: do right"
        );
    }

    #[test]
    fn a_secret_written_inline_is_never_shown() {
        let text = "[slack]\nwebhook = \"https://hooks/T0/s3cret\"\n";
        assert!(!shown(text, 18..43, Kind::Value).contains("s3cret"));
        assert!(!shown(text, 8..9, Kind::Syntax).contains("s3cret"));
        let typo = "webhok = \"https://hooks/T0/s3cret\"\n";
        assert!(!shown(typo, 0..6, Kind::UnknownKey).contains("s3cret"));
    }

    #[test]
    fn a_hostile_or_endless_line_is_shown_short_and_harmless() {
        let text = format!("x = \"{}\u{1b}]52;c;boo\u{7}{}\"", "a".repeat(5000), "b".repeat(5000));
        let shown = shown(&text, 5004..5006, Kind::Value);
        assert!(shown.len() < 1000 && !shown.contains('\u{1b}'), "{shown}");
    }
}
