//! An account for whoever looks on: its figures and rows as they come, and again whenever it is time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::Utc;
use tokio::sync::{Notify, watch};

use super::account::Account;
use super::books::{Books, Known, Resource};
use super::figures::figures;
use super::rows::business;
use crate::domain::business::Ledger;

/// During a walk, what is known so far is shown at most this often.
const SHOWN_EVERY: Duration = Duration::from_secs(1);
/// So many rows of each kind are shown.
const ROWS: usize = 200;

/// Keeps an account up to date for as long as anybody looks on. `now` asks for a round before it is time.
pub async fn keep(mut account: Account, every: Duration, now: Arc<Notify>, to: watch::Sender<Arc<Ledger>>) {
    let (source, zone) = (account.source().to_owned(), account.zone());
    let show = |books: &Books, walking: bool| {
        let at = Utc::now();
        let mut counters = figures(books, at, zone, &source);
        let first =
            Resource::FIGURES.iter().any(|one| books.known(*one) != Known::All && !books.fresh.contains_key(one));
        counters.loading = (walking && first).then_some(books.count() as u64);
        to.send_replace(Arc::new(Ledger { source: source.clone(), counters, business: business(books, at, ROWS) }));
    };
    while !to.is_closed() {
        let mut shown = Instant::now();
        let mut seen = |books: &Books| {
            if shown.elapsed() >= SHOWN_EVERY {
                show(books, true);
                shown = Instant::now();
            }
        };
        tokio::select! {
            () = account.refresh(Utc::now(), &mut seen) => {}
            // Nobody waits for the rest of it.
            () = to.closed() => return,
        }
        show(account.books(), false);
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = now.notified() => {}
            () = to.closed() => return,
        }
    }
}
