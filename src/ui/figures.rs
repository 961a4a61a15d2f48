//! Figures of hosts as the screen writes them: states as word, shape and colour; freshness; limits.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::canvas::Piece;
use super::format::age;
use super::glyph;
use super::look::Look;
use super::theme::Role;
use super::times::Zone;
use crate::app::state::{HostView, State};
use crate::app::view_state::cursor::cursor;
use crate::domain::age::{Freshness, freshness};
use crate::domain::host::HostState;
use crate::domain::sample::{Disk, Sample, Slow};

/// The limit from which a percentage is a warning, and the one from which it is bad.
pub type Limits = (f64, f64);
/// Processors.
pub const CPU: Limits = (85.0, 95.0);
/// Memory.
pub const MEMORY: Limits = (85.0, 95.0);
/// Disks and inodes.
pub const DISK: Limits = (80.0, 90.0);
/// Per cent of requests that failed.
pub const FAILED: Limits = (1.0, 5.0);
/// Pressure stall shares: netdata's and the node mixin's warnings.
pub const PRESSURE: Limits = (10.0, 40.0);
/// Hours until a disk is full.
const SOON_FULL: f64 = 8.0;
/// A host is heard every 5 s: an age appears when it missed one.
const HEARD: Duration = Duration::from_secs(10);

/// A state as shape, word and colour.
pub fn state_of(state: HostState) -> (&'static str, &'static str, Role) {
    match state {
        HostState::Connecting => (glyph::DIALING, "DIAL", Role::Busy),
        HostState::Up => (glyph::GOOD, "UP", Role::Ok),
        HostState::Stale => (glyph::STALE, "STALE", Role::Warn),
        HostState::Retrying => (glyph::DIALING, "RETRY", Role::Warn),
        HostState::AuthFailed => (glyph::LOCKED, "NO AUTH", Role::Bad),
        HostState::HostKeyUnknown => (glyph::LOCKED, "NEW KEY", Role::Warn),
        HostState::HostKeyChanged => (glyph::BAD, "BAD KEY", Role::Bad),
        HostState::Down => (glyph::BAD, "DOWN", Role::Bad),
    }
}

/// The role of a figure by its limits.
pub fn by_limits(value: f64, limits: Limits, fine: Role) -> Role {
    match value {
        v if v >= limits.1 => Role::Bad,
        v if v >= limits.0 => Role::Warn,
        _ => fine,
    }
}

/// The role of a disk: by how full it is, and how soon it will be.
pub fn of_disk(disk: &Disk) -> Role {
    if disk.read_only {
        return Role::Dim;
    }
    let soon = disk.hours_to_full.is_some_and(|hours| hours < SOON_FULL);
    if soon { Role::Bad } else { by_limits(disk.pct, DISK, Role::Text) }
}

/// How far a sample's fast figures can be trusted.
pub fn fast(state: &State, view: &HostView) -> Freshness {
    // Hosts that nobody looks at are sampled three times as seldom; by that pace all are judged, so that a host does
    // not look old in the moment when the cursor comes to it.
    let every = state.settings.stats.every * 3;
    let fresh = view.sample.as_ref().map_or(Freshness::Stale, |sample| freshness(sample.at, every, state.now));
    trusted(state, view, fresh)
}

/// Figures of a host that is not heard are not believed, however young they are.
fn trusted(state: &State, view: &HostView, fresh: Freshness) -> Freshness {
    if view.state(state.now) == HostState::Up { fresh } else { Freshness::Stale }
}

/// The slow tier of a host, and how far its figures can be trusted.
pub fn slow_of<'s>(state: &State, view: &'s HostView) -> Option<(&'s Slow, Freshness)> {
    let slow = view.sample.as_ref()?.slow.as_ref()?;
    Some((slow, trusted(state, view, freshness(slow.at, state.settings.stats.slow, state.now))))
}

/// How far what a host's logs count can be trusted: not where nobody reads any of them.
pub fn errors(state: &State, view: &HostView) -> Freshness {
    let mut sources = state.logs.window.sources.iter().filter(|source| source.source.host == view.host.name);
    let read = sources.any(|source| source.live);
    trusted(state, view, if read { Freshness::Fresh } else { Freshness::Stale })
}

/// How old the newest sample is, where its figures are not to be trusted any more.
pub fn sample_age(state: &State, view: &HostView) -> Option<String> {
    let sample = view.sample.as_ref().filter(|_| fast(state, view) == Freshness::Stale)?;
    Some(age(since(state.now, sample.at)))
}

/// A figure with its trust shown: dim when it ages, dim with `?` when it is stale. Unknown is a dash.
pub fn figure(look: &Look, text: Option<String>, fresh: Freshness, role: Role) -> Piece<'static> {
    let theme = look.theme();
    match (text, fresh) {
        (None, _) => (glyph::UNKNOWN.into(), theme.style(Role::Dim)),
        (Some(text), Freshness::Fresh) => (text.into(), theme.style(role)),
        (Some(text), Freshness::Aging) => (text.into(), theme.style(Role::Dim)),
        (Some(text), Freshness::Stale) => (format!("{text}?").into(), theme.style(Role::Dim)),
    }
}

