//! What an item of a subscription costs: Stripe's pricing models.
//!
//! Source of the formulas: Stripe, "Recurring pricing models": per unit, packages (`transform_quantity`), graduated and
//! volume tiers.

use serde::Deserialize;

use super::wire::{self, Id};
use crate::domain::money::Currency;
use crate::domain::ratio::Ratio;

/// A price, as far as figures need it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "PriceWire")]
pub struct Price {
    /// Its id.
    pub id: Id,
    /// What it is in.
    pub currency: Currency,
    /// How often it is due; none for what is due once.
    pub period: Option<Period>,
    /// Billed by what was used: no recurring amount is known.
    pub metered: bool,
    /// What a unit costs.
    pub billing: Billing,
    /// How a quantity becomes units.
    pub transform: Option<Transform>,
}

/// Every so often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Period {
    interval: Interval,
    #[serde(default = "once")]
    interval_count: u32,
}

const fn once() -> u32 {
    1
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Interval {
    Day,
    Week,
    Month,
    Year,
}

impl Period {
    /// How many of it a month has: 365/12 days, 52/12 weeks, 1/12 year, over the count. None for every 0 months.
    pub fn per_month(self) -> Option<Ratio> {
        let count = i128::from(self.interval_count);
        match self.interval {
            Interval::Day => Ratio::new(365, 12 * count),
            Interval::Week => Ratio::new(52, 12 * count),
            Interval::Month => Ratio::new(1, count),
            Interval::Year => Ratio::new(1, 12 * count),
        }
    }
}

/// What units cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Billing {
    /// Each the same; none when the price does not say.
    PerUnit(Option<Ratio>),
    /// By tiers. They are not part of a subscription's answer, and are joined by the price's id.
    Tiered {
        /// Each tier's units at its own price; else all at the price of the tier they reach.
        graduated: bool,
        /// The tiers, when they came with it.
        tiers: Option<Vec<Tier>>,
    },
}

/// What a price costs in a currency that is not its own: one of its `currency_options`. Source: Stripe, "Multi-currency
/// prices".
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "ElsewhereWire")]
pub struct Elsewhere {
    /// What a unit costs; none when it is not said.
    pub unit: Option<Ratio>,
    /// The tiers, where they came with it.
    pub tiers: Option<Vec<Tier>>,
}

#[derive(Deserialize)]
struct ElsewhereWire {
    #[serde(default, deserialize_with = "wire::decimal")]
    unit_amount: Option<Ratio>,
    #[serde(default, deserialize_with = "wire::decimal")]
    unit_amount_decimal: Option<Ratio>,
    tiers: Option<Vec<Tier>>,
}

impl From<ElsewhereWire> for Elsewhere {
    fn from(wire: ElsewhereWire) -> Self {
        Self { unit: wire.unit_amount_decimal.or(wire.unit_amount), tiers: wire.tiers }
    }
}

/// A tier.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "TierWire")]
pub struct Tier {
    /// Its last unit; none: no end.
    pub up_to: Option<i64>,
    /// What a unit costs.
    pub unit: Ratio,
    /// What entering it costs.
    pub flat: Ratio,
}

/// Units sold in packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Transform {
    divide_by: i64,
    round: Rounding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Rounding {
    Up,
    Down,
}

impl Transform {
    /// How many packages a quantity makes.
    pub fn packages(self, quantity: i64) -> Option<i64> {
        let exact = Ratio::new(quantity.into(), self.divide_by.into())?;
        let whole = match self.round {
            Rounding::Up => exact.ceil(),
            Rounding::Down => exact.floor(),
        };
        i64::try_from(whole).ok()
    }
}

