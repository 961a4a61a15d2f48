//! Goes to what somebody names: a host, a service, an alert, a check or a deployment, by its name, id or address. What
//! hosted APIs have yet to say is waited for.

use super::{hosts, lists, show, toast};
use crate::app::board::Pane;
use crate::app::effect::Effect;
use crate::app::state::{OverviewPane, ServiceView, State, Tab};
use crate::app::view_state::rows;
use crate::app::view_state::watched::watched;
use crate::domain::host::HostName;
use crate::domain::nearest::nearest;

/// Where a name leads.
enum Place {
    Host(HostName),
    Service((String, String)),
    Row(Tab, Pane, String),
}

/// Goes there now, or as soon as it is known.
pub(super) fn find(state: &mut State, name: &str, effects: &mut Vec<Effect>) {
    state.wanted = Some(name.to_owned());
    again(state, effects);
    if state.wanted.is_some() {
        toast(state, false, format!("looking for {name}"));
    }
}

/// More is known: what is waited for may be there now.
pub(super) fn again(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(name) = state.wanted.clone() else { return };
    match place(state, &name) {
        Some(Place::Host(host)) => hosts::open(state, host, effects),
        Some(Place::Service(id)) => {
            show(state, Tab::Overview);
            (state.overview.pane, state.overview.service) = (OverviewPane::Services, Some(id));
        }
        Some(Place::Row(tab, pane, id)) => {
            show(state, tab);
            lists::choose(state, pane, id);
            lists::open(state);
        }
        None if waits(state) => return,
        None => toast(state, true, format!("nothing here is called {name}{}", hint(state, &name))),
    }
    state.wanted = None;
}

/// Whether a source of names has not said its first word.
fn waits(state: &State) -> bool {
    let sources = &state.settings.hosted;
    let outside = state.hosted.outside.as_ref();
    sources.statuscake.is_some() && outside.is_none_or(|outside| outside.as_of.is_empty() && outside.trouble.is_empty())
        || sources.gitlab.is_some() && state.hosted.delivery.is_none()
}

fn hint(state: &State, name: &str) -> String {
    let hosts = state.hosts.iter().map(|view| view.host.name.as_str());
    let services = state.services.iter().map(|view| view.service.name.as_str());
    nearest(name, hosts.chain(services)).map_or_else(String::new, |near| format!("; did you mean {near}?"))
}

/// Exactly what is named, hosts and services first; else the only thing whose name holds it.
fn place(state: &State, name: &str) -> Option<Place> {
    let mut known = known(state);
    let wanted = plain(name);
    if let Some(at) = known.iter().position(|(names, _)| names.iter().any(|name| plain(name) == wanted)) {
        return Some(known.swap_remove(at).1);
    }
    known.retain(|(names, _)| names.iter().any(|name| plain(name).contains(&wanted)));
    (known.len() == 1).then(|| known.swap_remove(0).1)
}

/// Without what people and programs add to an address: case, a last slash, a place in the page.
fn plain(name: &str) -> String {
    let address = name.split_once('#').map_or(name, |(address, _)| address);
    let name = if name.contains("://") { address } else { name };
    name.trim().trim_end_matches('/').to_lowercase()
}

