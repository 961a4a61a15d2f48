//! What is changed at GitLab: planned first, sent once, looked after when nobody knows.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use quarterdeck::domain::api_error::ApiErrorKind;
use quarterdeck::domain::ci::Token;
use quarterdeck::domain::ci_plan::{self, CiAction};
use quarterdeck::domain::delivery::{Delivery, Project, Sight};
use quarterdeck::domain::deployment::{DeploymentKind, DeploymentStatus};
use quarterdeck::integrations::gitlab::{CiDone, GitLab, Watch};
use serde_json::{Value, json};

use super::{ALL, everything, expected, hasty, settings};
use crate::http::token;
use crate::support::fake_apis::{FakeApis, Recorded};
use crate::support::http_server::{Server, answer};

const SHOP: &str = "acme/shop";

fn shop(delivery: &Delivery) -> &Project {
    &delivery.projects[0]
}

fn changes(fake: &FakeApis) -> Vec<Recorded> {
    fake.requests("gitlab").into_iter().filter(|request| request.method != "GET").collect()
}

fn client(fake: &FakeApis) -> GitLab {
    hasty(&settings(&fake.url("gitlab")))
}

fn reader() -> Token {
    Token { name: "ro".to_owned(), scopes: vec!["read_api".to_owned()], expires: None }
}

#[tokio::test]
async fn a_manual_job_is_played_and_what_it_deploys_becomes_live() {
    let fake = FakeApis::public(&["--job-seconds", "600"]);
    let mut watch = Watch::new(client(&fake), &ALL, expected().1);
    watch.look_at(Some(Sight { project: SHOP.to_owned(), pipeline: Some(1022), ..Sight::default() }));
    watch.round(|_| ()).await;
    let seen = watch.delivery().seen.clone().unwrap();
    let manual = seen.jobs.iter().find(|job| job.status.is_manual()).unwrap();
    let plan = ci_plan::play(watch.delivery().token.as_ref(), SHOP, manual).unwrap();
    assert_eq!(plan.title, "Play deploy:production of 1.0.21");
    let CiDone::Job(job) = watch.client().act(&plan.action).await.unwrap() else { panic!("a job") };
    assert!(job.id == manual.id && job.status.is_active());
    watch.touched(SHOP);
    watch.round(|_| ()).await;
    assert_eq!(
        shop(watch.delivery()).deploying().map(|one| one.version.clone()).collect::<Vec<_>>(),
        ["1.0.21", "1.0.33"]
    );
    fake.control(&json!({ "job": 0.001 }));
    watch.touched(SHOP);
    watch.round(|_| ()).await;
    let delivery = watch.delivery();
    let newest = shop(delivery).history("production").next().unwrap();
    // Older than what was live, though it was never deployed before.
    assert_eq!((newest.version.as_str(), newest.kind), ("1.0.21", Some(DeploymentKind::Rollback)));
    assert_eq!(delivery.live(&delivery.deployments())["production"]["shop"].as_deref(), Some("1.0.21"));
    let job = delivery.seen.as_ref().unwrap().jobs.iter().find(|job| job.name == "deploy:production").unwrap();
    assert_eq!(job.status.0, "success");
    assert!(ci_plan::play(None, SHOP, job).unwrap_err().contains("retry it instead"));
    assert_eq!(changes(&fake).len(), 1);
}

