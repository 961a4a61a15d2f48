//! After the first walk, what happens is taken in by the feed of events, and by nothing else.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use quarterdeck::domain::business;
use quarterdeck::domain::counter::Window;
use quarterdeck::integrations::http::ApiOptions;
use quarterdeck::integrations::stripe::account::Account;
use quarterdeck::integrations::stripe::feed::keep;
use serde_json::json;
use tokio::sync::{Notify, watch};

use super::http::quick;
use super::ledger::{Ledger, Objects, balance, charge, customer, subscription};

fn now() -> DateTime<Utc> {
    "2026-03-18T14:30:00Z".parse().unwrap()
}

fn ledger() -> Ledger {
    ledger_of(now())
}

fn ledger_of(now: DateTime<Utc>) -> Ledger {
    let made = now.timestamp() - 1000;
    Ledger::start(Objects::from([
        ("customers", vec![customer("cus_2", made), customer("cus_1", made - 9)]),
        ("subscriptions", vec![subscription("sub_1", "cus_1", made, "active", 4900)]),
        ("charges", vec![charge("ch_1", made, 4900, false)]),
        (
            "events",
            vec![json!({ "object": "event", "id": "evt_000001", "created": 1, "type": "x", "data": { "object": {} } })],
        ),
        ("balance", vec![balance(100)]),
    ]))
}

fn account(ledger: &Ledger) -> Account {
    let options = ApiOptions { tries: 2, ..quick(ledger.base(), "rk_test_1") };
    Account::with(options, "stripe", chrono_tz::UTC)
}

async fn refresh(account: &mut Account, minutes: i64) {
    account.refresh(now() + TimeDelta::minutes(minutes), &mut |_| {}).await;
}

fn figure(account: &Account, name: &str, window: Option<Window>, minutes: i64) -> Option<i64> {
    let set = account.figures(now() + TimeDelta::minutes(minutes));
    set.counters.iter().find(|counter| counter.name == name && counter.window == window)?.figure
}

#[tokio::test]
async fn what_happens_is_asked_for_by_name_and_nothing_is_walked_again() {
    let (ledger, mut asked) = (ledger(), 0);
    let mut account = account(&ledger);
    refresh(&mut account, 0).await;
    assert_eq!(figure(&account, "mrr", None, 0), Some(4900));
    assert_eq!(account.figures(now()).livemode, Some(false));
    let mut first = ledger.asked(&mut asked);
    first.sort();
    assert_eq!(first, ["balance", "charges", "customers", "disputes", "events", "payouts", "refunds", "subscriptions"]);

    let then = now().timestamp() + 30;
    ledger.happens("charges", "charge.succeeded", charge("ch_2", then, 700, false));
    ledger.happens("charges", "charge.failed", charge("ch_3", then, 900, true));
    ledger.happens(
        "subscriptions",
        "customer.subscription.created",
        subscription("sub_2", "cus_2", then, "active", 100),
    );
    ledger.happens(
        "subscriptions",
        "customer.subscription.updated",
        subscription("sub_1", "cus_1", then - 2000, "past_due", 4900),
    );
    ledger.change(|objects| objects.insert("balance", vec![balance(-250)]).map_or((), drop));
    refresh(&mut account, 1).await;
    let mut second = ledger.asked(&mut asked);
    second.sort();
    assert_eq!(
        second,
        ["balance", "charges/ch_2", "charges/ch_3", "events", "subscriptions/sub_1", "subscriptions/sub_2"]
    );
    for (name, window, wanted) in [
        ("mrr", None, 5000),
        ("past_due_mrr", None, 4900),
        ("paying_customers", None, 2),
        ("revenue_gross", Some(Window::Today), 5600),
        ("failed_payments", Some(Window::Today), 1),
        ("balance_available", None, -250),
    ] {
        assert_eq!(figure(&account, name, window, 1), Some(wanted), "{name}");
    }
    assert_eq!(account.figures(now()).as_of, Some(now() + TimeDelta::minutes(1)));

    // A refund in an old version has no event of its own, and a deleted customer is one no longer.
    let refund = json!({ "object": "refund", "id": "re_1", "created": then, "currency": "usd", "amount": 200, "status": "succeeded", "charge": "ch_2" });
    ledger.change(|objects| objects.entry("refunds").or_default().push(refund));
    ledger.happens("charges", "charge.refunded", charge("ch_2", then, 700, false));
    ledger.happens("customers", "customer.deleted", json!({ "object": "customer", "id": "cus_2", "deleted": true }));
    refresh(&mut account, 2).await;
    assert_eq!(figure(&account, "revenue_refunds", Some(Window::Today), 2), Some(200));
    assert_eq!(figure(&account, "customers", None, 2), Some(1));
    ledger.asked(&mut asked);
    refresh(&mut account, 3).await;
    assert_eq!(ledger.asked(&mut asked), ["events", "balance"], "nothing happened");
}

#[tokio::test]
async fn many_events_are_read_in_pages_and_many_changes_walk_the_list() {
    let (ledger, mut asked) = (ledger(), 0);
    let mut account = account(&ledger);
    refresh(&mut account, 0).await;
    ledger.asked(&mut asked);
    let then = now().timestamp() + 5;
    for n in 0..250 {
        ledger.happens("charges", "charge.succeeded", charge(&format!("ch_x{n}"), then, 100, false));
    }
    refresh(&mut account, 1).await;
    assert_eq!(figure(&account, "payments", Some(Window::Today), 1), Some(251));
    let second = ledger.asked(&mut asked);
    assert_eq!(second.iter().filter(|path| *path == "events").count(), 3, "{second:?}");
    assert_eq!(second.iter().filter(|path| *path == "charges").count(), 3, "{second:?}");
    assert!(!second.iter().any(|path| path.starts_with("charges/")));
}

