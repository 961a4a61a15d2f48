//! The sampler: one probe on the host as long as the link lasts, asked at its times, and started again by itself.

use std::mem;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use tokio::time::{Instant, sleep, sleep_until};

use super::clock::Clock;
use super::complaint::Complaint;
use super::fill::Fill;
use super::frame::{Block, Frame, Reader};
use super::probe::{self, Ask};
use super::schedule::Schedule;
use super::slow;
use super::tick::Tick;
use super::watch::{HostEvent, Shared};
use crate::domain::sample::{HostFacts, Slow};
use crate::domain::text::one_line;
use crate::transport::{Chunk, ExecSpec, Stream};

/// Before a probe that ended on a live link is started again; doubled each time…
const RESTART: Duration = Duration::from_secs(1);
/// …up to this.
const RESTART_MOST: Duration = Duration::from_secs(30);
/// A probe that lived this long did not fail at once.
const LIVED: Duration = Duration::from_secs(60);

/// What outlives a connection.
pub(super) struct Sampler {
    shared: Arc<Shared>,
    fill: Fill,
    clock: Clock,
    slow: Option<Slow>,
    /// Told since the last gap.
    sampled: bool,
    /// Somebody was told why there is no probe.
    unmeasured: bool,
}

impl Sampler {
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, fill: Fill::default(), clock: Clock::default(), slow: None, sampled: false, unmeasured: false }
    }

    /// Samples for ever: whenever the link is up there is a probe.
    pub async fn run(mut self) {
        let mut restart = RESTART;
        let mut link = self.shared.transport.link();
        loop {
            let Ok(generation) = link.wait_for(|link| link.is_up()).await.map(|link| link.generation) else { return };
            let began = Instant::now();
            self.probe().await;
            if mem::take(&mut self.sampled) {
                self.shared.slots.put(HostEvent::Gap);
            }
            // The link did not break: there is no sh, no session left, or the probe was killed.
            let same = {
                let link = link.borrow();
                link.is_up() && link.generation == generation
            };
            if same {
                restart = if began.elapsed() > LIVED { RESTART } else { restart };
                tokio::select! {
                    () = sleep(restart) => restart = (restart * 2).min(RESTART_MOST),
                    _ = link.wait_for(|link| link.generation != generation) => restart = RESTART,
                }
            }
        }
    }

    /// One probe, from its start to its end.
    async fn probe(&mut self) {
        let containers: Vec<String> =
            self.shared.plan.services.iter().filter_map(|service| service.container.clone()).collect();
        let script = probe::script(&self.shared.units, &containers, &self.shared.plan.states);
        let mut probe = Probe {
            stream: self.shared.transport.exec(ExecSpec::stream(script)),
            schedule: Schedule::new(Instant::now(), self.shared.plan.slow, self.shared.plan.beat),
            reader: Reader::new(),
            tick: None,
            asked: None,
            questions: 0,
            units: None,
            disks: None,
            begun: false,
        };
        let mut complaint = Complaint::default();
        let mut focus = self.shared.controls.focus.subscribe();
        let mut refresh = self.shared.controls.refresh.subscribe();
        loop {
            let now = Instant::now();
            if probe.schedule.is_dead(now) {
                let silence = self.shared.plan.beat * Schedule::MISSED;
                let why = format!("no answer to a heartbeat for {} s", silence.as_secs_f32());
                return self.shared.transport.declare_dead(probe.stream.generation, &why);
            }
            for ask in probe.schedule.due(now, self.shared.every()) {
                probe.ask(ask);
            }
            if probe.schedule.gave_up_waiting(now) {
                self.slow_done(&mut probe);
            }
            tokio::select! {
                chunk = probe.stream.output.recv() => match chunk {
                    Some(Chunk::Out(bytes)) => {
                        probe.schedule.heard(Instant::now());
                        let at = Utc::now();
                        self.shared.slots.put(HostEvent::Heard(at));
                        for frame in probe.reader.feed(&bytes) {
                            self.frame(&mut probe, frame, at);
                        }
                    }
                    Some(Chunk::Err(bytes)) => complaint.take(&bytes),
                    Some(Chunk::Dropped { .. }) => {}
                    Some(Chunk::End(exit)) => {
                        tracing::debug!(host = %self.shared.plan.host, ?exit, "the probe ended");
                        if !probe.begun && let Some(why) = complaint.why(&exit) {
                            self.unmeasured = true;
                            self.shared.slots.put(HostEvent::Unmeasured(Some(why)));
                        }
                        return;
                    }
                    None => return,
                },
                () = sleep_until(probe.schedule.next(self.shared.every())) => {}
                _ = focus.changed() => {}
                _ = refresh.changed() => probe.schedule.everything_now(Instant::now()),
            }
        }
    }

    fn frame(&mut self, probe: &mut Probe, frame: Frame, at: DateTime<Utc>) {
        match frame {
            Frame::Hello(block) => {
                probe.begun = true;
                if mem::take(&mut self.unmeasured) {
                    self.shared.slots.put(HostEvent::Unmeasured(None));
                }
                self.shared.slots.put(HostEvent::Facts(facts(&block)));
            }
            Frame::Fast(block) => {
                probe.schedule.fast_done(Instant::now());
                self.sampled(probe, Tick::read(&block, at));
            }
            Frame::Torn => probe.schedule.fast_again(),
            Frame::Beat(_) => {}
            Frame::Run(id) => self.shared.slots.put(HostEvent::Run(id)),
            Frame::Clock(number, reading) => {
                if let Some((asked, when)) = probe.asked.take()
                    && asked == number
                {
                    self.clock.answer(when, seconds_since_1970(), &reading);
                }
            }
            Frame::Disks(block) => {
                probe.disks = slow::disks(&block, &mut self.fill, at);
                if probe.schedule.disks_done() {
                    self.slow_done(probe);
                }
            }
            Frame::Units(block) => {
                let units = slow::units(&block, &self.shared.units, at);
                let changed = self.shared.board.systemd(&units.units, &slow::containers(&block), at);
                self.shared.services_changed(changed);
                probe.units = Some(units);
                if probe.schedule.units_done() {
                    self.slow_done(probe);
                }
            }
        }
    }

    /// The slow tier is as whole as it gets; the next sample carries it, and is taken now.
    fn slow_done(&mut self, probe: &mut Probe) {
        let units = probe.units.take().unwrap_or_else(|| Slow { at: Utc::now(), ..Slow::default() });
        self.slow = Some(Slow { disks: probe.disks.take(), ..units });
        probe.schedule.fast_soon(Instant::now());
    }

    fn sampled(&mut self, probe: &mut Probe, tick: Tick) {
        if probe.tick.as_ref().is_some_and(|before| !tick.continues(before)) {
            self.shared.slots.put(HostEvent::Gap);
        }
        let mut sample = tick.sample(probe.tick.as_ref());
        sample.clock_skew_ms = self.clock.skew_ms();
        sample.clock_error_ms = self.clock.error_ms();
        sample.slow.clone_from(&self.slow);
        probe.tick = Some(tick);
        self.sampled = true;
        self.shared.slots.put(HostEvent::Sampled(Box::new(sample)));
    }
}

