//! An account of any size, made up as it is asked for, with objects as large as real ones.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::Utc;
use quarterdeck::domain::counter::{CounterSet, Window};
use quarterdeck::integrations::stripe::account::Account;
use quarterdeck::integrations::stripe::figures::figures;
use serde_json::{Value, json};

use super::company::Company;
use super::http::quick;
use crate::support::http_server::{Request, Server, answer};

/// How many there are of what; of the charges each twentieth failed.
#[derive(Clone, Copy)]
pub struct Size {
    /// Subscriptions, and as many customers.
    pub subscriptions: usize,
    /// Charges of the last sixty days.
    pub charges: usize,
}

/// The running account.
pub struct Large {
    /// Its server.
    pub server: Server,
    /// The most requests that were under way at once.
    pub most: Arc<AtomicUsize>,
    size: Size,
}

impl Large {
    /// One of a size, whose newest objects are of now.
    pub fn start(size: Size) -> Self {
        let company = Company::public();
        let charge = company.list("charges").swap_remove(0);
        let mut subscription = company.list("subscriptions").into_iter().find(|s| s["status"] == "active").unwrap();
        subscription["discounts"] = json!([]);
        let customer = company.list("customers").swap_remove(0);
        let (now, under_way, most) = (Utc::now().timestamp(), AtomicUsize::new(0), Arc::new(AtomicUsize::new(0)));
        let greatest = Arc::clone(&most);
        let server = Server::start(move |_, request| {
            greatest.fetch_max(under_way.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            let template = match path(request) {
                "charges" => Some((&charge, size.charges)),
                "subscriptions" => Some((&subscription, size.subscriptions)),
                "customers" => Some((&customer, size.subscriptions)),
                _ => None,
            };
            let body = match template {
                Some((template, count)) => page(request, template, count, now),
                None if path(request) == "balance" => {
                    json!({ "object": "balance", "livemode": true, "available": [], "pending": [] })
                }
                None => json!({ "object": "list", "data": [], "has_more": false }),
            };
            let bytes = answer(200, &[], &body.to_string());
            under_way.fetch_sub(1, Ordering::SeqCst);
            bytes
        });
        Self { server, most, size }
    }

    /// How many requests the whole of it takes: a page for each hundred, and one for each list that is empty.
    pub fn requests(&self) -> usize {
        2 * self.size.subscriptions.div_ceil(100) + self.size.charges.div_ceil(100) + 4
    }

    /// Panics unless its figures are those that arithmetic gives.
    pub fn assert_right(&self, set: &CounterSet) {
        let failed = self.size.charges.div_ceil(20);
        let gross: usize = (0..self.size.charges).filter(|n| n % 20 != 0).map(amount).sum();
        let mrr: usize = (0..self.size.subscriptions).map(amount).sum();
        for (name, window, wanted) in [
            ("mrr", None, mrr),
            ("customers", None, self.size.subscriptions),
            ("paying_customers", None, self.size.subscriptions),
            ("revenue_gross", Some(Window::Days(30)), gross),
            ("payments", Some(Window::Days(30)), self.size.charges - failed),
            ("failed_payments", Some(Window::Days(30)), failed),
        ] {
            let counter = set.counters.iter().find(|counter| counter.name == name && counter.window == window);
            assert_eq!(counter.and_then(|counter| counter.figure), Some(wanted as i64), "{name}");
        }
        assert_eq!(set.errors, []);
    }
}

/// What the object of this number is worth.
fn amount(number: usize) -> usize {
    1000 + number % 50 * 100
}

fn path(request: &Request) -> &str {
    request.line.trim_start_matches("GET /v1/").split('?').next().unwrap_or("")
}

/// A page of objects that are numbered from the newest on.
fn page(request: &Request, template: &Value, count: usize, now: i64) -> Value {
    let after = request.line.split("starting_after=").nth(1).and_then(|rest| rest.split('_').nth(1));
    let first = after.map_or(0, |id| id.split('&').next().unwrap().parse::<usize>().unwrap() + 1);
    let until = count.min(first + 100);
    let data: Vec<Value> = (first..until).map(|number| object(template, number, now)).collect();
    json!({ "object": "list", "data": data, "has_more": until < count })
}

fn object(template: &Value, number: usize, now: i64) -> Value {
    let mut object = template.clone();
    object["id"] = json!(format!("x_{number:08}"));
    // Within the last twenty days.
    object["created"] = json!(now - 10 - number as i64 * 1_700_000 / 1_000_000);
    object["customer"] = json!(format!("x_{number:08}"));
    if object["object"] == "charge" {
        let failed = number.is_multiple_of(20);
        object["payment_intent"] = json!(format!("pi_{number:08}"));
        object["amount"] = json!(amount(number));
        object["amount_captured"] = json!(if failed { 0 } else { amount(number) });
        object["captured"] = json!(!failed);
        object["status"] = json!(if failed { "failed" } else { "succeeded" });
    }
    if object["object"] == "subscription" {
        let item = &mut object["items"]["data"][0];
        item["quantity"] = json!(1);
        item["discounts"] = json!([]);
        item["price"]["unit_amount"] = json!(amount(number));
        item["price"]["unit_amount_decimal"] = json!(amount(number).to_string());
        item["price"]["recurring"] = json!({ "interval": "month", "interval_count": 1, "usage_type": "licensed" });
    }
    object
}

#[tokio::test]
async fn a_large_account_takes_a_request_for_each_hundred_objects_four_at_a_time() {
    let large = Large::start(Size { subscriptions: 730, charges: 2_950 });
    let mut account =
        Account::with(quick(format!("{}/v1", large.server.origin), "rk_live_1"), "stripe", chrono_tz::UTC);
    let (mut first, mut pages) = (None, 0);
    account
        .read(Utc::now(), Utc::now(), &mut |books| {
            pages += 1;
            let shown = figures(books, Utc::now(), chrono_tz::UTC, "stripe");
            if first.is_none() && shown.counters.iter().any(|counter| counter.name == "mrr") {
                first = Some(pages);
            }
        })
        .await;
    large.assert_right(&account.figures(Utc::now()));
    let objects = 2 * 730 + 2_950;
    assert_eq!(large.server.seen().len(), large.requests());
    assert!(large.requests() <= usize::div_ceil(objects, 100) + 6);
    assert!(large.most.load(Ordering::SeqCst) <= 4);
    assert!(first.is_some_and(|first| first < pages - 5), "MRR is there at {first:?} of {pages} pages");
}
