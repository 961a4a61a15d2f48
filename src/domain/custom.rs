//! Commands that a config adds to the registry, and what is asked before one runs.

use std::time::Duration;

use regex::Regex;

use super::action::Level;
use super::host::HostName;
use super::text::is_unsafe;

/// A command of the config's `[[action]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct CustomAction {
    /// Its name.
    pub name: String,
    /// What menus call it.
    pub title: String,
    /// The hosts that it may run on, in config order.
    pub hosts: Vec<HostName>,
    /// What runs; `{arg.NAME}` and `{host}` are filled in, and each word stays one argument.
    pub command: Vec<String>,
    /// What is asked first.
    pub args: Vec<ActionArg>,
    /// How much it asks for.
    pub level: Level,
    /// One host after the other.
    pub rolling: bool,
    /// How long it may take on a host.
    pub timeout: Duration,
}

/// One thing that is asked before a command runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionArg {
    /// What the command calls it.
    pub name: String,
    /// The question.
    pub ask: String,
    /// What an answer must look like, as a regex.
    pub pattern: Option<String>,
    /// What is proposed.
    pub default: Option<String>,
}

impl ActionArg {
    /// Whether an answer may be put into the command. Control characters never may; without a pattern of its own an
    /// answer that could be taken for an option may not either.
    pub fn accepts(&self, answer: &str) -> Result<(), String> {
        if answer.chars().any(is_unsafe) {
            return Err(format!("{} holds control characters", self.name));
        }
        match &self.pattern {
            Some(pattern) if !Regex::new(pattern).is_ok_and(|regex| regex.is_match(answer)) => {
                Err(format!("{} must match {pattern}", self.name))
            }
            None if answer.is_empty() || answer.starts_with('-') => {
                Err(format!("{} is empty, or begins with \"-\"", self.name))
            }
            _ => Ok(()),
        }
    }
}

/// Names of the answers that a command wants (`{arg.NAME}`), in order, each once.
pub fn wanted(command: &[String]) -> Vec<&str> {
    let mut names = Vec::new();
    for word in command {
        for part in word.split("{arg.").skip(1) {
            if let Some((name, _)) = part.split_once('}')
                && !names.contains(&name)
            {
                names.push(name);
            }
        }
    }
    names
}

/// A command with its blanks filled in for one host. What is filled in is never read again.
pub fn fill(command: &[String], host: &HostName, answers: &[(String, String)]) -> Vec<String> {
    let word = |word: &String| {
        let (mut out, mut rest) = (String::with_capacity(word.len()), word.as_str());
        while let Some(open) = rest.find('{') {
            out.push_str(&rest[..open]);
            rest = &rest[open..];
            let blank = rest.split_once('}').map(|(blank, after)| (&blank[1..], after));
            let filled = blank.and_then(|(blank, after)| {
                let answer = match blank.strip_prefix("arg.") {
                    Some(name) => answers.iter().find(|(known, _)| known == name).map(|(_, answer)| answer.as_str()),
                    None => (blank == "host").then_some(host.as_str()),
                };
                Some((answer?, after))
            });
            match filled {
                Some((answer, after)) => {
                    out.push_str(answer);
                    rest = after;
                }
                None => {
                    out.push('{');
                    rest = &rest[1..];
                }
            }
        }
        out + rest
    };
    command.iter().map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_filled_in_stays_one_argument_and_is_not_read_again() {
        let command = ["cp", "/etc/{arg.what}", "{{.State}} {host}", "{arg.unknown}", "{"].map(str::to_owned);
        let answers = [("what".to_owned(), "a b; {host} $(x)".to_owned())];
        let filled = fill(&command, &HostName::from("web-1"), &answers);
        assert_eq!(filled, ["cp", "/etc/a b; {host} $(x)", "{{.State}} web-1", "{arg.unknown}", "{"]);
        assert_eq!(wanted(&command), ["what", "unknown"]);
    }

    #[test]
    fn an_answer_must_fit() {
        let arg = |pattern: Option<&str>| ActionArg {
            name: "what".to_owned(),
            ask: "Which".to_owned(),
            pattern: pattern.map(str::to_owned),
            default: None,
        };
        for (pattern, answer, fits) in [
            (Some("^[a-z]{1,8}$"), "nginx", true),
            (Some("^[a-z]{1,8}$"), "nginx\n", false),
            (Some("^[a-z]{1,8}$"), "../x", false),
            (Some("^-n$"), "-n", true),
            (None, "anything at all", true),
            (None, "-rf", false),
            (None, "", false),
            (None, "a\u{202e}b", false),
        ] {
            assert_eq!(arg(pattern).accepts(answer).is_ok(), fits, "{pattern:?} {answer:?}");
        }
    }
}
