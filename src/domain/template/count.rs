//! How often something was seen, over time: by ten seconds lately, by ten minutes before that.

use std::collections::VecDeque;

/// Microseconds of a fine slot, and how many that are not empty are kept.
const FINE: i64 = 10_000_000;
const FINE_SLOTS: usize = 360;
/// The same of a coarse slot: two days.
const COARSE: i64 = 600_000_000;
const COARSE_SLOTS: usize = 288;

/// Counts over time.
#[derive(Clone, Debug)]
pub struct Counts {
    fine: VecDeque<(i32, u32)>,
    coarse: VecDeque<(i32, u32)>,
    first: i64,
    last: i64,
}

impl Default for Counts {
    fn default() -> Self {
        let none = VecDeque::new;
        Self { fine: none(), coarse: none(), first: i64::MAX, last: i64::MIN }
    }
}

impl Counts {
    /// Counts one.
    pub fn add(&mut self, micros: i64) {
        (self.first, self.last) = (self.first.min(micros), self.last.max(micros));
        self.put(slot(micros, FINE), 1);
    }

    fn put(&mut self, slot: i32, n: u32) {
        add(&mut self.fine, slot, n);
        while self.fine.len() > FINE_SLOTS {
            let Some((slot, n)) = self.fine.pop_front() else { return };
            add(&mut self.coarse, slot.div_euclid((COARSE / FINE) as i32), n);
        }
        while self.coarse.len() > COARSE_SLOTS {
            self.coarse.pop_front();
        }
    }

    /// Takes in what another counted.
    pub fn merge(&mut self, other: &Self) {
        (self.first, self.last) = (self.first.min(other.first), self.last.max(other.last));
        other.coarse.iter().for_each(|(slot, n)| add(&mut self.coarse, *slot, *n));
        other.fine.iter().for_each(|(slot, n)| self.put(*slot, *n));
    }

    /// When it was seen first.
    pub fn first(&self) -> i64 {
        self.first
    }

    /// When it was seen last.
    pub fn last(&self) -> i64 {
        self.last
    }

    /// How often it was seen from one moment on and before another: to the slot that each is in.
    pub fn between(&self, from: i64, to: i64) -> u64 {
        let within = |slots: &VecDeque<(i32, u32)>, width: i64| -> u64 {
            let (from, to) = (slot(from, width), slot(to.saturating_sub(1), width));
            slots.iter().filter(|(slot, _)| (from..=to).contains(slot)).map(|(_, n)| u64::from(*n)).sum()
        };
        within(&self.fine, FINE) + within(&self.coarse, COARSE)
    }
}

/// The slot of a time; absurd times are in the first or the last.
fn slot(micros: i64, width: i64) -> i32 {
    let slot = micros.div_euclid(width);
    i32::try_from(slot).unwrap_or(if slot < 0 { i32::MIN } else { i32::MAX })
}

/// Counts in a slot, which is nearly always the last.
fn add(slots: &mut VecDeque<(i32, u32)>, slot: i32, n: u32) {
    if let Some((last, count)) = slots.back_mut()
        && *last == slot
    {
        *count = count.saturating_add(n);
        return;
    }
    let place = slots.partition_point(|(other, _)| *other < slot);
    match slots.get_mut(place) {
        Some((other, count)) if *other == slot => *count = count.saturating_add(n),
        _ => slots.insert(place, (slot, n)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Nothing that is counted is lost, however it is ordered, kept or merged.
        #[test]
        fn counts_are_kept(
            a in proptest::collection::vec(0_i64..100_000_000_000, 0..900),
            b in proptest::collection::vec(0_i64..4_000_000_000, 0..90),
            cut in 0_i64..4_000_000_000,
        ) {
            let count = |times: &[i64]| {
                let mut counts = Counts::default();
                times.iter().for_each(|at| counts.add(*at));
                counts
            };
            let mut both = count(&a);
            both.merge(&count(&b));
            prop_assert_eq!(both.between(i64::MIN, i64::MAX), (a.len() + b.len()) as u64);
            prop_assert_eq!(both.first(), a.iter().chain(&b).copied().min().unwrap_or(i64::MAX));
            prop_assert_eq!(both.last(), a.iter().chain(&b).copied().max().unwrap_or(i64::MIN));
            prop_assert!(both.fine.len() <= FINE_SLOTS && both.coarse.len() <= COARSE_SLOTS);
            // To the slot, what is before a moment and what is after it is all there is.
            let (small, at) = (count(&b), cut.div_euclid(FINE) * FINE);
            prop_assert_eq!(small.between(i64::MIN, at) + small.between(at, i64::MAX), b.len() as u64);
            prop_assert_eq!(small.between(at, i64::MAX), b.iter().filter(|time| **time >= at).count() as u64);
        }
    }
}
