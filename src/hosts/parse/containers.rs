//! `docker inspect` and `podman inspect`, in the one line a container that the probe asks for.

use chrono::{DateTime, Utc};

use crate::domain::text::one_line;

/// One container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Its name.
    pub name: String,
    /// The engine's word: created, running, paused, restarting, exited, dead.
    pub status: String,
    /// How often its restart policy started it again.
    pub restarts: Option<u64>,
    /// When it was started last.
    pub since: Option<DateTime<Utc>>,
}

impl Container {
    /// The word that systemd would have for its state.
    pub fn active(&self) -> &'static str {
        match self.status.as_str() {
            "running" => "active",
            "restarting" | "created" | "configured" | "initialized" => "activating",
            "stopping" | "removing" => "deactivating",
            _ => "inactive",
        }
    }
}

/// Lines of `NAME STATUS RESTARTS STARTED`; docker's names begin with a slash.
pub fn containers(lines: &[String]) -> Vec<Container> {
    let container = |line: &String| {
        let mut words = line.splitn(4, ' ');
        let (name, status) = (words.next()?, words.next()?);
        let (restarts, started) = (words.next(), words.next());
        Some(Container {
            name: one_line(name.trim_start_matches('/'), 256),
            status: one_line(status, 64),
            restarts: restarts.and_then(|count| count.parse().ok()),
            since: started.and_then(time),
        })
    };
    lines.iter().filter_map(container).collect()
}

/// docker prints RFC 3339, podman Go's own form `2026-11-21 01:17:40.123 +0000 UTC`; one that never ran is in year 1.
fn time(text: &str) -> Option<DateTime<Utc>> {
    let go = || {
        let zoned = text.rsplit_once(' ')?.0;
        DateTime::parse_from_str(zoned, "%Y-%m-%d %H:%M:%S%.f %z").ok()
    };
    let at = DateTime::parse_from_rfc3339(text).ok().or_else(go)?.to_utc();
    (at.timestamp() > 0).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::super::lines;
    use super::*;

    #[test]
    fn docker_and_podman() {
        let found = containers(&lines(
            "/api running 2 2026-11-21T01:17:40.123456789Z\nworker exited 0 2026-11-21 01:17:40.5 +0100 CET\n\
             /new created 0 0001-01-01T00:00:00Z\n\nrubbish",
        ));
        let summary: Vec<(&str, &str, Option<i64>)> =
            found.iter().map(|c| (c.name.as_str(), c.active(), c.since.map(|at| at.timestamp()))).collect();
        assert_eq!(
            summary,
            [
                ("api", "active", Some(1_795_223_860)),
                ("worker", "inactive", Some(1_795_220_260)),
                ("new", "activating", None)
            ]
        );
        assert_eq!(found[0].restarts, Some(2));
    }
}
