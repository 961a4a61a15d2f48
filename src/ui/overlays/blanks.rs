//! What an action asks before there can be a plan: a line for each answer, and the versions that may be deployed.

use ratatui::layout::Rect;

use super::frame;
use crate::app::acting::Blanks;
use crate::app::command::Command;
use crate::app::context::chain;
use crate::app::input::text_of;
use crate::app::offering::Offering;
use crate::app::state::State;
use crate::domain::deploy::offer::Offer;
use crate::ui::canvas::{Canvas, row};
use crate::ui::footer::shown;
use crate::ui::format::{fit, plural};
use crate::ui::glyph;
use crate::ui::theme::Role;
use crate::ui::widgets::input;

/// The widest it gets, in columns.
const WIDEST: u16 = 96;
/// Versions that are seen at once, where there is room.
const VERSIONS: u16 = 10;
/// Columns of a version, and of where it lies.
const COLUMNS: (usize, usize) = (22, 16);
/// Hosts that are named before they are only counted.
const NAMED: usize = 2;

/// Draws it.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, blanks: &Blanks) {
    let columns = WIDEST.min(area.width.saturating_sub(2));
    let asked = blanks.fields.len() as u16 * 2;
    // The list keeps its place, so that nothing moves under the eyes when hosts answer.
    let list = if blanks.offering.is_some() { VERSIONS + 3 } else { 0 };
    let rows = (asked + list + 5).min(area.height.saturating_sub(2));
    let inside = frame::draw(c, frame::middle(area, columns, rows), &blanks.want.title(), Role::Dialog);
    for (n, field) in blanks.fields.iter().enumerate() {
        let (ask, line) = (row(inside, 2 * n as u16), row(inside, 2 * n as u16 + 1));
        c.put_as(ask.x, ask.y, ask.width, &fit(&field.ask, usize::from(ask.width)), Role::Dim);
        if n == blanks.at {
            c.put_as(line.x, line.y, 1, glyph::CURSOR, Role::Key);
            input::draw(c, line.x + 2, line.y, line.width.saturating_sub(2), &field.input);
        } else {
            c.put_as(line.x + 2, line.y, line.width.saturating_sub(2), text_of(&field.input), Role::Text);
        }
    }
    let last = inside.height.saturating_sub(1);
    if let Some(offering) = &blanks.offering {
        // A line stays free for what is wrong with an answer.
        let height = last.saturating_sub(asked + 2);
        versions(state, c, Rect { y: inside.y + asked + 1, height, ..inside }, blanks, offering);
    }
    if let Some(said) = &blanks.said {
        let at = row(inside, last.saturating_sub(1));
        c.put_as(at.x, at.y, at.width, &fit(said, usize::from(at.width)), Role::Bad);
    }
    let chain = chain(state);
    let key = |command: &Command| c.look.keymap.key_of(&chain, command).map(|key| shown(&key));
    let word = if blanks.at + 1 < blanks.fields.len() { "next" } else { "show the plan" };
    let mut buttons = vec![(key(&Command::Back).unwrap_or_default(), "cancel")];
    buttons.extend(key(&Command::Accept).map(|key| (key, word)));
    frame::buttons(c, inside, &buttons);
}

/// The versions that are offered, and which hosts have not said what lies there.
fn versions(state: &State, c: &mut Canvas, area: Rect, blanks: &Blanks, offering: &Offering) {
    let Some(fits) = area.height.checked_sub(2).filter(|fits| *fits > 0) else { return };
    let offers = offering.shown(state, &blanks.want);
    let line = blanks.fields.iter().find(|field| field.name == "version").map(|field| &field.input);
    let chosen = line.and_then(|line| offering.place(&offers, line));
    let of = blanks.want.subject.hosts().len();
    let titles = row(area, 0);
    let room = usize::from(titles.width);
    let over_hosts = !offering.hosts.is_empty();
    let lies = over_hosts.then_some("lies on");
    c.put_as(titles.x, titles.y, titles.width, &columns("version", lies, ""), Role::Dim);
    let scroll = chosen.map_or(0, |at| (at + 1).saturating_sub(usize::from(fits)));
    for (n, offer) in offers.iter().enumerate().skip(scroll).take(usize::from(fits)) {
        let at = row(area, 1 + (n - scroll) as u16);
        let lies = match offer.lies.len() {
            0 => "no host".to_owned(),
            some => format!("{some} of {}", plural(of, "host")),
        };
        let lies = over_hosts.then_some(lies.as_str());
        let role = if over_hosts && offer.lies.is_empty() { Role::Dim } else { Role::Text };
        c.put_as(at.x, at.y, at.width, &fit(&columns(&offer.version, lies, &words(offer, of)), room), role);
        c.chosen(at, chosen == Some(n));
    }
    let foot = row(area, area.height.saturating_sub(1));
    let (words, role) = foot_of(offering, offers.len(), of);
    c.put_as(foot.x, foot.y, foot.width, &fit(&words, room), role);
}

/// A row; the middle one of its columns is there only where hosts are asked.
fn columns(version: &str, lies: Option<&str>, words: &str) -> String {
    let (one, two) = COLUMNS;
    let lies = lies.map(|lies| format!("{lies:<two$} ")).unwrap_or_default();
    format!("  {:<one$} {lies}{words}", fit(version, one))
}

/// What is known of a version besides where it lies.
fn words(offer: &Offer, of: usize) -> String {
    let on = |word: &str, hosts: &[String]| match hosts.len() {
        0 => None,
        all if all == of => Some(word.to_owned()),
        some if some <= NAMED => Some(format!("{word} on {}", hosts.join(", "))),
        some => Some(format!("{word} on {some} hosts")),
    };
    let ran = on("ran before", &offer.ran).filter(|_| offer.live.is_empty());
    let word = if offer.last { "live, says GitLab" } else { "was live before" };
    let deployed = (ran.is_none() && offer.live.is_empty() && offer.deployed).then(|| word.to_owned());
    let tag = offer.tag.then(|| "tag".to_owned());
    let all = [on("live", &offer.live), ran, deployed, on("failed", &offer.bad), tag];
    all.into_iter().flatten().collect::<Vec<_>>().join(&format!(" {} ", glyph::DOT))
}

/// How much of it is known.
fn foot_of(offering: &Offering, shown: usize, of: usize) -> (String, Role) {
    if let Some((host, why)) = offering.unheard().next() {
        let others = offering.unheard().count() - 1;
        let more = if others > 0 { format!(" (and {others} more)") } else { String::new() };
        return (format!("  {host} does not say what lies there: {why}{more}"), Role::Warn);
    }
    match (offering.waits_for(), shown) {
        (0, 0) if offering.find.is_empty() => {
            ("  no version is known; one that is typed is tried".to_owned(), Role::Dim)
        }
        (0, 0) => (format!("  no known version holds {}", offering.find), Role::Dim),
        (0, _) if !offering.hosts.is_empty() && offering.heard() < of => {
            (format!("  {} of {of} hosts were asked; the others are not up", offering.heard()), Role::Warn)
        }
        (0, _) => (format!("  {}", plural(shown, "version")), Role::Dim),
        (waits, _) => (format!("  {} still to say what lies there", plural(waits, "host")), Role::Busy),
    }
}
