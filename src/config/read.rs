//! Reading a tree into typed values, with every fault reported and none fatal to the reading of the rest.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::path::Path;
use std::time::Duration;

use super::diagnostic::{Diagnostic, Kind, Severity};
use super::schema::{Schema, Shape};
use super::source::{Files, Origin};
use super::tree::{Node, Tree};
use super::trust::Concerns;
use crate::domain::nearest::nearest;

/// What a key can hold.
pub trait Value: Sized {
    /// What it takes.
    fn shape() -> Shape;
    /// Reads it; what is wrong goes to the reader. None only when something was reported.
    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self>;
    /// What this value would start, contact or read (see [`super::trust`]).
    fn concerns(&self, _: &mut Concerns<'_>) {}
}

/// A table with known keys.
pub trait Table: Value {
    /// The key that names an entry in `[[…]]`.
    const ID: &'static str;
    /// Whether several entries may have the same name.
    const REPEATS: bool;
    /// What names this entry.
    fn id(&self) -> Option<&str>;
    /// Where it begins.
    fn at(&self) -> Origin;
    /// Its keys.
    fn schema() -> Schema;
}

/// A value and its place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub at: Origin,
}

impl<T> Deref for At<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Value> Value for At<T> {
    fn shape() -> Shape {
        T::shape()
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self { value: T::read(node, reader)?, at: node.at })
    }

    fn concerns(&self, concerns: &mut Concerns<'_>) {
        self.value.concerns(concerns);
    }
}

/// Of each severity; nobody mends more at once.
const MOST_DIAGNOSTICS: usize = 50;
/// More entries of one kind than any fleet has.
const MOST_ENTRIES: usize = 5_000;

/// Collects what is wrong while a tree is read.
pub struct Reader<'f> {
    /// The files that places point into.
    pub files: &'f Files,
    /// The person's home, for `~`.
    pub home: &'f Path,
    /// What was found.
    pub diagnostics: Vec<Diagnostic>,
}

impl<'f> Reader<'f> {
    /// A reader with nothing found yet.
    pub fn new(files: &'f Files, home: &'f Path) -> Self {
        Self { files, home, diagnostics: Vec::new() }
    }

    /// Whether the config cannot be used.
    pub fn failed(&self) -> bool {
        self.diagnostics.iter().any(|d| d.severity == Severity::Error)
    }

    /// Whether one more of this severity is worth telling: a file that is all faults must not take all day.
    fn has_room(&self, severity: Severity) -> bool {
        self.diagnostics.iter().filter(|known| known.severity == severity).count() < MOST_DIAGNOSTICS
    }

    /// Reports something.
    pub fn report(&mut self, at: Origin, severity: Severity, kind: Kind, message: &str, help: Option<String>) {
        if !self.has_room(severity) {
            return;
        }
        self.diagnostics.push(Diagnostic::at(self.files, at, severity, kind, message, help));
    }

    /// Reports a bad value.
    pub fn error(&mut self, at: Origin, message: &str, help: Option<String>) {
        self.report(at, Severity::Error, Kind::Value, message, help);
    }

    /// Reports values that do not go together.
    pub fn conflict(&mut self, at: Origin, message: &str, help: &str) {
        self.report(at, Severity::Error, Kind::Conflict, message, Some(help.to_owned()));
    }

    /// Reports a value of the wrong type.
    pub fn wrong_type(&mut self, node: &Node, shape: &Shape) {
        self.error(node.at, &format!("expected {}, found {}", shape.expected(), node.kind()), None);
    }

