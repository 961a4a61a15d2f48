//! Actions in the cockpit: what may be done now, what is being put to the person, what is being done and what came of it.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use tui_textarea::TextArea;

use super::offering::Offering;
use crate::domain::act::{News, Proposal};
use crate::domain::action::ActionKind;
use crate::domain::audit::{Ending, HostEnding, Verdict};
use crate::domain::confirm::Standing;
use crate::domain::deploy::journal::{Fact, HostRun, Phase};
use crate::domain::deploy::known::KnownRun;
use crate::domain::deploy::steer::Wish;
use crate::domain::host::HostName;
use crate::domain::want::Want;

/// Actions that are kept to be looked at.
const KEPT: usize = 50;
/// Words that are kept of the whole.
const WORDS: usize = 12;
/// Lines that are kept of each host.
const LINES: usize = 400;

/// What the cockpit may do, does and did.
#[derive(Debug)]
pub struct Acting {
    /// What may be done.
    pub standing: Standing,
    /// Why nothing may be done with this config at all.
    pub off: Option<String>,
    /// What was confirmed here, the newest first.
    pub acts: VecDeque<Act>,
    /// The runs that the hosts know of, whoever has started them, the newest first.
    pub known: Vec<KnownRun>,
    /// Whether whoever looks for them was last told that somebody wants to see them.
    pub sought: bool,
    /// When a key was last pressed: nobody there disarms.
    pub touched: DateTime<Utc>,
    tickets: u64,
}

impl Acting {
    /// Nothing is armed and nothing was done.
    pub fn new(now: DateTime<Utc>) -> Self {
        let (standing, acts, known) = (Standing::new(false), VecDeque::new(), Vec::new());
        Self { standing, off: None, acts, known, sought: false, touched: now, tickets: 0 }
    }

    /// Another number for something that somebody wants.
    pub fn ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }

    /// What was confirmed under this number.
    pub fn act(&self, ticket: u64) -> Option<&Act> {
        self.acts.iter().find(|act| act.ticket == ticket)
    }

    /// What goes on now.
    pub fn under_way(&self) -> impl Iterator<Item = &Act> {
        self.acts.iter().filter(|act| act.over.is_none())
    }

    /// Runs that the hosts know of and that were not begun here.
    pub fn known_elsewhere(&self) -> impl Iterator<Item = &KnownRun> {
        self.known.iter().filter(|run| self.acts.iter().all(|act| act.run.as_deref() != Some(&run.id)))
    }

    /// Keeps what was confirmed.
    pub fn keep(&mut self, act: Act) {
        self.acts.push_front(act);
        // What goes on is never forgotten.
        let old = self.acts.iter().rposition(|act| act.over.is_some());
        if let Some(old) = old.filter(|_| self.acts.len() > KEPT) {
            self.acts.remove(old);
        }
    }
}

/// Something that was confirmed.
#[derive(Clone, Debug)]
pub struct Act {
    /// Its number here.
    pub ticket: u64,
    /// What was wanted.
    pub want: Want,
    /// What was confirmed.
    pub proposal: Proposal,
    /// When.
    pub began: DateTime<Utc>,
    /// What is no host but has a row, and each host.
    pub hosts: Vec<ActHost>,
    /// What there was to say about the whole.
    pub warnings: Vec<String>,
    /// What was told of the whole, the newest last.
    pub words: Vec<String>,
    /// The id of its run, for a deploy.
    pub run: Option<String>,
    /// What is wished for it.
    pub wish: Wish,
    /// How it ended.
    pub over: Option<Over>,
}

/// How an action ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Over {
    /// When.
    pub at: DateTime<Utc>,
    /// What came of it; or why it did not begin, or is not seen to any more.
    pub came: Result<Ending, String>,
}

/// One host of an action.
#[derive(Clone, Debug, Default)]
pub struct ActHost {
    /// Its name.
    pub name: String,
    /// It is no host, but a job of the forge's, a check, or whatever else it is done by or to.
    pub other: bool,
    /// When its turn came.
    pub began: Option<DateTime<Utc>>,
    /// What it waits for, or did last.
    pub word: String,
    /// Where it is in a run.
    pub run: Option<HostRun>,
    /// The steps of a run that have ended there, with their exit codes.
    pub steps: Vec<(String, i32)>,
    /// How it ended.
    pub ended: Option<HostEnding>,
    /// What was said, the newest last.
    pub lines: VecDeque<String>,
}

