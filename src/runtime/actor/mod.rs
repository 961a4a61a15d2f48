//! Whoever carries out what is wanted on the screen: makes the plans, keeps them until they are approved, and carries them
//! out through the same library as the headless commands, over the connections that the cockpit has.

mod announced;
mod carry;
mod conduct;
mod deploy;
mod job;
mod offer;
mod prepare;
pub mod runs;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::{OnceCell, mpsc, oneshot, watch};

use super::fleet::Wire;
use crate::actions::record::{Doing as Recorded, Recorder};
use crate::app::message::Message;
use crate::config::machine;
use crate::domain::act::{News, Proposal};
use crate::domain::action::ActionKind;
use crate::domain::audit::{HostEnding, Verdict};
use crate::domain::confirm::{Approval, Standing};
use crate::domain::deploy::steer::Wish;
use crate::domain::host::HostName;
use crate::domain::run::RunRecord;
use crate::domain::settings::Settings;
use crate::domain::want::{Subject, Want};
use crate::store::Store;
use crate::transport::SharedTransport;
use prepare::Prepared;

/// The hosts that an action may reach. They stay connected until it is over, whatever becomes of the config.
pub struct Reachable {
    /// Each host's connection.
    pub links: BTreeMap<HostName, SharedTransport>,
    /// What keeps them open.
    pub open: Vec<Arc<Wire>>,
}

/// The hosts that something is about: of a run, all of its service's.
pub fn hosts(want: &Want, settings: &Settings) -> Vec<HostName> {
    let Subject::Run { service, environment, .. } = &want.subject else { return want.subject.hosts().to_vec() };
    let found = settings.services.iter().find(|one| one.name == *service && one.environment == *environment);
    found.map(|service| service.hosts.clone()).unwrap_or_default()
}

/// What of it other tasks need too.
struct Shared {
    messages: mpsc::Sender<Message>,
    folder: PathBuf,
    recorder: OnceCell<Recorder>,
    plans: Mutex<BTreeMap<u64, Planned>>,
    /// When this cockpit left runs that wait on their hosts: until their leases are over nobody else has them.
    left: Mutex<BTreeMap<String, Instant>>,
    /// What people are told of besides.
    announced: Mutex<BTreeMap<u64, mpsc::Sender<News>>>,
}

/// A plan that waits to be approved, and what is said of it wherever it is told.
struct Planned {
    prepared: Prepared,
    proposal: Proposal,
}

/// Something that is being carried out.
struct Going {
    wish: watch::Sender<Wish>,
    fleet: String,
    proposal: Proposal,
    ended: Option<oneshot::Sender<Option<i32>>>,
}

/// Carries out what is wanted.
pub struct Actor {
    shared: Arc<Shared>,
    going: BTreeMap<u64, Going>,
}

impl Actor {
    /// One that keeps its audit and evidence in a folder.
    pub fn new(folder: PathBuf, messages: mpsc::Sender<Message>) -> Self {
        let (plans, left, announced) = (Mutex::default(), Mutex::default(), Mutex::default());
        let shared = Shared { messages, folder, recorder: OnceCell::new(), plans, left, announced };
        Self { shared: Arc::new(shared), going: BTreeMap::new() }
    }

