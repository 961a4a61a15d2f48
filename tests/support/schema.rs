//! The part of JSON Schema that the official specifications of the hosted APIs use: types, required fields, words,
//! alternatives, references and OpenAPI's `nullable`.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};

/// Schemas by what references to them say.
pub struct Schemas(BTreeMap<String, Value>);

impl Schemas {
    /// The schemas of an OpenAPI document.
    pub fn openapi(text: &str) -> Self {
        let document: Value = serde_json::from_str(text).expect("JSON");
        let all = document["components"]["schemas"].as_object().expect("schemas").clone();
        Self(all.into_iter().map(|(name, schema)| (format!("#/components/schemas/{name}"), schema)).collect())
    }

    /// Every file of a folder.
    pub fn folder(folder: &Path) -> Self {
        let files = std::fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path());
        let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
        let read = |path: &Path| serde_json::from_slice(&std::fs::read(path).expect("a file")).expect("JSON");
        Self(files.map(|path| (name(&path), read(&path))).collect())
    }

    fn of(&self, name: &str) -> &Value {
        self.0.get(name).unwrap_or_else(|| panic!("no schema {name}"))
    }

    /// What is wrong with a value, each with its place.
    pub fn faults(&self, name: &str, value: &Value) -> Vec<String> {
        let mut faults = Vec::new();
        self.check(self.of(name), value, name, &mut faults);
        faults
    }

    fn check(&self, schema: &Value, value: &Value, place: &str, faults: &mut Vec<String>) {
        if let Some(name) = schema["$ref"].as_str() {
            return self.check(self.of(name), value, place, faults);
        }
        if value.is_null() && schema["nullable"] == true {
            return;
        }
        for alternatives in ["anyOf", "oneOf"] {
            if let Some(all) = schema[alternatives].as_array() {
                let fits = |schema: &Value| {
                    let mut faults = Vec::new();
                    self.check(schema, value, place, &mut faults);
                    faults.is_empty()
                };
                if !all.iter().any(fits) {
                    faults.push(format!("{place}: none of the alternatives"));
                }
            }
        }
        let types: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
            _ => vec![],
        };
        if !types.is_empty() && !types.iter().any(|one| is_of(one, value)) {
            return faults.push(format!("{place}: {value:.60} is no {types:?}"));
        }
        if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
            faults.push(format!("{place}: {value} is none of the words"));
        }
        if let Some(fields) = value.as_object() {
            for name in required(schema).filter(|name| !fields.contains_key(*name)) {
                faults.push(format!("{place}: {name} is missing"));
            }
            for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
                if let Some(value) = fields.get(name) {
                    self.check(schema, value, &format!("{place}.{name}"), faults);
                }
            }
        }
        if let (Some(items), true) = (value.as_array(), schema["items"].is_object()) {
            items.iter().for_each(|item| self.check(&schema["items"], item, &format!("{place}[]"), faults));
        }
    }

    /// A value of a schema with nothing in it that is not required.
    pub fn least(&self, name: &str) -> Value {
        self.make(self.of(name))
    }

    fn make(&self, schema: &Value) -> Value {
        if let Some(name) = schema["$ref"].as_str() {
            return self.least(name);
        }
        if let Some(word) = schema["enum"].as_array().and_then(|words| words.first()) {
            return word.clone();
        }
        match schema["type"].as_str() {
            Some("array") => json!([self.make(&schema["items"])]),
            Some("boolean") => json!(false),
            Some("integer") => json!(1),
            Some("number") => json!(0.5),
            Some("string") if schema["format"] == "date-time" => json!("2026-03-18T14:30:00+00:00"),
            Some("string") => json!("x"),
            _ => {
                let field = |name: &str| (name.to_owned(), self.make(&schema["properties"][name]));
                Value::Object(required(schema).map(field).collect::<Map<_, _>>())
            }
        }
    }
}

fn required(schema: &Value) -> impl Iterator<Item = &str> {
    schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        "null" => value.is_null(),
        other => panic!("no type {other}"),
    }
}