    /// The text of a string, or a report.
    pub fn text<'n>(&mut self, node: &'n Node, shape: &Shape) -> Option<&'n str> {
        match &node.tree {
            Tree::String(text) if !text.contains('\0') => Some(text),
            Tree::String(_) => {
                self.error(node.at, "a NUL character has no place in a config", None);
                None
            }
            _ => {
                self.wrong_type(node, shape);
                None
            }
        }
    }

    /// Reads every known key of a table through `field`, which says whether it knew the key; others are reported.
    pub fn table(
        &mut self,
        node: &Node,
        schema: &Schema,
        implicit: &[&str],
        mut field: impl FnMut(&mut Self, &str, &Node) -> bool,
    ) -> Option<()> {
        let Tree::Table(entries) = &node.tree else {
            self.wrong_type(node, &Shape::Table(schema.clone()));
            return None;
        };
        for entry in entries {
            if implicit.contains(&entry.key.as_str()) || field(self, &entry.key, &entry.node) {
                continue;
            }
            if !self.has_room(Severity::Warning) {
                break;
            }
            let help = match nearest(&entry.key, schema.fields.iter().map(|f| f.key)) {
                Some(word) => format!("did you mean \"{word}\"?"),
                None => {
                    let keys: Vec<&str> = schema.fields.iter().map(|f| f.key).collect();
                    format!("known here: {}", keys.join(", "))
                }
            };
            let message = format!("unknown key \"{}\"", entry.key);
            self.report(entry.key_at, Severity::Warning, Kind::UnknownKey, &message, Some(help));
        }
        Some(())
    }
}

/// One of some words: the meaning of the one that was written.
pub fn word<T: Copy>(node: &Node, reader: &mut Reader<'_>, words: &[(&'static str, T)]) -> Option<T> {
    let shape = Shape::Words(words.iter().map(|(word, _)| *word).collect());
    let text = reader.text(node, &shape)?;
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Some(*value);
    }
    let help = nearest(text, words.iter().map(|(word, _)| *word)).map(|word| format!("did you mean \"{word}\"?"));
    reader.error(node.at, &format!("expected {}, found \"{text}\"", shape.expected()), help);
    None
}

impl Value for bool {
    fn shape() -> Shape {
        Shape::Boolean
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let Tree::Boolean(value) = node.tree else {
            reader.wrong_type(node, &Self::shape());
            return None;
        };
        Some(value)
    }
}

impl Value for f64 {
    fn shape() -> Shape {
        Shape::Number
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match node.tree {
            Tree::Integer(Some(number)) => Some(number as f64),
            Tree::Float(number) if number.is_finite() => Some(number),
            _ => {
                reader.wrong_type(node, &Self::shape());
                None
            }
        }
    }
}

/// A whole number between two bounds, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole<const LEAST: u64, const MOST: u64>(pub u64);

impl<const LEAST: u64, const MOST: u64> Value for Whole<LEAST, MOST> {
    fn shape() -> Shape {
        Shape::Integer { least: LEAST, most: MOST }
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let number = match node.tree {
            Tree::Integer(number) => number.and_then(|n| u64::try_from(n).ok()),
            _ => {
                reader.wrong_type(node, &Self::shape());
                return None;
            }
        };
        let number = number.filter(|n| (LEAST..=MOST).contains(n));
        if number.is_none() {
            reader.error(node.at, &format!("expected {}", Self::shape().expected()), None);
        }
        number.map(Self)
    }
}

impl Value for String {
    fn shape() -> Shape {
        Shape::Text("a string")
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        reader.text(node, &Self::shape()).map(str::to_owned)
    }
}

impl Value for Duration {
    fn shape() -> Shape {
        Shape::Text("a duration such as \"15m\"")
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(node, &Self::shape())?;
        let duration = super::units::duration(text);
        if duration.is_none() {
            let help = "a number with ms, s, m, h, d or w, such as \"90s\" or \"1h30m\"".to_owned();
            reader.error(node.at, &format!("\"{text}\" is not a duration"), Some(help));
        }
        duration
    }
}

