//! Watching the whole fleet after its last host: what the hosts' access logs, logs and kernels tell, and StatusCake.
//! What follows from it is in [`crate::domain::deploy::bake`].

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::herald::Herald;
use crate::domain::deploy::bake::Findings;
use crate::domain::deploy::plan::{Bake, DeployPlan};
use crate::domain::host::HostName;
use crate::domain::log::Level;
use crate::domain::template::mask;
use crate::domain::text::one_line;
use crate::logs::parse::{Parser, TimeField, message, request};
use crate::transport::loader::quote;
use crate::transport::{ExecSpec, Exit, SharedTransport};

const SCRIPT: &str = include_str!("bake.sh");
/// How long a host may take to answer: less than a lease lasts.
const PATIENCE: Duration = Duration::from_secs(4);
/// How much of a log is read at once, in bytes; of a busier one the newest part is.
const PIECE: u64 = 2 << 20;
/// More than an answer holds.
const MOST: usize = 16 << 20;
/// How long before the run counts as before.
const BEFORE: i64 = 30 * 60 * 1_000_000_000;
/// StatusCake is asked so often: its requests are counted.
const CHECKS: Duration = Duration::from_secs(30);
/// Waiting below this share of the time, in percent, is nobody's trouble.
const LITTLE: f64 = 20.0;
/// So many kinds of error are told apart.
const KINDS: usize = 200;

/// What a host told.
#[derive(Default)]
struct OnHost {
    marks: String,
    unit: BTreeMap<String, String>,
    oom: Option<u64>,
    pressure: BTreeMap<String, f64>,
    access: Parser,
    errors: Parser,
}

/// One bake.
pub struct Baker<'a> {
    plan: &'a DeployPlan,
    bake: &'a Bake,
    links: Vec<(String, &'a SharedTransport)>,
    hosts: BTreeMap<String, OnHost>,
    /// Errors that were there before.
    known: BTreeSet<String>,
    findings: Findings,
    /// When the run began, in nanoseconds since 1970.
    run_began: i64,
    began: Option<Instant>,
    looked: Option<Instant>,
    asked: Option<Instant>,
}

impl<'a> Baker<'a> {
    /// A bake that has not begun.
    pub fn new(
        plan: &'a DeployPlan,
        bake: &'a Bake,
        links: &'a BTreeMap<HostName, SharedTransport>,
        run_began: i64,
    ) -> Self {
        let link = |host: &String| Some((host.clone(), links.get(&HostName::from(host.as_str()))?));
        Self {
            plan,
            bake,
            links: plan.hosts.iter().filter_map(|part| link(&part.host)).collect(),
            hosts: BTreeMap::new(),
            known: BTreeSet::new(),
            findings: Findings::default(),
            run_began,
            began: None,
            looked: None,
            asked: None,
        }
    }

    /// Whether it has lasted as long as it was meant to.
    pub fn is_over(&self) -> bool {
        self.began.is_some_and(|began| began.elapsed() >= self.bake.time)
    }

    /// Looks at the fleet, when it is time to; what is known then.
    pub async fn look(&mut self, herald: &Herald) -> Option<&Findings> {
        let pace = (self.bake.time / 20).clamp(Duration::from_millis(500), Duration::from_secs(10));
        if self.looked.is_some_and(|looked| looked.elapsed() < pace) && !self.is_over() {
            return None;
        }
        let now = Instant::now();
        let began = *self.began.get_or_insert(now);
        let first = self.looked.replace(now).is_none();
        let asked = self.links.iter().map(|(host, transport)| {
            let script = self.script(host);
            async move { (host.clone(), transport.exec(ExecSpec::script(script, PATIENCE)).collect(MOST).await) }
        });
        let answers = join_all(asked).await;
        self.findings.unheard.clear();
        for (host, output) in answers {
            match output.exit {
                Exit::Code(_) => self.take(&host, &output.out, first || !self.hosts.contains_key(&host)),
                _ => self.findings.unheard.push(host),
            }
        }
        if self.bake.limits.statuscake && self.asked.is_none_or(|asked| asked.elapsed() >= CHECKS) {
            self.asked = Some(Instant::now());
            self.findings.down = herald.down().await;
        }
        self.findings.elapsed = began.elapsed();
        Some(&self.findings)
    }

    fn script(&self, host: &str) -> String {
        let marks = self.hosts.get(host).map(|host| host.marks.as_str()).unwrap_or_default();
        format!(
            "unit={} access={} logs={} marks={} most={PIECE}\n{SCRIPT}",
            quote(&self.plan.unit),
            quote(self.bake.access_log.as_deref().unwrap_or_default()),
            quote(&self.bake.logs.join("\n")),
            quote(marks)
        )
    }

