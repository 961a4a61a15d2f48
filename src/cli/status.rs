//! `qd status`: what is wrong, worst first, in ten lines or as JSON.

use std::io::Write;
use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};
use serde::Serialize;
use serde_json::Value;

use super::alerts::{self, Sources};
use super::args::{Global, JsonArgs};
use super::deploy::list::under_way;
use super::exit::{Exit, Outcome};
use super::hosts::{error, fullest, since, slow};
use super::opened::Opened;
use super::paint::Paint;
use super::services::{self, Row};
use super::snapshot::{self, Look};
use crate::domain::alert::{self, Alert, AlertState};
use crate::domain::api_error::ApiError;
use crate::domain::deployment::Deployment;
use crate::domain::host::HostState;
use crate::domain::service::Health;
use crate::domain::text::one_line;
use crate::runtime::survey::{HostReport, Survey};
use crate::ui::format::age;

/// Lines that there are at most.
const LINES: usize = 10;
/// The longest line of text, in characters.
const WIDTH: usize = 120;
/// Runs that are shown at most.
const RUNS: usize = 2;
/// A file system from here on is a problem: what is left is soon gone.
const FULL: f64 = 95.0;
/// One that is full within so many hours is, too.
const SOON_HOURS: f64 = 8.0;
/// How long hosted sources are listened to. What fires is known at once; the histories of many checks take minutes.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs the command: 1 when something is wrong.
pub async fn run(global: &Global, args: JsonArgs) -> Outcome {
    let opened = Opened::load(global).await?;
    opened.print_warnings();
    let mut sources = Sources::open(&opened, None);
    let mut surveyor = snapshot::surveyor(&opened.settings, true);
    let (survey, in_time, runs) = tokio::join!(
        surveyor.first(),
        tokio::time::timeout(PATIENCE, sources.ask()),
        tokio::time::timeout(PATIENCE, under_way(&opened))
    );
    let runs = runs.unwrap_or_default();
    let now = Utc::now();
    let outside = sources.look(now.trunc_subsecs(3));
    let heard = Heard {
        alerts: &outside.alerts,
        errors: &outside.errors,
        last_deploy: outside.last_deploy.as_ref(),
        late: in_time.is_err(),
        runs: &runs,
    };
    let status =
        json(Look { survey: &survey, deployments: &[], stats: &opened.settings.stats, now, colored: false }, &heard);
    let text = if args.json {
        serde_json::to_string_pretty(&status).map_err(std::io::Error::from)? + "\n"
    } else {
        text(&status, global.colored())
    };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(if status.worst.is_some() { Exit::Problems } else { Exit::Fine })
}

/// How bad a problem is, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Somebody has to act now.
    Page,
    /// Somebody has to act in the day.
    Ticket,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// What it is, in one line safe to show.
    pub title: String,
    /// The host, when it is one host's.
    pub host: Option<String>,
    /// The service, when it is a service's.
    pub service: Option<String>,
    /// The environment, where it is one's.
    pub environment: Option<String>,
    /// Since when, where that is known.
    pub since: Option<DateTime<Utc>>,
}

/// What the hosted sources said.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heard<'a> {
    /// What fires, and what did.
    pub alerts: &'a [Alert],
    /// What could not be asked.
    pub errors: &'a [ApiError],
    /// What was deployed last, where that is known.
    pub last_deploy: Option<&'a Deployment>,
    /// Runs of deploys that hosts are at, as `qd run list --json` has them.
    pub runs: &'a [Value],
    /// They had more to say than there was time for: since when something fires may not be known.
    pub late: bool,
}

/// The document of `qd status --json`. `alerts` are those that fire, with the fields of `qd alerts`; `runs` are those
/// that are under way, with the fields of `qd run list`; `problems` is what the hosts and services themselves show, and what fires.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StatusJson {
    at: DateTime<Utc>,
    worst: Option<Severity>,
    verdict: String,
    alerts: Vec<Value>,
    hosts: Counts,
    runs: Vec<Value>,
    last_deploy: Option<Deployment>,
    problems: Vec<Problem>,
    /// What could not be asked.
    errors: Vec<Value>,
    /// Not everything was said in time.
    late: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
