//! Monthly recurring revenue of a subscription, as Stripe Billing defines it: the value of its licensed items, brought
//! to a month, less the discounts that last.

use std::collections::HashMap;
use std::fmt;

use super::discount::{Coupon, Discount, Duration};
use super::price::{Elsewhere, Tier};
use super::subscription::Subscription;
use super::wire::{Id, Seconds};
use crate::domain::money::Currency;
use crate::domain::ratio::Ratio;

/// Which discounts lower the figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Only those that last forever: Stripe's default, and ours.
    Forever,
    /// Every one that has not ended.
    AllLive,
}

/// What is joined to a subscription.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// The tiers of prices, by price.
    pub tiers: &'a HashMap<Id, Vec<Tier>>,
    /// What prices cost in other currencies than their own, by price.
    pub elsewhere: &'a HashMap<Id, HashMap<Currency, Elsewhere>>,
    /// Coupons that did not come with their discounts.
    pub coupons: &'a HashMap<Id, Coupon>,
    /// When: discounts that have ended by then do not count.
    pub now: Seconds,
    /// Which discounts count.
    pub counted: Counted,
}

/// Why a subscription's value is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// Stripe gave a discount without its coupon.
    Discount(Id),
    /// A coupon that is nowhere to be had.
    Coupon(Id),
    /// A price without an amount, or without its tiers.
    Price(Id),
    /// A price of another currency than the subscription's, and nothing says what it costs in that.
    Currency(Id),
    /// It has more items than came with it.
    Items(Id),
    /// The fraction does not fit into 128 bits.
    TooLarge(Id),
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, id) = match self {
            Self::Discount(id) => ("Stripe did not say which coupon belongs to the discount", id),
            Self::Coupon(id) => ("Stripe no longer tells of the coupon", id),
            Self::Price(id) => ("Stripe did not say what a unit costs of the price", id),
            Self::Currency(id) => ("Stripe did not say what it costs in its subscription's currency, of the price", id),
            Self::Items(id) => ("not all items came of the subscription", id),
            Self::TooLarge(id) => ("the amounts are too large of the subscription", id),
        };
        write!(f, "{what} {}", crate::domain::text::one_line(id, 60))
    }
}

/// What a subscription is worth a month, in minor units, exactly. `customers` is the discount of its customer, which
/// counts when it has none of its own. The status is not looked at.
pub fn monthly(subscription: &Subscription, customers: Option<&Discount>, terms: Terms<'_>) -> Result<Ratio, Unknown> {
    let too_large = || Unknown::TooLarge(subscription.id.clone());
    if subscription.more_items {
        return Err(Unknown::Items(subscription.id.clone()));
    }
    let mut sum = Ratio::ZERO;
    let mut invoices_per_month = Ratio::ZERO;
    for item in &subscription.items {
        let price = &item.price;
        let Some(period) = price.period.filter(|_| !price.metered) else { continue };
        let per_month = period.per_month().ok_or_else(too_large)?;
        let quantity = item.quantity.unwrap_or(1);
        let amount = if price.is_foreign(subscription.currency) {
            let there = terms.elsewhere.get(&price.id).and_then(|all| all.get(&subscription.currency));
            price.amount_elsewhere(quantity, there.ok_or_else(|| Unknown::Currency(price.id.clone()))?)
        } else {
            price.amount(quantity, terms.tiers.get(&price.id).map(Vec::as_slice))
        };
        let amount = amount.ok_or_else(|| Unknown::Price(price.id.clone()))?;
        let amount = amount.times(per_month).ok_or_else(too_large)?;
        let left = less(amount, item.discounts.iter(), subscription, per_month, terms)?;
        sum = sum.plus(left).ok_or_else(too_large)?;
        // Items of different periods are invoiced as often as the most frequent of them.
        invoices_per_month = invoices_per_month.max(per_month);
    }
    let mut own = subscription.discounts.iter().filter(|discount| !discount.ended(terms.now)).peekable();
    if own.peek().is_some() {
        less(sum, own, subscription, invoices_per_month, terms)
    } else {
        less(sum, customers.into_iter(), subscription, invoices_per_month, terms)
    }
    .map(Ratio::or_zero)
}

