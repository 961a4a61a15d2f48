//! Counters: the figures of a business, from Stripe and from wherever else they are had.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use super::money::{Currency, Money};

/// What a figure counts; what one step of its integer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unit {
    /// Things.
    Count,
    /// Hundredths of a percent.
    Percent,
    /// The minor unit of a currency.
    Money(Currency),
}

/// The time a figure is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Window {
    /// Since midnight where the account is.
    Today,
    /// The last so many times 24 hours.
    Days(u32),
}

impl Unit {
    /// Its word, as it is kept: `count`, `percent`, or a currency's code.
    pub fn word(&self) -> &str {
        match self {
            Self::Count => "count",
            Self::Percent => "percent",
            Self::Money(currency) => currency.as_str(),
        }
    }

    /// The unit of a word.
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "count" => Some(Self::Count),
            "percent" => Some(Self::Percent),
            code => Currency::new(code).map(Self::Money),
        }
    }
}

impl Window {
    /// As the contract writes it: `today`, `7d`.
    pub fn name(self) -> String {
        match self {
            Self::Today => "today".to_owned(),
            Self::Days(days) => format!("{days}d"),
        }
    }

    /// The window of such a name.
    pub fn of(name: &str) -> Option<Self> {
        match name {
            "today" => Some(Self::Today),
            name => name.strip_suffix('d')?.parse().ok().map(Self::Days),
        }
    }
}

/// A figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counter {
    /// What it is, such as `mrr`.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it says, in full sentences.
    pub definition: &'static str,
    /// Where it is from: `stripe`, or `stripe:NAME` where there are several accounts.
    pub source: String,
    /// What it counts.
    pub unit: Unit,
    /// The time it is of; none for a state, which is of now.
    pub window: Option<Window>,
    /// The figure in its unit. None is not zero: a share of nothing.
    pub figure: Option<i64>,
    /// The same of the period before, or of the same time in kept history; none when it is not known.
    pub previous: Option<i64>,
}

impl Counter {
    /// A figure as people read it; `—` when there is none.
    pub fn shown(&self, figure: Option<i64>) -> String {
        let Some(figure) = figure else { return "—".to_owned() };
        match self.unit {
            Unit::Count => figure.to_string(),
            Unit::Percent => {
                let sign = if figure < 0 { "-" } else { "" };
                format!("{sign}{}.{:02} %", figure.unsigned_abs() / 100, figure.unsigned_abs() % 100)
            }
            Unit::Money(currency) => Money { minor: figure, currency }.to_string(),
        }
    }

    /// As the contract has it: exactly one of `value` and `amount` is there.
    pub fn json(&self) -> Value {
        let number = |figure: Option<i64>| match (self.unit, figure) {
            (_, None) => Value::Null,
            (Unit::Percent, Some(hundredths)) => json!(hundredths as f64 / 100.0),
            (_, Some(figure)) => json!(figure),
        };
        let (key, currency) = match self.unit {
            Unit::Money(currency) => ("amount", json!(currency.as_str())),
            Unit::Count | Unit::Percent => ("value", Value::Null),
        };
        let mut out = Map::new();
        out.insert("name".to_owned(), json!(self.name));
        out.insert("source".to_owned(), json!(self.source));
        out.insert(key.to_owned(), number(self.figure));
        out.insert("currency".to_owned(), currency);
        out.insert("window".to_owned(), self.window.map_or(Value::Null, |window| json!(window.name())));
        out.insert("previous".to_owned(), number(self.previous));
        Value::Object(out)
    }

    /// Whether two are the same figure of different times.
    pub fn is_same(&self, other: &Self) -> bool {
        (self.name, &self.source, self.unit, self.window) == (other.name, &other.source, other.unit, other.window)
    }
}

/// What a figure was at an earlier time, as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptFigure {
    /// Its name.
    pub name: String,
    /// What it counts.
    pub unit: Unit,
    /// The time it was of; none for a state.
    pub window: Option<Window>,
    /// When it was so.
    pub time: DateTime<Utc>,
    /// The figure in its unit.
    pub figure: i64,
}

