//! Counters: the figures of a business, from Stripe and from wherever else they are had.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
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
    /// The same one period ago: of the window before, and for a state of [`PERIOD`] ago as it was kept, or else as its
    /// source tells of then; none when it is not known.
    pub previous: Option<i64>,
    /// What was kept of it.
    pub past: Past,
}

/// What is known of a state's past; nothing for a figure of a window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Past {
    /// When `previous` was so.
    pub previous_at: Option<DateTime<Utc>>,
    /// What it was within the last [`PERIOD`], at most once a day, oldest first.
    pub trend: Vec<(DateTime<Utc>, i64)>,
    /// What it was a [`PERIOD`] ago as far as its source tells of then, kept or not.
    pub told: Option<i64>,
}

/// A state has no window, so this is the period that it is compared over.
pub const PERIOD: TimeDelta = TimeDelta::days(30);
/// How long a kept figure stands for what came after it.
const STANDS: TimeDelta = TimeDelta::days(7);

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
        let time = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        out.insert("previous_at".to_owned(), json!(self.past.previous_at.map(time)));
        let trend = self.past.trend.iter().map(|(at, figure)| json!([time(*at), number(Some(*figure))]));
        out.insert("trend".to_owned(), trend.collect());
        Value::Object(out)
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

impl KeptFigure {
    fn is_of(&self, counter: &Counter) -> bool {
        (self.name.as_str(), self.unit, self.window) == (counter.name, counter.unit, counter.window)
    }
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
    /// The account by which its figures are kept, so that those of a test account are never mixed with real ones; none
    /// as long as it is not known which it is.
    pub fn account(&self) -> Option<String> {
        let source = &self.counters.first()?.source;
        Some(if self.livemode? { source.clone() } else { format!("{source} (test)") })
    }

    /// What is to be kept of it: every state. What happened in a window can be worked out again.
    pub fn states(&self) -> impl Iterator<Item = &Counter> {
        self.counters.iter().filter(|counter| counter.window.is_none() && counter.figure.is_some())
    }

    /// Fills in what states were one period before `at`, and their trend, from what was kept (oldest first). Nothing kept
    /// after `at` is looked at.
    pub fn compare(&mut self, kept: &[KeptFigure], at: DateTime<Utc>) {
        let then = at - PERIOD;
        for counter in self.counters.iter_mut().filter(|counter| counter.window.is_none()) {
            let past = || kept.iter().filter(|kept| kept.is_of(counter) && kept.time <= at);
            let stands = |kept: &&KeptFigure| kept.time <= then && then - kept.time <= STANDS;
            let before = past().rev().find(stands);
            let trend = past().filter(|kept| kept.time > then).map(|kept| (kept.time, kept.figure)).collect();
            let told = counter.past.told;
            let before = before.map(|before| (before.time, before.figure)).or(told.map(|told| (then, told)));
            (counter.previous, counter.past) =
                (before.map(|(_, figure)| figure), Past { previous_at: before.map(|(time, _)| time), trend, told });
        }
    }

