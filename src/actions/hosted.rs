//! What changes something at a hosted API: planned from what it says now, sent once when approved, recorded before and
//! after. Where nobody knows whether it was done, the API is asked, and nothing is sent again.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use serde::Serialize;

use super::record::{Doing, Recorder};
use crate::domain::action::{ActionKind, Level, Scope};
use crate::domain::api_error::ApiError;
use crate::domain::audit::{Ending, HostEnding, Verdict};
use crate::domain::ci_plan::{self, CiAction, CiPlan};
use crate::domain::confirm::{Approval, Demand, Standing, Typed};
use crate::domain::delivery::Project;
use crate::domain::hosted::GitLabProject;
use crate::domain::plan::hash_of;
use crate::domain::settings::{Environment, Settings};
use crate::domain::text::{clean, one_line};
use crate::domain::want::Want;
use crate::integrations::gitlab::GitLab;
use crate::integrations::statuscake::{NewWindow, StatusCake};

/// Whoever is asked and told; none where the config names no token.
#[derive(Default)]
pub struct Clients {
    /// StatusCake.
    pub statuscake: Option<StatusCake>,
    /// GitLab.
    pub gitlab: Option<GitLab>,
}

/// What is sent.
#[derive(Clone, Debug)]
enum Change {
    Paused { check: String, paused: bool },
    Open(NewWindow),
    Close(String),
    Ci(CiAction),
}

/// A plan.
#[derive(Clone, Debug)]
pub struct HostedPlan {
    /// Which action.
    pub action: ActionKind,
    /// The environment that it counts for.
    pub environment: String,
    /// What it is done to, in a word: what level 2 wants typed.
    pub subject: String,
    /// Its level of confirmation.
    pub level: Level,
    /// What it is, in a line.
    pub title: String,
    /// What it does.
    pub effect: String,
    /// How it is undone, where it can be.
    pub undo: Option<String>,
    /// What somebody should know of before.
    pub warnings: Vec<String>,
    change: Change,
}

/// What of a plan is hashed: times of a window are those of the sending.
#[derive(Serialize)]
struct Hashed<'a>(&'a str, &'a str, &'a str, &'a str, &'a str);

impl HostedPlan {
    /// What it is called from now on.
    pub fn hash(&self) -> String {
        let change = match &self.change {
            Change::Open(window) => format!("{:?} {:?} {:?}", window.name, window.checks, window.end - window.start),
            other => format!("{other:?}"),
        };
        hash_of(&Hashed(self.action.def().name, &self.environment, &self.title, &self.effect, &change))
    }

    /// What is sent, for the audit and for whoever confirms it. Values of variables are not shown: they may be secret.
    pub fn command(&self) -> Vec<String> {
        let words: Vec<String> = match &self.change {
            Change::Paused { check, paused } => {
                vec!["PUT".into(), format!("/uptime/{check}"), format!("paused={paused}")]
            }
            Change::Open(window) => {
                let minutes = (window.end - window.start).num_minutes();
                let checks = window.checks.join(",");
                vec!["POST".into(), "/maintenance-windows".into(), format!("tests={checks}"), format!("{minutes}m")]
            }
            Change::Close(id) => vec!["DELETE".into(), format!("/maintenance-windows/{id}")],
            Change::Ci(action) => sent(action),
        };
        words.iter().map(|word| clean(word).into_owned()).collect()
    }

    /// What must be done to confirm it.
    pub fn demand<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Demand {
        let whole = format!("{}/{}", self.environment, self.subject);
        Demand::of(self.level, Typed::name(&self.subject, names), whole, None)
    }

    /// The plan as a page, safe to show.
    pub fn page(&self) -> Vec<String> {
        let line = |label: &str, text: &str| format!("{label:<12} {}", clean(text));
        let mut page = vec![
            line("plan", &format!("{} · {}", self.title, &self.hash()[..12])),
            line("environment", &format!("{} · level {}", self.environment, self.level.number())),
            line("does", &self.effect),
            line("sends", &self.command().join(" ")),
        ];
        page.extend(self.undo.iter().map(|undo| line("undo", undo)));
        page.extend(self.warnings.iter().map(|warning| line("careful", warning)));
        page
    }
}

fn sent(action: &CiAction) -> Vec<String> {
    let words = |method: &str, path: String| vec![method.to_owned(), format!("/projects/{}/{path}", action.project())];
    match action {
        CiAction::PlayJob { job, .. } => words("POST", format!("jobs/{job}/play")),
        CiAction::RetryJob { job, .. } => words("POST", format!("jobs/{job}/retry")),
        CiAction::CancelJob { job, .. } => words("POST", format!("jobs/{job}/cancel")),
        CiAction::RetryPipeline { pipeline, .. } => words("POST", format!("pipelines/{pipeline}/retry")),
        CiAction::CancelPipeline { pipeline, .. } => words("POST", format!("pipelines/{pipeline}/cancel")),
        CiAction::NewPipeline { git_ref, variables, .. } => {
            let mut all = words("POST", "pipeline".to_owned());
            all.push(format!("ref={git_ref}"));
            all.extend(variables.iter().map(|(name, _)| format!("{name}=…")));
            all
        }
        CiAction::CreateTag { name, git_ref, .. } => {
            let mut all = words("POST", "repository/tags".to_owned());
            all.extend([format!("tag_name={name}"), format!("ref={git_ref}")]);
            all
        }
        CiAction::CloseIncident { number, .. } => words("PUT", format!("issues/{number}")),
    }
}

