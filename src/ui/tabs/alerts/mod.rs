//! The Alerts tab: what fires and what did, and everything that is watched from outside.

mod page;
mod watched;

use ratatui::layout::Rect;

use super::{nothing, share, trouble};
use crate::app::board::Pane;
use crate::app::state::{State, Tab};
use crate::app::view_state::cause::last_change;
use crate::app::view_state::cursor::row_before;
use crate::app::view_state::rows;
use crate::app::viewport::Target;
use crate::domain::alert::{Alert, AlertState, Severity};
use crate::ui::canvas::{Canvas, Piece, below, row};
use crate::ui::figures::{since, with_cursor};
use crate::ui::format::{duration, fit};
use crate::ui::glyph;
use crate::ui::theme::Role;
use crate::ui::widgets::list::List;
use crate::ui::widgets::table::Column;

/// Columns of the list; the title gets what is left.
const COLUMNS: &[Column] = &[
    Column::text("", 7, 0),
    Column::text("what", 0, 0),
    Column::figure("for", 4, 1),
    Column::text("source", 10, 4),
    Column::text("service", 14, 2),
    Column::text("last change before it", 34, 3),
];

/// Draws it.
pub fn draw(state: &State, c: &mut Canvas, area: Rect) {
    if let Some(open) = &state.alerts.open
        && page::draw(state, c, area, open)
    {
        return;
    }
    let (alerts, watched) = (rows::alerts(state).len() as u16, rows::all_watched(state).len() as u16);
    let given = share(area.height, &[(5, alerts.max(1) + 2), (5, watched.max(1) + 2)]);
    let focused = state.alerts.pane(Tab::Alerts);
    list(state, c, Rect { height: given[0], ..area }, focused == Some(Pane::Alerts));
    watched::draw(state, c, below(area, given[0]), focused == Some(Pane::Watched));
}

/// Draws the rule and the list of alerts.
pub fn list(state: &State, c: &mut Canvas, area: Rect, focused: bool) {
    let found = rows::alerts(state);
    let filter = &state.alerts.filter;
    let title = if filter.is_empty() { "Alerts".to_owned() } else { format!("Alerts  {filter}") };
    c.titled(row(area, 0), &title, &with_cursor(state, c.look, tally(&state.hosted.alerts)), focused);
    c.target(row(area, 0), Target::Pane(Pane::Alerts));
    let rest = below(area, 1);
    if found.is_empty() {
        if focused {
            c.regions.viewport.list_rows = usize::from(rest.height);
        }
        let words = quiet(state);
        return nothing(c, rest, &words.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let ids: Vec<String> = found.iter().map(|alert| alert.id.clone()).collect();
    // What no alert has needs no column.
    let mut columns = COLUMNS.to_vec();
    if !found.iter().any(|alert| last_change(state, alert).is_some()) {
        columns.truncate(5);
    }
    let marked = row_before(state, found.iter().map(|alert| alert.since));
    let list = List { board: &state.alerts, pane: Pane::Alerts, focused, columns: &columns, marked };
    list.draw(c, rest, found.len(), &ids, |c, n, widths| cells(state, c, found[n], widths));
}

/// Why there are none.
fn quiet(state: &State) -> Vec<String> {
    if !state.alerts.filter.is_empty() {
        return vec![format!("no alert holds `{}`; Esc shows all", state.alerts.filter)];
    }
    let word = match (&state.settings.hosted.statuscake, &state.hosted.outside) {
        (None, _) => {
            return vec![
                "nobody watches from outside".to_owned(),
                "[statuscake] token = { env = \"NAME\" } brings its alerts here".to_owned(),
            ];
        }
        (Some(_), None) => "asking StatusCake",
        (Some(_), Some(outside)) if outside.as_of.is_empty() => "nothing is known: StatusCake was not heard yet",
        (Some(_), Some(_)) => "nothing is firing, and nothing was in the last 24 hours",
    };
    vec![word.to_owned()]
}

/// `1 page · 2 tickets · 3 over`, for the rule.
pub fn tally(alerts: &[Alert]) -> String {
    let firing =
        |severity| alerts.iter().filter(|one| one.state == AlertState::Firing && one.severity == severity).count();
    let parts =
        [(firing(Severity::Page), "page"), (firing(Severity::Ticket), "ticket"), (firing(Severity::Notice), "notice")];
    let s = |n: usize| if n == 1 { "" } else { "s" };
    let mut said: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}{}", s(*n))).collect();
    let over = alerts.iter().filter(|one| one.state == AlertState::Resolved).count();
    if over > 0 {
        said.push(format!("{over} over"));
    }
    said.join(&format!(" {} ", glyph::DOT))
}

/// The word for how an alert stands, and its meaning.
pub fn standing(alert: &Alert) -> (&'static str, Role) {
    match (alert.state, alert.severity) {
        (AlertState::Resolved, _) => ("over", Role::Dim),
        (AlertState::Pending, _) => ("pending", Role::Dim),
        (AlertState::Firing, Severity::Page) => ("PAGE", Role::Bad),
        (AlertState::Firing, Severity::Ticket) => ("TICKET", Role::Warn),
        (AlertState::Firing, severity) => (severity.as_str(), Role::Text),
    }
}

/// How long it has lasted, or did.
pub fn lasted(state: &State, alert: &Alert) -> String {
    let Some(began) = alert.since else { return glyph::UNKNOWN.to_owned() };
    duration(since(alert.ended.unwrap_or(state.now), began))
}

/// Marks that go behind its title.
fn marks(alert: &Alert) -> String {
    let marks = [("silenced", alert.silenced), ("flapping", alert.flapping)];
    marks.iter().filter(|(_, is)| *is).map(|(mark, _)| format!("  {mark}")).collect()
}

fn cells(state: &State, c: &Canvas, alert: &Alert, widths: &[u16]) -> Vec<Vec<Piece<'static>>> {
    let (word, role) = standing(alert);
    let over = alert.state == AlertState::Resolved;
    let text = if over { Role::Dim } else { Role::Text };
    let marks = marks(alert);
    let title = fit(&alert.title, usize::from(widths[1]).saturating_sub(marks.len()));
    let service = alert.service.clone().unwrap_or_default();
    let change = last_change(state, alert).unwrap_or_default();
    vec![
        vec![c.piece(word, role)],
        vec![c.piece(title, text), c.piece(marks, Role::Dim)],
        vec![c.piece(lasted(state, alert), text)],
        vec![c.piece(fit(&alert.source, usize::from(widths[3])), Role::Dim)],
        vec![c.piece(fit(&service, usize::from(widths[4])), text)],
        vec![c.piece(fit(&change, usize::from(widths.get(5).copied().unwrap_or(0))), Role::Dim)],
    ]
}
