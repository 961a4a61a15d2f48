//! What may have caused an alert: the most telling change of the hour before it.

use chrono::{DateTime, TimeDelta, Utc};

use super::sentence::changed;
use crate::app::change::{Change, ChangeKind};
use crate::app::state::State;
use crate::domain::alert::Alert;
use crate::domain::deployment::{DeploymentKind, last_change as last_deployment};

/// What is older than this is no cause that is worth a word.
const WINDOW: TimeDelta = TimeDelta::hours(1);
/// A host is asked for its version so often: a change that was seen so soon after may have been before.
const SEEN_LATE: TimeDelta = TimeDelta::seconds(30);

/// What was changed last before an alert began, within an hour, and how long before: of its service where it is one's. A
/// deploy tells more than a version that changed, that more than a restart, however much later that was.
pub fn last_change(state: &State, alert: &Alert) -> Option<String> {
    if let Some(known) = &alert.last_change {
        return Some(known.clone());
    }
    let began = alert.since?;
    let (_, at, words) = deployed(state, alert, began)
        .into_iter()
        .chain(seen(state, alert, began))
        .max_by_key(|(rank, at, _)| (*rank, *at))?;
    Some(format!("{words}, {} min before", (began - at).num_minutes().max(0)))
}

/// How telling it is, when it was, and what.
type Cause = (u8, DateTime<Utc>, String);

fn deployed(state: &State, alert: &Alert, began: DateTime<Utc>) -> Option<Cause> {
    let service = alert.service.as_ref()?;
    let one = last_deployment(&state.hosted.deployments, service, alert.environment.as_deref(), began)?;
    let at = one.started.filter(|at| began - *at <= WINDOW)?;
    let kind = one.kind.filter(|kind| *kind != DeploymentKind::Deploy).map(|kind| format!(" {}", kind.as_str()));
    Some((3, at, format!("{service} {}{}", one.version, kind.unwrap_or_default())))
}

fn seen(state: &State, alert: &Alert, began: DateTime<Utc>) -> Vec<Cause> {
    let of = |change: &&Change| {
        let of = match &change.what {
            ChangeKind::Version { service, .. } | ChangeKind::Restarted { service, .. } => Some(service),
            ChangeKind::Rebooted | ChangeKind::OomKill(_) => None,
        };
        of.is_none() || alert.service.is_none() || of == alert.service.as_ref()
    };
    let ranked = state.changes.iter().filter(of).map(|change| match change.what {
        ChangeKind::Version { .. } => (2, SEEN_LATE, change),
        ChangeKind::Rebooted | ChangeKind::OomKill(_) => (1, TimeDelta::zero(), change),
        ChangeKind::Restarted { .. } => (0, TimeDelta::zero(), change),
    });
    let within = ranked.filter(|(_, late, change)| change.at <= began + *late && began - change.at <= WINDOW);
    within.map(|(rank, _, change)| (rank, change.at, changed(change))).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::alert::Severity;
    use crate::domain::settings::Settings;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minutes)
    }

    fn state(changes: &[(i64, ChangeKind)]) -> State {
        let mut state = State::new(Arc::new(Settings::default()), at(100), (80, 24), None);
        let made =
            |(minutes, what): &(i64, ChangeKind)| Change { at: at(*minutes), host: "web-1".into(), what: what.clone() };
        state.changes.extend(changes.iter().map(made));
        state
    }

    fn version() -> ChangeKind {
        ChangeKind::Version { service: "api".into(), from: "1.4.2".into(), to: "1.4.3".into() }
    }

    fn restart(service: &str) -> ChangeKind {
        ChangeKind::Restarted { service: service.into(), by_itself: false }
    }

    #[test]
    fn the_most_telling_change_of_the_hour_before_is_shown() {
        let alert = Alert {
            service: Some("api".into()),
            since: Some(at(80)),
            ..Alert::firing("x".to_owned(), "uptime", "statuscake", Severity::Page, "Checkout down".to_owned())
        };
        for (changes, cause) in [
            (vec![(70, version()), (71, restart("api"))], Some("api 1.4.3 on web-1, 10 min before")),
            (vec![(70, version()), (72, version()), (79, restart("api"))], Some("api 1.4.3 on web-1, 8 min before")),
            (vec![(71, restart("api"))], Some("api restarted on web-1, 9 min before")),
            (vec![(71, restart("worker"))], None),
            (vec![(10, version()), (71, restart("api"))], Some("api restarted on web-1, 9 min before")),
            (vec![(81, version())], None),
            (vec![(10, version())], None),
        ] {
            assert_eq!(last_change(&state(&changes), &alert).as_deref(), cause, "{changes:?}");
        }
    }
}
