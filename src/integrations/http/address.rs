//! Where an API is, and the client for it.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use reqwest::{Certificate, Client, Url, redirect};

use super::failure;
use crate::domain::text::one_line;

/// An address to which a secret may be sent: https, or this machine itself; plain http elsewhere only with leave.
pub(super) fn parse(text: &str, plain_http: bool) -> Result<Url, String> {
    // The parser's own words do not repeat the text.
    let url = Url::parse(text).map_err(|error| format!("its url cannot be used: {error}"))?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if plain_http || is_own(&url) => Ok(url),
        "http" => Err("its url is not https, and anybody on the way could read the token".to_owned()),
        _ => Err("its url is neither https nor http".to_owned()),
    }
}

/// Whether it is this machine.
fn is_own(url: &Url) -> bool {
    let host = url.host_str().unwrap_or("").trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The client for an address: no redirects, the environment's proxies, the system's certificate authorities and this one.
pub(super) fn client(url: &Url, timeout: Duration, ca_file: Option<&Path>) -> Result<Client, String> {
    let mut builder = Client::builder()
        .redirect(redirect::Policy::none())
        .connect_timeout(Duration::from_secs(10).min(timeout))
        .timeout(timeout)
        .pool_idle_timeout(Duration::from_secs(60))
        .user_agent(concat!("quarterdeck/", env!("CARGO_PKG_VERSION")));
    if is_own(url) {
        // A proxy of the environment has its own idea of what localhost is.
        builder = builder.no_proxy();
    }
    for certificate in ca_file.map(certificates).transpose()?.into_iter().flatten() {
        builder = builder.add_root_certificate(certificate);
    }
    builder.build().map_err(|error| format!("no HTTP client: {}", failure::broke(&error)))
}

fn certificates(path: &Path) -> Result<Vec<Certificate>, String> {
    let shown = one_line(&path.to_string_lossy(), 200);
    let pem = std::fs::read(path).map_err(|error| format!("the ca_file {shown} cannot be read: {error}"))?;
    let certificates = Certificate::from_pem_bundle(&pem).unwrap_or_default();
    if certificates.is_empty() {
        return Err(format!("the ca_file {shown} holds no certificate in PEM"));
    }
    Ok(certificates)
}
