//! Stripe's objects as it shows them.

use serde_json::{Value, json};

use crate::demo::company::books::{Charge, Customer, Dispute, Event, PLANS, Payout, Refund, Standing, Subscription};
use crate::demo::company::shop::Shop;
use crate::demo::company::{DAY, Seconds};

const CURRENCY: &str = "usd";
/// When the prices were made.
pub const LONG_AGO: Seconds = 1_690_000_000;

macro_rules! ids {
    ($($name:ident $pattern:literal),* $(,)?) => {$(
        pub fn $name(id: u64) -> String {
            format!($pattern, id)
        }
    )*};
}

ids! {
    customer_id "cus_L{:05}",
    subscription_id "sub_1L{:05}",
    item_id "si_L{:05}",
    charge_id "ch_3L{:05}",
    intent_id "pi_3L{:05}",
    refund_id "re_3L{:05}",
    dispute_id "du_1L{:05}",
    payout_id "po_1L{:05}",
    event_id "evt_1L{:07}",
}

pub fn customer(one: &Customer) -> Value {
    let login: String = one.name.chars().filter(char::is_ascii_alphanumeric).collect();
    json!({
        "id": customer_id(one.id),
        "object": "customer",
        "created": one.created,
        "name": one.name,
        "email": format!("{}@customers.example", login.to_lowercase()),
        "description": null,
        "discount": null,
        "delinquent": false,
        "livemode": true,
        "metadata": {},
    })
}

pub fn price(plan: usize) -> Value {
    let (id, name, cents, yearly) = PLANS[plan % PLANS.len()];
    let interval = if yearly { "year" } else { "month" };
    json!({
        "id": id,
        "object": "price",
        "active": true,
        "billing_scheme": "per_unit",
        "created": LONG_AGO,
        "currency": CURRENCY,
        "livemode": true,
        "nickname": name,
        "product": format!("prod_{id}"),
        "recurring": { "interval": interval, "interval_count": 1, "meter": null, "usage_type": "licensed" },
        "tiers_mode": null,
        "transform_quantity": null,
        "type": "recurring",
        "unit_amount": cents,
        "unit_amount_decimal": cents.to_string(),
        "metadata": {},
    })
}

pub fn item(one: &Subscription, now: Seconds) -> Value {
    let length = if PLANS[one.plan % PLANS.len()].3 { 365 * DAY } else { 30 * DAY };
    let from = now - (now - one.created).rem_euclid(length);
    json!({
        "id": item_id(one.id),
        "object": "subscription_item",
        "created": one.created,
        "current_period_start": from,
        "current_period_end": from + length,
        "discounts": [],
        "metadata": {},
        "price": price(one.plan),
        "quantity": one.quantity,
        "subscription": subscription_id(one.id),
    })
}

pub fn subscription(one: &Subscription, now: Seconds) -> Value {
    let id = subscription_id(one.id);
    let ended = match one.standing {
        Standing::Ended(at) => Some(at),
        _ => None,
    };
    let status = match one.standing {
        Standing::Active | Standing::Ending => "active",
        Standing::Trialing => "trialing",
        Standing::PastDue => "past_due",
        Standing::Ended(_) => "canceled",
    };
    let trial = (one.standing == Standing::Trialing).then_some(now + 9 * DAY);
    json!({
        "id": id,
        "object": "subscription",
        "customer": customer_id(one.customer),
        "created": one.created,
        "start_date": one.created,
        "currency": CURRENCY,
        "status": status,
        "cancel_at": null,
        "cancel_at_period_end": one.standing == Standing::Ending,
        "canceled_at": ended,
        "ended_at": ended,
        "collection_method": "charge_automatically",
        "discounts": [],
        "items": { "object": "list", "data": [item(one, now)], "has_more": false, "total_count": 1, "url": format!("/v1/subscription_items?subscription={id}") },
        "livemode": true,
        "metadata": {},
        "pause_collection": null,
        "trial_start": trial.map(|_| one.created),
        "trial_end": trial,
    })
}

