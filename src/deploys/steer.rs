//! Steering a run: reading what hosts tell, and giving the orders that follow from it.
//!
//! Nothing is remembered here that the hosts do not tell again: whoever takes the run over knows as much.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use super::bake::{Baker, Watched};
use super::herald::Herald;
use super::host::{self, Polled, Started, Steering, Unheard};
use super::told::{Teller, Told};
use crate::actions::scribe::Scribe;
use crate::domain::deploy::bake::OnBreach;
use crate::domain::deploy::journal::{HostRun, Phase};
use crate::domain::deploy::plan::{DeployPlan, HostPart};
use crate::domain::deploy::spec::OnFail;
use crate::domain::deploy::steer::{Course, Next, Order, Outcome, Wish};
use crate::domain::deployment::DeploymentStatus;
use crate::domain::host::HostName;
use crate::transport::SharedTransport;

/// Between two looks.
const PACE: Duration = Duration::from_millis(700);
/// A runner that has said nothing by then was not started.
const SILENCE: Duration = Duration::from_secs(25);
/// How often a runner that was cut off is started again.
const REVIVALS: u32 = 3;
/// After so many leases without a word from any host the controller leaves: 30 min where a lease is 90 s.
const LEASES_ALONE: u32 = 20;
/// A host that has not been heard for so many leases counts as failed: 4 min 30 s where a lease is 90 s, in which a machine
/// has booted again. Only while others are heard, for else it is our own link that is down.
const LEASES_AWAY: u32 = 3;
/// A runner that was started again shows itself by then.
const SETTLES: Duration = Duration::from_secs(5);
/// How much of what a host said is told when it fails.
const LAST_LINES: u32 = 40;

/// How steering ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Left {
    /// The run is over.
    Over(Outcome),
    /// Somebody else steers it now.
    TakenOver,
    /// No host has been heard for a long time.
    Unheard,
}

/// A run under way.
pub struct Run<'a> {
    /// Its plan.
    pub plan: &'a DeployPlan,
    /// Its id.
    pub id: String,
    /// Who started it.
    pub who: String,
    /// Who steers it: a name of this process alone; empty to look on only.
    pub token: String,
    /// Its hosts, as far as they could be reached.
    pub links: &'a BTreeMap<HostName, SharedTransport>,
    /// What is known.
    pub runs: BTreeMap<String, HostRun>,
    /// Whether somebody can be asked what to do when the bake fails.
    pub asks: bool,
    /// Whether whoever holds it stays with it, so that nobody is gone when it is to go on.
    pub stays: bool,
    /// Why the run as a whole failed, where no host did.
    pub why: Vec<String>,
    /// Where it is written down as it goes on.
    pub scribe: Option<Scribe>,
    baker: Option<Baker<'a>>,
    baked: bool,
    /// What follows from the bake, whatever is wished for.
    follows: Option<Wish>,
    asked: Option<Instant>,
    beat: u64,
    began: Instant,
    heard: Instant,
    revived: BTreeMap<String, (u32, Instant)>,
    given: BTreeSet<(String, Order)>,
    /// Hosts that did not answer the last look, and when they last did.
    away: BTreeMap<String, Instant>,
}

impl<'a> Run<'a> {
    /// A run of which nothing has been heard.
    pub fn new(
        plan: &'a DeployPlan,
        id: &str,
        who: &str,
        token: &str,
        links: &'a BTreeMap<HostName, SharedTransport>,
    ) -> Self {
        // Whoever has no way to a host does not wait for it.
        let without = plan.hosts.iter().filter(|part| !links.contains_key(&HostName::from(part.host.as_str())));
        let away = |part: &HostPart| (part.host.clone(), HostRun { away: true, ..HostRun::default() });
        Self {
            plan,
            id: id.to_owned(),
            who: who.to_owned(),
            token: token.to_owned(),
            links,
            runs: without.map(away).collect(),
            asks: false,
            stays: false,
            why: Vec::new(),
            scribe: None,
            baker: None,
            baked: false,
            follows: None,
            asked: None,
            beat: 0,
            began: Instant::now(),
            heard: Instant::now(),
            revived: BTreeMap::new(),
            given: BTreeSet::new(),
            away: BTreeMap::new(),
        }
    }

