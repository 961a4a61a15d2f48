//! The client of a hosted API: every rule that keeps a token safe and a budget whole, in one place.
//!
//! A question ([`Get`]) is put again after a refusal for the rate, a failure of the API's, an answer cut short or
//! garbled; a [`Change`] never is. Redirects are refused. Nothing that is shown, logged or returned holds the secret.

use std::time::Duration;

use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::Instant;

use super::address;
use super::budget::{Budget, wait_asked};
use super::cache::Cache;
use super::exchange::{self, Sending};
use super::failure;
use super::options::{ApiOptions, LONGEST_PAUSE};
use super::request::{Change, Get, RawReply, Reply};
use crate::domain::api_error::{ApiError, ApiErrorKind};
use crate::domain::text::one_line;
use crate::transport::backoff::jitter;

/// Tries where nobody answers at all: more would only keep the person waiting for what is known.
const UNREACHABLE_TRIES: u32 = 3;

/// The longest that a change waits for its turn.
const CHANGE_WAITS: Duration = Duration::from_secs(15);

/// A client of one API with one secret. Share it: its budget is only kept by whoever asks through it.
pub struct ApiClient {
    options: ApiOptions,
    base: Result<(Client, Url), String>,
    budget: Budget,
    gate: Semaphore,
    cache: Cache,
    secret: Mutex<Option<SecretString>>,
}

impl ApiClient {
    /// One of these options. Nothing is sent and no secret is had before the first question; an address or certificate
    /// that cannot be used is the error of every question.
    pub fn new(options: ApiOptions) -> Self {
        let base = address::parse(&options.base, options.plain_http).and_then(|base| {
            no_more_than_an_address(&base)?;
            Ok((address::client(&base, options.timeout, options.ca_file.as_deref())?, base))
        });
        let budget = Budget::new(&options.limits);
        let gate = Semaphore::new(options.parallel.max(1));
        Self { options, base, budget, gate, cache: Cache::default(), secret: Mutex::default() }
    }

    /// Puts a question and reads its answer's JSON.
    pub async fn get<T: DeserializeOwned>(&self, get: &Get) -> Result<Reply<T>, ApiError> {
        self.read(get, |reply| serde_json::from_slice(&reply.value).map_err(|error| error.to_string())).await
    }

    /// Puts a question and takes the answer's bytes as they are.
    pub async fn raw(&self, get: &Get) -> Result<RawReply, ApiError> {
        self.read(get, |reply| Ok(reply.value.clone())).await
    }

    /// Puts a question and reads its answer with `read`; what `read` finds wrong is garbage, and asked for again. For
    /// answers whose shape alone does not tell a whole one from a broken one.
    pub async fn read<T>(
        &self,
        get: &Get,
        read: impl Fn(&RawReply) -> Result<T, String>,
    ) -> Result<Reply<T>, ApiError> {
        let deadline = Instant::now() + self.options.patience;
        let asked = format!("GET {}", get.path);
        let mut tries = 0;
        loop {
            let failed = match self.exchange(&Sending::get(get), &asked, deadline).await {
                Ok(reply) => match read(&reply) {
                    Ok(value) => {
                        self.cache.keep(get, &reply);
                        return Ok(reply.with(value));
                    }
                    Err(why) => Failed { error: self.garbage(&asked, &reply, &why), tries: self.options.tries },
                },
                Err(failed) => failed,
            };
            let Failed { error, tries: most } = failed;
            // The budget waits out a refusal for the rate.
            let pause = if error.kind == ApiErrorKind::RateLimited { Duration::ZERO } else { self.pause(tries) };
            tries = tries.saturating_add(1);
            if tries >= most || Instant::now() + pause >= deadline {
                return Err(error);
            }
            tracing::debug!("{error}; again in {} ms", pause.as_millis());
            tokio::time::sleep(pause).await;
        }
    }

    /// Every item of a list that is paged by `Link` headers, up to `most`.
    pub async fn all<T: DeserializeOwned>(&self, first: &Get, most: usize) -> Result<Listed<T>, ApiError> {
        let mut items: Vec<T> = Vec::new();
        let mut next = Some(first.clone());
        while let Some(get) = next {
            let page = self.get::<Vec<T>>(&get).await?;
            // An empty page leads nowhere, whatever it says.
            next = page.next.filter(|_| !page.value.is_empty());
            items.extend(page.value);
            if items.len() >= most {
                let complete = items.len() == most && next.is_none();
                items.truncate(most);
                return Ok(Listed { items, complete });
            }
        }
        Ok(Listed { items, complete: true })
    }

    /// Makes a change, once. Where nobody can know whether it was done, the error says so.
    pub async fn change(&self, change: &Change) -> Result<RawReply, ApiError> {
        let sending = Sending::change(change);
        let asked = format!("{} {}", sending.method, change.path);
        // A change that waits too long would come when nobody expects it any more.
        let deadline = Instant::now() + self.options.patience.min(CHANGE_WAITS);
        self.exchange(&sending, &asked, deadline).await.map_err(|failed| failed.error)
    }

    /// How long the API's budget leaves no request, if that is known.
    pub fn waits(&self) -> Option<Duration> {
        self.budget.blocked(Instant::now())
    }

    /// Up to that long, at random, so that clients that failed together do not come back together.
    fn pause(&self, tries: u32) -> Duration {
        let bound = self.options.pause.saturating_mul(1 << tries.min(16)).min(LONGEST_PAUSE);
        bound.mul_f64(jitter())
    }

