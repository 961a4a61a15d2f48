//! `qd deploys`: what was deployed where, when and by whom, and what is live.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use clap::Args;
use serde_json::{Value, json};

use super::args::{Global, SnapshotAt};
use super::exit::{Exit, Failure, Outcome};
use super::opened::Opened;
use super::table::Table;
use crate::config::{Selection, secret};
use crate::domain::delivery::{Delivery, Part, Project};
use crate::domain::deployment::{self, Deployment, DeploymentKind, DeploymentStatus, Live};
use crate::domain::glob::matches;
use crate::domain::hosted::GitLabSettings;
use crate::domain::outside::Trouble;
use crate::domain::settings::Settings;
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
    match &source {
        None => eprintln!("qd: the config names no [gitlab]; write its token and projects to have a history"),
        Some(_) if opened.settings.hosted.gitlab.as_ref().is_some_and(|gitlab| gitlab.projects.is_empty()) => {
            eprintln!("qd: [gitlab] names no project; write projects = [{{ path = \"group/name\" }}]");
        }
        Some(_) => {}
    }
    loop {
        if let Some(watch) = &mut source {
            ask(watch).await;
        }
        let nothing = Delivery::default();
        let delivery = source.as_ref().map_or(&nothing, Watch::delivery);
        narrow.stray(delivery, &opened.settings)?;
        let look = narrow.look(delivery, args.of.at);
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

/// `--env`, `--service`, and what `--host` and `--tag` leave.
struct Narrow {
    environments: Vec<String>,
    services: Vec<String>,
    /// Services and environments that run on the hosts that were asked for.
    on_hosts: Option<Vec<(String, String)>>,
}

impl Narrow {
    fn new(global: &Global, opened: &Opened) -> Self {
        let by_host = opened.selection != Selection::default();
        let on_hosts = opened.settings.services.iter().map(|one| (one.name.clone(), one.environment.clone()));
        Self {
            environments: global.env.clone(),
            services: global.service.clone(),
            on_hosts: by_host.then(|| on_hosts.collect()),
        }
    }

    /// GitLab, for the projects that may be asked for.
    fn open(&self, settings: &GitLabSettings) -> Watch {
        let mut settings = settings.clone();
        // `api@production` names the service before the @.
        let name = |pattern: &'_ String| pattern.split('@').next().unwrap_or("").to_owned();
        let names: Vec<String> = self.services.iter().map(name).collect();
        settings.projects.retain(|project| {
            let on_hosts = self.on_hosts.as_ref().is_none_or(|all| all.iter().any(|(one, _)| *one == project.service));
            on_hosts && (names.is_empty() || names.iter().any(|pattern| matches(pattern, &project.service)))
        });
        Watch::new(client(&settings), &PARTS, Utc::now())
    }

    fn wants(&self, service: &str, environment: &str) -> bool {
        let full = format!("{service}@{environment}");
        let any = |patterns: &[String], names: &[&str]| {
            patterns.is_empty() || patterns.iter().any(|pattern| names.iter().any(|name| matches(pattern, name)))
        };
        let on_hosts = |all: &Vec<(String, String)>| all.iter().any(|(s, e)| s == service && e == environment);
        any(&self.environments, &[environment])
            && any(&self.services, &[service, &full])
            && self.on_hosts.as_ref().is_none_or(on_hosts)
    }

    /// Whether each pattern stands for something, in the config or at GitLab. Where GitLab has not said what it has, it
    /// may.
    fn stray(&self, delivery: &Delivery, settings: &Settings) -> Result<(), Failure> {
        let projects = settings.hosted.gitlab.iter().flat_map(|gitlab| &gitlab.projects);
        let mut services: Vec<String> = projects.map(|project| project.service.clone()).collect();
        let mut environments: Vec<String> = settings.environments.iter().map(|one| one.name.clone()).collect();
        for one in &settings.services {
            services.push(one.name.clone());
            environments.push(one.environment.clone());
        }
        for project in &delivery.projects {
            environments.extend(project.environments.iter().map(|one| one.environment.clone()));
            environments.extend(project.deployments.iter().map(|one| one.environment.clone()));
        }
        let known = |pattern: &&String, names: &[String]| {
            let pattern = pattern.split('@').next().unwrap_or("");
            names.iter().any(|name| matches(pattern, name))
        };
        let stray =
            self.services.iter().find(|pattern| !known(pattern, &services)).map(|one| ("service", one, &services));
        let heard = delivery.projects.iter().all(|project| project.trouble.is_empty());
        let stray = stray.or_else(|| {
            let environment = |pattern: &&String| !environments.iter().any(|name| matches(pattern, name));
            let stray = self.environments.iter().find(environment).filter(|_| heard)?;
            Some(("environment", stray, &environments))
        });
        let Some((what, pattern, names)) = stray else { return Ok(()) };
        let pattern = crate::domain::text::one_line(pattern, 100);
        let near = crate::domain::nearest::nearest(&pattern, names.iter().map(String::as_str));
        let hint = near.map_or(String::new(), |name| format!("; did you mean \"{name}\"?"));
        Err(Failure::new(Exit::Usage, format!("there is no {what} \"{pattern}\"{hint}")))
    }

    /// What there is to say, as of a time or now.
    fn look<'d>(&self, delivery: &'d Delivery, at: Option<DateTime<Utc>>) -> Look<'d> {
        let mut deployments = delivery.deployments();
        if let Some(at) = at {
            deployments = deployment::as_of(deployments, at);
        }
        let mut live = delivery.live(&deployments);
        deployments.retain(|one| self.wants(&one.service, &one.environment));
        live.retain(|environment, services| {
            services.retain(|service, _| self.wants(service, environment));
            !services.is_empty()
        });
        let name = |project: Option<&Project>, part: Part| {
            let of = project.map_or(String::new(), |project| format!(" of {}", project.path));
            format!("{}{of}", part.as_str())
        };
        let blind = !delivery.projects.is_empty()
            && delivery.projects.iter().all(|project| !project.as_of.contains_key(&Part::Deployments));
        Look {
            at: at.unwrap_or_else(|| Utc::now().trunc_subsecs(3)),
            deployments,
            live,
            errors: delivery.troubles().map(|(project, part, trouble)| (name(project, part), trouble)).collect(),
            blind,
        }
    }
}

