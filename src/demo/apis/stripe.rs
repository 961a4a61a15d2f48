//! Stripe, as of API version 2025-09-30: lists by cursor, newest first, and single objects.

use serde_json::{Value, json};

use super::bears;
use super::stripe_objects as object;
use crate::demo::company::books::{PLANS, Standing, Subscription};
use crate::demo::company::{Company, Seconds};
use crate::demo::http::{Reply, Request};

/// Answers a request for a path below `/v1`.
pub fn answer(company: &Company, request: &Request, path: &[&str], key: &str) -> Reply {
    let id = format!("req_demo{:08x}", company.now.unsigned_abs() & 0xffff_ffff);
    let reply = if bears(request, key) {
        route(company, request, path)
    } else if request.header("authorization").is_some() {
        let message = "Invalid API Key provided: rk_live_****";
        Err(fault(401, message, None))
    } else {
        Err(fault(401, "You did not provide an API key.", None))
    };
    reply.unwrap_or_else(|fault| fault).with("Request-Id", id).with("Stripe-Version", "2025-09-30.clover")
}

fn fault(status: u16, message: &str, code: Option<&str>) -> Reply {
    let mut error = json!({ "message": message, "type": "invalid_request_error" });
    if let Some(code) = code {
        error["code"] = json!(code);
    }
    Reply::json(status, &json!({ "error": error }))
}

fn route(company: &Company, request: &Request, path: &[&str]) -> Result<Reply, Reply> {
    if request.method != "GET" {
        return Err(fault(
            403,
            "This key only reads: it does not have the required permissions for this endpoint.",
            None,
        ));
    }
    let (shop, now) = (&company.shop, company.now);
    let live = |one: &&Subscription| !matches!(one.standing, Standing::Ended(_));
    // Ended subscriptions are left out unless they are asked for.
    let every = request.param("status") == Some("all") || path.len() > 1;
    let subscriptions = || shop.subscriptions.iter().filter(|one| every || live(one));
    let (rows, id): (Vec<Row<'_>>, &[&str]) = match path {
        ["balance"] => return Ok(Reply::json(200, &object::balance(shop))),
        ["subscription_items"] => {
            let wanted = request
                .param("subscription")
                .ok_or_else(|| fault(400, "Missing required param: subscription.", None))?;
            let of = shop.subscriptions.iter().filter(|one| object::subscription_id(one.id) == wanted);
            (of.map(|one| row(object::item_id(one.id), one.created, move || object::item(one, now))).collect(), &[])
        }
        ["customers", id @ ..] => (
            shop.customers
                .iter()
                .map(|one| row(object::customer_id(one.id), one.created, || object::customer(one)))
                .collect(),
            id,
        ),
        ["subscriptions", id @ ..] => {
            let show = |one| move || object::subscription(one, now);
            (subscriptions().map(|one| row(object::subscription_id(one.id), one.created, show(one))).collect(), id)
        }
        ["charges", id @ ..] => (
            shop.charges
                .iter()
                .map(|one| row(object::charge_id(one.id), one.at, || object::charge(shop, one)))
                .collect(),
            id,
        ),
        ["refunds", id @ ..] => (
            shop.refunds.iter().map(|one| row(object::refund_id(one.id), one.at, || object::refund(one))).collect(),
            id,
        ),
        ["disputes", id @ ..] => (
            shop.disputes.iter().map(|one| row(object::dispute_id(one.id), one.at, || object::dispute(one))).collect(),
            id,
        ),
        ["payouts", id @ ..] => (
            shop.payouts.iter().map(|one| row(object::payout_id(one.id), one.at, || object::payout(one))).collect(),
            id,
        ),
        ["prices", id @ ..] => (
            (0..PLANS.len())
                .map(|plan| row(PLANS[plan].0.to_owned(), object::LONG_AGO, move || object::price(plan)))
                .collect(),
            id,
        ),
        ["coupons", id @ ..] => (Vec::new(), id),
        ["events", id @ ..] => {
            let show = |one| move || object::event(shop, one, now);
            (shop.events.iter().map(|one| row(object::event_id(one.id), one.at, show(one))).collect(), id)
        }
        _ => return Err(unknown(request)),
    };
    match id {
        [] => list(request, &rows),
        [id] => {
            let missing = || fault(404, &format!("No such object: '{id}'"), Some("resource_missing"));
            rows.iter().find(|one| one.id == *id).map(|one| Reply::json(200, &(one.show)())).ok_or_else(missing)
        }
        _ => Err(unknown(request)),
    }
}

/// An object that is only shown when it is wanted.
struct Row<'s> {
    id: String,
    created: Seconds,
    show: Box<dyn Fn() -> Value + 's>,
}

fn row<'s>(id: String, created: Seconds, show: impl Fn() -> Value + 's) -> Row<'s> {
    Row { id, created, show: Box::new(show) }
}

fn unknown(request: &Request) -> Reply {
    let path = request.raw_path.trim_start_matches("/stripe");
    fault(404, &format!("Unrecognized request URL (GET: {path})."), None)
}

/// Parameters that are compared with the object's own field.
const FILTERS: [&str; 5] = ["customer", "payment_intent", "charge", "status", "type"];

/// A page of what comes oldest first.
fn list(request: &Request, all: &[Row<'_>]) -> Result<Reply, Reply> {
    let limit: usize = request.param("limit").map_or(Ok(10), str::parse).unwrap_or(0);
    if !(1..=100).contains(&limit) {
        return Err(fault(400, "This value must be between 1 and 100 (inclusive).", None));
    }
    let bound = |name: &str| request.number::<Seconds>(&format!("created[{name}]"));
    let (gte, gt, lte, lt) = (bound("gte"), bound("gt"), bound("lte"), bound("lt"));
    let within = |at: Seconds| {
        gte.is_none_or(|from| at >= from)
            && gt.is_none_or(|from| at > from)
            && lte.is_none_or(|to| at <= to)
            && lt.is_none_or(|to| at < to)
    };
    let filters: Vec<(&str, &str)> = FILTERS
        .iter()
        .filter_map(|name| Some((*name, request.param(name).filter(|wanted| *wanted != "all")?)))
        .collect();
    let passes = |one: &&Row<'_>| {
        within(one.created)
            && (filters.is_empty() || {
                let shown = (one.show)();
                filters.iter().all(|(name, wanted)| shown[*name].as_str() == Some(wanted))
            })
    };
    let rows: Vec<&Row<'_>> = all.iter().rev().filter(passes).collect();
    let place = |cursor: &str| {
        let missing = || fault(400, &format!("No such object: '{cursor}'"), Some("resource_missing"));
        rows.iter().position(|one| one.id == cursor).ok_or_else(missing)
    };
    let (part, backwards) = match (request.param("starting_after"), request.param("ending_before")) {
        (Some(after), _) => (&rows[place(after)? + 1..], false),
        (None, Some(before)) => (&rows[..place(before)?], true),
        (None, None) => (&rows[..], false),
    };
    // Backwards it is the page right before the cursor.
    let data = if backwards { &part[part.len().saturating_sub(limit)..] } else { &part[..part.len().min(limit)] };
    let data: Vec<Value> = data.iter().map(|one| (one.show)()).collect();
    let url = request.raw_path.trim_start_matches("/stripe");
    Ok(Reply::json(200, &json!({ "object": "list", "url": url, "has_more": part.len() > limit, "data": data })))
}
