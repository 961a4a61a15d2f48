//! The hosted APIs, each kept up to date for the screen by a task of its own. A failing one dims its own panel only.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;

use crate::app::message::Message;
use crate::config::secret;
use crate::domain::alert::Alert;
use crate::domain::alert_turns::Left;
use crate::domain::business::Ledger;
use crate::domain::counter::CounterSet;
use crate::domain::delivery::{Part, Sight};
use crate::domain::hosted::{
    CheckOwner, GitLabSettings, HostedSettings, SlackSettings, StatusCakeSettings, StripeSettings,
};
use crate::domain::outside::Feed;
use crate::integrations::gitlab::{self, GitLab};
use crate::integrations::slack::Slack;
use crate::integrations::statuscake::{self, StatusCake};
use crate::integrations::stripe::account::Account;
use crate::integrations::stripe::feed;
use crate::runtime::crier::{Crier, Patience, Said};
use crate::runtime::history::{History, KEPT_EVERY};
use crate::store::StoreError;

/// Everything that the Alerts tab shows of StatusCake.
const FEEDS: [Feed; 8] = [
    Feed::Checks,
    Feed::Events,
    Feed::Heartbeats,
    Feed::Windows,
    Feed::Certificates,
    Feed::PageSpeeds,
    Feed::ContactGroups,
    Feed::Responses,
];

/// Everything that the Deploys tab shows of GitLab.
const PARTS: [Part; 8] = [
    Part::Token,
    Part::Project,
    Part::Environments,
    Part::Deployments,
    Part::Pipelines,
    Part::Incidents,
    Part::Tags,
    Part::MergeRequests,
];

/// Snapshots of alerts that wait for whoever tells of them; one that finds no room is followed by another.
const SAID: usize = 16;
/// A snapshot is sent again after at most this long: alerts come of age by the clock too.
const LONGEST: Duration = Duration::from_secs(60);

/// The tasks; they end when this is dropped.
pub struct Hosted {
    _tasks: JoinSet<()>,
    now: Vec<Arc<Notify>>,
    check: watch::Sender<Option<String>>,
    sight: watch::Sender<Option<Sight>>,
}

impl Hosted {
    /// Asks every API that these settings name. With a history, what they say is kept and compared with what was.
    pub fn consult(settings: &HostedSettings, history: Option<&History>, messages: &mpsc::Sender<Message>) -> Self {
        let (check, looked) = watch::channel(None);
        let (sight, seen) = watch::channel(None);
        let (mut tasks, mut now) = (JoinSet::new(), Vec::new());
        let mut nudge = || {
            let one = Arc::new(Notify::new());
            now.push(one.clone());
            one
        };
        let (said, heard) = mpsc::channel(SAID);
        if let Some(history) = history {
            let slack = settings.slack.as_ref().map(slack);
            let crier = Crier::new(slack, history.clone(), Patience::default(), messages.clone());
            tasks.spawn(crier.listen(heard));
        }
        if let Some(statuscake) = &settings.statuscake {
            let (now, messages, said) = (nudge(), messages.clone(), said.clone());
            tasks.spawn(outside(statuscake.clone(), looked, now, messages, said, history.cloned()));
        }
        if let Some(gitlab) = settings.gitlab.as_ref().filter(|gitlab| !gitlab.projects.is_empty()) {
            let (now, messages, said) = (nudge(), messages.clone(), said.clone());
            tasks.spawn(delivery(gitlab.clone(), seen, now, messages, said, history.cloned()));
        }
        for (number, (account, of)) in accounts(&settings.stripe).into_iter().zip(&settings.stripe).enumerate() {
            let (to, from) = watch::channel(Arc::default());
            tasks.spawn(feed::keep(account, of.refresh, nudge(), to));
            tasks.spawn(ledger(number, from, history.cloned(), messages.clone()));
        }
        Self { _tasks: tasks, now, check, sight }
    }

    /// Asks all of them anew now.
    pub fn refresh(&self) {
        self.now.iter().for_each(|one| one.notify_one());
    }

    /// Somebody looks at this check, or at none.
    pub fn look_at(&self, check: Option<String>) {
        self.check.send_replace(check);
    }

    /// Somebody looks at this pipeline, job or pair of versions, or at nothing.
    pub fn see(&self, sight: Option<Sight>) {
        self.sight.send_replace(sight);
    }
}

/// The channel of these settings.
fn slack(settings: &SlackSettings) -> Slack {
    Slack::new(settings, secret::source(settings.webhook.clone(), "[slack] webhook"))
}

