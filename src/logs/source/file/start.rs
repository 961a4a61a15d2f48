//! Where the reading of a file begins.

use chrono::{DateTime, Utc};

use super::sieved::Sifted;
use super::{File, LISTING, Outcome, Place};
use crate::domain::log::SourceEventKind;
use crate::domain::text::size;
use crate::logs::parse::{Parser, TimeField};
use crate::logs::source::follow::{self, Ended, Sibling};
use crate::logs::source::lines::Lines;
use crate::logs::source::{Gone, Start, event};
use crate::transport::{ExecSpec, Exit};

/// How much is fetched to learn what time it is at a place of a file.
const BLOCK: u64 = 16 << 10;
/// A moment is looked for until its place is known this well; lines before it are the reader's to leave out.
const NEAR: u64 = 64 << 10;

/// Where the reading of a file begins: at the beginning of a line.
#[derive(Clone, Copy, Debug, Default)]
struct Begin {
    offset: u64,
    /// Bytes before that of the line in which it was to begin.
    left_out: u64,
    /// The end of that line is not written yet.
    is_torn: bool,
}

impl File {
    /// Finds where to begin, and reads rotated files first when that is asked for.
    pub(super) async fn begin(&mut self) -> Result<(), Gone> {
        match self.tail.options.start {
            Start::All if self.tail.options.sieve.is_some() => {
                let all = self.siblings().await;
                let live = all.iter().find(|file| file.path == self.path);
                if let Some(live) = live {
                    self.begin_after_sieve(live, 0).await?;
                }
                self.tell_sifted().await
            }
            Start::All => Ok(()),
            Start::Now => self.begin_before_the_end(0).await,
            Start::Lines(lines) => self.begin_before_the_end(lines).await,
            Start::Since(since) => self.begin_at(since, None).await,
            Start::Lately { since, bytes } => self.begin_at(since, Some(bytes)).await,
        }
    }

    async fn begin_before_the_end(&mut self, lines: u64) -> Result<(), Gone> {
        let spec = ExecSpec::script(follow::start(&self.path, lines, false), LISTING);
        let otherwise = follow::start(&self.path, lines, true);
        let said = self.tail.exec_or(spec, Some(otherwise)).await.collect(4096).await;
        let text = String::from_utf8_lossy(&said.out).into_owned();
        let mut words = text.split_whitespace();
        let place = (words.next(), words.next().and_then(|off| off.parse().ok()));
        if let (Exit::Code(0), (Some(inode), Some(offset))) = (said.exit, place) {
            self.begin_from(inode.to_owned(), offset, String::new());
        }
        Ok(())
    }

    /// At a moment, in the live file or in one that was rotated since; with `most`, at most so many bytes before the
    /// end of the live file and in no other.
    async fn begin_at(&mut self, since: DateTime<Utc>, most: Option<u64>) -> Result<(), Gone> {
        let all = self.siblings().await;
        let written_since = |s: &&Sibling| i64::try_from(s.mtime).is_ok_and(|at| at >= since.timestamp());
        let older = all.iter().filter(|s| s.path != self.path && most.is_none()).filter(written_since);
        let mut chain: Vec<&Sibling> = follow::newest_last(older);
        chain.extend(all.iter().find(|s| s.path == self.path));
        let Some(oldest) = chain.first() else { return Ok(()) };
        let begin = match oldest.known() {
            Some(_) => self.moment(oldest, since, most.unwrap_or(u64::MAX)).await,
            // Nothing can be looked up within a packed file.
            None => Begin::default(),
        };
        if begin.left_out > BLOCK {
            let what = format!("it began within a line, whose last {} are left out", size(begin.left_out));
            let mut told = event(SourceEventKind::Gap, what);
            (told.bytes, told.lost) = (Some(begin.left_out), Some(0));
            self.tail.event(&self.source, told).await?;
        }
        for (n, file) in chain.iter().enumerate() {
            let offset = if n == 0 { begin.offset } else { 0 };
            if file.path == self.path {
                self.begin_after_sieve(file, offset).await?;
                if n == 0 && begin.is_torn {
                    self.lines.tear();
                }
                return self.tell_sifted().await;
            }
            let Sifted::UpTo(offset) = self.sifted(file, offset).await? else { continue };
            self.lines = Lines::at(offset);
            match self.read(&file.path, file.known(), offset, false).await? {
                Outcome::Ended(Ended::Damaged) => self.damaged(&file.path).await?,
                // Its rest is found again by its inode, once the link is back.
                Outcome::Lost if file.known().is_some() && self.place.is_some() => return Ok(()),
                _ => {}
            }
            self.flush_partial().await?;
        }
        self.place = None;
        self.lines = Lines::default();
        self.tell_sifted().await
    }

