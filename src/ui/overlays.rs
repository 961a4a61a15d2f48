//! What lies over the tabs.

use ratatui::layout::Rect;

use super::format::fit;
use super::paint::Painter;
use super::theme::Role;
use crate::app::command::COMMANDS;
use crate::app::input::text_of;
use crate::app::state::{Overlay, State};
use crate::app::update::completions;
use crate::app::viewport::Target;
use crate::domain::question::Question;

pub(super) fn draw(state: &State, area: Rect, painter: &mut Painter<'_>) {
    match state.overlays.last() {
        None => {}
        Some(Overlay::Help { filter, scroll }) => help(text_of(filter), *scroll, area, painter),
        Some(Overlay::CommandLine(line)) => {
            let offered = completions(text_of(&line.input), line.palette);
            let height = u16::try_from(offered.len().max(1)).unwrap_or(12) + 3;
            let inner = painter.dialog(
                area,
                area.width.min(76),
                height,
                if line.palette { "Commands" } else { "Command" },
                Role::RuleFocused,
            );
            input(text_of(&line.input), ":", inner, 0, painter);
            if let Some(error) = &line.error {
                painter.text(inner, 0, 1, &fit(error, usize::from(inner.width)), Role::Bad);
                return;
            }
            for (i, name) in offered.iter().enumerate() {
                let y = 1 + u16::try_from(i).unwrap_or(0);
                let entry = COMMANDS.iter().find(|entry| entry.name == *name);
                painter.text(inner, 0, y, name, Role::Text);
                painter.text(
                    inner,
                    18,
                    y,
                    &fit(entry.map_or("", |e| e.doc), usize::from(inner.width.saturating_sub(18))),
                    Role::Dim,
                );
                painter.target(inner, y, Target::Completion(i));
                if line.chosen == Some(i) {
                    painter.select(inner, y);
                }
            }
        }
        Some(Overlay::Prompt(prompt)) => {
            let y = area.height.saturating_sub(2);
            painter.text(area, 0, y, &" ".repeat(usize::from(area.width)), Role::Text);
            input(text_of(&prompt.input), "/", Rect::new(area.x + 1, area.y, area.width - 2, area.height), y, painter);
            let (note, role) =
                prompt.error.as_deref().map_or((prompt.title.as_str(), Role::Dim), |error| (error, Role::Bad));
            painter.right(area, y, &format!("{} ", fit(note, usize::from(area.width / 2))), role);
        }
        Some(Overlay::Confirm(confirm)) => {
            let height = u16::try_from(confirm.lines.len()).unwrap_or(10) + 5;
            let inner = painter.dialog(area, area.width.min(70), height, &confirm.title, Role::Bad);
            let mut y = 0;
            for line in &confirm.lines {
                painter.text(inner, 0, y, &fit(line, usize::from(inner.width)), Role::Text);
                y += 1;
            }
            if confirm.type_to_confirm.is_empty() {
                let yes = painter.look.keys.of("yes").unwrap_or("y").to_owned();
                painter.text(inner, 0, y + 1, &format!("{yes} yes"), Role::Text);
            } else {
                painter.text(
                    inner,
                    0,
                    y + 1,
                    &format!("type {} to go on: {}", confirm.type_to_confirm, text_of(&confirm.input)),
                    Role::Text,
                );
            }
            painter.right(inner, y + 1, "[Esc] cancel", Role::Strong);
        }
        Some(Overlay::Question { question, input, .. }) => {
            ask(question, input.len(), input.visible(), state.questions.len(), area, painter)
        }
    }
}

/// A line being typed, with its end in sight and a cursor.
fn input(text: &str, prompt: &str, area: Rect, y: u16, painter: &mut Painter<'_>) {
    let x = painter.text(area, 0, y, prompt, Role::Accent);
    let room = usize::from(area.width.saturating_sub(x + 1));
    let skip = text.chars().count().saturating_sub(room);
    let shown: String = text.chars().skip(skip).collect();
    let x = painter.text(area, x, y, &shown, Role::Strong);
    painter.text(area, x, y, "█", Role::Accent);
}

fn help(filter: &str, scroll: usize, area: Rect, painter: &mut Painter<'_>) {
    let inner = painter.dialog(area, area.width.min(90), area.height.saturating_sub(2), "Help", Role::RuleFocused);
    let wanted = filter.to_lowercase();
    let rows: Vec<_> = COMMANDS
        .iter()
        .filter(|entry| wanted.is_empty() || entry.name.contains(&wanted) || entry.doc.to_lowercase().contains(&wanted))
        .collect();
    let room = usize::from(inner.height.saturating_sub(1));
    painter.regions.viewport.page_rows = room;
    painter.regions.viewport.page_lines = rows.len();
    input(filter, "filter ", inner, 0, painter);
    for (i, entry) in rows.iter().skip(scroll).take(room).enumerate() {
        let y = 1 + u16::try_from(i).unwrap_or(0);
        let key = painter.look.keys.of(entry.name).unwrap_or("").to_owned();
        painter.text(inner, 0, y, &fit(&key, 10), Role::Strong);
        painter.text(inner, 11, y, &format!(":{}", entry.name), Role::Dim);
        painter.text(inner, 29, y, &fit(entry.doc, usize::from(inner.width.saturating_sub(29))), Role::Text);
    }
}

fn ask(question: &Question, typed: usize, visible: &str, waiting: usize, area: Rect, painter: &mut Painter<'_>) {
    let more = if waiting > 1 { format!(" (1 of {waiting})") } else { String::new() };
    let width = area.width.min(78);
    match question {
        Question::HostKey { host, address, key_type, fingerprint } => {
            let inner = painter.dialog(area, width, 9, &format!("Unknown host key{more}"), Role::Warn);
            let lines = [
                format!("{host} at {address}"),
                format!("{key_type}  {fingerprint}"),
                String::new(),
                "It is not in known_hosts. Compare the fingerprint with one you trust.".to_owned(),
            ];
            for (y, line) in (0..).zip(&lines) {
                painter.text(inner, 0, y, &fit(line, usize::from(inner.width)), Role::Text);
            }
            let key = |name: &str| painter.look.keys.of(name).unwrap_or("?").to_owned();
            let text = format!("{} this time only   {} save   [Esc] reject", key("trust-once"), key("trust-always"));
            painter.text(inner, 0, 6, &text, Role::Strong);
        }
        Question::Passphrase { identity, host } => {
            let inner = painter.dialog(area, width, 6, &format!("Passphrase{more}"), Role::RuleFocused);
            painter.text(
                inner,
                0,
                0,
                &fit(&format!("of {identity}, for {host}"), usize::from(inner.width)),
                Role::Text,
            );
            painter.text(
                inner,
                0,
                2,
                &format!("{}█", "•".repeat(typed.min(usize::from(inner.width.saturating_sub(1))))),
                Role::Strong,
            );
            painter.right(inner, 3, "[Esc] cancel", Role::Dim);
        }
        Question::Password { account, prompt, echo, .. } => {
            let inner = painter.dialog(area, width, 6, &format!("{account}{more}"), Role::RuleFocused);
            painter.text(inner, 0, 0, &fit(prompt, usize::from(inner.width)), Role::Text);
            let shown = if *echo { visible.to_owned() } else { "•".repeat(typed) };
            painter.text(
                inner,
                0,
                2,
                &format!("{}█", fit(&shown, usize::from(inner.width.saturating_sub(1)))),
                Role::Strong,
            );
            painter.right(inner, 3, "[Esc] cancel", Role::Dim);
        }
    }
}
