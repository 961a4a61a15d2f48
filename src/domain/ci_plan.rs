//! What can be changed at GitLab, as plans: pure. A plan says what is done, what that does and how to undo it, before
//! anything is done; what cannot be done is refused here, with the reason.

use serde::Serialize;

use super::ci::{Job, Pipeline, Tag, Token};
use super::delivery::Project;
use super::deployment::{self, Deployment, DeploymentStatus};

/// A change at GitLab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum CiAction {
    /// Starts a job that waits for a person.
    PlayJob {
        /// The project's path.
        project: String,
        /// The job.
        job: u64,
    },
    /// Runs a job that has ended once more, as a new job of the same pipeline.
    RetryJob {
        /// The project's path.
        project: String,
        /// The job.
        job: u64,
    },
    /// Stops a job.
    CancelJob {
        /// The project's path.
        project: String,
        /// The job.
        job: u64,
    },
    /// Runs what failed or was stopped in a pipeline once more.
    RetryPipeline {
        /// The project's path.
        project: String,
        /// The pipeline.
        pipeline: u64,
    },
    /// Stops a pipeline.
    CancelPipeline {
        /// The project's path.
        project: String,
        /// The pipeline.
        pipeline: u64,
    },
    /// Starts a new pipeline.
    NewPipeline {
        /// The project's path.
        project: String,
        /// The tag or branch.
        git_ref: String,
        /// Its variables.
        variables: Vec<(String, String)>,
    },
    /// Makes a tag.
    CreateTag {
        /// The project's path.
        project: String,
        /// The tag's name.
        name: String,
        /// What it is put on.
        git_ref: String,
        /// What it says; none for a lightweight tag.
        message: Option<String>,
    },
    /// Closes an incident.
    CloseIncident {
        /// The project's path.
        project: String,
        /// The incident's number in the project.
        number: u64,
    },
}

impl CiAction {
    /// The project that it changes.
    pub fn project(&self) -> &str {
        match self {
            Self::PlayJob { project, .. }
            | Self::RetryJob { project, .. }
            | Self::CancelJob { project, .. }
            | Self::RetryPipeline { project, .. }
            | Self::CancelPipeline { project, .. }
            | Self::NewPipeline { project, .. }
            | Self::CreateTag { project, .. }
            | Self::CloseIncident { project, .. } => project,
        }
    }
}

/// What would be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CiPlan {
    /// The change.
    pub action: CiAction,
    /// What it is, in a line.
    pub title: String,
    /// What it does.
    pub effect: String,
    /// How it is undone, where it can be.
    pub undo: Option<String>,
    /// What somebody should know of before.
    pub warnings: Vec<String>,
}

/// A plan, or why there is none.
pub type Planned = Result<CiPlan, String>;

/// Whether a token that is known may act; one that is not known may be tried.
fn allowed(token: Option<&Token>) -> Result<(), String> {
    match token {
        Some(token) if !token.may_act() => {
            Err(format!("the token only has {}; give it the scope api", token.scopes.join(", ")))
        }
        _ => Ok(()),
    }
}

fn plan(action: CiAction, title: String, effect: String, undo: Option<&str>) -> CiPlan {
    CiPlan { action, title, effect, undo: undo.map(str::to_owned), warnings: Vec::new() }
}

/// Starts a job that waits for a person.
pub fn play(token: Option<&Token>, project: &str, job: &Job) -> Planned {
    allowed(token)?;
    if !job.status.is_manual() && job.status.0 != "scheduled" {
        return Err(format!("{} is {} and not manual; retry it instead", job.name, job.status.0));
    }
    let action = CiAction::PlayJob { project: project.to_owned(), job: job.id };
    let effect = format!("starts job {} of {} at {}", job.id, project, job.git_ref);
    Ok(plan(action, format!("Play {} of {}", job.name, job.git_ref), effect, Some("cancel the job")))
}

/// Runs a job that has ended once more.
pub fn retry(token: Option<&Token>, project: &str, job: &Job) -> Planned {
    allowed(token)?;
    if !job.status.is_over() {
        return Err(format!("{} is {}; only what has ended can be retried", job.name, job.status.0));
    }
    let action = CiAction::RetryJob { project: project.to_owned(), job: job.id };
    let effect = format!("runs {} of {} again, as a new job of the same pipeline", job.name, job.git_ref);
    Ok(plan(action, format!("Retry {} of {}", job.name, job.git_ref), effect, Some("cancel the new job")))
}

