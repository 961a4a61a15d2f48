//! Starting, steering and showing a run from the command line.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use serde::Serialize;
use tokio::sync::{mpsc, watch};

use crate::actions::record::new_id;
use crate::cli::act::ActFlags;
use crate::cli::args::Global;
use crate::cli::exit::{Exit, Failure};
use crate::cli::table::Table;
use crate::deploys::host::last_output;
use crate::deploys::steer::{Left, Run, Told};
use crate::domain::audit::{HostEnding, Verdict};
use crate::domain::deploy::journal::HostRun;
use crate::domain::deploy::plan::DeployPlan;
use crate::domain::deploy::steer::{Outcome, Wish};
use crate::domain::host::HostName;
use crate::domain::text::one_line;
use crate::transport::SharedTransport;

/// How much of what a host said is shown when it fails.
const LINES: u32 = 40;

/// Shows a plan: on stdout when it is all that was asked for, else on stderr.
pub fn show(plan: &DeployPlan, flags: &ActFlags) -> Result<(), Failure> {
    let page = plan.page().join("\n") + "\n";
    let mut out = std::io::stdout().lock();
    if !flags.dry_run {
        eprint!("{page}");
    } else if flags.json {
        let document = serde_json::json!({ "hash": plan.hash(), "plan": plan });
        writeln!(out, "{}", serde_json::to_string_pretty(&document).map_err(std::io::Error::from)?)?;
    } else {
        out.write_all(page.as_bytes())?;
    }
    Ok(())
}

/// A run under the eyes of a person or a script.
pub struct Watched<'a> {
    plan: &'a DeployPlan,
    id: &'a str,
    who: &'a str,
    links: &'a BTreeMap<HostName, SharedTransport>,
    token: String,
}

/// What came of each host; none when this `qd` left and the run goes on.
type Came = Option<Vec<HostEnding>>;

impl<'a> Watched<'a> {
    /// A run that is not started, or that somebody else has started.
    pub fn new(
        plan: &'a DeployPlan,
        id: &'a str,
        who: &'a str,
        links: &'a BTreeMap<HostName, SharedTransport>,
    ) -> Result<Self, Failure> {
        Ok(Self { plan, id, who, links, token: new_id().map_err(anyhow::Error::from)? })
    }

    /// Takes the lock on every host, starts the runners and steers; with `detach`, another `qd` does from then on.
    pub async fn carried_out(&self, detach: Option<&Global>, wish: Wish, json: bool) -> Result<(Came, Exit), Failure> {
        let mut run = Run::new(self.plan, self.id, self.who, &self.token, self.links);
        if let Err(why) = run.start().await {
            let message = format!("{why}\nnothing was switched");
            eprintln!("qd: {message}");
            let not_done = |part: &crate::domain::deploy::plan::HostPart| HostEnding {
                host: part.host.clone(),
                result: Verdict::NotDone,
                rc: None,
                ms: 0,
                detail: Some(one_line(&why, 300)),
            };
            return Ok((Some(self.plan.hosts.iter().map(not_done).collect()), Exit::Refused));
        }
        if let Some(global) = detach {
            self.hand_over(global)?;
            return Ok((None, Exit::Fine));
        }
        self.steered(run, wish, false, json).await
    }

    /// Takes a run over and steers it.
    pub async fn taken_over(&self, wish: Wish, json: bool) -> Result<(Came, Exit), Failure> {
        let run = Run::new(self.plan, self.id, self.who, &self.token, self.links);
        self.steered(run, wish, true, json).await
    }

    async fn steered(&self, mut run: Run<'_>, wish: Wish, take: bool, json: bool) -> Result<(Came, Exit), Failure> {
        let (told, mut news) = mpsc::channel(256);
        let (_wish, wished) = watch::channel(wish);
        let began = std::time::Instant::now();
        let left = {
            let steering = async {
                let left = run.steer(&wished, &told, take).await;
                drop(told);
                left
            };
            let telling = async {
                while let Some(news) = news.recv().await {
                    self.tell(&news).await;
                }
            };
            tokio::select! {
                (left, ()) = async { tokio::join!(steering, telling) } => left,
                signal = crate::cli::act::report::signal() => {
                    let seconds = self.plan.lease.as_secs();
                    eprintln!("qd: the run continues, unattended in {seconds} s; qd run adopt {} takes it up again", self.id);
                    return Ok((None, Exit::Signal(signal?)));
                }
            }
        };
        match left {
            Left::TakenOver => {
                eprintln!("qd: somebody else steers the run now; qd run attach {} looks on", self.id);
                Ok((None, Exit::Problems))
            }
            Left::Over(outcome) => {
                let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
                let hosts: Vec<HostEnding> =
                    self.plan.hosts.iter().map(|part| ending(&part.host, &run.runs, ms)).collect();
                self.print(outcome, &run.runs, json)?;
                Ok((Some(hosts), exit(outcome)))
            }
        }
    }

