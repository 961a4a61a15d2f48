//! What goes on here is told to people who do not sit at this screen.

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use super::Shared;
use crate::actions::announce::Announcement;
use crate::app::message::Message;
use crate::domain::act::News;

/// What people are told of: that it begins, and how it ended.
const PIECES: usize = 2;

impl Shared {
    /// People are told of what happens under this number: how it ended, and where it lasts, that it began.
    pub(super) fn announce(shared: &Arc<Self>, ticket: u64, announcement: Announcement, lasts: bool) {
        let (to, mut news) = mpsc::channel(PIECES);
        shared.besides().insert(ticket, to);
        let messages = shared.messages.clone();
        tokio::spawn(async move {
            let mut begins = lasts;
            while let Some(news) = news.recv().await {
                let told = match &news {
                    News::Begun(_) if std::mem::take(&mut begins) => announcement.began().await,
                    News::Over(ending) => announcement.ended(ending).await,
                    _ => Ok(()),
                };
                if let Err(why) = told {
                    let _ = messages.send(Message::Acted(ticket, News::Warning(why))).await;
                }
            }
        });
    }

    /// Hands on what people are told of. There is always room for how it ended.
    pub(super) fn told_besides(&self, ticket: u64, news: &News) {
        let mut besides = self.besides();
        match (news, besides.get(&ticket)) {
            (News::Begun(_), Some(to)) if to.capacity() == PIECES => _ = to.try_send(news.clone()),
            (News::Over(_) | News::Left(_), Some(_)) => {
                if let Some(to) = besides.remove(&ticket) {
                    let _ = to.try_send(news.clone());
                }
            }
            _ => {}
        }
    }

    fn besides(&self) -> MutexGuard<'_, BTreeMap<u64, mpsc::Sender<News>>> {
        self.announced.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
