//! An account that is kept up to date: walked whole once, then by what happened since.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use futures_util::StreamExt;
use futures_util::stream::{BoxStream, SelectAll};

use super::books::{Books, Resource};
use super::changes::{self, Followed};
use super::discount::Coupon;
use super::figures::figures;
use super::intake::{Intake, Lacking};
use super::object::{Charge, Customer, Dispute, Payout, PriceTiers, Refund};
use super::span::DAY;
use super::subscription::Subscription;
use super::walk::{Arrival, ListOf, balance, items, walk};
use super::wire::{Id, Seconds};
use crate::domain::api_error::ApiErrorKind;
use crate::domain::counter::CounterSet;
use crate::domain::hosted::StripeSettings;
use crate::integrations::http::{ApiClient, ApiOptions, Limit, SecretSource};

/// The version of Stripe's API whose answers are asked for. Older and newer ones are understood.
pub const VERSION: &str = "2025-09-30.clover";
/// Everything is walked anew after so long: the feed of events may have lost one.
const WALK_EVERY: TimeDelta = TimeDelta::hours(24);
/// The same where there is no feed of events, and how long a part that the key may not read is left alone.
const WALK_WITHOUT_FEED: TimeDelta = TimeDelta::minutes(10);
/// How far back charges, refunds and payouts are kept: two times the longest window.
const KEPT: Seconds = 60 * DAY;

/// An account of Stripe's.
pub struct Account {
    pub(super) api: ApiClient,
    source: String,
    zone: Tz,
    books: Books,
    /// When it was last walked whole.
    walked: Option<DateTime<Utc>>,
    /// The newest event that is reckoned with.
    newest: Option<Id>,
    /// Until when a part that failed is left alone.
    left_alone: BTreeMap<Resource, DateTime<Utc>>,
}

/// Called with what is known after each page of a walk.
pub type Seen<'s> = &'s mut (dyn FnMut(&Books) + Send);

impl Account {
    /// One of these settings; `source` is what its figures say they are from. Nothing is asked before the first round.
    pub fn new(settings: &StripeSettings, source: impl Into<String>, secret: SecretSource) -> Self {
        Self::with(options(settings.base.clone(), secret), source, settings.timezone)
    }

    /// One with options of one's own.
    pub fn with(options: ApiOptions, source: impl Into<String>, zone: Tz) -> Self {
        Self {
            api: ApiClient::new(options),
            source: source.into(),
            zone,
            books: Books::default(),
            walked: None,
            newest: None,
            left_alone: BTreeMap::new(),
        }
    }

    /// What its figures say they are from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Where its days begin.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// What is known of it.
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// Every figure that can be relied on, at a time.
    pub fn figures(&self, at: DateTime<Utc>) -> CounterSet {
        figures(&self.books, at, self.zone, &self.source)
    }

    /// Walks everything once, for the figures of one time. `now` is when it is asked.
    pub async fn read(&mut self, at: DateTime<Utc>, now: DateTime<Utc>, seen: Seen<'_>) {
        let to = (at < now).then_some(at.timestamp());
        self.walk(&Resource::FIGURES, at.timestamp() - KEPT, to, now, seen).await;
    }

    /// Brings what is known up to now: the first time by walking everything, later by what has happened since.
    pub async fn refresh(&mut self, now: DateTime<Utc>, seen: Seen<'_>) {
        let from = now.timestamp() - KEPT;
        let again = if self.newest.is_some() { WALK_EVERY } else { WALK_WITHOUT_FEED };
        if self.walked.is_none_or(|walked| now - walked >= again) || self.feed_has_begun().await {
            // Before the walk, so that what happens during it is seen afterwards.
            match changes::newest(&self.api).await {
                Ok(newest) => {
                    self.newest = newest;
                    self.books.trouble.remove(&Resource::Events);
                }
                Err(error) => {
                    self.newest = None;
                    self.books.trouble.insert(Resource::Events, error.to_string());
                }
            }
            self.walk(&Resource::FIGURES, from, None, now, seen).await;
            self.walked = Some(now);
        } else {
            self.follow(from, now, seen).await;
        }
        self.books.forget_before(from - DAY);
    }

    /// Whether something has happened at an account where nothing had. A feed that cannot be read says nothing.
    async fn feed_has_begun(&self) -> bool {
        let silent = self.newest.is_none() && !self.books.trouble.contains_key(&Resource::Events);
        silent && matches!(changes::newest(&self.api).await, Ok(Some(_)))
    }

    /// Takes in what has happened, and asks again for what could not be had.
    async fn follow(&mut self, from: Seconds, now: DateTime<Utc>, seen: Seen<'_>) {
        let mut wanted = vec![Resource::Balance];
        if let Some(newest) = self.newest.clone() {
            match changes::take_in(&self.api, &newest, &mut self.books).await {
                Ok(Followed { newest, whole }) => {
                    self.newest = Some(newest);
                    self.books.trouble.remove(&Resource::Events);
                    self.freshen(now, &whole);
                    wanted.extend(whole);
                }
                Err(error) => {
                    // The feed no longer knows the event: only a whole walk tells what has happened since.
                    if matches!(error.kind, ApiErrorKind::Rejected | ApiErrorKind::NotFound) {
                        self.walked = None;
                    }
                    self.books.trouble.insert(Resource::Events, error.to_string());
                }
            }
        }
        let missing = Resource::FIGURES.into_iter().filter(|resource| self.books.trouble.contains_key(resource));
        wanted.extend(missing);
        wanted.retain(|resource| self.left_alone.get(resource).is_none_or(|until| *until <= now));
        wanted.sort_unstable();
        wanted.dedup();
        self.walk(&wanted, from, None, now, seen).await;
    }

