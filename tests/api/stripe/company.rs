//! The company of the fixtures, its books as a whole walk would leave them, and the figures that are right for it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use quarterdeck::domain::counter::{CounterSet, Unit, Window};
use quarterdeck::integrations::stripe::books::{Books, Known, Shelf};
use quarterdeck::integrations::stripe::wire::Id;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// A figure's value by its name, currency and window; an empty string where there is none.
pub type Figures = BTreeMap<(String, String, String), Option<i64>>;

/// A fixture set.
pub struct Company {
    folder: PathBuf,
}

impl Company {
    /// The one that is in the repository; another where `QD_STRIPE_FIXTURES` names its folder.
    pub fn public() -> Self {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/fixtures/public/stripe");
        Self { folder: std::env::var_os("QD_STRIPE_FIXTURES").map_or(own, PathBuf::from) }
    }

    /// The folder that a server is told of: the one above Stripe's.
    pub fn fixtures(&self) -> &Path {
        self.folder.parent().expect("a set has a folder for each API")
    }

    /// A file of the set.
    pub fn json(&self, name: &str) -> Value {
        let path = self.folder.join(format!("{name}.json"));
        serde_json::from_slice(&std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))).unwrap()
    }

    /// The objects of a list.
    pub fn list(&self, name: &str) -> Vec<Value> {
        self.json(name)["data"].as_array().unwrap().clone()
    }

    /// When it is.
    pub fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(self.json("expected")["now"].as_i64().unwrap(), 0).unwrap()
    }

    /// Where its days begin.
    pub fn zone(&self) -> String {
        self.json("expected")["timezone"].as_str().unwrap().to_owned()
    }

    /// What is known of it after everything was asked for.
    pub fn books(&self) -> Books {
        let discounts = self.json("discounts");
        let subscriptions = self.list("subscriptions").into_iter().map(|mut subscription| {
            expand(&mut subscription["discounts"], &discounts);
            for item in subscription["items"]["data"].as_array_mut().unwrap() {
                expand(&mut item["discounts"], &discounts);
            }
            subscription
        });
        let tiers = self.list("prices").into_iter().filter(|price| price.get("_tiers").is_some());
        Books {
            subscriptions: shelf(subscriptions.collect()),
            customers: shelf(self.list("customers")),
            charges: shelf(self.list("charges")),
            refunds: shelf(self.list("refunds")),
            disputes: shelf(self.list("disputes")),
            payouts: shelf(self.list("payouts")),
            tiers: tiers.map(|price| (id(&price), serde_json::from_value(price["_tiers"].clone()).unwrap())).collect(),
            coupons: self.list("coupons").into_iter().map(|c| (id(&c), serde_json::from_value(c).unwrap())).collect(),
            balance: Some(serde_json::from_value(self.json("balance")).unwrap()),
            livemode: Some(true),
            ..Books::default()
        }
    }

    /// The figures that are right, in the contract's names.
    pub fn expected(&self) -> Figures {
        let all = self.json("expected");
        let mut figures = Figures::new();
        let mut put = |name: &str, currency: &str, window: &str, value: &Value| {
            figures.insert((name.to_owned(), currency.to_owned(), window.to_owned()), value.as_i64());
        };
        for (name, key) in [
            ("mrr", "mrr_minor"),
            ("arr", "arr_minor"),
            ("arpu", "arpu_minor"),
            ("mrr_all_discounts", "mrr_minor_if_all_live_discounts_counted"),
        ] {
            for (currency, amount) in all[key].as_object().unwrap() {
                put(name, currency, "", amount);
            }
        }
        let (risk, churn) = (&all["at_risk"], &all["churned_30d"]);
        for (name, amounts, window) in [
            ("past_due_mrr", &risk["past_due_mrr_minor"], ""),
            ("canceling_mrr", &risk["canceling_mrr_minor"], ""),
            ("collection_paused_mrr", &risk["collection_paused_mrr_minor"], ""),
            ("churned_mrr", &churn["mrr_minor"], "30d"),
            ("balance_available", &all["balance"]["available"], ""),
            ("balance_pending", &all["balance"]["pending"], ""),
            ("open_disputes_amount", &all["disputes"]["open_amount_minor"], ""),
        ] {
            for (currency, amount) in amounts.as_object().unwrap() {
                put(name, currency, window, amount);
            }
        }
        let failed_payouts = json!(all["payouts"]["failed_30d"].as_array().unwrap().len());
        for (name, window, value) in [
            ("customers", "", &all["customers_total"]),
            ("paying_customers", "", &all["paying_customers"]),
            ("active_subscriptions", "", &all["active_subscriptions"]),
            ("paid_subscriptions", "", &all["paid_subscriptions"]),
            ("trialing", "", &all["trialing"]),
            ("past_due_subscriptions", "", &risk["past_due_subscriptions"]),
            ("canceling_subscriptions", "", &risk["canceling_subscriptions"]),
            ("open_disputes", "", &all["disputes"]["open"]),
            ("disputes_needing_response", "", &all["disputes"]["needs_response"]),
            ("churned_customers", "30d", &churn["customers"]),
            ("churned_subscriptions", "30d", &churn["subscriptions"]),
            ("payouts_failed", "30d", &failed_payouts),
        ] {
            put(name, "", window, value);
        }
        let hundredths = (churn["logo_churn_percent"].as_f64().unwrap() * 100.0).round() as i64;
        put("logo_churn_pct", "", "30d", &json!(hundredths));
        for window in ["today", "7d", "30d"] {
            for (period, prefix) in [(window.to_owned(), ""), (format!("previous_{window}"), "previous ")] {
                let shown = format!("{prefix}{window}");
                put("new_customers", "", &shown, &all["new_customers"][&period]);
                let revenue = all["revenue_minor"][&period].as_object().unwrap();
                let payments: i64 = revenue.values().map(|of| of["payments"].as_i64().unwrap()).sum();
                put("payments", "", &shown, &json!(payments));
                for (currency, of) in revenue {
                    for (name, key) in
                        [("revenue_gross", "gross"), ("revenue_refunds", "refunds"), ("revenue_net", "net")]
                    {
                        put(name, currency, &shown, &of[key]);
                    }
                }
            }
            let failed = &all["failed_payments"][window];
            for (name, key) in [
                ("failed_payments", "payments"),
                ("failed_payments_recovered", "recovered"),
                ("failed_attempts", "attempts"),
                ("failed_payments_blocked", "blocked_by_radar"),
            ] {
                put(name, "", window, &failed[key]);
            }
            for (currency, amount) in failed["unrecovered_amount"].as_object().unwrap() {
                put("failed_payments_lost", currency, window, amount);
            }
        }
        figures
    }
}

