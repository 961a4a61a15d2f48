//! Exactness: every line once and in order, whatever happens to the link and the file.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use quarterdeck::domain::host::Host;
use quarterdeck::domain::log::{Feed, LineSpot, Source, SourceEventKind, SourceKind, SourceSpec};
use quarterdeck::domain::settings::SshSettings;
use quarterdeck::logs::source::{Start, TailOptions, tail};
use quarterdeck::transport::{Connector, Nobody, SharedTransport};
use tokio::sync::mpsc;

use crate::support::Fleet;

/// What a tail delivered.
#[derive(Default)]
pub struct Seen {
    /// Lines, in order.
    pub lines: Vec<String>,
    /// Lines from before those, in order.
    pub older: Vec<String>,
    /// The source that delivered lines last.
    pub source: Option<Arc<Source>>,
    /// Where those stand that came alone.
    pub spots: Vec<LineSpot>,
    /// Ledger rows: after how many lines, what.
    pub events: Vec<(usize, SourceEventKind)>,
    /// What tools said of their own.
    pub said: Vec<String>,
    /// Sources that could not be read, and why.
    pub failed: Vec<String>,
    /// Sources that have delivered what there was.
    pub caught_up: usize,
    /// All is done.
    pub finished: bool,
}

impl Seen {
    /// Takes what comes next.
    pub fn take(&mut self, feed: Feed) {
        match feed {
            Feed::Older(_, lines) => {
                let older = lines.iter().map(|line| String::from_utf8_lossy(&line.bytes).into_owned());
                self.older.splice(0..0, older);
            }
            Feed::Sieved(_, lines, _) => {
                let older = lines.iter().map(|lone| String::from_utf8_lossy(&lone.line.bytes).into_owned());
                self.older.splice(0..0, older);
                self.spots.splice(0..0, lines.into_iter().filter_map(|lone| lone.spot));
            }
            Feed::Lines(source, lines) => {
                self.source = Some(source);
                self.lines.extend(lines.iter().map(|l| String::from_utf8_lossy(&l.bytes).into_owned()));
            }
            Feed::Event(_, event) => {
                self.events.push((self.lines.len(), event.kind));
                self.said.extend(Some(event.detail).filter(|_| event.kind == SourceEventKind::Said));
            }
            Feed::Failed(_, why) | Feed::Unreached(_, why) => self.failed.push(why),
            Feed::CaughtUp(_) => self.caught_up += 1,
            Feed::Finished(_) => self.finished = true,
            Feed::Opened(_) => {}
        }
    }

    /// Reads until the condition holds; panics with what there is when it does not come.
    pub async fn until(&mut self, feed: &mut mpsc::Receiver<Feed>, what: &str, done: impl Fn(&Self) -> bool) {
        let patience = Duration::from_secs(30);
        while !done(self) {
            match tokio::time::timeout(patience, feed.recv()).await {
                Ok(Some(next)) => self.take(next),
                Ok(None) => panic!("the feed ended before {what}"),
                Err(_) => panic!(
                    "{what} did not come; {} lines, last {:?}, events {:?}, failed {:?}",
                    self.lines.len(),
                    self.lines.last(),
                    self.events,
                    self.failed
                ),
            }
        }
    }

    /// Whether an event of this kind was seen.
    pub fn saw(&self, kind: SourceEventKind) -> bool {
        self.events.iter().any(|(_, seen)| *seen == kind)
    }
}

/// A transport to a host of the fleet.
pub fn fleet_host(fleet: &Fleet, name: &str) -> SharedTransport {
    let settings = SshSettings { config: Some(fleet.ssh_config()), ..SshSettings::default() };
    Connector::new(settings, Vec::new(), Arc::new(Nobody)).connect(&Host::named(name, "test"))
}

/// This machine.
pub fn local() -> SharedTransport {
    let mut host = Host::named("here", "test");
    host.transport = quarterdeck::domain::host::TransportChoice::Local;
    Connector::new(SshSettings::default(), Vec::new(), Arc::new(Nobody)).connect(&host)
}

/// A file source.
pub fn file(path: &Path) -> SourceSpec {
    SourceSpec { kind: SourceKind::File(path.to_str().unwrap().to_owned()), sudo: false }
}

/// Follow from the beginning, looking often.
pub fn from_the_beginning() -> TailOptions {
    TailOptions { start: Start::All, follow: true, poll: Duration::from_millis(100), ..TailOptions::default() }
}

/// Writes numbered lines until stopped; how many.
pub struct Writer {
    stop: Arc<AtomicBool>,
    count: Arc<AtomicU64>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Writer {
    /// Two thousand lines a second, appended to whatever bears the name, opened anew for each batch.
    pub fn start(path: &Path) -> Self {
        let (stop, count) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (path, stopped, written) = (path.to_owned(), stop.clone(), count.clone());
        let thread = std::thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&path).unwrap();
                for _ in 0..20 {
                    let n = written.fetch_add(1, Ordering::Relaxed);
                    writeln!(file, "seq={n} some text that makes it as long as a line of a log usually is").unwrap();
                }
                std::thread::sleep(Duration::from_millis(10));
            }
        });
        Self { stop, count, thread: Some(thread) }
    }

    /// Stops; how many lines were written.
    pub fn stop(mut self) -> u64 {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
        self.count.load(Ordering::Relaxed)
    }
}

