//! The verdict as one sentence that fits: where it is narrow its parts are told with fewer words, the least important
//! first, before any is left out, and hosts that nobody hears are left out last.

use chrono::{DateTime, Utc};
use unicode_width::UnicodeWidthStr;

use super::verdict::{Fact, Verdict};
use crate::app::change::{Change, ChangeKind};
use crate::domain::host::HostState;

/// Between two facts.
const DOT: &str = " · ";
/// A name that stands alone in few words is cut after so many characters.
const NAME: usize = 16;

/// With how many words a fact is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Words {
    All,
    Fewer,
    Fewest,
    /// No names of hosts, only how many.
    Counts,
}

impl Words {
    const ALL: [Self; 4] = [Self::All, Self::Fewer, Self::Fewest, Self::Counts];
}

impl Verdict {
    /// The sentence in at most so many columns; `time` writes a time as its reader wants it. `+2` at its end: two more
    /// facts have no room.
    pub fn sentence(&self, columns: usize, time: impl Fn(DateTime<Utc>) -> String) -> String {
        let mut told: Vec<(&Fact, Words)> = self.facts.iter().map(|fact| (fact, Words::All)).collect();
        loop {
            let counts = |fact: &Fact| !matches!(fact, Fact::OneCause);
            let left_out = self.facts.iter().filter(|fact| counts(fact)).count()
                - told.iter().filter(|(fact, _)| counts(fact)).count();
            let parts = told.iter().map(|(fact, how)| words(fact, *how, &time));
            let mut parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
            if left_out > 0 {
                parts.push(format!("+{left_out}"));
            }
            let sentence = parts.join(DOT);
            if sentence.width() <= columns {
                return sentence;
            }
            let longest = told.iter().map(|(_, how)| *how).min().unwrap_or(Words::Counts);
            if let Some(fewer) = Words::ALL.into_iter().find(|how| *how > longest) {
                let at = told.iter().rposition(|(_, how)| *how == longest).unwrap_or(0);
                told[at].1 = fewer;
            } else if told.len() > 1 {
                told.remove(least(&told));
            } else {
                return sentence;
            }
        }
    }
}

/// The fact that is missed the least: the last one, but hosts that nobody hears are kept, and of all hosts those that
/// stand first.
fn least(told: &[(&Fact, Words)]) -> usize {
    let other = told.iter().rposition(|(fact, _)| !matches!(fact, Fact::Hosts { .. }));
    other.unwrap_or(told.len() - 1)
}

