//! Watching the whole fleet after its last host: what the hosts' access logs, logs, journals and kernels tell, and
//! StatusCake. What follows from it is in [`crate::domain::deploy::bake`].
//!
//! All of it is reckoned from when the release went live on each host, as the host's own journal says: whoever takes a run
//! over in the middle of its bake goes on with it.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::herald::Herald;
use super::listen::{Answer, Ear};
use crate::domain::deploy::bake::Findings;
use crate::domain::deploy::journal::Milestones;
use crate::domain::deploy::plan::Bake;
use crate::transport::loader::quote;
use crate::transport::{ExecSpec, Exit, SharedTransport};

const SCRIPT: &str = include_str!("bake.sh");
/// How long a host may take to answer: less than a lease lasts.
const PATIENCE: Duration = Duration::from_secs(4);
/// How much of a log is read at once, in bytes; of a busier one the newest part is.
const PIECE: u64 = 2 << 20;
/// More than an answer holds.
const MOST: usize = 16 << 20;
/// How long before the run counts as before, in seconds.
pub(super) const BEFORE: i64 = 30 * 60;
/// StatusCake is asked so often: its requests are counted.
const CHECKS: Duration = Duration::from_secs(30);
/// Waiting below this share of the time, in percent, is nobody's trouble.
const LITTLE: f64 = 20.0;
/// The kernel's shares are those of a minute: before that they tell of the restart.
const SETTLED: f64 = 60.0;

/// One host that is watched.
pub struct Watched<'a> {
    /// Its name.
    pub host: String,
    /// How it is asked.
    pub link: &'a SharedTransport,
    /// The version that is new there.
    pub version: String,
    /// The one before.
    pub from: Option<String>,
    /// When it went live, and how the host was then.
    pub milestones: Milestones,
}

/// What is known of a host besides.
#[derive(Default)]
struct Baseline {
    unit: Option<String>,
    vitals: BTreeMap<String, f64>,
    /// How long the release had been good there at the last answer, in seconds, and when that was.
    good: Option<(f64, Instant)>,
}

/// One bake.
pub struct Baker<'a> {
    unit: &'a str,
    bake: &'a Bake,
    watched: Vec<Watched<'a>>,
    ears: BTreeMap<String, Ear>,
    baselines: BTreeMap<String, Baseline>,
    findings: Findings,
    began: Instant,
    looked: Option<Instant>,
    asked: Option<Instant>,
}

