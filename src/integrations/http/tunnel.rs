//! A client whose every connection goes through a host to one address.
//!
//! The HTTP client speaks to a socket in a private folder; what it opens there is carried over the host's connection.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use native_tls::TlsConnector;
use reqwest::{Client, Url, redirect};
use tokio::net::UnixListener;
use tokio::task::{JoinHandle, JoinSet};

use super::cause::cause;
use super::{Answer, BODY_BYTES, HttpError, dial_error};
use crate::transport::{Exit, SharedTransport, carry};

/// The client for one address.
pub(super) struct Tunnel {
    client: Client,
    address: (String, u16),
    /// How the last connection that could not be had ended.
    ended: Arc<Mutex<Option<Exit>>>,
    listener: JoinHandle<()>,
}

impl Tunnel {
    /// Listens on the socket and builds the client for it.
    pub fn open(
        transport: SharedTransport,
        address: (String, u16),
        socket: &Path,
        tls: TlsConnector,
    ) -> std::io::Result<Self> {
        let client = Client::builder()
            .unix_socket(socket)
            .redirect(redirect::Policy::none())
            .tls_backend_preconfigured(tls)
            .no_proxy()
            // A kept connection would hold one of the session's few channels.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("quarterdeck/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(std::io::Error::other)?;
        let listener = UnixListener::bind(socket)?;
        let ended = Arc::default();
        let listener = tokio::spawn(listen(listener, transport, address.clone(), Arc::clone(&ended)));
        Ok(Self { client, address, ended, listener })
    }

    /// Gets a URL of this address.
    pub async fn get(&self, url: Url, timeout: Duration) -> Result<Answer, HttpError> {
        self.take_end();
        let answer = self.client.get(url).timeout(timeout).send().await;
        match answer {
            Ok(answer) => read(answer).await.map_err(|error| self.explain(&error, timeout)),
            Err(error) => Err(self.explain(&error, timeout)),
        }
    }

    fn explain(&self, error: &reqwest::Error, timeout: Duration) -> HttpError {
        match self.take_end() {
            Some(Exit::Refused(said)) => return dial_error(&self.address, &said),
            Some(Exit::ConnectionLost) => return HttpError::LinkLost,
            _ => {}
        }
        if error.is_timeout() {
            return HttpError::Timeout(timeout);
        }
        HttpError::Failed(format!("{}:{}: {}", self.address.0, self.address.1, cause(error)))
    }

    fn take_end(&self) -> Option<Exit> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn read(mut answer: reqwest::Response) -> Result<Answer, reqwest::Error> {
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    while let Some(bytes) = answer.chunk().await? {
        let room = BODY_BYTES.saturating_sub(body.len()).min(bytes.len());
        body.extend_from_slice(&bytes[..room]);
        if body.len() == BODY_BYTES {
            break;
        }
    }
    Ok(Answer { status, body })
}

async fn listen(
    listener: UnixListener,
    transport: SharedTransport,
    address: (String, u16),
    ended: Arc<Mutex<Option<Exit>>>,
) {
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let stream = transport.dial(&address.0, address.1);
        let ended = Arc::clone(&ended);
        connections.spawn(async move {
            let (mut read, mut write) = socket.into_split();
            let end = carry(stream, (&mut read, &mut write), Bytes::new()).await;
            if let Some(Exit::Refused(_) | Exit::ConnectionLost) = end {
                *ended.lock().unwrap_or_else(PoisonError::into_inner) = end;
            }
            // Only now does the client see the end, and asks why.
            drop((read, write));
        });
    }
}
