//! The one table of Stripe's figures: what each is called, what it rests on, what it says, and how it is worked out.
//! The definition on a key and `qd counters --definitions` are read from here.

use super::super::books::Resource::{self, Balance, Charges, Customers, Disputes, Payouts, Refunds, Subscriptions};
use super::{Compute, compute};
use crate::domain::counter::Window;

/// A figure.
pub struct Definition {
    /// Its name in JSON.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it says, in full sentences.
    pub text: &'static str,
    /// The stretches of time it is given for; none for a state.
    pub windows: &'static [Window],
    /// What has to be known for it.
    pub needs: &'static [Resource],
    pub(super) compute: Compute,
}

/// The states of which the objects tell what they were earlier, by when they were made, out of their trial and ended. Of
/// the others they tell only what they are: what a subscription was worth, or who was deleted since, they do not say.
pub(super) const THEN: &[(&str, Compute)] = &[
    ("paying_customers", compute::paying_customers_then),
    ("paid_subscriptions", compute::paid_subscriptions_then),
    ("trialing", compute::trialing_then),
];

const STATE: &[Window] = &[];
const PERIODS: &[Window] = &[Window::Today, Window::Days(7), Window::Days(30)];
const MONTH: &[Window] = &[Window::Days(30)];
/// A customer's discount counts where a subscription has none.
const WORTH: &[Resource] = &[Subscriptions, Customers];

