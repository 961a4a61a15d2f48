//! Commands that show a container's log, and the flags by which they say when each line was written and begin at a moment.
//!
//! `docker logs` (also of compose and services), `podman logs` and `nerdctl logs` take `--timestamps` and `--since` with
//! a moment in RFC 3339, nanoseconds and all; `crictl logs` does too. `kubectl logs` takes `--timestamps` and
//! `--since-time`, which the API cuts to whole seconds, and shows ten lines only where a selector is given unless
//! `--tail` says otherwise. `stern` takes `--timestamps`, and `--since` only as a duration. All of them begin at the
//! moment itself or shortly before it, never after it (podman: just after it).

use chrono::{DateTime, SecondsFormat, Utc};

use super::Start;
use super::unfollowed::program;
use crate::logs::parse::Naming;
use crate::transport::loader::quote;

/// Asked for before the moment that is wanted, for those that begin after the moment they are given.
const BEFORE_NANOS: i64 = 1_000_000;

/// Where such a command is to begin.
#[derive(Clone, Copy, Debug)]
pub(super) enum From {
    /// Where its own flags say, or else here.
    Start(Start),
    /// At a moment (nanoseconds since the epoch), whatever its own flags say.
    Moment(i64),
}

/// A command line that shows a container's log.
#[derive(Clone, Debug)]
pub(super) struct Tool {
    kind: Kind,
    /// Up to where its flags may stand.
    head: Vec<String>,
    /// Its flags and arguments, but for those that say where to begin and whether to show times.
    rest: Vec<String>,
    /// The flags that say where to begin, as they were written.
    begin: Vec<String>,
    /// How it says whose a line is, where it shows the logs of several.
    pub(super) naming: Option<Naming>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Docker,
    Kubectl,
    Stern,
}

/// The letters of one program that matter here.
struct Letters {
    /// Shows times.
    stamps: Option<char>,
    /// Where to begin.
    begin: Option<char>,
    /// Every letter that takes a value.
    valued: &'static str,
}

impl Tool {
    /// The tool that a command line runs; none when it is not known how that could go on where it ended.
    pub(super) fn of(argv: &[String]) -> Option<Self> {
        let (at, name) = program(argv)?;
        let letters = |stamps, begin, valued| Letters { stamps, begin, valued };
        let (kind, letters) = match name {
            "docker" | "nerdctl" => (Kind::Docker, letters(Some('t'), Some('n'), "n")),
            "podman" | "crictl" => (Kind::Docker, letters(Some('t'), None, "")),
            "kubectl" => (Kind::Kubectl, letters(None, None, "clns")),
            "stern" => (Kind::Stern, letters(Some('t'), Some('s'), "celnops")),
            _ => return None,
        };
        let head = if kind == Kind::Stern { at } else { logs(argv, at)? };
        let (rest, begin) = letters.sorted(&argv[head + 1..]);
        // What it prints then bears no time, or bears it where it is not looked for.
        let other = |word: &String| {
            ["--template", "--template-file", "--timestamps=short", "-T"].iter().any(|flag| word.starts_with(flag))
                || word.ends_with("json")
        };
        if kind == Kind::Stern && argv[at..].iter().any(other) {
            return None;
        }
        let naming = naming(kind, &argv[at + 1..]);
        Some(Self { kind, head: argv[..=head].to_vec(), rest, begin, naming })
    }

    /// The command line for a shell.
    pub(super) fn line(&self, from: From) -> String {
        let mut line: Vec<String> = self.head.iter().map(|word| quote(word)).collect();
        line.push("--timestamps".to_owned());
        match from {
            From::Start(_) if !self.begin.is_empty() => line.extend(self.begin.iter().map(|word| quote(word))),
            From::Start(start) => match start {
                Start::Lines(lines) => line.push(format!("--tail={lines}")),
                Start::All => {}
                Start::Since(since) => line.extend(self.since(nanos(since))),
                Start::Lately { since, bytes } => {
                    line.extend(self.since(nanos(since)));
                    line.retain(|word| !word.starts_with("--tail"));
                    // As of a journal: lines of a hundred.
                    line.push(format!("--tail={}", bytes / 100));
                }
                Start::Now => line.push("--tail=0".to_owned()),
            },
            From::Moment(nanos) => line.extend(self.since(nanos)),
        }
        line.extend(self.rest.iter().map(|word| quote(word)));
        line.join(" ")
    }

