//! Servers that nobody here wrote, for one more opinion: prism with StatusCake's specification, and localstripe. Where one
//! is not installed (`npm install @stoplight/prism-cli`, `pip install localstripe`; named by `QD_PRISM` and
//! `QD_LOCALSTRIPE`, or in the PATH) its tests say so and prove nothing.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use quarterdeck::domain::api_error::ApiErrorKind;
use quarterdeck::domain::counter::Unit;
use quarterdeck::domain::hosted::StatusCakeSettings;
use quarterdeck::domain::money::Currency;
use quarterdeck::integrations::http::{ApiClient, ApiOptions, Change, Method};
use quarterdeck::integrations::statuscake::{NewWindow, StatusCake};
use quarterdeck::integrations::stripe::account::Account;
use serde_json::Value;

use crate::http::token;
use crate::support::fake_apis::FakeApis;

/// A server that is somebody else's program.
struct Theirs {
    child: Child,
    origin: String,
}

impl Drop for Theirs {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a program on a free port, which it is told where `PORT` stands; none where it is not installed.
fn start(variable: &str, name: &str, args: &[&str]) -> Option<Theirs> {
    let program = std::env::var(variable).unwrap_or_else(|_| name.to_owned());
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let args = args.iter().map(|arg| arg.replace("PORT", &port.to_string()));
    let child =
        Command::new(&program).args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let Ok(child) = child else {
        eprintln!("{name} is not here ({program}): nothing was tried");
        return None;
    };
    let theirs = Theirs { child, origin: format!("http://127.0.0.1:{port}") };
    let began = Instant::now();
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed() < Duration::from_secs(60), "{name} does not listen");
        std::thread::sleep(Duration::from_millis(50));
    }
    Some(theirs)
}

fn spec() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/specs/statuscake.openapi.json").to_owned()
}

fn statuscake(origin: &str) -> StatusCake {
    let settings = StatusCakeSettings { base: origin.to_owned(), token: None, tags: Vec::new(), owners: Vec::new() };
    // Prism has no budget, and what it makes up is not worth waiting for.
    let options = ApiOptions { tries: 1, ..ApiOptions::new("StatusCake", origin.to_owned(), token("sc-qd")) };
    StatusCake::with(&settings, options)
}

#[tokio::test]
async fn every_request_to_statuscake_and_every_answer_of_the_stand_in_is_as_prism_reads_the_specification() {
    let fake = FakeApis::public(&[]);
    let upstream = format!("{}/v1", fake.url("statuscake"));
    // What does not fit the specification is an error, whichever side said it.
    let Some(prism) = start("QD_PRISM", "prism", &["proxy", "-p", "PORT", "--errors", &spec(), &upstream]) else {
        return;
    };
    let (client, since) = (statuscake(&prism.origin), Utc::now() - TimeDelta::days(9_999));
    let checks = client.checks().await.unwrap();
    assert_eq!(checks.len(), 33);
    client.detail("6003").await.unwrap();
    client.events("6003", since).await.unwrap();
    client.outages("6003").await.unwrap();
    client.history("6003", 5).await.unwrap();
    assert!(!client.certificates().await.unwrap().is_empty());
    assert!(!client.heartbeats().await.unwrap().is_empty());
    assert!(!client.page_speeds().await.unwrap().is_empty());
    assert!(!client.contact_groups().await.unwrap().is_empty());
    client.maintenance_windows().await.unwrap();
    client.set_paused("6003", true).await.unwrap();
    client.set_paused("6003", false).await.unwrap();
    let window = NewWindow {
        name: "deploy of api".to_owned(),
        start: Utc::now(),
        end: Utc::now() + TimeDelta::hours(1),
        checks: vec!["6003".to_owned()],
        tags: vec!["core".to_owned()],
    };
    // Prism takes no array from a form ("tests[] must be array", however it is written): this one is asked past it.
    let refused = client.open_window(&window).await.unwrap_err();
    assert_eq!(refused.status, Some(422), "prism has learned it: ask through it");
    let id = statuscake(&upstream).open_window(&window).await.unwrap();
    client.close_window(&id).await.unwrap();
    let asked = fake.requests("statuscake");
    assert!(asked.iter().any(|request| request.method == "POST" && request.body.contains("tests%5B%5D=6003")));
}

