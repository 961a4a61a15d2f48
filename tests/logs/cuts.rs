//! Files that are cut short in place, packed or damaged while they are read, or while nobody looks.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use quarterdeck::domain::log::{Feed, SourceEventKind};
use quarterdeck::logs::source::{Start, TailHandle, TailOptions, tail};
use quarterdeck::transport::SharedTransport;
use tokio::sync::mpsc;

use crate::exact::{Seen, file, from_the_beginning, local};
use crate::files::append;

/// A log that is followed from its beginning.
struct Followed {
    folder: tempfile::TempDir,
    log: PathBuf,
    transport: SharedTransport,
    feed: mpsc::Receiver<Feed>,
    seen: Seen,
    _tail: TailHandle,
}

impl Followed {
    async fn with(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("x.log");
        fs::write(&log, text).unwrap();
        let transport = local();
        let (sender, feed) = mpsc::channel(64);
        let tail = tail(transport.clone(), None, file(&log), from_the_beginning(), sender);
        let mut followed = Self { folder, log, transport, feed, seen: Seen::default(), _tail: tail };
        followed.until("what was there", |seen| seen.caught_up == 1).await;
        followed
    }

    async fn until(&mut self, what: &str, done: impl Fn(&Seen) -> bool) {
        self.seen.until(&mut self.feed, what, done).await;
    }

    async fn until_line(&mut self, last: &str) {
        self.until(last, |seen| seen.lines.last().is_some_and(|line| line == last)).await;
    }

    fn write(&self, lines: std::ops::Range<u32>) {
        let text: String = lines.map(numbered).collect();
        append(&self.log, text.as_bytes());
    }

    fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What logrotate's copytruncate does.
    fn copy_and_cut(&self) {
        fs::copy(&self.log, self.beside("x.log.1")).unwrap();
        fs::OpenOptions::new().write(true).truncate(true).open(&self.log).unwrap();
    }

    /// The link is gone while this is done, and then it is back.
    async fn while_away(&mut self, done: impl FnOnce(&Self)) {
        let generation = self.transport.link().borrow().generation;
        self.transport.declare_dead(generation, "test");
        self.until("the loss of the link", |seen| seen.saw(SourceEventKind::Disconnected)).await;
        done(self);
        self.transport.reconnect();
    }

    /// All that reads the log stands still while this is done.
    fn while_frozen(&self, done: impl FnOnce(&Self)) {
        let mut stopped = Vec::new();
        loop {
            // Between two looks another may have been started.
            let running: Vec<String> = readers(&self.log).into_iter().filter(|id| !stopped.contains(id)).collect();
            if running.is_empty() && !stopped.is_empty() {
                break;
            }
            running.iter().for_each(|id| signal("STOP", id));
            stopped.extend(running);
        }
        done(self);
        stopped.iter().for_each(|id| signal("CONT", id));
    }

    fn told(&self, kind: SourceEventKind) -> usize {
        self.seen.events.iter().filter(|(_, seen)| *seen == kind).count()
    }

    fn expect(&self, lines: std::ops::Range<u32>) {
        let expected: Vec<String> = lines.map(|n| numbered(n).trim_end().to_owned()).collect();
        assert_eq!(self.seen.lines.len(), expected.len());
        assert_eq!(self.seen.lines, expected, "{:?}", self.seen.events);
    }
}

fn numbered(n: u32) -> String {
    format!("line {n} of a log, as long as one usually is\n")
}

/// The processes that have the file open.
fn readers(path: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for process in fs::read_dir("/proc").unwrap().flatten() {
        let id = process.file_name().into_string().unwrap();
        let open = fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten();
        let reads = open.filter_map(|fd| fs::read_link(fd.path()).ok()).any(|target| target == path);
        if reads && id != std::process::id().to_string() && id.chars().all(|c| c.is_ascii_digit()) {
            found.push(id);
        }
    }
    found
}

/// The process may have ended meanwhile.
fn signal(name: &str, process: &str) {
    let _ = Command::new("kill").args(["-s", name, process]).stderr(std::process::Stdio::null()).status().unwrap();
}

