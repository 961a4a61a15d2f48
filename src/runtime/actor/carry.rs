//! Carrying out a plan that was approved, and telling the screen what happens.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use chrono::Utc;
use futures_util::future::join_all;
use tokio::sync::{mpsc, oneshot, watch};

use super::Shared;
use super::prepare::{Prepared, What};
use crate::actions::announce::Announcement;
use crate::actions::evidence::collect;
use crate::actions::execute::{Order, Progress, execute};
use crate::actions::hosted::{self, Clients, HostedPlan};
use crate::actions::record::{Doing as Recorded, Recorder, new_id};
use crate::app::message::Message;
use crate::domain::act::News;
use crate::domain::action::ActionKind;
use crate::domain::audit::{HostEnding, Verdict};
use crate::domain::confirm::{Approval, Standing};
use crate::domain::deploy::steer::Wish;
use crate::domain::host::HostName;
use crate::domain::plan::hash_of;
use crate::domain::service::Service;
use crate::domain::text::{clean_bytes, one_line};
use crate::runtime::herald::slack;

/// The longest line that is shown of what a command says, in bytes.
const LONGEST: usize = 4096;

/// One thing that is being done.
pub(super) struct Doing {
    pub shared: Arc<Shared>,
    pub ticket: u64,
    pub approval: Approval,
    pub standing: Standing,
    /// What is wished meanwhile: that it goes on, stops, or goes back.
    pub wished: watch::Receiver<Wish>,
    pub ended: oneshot::Receiver<Option<i32>>,
    /// What is said of it.
    pub title: String,
}

impl Doing {
    pub(super) async fn tell(&self, news: News) {
        self.shared.tell(self.ticket, news).await;
    }

    /// The audit and the runs of this fleet.
    pub(super) async fn recorder(&self, prepared: &Prepared) -> Recorder {
        self.shared.recorder_for(&prepared.settings).await
    }

    /// Does it to its end.
    pub async fn carry(self, prepared: Prepared) {
        self.announced(&prepared).await;
        match &prepared.what {
            What::Plan { .. } => self.plan(&prepared).await,
            What::Deploy { plan, service } => self.deploy(&prepared, plan, service).await,
            What::Job { plan, gitlab, service, again } => {
                self.job(&prepared, plan, gitlab, service, again.as_deref()).await;
            }
            What::Run { run, service, action, .. } => self.run(&prepared, run, service, *action).await,
            What::Lock { action, service, state, time, hash } => {
                self.lock(&prepared, *action, service, state, *time, hash).await;
            }
            What::Hosted { plan, clients } => self.hosted(&prepared, plan, clients).await,
            What::Shell { host, argv } => {
                let (host, argv) = (host.clone(), argv.clone());
                self.shell(&prepared, host, argv).await;
            }
        }
    }

    /// People are told of it too, where they want to be; runs have heralds of their own.
    async fn announced(&self, prepared: &Prepared) {
        let lasts = match &prepared.what {
            What::Deploy { .. } | What::Job { .. } | What::Run { .. } => return,
            What::Plan { .. } | What::Shell { .. } => true,
            What::Lock { .. } | What::Hosted { .. } => false,
        };
        let (who, reason) = (&self.shared.recorder().await.who, self.approval.reason.as_deref());
        let place = &prepared.environment.name;
        if let Some(of) = Announcement::new(slack(&prepared.settings), &self.title, place, who, reason) {
            Shared::announce(&self.shared, self.ticket, of, lasts);
        }
    }

    async fn plan(self, prepared: &Prepared) {
        let What::Plan { plan, service, gate, snapshot } = &prepared.what else { return };
        if *snapshot && let Some(service) = service {
            self.keep_evidence(service, prepared).await;
        }
        let recorder = self.recorder(prepared).await;
        let order = Order {
            plan,
            approval: &self.approval,
            environment: &prepared.environment,
            standing: &self.standing,
            service: service.as_deref(),
            gate: gate.clone(),
            links: &prepared.reachable.links,
            recorder: &recorder,
        };
        let (progress, events) = mpsc::channel(256);
        let (stop, stopped) = watch::channel(false);
        let doing = async {
            let ending = execute(&order, &progress, &stopped).await;
            drop(progress);
            ending
        };
        let mut wished = self.wished.clone();
        let stopping = async {
            if wished.wait_for(|wish| *wish != Wish::On).await.is_ok() {
                stop.send_replace(true);
            }
            std::future::pending::<()>().await;
        };
        let (ending, ()) = tokio::select! {
            both = async { tokio::join!(doing, self.forward(events)) } => both,
            () = stopping => return,
        };
        let news = ending.map_or_else(|why| News::Left(why.to_string()), News::Over);
        self.tell(news).await;
    }

