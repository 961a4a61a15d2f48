//! Why a hosted API did not answer as it should.

use std::fmt;
use std::time::Duration;

use super::text::one_line;

/// What sort of failure it is, for those who act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ApiErrorKind {
    /// The secret could not be had, or cannot be used; nothing was sent.
    NoSecret,
    /// The token is unknown, revoked or expired (401).
    Unauthorized,
    /// The token is good but may not do this (403).
    Forbidden,
    /// There is none of it, or the token may not know of it (404, 410).
    NotFound,
    /// Too many requests, for longer than there was patience (429).
    RateLimited,
    /// No connection, no TLS, a timeout, or the answer was cut short.
    Unreachable,
    /// It answered, and not with what it should: no JSON, other fields, too long.
    Garbage,
    /// It did not take what was asked (any other 4xx).
    Rejected,
    /// It failed itself (5xx).
    Failing,
    /// Anything else, such as a redirect, which is never followed.
    Other,
}

/// A failure in the words of whoever reads it. Every text in it is safe to show and holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// The sort.
    pub kind: ApiErrorKind,
    /// The API's name, such as `GitLab`; in lower case, the config's table.
    pub api: &'static str,
    /// What was asked, such as `GET /projects/acme%2Fshop/pipelines`; without its query.
    pub asked: String,
    /// What happened; the API's own words where it said any.
    pub message: String,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// What the API calls the request, for its support.
    pub request_id: Option<String>,
    /// How long to leave it alone, where that is known.
    pub retry_after: Option<Duration>,
    /// True for a change of which nobody knows whether it was done: look before doing it again.
    pub maybe_done: bool,
}

impl ApiError {
    /// A failure of which no more is known than this.
    pub fn new(api: &'static str, kind: ApiErrorKind, asked: &str, message: String) -> Self {
        Self {
            kind,
            api,
            asked: one_line(asked, 200),
            message,
            status: None,
            request_id: None,
            retry_after: None,
            maybe_done: false,
        }
    }

    /// What would mend it.
    pub fn remedy(&self) -> String {
        let table = self.api.to_lowercase();
        if self.maybe_done {
            return format!("it may have been done all the same: look at {} before doing it again", self.api);
        }
        match self.kind {
            ApiErrorKind::NoSecret => format!("mend the secret of [{table}]"),
            ApiErrorKind::Unauthorized => format!("put a valid secret where [{table}] says it is"),
            ApiErrorKind::Forbidden => format!("give the secret of [{table}] the right to do this"),
            ApiErrorKind::NotFound => {
                format!("see whether the name in [{table}] is right and its secret may know of it")
            }
            ApiErrorKind::RateLimited => match self.retry_after {
                Some(after) => format!("wait {} s", after.as_secs().max(1)),
                None => "wait a minute".to_owned(),
            },
            ApiErrorKind::Unreachable => format!("see whether the url of [{table}] can be reached from here"),
            ApiErrorKind::Garbage => format!("see whether the url of [{table}] is that API and no page before it"),
            ApiErrorKind::Rejected => "change what is asked".to_owned(),
            ApiErrorKind::Failing => format!("wait; the fault is {}'s", self.api),
            ApiErrorKind::Other => format!("see whether the url of [{table}] is right"),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.api, self.asked, self.message)?;
        if let Some(id) = &self.request_id {
            write!(f, " (request {id})")?;
        }
        write!(f, "; {}", self.remedy())
    }
}

impl std::error::Error for ApiError {}
