//! Exact fractions. Money is multiplied, divided and summed as these, and rounded once, at the very end.

use std::cmp::Ordering;
use std::fmt;

/// An exact fraction in lowest terms. Everything that could overflow says so with `None`: a figure that cannot be worked
/// out exactly is not worked out at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ratio {
    numerator: i128,
    /// Above zero.
    denominator: i128,
}

impl Ratio {
    /// Nothing.
    pub const ZERO: Self = Self::whole(0);
    /// One.
    pub const ONE: Self = Self::whole(1);

    /// A whole number.
    pub const fn whole(number: i64) -> Self {
        Self { numerator: number as i128, denominator: 1 }
    }

    /// `numerator / denominator`; none over zero.
    pub fn new(numerator: i128, denominator: i128) -> Option<Self> {
        if denominator == 0 || numerator == i128::MIN || denominator == i128::MIN {
            return None;
        }
        let common = gcd(numerator.abs(), denominator.abs()) * denominator.signum();
        Some(Self { numerator: numerator / common, denominator: denominator / common })
    }

    /// A decimal as APIs write it: `12.5`, `-3`, `.25`. At most 30 digits, no exponent.
    pub fn decimal(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let count = whole.len() + fraction.len();
        if count == 0 || count > 30 {
            return None;
        }
        let mut number = 0_i128;
        for digit in whole.bytes().chain(fraction.bytes()) {
            if !digit.is_ascii_digit() {
                return None;
            }
            number = number * 10 + i128::from(digit - b'0');
        }
        let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        Self::new(if negative { -number } else { number }, scale)
    }

    /// The sum.
    pub fn plus(self, other: Self) -> Option<Self> {
        // Over the least common denominator, so that long sums of like fractions stay small.
        let common = gcd(self.denominator, other.denominator);
        let left = self.numerator.checked_mul(other.denominator / common)?;
        let right = other.numerator.checked_mul(self.denominator / common)?;
        let denominator = self.denominator.checked_mul(other.denominator / common)?;
        Self::new(left.checked_add(right)?, denominator)
    }

    /// The difference.
    pub fn minus(self, other: Self) -> Option<Self> {
        self.plus(Self { numerator: -other.numerator, denominator: other.denominator })
    }

    /// The product.
    pub fn times(self, other: Self) -> Option<Self> {
        // Cancelled crosswise first: what fits in the end mostly fits on the way.
        let (a, b) = (gcd(self.numerator.abs(), other.denominator), gcd(other.numerator.abs(), self.denominator));
        let numerator = (self.numerator / a).checked_mul(other.numerator / b)?;
        let denominator = (self.denominator / b).checked_mul(other.denominator / a)?;
        Self::new(numerator, denominator)
    }

    /// The quotient; none over zero.
    pub fn over(self, other: Self) -> Option<Self> {
        self.times(Self::new(other.denominator, other.numerator)?)
    }

    /// This, or nothing when it is below.
    pub fn or_zero(self) -> Self {
        if self.numerator < 0 { Self::ZERO } else { self }
    }

    /// Whether it is above zero.
    pub fn is_positive(self) -> bool {
        self.numerator > 0
    }

    /// The greatest whole number that is not above it.
    pub fn floor(self) -> i128 {
        self.numerator.div_euclid(self.denominator)
    }

    /// The least whole number that is not below it.
    pub fn ceil(self) -> i128 {
        self.floor() + i128::from(self.numerator.rem_euclid(self.denominator) != 0)
    }

