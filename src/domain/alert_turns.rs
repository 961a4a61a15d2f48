//! What has begun and what has ended among alerts, from one look to the next.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};

use super::alert::{Alert, AlertState};

/// An alert that began or ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// The alert, firing or resolved.
    pub alert: Alert,
    /// It comes and goes, and that has been told: nobody wants to hear of each time.
    pub hushed: bool,
}

/// What one source has said so far.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    firing: BTreeMap<String, Alert>,
    over: HashSet<String>,
    flapping: HashSet<String>,
}

impl Watched {
    /// Takes everything that the source says now. What is no longer there has ended: certificates and heartbeats are not
    /// listed once they are well. An alert that nobody is to be told of begins when somebody is.
    pub fn take(&mut self, alerts: &[Alert], now: DateTime<Utc>) -> Vec<Turn> {
        let mut turns = Vec::new();
        let ended = |alert: &Alert| Alert {
            state: AlertState::Resolved,
            ended: alert.ended.or(Some(now)),
            silenced: false,
            ..alert.clone()
        };
        for alert in alerts {
            match alert.state {
                AlertState::Firing => {
                    self.over.remove(&alert.id);
                    let known = self.firing.contains_key(&alert.id);
                    if known || !alert.silenced {
                        self.firing.insert(alert.id.clone(), alert.clone());
                    }
                    if !known && !alert.silenced {
                        turns.push(alert.clone());
                    }
                }
                AlertState::Resolved => {
                    if self.firing.remove(&alert.id).is_some() | self.over.insert(alert.id.clone()) {
                        turns.push(ended(alert));
                    }
                }
                AlertState::Pending => {}
            }
        }
        let there: HashSet<&str> = alerts.iter().map(|alert| alert.id.as_str()).collect();
        let gone: Vec<String> = self.firing.keys().filter(|id| !there.contains(id.as_str())).cloned().collect();
        turns.extend(gone.iter().filter_map(|id| self.firing.remove(id)).map(|alert| ended(&alert)));
        self.over.retain(|id| there.contains(id.as_str()));
        self.flapping.retain(|id| alerts.iter().any(|alert| alert.id == *id && alert.flapping));
        let told = |alert: Alert| Turn { hushed: alert.flapping && !self.flapping.insert(alert.id.clone()), alert };
        turns.into_iter().map(told).collect()
    }

    /// The newest that is known of an alert that fires.
    pub fn firing(&self, id: &str) -> Option<&Alert> {
        self.firing.get(id)
    }
}

/// Alerts that began, as was told, before anybody here looked, and of which nobody knows yet whether they last.
#[derive(Clone, Debug, Default)]
pub struct Left {
    alerts: Vec<Alert>,
}

impl Left {
    /// These were told of, and their end was not.
    pub fn new(alerts: Vec<Alert>) -> Self {
        Self { alerts }
    }

