//! How what arrives becomes what is known: a list that is walked for the first time is used as it comes, from the newest
//! to the oldest; one that is walked again replaces what was known only when it is whole. Charges and refunds are never
//! taken off their lists: walked again, each takes its own place, for twice a hundred thousand of them is much.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use super::books::{Books, Known, Resource, Shelf};
use super::discount::Discount;
use super::object::Charge;
use super::price::Price;
use super::walk::{Arrival, Rows};
use super::wire::{Id, Seconds};
use crate::domain::api_error::ApiErrorKind;

/// So many of the newest charges say what they were for; more than are ever shown.
const DESCRIBED: usize = 1000;

/// Takes in what one round of asking gives.
pub(super) struct Intake {
    /// When the round began: what it brings is at least that new.
    began: DateTime<Utc>,
    /// From when on charges, refunds and payouts were asked for.
    from: Seconds,
    /// The lists that were known before, as far as they are walked again.
    again: BTreeMap<Resource, Books>,
    /// Those of them of which each object takes its own place.
    in_place: BTreeSet<Resource>,
    /// How many charges the round has brought, the newest first.
    charges: usize,
    /// How far back the others have been walked; none where their order cannot be relied on.
    reached: BTreeMap<Resource, Option<Seconds>>,
    /// The lists whose walk is over, whichever way.
    over: BTreeSet<Resource>,
}

impl Intake {
    pub fn new(books: &Books, wanted: &[Resource], began: DateTime<Utc>, from: Seconds) -> Self {
        let known = wanted.iter().copied().filter(|resource| books.known(*resource) != Known::Nothing);
        let stays = |resource: &Resource| matches!(resource, Resource::Charges | Resource::Refunds);
        let (in_place, again): (BTreeSet<_>, BTreeSet<_>) = known.partition(stays);
        let again = again.into_iter().map(|resource| (resource, Books::default())).collect();
        Self { began, from, again, in_place, charges: 0, reached: BTreeMap::new(), over: BTreeSet::new() }
    }

    /// Whether a list's walk is over.
    pub fn is_over(&self, resource: Resource) -> bool {
        self.over.contains(&resource)
    }

    /// Takes an arrival in. Gives the kind of failure, if it was one.
    pub fn take(&mut self, books: &mut Books, arrival: Arrival) -> Option<(Resource, ApiErrorKind)> {
        match arrival {
            Arrival::Page { resource, mut rows, last } => {
                let joined = matches!(rows, Rows::Items(..));
                if let Rows::Charges(charges) = &mut rows {
                    self.silence(charges);
                }
                let incoming = self.again.get_mut(&resource).filter(|_| !joined);
                let again = incoming.is_some() || self.in_place.contains(&resource);
                let oldest = put(incoming.unwrap_or(books), rows);
                if joined {
                    return None;
                }
                if !again {
                    self.reach(books, resource, oldest);
                }
                if last {
                    self.finish(books, resource);
                }
                None
            }
            Arrival::Failed { resource, error } => {
                self.leave(books, resource);
                self.over.insert(resource);
                books.trouble.insert(resource, error.to_string());
                Some((resource, error.kind))
            }
        }
    }

    /// Ends the walks that are not over: what one of them failed of, all do.
    pub fn give_up(&mut self, books: &mut Books, wanted: &[Resource], of: Resource) {
        let why = books.trouble.get(&of).cloned().unwrap_or_default();
        let open: Vec<&Resource> = wanted.iter().filter(|resource| !self.over.contains(resource)).collect();
        for resource in open {
            self.leave(books, *resource);
            books.trouble.insert(*resource, why.clone());
        }
    }

    /// Ends a walk in its midst: what was known before stays, and what a first walk has brought is of no use without the rest.
    fn leave(&mut self, books: &mut Books, resource: Resource) {
        if self.again.remove(&resource).is_none() && !self.in_place.contains(&resource) {
            replace(books, &mut Books::default(), resource, Known::Nothing);
        }
    }

