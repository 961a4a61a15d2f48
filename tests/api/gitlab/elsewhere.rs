//! Other companies: more than a page of everything, other names, other ways to write versions, servers that are set up
//! badly, and as little in each answer as GitLab's own schemas allow.

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use quarterdeck::domain::delivery::{Delivery, Part};
use quarterdeck::domain::deployment::{Deployment, DeploymentKind};
use quarterdeck::domain::hosted::{GitLabProject, GitLabSettings};
use quarterdeck::integrations::gitlab::{GitLab, Watch};
use quarterdeck::integrations::http::ApiOptions;
use serde_json::{Value, json};

use super::{ALL, TOKEN, hasty, project, settings};
use crate::http::token;
use crate::support::fake_apis::FakeApis;
use crate::support::http_server::{Server, answer};
use crate::support::schema::Schemas;

async fn watched(settings: &GitLabSettings, parts: &[Part]) -> Delivery {
    let mut watch = Watch::new(hasty(settings), parts, Utc::now());
    watch.round(|_| ()).await;
    watch.delivery().clone()
}

/// A project deep in groups, with two regions that are one environment here and a review app that hides a command for the
/// terminal in its name; 260 deployments, every third one failed, the last of the first region a rollback.
fn another_company(now: DateTime<Utc>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let of = folder.path().join("gitlab");
    std::fs::create_dir(&of).unwrap();
    let environments = ["prod/eu-west", "prod/us-east", "review/\u{1b}[31mx\u{202e}"];
    let place = |i: usize| json!({ "id": 900 + i, "name": environments[i], "slug": "x", "external_url": null, "state": "available" });
    let deployment = |i: i64| {
        // Regions take turns; versions rise, and the last goes back to the one before.
        let version = if i == 258 { 126 } else { i / 2 };
        let (git_ref, at) = match i {
            259 => ("feature/\u{1b}]0;x\u{7}".to_owned(), 2),
            _ => (format!("shop-v2.{version}"), (i % 2) as usize),
        };
        let time = (now - TimeDelta::minutes(600 - i)).to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        json!({
            "id": 5000 + i, "iid": i, "ref": git_ref, "sha": format!("{version:040x}"), "created_at": time, "updated_at": time,
            "finished_at": time, "user": null, "environment": place(at), "deployable": null,
            "status": if i % 3 == 0 && i < 250 { "failed" } else { "success" },
        })
    };
    let all: Vec<Value> = (0..260).rev().map(deployment).collect();
    let environments: Vec<Value> = (0..3)
        .map(|i| {
            let mut environment = place(i);
            for (key, value) in [("tier", json!("production")), ("created_at", json!("x")), ("updated_at", json!("x"))]
            {
                environment[key] = value;
            }
            environment
        })
        .collect();
    let tags: Vec<Value> = (0..130)
        .rev()
        .map(|i| json!({ "name": format!("shop-v2.{i}"), "message": null, "target": "x", "release": null, "commit": { "id": "a", "title": "t\u{9b}2J" } }))
        .collect();
    let home = json!({ "id": 7, "path_with_namespace": "acme/apps/eu/shop", "default_branch": "trunk", "web_url": "javascript:alert(1)" });
    for (name, value) in [
        ("project", home),
        ("deployments", json!(all)),
        ("environments", json!(environments)),
        ("tags", json!(tags)),
        ("users", json!([{ "id": 1, "username": "a" }])),
    ] {
        std::fs::write(of.join(format!("{name}.json")), value.to_string()).unwrap();
    }
    folder
}

