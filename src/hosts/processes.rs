//! The processes of a host, on demand.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::parse::processes::{Look, look};
use super::watch::{HostEvent, Shared};
use crate::domain::sample::Process;
use crate::transport::{ExecSpec, Exit, Output};

const SCRIPT: &str = include_str!("processes.sh");
/// How long a look may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The most that is read of one.
const CAP: usize = 4 << 20;
/// Between two looks that tell the shares of a processor.
const BETWEEN: Duration = Duration::from_secs(1);
/// An earlier look that is older than this says little about now.
const OLD: Duration = Duration::from_secs(30);

/// Answers requests for the processes.
pub(super) async fn run(shared: Arc<Shared>) {
    let mut earlier: Option<(Instant, Look)> = None;
    loop {
        shared.controls.processes.notified().await;
        earlier = earlier.filter(|(at, _)| at.elapsed() < OLD);
        if earlier.is_none() {
            match once(&shared).await {
                Ok(first) => {
                    shared.slots.put(HostEvent::Processes(Ok(first.since(None))));
                    earlier = Some((Instant::now(), first));
                    sleep(BETWEEN).await;
                }
                Err(why) => {
                    shared.slots.put(HostEvent::Processes(Err(why)));
                    continue;
                }
            }
        }
        let list: Result<Vec<Process>, String> = match once(&shared).await {
            Ok(now) => {
                let list = now.since(earlier.as_ref().map(|(_, look)| look));
                earlier = Some((Instant::now(), now));
                Ok(list)
            }
            Err(why) => Err(why),
        };
        shared.slots.put(HostEvent::Processes(list));
    }
}

async fn once(shared: &Shared) -> Result<Look, String> {
    let host = &shared.plan.host;
    let Output { out, exit, .. } = shared.transport.exec(ExecSpec::script(SCRIPT, TIMEOUT)).collect(CAP).await;
    match exit {
        Exit::ConnectionLost => {
            return Err(format!("{host} is not connected; its processes are asked for again with r"));
        }
        Exit::TimedOut => return Err(format!("{host} did not list its processes within {} s", TIMEOUT.as_secs())),
        Exit::Refused(why) => return Err(format!("{host} opened no session for ps: {why}")),
        // What was printed counts: the last of its commands need not have found anything.
        Exit::Code(_) | Exit::Signal(_) | Exit::Cancelled => {}
    }
    let found = read(&String::from_utf8_lossy(&out));
    if found.since(None).is_empty() {
        return Err(format!("{host} has neither a ps nor a /proc that can be read"));
    }
    Ok(found)
}

fn read(text: &str) -> Look {
    let section = |name: &str| -> Vec<String> {
        let line = |line: &str| line.strip_prefix(name)?.strip_prefix(':').map(str::to_owned);
        text.lines().filter_map(line).collect()
    };
    let number = |name: &str| section(name).first().and_then(|text| text.trim().parse::<f64>().ok());
    // 100 ticks and 4096 bytes are what a host without getconf has, but for rare architectures.
    let whole = |name: &str, usual: u64| number(name).map_or(usual, |n| n as u64);
    look(number("uptime"), &section("ps"), &section("stat"), whole("ticks", 100), whole("page", 4096))
}
