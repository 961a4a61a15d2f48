//! The plan of an action: the environment, each host with its exact command, how it is judged, and what confirms it.

use ratatui::layout::Rect;

use super::frame;
use crate::app::acting::{Asking, Stage};
use crate::app::command::Command;
use crate::app::context::chain;
use crate::app::state::State;
use crate::app::update::{deaf_for, in_the_way, refusal};
use crate::domain::act::Proposal;
use crate::domain::action::Level;
use crate::domain::confirm::{Refused, Typed};
use crate::ui::canvas::{Canvas, Piece, row};
use crate::ui::footer::shown;
use crate::ui::format::{fit, wrap};
use crate::ui::glyph;
use crate::ui::theme::Role;
use crate::ui::widgets::{input, page};

/// The widest it gets, in columns.
const WIDEST: u16 = 104;
/// Columns of the labels on the left.
const LABELS: usize = 13;

/// A line of the dialog: its label, its text, and what it means.
type Line = (String, String, Role);

/// Draws it.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, asking: &Asking) {
    let environment = state.settings.environment(asking.want.subject.environment());
    let careful = environment.is_some_and(|environment| environment.careful);
    let role = if careful { Role::DialogDanger } else { Role::Dialog };
    let columns = WIDEST.min(area.width.saturating_sub(2));
    let room = usize::from(columns.saturating_sub(4));
    let body = body(asking, room);
    let foot = foot(state, asking);
    // The frame, a blank line before the foot, the buttons.
    let rows = (body.len() + foot.len() + 4 + usize::from(!foot.is_empty())) as u16;
    let place = frame::middle(area, columns, rows.min(area.height.saturating_sub(2)));
    let title = match environment {
        Some(environment) => {
            format!("{} {} {}", environment.name.to_uppercase(), glyph::DOT, asking.want.title())
        }
        None => asking.want.title(),
    };
    let inside = frame::draw(c, place, &title, role);
    let last = usize::from(inside.height.saturating_sub(1));
    let fits = last.saturating_sub(foot.len() + 1).min(body.len());
    (c.regions.viewport.page_rows, c.regions.viewport.page_lines) = (fits, body.len());
    let scroll = asking.scroll.min(body.len().saturating_sub(fits));
    for (n, (label, text, role)) in body.iter().skip(scroll).take(fits).enumerate() {
        let at = row(inside, n as u16);
        c.put_as(at.x, at.y, at.width, label, Role::Dim);
        let label = if label.is_empty() { 0 } else { LABELS as u16 };
        c.put_as(at.x + label, at.y, at.width.saturating_sub(label), text, *role);
    }
    let left = body.len() - (scroll + fits).min(body.len());
    if left > 0 || scroll > 0 {
        let words = if left > 0 { format!(" {left} more ") } else { " the end ".to_owned() };
        let y = inside.y + fits as u16;
        c.pieces_right(inside.x, inside.right(), y, &[c.piece(words, Role::Warn)]);
    }
    for (n, line) in foot.iter().enumerate() {
        let at = row(inside, (last - foot.len() + n) as u16);
        match line {
            Foot::Said(text, role) => _ = c.put_as(at.x, at.y, at.width, &fit(text, usize::from(at.width)), *role),
            Foot::Field { before, line, focused } => {
                let used = c.pieces(at.x, at.y, at.width, &pieces(c, before));
                let rest = at.width.saturating_sub(used);
                if *focused {
                    input::draw(c, at.x + used, at.y, rest, line);
                } else {
                    c.put_as(at.x + used, at.y, rest, crate::app::input::text_of(line), Role::Text);
                }
            }
        }
    }
    buttons(state, c, inside, asking);
}

fn pieces<'t>(c: &Canvas, words: &'t [(String, Role)]) -> Vec<Piece<'t>> {
    words.iter().map(|(text, role)| c.piece(text.as_str(), *role)).collect()
}

