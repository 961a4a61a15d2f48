//! Subscriptions as Stripe tells of them, in the shapes before and since 2025-03-31.

use serde::Deserialize;

use super::discount::Discount;
use super::price::{Plan, Price};
use super::wire::{self, Id, List, Seconds};
use crate::domain::money::Currency;

/// A subscription.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "SubscriptionWire")]
pub struct Subscription {
    /// Its id.
    pub id: Id,
    /// Whose it is.
    pub customer: Id,
    /// What it is billed in.
    pub currency: Currency,
    /// Where it stands.
    pub status: Status,
    /// When it was made.
    pub created: Seconds,
    /// When its trial ends or ended.
    pub trial_end: Option<Seconds>,
    /// When it ended.
    pub ended_at: Option<Seconds>,
    /// It ends with its period.
    pub cancel_at_period_end: bool,
    /// It ends then.
    pub cancel_at: Option<Seconds>,
    /// Its invoices are not collected for now; the status stays what it is.
    pub collection_paused: bool,
    /// What it consists of.
    pub items: Vec<Item>,
    /// There are more items than came with it.
    pub more_items: bool,
    /// What is off the whole of it, in the order in which it is taken off.
    pub discounts: Vec<Discount>,
    /// Real money.
    pub livemode: Option<bool>,
}

/// Where a subscription stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Its first payment is awaited.
    Incomplete,
    /// Its first payment never came.
    IncompleteExpired,
    /// It is free for now.
    Trialing,
    /// It is paid.
    Active,
    /// Its last invoice is not paid yet.
    PastDue,
    /// It is over.
    Canceled,
    /// It was given up on, and goes on without being collected.
    Unpaid,
    /// Its trial ended without a way to pay.
    Paused,
    /// A word that this program does not know.
    #[serde(other)]
    Other,
}

impl Status {
    /// Whether it counts as active: active or past due.
    pub fn counts(self) -> bool {
        matches!(self, Self::Active | Self::PastDue)
    }
}

/// A part of a subscription.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "ItemWire")]
pub struct Item {
    /// Its id.
    pub id: Id,
    /// How many; none for what is metered.
    pub quantity: Option<i64>,
    /// What each costs.
    pub price: Price,
    /// What is off this part.
    pub discounts: Vec<Discount>,
}

impl Subscription {
    /// Whether it ended while its trial still ran: nobody ever paid for it.
    pub fn ended_in_trial(&self) -> bool {
        matches!((self.trial_end, self.ended_at), (Some(trial), Some(ended)) if trial >= ended)
    }

    /// Whether it will end by itself: with its period, or at a set time that is still to come.
    pub fn is_canceling(&self, now: Seconds) -> bool {
        self.cancel_at_period_end || self.cancel_at.is_some_and(|at| at > now)
    }
}

#[derive(Deserialize)]
struct SubscriptionWire {
    id: Id,
    #[serde(deserialize_with = "wire::id")]
    customer: Id,
    /// Before 2022-08-01 only its prices said it.
    #[serde(default, deserialize_with = "wire::currency_or_none")]
    currency: Option<Currency>,
    status: Status,
    created: Seconds,
    trial_end: Option<Seconds>,
    ended_at: Option<Seconds>,
    #[serde(default)]
    cancel_at_period_end: bool,
    cancel_at: Option<Seconds>,
    pause_collection: Option<serde::de::IgnoredAny>,
    items: List<Item>,
    /// Before 2025-03-31 there was one; since then a list.
    discount: Option<Discount>,
    #[serde(default)]
    discounts: Option<Vec<Discount>>,
    livemode: Option<bool>,
}

impl TryFrom<SubscriptionWire> for Subscription {
    type Error = &'static str;

    fn try_from(wire: SubscriptionWire) -> Result<Self, Self::Error> {
        let priced = wire.items.data.first().map(|item| item.price.currency);
        let currency = wire.currency.or(priced).ok_or("a subscription has no currency")?;
        let discounts = wire.discounts.filter(|list| !list.is_empty());
        Ok(Self {
            id: wire.id,
            customer: wire.customer,
            currency,
            status: wire.status,
            created: wire.created,
            trial_end: wire.trial_end,
            ended_at: wire.ended_at,
            cancel_at_period_end: wire.cancel_at_period_end,
            cancel_at: wire.cancel_at,
            collection_paused: wire.pause_collection.is_some(),
            more_items: wire.items.has_more,
            items: wire.items.data,
            // Between the two shapes both are there, and say the same.
            discounts: discounts.unwrap_or_else(|| wire.discount.into_iter().collect()),
            livemode: wire.livemode,
        })
    }
}

#[derive(Deserialize)]
struct ItemWire {
    id: Id,
    quantity: Option<i64>,
    price: Option<Price>,
    /// Before 2020-08-27 an item had this instead.
    plan: Option<MaybePlan>,
    #[serde(default)]
    discounts: Option<Vec<Discount>>,
}

/// A plan that cannot be read harms nobody where there is a price.
#[derive(Deserialize)]
#[serde(untagged)]
enum MaybePlan {
    Plan(Plan),
    Other(serde::de::IgnoredAny),
}

impl TryFrom<ItemWire> for Item {
    type Error = &'static str;

    fn try_from(wire: ItemWire) -> Result<Self, Self::Error> {
        let plan = if let Some(MaybePlan::Plan(plan)) = wire.plan { Some(plan.0) } else { None };
        let price = wire.price.or(plan).ok_or("an item has neither a price nor a plan")?;
        Ok(Self { id: wire.id, quantity: wire.quantity, price, discounts: wire.discounts.unwrap_or_default() })
    }
}