/// Everything that can be gone to, with what it is called.
fn known(state: &State) -> Vec<(Vec<String>, Place)> {
    let mut all = Vec::new();
    for view in &state.hosts {
        all.push((vec![view.host.name.to_string()], Place::Host(view.host.name.clone())));
    }
    for view in &state.services {
        let id = ServiceView::id(view);
        all.push((vec![view.service.name.clone(), format!("{}@{}", id.0, id.1)], Place::Service(id)));
    }
    for alert in &state.hosted.alerts {
        let names = [Some(&alert.id), Some(&alert.title), alert.url.as_ref()].into_iter().flatten().cloned();
        all.push((names.collect(), Place::Row(Tab::Alerts, Pane::Alerts, alert.id.clone())));
    }
    for one in state.hosted.outside.iter().flat_map(|outside| watched(outside, state.now)) {
        let names = [Some(one.id()), Some(one.name().to_owned()), one.url().map(str::to_owned)];
        all.push((names.into_iter().flatten().collect(), Place::Row(Tab::Alerts, Pane::Watched, one.id())));
    }
    for one in &state.hosted.deployments {
        let id = rows::deployment_id(one);
        let names = [Some(id.clone()), one.url.clone()].into_iter().flatten().collect();
        all.push((names, Place::Row(Tab::Deploys, Pane::History, id)));
    }
    all
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use chrono::DateTime;

    use super::*;
    use crate::app::command::Command;
    use crate::app::message::Message;
    use crate::app::update::update;
    use crate::domain::alert::{Alert, Severity};
    use crate::domain::host::Host;
    use crate::domain::hosted::StatusCakeSettings;
    use crate::domain::outside::Outside;
    use crate::domain::settings::Settings;

    fn state() -> State {
        let hosts = ["web-1", "web-10", "db-1"].map(|name| Host::named(name, "production")).to_vec();
        let mut settings = Settings { hosts, ..Settings::default() };
        let (base, token, tags, owners) = (String::new(), None, vec![], vec![]);
        settings.hosted.statuscake = Some(StatusCakeSettings { base, token, tags, owners });
        State::new(Arc::new(settings), DateTime::UNIX_EPOCH, (80, 24), None)
    }

    fn go(state: &mut State, name: &str) {
        update(state, Message::Command(Command::Go(name.to_owned())));
    }

    fn alerts() -> Message {
        let alert = Alert {
            url: Some("https://shop.example.com/checkout".to_owned()),
            ..Alert::firing(
                "statuscake:uptime:7".to_owned(),
                "uptime",
                "statuscake",
                Severity::Page,
                "Checkout is down".to_owned(),
            )
        };
        Message::Outside(Box::default(), vec![alert])
    }

    #[test]
    fn a_host_is_there_at_once_by_its_whole_name_or_by_a_part_that_only_it_has() {
        for (name, host) in [("web-1", "web-1"), ("WEB-10", "web-10"), ("db", "db-1")] {
            let mut state = state();
            go(&mut state, name);
            assert_eq!(state.machines.open.as_ref().map(HostName::as_str), Some(host), "{name}");
            assert_eq!((state.tab, state.wanted), (Tab::Hosts, None));
        }
    }

    #[test]
    fn an_alert_is_waited_for_and_found_by_name_id_and_address() {
        for name in ["checkout", "statuscake:uptime:7", "https://shop.example.com/checkout/#now"] {
            let mut state = state();
            go(&mut state, name);
            assert_eq!((state.tab, state.wanted.as_deref()), (Tab::Overview, Some(name)));
            update(&mut state, alerts());
            assert_eq!((state.tab, state.alerts.open.as_deref()), (Tab::Alerts, Some("statuscake:uptime:7")), "{name}");
            assert_eq!(state.wanted, None);
        }
    }

    #[test]
    fn whoever_has_gone_elsewhere_meanwhile_stays_there() {
        let mut state = state();
        go(&mut state, "checkout");
        update(&mut state, Message::Command(Command::Show(Tab::Logs)));
        update(&mut state, alerts());
        assert_eq!(state.tab, Tab::Logs);
    }

    #[test]
    fn what_nothing_is_called_is_told_once_everything_has_spoken() {
        let mut state = state();
        go(&mut state, "web-l");
        assert_eq!(state.wanted.as_deref(), Some("web-l"));
        let mut outside = Outside::default();
        outside.as_of.insert(crate::domain::outside::Feed::Checks, DateTime::UNIX_EPOCH);
        update(&mut state, Message::Outside(Box::new(outside), vec![]));
        assert_eq!(state.wanted, None);
        let said = &state.toasts.last().unwrap().text;
        assert!(said.contains("web-l") && said.contains("did you mean web-1"), "{said}");
        // A part that several have is no name.
        let mut state = self::state();
        state.settings = Arc::default();
        go(&mut state, "web");
        assert_eq!((state.tab, state.machines.open), (Tab::Overview, None));
    }
}
