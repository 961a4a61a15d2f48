//! The page of a deployment: what it was, what it brought, its jobs and the log of the one that did it.

use ratatui::layout::Rect;

use super::history::shown;
use super::{runs, versions};
use crate::app::board::Pane;
use crate::app::command::Command;
use crate::app::state::{State, Tab};
use crate::app::update::lost_run;
use crate::app::view_state::rows::{self, RunRow, deployment_id, deployments, service_id, services};
use crate::domain::ci_log::{CiLine, Tone};
use crate::domain::delivered::HOSTS;
use crate::domain::delivery::Seen;
use crate::domain::deployment::{Deployment, DeploymentKind};
use crate::domain::run::RunHost;
use crate::ui::canvas::{Canvas, Piece};
use crate::ui::figures::since;
use crate::ui::footer::key_in_tabs;
use crate::ui::format::{duration, plural};
use crate::ui::glyph;
use crate::ui::theme::Role;
use crate::ui::times::Zone;
use crate::ui::widgets::page::{self, Line};

/// Lines of a job's log that are shown, the newest.
const LOG: usize = 400;
/// Commits, merge requests and files that are listed.
const LISTED: usize = 30;

/// Draws the page of a row; false when there is no such row any more.
pub fn draw(state: &State, c: &mut Canvas, area: Rect, id: &str) -> bool {
    let scroll = state.deploys.page_scroll;
    if state.deploys.pane(Tab::Deploys) == Some(Pane::Versions) {
        let Some(view) = services(state).into_iter().find(|view| service_id(view) == id) else { return false };
        page::draw(c, area, &view.service.name, &view.service.environment, &versions::page(state, c, view), scroll);
        return true;
    }
    if state.deploys.pane(Tab::Deploys) == Some(Pane::Runs) {
        let Some(row) = rows::runs(state).into_iter().find(|row| row.id() == id) else { return false };
        let (title, environment, lines) = match row {
            RunRow::Act(act) => (act.proposal.title.clone(), &act.proposal.environment, runs::page(state, c, act)),
            RunRow::Known(run) => (run.plan.title(), &run.plan.environment, runs::known_page(state, c, run)),
        };
        page::draw(c, area, &title, environment, &lines, scroll);
        return true;
    }
    let Some(one) = deployments(state).into_iter().find(|one| deployment_id(one) == id) else { return false };
    let mut lines = facts(state, c, one);
    let seen = state.hosted.delivery.as_ref().and_then(|delivery| delivery.seen.as_ref());
    if let Some(seen) = seen.filter(|seen| Some(&seen.sight) == state.sight.as_ref()) {
        lines.extend(brought(c, seen));
        lines.extend(jobs(state, c, seen));
    }
    page::draw(c, area, &format!("{} {}", one.service, one.version), &one.environment, &lines, scroll);
    true
}

fn facts<'t>(state: &State, c: &Canvas, one: &Deployment) -> Vec<Line<'t>> {
    let zone = Zone::of(state, c.look);
    let (status, role) = shown(one);
    let mut lines = vec![Line::Pair("state", vec![c.piece(status, role)])];
    let mut known = |name, value: Option<String>| {
        lines.extend(
            value.filter(|value| !value.is_empty()).map(|value| Line::Pair(name, vec![c.piece(value, Role::Text)])),
        );
    };
    known("kind", one.kind.map(|kind| kind.as_str().to_owned()));
    let before = if one.kind == Some(DeploymentKind::Rollback) { "rolled back" } else { "before it" };
    known(before, one.previous_version.clone());
    known("by", one.by.clone());
    known("made", one.created.map(|at| zone.full(at)));
    known("started", one.started.map(|at| zone.full(at)));
    known("finished", one.finished.map(|at| zone.full(at)));
    known("took", one.started.zip(one.finished).map(|(from, to)| duration(since(to, from))));
    known("commit", one.sha.clone());
    let Some(run) = state.hosted.runs.iter().find(|run| run.id == one.id && one.source == HOSTS) else {
        known("project", Some(format!("{} to {}", one.project, one.place)));
        known("address", one.url.clone());
        lines.extend(lost(state, c, one));
        return lines;
    };
    known("run", Some(run.id.clone()));
    known("from", Some(run.machine.clone()));
    known("why", run.detail.clone());
    lines.extend(lost(state, c, one));
    lines.extend([Line::Blank, Line::Title("Hosts".to_owned())]);
    lines.extend(run.hosts.iter().map(|host| on_host(c, host)));
    lines
}