    /// What is known, in no trouble and not to be walked again is as new as the feed, which tells nothing of the balance.
    fn freshen(&mut self, now: DateTime<Utc>, but: &[Resource]) {
        let Books { fresh, trouble, .. } = &mut self.books;
        for (resource, time) in fresh.iter_mut() {
            if *resource != Resource::Balance && !trouble.contains_key(resource) && !but.contains(resource) {
                *time = now;
            }
        }
    }

    /// Walks lists at the same time, and then what turned out to be lacking.
    async fn walk(
        &mut self,
        wanted: &[Resource],
        from: Seconds,
        to: Option<Seconds>,
        now: DateTime<Utc>,
        seen: Seen<'_>,
    ) {
        let Self { api, books, left_alone, .. } = self;
        let mut intake = Intake::new(books, wanted, now, from);
        let mut walks: SelectAll<BoxStream<'_, Arrival>> =
            wanted.iter().filter_map(|resource| walk_of(api, *resource, from, to)).collect();
        let mut joins = Joins::default();
        joins.ask(api, books, wanted, &intake, from, &mut walks);
        while let Some(arrival) = walks.next().await {
            match intake.take(books, arrival) {
                Some((resource, ApiErrorKind::Forbidden)) => {
                    left_alone.insert(resource, now + WALK_WITHOUT_FEED);
                }
                // Without a key nothing else will be answered either.
                Some((resource, ApiErrorKind::Unauthorized | ApiErrorKind::NoSecret)) => {
                    intake.give_up(books, wanted, resource);
                    return seen(books);
                }
                _ => {}
            }
            joins.ask(api, books, wanted, &intake, from, &mut walks);
            seen(books);
        }
    }
}

/// How Stripe is asked, at `base`, with a key.
pub fn options(base: String, secret: SecretSource) -> ApiOptions {
    ApiOptions {
        headers: vec![("stripe-version", VERSION.to_owned())],
        // Stripe bears 25 requests a second of each sandbox, and counts what is under way too.
        limits: vec![Limit::new(25, 1)],
        parallel: 4,
        tries: 20,
        timeout: Duration::from_secs(60),
        ..ApiOptions::new("Stripe", base, secret)
    }
}

/// The walk of a list; none for what is only asked for when it is lacking.
fn walk_of(api: &ApiClient, resource: Resource, from: Seconds, to: Option<Seconds>) -> Option<BoxStream<'_, Arrival>> {
    let list = ListOf::new(resource);
    Some(match resource {
        Resource::Balance => balance(api),
        Resource::Subscriptions => walk::<Subscription>(api, list.only("status", "all")),
        Resource::Charges => walk::<Charge>(api, list.made(from, to)),
        Resource::Customers => walk::<Customer>(api, list),
        Resource::Refunds => walk::<Refund>(api, list.made(from, to)),
        Resource::Disputes => walk::<Dispute>(api, list),
        Resource::Payouts => walk::<Payout>(api, list.made(from, to)),
        Resource::Prices | Resource::Coupons | Resource::Events => return None,
    })
}

/// What has been asked for in a round because it was lacking.
#[derive(Default)]
struct Joins {
    of_subscriptions: bool,
    of_both: bool,
}

impl Joins {
    /// Asks for tiers and items as soon as all subscriptions are there, and for coupons when the customers are too.
    fn ask<'a>(
        &mut self,
        api: &'a ApiClient,
        books: &mut Books,
        wanted: &[Resource],
        intake: &Intake,
        from: Seconds,
        walks: &mut SelectAll<BoxStream<'a, Arrival>>,
    ) {
        let settled = |resource| !wanted.contains(&resource) || intake.is_over(resource);
        let first = !self.of_subscriptions && settled(Resource::Subscriptions);
        let second = !self.of_both && settled(Resource::Subscriptions) && settled(Resource::Customers);
        if !first && !second {
            return;
        }
        let lacking = Lacking::of(books, from);
        if first {
            self.of_subscriptions = true;
            if lacking.tiers || lacking.elsewhere {
                let list = ListOf::new(Resource::Prices);
                // Not every version of the API knows of other currencies: only where they are needed is it asked.
                let list = if lacking.elsewhere { list.and_expand("data.currency_options") } else { list };
                walks.push(walk::<PriceTiers>(api, list));
            } else {
                books.trouble.remove(&Resource::Prices);
            }
            lacking.items.into_iter().for_each(|subscription| walks.push(items(api, subscription)));
        }
        if second {
            self.of_both = true;
            if lacking.coupons {
                walks.push(walk::<Coupon>(api, ListOf::new(Resource::Coupons)));
            } else {
                books.trouble.remove(&Resource::Coupons);
            }
        }
    }
}
