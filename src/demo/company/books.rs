//! What the company's Stripe keeps: customers, subscriptions, payments and what became of them. Amounts are in cents.

use super::Seconds;

/// What can be subscribed to: id, name, cents, and whether it is for a year.
pub const PLANS: [(&str, &str, i64, bool); 4] = [
    ("price_care_month", "Care monthly", 1900, false),
    ("price_care_year", "Care yearly", 19_000, true),
    ("price_studio_month", "Studio monthly", 8900, false),
    ("price_studio_year", "Studio yearly", 94_000, true),
];
/// Why a payment is refused: code, words, and whether its risk is why.
const REASONS: [(&str, &str, bool); 4] = [
    ("card_declined", "Your card was declined.", false),
    ("insufficient_funds", "Your card has insufficient funds.", false),
    ("expired_card", "Your card has expired.", false),
    ("fraudulent", "The payment was blocked: its risk was too high.", true),
];

/// How a payment came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paid {
    /// It was paid.
    Well,
    /// It was refused: which of the reasons.
    Refused(usize),
}

/// An attempt to pay.
#[derive(Clone, Debug, PartialEq)]
pub struct Charge {
    /// Its number.
    pub id: u64,
    /// The payment that it is an attempt at: the number of its first attempt.
    pub intent: u64,
    /// When.
    pub at: Seconds,
    /// Cents.
    pub cents: i64,
    /// Cents that were given back.
    pub refunded: i64,
    /// The customer.
    pub customer: u64,
    /// For what.
    pub what: &'static str,
    /// How it came out.
    pub paid: Paid,
}

impl Charge {
    /// Why it was refused: code, words, and whether the risk was why.
    pub fn refusal(&self) -> Option<(&'static str, &'static str, bool)> {
        match self.paid {
            Paid::Well => None,
            Paid::Refused(why) => Some(REASONS[why % REASONS.len()]),
        }
    }
}

/// A customer.
#[derive(Clone, Debug, PartialEq)]
pub struct Customer {
    /// Its number.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Since when.
    pub created: Seconds,
}

/// How a subscription does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Is paid.
    Active,
    /// Is paid, and ends with its period.
    Ending,
    /// Is tried.
    Trialing,
    /// Was not paid.
    PastDue,
    /// Has ended at this time.
    Ended(Seconds),
}

/// A subscription.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscription {
    /// Its number.
    pub id: u64,
    /// Whose.
    pub customer: u64,
    /// Which of [`PLANS`].
    pub plan: usize,
    /// How many.
    pub quantity: i64,
    /// Since when.
    pub created: Seconds,
    /// How it does.
    pub standing: Standing,
}

/// Money that was given back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Refund {
    /// Its number.
    pub id: u64,
    /// Of which payment.
    pub charge: u64,
    /// When.
    pub at: Seconds,
    /// Cents.
    pub cents: i64,
}

/// A payment that a customer's bank doubts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dispute {
    /// Its number.
    pub id: u64,
    /// Of which payment.
    pub charge: u64,
    /// When.
    pub at: Seconds,
    /// Cents.
    pub cents: i64,
    /// In Stripe's word.
    pub status: &'static str,
    /// In Stripe's word.
    pub reason: &'static str,
    /// Until when it can be answered.
    pub due: Seconds,
}

/// Money on its way to the bank.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Payout {
    /// Its number.
    pub id: u64,
    /// When.
    pub at: Seconds,
    /// Cents.
    pub cents: i64,
    /// In Stripe's word.
    pub status: &'static str,
}

/// What has happened, and to what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its number.
    pub id: u64,
    /// When.
    pub at: Seconds,
    /// In Stripe's word.
    pub kind: &'static str,
    /// The number of what it happened to.
    pub of: u64,
}