    /// Makes the plan of something that is wanted, and keeps it.
    pub fn propose(&self, ticket: u64, want: Want, settings: Arc<Settings>, reachable: Reachable) {
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            let made = prepare::prepare(&shared, want, settings, reachable).await;
            let came = made.map(|(prepared, proposal)| {
                shared.plans().insert(ticket, Planned { prepared, proposal: proposal.clone() });
                Box::new(proposal)
            });
            let _ = shared.messages.send(Message::Proposed(ticket, came)).await;
        });
    }

    /// Nobody wants the plan any more.
    pub fn forget(&self, ticket: u64) {
        self.shared.plans().remove(&ticket);
    }

    /// Carries out a plan that was approved.
    pub fn carry(&mut self, ticket: u64, approval: Approval, standing: Standing) {
        let Some(Planned { prepared, proposal }) = self.shared.plans().remove(&ticket) else { return };
        let (wish, wished) = watch::channel(prepared.wish());
        let (ended, came) = oneshot::channel();
        let fleet = prepared.settings.fleet.clone();
        let (shared, title) = (Arc::clone(&self.shared), proposal.title.clone());
        self.going.insert(ticket, Going { wish, fleet, proposal, ended: Some(ended) });
        let doing = carry::Doing { shared, ticket, approval, standing, wished, ended: came, title };
        tokio::spawn(doing.carry(prepared));
    }

    /// Something is wished for what is being carried out; it is written down before it happens.
    pub fn wish(&self, ticket: u64, wished: Wish, approval: Approval) {
        let Some(Going { wish, fleet, proposal, .. }) = self.going.get(&ticket) else { return };
        let (shared, wish) = (Arc::clone(&self.shared), wish.clone());
        let (fleet, proposal) = (fleet.clone(), proposal.clone());
        tokio::spawn(async move {
            let recorder = Recorder { fleet, ..shared.recorder().await.clone() };
            let recorded = Recorded {
                environment: proposal.environment,
                service: proposal.service,
                hosts: proposal.hosts.clone(),
                action: word(wished).to_owned(),
                plan: proposal.hash,
                commands: Vec::new(),
            };
            let (begun, written) = recorder.begin(recorded, &approval).await;
            // Nobody is kept from stopping what goes wrong, but they are told.
            wish.send_replace(wished);
            let hosts = proposal.hosts.into_iter().map(told_so).collect();
            let (_, after) = recorder.end(begun, hosts).await;
            if let Err(why) = written.and(after) {
                shared.tell(ticket, News::Warning(format!("{} is not recorded: {why}", word(wished)))).await;
            }
        });
    }

    /// The program that was given the terminal has ended.
    pub fn terminal_ended(&mut self, ticket: u64, code: Option<i32>) {
        if let Some(ended) = self.going.get_mut(&ticket).and_then(|going| going.ended.take()) {
            let _ = ended.send(code);
        }
    }
}

/// What the audit calls a wish.
fn word(wish: Wish) -> &'static str {
    match wish {
        Wish::On => "continue",
        Wish::Stop => ActionKind::Abort.def().name,
        Wish::Undo => "undo",
        Wish::Keep => "keep",
        Wish::Hold => ActionKind::Hold.def().name,
    }
}

/// A host whose run was told of a wish.
fn told_so(host: String) -> HostEnding {
    let detail = Some("the run was told so; its own row has what came of it".to_owned());
    HostEnding { host, result: Verdict::Ok, rc: None, ms: 0, detail }
}

impl Shared {
    fn plans(&self) -> MutexGuard<'_, BTreeMap<u64, Planned>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn left(&self) -> MutexGuard<'_, BTreeMap<String, Instant>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The audit of this machine, opened when it is first needed.
    async fn recorder(&self) -> &Recorder {
        self.recorder
            .get_or_init(async || {
                let store = Store::open(&self.folder).await.map_err(|error| error.to_string());
                Recorder { store, who: machine::person(), from: machine::name(), fleet: String::new() }
            })
            .await
    }

    /// The same, for the fleet of these settings.
    async fn recorder_for(&self, settings: &Settings) -> Recorder {
        Recorder { fleet: settings.fleet.clone(), ..self.recorder().await.clone() }
    }

    /// A run that a job of GitLab's carries out and that is not over, as it was kept here.
    async fn open_job(&self, id: &str) -> Option<RunRecord> {
        let record = self.recorder().await.store.as_ref().ok()?.run(id).await.ok()??;
        (record.job.is_some() && record.ended.is_none()).then_some(record)
    }

    async fn tell(&self, ticket: u64, news: News) {
        self.told_besides(ticket, &news);
        // The screen is gone: what is being done goes on to its end all the same.
        let _ = self.messages.send(Message::Acted(ticket, news)).await;
    }
}
