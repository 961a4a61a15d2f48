//! Answers that were had before, for APIs that say whether they still hold (`ETag`, RFC 9110 13.1.2).

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::exchange::Sending;
use super::request::{Get, RawReply};

/// The most answers that are kept.
const MOST: usize = 32;
/// The longest answer that is kept, in bytes: together they hold 16 MiB at most.
const LONGEST: usize = 512 << 10;

/// The newest answers that can be asked after.
#[derive(Default)]
pub(super) struct Cache(Mutex<VecDeque<(Get, Known)>>);

/// An answer and its mark.
#[derive(Clone)]
pub(super) struct Known {
    pub etag: String,
    reply: RawReply,
}

impl Known {
    /// The answer once more, with what the API says of its budget now.
    pub fn reply(self, now: RawReply) -> RawReply {
        let mut headers = self.reply.headers;
        for (name, value) in &now.headers {
            headers.insert(name.clone(), value.clone());
        }
        RawReply { headers, ..self.reply }
    }
}

impl Cache {
    pub fn get(&self, sending: &Sending<'_>) -> Option<Known> {
        let get = sending.get?;
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|(key, _)| key == get).map(|(_, known)| known.clone())
    }

    pub fn keep(&self, get: &Get, reply: &RawReply) {
        let Some(etag) = reply.header("etag") else { return };
        if reply.status != 200 || reply.value.len() > LONGEST {
            return;
        }
        let known = Known { etag: etag.to_owned(), reply: reply.clone() };
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|(key, _)| key != get);
        all.push_back((get.clone(), known));
        if all.len() > MOST {
            all.pop_front();
        }
    }
}
