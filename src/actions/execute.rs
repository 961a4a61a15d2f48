//! Carrying out a plan that somebody has approved.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use chrono::Utc;
use futures_util::future::join_all;
use tokio::sync::{mpsc, watch};

use super::gate::{self, Ended};
use super::reach::again;
use super::record::{Doing, Recorder};
use super::scribe::{Scribe, Subject};
use super::unit::{last_lines, read};
use crate::domain::action::ActionKind;
use crate::domain::audit::{Ending, HostEnding, Verdict};
use crate::domain::confirm::{Approval, Refused, Standing};
use crate::domain::deployment::DeploymentStatus;
use crate::domain::gate::{Expect, GateSettings, UnitFacts};
use crate::domain::host::HostName;
use crate::domain::plan::{Plan, Target};
use crate::domain::service::Service;
use crate::domain::settings::Environment;
use crate::domain::text::one_line;
use crate::transport::{Backlog, Chunk, ExecSpec, Exit, RemoteCommand, SharedTransport};

/// How long a host that was lost in the middle is waited for, to read what became of it.
const BACK: Duration = Duration::from_secs(60);
/// How many of a unit's last lines tell of a failure.
const LINES: u32 = 12;
/// How much of both ends of a command's standard error is looked at, in bytes.
const ENDS: usize = 4096;
/// The longest detail of a result, in characters.
const DETAIL: usize = 300;

/// A plan and everything that carrying it out takes.
pub struct Order<'a> {
    /// What to do.
    pub plan: &'a Plan,
    /// That somebody wants it.
    pub approval: &'a Approval,
    /// Where it is done.
    pub environment: &'a Environment,
    /// What this `qd` may do.
    pub standing: &'a Standing,
    /// The service, for plans about its unit.
    pub service: Option<&'a Service>,
    /// How its hosts are judged.
    pub gate: GateSettings,
    /// The hosts.
    pub links: &'a BTreeMap<HostName, SharedTransport>,
    /// The audit.
    pub recorder: &'a Recorder,
}

/// What happens while a plan is carried out.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// A host's turn has come.
    Begun(HostName),
    /// Its command said something.
    Said {
        /// The host.
        host: HostName,
        /// Whether on standard error.
        err: bool,
        /// What.
        bytes: Bytes,
    },
    /// A word about how it is going, safe to show.
    Note(HostName, String),
    /// Something about the whole, safe to show.
    Warning(String),
    /// A host is done.
    Ended(HostEnding),
}

/// Why nothing was begun.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotBegun {
    /// It may not happen.
    #[error("{0}")]
    Refused(Refused),
    /// The audit cannot be written.
    #[error("{0}; nothing is done that cannot be recorded (a restart may be, with --reason)")]
    NotRecorded(String),
}

/// Carries a plan out. `stop` leaves the hosts that have not begun alone, and ends commands that are running.
pub async fn execute(
    order: &Order<'_>,
    progress: &mpsc::Sender<Progress>,
    stop: &watch::Receiver<bool>,
) -> Result<Ending, NotBegun> {
    order.approval.covers(&order.plan.hash()).map_err(NotBegun::Refused)?;
    order.standing.permits(order.environment, Utc::now()).map_err(NotBegun::Refused)?;
    let (begun, written) = order.recorder.begin(Doing::of(order.plan), order.approval).await;
    if let Err(why) = written {
        // On a laptop with a full disk a service that is down must still be brought back.
        let urgent = matches!(order.plan.action, ActionKind::Restart | ActionKind::Start);
        if !(urgent && order.approval.reason.is_some()) {
            return Err(NotBegun::NotRecorded(why));
        }
        tell(progress, Progress::Warning(format!("not recorded: {why}"))).await;
    }
    let mut scribe = scribe(order, &begun.id).await;
    let mut endings = Vec::new();
    for batch in order.plan.targets.chunks(order.plan.at_once.max(1)) {
        let failed = endings.iter().any(|ending: &HostEnding| ending.result != Verdict::Ok);
        if failed || *stop.borrow() {
            endings.extend(batch.iter().map(|target| left_alone(target, failed)));
            continue;
        }
        for target in batch {
            scribe.host(target.host.as_str(), "going", Some(&order.plan.name), None).await;
        }
        let done = join_all(batch.iter().map(|target| on_host(order, target, progress, stop))).await;
        for ending in &done {
            tell(progress, Progress::Ended(ending.clone())).await;
            scribe.host(&ending.host, ending.result.as_str(), None, ending.detail.as_deref()).await;
        }
        endings.extend(done);
    }
    let (ending, written) = order.recorder.end(begun, endings).await;
    for host in ending.hosts.iter().filter(|host| host.result == Verdict::NotDone) {
        scribe.host(&host.host, host.result.as_str(), None, host.detail.as_deref()).await;
    }
    let why = ending.hosts.iter().filter(|host| host.result != Verdict::Ok);
    let why: Vec<String> = why.filter_map(|host| Some(format!("{}: {}", host.host, host.detail.as_ref()?))).collect();
    scribe.end(status(ending.result), &why).await;
    if let Err(why) = written {
        tell(progress, Progress::Warning(format!("the result is not recorded: {why}"))).await;
    }
    Ok(ending)
}

