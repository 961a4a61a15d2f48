//! What is being done and what was done from here: a row each, and the page with every host.

use ratatui::layout::Rect;

use crate::app::acting::{Act, ActHost};
use crate::app::board::Pane;
use crate::app::command::Command;
use crate::app::state::State;
use crate::app::view_state::rows::{RunRow, runs};
use crate::app::viewport::Target;
use crate::domain::action::ActionKind;
use crate::domain::audit::Verdict;
use crate::domain::deploy::journal::HostRun;
use crate::domain::deploy::known::KnownRun;
use crate::domain::deploy::steer::Wish;
use crate::ui::canvas::{Canvas, Piece, below, row};
use crate::ui::figures::since;
use crate::ui::footer::key_in_tabs;
use crate::ui::format::{duration, fit};
use crate::ui::glyph;
use crate::ui::theme::Role;
use crate::ui::widgets::list::List;
use crate::ui::widgets::page::Line;
use crate::ui::widgets::table::Column;

/// Columns; what it is gets what is left.
const COLUMNS: &[Column] = &[
    Column::figure("age", 4, 0),
    Column::text("", 13, 1),
    Column::text("hosts", 10, 3),
    Column::figure("took", 5, 4),
    Column::text("what", 0, 2),
    Column::text("environment", 11, 5),
];
/// Rows that it has at most beside the other lists.
const MOST: u16 = 8;
/// The longest detail that stands beside its host, in characters.
const SHORT: usize = 40;
/// Lines of a host's output that its page shows while others follow.
const LINES: usize = 30;

/// Rows that it would like to have, with its rule and titles; none where nothing was done.
pub fn wanted(state: &State) -> u16 {
    match runs(state).len() as u16 {
        0 => 0,
        rows => (rows + 2).min(MOST),
    }
}

/// Draws the rule and the list.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, focused: bool) {
    if area.height == 0 {
        return;
    }
    let found = runs(state);
    let others = state.acting.known_elsewhere().filter(|run| !run.is_over());
    let going = state.acting.under_way().count() + others.count();
    let figures = if going > 0 { format!("{going} under way") } else { String::new() };
    c.titled(row(area, 0), "Runs", &figures, focused);
    c.target(row(area, 0), Target::Pane(Pane::Runs));
    let ids: Vec<String> = found.iter().map(RunRow::id).collect();
    let list = List { board: &state.deploys, pane: Pane::Runs, focused, columns: COLUMNS, marked: None };
    list.draw(c, below(area, 1), found.len(), &ids, |c, n, widths| match found[n] {
        RunRow::Act(act) => cells(state, c, act, widths),
        RunRow::Known(run) => known_cells(state, c, &found[n], run, widths),
    });
}

/// Shape, word and meaning of how an action stands.
pub fn standing(act: &Act) -> (String, Role) {
    let (shape, word, role) = match (&act.over, act.verdict()) {
        (None, _) => match act.wish {
            Wish::On | Wish::Keep => (glyph::DIALING, "running", Role::Busy),
            Wish::Hold if act.is_held() => (glyph::BAD, "held", Role::Warn),
            Wish::Hold => (glyph::DIALING, "holding", Role::Busy),
            Wish::Stop => (glyph::DIALING, "stopping", Role::Busy),
            Wish::Undo => (glyph::DIALING, "going back", Role::Busy),
        },
        (Some(_), None) => (glyph::HOLLOW, "not done", Role::Warn),
        (_, Some(verdict)) => outcome(verdict),
    };
    (format!("{shape} {word}"), role)
}

fn outcome(verdict: Verdict) -> (&'static str, &'static str, Role) {
    match verdict {
        Verdict::Ok => (glyph::GOOD, "ok", Role::Ok),
        Verdict::Failed => (glyph::BAD, "failed", Role::Bad),
        Verdict::NotDone => (glyph::HOLLOW, "not done", Role::Warn),
        Verdict::Unknown => (glyph::STALE, "unknown", Role::Warn),
        Verdict::RolledBack => (glyph::BAD, "rolled back", Role::Bad),
        Verdict::Held => (glyph::BAD, "held", Role::Warn),
    }
}

