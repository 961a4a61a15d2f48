//! Rate budgets: known before they are hit, and learned from what the API says of them.
//!
//! Every limit is a sliding window: at most N requests in any stretch of that length, which is what an API counts
//! whichever way it counts. Three dialects of headers are understood: `x-ratelimit-*` (StatusCake; `reset` in seconds to
//! go), `RateLimit-*` (GitLab: `reset` as a UNIX time; the IETF draft: seconds to go) and `Retry-After` (RFC 9110 10.2.3).

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::HeaderMap;
use tokio::time::Instant;

/// At most so many requests in so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many.
    pub requests: u32,
    /// In what time.
    pub per: Duration,
}

impl Limit {
    /// At most `requests` in `seconds`.
    pub const fn new(requests: u32, seconds: u64) -> Self {
        Self { requests, per: Duration::from_secs(seconds) }
    }
}

/// Requests leave evenly spaced and arrive bunched: this much is added to each window.
const SLACK: Duration = Duration::from_millis(100);
/// Resets are told in whole seconds: those that are no further apart are of one window.
const SAME: Duration = Duration::from_secs(2);
/// No API is believed that it wants to be left alone for longer.
const LONGEST: Duration = Duration::from_secs(3600);
/// A reset above this is a UNIX time, and not seconds to go.
const EPOCH: u64 = 1_000_000_000;

/// What is left of an API's budget.
pub(super) struct Budget {
    state: Mutex<State>,
    /// Held while waiting: whoever came first goes first.
    queue: tokio::sync::Mutex<()>,
}

struct State {
    windows: Vec<(Limit, VecDeque<Instant>)>,
    blocked: Option<Instant>,
    /// What the API said is left until then.
    left: Option<(u32, Instant)>,
    in_flight: u32,
}

/// The right to send one request; it counts as in flight until it is dropped.
pub(super) struct Turn<'b>(&'b Budget);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.locked(|state| state.in_flight = state.in_flight.saturating_sub(1));
    }
}

impl Budget {
    pub fn new(limits: &[Limit]) -> Self {
        let windows = limits.iter().map(|limit| (*limit, VecDeque::new())).collect();
        let state = State { windows, blocked: None, left: None, in_flight: 0 };
        Self { state: Mutex::new(state), queue: tokio::sync::Mutex::new(()) }
    }