impl Price {
    /// What `quantity` costs a period, before discounts. None when that is not known: an amount or a tier is missing, or
    /// it does not fit.
    pub fn amount(&self, quantity: i64, joined: Option<&[Tier]>) -> Option<Ratio> {
        let units = match self.transform {
            Some(transform) => transform.packages(quantity)?,
            None => quantity,
        };
        match &self.billing {
            Billing::PerUnit(unit) => (*unit)?.times(Ratio::whole(units)),
            Billing::Tiered { graduated, tiers } => {
                let tiers = tiers.as_deref().or(joined)?;
                if *graduated { graduated_amount(units, tiers) } else { volume_amount(units, tiers) }
            }
        }
    }

    /// What `quantity` costs a period in another currency than the price's own: its packages and its kind of tiers are
    /// the same there.
    pub fn amount_elsewhere(&self, quantity: i64, there: &Elsewhere) -> Option<Ratio> {
        let billing = match &self.billing {
            Billing::PerUnit(_) => Billing::PerUnit(there.unit),
            Billing::Tiered { graduated, .. } => Billing::Tiered { graduated: *graduated, tiers: there.tiers.clone() },
        };
        Self { billing, ..self.clone() }.amount(quantity, None)
    }

    /// Whether it has to be told what it costs in a currency: it is due again and again there, and not in its own.
    pub fn is_foreign(&self, currency: Currency) -> bool {
        self.currency != currency && !self.metered && self.period.is_some()
    }

    /// Whether its tiers are needed and did not come with it.
    pub fn lacks_tiers(&self) -> bool {
        !self.metered && matches!(self.billing, Billing::Tiered { tiers: None, .. })
    }
}

/// Each tier's units at its own price, and the flat amount of each tier that is entered.
fn graduated_amount(units: i64, tiers: &[Tier]) -> Option<Ratio> {
    let (mut sum, mut before) = (Ratio::ZERO, 0);
    for tier in tiers {
        if units <= before {
            return Some(sum);
        }
        let end = tier.up_to.map_or(units, |end| end.min(units));
        let within = Ratio::whole(end.checked_sub(before)?).times(tier.unit)?;
        sum = sum.plus(within)?.plus(tier.flat)?;
        before = end;
    }
    // Tiers that end before the quantity does price only a part of it.
    (units <= before).then_some(sum)
}

/// All units at the price of the tier that their number reaches, and its flat amount.
fn volume_amount(units: i64, tiers: &[Tier]) -> Option<Ratio> {
    let tier = tiers.iter().find(|tier| tier.up_to.is_none_or(|end| units <= end))?;
    Ratio::whole(units).times(tier.unit)?.plus(tier.flat)
}

#[derive(Deserialize)]
struct PriceWire {
    id: Id,
    #[serde(deserialize_with = "wire::currency")]
    currency: Currency,
    recurring: Option<RecurringWire>,
    billing_scheme: Option<String>,
    #[serde(default, deserialize_with = "wire::decimal")]
    unit_amount: Option<Ratio>,
    #[serde(default, deserialize_with = "wire::decimal")]
    unit_amount_decimal: Option<Ratio>,
    tiers_mode: Option<String>,
    tiers: Option<Vec<Tier>>,
    transform_quantity: Option<Transform>,
}

#[derive(Deserialize)]
struct RecurringWire {
    #[serde(flatten)]
    period: Period,
    usage_type: Option<String>,
}

impl From<PriceWire> for Price {
    fn from(wire: PriceWire) -> Self {
        let billing = if wire.billing_scheme.as_deref() == Some("tiered") {
            Billing::Tiered { graduated: wire.tiers_mode.as_deref() == Some("graduated"), tiers: wire.tiers }
        } else {
            Billing::PerUnit(wire.unit_amount_decimal.or(wire.unit_amount))
        };
        let metered = wire.recurring.as_ref().and_then(|recurring| recurring.usage_type.as_deref()) == Some("metered");
        Self {
            id: wire.id,
            currency: wire.currency,
            period: wire.recurring.map(|recurring| recurring.period),
            metered,
            billing,
            transform: wire.transform_quantity,
        }
    }
}