/// That nobody here follows the job of its run to its end, and the key that does.
fn lost<'t>(state: &State, c: &Canvas, one: &Deployment) -> Option<Line<'t>> {
    let run = lost_run(state, one)?;
    let key = key_in_tabs(state, c, &Command::Continue);
    let words = format!("the job of {} is not followed here: {key} follows it again", run.id);
    Some(Line::Pair("careful", vec![c.piece(words, Role::Warn)]))
}

/// A host's part of a run, in a line.
fn on_host<'t>(c: &Canvas, host: &RunHost) -> Line<'t> {
    let was = host.from.as_ref().map(|from| format!("  from {from}"));
    let step = host.step.as_ref().map(|step| format!("  at {step}"));
    let rest: String = [was, step, host.detail.as_ref().map(|why| format!("  {why}"))].into_iter().flatten().collect();
    let pieces = vec![
        c.piece(format!("{:<20} ", host.host), Role::Text),
        c.piece(host.state.clone(), Role::Strong),
        c.piece(rest, Role::Dim),
    ];
    Line::Pair("", pieces)
}

fn brought<'t>(c: &Canvas, seen: &Seen) -> Vec<Line<'t>> {
    let Some(between) = &seen.comparison else { return Vec::new() };
    let mut lines = vec![
        Line::Blank,
        Line::Title(format!(
            "{} {} {}: {}, {}, {}",
            between.from,
            glyph::ARROW,
            between.to,
            plural(between.commits.len(), "commit"),
            plural(between.merge_requests.len(), "merge request"),
            plural(between.files.len(), "file"),
        )),
    ];
    let text = |text: String, role| Line::Pair("", vec![c.piece(text, role)]);
    let merged = between
        .merge_requests
        .iter()
        .take(LISTED)
        .map(|one| text(format!("!{} {}", one.number, one.title), Role::Text));
    lines.extend(merged);
    let commits = between.commits.iter().take(LISTED);
    lines.extend(commits.map(|one| {
        let short: String = one.sha.chars().take(8).collect();
        text(format!("{short} {} ({})", one.title, one.author), Role::Dim)
    }));
    let migrations = between.files.iter().filter(|file| file.contains("migrat")).take(LISTED);
    lines.extend(migrations.map(|file| text(format!("migration {file}"), Role::Warn)));
    if !between.complete {
        lines.push(text("the forge did not give all of it".to_owned(), Role::Warn));
    }
    lines
}

fn jobs<'t>(state: &State, c: &Canvas, seen: &Seen) -> Vec<Line<'t>> {
    let mut lines = Vec::new();
    if !seen.jobs.is_empty() {
        lines.extend([Line::Blank, Line::Title("Jobs".to_owned())]);
    }
    for job in &seen.jobs {
        let role = match job.status.0.as_str() {
            "success" => Role::Ok,
            "failed" if !job.allow_failure => Role::Bad,
            "failed" => Role::Warn,
            _ if job.status.is_active() => Role::Busy,
            _ => Role::Dim,
        };
        let took = job.started.map(|from| duration(since(job.finished.unwrap_or(state.now), from)));
        let mut pieces = vec![c.piece(format!("{:<20} ", job.name), Role::Text), c.piece(job.status.0.clone(), role)];
        let rest =
            [took, job.failure.clone()].into_iter().flatten().map(|word| format!("  {word}")).collect::<String>();
        pieces.push(c.piece(rest, Role::Dim));
        lines.push(Line::Pair("", pieces));
    }
    let log: Vec<CiLine> = seen.log.lines().rev().take(LOG).cloned().collect();
    let unfinished = seen.log.unfinished();
    if log.is_empty() && unfinished.is_none() {
        return lines;
    }
    let name = seen.job.as_ref().map_or("Log", |job| job.name.as_str());
    lines.extend([Line::Blank, Line::Title(format!("Log of {name}"))]);
    lines.extend(log.iter().rev().chain(unfinished.iter()).map(|line| Line::Raw(log_line(c, line))));
    lines
}

/// A line of a job's log.
fn log_line<'t>(c: &Canvas, line: &CiLine) -> Vec<Piece<'t>> {
    let indent = "  ".repeat(line.depth.min(6));
    let mut pieces = vec![c.piece(indent, Role::Dim)];
    for span in &line.spans {
        pieces.push(c.piece(span.text.clone(), toned(span.tone)));
    }
    if let Some(lasted) = line.section.as_ref().and_then(|section| section.lasted) {
        pieces.push(c.piece(format!("  {}", duration(lasted)), Role::Dim));
    }
    pieces
}

/// What the runner's colours mean here: a theme's own are used for that.
fn toned(tone: Tone) -> Role {
    match tone.color.map(|color| color % 8) {
        Some(1) => Role::Bad,
        Some(2) => Role::Ok,
        Some(3) => Role::Warn,
        _ if tone.bold => Role::Strong,
        _ => Role::Text,
    }
}
