//! `--template`: a line as a person says, such as `{time} {host} {level} {message}`.

use crate::domain::log::Level;
use crate::domain::text::{clean, clean_bytes};
use crate::logs::parse;
use crate::logs::record::{Record, SourceState};

/// A template, taken apart.
#[derive(Clone, Debug)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Time,
    Host,
    Service,
    Source,
    Level,
    Line,
    Message,
    Field(String),
}

impl Template {
    /// Takes a template apart; the error says which word is unknown.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                plain.push_str(brace);
                rest = after;
                continue;
            }
            let Some((name, after)) = rest.split_once('}').filter(|_| brace == "{") else {
                return Err(format!("`{brace}` without its partner; write it twice to mean itself"));
            };
            parts.push(Part::Text(std::mem::take(&mut plain)));
            parts.push(match name {
                "time" => Part::Time,
                "host" => Part::Host,
                "service" => Part::Service,
                "source" => Part::Source,
                "level" => Part::Level,
                "line" => Part::Line,
                "message" => Part::Message,
                name => match name.strip_prefix("fields.") {
                    Some(field) => Part::Field(field.to_owned()),
                    None => {
                        let known = "time, host, service, source, level, line, message or fields.NAME";
                        return Err(format!("`{{{name}}}` is unknown: {known}"));
                    }
                },
            });
            rest = after;
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        Ok(Self(parts))
    }

    /// Fills it in for one line, made safe.
    pub(super) fn fill(&self, state: &SourceState, record: &Record, line: &[u8]) -> String {
        let (format, now) = (state.format(), record.time.nanos);
        let mut out = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Time => out.push_str(&record.time.to_string()),
                Part::Host => out.push_str(state.source.host.as_str()),
                Part::Service => out.push_str(state.source.service.as_deref().unwrap_or("-")),
                Part::Source => out.push_str(&clean(&state.source.name)),
                Part::Level => out.push_str(record.level.map_or("-", Level::as_str)),
                Part::Line => out.push_str(&clean_bytes(line)),
                Part::Message => out.push_str(&clean_bytes(&line[parse::message(format, line, now)])),
                Part::Field(name) => {
                    let fields = parse::fields(format, line, now);
                    let value = fields.iter().find(|(known, _)| known == name).map(|(_, value)| value);
                    match value {
                        None => out.push('-'),
                        Some(serde_json::Value::String(text)) => out.push_str(&clean(text)),
                        Some(other) => out.push_str(&clean(&other.to_string())),
                    }
                }
            }
        }
        out
    }
}
