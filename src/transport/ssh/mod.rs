//! SSH by libssh2, in this process.
//!
//! Each connection is one driver thread that alone touches the session and its channels (libssh2's `channel_free` takes
//! no lock of ssh2's, and a crypto step must not hold up another host). Connecting and authenticating block that
//! thread; from then on the session is non-blocking and the thread sleeps in `poll`. The async side sees only channels.

mod auth;
mod channel;
mod driver;
mod handshake;
mod identity;
mod opening;
mod pool;
mod wake;
mod wire;

use std::sync::Arc;

use super::remote::{Attempt, Connected, Failed};

/// Connects and authenticates.
pub(super) async fn connect(attempt: Attempt) -> Result<Connected, Failed> {
    let (pool, rtt) = pool::Pool::connect(attempt).await?;
    Ok((Arc::new(pool), rtt))
}