fn numbers(lines: &[String], key: &str) -> Vec<u64> {
    lines
        .iter()
        .filter_map(|line| line.split_whitespace().find_map(|word| word.strip_prefix(key)?.parse().ok()))
        .collect()
}

/// Renames a log and its copies, of which none is deleted: what is no longer there, nobody can read.
fn rotate(log: &Path) {
    let copy = |n: u32| log.with_extension(format!("log.{n}"));
    let copies = (1..).take_while(|n| copy(*n).exists()).count() as u32;
    for n in (1..=copies).rev() {
        std::fs::rename(copy(n), copy(n + 1)).unwrap();
    }
    std::fs::rename(log, copy(1)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rotations_and_lost_links_lose_and_repeat_nothing() {
    rotations_and_lost_links(false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_do_they_where_the_file_is_read_through_sudo() {
    rotations_and_lost_links(true).await;
}

async fn rotations_and_lost_links(sudo: bool) {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("app.log");
    let writer = Writer::start(&log);
    let transport = local();
    let (sender, mut feed) = mpsc::channel(64);
    let spec = SourceSpec { sudo, ..file(&log) };
    let _tail = tail(transport.clone(), None, spec, from_the_beginning(), sender);
    let mut seen = Seen::default();
    for round in 0..6 {
        let target = seen.lines.len() + 500;
        seen.until(&mut feed, "more lines", |seen| seen.lines.len() >= target).await;
        // While the link is away the file is rotated, once and twice.
        let generation = transport.link().borrow().generation;
        transport.declare_dead(generation, "test");
        for _ in 0..round % 3 {
            std::thread::sleep(Duration::from_millis(30));
            rotate(&log);
            std::thread::sleep(Duration::from_millis(1100));
        }
    }
    let written = writer.stop();
    seen.until(&mut feed, "the last line", |seen| seen.lines.len() as u64 >= written).await;
    let expected: Vec<u64> = (0..written).collect();
    assert_eq!(numbers(&seen.lines, "seq="), expected);
    assert!(
        seen.saw(SourceEventKind::Recovered) && seen.saw(SourceEventKind::Rotated) && !seen.saw(SourceEventKind::Gap)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_rotations_at_once_lose_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let [log, one, two] = ["app.log", "app.log.1", "app.log.2"].map(|name| folder.path().join(name));
    std::fs::write(&log, "seq=0\n").unwrap();
    let (sender, mut feed) = mpsc::channel(64);
    let _tail = tail(local(), None, file(&log), from_the_beginning(), sender);
    let mut seen = Seen::default();
    seen.until(&mut feed, "the first line", |seen| seen.caught_up == 1).await;
    // Faster than anyone looks.
    std::fs::rename(&log, &two).unwrap();
    std::fs::write(&one, "seq=1\n").unwrap();
    std::fs::write(&log, "seq=2\n").unwrap();
    seen.until(&mut feed, "the last line", |seen| seen.lines.iter().any(|line| line == "seq=2")).await;
    assert_eq!(numbers(&seen.lines, "seq="), [0, 1, 2]);
}

/// What is done to a host, its link or its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The session's own process on the host is killed: the link dies as when a bastion is rebooted.
    Kill,
    /// The network drops every packet for a while.
    Cut,
    /// The host hangs for a while.
    Freeze,
    /// The log is renamed and made anew.
    Rename,
    /// The log is copied and cut short in place.
    CopyTruncate,
    /// Both at once: renamed while nobody can look.
    RenameWhileCut,
    /// Twice, so that what was being read is packed by then.
    PackWhileCut,
}

impl Fault {
    const ALL: [Self; 7] = [
        Self::Kill,
        Self::Cut,
        Self::Freeze,
        Self::Rename,
        Self::CopyTruncate,
        Self::RenameWhileCut,
        Self::PackWhileCut,
    ];

    /// The row of the ledger that tells of it.
    fn row(self) -> Option<SourceEventKind> {
        match self {
            Self::Kill | Self::Cut | Self::RenameWhileCut | Self::PackWhileCut => Some(SourceEventKind::Recovered),
            Self::Rename => Some(SourceEventKind::Rotated),
            Self::CopyTruncate => Some(SourceEventKind::Truncated),
            Self::Freeze => None,
        }
    }

    async fn happens(self, fleet: &Fleet, transport: &SharedTransport) {
        match self {
            Self::Kill => drop(fleet.exec("web-1", "pkill -KILL -u deploy sshd || true")),
            Self::Rename => drop(fleet.run(&["rotate", "web-1", "create"])),
            Self::CopyTruncate => drop(fleet.run(&["rotate", "web-1", "copytruncate"])),
            Self::Freeze => {
                let frozen = fleet.during(&["freeze", "web-1"], &["thaw", "web-1"]);
                tokio::time::sleep(Duration::from_secs(2)).await;
                drop(frozen);
            }
            Self::Cut | Self::RenameWhileCut | Self::PackWhileCut => {
                let cut = fleet.during(&["cut", "web-1"], &["heal", "web-1"]);
                transport.declare_dead(transport.link().borrow().generation, "test");
                tokio::time::sleep(Duration::from_secs(1)).await;
                let rotations = match self {
                    Self::RenameWhileCut => 1,
                    Self::PackWhileCut => 2,
                    _ => 0,
                };
                for _ in 0..rotations {
                    fleet.run(&["rotate", "web-1", "create"]);
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
                drop(cut);
                transport.reconnect();
            }
        }
    }
}

/// Each kind of fault once, or (`QD_TEST_LONG`) twenty in an order by chance.
fn faults() -> Vec<Fault> {
    if std::env::var_os("QD_TEST_LONG").is_none() {
        return Fault::ALL.to_vec();
    }
    let mut seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().subsec_nanos();
    let mut faults = Vec::new();
    while faults.len() < 20 {
        // The generator of Numerical Recipes; its high bits are good enough to choose by.
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        faults.push(Fault::ALL[(seed >> 16) as usize % Fault::ALL.len()]);
    }
    println!("faults: {faults:?}");
    faults
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_no_fault_loses_repeats_or_reorders_a_line() {
    let fleet = Fleet::running();
    let _quiet = fleet.during(&["noise", "web-1", "2000", "file"], &["noise", "web-1", "0", "file"]);
    let transport = fleet_host(&fleet, "web-1");
    let (sender, mut feed) = mpsc::channel(64);
    let mut options = from_the_beginning();
    options.start = Start::Now;
    let log = Path::new("/var/log/myservice/app.log");
    let _tail = tail(transport.clone(), None, file(log), options, sender);
    let mut seen = Seen::default();
    let faults = faults();
    let (mut in_neither, mut torn) = (Vec::new(), Vec::new());
    for fault in &faults {
        let target = seen.lines.len() + 2000;
        seen.until(&mut feed, "more lines", |seen| seen.lines.len() >= target).await;
        let before = seen.events.len();
        fault.happens(&fleet, &transport).await;
        if *fault == Fault::CopyTruncate {
            // What is written between the copy and the cut is in neither file: the last whole line of the one, the
            // first of the other. The copy may end, and the log begin, in the middle of a line.
            let ends = fleet.exec(
                "web-1",
                "cd /var/log/myservice && tail -n 2 app.log.1; echo '|'
                 until [ $(wc -l <app.log) -ge 3 ]; do sleep 0.05; done; head -n 3 app.log",
            );
            let (copy, log) = ends.split_once("|\n").unwrap();
            let mut copied: Vec<String> = copy.lines().map(str::to_owned).collect();
            if !copy.ends_with('\n') {
                torn.extend(copied.pop());
            }
            let (begun, logged): (Vec<_>, Vec<_>) =
                log.lines().map(str::to_owned).partition(|line| !line.starts_with("ts="));
            torn.extend(begun);
            let (copy, log) = (numbers(&copied, "seq="), numbers(&logged, "seq="));
            in_neither.push((*copy.last().unwrap(), log[0]));
        }
        if let Some(told) = fault.row() {
            let what = format!("{told:?} after {fault:?}");
            seen.until(&mut feed, &what, |seen| seen.events[before..].iter().any(|(_, kind)| *kind == told)).await;
        }
    }
    let target = seen.lines.len() + 4000;
    seen.until(&mut feed, "lines after the last fault", |seen| seen.lines.len() >= target).await;
    let whole: Vec<String> = seen.lines.iter().filter(|line| !torn.contains(line)).cloned().collect();
    let numbers = numbers(&whole, "seq=");
    assert_eq!(numbers.len(), whole.len(), "a line was torn; in the files: {torn:?}");
    let wrong: Vec<_> =
        numbers.windows(2).filter(|pair| pair[1] != pair[0] + 1 && !in_neither.contains(&(pair[0], pair[1]))).collect();
    assert!(
        wrong.is_empty(),
        "of {} lines, out of order or missing: {wrong:?}; in neither file: {in_neither:?}; {:?}",
        numbers.len(),
        seen.events
    );
    assert!(!seen.saw(SourceEventKind::Gap), "{:?}", seen.events);
    let cuts = faults.iter().filter(|fault| **fault == Fault::CopyTruncate).count();
    let rows = seen.events.iter().filter(|(_, kind)| *kind == SourceEventKind::Truncated).count();
    assert_eq!(rows, cuts, "a row for each cut: {:?}", seen.events);
    assert!(seen.saw(SourceEventKind::Recovered) || !faults.contains(&Fault::Kill), "{:?}", seen.events);
}
