//! The page of an alert, or of something that is watched: everything that is known of it.

use ratatui::layout::Rect;

use super::watched::shown;
use super::{lasted, standing};
use crate::app::board::Pane;
use crate::app::state::{State, Tab};
use crate::app::view_state::cause::last_change;
use crate::app::view_state::watched::{Watched, watched};
use crate::domain::alert::Alert;
use crate::domain::monitor::{Monitor, outages};
use crate::domain::outside::Outside;
use crate::ui::canvas::Canvas;
use crate::ui::format::{duration, thousands};
use crate::ui::glyph;
use crate::ui::theme::Role;
use crate::ui::times::Zone;
use crate::ui::widgets::bars;
use crate::ui::widgets::page::{self, Line};

/// Outages that are listed.
const OUTAGES: usize = 20;
/// Response times in the graph.
const GRAPH: usize = 60;

/// Draws the page of a row; false when there is no such row any more.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, id: &str) -> bool {
    let scroll = state.alerts.page_scroll;
    if state.alerts.pane(Tab::Alerts) == Some(Pane::Watched) {
        let Some(outside) = &state.hosted.outside else { return false };
        let all = watched(outside, state.now);
        let Some(one) = all.iter().find(|one| one.id() == id) else { return false };
        let lines = of_watched(state, c, outside, one);
        page::draw(c, area, one.name(), one.kind(), &lines, scroll);
        return true;
    }
    let Some(alert) = state.hosted.alerts.iter().find(|alert| alert.id == id) else { return false };
    let mut lines = of_alert(state, c, alert);
    let behind = id.strip_prefix("statuscake:uptime:").and_then(|id| id.split(':').next());
    if let (Some(outside), Some(check)) = (&state.hosted.outside, behind)
        && let Some(check) = outside.checks.iter().find(|one| one.id == check)
    {
        lines.push(Line::Blank);
        lines.extend(of_watched(state, c, outside, &Watched::Check(check)));
    }
    page::draw(c, area, &alert.title, standing(alert).0, &lines, scroll);
    true
}

fn of_alert<'t>(state: &State, c: &Canvas, alert: &Alert) -> Vec<Line<'t>> {
    let zone = Zone::of(state, c.look);
    let text = |text: &str| vec![c.piece(text.to_owned(), Role::Text)];
    let (word, role) = standing(alert);
    let mut lines = vec![
        Line::Pair("state", vec![c.piece(format!("{word} for {}", lasted(state, alert)), role)]),
        Line::Pair("severity", text(alert.severity.as_str())),
        Line::Pair("says", text(&format!("{}, {}", alert.source, alert.rule))),
    ];
    let mut known = |name, value: Option<String>| {
        lines.extend(value.map(|value| Line::Pair(name, vec![c.piece(value, Role::Text)])));
    };
    known("since", alert.since.map(|at| zone.full(at)));
    known("ended", alert.ended.map(|at| zone.full(at)));
    known("host", alert.host.clone());
    known("service", alert.service.clone().zip(alert.environment.clone()).map(|(s, e)| format!("{s} in {e}")));
    known("value", alert.value.map(|value| format!("{value}")));
    known("last change", last_change(state, alert));
    known("silenced", alert.silenced.then(|| "a maintenance window covers it".to_owned()));
    known("flapping", alert.flapping.then(|| "it comes and goes".to_owned()));
    known("address", alert.url.clone());
    lines
}