impl<T: Value> Value for Vec<T> {
    fn shape() -> Shape {
        Shape::List(Box::new(T::shape()))
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let Tree::Array(items) = &node.tree else {
            reader.wrong_type(node, &Self::shape());
            return None;
        };
        let read: Vec<T> = items.iter().filter_map(|item| T::read(item, reader)).collect();
        (read.len() == items.len()).then_some(read)
    }

    fn concerns(&self, concerns: &mut Concerns<'_>) {
        self.iter().for_each(|item| item.concerns(concerns));
    }
}

impl<T: Value> Value for BTreeMap<String, T> {
    fn shape() -> Shape {
        Shape::Map(Box::new(T::shape()))
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let Tree::Table(entries) = &node.tree else {
            reader.wrong_type(node, &Self::shape());
            return None;
        };
        let read: Self = entries.iter().filter_map(|e| Some((e.key.clone(), T::read(&e.node, reader)?))).collect();
        (read.len() == entries.len()).then_some(read)
    }

    fn concerns(&self, concerns: &mut Concerns<'_>) {
        self.iter().for_each(|(key, item)| item.concerns(&mut concerns.under(key)));
    }
}

/// Either of two, told apart by their TOML types.
#[derive(Clone, Debug, PartialEq)]
pub enum OneOf<A, B> {
    /// The first.
    One(A),
    /// The second.
    Other(B),
}

impl<A: Value, B: Value> Value for OneOf<A, B> {
    fn shape() -> Shape {
        Shape::Either(Box::new(A::shape()), Box::new(B::shape()))
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        if A::shape().accepts(node) {
            A::read(node, reader).map(Self::One)
        } else if B::shape().accepts(node) {
            B::read(node, reader).map(Self::Other)
        } else {
            reader.wrong_type(node, &Self::shape());
            None
        }
    }

    fn concerns(&self, concerns: &mut Concerns<'_>) {
        match self {
            Self::One(value) => value.concerns(concerns),
            Self::Other(value) => value.concerns(concerns),
        }
    }
}

/// `[[…]]`: entries told apart by a key of theirs. `enabled = false` drops one, with all that a file below says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entries<T> {
    /// Those that are not dropped, in order.
    pub on: Vec<T>,
    /// The names of those that are.
    pub off: Vec<String>,
}

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self { on: Vec::new(), off: Vec::new() }
    }
}

impl<T> Deref for Entries<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.on
    }
}

impl<T: Table> Value for Entries<T> {
    fn shape() -> Shape {
        Shape::Entries(T::schema(), T::ID)
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let Tree::Array(items) = &node.tree else {
            reader.wrong_type(node, &Self::shape());
            return None;
        };
        let mut entries = Self::default();
        if items.len() > MOST_ENTRIES {
            reader.error(node.at, &format!("more than {MOST_ENTRIES} entries"), None);
            return None;
        }
        for item in items {
            let enabled = item.get("enabled").is_none_or(|on| bool::read(on, reader).unwrap_or(true));
            let Some(entry) = T::read(item, reader) else { continue };
            match entry.id() {
                Some(id) if !enabled => entries.off.push(id.to_owned()),
                Some(id) if !T::REPEATS && entries.on.iter().any(|other| other.id() == Some(id)) => {
                    let first = entries.on.iter().find(|other| other.id() == Some(id)).map(|other| other.at());
                    let line = first.map_or(0, |at| reader.files.place(at).line);
                    let message = format!("{} \"{id}\" is written twice; first in line {line}", T::ID);
                    reader.conflict(item.at, &message, "give one of them another name, or make them one");
                }
                Some(_) => entries.on.push(entry),
                // A name that was written but could not be read has been reported already.
                None if item.get(T::ID).is_some() => {}
                None => reader.error(item.at, &format!("this entry has no {}", T::ID), None),
            }
        }
        Some(entries)
    }

    fn concerns(&self, concerns: &mut Concerns<'_>) {
        for entry in &self.on {
            entry.concerns(&mut concerns.entry(entry.id().unwrap_or("")));
        }
    }
}
