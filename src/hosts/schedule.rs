//! When a probe is asked what. Pure: the time comes in.

use std::time::Duration;

use tokio::time::Instant;

use super::probe::Ask;

/// Between the first two fast ticks: a processor's use needs two.
const QUICK: Duration = Duration::from_millis(500);
/// How long a slow answer is waited for before its part is shown as unknown.
const SLOW_WAIT: Duration = Duration::from_secs(10);
/// A background job that has not answered may hang for good (df on a dead disk); another is started only after this.
const HUNG: Duration = Duration::from_secs(600);

/// The times of one probe.
#[derive(Debug)]
pub struct Schedule {
    slow: Duration,
    beat: Duration,
    heard: Instant,
    next_beat: Instant,
    beats: u64,
    next_fast: Instant,
    /// The last fast tick that was answered.
    fast: Option<Instant>,
    fast_asked: bool,
    /// How many fast ticks were answered, up to two.
    answered: u8,
    next_slow: Instant,
    disks: Job,
    units: Job,
    /// The slow answers are still to be put together, and were asked for at this time.
    gathering: Option<Instant>,
}

/// A background job that was asked for at a time and has not answered.
#[derive(Clone, Copy, Debug, Default)]
struct Job(Option<Instant>);

impl Job {
    fn is_free(self, now: Instant) -> bool {
        self.0.is_none_or(|asked| now - asked >= HUNG)
    }
}

impl Schedule {
    /// Heartbeats without a word after which a connection is dead.
    pub const MISSED: u32 = 3;

    /// Everything is due at the start.
    pub fn new(now: Instant, slow: Duration, beat: Duration) -> Self {
        Self {
            slow,
            beat,
            heard: now,
            next_beat: now + beat,
            beats: 0,
            next_fast: now,
            fast: None,
            fast_asked: false,
            answered: 0,
            next_slow: now,
            disks: Job::default(),
            units: Job::default(),
            gathering: None,
        }
    }

    /// What to ask now. `every` is the present pace of the fast tier.
    pub fn due(&mut self, now: Instant, every: Duration) -> Vec<Ask> {
        let mut asks = Vec::new();
        if !self.fast_asked && self.fast_due(every) <= now {
            self.fast_asked = true;
            // The first ticks are quick ones: two more chances of a short round trip.
            if self.answered < 2 {
                asks.push(Ask::Clock(0));
            }
            asks.push(Ask::Fast);
        }
        if self.next_slow <= now {
            self.next_slow = now + self.slow;
            asks.push(Ask::Clock(0));
            if self.disks.is_free(now) {
                self.disks.0 = Some(now);
                asks.push(Ask::Disks);
            }
            if self.units.is_free(now) {
                self.units.0 = Some(now);
                asks.push(Ask::Units);
            }
            self.gathering = Some(now);
        }
        if self.next_beat <= now {
            self.next_beat = now + self.beat;
            self.beats += 1;
            asks.push(Ask::Beat(self.beats));
        }
        // One clock question at a time tells whose answer it is.
        let mut clock = false;
        asks.retain(|ask| !matches!(ask, Ask::Clock(_)) || !std::mem::replace(&mut clock, true));
        asks
    }

    /// When something is due next.
    pub fn next(&self, every: Duration) -> Instant {
        let fast = (!self.fast_asked).then(|| self.fast_due(every));
        let gathered = self.gathering.map(|asked| asked + SLOW_WAIT);
        let dead = self.heard + self.beat * Self::MISSED;
        [fast, gathered].into_iter().flatten().fold(dead.min(self.next_beat).min(self.next_slow), Instant::min)
    }

    /// Whether the host has been silent for too long.
    pub fn is_dead(&self, now: Instant) -> bool {
        now - self.heard >= self.beat * Self::MISSED
    }

    /// Something came.
    pub fn heard(&mut self, now: Instant) {
        self.heard = now;
    }

    /// A fast tick was answered.
    pub fn fast_done(&mut self, now: Instant) {
        self.fast_asked = false;
        self.fast = Some(now);
        self.answered = (self.answered + 1).min(2);
        if self.answered == 1 {
            self.next_fast = now + QUICK;
        }
    }

    /// A fast answer was of no use.
    pub fn fast_again(&mut self) {
        self.fast_asked = false;
    }

    /// A fast tick is wanted, but not so soon after the last that its rates would be noise.
    pub fn fast_soon(&mut self, now: Instant) {
        self.next_fast = self.fast.map_or(now, |last| (last + QUICK).max(now));
        self.answered = self.answered.min(1);
    }

