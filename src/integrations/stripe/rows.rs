//! What happened to an account's money, row by row.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};

use super::books::Books;
use super::figures::view::View;
use super::object::{Charge, ChargeStatus, RefusedBy};
use super::span::Span;
use super::wire::{Id, Seconds};
use crate::domain::business::{Business, Dispute, FailedPayment, Payment, PaymentState, Payout, Refund};
use crate::domain::money::Money;
use crate::domain::text::one_line;

/// The newest rows at a time, at most `most` of each kind. (Disputes that are open are all there.)
pub fn business(books: &Books, at: DateTime<Utc>, most: usize) -> Business {
    let now = at.timestamp();
    let rows = Rows { books, now };
    Business {
        payments: newest(books.charges.rows.values(), now, most, |c| c.created, |charge| rows.payment(charge)),
        failures: rows.failures(most),
        disputes: rows.disputes(most),
        refunds: newest(
            books.refunds.rows.values(),
            now,
            most,
            |r| r.created,
            |refund| Refund {
                id: shown(&refund.id),
                time: time(refund.created),
                money: Money { minor: refund.amount, currency: refund.currency },
                customer: rows.payer(refund.charge.as_deref()),
                reason: refund.reason.as_deref().map(word),
                state: refund.status.as_deref().map_or_else(|| "unknown".to_owned(), word),
                url: refund.charge.as_deref().map(|charge| rows.url("payments", charge)),
            },
        ),
        payouts: newest(
            books.payouts.rows.values(),
            now,
            most,
            |p| p.created,
            |payout| Payout {
                id: shown(&payout.id),
                time: time(payout.created),
                money: Money { minor: payout.amount, currency: payout.currency },
                state: word(&payout.status),
                arrives: payout.arrival_date.map(time),
                failure: payout.failure_message.as_deref().or(payout.failure_code.as_deref()).map(str::to_owned),
                url: rows.url("payouts", &payout.id),
            },
        ),
    }
}

struct Rows<'b> {
    books: &'b Books,
    now: Seconds,
}