#[tokio::test]
async fn another_companys_pages_regions_and_hostile_names_come_out_right_too() {
    let now = Utc::now();
    let company = another_company(now);
    for faults in [&[][..], &["--fail-rate", "0.3", "--garbage", "0.2", "--seed", "9"]] {
        let fake = FakeApis::of(company.path(), faults);
        let of = GitLabProject {
            environments: [("prod/eu-west", "production"), ("prod/us-east", "production")]
                .map(|(theirs, ours)| (theirs.to_owned(), ours.to_owned()))
                .into(),
            ..project("acme/apps/eu/shop")
        };
        let settings = GitLabSettings { projects: vec![of], ..settings(&fake.url("gitlab")) };
        let delivery = watched(&settings, &ALL).await;
        assert_eq!(delivery.troubles().count(), 0, "{:?}", delivery.troubles().collect::<Vec<_>>());
        let [shop] = &delivery.projects[..] else { panic!("one project") };
        assert!(shop.whole_history);
        assert_eq!((shop.deployments.len(), shop.environments.len(), shop.tags.len()), (260, 3, 130));
        assert_eq!(shop.url, None, "no browser is sent there");
        assert_eq!(shop.next_version().as_deref(), Some("shop-v2.130"));
        let history: Vec<&Deployment> = shop.history("prod/eu-west").collect();
        assert_eq!(history.len(), 130);
        assert_eq!((history[0].version.as_str(), history[0].kind), ("shop-v2.126", Some(DeploymentKind::Rollback)));
        assert_eq!(history[0].previous_version.as_deref(), Some("shop-v2.128"));
        assert_eq!(history.last().unwrap().previous_version, None);
        let rollbacks = shop.deployments.iter().filter(|one| one.kind == Some(DeploymentKind::Rollback));
        assert_eq!(rollbacks.count(), 1, "in each region by what was live in that region");
        let live = delivery.live(&delivery.deployments());
        assert_eq!(live["production"]["shop"].as_deref(), Some("shop-v2.126"), "the newest of both regions");
        assert_eq!(live["review/␛[31mx\u{fffd}"]["shop"].as_deref(), Some("feature/␛]0;x␇"));
        assert!(!format!("{delivery:?}").contains('\u{1b}'));
    }
}

#[tokio::test]
async fn what_changes_later_is_taken_up_without_asking_for_everything_again() {
    let company = another_company(Utc::now());
    let fake = FakeApis::of(company.path(), &["--now", &Utc::now().to_rfc3339()]);
    let settings = GitLabSettings { projects: vec![project("acme/apps/eu/shop")], ..settings(&fake.url("gitlab")) };
    let mut watch = Watch::new(hasty(&settings), &[Part::Project, Part::Deployments], Utc::now());
    watch.round(|_| ()).await;
    let before = fake.requests("gitlab").len();
    assert_eq!(before, 1 + 3, "the project, and three pages");
    // Somebody reports a deployment.
    let body =
        json!({ "environment": "prod/us-east", "sha": "f", "ref": "shop-v3.0", "tag": true, "status": "running" });
    post(&fake.url("gitlab"), "projects/7/deployments", &body);
    watch.touched("acme/apps/eu/shop");
    watch.round(|_| ()).await;
    let shop = &watch.delivery().projects[0];
    assert_eq!((shop.deployments.len(), shop.deployments[0].version.as_str()), (261, "shop-v3.0"));
    assert_eq!(shop.deployments[0].previous_version.as_deref(), Some("shop-v2.128"));
    assert!(shop.deployments[0].finished.is_none() && shop.whole_history);
    let asked = fake.requests("gitlab").split_off(before + 1);
    assert_eq!(asked.len(), 1);
    assert!(asked[0].query.contains("order_by=updated_at") && asked[0].query.contains("updated_after="), "{asked:?}");
}

