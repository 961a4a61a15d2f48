//! What figures were: kept by each look, compared with, and never known before its time.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use quarterdeck::domain::counter::{Counter, Past, Unit};
use quarterdeck::domain::money::Currency;
use quarterdeck::store::{CountersOf, Store};
use serde_json::{Value, json};

use super::cli::{KEY, config, qd};
use super::ledger::{Ledger, Objects, balance, customer, subscription};

const STATE: &str = "state/quarterdeck";

fn of(account: &str) -> CountersOf {
    CountersOf { fleet: "acme".to_owned(), account: account.to_owned() }
}

fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn counter(name: &'static str, unit: Unit, figure: i64) -> Counter {
    let (source, figure) = ("stripe".to_owned(), Some(figure));
    Counter {
        name,
        title: "",
        definition: "",
        source,
        unit,
        window: None,
        figure,
        previous: None,
        past: Past::default(),
    }
}

/// As if figures had been kept at a time.
fn keep(home: &Path, account: &str, at: DateTime<Utc>, counters: Vec<Counter>) {
    block(async {
        Store::open(&home.join(STATE)).await.unwrap().keep_counters(of(account), at, counters).await.unwrap();
    });
}

/// How many figures of an account are kept, of all times.
fn kept(home: &Path, account: &str) -> usize {
    block(async {
        let store = Store::open(&home.join(STATE)).await.unwrap();
        let (since, until) = (DateTime::UNIX_EPOCH, Utc::now() + TimeDelta::days(9_999));
        store.counters(of(account), since, until, TimeDelta::minutes(1)).await.unwrap().len()
    })
}

/// One customer who pays 49.00 a month, and so much on the account.
fn company(now: DateTime<Utc>, on_account: i64) -> Ledger {
    let made = (now - TimeDelta::days(200)).timestamp();
    Ledger::start(Objects::from([
        ("balance", vec![balance(on_account)]),
        ("customers", vec![customer("cus_1", made)]),
        ("subscriptions", vec![subscription("sub_1", "cus_1", made, "active", 4_900)]),
    ]))
}

fn home(ledger: &Ledger) -> tempfile::TempDir {
    let home = config(&[&ledger.server.origin]);
    let path = home.path().join("quarterdeck.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("[fleet]\nname = \"acme\"\n{text}")).unwrap();
    home
}

fn counters(home: &Path, args: &[&str]) -> Value {
    let out = qd(home, KEY, &[&["counters", "--json"], args].concat());
    assert_eq!((out.code, out.stderr.as_str()), (0, ""));
    serde_json::from_str(&out.stdout).unwrap()
}

fn one<'d>(document: &'d Value, name: &str) -> &'d Value {
    document["counters"].as_array().unwrap().iter().find(|counter| counter["name"] == name).unwrap()
}

#[test]
fn each_look_is_kept_and_the_next_is_compared_with_a_period_before() {
    let now = Utc::now();
    let (ledger, usd) = (company(now, 100), Unit::Money(Currency::new("usd").unwrap()));
    let home = home(&ledger);
    let first = counters(home.path(), &[]);
    let mrr = one(&first, "mrr");
    assert_eq!((&mrr["amount"], &mrr["previous"], &mrr["previous_at"]), (&json!(4_900), &Value::Null, &Value::Null));
    assert_eq!(mrr["trend"].as_array().unwrap().len(), 1, "what it is now is the beginning: {mrr}");
    let states = first["counters"].as_array().unwrap().iter();
    let states = states.filter(|one| one["window"].is_null() && !(one["amount"].is_null() && one["value"].is_null()));
    assert_eq!(kept(home.path(), "stripe (test)"), states.count(), "every state, and no window");
    assert_eq!(kept(home.path(), "stripe"), 0, "a test account is another one");

    keep(home.path(), "stripe (test)", now - TimeDelta::days(31), vec![counter("mrr", usd, 4_000)]);
    keep(home.path(), "stripe (test)", now - TimeDelta::days(10), vec![counter("mrr", usd, 4_500)]);
    keep(home.path(), "stripe", now - TimeDelta::days(31), vec![counter("customers", Unit::Count, 99)]);
    let second = counters(home.path(), &[]);
    let mrr = one(&second, "mrr");
    assert_eq!((&mrr["amount"], &mrr["previous"]), (&json!(4_900), &json!(4_000)));
    let at: DateTime<Utc> = mrr["previous_at"].as_str().unwrap().parse().unwrap();
    assert_eq!((now - at).num_days(), 31);
    let figures: Vec<&Value> = mrr["trend"].as_array().unwrap().iter().map(|point| &point[1]).collect();
    assert_eq!(figures, [&json!(4_500), &json!(4_900)]);
    assert_eq!(one(&second, "customers")["previous"], Value::Null, "of no other account");
    assert_eq!(one(&second, "revenue_net")["trend"], json!([]));
}

#[test]
fn a_look_at_an_earlier_time_reads_nothing_newer_and_writes_nothing() {
    let now = Utc::now();
    let (ledger, usd) = (company(now, 100), Unit::Money(Currency::new("usd").unwrap()));
    let home = home(&ledger);
    let at = now - TimeDelta::days(60);
    let args = ["--at", &at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)];
    let before = counters(home.path(), &args);
    assert_eq!(one(&before, "balance_available")["amount"], 100, "nothing is known of then: what the source gives now");
    assert!(!home.path().join(STATE).join("quarterdeck.sqlite3").exists(), "it makes no store");

    for (days, figure) in [(91, 1), (60, 2), (59, 3), (1, 4)] {
        let figures = vec![counter("mrr", usd, figure), counter("balance_available", usd, figure * 10)];
        keep(home.path(), "stripe (test)", now - TimeDelta::days(days) - TimeDelta::hours(1), figures);
    }
    let was = kept(home.path(), "stripe (test)");
    let then = counters(home.path(), &args);
    let mrr = one(&then, "mrr");
    assert_eq!((&mrr["amount"], &mrr["previous"]), (&json!(4_900), &json!(1)), "{mrr}");
    assert_eq!(mrr["trend"].as_array().unwrap().len(), 1, "{mrr}");
    assert_eq!(mrr["trend"][0][1], 2);
    assert_eq!(one(&then, "balance_available")["amount"], 20, "as it was kept then");
    assert_eq!(kept(home.path(), "stripe (test)"), was);
}

#[test]
fn a_store_that_cannot_be_had_costs_no_figure() {
    let ledger = company(Utc::now(), 100);
    let home = home(&ledger);
    std::fs::create_dir_all(home.path().join(STATE)).unwrap();
    std::fs::write(
        home.path().join(STATE).join("quarterdeck.sqlite3"),
        "this is no database, and long enough to show it",
    )
    .unwrap();
    let out = qd(home.path(), KEY, &["counters", "--json"]);
    assert_eq!(out.code, 0);
    assert!(out.stderr.contains("no history of the figures: the store "), "{}", out.stderr);
    let document: Value = serde_json::from_str(&out.stdout).unwrap();
    assert_eq!(one(&document, "mrr")["amount"], 4_900);
}
