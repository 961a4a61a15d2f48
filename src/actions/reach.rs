//! Waiting for hosts.

use std::time::Duration;

use crate::domain::host::{Link, LinkState};
use crate::transport::SharedTransport;

/// Waits until a host can be asked, or why it cannot.
pub async fn reach(transport: &SharedTransport, patience: Duration) -> Result<(), String> {
    let mut link = transport.link();
    let settled = |link: &Link| link.is_up() || (link.error.is_some() && link.state != LinkState::Connecting);
    let told = |link: &Link| link.error.as_ref().map_or_else(|| "no answer in time".to_owned(), ToString::to_string);
    let said = match tokio::time::timeout(patience, link.wait_for(settled)).await {
        Ok(Ok(link)) if link.is_up() => return Ok(()),
        Ok(Ok(link)) => told(&link),
        Ok(Err(_)) => "the connection was closed".to_owned(),
        Err(_) => String::new(),
    };
    if said.is_empty() { Err(told(&link.borrow())) } else { Err(said) }
}

/// Waits until a host that was lost can be asked again.
pub async fn again(transport: &SharedTransport, patience: Duration) -> bool {
    let mut link = transport.link();
    let up = link.wait_for(Link::is_up);
    matches!(tokio::time::timeout(patience, up).await, Ok(Ok(_)))
}