#[tokio::test]
async fn rolling_back_runs_the_job_of_what_was_live_before() {
    let fake = FakeApis::public(&["--job-seconds", "0.2"]);
    let delivery = everything(&fake).await;
    let project = shop(&delivery);
    // 1.0.30 is live, reported by hand after 1.0.32; 1.0.31 and 1.0.32 were gone back from, and 1.0.30's own job failed.
    let plan = ci_plan::roll_back(delivery.token.as_ref(), project, "production").unwrap();
    assert_eq!(plan.title, "Roll production back from 1.0.30 to 1.0.29");
    assert_eq!(plan.action, CiAction::RetryJob { project: SHOP.to_owned(), job: 5124 });
    assert!(plan.warnings[0].contains("1.0.33 is being deployed"), "{:?}", plan.warnings);
    let CiDone::Job(job) = client(&fake).act(&plan.action).await.unwrap() else { panic!("a job") };
    assert_eq!((job.git_ref.as_str(), job.pipeline, job.id > 5124), ("1.0.29", Some(1030), true));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let after = everything(&fake).await;
    let newest = shop(&after).history("production").next().unwrap();
    assert_eq!((newest.version.as_str(), newest.kind), ("1.0.29", Some(DeploymentKind::Rollback)));
    assert_eq!((newest.pipeline, newest.previous_version.as_deref()), (Some(1030), Some("1.0.30")));

    // One that failed half way may be on some hosts: what was live before it began is put back.
    let mut failed = project.clone();
    let at = failed.deployments.iter().position(|one| one.place == "production").unwrap();
    let mut half = failed.deployments[at].clone();
    half.id = "9000".to_owned();
    (half.version, half.sha, half.job) = ("1.0.40".to_owned(), Some("f".repeat(40)), Some(9000));
    (half.status, half.started, half.kind) =
        (Some(DeploymentStatus::Failed), half.created, Some(DeploymentKind::Deploy));
    failed.deployments[at].job = Some(5130);
    failed.deployments.insert(at, half);
    let plan = ci_plan::roll_back(None, &failed, "production").unwrap();
    assert_eq!(plan.title, "Roll production back from 1.0.40 to 1.0.30");
    assert_eq!(plan.action, CiAction::RetryJob { project: SHOP.to_owned(), job: 5130 });
    assert!(plan.warnings.iter().any(|one| one.contains("1.0.40 failed half way")), "{:?}", plan.warnings);

    // What was only reported cannot be run again; what is live is no way back; a place of one version has none.
    let reported = project.history("production").next().unwrap();
    let older = project.history("production").find(|one| one.version == "1.0.29").unwrap();
    assert!(ci_plan::roll_back_to(None, project, reported).unwrap_err().contains("is what is live"));
    assert!(ci_plan::roll_back_to(Some(&reader()), project, older).unwrap_err().contains("scope api"));
    assert!(ci_plan::roll_back(None, project, "review/feature-x").unwrap_err().contains("only version"));
    assert!(ci_plan::roll_back(None, project, "nowhere").unwrap_err().contains("nothing is live"));
    let mut bare = project.clone();
    bare.deployments.iter_mut().for_each(|one| one.job = None);
    assert!(ci_plan::roll_back(None, &bare, "production").unwrap_err().contains("no job"));
}

#[tokio::test]
async fn the_next_versions_tag_is_made_and_a_pipeline_with_variables_started() {
    let fake = FakeApis::public(&[]);
    let delivery = everything(&fake).await;
    let (project, token) = (shop(&delivery), delivery.token.as_ref());
    let plan = ci_plan::create_tag(token, project, None, None, Some("Release 1.0.34")).unwrap();
    assert_eq!(plan.title, "Tag 1.0.34 on main");
    let CiDone::Tag(tag) = client(&fake).act(&plan.action).await.unwrap() else { panic!("a tag") };
    assert_eq!(tag.name, "1.0.34");
    let again = client(&fake).act(&plan.action).await.unwrap_err();
    assert_eq!((again.kind, again.maybe_done), (ApiErrorKind::Rejected, false));
    assert!(again.message.contains("Tag 1.0.34 already exists"), "{again}");
    assert!(ci_plan::create_tag(token, project, Some("1.0.33"), None, None).unwrap_err().contains("already"));
    for bad in ["", "a b", "-x", "x..y", "x~1", "a\u{1b}b"] {
        assert!(ci_plan::create_tag(token, project, Some(bad), None, None).is_err(), "{bad:?}");
    }

    let variables = vec![("TARGET".to_owned(), "production & \"all\"".to_owned())];
    let plan = ci_plan::new_pipeline(token, SHOP, "1.0.33", variables).unwrap();
    let CiDone::Pipeline(pipeline) = client(&fake).act(&plan.action).await.unwrap() else { panic!("a pipeline") };
    assert_eq!((pipeline.git_ref.as_str(), pipeline.source.as_deref()), ("1.0.33", Some("api")));
    let sent = changes(&fake).pop().unwrap();
    assert!(sent.path.ends_with("/projects/acme%2Fshop/pipeline"));
    let body: Value = serde_json::from_str(&sent.body).unwrap();
    assert_eq!(body, json!({ "ref": "1.0.33", "variables": [{ "key": "TARGET", "value": "production & \"all\"" }] }));
    let plan = ci_plan::new_pipeline(token, SHOP, "no-such", vec![]).unwrap();
    let error = client(&fake).act(&plan.action).await.unwrap_err();
    assert!(error.message.contains("Reference not found"), "{error}");
    assert!(ci_plan::new_pipeline(token, SHOP, "main", vec![("A B".to_owned(), String::new())]).is_err());
}

