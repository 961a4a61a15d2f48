//! Stripe's other objects, as far as figures and the Business tab need them.

use std::collections::HashMap;

use serde::Deserialize;

use super::discount::Discount;
use super::price::{Elsewhere, Tier};
use super::wire::{self, Id, Seconds};
use crate::domain::money::Currency;

/// Who pays.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Customer {
    /// Its id.
    pub id: Id,
    /// When it was made. A deleted one has none.
    #[serde(default)]
    pub created: Seconds,
    /// It was deleted: nothing else is known of it.
    #[serde(default)]
    pub deleted: bool,
    /// What is off all of its subscriptions that have no discount of their own.
    pub discount: Option<Discount>,
    /// Its name.
    #[serde(default, deserialize_with = "wire::text")]
    pub name: Option<Box<str>>,
    /// Its address.
    #[serde(default, deserialize_with = "wire::text")]
    pub email: Option<Box<str>>,
    /// Real money.
    pub livemode: Option<bool>,
}

/// An attempt to be paid.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "ChargeWire")]
pub struct Charge {
    /// Its id.
    pub id: Id,
    /// When it was made.
    pub created: Seconds,
    /// What it is in.
    pub currency: Currency,
    /// What was asked for.
    pub amount: i64,
    /// What was taken, which may be a part; none while it is only held.
    pub captured: Option<i64>,
    /// What went back of it.
    pub refunded: i64,
    /// How it came out.
    pub status: ChargeStatus,
    /// Who paid; a guest is nobody.
    pub customer: Option<Id>,
    /// The payment that this is an attempt at.
    pub intent: Option<Id>,
    /// Why it failed.
    pub failure: Option<Box<Failure>>,
    /// What for.
    pub description: Option<Box<str>>,
    /// Real money.
    pub livemode: Option<bool>,
}

/// How a charge came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChargeStatus {
    /// The money was taken, or is held to be.
    Succeeded,
    /// Nobody knows yet (bank debits).
    Pending,
    /// It was refused.
    Failed,
    /// A word that this program does not know.
    #[serde(other)]
    Other,
}

/// Why a charge failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Such as `insufficient_funds`.
    pub code: Option<Box<str>>,
    /// In Stripe's words.
    pub message: Option<Box<str>>,
    /// Who refused it.
    pub by: RefusedBy,
}

/// Who refused a charge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedBy {
    /// The card's bank.
    Issuer,
    /// Stripe Radar, before anybody was asked.
    Radar,
    /// It was not a good question, or nobody said.
    Other,
}

#[derive(Deserialize)]
struct ChargeWire {
    id: Id,
    created: Seconds,
    #[serde(deserialize_with = "wire::currency")]
    currency: Currency,
    amount: i64,
    amount_captured: Option<i64>,
    #[serde(default)]
    amount_refunded: Option<i64>,
    captured: bool,
    status: ChargeStatus,
    #[serde(default, deserialize_with = "wire::id_or_none")]
    customer: Option<Id>,
    #[serde(default, deserialize_with = "wire::id_or_none")]
    payment_intent: Option<Id>,
    #[serde(default, deserialize_with = "wire::text")]
    failure_code: Option<Box<str>>,
    #[serde(default, deserialize_with = "wire::text")]
    failure_message: Option<Box<str>>,
    outcome: Option<OutcomeWire>,
    #[serde(default, deserialize_with = "wire::text")]
    description: Option<Box<str>>,
    livemode: Option<bool>,
}

#[derive(Deserialize)]
struct OutcomeWire {
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl From<ChargeWire> for Charge {
    fn from(wire: ChargeWire) -> Self {
        let by = match wire.outcome.as_ref().and_then(|outcome| outcome.kind.as_deref()) {
            Some("issuer_declined") => RefusedBy::Issuer,
            Some("blocked") => RefusedBy::Radar,
            _ => RefusedBy::Other,
        };
        let failed = wire.status == ChargeStatus::Failed;
        let failure = failed.then(|| Box::new(Failure { code: wire.failure_code, message: wire.failure_message, by }));
        Self {
            id: wire.id,
            created: wire.created,
            currency: wire.currency,
            amount: wire.amount,
            captured: wire.captured.then_some(wire.amount_captured.unwrap_or(wire.amount)),
            refunded: wire.amount_refunded.unwrap_or(0),
            status: wire.status,
            customer: wire.customer,
            intent: wire.payment_intent,
            failure,
            description: wire.description,
            livemode: wire.livemode,
        }
    }
}

/// Money that goes back.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Refund {
    /// Its id.
    pub id: Id,
    /// When it was made.
    pub created: Seconds,
    /// What it is in.
    #[serde(deserialize_with = "wire::currency")]
    pub currency: Currency,
    /// How much.
    pub amount: i64,
    /// `succeeded`, `pending`, `requires_action`, `failed`, `canceled`.
    #[serde(default, deserialize_with = "wire::text")]
    pub status: Option<Box<str>>,
    /// Of which charge.
    #[serde(default, deserialize_with = "wire::id_or_none")]
    pub charge: Option<Id>,
    /// Why.
    #[serde(default, deserialize_with = "wire::text")]
    pub reason: Option<Box<str>>,
}