    fn link(&self, host: &str) -> Option<&'a SharedTransport> {
        self.links.get(&HostName::from(host))
    }

    /// Takes the lock on every host and starts its runner: all, or none. In the order of machine-ids, so that two who
    /// begin at once do not each take half. A reply that is lost is asked for again.
    pub async fn start(&mut self) -> Result<(), String> {
        let mut parts: Vec<_> = self.plan.hosts.iter().collect();
        parts.sort_by(|a, b| a.machine_id.cmp(&b.machine_id));
        let mut started: Vec<&str> = Vec::new();
        for part in parts {
            let Some(transport) = self.link(&part.host) else {
                self.give_up(&started).await;
                return Err(format!("{} is not connected", part.host));
            };
            let mut said = host::start(transport, self.plan, part, &self.id, &self.who).await;
            for _ in 0..3 {
                if said != Err(Unheard::Lost) {
                    break;
                }
                crate::actions::reach::again(transport, Duration::from_secs(20)).await;
                said = host::start(transport, self.plan, part, &self.id, &self.who).await;
            }
            let why = match said {
                Ok(Started::Ours) => {
                    started.push(&part.host);
                    continue;
                }
                Ok(Started::Busy(owner)) => format!("{}: another run has the lock: {owner}", part.host),
                Ok(Started::Locked(hold)) => format!("{}: it is locked by hand: {hold}", part.host),
                Err(why) => format!("{}: {why}", part.host),
            };
            started.push(&part.host);
            self.give_up(&started).await;
            return Err(why);
        }
        Ok(())
    }

    async fn give_up(&self, hosts: &[&str]) {
        for host in hosts {
            if let Some(transport) = self.link(host) {
                // Whoever is not heard any more is left by its lease.
                let _ = host::order(transport, &self.plan.state, &self.id, Order::Abort, "").await;
            }
        }
    }

    /// Asks every host once; false when somebody else steers.
    pub async fn look(&mut self, take: bool, told: &Teller) -> bool {
        self.beat += 1;
        let steering = Steering { token: &self.token, beat: self.beat, take };
        let (state, id) = (&self.plan.state, self.id.as_str());
        let asked = self.plan.hosts.iter().filter_map(|part| Some((part.host.clone(), self.link(&part.host)?)));
        let asked = asked.map(|(host, transport)| {
            let lines = self.runs.get(&host).map_or(0, |run| run.lines);
            async move { (host, host::poll(transport, state, id, lines, steering).await) }
        });
        let before = Instant::now();
        let answers = join_all(asked).await;
        let mut ours = true;
        for (host, answer) in answers {
            match answer {
                Ok(polled) => {
                    self.heard = Instant::now();
                    ours &= self.token.is_empty() || take || is_ours(&polled.lease, &self.token);
                    if self.away.remove(&host).is_some() {
                        self.runs.entry(host.clone()).or_default().away = false;
                        told.note(&host, "it is heard again").await;
                    }
                    self.take(&host, polled, told).await;
                }
                Err(why) => {
                    if !self.away.contains_key(&host) {
                        self.away.insert(host.clone(), before);
                        told.note(&host, format!("it is not heard: {why}; what it is at goes on there")).await;
                    }
                }
            }
        }
        self.give_up_on(told).await;
        ours
    }

    /// Hosts that stay away count as failed.
    async fn give_up_on(&mut self, told: &Teller) {
        let limit = self.plan.lease * LEASES_AWAY;
        // With a single host nobody can tell its end from that of our own link.
        let linked = self.plan.hosts.iter().filter(|part| self.link(&part.host).is_some()).count();
        if self.token.is_empty() || self.away.len() == linked {
            return;
        }
        for (host, since) in &self.away {
            let run = self.runs.entry(host.clone()).or_default();
            if !run.away && !run.is_over() && since.elapsed() > limit {
                run.away = true;
                let text = format!("it has not been heard for {} s and counts as failed", since.elapsed().as_secs());
                told.note(host, text).await;
            }
        }
    }

    async fn take(&mut self, host: &str, polled: Polled, told: &Teller) {
        let late = self.began.elapsed() > SILENCE;
        let link = self.link(host);
        let run = self.runs.entry(host.to_owned()).or_default();
        run.alive = polled.alive;
        run.lines += polled.lines;
        for fact in polled.facts {
            run.take(&fact);
            let failed = fact.event == "failed";
            told.tell(Told::Fact(host.to_owned(), fact)).await;
            if let (true, Some(link)) = (failed, link) {
                let lines = host::last_output(link, &self.plan.state, &self.id, LAST_LINES).await;
                told.tell(Told::Output(host.to_owned(), lines)).await;
            }
        }
        if run.phase == Phase::Unknown && !run.alive && late {
            run.phase = Phase::Denied("its runner did not start".to_owned());
        }
    }

    /// Steers until it is over. What is wished for may change meanwhile.
    pub async fn steer(&mut self, wish: &watch::Receiver<Wish>, herald: &Herald, told: &Teller, take: bool) -> Left {
        let course = self.plan.course();
        let (mut take, mut held) = (take, false);
        loop {
            if !self.look(take, told).await {
                return Left::TakenOver;
            }
            if self.heard.elapsed() > self.plan.lease * LEASES_ALONE {
                return Left::Unheard;
            }
            take = false;
            self.write_down(held).await;
            let wished = *wish.borrow();
            let wish = if wished == Wish::On { self.follows.unwrap_or(wished) } else { wished };
            let next = course.next(&self.runs, wish);
            held = self.stays && wished == Wish::Hold && next == Next::Over(Outcome::Held);
            let orders = match next {
                Next::Over(_) if held => Vec::new(),
                Next::Over(outcome) => return Left::Over(outcome),
                Next::Proven if wish == Wish::Keep || self.is_baked(&course, herald, told).await => {
                    course.finish(&self.runs)
                }
                Next::Proven => Vec::new(),
                Next::Give(orders) => orders,
            };
            for (host, order) in orders {
                self.give(&host, order, told).await;
            }
            sleep(PACE).await;
        }
    }

    /// What is known, for those who look on from this machine.
    pub async fn write_down(&mut self, held: bool) {
        let Some(scribe) = &mut self.scribe else { return };
        for (host, run) in &self.runs {
            scribe.host(host, run.word(), run.step.as_deref(), run.trouble()).await;
        }
        let baking = self.baker.is_some();
        scribe
            .note(|record| {
                record.status = if held { DeploymentStatus::Held } else { DeploymentStatus::Running };
                if baking && record.detail.is_none() {
                    record.detail = Some("baking".to_owned());
                }
            })
            .await;
    }

    /// Watches the fleet; true once it has been well for long enough. What it finds leads to what the plan says.
    async fn is_baked(&mut self, course: &Course, herald: &Herald, told: &Teller) -> bool {
        let Some(bake) = self.plan.bake.as_ref().filter(|_| !self.baked) else { return true };
        if self.baker.is_none() {
            told.run(format!("every host is good; the fleet is watched for {} s", bake.time.as_secs_f64())).await;
            let watched = self.plan.hosts.iter().filter_map(|part| {
                let milestones = self.runs.get(&part.host)?.milestones.clone();
                let (host, version, from) = (part.host.clone(), part.to.clone(), part.from.clone());
                Some(Watched { link: self.link(&part.host)?, host, version, from, milestones })
            });
            self.baker = Some(Baker::new(&self.plan.unit, bake, watched.collect()));
        }
        let Some(baker) = &mut self.baker else { return false };
        if let Some((findings, line)) = baker.look(herald).await {
            told.tell(Told::Bake(Box::new(findings.clone()), line)).await;
            let breaches = findings.breaches(&bake.limits);
            if self.asked.is_none() {
                self.why = breaches;
            }
        }
        if self.why.is_empty() {
            self.baked = baker.is_over();
            if self.baked {
                told.run(format!("the bake is passed: {}", baker.numbers())).await;
            }
            return self.baked;
        }
        let back = match course.on_fail(&self.runs) {
            OnFail::Hold => Wish::Hold,
            OnFail::UndoHost | OnFail::UndoAll => Wish::Undo,
        };
        let after = match bake.limits.on_breach {
            OnBreach::Hold => Wish::Hold,
            OnBreach::Ask(time) if self.asks && self.asked.is_none_or(|asked| asked.elapsed() < time) => {
                if self.asked.is_none() {
                    self.asked = Some(Instant::now());
                    let (why, back) = (self.why.clone(), back == Wish::Undo);
                    told.tell(Told::Asks { why, patience: time, back }).await;
                }
                return false;
            }
            OnBreach::Ask(_) | OnBreach::OnFail => back,
        };
        let word = if after == Wish::Hold { "it waits for a person" } else { "every host goes back" };
        told.run(format!("the bake failed, {word}: {}", self.why.join("; "))).await;
        self.follows = Some(after);
        false
    }

    async fn give(&mut self, host: &str, order: Order, told: &Teller) {
        // Whoever did not answer gets the order when it does: waiting for it would cost the others their leases.
        let Some(transport) = self.link(host).filter(|_| !self.away.contains_key(host)) else { return };
        if order == Order::Revive {
            let (count, last) = self.revived.get(host).copied().unwrap_or((0, Instant::now()));
            if count > 0 && last.elapsed() < SETTLES {
                return;
            }
            if count == REVIVALS {
                told.note(host, "its runner was cut off again and again; what it serves is for a person to see").await;
                if let Some(run) = self.runs.get_mut(host) {
                    run.phase = Phase::Ended("stuck".to_owned());
                }
                return;
            }
            told.note(host, "its runner was cut off; it goes on from its first unproven step").await;
            if let Some(part) = self.plan.part(host) {
                // What is given was given to the runner before; the files are still there.
                if host::start(transport, self.plan, part, &self.id, &self.who).await.is_ok() {
                    self.revived.insert(host.to_owned(), (count + 1, Instant::now()));
                }
            }
            return;
        }
        // A host that fails after a migration that cannot be undone waits for a person, whatever its plan says.
        let hold = order == Order::Go && self.plan.course().on_fail(&self.runs) == OnFail::Hold;
        let word = if hold { "hold" } else { "" };
        if !self.given.contains(&(host.to_owned(), order))
            && host::order(transport, &self.plan.state, &self.id, order, word).await.is_ok()
        {
            self.given.insert((host.to_owned(), order));
        }
    }
}

/// Whether a lease is nobody's, or ours.
fn is_ours(lease: &str, token: &str) -> bool {
    lease.is_empty() || lease.split(' ').next() == Some(token)
}
