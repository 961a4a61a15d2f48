//! `qd status`: the on-call summary in ten lines, worst first.

use serde_json::{Value, json};

use super::args::{Global, JsonArgs};
use super::exit::{Exit, Outcome};
use super::hosts::rfc3339;
use super::opened::Opened;
use super::snapshot;
use crate::domain::host::HostState;
use crate::domain::service::Health;
use crate::runtime::survey::Survey;

/// The most lines of trouble that are printed.
const LINES: usize = 8;

/// Runs the command: 1 when something is wrong.
pub async fn run(global: &Global, args: JsonArgs) -> Outcome {
    let opened = Opened::load(global).await?;
    opened.print_warnings();
    let survey = snapshot::surveyor(&opened.settings, true).first().await;
    let summary = Summary::of(&survey);
    if args.json {
        println!("{:#}", summary.json(chrono::Utc::now()));
    } else {
        print!("{}", summary.text());
    }
    Ok(if summary.trouble.is_empty() { Exit::Fine } else { Exit::Problems })
}

/// What is wrong, and how many hosts are how.
struct Summary {
    trouble: Vec<String>,
    up: usize,
    stale: usize,
    down: usize,
}

impl Summary {
    fn of(survey: &Survey) -> Self {
        let now = chrono::Utc::now();
        let mut summary = Self { trouble: Vec::new(), up: 0, stale: 0, down: 0 };
        for (service, on) in &survey.services {
            for (host, status) in on {
                let unit = status.unit_state.as_deref().filter(|unit| *unit != "active");
                if status.health == Health::Failing {
                    let detail = status.health_detail.as_deref().unwrap_or("failing");
                    summary.trouble.push(format!("{} on {host}: {detail}", service.name));
                } else if let Some(unit) = unit {
                    summary.trouble.push(format!("{} on {host}: unit is {unit}", service.name));
                }
            }
        }
        for report in &survey.hosts {
            let name = &report.host.name;
            match report.state(now) {
                HostState::Up => summary.up += 1,
                HostState::Stale => {
                    summary.stale += 1;
                    summary.trouble.push(format!("{name}: up, but silent"));
                }
                state => {
                    summary.down += 1;
                    let error = report.link.as_ref().and_then(|link| link.error.as_ref());
                    summary
                        .trouble
                        .push(format!("{name}: {}", error.map_or(state.as_str().to_owned(), ToString::to_string)));
                }
            }
            let slow = report.sample.as_ref().and_then(|s| s.slow.as_ref());
            for unit in slow.and_then(|slow| slow.failed_units.as_ref()).into_iter().flatten() {
                summary.trouble.push(format!("{name}: {unit} failed"));
            }
            for disk in slow.and_then(|slow| slow.disks.as_ref()).into_iter().flatten() {
                if disk.pct >= 90.0 && !disk.read_only {
                    summary.trouble.push(format!("{name}: {} is {:.0} % full", disk.mount, disk.pct));
                }
            }
        }
        summary
    }

    fn verdict(&self) -> String {
        match self.trouble.len() {
            0 => "all quiet".to_owned(),
            1 => "1 thing is wrong".to_owned(),
            n => format!("{n} things are wrong"),
        }
    }

    fn text(&self) -> String {
        let mut out = format!("{} · {} up, {} stale, {} down\n", self.verdict(), self.up, self.stale, self.down);
        for line in self.trouble.iter().take(LINES) {
            out.push_str(&format!("  {line}\n"));
        }
        if self.trouble.len() > LINES {
            out.push_str(&format!("  and {} more\n", self.trouble.len() - LINES));
        }
        out
    }

    fn json(&self, now: chrono::DateTime<chrono::Utc>) -> Value {
        json!({
            "at": rfc3339(now),
            "worst": self.trouble.first(),
            "verdict": self.verdict(),
            // Alerts, runs and deploys are not known yet.
            "alerts": [],
            "hosts": { "up": self.up, "stale": self.stale, "down": self.down },
            "runs": [],
            "last_deploy": Value::Null,
        })
    }
}