/// One running probe.
struct Probe {
    stream: Stream,
    schedule: Schedule,
    reader: Reader,
    tick: Option<Tick>,
    /// The clock question that waits for its answer, and when it was put (seconds since 1970).
    asked: Option<(u64, f64)>,
    questions: u64,
    units: Option<Slow>,
    disks: Option<Vec<crate::domain::sample::Disk>>,
    /// It has said its first words.
    begun: bool,
}

impl Probe {
    /// Puts a question. Where the pipe is full the host does not keep up, and one question less is right.
    fn ask(&mut self, ask: Ask) {
        let ask = match ask {
            Ask::Clock(_) => {
                self.questions += 1;
                self.asked = Some((self.questions, seconds_since_1970()));
                Ask::Clock(self.questions)
            }
            other => other,
        };
        if let Some(input) = &self.stream.input {
            let _ = input.try_send(Bytes::from(ask.line()));
        }
    }
}

fn facts(hello: &Block) -> HostFacts {
    let first = |section: &str| hello.lines(section).first().map(|line| one_line(line, 128)).filter(|l| !l.is_empty());
    HostFacts {
        os: first("os").and_then(|line| {
            let value = line.split_once('=')?.1.trim_matches(['"', '\'']).to_owned();
            (!value.is_empty()).then_some(value)
        }),
        kernel: first("uname"),
        arch: first("machine"),
        hostname: first("name"),
    }
}

fn seconds_since_1970() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}
