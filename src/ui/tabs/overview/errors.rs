//! Errors in the logs, a line for each host that has any.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::nothing;
use crate::app::state::{HostView, State};
use crate::domain::age::Freshness;
use crate::ui::canvas::{Canvas, below, row};
use crate::ui::figures::{self, errors_now, figure};
use crate::ui::format::{count, fit, plural};
use crate::ui::theme::Role;
use crate::ui::widgets::bars;

/// Minutes of the graph.
const MINUTES: usize = 12;

/// Hosts that have had errors lately, most first.
fn hosts(state: &State) -> Vec<&HostView> {
    let mut hosts: Vec<&HostView> = state.hosts.iter().filter(|view| view.errors.iter().any(|n| *n > 0)).collect();
    hosts.sort_by_key(|view| std::cmp::Reverse((errors_now(&view.errors), view.errors.iter().sum::<u64>())));
    hosts
}

/// Rows that it would like to have, without its rule.
pub fn wanted(state: &State) -> u16 {
    hosts(state).len().max(1) as u16
}

/// Draws the pane.
pub fn draw(state: &State, c: &mut Canvas, area: Rect) {
    if area.height == 0 {
        return;
    }
    c.titled(row(area, 0), "Errors", "per minute", false);
    let rest = below(area, 1);
    let found = hosts(state);
    if found.is_empty() {
        let sources = state.logs.window.sources.len();
        let line = match sources {
            0 => "no logs are read yet: logs = [...] of a [[service]] names them".to_owned(),
            n => format!("none in {MINUTES} minutes in {}", plural(n, "source")),
        };
        return nothing(c, rest, &[&line]);
    }
    let name = found.iter().map(|view| view.host.name.as_str().width()).max().unwrap_or(0).clamp(6, 16) as u16;
    for (n, view) in found.into_iter().take(usize::from(rest.height)).enumerate() {
        let line = row(rest, n as u16);
        let host = view.host.name.as_str();
        let mut x = line.x + 1;
        c.put(x, line.y, name, &fit(host, usize::from(name)), c.look.theme().host(host));
        x += name + 1;
        let now = errors_now(&view.errors).unwrap_or(0);
        let (fresh, role) = (figures::errors(state, view), if now > 0 { Role::Bad } else { Role::Dim });
        c.pieces_right(x, x + 5, line.y, &[figure(c.look, Some(count(now)), fresh, role)]);
        x += 6;
        let role = if fresh == Freshness::Fresh { Role::Error } else { Role::Dim };
        c.put_as(x, line.y, MINUTES as u16, &bars::spark_counts(&view.errors, MINUTES), role);
        x += MINUTES as u16 + 2;
        let room = line.right().saturating_sub(x + 1);
        if let Some(text) = newest(state, view) {
            c.put_as(x, line.y, room, &fit(text, usize::from(room)), Role::Text);
        }
    }
}

/// The newest error of a host.
fn newest<'s>(state: &'s State, view: &HostView) -> Option<&'s str> {
    let here = state.logs.window.sources.iter().filter(|source| source.source.host == view.host.name);
    here.filter_map(|source| source.newest_error.as_ref()).max().map(|(_, text)| text.as_str())
}