/// Every figure, in the order in which they are shown.
pub const DEFINITIONS: &[Definition] = &[
    Definition {
        name: "mrr",
        title: "MRR",
        text: "Monthly recurring revenue: what all active and past_due subscriptions are worth a month. Licensed items \
               only (metered ones count nothing), a day as 365/12, a week as 52/12, a year as 1/12 of a month. Item \
               discounts come off first, then the subscription's, or the customer's where it has none; only coupons that \
               last forever count. No trials, no tax, no conversion: each currency on its own.",
        windows: STATE,
        needs: WORTH,
        compute: compute::mrr,
    },
    Definition {
        name: "arr",
        title: "ARR",
        text: "Annual recurring revenue: twelve times MRR as it is shown.",
        windows: STATE,
        needs: WORTH,
        compute: compute::arr,
    },
    Definition {
        name: "arpu",
        title: "ARPU",
        text: "Average revenue per user: MRR as it is shown over the customers who pay in that currency.",
        windows: STATE,
        needs: WORTH,
        compute: compute::arpu,
    },
    Definition {
        name: "mrr_all_discounts",
        title: "MRR, all discounts",
        text: "MRR less every discount that has not ended, also those for one invoice or some months (as Baremetrics and \
               ProfitWell have it).",
        windows: STATE,
        needs: WORTH,
        compute: compute::mrr_all_discounts,
    },
    Definition {
        name: "customers",
        title: "Customers",
        text: "Every customer that was not deleted, whether or not it pays.",
        windows: STATE,
        needs: &[Customers],
        compute: compute::customers,
    },
    Definition {
        name: "paying_customers",
        title: "Paying customers",
        text: "Customers with at least one active or past_due subscription that is worth more than nothing.",
        windows: STATE,
        needs: WORTH,
        compute: compute::paying_customers,
    },
    Definition {
        name: "active_subscriptions",
        title: "Active subscriptions",
        text: "Subscriptions that are active or past_due, free ones included.",
        windows: STATE,
        needs: &[Subscriptions],
        compute: compute::active_subscriptions,
    },
    Definition {
        name: "paid_subscriptions",
        title: "Paid subscriptions",
        text: "Subscriptions that are active or past_due and worth more than nothing.",
        windows: STATE,
        needs: WORTH,
        compute: compute::paid_subscriptions,
    },
    Definition {
        name: "trialing",
        title: "In trial",
        text: "Subscriptions that are in their trial; they are no part of MRR.",
        windows: STATE,
        needs: &[Subscriptions],
        compute: compute::trialing,
    },
    Definition {
        name: "past_due_subscriptions",
        title: "Past due",
        text: "Subscriptions whose last invoice is not paid yet; they are still part of MRR.",
        windows: STATE,
        needs: &[Subscriptions],
        compute: compute::past_due_subscriptions,
    },
    Definition {
        name: "past_due_mrr",
        title: "MRR past due",
        text: "The part of MRR that is past_due.",
        windows: STATE,
        needs: WORTH,
        compute: compute::past_due_mrr,
    },
    Definition {
        name: "canceling_subscriptions",
        title: "Canceling",
        text: "Active or past_due subscriptions that end with their period or at a set time; until then they are part of \
               MRR.",
        windows: STATE,
        needs: &[Subscriptions],
        compute: compute::canceling_subscriptions,
    },
    Definition {
        name: "canceling_mrr",
        title: "MRR canceling",
        text: "The part of MRR that will end by itself.",
        windows: STATE,
        needs: WORTH,
        compute: compute::canceling_mrr,
    },
    Definition {
        name: "collection_paused_mrr",
        title: "MRR not collected",
        text: "The part of MRR whose collection is paused: its status stays active, no money comes in.",
        windows: STATE,
        needs: WORTH,
        compute: compute::collection_paused_mrr,
    },
    Definition {
        name: "open_disputes",
        title: "Open disputes",
        text: "Disputes and inquiries that need a response or are under review.",
        windows: STATE,
        needs: &[Disputes],
        compute: compute::open_disputes,
    },
    Definition {
        name: "open_disputes_amount",
        title: "In dispute",
        text: "The amounts of the open disputes.",
        windows: STATE,
        needs: &[Disputes],
        compute: compute::open_disputes_amount,
    },
    Definition {
        name: "disputes_needing_response",
        title: "Disputes to answer",
        text: "Open disputes and inquiries that wait for an answer of yours; each has a day by which it is due.",
        windows: STATE,
        needs: &[Disputes],
        compute: compute::disputes_needing_response,
    },
    Definition {
        name: "balance_available",
        title: "Available",
        text: "What can be paid out now, as Stripe has it; may be negative.",
        windows: STATE,
        needs: &[Balance],
        compute: compute::balance_available,
    },
    Definition {
        name: "balance_pending",
        title: "Pending",
        text: "What is not available yet, as Stripe has it; may be negative.",
        windows: STATE,
        needs: &[Balance],
        compute: compute::balance_pending,
    },
    Definition {
        name: "new_customers",
        title: "New customers",
        text: "Customers that were made within the time, whether or not they pay.",
        windows: PERIODS,
        needs: &[Customers],
        compute: compute::customers,
    },
    Definition {
        name: "revenue_gross",
        title: "Gross revenue",
        text: "What was captured of charges that succeeded, by the time the charge was made. What is pending or only held \
               is not revenue.",
        windows: PERIODS,
        needs: &[Charges],
        compute: compute::revenue_gross,
    },
    Definition {
        name: "revenue_refunds",
        title: "Refunds",
        text: "Refunds that succeeded, by the time the refund was made, whenever its charge was.",
        windows: PERIODS,
        needs: &[Refunds],
        compute: compute::revenue_refunds,
    },
    Definition {
        name: "revenue_net",
        title: "Net revenue",
        text: "Gross revenue less refunds; Stripe's fees are not taken off.",
        windows: PERIODS,
        needs: &[Charges, Refunds],
        compute: compute::revenue_net,
    },
    Definition {
        name: "payments",
        title: "Payments",
        text: "Charges that succeeded and were captured, of all currencies.",
        windows: PERIODS,
        needs: &[Charges],
        compute: compute::payments,
    },
    Definition {
        name: "failed_payments",
        title: "Failed payments",
        text: "Payments of which at least one attempt failed within the time; many attempts at one payment count once.",
        windows: PERIODS,
        needs: &[Charges],
        compute: compute::failed_payments,
    },
    Definition {
        name: "failed_payments_recovered",
        title: "Recovered",
        text: "Failed payments that came off later.",
        windows: PERIODS,
        needs: &[Charges],
        compute: compute::failed_payments_recovered,
    },
    Definition {
        name: "failed_payments_lost",
        title: "Not recovered",
        text: "What the failed payments that did not recover were worth.",
        windows: PERIODS,
        needs: &[Charges],
        compute: compute::failed_payments_lost,
    },
    Definition {
        name: "failed_payments_blocked",
        title: "Blocked by Radar",
        text: "Failed payments that Stripe Radar stopped before any bank was asked.",
        windows: PERIODS,
        needs: &[Charges],
        compute: compute::failed_payments_blocked,
    },
    Definition {
        name: "failed_attempts",
        title: "Failed attempts",
        text: "Charges that failed: every attempt counts.",
        windows: PERIODS,
        needs: &[Charges],
        compute: compute::failed_attempts,
    },
    Definition {
        name: "payouts_failed",
        title: "Failed payouts",
        text: "Payouts made within the time that the bank refused.",
        windows: MONTH,
        needs: &[Payouts],
        compute: compute::payouts_failed,
    },
    Definition {
        name: "churned_customers",
        title: "Churned customers",
        text: "Customers whose paid subscription ended within the time and who pay nothing now. Trials, free plans and \
               subscriptions whose first payment never came are no churn.",
        windows: MONTH,
        needs: WORTH,
        compute: compute::churned_customers,
    },
    Definition {
        name: "churned_subscriptions",
        title: "Churned subscriptions",
        text: "Paid subscriptions that ended within the time, also of customers who still pay for another.",
        windows: MONTH,
        needs: WORTH,
        compute: compute::churned_subscriptions,
    },
    Definition {
        name: "churned_mrr",
        title: "Churned MRR",
        text: "What the subscriptions that ended within the time were worth a month.",
        windows: MONTH,
        needs: WORTH,
        compute: compute::churned_mrr,
    },
    Definition {
        name: "logo_churn_pct",
        title: "Logo churn",
        text: "Churned customers over those who paid when the time began. (Subscriptions that became unpaid since are left \
               out: the time of that is not on them.)",
        windows: MONTH,
        needs: WORTH,
        compute: compute::logo_churn_pct,
    },
];

/// The definition of a figure.
pub fn definition(name: &str) -> Option<&'static Definition> {
    DEFINITIONS.iter().find(|definition| definition.name == name)
}

/// Whether a figure tells of now alone, whatever time it is asked for.
pub fn only_of_now(name: &str) -> bool {
    definition(name).is_some_and(|definition| definition.needs == [Balance])
}
