//! What is asked of Stripe, and lists walked to their end.

use futures_util::StreamExt;
use futures_util::stream::{BoxStream, once, unfold};
use serde::de::DeserializeOwned;

use super::books::Resource;
use super::discount::Coupon;
use super::object::{Balance, Charge, Customer, Dispute, Payout, PriceTiers, Refund};
use super::subscription::{Item, Subscription};
use super::wire::{Id, List, Seconds};
use crate::domain::api_error::{ApiError, ApiErrorKind};
use crate::integrations::http::{ApiClient, Get};

/// The most that a page holds.
const PAGE: usize = 100;

/// Objects of one kind.
#[derive(Debug)]
pub(super) enum Rows {
    Balance(Balance),
    Subscriptions(Vec<Subscription>),
    Charges(Vec<Charge>),
    Customers(Vec<Customer>),
    Refunds(Vec<Refund>),
    Disputes(Vec<Dispute>),
    Payouts(Vec<Payout>),
    Prices(Vec<PriceTiers>),
    Coupons(Vec<Coupon>),
    Items(Id, Vec<Item>),
}

/// What came of a walk.
#[derive(Debug)]
pub(super) enum Arrival {
    /// A page, and whether it was the last.
    Page { resource: Resource, rows: Rows, last: bool },
    /// The walk is over, and not everything was had.
    Failed { resource: Resource, error: ApiError },
}

/// An object that has an id.
pub(super) trait Row: DeserializeOwned + Send + 'static {
    /// The id.
    fn id(&self) -> &Id;
}

/// One that has a list of its own.
pub(super) trait Listed: Row {
    /// Wraps many.
    fn rows(many: Vec<Self>) -> Rows;
}

macro_rules! rows {
    ($($object:ident => $rows:ident),* $(,)?) => {$(
        impl Row for $object {
            fn id(&self) -> &Id {
                &self.id
            }
        }

        impl Listed for $object {
            fn rows(many: Vec<Self>) -> Rows {
                Rows::$rows(many)
            }
        }
    )*};
}

rows! {
    Subscription => Subscriptions,
    Charge => Charges,
    Customer => Customers,
    Refund => Refunds,
    Dispute => Disputes,
    Payout => Payouts,
    PriceTiers => Prices,
    Coupon => Coupons,
}

/// The objects that are to come with others instead of their ids. Stripe follows four levels at most, so the coupon of
/// an item's discount is an id in a list, and joined.
fn expansions(resource: Resource) -> &'static [&'static str] {
    match resource {
        Resource::Subscriptions => &["discounts.source.coupon", "items.data.discounts"],
        Resource::Customers => &["discount.source.coupon"],
        Resource::Prices => &["tiers"],
        _ => &[],
    }
}

/// A question for one object.
pub(super) fn one(resource: Resource, id: &str) -> Get {
    let get = Get::new(&[resource.name(), id]);
    expansions(resource).iter().fold(get, |get, path| get.query("expand[]", path))
}

/// A list that is asked for.
#[derive(Clone)]
pub(super) struct ListOf {
    resource: Resource,
    path: &'static str,
    filters: Vec<(&'static str, String)>,
    expand: Vec<String>,
}

impl ListOf {
    /// All of a resource.
    pub fn new(resource: Resource) -> Self {
        let expand = expansions(resource).iter().map(|path| format!("data.{path}")).collect();
        Self { resource, path: resource.name(), filters: Vec::new(), expand }
    }

    /// Only what a parameter says.
    pub fn only(mut self, name: &'static str, value: impl ToString) -> Self {
        self.filters.push((name, value.to_string()));
        self
    }

    /// With one more part of each object.
    pub fn and_expand(mut self, path: &str) -> Self {
        self.expand.push(path.to_owned());
        self
    }

    /// Only what was made within a time.
    pub fn made(self, from: Seconds, to: Option<Seconds>) -> Self {
        let this = self.only("created[gte]", from);
        if let Some(to) = to { this.only("created[lte]", to) } else { this }
    }

