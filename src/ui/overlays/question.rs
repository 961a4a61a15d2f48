//! What only a person can answer while a host is being connected: a new key, a passphrase, a password.

use ratatui::layout::Rect;

use super::frame;
use crate::app::command::Command;
use crate::app::context::chain;
use crate::app::input::SecretLine;
use crate::app::state::State;
use crate::app::update::listed_keys;
use crate::domain::question::Question;
use crate::ui::canvas::{Canvas, Piece, row};
use crate::ui::footer::shown;
use crate::ui::format::fit;
use crate::ui::glyph;
use crate::ui::theme::Role;
use crate::ui::widgets::input;

/// Draws the question.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, question: &Question, typed: &SecretLine) {
    match question {
        Question::HostKey { .. } if listed_keys(state).len() > 1 => keys(state, c, area, question),
        Question::HostKey { host, address, key_type, fingerprint } => {
            let lines: Vec<Vec<Piece>> = vec![
                vec![
                    (host.as_str().into(), c.look.theme().host(host.as_str())),
                    c.piece(format!(" at {address} has a key that known_hosts does not hold:"), Role::Text),
                ],
                vec![],
                vec![c.piece(format!("{key_type}  "), Role::Dim), c.piece(fingerprint.as_str(), Role::Strong)],
                vec![],
                vec![c.piece("compare it with what `ssh-keygen -lf` prints on the host itself", Role::Dim)],
            ];
            let chain = chain(state);
            let key = |command: &Command| c.look.keymap.key_of(&chain, command).map(|key| shown(&key));
            let mut buttons = vec![(key(&Command::Back).unwrap_or_default(), "refuse")];
            buttons.extend(key(&Command::TrustOnce).map(|key| (key, "trust once")));
            buttons.extend(key(&Command::TrustAlways).map(|key| (key, "trust and save")));
            _ = dialog(c, area, "A new host key", &lines, &buttons, None);
        }
        Question::Passphrase { identity, host } => {
            let lines = [
                vec![c.piece("the passphrase of ", Role::Text), c.piece(identity.as_str(), Role::Strong)],
                vec![
                    c.piece("it is wanted for ", Role::Dim),
                    (host.as_str().into(), c.look.theme().host(host.as_str())),
                    c.piece(", asked once and kept in memory only", Role::Dim),
                ],
            ];
            _ = dialog(
                c,
                area,
                "Passphrase",
                &lines,
                &answers(state, c),
                Some((glyph::SECRET.repeat(typed.len()), true)),
            );
        }
        Question::Password { host, account, prompt, echo } => {
            let lines = [
                vec![
                    (host.as_str().into(), c.look.theme().host(host.as_str())),
                    c.piece(" asks as ", Role::Dim),
                    c.piece(account.as_str(), Role::Text),
                ],
                vec![c.piece(prompt.as_str(), Role::Strong)],
            ];
            let shown = if *echo { typed.visible().to_owned() } else { glyph::SECRET.repeat(typed.len()) };
            _ = dialog(c, area, "Login", &lines, &answers(state, c), Some((shown, true)));
        }
    }
}

fn answers(state: &State, c: &Canvas) -> Vec<(String, &'static str)> {
    let chain = chain(state);
    let key = |command: &Command| c.look.keymap.key_of(&chain, command).map(|key| shown(&key));
    // Enter sends what was typed: that button has the keys.
    let all = [(key(&Command::Accept), "send"), (key(&Command::Back), "refuse")];
    all.into_iter().filter_map(|(key, word)| Some((key?, word))).collect()
}

/// Several new hosts at once: one look tells whether this is a new fleet or one odd host among them.
fn keys(state: &State, c: &mut Canvas, area: Rect, selected: &Question) {
    let listed = listed_keys(state);
    let all = state.questions.iter().filter(|(_, question)| matches!(question, Question::HostKey { .. })).count();
    let mut lines: Vec<Vec<Piece>> =
        vec![vec![c.piece("known_hosts does not hold the keys of these hosts:", Role::Text)]];
    for (_, question) in &listed {
        let Question::HostKey { host, key_type, fingerprint, .. } = question else { continue };
        let mark = if question == selected { glyph::CURSOR } else { " " };
        lines.push(vec![
            c.piece(mark, Role::Key),
            (format!("{:<10} ", fit(host.as_str(), 10)).into(), c.look.theme().host(host.as_str())),
            c.piece(format!("{fingerprint} "), Role::Strong),
            c.piece(key_type.as_str(), Role::Dim),
        ]);
    }
    let more = all - listed.len();
    lines.push(vec![c.piece(if more > 0 { format!("and {more} more after these") } else { String::new() }, Role::Dim)]);
    lines.push(vec![c.piece("compare them with what `ssh-keygen -lf` prints on the hosts themselves", Role::Dim)]);
    let chain = chain(state);
    let key = |command: &Command| c.look.keymap.key_of(&chain, command).map(|key| shown(&key));
    // One key for the selected host, its capital for all of the list.
    let buttons: Vec<(String, &str)> = [
        (Command::Back, Command::RefuseAll, "refuse"),
        (Command::TrustOnce, Command::TrustOnceAll, "once"),
        (Command::TrustAlways, Command::TrustAlwaysAll, "save"),
    ]
    .into_iter()
    .filter_map(|(one, all, word)| Some((format!("{} / {} all", key(&one)?, key(&all)?), word)))
    .collect();
    let title = format!("{} new host keys", all);
    let selected = lines.iter().position(|pieces| pieces.first().is_some_and(|(text, _)| text == glyph::CURSOR));
    let inside = dialog(c, area, &title, &lines, &buttons, None);
    if let Some(at) = selected {
        c.over(row(inside, at as u16), Role::Selection);
    }
}

fn dialog(
    c: &mut Canvas,
    area: Rect,
    title: &str,
    lines: &[Vec<Piece>],
    buttons: &[(String, &str)],
    typed: Option<(String, bool)>,
) -> Rect {
    let rows = lines.len() as u16 + 4 + if typed.is_some() { 2 } else { 0 };
    let inside = frame::draw(c, frame::middle(area, 84, rows), title, Role::Dialog);
    let last = inside.height.saturating_sub(1);
    for (n, pieces) in lines.iter().enumerate().take(usize::from(last)) {
        let at = row(inside, n as u16);
        c.pieces(at.x, at.y, at.width, pieces);
    }
    if let Some((text, _)) = typed {
        let at = row(inside, last.saturating_sub(2));
        input::line(c, at.x, at.y, at.width, &text, text.chars().count());
    }
    frame::buttons(c, inside, buttons);
    inside
}
