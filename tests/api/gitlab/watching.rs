//! Keeping up: how much is asked while the hours go by, what is looked at, and since when something cannot be had.

use std::time::Duration;

use chrono::Utc;
use quarterdeck::domain::delivery::{Part, Sight};
use quarterdeck::integrations::gitlab::Watch;
use serde_json::json;

use super::{ALL, expected, hasty, settings};
use crate::support::fake_apis::FakeApis;

#[tokio::test]
async fn trouble_has_a_beginning_and_an_end_and_what_was_known_stays() {
    let fake = FakeApis::public(&[]);
    let mut watch = Watch::new(hasty(&settings(&fake.url("gitlab"))), &ALL, expected().1);
    watch.round(|_| ()).await;
    let as_of = watch.delivery().projects[0].as_of[&Part::Deployments];
    fake.control(&json!({ "force": [{ "match": "/deployments", "status": 403, "times": 2 }] }));
    let mut since = None;
    for _ in 0..2 {
        watch.touched("acme/shop");
        watch.round(|_| ()).await;
        let shop = &watch.delivery().projects[0];
        assert_eq!(shop.trouble.keys().copied().collect::<Vec<_>>(), [Part::Deployments]);
        assert_eq!((shop.deployments.len(), shop.as_of[&Part::Deployments]), (73, as_of), "stale, and as it was");
        let now = shop.trouble[&Part::Deployments].since;
        assert_eq!(*since.get_or_insert(now), now, "since it first failed");
    }
    watch.touched("acme/shop");
    watch.round(|_| ()).await;
    let shop = &watch.delivery().projects[0];
    assert!(shop.trouble.is_empty() && shop.as_of[&Part::Deployments] > as_of);
}

#[tokio::test]
async fn a_quiet_account_costs_little_and_what_nobody_looks_at_nothing() {
    let fake = FakeApis::public(&[]);
    let mut watch = Watch::new(hasty(&settings(&fake.url("gitlab"))), &ALL, expected().1);
    watch.round(|_| ()).await;
    assert!(!watch.step().await);
    let idle = watch.idle();
    assert!(idle > Duration::from_secs(10) && idle <= Duration::from_secs(15), "{idle:?}");
    // A log and jobs are asked for while they are looked at.
    let before = fake.requests("gitlab").len();
    let sight = Sight { project: "acme/shop".to_owned(), pipeline: Some(1034), job: Some(5140), ..Sight::default() };
    watch.look_at(Some(sight));
    watch.round(|_| ()).await;
    let asked = fake.requests("gitlab").split_off(before);
    assert!(asked.iter().all(|one| one.path.contains("/jobs") || one.path.contains("/pipelines/1034/")), "{asked:#?}");
    assert!(watch.idle() <= Duration::from_secs(3), "the job runs");
    let seen = watch.delivery().seen.as_ref().unwrap();
    assert!(seen.job.as_ref().unwrap().status.is_active() && seen.jobs.len() == 4 && seen.log.lines().len() > 0);
    watch.look_at(None);
    assert!(watch.delivery().seen.is_none() && watch.idle() > Duration::from_secs(5));
}

#[tokio::test]
async fn versions_are_compared_once_and_what_stays_in_sight_is_not_forgotten() {
    let fake = FakeApis::public(&[]);
    let mut watch = Watch::new(hasty(&settings(&fake.url("gitlab"))), &[Part::Token], Utc::now());
    let between = Some(("1.0.31".to_owned(), "1.0.32".to_owned()));
    let mut sight = Sight { project: "acme/shop".to_owned(), between, ..Sight::default() };
    watch.look_at(Some(sight.clone()));
    watch.round(|_| ()).await;
    let compared = || fake.requests("gitlab").iter().filter(|one| one.path.ends_with("/compare")).count();
    assert_eq!(
        (watch.delivery().seen.as_ref().unwrap().comparison.as_ref().unwrap().commits.len(), compared()),
        (2, 1)
    );
    sight.pipeline = Some(1033);
    watch.look_at(Some(sight));
    assert!(watch.delivery().seen.as_ref().unwrap().comparison.is_some());
    // One that is refused is told, and nothing else is.
    watch.look_at(Some(Sight {
        project: "acme/shop".to_owned(),
        between: Some(("no".to_owned(), "such".to_owned())),
        ..Sight::default()
    }));
    watch.round(|_| ()).await;
    let shop = &watch.delivery().projects[0];
    assert!(shop.trouble[&Part::Comparison].error.message.contains("404 Ref Not Found"));
    watch.look_at(None);
    assert!(watch.delivery().projects[0].trouble.is_empty(), "what nobody looks at is no trouble");
}

#[tokio::test]
async fn a_step_that_is_given_up_is_asked_again() {
    let fake = FakeApis::public(&["--latency", "0.3"]);
    let mut watch = Watch::new(hasty(&settings(&fake.url("gitlab"))), &[Part::Deployments], expected().1);
    let dropped = tokio::time::timeout(Duration::from_millis(50), watch.step()).await;
    assert!(dropped.is_err() && watch.idle() == Duration::ZERO);
    assert!(watch.step().await);
    assert_eq!(watch.delivery().projects[0].deployments.len(), 73);
    assert!(!watch.step().await && watch.idle() > Duration::from_secs(10));
}