/// What can be done with a run that goes on.
const HOLD: (Command, &str) = (Command::Hold, "hold");
const STOP: (Command, &str) = (Command::Stop, "stop at the boundary");
const UNDO: (Command, &str) = (Command::Undo, "take every host back");

/// A line that names keys and what they do.
fn keys<'t>(state: &State, c: &Canvas, known: &[(Command, &str)]) -> Line<'t> {
    let words: Vec<String> =
        known.iter().map(|(command, word)| format!("{} {word}", key_in_tabs(state, c, command))).collect();
    Line::Pair("", vec![c.piece(words.join(&format!(" {} ", glyph::DOT)), Role::Dim)])
}

/// A dot for each host: done, failed, at it, or still to come.
fn dots<'t>(c: &Canvas, act: &Act, columns: usize) -> Vec<Piece<'t>> {
    let dot = |host: &ActHost| match &host.ended {
        Some(ending) => {
            let (shape, _, role) = outcome(ending.result);
            c.piece(shape, role)
        }
        None => match &host.run {
            Some(run) => {
                let (shape, role) = phase(run);
                c.piece(shape, role)
            }
            None if host.began.is_some() => c.piece(glyph::DIALING, Role::Busy),
            None => c.piece(glyph::HOLLOW, Role::Dim),
        },
    };
    let (done, of) = act.done();
    if of <= columns {
        return act.hosts.iter().filter(|host| !host.other).map(dot).collect();
    }
    vec![c.piece(format!("{done}/{of}"), Role::Text)]
}

fn cells<'t>(state: &State, c: &Canvas, act: &Act, widths: &[u16]) -> Vec<Vec<Piece<'t>>> {
    let (word, role) = standing(act);
    let until = act.over.as_ref().map_or(state.now, |over| over.at);
    vec![
        vec![c.piece(duration(since(state.now, act.began)), Role::Dim)],
        vec![c.piece(word, role)],
        dots(c, act, usize::from(widths[2])),
        vec![c.piece(duration(since(until, act.began)), Role::Dim)],
        vec![c.piece(fit(&act.proposal.title, usize::from(widths[4])), Role::Text)],
        vec![c.piece(fit(&act.proposal.environment, usize::from(widths[5])), Role::Dim)],
    ]
}

/// Shape, word and meaning of how a run of somebody's stands.
pub fn known_standing(run: &KnownRun) -> (String, Role) {
    let word = run.state();
    let (shape, role) = match word {
        "succeeded" => (glyph::GOOD, Role::Ok),
        "running" | "baking" => (glyph::DIALING, Role::Busy),
        "unattended" | "held" => (glyph::BAD, Role::Warn),
        "canceled" | "denied" => (glyph::HOLLOW, Role::Dim),
        _ => (glyph::BAD, Role::Bad),
    };
    (format!("{shape} {}", word.replace('_', " ")), role)
}

fn phase(run: &HostRun) -> (&'static str, Role) {
    match run.word() {
        "done" => (glyph::GOOD, Role::Ok),
        "kept" | "held" | "undone" => (glyph::BAD, Role::Warn),
        "failed" | "stuck" => (glyph::BAD, Role::Bad),
        "canceled" | "denied" | "unknown" | "staged" => (glyph::HOLLOW, Role::Dim),
        _ => (glyph::DIALING, Role::Busy),
    }
}

fn known_cells<'t>(state: &State, c: &Canvas, row: &RunRow, run: &KnownRun, widths: &[u16]) -> Vec<Vec<Piece<'t>>> {
    let (word, role) = known_standing(run);
    let plan = &run.plan;
    let age = row.began().map(|began| duration(since(state.now, began))).unwrap_or_default();
    let dots: Vec<Piece> = plan
        .hosts
        .iter()
        .take(usize::from(widths[2]))
        .map(|part| {
            let (shape, role) = phase(&run.hosts.get(&part.host).cloned().unwrap_or_default());
            c.piece(shape, role)
        })
        .collect();
    let what = format!("{} {} {} by {}", plan.kind.as_str(), plan.service, plan.version, run.by);
    vec![
        vec![c.piece(age, Role::Dim)],
        vec![c.piece(word, role)],
        dots,
        Vec::new(),
        vec![c.piece(fit(&what, usize::from(widths[4])), Role::Text)],
        vec![c.piece(fit(&plan.environment, usize::from(widths[5])), Role::Dim)],
    ]
}

