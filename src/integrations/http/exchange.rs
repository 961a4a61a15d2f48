//! One request and its answer, bounded.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{HeaderName, HeaderValue};
use reqwest::{Client, RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};

use super::options::{ApiOptions, Auth};
use super::request::{Body, Change, Get, Method, RawReply, Reply};
use crate::domain::api_error::ApiErrorKind;

/// What is sent, whichever sort.
pub(super) struct Sending<'a> {
    pub method: reqwest::Method,
    pub path: &'a str,
    pub get: Option<&'a Get>,
    body: &'a Body,
}

impl<'a> Sending<'a> {
    pub fn get(get: &'a Get) -> Self {
        Self { method: reqwest::Method::GET, path: &get.path, get: Some(get), body: &Body::None }
    }

    pub fn change(change: &'a Change) -> Self {
        let method = match change.method {
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        Self { method, path: &change.path, get: None, body: &change.body }
    }

    /// Whether it alters anything.
    pub fn changes(&self) -> bool {
        self.get.is_none()
    }

    /// Whether a status is an answer.
    pub fn accepts(&self, status: u16) -> bool {
        (200..300).contains(&status) || self.get.is_some_and(|get| get.accepted.contains(&status))
    }
}

/// The request as it is sent. The error says what about the secret cannot be sent.
pub(super) fn request(
    client: &Client,
    base: &Url,
    sending: &Sending<'_>,
    options: &ApiOptions,
    secret: &SecretString,
) -> Result<RequestBuilder, String> {
    let mut url = base.clone();
    url.set_path(&format!("{}{}", base.path().trim_end_matches('/'), sending.path));
    if let Some(get) = sending.get.filter(|get| !get.query.is_empty()) {
        let mut pairs = url.query_pairs_mut();
        for (name, value) in &get.query {
            // StatusCake's flags have no value, and an empty one is not the same everywhere.
            if value.is_empty() {
                pairs.append_key_only(name);
            } else {
                pairs.append_pair(name, value);
            }
        }
    }
    let (name, prefix) = match options.auth {
        Auth::Bearer => ("authorization", "Bearer "),
        Auth::Header(name) => (name, ""),
    };
    // Whoever has written the scheme into the place of the secret means the same.
    let prefix = if secret.expose_secret().starts_with(prefix) { "" } else { prefix };
    let unusable = |_| "the secret holds characters that no header can".to_owned();
    let mut value = HeaderValue::from_str(&format!("{prefix}{}", secret.expose_secret())).map_err(unusable)?;
    value.set_sensitive(true);
    let mut request = client.request(sending.method.clone(), url).header("accept", "application/json");
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| "no such header can be sent".to_owned())?;
    request = request.header(name, value);
    let own = sending.get.map_or(&[][..], |get| &get.headers);
    for (name, value) in options.headers.iter().chain(own) {
        request = request.header(*name, value);
    }
    Ok(match sending.body {
        Body::None => request,
        Body::Form(form) => request.header("content-type", "application/x-www-form-urlencoded").body(form.clone()),
        Body::Json(json) => request.header("content-type", "application/json").body(json.clone()),
    })
}

/// What went wrong while an answer was read.
pub(super) type Broke = (ApiErrorKind, String);

/// Sends a request and reads its answer, up to `most` bytes. An answer that broke off is given with what there was of it.
pub(super) async fn send(
    request: RequestBuilder,
    most: usize,
    timeout: Duration,
) -> Result<(RawReply, Option<Broke>), reqwest::Error> {
    let mut answer = request.timeout(timeout).send().await?;
    let status = answer.status().as_u16();
    let headers = std::mem::take(answer.headers_mut());
    let mut body = BytesMut::new();
    let broke = loop {
        match answer.chunk().await {
            Ok(None) => break None,
            Ok(Some(bytes)) if body.len() + bytes.len() > most => {
                break Some((ApiErrorKind::Garbage, format!("its answer is longer than {most} bytes")));
            }
            Ok(Some(bytes)) => body.extend_from_slice(&bytes),
            Err(error) => break Some((ApiErrorKind::Unreachable, super::failure::broke(&error))),
        }
    };
    let reply = Reply { value: body.freeze(), status, next: None, headers };
    Ok((reply, broke))
}

impl Reply<Bytes> {
    /// The same with the question for the page after this.
    pub(super) fn following(mut self, get: Option<&Get>) -> Self {
        self.next = get.and_then(|get| get.next(self.header("link")?));
        self
    }
}
