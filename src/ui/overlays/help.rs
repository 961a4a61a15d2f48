//! The help of the current place, from the table of commands and the person's own keys.

use std::borrow::Cow;

use ratatui::layout::Rect;
use tui_textarea::TextArea;

use super::frame;
use crate::app::command::{COMMANDS, Entry};
use crate::app::context::{Context, of_tab};
use crate::app::input::text_of;
use crate::app::state::State;
use crate::ui::canvas::{Canvas, below, row};
use crate::ui::footer::shown;
use crate::ui::format::{fit, wrap};
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
    Command(String, String, String),
    /// What is left of what it does, where that does not fit beside its keys.
    More(String),
}

/// Draws it.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, filter: &TextArea, scroll: usize) {
    let place = of_tab(state);
    let area = frame::middle(area, 110, area.height.saturating_sub(2));
    let title = format!("Help: {}", place.first().map_or("", |context| title(*context)));
    let inside = frame::draw(c, area, &title, Role::Dialog);
    let at = inside.x + c.put_as(inside.x, inside.y, inside.width, "find ", Role::Dim);
    input::draw(c, at, inside.y, inside.right().saturating_sub(at), filter);
    let rest = below(inside, 2);
    let rows = usize::from(rest.height);
    let wide = rest.width >= 96;
    let before = KEYS + 1 + if wide { NAME + 1 } else { 0 };
    let room = usize::from(rest.width.saturating_sub(before));
    let lines = broken(lines(&c.look.keymap, &place, text_of(filter)), room);
    c.regions.viewport.page_rows = rows;
    c.regions.viewport.page_lines = lines.len();
    if lines.is_empty() {
        c.put_as(rest.x, rest.y, rest.width, "no command and no key here holds this text", Role::Dim);
    }
    let scroll = scroll.min(lines.len().saturating_sub(rows));
    for (n, line) in lines.iter().skip(scroll).take(rows).enumerate() {
        let at = row(rest, n as u16);
        match line {
            Line::Place(name) => _ = c.put_as(at.x, at.y, at.width, name, Role::Title),
            Line::Command(keys, name, doc) => {
                c.put_as(at.x, at.y, KEYS, &fit(keys, usize::from(KEYS)), Role::Key);
                if wide {
                    c.put_as(at.x + KEYS + 1, at.y, NAME, &fit(name, usize::from(NAME)), Role::Dim);
                }
                c.put_as(at.x + before, at.y, at.width.saturating_sub(before), doc, Role::Text);
            }
            Line::More(doc) => _ = c.put_as(at.x + before, at.y, at.width.saturating_sub(before), doc, Role::Text),
        }
    }
    let left = lines.len().saturating_sub(scroll + rows);
    if left > 0 {
        let word = [c.piece(format!(" {left} more "), Role::Dim)];
        c.pieces_right(area.x, area.right().saturating_sub(2), area.bottom() - 1, &word);
    }
}

/// The same lines, what a command does broken into as many as it takes.
fn broken(lines: Vec<Line>, room: usize) -> Vec<Line> {
    let parts = |line| match line {
        Line::Command(keys, name, doc) => {
            let mut parts = wrap(&doc, room.max(1)).into_iter();
            let first = Line::Command(keys, name, parts.next().unwrap_or_default());
            std::iter::once(first).chain(parts.map(Line::More)).collect()
        }
        line => vec![line],
    };
    lines.into_iter().flat_map(parts).collect()
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
            let bound = keys(keymap, *place, entry);
            let unbound = bound.is_empty() && entry.contexts.contains(place) && !told.contains(&entry.name);
            if bound.is_empty() && (!unbound || bound_further_out(keymap, places, entry)) {
                continue;
            }
            told.push(entry.name);
            let name = usage(entry);
            let bound = if unbound { vec![(format!(":{}", entry.name), entry.doc.into())] } else { bound };
            let holds = |text: &str| text.to_lowercase().contains(&wanted);
            for (keys, doc) in bound {
                if wanted.is_empty() || holds(&keys) || holds(&name) || holds(&doc) || holds(entry.doc) {
                    here.push(Line::Command(keys, name.clone(), doc.into_owned()));
                }
            }
        }
        if !here.is_empty() {
            lines.push(Line::Place(title(*place)));
            lines.append(&mut here);
        }
    }
    lines
}

/// A command's keys with what they do; those that do the very same stand together.
fn keys(keymap: &Keymap, place: Context, entry: &Entry) -> Vec<(String, Cow<'static, str>)> {
    let mut bound: Vec<(String, Cow<'static, str>)> = Vec::new();
    for binding in keymap.bindings_of(place).filter(|binding| binding.entry == entry) {
        let (keys, doc) = (shown(&written(&binding.keys)), binding.command.doc());
        match bound.iter_mut().find(|(_, known)| *known == doc) {
            Some((known, _)) => *known = format!("{known} {keys}"),
            None => bound.push((keys, doc)),
        }
    }
    bound
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
            Line::Place(_) | Line::More(_) => None,
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
    fn keys_of_one_command_that_do_different_things_say_which() {
        let (keymap, _) = Keymap::load("default", None);
        let told = |key: &str| {
            lines(&keymap, &[Context::Logs], "").into_iter().find_map(|line| match line {
                Line::Command(keys, _, doc) if keys == key => Some(doc),
                _ => None,
            })
        };
        for (key, doc) in [("]m", "1 min on"), ("]t", "10 min on"), ("]h", "1 h on"), ("[t", "10 min back")] {
            assert_eq!(told(key).as_deref(), Some(doc), "{key}");
        }
    }

    #[test]
    fn what_a_command_does_is_never_cut() {
        let (keymap, _) = Keymap::load("default", None);
        let whole: Vec<String> = lines(&keymap, &[Context::Logs, Context::Global], "").into_iter().map(text).collect();
        let room = 59;
        let broken = broken(lines(&keymap, &[Context::Logs, Context::Global], ""), room);
        assert!(broken.iter().any(|line| matches!(line, Line::More(_))));
        let mut joined: Vec<String> = Vec::new();
        for line in broken {
            let more = matches!(line, Line::More(_));
            let text = text(line);
            assert!(text.chars().count() <= room, "{text}");
            match joined.last_mut().filter(|_| more) {
                Some(last) => *last = format!("{last} {text}"),
                None => joined.push(text),
            }
        }
        assert_eq!(joined, whole);
    }

    fn text(line: Line) -> String {
        match line {
            Line::Place(name) => name.to_owned(),
            Line::Command(_, _, doc) | Line::More(doc) => doc,
        }
    }

    #[test]
    fn the_filter_looks_at_keys_names_and_docs() {
        assert!(shown_for("", "WRAP").iter().all(|(_, name)| name.contains("wrap")));
        assert!(shown_for("", "ctrl-s").iter().any(|(_, name)| name.starts_with("save")));
        assert!(shown_for("", "zzz").is_empty());
    }
}
