//! What a config may say, as data: from it come the reader's errors, the template of `qd init` and `qd schema`.

use serde_json::{Value as Json, json};

use super::tree::{Node, Tree};

/// The keys of a table.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    /// What the table is for.
    pub doc: String,
    /// Its keys, in the order in which they are best read.
    pub fields: Vec<Field>,
}

/// One key of a table.
#[derive(Clone, Debug)]
pub struct Field {
    /// The key.
    pub key: &'static str,
    /// What it says.
    pub doc: String,
    /// Its default, or an example, as TOML.
    pub example: String,
    /// What it takes.
    pub shape: Shape,
}

/// What a value may be.
#[derive(Clone, Debug)]
pub enum Shape {
    /// A string, and what is written in it.
    Text(&'static str),
    /// One of some words.
    Words(Vec<&'static str>),
    /// true or false.
    Boolean,
    /// A whole number.
    Integer {
        /// The least.
        least: u64,
        /// The greatest.
        most: u64,
    },
    /// Any number.
    Number,
    /// An array.
    List(Box<Shape>),
    /// A table with keys of one's own.
    Map(Box<Shape>),
    /// A table with known keys.
    Table(Schema),
    /// `[[…]]`: tables with known keys, told apart by one of them.
    Entries(Schema, &'static str),
    /// Where a secret is had from: a table that a later file replaces as a whole.
    Secret(Schema),
    /// Either of two.
    Either(Box<Shape>, Box<Shape>),
}

/// An example as it was written: the compiler breaks long ones into lines, which an inline table must not be.
pub(crate) fn example(written: &str) -> String {
    written.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

impl Shape {
    /// Whether a value is of the right TOML type (its content may still be wrong).
    pub fn accepts(&self, node: &Node) -> bool {
        match self {
            Self::Text(_) | Self::Words(_) => matches!(node.tree, Tree::String(_)),
            Self::Boolean => matches!(node.tree, Tree::Boolean(_)),
            Self::Integer { .. } => matches!(node.tree, Tree::Integer(_)),
            Self::Number => matches!(node.tree, Tree::Integer(_) | Tree::Float(_)),
            Self::List(_) | Self::Entries(..) => matches!(node.tree, Tree::Array(_)),
            Self::Map(_) | Self::Table(_) | Self::Secret(_) => matches!(node.tree, Tree::Table(_)),
            Self::Either(one, other) => one.accepts(node) || other.accepts(node),
        }
    }

    /// What it takes, for "expected …".
    pub fn expected(&self) -> String {
        match self {
            Self::Text(what) => (*what).to_owned(),
            Self::Words(words) => words.iter().map(|w| format!("\"{w}\"")).collect::<Vec<_>>().join(" or "),
            Self::Boolean => "true or false".to_owned(),
            Self::Integer { least, most } if *most >= u64::from(u32::MAX) => format!("a whole number from {least}"),
            Self::Integer { least, most } => format!("a whole number from {least} to {most}"),
            Self::Number => "a number".to_owned(),
            Self::List(item) => format!("an array, each item {}", item.expected()),
            Self::Map(_) => "a table".to_owned(),
            Self::Table(schema) | Self::Secret(schema) => {
                let keys: Vec<&str> = schema.fields.iter().take(4).map(|f| f.key).collect();
                format!("a table with {}", keys.join(", "))
            }
            Self::Entries(_, id) => format!("an array of tables, each with its {id}"),
            Self::Either(one, other) => format!("{}, or {}", one.expected(), other.expected()),
        }
    }

    /// As JSON Schema.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Text(what) => json!({"type": "string", "description": what}),
            Self::Words(words) => json!({"enum": words}),
            Self::Boolean => json!({"type": "boolean"}),
            Self::Integer { least, most } => json!({"type": "integer", "minimum": least, "maximum": most}),
            Self::Number => json!({"type": "number"}),
            Self::List(item) => json!({"type": "array", "items": item.to_json()}),
            Self::Map(item) => json!({"type": "object", "additionalProperties": item.to_json()}),
            Self::Table(schema) | Self::Secret(schema) => schema.to_json(),
            Self::Entries(schema, id) => {
                let mut item = schema.to_json();
                item["required"] = json!([id]);
                json!({"type": "array", "items": item})
            }
            Self::Either(one, other) => json!({"anyOf": [one.to_json(), other.to_json()]}),
        }
    }
}

impl Schema {
    /// As JSON Schema: an object that takes these keys and no other.
    pub fn to_json(&self) -> Json {
        let properties: serde_json::Map<String, Json> = self
            .fields
            .iter()
            .map(|field| {
                let mut json = field.shape.to_json();
                if !field.doc.is_empty() {
                    json["description"] = json!(field.doc);
                }
                (field.key.to_owned(), json)
            })
            .collect();
        json!({"type": "object", "description": self.doc, "properties": properties, "additionalProperties": false})
    }
}

/// The whole config as a JSON Schema document, for editors (`qd schema`).
pub fn json_schema() -> Json {
    let mut schema = super::raw::schema().to_json();
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!("quarterdeck.toml");
    schema
}