fn words(fact: &Fact, how: Words, time: &impl Fn(DateTime<Utc>) -> String) -> String {
    let s = |n: usize| if n == 1 { "" } else { "s" };
    match (fact, how) {
        (Fact::Service { name, hosts, of, since }, Words::All) if hosts.len() == *of => {
            format!("{name} is failing on every host since {}", time(*since))
        }
        (Fact::Service { name, hosts, of, since }, Words::All) => {
            format!("{name} is failing on {} of {of} hosts ({}) since {}", hosts.len(), list(hosts), time(*since))
        }
        (Fact::Service { name, hosts, of, since }, Words::Fewer) => {
            format!("{} failing on {}/{of} hosts since {}", cut(name), hosts.len(), time(*since))
        }
        (Fact::Service { name, hosts, of, .. }, _) => format!("{} fails {}/{of}", cut(name), hosts.len()),
        (Fact::Hosts { what, hosts }, how) => format!("{} {}", names(hosts, how), state(*what, how)),
        (Fact::Unmeasured(hosts), Words::Fewest | Words::Counts) => format!("{}: no figures", names(hosts, how)),
        (Fact::Unmeasured(hosts), how) => {
            format!("{} ha{} sent no figures yet", names(hosts, how), if hosts.len() == 1 { "s" } else { "ve" })
        }
        (Fact::Disk { host, mount, pct, hours, old }, how) => {
            let doubt = if *old { "?" } else { "" };
            let full = match hours {
                Some(hours) if how == Words::All => format!(", full in {hours:.1} h"),
                Some(hours) if how == Words::Fewer => format!(", {hours:.1} h"),
                _ => String::new(),
            };
            let colon = if how == Words::All { ":" } else { "" };
            format!(
                "{}{colon} {mount} {pct:.0} %{doubt}{full}",
                if how == Words::All { host.clone() } else { cut(host) }
            )
        }
        (Fact::Units { count, .. }, Words::Fewest | Words::Counts) => format!("{count} failed unit{}", s(*count)),
        (Fact::Units { count, hosts }, how) => format!("{count} failed unit{} on {}", s(*count), names(hosts, how)),
        (Fact::Changed(change), Words::All) => format!("last change {} at {}", changed(change), time(change.at)),
        (Fact::Changed(change), _) => changed(change),
        // Only where there is room for everything else.
        (Fact::OneCause, Words::All) => "likely one cause".to_owned(),
        (Fact::OneCause, _) => String::new(),
        (Fact::Signature { text, hosts, since }, Words::All) if hosts.len() > 1 => {
            format!("{} share {text} since {}", list(hosts), time(*since))
        }
        (Fact::Signature { text, hosts, since }, Words::All) => {
            format!("{text} on {} since {}", list(hosts), time(*since))
        }
        (Fact::Signature { text, hosts, .. }, Words::Fewer) => format!("{} on {}", cut(text), names(hosts, how)),
        (Fact::Signature { text, .. }, _) => cut(text),
        (Fact::Quiet { since }, _) => format!("all quiet, watching since {}", time(*since)),
        (Fact::NoHosts, _) => "no hosts: `qd init` writes a config to start from".to_owned(),
        (Fact::Dialing(hosts), _) => format!("dialing {hosts} host{}", s(*hosts)),
        (Fact::Page { title, source, since, more }, how) => {
            let since =
                since.filter(|_| how <= Words::Fewer).map_or(String::new(), |at| format!(" since {}", time(at)));
            let more = match (*more, how) {
                (0, _) => String::new(),
                (more, Words::All) => format!(" and {more} more page{}", s(more)),
                (more, _) => format!(" +{more}"),
            };
            match how {
                Words::All => format!("{title} ({source}){since}{more}"),
                Words::Fewer => format!("{title}{since}{more}"),
                Words::Fewest | Words::Counts => format!("PAGE {}{more}", cut(title)),
            }
        }
        (Fact::Tickets(tickets), _) => format!("{tickets} ticket{}", s(*tickets)),
        (Fact::Unheard(names), Words::All) => format!("not heard: {}", list(names)),
        (Fact::Unheard(names), _) => format!("{} not heard", names.join(", ")),
        (Fact::Silent { sources, .. }, Words::Fewest | Words::Counts) => {
            format!("{sources} source{} silent", s(*sources))
        }
        (Fact::Silent { sources, hosts }, how) => {
            format!("{sources} source{} silent on {}", s(*sources), names(hosts, how))
        }
    }
}

/// What hosts are that are not up.
fn state(what: HostState, how: Words) -> &'static str {
    match (what, how) {
        (HostState::HostKeyChanged, Words::All) => "with another host key than before",
        (HostState::HostKeyChanged, _) => "bad key",
        (HostState::AuthFailed, Words::All) => "refusing to let us in",
        (HostState::AuthFailed, _) => "no auth",
        (HostState::HostKeyUnknown, Words::All) => "with an unknown host key",
        (HostState::HostKeyUnknown, _) => "new key",
        (HostState::Retrying, Words::All | Words::Fewer) => "not reached",
        (HostState::Retrying, _) => "lost",
        (HostState::Stale, _) => "silent",
        (HostState::Down, _) => "down",
        (HostState::Connecting, _) => "dialing",
        (HostState::Up, _) => "up",
    }
}

/// Names with so many words: the first three, the first, or how many.
fn names(hosts: &[String], how: Words) -> String {
    match (hosts, how) {
        (hosts, Words::All) => list(hosts),
        ([only], Words::Fewer | Words::Fewest) => cut(only),
        ([first, rest @ ..], Words::Fewer) => format!("{} and {} more", cut(first), rest.len()),
        (hosts, _) => hosts.len().to_string(),
    }
}

/// A name of which not more than its beginning is told.
fn cut(name: &str) -> String {
    if name.chars().count() <= NAME { name.to_owned() } else { name.chars().take(NAME - 1).chain(['…']).collect() }
}

/// A change in a few words, without its time.
pub fn changed(change: &Change) -> String {
    let host = &change.host;
    match &change.what {
        ChangeKind::Version { service, to, .. } => format!("{service} {to} on {host}"),
        ChangeKind::Restarted { service, by_itself: true } => format!("{service} restarted by itself on {host}"),
        ChangeKind::Restarted { service, by_itself: false } => format!("{service} restarted on {host}"),
        ChangeKind::Rebooted => format!("{host} rebooted"),
        ChangeKind::OomKill(n) => format!("{n} killed for want of memory on {host}"),
    }
}