    /// One exchange, within the budget.
    async fn exchange(&self, sending: &Sending<'_>, asked: &str, deadline: Instant) -> Result<RawReply, Failed> {
        let fail = |kind, message: String| Failed { error: self.error(kind, asked, message), tries: 1 };
        let (client, base) = match &self.base {
            Ok((client, base)) => (client, base),
            Err(why) => return Err(fail(ApiErrorKind::Other, why.clone())),
        };
        let secret = self.secret().await.map_err(|why| fail(ApiErrorKind::NoSecret, why))?;
        let request = exchange::request(client, base, sending, &self.options, &secret)
            .map_err(|why| fail(ApiErrorKind::NoSecret, why))?;
        let cached = self.cache.get(sending);
        let request = match &cached {
            Some(known) => request.header("if-none-match", known.etag.as_str()),
            None => request,
        };
        let Ok(Ok(_permit)) = tokio::time::timeout_at(deadline, self.gate.acquire()).await else {
            return Err(fail(ApiErrorKind::RateLimited, "other questions to it take too long".to_owned()));
        };
        let turn = match self.budget.turn(deadline).await {
            Ok(turn) => turn,
            Err(wait) => {
                let mut failed = fail(ApiErrorKind::RateLimited, "its budget of requests is used up".to_owned());
                failed.error.retry_after = Some(wait);
                return Err(failed);
            }
        };
        let answer = exchange::send(request, self.options.most_bytes, self.options.timeout).await;
        let (answer, broke) = match answer {
            Ok(answer) => answer,
            Err(error) => {
                let mut failed = fail(ApiErrorKind::Unreachable, redact(&failure::broke(&error), &secret));
                failed.error.maybe_done = sending.changes() && !error.is_connect();
                let nobody = error.is_connect() || error.is_timeout();
                failed.tries = if nobody { UNREACHABLE_TRIES.min(self.options.tries) } else { self.options.tries };
                return Err(failed);
            }
        };
        let wall = chrono::Utc::now();
        self.budget.learn(&answer.headers, Instant::now(), wall);
        drop(turn);
        if answer.status == 304
            && let Some(known) = cached
        {
            return Ok(known.reply(answer).following(sending.get));
        }
        let mut failed = if !sending.accepts(answer.status) {
            let message = failure::message(answer.status, &answer.value);
            let mut failed = fail(failure::kind(answer.status), redact(&message, &secret));
            failed.error.maybe_done = sending.changes() && answer.status >= 500;
            match failed.error.kind {
                ApiErrorKind::RateLimited => {
                    let wait =
                        wait_asked(&answer.headers, wall).unwrap_or_else(|| LONGEST_PAUSE.mul_f64(0.5 + jitter()));
                    self.budget.block(Instant::now(), wait);
                    failed.error.retry_after = Some(wait);
                    failed.tries = u32::MAX;
                }
                // It may have been renewed where it is kept.
                ApiErrorKind::Unauthorized => *self.secret.lock().await = None,
                ApiErrorKind::Failing => failed.tries = self.options.tries,
                _ => {}
            }
            failed
        } else if let Some((kind, why)) = broke {
            let mut failed = fail(kind, redact(&why, &secret));
            // The answer began, so the change was taken; what it said is lost.
            failed.error.maybe_done = sending.changes();
            // What is too long will be so again.
            failed.tries = if kind == ApiErrorKind::Garbage { 1 } else { self.options.tries };
            failed
        } else {
            return Ok(answer.following(sending.get));
        };
        failed.error.status = Some(answer.status);
        failed.error.request_id = request_id(&answer).map(|id| redact(&id, &secret));
        Err(failed)
    }

    async fn secret(&self) -> Result<SecretString, String> {
        let mut known = self.secret.lock().await;
        if let Some(secret) = known.as_ref() {
            return Ok(secret.clone());
        }
        let secret = (self.options.secret)().await?;
        Ok(known.insert(secret).clone())
    }

    fn garbage(&self, asked: &str, reply: &RawReply, why: &str) -> ApiError {
        let message = format!("its answer makes no sense: {}", one_line(why, 200));
        ApiError {
            status: Some(reply.status),
            request_id: request_id(reply),
            ..self.error(ApiErrorKind::Garbage, asked, message)
        }
    }

    fn error(&self, kind: ApiErrorKind, asked: &str, message: String) -> ApiError {
        ApiError::new(self.options.name, kind, asked, message)
    }
}

/// A failure, and how often the question may be put at most.
struct Failed {
    error: ApiError,
    tries: u32,
}

/// Items of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// In the API's order.
    pub items: Vec<T>,
    /// False when there are more than were wanted.
    pub complete: bool,
}

/// Refuses an address with a secret in it: it would be shown.
fn no_more_than_an_address(base: &Url) -> Result<(), String> {
    let more =
        !base.username().is_empty() || base.password().is_some() || base.query().is_some() || base.fragment().is_some();
    if more { Err("its url holds more than an address; write the secret where secrets go".to_owned()) } else { Ok(()) }
}

/// What an API calls a request.
fn request_id(reply: &RawReply) -> Option<String> {
    ["request-id", "x-request-id", "x-correlation-id"]
        .into_iter()
        .find_map(|name| reply.header(name))
        .map(|id| one_line(id, 100))
}

/// A text without the secret, should an API or a library have put it there.
pub(super) fn redact(text: &str, secret: &SecretString) -> String {
    let secret = secret.expose_secret();
    if secret.len() < 4 || !text.contains(secret) { text.to_owned() } else { text.replace(secret, "•••") }
}