#[tokio::test]
async fn jobs_and_pipelines_are_canceled_and_retried_and_incidents_closed() {
    let fake = FakeApis::public(&["--job-seconds", "60"]);
    let (client, delivery) = (client(&fake), everything(&fake).await);
    let (project, token) = (shop(&delivery), delivery.token.as_ref());
    let of = |id: u64| project.pipelines.iter().find(|one| one.id == id).unwrap();
    assert!(ci_plan::cancel_pipeline(token, SHOP, of(1033)).is_err(), "it is over");
    let plan = ci_plan::cancel_pipeline(token, SHOP, of(1034)).unwrap();
    let CiDone::Pipeline(canceled) = client.act(&plan.action).await.unwrap() else { panic!("a pipeline") };
    assert_eq!(canceled.status.0, "canceled");
    let plan = ci_plan::retry_pipeline(token, SHOP, &canceled).unwrap();
    client.act(&plan.action).await.unwrap();
    let job = client.jobs(SHOP, 1034).await.unwrap().pop().unwrap();
    assert_eq!((job.name.as_str(), job.status.is_active()), ("deploy:production", true));
    assert!(ci_plan::retry(token, SHOP, &job).is_err(), "it runs");
    let plan = ci_plan::cancel(token, SHOP, &job).unwrap();
    let CiDone::Job(job) = client.act(&plan.action).await.unwrap() else { panic!("a job") };
    assert_eq!(job.status.0, "canceled");
    let plan = ci_plan::retry(token, SHOP, &job).unwrap();
    let CiDone::Job(next) = client.act(&plan.action).await.unwrap() else { panic!("a job") };
    assert!(next.id > job.id);
    let plan = ci_plan::close_incident(token, SHOP, 2).unwrap();
    let CiDone::Incident(closed) = client.act(&plan.action).await.unwrap() else { panic!("an incident") };
    assert!(!closed.is_open);
    assert_eq!(
        changes(&fake).iter().map(|one| one.method.as_str()).collect::<Vec<_>>(),
        ["POST", "POST", "POST", "POST", "PUT"]
    );
}

#[tokio::test]
async fn a_version_is_deployed_by_the_job_of_its_newest_pipeline() {
    let fake = FakeApis::public(&[]);
    let client = client(&fake);
    let jobs = async |version: &str| match client.pipeline_of(SHOP, version).await.unwrap() {
        Some(pipeline) => Some(client.jobs(SHOP, pipeline.id).await.unwrap()),
        None => None,
    };
    let plan = |version, job, jobs: Option<&[_]>| ci_plan::deploy(None, SHOP, version, job, jobs, vec![]);
    let name = "deploy:production";
    // One waits for a person, one is under way, one has failed, one is done and one is not there.
    let waiting = plan("1.0.21", name, jobs("1.0.21").await.as_deref()).unwrap();
    assert!(matches!(waiting.action, CiAction::PlayJob { .. }) && waiting.warnings.is_empty());
    assert!(plan("1.0.33", name, jobs("1.0.33").await.as_deref()).unwrap_err().contains("running already"));
    let failed = plan("1.0.30", name, jobs("1.0.30").await.as_deref()).unwrap();
    assert_eq!(failed.action, CiAction::RetryJob { project: SHOP.to_owned(), job: 5128 });
    // Of several attempts the newest counts: 1.0.19 failed first.
    let done = plan("1.0.19", name, jobs("1.0.19").await.as_deref()).unwrap();
    assert_eq!(done.action, CiAction::RetryJob { project: SHOP.to_owned(), job: 5083 });
    assert!(done.warnings[0].contains("run before: success"), "{:?}", done.warnings);
    assert!(
        plan("1.0.19", "deploy", jobs("1.0.19").await.as_deref())
            .unwrap_err()
            .contains("it has test, lint, deploy:staging")
    );
    let new = plan("1.0.34", name, jobs("1.0.34").await.as_deref()).unwrap();
    assert!(matches!(new.action, CiAction::NewPipeline { .. }));
    assert!(fake.requests("gitlab").iter().all(|one| one.method == "GET"), "a plan changes nothing");
}