    /// In the live file at an offset, or where its host has looked through it to.
    async fn begin_after_sieve(&mut self, live: &Sibling, offset: u64) -> Result<(), Gone> {
        if let Sifted::UpTo(offset) = self.sifted(live, offset).await? {
            self.begin_from(live.inode.clone(), offset, live.fingerprint.clone());
        }
        Ok(())
    }

    fn begin_from(&mut self, inode: String, offset: u64, fingerprint: String) {
        self.place = Some(Place::new(inode, offset, &fingerprint));
        self.lines = Lines::at(offset);
    }

    /// The beginning of a line that is not far before the first one of that moment, nor more than `most` bytes before
    /// the end. Times in a log only grow, so a few looks find it.
    async fn moment(&self, file: &Sibling, since: DateTime<Utc>, most: u64) -> Begin {
        let (mut low, mut high) = (file.size.saturating_sub(most), file.size);
        let since = since.timestamp_micros();
        let mut look = low;
        while high - low > NEAR {
            match self.time_at(file, look).await {
                Some(time) if time >= since && look == low => break,
                Some(time) if time >= since => high = look,
                Some(_) => low = look,
                // Without times all of it is wanted.
                None => break,
            }
            look = low + (high - low) / 2;
        }
        if low == 0 {
            return Begin::default();
        }
        let block = self.block(file, low).await;
        let (left_out, is_torn) = match memchr::memchr(b'\n', &block) {
            Some(end) => (end as u64 + 1, false),
            None => self.rest_of_line(file, low).await.unwrap_or((0, false)),
        };
        Begin { offset: low + left_out, left_out, is_torn }
    }

    /// How many bytes a line has from here on, and whether its end is not written yet.
    async fn rest_of_line(&self, file: &Sibling, offset: u64) -> Option<(u64, bool)> {
        let script = follow::rest_of_line(&file.path, offset);
        let said = self.tail.exec(ExecSpec::script(script, LISTING)).await.collect(64).await;
        let said = String::from_utf8_lossy(&said.out).into_owned();
        let mut counts = said.split_whitespace().map(|count| count.parse::<u64>().ok());
        let (ends, bytes) = (counts.next()??, counts.next()??);
        Some((bytes, ends == 0))
    }

    /// The time of the first line after a place that bears one, in microseconds since the epoch.
    async fn time_at(&self, file: &Sibling, offset: u64) -> Option<i64> {
        let block = self.block(file, offset).await;
        let now = Utc::now().timestamp_nanos_opt()?;
        let mut parser = Parser::default();
        let mut lines = block.split(|byte| *byte == b'\n');
        // The first line may be the end of one.
        let cut = usize::from(offset > 0);
        lines.by_ref().take(cut).for_each(drop);
        lines.find_map(|line| match parser.line(line, now).time {
            TimeField::At(time) => Some(time.micros()),
            TimeField::Missing | TimeField::Bad => None,
        })
    }

    async fn block(&self, file: &Sibling, offset: u64) -> Vec<u8> {
        let script = follow::block(&file.path, offset, BLOCK);
        self.tail.exec(ExecSpec::script(script, LISTING)).await.collect(BLOCK as usize).await.out.to_vec()
    }
}
