//! The feed of events: what happened since the last round, taken in by asking for what it happened to.
//!
//! An event brings its object as it was then, in the account's own API version. Only which one it is is read; the object
//! itself is asked for anew, in the version that is understood.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::de::DeserializeOwned;

use super::books::{Books, Resource};
use super::intake::put;
use super::object::{Charge, Customer, Dispute, Event, Payout, Refund};
use super::subscription::Subscription;
use super::walk::{Listed, Rows, one};
use super::wire::{Id, List};
use crate::domain::api_error::{ApiError, ApiErrorKind};
use crate::integrations::http::{ApiClient, Get};

/// From so many changed objects of a kind on, walking the list is as cheap as asking for each.
const TOO_MANY: usize = 200;
/// The most pages of events that are read before everything is walked instead.
const MOST_PAGES: usize = 50;
const PAGE: usize = 100;

/// What became of following the feed.
pub(super) struct Followed {
    /// The newest event that is reckoned with now.
    pub newest: Id,
    /// The lists of which so much has changed that they are to be walked.
    pub whole: Vec<Resource>,
}

/// The newest event there is.
pub(super) async fn newest(api: &ApiClient) -> Result<Option<Id>, ApiError> {
    let page = api.get::<List<Event>>(&Get::new(&["events"]).query("limit", 1)).await?.value;
    Ok(page.data.into_iter().next().map(|event| event.id))
}

/// Takes in what has happened after an event. On an error nothing is taken in, and the same is to be tried again.
pub(super) async fn take_in(api: &ApiClient, after: &Id, books: &mut Books) -> Result<Followed, ApiError> {
    let (newest, mut changed, complete) = since(api, after).await?;
    let mut whole: Vec<Resource> =
        changed.iter().filter(|(_, ids)| ids.len() > TOO_MANY).map(|(one, _)| *one).collect();
    if !complete {
        whole = Resource::FIGURES.to_vec();
    }
    changed.retain(|resource, _| !whole.contains(resource));
    for fetched in fetch(api, changed).await? {
        match fetched {
            Fetched::Rows(rows) => drop(put(books, rows)),
            Fetched::Gone(resource, id) => forget(books, resource, &id),
        }
    }
    Ok(Followed { newest, whole })
}

type Changed = BTreeMap<Resource, BTreeSet<Id>>;

/// The objects that events after one are about, and whether those are all events.
async fn since(api: &ApiClient, after: &Id) -> Result<(Id, Changed, bool), ApiError> {
    let (mut newest, mut changed) = (after.clone(), Changed::new());
    for _ in 0..MOST_PAGES {
        // Towards the newest, a page at a time: each is the one right after its cursor.
        let get = Get::new(&["events"]).query("limit", PAGE).query("ending_before", &newest);
        let page = api.get::<List<Event>>(&get).await?.value;
        let Some(first) = page.data.first() else { return Ok((newest, changed, true)) };
        newest = first.id.clone();
        let full = page.data.len() >= PAGE;
        page.data.into_iter().for_each(|event| note(event, &mut changed));
        if !full && !page.has_more {
            return Ok((newest, changed, true));
        }
    }
    Ok((newest, changed, false))
}

/// Notes what an event is about.
fn note(event: Event, changed: &mut Changed) {
    let mut add = |resource, id: Option<Id>| {
        if let Some(id) = id {
            changed.entry(resource).or_default().insert(id);
        }
    };
    let object = event.data.object;
    match object.object.as_deref() {
        Some("customer") => add(Resource::Customers, object.id),
        Some("subscription") => add(Resource::Subscriptions, object.id),
        Some("discount") => {
            add(Resource::Customers, object.customer);
            add(Resource::Subscriptions, object.subscription);
        }
        Some("charge") => {
            if &*event.kind == "charge.refunded" {
                // Older API versions have no event of the refund's own.
                add(Resource::Refunds, object.id.clone());
            }
            add(Resource::Charges, object.id);
        }
        Some("refund") => add(Resource::Refunds, object.id),
        Some("dispute") => add(Resource::Disputes, object.id),
        Some("payout") => add(Resource::Payouts, object.id),
        _ => {}
    }
}

enum Fetched {
    Rows(Rows),
    Gone(Resource, Id),
}

