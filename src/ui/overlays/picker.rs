//! A list to pick from: what is on, its name, how many lines.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::frame;
use crate::app::picker::{Item, Picker, PickerKind};
use crate::app::state::State;
use crate::app::viewport::Target;
use crate::domain::log::Level;
use crate::ui::canvas::{Canvas, Piece, row, width};
use crate::ui::format::{fit, plural, thousands};
use crate::ui::glyph;
use crate::ui::theme::Role;

/// Columns of a share.
const SHARE: u16 = 5;

/// Draws it at the foot of the screen, as high as it has rows, so that lines stay in sight above it.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, picker: &Picker) {
    let items = picker.items(state);
    let body = Rect { height: area.height.saturating_sub(2), y: area.y + 1, ..area };
    let wanted = (items.len().max(1) as u16).saturating_add(3);
    let rows = wanted.clamp(4, (body.height * 2 / 3).max(6)).min(body.height);
    let columns = body.width.min(100);
    let place = Rect { x: area.x + (area.width - columns) / 2, y: body.bottom() - rows, width: columns, height: rows };
    let inside = frame::draw(c, place, &picker.title(), Role::Dialog);
    let fits = usize::from(inside.height.saturating_sub(1));
    let at = picker.place(&items);
    let scroll = (at + 1).saturating_sub(fits);
    if items.is_empty() {
        let why = nothing(picker);
        c.put_as(inside.x, inside.y, inside.width, &fit(&why, usize::from(inside.width)), Role::Dim);
    }
    let names = items.iter().map(|item| item.name.width()).max().unwrap_or(0);
    for (n, item) in items.iter().skip(scroll).take(fits).enumerate() {
        let line = row(inside, n as u16);
        one(c, line, item, picker, names);
        if scroll + n == at {
            c.over(line, Role::Selection);
        }
        c.target(line, Target::Picked(item.id.clone()));
    }
    foot(c, row(inside, inside.height.saturating_sub(1)), picker, items.len());
}

fn one(c: &mut Canvas, line: Rect, item: &Item, picker: &Picker, names: usize) {
    let mut x = line.x;
    if let Some(on) = item.on {
        let (shape, role) = if on { (glyph::GOOD, Role::Ok) } else { (glyph::HOLLOW, Role::Dim) };
        c.put_as(x, line.y, 1, shape, role);
        x += 2;
    }
    let mut end = line.right();
    if let Some(count) = item.count {
        let total = picker.tally.as_ref().map_or(0, |tally| if tally.having > 0 { tally.having } else { tally.looked });
        let share = if total > 0 { format!(" {:>4.0}%", count as f64 * 100.0 / total as f64) } else { String::new() };
        let pieces: [Piece; 2] = [c.piece(thousands(count), Role::Text), c.piece(share, Role::Dim)];
        end = c.pieces_right(x, end, line.y, &pieces).saturating_sub(1);
    } else if matches!(picker.kind, PickerKind::Filters | PickerKind::Values(_)) {
        end = end.saturating_sub(SHARE);
    }
    let room = end.saturating_sub(x);
    // Names have a column of their own where something follows them.
    let columns = if item.text.is_empty() { room } else { room.min(names.min(usize::from(room / 2)) as u16) };
    let role = match item.level {
        Some(level) if level >= Level::Error => Role::Error,
        Some(Level::Warn) => Role::Warn,
        _ => Role::Text,
    };
    c.put_as(x, line.y, columns, &fit(&item.name, usize::from(columns)), role);
    x += columns + 2;
    let room = end.saturating_sub(x);
    if x < end {
        let role = if item.level.is_some() { role } else { Role::Dim };
        c.put_as(x, line.y, room, &fit(&item.text, usize::from(room)), role);
    }
}

fn nothing(picker: &Picker) -> String {
    let words = match &picker.kind {
        _ if !picker.find.is_empty() => "no row holds that",
        PickerKind::Copied => "no line is selected any more",
        PickerKind::Fields => "no line has had a field yet",
        PickerKind::Values(_) if picker.tally.as_ref().is_none_or(|tally| !tally.whole) => "counting",
        PickerKind::Values(_) => "no line that passes the filter has this field",
        PickerKind::Filters => "no filter is typed or kept: f types one, and it can be kept here under a name",
        PickerKind::Highlights => "nothing stands out yet",
        PickerKind::Bookmarks => "no line has a bookmark yet",
        PickerKind::Views => "no view has a name yet",
        PickerKind::Kinds { .. } => "nothing is new, gone or more frequent, as far as can be told",
    };
    words.to_owned()
}

/// What was counted, and whether that is all.
fn foot(c: &mut Canvas, line: Rect, picker: &Picker, rows: usize) {
    let mut words: Vec<String> = Vec::new();
    if let Some(tally) = &picker.tally {
        if matches!(picker.kind, PickerKind::Values(_)) {
            words.push(format!("{} of {} lines have it", thousands(tally.having), thousands(tally.looked)));
            words.push(format!("{} values", thousands(tally.rows.len() as u64)));
        } else {
            words.push(format!("of {} lines", thousands(tally.looked)));
        }
        if tally.others > 0 {
            words.push(format!("{} with rarer values", thousands(tally.others)));
        }
        if !tally.whole {
            words.push("counting".to_owned());
        }
    } else if rows > 0 {
        let what = match picker.kind {
            PickerKind::Fields | PickerKind::Copied => "field",
            PickerKind::Values(_) => "value",
            PickerKind::Filters => "filter",
            PickerKind::Highlights => "pattern",
            PickerKind::Bookmarks => "bookmark",
            PickerKind::Views => "view",
            PickerKind::Kinds { .. } => "kind",
        };
        words.push(plural(rows, what));
    }
    if !picker.find.is_empty() {
        words.push(format!("with `{}`", picker.find));
    }
    let text = words.join(&format!(" {} ", glyph::DOT));
    let pieces = [c.piece(fit(&text, usize::from(line.width)), Role::Dim)];
    debug_assert!(width(&pieces) <= line.width);
    c.pieces_right(line.x, line.right(), line.y, &pieces);
}
