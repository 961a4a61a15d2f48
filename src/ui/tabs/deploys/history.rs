//! What was deployed, newest first, and what of it cannot be had.

use ratatui::layout::Rect;

use super::{nothing, trouble};
use crate::app::board::Pane;
use crate::app::state::State;
use crate::app::view_state::cursor::row_before;
use crate::app::view_state::rows::{deployment_id, deployments};
use crate::app::viewport::Target;
use crate::domain::delivery::Delivery;
use crate::domain::deployment::{Deployment, DeploymentKind, DeploymentStatus};
use crate::ui::canvas::{Canvas, Piece, below, row};
use crate::ui::figures::{since, with_cursor};
use crate::ui::format::{duration, fit, thousands};
use crate::ui::glyph;
use crate::ui::theme::Role;
use crate::ui::times::Zone;
use crate::ui::widgets::list::List;
use crate::ui::widgets::table::Column;

/// Columns; whoever it was gets what is left.
const COLUMNS: &[Column] = &[
    Column::figure("age", 4, 0),
    Column::text("service", 10, 1),
    Column::text("version", 10, 2),
    Column::text("", 13, 3),
    Column::text("environment", 11, 4),
    Column::text("kind", 8, 5),
    Column::figure("took", 5, 7),
    Column::text("by", 0, 6),
    Column::text("before", 12, 8),
];

/// Rows of trouble that are shown.
const TROUBLES: usize = 2;

/// Draws the rule, what is wrong with the source, and the list.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, focused: bool) {
    if area.height == 0 {
        return;
    }
    let found = deployments(state);
    let filter = &state.deploys.filter;
    let title = if filter.is_empty() { "History".to_owned() } else { format!("History  {filter}") };
    let figures = state.hosted.delivery.as_ref().map_or(String::new(), |known| tally(known, found.len()));
    let figures = with_cursor(state, c.look, figures);
    c.titled(row(area, 0), &title, &figures, focused);
    c.target(row(area, 0), Target::Pane(Pane::History));
    let mut rest = below(area, 1);
    if focused {
        c.regions.viewport.list_rows = usize::from(rest.height.saturating_sub(1));
    }
    if let (None, true) = (&state.hosted.delivery, state.hosted.runs.is_empty()) {
        let word = match &state.settings.hosted.gitlab {
            Some(gitlab) if gitlab.projects.is_empty() => {
                "[gitlab] names no project: projects = [{ path = \"group/name\" }]"
            }
            Some(_) => "asking GitLab",
            None => "no history: qd deployed nothing yet, and [gitlab] in the config names a token and projects",
        };
        return nothing(c, rest, &[word]);
    }
    let zone = Zone::of(state, c.look);
    for (project, part, one) in state.hosted.delivery.iter().flat_map(Delivery::troubles).take(TROUBLES) {
        let what = project.map_or(String::new(), |project| format!("{} ", project.path)) + part.as_str();
        rest = below(rest, trouble(c, rest, &what, one, &zone.minutes(one.since)));
    }
    if found.is_empty() {
        let word = match filter.as_str() {
            "" => "nothing was deployed yet, or it is still being asked for".to_owned(),
            filter => format!("no deployment holds `{filter}`; Esc shows all"),
        };
        return nothing(c, rest, &[&word]);
    }
    let ids: Vec<String> = found.iter().map(|one| deployment_id(one)).collect();
    let marked = row_before(state, found.iter().map(|one| one.started.or(one.created)));
    let list = List { board: &state.deploys, pane: Pane::History, focused, columns: COLUMNS, marked };
    list.draw(c, rest, found.len(), &ids, |c, n, widths| cells(state, c, found[n], widths));
}

/// `73 · 1 pipeline running · next 1.4.4 · read only`, for the rule.
fn tally(delivery: &Delivery, shown: usize) -> String {
    let mut said = vec![thousands(shown as u64)];
    let running: usize = delivery.projects.iter().map(|project| project.running().count()).sum();
    if running > 0 {
        said.push(format!("{running} running"));
    }
    if let [project] = delivery.projects.as_slice()
        && let Some(next) = project.next_version()
    {
        said.push(format!("next {next}"));
    }
    if delivery.read_only().is_some() {
        said.push("token may only read".to_owned());
    }
    said.join(&format!(" {} ", glyph::DOT))
}

/// Shape, word and meaning of where a deployment stands.
pub fn shown(one: &Deployment) -> (String, Role) {
    use DeploymentStatus::{
        Blocked, Canceled, Created, Failed, Held, RolledBack, Running, Skipped, Success, Unattended,
    };
    let Some(status) = one.status else { return (format!("{} unknown", glyph::HOLLOW), Role::Dim) };
    let (shape, role) = match status {
        Success => (glyph::GOOD, Role::Ok),
        Running => (glyph::DIALING, Role::Busy),
        Failed | RolledBack => (glyph::BAD, Role::Bad),
        Held | Unattended | Blocked => (glyph::BAD, Role::Warn),
        Created | Canceled | Skipped => (glyph::HOLLOW, Role::Dim),
    };
    (format!("{shape} {}", status.as_str().replace('_', " ")), role)
}

/// Who it was, and who says so.
fn by(c: &Canvas, one: &Deployment, columns: usize) -> Vec<Piece<'static>> {
    let source = format!(" {} {}", glyph::DOT, one.source);
    let room = columns.saturating_sub(source.chars().count());
    let by = one.by.as_deref().unwrap_or(glyph::UNKNOWN);
    vec![c.piece(fit(by, room), Role::Text), c.piece(source, Role::Dim)]
}

fn cells(state: &State, c: &Canvas, one: &Deployment, widths: &[u16]) -> Vec<Vec<Piece<'static>>> {
    let (status, role) = shown(one);
    let age = one.started.or(one.created).map(|at| duration(since(state.now, at)));
    let took = one.started.zip(one.finished).map(|(from, to)| duration(since(to, from)));
    let kind = one.kind.map_or(glyph::UNKNOWN, DeploymentKind::as_str);
    let kind_role = if one.kind == Some(DeploymentKind::Rollback) { Role::Warn } else { Role::Dim };
    let text =
        |c: &Canvas, text: &str, column: usize, role| vec![c.piece(fit(text, usize::from(widths[column])), role)];
    vec![
        vec![c.piece(age.unwrap_or_else(|| glyph::UNKNOWN.to_owned()), Role::Dim)],
        text(c, &one.service, 1, Role::Text),
        text(c, &one.version, 2, Role::Strong),
        vec![c.piece(status, role)],
        text(c, &one.environment, 4, Role::Dim),
        text(c, kind, 5, kind_role),
        vec![c.piece(took.unwrap_or_default(), Role::Dim)],
        by(c, one, usize::from(widths[7])),
        text(c, one.previous_version.as_deref().unwrap_or_default(), 8, Role::Dim),
    ]
}
