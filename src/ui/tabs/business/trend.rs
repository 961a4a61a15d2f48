//! How a state went lately, as bars: from the least it was to the most, so that small changes are seen too.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::counter::Counter;
use crate::ui::widgets::bars::spark_between;

/// The last `columns` times `days` days of a state, the last figure of each; what was not kept is a gap. Empty where
/// less than two were kept.
pub fn trend(counter: &Counter, now: DateTime<Utc>, columns: usize, days: i64) -> String {
    let mut values = vec![None; columns];
    for (time, figure) in &counter.past.trend {
        let age = (now - *time).max(TimeDelta::zero()).num_days() / days;
        if let Some(place) = usize::try_from(age).ok().and_then(|age| columns.checked_sub(age + 1)) {
            values[place] = Some(*figure as f64);
        }
    }
    // One figure is no trend.
    if values.iter().flatten().count() < 2 {
        return String::new();
    }
    // The scale is that of everything kept, so that a week and a month of the same figure can be read side by side.
    let all = || counter.past.trend.iter().map(|(_, figure)| *figure as f64);
    spark_between(&values, all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::counter::{Past, Unit};

    #[test]
    fn a_trend_has_a_bar_for_each_time_that_was_kept_and_gaps_between() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(100);
        let mut counter = Counter {
            name: "mrr",
            title: "MRR",
            definition: "",
            source: "stripe".into(),
            unit: Unit::Count,
            window: None,
            figure: Some(1),
            previous: None,
            past: Past::default(),
        };
        assert_eq!(trend(&counter, now, 7, 1), "", "nothing was kept");
        let ago = |days, figure| (now - TimeDelta::days(days), figure);
        counter.past.trend = vec![ago(29, 1_000), ago(4, 1_010), ago(3, 1_020), ago(0, 1_070)];
        assert_eq!(trend(&counter, now, 7, 1), "  ▂▃  █");
        assert_eq!(trend(&counter, now, 10, 3), "▁       ▃█", "of three days the last");
        counter.past.trend = vec![ago(1, 5), ago(0, 5)];
        assert_eq!(trend(&counter, now, 4, 1), "  ▄▄", "what does not change is neither low nor high");
        assert_eq!(trend(&counter, now - TimeDelta::days(1), 4, 1), "", "a clock that goes back breaks nothing");
    }
}
