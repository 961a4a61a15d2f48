//! How often new data is drawn: not more than thirty times a second, and less on a terminal that is slow to take it. What
//! its sender has held back for a frame already is not held back for a second one.

use std::time::{Duration, Instant};

/// Between two frames of data; a key is drawn at once.
const FRAME: Duration = Duration::from_millis(33);
/// Between two frames of figures that are measured every few seconds: 300 hosts bring sixty of them a second.
const LEISURE: Duration = Duration::from_millis(500);
/// However slow the terminal is, it is not left alone for longer than this.
const LONGEST: Duration = Duration::from_millis(500);

/// When the next frame is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// When the last frame had been written, and for how long the terminal rests after it.
    written: Instant,
    rest: Duration,
    /// When the frame was begun that is being written.
    under_way: Option<Instant>,
    wanted: Option<Wanted>,
}

/// How soon a frame is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    /// A figure has changed that was seconds old before.
    AtLeisure,
    /// Data has changed.
    InTime,
    /// Data has changed that its sender brings thirty times a second at most.
    Paced,
    /// A person did something.
    AtOnce,
}

impl Pace {
    /// Data may be drawn from now on.
    pub fn new(now: Instant) -> Self {
        Self { written: now, rest: Duration::ZERO, under_way: None, wanted: None }
    }

    /// Something is to be seen.
    pub fn want(&mut self, wanted: Wanted) {
        self.wanted = self.wanted.max(Some(wanted));
    }

    /// Whether a frame is to be drawn now. Never while another is being written: it would be old when its turn came.
    pub fn is_due(&self, now: Instant) -> bool {
        self.next().is_some_and(|next| now >= next)
    }

    /// When a frame is due that waits for nothing but its time; none is wanted else.
    pub fn next(&self) -> Option<Instant> {
        let rest = match self.wanted? {
            Wanted::AtLeisure => self.rest.max(LEISURE),
            Wanted::InTime => self.rest.max(FRAME),
            Wanted::Paced => self.rest,
            Wanted::AtOnce => Duration::ZERO,
        };
        self.under_way.is_none().then(|| self.written + rest)
    }

    /// A frame was begun: it shows all that is wanted.
    pub fn begun(&mut self, now: Instant) {
        (self.under_way, self.wanted) = (Some(now), None);
    }

    /// Whether a frame is being written.
    pub fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// The frame has been written: the terminal gets as long to rest as it took.
    pub fn written(&mut self, now: Instant) {
        if let Some(began) = self.under_way.take() {
            (self.written, self.rest) = (now, now.saturating_duration_since(began).min(LONGEST));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many frames a terminal that takes `cost` for each is given in ten seconds of data that never ends.
    fn frames(wanted: Wanted, cost: Duration) -> u32 {
        let begin = Instant::now();
        let (mut now, mut pace, mut frames, mut done) = (begin, Pace::new(begin), 0, begin);
        while now < begin + Duration::from_secs(10) {
            pace.want(wanted);
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
        for (wanted, milliseconds, expected) in [
            (Wanted::InTime, 0, 280..=304),
            (Wanted::InTime, 100, 48..=51),
            (Wanted::InTime, 4000, 2..=4),
            (Wanted::AtLeisure, 0, 19..=21),
            (Wanted::AtLeisure, 4000, 2..=4),
            (Wanted::Paced, 100, 48..=51),
            (Wanted::Paced, 4000, 2..=4),
        ] {
            let frames = frames(wanted, Duration::from_millis(milliseconds));
            assert!(expected.contains(&frames), "{wanted:?}, {milliseconds} ms a frame: {frames}");
        }
    }

    #[test]
    fn what_was_held_back_once_is_not_held_back_twice() {
        let begin = Instant::now();
        let after = |ms| begin + Duration::from_millis(ms);
        let mut pace = Pace::new(begin);
        pace.want(Wanted::InTime);
        pace.begun(begin);
        pace.written(after(2));
        pace.want(Wanted::InTime);
        assert!(!pace.is_due(after(5)));
        pace.want(Wanted::Paced);
        assert!(!pace.is_due(after(3)) && pace.is_due(after(4)), "the terminal has rested as long as it wrote");
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
