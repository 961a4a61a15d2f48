//! What happened to a business's money: the rows behind its figures. Every text is safe to show.

use chrono::{DateTime, Utc};

use super::counter::CounterSet;
use super::money::Money;

/// An account at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// What the account is called: `stripe`, or `stripe:NAME` where there are several.
    pub source: String,
    /// Its figures.
    pub counters: CounterSet,
    /// What happened to its money.
    pub business: Business,
}

/// Rows of an account, newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Business {
    /// Attempts to be paid, whichever way they came out.
    pub payments: Vec<Payment>,
    /// Payments that failed, each with all its attempts.
    pub failures: Vec<FailedPayment>,
    /// Disputes: open ones first, the one that is due next at the top.
    pub disputes: Vec<Dispute>,
    /// Money that goes back.
    pub refunds: Vec<Refund>,
    /// Money on its way to a bank account.
    pub payouts: Vec<Payout>,
}

/// An attempt to be paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Its id there.
    pub id: String,
    /// When.
    pub time: DateTime<Utc>,
    /// How much: what was taken, else what was asked for.
    pub money: Money,
    /// By whom; none for a guest.
    pub customer: Option<String>,
    /// What for.
    pub description: Option<String>,
    /// How it came out.
    pub state: PaymentState,
    /// What went back of it, in the same currency's minor unit.
    pub refunded: i64,
    /// Where it is to be looked at.
    pub url: String,
}

/// How an attempt came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentState {
    /// The money was taken.
    Succeeded,
    /// The money is held and was not taken yet.
    Held,
    /// Nobody knows yet.
    Pending,
    /// It was refused.
    Failed,
}

/// A payment of which attempts failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedPayment {
    /// The payment's id there.
    pub id: String,
    /// When the last attempt failed.
    pub time: DateTime<Utc>,
    /// How much was asked for.
    pub money: Money,
    /// Of whom; none for a guest.
    pub customer: Option<String>,
    /// Why the last attempt failed.
    pub reason: String,
    /// How many attempts failed.
    pub attempts: usize,
    /// Stopped by the payment provider before any bank was asked.
    pub blocked: bool,
    /// It came off later.
    pub recovered: bool,
    /// Where the last attempt is to be looked at.
    pub url: String,
}

/// A payment that its payer's bank wants back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// Its id there.
    pub id: String,
    /// When it was opened.
    pub opened: DateTime<Utc>,
    /// How much.
    pub money: Money,
    /// Whose payment it was, where that is still known.
    pub customer: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Where it stands, in the provider's word.
    pub state: String,
    /// It is not decided yet.
    pub open: bool,
    /// It waits for an answer.
    pub needs_response: bool,
    /// Until when the answer is due.
    pub due: Option<DateTime<Utc>>,
    /// Where it is to be looked at.
    pub url: String,
}

/// Money that goes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Its id there.
    pub id: String,
    /// When it was made.
    pub time: DateTime<Utc>,
    /// How much.
    pub money: Money,
    /// To whom, where that is still known.
    pub customer: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Where it stands, in the provider's word; only `succeeded` is a refund.
    pub state: String,
    /// Where its payment is to be looked at.
    pub url: Option<String>,
}

/// Money on its way to a bank account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payout {
    /// Its id there.
    pub id: String,
    /// When it was made.
    pub time: DateTime<Utc>,
    /// How much.
    pub money: Money,
    /// Where it stands, in the provider's word.
    pub state: String,
    /// When it arrives.
    pub arrives: Option<DateTime<Utc>>,
    /// Why it failed.
    pub failure: Option<String>,
    /// Where it is to be looked at.
    pub url: String,
}
