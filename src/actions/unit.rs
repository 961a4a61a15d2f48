//! What a host says of a unit before, while and after something is done to it.

use std::time::Duration;

use crate::domain::gate::UnitFacts;
use crate::domain::text::one_line;
use crate::transport::loader::quote;
use crate::transport::{ExecSpec, Exit, SharedTransport};

const UNIT: &str = include_str!("unit.sh");
const TAIL: &str = include_str!("tail.sh");
/// How long a host may take to say what a unit is.
const PATIENCE: Duration = Duration::from_secs(15);
/// More than any answer needs.
const MOST: usize = 64 << 10;
/// The longest value that is kept, in characters.
const WORD: usize = 256;

/// An answer about a unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// What systemd says.
    pub facts: UnitFacts,
    /// Whether the login user is root.
    pub root: bool,
    /// The login user.
    pub user: String,
    /// The unit's name as sudo lets it be acted on.
    pub sudo: Option<String>,
    /// A program that is not there.
    pub missing: Option<String>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoReading {
    /// The host cannot be reached.
    #[error("the link was lost")]
    Lost,
    /// It was reached, and did not answer as it should.
    #[error("{0}")]
    Odd(String),
}

/// Asks a host about a unit, and whether the verb may be used on it (an empty one: nobody wants to know).
pub async fn read(transport: &SharedTransport, unit: &str, verb: &str) -> Result<Reading, NoReading> {
    let script = format!("unit={} verb={}\n{UNIT}", quote(unit), quote(verb));
    let output = transport.exec(ExecSpec::script(script, PATIENCE)).collect(MOST).await;
    match output.exit {
        Exit::Code(0) => Ok(parse(&String::from_utf8_lossy(&output.out))),
        Exit::ConnectionLost => Err(NoReading::Lost),
        other => {
            let said = one_line(&String::from_utf8_lossy(&output.err), WORD);
            Err(NoReading::Odd(if said.is_empty() { format!("asking for {unit} ended with {other:?}") } else { said }))
        }
    }
}

/// The last lines of a unit's journal, safe to show; none where they cannot be had.
pub async fn last_lines(transport: &SharedTransport, unit: &str, lines: u32) -> Vec<String> {
    let script = format!("unit={} lines={lines}\n{TAIL}", quote(unit));
    let output = transport.exec(ExecSpec::script(script, PATIENCE)).collect(MOST).await;
    let text = String::from_utf8_lossy(&output.out);
    text.lines().filter(|line| !line.trim().is_empty()).map(|line| one_line(line, 500)).collect()
}

fn parse(text: &str) -> Reading {
    let mut reading = Reading::default();
    for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
        let value = one_line(value, WORD);
        match key {
            "LoadState" => reading.facts.load = value,
            "ActiveState" => reading.facts.active = value,
            "SubState" => reading.facts.sub = value,
            "InvocationID" => reading.facts.invocation = value,
            "NRestarts" => reading.facts.restarts = value.parse().ok(),
            "Type" => reading.facts.kind = value,
            "uid" => reading.root = value == "0",
            "user" => reading.user = value,
            "sudo" => reading.sudo = Some(value),
            "missing" => reading.missing = Some(value),
            _ => {}
        }
    }
    reading
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_whole_and_an_old_systemd_leaves_out_what_it_does_not_know() {
        let text = "uid=1000\nuser=deploy\nType=notify\nLoadState=loaded\nActiveState=active\nSubState=running\n\
            InvocationID=abc\nNRestarts=2\nsudo=api\n";
        let reading = parse(text);
        let facts = UnitFacts {
            load: "loaded".to_owned(),
            active: "active".to_owned(),
            sub: "running".to_owned(),
            kind: "notify".to_owned(),
            invocation: "abc".to_owned(),
            restarts: Some(2),
        };
        let expected =
            Reading { facts, root: false, user: "deploy".to_owned(), sudo: Some("api".to_owned()), missing: None };
        assert_eq!(reading, expected);
        assert_eq!(parse("uid=0\nActiveState=active\n\u{1b}[2J=x\n=").facts.restarts, None);
        assert_eq!(parse("missing=systemctl").missing.as_deref(), Some("systemctl"));
    }
}
