//! The figures of an account: one table says what each is, what it is made of, and how.

mod compute;
pub mod table;
pub mod view;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::books::{Books, Known, Resource};
use super::span::{Span, spans};
use super::wire::Seconds;
use crate::domain::counter::{Counter, CounterError, CounterSet, PERIOD, Past, Unit, Window};
use crate::domain::money::Currency;
use table::{DEFINITIONS, Definition, THEN};
use view::View;

/// What a figure came out as.
pub enum Outcome {
    /// So many.
    Count(i64),
    /// So many hundredths of a percent; none: a share of nothing.
    Percent(Option<i64>),
    /// So much, by currency; none: a share of nothing.
    Money(BTreeMap<Currency, Option<i64>>),
}

/// How a figure is worked out over a span; for a state, over none. The error says what is not known.
pub type Compute = fn(&View<'_>, Span) -> Result<Outcome, String>;

/// Every figure that can be relied on at a time, and why any other is missing. `source` is what the account is called.
pub fn figures(books: &Books, at: DateTime<Utc>, zone: Tz, source: &str) -> CounterSet {
    let view = View::new(books, at.timestamp());
    let mut set = CounterSet { livemode: books.livemode, ..CounterSet::default() };
    let mut missing: BTreeMap<(Resource, String), Vec<&'static str>> = BTreeMap::new();
    for definition in DEFINITIONS {
        for window in windows(definition) {
            match one(definition, window, &view, at, zone) {
                Ok((now, before)) => counters(definition, window, source, at, now, before, &mut set.counters),
                Err((resource, why)) => {
                    let names = missing.entry((resource, why)).or_default();
                    if !names.contains(&definition.name) {
                        names.push(definition.name);
                    }
                }
            }
        }
    }
    // Trouble with a part that was had before costs no figure yet, but what is shown is getting old.
    for (resource, why) in &books.trouble {
        missing.entry((*resource, why.clone())).or_default();
    }
    let error = |((resource, message), counters): ((Resource, String), _)| CounterError {
        source: source.to_owned(),
        what: resource.name().to_owned(),
        message,
        counters,
    };
    set.errors = missing.into_iter().map(error).collect();
    set.as_of = Resource::FIGURES.iter().filter_map(|resource| books.fresh.get(resource)).min().copied();
    set
}

fn windows(definition: &Definition) -> impl Iterator<Item = Option<Window>> {
    let state = definition.windows.is_empty().then_some(None);
    state.into_iter().chain(definition.windows.iter().copied().map(Some))
}

/// A figure and the one of the period before, or what it lacks and why.
fn one(
    definition: &Definition,
    window: Option<Window>,
    view: &View<'_>,
    at: DateTime<Utc>,
    zone: Tz,
) -> Result<(Outcome, Option<Outcome>), (Resource, String)> {
    let all = Span { after: Seconds::MIN, until: at.timestamp() };
    let (now, before) = window.map_or((all, None), |window| {
        let (now, before) = spans(window, at, zone);
        (now, Some(before))
    });
    let lacks = |span: Span| definition.needs.iter().find(|resource| !reaches(view.books.known(**resource), span));
    if let Some(resource) = lacks(now) {
        let why = view.books.trouble.get(resource).cloned();
        return Err((
            *resource,
            why.unwrap_or_else(|| "not all of it has been had yet; it is still being asked for".to_owned()),
        ));
    }
    let what_is_it_of = *definition.needs.first().unwrap_or(&Resource::Subscriptions);
    let figure = (definition.compute)(view, now).map_err(|why| (what_is_it_of, why))?;
    // What is known of now is known of any state's earlier time too.
    let Some(before) = before else {
        let then = Span { after: Seconds::MIN, until: (at - PERIOD).timestamp() };
        let told = THEN.iter().find(|(name, _)| *name == definition.name);
        return Ok((figure, told.and_then(|(_, compute)| compute(view, then).ok())));
    };
    let before = if lacks(before).is_none() { (definition.compute)(view, before).ok() } else { None };
    Ok((figure, before))
}

/// Whether a list is known as far back as a span goes; a state needs all of it.
fn reaches(known: Known, span: Span) -> bool {
    if span.after == Seconds::MIN { known == Known::All } else { known.after(span.after) }
}

fn counters(
    definition: &Definition,
    window: Option<Window>,
    source: &str,
    at: DateTime<Utc>,
    now: Outcome,
    before: Option<Outcome>,
    into: &mut Vec<Counter>,
) {
    let mut push = |unit, figure, previous: Option<i64>| {
        let Definition { name, title, text, .. } = *definition;
        let told = previous.filter(|_| window.is_none());
        let past = Past { previous_at: told.map(|_| at - PERIOD), told, ..Past::default() };
        let (definition, source) = (text, source.to_owned());
        into.push(Counter { name, title, definition, source, unit, window, figure, previous, past });
    };
    match (now, before) {
        (Outcome::Money(now), before) => {
            let before = if let Some(Outcome::Money(before)) = before { before } else { BTreeMap::new() };
            for (currency, figure) in now {
                push(Unit::Money(currency), figure, before.get(&currency).copied().flatten());
            }
        }
        (Outcome::Count(figure), before) => {
            let before = if let Some(Outcome::Count(before)) = before { Some(before) } else { None };
            push(Unit::Count, Some(figure), before);
        }
        (Outcome::Percent(figure), before) => {
            let before = if let Some(Outcome::Percent(before)) = before { before } else { None };
            push(Unit::Percent, figure, before);
        }
    }
}
