//! A webhook: an address that is itself the secret.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::Instant;

use super::address;
use super::api::redact;
use super::budget::{Budget, Limit, wait_asked};
use super::options::SecretSource;
use super::{exchange, failure};
use crate::domain::api_error::{ApiError, ApiErrorKind};
use crate::domain::text::one_line;

/// The longest that one message may take, and the longest that it waits for its turn.
const TIMEOUT: Duration = Duration::from_secs(15);
/// The longest answer that is read, in bytes.
const MOST_BYTES: usize = 16 << 10;
/// What errors call the request: its address is nobody's business.
const ASKED: &str = "POST to its webhook";

/// Posts JSON to an address that is had when it is needed. Each message is sent once.
pub struct Webhook {
    api: &'static str,
    secret: SecretSource,
    budget: Budget,
}

impl Webhook {
    /// One of the service of this name.
    pub fn new(api: &'static str, secret: SecretSource, limits: &[Limit]) -> Self {
        Self { api, secret, budget: Budget::new(limits) }
    }

    /// Sends a message; gives what was answered to it, in a line. An error's `maybe_done` says that it may have arrived.
    pub async fn post(&self, message: &Value) -> Result<String, ApiError> {
        let fail = |kind, message: String| ApiError::new(self.api, kind, ASKED, message);
        let secret = (self.secret)().await.map_err(|why| fail(ApiErrorKind::NoSecret, why))?;
        let unusable = |why: String| fail(ApiErrorKind::NoSecret, redact(&why, &secret));
        let url = address::parse(secret.expose_secret(), false).map_err(unusable)?;
        let client = address::client(&url, TIMEOUT, None).map_err(unusable)?;
        let turn = match self.budget.turn(Instant::now() + TIMEOUT).await {
            Ok(turn) => turn,
            Err(wait) => {
                let error = fail(ApiErrorKind::RateLimited, "too many messages at once".to_owned());
                return Err(ApiError { retry_after: Some(wait), ..error });
            }
        };
        let request = client.post(url.clone()).header("content-type", "application/json").body(message.to_string());
        let (answer, broke) = match exchange::send(request, MOST_BYTES, TIMEOUT).await {
            Ok(answer) => answer,
            Err(error) => {
                let failed = fail(ApiErrorKind::Unreachable, hide(&failure::broke(&error), &url, &secret));
                return Err(ApiError { maybe_done: !error.is_connect(), ..failed });
            }
        };
        drop(turn);
        let said = one_line(&String::from_utf8_lossy(&answer.value), 100);
        let status = Some(answer.status);
        if !(200..300).contains(&answer.status) {
            let words = if said.is_empty() || said.starts_with('<') { String::new() } else { format!(": {said}") };
            let text = format!("it did not take the message ({}{words})", answer.status);
            let wait = (answer.status == 429).then(|| wait_asked(&answer.headers, chrono::Utc::now())).flatten();
            if let Some(wait) = wait {
                self.budget.block(Instant::now(), wait);
            }
            let error = fail(failure::kind(answer.status), hide(&text, &url, &secret));
            return Err(ApiError { status, retry_after: wait, maybe_done: answer.status >= 500, ..error });
        }
        match broke {
            Some((kind, why)) => Err(ApiError { status, maybe_done: true, ..fail(kind, hide(&why, &url, &secret)) }),
            None => Ok(hide(&said, &url, &secret)),
        }
    }
}

/// A text without the address and without its path, which is the part that opens the door.
fn hide(text: &str, url: &reqwest::Url, secret: &SecretString) -> String {
    redact(&redact(text, secret), &SecretString::from(url.path().to_owned()))
}
