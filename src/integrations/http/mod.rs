//! HTTP, both ways that it is spoken here.
//!
//! [`ApiClient`] asks hosted APIs, from this machine and with a secret. [`HostHttp`] is HTTP as a host sees it:
//! questions to its own addresses, put over its connection. There, nothing of this machine's network is involved: no
//! proxy of the environment, no name resolution here. Redirects are answers like any other and are not followed. Where
//! the host forbids forwarding, its own curl or wget asks instead.

mod address;
mod api;
mod budget;
mod cache;
mod cause;
mod exchange;
mod failure;
mod finding;
mod on_host;
mod options;
mod public_url;
mod request;
mod tunnel;
mod webhook;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use native_tls::TlsConnector;
use reqwest::Url;
use tokio::sync::OnceCell;

use crate::transport::SharedTransport;
use crate::transport::folder::Folder;
use tunnel::Tunnel;

pub use api::{ApiClient, Listed};
pub use budget::Limit;
pub use finding::finding;
pub use options::{ApiOptions, Auth, LONGEST_PAUSE, SecretSource};
pub use public_url::public_url;
pub use request::{Change, Get, Method, RawReply, Reply};
pub use webhook::Webhook;

/// The most that is read of an answer.
const BODY_BYTES: usize = 64 << 10;

/// An answer of any status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status code.
    pub status: u16,
    /// The body's first 64 KiB.
    pub body: Vec<u8>,
}

/// Why there is no answer. Every text may hold what the host said and is to be made safe before it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpError {
    /// It is no URL that can be asked, and why.
    Url(String),
    /// Nobody listens at this address of the host.
    Refused(String),
    /// The host opens no connections for this account and has no program to ask with; what it said.
    Forbidden(String),
    /// No whole answer in this time.
    Timeout(Duration),
    /// The host's link is not up, or was lost.
    LinkLost,
    /// Anything else: what failed.
    Failed(String),
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(why) => write!(f, "the URL cannot be asked: {why}"),
            Self::Refused(address) => write!(f, "connection refused on {address}"),
            Self::Forbidden(said) => {
                write!(
                    f,
                    "the host forbids forwarding ({said}) and has neither curl nor wget; allow AllowTcpForwarding"
                )
            }
            Self::Timeout(after) => write!(f, "no answer within {} s", after.as_secs_f32()),
            Self::LinkLost => write!(f, "the host is not connected"),
            Self::Failed(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for HttpError {}

/// Puts HTTP questions from one host.
pub struct HostHttp {
    transport: SharedTransport,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    folder: Option<Folder>,
    tunnels: HashMap<(String, u16), Arc<Tunnel>>,
    /// The link generation in which the host forbade forwarding.
    forbidden: Option<u64>,
}

impl HostHttp {
    /// One for the host at the other end. Nothing is opened before the first question.
    pub fn new(transport: SharedTransport) -> Self {
        Self { transport, state: Mutex::default() }
    }

    /// Gets a URL as the host sees it.
    pub async fn get(&self, url: &str, timeout: Duration) -> Result<Answer, HttpError> {
        let url = Url::parse(url).map_err(|error| HttpError::Url(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(HttpError::Url(format!("{} is neither http nor https", url.scheme())));
        }
        let generation = {
            let link = self.transport.link();
            let link = link.borrow();
            if !link.is_up() {
                return Err(HttpError::LinkLost);
            }
            link.generation
        };
        if self.locked(|state| state.forbidden) != Some(generation) {
            let tunnel = self.tunnel(&url, tls().await?)?;
            match tunnel.get(url.clone(), timeout).await {
                Err(HttpError::Forbidden(_)) => self.locked(|state| state.forbidden = Some(generation)),
                other => return other,
            }
        }
        on_host::get(&self.transport, &url, timeout).await
    }

    /// The tunnel to the address of a URL, made when it is first needed.
    fn tunnel(&self, url: &Url, tls: TlsConnector) -> Result<Arc<Tunnel>, HttpError> {
        let host = url.host_str().ok_or_else(|| HttpError::Url("it names no host".to_owned()))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = url.port_or_known_default().ok_or_else(|| HttpError::Url("it names no port".to_owned()))?;
        self.locked(|state| {
            if let Some(tunnel) = state.tunnels.get(&(host.clone(), port)) {
                return Ok(Arc::clone(tunnel));
            }
            let folder = match &mut state.folder {
                Some(folder) => folder,
                none => none.insert(Folder::new().map_err(|error| {
                    HttpError::Failed(format!(
                        "no private folder for sockets: {error}; see whether TMPDIR can be written"
                    ))
                })?),
            };
            let tunnel = Tunnel::open(Arc::clone(&self.transport), (host.clone(), port), &folder.socket(), tls)
                .map_err(|error| HttpError::Failed(format!("no private socket: {error}")))?;
            let tunnel = Arc::new(tunnel);
            state.tunnels.insert((host, port), Arc::clone(&tunnel));
            Ok(tunnel)
        })
    }

    fn locked<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What all clients of this process share: reading the system's certificates takes a tenth of a second of the
/// processor, which each client of each host would otherwise do anew.
async fn tls() -> Result<TlsConnector, HttpError> {
    static TLS: OnceCell<TlsConnector> = OnceCell::const_new();
    let read = async || tokio::task::spawn_blocking(TlsConnector::new).await;
    let failed = |error: &dyn fmt::Display| HttpError::Failed(format!("TLS cannot be used here: {error}"));
    let tls = TLS.get_or_try_init(async || match read().await {
        Ok(Ok(tls)) => Ok(tls),
        Ok(Err(error)) => Err(failed(&error)),
        Err(error) => Err(failed(&error)),
    });
    tls.await.cloned()
}

/// Why a dial to an address of the host ended without an answer, from what the transport says: OpenSSH's reasons are
/// those of RFC 4254 5.1, a local one is the system's.
fn dial_error((host, port): &(String, u16), said: &str) -> HttpError {
    let address = format!("{host}:{port}");
    let said_low = said.to_ascii_lowercase();
    let loopback = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    if said_low.contains("prohibited") {
        HttpError::Forbidden(said.to_owned())
    } else if said_low.contains("refused") || (loopback && said_low.contains("connect failed")) {
        HttpError::Refused(address)
    } else {
        let said = said.strip_prefix(address.as_str()).map_or(said, |rest| rest.trim_start_matches([':', ' ']));
        HttpError::Failed(format!("cannot connect to {address}: {said}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart() {
        let local = ("127.0.0.1".to_owned(), 8000);
        let far = ("10.0.0.9".to_owned(), 80);
        let refused = HttpError::Refused("127.0.0.1:8000".to_owned());
        assert_eq!(dial_error(&local, "127.0.0.1:8000: connect failed"), refused);
        assert_eq!(dial_error(&local, "Connection refused (os error 111)"), refused);
        assert!(matches!(dial_error(&far, "administratively prohibited"), HttpError::Forbidden(_)));
        assert_eq!(
            dial_error(&far, "10.0.0.9:80: connect failed"),
            HttpError::Failed("cannot connect to 10.0.0.9:80: connect failed".to_owned())
        );
    }
}
