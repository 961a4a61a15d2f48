//! Whoever carries out what is wanted on the screen: makes the plans, keeps them until they are approved, and carries them
//! out through the same library as the headless commands, over the connections that the cockpit has.

mod carry;
mod conduct;
mod deploy;
mod job;
mod prepare;
pub mod runs;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OnceCell, mpsc, watch};

use super::fleet::Wire;
use crate::actions::record::Recorder;
use crate::app::message::Message;
use crate::config::machine;
use crate::domain::act::News;
use crate::domain::confirm::{Approval, Standing};
use crate::domain::deploy::steer::Wish;
use crate::domain::host::HostName;
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
    plans: Mutex<BTreeMap<u64, Prepared>>,
    /// What is wished for the runs that this cockpit steers.
    ours: Mutex<BTreeMap<String, watch::Sender<Wish>>>,
}

/// Carries out what is wanted.
pub struct Actor {
    shared: Arc<Shared>,
    wishes: BTreeMap<u64, watch::Sender<Wish>>,
    ended: BTreeMap<u64, tokio::sync::oneshot::Sender<Option<i32>>>,
}

impl Actor {
    /// One that keeps its audit and evidence in a folder.
    pub fn new(folder: PathBuf, messages: mpsc::Sender<Message>) -> Self {
        let shared =
            Shared { messages, folder, recorder: OnceCell::new(), plans: Mutex::default(), ours: Mutex::default() };
        Self { shared: Arc::new(shared), wishes: BTreeMap::new(), ended: BTreeMap::new() }
    }

    /// Makes the plan of something that is wanted, and keeps it.
    pub fn propose(&self, ticket: u64, want: Want, settings: Arc<Settings>, reachable: Reachable) {
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            let made = prepare::prepare(&shared, want, settings, reachable).await;
            let came = made.map(|(prepared, proposal)| {
                shared.plans().insert(ticket, prepared);
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
        let Some(prepared) = self.shared.plans().remove(&ticket) else { return };
        let (wish, wished) = watch::channel(Wish::On);
        let (ended, came) = tokio::sync::oneshot::channel();
        self.wishes.insert(ticket, wish.clone());
        self.ended.insert(ticket, ended);
        let doing =
            carry::Doing { shared: Arc::clone(&self.shared), ticket, approval, standing, wish, wished, ended: came };
        tokio::spawn(doing.carry(prepared));
    }

    /// Something is wished for what is being carried out.
    pub fn wish(&self, ticket: u64, wished: Wish) {
        if let Some(wish) = self.wishes.get(&ticket) {
            wish.send_replace(wished);
        }
    }

    /// The program that was given the terminal has ended.
    pub fn terminal_ended(&mut self, ticket: u64, code: Option<i32>) {
        if let Some(ended) = self.ended.remove(&ticket) {
            let _ = ended.send(code);
        }
    }
}

impl Shared {
    fn plans(&self) -> MutexGuard<'_, BTreeMap<u64, Prepared>> {
        self.plans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ours(&self) -> MutexGuard<'_, BTreeMap<String, watch::Sender<Wish>>> {
        self.ours.lock().unwrap_or_else(PoisonError::into_inner)
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

    async fn tell(&self, ticket: u64, news: News) {
        // The screen is gone: what is being done goes on to its end all the same.
        let _ = self.messages.send(Message::Acted(ticket, news)).await;
    }
}
