//! What an API is and how much it bears.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use secrecy::SecretString;

use super::budget::Limit;

/// Has a secret whenever it is asked for; the error says what could not be had.
pub type SecretSource = Arc<dyn Fn() -> BoxFuture<'static, Result<SecretString, String>> + Send + Sync>;

/// How a secret is shown to the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `Authorization: Bearer SECRET`.
    Bearer,
    /// In a header of its own, such as `PRIVATE-TOKEN`.
    Header(&'static str),
}

/// What an API is and how much it bears.
#[derive(Clone)]
pub struct ApiOptions {
    /// Its name, such as `GitLab`; in lower case, the config's table.
    pub name: &'static str,
    /// What every path stands beneath, sub-path and version included.
    pub base: String,
    /// How the secret is shown.
    pub auth: Auth,
    /// Where the secret is had from.
    pub secret: SecretSource,
    /// Sent with everything, such as `Stripe-Version`.
    pub headers: Vec<(&'static str, String)>,
    /// A private certificate authority (PEM) beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Whether the token may travel unencrypted to another machine.
    pub plain_http: bool,
    /// The budgets that are kept, whatever the API says.
    pub limits: Vec<Limit>,
    /// Requests under way at once, at most.
    pub parallel: usize,
    /// The longest answer that is read, in bytes.
    pub most_bytes: usize,
    /// The longest that one exchange may take.
    pub timeout: Duration,
    /// The longest that a question may take with all its repetitions and waits.
    pub patience: Duration,
    /// How often a question is put before its failure is told.
    pub tries: u32,
    /// The greatest first pause before a repetition; it doubles up to [`LONGEST_PAUSE`].
    pub pause: Duration,
}

impl ApiOptions {
    /// One with sound defaults: two at once, 30 s an exchange, 8 tries, 16 MiB.
    pub fn new(name: &'static str, base: impl Into<String>, secret: SecretSource) -> Self {
        Self {
            name,
            base: base.into(),
            auth: Auth::Bearer,
            secret,
            headers: Vec::new(),
            ca_file: None,
            plain_http: false,
            limits: Vec::new(),
            parallel: 2,
            most_bytes: 16 << 20,
            timeout: Duration::from_secs(30),
            patience: Duration::from_secs(300),
            tries: 8,
            pause: Duration::from_millis(200),
        }
    }
}

/// The longest pause between two tries.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(5);