#[tokio::test]
async fn what_could_not_be_had_anew_stays_as_it_was_with_its_age_and_is_tried_again() {
    let ledger = ledger();
    let mut account = account(&ledger);
    refresh(&mut account, 0).await;
    let then = now().timestamp() + 30;
    ledger.happens("charges", "charge.succeeded", charge("ch_2", then, 700, false));
    // Half an answer: the charge is named, and what comes is no charge.
    ledger.change(|objects| objects.get_mut("charges").unwrap()[0] = json!({ "id": "ch_2", "object": "charge" }));
    refresh(&mut account, 1).await;
    let set = account.figures(now() + TimeDelta::minutes(1));
    assert_eq!(figure(&account, "revenue_gross", Some(Window::Today), 1), Some(4900));
    assert_eq!(set.as_of, Some(now()), "what is shown is as old as it is");
    let [error] = &set.errors[..] else { panic!("{:?}", set.errors) };
    assert_eq!((error.what.as_str(), error.counters.len()), ("events", 0));
    ledger.change(|objects| objects.get_mut("charges").unwrap()[0] = charge("ch_2", then, 700, false));
    refresh(&mut account, 2).await;
    assert_eq!(figure(&account, "revenue_gross", Some(Window::Today), 2), Some(5600));
    assert_eq!(account.figures(now()).errors, []);
}

#[tokio::test]
async fn a_feed_that_lost_its_place_means_walking_everything() {
    let (ledger, mut asked) = (ledger(), 0);
    let mut account = account(&ledger);
    refresh(&mut account, 0).await;
    let then = now().timestamp() + 30;
    ledger.change(|objects| {
        objects.get_mut("charges").unwrap().insert(0, charge("ch_2", then, 700, false));
        objects.insert(
            "events",
            vec![json!({ "object": "event", "id": "evt_9", "created": 1, "type": "x", "data": { "object": {} } })],
        );
    });
    refresh(&mut account, 1).await;
    ledger.asked(&mut asked);
    refresh(&mut account, 2).await;
    assert!(ledger.asked(&mut asked).contains(&"subscriptions".to_owned()));
    assert_eq!(figure(&account, "revenue_gross", Some(Window::Today), 2), Some(5600));
    assert_eq!(account.figures(now()).errors, []);
}

#[tokio::test]
async fn a_silent_account_is_looked_at_again_when_something_happens() {
    let ledger = Ledger::start(Objects::from([("balance", vec![balance(0)])]));
    let mut account = account(&ledger);
    refresh(&mut account, 0).await;
    assert_eq!(figure(&account, "payments", Some(Window::Today), 0), Some(0));
    ledger.happens("charges", "charge.succeeded", charge("ch_1", now().timestamp() + 1, 700, false));
    refresh(&mut account, 1).await;
    assert_eq!(figure(&account, "payments", Some(Window::Today), 1), Some(1));
}

#[tokio::test]
async fn without_a_feed_everything_is_walked_again_now_and_then() {
    let (ledger, mut asked) = (ledger(), 0);
    ledger.change(|objects| objects.insert("events", vec![json!({ "no": "event" })]).map_or((), drop));
    let mut account = account(&ledger);
    refresh(&mut account, 0).await;
    assert_eq!(account.figures(now()).errors[0].what, "events");
    assert_eq!(figure(&account, "mrr", None, 0), Some(4900), "the figures are there all the same");
    ledger.asked(&mut asked);
    refresh(&mut account, 1).await;
    assert_eq!(ledger.asked(&mut asked), ["balance"]);
    refresh(&mut account, 11).await;
    assert!(ledger.asked(&mut asked).contains(&"subscriptions".to_owned()));
}

#[tokio::test]
async fn whoever_looks_on_sees_what_happens_when_it_is_asked_for_and_nothing_runs_on_after_them() {
    let now = Utc::now();
    let ledger = ledger_of(now);
    let (to, mut seen) = watch::channel(Arc::new(business::Ledger::default()));
    let again = Arc::new(Notify::new());
    let task = tokio::spawn(keep(account(&ledger), Duration::from_secs(3600), Arc::clone(&again), to));
    let payments = |snapshot: &Arc<business::Ledger>, count: usize| {
        snapshot.business.payments.len() == count && snapshot.counters.loading.is_none()
    };
    let within = Duration::from_secs(20);
    tokio::time::timeout(within, seen.wait_for(|snapshot| payments(snapshot, 1))).await.unwrap().unwrap();
    ledger.happens("charges", "charge.failed", charge("ch_2", now.timestamp() - 5, 700, true));
    again.notify_one();
    let snapshot = tokio::time::timeout(within, seen.wait_for(|snapshot| payments(snapshot, 2))).await;
    let snapshot = Arc::clone(&snapshot.unwrap().unwrap());
    assert_eq!(snapshot.business.failures[0].reason, "Your card was declined.");
    assert_eq!(snapshot.counters.livemode, Some(false));
    drop(seen);
    tokio::time::timeout(within, task).await.unwrap().unwrap();
}
