//! StatusCake against its stand-in: the figures that somebody else worked out, under faults, within the budget.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use quarterdeck::domain::alert::{Alert, AlertState, Severity};
use quarterdeck::domain::api_error::ApiErrorKind;
use quarterdeck::domain::hosted::{CheckOwner, StatusCakeSettings, TokenState};
use quarterdeck::domain::monitor::{MonitorState, is_flapping, outages};
use quarterdeck::domain::outside::{Feed, Outside};
use quarterdeck::integrations::http::{ApiOptions, Limit};
use quarterdeck::integrations::statuscake::alerts::alerts;
use quarterdeck::integrations::statuscake::{NewWindow, StatusCake, Watch};
use serde_json::{Value, json};

use crate::http::token;
use crate::support::fake_apis::{FakeApis, Recorded, busiest};

const FEEDS: [Feed; 8] = [
    Feed::Checks,
    Feed::Events,
    Feed::Heartbeats,
    Feed::Windows,
    Feed::Certificates,
    Feed::PageSpeeds,
    Feed::ContactGroups,
    Feed::Responses,
];

fn settings(fake: &FakeApis) -> StatusCakeSettings {
    let base = format!("{}/v1", fake.url("statuscake"));
    StatusCakeSettings { base, token: None, tags: vec![], owners: vec![] }
}

/// A client in a hurry: the budget's rules are tried where they are the matter.
fn hasty(settings: &StatusCakeSettings) -> StatusCake {
    let pause = Duration::from_millis(5);
    let options = ApiOptions { pause, tries: 12, ..ApiOptions::new("StatusCake", &settings.base, token("sc-qd")) };
    StatusCake::with(settings, options)
}

fn expected() -> (Value, DateTime<Utc>) {
    let text = include_str!("fixtures/public/statuscake/expected.json");
    let expected: Value = serde_json::from_str(text).unwrap();
    let now = time(&expected["now"]);
    (expected, now)
}