/// Names, the first three of them.
fn list(names: &[String]) -> String {
    match names {
        [a, b, c, rest @ ..] if !rest.is_empty() => format!("{a}, {b}, {c} and {} more", rest.len()),
        names => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::verdict::Gravity;
    use super::*;

    fn clock(_: DateTime<Utc>) -> String {
        "03:06 CEST".to_owned()
    }

    fn service(name: &str, hosts: usize) -> Fact {
        let hosts = (0..hosts).map(|n| format!("web-{n}.eu-west.example.com")).collect();
        Fact::Service { name: name.to_owned(), hosts, of: 12, since: DateTime::UNIX_EPOCH }
    }

    fn hosts(what: HostState, count: usize) -> Fact {
        Fact::Hosts { what, hosts: (0..count).map(|n| format!("web-{n}.eu-west.example.com")).collect() }
    }

    #[test]
    fn fewer_words_come_before_fewer_facts() {
        let facts = vec![
            service("checkout", 3),
            hosts(HostState::Stale, 2),
            Fact::Disk { host: "db-1".into(), mount: "/var".into(), pct: 97.0, hours: Some(2.9), old: false },
            Fact::Units { count: 2, hosts: vec!["db-1".into()] },
        ];
        let verdict = Verdict { gravity: Gravity::Grave, facts };
        for (columns, expected) in [
            (100, "checkout failing on 3/12 hosts since 03:06 CEST · 2 silent · db-1 /var 97 % · 2 failed units"),
            (76, "checkout fails 3/12 · 2 silent · db-1 /var 97 % · 2 failed units"),
            (54, "checkout fails 3/12 · 2 silent · db-1 /var 97 % · +1"),
            (50, "checkout fails 3/12 · 2 silent · +2"),
            (34, "2 silent · +3"),
        ] {
            assert_eq!(verdict.sentence(columns, clock), expected, "{columns}");
        }
    }

    #[test]
    fn an_error_that_is_new_is_told_with_its_hosts_and_what_came_before_it() {
        let sign = |hosts: &[&str]| Fact::Signature {
            text: "KeyError: 'cart' in checkout".into(),
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            since: DateTime::UNIX_EPOCH,
        };
        for (hosts, columns, expected) in [
            (
                &["web-1", "web-2"][..],
                100,
                "web-1, web-2 share KeyError: 'cart' in checkout since 03:06 CEST · likely one cause",
            ),
            (&["web-2"], 100, "KeyError: 'cart' in checkout on web-2 since 03:06 CEST · likely one cause"),
            (&["web-2"], 60, "KeyError: 'cart' in checkout on web-2 since 03:06 CEST"),
            (&["web-1", "web-2"], 50, "KeyError: 'cart… on web-1 and 1 more"),
            (&["web-2"], 22, "KeyError: 'cart…"),
        ] {
            let verdict = Verdict { gravity: Gravity::Worth, facts: vec![sign(hosts), Fact::OneCause] };
            assert_eq!(verdict.sentence(columns, clock), expected);
        }
    }

    proptest! {
        /// Whatever else is wrong, in the width of the narrowest screen the hosts that nobody hears are named.
        #[test]
        fn hosts_that_nobody_hears_are_never_cut(
            services in 0_usize..12, counts in proptest::array::uniform6(0_usize..100), disks in 0_usize..20, columns in 52_usize..200,
        ) {
            let states = [
                HostState::Down,
                HostState::HostKeyChanged,
                HostState::Retrying,
                HostState::Stale,
                HostState::AuthFailed,
                HostState::HostKeyUnknown,
            ];
            let mut facts: Vec<Fact> = (0..services).map(|n| service(&format!("service-{n}-of-many"), n + 1)).collect();
            facts.extend(states.into_iter().zip(counts).filter(|(_, n)| *n > 0).map(|(what, n)| hosts(what, n)));
            let disk = |_| Fact::Disk { host: "db-1".into(), mount: "/".into(), pct: 99.0, hours: None, old: false };
            facts.extend((0..disks).map(disk));
            let said = Verdict { gravity: Gravity::Grave, facts }.sentence(columns, clock);
            prop_assert!(said.width() <= columns, "{said}");
            for ((words, count), _) in ["down", "bad key|another host key", "lost|not reached", "silent"].iter().zip(counts).zip(states) {
                prop_assert!(count == 0 || words.split('|').any(|word| said.contains(word)), "{words}: {said}");
            }
        }
    }
}
