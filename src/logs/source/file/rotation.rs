//! What is done when the file at a path is no longer the one that was read: rotated away, or cut short in place.

use std::time::Duration;

use super::{File, LISTING, Outcome, Place};
use crate::domain::log::SourceEventKind;
use crate::domain::text::one_line;
use crate::logs::source::follow::{self, Ended, Sibling};
use crate::logs::source::lines::Lines;
use crate::logs::source::{Gone, event};
use crate::transport::ExecSpec;

/// How often a rotated file is looked for, and how long between: its name may be moving on just then.
const MISSES: u32 = 10;
const MOVING: Duration = Duration::from_millis(50);

impl File {
    pub(super) async fn siblings(&self) -> Vec<Sibling> {
        let script = follow::siblings(&self.path);
        let said = self.tail.exec(ExecSpec::script(script, LISTING)).await.collect(1 << 20).await;
        String::from_utf8_lossy(&said.out).lines().filter_map(Sibling::parse).collect()
    }

    /// The file at our path is not the one we were reading: reads the rest of that one, unless it `is_read`, and what came
    /// after it to the end. Names move on while that is done (another rotation), so each file is known by its inode, and
    /// they are listed anew after each.
    pub(super) async fn after_rotation(&mut self, mut is_read: bool) -> Result<(), Gone> {
        let (mut misses, mut live, mut damaged) = (0, None, None);
        while let Some(place) = self.place.clone() {
            let there = self.siblings().await;
            live = self.live(&there);
            if !self.tail.transport.link().borrow().is_up() {
                return Ok(());
            }
            let rest = follow::rest(&there, &self.path, &place.inode, place.offset, &place.fingerprint);
            match (rest.first(), rest.get(1)) {
                (None, _) if is_read => break,
                (Some(ours), _) if !is_read => {
                    match self.read(&ours.path, ours.known(), place.offset, false).await? {
                        Outcome::Ended(Ended::Read) => is_read = true,
                        // Gone again in the middle: what was read counts, and the rest is looked for anew.
                        Outcome::Lost => return Ok(()),
                        outcome => {
                            damaged = matches!(outcome, Outcome::Ended(Ended::Damaged)).then(|| ours.path.clone());
                            misses += 1;
                        }
                    }
                }
                (Some(_), Some(next)) => {
                    self.flush_partial().await?;
                    self.lines = Lines::default();
                    self.place = Some(next.beginning());
                    (is_read, misses) = (false, 0);
                }
                (Some(_), None) => break,
                (None, _) => misses += 1,
            }
            if misses > 0 {
                if misses == MISSES
                    && let Some(path) = damaged.take()
                {
                    self.damaged(&path).await?;
                    (is_read, misses) = (true, 0);
                    continue;
                }
                if misses == MISSES {
                    let what = "the file was rotated away and is nowhere to be found; its unread rest is lost";
                    let mut gap = event(SourceEventKind::Gap, what);
                    let partial = self.lines.drop_partial();
                    gap.bytes = (partial > 0).then_some(partial);
                    self.tail.event(&self.source, gap).await?;
                    break;
                }
                tokio::time::sleep(MOVING).await;
            }
        }
        self.flush_partial().await?;
        self.place = live;
        self.lines = Lines::default();
        self.tail.event(&self.source, event(SourceEventKind::Rotated, "a new file has taken its place")).await
    }

    /// The file was cut short in place. What was unread may be in a copy of it.
    pub(super) async fn after_cut(&mut self) -> Result<(), Gone> {
        let (mut truncated, mut live, mut why) = (event(SourceEventKind::Truncated, ""), None, None);
        for _ in 0..MISSES {
            let Some(place) = self.place.clone() else { break };
            let there = self.siblings().await;
            live = self.live(&there);
            if !self.tail.transport.link().borrow().is_up() {
                return Ok(());
            }
            // Not by its inode: the file that has it is the one that was cut.
            let rest = follow::rest(&there, &self.path, "", place.offset, &place.fingerprint);
            let Some(copy) = rest.first() else { break };
            match self.read(&copy.path, copy.known(), place.offset, false).await? {
                Outcome::Ended(Ended::Read) => {
                    self.flush_partial().await?;
                    truncated.detail = format!(
                        "the file was cut short in place; its rest was read from {}",
                        one_line(&copy.path, 200)
                    );
                    break;
                }
                // The copy is looked for again when the link is back: it is what our place is in now.
                Outcome::Lost => return Ok(()),
                // It is being packed or moved on just now.
                outcome => {
                    let damaged = matches!(outcome, Outcome::Ended(Ended::Damaged));
                    why = damaged.then(|| format!("; its copy {} is damaged", one_line(&copy.path, 200)));
                    tokio::time::sleep(MOVING).await;
                }
            }
        }
        if truncated.detail.is_empty() {
            let partial = self.lines.drop_partial();
            truncated.bytes = (partial > 0).then_some(partial);
            let why = why.unwrap_or_default();
            truncated.detail = format!("the file was cut short in place{why}; what was not yet read is gone");
        }
        self.place = live;
        self.lines = Lines::default();
        self.tail.event(&self.source, truncated).await
    }

    /// The beginning of the file that bears the name in a listing: by the time that it is opened another may.
    fn live(&self, there: &[Sibling]) -> Option<Place> {
        there.iter().find(|s| s.path == self.path).map(Sibling::beginning)
    }
}

impl Sibling {
    /// Where it begins.
    fn beginning(&self) -> Place {
        Place::new(self.inode.clone(), 0, &self.fingerprint)
    }
}
