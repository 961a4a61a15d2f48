//! What the audit remembers of an action: a row before it begins, and a row when it has ended.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// The row that is durable before an action starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The action's own id, a ULID.
    pub id: String,
    /// When it was about to begin.
    pub time: DateTime<Utc>,
    /// The person: the local user's name.
    pub who: String,
    /// The machine that the person sat at.
    pub from: String,
    /// The environment it was in.
    pub environment: String,
    /// The service it was done to, where it was one.
    pub service: Option<String>,
    /// The hosts it was to touch, in order.
    pub hosts: Vec<String>,
    /// The action's name in the registry, such as `restart`.
    pub action: String,
    /// The level of confirmation that it took.
    pub level: u8,
    /// The hash of the plan that was confirmed.
    pub plan: String,
    /// The exact command of each host, in the order of the hosts.
    pub commands: Vec<Vec<String>>,
    /// Why, where a reason was given.
    pub reason: Option<String>,
}

/// How an action ended; on one host, or on all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should.
    Ok,
    /// It failed.
    Failed,
    /// It was not begun there: something before it failed, or the person stopped it.
    NotDone,
    /// The link was lost, and what happened has not been read since.
    Unknown,
    /// It failed and was undone.
    RolledBack,
    /// It waits for a person.
    Held,
}

impl Verdict {
    /// The word for it in JSON and in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::NotDone => "not_done",
            Self::Unknown => "unknown",
            Self::RolledBack => "rolled_back",
            Self::Held => "held",
        }
    }
}

/// How it ended on one host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostEnding {
    /// The host.
    pub host: String,
    /// How it came out there.
    pub result: Verdict,
    /// The command's exit code, where it has one.
    pub rc: Option<i32>,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// What there is to say about it, in a line safe to show.
    pub detail: Option<String>,
}

/// The row after an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// The id of the action that ended.
    pub id: String,
    /// When.
    pub time: DateTime<Utc>,
    /// How it came out as a whole.
    pub result: Verdict,
    /// The greatest exit code of its hosts, where there is any.
    pub rc: Option<i32>,
    /// How long it took, in milliseconds.
    pub ms: u64,
    /// Each host, in the order of the plan.
    pub hosts: Vec<HostEnding>,
}

/// One row of the audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "row", rename_all = "snake_case")]
pub enum AuditRow {
    /// About to begin.
    Begin(Intent),
    /// Ended.
    End(Ending),
}

/// One action: what was about to happen, and how it ended. An action without an end was cut off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audited {
    /// What was about to happen.
    pub intent: Intent,
    /// How it ended.
    pub ending: Option<Ending>,
}

/// Joins rows into actions, in the order in which they began.
pub fn join(rows: impl IntoIterator<Item = AuditRow>) -> Vec<Audited> {
    let mut actions: Vec<Audited> = Vec::new();
    for row in rows {
        match row {
            AuditRow::Begin(intent) => actions.push(Audited { intent, ending: None }),
            AuditRow::End(ending) => {
                let begun = actions.iter_mut().rev().find(|action| action.intent.id == ending.id);
                if let Some(action) = begun {
                    action.ending = Some(ending);
                }
            }
        }
    }
    actions
}

/// A second restart within this time asks for a reason.
pub const AGAIN: TimeDelta = TimeDelta::minutes(10);

/// When a service (or, without one, the same command) was last acted on by this action on any of these hosts, within
/// [`AGAIN`].
pub fn last_time<'a>(
    actions: &'a [Audited],
    action: &str,
    service: Option<&str>,
    environment: &str,
    hosts: &[String],
    now: DateTime<Utc>,
) -> Option<&'a Audited> {
    actions.iter().rev().find(|past| {
        let intent = &past.intent;
        intent.action == action
            && intent.service.as_deref() == service
            && intent.environment == environment
            && intent.hosts.iter().any(|host| hosts.contains(host))
            && now - intent.time < AGAIN
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intent(id: &str, minute: i64, hosts: &[&str]) -> Intent {
        Intent {
            id: id.to_owned(),
            time: DateTime::UNIX_EPOCH + TimeDelta::minutes(minute),
            who: "ada".to_owned(),
            from: "laptop".to_owned(),
            environment: "production".to_owned(),
            service: Some("api".to_owned()),
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            action: "restart".to_owned(),
            level: 2,
            plan: "00".to_owned(),
            commands: vec![],
            reason: None,
        }
    }

    #[test]
    fn an_end_finds_its_beginning_and_a_stray_one_makes_nothing_up() {
        let end = |id: &str| {
            let time = DateTime::UNIX_EPOCH;
            AuditRow::End(Ending { id: id.to_owned(), time, result: Verdict::Ok, rc: Some(0), ms: 5, hosts: vec![] })
        };
        let rows = [AuditRow::Begin(intent("a", 0, &[])), AuditRow::Begin(intent("b", 1, &[])), end("a"), end("stray")];
        let actions = join(rows);
        let seen: Vec<_> = actions.iter().map(|one| (one.intent.id.as_str(), one.ending.is_some())).collect();
        assert_eq!(seen, [("a", true), ("b", false)]);
    }

    #[test]
    fn again_is_the_same_service_on_a_shared_host_within_ten_minutes() {
        let past = [Audited { intent: intent("a", 0, &["web-1", "web-2"]), ending: None }];
        let at = |minute, host: &str, environment: &str| {
            let now = DateTime::UNIX_EPOCH + TimeDelta::minutes(minute);
            last_time(&past, "restart", Some("api"), environment, &[host.to_owned()], now).is_some()
        };
        assert!(at(9, "web-2", "production"));
        assert!(!at(10, "web-2", "production"), "ten minutes are over");
        assert!(!at(9, "web-3", "production"), "another host");
        assert!(!at(9, "web-2", "staging"), "another environment");
    }
}
