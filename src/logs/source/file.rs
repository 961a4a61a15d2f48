//! File sources: a path or a glob, through rotation, truncation and lost links.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::barred::{self, Barred};
use super::follow::{self, Ended, Header, LONGEST_HEADER, Reading};
use super::lines::Lines;
use super::older::Oldest;
use super::pieces::Pieces;
use super::{Gone, Start, Tail, event, link};
use crate::domain::log::{Feed, FileId, LineSpot, Source, SourceEventKind};
use crate::domain::text::one_line;
use crate::transport::{Chunk, ExecSpec, Exit};

/// How long a listing of a folder may take.
const LISTING: Duration = Duration::from_secs(20);
/// Between attempts at something that the host refuses for now.
const PATIENCE: Duration = Duration::from_secs(2);
/// The next piece of a line is waited for as long as so many looks (20 seconds).
const PAUSE: u32 = 100;
/// The longest that is said of why a file cannot be read.
const MESSAGE: usize = 400;

mod given;
mod outcome;
mod place;
mod rotation;
mod sieved;
mod start;

use outcome::Outcome;
use place::Place;
pub(super) use sieved::Found;

/// Reads every file that the path or glob names.
pub(super) async fn run(tail: Tail, path: String) {
    if !follow::is_glob(&path) {
        let _ = File::new(tail, &path).run().await;
        return;
    }
    let mut known: HashSet<String> = HashSet::new();
    let mut files = tokio::task::JoinSet::new();
    let mut told = String::new();
    while link::up(&tail.transport, !tail.options.follow).await.is_ok() {
        let script = follow::watch(&path, tail.options.follow, tail.poll_seconds().max(1.0));
        let mut stream = tail.transport.exec(ExecSpec::stream(script));
        let (mut lines, mut said) = (Lines::default(), Vec::new());
        let mut listed = false;
        let (mut complaint, mut end) = (Vec::new(), Exit::ConnectionLost);
        while let Some(chunk) = stream.output.recv().await {
            match chunk {
                Chunk::Out(bytes) => lines.push(bytes, &mut said),
                Chunk::Err(bytes) => complaint.extend_from_slice(&bytes[..bytes.len().min(1024 - complaint.len())]),
                Chunk::Dropped { .. } => {}
                Chunk::End(exit) => {
                    end = exit;
                    break;
                }
            }
            for line in said.drain(..) {
                let file = String::from_utf8_lossy(&line.bytes).into_owned();
                listed |= file.is_empty();
                if listed && !std::mem::take(&mut told).is_empty() {
                    let source = tail.source(&format!("file:{path}"));
                    let _ = tail.event(&source, event(SourceEventKind::Connected, "")).await;
                }
                if !file.is_empty() && known.insert(file.clone()) {
                    // What appears later is new: all of it is wanted.
                    let mut tail = tail.clone();
                    if listed {
                        tail.options.start = Start::All;
                    }
                    files.spawn(async move {
                        let _ = File::new(tail, &file).run().await;
                    });
                }
            }
        }
        let listing = |why: &str| format!("{path} on {} cannot be listed: {why}", tail.transport.host());
        let why = match end {
            _ if listed => None,
            Exit::Code(0) => None,
            Exit::Code(code) => Some(match Barred::parse(&complaint).filter(|_| code == barred::CODE) {
                Some(barred) => tail.barred(&barred),
                None => listing(&format!("ended with code {code}: {}", String::from_utf8_lossy(&complaint).trim())),
            }),
            Exit::Refused(why) => Some(listing(&why)),
            _ => None,
        };
        let pause = if why.is_some() { PATIENCE * 5 } else { PATIENCE };
        // The same once more is no news.
        if let Some(why) = why.filter(|why| told != *why) {
            let source = tail.source(&format!("file:{path}"));
            told.clone_from(&why);
            let _ = tail.send(Feed::Opened(source.clone())).await;
            let _ = tail.send(Feed::Failed(source, one_line(&why, MESSAGE))).await;
        }
        if !tail.options.follow {
            break;
        }
        tokio::time::sleep(pause).await;
    }
    while files.join_next().await.is_some() {}
}

/// One file being followed.
struct File {
    tail: Tail,
    path: String,
    source: Arc<Source>,
    place: Option<Place>,
    lines: Lines,
    pieces: Pieces,
    caught_up: bool,
    /// Since when the link has been gone.
    away: Option<Instant>,
    /// Lines and bytes delivered since it was back.
    recovered: (u64, u64),
    /// Why it cannot be read, as was told last.
    told: String,
    /// Bytes that were sent of what its host looked through, and how many that was.
    sifted: (u64, u64),
}