    async fn tell(&self, news: &Told) {
        match news {
            Told::Fact(host, fact) => {
                eprintln!("{host}: {}", fact.told());
                let link = self.links.get(&HostName::from(host.as_str()));
                if let ("failed", Some(link)) = (fact.event.as_str(), link) {
                    for line in last_output(link, &self.plan.state, self.id, LINES).await {
                        eprintln!("{host}:   {line}");
                    }
                }
            }
            Told::Note(host, text) => eprintln!("{host}: {text}"),
        }
    }

    /// Looks on until the run is over, without steering.
    pub async fn looked_at(&self, json: bool) -> Result<Exit, Failure> {
        let mut run = Run::new(self.plan, self.id, self.who, "", self.links);
        let (told, mut news) = mpsc::channel(256);
        let course = self.plan.course();
        let looking = async {
            let mut unattended = false;
            loop {
                run.look(false, Some(&told)).await;
                let hosts = &run.runs;
                if !hosts.is_empty() && course.hosts().all(|host| hosts.get(host).is_some_and(HostRun::is_over)) {
                    break;
                }
                let alone = hosts.values().any(|host| host.unattended || host.is_interrupted());
                if alone && !unattended {
                    eprintln!("qd: nobody steers it; qd run adopt {} does", self.id);
                }
                unattended = alone;
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            }
            drop(told);
        };
        let telling = async {
            while let Some(news) = news.recv().await {
                if let Told::Fact(host, fact) = &news {
                    eprintln!("{host}: {}", fact.told());
                }
            }
        };
        tokio::join!(looking, telling);
        let outcome = match course.next(&run.runs, Wish::On) {
            crate::domain::deploy::steer::Next::Over(outcome) => outcome,
            _ => Outcome::Held,
        };
        self.print(outcome, &run.runs, json)?;
        Ok(exit(outcome))
    }

    /// Another `qd` on this machine, of its own session, goes on steering.
    fn hand_over(&self, global: &Global) -> Result<(), Failure> {
        use std::os::unix::process::CommandExt;
        let mut command = Command::new(std::env::current_exe()?);
        for config in &global.config {
            command.arg("--config").arg(config);
        }
        let environment = &self.plan.environment;
        command.args(["run", "adopt", self.id, "--yes", "--reason", "detached", "--arm", environment]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let child = command.spawn()?;
        eprintln!("qd: it goes on without this terminal (process {}); qd run attach {} looks on", child.id(), self.id);
        println!("{}", self.id);
        Ok(())
    }

    fn print(&self, outcome: Outcome, runs: &BTreeMap<String, HostRun>, json: bool) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        if json {
            let document = OverJson {
                id: self.id,
                service: &self.plan.service,
                environment: &self.plan.environment,
                kind: self.plan.kind.as_str(),
                version: &self.plan.version,
                plan: self.plan.hash(),
                result: outcome.as_str(),
                hosts: self.plan.hosts.iter().map(|part| host_json(part, runs.get(&part.host))).collect(),
            };
            writeln!(out, "{}", serde_json::to_string_pretty(&document).map_err(std::io::Error::from)?)?;
            return Ok(());
        }
        let mut table = Table::new(&["host", "result", "from", "to", ""]);
        for part in &self.plan.hosts {
            let run = runs.get(&part.host).cloned().unwrap_or_default();
            table.row([
                part.host.clone(),
                run.word().to_owned(),
                part.from.clone().unwrap_or_else(|| "—".to_owned()),
                part.to.clone(),
                one_line(&run.why.unwrap_or_default(), 120),
            ]);
        }
        writeln!(out, "{}{}", table.render(), outcome.as_str())?;
        Ok(())
    }
}

#[derive(Serialize)]
struct OverJson<'a> {
    id: &'a str,
    service: &'a str,
    environment: &'a str,
    kind: &'a str,
    version: &'a str,
    plan: String,
    result: &'a str,
    hosts: Vec<serde_json::Value>,
}

fn host_json(part: &crate::domain::deploy::plan::HostPart, run: Option<&HostRun>) -> serde_json::Value {
    let run = run.cloned().unwrap_or_default();
    serde_json::json!({
        "host": part.host,
        "state": run.word(),
        "step": run.step,
        "from": part.from,
        "to": part.to,
        "why": run.why,
    })
}

/// What the audit keeps of a host.
fn ending(host: &str, runs: &BTreeMap<String, HostRun>, ms: u64) -> HostEnding {
    let run = runs.get(host).cloned().unwrap_or_default();
    let result = match run.word() {
        "done" => Verdict::Ok,
        "undone" => Verdict::RolledBack,
        "kept" | "held" => Verdict::Held,
        "canceled" | "denied" | "unknown" => Verdict::NotDone,
        _ => Verdict::Failed,
    };
    HostEnding { host: host.to_owned(), result, rc: None, ms, detail: run.why.map(|why| one_line(&why, 300)) }
}

/// 0 when every host has it; 4 when it was not let; else 1.
fn exit(outcome: Outcome) -> Exit {
    match outcome {
        Outcome::Succeeded => Exit::Fine,
        Outcome::Denied => Exit::Refused,
        _ => Exit::Problems,
    }
}