/// Makes the plan of something that is wanted at a hosted API; `environment` is where it counts.
pub async fn plan(
    clients: &Clients,
    settings: &Settings,
    environment: &Environment,
    want: &Want,
) -> Result<HostedPlan, String> {
    let answer = |name: &str| want.answer(name).ok_or_else(|| format!("{} needs {name}", want.action.def().name));
    let level = want.action.level(Scope { careful: environment.careful, hosts: 1, of: 2, configured: None });
    let made = |subject: &str, change: Change, title: String, effect: &str, undo: Option<&str>| HostedPlan {
        action: want.action,
        environment: environment.name.clone(),
        subject: subject.to_owned(),
        level: level.max(Level::One),
        title,
        effect: effect.to_owned(),
        undo: undo.map(str::to_owned),
        warnings: Vec::new(),
        change,
    };
    let told = |error: ApiError| error.to_string();
    match want.action {
        ActionKind::PauseCheck | ActionKind::ResumeCheck | ActionKind::OpenWindow => {
            let client = clients.statuscake.as_ref().ok_or("the config has no [statuscake]")?;
            let wanted = answer("check")?;
            let checks = client.checks().await.map_err(told)?;
            let check = checks.iter().find(|check| check.id == wanted || check.name == wanted);
            let check = check.ok_or_else(|| format!("StatusCake has no check {}", one_line(wanted, 80)))?;
            let (id, name) = (check.id.clone(), check.name.as_str());
            Ok(match want.action {
                ActionKind::OpenWindow => {
                    let text = want.answer("for").unwrap_or("30m");
                    let time = length(text).ok_or("write the time as 30m, 2h or 1d")?;
                    let start = Utc::now();
                    let end = start + TimeDelta::from_std(time).map_err(|_| "that is too long")?;
                    let window =
                        NewWindow { name: format!("qd: {name}"), start, end, checks: vec![id], tags: Vec::new() };
                    let effect = format!("nobody is told that {name} is down for {text}");
                    let title = format!("Open a maintenance window over {name}");
                    made(name, Change::Open(window), title, &effect, Some("close the window"))
                }
                action => {
                    let paused = action == ActionKind::PauseCheck;
                    let (verb, effect, undo) = if paused {
                        ("Pause", "it is not asked any more, and nobody is told when it is down", "resume the check")
                    } else {
                        ("Resume", "it is asked again", "pause the check")
                    };
                    made(name, Change::Paused { check: id, paused }, format!("{verb} {name}"), effect, Some(undo))
                }
            })
        }
        ActionKind::CloseWindow => {
            let client = clients.statuscake.as_ref().ok_or("the config has no [statuscake]")?;
            let wanted = answer("window")?;
            let windows = client.maintenance_windows().await.map_err(told)?;
            let window = windows.iter().find(|window| window.id == wanted || window.name == wanted);
            let window = window.ok_or_else(|| format!("StatusCake has no window {}", one_line(wanted, 80)))?;
            let title = format!("Close the maintenance window {}", window.name);
            let effect = format!("people are told again of its {} checks", window.checks.len());
            Ok(made(&window.name, Change::Close(window.id.clone()), title, &effect, Some("open another")))
        }
        _ => {
            let client = clients.gitlab.as_ref().ok_or("the config has no [gitlab]")?;
            let plan = ci(client, settings, want).await?;
            let subject = plan.action.project().rsplit('/').next().unwrap_or_default().to_owned();
            let change = Change::Ci(plan.action);
            let mut hosted = made(&subject, change, plan.title, &plan.effect, plan.undo.as_deref());
            hosted.warnings = plan.warnings;
            Ok(hosted)
        }
    }
}