/// Stops a job.
pub fn cancel(token: Option<&Token>, project: &str, job: &Job) -> Planned {
    allowed(token)?;
    if !job.status.is_active() {
        return Err(format!("{} is {}; there is nothing to cancel", job.name, job.status.0));
    }
    let action = CiAction::CancelJob { project: project.to_owned(), job: job.id };
    let effect = format!("stops job {} where it is; what it has done stays done", job.id);
    Ok(plan(action, format!("Cancel {} of {}", job.name, job.git_ref), effect, Some("retry the job")))
}

/// Runs what failed or was stopped in a pipeline once more.
pub fn retry_pipeline(token: Option<&Token>, project: &str, pipeline: &Pipeline) -> Planned {
    allowed(token)?;
    if !matches!(pipeline.status.0.as_str(), "failed" | "canceled") {
        return Err(format!(
            "pipeline {} is {}; only what failed or was canceled is retried",
            pipeline.id, pipeline.status.0
        ));
    }
    let action = CiAction::RetryPipeline { project: project.to_owned(), pipeline: pipeline.id };
    let effect = "runs its failed and canceled jobs again, and what comes after them".to_owned();
    Ok(plan(
        action,
        format!("Retry pipeline {} of {}", pipeline.id, pipeline.git_ref),
        effect,
        Some("cancel the pipeline"),
    ))
}

/// Stops a pipeline.
pub fn cancel_pipeline(token: Option<&Token>, project: &str, pipeline: &Pipeline) -> Planned {
    allowed(token)?;
    if !pipeline.status.is_active() {
        return Err(format!("pipeline {} is {}; there is nothing to cancel", pipeline.id, pipeline.status.0));
    }
    let action = CiAction::CancelPipeline { project: project.to_owned(), pipeline: pipeline.id };
    let effect = "stops every job of it where it is; what they have done stays done".to_owned();
    Ok(plan(
        action,
        format!("Cancel pipeline {} of {}", pipeline.id, pipeline.git_ref),
        effect,
        Some("retry the pipeline"),
    ))
}