async fn scribe(order: &Order<'_>, id: &str) -> Scribe {
    let subject = Subject {
        id,
        action: &order.plan.name,
        service: order.plan.service.as_deref(),
        environment: &order.plan.environment,
        to: None,
        hosts: order.plan.targets.iter().map(|target| (target.host.to_string(), None)).collect(),
    };
    Scribe::begin(order.recorder, subject).await
}

/// How a run of this result stands.
fn status(result: Verdict) -> DeploymentStatus {
    match result {
        Verdict::Ok => DeploymentStatus::Success,
        Verdict::Failed => DeploymentStatus::Failed,
        Verdict::NotDone => DeploymentStatus::Canceled,
        Verdict::Unknown => DeploymentStatus::Unattended,
        Verdict::RolledBack => DeploymentStatus::RolledBack,
        Verdict::Held => DeploymentStatus::Held,
    }
}

/// Whoever stopped listening misses it; what is being done goes on.
async fn tell(progress: &mpsc::Sender<Progress>, what: Progress) {
    let _ = progress.send(what).await;
}

fn left_alone(target: &Target, failed: bool) -> HostEnding {
    let why = if failed { "left alone: a host before it failed" } else { "left alone: it was stopped" };
    HostEnding {
        host: target.host.to_string(),
        result: Verdict::NotDone,
        rc: None,
        ms: 0,
        detail: Some(why.to_owned()),
    }
}

/// How a host came out, before the time is counted.
struct Came {
    result: Verdict,
    rc: Option<i32>,
    detail: Option<String>,
}

impl Came {
    fn out(result: Verdict, rc: Option<i32>, detail: impl Into<String>) -> Self {
        let detail = one_line(&detail.into(), DETAIL);
        Self { result, rc, detail: Some(detail).filter(|detail| !detail.is_empty()) }
    }
}

async fn on_host(
    order: &Order<'_>,
    target: &Target,
    progress: &mpsc::Sender<Progress>,
    stop: &watch::Receiver<bool>,
) -> HostEnding {
    let began = Instant::now();
    tell(progress, Progress::Begun(target.host.clone())).await;
    let came = match (order.links.get(&target.host), &target.before) {
        (None, _) => Came::out(Verdict::NotDone, None, "it is not connected"),
        (Some(transport), Some(before)) => on_unit(order, target, before, transport, progress).await,
        (Some(transport), None) => {
            let (exit, said) = run(order, target, transport, progress, Some(stop.clone())).await;
            judged(exit, &said.last)
        }
    };
    HostEnding {
        host: target.host.to_string(),
        result: came.result,
        rc: came.rc,
        ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        detail: came.detail,
    }
}

/// What an exit says by itself; `said` is the last line on standard error.
fn judged(exit: Exit, said: &str) -> Came {
    match exit {
        Exit::Code(0) => Came::out(Verdict::Ok, Some(0), ""),
        Exit::Code(code) => Came::out(Verdict::Failed, Some(code), said),
        Exit::Signal(name) => Came::out(Verdict::Failed, None, format!("ended by SIG{name}; {said}")),
        Exit::TimedOut => Came::out(Verdict::Unknown, None, "it ran past its time; what it started may still run"),
        Exit::Cancelled => Came::out(Verdict::Unknown, None, "stopped; what it started may still run"),
        Exit::ConnectionLost => Came::out(Verdict::Unknown, None, "the link was lost; what it started may still run"),
        Exit::Refused(why) => Came::out(Verdict::NotDone, None, why),
    }
}

/// The first and the last line that a command said on standard error, safe to show.
#[derive(Debug, Default)]
struct Complaint {
    first: String,
    last: String,
}

impl Complaint {
    fn of(first: &[u8], last: &[u8]) -> Self {
        let (first, last) = (String::from_utf8_lossy(first), String::from_utf8_lossy(last));
        let told = |line: &&str| !line.trim().is_empty();
        let line = |line: Option<&str>| one_line(line.unwrap_or_default(), DETAIL);
        Self { first: line(first.lines().find(told)), last: line(last.lines().rev().find(told)) }
    }
}

/// Whether somebody has started the unit anew since, or made it something else. A start by systemd itself after a
/// crash is none: it is counted.
fn someone_else(before: &UnitFacts, now: &UnitFacts) -> bool {
    let crashed = now.restarts > before.restarts || before.active != "active";
    now.load != before.load || (now.invocation != before.invocation && !crashed)
}

