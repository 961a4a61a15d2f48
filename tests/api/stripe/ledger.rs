//! A Stripe whose objects change while the test looks on: lists, single objects and the feed of events, over HTTP.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::support::http_server::{Request, Server, answer};

/// What there is, each list newest first.
pub type Objects = BTreeMap<&'static str, Vec<Value>>;

/// A running ledger.
pub struct Ledger {
    /// Its server.
    pub server: Server,
    objects: Arc<Mutex<Objects>>,
}

impl Ledger {
    /// One with these objects.
    pub fn start(objects: Objects) -> Self {
        let objects = Arc::new(Mutex::new(objects));
        let shared = Arc::clone(&objects);
        let server = Server::start(move |_, request| {
            let (status, body) = reply(&shared.lock().unwrap(), request);
            answer(status, &[], &body.to_string())
        });
        Self { server, objects }
    }

    /// The address of its API.
    pub fn base(&self) -> String {
        format!("{}/v1", self.server.origin)
    }

    /// Changes its objects.
    pub fn change(&self, change: impl FnOnce(&mut Objects)) {
        change(&mut self.objects.lock().unwrap());
    }

    /// Something happens to an object: it is put first, or in the place where it was, and an event tells of it.
    pub fn happens(&self, list: &'static str, kind: &str, object: Value) {
        self.change(|objects| {
            let rows = objects.entry(list).or_default();
            match rows.iter_mut().find(|row| row["id"] == object["id"]) {
                Some(row) => *row = object.clone(),
                None => rows.insert(0, object.clone()),
            }
            let events = objects.entry("events").or_default();
            let id = format!("evt_{:06}", events.len() + 1);
            // As the account's own version had it then: of another shape than the object itself.
            let then = json!({ "object": object["object"], "id": object["id"], "amount": { "odd": true } });
            events.insert(
                0,
                json!({ "object": "event", "id": id, "created": 1, "type": kind, "data": { "object": then } }),
            );
        });
    }

    /// The paths that were asked for since the last call of this, without their queries.
    pub fn asked(&self, since: &mut usize) -> Vec<String> {
        let seen = self.server.seen();
        let new = seen[*since..]
            .iter()
            .map(|request| request.line.trim_start_matches("GET /v1/").split('?').next().unwrap().to_owned());
        let new = new.collect();
        *since = seen.len();
        new
    }
}

fn reply(objects: &Objects, request: &Request) -> (u16, Value) {
    let url = request.line.trim_start_matches("GET /v1/");
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let query: BTreeMap<&str, &str> = query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    if path == "balance" {
        return (200, objects["balance"][0].clone());
    }
    let (list, id) = path.split_once('/').map_or((path, None), |(list, id)| (list, Some(id)));
    let empty = Vec::new();
    let rows = objects.get(list).unwrap_or(&empty);
    if let Some(id) = id {
        let row = rows.iter().find(|row| row["id"] == id);
        return row.map_or((404, json!({ "error": { "message": "no such thing" } })), |row| (200, row.clone()));
    }
    let limit: usize = query.get("limit").map_or(10, |limit| limit.parse().unwrap());
    let place = |key: &str| query.get(key).map(|id| rows.iter().position(|row| row["id"] == *id));
    let bound = |key: &str| query.get(key).map(|bound| bound.parse::<i64>().unwrap());
    let charge = query.get("charge");
    let within = |row: &&Value| {
        charge.is_none_or(|charge| row["charge"] == *charge)
            && bound("created%5Bgte%5D").is_none_or(|from| row["created"].as_i64() >= Some(from))
    };
    let found: Vec<&Value> = match (place("starting_after"), place("ending_before")) {
        (Some(None), _) | (_, Some(None)) => return (400, json!({ "error": { "message": "no such cursor" } })),
        (Some(Some(after)), _) => rows[after + 1..].iter().filter(within).collect(),
        (_, Some(Some(before))) => rows[before.saturating_sub(limit)..before].iter().collect(),
        _ => rows.iter().filter(within).collect(),
    };
    let data: Vec<Value> = found.iter().take(limit).map(|row| (*row).clone()).collect();
    (200, json!({ "object": "list", "url": "/v1/x", "has_more": found.len() > data.len(), "data": data }))
}

/// A customer.
pub fn customer(id: &str, created: i64) -> Value {
    json!({ "object": "customer", "id": id, "created": created, "livemode": false, "name": null, "email": "a@example.test", "discount": null })
}

/// A subscription of one item at a price a month.
pub fn subscription(id: &str, customer: &str, created: i64, status: &str, amount: i64) -> Value {
    json!({ "object": "subscription", "id": id, "customer": customer, "currency": "usd", "status": status, "created": created,
        "livemode": false, "trial_end": null, "ended_at": null, "cancel_at_period_end": false, "discounts": [],
        "items": { "object": "list", "has_more": false, "url": "/v1/subscription_items", "data": [{ "object": "subscription_item", "id": format!("si_{id}"), "quantity": 1, "discounts": [],
            "price": { "object": "price", "id": format!("price_{amount}"), "currency": "usd", "billing_scheme": "per_unit", "unit_amount": amount,
                "recurring": { "interval": "month", "interval_count": 1, "usage_type": "licensed" } } }] } })
}

/// A charge that succeeded, or failed.
pub fn charge(id: &str, created: i64, amount: i64, failed: bool) -> Value {
    json!({ "object": "charge", "id": id, "created": created, "currency": "usd", "amount": amount, "livemode": false,
        "amount_captured": if failed { 0 } else { amount }, "amount_refunded": 0, "captured": !failed, "customer": "cus_1",
        "status": if failed { "failed" } else { "succeeded" }, "payment_intent": format!("pi_{id}"),
        "failure_code": failed.then_some("card_declined"), "failure_message": failed.then_some("Your card was declined."),
        "outcome": { "type": if failed { "issuer_declined" } else { "authorized" } }, "description": null })
}

/// A balance of dollars.
pub fn balance(amount: i64) -> Value {
    json!({ "object": "balance", "livemode": false, "available": [{ "amount": amount, "currency": "usd" }], "pending": [] })
}
