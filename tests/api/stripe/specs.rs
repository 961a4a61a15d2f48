//! Stripe's own specification and examples: what is read of an object is there, and of the type that is expected.

use std::path::Path;

use quarterdeck::integrations::stripe::discount::{Coupon, Discount};
use quarterdeck::integrations::stripe::object::{
    Balance, Charge, Customer, Dispute, Event, Payout, PriceTiers, Refund,
};
use quarterdeck::integrations::stripe::price::Price;
use quarterdeck::integrations::stripe::subscription::Subscription;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn spec(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/specs").join(name);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn reads<T: DeserializeOwned>(examples: &Value, name: &str) {
    let example = &examples["resources"][name];
    assert!(example.is_object(), "there is an example of {name}");
    if let Err(error) = serde_json::from_value::<T>(example.clone()) {
        panic!("{name}: {error}");
    }
}

#[test]
fn every_official_example_can_be_read() {
    let examples = spec("stripe.fixtures3.2026-08.json");
    reads::<Balance>(&examples, "balance");
    reads::<Charge>(&examples, "charge");
    reads::<Coupon>(&examples, "coupon");
    reads::<Customer>(&examples, "customer");
    reads::<Customer>(&examples, "deleted_customer");
    reads::<Discount>(&examples, "discount");
    reads::<Dispute>(&examples, "dispute");
    reads::<Event>(&examples, "event");
    reads::<Payout>(&examples, "payout");
    reads::<Price>(&examples, "price");
    reads::<PriceTiers>(&examples, "price");
    reads::<Refund>(&examples, "refund");
    reads::<Subscription>(&examples, "subscription");
}

/// The fields that are read, with their types in the specification: `?` may be null, `a|b` one of them, `*` a reference.
const FIELDS: &[(&str, &[(&str, &str)])] = &[
    (
        "charge",
        &[
            ("id", "string"),
            ("created", "integer"),
            ("currency", "string"),
            ("amount", "integer"),
            ("amount_captured", "integer"),
            ("amount_refunded", "integer"),
            ("captured", "boolean"),
            ("status", "string"),
            ("failure_code", "string"),
            ("failure_message", "string"),
            ("livemode", "boolean"),
            ("payment_intent", "*"),
            ("customer", "*"),
            ("outcome", "*"),
            ("description", "string"),
        ],
    ),
    (
        "customer",
        &[
            ("id", "string"),
            ("created", "integer"),
            ("name", "string"),
            ("email", "string"),
            ("discount", "*"),
            ("livemode", "boolean"),
        ],
    ),
    (
        "subscription",
        &[
            ("id", "string"),
            ("customer", "*"),
            ("currency", "string"),
            ("status", "string"),
            ("created", "integer"),
            ("trial_end", "integer"),
            ("ended_at", "integer"),
            ("cancel_at_period_end", "boolean"),
            ("cancel_at", "integer"),
            ("pause_collection", "*"),
            ("discount", "*"),
            ("items", "object"),
        ],
    ),
    ("subscription_item", &[("id", "string"), ("quantity", "integer"), ("price", "*")]),
    (
        "price",
        &[
            ("id", "string"),
            ("currency", "string"),
            ("recurring", "*"),
            ("billing_scheme", "string"),
            ("unit_amount", "integer"),
            ("unit_amount_decimal", "string"),
            ("tiers_mode", "string"),
            ("tiers", "array"),
            ("transform_quantity", "*"),
        ],
    ),
    (
        "price_tier",
        &[
            ("up_to", "integer"),
            ("unit_amount", "integer"),
            ("unit_amount_decimal", "string"),
            ("flat_amount", "integer"),
            ("flat_amount_decimal", "string"),
        ],
    ),
    ("recurring", &[("interval", "string"), ("interval_count", "integer"), ("usage_type", "string")]),
    ("transform_quantity", &[("divide_by", "integer"), ("round", "string")]),
    (
        "coupon",
        &[
            ("id", "string"),
            ("duration", "string"),
            ("percent_off", "number"),
            ("amount_off", "integer"),
            ("currency", "string"),
        ],
    ),
    ("discount", &[("id", "string"), ("end", "integer"), ("coupon", "*")]),
    (
        "refund",
        &[
            ("id", "string"),
            ("created", "integer"),
            ("currency", "string"),
            ("amount", "integer"),
            ("status", "string"),
            ("charge", "*"),
            ("reason", "string"),
        ],
    ),
    (
        "dispute",
        &[
            ("id", "string"),
            ("created", "integer"),
            ("currency", "string"),
            ("amount", "integer"),
            ("status", "string"),
            ("reason", "string"),
            ("charge", "*"),
            ("evidence_details", "*"),
        ],
    ),
    ("dispute_evidence_details", &[("due_by", "integer")]),
    (
        "payout",
        &[
            ("id", "string"),
            ("created", "integer"),
            ("currency", "string"),
            ("amount", "integer"),
            ("status", "string"),
            ("arrival_date", "integer"),
            ("failure_code", "string"),
            ("failure_message", "string"),
        ],
    ),
    ("balance", &[("available", "array"), ("pending", "array"), ("livemode", "boolean")]),
    ("balance_amount", &[("amount", "integer"), ("currency", "string")]),
    ("event", &[("id", "string"), ("created", "integer"), ("type", "string"), ("data", "*")]),
];

#[test]
fn every_field_that_is_read_is_in_the_specification_of_2022() {
    let schemas = &spec("stripe.2022-11-15.pruned.json")["components"]["schemas"];
    let mut wrong = Vec::new();
    for (schema, fields) in FIELDS {
        for (field, kind) in *fields {
            let property = &schemas[*schema]["properties"][*field];
            let right = match *kind {
                "*" => property.get("anyOf").is_some() || property.get("$ref").is_some(),
                kind => property["type"] == kind,
            };
            if !right {
                wrong.push(format!("{schema}.{field} is no {kind}: {property}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_list_and_parameter_that_is_asked_for_is_in_the_specification() {
    let paths = &spec("stripe.2022-11-15.pruned.json")["paths"];
    for (path, parameters) in [
        ("subscriptions", &["limit", "starting_after", "expand", "status"][..]),
        ("charges", &["limit", "starting_after", "created"]),
        ("customers", &["limit", "starting_after", "expand"]),
        ("refunds", &["limit", "starting_after", "created", "charge"]),
        ("disputes", &["limit", "starting_after"]),
        ("payouts", &["limit", "starting_after", "created"]),
        ("prices", &["limit", "starting_after", "expand"]),
        ("coupons", &["limit", "starting_after"]),
        ("events", &["limit", "ending_before"]),
        ("subscription_items", &["limit", "starting_after", "expand", "subscription"]),
    ] {
        let known = paths[format!("/v1/{path}")]["get"]["parameters"].as_array().unwrap();
        for parameter in parameters {
            assert!(known.iter().any(|known| known["name"] == *parameter), "{path} has no {parameter}");
        }
    }
}
