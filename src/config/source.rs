//! The files that a config is made of, and places in them.

use std::ops::Range;
use std::path::{Path, PathBuf};

/// A place in one of the files: what a value's caret points at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Origin {
    /// Index into [`Files`].
    pub file: usize,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Origin {
    /// A range of bytes of a file.
    pub fn new(file: usize, range: Range<usize>) -> Self {
        Self { file, start: range.start, end: range.end }
    }
}

/// The files, in the order in which they are laid over one another.
#[derive(Clone, Debug, Default)]
pub struct Files(Vec<(PathBuf, String)>);

/// A place as people count it.
pub(super) struct Place<'f> {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// The whole line, without its end.
    pub text: &'f str,
    /// Byte range within the line; cut at the line's end.
    pub start: usize,
    /// See `start`.
    pub end: usize,
}

impl Files {
    /// Takes a file's text; gives its index.
    pub fn add(&mut self, path: PathBuf, text: String) -> usize {
        self.0.push((path, text));
        self.0.len() - 1
    }

    /// The file of a place.
    pub fn path(&self, at: Origin) -> &Path {
        self.0.get(at.file).map_or(Path::new(""), |(path, _)| path)
    }

    /// The folder that relative paths of the file are relative to.
    pub fn folder(&self, file: usize) -> &Path {
        self.0.get(file).and_then(|(path, _)| path.parent()).unwrap_or(Path::new("."))
    }

    pub(super) fn place(&self, at: Origin) -> Place<'_> {
        let text = self.0.get(at.file).map_or("", |(_, text)| text.as_str());
        let floor = |mut i: usize| {
            i = i.min(text.len());
            while !text.is_char_boundary(i) {
                i -= 1;
            }
            i
        };
        let (start, end) = (floor(at.start), floor(at.end.max(at.start)));
        let line_start = text[..start].rfind('\n').map_or(0, |i| i + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |i| start + i);
        let line = text[line_start..line_end].trim_end_matches('\r');
        Place {
            line: text[..start].matches('\n').count() + 1,
            column: text[line_start..start].chars().count() + 1,
            text: line,
            start: (start - line_start).min(line.len()),
            end: (end.min(line_end) - line_start).min(line.len()).max((start - line_start).min(line.len())),
        }
    }
}