/// A payment that its payer's bank wants back.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Dispute {
    /// Its id.
    pub id: Id,
    /// When it was opened.
    pub created: Seconds,
    /// What it is in.
    #[serde(deserialize_with = "wire::currency")]
    pub currency: Currency,
    /// How much.
    pub amount: i64,
    /// Where it stands, such as `needs_response`.
    pub status: Box<str>,
    /// Why, such as `fraudulent`.
    #[serde(default, deserialize_with = "wire::text")]
    pub reason: Option<Box<str>>,
    /// Of which charge.
    #[serde(default, deserialize_with = "wire::id_or_none")]
    pub charge: Option<Id>,
    /// What is wanted.
    pub evidence_details: Option<Evidence>,
}

/// What a dispute wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Evidence {
    /// Until when.
    pub due_by: Option<Seconds>,
}

impl Dispute {
    /// Whether it wants an answer of ours.
    pub fn needs_response(&self) -> bool {
        matches!(&*self.status, "needs_response" | "warning_needs_response")
    }

    /// Whether it is not decided yet.
    pub fn is_open(&self) -> bool {
        self.needs_response() || matches!(&*self.status, "under_review" | "warning_under_review")
    }
}

/// Money on its way to a bank account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Payout {
    /// Its id.
    pub id: Id,
    /// When it was made.
    pub created: Seconds,
    /// What it is in.
    #[serde(deserialize_with = "wire::currency")]
    pub currency: Currency,
    /// How much.
    pub amount: i64,
    /// `pending`, `in_transit`, `paid`, `failed`, `canceled`; what is paid may fail later.
    pub status: Box<str>,
    /// When it arrives.
    pub arrival_date: Option<Seconds>,
    /// Why it failed.
    #[serde(default, deserialize_with = "wire::text")]
    pub failure_code: Option<Box<str>>,
    /// The same in Stripe's words.
    #[serde(default, deserialize_with = "wire::text")]
    pub failure_message: Option<Box<str>>,
}

/// What is on the account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Balance {
    /// What can be paid out.
    pub available: Vec<Fund>,
    /// What is still to come.
    pub pending: Vec<Fund>,
    /// Real money.
    pub livemode: Option<bool>,
}

/// A part of a balance.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Fund {
    /// How much; may be negative.
    pub amount: i64,
    /// Of what.
    #[serde(deserialize_with = "wire::currency")]
    pub currency: Currency,
}

/// A price's tiers and what it costs in other currencies, which subscriptions do not bring with them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PriceTiers {
    /// The price.
    pub id: Id,
    /// Its tiers.
    pub tiers: Option<Vec<Tier>>,
    /// What it costs elsewhere, by the currency's code.
    #[serde(default)]
    pub currency_options: Option<HashMap<String, Elsewhere>>,
}

impl PriceTiers {
    /// What it costs elsewhere; none when that was not said.
    pub fn elsewhere(&self) -> Option<HashMap<Currency, Elsewhere>> {
        let options = self.currency_options.as_ref()?.iter();
        Some(options.filter_map(|(code, there)| Some((Currency::new(code)?, there.clone()))).collect())
    }
}

/// Something that happened: the feed by which what is known stays new.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Event {
    /// Its id.
    pub id: Id,
    /// When.
    pub created: Seconds,
    /// What, such as `charge.succeeded`.
    #[serde(rename = "type")]
    pub kind: Box<str>,
    /// To what.
    pub data: EventData,
}

/// What an event is about.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct EventData {
    /// The object as it was then, in whatever shape: only who it is is read.
    pub object: Named,
}

/// An object's kind and id; a balance has none.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Named {
    /// Such as `charge`.
    pub object: Option<Box<str>>,
    /// Its id.
    pub id: Option<Id>,
    /// Whose it is, where it says so.
    #[serde(default, deserialize_with = "wire::id_or_none")]
    pub customer: Option<Id>,
    /// The subscription that it belongs to, where it says so.
    #[serde(default, deserialize_with = "wire::id_or_none")]
    pub subscription: Option<Id>,
}