/// The page of a run that somebody else has started, or another cockpit.
pub fn known_page<'t>(state: &State, c: &Canvas, run: &KnownRun) -> Vec<Line<'t>> {
    let (word, role) = known_standing(run);
    let mut lines = vec![
        Line::Pair("state", vec![c.piece(word, role)]),
        Line::Pair("run", vec![c.piece(run.id.clone(), Role::Text)]),
        Line::Pair("by", vec![c.piece(run.by.clone(), Role::Text)]),
    ];
    if let Some(age) = run.lease_age.filter(|_| !run.is_over()) {
        lines.push(Line::Pair("lease", vec![c.piece(format!("{age} s old"), Role::Dim)]));
    }
    if !run.is_over() {
        let word = if run.is_alone() { "go on with it" } else { "take it over and go on" };
        lines.push(keys(state, c, &[(Command::Continue, word), HOLD, STOP, UNDO]));
    }
    lines.push(Line::Blank);
    for part in &run.plan.hosts {
        let host = run.hosts.get(&part.host).cloned().unwrap_or_default();
        let (shape, role) = phase(&host);
        let step = host.step.as_ref().map(|step| format!(" at {step}")).unwrap_or_default();
        let cut = if host.is_interrupted() { ", cut off" } else { "" };
        let from = part.from.as_deref().unwrap_or("nothing");
        let mut pieces = vec![
            (format!("{:<14}", fit(&part.host, 13)).into(), c.look.theme().host(&part.host)),
            c.piece(format!("{:<22}", format!("{shape} {}{step}{cut}", host.word())), role),
            c.piece(format!("{from} {} {}  ", glyph::ARROW, part.to), Role::Dim),
        ];
        pieces.extend(host.trouble().map(|why| c.piece(why.to_owned(), Role::Bad)));
        lines.push(Line::Raw(pieces));
    }
    for host in run.facts.keys() {
        let told = run.told(host);
        if told.is_empty() {
            continue;
        }
        lines.extend([Line::Blank, Line::Title(host.clone())]);
        let skipped = told.len().saturating_sub(LINES);
        lines.extend(told.iter().skip(skipped).map(|line| Line::Text(line.clone())));
    }
    lines.extend([Line::Blank, Line::Title("Plan".to_owned())]);
    lines.extend(run.plan.page().iter().map(|line| Line::of_plan(line)));
    lines
}

