//! The commented config that `qd init` writes, derived from the schema: every key, its default or an example, and what it
//! says.

use super::raw;
use super::schema::{Field, Schema, Shape};

/// Widest `key = value` that its documentation still stands beside.
const BESIDE: usize = 44;

/// A config with these hosts written out and everything else in comments. It loads without a warning.
pub fn template(hosts: &[String]) -> String {
    let mut page = String::from(
        "# quarterdeck's config (qd). Every key is optional; what is commented out shows its default or an example.\n",
    );
    let schema = raw::schema();
    for line in schema.doc.lines().skip(1) {
        page.push_str(&format!("# {}\n", line.trim()));
    }
    for field in &schema.fields {
        page.push('\n');
        comment(&mut page, &field.doc);
        section(&mut page, field.key, &field.shape);
        if field.key == "host" {
            for host in hosts {
                page.push_str(&format!("\n[[host]]\nname = {}\n", toml::Value::from(host.as_str())));
            }
        }
    }
    page
}

/// The keys of a table, all commented out; tables of its own that are better read apart follow as sections.
fn section(page: &mut String, path: &str, shape: &Shape) {
    let (header, schema) = match shape {
        Shape::Table(schema) => (format!("[{path}]"), schema),
        Shape::Entries(schema, _) => (format!("[[{path}]]"), schema),
        Shape::Either(one, _) => return section(page, path, one),
        _ => return,
    };
    page.push_str(&format!("# {header}\n"));
    let (apart, keys): (Vec<&Field>, Vec<&Field>) = schema.fields.iter().partition(|field| is_apart(field));
    for field in keys {
        key(page, field);
    }
    for field in apart {
        page.push_str(&format!("#\n# # {}\n", field.doc));
        section(page, &format!("{path}.{}", field.key), &field.shape);
    }
}

/// Whether a key is a section of its own: its example is left to its own keys.
fn is_apart(field: &Field) -> bool {
    field.example == "{}" && matches!(field.shape, Shape::Table(_))
}

fn key(page: &mut String, field: &Field) {
    let written = format!("{} = {}", field.key, field.example);
    let doc = field.doc.replace('\n', " ");
    if written.chars().count() <= BESIDE {
        page.push_str(format!("# {written:BESIDE$}  # {doc}").trim_end());
    } else {
        page.push_str(&format!("# # {doc}\n# {written}"));
    }
    page.push('\n');
}

fn comment(page: &mut String, doc: &str) {
    for line in doc.lines() {
        page.push_str(&format!("# {}\n", line.trim()));
    }
}

/// Every key of the config with an example, as small documents of their own: what a test reads to prove that the
/// documentation is right.
pub fn examples() -> Vec<(String, String)> {
    let mut examples = Vec::new();
    for field in &raw::schema().fields {
        gather(field.key, &field.shape, "", &mut examples);
    }
    examples
}

fn gather(path: &str, shape: &Shape, above: &str, examples: &mut Vec<(String, String)>) {
    let (header, schema): (String, &Schema) = match shape {
        Shape::Table(schema) | Shape::Secret(schema) => (format!("{above}[{path}]\n"), schema),
        Shape::Entries(schema, id) if !path.contains('.') => (format!("[[{path}]]\n{id} = \"x\"\n"), schema),
        Shape::Either(one, other) => {
            gather(path, one, above, examples);
            return gather(path, other, above, examples);
        }
        _ => return,
    };
    for field in &schema.fields {
        let named = format!("\n{} = \"x\"\n", field.key);
        let document = format!("{}{} = {}\n", header.replace(&named, "\n"), field.key, field.example);
        examples.push((format!("{path}.{}", field.key), document));
        gather(&format!("{path}.{}", field.key), &field.shape, &header, examples);
    }
}