impl File {
    fn new(tail: Tail, path: &str) -> Self {
        let source = tail.source(&format!("file:{path}"));
        Self {
            tail,
            path: path.to_owned(),
            source,
            place: None,
            lines: Lines::default(),
            pieces: Pieces::default(),
            caught_up: false,
            away: None,
            recovered: (0, 0),
            told: String::new(),
            sifted: (0, 0),
        }
    }

    async fn run(mut self) -> Result<(), Gone> {
        self.tail.send(Feed::Opened(self.source.clone())).await?;
        let once = !self.tail.options.follow;
        let mut begin = true;
        loop {
            if let Err(why) = link::up(&self.tail.transport, once).await {
                return self.tail.send(Feed::Unreached(self.source.clone(), why)).await;
            }
            if begin {
                begin = false;
                self.begin().await?;
            }
            let path = self.path.clone();
            let outcome = match self.place.clone() {
                Some(place) => self.read(&path, Some(place.inode), place.offset, !once).await?,
                None => self.read(&path, None, 0, !once).await?,
            };
            match outcome {
                Outcome::Ended(Ended::Read) if once => {
                    self.flush_partial().await?;
                    self.flush_pieces().await?;
                    return self.be_caught_up().await;
                }
                Outcome::Ended(Ended::Read) => tokio::time::sleep(PATIENCE).await,
                // The file that bears the name now need not be the next one: it may have been rotated twice meanwhile.
                Outcome::Ended(Ended::Replaced) => self.after_rotation(true).await?,
                Outcome::Ended(Ended::Other) => self.after_rotation(false).await?,
                Outcome::Ended(Ended::Cut) => self.after_cut().await?,
                // Only what rotation has packed is unpacked here.
                Outcome::Ended(Ended::Damaged) => self.damaged(&path).await?,
                Outcome::Ended(Ended::Unreadable) if self.place.is_some() => self.after_rotation(false).await?,
                // What we were in may have been rotated away, and only its successor be barred.
                Outcome::Barred(barred) if barred.is_log() && self.place.is_some() => {
                    self.after_rotation(false).await?
                }
                Outcome::Barred(barred) => {
                    let why = self.tail.barred(&barred);
                    self.fail(why, PATIENCE * 5).await?;
                    // Once it may be read it begins where it was to begin.
                    begin = self.place.is_none();
                }
                Outcome::Ended(Ended::Unreadable) if self.tail.sudo.is_none() => {
                    self.fail(
                        format!("{} on {} cannot be read: it is not there", self.path, self.source.host),
                        PATIENCE,
                    )
                    .await?;
                }
                Outcome::Ended(Ended::Unreadable) => {
                    let why = format!(
                        "{} on {} cannot be read; is it there, and does sudo let it be read?{}",
                        self.path,
                        self.source.host,
                        self.tail.why_not_root()
                    );
                    self.fail(why, PATIENCE * 5).await?;
                }
                Outcome::Lost if once => {
                    let why = format!("the connection to {} was lost", self.source.host);
                    return self.tail.send(Feed::Unreached(self.source.clone(), why)).await;
                }
                Outcome::Lost => {
                    if self.away.is_none() {
                        self.away = Some(Instant::now());
                        self.recovered = (0, 0);
                        let gone = event(SourceEventKind::Disconnected, "the link went away");
                        self.tail.event(&self.source, gone).await?;
                    }
                }
                Outcome::Refused(why) => self.fail(why, PATIENCE).await?,
            }
            if once && !self.told.is_empty() {
                return self.be_caught_up().await;
            }
        }
    }

    /// Says why it cannot be read, unless that was said before, and waits until it is worth another try.
    async fn fail(&mut self, why: String, pause: Duration) -> Result<(), Gone> {
        self.tell(&why).await?;
        if self.tail.options.follow {
            tokio::time::sleep(pause).await;
        }
        Ok(())
    }