    /// Charges that so many newer ones stand before are not shown: what they were for is not kept.
    fn silence(&mut self, charges: &mut [Charge]) {
        let shown = DESCRIBED.saturating_sub(self.charges).min(charges.len());
        charges[shown..].iter_mut().for_each(|charge| charge.description = None);
        self.charges += charges.len();
    }

    /// A page of a first walk is known as far back as it goes, as long as the lists come newest first.
    fn reach(&mut self, books: &mut Books, resource: Resource, times: Option<(Seconds, Seconds, bool)>) {
        let Some((oldest, newest, ordered)) = times else { return };
        let before = self.reached.entry(resource).or_insert(Some(Seconds::MAX));
        *before = before.filter(|before| ordered && newest <= *before).map(|_| oldest);
        // Others made in the same second may be on the next page.
        let known = before.map_or(Known::Nothing, |oldest| Known::Since(oldest.saturating_add(1)));
        set_known(books, resource, known);
    }

    fn finish(&mut self, books: &mut Books, resource: Resource) {
        let known = match resource {
            Resource::Charges | Resource::Refunds | Resource::Payouts => Known::Since(self.from),
            _ => Known::All,
        };
        match self.again.remove(&resource) {
            Some(mut incoming) => replace(books, &mut incoming, resource, known),
            None => set_known(books, resource, known),
        }
        self.over.insert(resource);
        books.fresh.insert(resource, self.began);
        books.trouble.remove(&resource);
    }
}

fn set_known(books: &mut Books, resource: Resource, known: Known) {
    match resource {
        Resource::Subscriptions => books.subscriptions.known = known,
        Resource::Charges => books.charges.known = known,
        Resource::Customers => books.customers.known = known,
        Resource::Refunds => books.refunds.known = known,
        Resource::Disputes => books.disputes.known = known,
        Resource::Payouts => books.payouts.known = known,
        Resource::Balance | Resource::Prices | Resource::Coupons | Resource::Events => {}
    }
}

/// Puts a list in the place of the one that was known.
fn replace(books: &mut Books, by: &mut Books, resource: Resource, known: Known) {
    fn swap<T>(old: &mut Shelf<T>, new: &mut Shelf<T>) {
        std::mem::swap(&mut old.rows, &mut new.rows);
    }
    match resource {
        Resource::Subscriptions => swap(&mut books.subscriptions, &mut by.subscriptions),
        Resource::Charges => swap(&mut books.charges, &mut by.charges),
        Resource::Customers => swap(&mut books.customers, &mut by.customers),
        Resource::Refunds => swap(&mut books.refunds, &mut by.refunds),
        Resource::Disputes => swap(&mut books.disputes, &mut by.disputes),
        Resource::Payouts => swap(&mut books.payouts, &mut by.payouts),
        Resource::Balance => books.balance = by.balance.take(),
        // Tiers and coupons do not change, and one that is gone may still be in use.
        Resource::Prices => {
            books.tiers.extend(by.tiers.drain());
            books.elsewhere.extend(by.elsewhere.drain());
        }
        Resource::Coupons => books.coupons.extend(by.coupons.drain()),
        Resource::Events => {}
    }
    books.livemode = by.livemode.or(books.livemode);
    set_known(books, resource, known);
}