/// Why figures are missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CounterError {
    /// The source they would be from.
    pub source: String,
    /// What could not be had of it, such as `subscriptions`.
    pub what: String,
    /// Why and what to do, safe to show.
    pub message: String,
    /// The names of the figures that are missing for it.
    pub counters: Vec<&'static str>,
}

/// A source's figures at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CounterSet {
    /// The oldest of what they rest on; none when there is nothing yet.
    pub as_of: Option<DateTime<Utc>>,
    /// True for real money, false for a test account, none when that is not known yet.
    pub livemode: Option<bool>,
    /// Each figure.
    pub counters: Vec<Counter>,
    /// What is missing.
    pub errors: Vec<CounterError>,
    /// Set while the first figures are still being had: how many objects so far.
    pub loading: Option<u64>,
}

impl CounterSet {
    /// Fills in, for what has no period before of its own, what it was in a set of an earlier time.
    pub fn compare(&mut self, earlier: &Self) {
        for counter in self.counters.iter_mut().filter(|counter| counter.window.is_none()) {
            if let Some(before) = earlier.counters.iter().find(|before| before.is_same(counter)) {
                counter.previous = before.figure;
            }
        }
    }
}

/// Every source's figures as `qd counters --json` prints them.
pub fn document(at: DateTime<Utc>, sets: &[CounterSet], time: impl Fn(DateTime<Utc>) -> String) -> Value {
    let errors = sets.iter().flat_map(|set| &set.errors).map(|error| {
        json!({ "source": error.source, "what": error.what, "message": error.message, "counters": error.counters })
    });
    json!({
        "at": time(at),
        "as_of": sets.iter().filter_map(|set| set.as_of).min().map(time),
        "counters": sets.iter().flat_map(|set| &set.counters).map(Counter::json).collect::<Vec<_>>(),
        "errors": errors.collect::<Vec<_>>(),
        "test_mode": sets.iter().filter_map(|set| set.livemode).reduce(|all, one| all && one).map(|live| !live),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counter(name: &'static str, unit: Unit, window: Option<Window>, figure: i64) -> Counter {
        Counter {
            name,
            title: name,
            definition: "",
            source: "stripe".to_owned(),
            unit,
            window,
            figure: Some(figure),
            previous: None,
        }
    }

    #[test]
    fn exactly_one_of_value_and_amount_is_there() {
        let usd = Currency::new("usd").unwrap();
        let mrr = counter("mrr", Unit::Money(usd), None, 674_099).json();
        assert_eq!(
            mrr,
            json!({ "name": "mrr", "source": "stripe", "amount": 674_099, "currency": "usd", "window": null, "previous": null })
        );
        let churn = counter("logo_churn_pct", Unit::Percent, Some(Window::Days(30)), 377).json();
        assert_eq!((&churn["value"], &churn["window"], churn.get("amount")), (&json!(3.77), &json!("30d"), None));
        assert_eq!(churn["currency"], Value::Null);
    }

    #[test]
    fn only_states_are_compared_with_kept_history() {
        let set = |customers, new| CounterSet {
            counters: vec![
                counter("customers", Unit::Count, None, customers),
                counter("new_customers", Unit::Count, Some(Window::Today), new),
            ],
            ..CounterSet::default()
        };
        let mut now = set(149, 3);
        now.compare(&set(140, 9));
        assert_eq!(now.counters.iter().map(|c| c.previous).collect::<Vec<_>>(), [Some(140), None]);
    }

    #[test]
    fn figures_are_shown_in_their_unit() {
        let percent = counter("x", Unit::Percent, None, -5);
        assert_eq!(
            (percent.shown(Some(-5)), percent.shown(Some(377)), percent.shown(None)),
            ("-0.05 %".into(), "3.77 %".into(), "—".into())
        );
    }
}