pub fn charge(shop: &Shop, one: &Charge) -> Value {
    let refusal = one.refusal();
    let kind = match refusal {
        None => "authorized",
        Some((_, _, true)) => "blocked",
        Some(_) => "issuer_declined",
    };
    let good = refusal.is_none();
    json!({
        "id": charge_id(one.id),
        "object": "charge",
        "amount": one.cents,
        "amount_captured": if good { one.cents } else { 0 },
        "amount_refunded": one.refunded,
        "captured": good,
        "created": one.at,
        "currency": CURRENCY,
        "customer": customer_id(one.customer),
        "description": one.what,
        "disputed": shop.disputes.iter().any(|dispute| dispute.charge == one.id),
        "failure_code": refusal.map(|(code, _, _)| code),
        "failure_message": refusal.map(|(_, words, _)| words),
        "outcome": { "type": kind, "network_status": if good { "approved_by_network" } else { "declined_by_network" }, "risk_level": "normal" },
        "paid": good,
        "payment_intent": intent_id(one.intent),
        "refunded": one.refunded >= one.cents,
        "status": if good { "succeeded" } else { "failed" },
        "livemode": true,
        "metadata": {},
    })
}

pub fn refund(one: &Refund) -> Value {
    json!({
        "id": refund_id(one.id),
        "object": "refund",
        "amount": one.cents,
        "charge": charge_id(one.charge),
        "created": one.at,
        "currency": CURRENCY,
        "reason": "requested_by_customer",
        "status": "succeeded",
        "metadata": {},
    })
}

pub fn dispute(one: &Dispute) -> Value {
    json!({
        "id": dispute_id(one.id),
        "object": "dispute",
        "amount": one.cents,
        "charge": charge_id(one.charge),
        "created": one.at,
        "currency": CURRENCY,
        "evidence_details": { "due_by": one.due, "has_evidence": one.status != "needs_response", "past_due": false, "submission_count": 0 },
        "is_charge_refundable": false,
        "reason": one.reason,
        "status": one.status,
        "livemode": true,
        "metadata": {},
    })
}

pub fn payout(one: &Payout) -> Value {
    let failed = one.status == "failed";
    json!({
        "id": payout_id(one.id),
        "object": "payout",
        "amount": one.cents,
        "arrival_date": one.at + 2 * DAY,
        "automatic": true,
        "created": one.at,
        "currency": CURRENCY,
        "failure_code": failed.then_some("account_closed"),
        "failure_message": failed.then_some("The bank account has been closed."),
        "method": "standard",
        "status": one.status,
        "livemode": true,
        "metadata": {},
    })
}

pub fn balance(shop: &Shop) -> Value {
    let fund = |cents: i64| json!([{ "amount": cents, "currency": CURRENCY, "source_types": { "card": cents } }]);
    json!({ "object": "balance", "available": fund(shop.balance.0), "pending": fund(shop.balance.1), "livemode": true })
}

/// An event with what it happened to, as that is now.
pub fn event(shop: &Shop, one: &Event, now: Seconds) -> Value {
    let charges = || shop.charges.iter().rev().find(|charge| charge.id == one.of).map(|of| charge(shop, of));
    let object = match one.kind.split('.').next() {
        Some("charge") => charges(),
        Some("refund") => shop.refunds.iter().rev().find(|of| of.id == one.of).map(refund),
        Some("payout") => shop.payouts.iter().rev().find(|of| of.id == one.of).map(payout),
        Some("customer") => shop.subscriptions.iter().find(|of| of.id == one.of).map(|of| subscription(of, now)),
        _ => None,
    };
    json!({
        "id": event_id(one.id),
        "object": "event",
        "api_version": "2025-09-30.clover",
        "created": one.at,
        "data": { "object": object.unwrap_or_else(|| json!({ "object": "unknown" })) },
        "livemode": true,
        "pending_webhooks": 0,
        "type": one.kind,
    })
}