/// The plan, wrapped: labels stand on the left of their first line.
fn body(asking: &Asking, room: usize) -> Vec<Line> {
    let plain = |text: &str, role| -> Vec<Line> {
        text.lines().flat_map(|line| wrap(line, room)).map(|line| (String::new(), line, role)).collect()
    };
    match &asking.stage {
        Stage::Planning => plain("asking the hosts …", Role::Busy),
        Stage::Refused(why) => {
            let mut lines = plain("there is no plan, and nothing was done:", Role::Text);
            lines.extend(plain(why, Role::Bad));
            lines
        }
        Stage::Ready(proposal) => proposal.page.iter().flat_map(|line| labelled(line, room)).collect(),
    }
}

fn labelled(line: &str, room: usize) -> Vec<Line> {
    let (label, text) = page::labelled(line);
    let role = match label {
        "careful" => Role::Warn,
        "plan" | "does" | "gate" | "hosts" | "environment" => Role::Text,
        _ => Role::Strong,
    };
    let mut lines: Vec<Line> = Vec::new();
    if label.chars().count() >= LABELS {
        lines.push((String::new(), label.to_owned(), Role::Dim));
    }
    for (n, part) in wrap(text, room.saturating_sub(LABELS)).into_iter().enumerate() {
        let named = n == 0 && lines.is_empty();
        lines.push((if named { label.to_owned() } else { " ".to_owned() }, part, role));
    }
    lines
}

/// What stands under the plan.
enum Foot<'a> {
    Said(String, Role),
    Field { before: Vec<(String, Role)>, line: &'a tui_textarea::TextArea<'static>, focused: bool },
}

fn foot<'a>(state: &State, asking: &'a Asking) -> Vec<Foot<'a>> {
    let Some(proposal) = asking.proposal() else { return Vec::new() };
    let mut foot = Vec::new();
    if let Some(why) = refusal(state, &proposal.environment) {
        let words = match why {
            Refused::Unarmed(name) => format!("{name} is read-only until it is armed: this is only to be looked at"),
            why => why.to_string(),
        };
        return vec![Foot::Said(words, Role::Warn)];
    }
    if let Some(why) = &proposal.demand.reason {
        let before = vec![(format!("why ({why}): "), Role::Dim)];
        foot.push(Foot::Field { before, line: &asking.reason, focused: asking.on_reason });
    }
    if asking.wants_text() {
        let before = typed(proposal);
        foot.push(Foot::Field { before, line: &asking.typed, focused: !asking.on_reason });
    }
    let deaf = deaf_for(state, asking).num_milliseconds();
    match &asking.said {
        Some(said) => foot.push(Foot::Said(said.clone(), Role::Bad)),
        None if proposal.demand.level == Level::Three && deaf > 0 => {
            foot.push(Foot::Said(format!("it listens in {} s", (deaf + 999) / 1000), Role::Warn));
        }
        None => {}
    }
    foot
}

fn typed(proposal: &Proposal) -> Vec<(String, Role)> {
    let word = |typed: &Typed| match typed.enough() == typed.whole() {
        true => vec![("type ".to_owned(), Role::Dim), (typed.whole().to_owned(), Role::Strong)],
        false => vec![
            ("type ".to_owned(), Role::Dim),
            (typed.enough().to_owned(), Role::Strong),
            (typed.whole()[typed.enough().len()..].to_owned(), Role::Dim),
        ],
    };
    let mut words = proposal.demand.typed.as_ref().map_or_else(|| vec![("type y".to_owned(), Role::Strong)], word);
    words.push((" to go on: ".to_owned(), Role::Dim));
    words
}

fn buttons(state: &State, c: &mut Canvas, inside: Rect, asking: &Asking) {
    let chain = chain(state);
    let key = |command: &Command| c.look.keymap.key_of(&chain, command).map(|key| shown(&key));
    let mut buttons: Vec<(String, &str)> = vec![(key(&Command::Back).unwrap_or_default(), "cancel")];
    if let Some(proposal) = asking.proposal() {
        match refusal(state, &proposal.environment) {
            Some(Refused::Unarmed(_)) => buttons.extend(key(&Command::Arm(None)).map(|key| (key, "arm"))),
            None if !asking.wants_text() => buttons.extend(key(&Command::Yes).map(|key| (key, "yes"))),
            _ => {}
        }
    }
    if in_the_way(state).is_some() {
        buttons.extend(key(&Command::Adopt).map(|key| (key, "take over the run that keeps it away")));
    }
    frame::buttons(c, inside, &buttons);
}