fn post(base: &str, path: &str, body: &Value) {
    use std::io::{Read, Write};
    let (host, rest) = base.trim_start_matches("http://").split_once('/').unwrap();
    let mut stream = std::net::TcpStream::connect(host).unwrap();
    let body = body.to_string();
    let head = format!(
        "POST /{rest}/api/v4/{path} HTTP/1.1\r\nhost: {host}\r\nprivate-token: {TOKEN}\r\ncontent-type: application/json\r\n"
    );
    write!(stream, "{head}connection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    assert!(said.contains(" 201 "), "{said}");
}

#[tokio::test]
async fn links_to_other_origins_are_followed_at_home_whichever_way_the_pages_are_turned() {
    let elsewhere = Server::start(|_, _| answer(200, &[], "[]"));
    let other = elsewhere.origin.clone();
    let one = |id: u64| json!({ "id": id, "name": format!("place-{id}"), "slug": "x", "state": "available" });
    let server = Server::start(move |_, request| {
        let link = |query: &str| {
            format!(
                "link: <{other}/wrong/api/v4/projects/9/environments?{query}>; rel=\"next\", <{other}/?x>; rel=\"first\""
            )
        };
        let (body, link) = match &request.line {
            line if line.contains("cursor=b") => (json!([one(3)]), String::from("x-none: 1")),
            line if line.contains("page=2") => (json!([one(2)]), link("per_page=100&cursor=b%2B1")),
            _ => (json!([one(1)]), link("per_page=100&page=2")),
        };
        answer(200, &[&link], &body.to_string())
    });
    let sub = format!("{}/git/lab", server.origin);
    let delivery = watched(&settings(&sub), &[Part::Environments]).await;
    let places: Vec<&str> = delivery.projects[0].environments.iter().map(|one| one.place.as_str()).collect();
    assert_eq!(places, ["place-1", "place-2", "place-3"]);
    assert!(elsewhere.seen().is_empty(), "the token went nowhere else");
    let lines: Vec<String> = server.seen().into_iter().map(|request| request.line).collect();
    let of = "GET /git/lab/api/v4/projects/acme%2Fshop/environments?";
    assert_eq!(
        lines,
        [format!("{of}per_page=100"), format!("{of}per_page=100&page=2"), format!("{of}per_page=100&cursor=b%2B1")]
    );
    assert!(server.seen().iter().all(|request| request.header("private-token") == Some(TOKEN)));
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_its_words_do_not_hold_the_token() {
    let elsewhere = Server::start(|_, _| answer(200, &[], "{}"));
    let location = format!("location: {}/?t={TOKEN}", elsewhere.origin);
    let server = Server::start(move |_, _| answer(302, &[&location], &format!("<a>{TOKEN}</a>")));
    let delivery = watched(&settings(&server.origin), &ALL).await;
    let troubles = format!("{:?}", delivery.troubles().collect::<Vec<_>>());
    assert!(troubles.contains("redirects elsewhere") && !troubles.contains(TOKEN), "{troubles}");
    assert!(elsewhere.seen().is_empty());
    assert!(server.seen().len() <= 2, "and nothing more was asked");
}

#[tokio::test]
async fn a_project_that_is_not_there_costs_only_itself_and_a_part_that_is_refused_only_that_part() {
    let fake = FakeApis::public(&[]);
    fake.control(&json!({ "force": [
        { "match": "/releases", "status": 403, "times": 99, "body": { "message": "403 Forbidden" } },
        { "match": "/repository/tags", "status": 502, "times": 99, "body": "<html>" },
    ] }));
    let projects = vec![project("acme/gone"), project("acme/shop")];
    let settings = GitLabSettings { projects, ..settings(&fake.url("gitlab")) };
    let options = ApiOptions { tries: 3, pause: Duration::from_millis(5), ..GitLab::options(&settings, token(TOKEN)) };
    let mut watch = Watch::new(GitLab::with(&settings, options), &ALL, Utc::now());
    watch.round(|_| ()).await;
    let delivery = watch.delivery().clone();
    let troubles: Vec<(&str, Part)> =
        delivery.troubles().map(|(project, part, _)| (project.map_or("", |one| one.path.as_str()), part)).collect();
    assert_eq!(troubles, [("acme/gone", Part::Project), ("acme/shop", Part::Tags), ("acme/shop", Part::Releases)]);
    let shop = &delivery.projects[1];
    assert_eq!((shop.deployments.len(), shop.merge_requests.len(), shop.tags.len()), (73, 34, 0));
    assert!(shop.trouble[&Part::Releases].error.to_string().contains("the token may not do this (403: 403 Forbidden)"));
    let asked = |what: &str| fake.requests("gitlab").iter().filter(|request| request.path.contains(what)).count();
    assert_eq!((asked("gone"), asked("/releases")), (1, 1), "what is refused is not asked for again at once");
}

#[tokio::test]
async fn what_lies_between_two_versions_is_commits_requests_and_files() {
    let fake = FakeApis::public(&[]);
    let client = hasty(&settings(&fake.url("gitlab")));
    let shop = &client.projects()[0].clone();
    let between = client.compare(shop, "1.0.31", "1.0.32").await.unwrap();
    let titles: Vec<&str> = between.commits.iter().map(|one| one.title.as_str()).collect();
    assert_eq!(titles, ["Intermediate commit", "日本語の領収書を追加 (!132)"]);
    assert_eq!(between.merge_requests.iter().map(|one| one.number).collect::<Vec<_>>(), [132]);
    assert_eq!((between.files.as_slice(), between.complete), (&["Cargo.toml".to_owned()][..], true));
    let brought = client.brought(shop, "369").await.unwrap();
    assert_eq!(brought.iter().map(|one| one.number).collect::<Vec<_>>(), [132]);
    let error = client.compare(shop, "1.0.31", "no-such").await.unwrap_err();
    assert!(error.message.contains("404 Ref Not Found"), "{error}");
    assert_eq!(client.memberships(50).await.unwrap(), ["acme/shop"]);
}

/// As little as GitLab's own schemas allow.
#[tokio::test]
async fn the_least_that_gitlab_may_say_is_understood() {
    let schemas = Schemas::folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/specs/gitlab"));
    let user = json!({ "id": 1, "state": "active", "avatar_url": "x", "web_url": "x" });
    let pipeline = json!({ "id": 1, "sha": "a", "ref": "b", "status": "a status of next year" });
    let job = json!({
        "id": 1, "status": "s", "stage": "t", "name": "n", "ref": "r", "tag": false, "coverage": null, "created_at": "not a time",
        "started_at": null, "finished_at": null, "erased_at": null, "duration": null, "queued_duration": null, "user": user,
        "commit": null, "pipeline": pipeline, "web_url": "ftp://x", "artifacts": [], "artifacts_expire_at": null,
        "tag_list": [], "runner": null, "project": {}, "archived": false,
    });
    let deployment = |deployable: Value| json!({ "id": 1, "iid": 1, "ref": "r", "sha": "a", "created_at": "never", "updated_at": "x", "user": null, "deployable": deployable, "status": "new" });
    let mut placed = deployment(job.clone());
    placed["environment"] = json!({ "id": 3, "name": "prod" });
    let environment = json!({ "id": 1, "name": "n", "slug": "s", "tier": "other", "external_url": null, "state": "s", "created_at": "x", "updated_at": "x" });
    let tag = json!({ "name": "n", "message": null, "commit": { "id": "a", "short_id": "a", "created_at": "x", "parent_ids": [], "title": "t",
        "message": "m", "author_name": "a", "author_email": "e", "authored_date": "x", "committer_name": "c", "committer_email": "e",
        "committed_date": "x", "web_url": "x" }, "release": null });
    for (name, value) in [
        ("deployment.json", deployment(Value::Null)),
        ("deployment.json", placed.clone()),
        ("job.json", job.clone()),
        ("pipeline_basic.json", pipeline.clone()),
        ("environment.json", environment.clone()),
        ("tag.json", tag.clone()),
    ] {
        assert_eq!(schemas.faults(name, &value), Vec::<String>::new(), "{name}");
    }
    let server = Server::start(move |_, request| {
        let path = request.line.split(['?', ' ']).nth(1).unwrap().rsplit('/').next().unwrap();
        let body = match path {
            "deployments" => json!([deployment(Value::Null), placed]),
            "jobs" => json!([job]),
            "pipelines" => json!([pipeline]),
            "environments" => json!([environment]),
            "tags" => json!([tag]),
            _ => json!([]),
        };
        answer(200, &[], &body.to_string())
    });
    let parts = [Part::Environments, Part::Deployments, Part::Pipelines, Part::Tags];
    let delivery = watched(&settings(&server.origin), &parts).await;
    assert_eq!(delivery.troubles().count(), 0, "{:?}", delivery.troubles().collect::<Vec<_>>());
    let [project] = &delivery.projects[..] else { panic!("one project") };
    let [one] = &project.deployments[..] else { panic!("what was put nowhere is no deployment") };
    assert_eq!((one.status, one.created, one.by.as_deref(), one.url.as_deref()), (None, None, None, None));
    assert_eq!((project.pipelines.len(), project.environments.len(), project.tags.len()), (1, 1, 1));
    assert_eq!(hasty(&settings(&server.origin)).jobs("acme/shop", 1).await.unwrap().len(), 1);
}