struct Counts {
    up: usize,
    stale: usize,
    down: usize,
}

/// The JSON document, which [`text`] shows to people.
pub fn json(look: Look<'_>, heard: &Heard<'_>) -> StatusJson {
    let Survey { hosts, services } = look.survey;
    let mut counts = Counts::default();
    for report in hosts {
        match report.state(look.now) {
            HostState::Up => counts.up += 1,
            HostState::Stale => counts.stale += 1,
            _ => counts.down += 1,
        }
    }
    let mut problems: Vec<Problem> = services.iter().filter_map(service_problem).collect();
    problems.extend(hosts.iter().flat_map(|report| host_problems(report, &look)));
    problems.extend(heard.alerts.iter().filter(|alert| alert.is_problem()).map(alert_problem));
    problems.sort_by_key(|problem| problem.severity);
    let worst = problems.first().map(|problem| problem.severity);
    let mut verdict = verdict(&problems, counts, hosts.len(), services.len());
    if let (None, Some(error)) = (worst, heard.errors.first()) {
        // Quiet is not the same as not heard.
        verdict = one_line(&format!("{verdict}, but {} was not heard", error.api), WIDTH);
    }
    let firing = heard.alerts.iter().filter(|alert| alert.state == AlertState::Firing);
    StatusJson {
        at: look.now,
        worst,
        verdict,
        alerts: firing.map(alerts::json_of).collect(),
        hosts: counts,
        runs: heard.runs.to_vec(),
        last_deploy: heard.last_deploy.cloned(),
        problems,
        errors: heard.errors.iter().map(alerts::error_json).collect(),
        late: heard.late,
    }
}

/// What a hosted source raised.
fn alert_problem(alert: &Alert) -> Problem {
    Problem {
        severity: if alert.severity == alert::Severity::Page { Severity::Page } else { Severity::Ticket },
        title: one_line(&format!("{} ({})", alert.title, alert.source), WIDTH),
        host: alert.host.as_ref().map(ToString::to_string),
        service: alert.service.clone(),
        environment: alert.environment.clone(),
        since: alert.since,
    }
}

/// A service that fails on some of its hosts: its health check, or its unit where none is asked.
fn service_problem(row: &Row) -> Option<Problem> {
    let service = &row.0;
    let failing: Vec<_> =
        services::hosts(row).filter_map(|(host, on)| Some((host, on?))).filter(|(_, on)| !on.is_well()).collect();
    let (host, on) = failing.first()?;
    let why = match on.health {
        Health::Failing => on.health_detail.as_ref(),
        _ => on.unit_state.as_ref(),
    };
    let why = why.map_or("", String::as_str);
    let colon = if why.is_empty() { "" } else { ": " };
    let place = if failing.len() == 1 {
        host.to_string()
    } else {
        format!("{} of {} hosts", failing.len(), service.hosts.len())
    };
    Some(Problem {
        severity: if service.critical { Severity::Page } else { Severity::Ticket },
        title: one_line(&format!("{} is failing on {place}{colon}{why}", service.name), WIDTH),
        host: (failing.len() == 1).then(|| host.to_string()),
        service: Some(service.name.clone()),
        environment: Some(service.environment.clone()),
        since: None,
    })
}

