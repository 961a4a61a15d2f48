//! TOML as a tree that remembers where each value stands, and how one tree is laid over another.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::diagnostic::{Diagnostic, Kind, Severity};
use super::schema::{Schema, Shape};
use super::source::{Files, Origin};

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it stands.
    pub at: Origin,
    /// What it is.
    pub tree: Tree,
}

/// A TOML value.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// A string.
    String(String),
    /// An integer; none when it does not fit.
    Integer(Option<i64>),
    /// A float.
    Float(f64),
    /// A boolean.
    Boolean(bool),
    /// A date or time, as TOML writes it.
    Datetime(String),
    /// An array.
    Array(Vec<Node>),
    /// A table, in the order of the file.
    Table(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub key_at: Origin,
    /// The value.
    pub node: Node,
}

impl Node {
    /// The word for what it is, with its article, for errors.
    pub fn kind(&self) -> &'static str {
        match self.tree {
            Tree::String(_) => "a string",
            Tree::Integer(_) => "an integer",
            Tree::Float(_) => "a float",
            Tree::Boolean(_) => "a boolean",
            Tree::Datetime(_) => "a date",
            Tree::Array(_) => "an array",
            Tree::Table(_) => "a table",
        }
    }

    /// The value under a key, if this is a table that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match &self.tree {
            Tree::Table(entries) => entries.iter().find(|e| e.key == key).map(|e| &e.node),
            _ => None,
        }
    }

    /// The text under a key, if this is a table that has it.
    pub fn text(&self, key: &str) -> Option<&str> {
        match &self.get(key)?.tree {
            Tree::String(text) => Some(text),
            _ => None,
        }
    }
}

/// Reads a file's text. Every syntax error is reported, not only the first.
pub fn parse(files: &Files, file: usize, text: &str) -> Result<Node, Vec<Diagnostic>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        let at = Origin::new(file, 0..0);
        return Ok(Node { at, tree: convert_table(file, table.into_inner()) });
    }
    // One slip often makes the parser stumble over the lines after it: the first few say it all.
    let diagnostics = errors.iter().take(5).map(|error| {
        let at = Origin::new(file, error.span().unwrap_or(0..0));
        let message = format!("this is not TOML: {}", error.message());
        Diagnostic::at(files, at, Severity::Error, Kind::Syntax, &message, None)
    });
    Err(diagnostics.collect())
}

fn convert_table(file: usize, table: DeTable<'_>) -> Tree {
    let mut entries: Vec<Entry> = table
        .into_iter()
        .map(|(key, value)| {
            let key_at = Origin::new(file, key.span());
            Entry { key: key.into_inner().into_owned(), key_at, node: convert(file, value) }
        })
        .collect();
    entries.sort_by_key(|e| e.key_at.start);
    Tree::Table(entries)
}

fn convert(file: usize, value: Spanned<DeValue<'_>>) -> Node {
    let at = Origin::new(file, value.span());
    let tree = match value.into_inner() {
        DeValue::String(text) => Tree::String(text.into_owned()),
        DeValue::Integer(number) => Tree::Integer(i64::from_str_radix(number.as_str(), number.radix()).ok()),
        DeValue::Float(number) => Tree::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(value) => Tree::Boolean(value),
        DeValue::Datetime(time) => Tree::Datetime(time.to_string()),
        DeValue::Array(items) => Tree::Array(items.into_iter().map(|item| convert(file, item)).collect()),
        DeValue::Table(table) => convert_table(file, table),
    };
    Node { at, tree }
}

/// Lays one tree over another: tables key by key, `[[…]]` by the key that names their entries, anything else replaced.
/// An entry lies over every one of the same name, and one that names nothing known is added.
pub fn lay_over(base: Node, over: Node, schema: &Schema) -> Node {
    let at = base.at;
    let Tree::Table(upper) = over.tree else { return over };
    let Tree::Table(mut entries) = base.tree else { return Node { at, tree: Tree::Table(upper) } };
    for entry in upper {
        let shape = schema.fields.iter().find(|f| f.key == entry.key).map(|f| &f.shape);
        match entries.iter_mut().find(|e| e.key == entry.key) {
            Some(below) => {
                let empty = Node { at: below.node.at, tree: Tree::Boolean(false) };
                let node = std::mem::replace(&mut below.node, empty);
                below.node = lay_value_over(node, entry.node, shape);
            }
            None => entries.push(entry),
        }
    }
    Node { at, tree: Tree::Table(entries) }
}

fn lay_value_over(base: Node, over: Node, shape: Option<&Shape>) -> Node {
    match (shape, &base.tree, &over.tree) {
        (Some(Shape::Table(schema)), Tree::Table(_), Tree::Table(_)) => lay_over(base, over, schema),
        (Some(Shape::Either(one, _)), _, _) if one.accepts(&base) && one.accepts(&over) => {
            lay_value_over(base, over, Some(one))
        }
        (Some(Shape::Either(_, other)), _, _) if other.accepts(&base) && other.accepts(&over) => {
            lay_value_over(base, over, Some(other))
        }
        (Some(Shape::Map(_)), Tree::Table(_), Tree::Table(_)) => lay_over(base, over, &Schema::default()),
        (Some(Shape::Entries(schema, id)), Tree::Array(_), Tree::Array(_)) => lay_entries_over(base, over, schema, id),
        _ => over,
    }
}

fn lay_entries_over(base: Node, over: Node, schema: &Schema, id: &str) -> Node {
    let at = base.at;
    let (Tree::Array(mut items), Tree::Array(upper)) = (base.tree, over.tree) else {
        return Node { at, tree: Tree::Array(Vec::new()) };
    };
    let below = items.len();
    for entry in upper {
        let mut known = false;
        for item in &mut items[..below] {
            if item.text(id).is_some() && item.text(id) == entry.text(id) {
                known = true;
                *item = lay_over(item.clone(), entry.clone(), schema);
            }
        }
        if !known {
            items.push(entry);
        }
    }
    Node { at, tree: Tree::Array(items) }
}