    /// The flags for all that was written since a moment.
    fn since(&self, nanos: i64) -> Vec<String> {
        let moment = DateTime::from_timestamp_nanos(nanos.saturating_sub(BEFORE_NANOS));
        match self.kind {
            Kind::Docker => vec![format!("--since={}", moment.to_rfc3339_opts(SecondsFormat::Nanos, true))],
            Kind::Kubectl => vec![
                format!("--since-time={}", moment.to_rfc3339_opts(SecondsFormat::Secs, true)),
                "--tail=-1".to_owned(),
            ],
            // How long ago that is, its host knows best.
            Kind::Stern => {
                vec![format!("--since=$(($(date +%s) - {} + 2))s", moment.timestamp()), "--tail=-1".to_owned()]
            }
        }
    }
}

fn nanos(time: DateTime<Utc>) -> i64 {
    time.timestamp_nanos_opt().unwrap_or(0)
}

/// How the tool of these words says whose a line is: `docker compose logs` and `docker service logs` always unless they
/// are told not to, `kubectl logs` where it is asked to (or for all pods), `stern` always in its own form.
fn naming(kind: Kind, words: &[String]) -> Option<Naming> {
    let words = || words.iter().take_while(|word| *word != "--").map(String::as_str);
    let has = |flag: &str| words().any(|word| word == flag || word.strip_prefix(flag) == Some("=true"));
    let before = words().take_while(|word| *word != "logs");
    match kind {
        Kind::Docker => {
            let several = before.into_iter().any(|word| matches!(word, "compose" | "service"));
            (several && !has("--no-log-prefix") && !has("--raw")).then_some(Naming::Bar)
        }
        Kind::Kubectl => (has("--prefix") || has("--all-pods")).then_some(Naming::Bracket),
        Kind::Stern => {
            let raw = words().any(|word| word.ends_with("raw"));
            // Of one namespace it says nothing.
            let several = has("-A") || has("--all-namespaces") || namespaces(words()) > 1;
            (!raw).then_some(Naming::Words(if several { 3 } else { 2 }))
        }
    }
}

/// How many namespaces `-n a -n b,c --namespace=d` names.
fn namespaces<'w>(mut words: impl Iterator<Item = &'w str>) -> usize {
    let mut count = 0;
    while let Some(word) = words.next() {
        let value = match word {
            "-n" | "--namespace" => words.next(),
            word => word.strip_prefix("--namespace=").or_else(|| word.strip_prefix("-n")),
        };
        count += value.map_or(0, |value| value.split(',').count());
    }
    count
}

/// Where the word `logs` stands that names what the program at `at` is to do: not the value of a flag before it.
fn logs(argv: &[String], at: usize) -> Option<usize> {
    let end = argv.iter().position(|word| word == "--").unwrap_or(argv.len());
    let words = || (at + 1..end).filter(|n| argv[*n] == "logs");
    words().find(|n| !argv[*n - 1].starts_with('-')).or_else(|| words().next())
}

impl Letters {
    /// Flags and arguments: those that stay as they are, and those that say where to begin. Whether to show times is left
    /// out of both.
    fn sorted(&self, words: &[String]) -> (Vec<String>, Vec<String>) {
        let (mut rest, mut begin) = (Vec::new(), Vec::new());
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if word == "--" {
                rest.push(word.clone());
                rest.extend(words.by_ref().cloned());
            } else if let Some(long) = word.strip_prefix("--") {
                match long.split_once('=').map_or((long, false), |(name, _)| (name, true)) {
                    ("timestamps", _) => {}
                    ("since" | "since-time" | "tail", whole) => {
                        begin.push(word.clone());
                        begin.extend(words.next_if(!whole));
                    }
                    _ => rest.push(word.clone()),
                }
            } else if let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
                let end = letters.find(|c| self.valued.contains(c)).unwrap_or(letters.len());
                let kept: String = letters[..end].chars().filter(|c| Some(*c) != self.stamps).collect();
                let valued = &letters[end..];
                let begins = self.begin.is_some_and(|letter| valued.starts_with(letter));
                match (begins, kept.is_empty() && valued.is_empty()) {
                    (_, true) => {}
                    (false, false) => rest.push(format!("-{kept}{valued}")),
                    (true, false) => {
                        if !kept.is_empty() {
                            rest.push(format!("-{kept}"));
                        }
                        begin.push(format!("-{valued}"));
                        begin.extend(words.next_if(valued.len() == 1));
                    }
                }
            } else {
                rest.push(word.clone());
            }
        }
        (rest, begin)
    }
}

/// The next word, where it is wanted.
trait NextIf {
    fn next_if(&mut self, wanted: bool) -> Option<String>;
}