/// Starts a new pipeline.
pub fn new_pipeline(token: Option<&Token>, project: &str, git_ref: &str, variables: Vec<(String, String)>) -> Planned {
    allowed(token)?;
    if git_ref.trim().is_empty() {
        return Err("name the tag or branch to run".to_owned());
    }
    if let Some((bad, _)) = variables.iter().find(|(name, _)| !is_variable(name)) {
        return Err(format!("{bad:?} cannot be a variable's name: letters, digits and _ only"));
    }
    let names: Vec<&str> = variables.iter().map(|(name, _)| name.as_str()).collect();
    let with = if names.is_empty() { String::new() } else { format!(", with {}", names.join(", ")) };
    let effect = format!("starts every job of {git_ref} that needs nobody{with}");
    let action = CiAction::NewPipeline { project: project.to_owned(), git_ref: git_ref.to_owned(), variables };
    Ok(plan(action, format!("New pipeline of {git_ref} in {project}"), effect, Some("cancel the pipeline")))
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Deploys a tag or branch by a job of its newest pipeline, whose jobs these are: plays it, or runs it once more. Where there
/// is no pipeline yet, starts one with these variables.
pub fn deploy(
    token: Option<&Token>,
    project: &str,
    git_ref: &str,
    job: &str,
    jobs: Option<&[Job]>,
    variables: Vec<(String, String)>,
) -> Planned {
    let Some(jobs) = jobs else {
        let mut plan = new_pipeline(token, project, git_ref, variables)?;
        plan.warnings.push(format!("where {job} waits for a person, it is to be played after that"));
        return Ok(plan);
    };
    let Some(newest) = jobs.iter().filter(|one| one.name == job).max_by_key(|one| one.id) else {
        let mut names: Vec<&str> = jobs.iter().map(|one| one.name.as_str()).collect();
        names.dedup();
        return Err(format!("the pipeline of {git_ref} has no job {job}; it has {}", names.join(", ")));
    };
    if newest.status.is_manual() {
        return play(token, project, newest);
    }
    if newest.status.is_active() {
        return Err(format!("{job} of {git_ref} is {} already", newest.status.0));
    }
    let mut plan = retry(token, project, newest)?;
    plan.warnings.push(format!("{job} of {git_ref} was run before: {}", newest.status.0));
    Ok(plan)
}

/// Rolls a place back, by its name at GitLab: runs the job of the deployment that was live before what is live now, or of
/// what is live while another version is on its way or has stopped half way.
pub fn roll_back(token: Option<&Token>, project: &Project, place: &str) -> Planned {
    allowed(token)?;
    let success = |one: &&Deployment| one.status == Some(DeploymentStatus::Success);
    let live = project.history(place).find(success).ok_or(format!("nothing is live in {place}"))?;
    let back = deployment::way_back(project.history(place))
        .ok_or(format!("{} is the only version that was ever live in {place}", live.version))?;
    roll_back_to(token, project, back)
}

/// Goes back to a deployment of a project: runs its job once more.
pub fn roll_back_to(token: Option<&Token>, project: &Project, target: &Deployment) -> Planned {
    allowed(token)?;
    let place = &target.place;
    let success = |one: &&Deployment| one.status == Some(DeploymentStatus::Success);
    let live = project.history(place).find(success).ok_or(format!("nothing is live in {place}"))?;
    let half_way = deployment::half_way(project.history(place));
    if live.id == target.id && half_way.is_none() {
        return Err(format!("{} is what is live in {place}", target.version));
    }
    // One that was only reported has no job; the same version may have been deployed by one before.
    let same = |one: &&Deployment| one.version == target.version && one.sha == target.sha;
    let job = target.job.or_else(|| project.history(place).filter(success).filter(same).find_map(|one| one.job));
    let job = job.ok_or_else(|| {
        format!(
            "{} was only reported to GitLab: there is no job that deploys it; roll back where it was deployed from",
            target.version
        )
    })?;
    let from = half_way.unwrap_or(live);
    let title = format!("Roll {place} back from {} to {}", from.version, target.version);
    let effect = format!("runs job {job} again, the one that deployed {} before", target.version);
    let undo = from.job.map(|job| format!("retry job {job}, which deployed {}", from.version));
    let action = CiAction::RetryJob { project: project.path.clone(), job };
    let mut plan = plan(action, title, effect, undo.as_deref());
    if let Some(running) = project.history(place).find(|one| one.status == Some(DeploymentStatus::Running)) {
        plan.warnings.push(format!(
            "{} is being deployed to {place} now: cancel its job, or it may end after this one",
            running.version
        ));
    }
    if let Some(stopped) = half_way.filter(|one| one.status != Some(DeploymentStatus::Running)) {
        let word = if stopped.status == Some(DeploymentStatus::Canceled) { "was stopped" } else { "failed" };
        plan.warnings.push(format!(
            "{} {word} half way, and some hosts may have it; {} is the last that was deployed to {place} with success",
            stopped.version, live.version
        ));
    }
    plan.warnings.push(
        "where GitLab prevents outdated deployment jobs it may refuse; a setting of the project allows retries for rollback"
            .to_owned(),
    );
    Ok(plan)
}

/// Makes a tag: this name, or the next version, on this ref or on the default branch.
pub fn create_tag(
    token: Option<&Token>,
    project: &Project,
    name: Option<&str>,
    git_ref: Option<&str>,
    message: Option<&str>,
) -> Planned {
    allowed(token)?;
    let name = name.map(str::to_owned).or_else(|| project.next_version());
    let name = name.ok_or("no tag is a version yet; name the first one")?;
    let bad = |c: char| c.is_whitespace() || c.is_control() || "~^:?*[\\".contains(c);
    if name.is_empty()
        || name.starts_with(['-', '/', '.'])
        || name.ends_with(['/', '.'])
        || name.contains(bad)
        || name.contains("..")
    {
        return Err(format!("{name:?} cannot be a tag's name"));
    }
    if project.tags.iter().any(|tag: &Tag| tag.name == name) {
        return Err(format!("there is a tag {name} already"));
    }
    let git_ref = git_ref.map(str::to_owned).or_else(|| project.default_branch.clone());
    let git_ref = git_ref.ok_or("the default branch is not known; say what to tag")?;
    let effect = format!("tags {git_ref} of {}; pipelines that run for tags start", project.path);
    let title = format!("Tag {name} on {git_ref}");
    let action = CiAction::CreateTag {
        project: project.path.clone(),
        name,
        git_ref,
        message: message.filter(|message| !message.trim().is_empty()).map(str::to_owned),
    };
    Ok(plan(action, title, effect, Some("delete the tag; what its pipeline has done stays done")))
}

/// Closes an incident.
pub fn close_incident(token: Option<&Token>, project: &str, number: u64) -> Planned {
    allowed(token)?;
    let action = CiAction::CloseIncident { project: project.to_owned(), number };
    let effect = format!("closes #{number} of {project} for everyone");
    Ok(plan(action, format!("Close incident #{number}"), effect, Some("reopen it at GitLab")))
}
