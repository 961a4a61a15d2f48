//! Talking to one host about a run.

use std::time::Duration;

use super::script::plan_sh;
use super::survey::OWNER;
use crate::domain::deploy::journal::Fact;
use crate::domain::deploy::plan::{DeployPlan, HostPart};
use crate::domain::deploy::spec::{RunnerKind, Strategy};
use crate::domain::deploy::steer::Order;
use crate::domain::text::one_line;
use crate::domain::ulid::is_ulid;
use crate::transport::loader::quote;
use crate::transport::{ExecSpec, Exit, SharedTransport};

const START: &str = include_str!("start.sh");
const POLL: &str = include_str!("poll.sh");
/// The remote half, shown to whoever asks.
pub const RUNNER: &str = include_str!("runner.sh");
const RELEASE_DIR: &str = include_str!("release_dir.sh");
const BY_SCRIPT: &str = include_str!("by_script.sh");
/// How long a host may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long one look may take: all hosts are looked at together, and a host that hangs must not cost the others' leases.
const LOOK: Duration = Duration::from_secs(8);
/// More than one answer is.
const MOST: usize = 4 << 20;

/// A host could not be asked, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unheard {
    /// The link is down.
    #[error("the link was lost")]
    Lost,
    /// It answered with an error.
    #[error("{0}")]
    Odd(String),
}

/// What a host says to a start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Started {
    /// Its runner is started, or was already.
    Ours,
    /// Another run has the lock there.
    Busy(String),
    /// Somebody keeps deploys away by hand.
    Locked(String),
}

/// What a host says of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Polled {
    /// It knows of the run.
    pub known: bool,
    /// Its runner lives.
    pub alive: bool,
    /// The lease as it was before.
    pub lease: String,
    /// How old that is, in seconds by the host's clock.
    pub age: Option<u64>,
    /// Who started the run.
    pub by: String,
    /// What has happened since.
    pub facts: Vec<Fact>,
    /// How many lines of the journal that was.
    pub lines: usize,
}

/// How a look at a run is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Steering<'a> {
    /// Who steers: one name for each process; empty to look on only.
    pub token: &'a str,
    /// Another one each time: that it changes is what keeps the run attended.
    pub beat: u64,
    /// Take it from whoever steers now.
    pub take: bool,
}

async fn run(transport: &SharedTransport, script: String) -> Result<String, Unheard> {
    within(transport, script, PATIENCE).await
}

async fn within(transport: &SharedTransport, script: String, patience: Duration) -> Result<String, Unheard> {
    let output = transport.exec(ExecSpec::script(script, patience)).collect(MOST).await;
    match output.exit {
        Exit::Code(0) => Ok(String::from_utf8_lossy(&output.out).into_owned()),
        Exit::ConnectionLost => Err(Unheard::Lost),
        other => {
            let said = one_line(&String::from_utf8_lossy(&output.err), 300);
            Err(Unheard::Odd(if said.is_empty() { format!("it answered with {other:?}") } else { said }))
        }
    }
}

/// A path there, for a shell.
fn at(path: &str) -> String {
    format!("\"${{QD_ROOT:-}}\"{}", quote(path))
}

/// The part of the remote half that is its strategy's own.
pub fn strategy(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Script => BY_SCRIPT,
        Strategy::ReleaseDir | Strategy::Gitlab => RELEASE_DIR,
    }
}

/// Starts a host's part, or finds it started.
pub async fn start(
    transport: &SharedTransport,
    plan: &DeployPlan,
    part: &HostPart,
    run_id: &str,
    who: &str,
) -> Result<Started, Unheard> {
    let json = serde_json::to_string(plan).map_err(|error| Unheard::Odd(error.to_string()))?;
    let script = format!(
        "state={} run={} who={} plan={} json={} strategy={} runner={} how={}\n{OWNER}\n{START}",
        quote(&plan.state),
        quote(run_id),
        quote(who),
        quote(&plan_sh(plan, part, run_id, who)),
        quote(&json),
        quote(strategy(plan.strategy())),
        quote(RUNNER),
        if plan.runner == RunnerKind::System { "system" } else { "auto" }
    );
    let said = run(transport, script).await?;
    let (word, rest) = said.trim().split_once(' ').unwrap_or((said.trim(), ""));
    match word {
        "started" | "already" => Ok(Started::Ours),
        "busy" => Ok(Started::Busy(one_line(rest, 300))),
        "locked" => Ok(Started::Locked(one_line(rest.split_once(' ').map_or(rest, |(_, said)| said), 300))),
        _ => Err(Unheard::Odd(format!("it answered {}", one_line(&said, 100)))),
    }
}

