//! Coupons and discounts.

use serde::Deserialize;

use super::wire::{self, Id, Seconds};
use crate::domain::money::Currency;
use crate::domain::ratio::Ratio;

/// What is taken off, and for how long.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Coupon {
    /// Its id.
    pub id: Id,
    /// For how long.
    pub duration: Duration,
    /// So many hundredths.
    #[serde(default, deserialize_with = "wire::decimal")]
    pub percent_off: Option<Ratio>,
    /// So much of each invoice, in minor units of `currency`.
    pub amount_off: Option<i64>,
    /// Of what `amount_off` is.
    #[serde(default, deserialize_with = "wire::currency_or_none")]
    pub currency: Option<Currency>,
}

/// For how long a coupon counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Duration {
    /// As long as the subscription.
    Forever,
    /// For one invoice.
    Once,
    /// For some months.
    Repeating,
}

/// A coupon that somebody has.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "DiscountWire")]
pub enum Discount {
    /// Its terms.
    Of {
        /// The coupon, or only its id where Stripe left it to be joined.
        coupon: Result<Coupon, Id>,
        /// When it ends; none: never, or not known yet.
        end: Option<Seconds>,
    },
    /// Stripe gave only the discount's id: its terms are not known.
    Bare(Id),
}

impl Discount {
    /// Whether it has ended at a time.
    pub fn ended(&self, now: Seconds) -> bool {
        matches!(self, Self::Of { end: Some(end), .. } if *end <= now)
    }

    /// The coupon that is to be joined, if there is one.
    pub fn lacks_coupon(&self) -> Option<&Id> {
        match self {
            Self::Of { coupon: Err(id), .. } => Some(id),
            _ => None,
        }
    }
}

impl Coupon {
    /// What is left of an amount a month. `per_month` is how many invoices a month has; an amount in another currency
    /// takes nothing off. Never below zero.
    pub fn off(&self, amount: Ratio, currency: Currency, per_month: Ratio) -> Option<Ratio> {
        let left = match (self.percent_off, self.amount_off) {
            (Some(percent), _) => {
                let kept = Ratio::whole(100).minus(percent)?.over(Ratio::whole(100))?;
                amount.times(kept)?
            }
            (None, Some(off)) if self.currency == Some(currency) => {
                amount.minus(Ratio::whole(off).times(per_month)?)?
            }
            _ => amount,
        };
        Some(left.or_zero())
    }
}

/// `source.coupon` since 2025-09-30, `coupon` before; either may be an id or the coupon itself.
#[derive(Deserialize)]
#[serde(untagged)]
enum DiscountWire {
    Id(Id),
    Discount(Box<FieldsWire>),
}

#[derive(Deserialize)]
struct FieldsWire {
    id: Id,
    end: Option<Seconds>,
    coupon: Option<CouponWire>,
    source: Option<SourceWire>,
}

#[derive(Deserialize)]
struct SourceWire {
    coupon: Option<CouponWire>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum CouponWire {
    Id(Id),
    Coupon(Coupon),
}

impl From<DiscountWire> for Discount {
    fn from(wire: DiscountWire) -> Self {
        let fields = match wire {
            DiscountWire::Id(id) => return Self::Bare(id),
            DiscountWire::Discount(fields) => *fields,
        };
        let end = fields.end;
        match fields.coupon.or(fields.source.and_then(|source| source.coupon)) {
            Some(CouponWire::Coupon(coupon)) => Self::Of { coupon: Ok(coupon), end },
            Some(CouponWire::Id(coupon)) => Self::Of { coupon: Err(coupon), end },
            None => Self::Bare(fields.id),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_discount_is_read_in_every_shape_it_has_had() {
        let coupon = json!({ "id": "VIP10", "object": "coupon", "duration": "forever", "percent_off": 10.0, "amount_off": null, "currency": null });
        let read = |value| serde_json::from_value::<Discount>(value).unwrap();
        let new = read(json!({ "id": "di_1", "end": null, "source": { "type": "coupon", "coupon": coupon } }));
        let old = read(json!({ "id": "di_1", "end": null, "coupon": coupon }));
        assert_eq!(new, old);
        assert!(matches!(new, Discount::Of { coupon: Ok(_), .. }));
        let joined = read(json!({ "id": "di_1", "end": 5, "source": { "type": "coupon", "coupon": "VIP10" } }));
        assert_eq!(joined.lacks_coupon().map(|id| &**id), Some("VIP10"));
        assert!(joined.ended(5) && !joined.ended(4));
        assert_eq!(read(json!("di_1")), Discount::Bare("di_1".into()));
    }

    #[test]
    fn a_coupon_takes_off_what_it_says_and_never_more_than_there_is() {
        let usd = Currency::new("usd").unwrap();
        let coupon = |value| serde_json::from_value::<Coupon>(value).unwrap();
        let percent = coupon(json!({ "id": "a", "duration": "forever", "percent_off": 33.3 }));
        assert_eq!(percent.off(Ratio::whole(1000), usd, Ratio::ONE), Some(Ratio::whole(667)));
        let amount = coupon(json!({ "id": "b", "duration": "forever", "amount_off": 1000, "currency": "usd" }));
        let yearly = Ratio::new(1, 12).unwrap();
        assert_eq!(amount.off(Ratio::whole(100), usd, yearly), Ratio::new(50, 3));
        assert_eq!(amount.off(Ratio::whole(10), usd, Ratio::ONE), Some(Ratio::ZERO));
        assert_eq!(amount.off(Ratio::whole(10), Currency::new("eur").unwrap(), Ratio::ONE), Some(Ratio::whole(10)));
    }
}
