//! Slack, by an incoming webhook: what people are told of.

mod words;

pub use words::{alert, escape};

use serde_json::json;

use crate::domain::alert::Severity;
use crate::domain::api_error::{ApiError, ApiErrorKind};
use crate::domain::hosted::{SlackSend, SlackSettings, TokenFinding, TokenState};
use crate::integrations::http::{Limit, SecretSource, Webhook, finding};

/// The longest message, in characters: beyond it Slack cuts by itself.
const LONGEST: usize = 3_000;

/// A channel that can be written to.
pub struct Slack {
    webhook: Webhook,
    send: Vec<SlackSend>,
}

impl Slack {
    /// The channel of these settings. Nothing is sent yet.
    pub fn new(settings: &SlackSettings, secret: SecretSource) -> Self {
        // Slack takes about one message a second.
        Self { webhook: Webhook::new("Slack", secret, &[Limit::new(1, 1)]), send: settings.send.clone() }
    }

    /// Whether people want to be told of alerts of this severity.
    pub fn tells(&self, severity: Severity) -> bool {
        let word = match severity {
            Severity::Page => SlackSend::Page,
            Severity::Ticket => SlackSend::Ticket,
            Severity::Notice => SlackSend::Notice,
            Severity::Log => return false,
        };
        self.send.contains(&word)
    }

    /// Whether people want to be told of deploys and rollbacks.
    pub fn tells_deploys(&self) -> bool {
        self.send.contains(&SlackSend::Deploy)
    }

    /// Whether people want to be told of everything else that is done.
    pub fn tells_actions(&self) -> bool {
        self.send.contains(&SlackSend::Action)
    }

    /// Writes a message in Slack's own markup; what came from outside goes through [`escape`] first.
    pub async fn post(&self, text: &str) -> Result<(), ApiError> {
        let text: String = text.chars().take(LONGEST).collect();
        let said = self.webhook.post(&json!({ "text": text, "unfurl_links": false, "unfurl_media": false })).await?;
        if said == "ok" {
            return Ok(());
        }
        // 200 and something else: a proxy, or a webhook of another service.
        let message = format!("it answered \"{said}\" and not \"ok\"");
        Err(ApiError::new("Slack", ApiErrorKind::Garbage, "POST to its webhook", message))
    }

    /// Whether the webhook is one, without writing anything: a message without text is refused as such.
    pub async fn check(&self) -> TokenFinding {
        match self.webhook.post(&json!({ "text": "" })).await {
            Err(error) if error.kind == ApiErrorKind::Rejected => {
                finding("write to the channel", Ok("the webhook is known; nothing was sent".to_owned()))
            }
            Err(error) => TokenFinding { state: TokenState::Failed, ..finding("write to the channel", Err(error)) },
            Ok(_) => TokenFinding {
                what: "write to the channel".to_owned(),
                state: TokenState::MayNot,
                message: "it took an empty message, which Slack does not".to_owned(),
                remedy: Some("see whether the secret of [slack] is a webhook of Slack's".to_owned()),
            },
        }
    }
}
