//! The rows of the Business tab: payments, failures with reasons, disputes with due dates, refunds, payouts.

use chrono::{DateTime, Utc};
use quarterdeck::domain::business::PaymentState;
use quarterdeck::integrations::stripe::rows::business;

use super::company::Company;

#[test]
fn failures_have_their_reason_and_are_counted_by_payment() {
    let company = Company::public();
    let rows = business(&company.books(), company.now(), 1000);
    let by = |id: &str| rows.failures.iter().find(|failure| failure.id == id).unwrap();
    let retried = by("pi_Pq0336");
    assert_eq!((retried.attempts, retried.recovered, retried.reason.as_str()), (3, false, "Your card was declined."));
    assert_eq!(retried.money.to_string(), "$49.00");
    assert!(by("pi_Pq0337").blocked && by("pi_Pq0338").recovered);
    assert!(rows.failures.is_sorted_by(|a, b| a.time >= b.time));
}

#[test]
fn what_was_taken_held_and_refused_is_told_apart() {
    let company = Company::public();
    let rows = business(&company.books(), company.now(), 1000);
    let by = |id: &str| rows.payments.iter().find(|payment| payment.id == id).unwrap();
    for (id, state, money) in [
        ("ch_Pq0325", PaymentState::Succeeded, "$55.00"),
        ("ch_Pq0327", PaymentState::Succeeded, "$60.00"),
        ("ch_Pq0326", PaymentState::Held, "$77.00"),
        ("ch_Pq0328", PaymentState::Pending, "$99.00"),
        ("ch_Pq0339", PaymentState::Failed, "$999.00"),
    ] {
        assert_eq!((by(id).state, by(id).money.to_string().as_str()), (state, money), "{id}");
    }
    assert_eq!(by("ch_Pq0329").customer, None, "a guest");
    assert_eq!(by("ch_Pq0325").customer.as_deref(), Some("Edge 004"));
    assert_eq!(by("ch_Pq0325").url, "https://dashboard.stripe.com/payments/ch_Pq0325");
}

#[test]
fn the_dispute_that_is_due_next_is_on_top_and_open_ones_are_never_cut_off() {
    let company = Company::public();
    let rows = business(&company.books(), company.now(), 1);
    let disputes: Vec<(&str, bool, Option<DateTime<Utc>>)> =
        rows.disputes.iter().map(|dispute| (dispute.state.as_str(), dispute.open, dispute.due)).collect();
    let due = DateTime::from_timestamp(company.json("expected")["disputes"]["next_due_by"].as_i64().unwrap(), 0);
    assert_eq!(disputes, [("needs response", true, due), ("under review", true, None)]);
    assert_eq!((rows.payments.len(), rows.refunds.len(), rows.payouts.len()), (1, 1, 1));
    assert_eq!(rows.payouts[0].state, "in transit");
    let all = business(&company.books(), company.now(), 100);
    assert_eq!(
        all.payouts.iter().find(|payout| payout.state == "failed").unwrap().failure.as_deref(),
        Some("Account closed")
    );
    assert_eq!(all.refunds.iter().filter(|refund| refund.state == "succeeded").count(), 5);
}

#[test]
fn what_comes_later_is_not_there_yet() {
    let company = Company::public();
    let rows = business(&company.books(), company.now() - chrono::TimeDelta::days(400), 100);
    assert_eq!(rows, quarterdeck::domain::business::Business::default());
}

#[test]
fn text_of_others_is_made_safe() {
    let company = Company::public();
    let mut books = company.books();
    let hostile = serde_json::json!({ "id": "ch_\u{1b}]0;x\u{7}/../", "created": company.now().timestamp(), "currency": "usd", "amount": 1,
        "captured": false, "status": "failed", "failure_message": "\u{1b}[31mred\nsecond", "description": "\u{202e}evil" });
    let charge: quarterdeck::integrations::stripe::object::Charge = serde_json::from_value(hostile).unwrap();
    books.charges.rows.insert(charge.id.clone(), charge);
    let rows = business(&books, company.now(), 1000);
    let text = format!("{rows:?}");
    assert!(!text.contains("\\u{1b}") && !text.contains("\\u{7}") && !text.contains("\\u{202e}"), "{text}");
    assert!(
        rows.failures
            .iter()
            .any(|failure| failure.reason == "␛[31mred" && failure.url == "https://dashboard.stripe.com/")
    );
}
