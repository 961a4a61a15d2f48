//! Money: an integer of a currency's minor unit. Amounts of different currencies are never added.

use std::fmt;

/// An ISO 4217 code, in lower case as APIs write it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

/// Currencies that have no minor unit in Stripe's amounts. Stripe: Supported currencies, "Zero-decimal currencies".
/// (ISK is none of them: its amounts have two decimals that are always zero.)
const NO_DECIMALS: &[&str] =
    &["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"];
/// Currencies whose minor unit is a thousandth.
const THREE_DECIMALS: &[&str] = &["bhd", "jod", "kwd", "omr", "tnd"];
/// Signs that mean one currency to everybody who reads them; any other currency is shown by its code.
const SIGNS: &[(&str, &str)] = &[("usd", "$"), ("eur", "€"), ("gbp", "£"), ("jpy", "¥")];

impl Currency {
    /// The currency of a code; none when it is not three letters.
    pub fn new(code: &str) -> Option<Self> {
        let bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_alphabetic).then(|| Self(bytes.map(|b| b.to_ascii_lowercase())))
    }

    /// The code in lower case.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// How many decimals its major unit has: 0, 2 or 3.
    pub fn exponent(&self) -> u32 {
        match self.as_str() {
            code if NO_DECIMALS.contains(&code) => 0,
            code if THREE_DECIMALS.contains(&code) => 3,
            _ => 2,
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An amount of one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    /// In the currency's minor unit; may be negative.
    pub minor: i64,
    /// Of what.
    pub currency: Currency,
}

/// As people write it: `$6,740.99`, `-€4.50`, `¥13,600`, `1.250 KWD`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = 10_u64.pow(self.currency.exponent());
        let (major, minor) = (self.minor.unsigned_abs() / scale, self.minor.unsigned_abs() % scale);
        let mut text = String::new();
        if self.minor < 0 {
            text.push('-');
        }
        let sign = SIGNS.iter().find(|(code, _)| *code == self.currency.as_str());
        text.push_str(sign.map_or("", |(_, sign)| sign));
        text.push_str(&thousands(major));
        if scale > 1 {
            text.push_str(&format!(".{minor:0width$}", width = self.currency.exponent() as usize));
        }
        if sign.is_none() {
            text.push(' ');
            text.push_str(&self.currency.as_str().to_ascii_uppercase());
        }
        f.pad(&text)
    }
}

/// A number with a comma between each three digits.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(minor: i64, code: &str) -> String {
        Money { minor, currency: Currency::new(code).unwrap() }.to_string()
    }

    #[test]
    fn each_currency_has_its_own_decimals() {
        for (minor, code, wanted) in [
            (674_099, "usd", "$6,740.99"),
            (5, "USD", "$0.05"),
            (-450, "eur", "-€4.50"),
            (13_600, "jpy", "¥13,600"),
            (0, "jpy", "¥0"),
            (1_250, "kwd", "1.250 KWD"),
            (123_456_789, "chf", "1,234,567.89 CHF"),
            (i64::MIN, "usd", "-$92,233,720,368,547,758.08"),
        ] {
            assert_eq!(shown(minor, code), wanted);
        }
    }

    #[test]
    fn a_code_is_three_letters() {
        for wrong in ["", "us", "usdd", "u$d", "12€", "€"] {
            assert_eq!(Currency::new(wrong), None, "{wrong}");
        }
        assert_eq!(Currency::new("EuR").unwrap().as_str(), "eur");
    }

    proptest! {
        #[test]
        fn the_digits_of_an_amount_are_all_there(minor in any::<i64>(), code in "[a-z]{3}") {
            let text = shown(minor, &code);
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            prop_assert_eq!(digits.parse::<u64>().unwrap(), minor.unsigned_abs());
            prop_assert_eq!(text.starts_with('-'), minor < 0);
        }
    }
}
