//! `expected.json`, over HTTP.

use chrono::{DateTime, TimeDelta, Utc};
use quarterdeck::domain::delivery::Delivery;
use quarterdeck::domain::deployment::{self, Deployment, DeploymentKind, DeploymentStatus};
use serde_json::{Value, json};

use super::{everything, expected};
use crate::support::fake_apis::FakeApis;

fn row(one: &Deployment) -> Value {
    let time = |time: DateTime<Utc>| time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let job = one.job.is_some();
    let lasted = one.started.zip(one.finished).filter(|_| job).map(|(start, end)| (end - start).num_seconds());
    json!({
        "deployment_id": one.id.parse::<u64>().unwrap(),
        "environment": one.environment,
        "version": one.version,
        "sha": one.sha,
        "status": one.status.unwrap().as_str(),
        "by": one.by,
        "created_at": one.created.map(time),
        "duration_seconds": lasted,
        "kind": one.kind.unwrap().as_str(),
        "job_id": one.job,
        "pipeline_id": one.pipeline,
        "previous_version": one.previous_version,
    })
}

/// The figures of `expected.json`, worked out from a snapshot.
fn figures(delivery: &Delivery, now: DateTime<Utc>) -> Value {
    let [project] = &delivery.projects[..] else { panic!("one project") };
    let all = delivery.deployments();
    let production: Vec<&Deployment> = project.history("production").collect();
    let since = |one: &&&Deployment, days| one.created.is_some_and(|at| at > now - TimeDelta::days(days));
    let count = |status, days| {
        production.iter().filter(|one| one.status == Some(status)).filter(|one| since(one, days)).count()
    };
    let counts = deployment::by_status(&all);
    let counts: serde_json::Map<String, Value> =
        counts.into_iter().map(|(status, count)| (status.as_str().to_owned(), count.into())).collect();
    let rollbacks = all.iter().filter(|one| one.kind == Some(DeploymentKind::Rollback));
    let live = delivery.live(&all);
    let live: serde_json::Map<String, Value> =
        live.iter().map(|(environment, services)| (environment.clone(), json!(services["shop"]))).collect();
    json!({
        "project": project.path,
        "current_version": live,
        "deploying_now": project.deploying().map(|one| &one.version).collect::<Vec<_>>(),
        "next_version_tag": project.next_version(),
        "production_history_newest_first": production.iter().map(|one| row(one)).collect::<Vec<_>>(),
        "staging_count": project.history("staging").count(),
        "counts_by_status": counts,
        "rollbacks": rollbacks.map(|one| one.id.parse::<u64>().unwrap()).collect::<Vec<_>>(),
        "deploys_7d": count(DeploymentStatus::Success, 7),
        "failed_30d": count(DeploymentStatus::Failed, 30),
        "awaiting_manual": project.waiting().map(|one| json!({ "pipeline_id": one.id, "version": one.git_ref })).collect::<Vec<_>>(),
        "open_incidents": project.incidents.iter().filter(|one| one.is_open).map(|one| one.number).collect::<Vec<_>>(),
    })
}

pub fn assert_figures(delivery: &Delivery) {
    let (expected, now) = expected();
    let figures = figures(delivery, now);
    let figures = figures.as_object().unwrap();
    // Besides these there are only the time, the project's number and the rules.
    assert_eq!(expected.as_object().unwrap().len(), figures.len() + 3);
    for (name, figure) in figures {
        assert_eq!(*figure, expected[name], "{name}");
    }
}

#[tokio::test]
async fn every_figure_comes_out_as_somebody_else_worked_it_out() {
    let fake = FakeApis::public(&[]);
    let delivery = everything(&fake).await;
    assert_figures(&delivery);
    let [project] = &delivery.projects[..] else { panic!("one project") };
    assert!(project.whole_history);
    assert_eq!((project.tags.len(), project.releases.len(), project.merge_requests.len()), (34, 22, 34));
    assert_eq!(project.running().map(|one| one.id).collect::<Vec<_>>(), [1034]);
    assert_eq!(project.default_branch.as_deref(), Some("main"));
    let stopped: Vec<&str> =
        project.environments.iter().filter(|one| one.stopped).map(|one| one.place.as_str()).collect();
    assert_eq!(stopped, ["review/feature-x"]);
    assert_eq!(project.tags[0].title, "日本語の領収書を追加 (!133)");
    let reported = project.history("production").next().unwrap();
    assert_eq!(reported.url.as_deref(), Some("https://gitlab.example.test/acme/shop/-/environments/9"));
    let token = delivery.token.as_ref().unwrap();
    assert_eq!((token.may_act(), token.days_left(expected().1)), (true, Some(9)));
    assert_eq!(delivery.read_only(), None);
    // A page of each, the history in one, the token: nothing is asked twice.
    assert_eq!(fake.requests("gitlab").len(), 10, "{:#?}", fake.requests("gitlab"));
}

#[tokio::test]
async fn with_a_third_of_the_answers_bad_it_is_later_and_not_wrong() {
    for seed in ["3", "7", "11"] {
        let bad = ["--fail-rate", "0.3", "--garbage", "0.15", "--truncate", "0.15", "--seed", seed];
        let fake = FakeApis::public(&bad);
        assert_figures(&everything(&fake).await);
        let spoilt = fake.requests("gitlab").iter().filter(|request| request.mode.is_some()).count();
        assert!(spoilt > 3, "the faults were there: {spoilt}");
    }
}

#[tokio::test]
async fn under_a_rate_limit_it_waits_and_is_never_refused() {
    // Told in each answer how many are left, the limit is never run into.
    let fake = FakeApis::public(&["--rate-limit", "4", "--rate-window", "1"]);
    assert_figures(&everything(&fake).await);
    let refused = fake.requests("gitlab").iter().filter(|request| request.status == 429).count();
    assert_eq!(refused, 0);
}

#[tokio::test]
async fn what_is_asked_is_within_the_documented_budget_and_changes_nothing() {
    let fake = FakeApis::public(&[]);
    everything(&fake).await;
    let asked = fake.requests("gitlab");
    assert!(asked.iter().all(|request| request.method == "GET" && request.auth));
    assert!(asked.iter().all(|request| request.status == 200), "nothing that GitLab refuses is asked");
}
