//! Every figure of the fixtures' company, straight from its objects.

use std::collections::HashMap;

use proptest::prelude::*;
use quarterdeck::domain::ratio::Ratio;
use quarterdeck::integrations::stripe::books::{Books, Known};
use quarterdeck::integrations::stripe::figures::figures;
use quarterdeck::integrations::stripe::figures::table::DEFINITIONS;
use quarterdeck::integrations::stripe::mrr::{Counted, Terms, monthly};

use super::company::{Company, assert_right, of_set};

fn at(books: &Books, company: &Company) -> quarterdeck::domain::counter::CounterSet {
    figures(books, company.now(), company.zone().parse().unwrap(), "stripe")
}

#[test]
fn every_expected_figure_comes_out_exactly() {
    let company = Company::public();
    let set = at(&company.books(), &company);
    assert_eq!(set.errors, []);
    assert_right(&of_set(&set), &company.expected());
}

#[test]
fn each_subscription_is_worth_what_it_should_be() {
    let company = Company::public();
    let books = company.books();
    let terms = Terms {
        elsewhere: &HashMap::new(),
        tiers: &books.tiers,
        coupons: &books.coupons,
        now: company.now().timestamp(),
        counted: Counted::Forever,
    };
    let worth: HashMap<&str, f64> = books
        .subscriptions
        .rows
        .iter()
        .map(|(id, subscription)| {
            let discount = books.customers.rows[&subscription.customer].discount.as_ref();
            let exact = monthly(subscription, discount, terms).unwrap();
            // Four decimals, as the expectations have them.
            let scaled = exact.times(Ratio::whole(10_000)).unwrap().round().unwrap();
            (&**id, scaled as f64 / 10_000.0)
        })
        .collect();
    let expected = company.json("expected");
    let mut compared = 0;
    for (id, of) in expected["subscription_mrr_minor"].as_object().unwrap() {
        assert_eq!(worth[id.as_str()], of["minor_exact"].as_str().unwrap().parse::<f64>().unwrap(), "{id}");
        compared += 1;
    }
    for (id, of) in company.json("edge_cases").as_object().unwrap() {
        let counts = books.subscriptions.rows[id.as_str()].status.counts();
        let wanted = of["mrr_minor"].as_str().unwrap().parse::<f64>().unwrap();
        assert_eq!(if counts { worth[id.as_str()] } else { 0.0 }, wanted, "{id}: {}", of["note"]);
        compared += 1;
    }
    assert!(compared > 90);
}

#[test]
fn what_is_not_known_whole_is_missing_and_said_so() {
    let company = Company::public();
    let all = of_set(&at(&company.books(), &company));
    for (damage, lost, kept) in [
        ((|books: &mut Books| books.customers.known = Known::Nothing) as fn(&mut Books), "mrr", "trialing"),
        (|books| books.subscriptions.known = Known::Since(0), "paying_customers", "customers"),
        (|books| books.charges.known = Known::Nothing, "revenue_gross", "revenue_refunds"),
        (|books| books.refunds.known = Known::Nothing, "revenue_net", "revenue_gross"),
        (|books| books.balance = None, "balance_available", "mrr"),
        (|books| books.tiers.clear(), "mrr", "customers"),
        (|books| books.coupons.clear(), "arpu", "payouts_failed"),
    ] {
        let mut books = company.books();
        damage(&mut books);
        let set = at(&books, &company);
        let error = set
            .errors
            .iter()
            .find(|error| error.counters.contains(&lost))
            .unwrap_or_else(|| panic!("{lost}: {:?}", set.errors));
        assert!(!error.message.is_empty() && !error.counters.contains(&kept), "{error:?}");
        let found = of_set(&set);
        assert!(!found.keys().any(|(name, _, _)| name == lost), "{lost} is not shown");
        assert!(found.keys().any(|(name, _, _)| name == kept), "{kept} is shown");
        // Whatever is shown all the same is right.
        for (key, value) in &found {
            assert!(value.is_none() || all[key] == *value || *value == Some(0), "{key:?}: {value:?}");
        }
    }
}

#[test]
fn windows_are_had_as_soon_as_a_walk_from_the_newest_has_passed_them() {
    let company = Company::public();
    let (all, now) = (of_set(&at(&company.books(), &company)), company.now().timestamp());
    let mut books = company.books();
    let since = now - 8 * 86_400;
    books.charges.rows.retain(|_, charge| charge.created >= since);
    books.charges.known = Known::Since(since);
    let set = at(&books, &company);
    let found = of_set(&set);
    for (window, there) in [("today", true), ("previous today", true), ("7d", true), ("30d", false)] {
        let key = ("revenue_gross".to_owned(), "usd".to_owned(), window.to_owned());
        assert_eq!(found.get(&key), if there { all.get(&key) } else { None }, "{window}");
    }
    let key = ("revenue_gross".to_owned(), "usd".to_owned(), "previous 7d".to_owned());
    assert_eq!(found[&key], None, "the period before is not known yet, which is not zero");
}

#[test]
fn every_figure_says_what_it_is() {
    let mut names: Vec<&str> = DEFINITIONS.iter().map(|definition| definition.name).collect();
    for definition in DEFINITIONS {
        assert!(definition.text.ends_with(['.', ')']) && definition.text.len() > 30, "{}", definition.name);
        assert!(!definition.title.is_empty() && !definition.needs.is_empty());
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), DEFINITIONS.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever time it is said to be, figures of the same books keep to what holds between them.
    #[test]
    fn figures_agree_with_each_other_at_any_time(days in -90_i64..30, seconds in 0_i64..86_400, zone in proptest::sample::select(chrono_tz::TZ_VARIANTS.to_vec())) {
        let company = Company::public();
        let now = company.now() + chrono::TimeDelta::seconds(days * 86_400 + seconds);
        let set = figures(&company.books(), now, zone, "stripe");
        prop_assert!(set.errors.is_empty());
        let found = of_set(&set);
        let of = |name: &str, currency: &str, window: &str| found[&(name.to_owned(), currency.to_owned(), window.to_owned())];
        for currency in ["usd", "eur", "gbp", "jpy"] {
            for window in ["today", "7d", "30d", "previous 7d", "previous 30d"] {
                let (gross, refunds) = (of("revenue_gross", currency, window), of("revenue_refunds", currency, window));
                prop_assert_eq!(of("revenue_net", currency, window), gross.zip(refunds).map(|(gross, refunds)| gross - refunds));
            }
        }
        for (currency, _) in found.keys().filter(|(name, _, _)| name == "mrr").map(|(_, currency, _)| (currency, ())) {
            prop_assert_eq!(of("arr", currency, ""), of("mrr", currency, "").map(|mrr| mrr * 12));
            prop_assert!(of("past_due_mrr", currency, "") <= of("mrr", currency, ""));
        }
        prop_assert!(of("failed_payments_recovered", "", "30d") <= of("failed_payments", "", "30d"));
        prop_assert!(of("failed_payments", "", "30d") <= of("failed_attempts", "", "30d"));
        prop_assert!(of("paying_customers", "", "") <= of("customers", "", ""));
        prop_assert!(of("churned_customers", "", "30d") <= of("churned_subscriptions", "", "30d"));
    }
}