/// A price as it was before prices: what is recurring about it stands beside the rest.
#[derive(Clone, Debug, Deserialize)]
#[serde(from = "PlanWire")]
pub(super) struct Plan(pub Price);

#[derive(Deserialize)]
struct PlanWire {
    id: Id,
    #[serde(deserialize_with = "wire::currency")]
    currency: Currency,
    #[serde(flatten)]
    recurring: RecurringWire,
    billing_scheme: Option<String>,
    #[serde(default, deserialize_with = "wire::decimal")]
    amount: Option<Ratio>,
    #[serde(default, deserialize_with = "wire::decimal")]
    amount_decimal: Option<Ratio>,
    tiers_mode: Option<String>,
    tiers: Option<Vec<Tier>>,
    transform_usage: Option<Transform>,
}

impl From<PlanWire> for Plan {
    fn from(wire: PlanWire) -> Self {
        Self(Price::from(PriceWire {
            id: wire.id,
            currency: wire.currency,
            recurring: Some(wire.recurring),
            billing_scheme: wire.billing_scheme,
            unit_amount: wire.amount,
            unit_amount_decimal: wire.amount_decimal,
            tiers_mode: wire.tiers_mode,
            tiers: wire.tiers,
            transform_quantity: wire.transform_usage,
        }))
    }
}

#[derive(Deserialize)]
struct TierWire {
    up_to: Option<i64>,
    #[serde(default, deserialize_with = "wire::decimal")]
    unit_amount: Option<Ratio>,
    #[serde(default, deserialize_with = "wire::decimal")]
    unit_amount_decimal: Option<Ratio>,
    #[serde(default, deserialize_with = "wire::decimal")]
    flat_amount: Option<Ratio>,
    #[serde(default, deserialize_with = "wire::decimal")]
    flat_amount_decimal: Option<Ratio>,
}