    /// The nearest whole number, halves away from zero; none when it is beyond an `i64`.
    pub fn round(self) -> Option<i64> {
        let (size, half) = (self.numerator.abs(), self.denominator / 2);
        let whole = size / self.denominator;
        // An odd denominator has no exact half: then above its floor is above the half.
        let rest = size % self.denominator;
        let up = if self.denominator % 2 == 0 { rest >= half } else { rest > half };
        i64::try_from((whole + i128::from(up)) * self.numerator.signum()).ok()
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// By continued fractions: no product that could overflow.
impl Ord for Ratio {
    fn cmp(&self, other: &Self) -> Ordering {
        let (mut a, mut b, mut flipped) = (*self, *other, false);
        loop {
            let (wholes, rests) = (
                a.floor().cmp(&b.floor()),
                (a.numerator.rem_euclid(a.denominator), b.numerator.rem_euclid(b.denominator)),
            );
            let order = match (wholes, rests) {
                (Ordering::Equal, (0, 0)) => Ordering::Equal,
                (Ordering::Equal, (0, _)) => Ordering::Less,
                (Ordering::Equal, (_, 0)) => Ordering::Greater,
                (Ordering::Equal, (left, right)) => {
                    a = Self { numerator: a.denominator, denominator: left };
                    b = Self { numerator: b.denominator, denominator: right };
                    flipped = !flipped;
                    continue;
                }
                (other, _) => other,
            };
            return if flipped { order.reverse() } else { order };
        }
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.numerator)?;
        if self.denominator != 1 {
            write!(f, "/{}", self.denominator)?;
        }
        Ok(())
    }
}

/// The greatest common divisor of two that are not negative, not both zero.
fn gcd(mut a: i128, mut b: i128) -> i128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ratio(numerator: i64, denominator: i64) -> Ratio {
        Ratio::new(numerator.into(), denominator.into()).unwrap()
    }

    #[test]
    fn decimals_are_read_exactly() {
        for (text, wanted) in
            [("12.5", (25, 2)), ("-3", (-3, 1)), (".25", (1, 4)), ("0.000000000001", (1, 1_000_000_000_000))]
        {
            assert_eq!(Ratio::decimal(text), Some(ratio(wanted.0, wanted.1)), "{text}");
        }
        for text in ["", ".", "-", "1e3", "1,5", "+1", "NaN", "1.2.3", "--1", "1234567890123456789012345678901"] {
            assert_eq!(Ratio::decimal(text), None, "{text}");
        }
    }

    #[test]
    fn halves_round_away_from_zero() {
        for ((numerator, denominator), wanted) in
            [((5, 2), 3), ((-5, 2), -3), ((7, 3), 2), ((8, 3), 3), ((-8, 3), -3), ((0, 1), 0), ((4, 2), 2), ((1, 3), 0)]
        {
            assert_eq!(ratio(numerator, denominator).round(), Some(wanted), "{numerator}/{denominator}");
        }
        assert_eq!(Ratio::new(i128::MAX, 1).unwrap().round(), None);
    }

    #[test]
    fn what_does_not_fit_is_not_made_up() {
        let huge = Ratio::new(i128::MAX, 1).unwrap();
        assert_eq!(huge.plus(Ratio::ONE), None);
        assert_eq!(huge.times(ratio(2, 1)), None);
        assert_eq!(Ratio::ONE.over(Ratio::ZERO), None);
        assert_eq!(Ratio::new(1, 0), None);
        assert_eq!(Ratio::new(i128::MIN, 1), None);
    }

    proptest! {
        #[test]
        fn sums_and_products_undo_each_other(a in -1_000_000_i64..1_000_000, b in 1_i64..10_000, c in -1_000_000_i64..1_000_000, d in 1_i64..10_000) {
            let (x, y) = (ratio(a, b), ratio(c, d));
            prop_assert_eq!(x.plus(y).unwrap().minus(y).unwrap(), x);
            prop_assert_eq!(x.plus(y), y.plus(x));
            if c != 0 {
                prop_assert_eq!(x.times(y).unwrap().over(y).unwrap(), x);
            }
            prop_assert_eq!(x.cmp(&y), (i128::from(a) * i128::from(d)).cmp(&(i128::from(c) * i128::from(b))));
            prop_assert!(x.floor() <= x.ceil() && Ratio::new(x.floor(), 1).unwrap() <= x);
        }

        #[test]
        fn rounding_is_never_off_by_more_than_a_half(a in any::<i64>(), b in 1_i64..1_000_000) {
            let x = ratio(a, b);
            let off = x.minus(Ratio::whole(x.round().unwrap())).unwrap();
            prop_assert!(off <= ratio(1, 2) && off >= ratio(-1, 2));
        }

        #[test]
        fn nothing_panics(a in any::<i128>(), b in any::<i128>(), c in any::<i128>(), d in any::<i128>(), text in ".{0,40}") {
            let _ = Ratio::decimal(&text);
            if let (Some(x), Some(y)) = (Ratio::new(a, b), Ratio::new(c, d)) {
                let _ = (x.plus(y), x.minus(y), x.times(y), x.over(y), x.cmp(&y), x.round(), x.ceil(), x.or_zero());
            }
        }
    }
}
