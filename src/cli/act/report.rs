//! Carrying a plan out under the eyes of a person or a script: progress on stderr, what came of it on stdout.

use std::collections::BTreeMap;
use std::io::Write;

use serde::Serialize;
use tokio::sync::{mpsc, watch};

use super::refused;
use crate::actions::announce::Announcement;
use crate::actions::execute::{NotBegun, Order, Progress, execute};
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::table::Table;
use crate::domain::audit::{Ending, HostEnding, Verdict};
use crate::domain::plan::Plan;
use crate::domain::text::clean_bytes;
use crate::integrations::slack::Slack;

/// What takes the progress; false when nobody reads on.
pub trait Teller {
    /// Takes one thing.
    fn tell(&mut self, progress: &Progress) -> bool;
}

/// Carries a plan out, and tells people of it where they want to know. The first Ctrl-C leaves the hosts that have not
/// begun alone, the second leaves at once.
pub async fn carried_out(order: &Order<'_>, teller: &mut dyn Teller, slack: Option<Slack>) -> Result<Ending, Failure> {
    let (title, reason) = (order.plan.title(), order.approval.reason.as_deref());
    let announced = Announcement::new(slack, &title, &order.plan.environment, &order.recorder.who, reason);
    // Nobody waits for a message before something is mended.
    let begins = async {
        if let Some(announced) = &announced {
            warned(announced.began().await);
        }
    };
    let (ended, ()) = tokio::join!(seen_to(order, teller), begins);
    if let (Some(announced), Ok(ending)) = (&announced, &ended) {
        warned(announced.ended(ending).await);
    }
    ended
}

/// Says that people were not told.
pub(super) fn warned(told: Result<(), String>) {
    if let Err(why) = told {
        eprintln!("qd: {why}");
    }
}

async fn seen_to(order: &Order<'_>, teller: &mut dyn Teller) -> Result<Ending, Failure> {
    let (progress, mut events) = mpsc::channel(256);
    let (stop, stopped) = watch::channel(false);
    let telling = async {
        while let Some(event) = events.recv().await {
            if !teller.tell(&event) {
                let _ = stop.send(true);
            }
        }
    };
    let doing = async {
        let ending = execute(order, &progress, &stopped).await;
        drop(progress);
        ending
    };
    let leaving = async {
        let first = signal().await?;
        eprintln!("qd: stopping: what has begun is finished, the rest is left alone; again to leave at once");
        let _ = stop.send(true);
        signal().await.or(Ok(first))
    };
    tokio::select! {
        (ending, ()) = async { tokio::join!(doing, telling) } => ending.map_err(|error| match error {
            NotBegun::Refused(why) => refused(why),
            NotBegun::NotRecorded(_) => Failure::new(Exit::Problems, error.to_string()),
        }),
        left = leaving => {
            let left: std::io::Result<u8> = left;
            Err(Failure::new(Exit::Signal(left?), ""))
        }
    }
}

/// Waits for somebody to want this process to end; the signal's number.
pub async fn signal() -> std::io::Result<u8> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(tokio::select! {
        _ = interrupt.recv() => 2,
        _ = terminate.recv() => 15,
    })
}

/// Tells on stderr, each line with its host before it.
#[derive(Debug, Default)]
pub struct OnStderr {
    lines: BTreeMap<String, Vec<u8>>,
}

impl Teller for OnStderr {
    fn tell(&mut self, progress: &Progress) -> bool {
        match progress {
            Progress::Begun(host) => eprintln!("{host}: begins"),
            Progress::Said { host, bytes, .. } => {
                let rest = self.lines.entry(host.to_string()).or_default();
                rest.extend_from_slice(bytes);
                while let Some(end) = memchr::memchr(b'\n', rest) {
                    let line: Vec<u8> = rest.drain(..=end).collect();
                    eprintln!("{host}: {}", clean_bytes(&line[..end]));
                }
            }
            Progress::Note(host, text) => eprintln!("{host}: {text}"),
            Progress::Warning(text) => eprintln!("qd: {text}"),
            Progress::Ended(ending) => {
                if let Some(rest) = self.lines.remove(&ending.host).filter(|rest| !rest.is_empty()) {
                    eprintln!("{}: {}", ending.host, clean_bytes(&rest));
                }
                eprintln!("{}: {}", ending.host, summary(ending));
            }
        }
        true
    }
}

fn summary(ending: &HostEnding) -> String {
    let detail = ending.detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
    format!("{} after {:.1} s{detail}", ending.result.as_str(), ending.ms as f64 / 1000.0)
}

#[derive(Serialize)]
struct EndingJson<'a> {
    id: &'a str,
    action: &'a str,
    environment: &'a str,
    service: Option<&'a str>,
    plan: String,
    result: &'static str,
    rc: Option<i32>,
    ms: u64,
    hosts: &'a [HostEnding],
}

/// Prints what came of a plan, and says the exit code that goes with it.
pub fn print(plan: &Plan, ending: &Ending, json: bool) -> Outcome {
    let text = if json {
        let document = EndingJson {
            id: &ending.id,
            action: &plan.name,
            environment: &plan.environment,
            service: plan.service.as_deref(),
            plan: plan.hash(),
            result: ending.result.as_str(),
            rc: ending.rc,
            ms: ending.ms,
            hosts: &ending.hosts,
        };
        serde_json::to_string_pretty(&document).map_err(std::io::Error::from)? + "\n"
    } else {
        let mut table = Table::new(&["host", "result", ">exit", ">took", ""]);
        for host in &ending.hosts {
            table.row([
                host.host.clone(),
                host.result.as_str().to_owned(),
                host.rc.map_or_else(|| "—".to_owned(), |rc| rc.to_string()),
                format!("{:.1}s", host.ms as f64 / 1000.0),
                host.detail.clone().unwrap_or_default(),
            ]);
        }
        table.render()
    };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(exit(ending))
}

/// 0 all fine, 1 something failed, 3 nothing failed but some host could not be asked.
pub fn exit(ending: &Ending) -> Exit {
    match ending.result {
        Verdict::Ok => Exit::Fine,
        Verdict::Unknown => Exit::NotConnected,
        _ => Exit::Problems,
    }
}

/// Shows a plan: on stdout when it is all that was asked for, else on stderr.
pub fn show(plan: &Plan, dry_run: bool, json: bool) -> Result<(), Failure> {
    let page = plan.page().join("\n") + "\n";
    if !dry_run {
        eprint!("{page}");
        return Ok(());
    }
    let text = if json {
        let document = serde_json::json!({ "hash": plan.hash(), "plan": plan });
        serde_json::to_string_pretty(&document).map_err(std::io::Error::from)? + "\n"
    } else {
        page
    };
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}
