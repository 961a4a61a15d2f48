//! What the host is, how it is reached, and why not.

use std::time::Duration;

use ratatui::layout::Rect;

use crate::app::state::{HostView, State};
use crate::domain::host::{HostState, Link};
use crate::ui::canvas::{Canvas, Piece, row};
use crate::ui::figures::{self, cursor_words, since};
use crate::ui::format::{age, duration, fit, wrap};
use crate::ui::glyph;
use crate::ui::theme::Role;

/// The rule over the page: name and state on the left, what it is on the right.
pub fn rule(state: &State, c: &mut Canvas, line: Rect, view: &HostView, focused: bool) {
    let host = view.state(state.now);
    let (shape, word, role) = figures::state_of(host);
    let name = view.host.name.as_str();
    let mut title: Vec<Piece> =
        vec![(fit(name, 30).into(), c.look.theme().host(name)), c.piece(format!("  {shape} {word}"), role)];
    if let Some(age) = figures::heard_age(state, view) {
        title.push(c.piece(format!(" {age}"), role));
    }
    let sample = view.sample.as_ref();
    let mut words: Vec<String> = cursor_words(state, c.look).into_iter().collect();
    if let Some(up) = sample.and_then(|s| s.uptime_s).and_then(|s| Duration::try_from_secs_f64(s).ok()) {
        words.push(format!("up {}", duration(up)));
    }
    words.extend(view.facts.os.as_ref().map(|os| fit(os, 32)));
    words.extend(view.facts.arch.clone());
    words.extend(sample.and_then(|s| s.cores).map(|n| format!("{n} core{}", if n == 1 { "" } else { "s" })));
    words.push(view.host.environment.clone());
    if !view.host.tags.is_empty() {
        words.push(view.host.tags.join(" "));
    }
    if sample.and_then(|s| s.slow.as_ref()).and_then(|slow| slow.reboot_required) == Some(true) {
        words.push("asks for a reboot".to_owned());
    }
    // The least telling words go first when there is no room.
    let room = usize::from(line.width).saturating_sub(usize::from(crate::ui::canvas::width(&title)) + 10);
    let mut joined = words.join(&format!(" {} ", glyph::DOT));
    while unicode_width::UnicodeWidthStr::width(joined.as_str()) > room && words.len() > 1 {
        words.pop();
        joined = words.join(&format!(" {} ", glyph::DOT));
    }
    c.rule(line, &title, &[c.piece(joined, Role::Dim)], focused);
}

/// How it is reached, and what went wrong with what would mend it; how many rows that took.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, view: &HostView) -> u16 {
    let room = usize::from(area.width.saturating_sub(2));
    let mut lines: Vec<(String, Role)> = Vec::new();
    match &view.link {
        None => lines.push(("not dialed yet".to_owned(), Role::Dim)),
        Some(link) => {
            lines.push((how(state, link, view), Role::Dim));
            if let Some(error) = link.error.as_ref().filter(|_| view.state(state.now) != HostState::Up) {
                lines.push((format!("{} {}", glyph::BAD, error.message), Role::Bad));
                lines.push((error.remedy.clone(), Role::Text));
            } else if let Some(why) = &view.unmeasured {
                lines.push((format!("{} {why}", glyph::BAD), Role::Bad));
            }
        }
    }
    let mut used = 0;
    for (text, role) in &lines {
        // What went wrong and what would mend it is never cut off.
        for line in if *role == Role::Dim { vec![fit(text, room)] } else { wrap(text, room) } {
            let at = row(area, used);
            if at.height > 0 {
                c.put_as(at.x + 1, at.y, at.width.saturating_sub(1), &line, *role);
            }
            used += 1;
        }
    }
    used.min(area.height)
}

/// `ssh2 via bastion-1 · 3 ms away · clock +3 ms · connected 2h`.
fn how(state: &State, link: &Link, view: &HostView) -> String {
    let mut words = vec![link.transport.as_str().to_owned()];
    if !link.transport_reason.is_empty() {
        words.push(link.transport_reason.clone());
    }
    if !link.via.is_empty() {
        words.push(format!("via {}", link.via.join(&format!(" {} ", glyph::ARROW))));
    }
    // Where the transport cannot tell (the system's ssh), the quickest answer to what the clock there says can.
    let asked = || view.sample.as_ref()?.clock_error_ms.map(|half| 2.0 * half);
    let away = link.rtt.map(|rtt| rtt.as_secs_f64() * 1000.0).or_else(asked);
    words.extend(away.map(|away| format!("{away:.0} ms away")));
    if let Some(skew) = view.sample.as_ref().and_then(|sample| sample.clock_skew_ms) {
        let seconds = skew / 1000.0;
        words.push(if seconds.abs() < 1.0 { format!("clock {skew:+.0} ms") } else { format!("clock {seconds:+.1} s") });
    }
    let here = age(since(state.now, link.since));
    words.push(match view.state(state.now) {
        HostState::Up | HostState::Stale => format!("connected {here}"),
        _ => match link.retry_at {
            Some(at) => format!("again in {}s, failing for {here}", (at - state.now).num_seconds().max(0)),
            None => format!("for {here}"),
        },
    });
    words.extend(view.facts.kernel.as_ref().map(|kernel| fit(kernel, 40)));
    words.join(&format!(" {} ", glyph::DOT))
}
