//! A bounded series of figures over time, with gaps kept as gaps.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};

/// A ring of points, oldest first. A gap is a point without a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    points: VecDeque<(DateTime<Utc>, Option<f64>)>,
    capacity: usize,
}

impl Series {
    /// An empty series that keeps the newest `capacity` points.
    pub fn new(capacity: usize) -> Self {
        Self { points: VecDeque::new(), capacity: capacity.max(1) }
    }

    /// Appends a point; `None` is a gap. Two gaps in a row are kept as one.
    pub fn push(&mut self, at: DateTime<Utc>, value: Option<f64>) {
        if value.is_none() && self.points.back().is_some_and(|(_, last)| last.is_none()) {
            return;
        }
        if self.points.len() == self.capacity {
            self.points.pop_front();
        }
        self.points.push_back((at, value));
    }

    /// The newest point that has a value.
    pub fn last(&self) -> Option<(DateTime<Utc>, f64)> {
        self.points.iter().rev().find_map(|(at, value)| value.map(|v| (*at, v)))
    }

    /// The points, oldest first.
    pub fn points(&self) -> impl DoubleEndedIterator<Item = (DateTime<Utc>, Option<f64>)> + '_ {
        self.points.iter().copied()
    }

    /// Where a time stands among [`Self::tail`]'s columns: at the newest point that is not later. None when it was before
    /// all of them.
    pub fn column_of(&self, at: DateTime<Utc>, columns: usize) -> Option<usize> {
        let have = self.points.len().min(columns);
        let shown = self.points.iter().skip(self.points.len() - have);
        let until = shown.take_while(|(time, _)| *time <= at).count();
        until.checked_sub(1).map(|n| columns - have + n)
    }

    /// How many points, gaps among them.
    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// Whether there is no point at all.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// The newest `columns` points for a sparkline, oldest first, padded with gaps in front.
    pub fn tail(&self, columns: usize) -> Vec<Option<f64>> {
        let have = self.points.len().min(columns);
        let mut out = vec![None; columns - have];
        out.extend(self.points.iter().skip(self.points.len() - have).map(|(_, value)| *value));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_newest_and_draws_gaps_as_gaps() {
        let mut series = Series::new(3);
        let at = |s| DateTime::from_timestamp(s, 0).expect("in range");
        for (s, value) in [(1, Some(1.0)), (2, None), (3, None), (4, Some(4.0)), (5, Some(5.0))] {
            series.push(at(s), value);
        }
        assert_eq!(series.tail(4), [None, None, Some(4.0), Some(5.0)]);
        assert_eq!(series.last(), Some((at(5), 5.0)));
        let column = |s| series.column_of(at(s), 5);
        assert_eq!([column(1), column(2), column(4), column(9)], [None, Some(2), Some(3), Some(4)]);
        assert_eq!([4, 5].map(|s| series.column_of(at(s), 1)), [None, Some(0)]);
    }
}