impl Act {
    /// One that begins now.
    pub fn new(ticket: u64, want: Want, proposal: Proposal, now: DateTime<Utc>) -> Self {
        let row = |name: &String, other| ActHost { name: name.clone(), other, ..ActHost::default() };
        let other = proposal.other.iter().map(|name| row(name, true));
        let hosts = other.chain(proposal.hosts.iter().map(|name| row(name, false))).collect();
        let (warnings, words) = (Vec::new(), Vec::new());
        let wish = want.wish();
        Self { ticket, want, proposal, began: now, hosts, warnings, words, run: None, wish, over: None }
    }

    /// Whether it waits for somebody at a boundary.
    pub fn is_held(&self) -> bool {
        let moves = |run: &HostRun| matches!(run.phase, Phase::Going | Phase::Staging | Phase::Unknown);
        let waits = |host: &ActHost| host.run.as_ref().is_some_and(|run| !moves(run));
        self.over.is_none() && self.wish == Wish::Hold && self.hosts.iter().all(waits)
    }

    /// How it came out; none while it goes on, or when nobody knows.
    pub fn verdict(&self) -> Option<Verdict> {
        self.over.as_ref()?.came.as_ref().ok().map(|ending| ending.result)
    }

    /// How many hosts are done, and of how many.
    pub fn done(&self) -> (usize, usize) {
        let hosts = self.hosts.iter().filter(|host| !host.other);
        (hosts.clone().filter(|host| host.ended.is_some() || host.is_done()).count(), hosts.count())
    }

    /// How far it is, in words: what its job does, for a deploy by the forge, and how many hosts are done.
    pub fn progress(&self) -> String {
        let by_job = matches!(self.want.action, ActionKind::Deploy | ActionKind::Rollback | ActionKind::Adopt);
        let job = self.hosts.iter().find(|row| row.other && by_job).map(|job| match job.word.as_str() {
            "" if self.over.is_some() => "job not started".to_owned(),
            "" => "job waits".to_owned(),
            word => format!("job {word}"),
        });
        let (done, of) = self.done();
        let hosts = (of > 0).then(|| format!("{done} of {of} host{}", if of == 1 { "" } else { "s" }));
        job.into_iter().chain(hosts).collect::<Vec<_>>().join(", ")
    }

    /// Whether its run waits on the hosts for somebody, or goes on, as far as those tell.
    pub fn goes_on(&self, known: &[KnownRun]) -> bool {
        let Some(id) = &self.run else { return false };
        let Some(over) = &self.over else { return true };
        // What has ended well or was undone is over, however old the hosts' word is.
        let settled = matches!(self.verdict(), Some(Verdict::Ok | Verdict::RolledBack | Verdict::NotDone));
        let open = known.iter().find(|run| run.id == *id).map(|run| !run.is_over());
        !settled && open.unwrap_or(over.came.is_err())
    }

    /// Takes what happened.
    pub fn take(&mut self, news: News, now: DateTime<Utc>) {
        match news {
            News::Begun(host) => self.with(&host, |host| host.began = Some(now)),
            News::Said(host, line) => self.with(&host, |host| host.say(line)),
            News::Note(host, text) => self.with(&host, |host| {
                host.word.clone_from(&text);
                // What stands under a job is its own log.
                if !host.other {
                    host.say(text);
                }
            }),
            News::Fact(host, fact) => self.with(&host, |host| host.fact(&fact, now)),
            News::Warning(text) => self.warnings.push(text),
            News::Word(text) => self.say(text),
            News::Asks { why, .. } => why.into_iter().for_each(|line| self.say(line)),
            News::Run(id) => {
                // It stands on a line of its own.
                self.words.retain(|word| *word != format!("run {id}"));
                self.run = Some(id);
            }
            News::Ended(ending) => {
                let host = HostName::from(ending.host.as_str());
                self.with(&host, |host| host.ended = Some(ending));
            }
            News::Over(ending) => {
                for ending in &ending.hosts {
                    let host = HostName::from(ending.host.as_str());
                    self.with(&host, |host| host.ended = Some(ending.clone()));
                }
                self.over = Some(Over { at: now, came: Ok(ending) });
            }
            News::Left(why) => self.over = Some(Over { at: now, came: Err(why) }),
        }
    }

    /// Of a bake many words come: each says more than the one before it.
    fn say(&mut self, text: String) {
        let baking = |text: &String| text.starts_with("bake ");
        if baking(&text) && self.words.last().is_some_and(baking) {
            self.words.pop();
        }
        if self.words.len() == WORDS {
            self.words.remove(0);
        }
        self.words.push(text);
    }

