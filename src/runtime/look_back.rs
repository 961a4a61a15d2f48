//! Further back in the logs than what is held: read from the hosts, or looked for there.

use std::pin::Pin;
use std::sync::Arc;

use super::fleet::Fleet;
use crate::app::message::Message;
use crate::domain::query::Query;
use crate::logs::engine::EngineHandle;
use crate::logs::sieve::Sieve;
use crate::logs::source::{Brought, Sieving};

/// So much of each source is brought at once.
const OLDER_BYTES: u64 = 256 << 10;
/// So much of each source its host looks through at once for a filter.
const SIEVED_BYTES: u64 = 512 << 20;

/// Brings what was written before the oldest lines; where the filter has a text that hosts can look for, only what passes
/// it, and that from much further back. Afresh: from where the lines begin that came without a filter.
pub fn ask(
    fleet: &Fleet,
    engine: &EngineHandle,
    filter: Query,
    afresh: bool,
) -> impl Future<Output = Message> + Send + 'static {
    let sieve = Sieve::of_query(&filter).map(Arc::new);
    if sieve.is_some() && afresh {
        engine.forget_sieved();
    }
    let brought: Pin<Box<dyn Future<Output = Brought> + Send>> = match sieve {
        Some(sieve) => {
            let sieving = Sieving { sieve, query: Arc::new(filter), afresh };
            Box::pin(fleet.sieved(SIEVED_BYTES, OLDER_BYTES, &sieving))
        }
        None => Box::pin(fleet.older(OLDER_BYTES)),
    };
    async move {
        let brought = brought.await;
        let filtered = (brought.looked > 0).then_some((brought.sent, brought.looked));
        Message::Older { bad: !brought.failed.is_empty(), text: brought.words(), filtered }
    }
}
