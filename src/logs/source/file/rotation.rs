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

    /// The file at our path is not the one we were reading: what is left of that one, unless it `is_read`, and what came
    /// after it is read.
    pub(super) async fn after_rotation(&mut self, is_read: bool) -> Result<(), Gone> {
        let chain = self.chain(is_read, MISSES).await?;
        let Chain::Read { live, from, damaged } = chain else { return Ok(()) };
        if from.is_none() && !is_read {
            let what = "the file was rotated away and is nowhere to be found; its unread rest is lost";
            let mut gap = event(SourceEventKind::Gap, what);
            let partial = self.lines.drop_partial();
            gap.bytes = (partial > 0).then_some(partial);
            self.tail.event(&self.source, gap).await?;
        }
        if let Some(path) = damaged {
            self.damaged(&path).await?;
        }
        self.begin_anew(live).await?;
        self.tail.event(&self.source, event(SourceEventKind::Rotated, "a new file has taken its place")).await
    }

    /// The file was cut short in place. What was unread may be in a copy of it, and in what was copied since.
    pub(super) async fn after_cut(&mut self) -> Result<(), Gone> {
        // Not by its inode: the file that has it is the one that was cut.
        if let Some(place) = &mut self.place {
            place.inode.clear();
        }
        let Chain::Read { live, from, damaged } = self.chain(false, 1).await? else { return Ok(()) };
        let mut truncated = event(SourceEventKind::Truncated, "");
        truncated.detail = match (&from, &damaged) {
            (Some(path), None) => {
                format!("the file was cut short in place; its rest was read from {}", one_line(path, 200))
            }
            (_, damaged) => {
                self.flush_pieces().await?;
                let partial = self.lines.drop_partial();
                truncated.bytes = (partial > 0).then_some(partial);
                let why = damaged.as_ref().map(|path| format!("; its copy {} is damaged", one_line(path, 200)));
                let why = why.unwrap_or_default();
                format!("the file was cut short in place{why}; what was not yet read is gone")
            }
        };
        self.begin_anew(live).await?;
        self.tail.event(&self.source, truncated).await
    }

    /// Reads on at the beginning of another file.
    async fn begin_anew(&mut self, live: Option<Place>) -> Result<(), Gone> {
        self.flush_partial().await?;
        self.place = live;
        self.lines = Lines::default();
        Ok(())
    }

    /// Reads the rest of the file that we were in, unless it `is_read`, and then each file that came after it but the
    /// live one. Names move on while that is done (another rotation), so they are listed anew after each. A file that is
    /// not found, or not whole, is looked for so many times.
    async fn chain(&mut self, mut is_read: bool, misses: u32) -> Result<Chain, Gone> {
        let (mut missed, mut live, mut from, mut damaged) = (0, None, None, None);
        while let Some(place) = self.place.clone() {
            let there = self.siblings().await;
            live = self.live(&there);
            if !self.tail.transport.link().borrow().is_up() {
                return Ok(Chain::Lost);
            }
            let rest = follow::rest(&there, &self.path, &place.inode, place.offset, &place.fingerprint);
            match (rest.first(), rest.get(1)) {
                (None, _) if is_read || missed + 1 >= misses => break,
                (None, _) => missed += 1,
                (Some(ours), _) if !is_read => {
                    let broken = match self.read(&ours.path, ours.known(), place.offset, false).await? {
                        Outcome::Ended(Ended::Read) => {
                            (is_read, missed) = (true, 0);
                            from.get_or_insert(ours.path.clone());
                            continue;
                        }
                        // Gone again in the middle: what was read counts, and the rest is looked for anew.
                        Outcome::Lost => return Ok(Chain::Lost),
                        outcome => matches!(outcome, Outcome::Ended(Ended::Damaged)),
                    };
                    missed += 1;
                    // While it is being packed it is not whole yet.
                    if missed >= MISSES {
                        from.get_or_insert(ours.path.clone());
                        damaged = broken.then(|| ours.path.clone()).or(damaged);
                        is_read = true;
                    }
                }
                (Some(_), Some(next)) => {
                    self.begin_anew(Some(next.beginning())).await?;
                    (is_read, missed) = (false, 0);
                    continue;
                }
                (Some(_), None) => break,
            }
            tokio::time::sleep(MOVING).await;
        }
        Ok(Chain::Read { live, from, damaged })
    }

    /// The beginning of the file that bears the name in a listing: by the time that it is opened another may.
    fn live(&self, there: &[Sibling]) -> Option<Place> {
        there.iter().find(|s| s.path == self.path).map(Sibling::beginning)
    }
}

/// What became of the files between the one that we were in and the live one.
enum Chain {
    /// The link went away; our place is in one of them.
    Lost,
    /// All that can be had was read.
    Read {
        /// The beginning of the live file.
        live: Option<Place>,
        /// Where the rest of ours was found.
        from: Option<String>,
        /// One that ended before its end.
        damaged: Option<String>,
    },
}

impl Sibling {
    /// Where it begins.
    fn beginning(&self) -> Place {
        Place::new(self.inode.clone(), 0, &self.fingerprint)
    }
}
