//! The Hosts tab: the table, and the page of one host.

mod page;

use ratatui::layout::Rect;

use super::host_table::{self, Table};
use super::nothing;
use crate::app::command::Command;
use crate::app::state::{HostView, State};
use crate::app::update::host_rows;
use crate::ui::canvas::{Canvas, below, row, top};
use crate::ui::figures::with_cursor;
use crate::ui::footer::key_in_tabs;
use crate::ui::format::plural;
use crate::ui::glyph;

/// Rows that are worth a preview of the selected host's page under the table.
const PREVIEW: u16 = 14;

/// Draws it.
pub fn draw(state: &State, c: &mut Canvas, area: Rect) {
    let open = state.machines.open.as_ref();
    if let Some(view) = open.and_then(|name| state.hosts.iter().find(|view| view.host.name == *name)) {
        page::draw(state, c, area, view);
        return;
    }
    let rows = host_rows(state);
    let filter = &state.machines.filter;
    let title = if filter.is_empty() { "Hosts".to_owned() } else { format!("Hosts  {filter}") };
    let figures = if filter.is_empty() {
        host_table::tally(state)
    } else {
        format!("{} of {}", rows.len(), plural(state.hosts.len(), "host"))
    };
    c.titled(row(area, 0), &title, &with_cursor(state, c.look, figures), true);
    let rest = below(area, 1);
    if rows.is_empty() {
        return empty(state, c, rest);
    }
    let wanted = rows.len() as u16 + 1;
    let preview = rest.height.saturating_sub(wanted) >= PREVIEW;
    let table_area = if preview { top(rest, wanted) } else { rest };
    let table = Table {
        rows: &rows,
        selected: state.machines.selected.as_ref(),
        scroll: state.machines.scroll,
        sort: Some((state.machines.sort, state.machines.descending)),
    };
    c.regions.viewport.list_rows = host_table::draw(state, c, table_area, &table);
    if preview {
        let selected = |view: &&&HostView| Some(&view.host.name) == state.machines.selected.as_ref();
        if let Some(view) = rows.iter().find(selected) {
            page::preview(state, c, below(rest, wanted + 1), view);
        }
    }
}

fn empty(state: &State, c: &mut Canvas, area: Rect) {
    if state.machines.filter.is_empty() {
        nothing(c, area, &["no hosts yet", "`qd init` writes a config from ~/.ssh/config; `qd demo` shows a fleet"]);
    } else {
        let key = key_in_tabs(state, c, &Command::FilterHosts(None));
        let filter = &state.machines.filter;
        let lines = [
            format!("no host's name, tag or environment holds `{filter}`"),
            format!("{key} asks for another text {} Esc shows all hosts", glyph::DOT),
        ];
        nothing(c, area, &[&lines[0], &lines[1]]);
    }
}
