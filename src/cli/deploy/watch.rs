//! Starting, steering and showing a run from the command line.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Serialize;
use tokio::sync::{mpsc, watch};

use super::not_begun;
use crate::cli::act::ActFlags;
use crate::cli::act::report::signal;
use crate::cli::args::Global;
use crate::cli::exit::{Exit, Failure};
use crate::cli::interruptible;
use crate::cli::table::Table;
use crate::deploys::conduct::{Conduct, Order};
use crate::deploys::steer::{Left, Run};
use crate::deploys::told::{Teller, Told};
use crate::domain::deploy::journal::HostRun;
use crate::domain::deploy::plan::{DeployPlan, HostPart};
use crate::domain::deploy::steer::{Next, Outcome, Wish};
use crate::domain::host::HostName;
use crate::domain::text::one_line;
use crate::programs;
use crate::transport::SharedTransport;

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

/// Tells on stderr, each line with its host before it.
fn tell(news: &Told) {
    match news {
        Told::Fact(host, fact) => eprintln!("{host}: {}", fact.told()),
        Told::Note(host, text) => eprintln!("{host}: {text}"),
        Told::Output(host, lines) => lines.iter().for_each(|line| eprintln!("{host}:   {line}")),
        Told::Run(text) | Told::Bake(_, text) => eprintln!("qd: {text}"),
        Told::Asks { .. } => {}
    }
}

/// Runs something that tells, and tells it on stderr meanwhile.
pub(super) async fn telling<T>(doing: impl AsyncFnOnce(Teller) -> T) -> T {
    let (news, mut heard) = mpsc::channel(256);
    let listening = async {
        while let Some(news) = heard.recv().await {
            tell(&news);
        }
    };
    tokio::join!(doing(Teller::new(news)), listening).0
}

/// Carries an approved plan out; with `detach`, another `qd` steers from when it is started.
pub async fn carried_out(order: Order<'_>, detach: Option<(&Global, &Path)>, json: bool) -> Result<Exit, Failure> {
    interruptible(telling(async |told| order.stage(&told).await.map_err(not_begun))).await?;
    let conduct = telling(async |told| Conduct::begin(order, &told).await.map_err(not_begun)).await?;
    match detach {
        Some((global, folder)) => hand_over(&order.plan.environment, conduct.id(), global, folder),
        None => steered(conduct, order.plan, Wish::On, json).await,
    }
}

/// Steers a run until it is over, somebody else does, or a signal comes.
pub async fn steered(conduct: Conduct<'_>, plan: &DeployPlan, wish: Wish, json: bool) -> Result<Exit, Failure> {
    let id = conduct.id().to_owned();
    let (_wish, wished) = watch::channel(wish);
    let ended = tokio::select! {
        ended = telling(async |told| conduct.conduct(&wished, &told).await) => ended,
        signal = signal() => {
            let seconds = plan.lease.as_secs();
            eprintln!("qd: the run continues, unattended in {seconds} s; qd run adopt {id} takes it up again");
            return Ok(Exit::Signal(signal?));
        }
    };
    match ended.left {
        Left::TakenOver => {
            eprintln!("qd: somebody else steers the run now; qd run attach {id} looks on");
            Ok(Exit::Problems)
        }
        Left::Unheard => {
            eprintln!("qd: none of its hosts has been heard for long; qd run adopt {id} takes it up again");
            Ok(Exit::NotConnected)
        }
        Left::Over(outcome) => {
            print(plan, &id, outcome, &ended.runs, &ended.why, json)?;
            Ok(exit(outcome))
        }
    }
}

/// Looks on until a run is over, without steering.
pub async fn looked_at(
    plan: &DeployPlan,
    id: &str,
    by: &str,
    links: &BTreeMap<HostName, SharedTransport>,
    json: bool,
) -> Result<Exit, Failure> {
    let mut run = Run::new(plan, id, by, "", links);
    let course = plan.course();
    telling(async |told| {
        let mut unattended = false;
        loop {
            run.look(false, &told).await;
            let hosts = &run.runs;
            if !hosts.is_empty() && course.hosts().all(|host| hosts.get(host).is_some_and(HostRun::is_over)) {
                break;
            }
            let alone = hosts.values().any(|host| host.unattended || host.is_interrupted());
            if alone && !unattended {
                told.run(format!("nobody steers it; qd run adopt {id} does")).await;
            }
            unattended = alone;
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
    })
    .await;
    let outcome = match course.next(&run.runs, Wish::On) {
        Next::Over(outcome) => outcome,
        _ => Outcome::Held,
    };
    print(plan, id, outcome, &run.runs, &[], json)?;
    Ok(exit(outcome))
}

/// Another `qd` on this machine, of its own session, goes on steering; what it says is kept in the state folder.
pub(super) fn hand_over(environment: &str, id: &str, global: &Global, folder: &Path) -> Result<Exit, Failure> {
    use std::os::unix::fs::OpenOptionsExt;
    use std::os::unix::process::CommandExt;
    let said = folder.join(format!("run-{id}.log"));
    let log = OpenOptions::new().create(true).append(true).mode(0o600).open(&said)?;
    let mut command = Command::new(std::env::current_exe()?);
    for config in &global.config {
        command.arg("--config").arg(config);
    }
    command.args(["run", "adopt", id, "--yes", "--reason", "detached", "--arm", environment]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).process_group(0);
    let child = programs::start(|| command.spawn())?;
    eprintln!("qd: it goes on without this terminal (process {}); qd run attach {id} looks on", child.id());
    eprintln!("qd: what it says is in {}", said.display());
    println!("{id}");
    Ok(Exit::Fine)
}

fn print(
    plan: &DeployPlan,
    id: &str,
    outcome: Outcome,
    runs: &BTreeMap<String, HostRun>,
    why: &[String],
    json: bool,
) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if json {
        let document = OverJson {
            id,
            service: &plan.service,
            environment: &plan.environment,
            kind: plan.kind.as_str(),
            version: &plan.version,
            plan: plan.hash(),
            result: outcome.as_str(),
            why,
            hosts: plan.hosts.iter().map(|part| host_json(part, runs.get(&part.host))).collect(),
        };
        writeln!(out, "{}", serde_json::to_string_pretty(&document).map_err(std::io::Error::from)?)?;
        return Ok(());
    }
    let mut table = Table::new(&["host", "result", "from", "to", ""]);
    for part in &plan.hosts {
        let run = runs.get(&part.host).cloned().unwrap_or_default();
        table.row([
            part.host.clone(),
            run.word().to_owned(),
            part.from.clone().unwrap_or_else(|| "—".to_owned()),
            part.to.clone(),
            one_line(run.trouble().unwrap_or_default(), 120),
        ]);
    }
    writeln!(out, "{}{}", table.render(), outcome.as_str())?;
    Ok(())
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
    why: &'a [String],
    hosts: Vec<serde_json::Value>,
}

fn host_json(part: &HostPart, run: Option<&HostRun>) -> serde_json::Value {
    let run = run.cloned().unwrap_or_default();
    serde_json::json!({
        "host": part.host,
        "state": run.word(),
        "step": run.step,
        "from": part.from,
        "to": part.to,
        "why": run.trouble(),
    })
}

/// 0 when every host has it; 4 when it was not let; else 1.
pub(super) fn exit(outcome: Outcome) -> Exit {
    match outcome {
        Outcome::Succeeded => Exit::Fine,
        Outcome::Denied => Exit::Refused,
        _ => Exit::Problems,
    }
}
