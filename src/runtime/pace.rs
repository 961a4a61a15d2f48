//! How often new data is drawn: not more than thirty times a second, and less on a terminal that is slow to take it.

use std::time::{Duration, Instant};

/// Between two frames of data; a key is drawn at once.
const FRAME: Duration = Duration::from_millis(33);
/// However slow the terminal is, it is not left alone for longer than this.
const LONGEST: Duration = Duration::from_millis(500);

/// When data is drawn next.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    next: Instant,
}

impl Pace {
    /// Data may be drawn from now on.
    pub fn new(now: Instant) -> Self {
        Self { next: now }
    }

    /// A frame was begun and has been written: the terminal gets as long to rest as it took, but at least a frame.
    pub fn drawn(&mut self, began: Instant, now: Instant) {
        self.next = now + now.saturating_duration_since(began).clamp(FRAME, LONGEST);
    }

    /// When data may be drawn.
    pub fn next(self) -> Instant {
        self.next
    }

    /// Whether data may be drawn.
    pub fn is_due(self, now: Instant) -> bool {
        now >= self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many frames a terminal that takes `cost` for each is given in ten seconds of data that never ends.
    fn frames(cost: Duration) -> u32 {
        let begin = Instant::now();
        let (mut now, mut pace, mut frames) = (begin, Pace::new(begin), 0);
        while now < begin + Duration::from_secs(10) {
            if pace.is_due(now) {
                let began = now;
                now += cost;
                pace.drawn(began, now);
                frames += 1;
            }
            now += Duration::from_micros(500);
        }
        frames
    }

    #[test]
    fn a_fast_terminal_gets_thirty_frames_a_second_and_a_slow_one_half_of_what_it_can_take() {
        assert!((280..=304).contains(&frames(Duration::ZERO)), "{}", frames(Duration::ZERO));
        assert!((48..=51).contains(&frames(Duration::from_millis(100))), "{}", frames(Duration::from_millis(100)));
        assert!((2..=4).contains(&frames(Duration::from_secs(4))), "{}", frames(Duration::from_secs(4)));
    }
}
