//! Percentiles that can be added up: a sketch of durations.
//!
//! DDSketch (C. Masson, J. Rim, H. Lee: "DDSketch: a fast and fully-mergeable quantile sketch with relative-error
//! guarantees", VLDB 2019): a value x is counted in bucket ⌈log_γ x⌉ with γ = (1 + α) / (1 − α), and the value
//! 2γ^i / (γ + 1) of bucket i is within a share of α of everything in it. So every quantile is one of a value that was
//! there, give or take [`ERROR`]; and the sketch of two sets is the sum of their sketches.

/// The relative error of a quantile: one in a hundred.
pub const ERROR: f64 = 0.01;
/// Values below this are told as 0: a microsecond, where values are seconds.
const SMALLEST: f64 = 1e-6;
/// Values above this are told as this: more than a day.
const LARGEST: f64 = 1e5;

/// A sketch of some values. At most 1,267 counts: those between [`SMALLEST`] and [`LARGEST`] in steps of γ.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sketch {
    /// The bucket of `counts[0]`.
    first: i32,
    counts: Vec<u32>,
    tiny: u64,
    count: u64,
}

fn gamma() -> f64 {
    (1.0 + ERROR) / (1.0 - ERROR)
}

impl Sketch {
    /// Takes a value in; none that is negative or no number.
    pub fn add(&mut self, value: f64) {
        if value.is_nan() || value < 0.0 {
            return;
        }
        self.count += 1;
        if value < SMALLEST {
            self.tiny += 1;
            return;
        }
        let bucket = (value.min(LARGEST).ln() / gamma().ln()).ceil() as i32;
        *self.bucket(bucket) += 1;
    }

    fn bucket(&mut self, bucket: i32) -> &mut u32 {
        if self.counts.is_empty() {
            self.first = bucket;
        }
        if bucket < self.first {
            let more = (self.first - bucket) as usize;
            self.counts.splice(0..0, std::iter::repeat_n(0, more));
            self.first = bucket;
        }
        let at = (bucket - self.first) as usize;
        if at >= self.counts.len() {
            self.counts.resize(at + 1, 0);
        }
        &mut self.counts[at]
    }

    /// Takes in everything that another has.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.tiny += other.tiny;
        if let Some(last) = other.counts.len().checked_sub(1) {
            // Room for both ends at once.
            self.bucket(other.first);
            self.bucket(other.first + last as i32);
            let from = (other.first - self.first) as usize;
            for (sum, n) in self.counts[from..].iter_mut().zip(&other.counts) {
                *sum = sum.saturating_add(*n);
            }
        }
    }

    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The value that this share (0 to 1) of all is at most as large as, give or take [`ERROR`]. None when there is
    /// none.
    pub fn quantile(&self, share: f64) -> Option<f64> {
        let rank = (share.clamp(0.0, 1.0) * self.count.checked_sub(1)? as f64) as u64;
        let mut seen = self.tiny;
        if rank < seen {
            return Some(0.0);
        }
        let gamma = gamma();
        for (bucket, n) in (self.first..).zip(&self.counts) {
            seen += u64::from(*n);
            if rank < seen {
                return Some(2.0 * gamma.powi(bucket) / (gamma + 1.0));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_has_no_quantile_and_nonsense_is_left_out() {
        let mut sketch = Sketch::default();
        for nonsense in [f64::NAN, -1.0, f64::NEG_INFINITY] {
            sketch.add(nonsense);
        }
        assert_eq!((sketch.count(), sketch.quantile(0.5)), (0, None));
        sketch.add(f64::INFINITY);
        sketch.add(0.0);
        assert_eq!((sketch.quantile(0.0), sketch.count()), (Some(0.0), 2));
        assert!(sketch.quantile(1.0).is_some_and(|most| (most - LARGEST).abs() <= ERROR * LARGEST));
        assert!(sketch.counts.len() < 1300);
    }

    proptest! {
        /// Every quantile is within the error of the exact one; and it is no matter whether values were added to one
        /// sketch or to several that were merged.
        #[test]
        fn quantiles_are_within_the_error(
            a in proptest::collection::vec(1e-5_f64..50_000.0, 0..200),
            b in proptest::collection::vec(0.001_f64..2.0, 1..200),
            share in 0.0_f64..=1.0,
        ) {
            let (mut one, mut other, mut whole) = (Sketch::default(), Sketch::default(), Sketch::default());
            a.iter().for_each(|value| one.add(*value));
            b.iter().for_each(|value| other.add(*value));
            a.iter().chain(&b).for_each(|value| whole.add(*value));
            let mut sorted: Vec<f64> = a.iter().chain(&b).copied().collect();
            sorted.sort_by(f64::total_cmp);
            let exact = sorted[(share * (sorted.len() - 1) as f64) as usize];
            let told = whole.quantile(share).unwrap();
            prop_assert!((told - exact).abs() <= exact * (ERROR + 1e-9), "{told} for {exact}");
            let mut merged = one.clone();
            merged.merge(&other);
            other.merge(&one);
            prop_assert_eq!((merged.count(), merged.quantile(share)), (whole.count(), whole.quantile(share)));
            prop_assert_eq!(other.quantile(share), merged.quantile(share));
        }
    }
}
