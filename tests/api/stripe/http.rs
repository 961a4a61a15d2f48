//! An account over HTTP, against the stand-in for Stripe and its faults.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use quarterdeck::domain::counter::CounterSet;
use quarterdeck::integrations::http::{ApiOptions, SecretSource};
use quarterdeck::integrations::stripe::account::{Account, options};
use quarterdeck::integrations::stripe::figures::figures;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::company::{Company, assert_right, of_set};
use crate::support::fake_apis::FakeApis;

const KEY: &str = "rk_test_qd";

pub fn secret(key: &'static str) -> SecretSource {
    Arc::new(move || Box::pin(async move { Ok(SecretString::from(key)) }))
}

/// Options that do not wait for long between two tries.
pub fn quick(base: String, key: &'static str) -> ApiOptions {
    ApiOptions { pause: Duration::from_millis(2), limits: Vec::new(), ..options(base, secret(key)) }
}

fn base(fake: &FakeApis) -> String {
    format!("{}/v1", fake.url("stripe"))
}

fn account(options: ApiOptions) -> Account {
    Account::with(options, "stripe", Company::public().zone().parse().unwrap())
}

/// Everything, once, at the company's time.
async fn read(account: &mut Account) -> CounterSet {
    let at = Company::public().now();
    account.read(at, Utc::now(), &mut |_| {}).await;
    account.figures(at)
}