#[tokio::test]
async fn a_token_that_only_reads_plans_nothing_and_is_refused_in_words() {
    let fake = FakeApis::public(&[]);
    let settings = settings(&fake.url("gitlab"));
    let read_only = || GitLab::new(&settings, token("glpat-qd-ro"));
    let mut watch = Watch::new(read_only(), &ALL, expected().1);
    watch.round(|_| ()).await;
    let delivery = watch.delivery();
    assert!(delivery.read_only().unwrap().contains("only has read_api"));
    let token = delivery.token.as_ref();
    assert!(ci_plan::roll_back(token, shop(delivery), "production").unwrap_err().contains("read_api"));
    assert!(ci_plan::create_tag(token, shop(delivery), None, None, None).is_err());
    let error = read_only().act(&CiAction::CancelJob { project: SHOP.to_owned(), job: 5140 }).await.unwrap_err();
    assert_eq!((error.kind, error.maybe_done), (ApiErrorKind::Forbidden, false));
    assert!(error.message.contains("requires higher privileges"), "{error}");
}

#[tokio::test]
async fn a_change_is_never_sent_again_and_what_came_of_it_is_looked_for() {
    // The fake's clock stands still: what it does was done after this, however long it took to start.
    let now = Utc::now();
    let fake = FakeApis::public(&["--job-seconds", "60", "--now", &now.to_rfc3339()]);
    let client = client(&fake);
    let sent = now - TimeDelta::seconds(5);
    let shop = || SHOP.to_owned();
    let actions = [
        CiAction::RetryJob { project: shop(), job: 5136 },
        CiAction::CancelJob { project: shop(), job: 5140 },
        CiAction::NewPipeline { project: shop(), git_ref: "1.0.33".to_owned(), variables: vec![] },
        CiAction::CreateTag { project: shop(), name: "2.0".to_owned(), git_ref: "main".to_owned(), message: None },
        CiAction::PlayJob { project: shop(), job: 5090 },
        CiAction::CloseIncident { project: shop(), number: 2 },
    ];
    // The manual job's number is the fixtures' own.
    let manual = client.jobs(SHOP, 1022).await.unwrap().into_iter().find(|job| job.status.is_manual()).unwrap().id;
    for mut action in actions {
        if let CiAction::PlayJob { job, .. } = &mut action {
            *job = manual;
        }
        if !matches!(action, CiAction::CloseIncident { .. }) {
            assert_eq!(client.was_done(&action, sent).await.unwrap(), None, "{action:?}");
        }
        let before = changes(&fake).len();
        // It fails before anything was done; then it is done, and the answer is cut off.
        fake.control(&json!({ "fail": 1 }));
        let error = client.act(&action).await.unwrap_err();
        assert!(error.maybe_done && error.kind == ApiErrorKind::Failing, "{error}");
        fake.control(&json!({ "fail": 0, "truncate": 1 }));
        let error = client.act(&action).await.unwrap_err();
        assert!(error.maybe_done && error.remedy().contains("look at GitLab"), "{error}");
        fake.control(&json!({ "truncate": 0 }));
        assert_eq!(changes(&fake).len(), before + 2, "each is sent once");
        if !matches!(action, CiAction::CloseIncident { .. }) {
            assert!(client.was_done(&action, sent).await.unwrap().is_some(), "{action:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_says_nothing_leaves_it_open_whether_it_was_done() {
    let server = Server::start(|_, _| answer(201, &[], "[]"));
    let action = CiAction::RetryPipeline { project: SHOP.to_owned(), pipeline: 7 };
    let error = hasty(&settings(&server.origin)).act(&action).await.unwrap_err();
    assert!(error.maybe_done && error.kind == ApiErrorKind::Garbage, "{error}");
    assert_eq!(server.seen().len(), 1);
    assert_eq!(server.seen()[0].line, "POST /api/v4/projects/acme%2Fshop/pipelines/7/retry");
}