impl Rows<'_> {
    fn payment(&self, charge: &Charge) -> Payment {
        let state = match (charge.status, charge.captured) {
            (ChargeStatus::Succeeded, Some(_)) => PaymentState::Succeeded,
            (ChargeStatus::Succeeded, None) => PaymentState::Held,
            (ChargeStatus::Failed, _) => PaymentState::Failed,
            (ChargeStatus::Pending | ChargeStatus::Other, _) => PaymentState::Pending,
        };
        let taken = charge.captured.filter(|_| state == PaymentState::Succeeded);
        Payment {
            id: shown(&charge.id),
            time: time(charge.created),
            money: Money { minor: taken.unwrap_or(charge.amount), currency: charge.currency },
            customer: self.name(charge.customer.as_ref()),
            description: charge.description.as_deref().map(str::to_owned),
            state,
            refunded: charge.refunded,
            url: self.url("payments", &charge.id),
        }
    }

    fn failures(&self, most: usize) -> Vec<FailedPayment> {
        let view = View::new(self.books, self.now);
        let all = Span { after: Seconds::MIN, until: self.now };
        let mut failed: Vec<FailedPayment> = Vec::new();
        for (payment, attempts) in view.failed(all) {
            let Some(last) = attempts.iter().max_by_key(|attempt| attempt.created) else { continue };
            let failure = last.failure.as_ref();
            let reason = failure.and_then(|failure| failure.message.as_deref().or(failure.code.as_deref()));
            failed.push(FailedPayment {
                id: shown(payment),
                time: time(last.created),
                money: Money { minor: last.amount, currency: last.currency },
                customer: self.name(last.customer.as_ref()),
                reason: reason.unwrap_or("no reason was given").to_owned(),
                attempts: attempts.len(),
                blocked: failure.is_some_and(|failure| failure.by == RefusedBy::Radar),
                recovered: view.recovered(payment, &attempts, self.now),
                url: self.url("payments", &last.id),
            });
        }
        failed.sort_by(|a, b| (Reverse(a.time), &a.id).cmp(&(Reverse(b.time), &b.id)));
        failed.truncate(most);
        failed
    }

    fn disputes(&self, most: usize) -> Vec<Dispute> {
        let there = self.books.disputes.rows.values().filter(|dispute| dispute.created <= self.now);
        let mut disputes: Vec<Dispute> = there
            .map(|dispute| Dispute {
                id: shown(&dispute.id),
                opened: time(dispute.created),
                money: Money { minor: dispute.amount, currency: dispute.currency },
                customer: self.payer(dispute.charge.as_deref()),
                reason: dispute.reason.as_deref().map(word),
                state: word(&dispute.status),
                open: dispute.is_open(),
                needs_response: dispute.needs_response(),
                due: dispute.evidence_details.and_then(|evidence| evidence.due_by).map(time),
                url: self.url("disputes", &dispute.id),
            })
            .collect();
        // No day is later than any.
        let due = |dispute: &Dispute| dispute.due.unwrap_or(DateTime::<Utc>::MAX_UTC);
        disputes.sort_by(|a, b| {
            let key = |d: &Dispute| {
                (!d.needs_response, !d.open, if d.open { due(d) } else { DateTime::<Utc>::MAX_UTC }, Reverse(d.opened))
            };
            key(a).cmp(&key(b)).then_with(|| a.id.cmp(&b.id))
        });
        let open = disputes.iter().filter(|dispute| dispute.open).count();
        disputes.truncate(most.max(open));
        disputes
    }

    /// Who paid a charge, where it is known.
    fn payer(&self, charge: Option<&str>) -> Option<String> {
        self.name(self.books.charges.rows.get(charge?)?.customer.as_ref())
    }

    fn name(&self, customer: Option<&Id>) -> Option<String> {
        let id = customer?;
        let named = self.books.customers.rows.get(id).and_then(|c| c.name.as_deref().or(c.email.as_deref()));
        Some(named.map_or_else(|| shown(id), str::to_owned))
    }

    /// A page of Stripe's dashboard. Ids that are none lead to its front page.
    fn url(&self, page: &str, id: &str) -> String {
        let test = if self.books.livemode == Some(false) { "test/" } else { "" };
        let plain = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if plain {
            format!("https://dashboard.stripe.com/{test}{page}/{id}")
        } else {
            "https://dashboard.stripe.com/".to_owned()
        }
    }
}

/// The newest of some objects as rows; those of one time by whichever order their ids have.
fn newest<'o, T: 'o, R>(
    objects: impl Iterator<Item = &'o T>,
    now: Seconds,
    most: usize,
    created: impl Fn(&T) -> Seconds,
    row: impl Fn(&T) -> R,
) -> Vec<R>
where
    R: Identified,
{
    let mut objects: Vec<&T> = objects.filter(|object| created(object) <= now).collect();
    if objects.len() > most && most > 0 {
        // Only the newest are put in order: there may be a hundred thousand.
        objects.select_nth_unstable_by_key(most - 1, |object| Reverse(created(object)));
        objects.truncate(most);
    }
    let mut rows: Vec<(Seconds, R)> = objects.into_iter().map(|object| (created(object), row(object))).collect();
    rows.sort_by(|a, b| (Reverse(a.0), a.1.id()).cmp(&(Reverse(b.0), b.1.id())));
    rows.truncate(most);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// A row that can be told from others of the same second.
trait Identified {
    fn id(&self) -> &str;
}

macro_rules! identified {
    ($($row:ty),*) => {$(
        impl Identified for $row {
            fn id(&self) -> &str {
                &self.id
            }
        }
    )*};
}

identified!(Payment, Refund, Payout);

fn time(seconds: Seconds) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

fn shown(id: &str) -> String {
    one_line(id, 80)
}

/// A word of Stripe's as people write it.
fn word(word: &str) -> String {
    one_line(word, 60).replace('_', " ")
}