fn host_problems(report: &HostReport, look: &Look<'_>) -> Vec<Problem> {
    let name = report.host.name.as_str();
    let problem = |severity, title: String, since| Problem {
        severity,
        title: one_line(&title, WIDTH),
        host: Some(name.to_owned()),
        service: None,
        environment: Some(report.host.environment.clone()),
        since,
    };
    let state = report.state(look.now);
    if state != HostState::Up {
        // Nobody knows how what runs there is.
        let critical = look
            .survey
            .services
            .iter()
            .any(|(service, _)| service.critical && service.hosts.contains(&report.host.name));
        let severity = if critical { Severity::Page } else { Severity::Ticket };
        let title = match error(report) {
            // Most errors begin with the host that they are about.
            Some(why) if why.starts_with(&format!("{name}: ")) => why,
            Some(why) => format!("{name}: {why}"),
            None => format!("{name} is {}", state.as_str().replace('_', " ")),
        };
        return vec![problem(severity, title, since(report, look.now))];
    }
    let mut out = Vec::new();
    if let Some(why) = &report.unmeasured {
        out.push(problem(Severity::Ticket, format!("{name}: {why}"), None));
    }
    let Some(slow) = slow(report, look) else { return out };
    if let Some(disk) = slow.disks.as_deref().and_then(fullest).filter(|disk| disk.pct >= FULL) {
        out.push(problem(Severity::Ticket, format!("{name} {} is {:.0} % full", disk.mount, disk.pct), None));
    }
    for disk in slow.disks.iter().flatten().filter(|disk| !disk.read_only) {
        if let Some(hours) = disk.hours_to_full.filter(|hours| *hours < SOON_HOURS && disk.pct < FULL) {
            let title = format!("{name} {} is {:.0} % full, and wholly in {hours:.1} h", disk.mount, disk.pct);
            out.push(problem(Severity::Ticket, title, None));
        }
        if let Some(pct) = disk.inodes_pct.filter(|pct| *pct >= FULL) {
            out.push(problem(
                Severity::Ticket,
                format!("{name} {} has used {pct:.0} % of its inodes", disk.mount),
                None,
            ));
        }
    }
    match slow.failed_units.as_deref() {
        None | Some([]) => {}
        Some([one]) => out.push(problem(Severity::Ticket, format!("{name} {one} has failed"), None)),
        Some(several) => {
            let title = format!("{name} {} units have failed: {}", several.len(), several.join(" "));
            out.push(problem(Severity::Ticket, title, None));
        }
    }
    out
}

fn verdict(problems: &[Problem], counts: Counts, hosts: usize, services: usize) -> String {
    let count = |n: usize, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
    match problems {
        [] if hosts == 0 => "no hosts are configured".to_owned(),
        [] => format!("all quiet: {} up, {} without trouble", count(counts.up, "host"), count(services, "service")),
        [worst] => worst.title.clone(),
        [worst, rest @ ..] => one_line(&format!("{} · {} more", worst.title, rest.len()), WIDTH),
    }
}

/// What was deployed last, in a line.
fn deployed(deploy: &Deployment, at: DateTime<Utc>) -> String {
    let mut words = vec![deploy.service.as_str(), &deploy.version];
    words.extend(deploy.status.map(|status| status.as_str()));
    words.extend(deploy.kind.map(|kind| kind.as_str()));
    words.extend(["in", &deploy.environment]);
    if let Some(by) = &deploy.by {
        words.extend(["by", by]);
    }
    let since = deploy.started.or(deploy.created).and_then(|since| (at - since).to_std().ok());
    format!("deploy  {}{}", words.join(" "), since.map_or(String::new(), |since| format!("  {}", age(since))))
}

/// A run of a deploy, in a line.
fn run_line(run: &Value) -> String {
    let word = |key: &str| run[key].as_str().unwrap_or_default();
    let words = [word("service"), word("version"), word("state"), "in", word("environment"), "by", word("by")];
    one_line(&format!("run     {}  {}", words.join(" "), word("id")), WIDTH)
}