    fn with(&mut self, name: &HostName, change: impl FnOnce(&mut ActHost)) {
        if let Some(host) = self.hosts.iter_mut().find(|host| host.name == name.as_str()) {
            change(host);
        }
    }
}

impl ActHost {
    /// Whether the new release is live and well there.
    pub fn is_done(&self) -> bool {
        self.run.as_ref().is_some_and(|run| run.phase == Phase::Done)
    }

    fn say(&mut self, line: String) {
        if self.lines.len() == LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    fn fact(&mut self, fact: &Fact, now: DateTime<Utc>) {
        self.began.get_or_insert(now);
        self.run.get_or_insert_default().take(fact);
        if fact.event == "end" {
            self.steps.push((fact.step.clone(), fact.rc.unwrap_or(-1)));
        }
        self.word = fact.told();
        self.say(fact.told());
    }
}

/// A plan that is put to the person, over a dimmed screen.
#[derive(Debug)]
pub struct Asking {
    /// Its number.
    pub ticket: u64,
    /// What is wanted.
    pub want: Want,
    /// How far it is.
    pub stage: Stage,
    /// Why it is done.
    pub reason: TextArea<'static>,
    /// The name that confirms it.
    pub typed: TextArea<'static>,
    /// Whether the reason has the keys.
    pub on_reason: bool,
    /// First line of the plan that is shown.
    pub scroll: usize,
    /// What is wrong with what was typed.
    pub said: Option<String>,
    /// Since when it shows what it shows: keys that were typed ahead of that are thrown away.
    pub shown: DateTime<Utc>,
    /// When the plan was made.
    pub made: DateTime<Utc>,
    /// When the last letter came: an Enter in the same moment is a paste's.
    pub letter: Option<DateTime<Utc>>,
}

/// How far a plan is.
#[derive(Debug)]
pub enum Stage {
    /// The hosts are being asked.
    Planning,
    /// There is no plan, and why, line by line.
    Refused(String),
    /// This is what would be done.
    Ready(Box<Proposal>),
}

impl Asking {
    /// One of which nothing is known yet.
    pub fn new(ticket: u64, want: Want, now: DateTime<Utc>) -> Self {
        Self {
            ticket,
            want,
            stage: Stage::Planning,
            reason: super::input::line(""),
            typed: super::input::line(""),
            on_reason: false,
            scroll: 0,
            said: None,
            shown: now,
            made: now,
            letter: None,
        }
    }

    /// The plan, once there is one.
    pub fn proposal(&self) -> Option<&Proposal> {
        match &self.stage {
            Stage::Ready(proposal) => Some(proposal),
            _ => None,
        }
    }

    /// Whether it wants something typed, more than `y`.
    pub fn wants_text(&self) -> bool {
        self.proposal().is_some_and(|plan| plan.demand.typed.is_some() || plan.demand.reason.is_some())
    }
}

/// Several things that a key may mean here.
#[derive(Debug)]
pub struct Menu {
    /// What it is about.
    pub title: String,
    /// What can be done.
    pub items: Vec<Item>,
    /// The chosen one of those that the filter lets through.
    pub chosen: usize,
    /// Only those that hold this.
    pub filter: TextArea<'static>,
}

/// One thing that can be done; or why it cannot.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// What it is called.
    pub label: String,
    /// What it does.
    pub does: String,
    /// What is wanted then.
    pub want: Result<Want, String>,
}

impl Menu {
    /// The items that the filter lets through.
    pub fn shown(&self) -> Vec<&Item> {
        let wanted = super::input::text_of(&self.filter).to_lowercase();
        let holds = |item: &&Item| wanted.split_whitespace().all(|word| item.label.to_lowercase().contains(word));
        self.items.iter().filter(holds).collect()
    }
}

/// Questions that are answered before there can be a plan.
#[derive(Debug)]
pub struct Blanks {
    /// What is wanted, without these answers.
    pub want: Want,
    /// The questions.
    pub fields: Vec<Blank>,
    /// The one that has the keys.
    pub at: usize,
    /// What is wrong with an answer.
    pub said: Option<String>,
    /// The versions that are offered, where one is asked for.
    pub offering: Option<Offering>,
}

/// One of them.
#[derive(Debug)]
pub struct Blank {
    /// What the action calls it.
    pub name: String,
    /// The question.
    pub ask: String,
    /// Whether it may stay empty.
    pub must: bool,
    /// What an answer must look like, as a regex.
    pub pattern: Option<String>,
    /// The answer.
    pub input: TextArea<'static>,
}