/// Runs the command; its output goes to `progress`. With the exit comes what it complained of.
async fn run(
    order: &Order<'_>,
    target: &Target,
    transport: &SharedTransport,
    progress: &mpsc::Sender<Progress>,
    stop: Option<watch::Receiver<bool>>,
) -> (Exit, Complaint) {
    let mut stream = transport.exec(ExecSpec {
        command: RemoteCommand::Argv(target.argv.clone()),
        stdin: false,
        timeout: Some(order.plan.timeout),
        backlog: Backlog::Stall,
    });
    let stopped = async {
        let wanted = match stop {
            Some(mut stop) => stop.wait_for(|stop| *stop).await.is_ok(),
            None => false,
        };
        if !wanted {
            std::future::pending::<()>().await;
        }
    };
    tokio::pin!(stopped);
    let (mut first, mut last): (Vec<u8>, Vec<u8>) = (Vec::new(), Vec::new());
    loop {
        let chunk = tokio::select! {
            chunk = stream.output.recv() => chunk,
            () = &mut stopped => return (Exit::Cancelled, Complaint::default()),
        };
        let (err, bytes) = match chunk {
            Some(Chunk::Out(bytes)) => (false, bytes),
            Some(Chunk::Err(bytes)) => (true, bytes),
            Some(Chunk::Dropped { .. }) => continue,
            Some(Chunk::End(exit)) => return (exit, Complaint::of(&first, &last)),
            None => return (Exit::ConnectionLost, Complaint::default()),
        };
        if err {
            let room = ENDS.saturating_sub(first.len()).min(bytes.len());
            first.extend_from_slice(&bytes[..room]);
            last.extend_from_slice(&bytes);
            last.drain(..last.len().saturating_sub(ENDS));
        }
        tell(progress, Progress::Said { host: target.host.clone(), err, bytes }).await;
    }
}

/// Acts on a unit: only if it is still what the plan saw, and good only when the gate says so.
async fn on_unit(
    order: &Order<'_>,
    target: &Target,
    before: &UnitFacts,
    transport: &SharedTransport,
    progress: &mpsc::Sender<Progress>,
) -> Came {
    let Some(unit) = order.service.and_then(|service| service.unit.as_deref()) else {
        return Came::out(Verdict::NotDone, None, "the plan is about a unit, and there is none");
    };
    let now = match read(transport, unit, "").await {
        Ok(now) if someone_else(before, &now.facts) => {
            let why = "left alone: the unit was started or changed by someone else since the plan was made";
            return Came::out(Verdict::NotDone, None, why);
        }
        Ok(now) => now.facts,
        Err(why) => return Came::out(Verdict::NotDone, None, format!("left alone: {why}")),
    };
    let (exit, said) = run(order, target, transport, progress, None).await;
    // systemctl names the failure first, and then where to read more.
    let said = said.first;
    let lost = exit == Exit::ConnectionLost;
    let rc = if let Exit::Code(code) = &exit { Some(*code) } else { None };
    let came = match exit {
        Exit::Code(0) | Exit::ConnectionLost if order.plan.gate.is_some() => {
            if lost {
                let note = "the link was lost while it ran; waiting to read what became of it".to_owned();
                tell(progress, Progress::Note(target.host.clone(), note)).await;
                if !again(transport, BACK).await {
                    return Came::out(Verdict::Unknown, None, "the link was lost and has not come back");
                }
            }
            let before = now.invocation;
            let expect = match order.plan.action {
                ActionKind::Stop => Expect::Stopped,
                ActionKind::Reload => Expect::Kept { before },
                _ => Expect::Started { before },
            };
            match gate::watch(transport, Some(unit), order.service, &order.gate, expect, None, progress).await {
                Ended::Good => Came::out(Verdict::Ok, rc, ""),
                Ended::Bad(why) => Came::out(Verdict::Failed, rc, why),
                Ended::Unknown => Came::out(Verdict::Unknown, rc, "the link was lost before the gate had decided"),
            }
        }
        exit => judged(exit, &said),
    };
    if came.result == Verdict::Failed {
        for line in last_lines(transport, unit, LINES).await {
            tell(progress, Progress::Note(target.host.clone(), line)).await;
        }
    }
    came
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_is_not_someone_else_and_a_second_person_is() {
        let unit = |active: &str, invocation: &str, restarts| UnitFacts {
            load: "loaded".to_owned(),
            active: active.to_owned(),
            invocation: invocation.to_owned(),
            restarts,
            ..UnitFacts::default()
        };
        for (before, now, else_) in [
            (unit("active", "a", Some(0)), unit("active", "a", Some(0)), false),
            (unit("active", "a", Some(0)), unit("active", "b", Some(0)), true),
            (unit("active", "a", Some(2)), unit("active", "b", Some(0)), true),
            (unit("active", "a", Some(2)), unit("active", "b", Some(3)), false),
            (unit("activating", "a", Some(2)), unit("active", "b", Some(2)), false),
            (unit("active", "a", None), unit("active", "b", None), true),
        ] {
            assert_eq!(someone_else(&before, &now), else_, "{before:?} {now:?}");
        }
        let gone = UnitFacts { load: "not-found".to_owned(), ..unit("active", "a", Some(0)) };
        assert!(someone_else(&unit("active", "a", Some(0)), &gone));
    }

    #[test]
    fn a_complaint_is_its_first_and_last_line() {
        let complaint = Complaint::of(b"\nJob failed\nSee", b"See\n\x1b[31mlast\n \n");
        assert_eq!((complaint.first.as_str(), complaint.last.as_str()), ("Job failed", "\u{241b}[31mlast"));
    }
}