/// Every account that the config names, called by its name only where there are several.
pub fn accounts(settings: &[StripeSettings]) -> Vec<Account> {
    let source = |one: &StripeSettings| match settings {
        [_] => "stripe".to_owned(),
        _ => format!("stripe:{}", one.name),
    };
    let secret = |one: &StripeSettings| secret::source(one.key.clone(), "[stripe] key");
    settings.iter().map(|one| Account::new(one, source(one), secret(one))).collect()
}

async fn outside(
    settings: StatusCakeSettings,
    mut looked: watch::Receiver<Option<String>>,
    now: Arc<Notify>,
    messages: mpsc::Sender<Message>,
    said: mpsc::Sender<Said>,
    history: Option<History>,
) {
    let mut left = left(history, "statuscake").await;
    let client = StatusCake::new(&settings, secret::source(settings.token.clone(), "[statuscake] token"));
    let mut watch = statuscake::Watch::new(client, &FEEDS, Utc::now());
    let owners: Vec<CheckOwner> = settings.owners;
    loop {
        watch.step().await;
        let known = watch.outside().clone();
        let alerts = statuscake::alerts::alerts(&known, &owners, Utc::now());
        say(&said, "statuscake", &mut left, &alerts, |alert| statuscake::alerts::is_heard(&known, alert));
        if messages.send(Message::Outside(Box::new(known), alerts)).await.is_err() {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(watch.idle().min(LONGEST)) => {}
            () = now.notified() => watch.refresh(),
            Ok(()) = looked.changed() => watch.look_at(looked.borrow_and_update().clone()),
        }
    }
}

async fn delivery(
    settings: GitLabSettings,
    mut seen: watch::Receiver<Option<Sight>>,
    now: Arc<Notify>,
    messages: mpsc::Sender<Message>,
    said: mpsc::Sender<Said>,
    history: Option<History>,
) {
    let mut left = left(history, "gitlab").await;
    let client = GitLab::new(&settings, secret::source(settings.token.clone(), "[gitlab] token"));
    let mut watch = gitlab::Watch::new(client, &PARTS, Utc::now());
    loop {
        watch.step().await;
        let known = watch.delivery().clone();
        let alerts = gitlab::alerts::alerts(&known, Utc::now());
        say(&said, "gitlab", &mut left, &alerts, |_| gitlab::alerts::is_heard(&known));
        if messages.send(Message::Delivery(Box::new(known), alerts)).await.is_err() {
            return;
        }
        tokio::select! {
            () = tokio::time::sleep(watch.idle().min(LONGEST)) => {}
            () = now.notified() => watch.refresh(),
            Ok(()) = seen.changed() => watch.look_at(seen.borrow_and_update().clone()),
        }
    }
}

/// What was told of a source's alerts before, and not that it ended.
async fn left(history: Option<History>, source: &str) -> Left {
    let Some(history) = history else { return Left::default() };
    match history.standing_alerts(source).await {
        Ok(alerts) => Left::new(alerts),
        Err(error) => {
            tracing::warn!("which alerts of {source} were told of is not known: {error}");
            Left::default()
        }
    }
}

/// Says what fires and what does not any more, before that what ended while nobody looked.
fn say(
    said: &mpsc::Sender<Said>,
    source: &'static str,
    left: &mut Left,
    alerts: &[Alert],
    heard: impl Fn(&Alert) -> bool,
) {
    // Without a store nobody listens; and what finds no room is said again.
    let Ok(room) = said.try_reserve() else { return };
    let mut all = left.over(alerts, heard);
    all.extend_from_slice(alerts);
    room.send((source, all));
}

/// Sends an account's figures on, with what they were; keeps what they are.
async fn ledger(
    number: usize,
    mut from: watch::Receiver<Arc<Ledger>>,
    history: Option<History>,
    messages: mpsc::Sender<Message>,
) {
    let (mut kept, mut well): (Option<Instant>, bool) = (None, true);
    while from.changed().await.is_ok() {
        let mut ledger = (**from.borrow_and_update()).clone();
        if let Some(history) = &history {
            let due = ledger.counters.loading.is_none() && kept.is_none_or(|kept| kept.elapsed() >= KEPT_EVERY);
            let remembered = remember(history, &mut ledger.counters, due).await;
            if due && remembered.is_ok() {
                kept = Some(Instant::now());
            }
            if let (Err(error), true) = (&remembered, well) {
                let text = format!("the figures of {} are not kept: {error}", ledger.source);
                let _ = messages.send(Message::Notice { bad: true, text }).await;
            }
            well = remembered.is_ok();
        }
        if messages.send(Message::Ledger(number, Box::new(ledger))).await.is_err() {
            return;
        }
    }
}

async fn remember(history: &History, set: &mut CounterSet, keep: bool) -> Result<(), StoreError> {
    if keep {
        history.keep(set).await?;
    }
    history.compare(set, Utc::now()).await
}
