//! `qd deploys`: what was deployed where, when and by whom, and what is live.

mod look;
mod narrow;
mod runs;

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use clap::Args;

use self::look::Look;
use self::narrow::Narrow;
use self::runs::Runs;
use super::args::{Global, SnapshotAt};
use super::exit::{Exit, Outcome};
use super::opened::Opened;
use crate::config::secret;
use crate::domain::delivery::{Delivery, Part};
use crate::domain::hosted::GitLabSettings;
use crate::integrations::gitlab::{GitLab, Watch};

/// What is asked of GitLab for a history.
const PARTS: [Part; 3] = [Part::Project, Part::Environments, Part::Deployments];
/// How often a long walk says how far it is.
const PROGRESS: Duration = Duration::from_secs(3);
/// Rows that people are shown, unless they ask for more.
const ROWS: usize = 40;

/// Options of `qd deploys`.
#[derive(Clone, Copy, Debug, Args)]
pub struct DeploysArgs {
    /// How it is shown, and as of when.
    #[command(flatten)]
    pub of: SnapshotAt,
    /// Only the newest so many; without it 40 as text and all as JSON.
    #[arg(long, value_name = "N")]
    pub limit: Option<usize>,
}

/// Runs the command: 3 when no history could be had.
pub async fn run(global: &Global, args: DeploysArgs) -> Outcome {
    // GitLab knows environments and services that the config does not name: these two are narrowed here.
    let wide = Global { env: Vec::new(), service: Vec::new(), ..global.clone() };
    let opened = Opened::load(&wide).await?;
    opened.print_warnings();
    let narrow = Narrow::new(global, &opened);
    let mut source = opened.settings.hosted.gitlab.as_ref().map(|settings| narrow.open(settings));
    let by_hosts = runs::may_be(&opened);
    match &source {
        None if by_hosts => {}
        None => eprintln!("qd: the config names no [gitlab]; write its token and projects to have a history"),
        Some(_) if opened.settings.hosted.gitlab.as_ref().is_some_and(|gitlab| gitlab.projects.is_empty()) => {
            eprintln!("qd: [gitlab] names no project; write projects = [{{ path = \"group/name\" }}]");
        }
        Some(_) => {}
    }
    let mut runs = Runs::default();
    loop {
        tokio::join!(
            async {
                if let Some(watch) = &mut source {
                    ask(watch).await;
                }
            },
            runs.read(&opened)
        );
        let nothing = Delivery::default();
        let delivery = source.as_ref().map_or(&nothing, Watch::delivery);
        narrow.check(delivery, &opened.settings)?;
        let look = Look::new(&narrow, delivery, &runs, args.of.at);
        let text = match (args.of.snapshot.json, args.of.snapshot.watch) {
            (true, true) => format!("{}\n", look.json(args.limit)),
            (true, false) => format!("{:#}\n", look.json(args.limit)),
            (false, _) => look.text(args.limit.unwrap_or(ROWS)),
        };
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()?;
        drop(out);
        if !args.of.snapshot.json {
            look.errors.iter().for_each(|(what, trouble)| eprintln!("qd: no {what}: {}", trouble.error));
            runs.faults.iter().for_each(|fault| eprintln!("qd: {fault}"));
        }
        if !args.of.snapshot.watch {
            return Ok(if look.blind { Exit::NotConnected } else { Exit::Fine });
        }
        let idle = source.as_ref().map_or(Duration::from_secs(60), Watch::idle);
        tokio::time::sleep(idle.clamp(Duration::from_secs(1), Duration::from_secs(60))).await;
    }
}

/// Asks until everything is known. A walk that takes long says on a terminal how far it is.
async fn ask(watch: &mut Watch) {
    let (mut said, loud) = (Instant::now(), std::io::stderr().is_terminal());
    watch
        .round(|delivery| {
            if loud && said.elapsed() >= PROGRESS {
                said = Instant::now();
                let known: usize = delivery.projects.iter().map(|project| project.deployments.len()).sum();
                eprintln!("qd: {known} deployments so far");
            }
        })
        .await;
}

/// GitLab as the config has it.
pub(super) fn client(settings: &GitLabSettings) -> GitLab {
    GitLab::new(settings, secret::source(settings.token.clone(), "[gitlab] token"))
}
