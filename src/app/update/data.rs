//! What hosts and services say.

use std::sync::Arc;

use crate::app::change::ChangeKind;
use crate::app::effect::Effect;
use crate::app::message::Message;
use crate::app::state::{About, Banner, HostView, Hosted, ProcessList, ServiceView, State};
use crate::domain::host::HostName;
use crate::domain::sample::Sample;
use crate::domain::service::ServiceOnHost;
use crate::domain::settings::Settings;

/// Takes a message that only brings data.
pub(super) fn take(state: &mut State, message: Message) {
    match message {
        Message::Link(host, link) => with(state, &host, |view| view.link = Some(link)),
        Message::Heard(host, at) => with(state, &host, |view| view.heard = view.heard.max(Some(at))),
        Message::Sampled(host, sample) => sampled(state, &host, *sample),
        Message::Unmeasured(host, why) => with(state, &host, |view| view.unmeasured = why),
        Message::Facts(host, facts) => with(state, &host, |view| view.facts = facts),
        Message::Service { service, environment, host, status } => {
            serviced(state, &service, &environment, &host, status)
        }
        Message::Processes(host, list) => {
            let at = state.now;
            with(state, &host, |view| view.processes = Some(ProcessList { at, list }));
        }
        _ => {}
    }
}

fn with(state: &mut State, host: &HostName, change: impl FnOnce(&mut HostView)) {
    if let Some(view) = state.hosts.iter_mut().find(|view| view.host.name == *host) {
        change(view);
    }
}

fn sampled(state: &mut State, host: &HostName, sample: Sample) {
    let mut changes = Vec::new();
    with(state, host, |view| {
        let at = sample.at;
        view.cpu.push(at, sample.cpu.as_ref().map(|cpu| cpu.pct));
        view.mem.push(at, sample.mem.map(|mem| mem.pct()));
        view.rx.push(at, sample.net.map(|net| net.rx_s));
        view.tx.push(at, sample.net.map(|net| net.tx_s));
        let before = view.sample.as_ref().and_then(|old| old.uptime_s);
        if let (Some(before), Some(now)) = (before, sample.uptime_s)
            && now < before
        {
            changes.push(ChangeKind::Rebooted);
        }
        if let Some(kills) = sample.oom_kills_new.filter(|kills| *kills > 0) {
            changes.push(ChangeKind::OomKill(kills));
        }
        view.heard = view.heard.max(Some(at));
        view.sample = Some(sample);
    });
    for change in changes {
        state.note_change(host, change);
    }
}

fn serviced(state: &mut State, name: &str, environment: &str, host: &HostName, status: ServiceOnHost) {
    let now = state.now;
    let mut changes = Vec::new();
    let found = state.services.iter_mut().find(|v| v.service.name == name && v.service.environment == environment);
    let Some(view) = found else { return };
    if let Some(before) = view.on.get(host) {
        if let (Some(from), Some(to)) = (&before.version, &status.version)
            && from != to
        {
            changes.push(ChangeKind::Version { service: name.to_owned(), from: from.clone(), to: to.clone() });
        }
        // What came with another version was started for it.
        if let (Some(from), Some(to), true) = (before.since, status.since, changes.is_empty())
            && to > from
        {
            let by_itself = status.restarts.unwrap_or(0) > before.restarts.unwrap_or(0);
            changes.push(ChangeKind::Restarted { service: name.to_owned(), by_itself });
        }
    }
    if status.is_well() {
        view.unwell.remove(host);
    } else {
        view.unwell.entry(host.clone()).or_insert(now);
    }
    view.on.insert(host.clone(), status);
    for change in changes {
        state.note_change(host, change);
    }
}

/// The themes and keys were read again: what is wrong with them stays in sight until it is mended.
pub(super) fn dressed(state: &mut State, themes: Vec<String>, faults: Vec<(About, String)>) {
    state.themes = themes;
    state.banners.retain(|banner| !matches!(banner.about, About::Keymap | About::Theme));
    // Of several about the same the first is told.
    for (about, fault) in faults.into_iter().rev() {
        state.put_banner(Banner { about, bad: true, text: format!("{fault}; the old one stays") });
    }
}

/// A new config: what is known of hosts and services that stay is kept.
pub(super) fn config(state: &mut State, settings: Settings, warnings: &[String], effects: &mut Vec<Effect>) {
    let mut hosts = std::mem::take(&mut state.hosts);
    state.hosts = settings
        .hosts
        .iter()
        .map(|host| match hosts.iter().position(|view| view.host.name == host.name) {
            Some(at) => HostView { host: host.clone(), ..hosts.swap_remove(at) },
            None => HostView::new(host.clone()),
        })
        .collect();
    let mut services = std::mem::take(&mut state.services);
    state.services = settings
        .services
        .iter()
        .map(|service| {
            let same = |view: &ServiceView| {
                view.service.name == service.name && view.service.environment == service.environment
            };
            match services.iter().position(same) {
                Some(at) => ServiceView { service: service.clone(), ..services.swap_remove(at) },
                None => ServiceView::new(service.clone()),
            }
        })
        .collect();
    // A token that changed is no reason to dial hosts anew, nor the other way round.
    if state.settings.hosted != settings.hosted {
        let runs = std::mem::take(&mut state.hosted.runs);
        state.hosted = Hosted { ledgers: vec![None; settings.hosted.stripe.len()], runs, ..Hosted::default() };
        state.hosted.join_deployments();
        effects.push(Effect::Consult(Box::new(settings.hosted.clone())));
    }
    // Only what the connections rest on is worth dialing anew.
    let old = &state.settings;
    if old.hosts != settings.hosts || old.services != settings.services || old.ssh != settings.ssh {
        effects.push(Effect::Hire(Box::new(settings.clone())));
    }
    if old.deploys != settings.deploys {
        effects.push(Effect::SeekRuns(Arc::new(settings.clone()), state.acting.sought));
    }
    effects.push(Effect::Dress(Box::new(settings.ui.clone())));
    if settings.ui.mouse != state.settings.ui.mouse {
        state.mouse = settings.ui.mouse;
        effects.push(Effect::Mouse(state.mouse));
    }
    state.settings = Arc::new(settings);
    state.banners.retain(|banner| banner.about != About::Config && banner.about != About::Start);
    if let Some(first) = warnings.first() {
        let more =
            if warnings.len() > 1 { format!(" (and {} more: `qd check`)", warnings.len() - 1) } else { String::new() };
        state.put_banner(Banner { about: About::Config, bad: false, text: format!("{first}{more}") });
    }
    state.select_something();
}