    /// Reads a file from an offset on; lines go out as they come, and the place moves with them.
    async fn read(&mut self, open: &str, inode: Option<String>, offset: u64, follow: bool) -> Result<Outcome, Gone> {
        let name = self.path.clone();
        let reading = Reading {
            name: &name,
            open,
            inode: inode.as_deref(),
            offset,
            follow,
            poll: self.tail.poll_seconds(),
            sudo: false,
        };
        let mut spec = ExecSpec::stream(follow::follow(&reading));
        spec.stdin = follow;
        let otherwise = follow::follow(&Reading { sudo: true, ..reading });
        let mut stream = self.tail.exec_or(spec, Some(otherwise)).await;
        let mut header: Option<Header> = None;
        let mut first = Vec::new();
        let mut complaint = Vec::new();
        'chunks: loop {
            let chunk = tokio::select! {
                chunk = stream.output.recv() => chunk,
                () = tokio::time::sleep(self.tail.options.poll * PAUSE), if !self.pieces.is_empty() => {
                    self.flush_pieces().await?;
                    continue;
                }
            };
            let Some(chunk) = chunk else { return Ok(Outcome::Lost) };
            let mut bytes = match chunk {
                Chunk::Out(bytes) => bytes,
                Chunk::Err(bytes) => {
                    complaint.extend_from_slice(&bytes[..bytes.len().min(1024 - complaint.len().min(1024))]);
                    continue;
                }
                Chunk::Dropped { bytes, lines } => {
                    if header.is_none() {
                        return Ok(Outcome::Lost);
                    }
                    if let Some(place) = &mut self.place {
                        place.offset += bytes;
                    }
                    self.flush_pieces().await?;
                    let source = self.source.clone();
                    self.tail.dropped(&source, &mut self.lines, bytes, lines).await?;
                    continue;
                }
                Chunk::End(exit) => return Ok(Outcome::of(exit, &complaint)),
            };
            while header.is_none() {
                let end = memchr::memchr(b'\n', &bytes);
                first.extend_from_slice(&bytes[..end.unwrap_or(bytes.len())]);
                let Some(end) = end else {
                    if first.len() > LONGEST_HEADER {
                        return Ok(Outcome::Refused("the host says something else than was asked".to_owned()));
                    }
                    continue 'chunks;
                };
                bytes = bytes.slice(end + 1..);
                if first == follow::WAITS {
                    first.clear();
                    // Nobody is to wait unknowing for a log whose name is wrong.
                    let path = one_line(&self.path, 200);
                    self.tell(&format!("{path} is not there on {}; once it is, it is read", self.source.host)).await?;
                    continue;
                }
                let Some(read) = Header::parse(&String::from_utf8_lossy(&first)) else {
                    return Ok(Outcome::Refused(format!(
                        "not the answer asked for: {}",
                        String::from_utf8_lossy(&first)
                    )));
                };
                // It may have been cut short and have grown past our place while nobody looked.
                if follow && self.place.as_ref().is_some_and(|place| !place.begins_like(&read.fingerprint)) {
                    return Ok(Outcome::Ended(Ended::Cut));
                }
                self.opened(&read, open, offset, follow).await?;
                header = Some(read);
            }
            self.take(bytes).await?;
            if let Some(header) = &header
                && follow
                && self.place.as_ref().is_some_and(|place| place.offset >= header.size)
            {
                self.be_back().await?;
                self.be_caught_up().await?;
            }
        }
    }

    /// A reading began: which file it is.
    /// Says why it is not read, unless that was said before.
    async fn tell(&mut self, why: &str) -> Result<(), Gone> {
        let why = one_line(why, MESSAGE);
        if self.told != why {
            self.told.clone_from(&why);
            self.tail.send(Feed::Failed(self.source.clone(), why)).await?;
        }
        Ok(())
    }

    async fn opened(&mut self, header: &Header, open: &str, offset: u64, live: bool) -> Result<(), Gone> {
        let packed = header.inode == "gz";
        let id = FileId {
            name: self.path.clone(),
            inode: if packed { open.to_owned() } else { header.inode.clone() },
            fingerprint: header.fingerprint.clone(),
        };
        self.tail.known.begins(&self.source, Oldest::At(LineSpot::File(Arc::new(id), offset)));
        if !packed {
            self.place = Some(Place::new(header.inode.clone(), offset, &header.fingerprint));
        }
        let was_told = !std::mem::take(&mut self.told).is_empty();
        if live && (was_told || !self.caught_up && self.away.is_none()) {
            self.tail.event(&self.source, event(SourceEventKind::Connected, "")).await?;
        }
        Ok(())
    }
}