/// What discounts leave of an amount, one after the other.
fn less<'d>(
    amount: Ratio,
    discounts: impl Iterator<Item = &'d Discount>,
    subscription: &Subscription,
    per_month: Ratio,
    terms: Terms<'_>,
) -> Result<Ratio, Unknown> {
    let mut left = amount;
    for discount in discounts.filter(|discount| !discount.ended(terms.now)) {
        let coupon = match discount {
            Discount::Bare(id) => return Err(Unknown::Discount(id.clone())),
            Discount::Of { coupon: Ok(coupon), .. } => coupon,
            Discount::Of { coupon: Err(id), .. } => terms.coupons.get(id).ok_or_else(|| Unknown::Coupon(id.clone()))?,
        };
        if coupon.duration == Duration::Forever || terms.counted == Counted::AllLive {
            left = coupon
                .off(left, subscription.currency, per_month)
                .ok_or_else(|| Unknown::TooLarge(subscription.id.clone()))?;
        }
    }
    Ok(left)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn subscription(items: Value, discounts: Value) -> Subscription {
        serde_json::from_value(
            json!({ "id": "sub_1", "customer": "cus_1", "currency": "usd", "status": "active", "created": 1,
            "items": { "object": "list", "has_more": false, "data": items }, "discounts": discounts }),
        )
        .unwrap()
    }

    fn item(amount: i64, interval: &str, quantity: Value, discounts: Value) -> Value {
        json!({ "id": "si_1", "quantity": quantity, "discounts": discounts, "price": { "id": "price_1", "currency": "usd",
            "billing_scheme": "per_unit", "unit_amount": amount,
            "recurring": { "interval": interval, "interval_count": 1, "usage_type": "licensed" } } })
    }

    fn off(duration: &str, percent: Value, amount: Value, end: Value) -> Value {
        json!({ "id": "di_1", "end": end, "source": { "coupon": { "id": "C", "duration": duration, "percent_off": percent, "amount_off": amount, "currency": "usd" } } })
    }

    /// In dollars `price_2` costs 45.00, and by volume 10.00 up to 5, then 8.00; `price_3` says nothing of dollars.
    fn elsewhere() -> HashMap<Id, HashMap<Currency, Elsewhere>> {
        let usd = Currency::new("usd").unwrap();
        let there = json!({ "unit_amount": 4500, "tiers": [{ "up_to": 5, "unit_amount": 1000 }, { "up_to": null, "unit_amount": 800 }] });
        let there = HashMap::from([(usd, serde_json::from_value(there).unwrap())]);
        HashMap::from([("price_2".into(), there), ("price_3".into(), HashMap::new())])
    }

    #[test]
    fn a_price_of_another_currency_is_what_it_costs_in_the_subscriptions() {
        let foreign = |id: &str, more: Value| {
            let mut item = item(9_999, "year", json!(12), json!([]));
            item["price"]["id"] = json!(id);
            item["price"]["currency"] = json!("jpy");
            item["price"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            worth(&subscription(json!([item]), json!([])), None, Counted::Forever)
        };
        assert_eq!(foreign("price_2", json!({})).unwrap(), "4500");
        assert_eq!(
            foreign("price_2", json!({ "transform_quantity": { "divide_by": 10, "round": "up" } })).unwrap(),
            "750"
        );
        assert_eq!(foreign("price_2", json!({ "billing_scheme": "tiered", "tiers_mode": "volume" })).unwrap(), "800");
        assert_eq!(foreign("price_3", json!({})), Err(Unknown::Currency("price_3".into())));
    }

    fn worth(subscription: &Subscription, customers: Option<Discount>, counted: Counted) -> Result<String, Unknown> {
        let (tiers, coupons, elsewhere) = (HashMap::new(), HashMap::new(), elsewhere());
        let terms = Terms { tiers: &tiers, elsewhere: &elsewhere, coupons: &coupons, now: 1000, counted };
        monthly(subscription, customers.as_ref(), terms).map(|ratio| ratio.to_string())
    }

    #[test]
    fn discounts_come_off_in_their_order() {
        let percent = |n: i64| off("forever", json!(n), Value::Null, Value::Null);
        let amount = |n: i64| off("forever", Value::Null, json!(n), Value::Null);
        let items = || json!([item(10_000, "month", json!(1), json!([]))]);
        let forever = |discounts| worth(&subscription(items(), discounts), None, Counted::Forever).unwrap();
        assert_eq!(forever(json!([percent(50), amount(1000)])), "4000");
        assert_eq!(forever(json!([amount(1000), percent(50)])), "4500");
        assert_eq!(forever(json!([amount(99_999), percent(50)])), "0");
        let both = subscription(
            json!([item(4900, "month", json!(1), json!([percent(20)])), item(800, "month", json!(2), json!([]))]),
            json!([percent(10)]),
        );
        assert_eq!(worth(&both, None, Counted::Forever).unwrap(), "4968");
    }

    #[test]
    fn only_discounts_that_last_and_have_not_ended_count() {
        let with = |discount: Value| subscription(json!([item(1000, "month", json!(1), json!([]))]), json!([discount]));
        for (discount, forever, all) in [
            (off("once", json!(50), Value::Null, Value::Null), "1000", "500"),
            (off("repeating", json!(50), Value::Null, json!(2000)), "1000", "500"),
            (off("repeating", json!(50), Value::Null, json!(1000)), "1000", "1000"),
            (off("forever", json!(50), Value::Null, json!(1000)), "1000", "1000"),
            (off("forever", json!(50), Value::Null, json!(1001)), "500", "500"),
        ] {
            let subscription = with(discount);
            assert_eq!(worth(&subscription, None, Counted::Forever).unwrap(), forever);
            assert_eq!(worth(&subscription, None, Counted::AllLive).unwrap(), all);
        }
    }

    #[test]
    fn the_customers_discount_counts_only_where_the_subscription_has_none() {
        let ten: Discount = serde_json::from_value(off("forever", json!(10), Value::Null, Value::Null)).unwrap();
        let items = || json!([item(4900, "month", json!(1), json!([]))]);
        let of = |discounts| worth(&subscription(items(), discounts), Some(ten.clone()), Counted::Forever).unwrap();
        assert_eq!(of(json!([])), "4410");
        assert_eq!(of(json!([off("forever", json!(25), Value::Null, Value::Null)])), "3675");
        assert_eq!(of(json!([off("once", json!(25), Value::Null, Value::Null)])), "4900");
    }

    #[test]
    fn metered_and_single_items_are_worth_nothing_and_no_quantity_is_one() {
        let mut metered = item(25, "month", Value::Null, json!([]));
        metered["price"]["recurring"]["usage_type"] = json!("metered");
        let mut single = item(25, "month", json!(9), json!([]));
        single["price"]["recurring"] = Value::Null;
        let sum = subscription(
            json!([
                metered,
                single,
                item(700, "year", Value::Null, json!([])),
                item(500, "month", json!(0), json!([]))
            ]),
            json!([]),
        );
        assert_eq!(worth(&sum, None, Counted::Forever).unwrap(), "175/3");
    }

    #[test]
    fn what_is_missing_is_named_instead_of_guessed() {
        let items = || json!([item(4900, "month", json!(1), json!([]))]);
        let bare = subscription(items(), json!(["di_9"]));
        assert_eq!(worth(&bare, None, Counted::Forever), Err(Unknown::Discount("di_9".into())));
        let joined = subscription(items(), json!([{ "id": "di_9", "end": null, "source": { "coupon": "GONE" } }]));
        assert_eq!(worth(&joined, None, Counted::Forever), Err(Unknown::Coupon("GONE".into())));
        let mut foreign = item(4900, "month", json!(1), json!([]));
        foreign["price"]["currency"] = json!("eur");
        assert_eq!(
            worth(&subscription(json!([foreign]), json!([])), None, Counted::Forever),
            Err(Unknown::Currency("price_1".into()))
        );
        let huge = item(
            i64::MAX,
            "month",
            json!(i64::MAX),
            json!([off("forever", json!(0.000_000_001), Value::Null, Value::Null)]),
        );
        assert_eq!(
            worth(&subscription(json!([huge]), json!([])), None, Counted::Forever),
            Err(Unknown::TooLarge("sub_1".into()))
        );
    }
}
