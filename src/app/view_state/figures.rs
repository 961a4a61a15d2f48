//! Figures of the business as rows: one for each figure and currency, with all its windows.

use crate::domain::business::Ledger;
use crate::domain::counter::{Counter, Unit, Window};
use crate::domain::money::Currency;

/// The windows that have columns.
pub const WINDOWS: [Window; 3] = [Window::Today, Window::Days(7), Window::Days(30)];

/// One figure of an account.
#[derive(Clone, Debug)]
pub struct FigureRow<'l> {
    /// Any of its counters: its name, unit and definition.
    pub one: &'l Counter,
    /// The figure of now; none for one that is of windows.
    pub now: Option<&'l Counter>,
    /// The figure of each of [`WINDOWS`] that it has.
    pub windows: [Option<&'l Counter>; 3],
}

impl FigureRow<'_> {
    /// Its stable id.
    pub fn id(&self) -> String {
        let unit = if let Unit::Money(currency) = self.one.unit { currency.as_str().to_owned() } else { String::new() };
        format!("{}/{}/{unit}", self.one.source, self.one.name)
    }

    fn counters(&self) -> impl Iterator<Item = &Counter> {
        self.now.into_iter().chain(self.windows.into_iter().flatten())
    }

    /// Whether it says nothing: no such money ever moved.
    fn is_silent(&self) -> bool {
        self.counters().all(|one| one.figure.unwrap_or(0) == 0 && one.previous.unwrap_or(0) == 0)
    }
}

/// The rows of an account, in the order of its figures. A currency in which nothing moved is left out where another has
/// the same figure.
pub fn figures(ledger: &Ledger) -> Vec<FigureRow<'_>> {
    let mut rows: Vec<FigureRow> = Vec::new();
    for counter in &ledger.counters.counters {
        let same = |row: &&mut FigureRow| (row.one.name, row.one.unit) == (counter.name, counter.unit);
        let at = match rows.iter_mut().find(same) {
            Some(row) => row,
            None => {
                rows.push(FigureRow { one: counter, now: None, windows: [None; 3] });
                let last = rows.len() - 1;
                &mut rows[last]
            }
        };
        match counter.window {
            None => at.now = Some(counter),
            Some(window) => {
                if let Some(place) = WINDOWS.iter().position(|one| *one == window) {
                    at.windows[place] = Some(counter);
                }
            }
        }
    }
    if let Some(main) = main_currency(&rows) {
        rows.chunk_by_mut(|a, b| a.one.name == b.one.name)
            .for_each(|same| same.sort_by_key(|row| row.one.unit != Unit::Money(main)));
    }
    let alone = |row: &FigureRow| {
        ledger.counters.counters.iter().all(|one| one.name != row.one.name || one.unit == row.one.unit)
    };
    let loud: Vec<bool> =
        rows.iter().map(|row| !row.is_silent() || alone(row) || !matches!(row.one.unit, Unit::Money(_))).collect();
    // Of a figure that is nothing in every currency one row stays.
    let mut kept: Vec<&str> = Vec::new();
    let mut out = Vec::new();
    for (n, row) in rows.iter().enumerate() {
        let all_silent = rows.iter().zip(&loud).all(|(other, loud)| other.one.name != row.one.name || !loud);
        if loud[n] || all_silent && !kept.contains(&row.one.name) {
            kept.push(row.one.name);
            out.push(row.clone());
        }
    }
    out
}

/// The currency that most customers pay in, by MRR over ARPU; none where nobody pays.
pub fn main_currency(rows: &[FigureRow]) -> Option<Currency> {
    let figure = |name: &str, unit: Unit| {
        let row = rows.iter().find(|row| row.one.name == name && row.one.unit == unit);
        row.and_then(|row| row.now).and_then(|counter| counter.figure).unwrap_or(0)
    };
    let paying = |currency: &Currency| {
        let unit = Unit::Money(*currency);
        figure("mrr", unit) / figure("arpu", unit).max(1)
    };
    let currencies = rows.iter().filter(|row| row.one.name == "mrr").filter_map(|row| match row.one.unit {
        Unit::Money(currency) => Some(currency),
        Unit::Count | Unit::Percent => None,
    });
    currencies.max_by_key(paying)
}

/// How much a figure has changed since the period before, in percent; none where that says nothing.
pub fn change(counter: &Counter) -> Option<f64> {
    let (now, before) = (counter.figure?, counter.previous?);
    (before > 0).then(|| (now - before) as f64 / before as f64 * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::counter::{CounterSet, Past};

    fn counter(
        name: &'static str,
        currency: Option<&str>,
        window: Option<Window>,
        figure: i64,
        previous: i64,
    ) -> Counter {
        let unit = currency.map_or(Unit::Count, |code| Unit::Money(Currency::new(code).unwrap()));
        let (figure, previous) = (Some(figure), Some(previous));
        Counter {
            name,
            title: name,
            definition: "",
            source: "stripe".into(),
            unit,
            window,
            figure,
            previous,
            past: Past::default(),
        }
    }

    fn shown(counters: Vec<Counter>) -> Vec<String> {
        let ledger = Ledger { counters: CounterSet { counters, ..CounterSet::default() }, ..Ledger::default() };
        figures(&ledger).iter().map(FigureRow::id).collect()
    }

    #[test]
    fn a_row_for_each_figure_and_currency_that_says_something() {
        let today = Some(Window::Today);
        let rows = shown(vec![
            counter("mrr", Some("usd"), None, 100, 0),
            counter("mrr", Some("eur"), None, 0, 0),
            counter("fees", Some("usd"), today, 0, 0),
            counter("fees", Some("eur"), today, 0, 0),
            counter("fees", Some("usd"), Some(Window::Days(7)), 0, 0),
            counter("net", Some("usd"), today, 0, 0),
            counter("net", Some("usd"), Some(Window::Days(30)), 0, 7),
            counter("payments", None, today, 0, 0),
        ]);
        assert_eq!(rows, ["stripe/mrr/usd", "stripe/fees/usd", "stripe/net/usd", "stripe/payments/"]);
    }

    #[test]
    fn the_currency_that_most_pay_in_comes_first() {
        let rows = shown(vec![
            counter("mrr", Some("eur"), None, 20_000, 0),
            counter("mrr", Some("jpy"), None, 90_000, 0),
            counter("mrr", Some("usd"), None, 10_000, 0),
            counter("arpu", Some("eur"), None, 10_000, 0),
            counter("arpu", Some("jpy"), None, 90_000, 0),
            counter("arpu", Some("usd"), None, 1_000, 0),
        ]);
        assert_eq!(rows[0], "stripe/mrr/usd");
        assert_eq!(rows[3], "stripe/arpu/usd");
    }

    #[test]
    fn a_change_is_told_only_against_something() {
        assert_eq!(change(&counter("x", None, None, 150, 100)), Some(50.0));
        assert_eq!(change(&counter("x", None, None, 150, 0)), None);
        assert_eq!(change(&counter("x", None, None, 0, 100)), Some(-100.0));
    }
}
