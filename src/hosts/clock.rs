//! How far a host's clock is off, from questions and answers over a link of unknown delay.
//!
//! Each answer confines the offset to an interval: the host read its clock after we asked and before we heard, and its
//! reading is a whole step of its resolution. The intervals of the last few answers all hold the true offset, so their
//! intersection does (K. Marzullo's algorithm without liars); its middle is the estimate. One quick round trip
//! narrows it more than any number of slow ones, as in NTP's minimum filter.

use std::collections::VecDeque;

/// How many answers are remembered: drift makes older ones wrong.
const ANSWERS: usize = 8;

/// The intervals that recent answers allow, in milliseconds.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    intervals: VecDeque<(f64, f64)>,
}

impl Clock {
    /// Takes an answer: when we asked and when we heard (seconds since 1970 by our clock), and the host's reading as
    /// `date +%s.%N` printed it. Without nanoseconds (busybox) the reading is good to a second.
    pub fn answer(&mut self, asked: f64, heard: f64, reading: &str) {
        let Some((low, high)) = interval(asked, heard, reading) else { return };
        if self.intervals.len() == ANSWERS {
            self.intervals.pop_front();
        }
        self.intervals.push_back((low, high));
        // No common point: one of the clocks was set. Only what is newest holds.
        if self.common().is_none() {
            self.intervals.clear();
            self.intervals.push_back((low, high));
        }
    }

    /// The host's clock minus ours in milliseconds; none before the first answer.
    pub fn skew_ms(&self) -> Option<f64> {
        self.common().map(|(low, high)| f64::midpoint(low, high))
    }

    /// How far that can be off, in milliseconds.
    pub fn error_ms(&self) -> Option<f64> {
        self.common().map(|(low, high)| (high - low) / 2.0)
    }

    fn common(&self) -> Option<(f64, f64)> {
        let low = self.intervals.iter().map(|(low, _)| *low).fold(f64::NEG_INFINITY, f64::max);
        let high = self.intervals.iter().map(|(_, high)| *high).fold(f64::INFINITY, f64::min);
        (low.is_finite() && low <= high).then_some((low, high))
    }
}

fn interval(asked: f64, heard: f64, reading: &str) -> Option<(f64, f64)> {
    let (seconds, fraction) = reading.split_once('.').unwrap_or((reading, ""));
    let seconds: u32 = seconds.parse().ok()?;
    let nanoseconds = if fraction.len() == 9 { fraction.parse::<u32>().ok() } else { None };
    let low = f64::from(seconds) + nanoseconds.map_or(0.0, |n| f64::from(n) / 1e9);
    let high = low + nanoseconds.map_or(1.0, |_| 0.0);
    (heard >= asked).then_some(((low - heard) * 1000.0, (high - asked) * 1000.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(answers: &[(f64, f64, &str)]) -> f64 {
        let mut clock = Clock::default();
        for (asked, heard, reading) in answers {
            clock.answer(*asked, *heard, reading);
        }
        clock.skew_ms().unwrap()
    }

    #[test]
    fn the_middle_of_the_round_trip_is_the_estimate() {
        assert!((estimate(&[(100.0, 100.2, "103.100000000")]) - 3000.0).abs() < 1e-6);
        assert!((estimate(&[(100.0, 100.2, "95.100000000")]) + 5000.0).abs() < 1e-6);
    }

    #[test]
    fn a_slow_answer_does_not_spoil_a_quick_one() {
        let skew = estimate(&[(100.0, 100.01, "100.005000000"), (110.0, 112.0, "110.100000000")]);
        assert!(skew.abs() <= 5.0, "{skew}");
    }

    #[test]
    fn whole_seconds_narrow_down() {
        // busybox has no %N. The true offset is 2.0 s; one reading leaves a second, three leave less.
        let answers = [(100.1, 100.1, "102.%N"), (105.9, 105.9, "107"), (110.05, 110.05, "112.")];
        assert!((estimate(&answers[..1]) - 2400.0).abs() < 1.0);
        let skew = estimate(&answers);
        assert!((skew - 2000.0).abs() < 100.0, "{skew}");
    }

    #[test]
    fn the_error_is_what_the_answers_leave_open() {
        let error = |reading| {
            let mut clock = Clock::default();
            clock.answer(100.0, 100.2, reading);
            clock.error_ms().unwrap()
        };
        assert!((error("100.100000000") - 100.0).abs() < 1e-6);
        assert!((error("100") - 600.0).abs() < 1e-6, "a whole second more where it is not said");
    }

    #[test]
    fn a_clock_that_was_set_is_believed_at_once() {
        assert!((estimate(&[(100.0, 100.0, "100.000000000"), (110.0, 110.0, "170.000000000")]) - 60_000.0).abs() < 1.0);
    }

    #[test]
    fn rubbish_says_nothing() {
        let mut clock = Clock::default();
        for reading in ["", "x", "-1.0", "99999999999999999999.1", "date: invalid"] {
            clock.answer(1.0, 2.0, reading);
        }
        clock.answer(2.0, 1.0, "1.000000000");
        assert_eq!(clock.skew_ms(), None);
    }
}
