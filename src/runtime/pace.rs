//! How often new data is drawn: not more than thirty times a second, and less on a terminal that is slow to take it.

use std::time::{Duration, Instant};

/// Between two frames of data; a key is drawn at once.
const FRAME: Duration = Duration::from_millis(33);
/// However slow the terminal is, it is not left alone for longer than this.
const LONGEST: Duration = Duration::from_millis(500);

/// When the next frame is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    next: Instant,
    /// When the frame was begun that is being written.
    under_way: Option<Instant>,
    wanted: Option<Wanted>,
}

/// How soon a frame is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    /// Data has changed.
    InTime,
    /// A person did something.
    AtOnce,
}

impl Pace {
    /// Data may be drawn from now on.
    pub fn new(now: Instant) -> Self {
        Self { next: now, under_way: None, wanted: None }
    }

    /// Something is to be seen.
    pub fn want(&mut self, wanted: Wanted) {
        self.wanted = self.wanted.max(Some(wanted));
    }

    /// Whether a frame is to be drawn now. Never while another is being written: it would be old when its turn came.
    pub fn is_due(&self, now: Instant) -> bool {
        let soon = self.wanted.is_some_and(|wanted| wanted == Wanted::AtOnce || now >= self.next);
        soon && self.under_way.is_none()
    }

    /// When a frame of data is due that waits for nothing but its time; none is wanted else.
    pub fn next(&self) -> Option<Instant> {
        (self.wanted.is_some() && self.under_way.is_none()).then_some(self.next)
    }

    /// A frame was begun: it shows all that is wanted.
    pub fn begun(&mut self, now: Instant) {
        (self.under_way, self.wanted) = (Some(now), None);
    }

    /// Whether a frame is being written.
    pub fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// The frame has been written: the terminal gets as long to rest as it took, but at least a frame.
    pub fn written(&mut self, now: Instant) {
        if let Some(began) = self.under_way.take() {
            self.next = now + now.saturating_duration_since(began).clamp(FRAME, LONGEST);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many frames a terminal that takes `cost` for each is given in ten seconds of data that never ends.
    fn frames(cost: Duration) -> u32 {
        let begin = Instant::now();
        let (mut now, mut pace, mut frames, mut done) = (begin, Pace::new(begin), 0, begin);
        while now < begin + Duration::from_secs(10) {
            pace.want(Wanted::InTime);
            if pace.is_under_way() && now >= done {
                pace.written(now);
            }
            if pace.is_due(now) {
                pace.begun(now);
                done = now + cost;
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
    #[test]
    fn a_key_is_drawn_at_once_but_not_into_a_frame_that_is_being_written() {
        let begin = Instant::now();
        let after = |ms| begin + Duration::from_millis(ms);
        let mut pace = Pace::new(begin);
        assert!(!pace.is_due(begin) && pace.next().is_none(), "nothing is wanted");
        pace.want(Wanted::InTime);
        pace.begun(begin);
        pace.want(Wanted::AtOnce);
        pace.want(Wanted::InTime);
        assert!(!pace.is_due(after(900)) && pace.next().is_none());
        pace.written(after(900));
        assert!(pace.is_due(after(900)), "a key does not wait for the terminal's rest");
        pace.begun(after(900));
        pace.written(after(901));
        pace.want(Wanted::InTime);
        assert!(!pace.is_due(after(902)) && pace.is_due(after(950)));
    }
}