/// The same in at most ten lines: the verdict, the problems worst first, the hosts.
pub fn text(status: &StatusJson, colored: bool) -> String {
    let mut lines = vec![status.verdict.clone()];
    let unheard = status.errors.first().and_then(|error| error["message"].as_str());
    // A line each: the hosts, the sources that said nothing, what was deployed last; and one for what found no room.
    let runs: Vec<String> = status.runs.iter().take(RUNS).map(run_line).collect();
    let room = LINES - 2 - usize::from(unheard.is_some()) - usize::from(status.last_deploy.is_some()) - runs.len();
    let shown = if status.problems.len() > room { room - 1 } else { status.problems.len() };
    for problem in &status.problems[..shown] {
        let word = match problem.severity {
            Severity::Page => Paint::Bad.on("PAGE  ", colored),
            Severity::Ticket => Paint::Warn.on("TICKET", colored),
        };
        let since = problem.since.map(|since| (status.at - since).to_std().unwrap_or_default());
        let since = since.map(|for_| format!("  {}", age(for_))).unwrap_or_default();
        lines.push(format!("{word}  {}{since}", problem.title));
    }
    if shown < status.problems.len() {
        lines.push(format!("        and {} more", status.problems.len() - shown));
    }
    let Counts { up, stale, down } = status.hosts;
    lines.push(format!("hosts   {up} up, {stale} stale, {down} down"));
    lines.extend(runs);
    if let Some(deploy) = &status.last_deploy {
        lines.push(one_line(&deployed(deploy, status.at), WIDTH));
    }
    if let Some(why) = unheard {
        lines.push(format!("unheard {}", one_line(why, WIDTH)));
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::hosts::tests::{link, refused, report, shown};
    use super::super::services::tests::{on, service};
    use super::*;
    use crate::domain::host::LinkState;

    /// Of a config without hosted sources.
    fn quiet(look: Look<'_>) -> StatusJson {
        json(look, &Heard::default())
    }

    fn live(name: &str) -> HostReport {
        report(name, Some(link(LinkState::Up)), Some(0))
    }

    #[test]
    fn the_worst_comes_first_and_is_the_verdict() {
        let states = BTreeMap::from([("web-1".into(), on("1.4.2", Health::Failing, Some("HTTP 500: gone")))]);
        let survey = Survey {
            hosts: vec![live("web-1"), report("db-1", Some(refused()), None)],
            services: vec![(service("api", &["web-1"], true), states)],
        };
        let status = shown(&survey, quiet);
        assert_eq!(
            text(&status, false),
            "api is failing on web-1: HTTP 500: gone · 2 more\n\
             PAGE    api is failing on web-1: HTTP 500: gone\n\
             TICKET  web-1 a.service has failed\n\
             TICKET  db-1: nobody listens on 10.0.0.2:22; start sshd there  10m\n\
             hosts   1 up, 0 stale, 1 down\n"
        );
        let document = serde_json::to_value(&status).unwrap();
        assert_eq!(document["worst"], "page");
        assert_eq!(document["hosts"], serde_json::json!({"up": 1, "stale": 0, "down": 1}));
        for key in ["at", "verdict", "alerts", "runs", "last_deploy"] {
            assert!(document.get(key).is_some(), "{key}");
        }
    }

    #[test]
    fn runs_that_are_under_way_have_their_line() {
        let run = serde_json::json!({
            "id": "01K", "service": "api", "version": "1.5.0", "state": "unattended", "environment": "production",
            "by": "ann"
        });
        let runs = [run.clone()];
        let survey = Survey { hosts: vec![], services: vec![] };
        let status = shown(&survey, |look| json(look, &Heard { runs: &runs, ..Heard::default() }));
        let text = text(&status, false);
        assert!(text.contains("\nrun     api 1.5.0 unattended in production by ann  01K\n"), "{text}");
        assert_eq!(serde_json::to_value(&status).unwrap()["runs"], serde_json::json!([run]));
    }

    #[test]
    fn ten_lines_are_the_most() {
        let hosts = (0..50).map(|n| report(&format!("web-{n}"), Some(refused()), None)).collect();
        let text = text(&shown(&Survey { hosts, services: vec![] }, quiet), false);
        assert_eq!(text.lines().count(), LINES);
        assert!(text.contains("        and 43 more\n"), "{text}");
    }

    #[test]
    fn nothing_wrong_is_said_so() {
        let mut host = live("web-1");
        host.sample.as_mut().unwrap().slow.as_mut().unwrap().failed_units = Some(vec![]);
        let status = shown(&Survey { hosts: vec![host], services: vec![] }, quiet);
        assert_eq!(status.worst, None);
        assert_eq!(
            text(&status, false),
            "all quiet: 1 host up, 0 services without trouble\nhosts   1 up, 0 stale, 0 down\n"
        );
    }

    #[test]
    fn a_disk_that_fills_is_a_problem_and_a_full_one_that_cannot_is_none() {
        let mut host = live("web-1");
        let slow = host.sample.as_mut().unwrap().slow.as_mut().unwrap();
        slow.failed_units = None;
        slow.disks.as_mut().unwrap()[0].hours_to_full = Some(2.9);
        let status = shown(&Survey { hosts: vec![host], services: vec![] }, quiet);
        assert_eq!(status.verdict, "web-1 / is 71 % full, and wholly in 2.9 h");
    }
}