/// Sets the stand-in's faults.
fn set(fake: &FakeApis, state: &Value) {
    let url = fake.url("_ctl");
    let address = url.trim_start_matches("http://").split('/').next().unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let body = state.to_string();
    let head = "POST /_ctl/set HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json";
    write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// Answers every question whose path and query match with a status and body, from now on.
fn force(pattern: &str, status: u16, body: &Value) -> Value {
    json!({ "force": [{ "match": pattern, "status": status, "times": 1_000_000, "body": body }] })
}

#[tokio::test]
async fn every_expected_figure_comes_over_http_in_few_requests() {
    let fake = FakeApis::of(Company::public().fixtures(), &[]);
    let mut account = account(quick(base(&fake), KEY));
    let set = read(&mut account).await;
    assert_eq!(set.errors, []);
    assert_eq!(set.livemode, Some(true));
    assert_right(&of_set(&set), &Company::public().expected());
    let requests = fake.requests("stripe");
    let objects = account.books().count();
    assert!(requests.len() <= objects.div_ceil(100) + 7, "{} requests for {objects} objects", requests.len());
    assert!(requests.iter().all(|request| request.method == "GET" && request.auth && request.status == 200));
}

#[tokio::test]
async fn the_shapes_of_2022_give_the_same_figures() {
    let fake = FakeApis::of(Company::public().fixtures(), &[]);
    let old = ApiOptions { headers: vec![("stripe-version", "2022-11-15".to_owned())], ..quick(base(&fake), KEY) };
    let found = read(&mut account(old)).await;
    assert_eq!(found.errors, []);
    // That version knew no discount on an item and one on a subscription: the rest is the same.
    let company = Company::public();
    let mut books = company.books();
    for subscription in books.subscriptions.rows.values_mut() {
        subscription.discounts.truncate(1);
        subscription.items.iter_mut().for_each(|item| item.discounts.clear());
    }
    let expected = figures(&books, company.now(), company.zone().parse().unwrap(), "stripe");
    assert_eq!(of_set(&found), of_set(&expected));
}

#[tokio::test]
async fn with_a_third_of_all_answers_failing_cut_or_garbled_figures_come_later_and_not_wrong() {
    for (seed, args) in [
        ("1", &["--fail-rate", "0.3"][..]),
        ("2", &["--truncate", "0.3"]),
        ("3", &["--garbage", "0.3"]),
        ("4", &["--fail-rate", "0.3", "--truncate", "0.3", "--garbage", "0.3"]),
    ] {
        let fake = FakeApis::of(Company::public().fixtures(), &[args, &["--seed", seed]].concat());
        let found = read(&mut account(quick(base(&fake), KEY))).await;
        assert_eq!(found.errors, [], "{args:?}");
        assert_right(&of_set(&found), &Company::public().expected());
        assert!(fake.requests("stripe").len() > 15, "{args:?} did something");
    }
}

#[tokio::test]
async fn a_rate_limit_is_waited_out() {
    let fake = FakeApis::of(Company::public().fixtures(), &["--rate-limit", "8", "--rate-window", "1"]);
    // A slow machine may not reach that limit by itself.
    let body = json!({ "error": { "type": "invalid_request_error", "code": "rate_limit" } });
    let limit = json!({ "match": "/v1/", "status": 429, "times": 3, "headers": { "Stripe-Should-Retry": "true" }, "body": body });
    set(&fake, &json!({ "force": [limit] }));
    let found = read(&mut account(quick(base(&fake), KEY))).await;
    assert_eq!(found.errors, []);
    assert_right(&of_set(&found), &Company::public().expected());
    assert!(fake.requests("stripe").iter().filter(|request| request.status == 429).count() >= 3);
}

#[tokio::test]
async fn a_key_that_may_not_read_a_part_costs_only_the_figures_of_that_part() {
    let fake = FakeApis::of(Company::public().fixtures(), &[]);
    let refused = json!({ "error": { "type": "invalid_request_error", "message": "The provided key 'rk_test_qd' does not have the required permissions. Having the 'rak_dispute_read' permission would allow this request to continue." } });
    set(&fake, &force("/v1/disputes", 403, &refused));
    let found = read(&mut account(quick(base(&fake), KEY))).await;
    let [error] = &found.errors[..] else { panic!("{:?}", found.errors) };
    assert_eq!(
        (error.what.as_str(), &error.counters[..]),
        ("disputes", &["open_disputes", "open_disputes_amount", "disputes_needing_response"][..])
    );
    assert!(error.message.contains("rak_dispute_read") && !error.message.contains(KEY), "{}", error.message);
    let (found, mut expected) = (of_set(&found), Company::public().expected());
    expected.retain(|(name, _, _), _| !name.contains("dispute"));
    assert_right(&found, &expected);
    assert!(!found.keys().any(|(name, _, _)| name.contains("dispute")));
    assert_eq!(fake.requests("stripe").iter().filter(|request| request.path.contains("disputes")).count(), 1);
}

#[tokio::test]
async fn a_bad_key_gives_no_figure_and_is_not_repeated_in_any_error() {
    let fake = FakeApis::of(Company::public().fixtures(), &[]);
    for key in ["rk_live_wrong_0123456789", "rk_test_qd_limited"] {
        let found = read(&mut account(quick(base(&fake), key))).await;
        assert_eq!(found.counters, [], "{key}");
        assert!(found.errors.len() >= 7);
        assert!(!format!("{:?}", found.errors).contains(key), "{:?}", found.errors);
    }
    assert!(fake.requests("stripe").len() <= 2 * 7, "a refusal is not asked for again");
}

#[tokio::test]
async fn a_list_that_is_never_had_whole_is_never_used() {
    let fake = FakeApis::of(Company::public().fixtures(), &[]);
    let empty = json!({ "object": "list", "url": "/v1/charges", "has_more": true, "data": [] });
    for (pattern, status, body) in [
        ("/v1/charges.*starting_after", 500, json!({})),
        ("/v1/charges.*starting_after", 200, empty),
        (
            "/v1/charges",
            200,
            json!({ "object": "list", "has_more": false, "data": [{ "id": "ch_1", "object": "charge" }] }),
        ),
    ] {
        set(&fake, &force(pattern, status, &body));
        let options = ApiOptions { tries: 3, ..quick(base(&fake), KEY) };
        let found = read(&mut account(options)).await;
        let mut expected = Company::public().expected();
        let charges = [
            "revenue_gross",
            "revenue_net",
            "payments",
            "failed_payments",
            "failed_payments_recovered",
            "failed_attempts",
            "failed_payments_blocked",
            "failed_payments_lost",
        ];
        // Without charges it is not known which currencies there would be nothing in.
        expected.retain(|(name, _, _), figure| !charges.contains(&name.as_str()) && *figure != Some(0));
        assert!(!found.counters.iter().any(|counter| charges.contains(&counter.name)), "{pattern} {status}");
        let error = found.errors.iter().find(|error| error.what == "charges").unwrap();
        assert!(charges.iter().all(|name| error.counters.contains(name)), "{error:?}");
        assert_right(&of_set(&found), &expected);
    }
}

#[tokio::test]
async fn figures_come_while_the_rest_is_still_being_asked_for() {
    let fake = FakeApis::of(Company::public().fixtures(), &[]);
    let mut account = account(quick(base(&fake), KEY));
    let (at, zone) = (Company::public().now(), account.zone());
    let (mut counts, whole) = (Vec::new(), Company::public().expected());
    account
        .read(at, Utc::now(), &mut |books| {
            let found = figures(books, at, zone, "stripe");
            for (key, figure) in of_set(&found).iter().filter(|(_, figure)| figure.unwrap_or(0) != 0) {
                assert!(
                    whole.get(key).is_none_or(|right| right == figure),
                    "{key:?}: {figure:?} is shown before it is right"
                );
            }
            counts.push(found.counters.len());
        })
        .await;
    assert!(counts.len() >= 12 && counts[0] < counts[counts.len() - 1], "{counts:?}");
    assert!(counts.iter().filter(|count| **count > 0 && **count < counts[counts.len() - 1]).count() > 3, "{counts:?}");
}
