//! Waiting for a host's link.

use tokio::sync::watch;

use crate::domain::host::{Link, LinkState};
use crate::transport::SharedTransport;

/// Waits until the link is up. None when it is closed for good; with `once`, also when it fails.
pub(super) async fn up(transport: &SharedTransport, once: bool) -> Result<(), String> {
    let mut link: watch::Receiver<Link> = transport.link();
    let settled = |link: &Link| match link.state {
        LinkState::Up | LinkState::Down => true,
        LinkState::Connecting => false,
        _ => once,
    };
    let Ok(link) = link.wait_for(settled).await else { return Err("closed".to_owned()) };
    if link.is_up() {
        return Ok(());
    }
    Err(link.error.as_ref().map_or_else(|| "closed".to_owned(), ToString::to_string))
}