fn of_watched<'t>(state: &State, c: &Canvas, outside: &Outside, one: &Watched) -> Vec<Line<'t>> {
    let zone = Zone::of(state, c.look);
    let (word, role) = shown(one, state);
    let mut lines = vec![Line::Pair("is", vec![c.piece(word, role)])];
    let mut known = |name, value: Option<String>| {
        lines.extend(
            value.filter(|value| !value.is_empty()).map(|value| Line::Pair(name, vec![c.piece(value, Role::Text)])),
        );
    };
    known("kind", Some(one.kind().to_owned()));
    known("address", one.url().map(str::to_owned));
    match one {
        Watched::Check(check) => {
            known("uptime", check.uptime_pct.map(|pct| format!("{pct:.2} %")));
            known("every", Some(duration(check.every)));
            known("tags", Some(check.tags.join(", ")));
            known("tells", Some(groups(outside, check)));
            lines.extend(responses(c, outside, check));
            lines.extend(ups_and_downs(state, c, outside, check));
        }
        Watched::Heartbeat(beat) => {
            known("expected", Some(format!("every {}", duration(beat.period))));
            known("last heard", beat.last_seen.map(|at| zone.full(at)));
            known("uptime", beat.uptime_pct.map(|pct| format!("{pct:.2} %")));
            known("tags", Some(beat.tags.join(", ")));
        }
        Watched::Certificate(one) => {
            known("valid until", one.valid_until.map(|at| zone.full(at)));
            known("issuer", one.issuer.clone());
            known("faults", Some(one.faults.join(", ")));
        }
        Watched::Page(page) => {
            if let Some(load) = &page.latest {
                known("load time", Some(format!("{} ms", thousands(u64::from(load.millis)))));
                known("size", Some(format!("{:.0} kB in {} requests", load.kilobytes, load.requests)));
            }
            known("slow from", page.alert_slower.map(|millis| format!("{} ms", thousands(u64::from(millis)))));
        }
        Watched::Window(window) => {
            known("from", window.start.map(|at| zone.full(at)));
            known("to", window.end.map(|at| zone.full(at)));
            known("repeats", Some(window.repeat.clone()).filter(|repeat| repeat != "never"));
            let names =
                |id: &String| outside.checks.iter().find(|check| check.id == *id).map(|check| check.name.clone());
            known("checks", Some(window.checks.iter().filter_map(names).collect::<Vec<_>>().join(", ")));
            known("tags", Some(window.tags.join(", ")));
        }
    }
    lines
}

/// The names of those who are called.
fn groups(outside: &Outside, check: &Monitor) -> String {
    let named = outside.contact_groups.iter().filter(|group| check.contact_groups.contains(&group.id));
    named.map(|group| group.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn responses<'t>(c: &Canvas, outside: &Outside, check: &Monitor) -> Option<Line<'t>> {
    let times = outside.responses.get(&check.id)?;
    let values: Vec<Option<f64>> = times.iter().take(GRAPH).rev().map(|one| one.millis.map(f64::from)).collect();
    let newest = times.iter().find_map(|one| one.millis)?;
    let graph = c.piece(bars::spark(&values, None), Role::Graph);
    Some(Line::Pair("response", vec![c.piece(format!("{} ms  ", thousands(u64::from(newest))), Role::Text), graph]))
}

fn ups_and_downs<'t>(state: &State, c: &Canvas, outside: &Outside, check: &Monitor) -> Vec<Line<'t>> {
    let zone = Zone::of(state, c.look);
    let Some(events) = outside.events.get(&check.id) else {
        return vec![Line::Blank, Line::Text("its outages have not been asked for yet".to_owned())];
    };
    let all = outages(events, state.now);
    let mut lines =
        vec![Line::Blank, Line::Title(if all.is_empty() { "No outages".to_owned() } else { "Outages".to_owned() })];
    for outage in all.iter().take(OUTAGES) {
        let length = duration(outage.length(state.now));
        let (name, words, role) = match outage.ended {
            None => ("down", format!("{length} so far"), Role::Bad),
            Some(_) => ("", length, Role::Text),
        };
        let code = outage.code.map_or(String::new(), |code| format!(" {} {code}", glyph::DOT));
        let text = format!("{}  {words}{code}", zone.full(outage.began));
        lines.push(Line::Pair(name, vec![c.piece(text, role)]));
    }
    lines
}