/// What has happened since so many lines of the journal.
pub async fn poll(
    transport: &SharedTransport,
    state: &str,
    run_id: &str,
    lines: usize,
    steering: Steering<'_>,
) -> Result<Polled, Unheard> {
    let script = format!(
        "state={} run={} from={} token={} beat={} take={}\n{OWNER}\n{POLL}",
        quote(state),
        quote(run_id),
        lines + 1,
        quote(steering.token),
        steering.beat,
        if steering.take { "1" } else { "''" }
    );
    Ok(polled(&within(transport, script, LOOK).await?))
}

fn polled(said: &str) -> Polled {
    let mut polled = Polled::default();
    for line in said.lines() {
        match line {
            "none" | "dead" => {}
            "alive" => polled.alive = true,
            line if line.starts_with('{') => {
                polled.lines += 1;
                polled.facts.extend(Fact::parse(line));
            }
            line => {
                if let Some(lease) = line.strip_prefix("lease ") {
                    (polled.known, polled.lease) = (true, one_line(lease, 100));
                } else if let Some(by) = line.strip_prefix("by ") {
                    polled.by = one_line(by, 100);
                } else if let Some(age) = line.strip_prefix("age ") {
                    polled.age = age.parse().ok();
                } else {
                    polled.lines += 1;
                }
            }
        }
    }
    polled
}

/// Gives an order to a living runner, with a word to it.
pub async fn order(
    transport: &SharedTransport,
    state: &str,
    run_id: &str,
    order: Order,
    word: &str,
) -> Result<(), Unheard> {
    let Some(file) = order.file() else { return Ok(()) };
    let path = at(&format!("{state}/runs/{run_id}/ctl/{file}"));
    run(transport, format!("umask 002; printf %s {} >{path}.new && sync && mv -f {path}.new {path}", quote(word)))
        .await
        .map(drop)
}

/// The last lines of what a run's steps said, safe to show.
pub async fn last_output(transport: &SharedTransport, state: &str, run_id: &str, lines: u32) -> Vec<String> {
    let path = at(&format!("{state}/runs/{run_id}/out.log"));
    let said = run(transport, format!("tail -n {lines} {path}")).await.unwrap_or_default();
    said.lines().map(|line| one_line(line, 500)).collect()
}

/// The ids of the runs that a host remembers, newest first, and the plan of one of them.
pub async fn runs(transport: &SharedTransport, state: &str) -> Result<Vec<String>, Unheard> {
    let said = run(transport, format!("ls -1 {} 2>/dev/null | sort -r; true", at(&format!("{state}/runs")))).await?;
    Ok(said.lines().filter(|line| is_ulid(line)).map(str::to_owned).collect())
}

/// The plan of a run, where this host has a part in it.
pub async fn plan_of(transport: &SharedTransport, state: &str, run_id: &str) -> Result<Option<DeployPlan>, Unheard> {
    let path = at(&format!("{state}/runs/{run_id}/plan.json"));
    let said = run(transport, format!("cat {path} 2>/dev/null; true")).await?;
    if said.is_empty() {
        return Ok(None);
    }
    serde_json::from_str(&said)
        .map(Some)
        .map_err(|error| Unheard::Odd(format!("the run's plan cannot be read: {error}")))
}

/// Keeps deploys away, until a time (seconds since 1970; 0 for ever) or lets them again.
pub async fn hold(transport: &SharedTransport, state: &str, hold: Option<(i64, &str)>) -> Result<(), Unheard> {
    let path = at(&format!("{state}/hold"));
    let script = match hold {
        Some((until, why)) => {
            let text = quote(&format!("{until} {}", one_line(why, 300)));
            let state = at(state);
            format!(
                "umask 002; [ -d {state} ] || {{ mkdir -p {state} && chmod 2770 {state}; }} && printf '%s\\n' {text} >{path} && sync"
            )
        }
        None => format!("rm -f {path}"),
    };
    run(transport, script).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_counts_every_line_of_the_journal_also_those_it_cannot_read() {
        let said =
            "lease tok 7\nby ada\nage 3\nalive\n{\"event\":\"locked\"}\n{\"event\":\nodd\n{\"event\":\"staged\"}\n";
        let polled = polled(said);
        assert_eq!((polled.known, polled.alive, polled.lease.as_str(), polled.lines), (true, true, "tok 7", 4));
        assert_eq!(polled.facts.len(), 2);
        assert_eq!(super::polled("none\n"), Polled::default());
    }
}
