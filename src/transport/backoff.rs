//! When to try again.
//!
//! Delays grow from 0.5 s to 30 s with full jitter (uniform between 0 and the bound), so that a fleet that came back
//! together is not dialed in step. An attempt that failed before any SSH was spoken (no route, no answer, nobody
//! listens) costs the host one packet; a host that was up lately is therefore knocked at about every second, which is
//! how a healed network is noticed within three.

use std::time::Duration;

use crate::domain::host::LinkErrorKind;

/// The first bound.
const FIRST: Duration = Duration::from_millis(500);
/// The greatest bound.
const LAST: Duration = Duration::from_secs(30);
/// The greatest bound while a host that was up lately is knocked at.
const KNOCK: Duration = Duration::from_secs(1);
/// How long after it was lost a host counts as up lately.
const LATELY: Duration = Duration::from_secs(300);

/// The state of one link's retries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Begins anew: the link was up, or a person asked.
    pub fn reset(&mut self) {
        self.failures = 0;
    }

    /// The greatest delay before the next attempt. `lost` is how long ago the link was last up.
    pub fn bound(&mut self, failed: LinkErrorKind, lost: Option<Duration>) -> Duration {
        let grown = FIRST.saturating_mul(1 << self.failures.min(10)).min(LAST);
        self.failures = self.failures.saturating_add(1);
        if knocks(failed, lost) { grown.min(KNOCK) } else { grown }
    }
}

/// Whether the next attempt is only a knock: cheap, often, and with little patience.
pub(super) fn knocks(failed: LinkErrorKind, lost: Option<Duration>) -> bool {
    let cheap = matches!(failed, LinkErrorKind::Refused | LinkErrorKind::Unreachable | LinkErrorKind::Lost);
    cheap && lost.is_some_and(|ago| ago < LATELY)
}

/// A number in `0.0..1.0` that differs between calls, hosts and processes. Not for secrets.
pub fn jitter() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    // Each RandomState is keyed anew, so hashing a constant gives a fresh number.
    let bits = RandomState::new().hash_one(0_u8) >> 11;
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
    let fraction = bits as f64 / (1_u64 << 53) as f64;
    fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_double_from_half_a_second_to_thirty() {
        let mut backoff = Backoff::default();
        let bounds: Vec<f64> = (0..9).map(|_| backoff.bound(LinkErrorKind::Protocol, None).as_secs_f64()).collect();
        assert_eq!(bounds, [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]);
        backoff.reset();
        assert_eq!(backoff.bound(LinkErrorKind::Protocol, None), FIRST);
        for _ in 0..100 {
            assert!(backoff.bound(LinkErrorKind::Protocol, None) <= LAST);
        }
    }

    #[test]
    fn a_host_that_was_up_lately_is_knocked_at() {
        let lately = Some(Duration::from_secs(60));
        let long_ago = Some(LATELY);
        for (failed, lost, expected) in [
            (LinkErrorKind::Unreachable, lately, 1.0),
            (LinkErrorKind::Refused, lately, 1.0),
            (LinkErrorKind::Lost, lately, 1.0),
            (LinkErrorKind::Protocol, lately, 30.0),
            (LinkErrorKind::Resolve, lately, 30.0),
            (LinkErrorKind::Unreachable, long_ago, 30.0),
            (LinkErrorKind::Unreachable, None, 30.0),
        ] {
            let mut backoff = Backoff { failures: 50 };
            assert_eq!(backoff.bound(failed, lost).as_secs_f64(), expected, "{failed:?} {lost:?}");
        }
    }

    #[test]
    fn jitter_is_spread_over_its_range() {
        let drawn: Vec<f64> = (0..2000).map(|_| jitter()).collect();
        assert!(drawn.iter().all(|x| (0.0..1.0).contains(x)));
        let mean = drawn.iter().sum::<f64>() / 2000.0;
        assert!((0.4..0.6).contains(&mean), "{mean}");
    }
}
