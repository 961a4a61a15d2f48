//! An account as it is at one time: what figures are read off.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::super::books::Books;
use super::super::mrr::{Counted, Terms, Unknown, monthly};
use super::super::object::{Charge, ChargeStatus};
use super::super::span::{DAY, Span};
use super::super::subscription::{Status, Subscription};
use super::super::wire::Seconds;
use crate::domain::money::Currency;
use crate::domain::ratio::Ratio;

/// A subscription that matters, and what it is worth a month.
pub struct Valued<'b> {
    /// The subscription.
    pub of: &'b Subscription,
    /// By the discounts that last forever.
    pub worth: Ratio,
    /// By every discount that has not ended.
    pub worth_now: Ratio,
}

impl Valued<'_> {
    /// Whether it is paid for: active or past due, and worth something.
    pub fn pays(&self) -> bool {
        self.of.status.counts() && self.worth.is_positive()
    }

    /// Whether it was paid for at an earlier time, as far as what it is now tells. When a subscription became unpaid it
    /// does not tell, so that one is left out.
    pub fn paid_at(&self, time: Seconds) -> bool {
        matches!(self.of.status, Status::Active | Status::PastDue | Status::Canceled)
            && self.worth.is_positive()
            && self.of.created <= time
            && self.of.ended_at.is_none_or(|ended| ended > time)
            && self.of.trial_end.is_none_or(|trial| trial <= time)
    }

    /// Whether it was lost within a span: it ended, was worth something, and was more than a trial.
    pub fn lost_in(&self, span: Span) -> bool {
        self.of.status == Status::Canceled
            && self.worth.is_positive()
            && self.of.ended_at.is_some_and(|ended| span.has(ended))
            && !self.of.ended_in_trial()
    }
}

/// An account at one time. What was made later is not there yet.
pub struct View<'b> {
    /// What is known.
    pub books: &'b Books,
    /// When it is.
    pub now: Seconds,
    /// Worked out when it is first needed: rows need none of it.
    valued: OnceCell<Result<Vec<Valued<'b>>, Unknown>>,
    /// When the payments that failed at first and then came off did so: the last time of each.
    paid: HashMap<&'b str, Seconds>,
}

impl<'b> View<'b> {
    /// An account at a time.
    pub fn new(books: &'b Books, now: Seconds) -> Self {
        let charges = || books.charges.rows.values().filter(move |charge| charge.created <= now);
        let failed: HashSet<&str> = charges().filter(|one| one.status == ChargeStatus::Failed).map(payment).collect();
        let mut paid = HashMap::new();
        for charge in charges().filter(|one| one.status == ChargeStatus::Succeeded && failed.contains(payment(one))) {
            let time = paid.entry(payment(charge)).or_insert(charge.created);
            *time = charge.created.max(*time);
        }
        Self { books, now, valued: OnceCell::new(), paid }
    }

    /// Every subscription of any worth, or why the worth of one is not known.
    pub fn valued(&self) -> Result<&[Valued<'b>], Unknown> {
        let valued = self.valued.get_or_init(|| valued(self.books, self.now));
        valued.as_deref().map_err(Clone::clone)
    }

    /// Every subscription there is.
    pub fn subscriptions(&self) -> impl Iterator<Item = &'b Subscription> {
        let now = self.now;
        self.books.subscriptions.rows.values().filter(move |subscription| subscription.created <= now)
    }

    /// Every charge of a span.
    pub fn charges(&self, span: Span) -> impl Iterator<Item = &'b Charge> {
        self.books.charges.rows.values().filter(move |charge| span.has(charge.created))
    }

    /// The payments that failed within a span, by payment; an attempt without one is a payment of its own.
    pub fn failed(&self, span: Span) -> HashMap<&'b str, Vec<&'b Charge>> {
        let mut failed: HashMap<_, Vec<_>> = HashMap::new();
        for charge in self.charges(span).filter(|charge| charge.status == ChargeStatus::Failed) {
            failed.entry(payment(charge)).or_default().push(charge);
        }
        failed
    }

    /// Whether a payment came off after attempts at it had failed, by a time.
    pub fn recovered(&self, payment: &str, attempts: &[&Charge], by: Seconds) -> bool {
        let last = attempts.iter().map(|attempt| attempt.created).max();
        self.paid.get(payment).is_some_and(|paid| Some(*paid) >= last && *paid <= by)
    }

    /// The currencies in which there are subscriptions that count or were lost; those of the balance when there is none.
    pub fn subscribed_in(&self) -> BTreeSet<Currency> {
        let relevant = self.subscriptions().filter(|s| matters(s, self.now));
        self.or_balance(relevant.map(|subscription| subscription.currency).collect())
    }

    /// The currencies in which there were payments and refunds; those of the balance when there were none.
    pub fn paid_in(&self) -> BTreeSet<Currency> {
        let charges = self.books.charges.rows.values().map(|charge| charge.currency);
        let refunds = self.books.refunds.rows.values().map(|refund| refund.currency);
        self.or_balance(charges.chain(refunds).collect())
    }

    fn or_balance(&self, currencies: BTreeSet<Currency>) -> BTreeSet<Currency> {
        if !currencies.is_empty() {
            return currencies;
        }
        let funds = self.books.balance.iter().flat_map(|balance| balance.available.iter().chain(&balance.pending));
        funds.map(|fund| fund.currency).collect()
    }
}

/// What a charge is an attempt at.
pub fn payment(charge: &Charge) -> &str {
    charge.intent.as_deref().unwrap_or(&charge.id)
}

/// Whether any figure looks at a subscription's worth: it counts, or it ended within the two longest periods.
fn matters(subscription: &Subscription, now: Seconds) -> bool {
    match subscription.status {
        Status::Active | Status::PastDue => true,
        Status::Canceled => subscription.ended_at.is_some_and(|ended| ended > now - 60 * DAY),
        _ => false,
    }
}

fn valued(books: &Books, now: Seconds) -> Result<Vec<Valued<'_>>, Unknown> {
    let terms =
        |counted| Terms { tiers: &books.tiers, elsewhere: &books.elsewhere, coupons: &books.coupons, now, counted };
    let rows = books.subscriptions.rows.values().filter(|subscription| subscription.created <= now);
    rows.filter(|subscription| matters(subscription, now))
        .map(|subscription| {
            let discount = books.customers.rows.get(&subscription.customer).and_then(|c| c.discount.as_ref());
            let worth = monthly(subscription, discount, terms(Counted::Forever))?;
            let worth_now = monthly(subscription, discount, terms(Counted::AllLive))?;
            Ok(Valued { of: subscription, worth, worth_now })
        })
        .collect()
}

/// Sums by currency, with every one of `currencies` in it, each rounded once.
pub fn rounded(
    currencies: impl IntoIterator<Item = Currency>,
    amounts: impl Iterator<Item = (Currency, Ratio)>,
) -> Option<BTreeMap<Currency, i64>> {
    let mut sums: BTreeMap<Currency, Ratio> = currencies.into_iter().map(|currency| (currency, Ratio::ZERO)).collect();
    for (currency, amount) in amounts {
        let sum = sums.entry(currency).or_insert(Ratio::ZERO);
        *sum = sum.plus(amount)?;
    }
    sums.into_iter().map(|(currency, sum)| Some((currency, sum.round()?))).collect()
}
