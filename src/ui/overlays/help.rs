//! The help of the current place, from the table of commands and the person's own keys.

use ratatui::layout::Rect;
use tui_textarea::TextArea;

use super::frame;
use crate::app::command::{COMMANDS, Entry};
use crate::app::context::{Context, of_tab};
use crate::app::input::text_of;
use crate::app::state::State;
use crate::ui::canvas::{Canvas, below, row};
use crate::ui::footer::shown;
use crate::ui::format::fit;
use crate::ui::keymap::{Keymap, written};
use crate::ui::theme::Role;
use crate::ui::widgets::input;

/// Columns of the keys and of the command's name.
const KEYS: u16 = 16;
const NAME: u16 = 16;

/// One line of the help.
enum Line {
    /// The name of a place.
    Place(&'static str),
    /// A command: its keys, its name with what it can be given, what it does.
    Command(String, String, &'static str),
}

/// Draws it.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, filter: &TextArea, scroll: usize) {
    let place = of_tab(state);
    let lines = lines(&c.look.keymap, &place, text_of(filter));
    let area = frame::middle(area, 110, area.height.saturating_sub(2));
    let title = format!("Help: {}", place.first().map_or("", |context| title(*context)));
    let inside = frame::draw(c, area, &title, Role::Dialog);
    let at = inside.x + c.put_as(inside.x, inside.y, inside.width, "find ", Role::Dim);
    input::draw(c, at, inside.y, inside.right().saturating_sub(at), filter);
    let rest = below(inside, 2);
    let rows = usize::from(rest.height);
    c.regions.viewport.page_rows = rows;
    c.regions.viewport.page_lines = lines.len();
    if lines.is_empty() {
        c.put_as(rest.x, rest.y, rest.width, "no command and no key here holds this text", Role::Dim);
    }
    let scroll = scroll.min(lines.len().saturating_sub(rows));
    let wide = rest.width >= 96;
    for (n, line) in lines.iter().skip(scroll).take(rows).enumerate() {
        let at = row(rest, n as u16);
        match line {
            Line::Place(name) => _ = c.put_as(at.x, at.y, at.width, name, Role::Title),
            Line::Command(keys, name, doc) => {
                c.put_as(at.x, at.y, KEYS, &fit(keys, usize::from(KEYS)), Role::Key);
                let mut x = at.x + KEYS + 1;
                if wide {
                    c.put_as(x, at.y, NAME, &fit(name, usize::from(NAME)), Role::Dim);
                    x += NAME + 1;
                }
                let room = at.right().saturating_sub(x);
                c.put_as(x, at.y, room, &fit(doc, usize::from(room)), Role::Text);
            }
        }
    }
    let left = lines.len().saturating_sub(scroll + rows);
    if left > 0 {
        let word = [c.piece(format!(" {left} more "), Role::Dim)];
        c.pieces_right(area.x, area.right().saturating_sub(2), area.bottom() - 1, &word);
    }
}

fn title(context: Context) -> &'static str {
    match context {
        Context::Always => "everywhere",
        Context::Global => "every tab",
        Context::Overview => "Overview",
        Context::Logs => "Logs",
        Context::Sources => "sources of the logs",
        Context::Hosts => "Hosts",
        Context::HostPage => "one host",
        Context::Lists => "Deploys, Alerts and Business",
        Context::Page => "one row of a list",
        Context::Text => "where text is typed",
        Context::CommandLine => "the command line",
        Context::Help => "help",
        Context::Picker => "lists to pick from",
        Context::Confirm => "dialogs",
        Context::Plan => "plans and menus",
        Context::HostKey => "a new host key",
    }
}

/// The commands that mean something in these places, with their keys there; `:name` where there is none.
fn lines(keymap: &Keymap, places: &[Context], filter: &str) -> Vec<Line> {
    let wanted = filter.trim().to_lowercase();
    let mut told: Vec<&str> = Vec::new();
    let mut lines = Vec::new();
    for place in places {
        let mut here: Vec<Line> = Vec::new();
        for entry in COMMANDS {
            let keys = keys(keymap, *place, entry);
            let unbound = keys.is_empty() && entry.contexts.contains(place) && !told.contains(&entry.name);
            if keys.is_empty() && (!unbound || bound_further_out(keymap, places, entry)) {
                continue;
            }
            told.push(entry.name);
            let name = usage(entry);
            let keys = if keys.is_empty() { format!(":{}", entry.name) } else { keys.join(" ") };
            let holds = |text: &str| text.to_lowercase().contains(&wanted);
            if wanted.is_empty() || holds(&keys) || holds(&name) || holds(entry.doc) {
                here.push(Line::Command(keys, name, entry.doc));
            }
        }
        if !here.is_empty() {
            lines.push(Line::Place(title(*place)));
            lines.append(&mut here);
        }
    }
    lines
}

fn keys(keymap: &Keymap, place: Context, entry: &Entry) -> Vec<String> {
    let of = keymap.bindings_of(place).filter(|binding| binding.entry == entry);
    of.map(|binding| shown(&written(&binding.keys))).collect()
}

fn bound_further_out(keymap: &Keymap, places: &[Context], entry: &Entry) -> bool {
    places.iter().any(|place| !keys(keymap, *place, entry).is_empty())
}

/// A command as it is typed: `sort [COLUMN]`.
pub fn usage(entry: &Entry) -> String {
    match entry.argument() {
        None => entry.name.to_owned(),
        Some((argument, true)) => format!("{} {}", entry.name, argument.as_str()),
        Some((argument, false)) => format!("{} [{}]", entry.name, argument.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown_for(own: &str, filter: &str) -> Vec<(String, String)> {
        let (keymap, faults) = Keymap::load("default", Some(own));
        assert!(faults.is_empty(), "{faults:?}");
        let of = |line: Line| match line {
            Line::Command(keys, name, _) => Some((keys, name)),
            Line::Place(_) => None,
        };
        lines(&keymap, &[Context::Logs, Context::Global, Context::Always], filter).into_iter().filter_map(of).collect()
    }

    #[test]
    fn every_command_of_the_place_is_there_with_the_persons_own_key() {
        let all = shown_for("[logs]\n\"w\" = \"\"\n\"ctrl-w\" = \"wrap\"\n\"t\" = \"\"", "");
        let key = |name: &str| {
            all.iter().find(|(_, usage)| usage.split(' ').next() == Some(name)).map(|(key, _)| key.as_str())
        };
        assert_eq!(key("wrap"), Some("ctrl-w"));
        assert_eq!(key("times"), Some(":times"), "an unbound command can still be typed");
        for entry in COMMANDS {
            let here = entry.contexts.iter().any(|at| [Context::Logs, Context::Global, Context::Always].contains(at));
            assert!(!here || key(entry.name).is_some(), "{} is missing", entry.name);
        }
        assert_eq!(all.iter().filter(|(_, usage)| usage.starts_with("help")).count(), 1);
    }

    #[test]
    fn the_filter_looks_at_keys_names_and_docs() {
        assert!(shown_for("", "WRAP").iter().all(|(_, name)| name.contains("wrap")));
        assert!(shown_for("", "ctrl-s").iter().any(|(_, name)| name.starts_with("save")));
        assert!(shown_for("", "zzz").is_empty());
    }
}