impl NextIf for std::slice::Iter<'_, String> {
    fn next_if(&mut self, wanted: bool) -> Option<String> {
        if wanted { self.next().cloned() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(command: &str) -> Option<Tool> {
        Tool::of(&command.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn what_the_person_wrote_stays_but_for_where_to_begin_once_it_has_begun() {
        let moment = 1_763_686_800_123_456_789;
        for (command, first, again) in [
            (
                "docker logs -f api",
                "docker logs --timestamps --tail=100 -f api",
                "docker logs --timestamps --since=2025-11-21T01:00:00.122456789Z -f api",
            ),
            (
                "sudo -n /usr/bin/docker --context x compose logs -tf --since 10m -n5 api",
                "sudo -n /usr/bin/docker --context x compose logs --timestamps --since 10m -n5 -f api",
                "sudo -n /usr/bin/docker --context x compose logs --timestamps --since=2025-11-21T01:00:00.122456789Z -f api",
            ),
            (
                "docker logs -fn 5 logs",
                "docker logs --timestamps -n 5 -f logs",
                "docker logs --timestamps --since=2025-11-21T01:00:00.122456789Z -f logs",
            ),
            (
                "podman logs -n -t --tail=7 --follow api",
                "podman logs --timestamps --tail=7 -n --follow api",
                "podman logs --timestamps --since=2025-11-21T01:00:00.122456789Z -n --follow api",
            ),
            (
                "kubectl -n logs logs --since 1h -c app -f deploy/api",
                "kubectl -n logs logs --timestamps --since 1h -c app -f deploy/api",
                "kubectl -n logs logs --timestamps --since-time=2025-11-21T01:00:00Z --tail=-1 -c app -f deploy/api",
            ),
            (
                "stern -n shop -s 5m api -- -t",
                "stern --timestamps -s 5m -n shop api -- -t",
                "stern --timestamps --since=$(($(date +%s) - 1763686800 + 2))s --tail=-1 -n shop api -- -t",
            ),
        ] {
            let tool = tool(command).unwrap();
            // Some words are quoted that need not be.
            let line = |from| tool.line(from).replace('\'', "");
            assert_eq!(line(From::Start(Start::Lines(100))), first, "{command}");
            assert_eq!(line(From::Moment(moment)), again, "{command}");
        }
    }

    #[test]
    fn a_tool_that_shows_several_logs_says_whose_each_line_is_unless_it_is_told_not_to() {
        const BAR: Option<Naming> = Some(Naming::Bar);
        for (command, naming) in [
            ("docker logs -f api", None),
            ("docker compose logs -f", BAR),
            ("sudo docker compose -f x.yaml logs api", BAR),
            ("docker service logs -f api", BAR),
            ("docker service logs --raw -f api", None),
            ("docker compose logs --no-log-prefix", None),
            ("docker logs compose", None),
            ("kubectl logs -f deploy/api", None),
            ("kubectl logs -f --prefix deploy/api", Some(Naming::Bracket)),
            ("kubectl logs --prefix=true -l app=x", Some(Naming::Bracket)),
            ("kubectl logs --prefix=false -l app=x", None),
            ("kubectl logs --all-pods deploy/api", Some(Naming::Bracket)),
            ("stern api", Some(Naming::Words(2))),
            ("stern -n shop -o default api", Some(Naming::Words(2))),
            ("stern -A api", Some(Naming::Words(3))),
            ("stern --all-namespaces api", Some(Naming::Words(3))),
            ("stern -n shop -n web api", Some(Naming::Words(3))),
            ("stern --namespace=shop,web api", Some(Naming::Words(3))),
            ("stern -o raw api", None),
            ("stern --output=raw api", None),
        ] {
            assert_eq!(tool(command).unwrap().naming, naming, "{command}");
        }
    }

    #[test]
    fn what_is_not_known_to_go_on_where_it_ended_is_left_alone() {
        for command in [
            "",
            "my-logs -f",
            "tail -F /var/log/x",
            "journalctl -f",
            "kubectl get -f pods.yaml",
            "kubectl exec api -- cat logs",
            "stern -o json api",
            "stern --output=ppextjson api",
            "stern --template {{.Message}} api",
            "stern --timestamps=short api",
        ] {
            assert!(tool(command).is_none(), "{command}");
        }
    }

    #[test]
    fn a_reader_says_where_to_begin_where_the_person_did_not() {
        let docker = tool("docker logs -f api").unwrap();
        let since = "2026-11-20T08:00:01Z".parse().unwrap();
        for (start, expected) in [
            (Start::All, "docker logs --timestamps -f api"),
            (Start::Now, "docker logs --timestamps --tail=0 -f api"),
            (Start::Since(since), "docker logs --timestamps --since=2026-11-20T08:00:00.999000000Z -f api"),
            (
                Start::Lately { since, bytes: 5000 },
                "docker logs --timestamps --since=2026-11-20T08:00:00.999000000Z --tail=50 -f api",
            ),
        ] {
            assert_eq!(docker.line(From::Start(start)), expected);
        }
    }
}
