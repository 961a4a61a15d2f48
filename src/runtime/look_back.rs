//! Further back in the logs than what is held: read from the hosts, or looked for there.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::fleet::Fleet;
use crate::app::effect::Effect;
use crate::app::message::Message;
use crate::domain::log::{LineSpot, Source};
use crate::domain::log_view::{LookedThrough, MoreAround, RowId, Sought};
use crate::logs::engine::EngineHandle;
use crate::logs::source::{Brought, Progress, Sieving, Stretch, Surroundings};

/// So much of each source is brought at once.
const OLDER_BYTES: u64 = 256 << 10;
/// So much of each source is brought for a search that its host cannot look for, to be looked through here.
const SEARCHED_BYTES: u64 = 4 << 20;
/// So much of each source its host looks through at once.
const SIEVED_BYTES: u64 = 512 << 20;
/// So much is read before and after a line that came alone, and then each time beyond that.
const AROUND_BYTES: u64 = 256 << 10;
/// How often is told how far it has come.
const TELLING: Duration = Duration::from_millis(300);

/// Begins what an effect asks for, in place of what was begun before.
pub fn perform(
    effect: Effect,
    fleet: Option<&Fleet>,
    engine: &EngineHandle,
    messages: &mpsc::Sender<Message>,
) -> JoinSet<()> {
    let (mut tasks, messages) = (JoinSet::new(), messages.clone());
    match (fleet, effect) {
        (Some(fleet), Effect::Older { number, sought, afresh }) => {
            tasks.spawn(older(fleet, engine, messages, number, sought, afresh));
        }
        (Some(fleet), Effect::Around { row, source, spot }) => {
            tasks.spawn(around(fleet, engine, messages, row, source, spot));
        }
        (Some(fleet), Effect::ReadOn { number, line, source, spot, older }) => {
            let (read, engine) = (fleet.further(source, spot, older, AROUND_BYTES), engine.clone());
            tasks.spawn(async move {
                let found = read_on(read, &engine, line, older).await;
                // Who is gone needs to know nothing.
                let _ = messages.send(Message::ReadOn { number, found }).await;
            });
        }
        _ => {}
    }
    tasks
}

/// Brings what was written before the oldest lines; where there is something to look for, only that, and from much further
/// back. Afresh: from where the lines begin that came otherwise. What came of it is told under a number.
fn older(
    fleet: &Fleet,
    engine: &EngineHandle,
    messages: mpsc::Sender<Message>,
    number: u64,
    sought: Sought,
    afresh: bool,
) -> impl Future<Output = ()> + Send + 'static {
    let searched = sought.search.is_some();
    let does = if searched { "match" } else { "pass" };
    let (progress, brought): (Arc<Progress>, Pin<Box<dyn Future<Output = Brought> + Send>>) =
        match Sieving::new(sought, afresh) {
            Some(sieving) => {
                let few = if searched && !sieving.is_for_hosts() { SEARCHED_BYTES } else { OLDER_BYTES };
                (sieving.progress.clone(), Box::pin(fleet.sieved(SIEVED_BYTES, few, &sieving)))
            }
            None => (Arc::default(), Box::pin(fleet.older(OLDER_BYTES))),
        };
    let engine = engine.clone();
    async move {
        let mut told = LookedThrough::default();
        let mut ticks = tokio::time::interval(TELLING);
        tokio::pin!(brought);
        let brought = loop {
            tokio::select! {
                brought = &mut brought => break brought,
                _ = ticks.tick() => {
                    let through = progress.so_far();
                    if std::mem::replace(&mut told, through) != through {
                        // Who is gone needs to know nothing.
                        let reached = progress.reached();
                        let _ = messages.send(Message::LookingBack { number, through, reached }).await;
                    }
                }
            }
        };
        // What was found is to be shown at once.
        engine.settled().await;
        let (bad, text, through) = (!brought.failed.is_empty(), brought.words(does), brought.through());
        let mut reached = progress.reached();
        reached.add(brought.reached);
        let _ = messages.send(Message::Older { number, bad, text, through, reached }).await;
    }
}

/// Reads what stands around a line of a source, and gives it to the engine to be shown.
fn around(
    fleet: &Fleet,
    engine: &EngineHandle,
    messages: mpsc::Sender<Message>,
    row: RowId,
    source: Arc<Source>,
    spot: LineSpot,
) -> impl Future<Output = ()> + Send + 'static {
    let (read, engine) = (fleet.around(source.clone(), spot, AROUND_BYTES), engine.clone());
    async move {
        let found = match read.await {
            Ok(Surroundings { lines, at, ends }) => match engine.excerpt(source, lines, at).await {
                Some(line) => Ok((line, ends)),
                None => Err("nothing is there".to_owned()),
            },
            Err(why) => Err(why),
        };
        // Who is gone needs to know nothing.
        let _ = messages.send(Message::Around { row, found }).await;
    }
}

/// Gives the engine more of what stands around a line.
async fn read_on(
    read: impl Future<Output = Result<Stretch, String>>,
    engine: &EngineHandle,
    line: RowId,
    older: bool,
) -> Result<MoreAround, String> {
    let (lines, end) = read.await?;
    let count = lines.len();
    let room = engine.read_on(line, lines, older).await.ok_or("it was let go; go back and there again")?;
    Ok(MoreAround { lines: count, end, is_full: !room })
}
