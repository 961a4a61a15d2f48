//! Disks: how full, inodes, hours to full.

use ratatui::layout::Rect;

use crate::app::state::{HostView, State};
use crate::domain::age::Freshness;
use crate::domain::sample::Disk;
use crate::ui::canvas::{Canvas, below, row};
use crate::ui::figures::{self, figure, since};
use crate::ui::format::{age, bytes, figure as decimal, fit_end, percent};
use crate::ui::glyph;
use crate::ui::theme::Role;
use crate::ui::widgets::bars;

/// Most disks shown.
const MOST: usize = 12;

fn disks<'s>(state: &State, view: &'s HostView) -> Option<(&'s [Disk], Freshness)> {
    let (slow, fresh) = figures::slow_of(state, view)?;
    Some((slow.disks.as_deref()?, fresh))
}

/// Rows of the pane.
pub fn rows(state: &State, view: &HostView, _: u16) -> u16 {
    1 + disks(state, view).map_or(1, |(disks, _)| disks.len().clamp(1, MOST)) as u16
}

/// Draws it.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, view: &HostView) {
    let old = figures::slow_of(state, view).filter(|(_, fresh)| *fresh != Freshness::Fresh);
    let figures_right = old.map(|(slow, _)| format!("{} old", age(since(state.now, slow.at)))).unwrap_or_default();
    c.titled(row(area, 0), "disks", &figures_right, false);
    let rest = below(area, 1);
    let line = row(rest, 0);
    match disks(state, view) {
        None => {
            let words = if view.sample.is_some() { "df did not answer" } else { "not asked yet" };
            c.put_as(line.x + 1, line.y, line.width, words, Role::Dim);
        }
        Some(([], _)) => _ = c.put_as(line.x + 1, line.y, line.width, "no file system that can fill", Role::Dim),
        Some((disks, fresh)) => {
            for (n, disk) in disks.iter().take(MOST.min(usize::from(rest.height))).enumerate() {
                one(c, row(rest, n as u16), disk, fresh);
            }
        }
    }
}

fn one(c: &mut Canvas, line: Rect, disk: &Disk, fresh: Freshness) {
    let role = figures::of_disk(disk);
    let mut x = line.x + 1;
    c.put_as(x, line.y, 12, &fit_end(&disk.mount, 12), Role::Text);
    x += 13;
    let pct = [figure(c.look, Some(percent(Some(disk.pct))), fresh, role), c.piece(" %", Role::Dim)];
    c.pieces_right(x, x + 6, line.y, &pct);
    x += 7;
    let mut words = vec![format!("{:>4} free", bytes(disk.free_bytes as f64))];
    match disk.inodes_pct {
        Some(pct) => words.push(format!("inodes {:>3} %", percent(Some(pct)))),
        None => words.push(format!("inodes   {}  ", glyph::UNKNOWN)),
    }
    if disk.read_only {
        words.push("read-only".to_owned());
    }
    let mut pieces = vec![c.piece(words.join("  "), Role::Dim)];
    if let Some(hours) = disk.hours_to_full {
        let word = if hours < 100.0 {
            format!("  full in {} h", decimal(hours))
        } else {
            format!("  full in {:.0} d", hours / 24.0)
        };
        pieces.push(c.piece(word, if role == Role::Bad { Role::Bad } else { Role::Warn }));
    }
    let room = line.right().saturating_sub(x + 1);
    let bar = room.saturating_sub(crate::ui::canvas::width(&pieces) + 1).min(24);
    if bar >= 4 {
        let (full, empty) = bars::filled(disk.pct, bar);
        let fill =
            if fresh == Freshness::Fresh { if role == Role::Text { Role::Graph } else { role } } else { Role::Dim };
        x += c.pieces(x, line.y, bar, &[c.piece(full, fill), c.piece(empty, Role::Rule)]) + 1;
    }
    c.pieces(x, line.y, line.right().saturating_sub(x), &pieces);
}
