//! Standard input as a log source.

use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::domain::log::{Feed, Source};
use crate::logs::output::STDIN;
use crate::logs::source::lines::Lines;

/// Bytes read at a time.
const CHUNK: usize = 64 << 10;

/// Reads standard input to its end, on a thread of its own: a read of a terminal cannot be given up.
pub(super) fn read(feed: mpsc::Sender<Feed>) {
    std::thread::spawn(move || {
        let source = Arc::new(Source { host: "stdin".into(), service: None, name: STDIN.into() });
        let mut lines = Lines::default();
        let mut chunk = vec![0; CHUNK];
        let mut input = std::io::stdin().lock();
        loop {
            let mut out = Vec::new();
            let count = match input.read(&mut chunk) {
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    let _ = feed.blocking_send(Feed::Failed(source.clone(), error.to_string()));
                    0
                }
            };
            if count == 0 {
                lines.finish(&mut out);
            } else {
                lines.push(Bytes::copy_from_slice(&chunk[..count]), &mut out);
            }
            let sent = feed.blocking_send(Feed::Lines(source.clone(), out));
            if count == 0 || sent.is_err() {
                // Nobody listens any more when this fails.
                let _ = feed.blocking_send(Feed::Finished(source.host.clone()));
                return;
            }
        }
    });
}