    /// Waits for a turn, and for none that is not to be had before `deadline`: then, how long it would take.
    pub async fn turn(&self, deadline: Instant) -> Result<Turn<'_>, Duration> {
        let _queue = tokio::time::timeout_at(deadline, self.queue.lock()).await.map_err(|_| Duration::from_secs(1))?;
        loop {
            match self.reserve(Instant::now()) {
                Ok(()) => return Ok(Turn(self)),
                Err(until) if until > deadline => return Err(until.saturating_duration_since(Instant::now())),
                Err(until) => tokio::time::sleep_until(until).await,
            }
        }
    }

    /// Until when nothing is sent, if it is known that it would be refused.
    pub fn blocked(&self, now: Instant) -> Option<Duration> {
        self.locked(|state| state.blocked)?.checked_duration_since(now).filter(|left| !left.is_zero())
    }

    /// Nothing more for so long.
    pub fn block(&self, now: Instant, wait: Duration) {
        let until = now + wait.min(LONGEST);
        self.locked(|state| state.blocked = Some(state.blocked.map_or(until, |known| known.max(until))));
    }

    fn reserve(&self, now: Instant) -> Result<(), Instant> {
        self.locked(|state| {
            if let Some(until) = state.blocked.filter(|until| *until > now) {
                return Err(until);
            }
            state.blocked = None;
            match &mut state.left {
                Some((0, until)) if *until > now => return Err(*until),
                Some((_, until)) if *until <= now => state.left = None,
                _ => {}
            }
            for (limit, sent) in &mut state.windows {
                while sent.front().is_some_and(|first| *first + limit.per + SLACK <= now) {
                    sent.pop_front();
                }
                let over = sent.len().checked_sub(limit.requests.max(1) as usize);
                if let Some(first) = over.and_then(|over| sent.get(over)) {
                    return Err(*first + limit.per + SLACK);
                }
            }
            state.windows.iter_mut().for_each(|(_, sent)| sent.push_back(now));
            if let Some((left, _)) = &mut state.left {
                *left -= 1;
            }
            state.in_flight += 1;
            Ok(())
        })
    }

    /// Takes up what an answer says about limits. The answered request still counts as in flight here.
    pub fn learn(&self, headers: &HeaderMap, now: Instant, wall: DateTime<Utc>) {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
        let first = |names: [&str; 2]| names.into_iter().find_map(number);
        if let Some(limits) = headers.get("x-ratelimit-limit").and_then(|value| value.to_str().ok()) {
            self.lower(limits);
        }
        let (Some(remaining), Some(reset)) =
            (first(["x-ratelimit-remaining", "ratelimit-remaining"]), first(["x-ratelimit-reset", "ratelimit-reset"]))
        else {
            return;
        };
        let until = now + to_go(reset, headers, wall);
        self.locked(|state| {
            // What is under way may not have been counted yet.
            let others = u64::from(state.in_flight.saturating_sub(1));
            let left = u32::try_from(remaining.saturating_sub(others)).unwrap_or(u32::MAX);
            state.left = Some(match state.left {
                // Answers overtake one another: of the same window, the one that leaves less is the newer.
                Some((known, reset)) if reset > now && until < reset + SAME => (known.min(left), reset.max(until)),
                _ => (left, until),
            });
        });
    }

    /// The windows of a limit header, such as `5, 60;w=60, 5;w=1`. They only ever lower what is known: the other limits
    /// of the account are not shown, and its other users are unknown.
    fn lower(&self, limits: &str) {
        for item in limits.split(',') {
            let Some((requests, window)) = item.split_once(";w=") else { continue };
            let (Ok(requests), Ok(seconds)) = (requests.trim().parse::<u32>(), window.trim().parse::<u64>()) else {
                continue;
            };
            self.locked(|state| {
                for (limit, _) in &mut state.windows {
                    if limit.per.as_secs() == seconds {
                        limit.requests = limit.requests.min(requests.max(1));
                    }
                }
            });
        }
    }

    fn locked<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How long a refusal for the rate asks to wait, where it says.
pub(super) fn wait_asked(headers: &HeaderMap, wall: DateTime<Utc>) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let wait = match text("retry-after") {
        Some(after) => match after.parse::<u64>() {
            Ok(seconds) => Some(Duration::from_secs(seconds)),
            Err(_) => {
                let at = DateTime::parse_from_rfc2822(after).ok()?;
                Some((at.to_utc() - server_time(headers, wall)).to_std().unwrap_or_default())
            }
        },
        None => None,
    };
    let reset = || {
        let reset = text("x-ratelimit-reset").or_else(|| text("ratelimit-reset"))?.parse().ok()?;
        Some(to_go(reset, headers, wall))
    };
    // A reset just now still needs a moment.
    wait.or_else(reset).map(|wait| wait.clamp(Duration::from_millis(500), LONGEST))
}

/// Seconds to go until a reset. A UNIX time is by the server's clock, not by ours.
fn to_go(reset: u64, headers: &HeaderMap, wall: DateTime<Utc>) -> Duration {
    if reset < EPOCH {
        return Duration::from_secs(reset).min(LONGEST);
    }
    let now = u64::try_from(server_time(headers, wall).timestamp()).unwrap_or(0);
    Duration::from_secs(reset.saturating_sub(now)).min(LONGEST)
}