    /// Progress becomes news; output becomes lines.
    async fn forward(&self, mut events: mpsc::Receiver<Progress>) {
        let mut lines = Lines::default();
        while let Some(event) = events.recv().await {
            match event {
                Progress::Begun(host) => self.tell(News::Begun(host)).await,
                Progress::Said { host, bytes, .. } => {
                    for line in lines.take(&host, &bytes) {
                        self.tell(News::Said(host.clone(), line)).await;
                    }
                }
                Progress::Note(host, text) => self.tell(News::Note(host, text)).await,
                Progress::Warning(text) => self.tell(News::Warning(text)).await,
                Progress::Ended(ending) => {
                    let host = HostName::from(ending.host.as_str());
                    if let Some(line) = lines.rest(&host) {
                        self.tell(News::Said(host, line)).await;
                    }
                    self.tell(News::Ended(ending)).await;
                }
            }
        }
    }

    /// What a restart would wipe out is kept first; a host that does not say is no reason to leave it broken.
    async fn keep_evidence(&self, service: &Service, prepared: &Prepared) {
        let Ok(id) = new_id() else { return };
        let folder = self.shared.folder.join("evidence").join(id);
        let unit = service.unit.as_deref().unwrap_or_default();
        let links: Vec<_> = prepared.reachable.links.iter().filter(|(host, _)| service.hosts.contains(host)).collect();
        let kept = join_all(links.iter().map(|(_, transport)| collect(transport, unit, &folder))).await;
        for ((host, _), kept) in links.into_iter().zip(kept) {
            let note = match kept {
                Ok(path) => format!("kept in {}", path.display()),
                Err(error) => format!("no snapshot: {error}"),
            };
            self.tell(News::Note(host.clone(), note)).await;
        }
    }

    /// Sends an approved change to a hosted API, once.
    async fn hosted(self, prepared: &Prepared, plan: &HostedPlan, clients: &Clients) {
        self.tell(News::Begun(HostName::from(plan.subject.as_str()))).await;
        let recorder = self.recorder(prepared).await;
        let environment = &prepared.environment;
        let done = hosted::execute(clients, plan, &self.approval, environment, &self.standing, &recorder).await;
        self.tell(done.map_or_else(News::Left, News::Over)).await;
    }

    /// Has the screen give its terminal to a program, and records that.
    async fn shell(self, prepared: &Prepared, host: HostName, argv: Vec<String>) {
        let environment = &prepared.environment;
        let hash = hash_of(&(ActionKind::Shell.def().name, &environment.name, host.as_str(), &argv));
        let allowed = self.approval.covers(&hash).and_then(|()| self.standing.permits(environment, Utc::now()));
        if let Err(why) = allowed {
            return self.tell(News::Left(why.to_string())).await;
        }
        let recorder = self.recorder(prepared).await;
        let recorded = Recorded {
            environment: environment.name.clone(),
            service: None,
            hosts: vec![host.to_string()],
            action: ActionKind::Shell.def().name.to_owned(),
            plan: hash,
            commands: vec![argv.clone()],
        };
        let (begun, written) = recorder.begin(recorded, &self.approval).await;
        if let Err(why) = written {
            return self.tell(News::Left(format!("{why}; no shell is opened that is not recorded"))).await;
        }
        let began = Instant::now();
        self.tell(News::Begun(host.clone())).await;
        let _ = self.shared.messages.send(Message::Terminal(self.ticket, argv)).await;
        let code = self.ended.await.ok().flatten();
        let (result, detail) = match code {
            Some(255) => (Verdict::Unknown, Some("ssh itself failed, or the link was lost".to_owned())),
            Some(_) => (Verdict::Ok, None),
            None => (Verdict::Failed, Some("the program could not be started, or was killed".to_owned())),
        };
        let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let ending = HostEnding { host: host.to_string(), result, rc: code, ms, detail };
        let (ending, written) = recorder.end(begun, vec![ending]).await;
        if let Err(why) = written {
            self.shared.tell(self.ticket, News::Warning(format!("the result is not recorded: {why}"))).await;
        }
        self.shared.tell(self.ticket, News::Over(ending)).await;
    }
}

/// Output of several hosts, cut into lines.
#[derive(Default)]
struct Lines {
    open: BTreeMap<HostName, Vec<u8>>,
}

impl Lines {
    fn take(&mut self, host: &HostName, bytes: &Bytes) -> Vec<String> {
        let rest = self.open.entry(host.clone()).or_default();
        rest.extend_from_slice(bytes);
        let mut lines = Vec::new();
        while let Some(end) = memchr::memchr(b'\n', rest).or((rest.len() > LONGEST).then_some(LONGEST)) {
            let line: Vec<u8> = rest.drain(..=end.min(rest.len() - 1)).collect();
            lines.push(told(&line));
        }
        lines
    }

    fn rest(&mut self, host: &HostName) -> Option<String> {
        self.open.remove(host).filter(|rest| !rest.is_empty()).map(|rest| told(&rest))
    }
}

fn told(line: &[u8]) -> String {
    let end = line.len() - usize::from(line.ends_with(b"\n"));
    one_line(&clean_bytes(&line[..end]), LONGEST)
}
