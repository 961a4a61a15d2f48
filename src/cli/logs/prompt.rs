//! `--prompt`: which of the sources to read, asked on the terminal.

use std::time::Duration;

use crate::cli::exit::{Exit, Failure};
use crate::domain::host::HostName;
use crate::domain::log::SourceKind;
use crate::domain::text::{clean, one_line};
use crate::runtime::terminal_confirm::{Answered, ask};

/// One source of a service, on all hosts that have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// The service.
    pub service: String,
    /// What is read.
    pub kind: SourceKind,
    /// Where.
    pub hosts: Vec<HostName>,
}

/// Names of hosts that are shown; of more their number is told.
const NAMED: usize = 4;

/// Asks until what is typed is an answer.
pub(super) fn pick(choices: Vec<Choice>) -> Result<Vec<Choice>, Failure> {
    let mut prompt = list(&choices);
    loop {
        prompt.push_str("which (numbers, 2-4, or a part of a name; nothing: all): ");
        let line = match ask(&prompt, Duration::ZERO) {
            Ok(Answered::Line(line)) => line,
            Ok(Answered::Pasted) => String::from("?"),
            Ok(Answered::Left) => return Err(Failure::new(Exit::Usage, "nothing was chosen".to_owned())),
            Err(error) => {
                let why = format!("--prompt asks on a terminal, and there is none ({error})");
                return Err(Failure::new(Exit::Usage, why));
            }
        };
        match chosen(&choices, &line) {
            Ok(numbers) => return Ok(numbers.into_iter().filter_map(|n| choices.get(n).cloned()).collect()),
            Err(why) => prompt = format!("{why}\r\n"),
        }
    }
}

/// The sources with their numbers, as a terminal in raw mode wants its lines.
fn list(choices: &[Choice]) -> String {
    let width = choices.iter().map(|choice| choice.service.chars().count()).max().unwrap_or(0).min(24);
    let mut out = String::new();
    for (n, choice) in choices.iter().enumerate() {
        let names: Vec<&str> = choice.hosts.iter().take(NAMED).map(HostName::as_str).collect();
        let more = choice.hosts.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let service = one_line(&choice.service, width);
        let line = format!("{:>3}  {service:<width$}  {}  {}{more}", n + 1, choice.name(), names.join(" "));
        out.push_str(&clean(&line));
        out.push_str("\r\n");
    }
    out
}

impl Choice {
    fn name(&self) -> String {
        match &self.kind {
            SourceKind::File(path) => format!("file:{path}"),
            SourceKind::Journal(unit) => format!("journal:{unit}"),
            SourceKind::Command(argv) => format!("command:{}", argv.join(" ")),
        }
    }
}

/// The places of what is meant, in their order; the error says which word means nothing.
fn chosen(choices: &[Choice], line: &str) -> Result<Vec<usize>, String> {
    let words: Vec<&str> = line.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let mut taken = vec![words.is_empty(); choices.len()];
    for word in words {
        let (first, last) = word.split_once('-').unwrap_or((word, word));
        let meant: Vec<usize> = match (first.parse::<usize>(), last.parse::<usize>()) {
            (Ok(first), Ok(last)) => (first..=last.min(choices.len())).filter_map(|n| n.checked_sub(1)).collect(),
            _ => {
                let has = |choice: &Choice| choice.service.contains(word) || choice.name().contains(word);
                (0..choices.len()).filter(|n| has(&choices[*n])).collect()
            }
        };
        if meant.is_empty() || meant.iter().any(|n| *n >= choices.len()) {
            return Err(format!("{} is none of them", one_line(word, 60)));
        }
        meant.into_iter().for_each(|n| taken[n] = true);
    }
    Ok((0..choices.len()).filter(|n| taken[*n]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices() -> Vec<Choice> {
        let choice = |service: &str, path: &str, hosts: usize| Choice {
            service: service.into(),
            kind: SourceKind::File(path.into()),
            hosts: (1..=hosts).map(|n| HostName::from(format!("web-{n}").as_str())).collect(),
        };
        vec![
            choice("api", "/var/log/app.log", 2),
            choice("nginx", "/var/log/access.log", 6),
            choice("db", "/var/pg", 1),
        ]
    }

    #[test]
    fn numbers_ranges_and_parts_of_names_choose() {
        for (line, expected) in [
            ("", Ok(vec![0, 1, 2])),
            ("2", Ok(vec![1])),
            ("3, 1", Ok(vec![0, 2])),
            ("1-2", Ok(vec![0, 1])),
            ("2-9", Ok(vec![1, 2])),
            ("log", Ok(vec![0, 1])),
            ("api 3", Ok(vec![0, 2])),
            ("4", Err("4 is none of them".to_owned())),
            ("0", Err("0 is none of them".to_owned())),
            ("api redis", Err("redis is none of them".to_owned())),
        ] {
            assert_eq!(chosen(&choices(), line), expected, "{line}");
        }
    }

    #[test]
    fn every_source_has_its_number_and_its_hosts() {
        let list = list(&choices());
        assert_eq!(list.lines().next(), Some("  1  api    file:/var/log/app.log  web-1 web-2"));
        assert!(list.contains("  2  nginx  file:/var/log/access.log  web-1 web-2 web-3 web-4 and 2 more"), "{list}");
    }
}