#[tokio::test]
async fn what_prism_makes_up_from_the_specification_breaks_nothing() {
    for dynamic in [&[][..], &["--dynamic"]] {
        let spec = spec();
        let args = [&["mock", "-p", "PORT"], dynamic, &[&spec]].concat();
        let Some(prism) = start("QD_PRISM", "prism", &args) else { return };
        let (client, since) = (statuscake(&prism.origin), Utc::now() - TimeDelta::days(1));
        for round in 0..5 {
            let errors = [
                client.checks().await.err(),
                client.detail("1").await.err(),
                client.events("1", since).await.err(),
                client.outages("1").await.err(),
                client.history("1", 5).await.err(),
                client.certificates().await.err(),
                client.heartbeats().await.err(),
                client.page_speeds().await.err(),
                client.contact_groups().await.err(),
                client.maintenance_windows().await.err(),
            ];
            // Its numbers of pages make no sense, which may be said; any other error is ours.
            let ours = errors.into_iter().flatten().filter(|error| error.kind != ApiErrorKind::Garbage);
            assert_eq!(ours.map(|error| error.to_string()).collect::<Vec<_>>(), [""; 0], "round {round} {dynamic:?}");
        }
    }
}

/// Makes something in localstripe; gives its id.
async fn make(client: &ApiClient, what: &str, fields: &[(&str, &str)]) -> String {
    let reply = client.change(&Change::new(Method::Post, &[what]).form(fields)).await.unwrap();
    serde_json::from_slice::<Value>(&reply.value).unwrap()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_figures_of_a_company_in_localstripe_are_right_and_what_it_cannot_answer_dims_only_itself() {
    let Some(stripe) = start("QD_LOCALSTRIPE", "localstripe", &["--port", "PORT", "--from-scratch"]) else { return };
    let client_options = || ApiOptions::new("Stripe", format!("{}/v1", stripe.origin), token("sk_test_1"));
    let client = ApiClient::new(client_options());
    make(&client, "products", &[("name", "Pro"), ("type", "service"), ("id", "prod_1")]).await;
    for (id, amount, currency, interval) in
        [("month", "4900", "usd", "month"), ("year", "49000", "usd", "year"), ("yen", "6800", "jpy", "month")]
    {
        let fields =
            [("id", id), ("product", "prod_1"), ("amount", amount), ("currency", currency), ("interval", interval)];
        make(&client, "plans", &fields).await;
    }
    // 2 × 49 $, 490 $ a year, and ¥6800 × 3; a fourth customer pays nothing.
    for (plan, quantity) in [(Some("month"), "2"), (Some("year"), "1"), (Some("yen"), "3"), (None, "")] {
        let card = [
            ("card[number]", "4242424242424242"),
            ("card[exp_month]", "12"),
            ("card[exp_year]", "2090"),
            ("card[cvc]", "123"),
        ];
        let method = make(&client, "payment_methods", &[&[("type", "card")], &card[..]].concat()).await;
        let fields = [("payment_method", method.as_str()), ("invoice_settings[default_payment_method]", &method)];
        let customer = make(&client, "customers", &fields).await;
        if let Some(plan) = plan {
            let fields = [("customer", customer.as_str()), ("items[0][plan]", plan), ("items[0][quantity]", quantity)];
            make(&client, "subscriptions", &fields).await;
        }
    }
    // Refunds and others it answers with 500, always: no patience with those.
    let mut account = Account::with(ApiOptions { tries: 2, ..client_options() }, "stripe", chrono_tz::UTC);
    let now = Utc::now();
    account.read(now, now, &mut |_| {}).await;
    let set = account.figures(now);
    let figure = |name: &str, unit: Unit| {
        let one = set.counters.iter().find(|one| (one.name, one.unit, one.window) == (name, unit, None));
        one.and_then(|one| one.figure)
    };
    let money = |code| Unit::Money(Currency::new(code).unwrap());
    assert_eq!(figure("mrr", money("usd")), Some(9_800 + 4_083), "{set:#?}");
    assert_eq!(figure("mrr", money("jpy")), Some(20_400));
    assert_eq!((figure("customers", Unit::Count), figure("paying_customers", Unit::Count)), (Some(4), Some(3)));
    assert_eq!(figure("active_subscriptions", Unit::Count), Some(3));
    assert_eq!(set.livemode, Some(false));
    // It has no disputes, and its balance is not of Stripe's shape.
    let lacking: Vec<&str> = set.errors.iter().map(|error| error.what.as_str()).collect();
    assert!(lacking.contains(&"disputes") && lacking.contains(&"balance"), "{lacking:?}");
    assert!(!lacking.contains(&"subscriptions") && !lacking.contains(&"customers"), "{lacking:?}");
}