fn gzip(path: &Path) {
    assert!(Command::new("gzip").arg(path).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_empty_when_it_was_opened_loses_nothing_at_its_cut() {
    let mut log = Followed::with("").await;
    log.write(0..5);
    log.until("the first lines", |seen| seen.lines.len() == 5).await;
    log.while_frozen(|log| {
        log.write(5..10);
        log.copy_and_cut();
        log.write(10..12);
    });
    log.until_line(numbered(11).trim_end()).await;
    log.expect(0..12);
    assert_eq!((log.told(SourceEventKind::Truncated), log.told(SourceEventKind::Gap)), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_grew_past_its_old_place_after_a_cut_is_known_by_its_beginning() {
    // The second is beyond what fits into any buffer between the file and us.
    for lines in [20, 20_000] {
        let mut log = Followed::with("").await;
        log.write(0..lines);
        log.until("the first lines", |seen| seen.lines.len() == lines as usize).await;
        log.while_frozen(|log| {
            log.write(lines..lines + 10);
            log.copy_and_cut();
            log.write(lines + 10..3 * lines + 10);
        });
        log.until_line(numbered(3 * lines + 9).trim_end()).await;
        log.expect(0..3 * lines + 10);
        assert_eq!(log.told(SourceEventKind::Truncated), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_does_it_deceive_where_that_happens_while_the_link_is_away() {
    let mut log = Followed::with("").await;
    log.write(0..20);
    log.until("the first lines", |seen| seen.lines.len() == 20).await;
    log.while_away(|log| {
        log.write(20..30);
        log.copy_and_cut();
        log.write(30..100);
    })
    .await;
    log.until_line(numbered(99).trim_end()).await;
    log.expect(0..100);
    assert_eq!(log.told(SourceEventKind::Truncated), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cut_and_packed_while_the_link_is_away_is_unpacked() {
    let mut log = Followed::with("").await;
    log.write(0..20);
    log.until("the first lines", |seen| seen.lines.len() == 20).await;
    log.while_away(|log| {
        log.write(20..30);
        log.copy_and_cut();
        gzip(&log.beside("x.log.1"));
        log.write(30..40);
    })
    .await;
    log.until_line(numbered(39).trim_end()).await;
    log.expect(0..40);
    assert_eq!((log.told(SourceEventKind::Truncated), log.told(SourceEventKind::Gap)), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_file_with_the_old_ones_inode_is_not_the_old_one() {
    let mut log = Followed::with("").await;
    log.write(0..20);
    log.until("the first lines", |seen| seen.lines.len() == 20).await;
    log.while_away(|log| {
        log.write(20..30);
        // The file of that inode is gone, but a packed copy is there; the same inode bears a new file.
        log.copy_and_cut();
        gzip(&log.beside("x.log.1"));
        fs::rename(log.beside("x.log.1.gz"), log.beside("x.log.2.gz")).unwrap();
        log.write(30..130);
    })
    .await;
    log.until_line(numbered(129).trim_end()).await;
    log.expect(0..130);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_rotations_while_the_link_is_away_lose_nothing_whichever_inode_the_new_file_gets() {
    let mut log = Followed::with("").await;
    log.write(0..20);
    log.until("the first lines", |seen| seen.lines.len() == 20).await;
    log.while_away(|log| {
        log.write(20..30);
        // What logrotate does with `compress` and `delaycompress`, twice: the old file's inode is free then, and file
        // systems hand it out again.
        fs::rename(&log.log, log.beside("x.log.1")).unwrap();
        log.write(30..40);
        gzip(&log.beside("x.log.1"));
        fs::rename(log.beside("x.log.1.gz"), log.beside("x.log.2.gz")).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(1100));
        fs::rename(&log.log, log.beside("x.log.1")).unwrap();
        log.write(40..140);
    })
    .await;
    log.until_line(numbered(139).trim_end()).await;
    log.expect(0..140);
    assert_eq!(log.told(SourceEventKind::Gap), 0);
}

/// Packs lines and cuts the archive in its middle.
fn damaged(path: &Path, lines: std::ops::Range<u32>) {
    // Lines that cannot be packed well, so that half of the archive holds about half of them.
    let text: String = lines.map(|n| format!("{n} {:x}\n", u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    fs::write(path, text).unwrap();
    gzip(path);
    let packed = path.with_file_name(format!("{}.gz", path.file_name().unwrap().to_str().unwrap()));
    let bytes = fs::read(&packed).unwrap();
    fs::write(&packed, &bytes[..bytes.len() / 2]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_archive_gives_what_it_can_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("x.log");
    damaged(&folder.path().join("x.log.1"), 0..5000);
    append(&log, b"live\n");
    let since = Start::Since(chrono::Utc::now() - chrono::TimeDelta::hours(1));
    let options = TailOptions { start: since, follow: false, ..from_the_beginning() };
    let (sender, mut feed) = mpsc::channel(64);
    let _tail = tail(local(), None, file(&log), options, sender);
    let mut seen = Seen::default();
    seen.until(&mut feed, "the end", |seen| seen.finished).await;
    assert_eq!(seen.lines.last().map(String::as_str), Some("live"));
    let unpacked = seen.lines.len() - 1;
    assert!((1000..5000).contains(&unpacked), "{unpacked}");
    assert_eq!(seen.events.iter().filter(|event| **event == (unpacked, SourceEventKind::Gap)).count(), 1);
    for (n, line) in seen.lines[..unpacked].iter().enumerate() {
        assert_eq!(line.split(' ').next(), Some(n.to_string().as_str()), "a torn line");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn so_does_one_that_was_packed_and_damaged_while_the_link_was_away() {
    let mut log = Followed::with("").await;
    log.write(0..20);
    log.until("the first lines", |seen| seen.lines.len() == 20).await;
    log.while_away(|log| {
        // Another file, and so of another inode, bears the name.
        fs::write(log.beside("new"), "after\n").unwrap();
        fs::rename(log.beside("new"), &log.log).unwrap();
        // The same beginning, so that it is known again.
        let whole: String = (0..20).map(numbered).collect();
        let rest: String = (20..5000u32).map(|n| format!("{:x}\n", n.wrapping_mul(0x9e37_79b9))).collect();
        fs::write(log.beside("x.log.1"), whole + &rest).unwrap();
        gzip(&log.beside("x.log.1"));
        let packed = log.beside("x.log.1.gz");
        let bytes = fs::read(&packed).unwrap();
        fs::write(&packed, &bytes[..bytes.len() / 2]).unwrap();
    })
    .await;
    log.until_line("after").await;
    assert_eq!(log.told(SourceEventKind::Gap), 1, "{:?}", log.seen.events);
    assert!((1000..5000).contains(&log.seen.lines.len()), "{}", log.seen.lines.len());
}