    /// The disks' answer came; true when that completes the slow tier.
    pub fn disks_done(&mut self) -> bool {
        self.disks.0 = None;
        self.complete()
    }

    /// The units' answer came; true when that completes the slow tier.
    pub fn units_done(&mut self) -> bool {
        self.units.0 = None;
        self.complete()
    }

    /// Whether the slow answers that are here have to do. Says so once.
    pub fn gave_up_waiting(&mut self, now: Instant) -> bool {
        let late = self.gathering.is_some_and(|asked| now - asked >= SLOW_WAIT);
        if late {
            self.gathering = None;
        }
        late
    }

    /// A person wants to see everything as it is now.
    pub fn everything_now(&mut self, now: Instant) {
        self.next_slow = now;
        self.fast_soon(now);
    }

    fn complete(&mut self) -> bool {
        self.disks.0.is_none() && self.units.0.is_none() && self.gathering.take().is_some()
    }

    fn fast_due(&self, every: Duration) -> Instant {
        match self.fast {
            Some(last) if self.answered >= 2 => last + every,
            _ => self.next_fast,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_secs(5);

    fn start() -> (Instant, Schedule) {
        let now = Instant::now();
        (now, Schedule::new(now, Duration::from_secs(30), Duration::from_secs(5)))
    }

    fn at(start: Instant, ms: u64) -> Instant {
        start + Duration::from_millis(ms)
    }

    #[test]
    fn two_quick_ticks_then_the_pace() {
        let (now, mut schedule) = start();
        assert_eq!(schedule.due(now, EVERY), [Ask::Clock(0), Ask::Fast, Ask::Disks, Ask::Units]);
        assert!(schedule.due(now, EVERY).is_empty());
        schedule.fast_done(at(now, 20));
        assert!(schedule.due(at(now, 500), EVERY).is_empty());
        assert_eq!(schedule.due(at(now, 520), EVERY), [Ask::Clock(0), Ask::Fast]);
        schedule.fast_done(at(now, 540));
        assert!(schedule.due(at(now, 4900), EVERY).is_empty());
        assert_eq!(schedule.next(EVERY), at(now, 5000));
        assert_eq!(schedule.due(at(now, 5000), EVERY), [Ask::Beat(1)]);
        assert_eq!(schedule.due(at(now, 5540), EVERY), [Ask::Fast]);
    }

    #[test]
    fn a_tick_that_is_not_answered_is_not_asked_again() {
        let (now, mut schedule) = start();
        schedule.due(now, EVERY);
        for second in 1..15 {
            assert!(!schedule.due(at(now, second * 1000), EVERY).contains(&Ask::Fast));
            assert!(!schedule.is_dead(at(now, second * 1000)));
        }
        assert!(schedule.is_dead(at(now, 15_000)));
        schedule.heard(at(now, 14_000));
        assert!(!schedule.is_dead(at(now, 15_000)));
    }

    #[test]
    fn a_hung_df_holds_up_nothing_and_is_not_piled_up() {
        let (now, mut schedule) = start();
        schedule.due(now, EVERY);
        assert!(!schedule.units_done(), "the disks are still out");
        assert!(!schedule.gave_up_waiting(at(now, 9_000)));
        assert!(schedule.gave_up_waiting(at(now, 10_000)));
        assert!(!schedule.gave_up_waiting(at(now, 10_001)), "once is enough");
        let asks = schedule.due(at(now, 30_000), EVERY);
        assert!(asks.contains(&Ask::Units) && !asks.contains(&Ask::Disks), "{asks:?}");
        assert!(schedule.due(at(now, 630_000), EVERY).contains(&Ask::Disks), "perhaps its job was killed");
    }

    #[test]
    fn a_slow_answer_brings_a_tick_that_carries_it() {
        let (now, mut schedule) = start();
        schedule.due(now, EVERY);
        schedule.fast_done(at(now, 20));
        schedule.due(at(now, 520), EVERY);
        schedule.fast_done(at(now, 540));
        schedule.units_done();
        assert!(schedule.disks_done());
        schedule.fast_soon(at(now, 900));
        assert_eq!(schedule.due(at(now, 1040), EVERY).last(), Some(&Ask::Fast));
    }

    #[test]
    fn a_closer_look_takes_hold_at_once() {
        let (now, mut schedule) = start();
        schedule.due(now, EVERY);
        schedule.fast_done(at(now, 20));
        schedule.due(at(now, 520), EVERY);
        schedule.fast_done(at(now, 540));
        assert!(schedule.next(EVERY * 3) <= schedule.next(EVERY).max(at(now, 5000)));
        assert!(schedule.due(at(now, 6000), EVERY).contains(&Ask::Fast));
    }
}