/// Asks for each object, four at a time.
async fn fetch(api: &ApiClient, changed: Changed) -> Result<Vec<Fetched>, ApiError> {
    let each = changed.into_iter().flat_map(|(resource, ids)| ids.into_iter().map(move |id| (resource, id)));
    let asked = each.map(|(resource, id)| async move {
        match resource {
            Resource::Customers => object::<Customer>(api, resource, id).await,
            Resource::Subscriptions => object::<Subscription>(api, resource, id).await,
            Resource::Charges => object::<Charge>(api, resource, id).await,
            Resource::Disputes => object::<Dispute>(api, resource, id).await,
            Resource::Payouts => object::<Payout>(api, resource, id).await,
            Resource::Refunds if id.starts_with("ch_") || id.starts_with("py_") => refunds_of(api, &id).await,
            _ => object::<Refund>(api, resource, id).await,
        }
    });
    stream::iter(asked).buffer_unordered(4).try_collect().await
}

async fn object<T: Listed + DeserializeOwned>(
    api: &ApiClient,
    resource: Resource,
    id: Id,
) -> Result<Fetched, ApiError> {
    let right =
        |row: T| if row.id() == &id { Ok(row) } else { Err("it is another object than was asked for".to_owned()) };
    let read = |bytes: &[u8]| serde_json::from_slice::<T>(bytes).map_err(|error| error.to_string()).and_then(right);
    match api.read(&one(resource, &id), |reply| read(&reply.value)).await {
        Ok(reply) => Ok(Fetched::Rows(T::rows(vec![reply.value]))),
        Err(error) if error.kind == ApiErrorKind::NotFound => Ok(Fetched::Gone(resource, id)),
        Err(error) => Err(error),
    }
}

/// The refunds of a charge; a hundred are more than it has.
async fn refunds_of(api: &ApiClient, charge: &Id) -> Result<Fetched, ApiError> {
    let get = Get::new(&["refunds"]).query("charge", charge).query("limit", PAGE);
    Ok(Fetched::Rows(Rows::Refunds(api.get::<List<Refund>>(&get).await?.value.data)))
}

fn forget(books: &mut Books, resource: Resource, id: &Id) {
    match resource {
        Resource::Customers => drop(books.customers.rows.remove(id)),
        Resource::Subscriptions => drop(books.subscriptions.rows.remove(id)),
        Resource::Charges => drop(books.charges.rows.remove(id)),
        Resource::Refunds => drop(books.refunds.rows.remove(id)),
        Resource::Disputes => drop(books.disputes.rows.remove(id)),
        Resource::Payouts => drop(books.payouts.rows.remove(id)),
        Resource::Balance | Resource::Prices | Resource::Coupons | Resource::Events => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn noted(events: &[(&str, Value)]) -> Vec<(Resource, Vec<String>)> {
        let mut changed = Changed::new();
        for (kind, object) in events {
            let event = json!({ "id": "evt_1", "created": 1, "type": kind, "data": { "object": object } });
            note(serde_json::from_value(event).unwrap(), &mut changed);
        }
        changed.into_iter().map(|(resource, ids)| (resource, ids.iter().map(ToString::to_string).collect())).collect()
    }

    #[test]
    fn an_event_tells_what_is_to_be_asked_for_again() {
        let events = [
            ("charge.succeeded", json!({ "object": "charge", "id": "ch_1", "amount": "whatever shape" })),
            ("charge.refunded", json!({ "object": "charge", "id": "ch_1" })),
            ("charge.dispute.created", json!({ "object": "dispute", "id": "du_1" })),
            (
                "customer.discount.created",
                json!({ "object": "discount", "id": "di_1", "customer": "cus_1", "subscription": null }),
            ),
            ("customer.subscription.updated", json!({ "object": "subscription", "id": "sub_1", "customer": "cus_9" })),
            ("balance.available", json!({ "object": "balance" })),
            ("invoice.paid", json!({ "object": "invoice", "id": "in_1" })),
        ];
        let of = |id: &str| vec![id.to_owned()];
        assert_eq!(
            noted(&events),
            [
                (Resource::Subscriptions, of("sub_1")),
                (Resource::Charges, of("ch_1")),
                (Resource::Customers, of("cus_1")),
                (Resource::Refunds, of("ch_1")),
                (Resource::Disputes, of("du_1")),
            ]
        );
    }
}