fn server_time(headers: &HeaderMap, wall: DateTime<Utc>) -> DateTime<Utc> {
    let date = headers.get("date").and_then(|date| DateTime::parse_from_rfc2822(date.to_str().ok()?).ok());
    date.map_or(wall, |date| date.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    fn wall() -> DateTime<Utc> {
        "2026-03-18T14:30:00Z".parse().unwrap()
    }

    /// Sends as soon as it may, so many times; how long after the beginning each went.
    fn sent(budget: &Budget, count: usize, start: Instant) -> Vec<Duration> {
        let mut now = start;
        (0..count)
            .map(|_| {
                while let Err(until) = budget.reserve(now) {
                    assert!(until > now, "time goes on");
                    now = until;
                }
                now - start
            })
            .collect()
    }

    #[tokio::test]
    async fn no_window_of_any_place_holds_more_than_it_may() {
        let limits = [Limit::new(5, 1), Limit::new(60, 60)];
        let sent = sent(&Budget::new(&limits), 200, Instant::now());
        for limit in limits {
            for (i, first) in sent.iter().enumerate() {
                let within = sent[i..].iter().filter(|at| **at < *first + limit.per).count();
                assert!(within <= limit.requests as usize, "{within} in {:?} from {first:?}", limit.per);
            }
        }
        // And it wastes none: the 60 of each minute are had.
        assert!(sent[199] < Duration::from_secs(3 * 61 + 10), "{:?}", sent[199]);
    }

    #[tokio::test]
    async fn what_the_api_says_is_left_is_believed_until_its_reset() {
        let (budget, now) = (Budget::new(&[]), Instant::now());
        for (remaining, reset) in
            [("x-ratelimit-remaining", "x-ratelimit-reset"), ("ratelimit-remaining", "ratelimit-reset")]
        {
            budget.reserve(now).unwrap();
            budget.reserve(now).unwrap();
            // Two are under way; one is answered and the other may not be counted yet.
            budget.learn(&headers(&[(remaining, "3"), (reset, "10")]), now, wall());
            budget.reserve(now).unwrap();
            budget.reserve(now).unwrap();
            assert_eq!(budget.reserve(now), Err(now + Duration::from_secs(10)));
            // An answer that was overtaken changes nothing.
            budget.learn(&headers(&[(remaining, "5"), (reset, "10")]), now, wall());
            assert_eq!(budget.reserve(now), Err(now + Duration::from_secs(10)));
            budget.reserve(now + Duration::from_secs(10)).unwrap();
            budget.locked(|state| *state = State { windows: vec![], blocked: None, left: None, in_flight: 0 });
        }
    }

    #[tokio::test]
    async fn limits_that_are_shown_lower_the_known_ones_and_never_raise_them() {
        for (header, third) in
            [("2, 60;w=60, 2;w=1", false), ("500;w=1", true), ("2", true), ("x;w=1, ;w=, 0;w=9", true)]
        {
            let (budget, now) = (Budget::new(&[Limit::new(3, 1)]), Instant::now());
            budget.learn(&headers(&[("x-ratelimit-limit", header)]), now, wall());
            let allowed = (0..4).filter(|_| budget.reserve(now).is_ok()).count();
            assert_eq!(allowed, if third { 3 } else { 2 }, "{header}");
        }
    }

    #[test]
    fn how_long_to_wait_is_read_in_every_dialect() {
        let unix = (wall().timestamp() + 30).to_string();
        for (lines, expected) in [
            (vec![("retry-after", "7")], Some(7_000)),
            (vec![("retry-after", "Wed, 18 Mar 2026 14:30:09 GMT")], Some(9_000)),
            // By the server's clock where it shows it.
            (
                vec![("retry-after", "Wed, 18 Mar 2026 15:00:05 GMT"), ("date", "Wed, 18 Mar 2026 15:00:00 GMT")],
                Some(5_000),
            ),
            (vec![("ratelimit-reset", unix.as_str())], Some(30_000)),
            (vec![("x-ratelimit-reset", "12")], Some(12_000)),
            (vec![("retry-after", "0")], Some(500)),
            (vec![("retry-after", "99999999")], Some(3_600_000)),
            (vec![("retry-after", "soon")], None),
            (vec![], None),
        ] {
            let wait = wait_asked(&headers(&lines), wall());
            assert_eq!(wait.map(|wait| wait.as_millis()), expected, "{lines:?}");
        }
    }
}