/// What there is to say at one moment.
struct Look<'d> {
    at: DateTime<Utc>,
    deployments: Vec<Deployment>,
    live: Live,
    /// What could not be had.
    errors: Vec<(String, &'d Trouble)>,
    /// No history could be had at all.
    blind: bool,
}

impl Look<'_> {
    fn json(&self, limit: Option<usize>) -> Value {
        let errors = self.errors.iter().map(|(what, trouble)| {
            json!({
                "source": "gitlab",
                "what": what,
                "message": trouble.error.to_string(),
                "since": deployment::rfc3339(trouble.since),
            })
        });
        let shown = limit.unwrap_or(usize::MAX).min(self.deployments.len());
        deployment::document(self.at, &self.deployments[..shown], &self.live, errors.collect())
    }

    /// What is live, then the newest rows.
    fn text(&self, limit: usize) -> String {
        let mut out = String::new();
        if self.live.is_empty() && self.deployments.is_empty() && !self.blind {
            return "nothing was deployed\n".to_owned();
        }
        let mut live = Table::new(&["live", "service", "version"]);
        for (environment, services) in &self.live {
            for (service, version) in services {
                let version = version.clone().unwrap_or_else(|| "—".to_owned());
                live.row([environment.clone(), service.clone(), version]);
            }
        }
        if !self.live.is_empty() {
            out += &live.render();
        }
        if self.deployments.is_empty() {
            return out;
        }
        let titles = ["service", "version", "status", "kind", "environment", "by", "at", ">took", "was"];
        let mut table = Table::new(&titles);
        self.deployments.iter().take(limit).for_each(|one| table.row(self.row(one)));
        out.push('\n');
        out += &table.render();
        if self.deployments.len() > limit {
            out += &format!("and {} older; --limit shows more\n", self.deployments.len() - limit);
        }
        out
    }

    fn row(&self, one: &Deployment) -> [String; 9] {
        let unknown = || "—".to_owned();
        let began = one.started.or(one.created);
        let until = one.finished.or((one.status == Some(DeploymentStatus::Running)).then_some(self.at));
        let took = one.started.zip(until).map(|(start, end)| end - start).filter(|took| *took >= TimeDelta::zero());
        [
            one.service.clone(),
            one.version.clone(),
            one.status.map_or_else(unknown, |status| status.as_str().to_owned()),
            one.kind.map_or_else(unknown, |kind: DeploymentKind| kind.as_str().to_owned()),
            one.environment.clone(),
            one.by.clone().unwrap_or_else(unknown),
            began.map_or_else(unknown, |began| began.format("%Y-%m-%d %H:%MZ").to_string()),
            took.map_or_else(unknown, super::alerts::age),
            one.previous_version.clone().unwrap_or_else(unknown),
        ]
    }
}