    /// Those that are over without their source telling so: it tells of them no more, though it was `heard` of what they are
    /// about, or of a later one in their place. Each is said once; when they ended, nobody saw.
    pub fn over(&mut self, told: &[Alert], heard: impl Fn(&Alert) -> bool) -> Vec<Alert> {
        let mut over = Vec::new();
        self.alerts.retain(|alert| match told.iter().find(|one| one.id == alert.id) {
            None if heard(alert) => {
                over.push(Alert { state: AlertState::Resolved, ..alert.clone() });
                false
            }
            None => true,
            Some(one) if one.state == AlertState::Resolved => false,
            // A source tells since when a moment after it tells that; and what is silenced nobody is told of.
            Some(one) if one.silenced || one.since.is_none() && alert.rule == "uptime" => true,
            Some(one) => {
                if one.since > alert.since {
                    over.push(Alert { state: AlertState::Resolved, ..alert.clone() });
                }
                false
            }
        });
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::alert::Severity;

    fn alert(id: &str, state: AlertState) -> Alert {
        let title = format!("{id} down");
        Alert { state, ..Alert::firing(id.to_owned(), "uptime", "statuscake", Severity::Page, title) }
    }

    fn firing(id: &str) -> Alert {
        alert(id, AlertState::Firing)
    }

    /// `+id` began, `-id` ended; a `~` before it when it is hushed.
    fn take(watched: &mut Watched, alerts: &[Alert]) -> Vec<String> {
        let turns = watched.take(alerts, DateTime::UNIX_EPOCH);
        let word = |turn: &Turn| {
            let sign = if turn.alert.state == AlertState::Firing { '+' } else { '-' };
            assert_eq!(sign == '-', turn.alert.ended.is_some(), "what has ended says when");
            format!("{}{sign}{}", if turn.hushed { "~" } else { "" }, turn.alert.id)
        };
        turns.iter().map(word).collect()
    }

    #[test]
    fn each_beginning_and_each_end_is_told_once() {
        let mut watched = Watched::default();
        let over = |id| alert(id, AlertState::Resolved);
        for (alerts, turns) in [
            (vec![firing("a"), over("b"), alert("p", AlertState::Pending)], vec!["+a", "-b"]),
            (vec![firing("a"), over("b")], vec![]),
            (vec![firing("a"), firing("b"), firing("c")], vec!["+b", "+c"]),
            (vec![over("a"), firing("b")], vec!["-a", "-c"]),
            (vec![over("a"), firing("b")], vec![]),
            (vec![firing("a")], vec!["+a", "-b"]),
            (vec![], vec!["-a"]),
            (vec![], vec![]),
        ] {
            assert_eq!(take(&mut watched, &alerts), turns);
        }
    }

    #[test]
    fn what_ended_while_nobody_looked_is_said_once_its_source_was_heard() {
        let since = |id, second| Alert { since: DateTime::from_timestamp(second, 0), ..firing(id) };
        let all = ["gone", "unheard", "lasts", "again", "ended", "soon", "silenced"];
        let mut left = Left::new(all.iter().map(|id| since(id, 100)).collect());
        let told = [
            since("lasts", 90),
            since("again", 200),
            alert("ended", AlertState::Resolved),
            firing("soon"),
            Alert { silenced: true, ..since("silenced", 90) },
        ];
        let mut said = |told: &[Alert], unheard: &str| {
            let over = left.over(told, |alert| alert.id != unheard);
            assert!(over.iter().all(|alert| alert.state == AlertState::Resolved && alert.ended.is_none()));
            over.into_iter().map(|alert| alert.id).collect::<Vec<_>>()
        };
        assert_eq!(said(&told, "unheard"), ["gone", "again"]);
        assert_eq!(said(&told, "unheard"), [""; 0]);
        assert_eq!(said(&[since("soon", 300)], ""), ["unheard", "soon", "silenced"]);
        assert_eq!(said(&[], ""), [""; 0]);
    }

    #[test]
    fn what_is_silenced_begins_when_the_silence_ends() {
        let mut watched = Watched::default();
        let silenced = |id| Alert { silenced: true, ..firing(id) };
        assert_eq!(take(&mut watched, &[silenced("a")]), [""; 0]);
        assert_eq!(take(&mut watched, &[firing("a")]), ["+a"]);
        assert_eq!(take(&mut watched, &[silenced("a")]), [""; 0]);
        assert_eq!(take(&mut watched, &[]), ["-a"]);
        assert_eq!(take(&mut watched, &[silenced("b")]), [""; 0]);
        assert_eq!(take(&mut watched, &[]), [""; 0], "nobody was told that it began");
    }

    #[test]
    fn what_comes_and_goes_is_told_once() {
        let mut watched = Watched::default();
        let flaps = |state| Alert { flapping: true, ..alert("a", state) };
        assert_eq!(take(&mut watched, &[firing("a")]), ["+a"]);
        assert_eq!(take(&mut watched, &[flaps(AlertState::Resolved)]), ["-a"]);
        assert_eq!(take(&mut watched, &[flaps(AlertState::Firing)]), ["~+a"]);
        assert_eq!(take(&mut watched, &[flaps(AlertState::Resolved)]), ["~-a"]);
        assert_eq!(take(&mut watched, &[firing("a")]), ["+a"], "it has come to rest");
    }
}
