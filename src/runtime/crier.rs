//! What begins and ends among alerts: kept as events, and told in Slack by one of all the cockpits that see it.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::Utc;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::app::message::Message;
use crate::domain::alert::{Alert, AlertState};
use crate::domain::alert_turns::{Turn, Watched};
use crate::domain::api_error::{ApiError, ApiErrorKind};
use crate::integrations::slack::{self, Slack};
use crate::runtime::history::History;

/// Lines of a message; what is more is counted.
const LINES: usize = 10;
/// Lines that wait for a channel that does not answer. Beyond it the oldest are given up.
const WAITING: usize = 50;

/// How patient a crier is.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// What begins together is told together, after so long.
    pub group: Duration,
    /// A channel that did not answer is tried again after so long.
    pub again: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { group: Duration::from_secs(15), again: Duration::from_secs(60) }
    }
}

/// What a source says fires, and what did lately.
pub type Said = (&'static str, Vec<Alert>);

/// What is to be told.
struct Waiting {
    source: &'static str,
    alert: Alert,
    /// No other cockpit tells it.
    ours: bool,
}

/// Tells of what begins and ends, for as long as anybody says what does.
pub struct Crier {
    slack: Option<Slack>,
    history: History,
    patience: Patience,
    messages: mpsc::Sender<Message>,
    watched: BTreeMap<&'static str, Watched>,
    /// What is to be told, oldest first.
    waiting: Vec<Waiting>,
    due: Option<Instant>,
    well: bool,
}

impl Crier {
    /// One that keeps events in a history and posts to a channel, where there is one.
    pub fn new(slack: Option<Slack>, history: History, patience: Patience, messages: mpsc::Sender<Message>) -> Self {
        Self {
            slack,
            history,
            patience,
            messages,
            watched: BTreeMap::new(),
            waiting: Vec::new(),
            due: None,
            well: true,
        }
    }

    /// Listens until nobody speaks any more.
    pub async fn listen(mut self, mut said: mpsc::Receiver<Said>) {
        loop {
            let due = self.due;
            tokio::select! {
                heard = said.recv() => match heard {
                    Some((source, alerts)) => self.hear(source, &alerts).await,
                    None => return,
                },
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => self.tell().await,
            }
        }
    }

    async fn hear(&mut self, source: &'static str, alerts: &[Alert]) {
        let now = Utc::now();
        let turns = self.watched.entry(source).or_default().take(alerts, now);
        let wanted =
            |turn: &Turn| !turn.hushed && self.slack.as_ref().is_some_and(|slack| slack.tells(turn.alert.severity));
        let (told, kept): (Vec<Turn>, Vec<Turn>) = turns.into_iter().partition(wanted);
        self.keep(&kept.iter().map(|turn| &turn.alert).collect::<Vec<_>>()).await;
        if !told.is_empty() {
            self.due.get_or_insert(Instant::now() + self.patience.group);
        }
        self.waiting.extend(told.into_iter().map(|turn| Waiting { source, alert: turn.alert, ours: false }));
    }

    /// Keeps what began and ended; says what of it is this cockpit's to tell. What cannot be kept is nobody's, for each
    /// would tell it.
    async fn keep(&self, alerts: &[&Alert]) -> Vec<bool> {
        if alerts.is_empty() {
            return Vec::new();
        }
        self.history.turns(alerts, Utc::now()).await.unwrap_or_else(|error| {
            tracing::warn!("alerts are not kept: {error}");
            vec![false; alerts.len()]
        })
    }

    /// Posts what waits, in one message. It is claimed only now: a cockpit that was closed meanwhile keeps nobody else from
    /// telling it.
    async fn tell(&mut self) {
        self.due = None;
        let open: Vec<&Alert> = self.waiting.iter().filter(|one| !one.ours).map(|one| &one.alert).collect();
        let mut ours = self.keep(&open).await.into_iter();
        self.waiting.retain_mut(|one| {
            one.ours = one.ours || ours.next().unwrap_or(false);
            one.ours
        });
        let Some(slack) = self.slack.as_ref().filter(|_| !self.waiting.is_empty()) else { return };
        let now = Utc::now();
        let newest = |Waiting { source, alert, .. }: &Waiting| {
            // What is known of it by now: a source tells since when a moment after it tells that.
            let later = self.watched.get(source).and_then(|watched| watched.firing(&alert.id));
            slack::alert(later.filter(|_| alert.state == AlertState::Firing).unwrap_or(alert), now)
        };
        let mut lines: Vec<String> = self.waiting.iter().take(LINES).map(newest).collect();
        if self.waiting.len() > LINES {
            lines.push(format!("and {} more", self.waiting.len() - LINES));
        }
        let posted = slack.post(&lines.join("\n")).await;
        let again = posted.as_ref().is_err_and(may_be_tried_again);
        if again {
            let spare = self.waiting.len().saturating_sub(WAITING);
            self.waiting.drain(..spare);
            self.due = Some(Instant::now() + self.patience.again);
        } else {
            self.waiting.clear();
        }
        if let (Err(error), true) = (&posted, self.well) {
            let then = if again { "; it is tried again" } else { "" };
            let text = format!("Slack was not told of {}: {error}{then}", count(lines.len()));
            let _ = self.messages.send(Message::Notice { bad: true, text }).await;
        }
        self.well = posted.is_ok();
    }
}

fn count(lines: usize) -> String {
    if lines == 1 { "an alert".to_owned() } else { format!("{lines} alerts") }
}

/// Whether a message that failed has surely not arrived, and may the next time.
fn may_be_tried_again(error: &ApiError) -> bool {
    let passing = matches!(error.kind, ApiErrorKind::Unreachable | ApiErrorKind::RateLimited | ApiErrorKind::Failing);
    passing && !error.maybe_done
}