impl<'a> Baker<'a> {
    /// A bake of a unit that has not been looked at.
    pub fn new(unit: &'a str, bake: &'a Bake, watched: Vec<Watched<'a>>) -> Self {
        let ear = |one: &Watched<'_>| (one.host.clone(), Ear::new(&one.version, one.from.as_deref(), &one.milestones));
        let baseline = |one: &Watched<'_>| {
            let vitals = one.milestones.vitals.split(' ').filter_map(|word| {
                let (what, number) = word.split_once('=')?;
                Some((what.to_owned(), number.parse().ok()?))
            });
            (one.host.clone(), Baseline { unit: one.milestones.unit.clone(), vitals: vitals.collect(), good: None })
        };
        Self {
            unit,
            bake,
            ears: watched.iter().map(ear).collect(),
            baselines: watched.iter().map(baseline).collect(),
            watched,
            findings: Findings::default(),
            began: Instant::now(),
            looked: None,
            asked: None,
        }
    }

    /// How long every host has been good, as the hosts that were heard tell it.
    fn elapsed(&self) -> Duration {
        let good = self.baselines.values().filter_map(|base| base.good);
        let least = good.map(|(seconds, at)| seconds + at.elapsed().as_secs_f64()).min_by(f64::total_cmp);
        least.map_or_else(|| self.began.elapsed(), |seconds| Duration::try_from_secs_f64(seconds).unwrap_or_default())
    }

    /// Whether it has lasted as long as it was meant to.
    pub fn is_over(&self) -> bool {
        self.looked.is_some() && self.elapsed() >= self.bake.time
    }

    /// What has been found so far, in a line.
    pub fn numbers(&self) -> String {
        self.findings.line(&self.bake.limits)
    }

    /// Looks at the fleet, when it is time to; what is known then, and in a line.
    pub async fn look(&mut self, herald: &Herald) -> Option<(&Findings, String)> {
        let pace = (self.bake.time / 20).clamp(Duration::from_millis(500), Duration::from_secs(10));
        if self.looked.is_some_and(|looked| looked.elapsed() < pace) && !self.is_over() {
            return None;
        }
        self.looked = Some(Instant::now());
        let asked = self.watched.iter().map(|one| {
            let script = self.script(one);
            async move { (one.host.clone(), one.link.exec(ExecSpec::script(script, PATIENCE)).collect(MOST).await) }
        });
        let answers = join_all(asked).await;
        self.findings.unheard.clear();
        self.findings.waits = None;
        for (host, output) in answers {
            let (Exit::Code(_), Some(ear)) = (output.exit, self.ears.get_mut(&host)) else {
                self.findings.unheard.push(host);
                continue;
            };
            let answer = ear.take(&output.out, self.bake.access_log.is_some(), &mut self.findings, &host);
            self.weigh(&host, &answer);
        }
        // What one host knew before is new to none.
        let known = |error: &String| self.ears.values().any(|ear| ear.known.contains(error));
        if let Some(errors) = &mut self.findings.errors {
            errors.retain(|error, _| !known(error));
        }
        if self.bake.limits.statuscake && self.asked.is_none_or(|asked| asked.elapsed() >= CHECKS) {
            self.asked = Some(Instant::now());
            self.findings.down = herald.down().await;
        }
        self.findings.elapsed = self.elapsed();
        let (at, of) = (self.findings.elapsed.as_secs(), self.bake.time.as_secs());
        Some((&self.findings, format!("bake {} of {of} s: {}", at.min(of), self.numbers())))
    }

    fn script(&self, one: &Watched<'_>) -> String {
        let (bake, none) = (self.bake, Ear::default());
        let ear = self.ears.get(&one.host).unwrap_or(&none);
        let began = one
            .milestones
            .began
            .or(one.milestones.live)
            .map_or_else(|| chrono::Utc::now().timestamp(), |at| at.timestamp());
        format!(
            "unit={} access={} logs={} rooted={} journals={} marks={} cursors={} since={} most={PIECE}\n{SCRIPT}",
            quote(self.unit),
            quote(bake.access_log.as_deref().unwrap_or_default()),
            quote(&bake.logs.join("\n")),
            quote(&bake.rooted.join("\n")),
            quote(&bake.journals.join("\n")),
            quote(&ear.marks),
            quote(&ear.cursors),
            began - BEFORE,
        )
    }

    /// What a host tells now against how it was. What has been found stays found.
    fn weigh(&mut self, host: &str, answer: &Answer) {
        let Some(one) = self.watched.iter().find(|one| one.host == host) else { return };
        let (base, findings) = (self.baselines.entry(host.to_owned()).or_default(), &mut self.findings);
        let milestones = &one.milestones;
        let by_up = milestones.good_up.zip(answer.number("up")).map(|(good, now)| (now - good as f64) / 100.0);
        let by_clock = milestones.good.zip(answer.number("now")).map(|(good, now)| now - good.timestamp() as f64);
        // One that has booted since counts from then by its uptime; the other clock may be set by somebody.
        let seconds = by_up.filter(|up| *up >= 0.0).or(by_clock).unwrap_or_else(|| self.began.elapsed().as_secs_f64());
        base.good = Some((seconds.max(0.0), Instant::now()));
        let word = |name: &str| answer.words.get(name).map(String::as_str);
        let state = word("ActiveState").unwrap_or("active");
        let now = format!("{}/{}", word("InvocationID").unwrap_or_default(), word("NRestarts").unwrap_or_default());
        let before = base.unit.get_or_insert_with(|| now.clone());
        let trouble = match (before.split('/').next(), now.split('/').next()) {
            _ if !matches!(state, "active" | "reloading" | "refreshing") => Some(format!("its unit is {state}")),
            (before, now) if before != now => Some("its unit ended and was started again".to_owned()),
            _ if *before != now => Some("systemd started its unit again".to_owned()),
            _ => None,
        };
        let trouble = trouble.map(|trouble| format!("{host}: {trouble}"));
        findings.units.extend(trouble.filter(|trouble| !findings.units.contains(trouble)));
        for what in ["oom", "cpu", "memory", "io"] {
            if let Some(number) = answer.number(what) {
                base.vitals.entry(what.to_owned()).or_insert(number);
            }
        }
        if let Some((before, now)) = base.vitals.get("oom").zip(answer.number("oom")) {
            let count = findings.oom.entry(host.to_owned()).or_default();
            *count = (*count).max((now - before).max(0.0) as u64);
        }
        let pairs = ["cpu", "memory", "io"].map(|what| base.vitals.get(what).copied().zip(answer.number(what)));
        let worst = pairs.into_iter().flatten().max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((before, now)) = worst.filter(|(_, now)| findings.waits.is_none_or(|(_, known)| *now > known)) {
            findings.waits = Some((before, now));
        }
        let worse = |(before, now): &(f64, f64)| *now >= LITTLE && *now >= before * 2.0 && seconds >= SETTLED;
        let worse = pairs.into_iter().flatten().filter(worse).max_by(|a, b| a.1.total_cmp(&b.1));
        findings.pressure.retain(|(known, ..)| known != host);
        findings.pressure.extend(worse.map(|(before, now)| (host.to_owned(), before, now)));
    }
}
