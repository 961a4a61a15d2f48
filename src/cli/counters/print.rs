//! Figures as people read them: what holds now in a line each, what happened in a table of windows.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::super::table::Table;
use crate::domain::counter::{Counter, CounterSet, Unit, Window};
use crate::domain::money::Currency;

const WINDOWS: [Window; 3] = [Window::Today, Window::Days(7), Window::Days(30)];

/// Every account's figures.
pub fn text(at: DateTime<Utc>, sets: &[CounterSet]) -> String {
    sets.iter().map(|set| account(at, set)).collect::<Vec<_>>().join("\n")
}

fn account(at: DateTime<Utc>, set: &CounterSet) -> String {
    let source = set.counters.first().map(|counter| counter.source.as_str());
    let source = source.or(set.errors.first().map(|error| error.source.as_str())).unwrap_or("stripe");
    let mut out = source.to_owned();
    if set.livemode == Some(false) {
        out.push_str("  TEST MODE");
    }
    out.push_str(&format!("  at {}", at.format("%Y-%m-%d %H:%M:%SZ")));
    out.push('\n');
    let (states, periods): (Vec<&Counter>, Vec<&Counter>) =
        set.counters.iter().partition(|counter| counter.window.is_none());
    if !states.is_empty() {
        out.push_str(&state_table(&states));
    }
    if !periods.is_empty() {
        out.push('\n');
        out.push_str(&period_table(&periods));
    }
    out
}

/// A row for each figure: its title, how many, and how much of each currency. What is nothing in one of several
/// currencies is left blank.
fn state_table(counters: &[&Counter]) -> String {
    let money = |counter: &Counter| if let Unit::Money(currency) = counter.unit { Some(currency) } else { None };
    let currencies: BTreeSet<Currency> = counters.iter().filter_map(|counter| money(counter)).collect();
    let codes = currencies.iter().map(|currency| format!(">{}", currency.as_str().to_ascii_uppercase()));
    let titles: Vec<String> = ["NOW".to_owned(), ">COUNT".to_owned()].into_iter().chain(codes).collect();
    let mut table = Table::new(&titles.iter().map(String::as_str).collect::<Vec<_>>());
    for same in counters.chunk_by(|a, b| a.name == b.name) {
        let mut row = vec![same[0].title.to_owned()];
        let quiet = same.iter().all(|counter| counter.figure.unwrap_or(0) == 0);
        let cell = |counter: &&&Counter| counter.shown(counter.figure);
        row.push(same.iter().find(|counter| money(counter).is_none()).map_or(String::new(), |c| cell(&c)));
        row.extend(currencies.iter().map(|currency| {
            let one = same.iter().find(|counter| money(counter) == Some(*currency));
            one.filter(|counter| quiet || counter.figure != Some(0)).map_or(String::new(), |c| cell(&c))
        }));
        table.row(row);
    }
    table.render()
}

/// A row for each figure and currency: each window, and the one before it.
fn period_table(counters: &[&Counter]) -> String {
    let mut table = Table::new(&["WITHIN", ">TODAY", ">BEFORE", ">7 DAYS", ">BEFORE", ">30 DAYS", ">BEFORE"]);
    let mut done: Vec<(&str, Unit)> = Vec::new();
    for counter in counters {
        let key = (counter.name, counter.unit);
        if done.contains(&key) {
            continue;
        }
        done.push(key);
        let all: Vec<&&Counter> = counters.iter().filter(|other| (other.name, other.unit) == key).collect();
        let silent = all.iter().all(|one| one.figure.unwrap_or(0) == 0 && one.previous.unwrap_or(0) == 0);
        let money = matches!(counter.unit, Unit::Money(_));
        let alone = counters.iter().all(|other| other.name != counter.name || other.unit == counter.unit);
        if silent && money && !alone {
            continue;
        }
        let mut row = vec![counter.title.to_owned()];
        for window in WINDOWS {
            match all.iter().find(|one| one.window == Some(window)) {
                Some(one) => {
                    row.push(one.shown(one.figure));
                    row.push(one.shown(one.previous));
                }
                None => row.extend([String::new(), String::new()]),
            }
        }
        table.row(row);
    }
    table.render()
}