/// The page: each host with how it stands and what it said, then the plan.
pub fn page<'t>(state: &State, c: &Canvas, act: &Act) -> Vec<Line<'t>> {
    let (word, role) = standing(act);
    let until = act.over.as_ref().map_or(state.now, |over| over.at);
    let progress = Some(act.progress()).filter(|word| !word.is_empty());
    let words: Vec<String> = progress.into_iter().chain([duration(since(until, act.began))]).collect();
    let mut lines =
        vec![Line::Pair("state", vec![c.piece(word, role), c.piece(format!("  {}", words.join(", ")), Role::Dim)])];
    if let Some(id) = &act.run {
        lines.push(Line::Pair("run", vec![c.piece(id.clone(), Role::Text)]));
    }
    if let Some(Err(why)) = act.over.as_ref().map(|over| &over.came) {
        lines.push(Line::Pair("why", vec![c.piece(why.clone(), Role::Bad)]));
    }
    // A job of GitLab's has no run of ours that could be stopped.
    let by_job = act.proposal.other.is_some();
    let ours = act.run.is_some() || !matches!(act.want.action, ActionKind::Deploy | ActionKind::Rollback);
    let waits = act.over.is_some() && act.goes_on(&state.acting.known);
    match (&act.over, act.wish) {
        _ if by_job => {}
        (None, Wish::On | Wish::Keep) if act.run.is_some() => lines.push(keys(state, c, &[HOLD, STOP, UNDO])),
        (None, Wish::On | Wish::Keep) if ours => lines.push(keys(state, c, &[STOP])),
        (None, Wish::Hold) => lines.push(keys(state, c, &[(Command::Continue, "go on"), STOP, UNDO])),
        (None, Wish::Stop) if act.run.is_some() => lines.push(keys(state, c, &[UNDO])),
        (Some(_), _) if waits => {
            lines.push(keys(state, c, &[(Command::Continue, "go on with it"), STOP, UNDO]));
        }
        _ => {}
    }
    lines.extend(act.warnings.iter().map(|text| Line::Pair("careful", vec![c.piece(text.clone(), Role::Warn)])));
    lines.extend(act.words.iter().map(|text| Line::Pair("", vec![c.piece(text.clone(), Role::Dim)])));
    lines.push(Line::Blank);
    for host in &act.hosts {
        lines.push(Line::Raw(host_line(state, c, host)));
        let detail = host.ended.as_ref().and_then(|ending| ending.detail.clone()).filter(|detail| !short(detail));
        lines.extend(detail.map(|detail| Line::Pair("", vec![c.piece(detail, Role::Text)])));
        if !host.steps.is_empty() {
            lines.push(Line::Raw(steps(c, host)));
        }
    }
    for host in act.hosts.iter().filter(|host| !host.lines.is_empty()) {
        lines.extend([Line::Blank, Line::Title(host.name.clone())]);
        let skipped = host.lines.len().saturating_sub(LINES);
        lines.extend(host.lines.iter().skip(skipped).map(|line| Line::Text(line.clone())));
    }
    lines.extend([Line::Blank, Line::Title("Plan".to_owned())]);
    lines.extend(act.proposal.page.iter().map(|line| Line::of_plan(line)));
    lines
}

/// The steps of a run that a host has behind it: the last ones, for they are many.
fn steps<'t>(c: &Canvas, host: &ActHost) -> Vec<Piece<'t>> {
    const SHOWN: usize = 8;
    let mut pieces = vec![c.piece(" ".repeat(14), Role::Dim)];
    for (step, rc) in host.steps.iter().skip(host.steps.len().saturating_sub(SHOWN)) {
        let (mark, role) = if *rc == 0 { (glyph::CHECK, Role::Ok) } else { (glyph::BAD, Role::Bad) };
        pieces.extend([c.piece(format!("{step} "), Role::Dim), c.piece(format!("{mark}  "), role)]);
    }
    if let Some(step) = host.run.as_ref().and_then(|run| run.step.clone()) {
        pieces.push(c.piece(format!("{step} {}", glyph::DIALING), Role::Busy));
    }
    pieces
}

/// Whether a detail has room beside its host; else it stands under it.
#[allow(clippy::ptr_arg, reason = "it filters options of strings")]
fn short(detail: &String) -> bool {
    detail.chars().count() <= SHORT
}

fn host_line<'t>(state: &State, c: &Canvas, host: &ActHost) -> Vec<Piece<'t>> {
    let name = (format!("{:<14}", fit(&host.name, 13)).into(), c.look.theme().host(&host.name));
    let mut pieces = vec![name];
    match (&host.ended, host.began) {
        (Some(ending), _) => {
            let (shape, word, role) = outcome(ending.result);
            pieces.push(c.piece(format!("{:<12}", format!("{shape} {word}")), role));
            pieces.push(c.piece(format!("{:>6.1} s  ", ending.ms as f64 / 1000.0), Role::Dim));
            pieces.extend(ending.detail.clone().filter(short).map(|detail| c.piece(detail, Role::Text)));
        }
        (None, Some(began)) => {
            let at = host.run.as_ref().filter(|run| run.step.is_none()).map(|run| (phase(run), run.word()));
            let ((shape, role), word) = at.unwrap_or(((glyph::DIALING, Role::Busy), "at it"));
            pieces.push(c.piece(format!("{:<12}", format!("{shape} {word}")), role));
            pieces.push(c.piece(format!("{:>6}    ", duration(since(state.now, began))), Role::Dim));
            pieces.push(c.piece(host.word.clone(), Role::Text));
        }
        (None, None) => pieces.push(c.piece(format!("{} waits", glyph::HOLLOW), Role::Dim)),
    }
    pieces
}
