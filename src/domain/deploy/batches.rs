//! How many hosts at a time: `["1", "25%", "rest"]`, and how many must stay up meanwhile.

/// One entry of `batches`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchSize {
    /// So many.
    Count(usize),
    /// So many of a hundred, rounded up.
    Percent(usize),
    /// All that are left.
    Rest,
}

impl BatchSize {
    /// Reads `3`, `25%` or `rest`; none is nothing.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "rest" {
            return Some(Self::Rest);
        }
        match Share::parse(text)? {
            Share::Count(0) | Share::Percent(0) => None,
            Share::Count(count) => Some(Self::Count(count)),
            Share::Percent(percent) => Some(Self::Percent(percent)),
        }
    }
}

/// A part of the hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// So many.
    Count(usize),
    /// So many of a hundred.
    Percent(usize),
}

impl Share {
    /// Reads `3` or `50%`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_suffix('%') {
            Some(percent) => percent.parse().ok().filter(|percent| *percent <= 100).map(Self::Percent),
            None => text.parse().ok().map(Self::Count),
        }
    }

    /// How many of `all` it is, rounded up.
    pub fn of(self, all: usize) -> usize {
        match self {
            Self::Count(count) => count.min(all),
            Self::Percent(percent) => (all * percent).div_ceil(100),
        }
    }
}

/// The sizes of the batches of so many hosts. None takes more hosts at once than may be down of the `of` that the service
/// has; one host at a time is always possible. The last size is used again until none is left.
pub fn sizes(batches: &[BatchSize], hosts: usize, of: usize, min_available: Share) -> Vec<usize> {
    let most = of.saturating_sub(min_available.of(of)).max(1);
    let (mut left, mut sizes, mut wanted) = (hosts, Vec::new(), batches.iter().peekable());
    let mut size = BatchSize::Count(1);
    while left > 0 {
        if let Some(next) = wanted.next() {
            size = *next;
        }
        let mut count = match size {
            BatchSize::Count(count) => count,
            BatchSize::Percent(percent) => Share::Percent(percent).of(hosts).max(1),
            BatchSize::Rest => left,
        };
        count = count.min(left).min(most);
        sizes.push(count);
        left -= count;
    }
    sizes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_default_begins_with_one_and_leaves_half_up() {
        use BatchSize::{Count, Percent, Rest};
        let default = [Count(1), Percent(25), Rest];
        for (hosts, of, available, expected) in [
            (1, 1, Share::Percent(50), vec![1]),
            (2, 2, Share::Percent(50), vec![1, 1]),
            (3, 3, Share::Percent(50), vec![1, 1, 1]),
            (8, 8, Share::Percent(50), vec![1, 2, 4, 1]),
            (8, 8, Share::Percent(0), vec![1, 2, 5]),
            (8, 8, Share::Count(7), vec![1; 8]),
            (2, 8, Share::Percent(50), vec![1, 1]),
        ] {
            assert_eq!(sizes(&default, hosts, of, available), expected, "{hosts} of {of}");
        }
        assert_eq!(sizes(&[Count(2)], 5, 5, Share::Percent(0)), [2, 2, 1], "the last size again");
        assert_eq!(sizes(&[], 2, 2, Share::Percent(0)), [1, 1]);
    }

    #[test]
    fn sizes_are_read_and_nonsense_is_not() {
        for (text, size) in [
            ("1", Some(BatchSize::Count(1))),
            ("25%", Some(BatchSize::Percent(25))),
            ("rest", Some(BatchSize::Rest)),
            ("0", None),
            ("0%", None),
            ("101%", None),
            ("-1", None),
            ("", None),
        ] {
            assert_eq!(BatchSize::parse(text), size, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_host_is_in_one_batch_and_enough_stay_up(counts in proptest::collection::vec(0_usize..9, 0..4), hosts in 0_usize..40, percent in 0_usize..=100) {
            let batches: Vec<BatchSize> = counts.iter().map(|n| if *n == 0 { BatchSize::Rest } else { BatchSize::Count(*n) }).collect();
            let sizes = sizes(&batches, hosts, hosts, Share::Percent(percent));
            prop_assert_eq!(sizes.iter().sum::<usize>(), hosts);
            let most = hosts.saturating_sub(Share::Percent(percent).of(hosts)).max(1);
            prop_assert!(sizes.iter().all(|size| (1..=most).contains(size)));
        }
    }
}
