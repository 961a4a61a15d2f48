//! Another company, elsewhere: its day begins when it is already morning in UTC, its clocks go forward that day, and its
//! money has no decimals, or three. The figures are worked out by hand.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use quarterdeck::integrations::stripe::account::Account;

use super::company::of_set;
use super::http::quick;
use super::ledger::{Ledger, Objects, balance, charge, customer, subscription};

fn at(text: &str) -> i64 {
    text.parse::<DateTime<Utc>>().unwrap().timestamp()
}

fn of(mut object: Value, currency: &str) -> Value {
    object["currency"] = json!(currency);
    if let Some(items) = object.get_mut("items") {
        items["data"][0]["price"]["currency"] = json!(currency);
    }
    object
}

#[tokio::test]
async fn a_day_of_another_zone_and_money_of_other_decimals() {
    let (begun, now) = (at("2026-03-08T05:00:00Z"), "2026-03-09T03:30:00Z".parse::<DateTime<Utc>>().unwrap());
    let mut daily = of(subscription("sub_3", "cus_3", begun - 90_000, "active", 7), "jpy");
    daily["items"]["data"][0]["price"]["recurring"]["interval"] = json!("day");
    let mut gone = of(subscription("sub_2", "cus_2", begun - 9_000_000, "canceled", 5_000), "kwd");
    gone["ended_at"] = json!(now.timestamp() - 30 * 86_400 + 1);
    let ledger = Ledger::start(Objects::from([
        (
            "customers",
            vec![customer("cus_3", begun), customer("cus_2", begun - 1), customer("cus_1", begun - 9_999_999)],
        ),
        (
            "subscriptions",
            vec![daily, gone, of(subscription("sub_1", "cus_1", begun - 9_999_998, "active", 12_345), "kwd")],
        ),
        (
            "charges",
            vec![
                of(charge("ch_4", now.timestamp(), 1_250, false), "kwd"),
                of(charge("ch_3", begun, 500, false), "jpy"),
                of(charge("ch_2", begun - 1, 70, false), "jpy"),
                // As long after yesterday's midnight as it is now after today's, and one second more.
                of(charge("ch_1", begun - 86_400 + 81_000, 9, false), "jpy"),
                of(charge("ch_0", begun - 86_400 + 81_001, 1_000, false), "jpy"),
            ],
        ),
        ("balance", vec![balance(-5)]),
    ]));
    let mut account = Account::with(quick(ledger.base(), "rk_test_1"), "stripe", "America/New_York".parse().unwrap());
    account.read(now, Utc::now(), &mut |_| {}).await;
    let set = account.figures(now);
    assert_eq!((&set.errors[..], set.livemode), (&[][..], Some(false)));
    let found = of_set(&set);
    for (name, currency, window, wanted) in [
        ("mrr", "kwd", "", Some(12_345)),
        // 7 × 365 / 12 = 212.92
        ("mrr", "jpy", "", Some(213)),
        ("arr", "jpy", "", Some(2_556)),
        ("arpu", "kwd", "", Some(12_345)),
        ("paying_customers", "", "", Some(2)),
        ("new_customers", "", "today", Some(1)),
        ("churned_customers", "", "30d", Some(1)),
        ("churned_mrr", "kwd", "30d", Some(5_000)),
        // Of two who paid thirty days ago.
        ("logo_churn_pct", "", "30d", Some(5_000)),
        ("revenue_gross", "kwd", "today", Some(1_250)),
        ("revenue_gross", "jpy", "today", Some(500)),
        ("revenue_gross", "jpy", "previous today", Some(9)),
        ("revenue_gross", "jpy", "7d", Some(1_579)),
        ("balance_available", "usd", "", Some(-5)),
        ("open_disputes", "", "", Some(0)),
    ] {
        assert_eq!(
            found[&(name.to_owned(), currency.to_owned(), window.to_owned())],
            wanted,
            "{name} {currency} {window}"
        );
    }
    let shown = |name: &str, figure| set.counters.iter().find(|one| one.name == name).unwrap().shown(Some(figure));
    assert_eq!((shown("mrr", 213), shown("balance_available", -5)), ("¥213".to_owned(), "-$0.05".to_owned()));
}

#[tokio::test]
async fn a_price_of_several_currencies_is_worth_what_it_costs_in_the_subscriptions() {
    let now = "2026-03-18T14:30:00Z".parse::<DateTime<Utc>>().unwrap();
    let made = now.timestamp() - 9_000_000;
    // Billed in euros, by a price whose own currency is the dollar.
    let mut abroad = subscription("sub_1", "cus_1", made, "active", 4_900);
    abroad["currency"] = json!("eur");
    let mut price = abroad["items"]["data"][0]["price"].clone();
    price["object"] = json!("price");
    price["currency_options"] =
        json!({ "eur": { "unit_amount": 4_500 }, "?": { "unit_amount": 1 }, "jpy": { "unit_amount": 6_800 } });
    let ledger = Ledger::start(Objects::from([
        ("balance", vec![balance(1)]),
        ("customers", vec![customer("cus_1", made), customer("cus_2", made)]),
        ("subscriptions", vec![abroad, subscription("sub_2", "cus_2", made, "active", 2_000)]),
        ("prices", vec![price]),
    ]));
    let mut account = Account::with(quick(ledger.base(), "rk_test_1"), "stripe", chrono_tz::UTC);
    account.read(now, now, &mut |_| {}).await;
    let figures = of_set(&account.figures(now));
    let mrr = |currency: &str| figures[&("mrr".to_owned(), currency.to_owned(), String::new())];
    assert_eq!((mrr("eur"), mrr("usd")), (Some(4_500), Some(2_000)));
    let asked = ledger.server.seen().into_iter().filter(|request| request.line.contains("/prices"));
    let asked: Vec<String> = asked.map(|request| request.line).collect();
    assert!(asked.len() == 1 && asked[0].contains("currency_options"), "{asked:?}");
}