/// How long ago, never negative.
pub fn since(now: DateTime<Utc>, then: DateTime<Utc>) -> Duration {
    (now - then).to_std().unwrap_or_default()
}

/// The age of what was last heard of a host, once it is worth saying.
pub fn heard_age(state: &State, view: &HostView) -> Option<String> {
    let silent = since(state.now, view.heard?);
    (silent >= HEARD).then(|| age(silent))
}

/// The fullest disk that can fill further, or the one that is full the soonest.
pub fn worst_disk(sample: &Sample) -> Option<&Disk> {
    let disks = sample.slow.as_ref()?.disks.as_ref()?;
    let soon = |disk: &&Disk| disk.hours_to_full.is_some_and(|hours| hours < SOON_FULL);
    let writable = || disks.iter().filter(|disk| !disk.read_only);
    writable()
        .filter(soon)
        .min_by(|a, b| a.hours_to_full.unwrap_or(0.0).total_cmp(&b.hours_to_full.unwrap_or(0.0)))
        .or_else(|| writable().max_by(|a, b| a.pct.total_cmp(&b.pct)))
}

/// The version that runs on a host: of the first service there that reports one.
pub fn version<'s>(state: &'s State, view: &HostView) -> Option<&'s str> {
    let on = |service: &'s crate::app::state::ServiceView| service.on.get(&view.host.name)?.version.as_deref();
    state.services.iter().find_map(on)
}

/// Errors a minute now: the greater of the minute that runs and the one before.
pub fn errors_now(errors: &[u64]) -> Option<u64> {
    errors.iter().rev().take(2).copied().max()
}

/// When the selected line of the logs was written, as the other tabs say it beside what they mark.
pub fn cursor_words(state: &State, look: &Look) -> Option<String> {
    let at = cursor(state)?;
    Some(format!("{} line {}", glyph::BACK, Zone::of(state, look).local(at).format("%H:%M:%S")))
}

/// Figures of a rule, the time cursor before them.
pub fn with_cursor(state: &State, look: &Look, figures: String) -> String {
    match cursor_words(state, look) {
        Some(at) if figures.is_empty() => at,
        Some(at) => format!("{at} {} {figures}", glyph::DOT),
        None => figures,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::host::{Host, Link, LinkState, TransportKind};
    use crate::domain::sample::Memory;
    use crate::domain::settings::Settings;

    #[test]
    fn figures_show_how_far_they_can_be_trusted() {
        let look = Look::default();
        let shown =
            |text: Option<&str>, fresh| figure(&look, text.map(str::to_owned), fresh, Role::Text).0.into_owned();
        assert_eq!(shown(None, Freshness::Fresh), "—");
        assert_eq!(shown(Some("0"), Freshness::Fresh), "0");
        assert_eq!(shown(Some("34"), Freshness::Stale), "34?");
    }

    #[test]
    fn the_worst_disk_is_the_one_that_is_full_first() {
        let disk = |mount: &str, pct, hours_to_full, read_only| Disk {
            mount: mount.into(),
            pct,
            hours_to_full,
            read_only,
            ..Disk::default()
        };
        let sample = |disks| Sample {
            slow: Some(Slow { disks: Some(disks), ..Slow::default() }),
            mem: Some(Memory::default()),
            ..Sample::default()
        };
        let worst = |disks| worst_disk(&sample(disks)).map(|disk| disk.mount.clone());
        assert_eq!(worst(vec![disk("/", 71.0, None, false), disk("/cd", 100.0, None, true)]).as_deref(), Some("/"));
        assert_eq!(
            worst(vec![disk("/", 91.0, None, false), disk("/var", 60.0, Some(2.9), false)]).as_deref(),
            Some("/var")
        );
        assert_eq!(worst(vec![]), None);
    }
    #[test]
    fn nothing_of_a_host_that_is_not_heard_is_believed() {
        let now: DateTime<Utc> = "2026-11-21T03:12:00Z".parse().unwrap();
        let settings = Settings { hosts: vec![Host::named("web-1", "production")], ..Settings::default() };
        let mut state = State::new(std::sync::Arc::new(settings), now, (80, 24), None);
        let slow = Slow { at: now, ..Slow::default() };
        state.hosts[0].sample = Some(Sample { at: now, slow: Some(slow), ..Sample::default() });
        state.hosts[0].heard = Some(now);
        let trust = |state: &State| {
            let view = &state.hosts[0];
            [fast(state, view), slow_of(state, view).unwrap().1]
        };
        for (link, seconds, expected) in [
            (LinkState::Up, 1, Freshness::Fresh),
            (LinkState::Up, 16, Freshness::Stale),
            (LinkState::Retrying, 1, Freshness::Stale),
            (LinkState::Down, 1, Freshness::Stale),
        ] {
            state.now = now + chrono::TimeDelta::seconds(seconds);
            state.hosts[0].link = Some(Link { state: link, ..Link::connecting(TransportKind::Ssh2, now) });
            assert_eq!(trust(&state), [expected; 2], "{link:?} after {seconds} s");
            assert_eq!(errors(&state, &state.hosts[0]), Freshness::Stale, "none of its logs is read");
        }
    }
}
