//! What is known of an account, and since when each part of it is known.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};

use super::discount::Coupon;
use super::object::{Balance, Charge, Customer, Dispute, Payout, Refund};
use super::price::{Elsewhere, Tier};
use super::subscription::Subscription;
use super::wire::{Id, Seconds};
use crate::domain::money::Currency;

/// What Stripe is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Resource {
    /// `/v1/balance`.
    Balance,
    /// `/v1/subscriptions`.
    Subscriptions,
    /// `/v1/charges`.
    Charges,
    /// `/v1/customers`.
    Customers,
    /// `/v1/refunds`.
    Refunds,
    /// `/v1/disputes`.
    Disputes,
    /// `/v1/payouts`.
    Payouts,
    /// `/v1/prices`: only the tiers that subscriptions do not bring with them.
    Prices,
    /// `/v1/coupons`: only those that discounts do not bring with them.
    Coupons,
    /// `/v1/events`: what has changed.
    Events,
}

impl Resource {
    /// Everything that figures are made of, in the order in which it is asked for.
    pub const FIGURES: [Self; 9] = [
        Self::Balance,
        Self::Subscriptions,
        Self::Charges,
        Self::Customers,
        Self::Refunds,
        Self::Disputes,
        Self::Payouts,
        Self::Prices,
        Self::Coupons,
    ];

    /// As in the API's path, and in errors.
    pub fn name(self) -> &'static str {
        match self {
            Self::Balance => "balance",
            Self::Subscriptions => "subscriptions",
            Self::Charges => "charges",
            Self::Customers => "customers",
            Self::Refunds => "refunds",
            Self::Disputes => "disputes",
            Self::Payouts => "payouts",
            Self::Prices => "prices",
            Self::Coupons => "coupons",
            Self::Events => "events",
        }
    }
}

/// How much of a list is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Known {
    /// Nothing that can be relied on.
    #[default]
    Nothing,
    /// Everything that was made at this time or later.
    Since(Seconds),
    /// Everything.
    All,
}

impl Known {
    /// Whether everything made after a time is known.
    pub fn after(self, time: Seconds) -> bool {
        match self {
            Self::Nothing => false,
            Self::Since(since) => since <= time.saturating_add(1),
            Self::All => true,
        }
    }
}

/// A list of objects by their ids.
#[derive(Clone, Debug)]
pub struct Shelf<T> {
    /// Each object.
    pub rows: HashMap<Id, T>,
    /// How much of the list they are.
    pub known: Known,
}

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self { rows: HashMap::new(), known: Known::Nothing }
    }
}

/// What is known of an account.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// Who pays.
    pub customers: Shelf<Customer>,
    /// Subscriptions of every status.
    pub subscriptions: Shelf<Subscription>,
    /// Attempts to be paid of the last sixty days.
    pub charges: Shelf<Charge>,
    /// Refunds of the last sixty days.
    pub refunds: Shelf<Refund>,
    /// Disputes.
    pub disputes: Shelf<Dispute>,
    /// Payouts of the last sixty days.
    pub payouts: Shelf<Payout>,
    /// Tiers by their price.
    pub tiers: HashMap<Id, Vec<Tier>>,
    /// What prices cost in other currencies than their own, by price.
    pub elsewhere: HashMap<Id, HashMap<Currency, Elsewhere>>,
    /// Coupons that did not come with their discounts.
    pub coupons: HashMap<Id, Coupon>,
    /// What is on the account.
    pub balance: Option<Balance>,
    /// Real money, or a test account.
    pub livemode: Option<bool>,
    /// When each part was last known to be whole.
    pub fresh: BTreeMap<Resource, DateTime<Utc>>,
    /// Why a part could not be had, or not be had anew: safe to show.
    pub trouble: BTreeMap<Resource, String>,
}

impl Books {
    /// How much of a resource is known.
    pub fn known(&self, resource: Resource) -> Known {
        let whole = |there| if there { Known::All } else { Known::Nothing };
        match resource {
            Resource::Balance => whole(self.balance.is_some()),
            Resource::Subscriptions => self.subscriptions.known,
            Resource::Charges => self.charges.known,
            Resource::Customers => self.customers.known,
            Resource::Refunds => self.refunds.known,
            Resource::Disputes => self.disputes.known,
            Resource::Payouts => self.payouts.known,
            // Whatever of these is missing is missed by the subscription that needs it.
            Resource::Prices | Resource::Coupons | Resource::Events => Known::All,
        }
    }

    /// How many objects are known.
    pub fn count(&self) -> usize {
        self.customers.rows.len()
            + self.subscriptions.rows.len()
            + self.charges.rows.len()
            + self.refunds.rows.len()
            + self.disputes.rows.len()
            + self.payouts.rows.len()
            + self.tiers.len()
            + self.coupons.len()
    }

    /// Forgets charges, refunds and payouts from before a time: no figure is of then.
    pub fn forget_before(&mut self, time: Seconds) {
        self.charges.rows.retain(|_, charge| charge.created >= time);
        self.refunds.rows.retain(|_, refund| refund.created >= time);
        self.payouts.rows.retain(|_, payout| payout.created >= time);
        for known in [&mut self.charges.known, &mut self.refunds.known, &mut self.payouts.known] {
            *known = match *known {
                Known::Nothing => Known::Nothing,
                Known::Since(since) => Known::Since(since.max(time)),
                Known::All => Known::Since(time),
            };
        }
    }
}