/// Puts objects where they belong; a known one is replaced. Gives the times of the oldest and the newest, and whether
/// they came newest first; none for what has no time.
pub(super) fn put(books: &mut Books, rows: Rows) -> Option<(Seconds, Seconds, bool)> {
    fn shelve<T>(
        rows: Vec<T>,
        into: &mut HashMap<Id, T>,
        named: impl Fn(&T) -> (&Id, Seconds),
    ) -> Option<(Seconds, Seconds, bool)> {
        let times: Vec<Seconds> = rows.iter().map(|row| named(row).1).collect();
        for row in rows {
            into.insert(named(&row).0.clone(), row);
        }
        let ordered = times.is_sorted_by(|a, b| a >= b);
        Some((*times.iter().min()?, *times.iter().max()?, ordered))
    }
    match rows {
        Rows::Balance(balance) => {
            books.livemode = balance.livemode.or(books.livemode);
            books.balance = Some(balance);
            None
        }
        Rows::Subscriptions(rows) => {
            books.livemode = rows.iter().find_map(|row| row.livemode).or(books.livemode);
            shelve(rows, &mut books.subscriptions.rows, |row| (&row.id, row.created))
        }
        Rows::Charges(rows) => {
            books.livemode = rows.iter().find_map(|row| row.livemode).or(books.livemode);
            shelve(rows, &mut books.charges.rows, |row| (&row.id, row.created))
        }
        Rows::Customers(rows) => {
            books.livemode = rows.iter().find_map(|row| row.livemode).or(books.livemode);
            let (gone, rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.deleted);
            for row in gone {
                books.customers.rows.remove(&row.id);
            }
            shelve(rows, &mut books.customers.rows, |row| (&row.id, row.created))
        }
        Rows::Refunds(rows) => shelve(rows, &mut books.refunds.rows, |row| (&row.id, row.created)),
        Rows::Disputes(rows) => shelve(rows, &mut books.disputes.rows, |row| (&row.id, row.created)),
        Rows::Payouts(rows) => shelve(rows, &mut books.payouts.rows, |row| (&row.id, row.created)),
        Rows::Prices(rows) => {
            for price in rows {
                books.elsewhere.extend(price.elsewhere().map(|elsewhere| (price.id.clone(), elsewhere)));
                books.tiers.extend(price.tiers.map(|tiers| (price.id, tiers)));
            }
            None
        }
        Rows::Coupons(rows) => {
            books.coupons.extend(rows.into_iter().map(|coupon| (coupon.id.clone(), coupon)));
            None
        }
        Rows::Items(subscription, items) => {
            if let Some(subscription) = books.subscriptions.rows.get_mut(&subscription) {
                subscription.items = items;
                subscription.more_items = false;
            }
            None
        }
    }
}

/// What has to be joined to subscriptions before they are worth anything.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Lacking {
    /// Some price came without its tiers.
    pub tiers: bool,
    /// Some price is of another currency than its subscription, and does not say what it costs there.
    pub elsewhere: bool,
    /// Some discount came without its coupon.
    pub coupons: bool,
    /// These came without all of their items.
    pub items: Vec<Id>,
}

impl Lacking {
    /// What these books lack for the figures from a time on.
    pub fn of(books: &Books, from: Seconds) -> Self {
        let mut lacking = Self::default();
        let mut lacks = |discounts: &[Discount]| {
            let ids = discounts.iter().filter_map(Discount::lacks_coupon);
            lacking.coupons |= ids.into_iter().any(|id| !books.coupons.contains_key(id));
        };
        let matter = || {
            books.subscriptions.rows.values().filter(|s| s.status.counts() || s.ended_at.is_some_and(|end| end >= from))
        };
        for subscription in matter() {
            lacks(&subscription.discounts);
            subscription.items.iter().for_each(|item| lacks(&item.discounts));
        }
        for customer in books.customers.rows.values() {
            lacks(customer.discount.as_slice());
        }
        let items = || matter().flat_map(|subscription| &subscription.items);
        lacking.tiers = items().any(|item| item.price.lacks_tiers() && !books.tiers.contains_key(&item.price.id));
        lacking.elsewhere = matter().any(|subscription| {
            let foreign =
                |price: &Price| price.is_foreign(subscription.currency) && !books.elsewhere.contains_key(&price.id);
            subscription.items.iter().any(|item| foreign(&item.price))
        });
        lacking.items = matter().filter(|subscription| subscription.more_items).map(|s| s.id.clone()).collect();
        lacking
    }
}