/// A change at GitLab, from what it says now.
async fn ci(client: &GitLab, settings: &Settings, want: &Want) -> Result<CiPlan, String> {
    let answer = |name: &str| want.answer(name).ok_or_else(|| format!("{} needs {name}", want.action.def().name));
    let number = |name: &str| answer(name)?.parse::<u64>().map_err(|_| format!("{name} is a number"));
    let told = |error: ApiError| error.to_string();
    let project = answer("project")?;
    let known: &[GitLabProject] =
        settings.hosted.gitlab.as_ref().map(|gitlab| gitlab.projects.as_slice()).unwrap_or_default();
    let of = known.iter().find(|one| one.path == project);
    let of = of.ok_or_else(|| format!("[gitlab] names no project {}", one_line(project, 80)))?;
    // A token that cannot be asked after may be tried.
    let token = client.token().await.ok().flatten();
    let token = token.as_ref();
    match want.action {
        ActionKind::PlayJob | ActionKind::RetryJob | ActionKind::CancelJob => {
            let job = client.job(project, number("job")?).await.map_err(told)?;
            match want.action {
                ActionKind::PlayJob => ci_plan::play(token, project, &job),
                ActionKind::RetryJob => ci_plan::retry(token, project, &job),
                _ => ci_plan::cancel(token, project, &job),
            }
        }
        ActionKind::RetryPipeline | ActionKind::CancelPipeline => {
            let pipeline = client.pipeline(project, number("pipeline")?).await.map_err(told)?;
            match want.action {
                ActionKind::RetryPipeline => ci_plan::retry_pipeline(token, project, &pipeline),
                _ => ci_plan::cancel_pipeline(token, project, &pipeline),
            }
        }
        ActionKind::NewPipeline => {
            let variables = variables(want.answer("variables").unwrap_or_default())?;
            ci_plan::new_pipeline(token, project, answer("ref")?, variables)
        }
        ActionKind::CreateTag => {
            let tags = client.tags(of).await.map_err(told)?;
            let about = client.about(project).await.map_err(told)?;
            let whole =
                Project { path: of.path.clone(), default_branch: about.default_branch, tags, ..Project::default() };
            ci_plan::create_tag(token, &whole, want.answer("name"), want.answer("ref"), want.answer("message"))
        }
        ActionKind::RollBackJob => {
            let wanted = answer("deployment")?;
            let deployments = client.newest(of, None).await.map_err(told)?.deployments;
            let whole =
                Project { path: of.path.clone(), service: of.service.clone(), deployments, ..Project::default() };
            let target = whole.deployments.iter().find(|one| one.id == wanted);
            let target =
                target.ok_or_else(|| format!("GitLab has no deployment {} of {project}", one_line(wanted, 40)))?;
            ci_plan::roll_back_to(token, &whole, target)
        }
        other => Err(format!("{} is no action of GitLab's", other.def().name)),
    }
}

/// `NAME=value` words.
fn variables(text: &str) -> Result<Vec<(String, String)>, String> {
    let word = |word: &str| {
        let (name, value) = word.split_once('=').ok_or_else(|| format!("{}: write NAME=value", one_line(word, 40)))?;
        Ok((name.to_owned(), value.to_owned()))
    };
    text.split_whitespace().map(word).collect()
}

fn length(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
    let seconds = match unit {
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    Some(Duration::from_secs(number.parse::<u64>().ok()?.checked_mul(seconds)?)).filter(|time| *time > Duration::ZERO)
}

/// Sends an approved plan, once.
pub async fn execute(
    clients: &Clients,
    plan: &HostedPlan,
    approval: &Approval,
    environment: &Environment,
    standing: &Standing,
    recorder: &Recorder,
) -> Result<Ending, String> {
    approval.covers(&plan.hash()).map_err(|why| why.to_string())?;
    standing.permits(environment, Utc::now()).map_err(|why| why.to_string())?;
    let doing = Doing {
        environment: plan.environment.clone(),
        service: None,
        hosts: vec![plan.subject.clone()],
        action: plan.action.def().name.to_owned(),
        plan: plan.hash(),
        commands: vec![plan.command()],
    };
    let (begun, written) = recorder.begin(doing, approval).await;
    written.map_err(|why| format!("{why}; nothing is done that cannot be recorded"))?;
    let began = std::time::Instant::now();
    let (result, detail) = match send(clients, &plan.change).await {
        Ok(detail) => (Verdict::Ok, detail),
        // It may have been done: to send it again could do it twice.
        Err(error) if error.maybe_done => (Verdict::Unknown, Some(error.to_string())),
        Err(error) => (Verdict::Failed, Some(error.to_string())),
    };
    let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let detail = detail.map(|detail| one_line(&detail, 300));
    let ending = HostEnding { host: plan.subject.clone(), result, rc: None, ms, detail };
    let (ending, written) = recorder.end(begun, vec![ending]).await;
    match written {
        Ok(()) => Ok(ending),
        Err(why) => Err(format!("it was {}, but the result is not recorded: {why}", ending.result.as_str())),
    }
}

async fn send(clients: &Clients, change: &Change) -> Result<Option<String>, ApiError> {
    match (change, &clients.statuscake, &clients.gitlab) {
        (Change::Paused { check, paused }, Some(client), _) => client.set_paused(check, *paused).await.map(|()| None),
        (Change::Open(window), Some(client), _) => {
            let length = window.end - window.start;
            let start = Utc::now();
            let window = NewWindow { start, end: start + length, ..window.clone() };
            client.open_window(&window).await.map(|id| Some(format!("window {id}")))
        }
        (Change::Close(id), Some(client), _) => client.close_window(id).await.map(|()| None),
        (Change::Ci(action), _, Some(client)) => {
            let before = Utc::now() - TimeDelta::seconds(5);
            match client.act(action).await {
                Err(error) if error.maybe_done => match client.was_done(action, before).await {
                    Ok(Some(_)) => Ok(Some("the answer was lost; GitLab says that it was done".to_owned())),
                    _ => Err(error),
                },
                done => done.map(|_| None),
            }
        }
        // A plan is only made where there is somebody to send it to.
        _ => Ok(None),
    }
}
