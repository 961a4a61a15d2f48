//! The processes, when they were asked for.

use ratatui::layout::Rect;

use crate::app::command::Command;
use crate::app::context::of_tab;
use crate::app::state::{HostView, State};
use crate::domain::sample::Process;
use crate::ui::canvas::{Canvas, below, row};
use crate::ui::figures::{by_limits, since};
use crate::ui::footer::shown;
use crate::ui::format::{age, bytes, duration, figure, fit};
use crate::ui::glyph;
use crate::ui::theme::Role;
use crate::ui::widgets::table::{Column, cell, place, titles};

/// Most rows shown.
const MOST: usize = 20;

#[rustfmt::skip]
const COLUMNS: [Column; 6] = [
    Column::text("command", 20, 0),
    Column::text("user", 9, 4),
    Column::figure("pid", 7, 3),
    Column::figure("cpu%", 5, 1),
    Column::figure("mem", 5, 2),
    Column::figure("age", 4, 5),
];

/// Rows of the pane.
pub fn rows(_: &State, view: &HostView, _: u16) -> u16 {
    let list = view.processes.as_ref().and_then(|list| list.list.as_ref().ok());
    2 + list.map_or(1, |list| list.len().clamp(1, MOST)) as u16
}

/// Draws it, those that use the processor most first.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, view: &HostView) {
    let when = view.processes.as_ref().map(|list| format!("{} ago", age(since(state.now, list.at))));
    c.titled(row(area, 0), "processes", &when.unwrap_or_default(), false);
    let rest = below(area, 1);
    // On the table under which this is a preview, opening the page is what asks.
    let (command, asks) = match state.machines.open {
        Some(_) => (Command::Processes, "asks for them"),
        None => (Command::Open, "opens the page and asks for them"),
    };
    let key = c
        .look
        .keymap
        .key_of(&of_tab(state), &command)
        .map_or_else(|| format!(":{}", command.entry().name), |key| shown(&key));
    let room = usize::from(rest.width.saturating_sub(2));
    match view.processes.as_ref().map(|list| &list.list) {
        None => _ = c.put_as(rest.x + 1, rest.y, rest.width, &format!("not asked: {key} {asks}"), Role::Dim),
        Some(Err(why)) => _ = c.put_as(rest.x + 1, rest.y, rest.width, &fit(why, room), Role::Bad),
        Some(Ok(list)) => {
            let mut list: Vec<&Process> = list.iter().collect();
            list.sort_by(|a, b| {
                b.cpu_pct.unwrap_or(-1.0).total_cmp(&a.cpu_pct.unwrap_or(-1.0)).then(b.rss.cmp(&a.rss))
            });
            let places = place(&COLUMNS, area.width.saturating_sub(2));
            titles(c, &COLUMNS, &places, rest.x + 1, rest.y);
            for (n, process) in list.into_iter().take(MOST).enumerate() {
                one(c, row(rest, 1 + n as u16), process, &places);
            }
        }
    }
}

fn one(c: &mut Canvas, at: Rect, process: &Process, places: &[Option<u16>]) {
    if at.height == 0 {
        return;
    }
    let cpu = process.cpu_pct;
    let stuck = process.stat.starts_with('D');
    let cells = [
        c.piece(fit(&process.command, 20), if stuck { Role::Warn } else { Role::Text }),
        c.piece(fit(&process.user, 9), Role::Dim),
        c.piece(process.pid.to_string(), Role::Dim),
        c.piece(
            cpu.map_or_else(|| glyph::UNKNOWN.to_owned(), figure),
            by_limits(cpu.unwrap_or(0.0), (80.0, 95.0), Role::Text),
        ),
        c.piece(bytes(process.rss as f64), Role::Text),
        c.piece(
            process.age_s.map_or_else(|| glyph::UNKNOWN.to_owned(), |s| duration(std::time::Duration::from_secs(s))),
            Role::Dim,
        ),
    ];
    for ((column, place), piece) in COLUMNS.iter().zip(places).zip(cells) {
        if let Some(place) = place {
            cell(c, *column, at.x + 1 + place, at.y, &[piece]);
        }
    }
}