    /// Takes an answer; the first of a host tells what was before.
    fn take(&mut self, host: &str, said: &[u8], first: bool) {
        let on = self.hosts.entry(host.to_owned()).or_default();
        let (mut marks, mut unit, mut oom, mut pressure) = (String::new(), BTreeMap::new(), None, BTreeMap::new());
        let mut counted = self.bake.access_log.is_none();
        let now = chrono::Utc::now().timestamp_nanos_opt().unwrap_or(0);
        for line in said.split(|byte| *byte == b'\n') {
            if let Some(raw) = line.strip_prefix(b"a ") {
                let parsed = on.access.line(raw, now);
                let answers = if first { &mut self.findings.before } else { &mut self.findings.since };
                let in_time = match parsed.time {
                    TimeField::At(stamp) => {
                        !first || (stamp.nanos < self.run_began && stamp.nanos >= self.run_began - BEFORE)
                    }
                    TimeField::Missing | TimeField::Bad => !first,
                };
                if let Some(request) = request(on.access.format(), raw).filter(|_| in_time) {
                    answers.get_or_insert_default().count(request.status);
                }
            } else if let Some(raw) = line.strip_prefix(b"e ") {
                let parsed = on.errors.line(raw, now);
                if parsed.level.is_none_or(|level| level < Level::Error) {
                    continue;
                }
                let text = one_line(&mask::text(&raw[message(on.errors.format(), raw, now)]), 160);
                let errors = self.findings.errors.get_or_insert_default();
                if first {
                    self.known.insert(text);
                } else if !self.known.contains(&text) && (errors.len() < KINDS || errors.contains_key(&text)) {
                    *errors.entry(text).or_default() += 1;
                }
            } else if let Ok(line) = std::str::from_utf8(line) {
                if let Some(mark) = line.strip_prefix("mark ") {
                    marks.push_str(mark);
                    marks.push('\n');
                } else if let Some((key, value)) = line.split_once('=') {
                    match key {
                        // That there is one to be read, however little is in it.
                        "read" if value == "a" => {
                            counted = true;
                            self.findings.since.get_or_insert_default();
                            self.findings.before.get_or_insert_default();
                        }
                        "read" => drop(self.findings.errors.get_or_insert_default()),
                        "oom" => oom = value.parse::<u64>().ok(),
                        "cpu" | "memory" | "io" => {
                            pressure.extend(value.parse::<f64>().ok().map(|share| (key.to_owned(), share)));
                        }
                        key => drop(unit.insert(key.to_owned(), one_line(value, 100))),
                    }
                }
            }
        }
        self.findings.uncounted.retain(|known| known != host);
        if !counted {
            self.findings.uncounted.push(host.to_owned());
        }
        on.marks = marks;
        if first {
            (on.unit, on.oom, on.pressure) = (unit, oom, pressure);
            return;
        }
        compare(&mut self.findings, host, on, &unit, oom, &pressure);
    }
}

/// What a host tells now against what it told first. What has been found stays found.
fn compare(
    findings: &mut Findings,
    host: &str,
    on: &OnHost,
    unit: &BTreeMap<String, String>,
    oom: Option<u64>,
    pressure: &BTreeMap<String, f64>,
) {
    let state = unit.get("ActiveState").map(String::as_str).unwrap_or("active");
    let trouble = match unit.get("InvocationID").zip(on.unit.get("InvocationID")) {
        _ if !matches!(state, "active" | "reloading" | "refreshing") => Some(format!("{host}: its unit is {state}")),
        Some((now, before)) if now != before => Some(format!("{host}: its unit ended and was started again")),
        _ if unit.get("NRestarts") != on.unit.get("NRestarts") => {
            Some(format!("{host}: systemd started its unit again"))
        }
        _ => None,
    };
    findings.units.extend(trouble.filter(|trouble| !findings.units.contains(trouble)));
    if oom > on.oom && !findings.oom.iter().any(|known| known == host) {
        findings.oom.push(host.to_owned());
    }
    findings.pressure.retain(|(known, ..)| known != host);
    let worse = |(what, now): (&String, &f64)| {
        let before = on.pressure.get(what).copied()?;
        (*now >= LITTLE && *now >= before * 2.0).then_some((before, *now))
    };
    let worst = pressure.iter().filter_map(worse).max_by(|a, b| a.1.total_cmp(&b.1));
    findings.pressure.extend(worst.map(|(before, now)| (host.to_owned(), before, now)));
}