    /// The items of a subscription.
    fn items(subscription: &str) -> Self {
        let expand = vec!["data.discounts.source.coupon".to_owned()];
        let list = Self { resource: Resource::Subscriptions, path: "subscription_items", filters: Vec::new(), expand };
        list.only("subscription", subscription)
    }

    fn page(&self, after: Option<&Id>, expanded: bool) -> Get {
        let mut get = Get::new(&[self.path]).query("limit", PAGE);
        for (name, value) in &self.filters {
            get = get.query(name, value);
        }
        for path in self.expand.iter().filter(|_| expanded) {
            get = get.query("expand[]", path);
        }
        if let Some(id) = after { get.query("starting_after", id) } else { get }
    }
}

/// Where a walk stands.
#[derive(Clone)]
struct Place {
    after: Option<Id>,
    /// Cleared when the API, an old one, does not know the expansions: it sends what they would bring by itself.
    expanded: bool,
}

/// Walks a list from the newest to the oldest, page by page. Objects made meanwhile do not shift it.
pub(super) fn walk<T: Listed>(api: &ApiClient, list: ListOf) -> BoxStream<'_, Arrival> {
    let start = Some(Place { after: None, expanded: !list.expand.is_empty() });
    unfold(start, move |place| {
        let list = list.clone();
        async move {
            let (page, next) = page::<T>(api, &list, place?).await;
            let resource = list.resource;
            Some(match page {
                Ok(rows) => (Arrival::Page { resource, rows: T::rows(rows), last: next.is_none() }, next),
                Err(error) => (Arrival::Failed { resource, error }, None),
            })
        }
    })
    .boxed()
}

/// A page, and where the next one begins.
async fn page<T: Row>(api: &ApiClient, list: &ListOf, mut place: Place) -> (Result<Vec<T>, ApiError>, Option<Place>) {
    let asked = api.get::<List<T>>(&list.page(place.after.as_ref(), place.expanded)).await;
    let asked = match asked {
        Err(error) if place.expanded && place.after.is_none() && error.status == Some(400) => {
            place.expanded = false;
            api.get::<List<T>>(&list.page(None, false)).await
        }
        other => other,
    };
    let page = match asked {
        Ok(reply) => reply.value,
        Err(error) => return (Err(error), None),
    };
    if !page.has_more {
        return (Ok(page.data), None);
    }
    // A list that does not move on has no end either.
    let last = page.data.last().map(|row| row.id().clone()).filter(|last| place.after.as_ref() != Some(last));
    match last {
        Some(last) => (Ok(page.data), Some(Place { after: Some(last), ..place })),
        None => (Err(endless(list.path)), None),
    }
}

fn endless(path: &str) -> ApiError {
    ApiError {
        kind: ApiErrorKind::Garbage,
        api: "Stripe",
        asked: format!("GET /{path}"),
        message: "it says that there is more, and gives nothing more".to_owned(),
        status: None,
        request_id: None,
        retry_after: None,
        maybe_done: false,
    }
}

/// Asks for the balance.
pub(super) fn balance(api: &ApiClient) -> BoxStream<'_, Arrival> {
    let resource = Resource::Balance;
    once(async move {
        match api.get::<Balance>(&Get::new(&[resource.name()])).await {
            Ok(reply) => Arrival::Page { resource, rows: Rows::Balance(reply.value), last: true },
            Err(error) => Arrival::Failed { resource, error },
        }
    })
    .boxed()
}

/// Every item of a subscription that has more than came with it.
pub(super) fn items(api: &ApiClient, subscription: Id) -> BoxStream<'_, Arrival> {
    let resource = Resource::Subscriptions;
    once(async move {
        let (list, mut all) = (ListOf::items(&subscription), Vec::new());
        let mut place = Place { after: None, expanded: true };
        loop {
            match page::<Item>(api, &list, place).await {
                (Err(error), _) => return Arrival::Failed { resource, error },
                (Ok(rows), next) => {
                    all.extend(rows);
                    match next {
                        Some(next) => place = next,
                        None => return Arrival::Page { resource, rows: Rows::Items(subscription, all), last: true },
                    }
                }
            }
        }
    })
    .boxed()
}

impl Row for Item {
    fn id(&self) -> &Id {
        &self.id
    }
}