impl From<TierWire> for Tier {
    fn from(wire: TierWire) -> Self {
        Self {
            up_to: wire.up_to,
            unit: wire.unit_amount_decimal.or(wire.unit_amount).unwrap_or(Ratio::ZERO),
            flat: wire.flat_amount_decimal.or(wire.flat_amount).unwrap_or(Ratio::ZERO),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn price(more: serde_json::Value) -> Price {
        let mut price = json!({ "id": "price_1", "object": "price", "currency": "usd", "billing_scheme": "per_unit",
            "recurring": { "interval": "month", "interval_count": 1, "usage_type": "licensed" } });
        price.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(price).unwrap()
    }

    fn tiers(mode: &str) -> Price {
        price(json!({ "billing_scheme": "tiered", "tiers_mode": mode, "tiers": [
            { "up_to": 5, "unit_amount": 1000, "unit_amount_decimal": "1000", "flat_amount": null },
            { "up_to": 20, "unit_amount": 800, "flat_amount": 300, "flat_amount_decimal": "300" },
            { "up_to": null, "unit_amount_decimal": "0.5" },
        ] }))
    }

    #[test]
    fn every_pricing_model_by_hand() {
        let whole = |price: &Price, quantity| price.amount(quantity, None).map(|amount| amount.to_string());
        let some = |text: &str| Some(text.to_owned());
        let unit = price(json!({ "unit_amount": 4900, "unit_amount_decimal": "4900" }));
        let fraction = price(json!({ "unit_amount": null, "unit_amount_decimal": "12.5" }));
        let pack =
            |round| price(json!({ "unit_amount": 2000, "transform_quantity": { "divide_by": 10, "round": round } }));
        let table = [
            (&unit, 0, some("0")),
            (&unit, 3, some("14700")),
            (&fraction, 1001, some("25025/2")),
            (&pack("up"), 41, some("10000")),
            (&pack("up"), 40, some("8000")),
            (&pack("down"), 49, some("8000")),
            (&tiers("graduated"), 0, some("0")),
            (&tiers("graduated"), 5, some("5000")),
            (&tiers("graduated"), 6, some("6100")),
            (&tiers("graduated"), 23, some("34603/2")),
            (&tiers("volume"), 5, some("5000")),
            (&tiers("volume"), 6, some("5100")),
            (&tiers("volume"), 23, some("23/2")),
        ];
        for (price, quantity, wanted) in table {
            assert_eq!(whole(price, quantity), wanted, "{quantity} of {:?}", price.billing);
        }
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        assert_eq!(price(json!({ "unit_amount": null })).amount(1, None), None);
        let bare = price(json!({ "billing_scheme": "tiered", "tiers_mode": "graduated" }));
        assert!(bare.lacks_tiers());
        assert_eq!(bare.amount(1, None), None);
        let short = [Tier { up_to: Some(5), unit: Ratio::ONE, flat: Ratio::ZERO }];
        assert_eq!(bare.amount(6, Some(&short)), None, "the tiers end before the quantity");
        assert_eq!(bare.amount(5, Some(&short)), Some(Ratio::whole(5)));
        assert_eq!(
            price(json!({ "unit_amount": 1, "transform_quantity": { "divide_by": 0, "round": "up" } })).amount(1, None),
            None
        );
    }

    #[test]
    fn a_month_has_its_share_of_every_period() {
        let per_month = |interval: &str, count: u32| {
            let recurring =
                json!({ "recurring": { "interval": interval, "interval_count": count, "usage_type": "licensed" } });
            price(recurring).period.unwrap().per_month().map(|ratio| ratio.to_string())
        };
        let table = [
            ("day", 1, "365/12"),
            ("day", 30, "73/72"),
            ("week", 1, "13/3"),
            ("week", 2, "13/6"),
            ("month", 1, "1"),
            ("month", 6, "1/6"),
            ("year", 1, "1/12"),
            ("year", 2, "1/24"),
        ];
        for (interval, count, wanted) in table {
            assert_eq!(per_month(interval, count).as_deref(), Some(wanted));
        }
        assert_eq!(per_month("month", 0), None);
    }

    #[test]
    fn a_plan_is_a_price_of_older_days() {
        let plan = json!({ "id": "pro", "object": "plan", "currency": "usd", "amount": 4900, "interval": "year",
            "interval_count": 2, "usage_type": "licensed", "billing_scheme": "per_unit", "product": "prod_1" });
        let plan: Plan = serde_json::from_value(plan).unwrap();
        assert_eq!(plan.0.amount(2, None), Some(Ratio::whole(9800)));
        assert_eq!(plan.0.period.and_then(Period::per_month), Ratio::new(1, 24));
    }

    proptest! {
        #[test]
        fn graduated_tiers_agree_with_counting_unit_by_unit(quantity in 0_i64..60, unit in proptest::collection::vec((1_i64..15, 0_i64..500, 0_i64..90), 1..5)) {
            let mut end = 0;
            let last = unit.len() - 1;
            let tiers: Vec<Tier> = unit.iter().enumerate().map(|(i, (width, unit, flat))| {
                end += width;
                Tier { up_to: (i != last).then_some(end), unit: Ratio::whole(*unit), flat: Ratio::whole(*flat) }
            }).collect();
            let tier_of = |n: i64| tiers.iter().position(|t| t.up_to.is_none_or(|end| n <= end)).unwrap();
            let mut naive = 0;
            for n in 1..=quantity {
                let tier = tier_of(n);
                naive += unit[tier].1;
                if n == 1 || tier_of(n - 1) != tier {
                    naive += unit[tier].2;
                }
            }
            prop_assert_eq!(graduated_amount(quantity, &tiers), Some(Ratio::whole(naive)));
            let reached = tier_of(quantity);
            prop_assert_eq!(volume_amount(quantity, &tiers), Some(Ratio::whole(quantity * unit[reached].1 + unit[reached].2)));
        }
    }
}
