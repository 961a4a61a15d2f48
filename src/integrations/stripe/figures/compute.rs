//! How each figure of the table is worked out.

use std::collections::{BTreeMap, BTreeSet};

use super::super::object::{Charge, ChargeStatus, RefusedBy};
use super::super::span::Span;
use super::super::subscription::{Status, Subscription};
use super::super::wire::Seconds;
use super::Outcome;
use super::view::{Valued, View, rounded};
use crate::domain::money::Currency;
use crate::domain::ratio::Ratio;

type Result = std::result::Result<Outcome, String>;

const TOO_LARGE: &str = "the amounts are too large to be added up exactly";

fn count(number: usize) -> Result {
    i64::try_from(number).map(Outcome::Count).map_err(|_| TOO_LARGE.to_owned())
}

fn money(sums: BTreeMap<Currency, i64>) -> Outcome {
    Outcome::Money(sums.into_iter().map(|(currency, sum)| (currency, Some(sum))).collect())
}

/// The worth of the subscriptions that are meant, by currency.
fn worth(
    view: &View<'_>,
    meant: impl Fn(&Valued<'_>) -> bool,
    worth: impl Fn(&Valued<'_>) -> Ratio,
) -> std::result::Result<BTreeMap<Currency, i64>, String> {
    let valued = view.valued().map_err(|unknown| unknown.to_string())?.iter();
    let amounts = valued.filter(|valued| meant(valued)).map(|valued| (valued.of.currency, worth(valued)));
    rounded(view.subscribed_in(), amounts).ok_or_else(|| TOO_LARGE.to_owned())
}

pub fn mrr(view: &View<'_>, _: Span) -> Result {
    worth(view, |valued| valued.pays(), |valued| valued.worth).map(money)
}

pub fn mrr_all_discounts(view: &View<'_>, _: Span) -> Result {
    worth(view, |valued| valued.of.status.counts(), |valued| valued.worth_now).map(money)
}

/// Twelve times what is shown as MRR, so that the two agree.
pub fn arr(view: &View<'_>, _: Span) -> Result {
    let mrr = worth(view, |valued| valued.pays(), |valued| valued.worth)?;
    let year = mrr.into_iter().map(|(currency, sum)| Some((currency, sum.checked_mul(12)?)));
    year.collect::<Option<_>>().map(money).ok_or_else(|| TOO_LARGE.to_owned())
}

/// What is shown as MRR over those who pay in that currency.
pub fn arpu(view: &View<'_>, _: Span) -> Result {
    let mrr = worth(view, |valued| valued.pays(), |valued| valued.worth)?;
    let mut payers: BTreeMap<Currency, BTreeSet<&str>> = BTreeMap::new();
    for valued in view.valued().map_err(|unknown| unknown.to_string())?.iter().filter(|valued| valued.pays()) {
        payers.entry(valued.of.currency).or_default().insert(&valued.of.customer);
    }
    let each = mrr.into_iter().map(|(currency, sum)| {
        let payers = payers.get(&currency).map_or(0, BTreeSet::len);
        (currency, i64::try_from(payers).ok().and_then(|n| Ratio::whole(sum).over(Ratio::whole(n))?.round()))
    });
    Ok(Outcome::Money(each.collect()))
}

pub fn customers(view: &View<'_>, span: Span) -> Result {
    count(view.books.customers.rows.values().filter(|customer| span.has(customer.created)).count())
}

fn payers<'v>(view: &'v View<'_>) -> std::result::Result<BTreeSet<&'v str>, String> {
    let valued = view.valued().map_err(|unknown| unknown.to_string())?.iter();
    Ok(valued.filter(|valued| valued.pays()).map(|valued| &*valued.of.customer).collect())
}

pub fn paying_customers(view: &View<'_>, _: Span) -> Result {
    count(payers(view)?.len())
}

/// Those who paid at the end of the span, as logo churn counts them.
pub fn paying_customers_then(view: &View<'_>, span: Span) -> Result {
    count(paid_at(view, span.until)?.len())
}

fn paid_at<'v>(view: &'v View<'_>, time: Seconds) -> std::result::Result<BTreeSet<&'v str>, String> {
    let valued = view.valued().map_err(|unknown| unknown.to_string())?.iter();
    Ok(valued.filter(|valued| valued.paid_at(time)).map(|valued| &*valued.of.customer).collect())
}

pub fn paid_subscriptions_then(view: &View<'_>, span: Span) -> Result {
    let valued = view.valued().map_err(|unknown| unknown.to_string())?;
    count(valued.iter().filter(|valued| valued.paid_at(span.until)).count())
}

pub fn trialing_then(view: &View<'_>, span: Span) -> Result {
    let then = span.until;
    let in_trial = |subscription: &&Subscription| {
        subscription.created <= then
            && subscription.trial_end.is_some_and(|end| end > then)
            && subscription.ended_at.is_none_or(|ended| ended > then)
    };
    count(view.subscriptions().filter(in_trial).count())
}

pub fn paid_subscriptions(view: &View<'_>, _: Span) -> Result {
    count(view.valued().map_err(|unknown| unknown.to_string())?.iter().filter(|valued| valued.pays()).count())
}

pub fn active_subscriptions(view: &View<'_>, _: Span) -> Result {
    count(view.subscriptions().filter(|subscription| subscription.status.counts()).count())
}

pub fn trialing(view: &View<'_>, _: Span) -> Result {
    count(view.subscriptions().filter(|subscription| subscription.status == Status::Trialing).count())
}

pub fn past_due_subscriptions(view: &View<'_>, _: Span) -> Result {
    count(view.subscriptions().filter(|subscription| subscription.status == Status::PastDue).count())
}

pub fn past_due_mrr(view: &View<'_>, _: Span) -> Result {
    worth(view, |valued| valued.of.status == Status::PastDue, |valued| valued.worth).map(money)
}

pub fn canceling_subscriptions(view: &View<'_>, _: Span) -> Result {
    count(view.subscriptions().filter(|s| s.status.counts() && s.is_canceling(view.now)).count())
}

pub fn canceling_mrr(view: &View<'_>, _: Span) -> Result {
    worth(view, |valued| valued.pays() && valued.of.is_canceling(view.now), |valued| valued.worth).map(money)
}

pub fn collection_paused_mrr(view: &View<'_>, _: Span) -> Result {
    worth(view, |valued| valued.pays() && valued.of.collection_paused, |valued| valued.worth).map(money)
}

/// Those whose paid subscription ended within the span and who pay nothing at its end.
fn churned<'v>(view: &'v View<'_>, span: Span) -> std::result::Result<BTreeSet<&'v str>, String> {
    let valued = view.valued().map_err(|unknown| unknown.to_string())?;
    let is_now = span.until == view.now;
    let paying = valued.iter().filter(|valued| if is_now { valued.pays() } else { valued.paid_at(span.until) });
    let paying: BTreeSet<&str> = paying.map(|valued| &*valued.of.customer).collect();
    let lost = valued.iter().filter(|valued| valued.lost_in(span)).map(|valued| &*valued.of.customer);
    Ok(lost.filter(|customer| !paying.contains(customer)).collect())
}

pub fn churned_customers(view: &View<'_>, span: Span) -> Result {
    count(churned(view, span)?.len())
}

pub fn churned_subscriptions(view: &View<'_>, span: Span) -> Result {
    let valued = view.valued().map_err(|unknown| unknown.to_string())?;
    count(valued.iter().filter(|valued| valued.lost_in(span)).count())
}

pub fn churned_mrr(view: &View<'_>, span: Span) -> Result {
    worth(view, |valued| valued.lost_in(span), |valued| valued.worth).map(money)
}

/// Churned customers over those who paid when the span began.
pub fn logo_churn_pct(view: &View<'_>, span: Span) -> Result {
    let churned = churned(view, span)?.len();
    let start = paid_at(view, span.after)?.len();
    let share = Ratio::new(churned as i128 * 10_000, start as i128).and_then(Ratio::round);
    Ok(Outcome::Percent(share))
}

/// Adds amounts up by currency, each of the account's currencies included.
fn sums(view: &View<'_>, amounts: impl Iterator<Item = (Currency, i64)>) -> Result {
    let amounts = amounts.map(|(currency, amount)| (currency, Ratio::whole(amount)));
    rounded(view.paid_in(), amounts).map(money).ok_or_else(|| TOO_LARGE.to_owned())
}

/// What a charge took: it succeeded and was captured, whatever part of it.
fn taken(charge: &Charge) -> Option<i64> {
    charge.captured.filter(|_| charge.status == ChargeStatus::Succeeded)
}

fn gross(view: &View<'_>, span: Span) -> impl Iterator<Item = (Currency, i64)> {
    view.charges(span).filter_map(|charge| Some((charge.currency, taken(charge)?)))
}

fn refunds(view: &View<'_>, span: Span) -> impl Iterator<Item = (Currency, i64)> {
    let refunds = view.books.refunds.rows.values().filter(move |refund| span.has(refund.created));
    refunds
        .filter(|refund| refund.status.as_deref() == Some("succeeded"))
        .map(|refund| (refund.currency, refund.amount))
}

pub fn revenue_gross(view: &View<'_>, span: Span) -> Result {
    sums(view, gross(view, span))
}

pub fn revenue_refunds(view: &View<'_>, span: Span) -> Result {
    sums(view, refunds(view, span))
}

pub fn revenue_net(view: &View<'_>, span: Span) -> Result {
    sums(
        view,
        gross(view, span).chain(refunds(view, span).map(|(currency, amount)| (currency, amount.saturating_neg()))),
    )
}

pub fn payments(view: &View<'_>, span: Span) -> Result {
    count(gross(view, span).count())
}

pub fn failed_payments(view: &View<'_>, span: Span) -> Result {
    count(view.failed(span).len())
}

pub fn failed_payments_recovered(view: &View<'_>, span: Span) -> Result {
    let failed = view.failed(span);
    count(failed.iter().filter(|(payment, attempts)| view.recovered(payment, attempts, span.until)).count())
}

pub fn failed_attempts(view: &View<'_>, span: Span) -> Result {
    count(view.failed(span).values().map(Vec::len).sum())
}

pub fn failed_payments_blocked(view: &View<'_>, span: Span) -> Result {
    let by_radar = |charge: &&Charge| charge.failure.as_ref().is_some_and(|failure| failure.by == RefusedBy::Radar);
    count(view.failed(span).values().filter(|attempts| attempts.iter().any(by_radar)).count())
}

/// What the payments that did not recover were worth: the last attempt at each.
pub fn failed_payments_lost(view: &View<'_>, span: Span) -> Result {
    let failed = view.failed(span);
    let lost = failed.iter().filter(|(payment, attempts)| !view.recovered(payment, attempts, span.until));
    let last = lost.filter_map(|(_, attempts)| attempts.iter().max_by_key(|attempt| attempt.created));
    sums(view, last.map(|attempt| (attempt.currency, attempt.amount)))
}

pub fn open_disputes(view: &View<'_>, span: Span) -> Result {
    let disputes = view.books.disputes.rows.values().filter(|dispute| span.has(dispute.created));
    count(disputes.filter(|dispute| dispute.is_open()).count())
}

pub fn open_disputes_amount(view: &View<'_>, span: Span) -> Result {
    let disputes = view.books.disputes.rows.values().filter(|d| span.has(d.created) && d.is_open());
    sums(view, disputes.map(|dispute| (dispute.currency, dispute.amount)))
}

pub fn disputes_needing_response(view: &View<'_>, span: Span) -> Result {
    let disputes = view.books.disputes.rows.values().filter(|dispute| span.has(dispute.created));
    count(disputes.filter(|dispute| dispute.needs_response()).count())
}

pub fn balance_available(view: &View<'_>, _: Span) -> Result {
    let funds = view.books.balance.iter().flat_map(|balance| &balance.available);
    funds_of(funds.map(|fund| (fund.currency, fund.amount)))
}

pub fn balance_pending(view: &View<'_>, _: Span) -> Result {
    let funds = view.books.balance.iter().flat_map(|balance| &balance.pending);
    funds_of(funds.map(|fund| (fund.currency, fund.amount)))
}

fn funds_of(funds: impl Iterator<Item = (Currency, i64)>) -> Result {
    let funds = funds.map(|(currency, amount)| (currency, Ratio::whole(amount)));
    rounded([], funds).map(money).ok_or_else(|| TOO_LARGE.to_owned())
}

pub fn payouts_failed(view: &View<'_>, span: Span) -> Result {
    let payouts = view.books.payouts.rows.values().filter(|payout| span.has(payout.created));
    count(payouts.filter(|payout| &*payout.status == "failed").count())
}