    /// Puts in place of what sources only tell of now what was kept of it for `at` (oldest first): of the last day at
    /// most.
    pub fn recall(&mut self, kept: &[KeptFigure], at: DateTime<Utc>, only_of_now: impl Fn(&str) -> bool) {
        for counter in self.counters.iter_mut().filter(|counter| only_of_now(counter.name)) {
            let lately =
                |kept: &&KeptFigure| kept.is_of(counter) && kept.time <= at && at - kept.time <= TimeDelta::days(1);
            if let Some(kept) = kept.iter().rev().find(lately) {
                counter.figure = Some(kept.figure);
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
            past: Past::default(),
        }
    }

    fn time(days: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::days(days)
    }

    fn kept(name: &str, unit: Unit, days: i64, figure: i64) -> KeptFigure {
        KeptFigure { name: name.to_owned(), unit, window: None, time: time(days), figure }
    }

    #[test]
    fn exactly_one_of_value_and_amount_is_there() {
        let usd = Currency::new("usd").unwrap();
        let mrr = counter("mrr", Unit::Money(usd), None, 674_099).json();
        assert_eq!(
            mrr,
            json!({
                "name": "mrr", "source": "stripe", "amount": 674_099, "currency": "usd", "window": null,
                "previous": null, "previous_at": null, "trend": [],
            })
        );
        let churn = counter("logo_churn_pct", Unit::Percent, Some(Window::Days(30)), 377).json();
        assert_eq!((&churn["value"], &churn["window"], churn.get("amount")), (&json!(3.77), &json!("30d"), None));
        assert_eq!(churn["currency"], Value::Null);
    }

    #[test]
    fn a_state_is_compared_with_what_it_was_a_period_ago_in_its_own_currency() {
        let (usd, jpy) = (Unit::Money(Currency::new("usd").unwrap()), Unit::Money(Currency::new("jpy").unwrap()));
        let now = 100;
        let history = [
            kept("mrr", usd, 60, 1),
            kept("mrr", usd, 68, 500),
            kept("mrr", jpy, 69, 7),
            kept("new_customers", Unit::Count, 69, 9),
            kept("mrr", usd, 71, 600),
            kept("mrr", usd, 99, 900),
            kept("mrr", usd, 101, 5_000),
        ];
        let mut set = CounterSet {
            counters: vec![
                counter("mrr", usd, None, 1_000),
                counter("mrr", jpy, None, 8),
                counter("customers", Unit::Count, None, 3),
                counter("new_customers", Unit::Count, Some(Window::Today), 3),
            ],
            ..CounterSet::default()
        };
        set.compare(&history, time(now));
        assert_eq!(set.counters.iter().map(|c| c.previous).collect::<Vec<_>>(), [Some(500), Some(7), None, None]);
        assert_eq!(set.counters[0].past.previous_at, Some(time(68)), "the newest that is a period old");
        assert_eq!(set.counters[0].past.trend, [(time(71), 600), (time(99), 900)], "nothing of later than now");
        assert_eq!(set.counters[3].past, Past::default(), "what has a window has its own period before");
        let json = set.counters[0].json();
        assert_eq!(json["previous_at"], "1970-03-10T00:00:00Z");
        assert_eq!(json["trend"], json!([["1970-03-13T00:00:00Z", 600], ["1970-04-10T00:00:00Z", 900]]));
        // What is older than a week stands for nothing any more, and what was is not left in place.
        set.compare(&history[..1], time(now));
        assert_eq!((set.counters[0].previous, set.counters[1].previous), (None, None));
        // What the source itself tells of then stands where nothing was kept.
        set.counters[0].past.told = Some(3);
        set.compare(&history[..1], time(now));
        assert_eq!((set.counters[0].previous, set.counters[0].past.previous_at), (Some(3), Some(time(70))));
        set.compare(&history, time(now));
        assert_eq!(set.counters[0].previous, Some(500));
    }

    #[test]
    fn what_is_only_known_of_now_is_recalled_for_an_earlier_time() {
        let usd = Unit::Money(Currency::new("usd").unwrap());
        let mut set = CounterSet {
            counters: vec![counter("balance_available", usd, None, 5), counter("mrr", usd, None, 5)],
            ..CounterSet::default()
        };
        let history =
            [kept("balance_available", usd, 9, 1), kept("mrr", usd, 9, 1), kept("balance_available", usd, 11, 2)];
        let figures = |set: &CounterSet| set.counters.iter().map(|one| one.figure).collect::<Vec<_>>();
        let mut early = set.clone();
        early.recall(&history, time(8), |name| name.starts_with("balance"));
        assert_eq!(figures(&early), [Some(5), Some(5)], "nothing is known of then");
        set.recall(&history, time(10), |name| name.starts_with("balance"));
        assert_eq!(figures(&set), [Some(1), Some(5)]);
    }

    #[test]
    fn test_money_has_an_account_of_its_own() {
        let mut set = CounterSet { counters: vec![counter("mrr", Unit::Count, None, 1)], ..CounterSet::default() };
        let names = [None, Some(true), Some(false)].map(|livemode| {
            set.livemode = livemode;
            set.account()
        });
        assert_eq!(names, [None, Some("stripe".to_owned()), Some("stripe (test)".to_owned())]);
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