fn time(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

/// Everything, asked until nothing is due; what failed is asked again.
async fn everything(client: StatusCake, feeds: &[Feed], now: DateTime<Utc>) -> Outside {
    let mut watch = Watch::new(client, feeds, now);
    watch.round(|_, _| ()).await;
    assert!(watch.outside().trouble.is_empty(), "{:?}", watch.outside().trouble);
    watch.outside().clone()
}

/// The figures of `expected.json`, worked out from a snapshot.
fn figures(snapshot: &Outside, now: DateTime<Utc>) -> Value {
    let named = |state| -> Vec<&str> {
        snapshot.checks.iter().filter(|check| check.state == state).map(|check| check.name.as_str()).collect()
    };
    let mut feed = Vec::new();
    for check in &snapshot.checks {
        for outage in outages(&snapshot.events[&check.id], now) {
            let code = outage.code.unwrap();
            let length = outage.length(now).as_secs();
            let mut down = json!({ "check": check.name, "id": check.id, "event": "down", "status_code": code });
            match outage.ended {
                None => down["ongoing_seconds"] = length.into(),
                Some(ended) => feed.push((
                    ended,
                    json!({ "check": check.name, "id": check.id, "event": "up", "status_code": 200, "outage_seconds": length }),
                )),
            }
            feed.push((outage.began, down));
        }
    }
    feed.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let day = feed.iter().filter(|(at, _)| *at > now - TimeDelta::hours(24)).count();
    let feed: Vec<Value> = feed
        .into_iter()
        .map(|(at, mut entry)| {
            entry["at"] = at.to_rfc3339().into();
            entry
        })
        .collect();
    let flapping = snapshot.checks.iter().filter(|check| is_flapping(&snapshot.events[&check.id], now));
    let certificates = |wanted: &dyn Fn(&quarterdeck::domain::monitor::Certificate) -> bool| -> Vec<&str> {
        snapshot.certificates.iter().filter(|one| wanted(one)).map(|one| one.url.as_str()).collect()
    };
    json!({
        "total": snapshot.checks.len(),
        "down": named(MonitorState::Down),
        "paused": named(MonitorState::Paused),
        "alert_feed_newest_first": feed,
        "alerts_24h": day,
        "flapping": flapping.map(|check| check.name.as_str()).collect::<Vec<_>>(),
        "ssl_expiring_within_30d": certificates(&|one| one.expires_within(30, now)),
        "ssl_expired_or_broken": certificates(&|one| one.is_bad(now)),
        "heartbeats_down": snapshot.heartbeats.iter().filter(|one| one.state == MonitorState::Down).map(|one| one.name.as_str()).collect::<Vec<_>>(),
    })
}

fn assert_figures(snapshot: &Outside) {
    let (expected, now) = expected();
    for (name, figure) in figures(snapshot, now).as_object().unwrap() {
        assert_eq!(*figure, expected[name], "{name}");
    }
}

#[tokio::test]
async fn every_figure_comes_out_as_somebody_else_worked_it_out() {
    let fake = FakeApis::public(&[]);
    let (_, now) = expected();
    let snapshot = everything(hasty(&settings(&fake)), &FEEDS, now).await;
    assert_figures(&snapshot);
    assert_eq!(snapshot.page_speeds[0].latest.unwrap().millis, 1850);
    assert_eq!(snapshot.contact_groups[0].name, "On call");
    assert_eq!(snapshot.windows[0].name, "Weekly DB");
    let checkout = snapshot.checks.iter().find(|check| check.name == "Checkout").unwrap();
    assert_eq!((checkout.uptime_pct, checkout.every), (Some(94.71), Duration::from_secs(300)));
    assert_eq!(snapshot.responses[&checkout.id][0].millis, Some(682));
    let heartbeats = format!("{:?}", snapshot.heartbeats);
    assert!(!heartbeats.contains("PK=") && !heartbeats.contains("push."), "where heartbeats report to is a secret");
}

#[tokio::test]
async fn with_a_third_of_the_answers_bad_it_is_later_and_not_wrong() {
    let bad = ["--fail-rate", "0.3", "--garbage", "0.15", "--truncate", "0.15", "--seed", "7"];
    let fake = FakeApis::public(&bad);
    let (_, now) = expected();
    assert_figures(&everything(hasty(&settings(&fake)), &FEEDS, now).await);
    let spoilt = fake.requests("statuscake").iter().filter(|request| request.mode.is_some()).count();
    assert!(spoilt > 10, "the faults were there: {spoilt}");
}

#[tokio::test]
async fn under_a_rate_limit_it_waits_and_is_never_refused() {
    // Told in each answer how many are left, the limit is never run into.
    let fake = FakeApis::public(&["--rate-limit", "25", "--rate-window", "2"]);
    let (_, now) = expected();
    assert_figures(&everything(hasty(&settings(&fake)), &FEEDS[..6], now).await);
    let refused = fake.requests("statuscake").iter().filter(|request| request.status == 429).count();
    assert_eq!(refused, 0);
}

#[tokio::test]
async fn the_documented_budget_is_kept_and_changes_count_too() {
    let fake = FakeApis::public(&[]);
    let client = StatusCake::new(&settings(&fake), token("sc-qd"));
    let mut watch = Watch::new(client, &FEEDS[..6], expected().1);
    watch.round(|_, _| ()).await;
    let asked = fake.requests("statuscake");
    assert!(asked.len() >= 38, "{} requests", asked.len());
    assert!(busiest(&asked, 1.0) <= 5, "{} in a second", busiest(&asked, 1.0));
    assert!(busiest(&asked, 60.0) <= 60);
    assert!(asked.iter().all(|request| request.method == "GET" && request.auth));
    // The next round is the list alone.
    assert!(watch.idle() > Duration::from_secs(30));
}

#[tokio::test]
async fn alerts_are_pages_and_tickets_and_what_has_ended_in_a_day() {
    let fake = FakeApis::public(&[]);
    let (_, now) = expected();
    let snapshot = everything(hasty(&settings(&fake)), &FEEDS[..6], now).await;
    let owner = |service: &str, patterns: &[&str]| CheckOwner {
        service: service.to_owned(),
        environment: "production".to_owned(),
        patterns: patterns.iter().map(|pattern| (*pattern).to_owned()).collect(),
    };
    let owners = [owner("shop", &["Check*"]), owner("api", &["6006"]), owner("tenants", &["tag:tenant", "Tenant *"])];
    let all = alerts(&snapshot, &owners, now);
    let firing = |severity| -> Vec<&str> {
        let firing = |alert: &&Alert| alert.state == AlertState::Firing && alert.severity == severity;
        all.iter().filter(firing).map(|alert| alert.title.as_str()).collect()
    };
    assert_eq!(
        firing(Severity::Page),
        [
            "Checkout down (504)",
            "Tenant 05 down (504)",
            "certificate of https://old.example.test has expired",
            "certificate of https://api.example.test ends in 6 d",
        ]
    );
    assert_eq!(
        firing(Severity::Ticket),
        ["certificate of https://admin.example.test ends in 29 d", "no heartbeat from nightly-backup db1"]
    );
    let ended: Vec<&Alert> = all.iter().filter(|alert| alert.state == AlertState::Resolved).collect();
    assert_eq!(ended.len(), 4);
    assert!(ended.iter().all(|alert| alert.flapping && alert.service.as_deref() == Some("api")));
    let ids: BTreeSet<&str> = all.iter().map(|alert| alert.id.as_str()).collect();
    assert_eq!(ids.len(), all.len(), "each has an identity of its own");
    let (first, checkout) = (&ended[0], &all[0]);
    assert_eq!(first.id, "statuscake:uptime:6006");
    assert_eq!(checkout.service.as_deref(), Some("shop"));
    assert_eq!(checkout.since, Some("2026-03-18T14:07:00Z".parse().unwrap()));
    assert_eq!((checkout.ended, checkout.value), (None, Some(504.0)));

    // As of an earlier moment, what was firing then fires.
    let then = "2026-03-18T09:27:00Z".parse().unwrap();
    let earlier = alerts(&snapshot, &owners, then);
    let down: Vec<&str> = earlier
        .iter()
        .filter(|alert| alert.rule == "uptime" && alert.state == AlertState::Firing)
        .map(|alert| alert.title.as_str())
        .collect();
    assert_eq!(down, ["API /health down (502)", "Tenant 05 down (504)"]);
}

#[tokio::test]
async fn only_checks_of_the_configured_tags_are_asked_for() {
    let fake = FakeApis::public(&[]);
    let tagged = StatusCakeSettings { tags: vec!["core".to_owned(), "nothing".to_owned()], ..settings(&fake) };
    let checks = hasty(&tagged).checks().await.unwrap();
    assert!(!checks.is_empty() && checks.iter().all(|check| check.tags.contains(&"core".to_owned())));
    assert!(fake.requests("statuscake")[0].query.starts_with("tags=core%2Cnothing&matchany&"));
    assert_eq!(hasty(&tagged).heartbeats().await.unwrap(), []);
}

#[tokio::test]
async fn a_check_is_paused_and_a_window_opened_and_closed_with_one_request_each() {
    let fake = FakeApis::public(&[]);
    let client = hasty(&settings(&fake));
    client.set_paused("6003", true).await.unwrap();
    let checks = client.checks().await.unwrap();
    let checkout = checks.iter().find(|check| check.id == "6003").unwrap();
    assert_eq!(checkout.state, MonitorState::Paused, "paused is not down, whatever it was");
    client.set_paused("6003", false).await.unwrap();
    let (_, now) = expected();
    let window = NewWindow {
        name: "deploy api & shop".to_owned(),
        start: now,
        end: now + TimeDelta::minutes(15),
        checks: vec!["6003".to_owned(), "6006".to_owned()],
        tags: vec![],
    };
    let id = client.open_window(&window).await.unwrap();
    let open = client.maintenance_windows().await.unwrap();
    let made = open.iter().find(|window| window.id == id).unwrap();
    assert_eq!((made.name.as_str(), made.state.as_str()), ("deploy api & shop", "active"));
    assert_eq!(made.checks, ["6003", "6006"]);
    let mut snapshot = everything(hasty(&settings(&fake)), &FEEDS[..6], now).await;
    let silenced = |snapshot: &Outside| alerts(snapshot, &[], now)[0].silenced;
    assert!(silenced(&snapshot), "nobody is told of what is in a window");
    client.close_window(&id).await.unwrap();
    snapshot.windows = client.maintenance_windows().await.unwrap();
    assert!(!silenced(&snapshot));
    let changes = fake.requests("statuscake").into_iter().filter(|request| request.method != "GET");
    let methods: Vec<String> = changes.map(|request: Recorded| request.method).collect();
    assert_eq!(methods, ["PUT", "PUT", "POST", "DELETE"]);
    let error = client.open_window(&NewWindow { checks: vec![], ..window }).await.unwrap_err();
    assert_eq!((error.kind, error.maybe_done), (ApiErrorKind::Rejected, false));
    assert!(error.message.contains("at least one of tests and tags"), "{error}");
}

#[tokio::test]
async fn a_change_is_not_sent_again_when_its_answer_is_bad() {
    let fake = FakeApis::public(&["--fail-rate", "1"]);
    let error = hasty(&settings(&fake)).set_paused("6003", true).await.unwrap_err();
    assert!(error.maybe_done);
    assert_eq!(fake.requests("statuscake").len(), 1);
}

#[tokio::test]
async fn a_bad_token_is_said_once_and_no_more_is_asked() {
    let fake = FakeApis::public(&[]);
    let wrong = || ApiOptions {
        limits: vec![Limit::new(5, 1)],
        ..ApiOptions::new("StatusCake", settings(&fake).base, token("sc-wrong-token"))
    };
    let findings = StatusCake::with(&settings(&fake), wrong()).check().await;
    assert_eq!((findings.len(), findings[0].state), (1, TokenState::Failed));
    let mut watch = Watch::new(StatusCake::with(&settings(&fake), wrong()), &FEEDS, expected().1);
    watch.round(|_, _| ()).await;
    let trouble = &watch.outside().trouble[&Feed::Checks];
    assert_eq!(trouble.error.kind, ApiErrorKind::Unauthorized);
    assert!(!format!("{trouble:?} {findings:?}").contains("sc-wrong-token"));
    assert_eq!(fake.requests("statuscake").len(), 2);
}

#[tokio::test]
async fn what_cannot_be_had_leaves_the_rest_as_it_is() {
    let fake = FakeApis::public(&[]);
    let (_, now) = expected();
    fake.control(&json!({ "force": [{ "match": "/statuscake/v1/(ssl|maintenance)", "status": 403, "times": 9 }] }));
    let mut watch = Watch::new(hasty(&settings(&fake)), &FEEDS[..6], now);
    watch.round(|_, _| ()).await;
    let snapshot = watch.outside();
    let failed: Vec<Feed> = snapshot.trouble.keys().copied().collect();
    assert_eq!(failed, [Feed::Windows, Feed::Certificates]);
    assert_eq!((snapshot.checks.len(), snapshot.events.len(), snapshot.heartbeats.len()), (33, 33, 4));
    assert_eq!(
        fake.requests("statuscake").iter().filter(|request| request.status == 403).count(),
        2,
        "asked once each"
    );
}

#[tokio::test]
async fn one_check_that_fails_is_said_and_does_not_hide_behind_the_others() {
    let fake = FakeApis::public(&[]);
    let (_, now) = expected();
    fake.control(&json!({ "force": [{ "match": "/uptime/6012/alerts", "status": 500, "times": 1000 }] }));
    let mut watch = Watch::new(hasty(&settings(&fake)), &FEEDS[..2], now);
    watch.round(|_, _| ()).await;
    let outside = watch.outside();
    assert_eq!(outside.events.len(), 32);
    assert_eq!(outside.trouble.keys().copied().collect::<Vec<_>>(), [Feed::Events]);
    let down = alerts(outside, &[], now);
    assert_eq!(down.iter().filter(|alert| alert.state == AlertState::Firing).count(), 2);
    // Where none is answered, not all are tried.
    let fake = FakeApis::public(&[]);
    fake.control(&json!({ "force": [{ "match": "/alerts", "status": 500, "times": 1000 }] }));
    let options = ApiOptions {
        pause: Duration::from_millis(1),
        tries: 2,
        ..ApiOptions::new("StatusCake", settings(&fake).base, token("sc-qd"))
    };
    let mut watch = Watch::new(StatusCake::with(&settings(&fake), options), &FEEDS[..2], now);
    watch.round(|_, _| ()).await;
    assert!(fake.requests("statuscake").len() < 50, "{}", fake.requests("statuscake").len());
    assert_eq!(alerts(watch.outside(), &[], now)[0].since, None, "down, and since when is not known");
}

/// Another company: more checks than a page holds, one that comes and goes more often than a page holds, names that
/// would like to be commands of a terminal, and a paused check that was down.
fn another_company(now: DateTime<Utc>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let of = folder.path().join("statuscake");
    std::fs::create_dir(&of).unwrap();
    let check = |i: u32| {
        json!({
            "id": format!("{i}"), "name": format!("\u{1b}]0;x\u{7}店 {i}\u{202e}"), "website_url": format!("https://u:pw@h{i}.test/?k=s3cr3t"),
            "test_type": "TCP", "check_rate": 30, "contact_groups": [], "paused": i == 2,
            "status": if i <= 2 { "down" } else { "up" }, "tags": ["all"], "uptime": 99.0
        })
    };
    let checks: Vec<Value> = (1..=103).map(check).collect();
    let full: serde_json::Map<String, Value> =
        checks.iter().map(|check| (check["id"].as_str().unwrap().to_owned(), check.clone())).collect();
    let event = |minutes: i64, status: &str| {
        let at = (now - TimeDelta::minutes(minutes)).to_rfc3339();
        json!({ "id": format!("e{minutes}"), "status": status, "status_code": 0, "triggered_at": at })
    };
    // Newest first: down 5 minutes ago, and 119 times before, for five minutes each.
    let often: Vec<Value> = (1..240).map(|i| event(i * 5, if i % 2 == 1 { "down" } else { "up" })).collect();
    for (name, value) in [
        ("uptime", Value::Array(checks)),
        ("uptime_full", Value::Object(full)),
        ("alerts", json!({ "1": often, "2": [event(30, "down")], "3": [event(1, "up"), event(2, "down")] })),
    ] {
        std::fs::write(of.join(format!("{name}.json")), value.to_string()).unwrap();
    }
    folder
}

#[tokio::test]
async fn another_companys_many_pages_hostile_names_and_paused_checks_come_out_right_too() {
    let now = Utc::now();
    let company = another_company(now);
    let fake = FakeApis::of(company.path(), &["--now", &now.to_rfc3339()]);
    let outside = everything(hasty(&settings(&fake)), &FEEDS[..2], now).await;
    assert_eq!(outside.checks.len(), 103);
    assert_eq!(outside.events["1"].len(), 239, "more than two pages of a series");
    let all = alerts(&outside, &[], now);
    let firing: Vec<&Alert> = all.iter().filter(|alert| alert.state == AlertState::Firing).collect();
    assert_eq!(firing.len(), 1, "the paused one is not down");
    assert_eq!(firing[0].title, "␛]0;x␇店 1\u{fffd} down (no answer)");
    assert_eq!(firing[0].url.as_deref(), Some("https://h1.test"));
    let ended = |id: &str| all.iter().filter(|alert| alert.id.starts_with(id) && alert.ended.is_some()).count();
    assert_eq!((ended("statuscake:uptime:1:"), ended("statuscake:uptime:3")), (119, 1));
    assert!(!format!("{outside:?}").contains("s3cr3t") && !format!("{outside:?}").contains("pw@"));
    assert!(fake.requests("statuscake").iter().any(|request| request.query.contains("page=2")));
}