fn id(object: &Value) -> Id {
    object["id"].as_str().unwrap().into()
}

fn shelf<T: DeserializeOwned>(objects: Vec<Value>) -> Shelf<T> {
    let rows = objects.into_iter().map(|object| (id(&object), serde_json::from_value(object).unwrap()));
    Shelf { rows: rows.collect(), known: Known::All }
}

/// Puts discounts where there are their ids.
fn expand(list: &mut Value, discounts: &Value) {
    for discount in list.as_array_mut().unwrap() {
        if let Some(id) = discount.as_str() {
            *discount = discounts[id].clone();
        }
    }
}

/// Figures as they came out, in the same form; the period before is a window of its own.
pub fn of_set(set: &CounterSet) -> Figures {
    let mut figures = Figures::new();
    for counter in &set.counters {
        let currency =
            if let Unit::Money(currency) = counter.unit { currency.as_str().to_owned() } else { String::new() };
        let window = counter.window.map(Window::name).unwrap_or_default();
        if !window.is_empty() {
            let before = (counter.name.to_owned(), currency.clone(), format!("previous {window}"));
            figures.insert(before, counter.previous);
        }
        figures.insert((counter.name.to_owned(), currency, window), counter.figure);
    }
    figures
}

/// Panics unless every figure that is expected came out, and everything else of the same names is nothing at all.
pub fn assert_right(found: &Figures, expected: &Figures) {
    let mut wrong = Vec::new();
    for (key, value) in expected {
        if found.get(key) != Some(value) {
            wrong.push(format!("{key:?}: {:?} instead of {value:?}", found.get(key)));
        }
    }
    for (key, value) in found {
        let named = expected.keys().any(|(name, _, window)| (name, window) == (&key.0, &key.2));
        if named && !expected.contains_key(key) && value.unwrap_or(0) != 0 {
            wrong.push(format!("{key:?}: {value:?}, which is not expected at all"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(expected.len() > 40, "the expectations were read");
}
