//! Where the world becomes files: one folder a host that looks like its `/`, kept up to date as time goes by.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use chrono::Utc;
use tokio::sync::watch;

use super::log_file::LogFile;
use super::world::role::USER;
use super::world::storefront;
use super::world::units::Verb;
use super::world::{Line, Live, World};

/// How often what is due is written.
const STEP: Duration = Duration::from_millis(100);

/// Where systemctl writes what is asked of a host's units, below its root: a file with a verb and a unit, which goes when
/// it is done.
const ASKED: &str = "demo/asked";
/// The most of those that are done in a second.
const MOST_ASKED: usize = 64;

/// A world that has fallen behind by more seconds than this (the machine slept) leaves them out.
const MOST_BEHIND: i64 = 30;

/// The programs that answer for the made-up host instead of this machine's. `refuse` stands for those that change things.
const PROGRAMS: [(&str, &str); 19] = [
    ("curl", include_str!("bin/curl.sh")),
    ("df", include_str!("bin/df.sh")),
    ("getconf", include_str!("bin/getconf.sh")),
    ("hostname", include_str!("bin/hostname.sh")),
    ("journalctl", include_str!("bin/journalctl.sh")),
    ("ps", include_str!("bin/ps.sh")),
    ("systemctl", include_str!("bin/systemctl.sh")),
    ("uname", include_str!("bin/uname.sh")),
    ("docker", REFUSE),
    ("halt", REFUSE),
    ("podman", REFUSE),
    ("poweroff", REFUSE),
    ("reboot", REFUSE),
    ("service", REFUSE),
    ("shutdown", REFUSE),
    ("ssh", REFUSE),
    ("su", REFUSE),
    ("sudo", include_str!("bin/sudo.sh")),
    ("systemd-run", REFUSE),
];
const REFUSE: &str = include_str!("bin/refuse.sh");

/// The world, and the folders it is written to.
#[derive(Debug)]
pub struct Stage {
    world: World,
    hosts: Vec<Scenery>,
}

/// One host's folder.
#[derive(Debug)]
struct Scenery {
    root: PathBuf,
    logs: HashMap<&'static str, LogFile>,
    /// Lines that are made but not yet due, with their time in milliseconds after the start.
    due: VecDeque<(i64, Line)>,
    live: watch::Sender<Live>,
    /// What was written of how it is now, by path: a process that has ended leaves no file behind.
    files: BTreeSet<String>,
}

impl Stage {
    /// Makes every host's folder below `folder`, and writes the world's history into it.
    pub fn build(folder: &Path, world: World) -> Result<Self> {
        let mut hosts = Vec::new();
        for (i, name) in world.host_names().enumerate() {
            let root = folder.join(name);
            for part in [&format!("home/{USER}"), "tmp", "run", ASKED] {
                fs::create_dir_all(root.join(part)).with_context(|| format!("cannot make {}", root.display()))?;
            }
            for (program, text) in PROGRAMS {
                write_whole(&root.join("bin").join(program), text, 0o755)?;
            }
            for (path, text) in world.fixtures(i) {
                write_whole(&root.join(path), &text, 0o644)?;
            }
            let releases = root.join(storefront::ROOT);
            if releases.exists() {
                symlink(format!("releases/{}", storefront::LIVE), releases.join("current"))?;
            }
            let live = world.live(i).context("every host has a state")?;
            let live = watch::Sender::new(live);
            hosts.push(Scenery { root, logs: HashMap::new(), due: VecDeque::new(), live, files: BTreeSet::new() });
        }
        let mut stage = Self { world, hosts };
        while stage.world.next_second() < 0 {
            stage.advance();
            stage.write_lines(stage.world.next_second() * 1000)?;
        }
        stage.write_files()?;
        Ok(stage)
    }

    /// What each host is like, now and whenever that changes.
    pub fn live(&self) -> Vec<watch::Receiver<Live>> {
        self.hosts.iter().map(|host| host.live.subscribe()).collect()
    }

    /// Lets time go by in a thread of its own, until the clock is dropped.
    pub fn start(mut self) -> io::Result<Clock> {
        let (stop, stopped) = mpsc::channel::<()>();
        let thread = thread::Builder::new().name("demo-world".to_owned()).spawn(move || {
            while stopped.recv_timeout(STEP) == Err(RecvTimeoutError::Timeout) {
                // A full disk is no reason to end: what cannot be written now is missing, as on a real host.
                let _ = self.step();
            }
        })?;
        Ok(Clock { stop: Some(stop), thread: Some(thread) })
    }

    /// Writes all that has come due since the last step.
    fn step(&mut self) -> io::Result<()> {
        let now_ms = (Utc::now() - self.world.time_of(0)).num_milliseconds();
        let now = now_ms.div_euclid(1000);
        if now - self.world.next_second() > MOST_BEHIND {
            self.world.skip_to(now);
        }
        let asked = if self.world.next_second() <= now { self.take_asked() } else { Vec::new() };
        let mut made = false;
        while self.world.next_second() <= now {
            self.advance();
            made = true;
        }
        self.write_lines(now_ms)?;
        if made {
            self.write_files()?;
        }
        // Whoever asked waits for this.
        asked.iter().try_for_each(fs::remove_file)
    }

    /// Does what was asked of the hosts' units, and tells where that was written.
    fn take_asked(&mut self) -> Vec<PathBuf> {
        let mut taken = Vec::new();
        for (i, host) in self.hosts.iter().enumerate() {
            let Ok(entries) = fs::read_dir(host.root.join(ASKED)) else { continue };
            let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
            paths.retain(|path| path.extension().is_none_or(|end| end != "new"));
            paths.sort();
            paths.truncate(MOST_ASKED);
            for path in paths {
                let text = fs::read_to_string(&path).unwrap_or_default();
                if let Some((verb, unit)) = text.trim_end().split_once(' ')
                    && let Some(verb) = Verb::named(verb)
                {
                    // What is started is what the link leads to then.
                    let link = || fs::read_link(host.root.join(storefront::ROOT).join("current")).ok();
                    if unit == storefront::UNIT
                        && let Some(release) = link().as_deref().and_then(Path::file_name)
                    {
                        self.world.start_storefront(i, &release.to_string_lossy());
                    }
                    // systemctl has looked whether there is such a unit.
                    let _ = self.world.act(i, verb, unit);
                }
                taken.push(path);
            }
        }
        taken
    }

    /// Makes the next second of the world.
    fn advance(&mut self) {
        let begins = self.world.next_second() * 1000;
        for (host, moment) in self.hosts.iter_mut().zip(self.world.advance()) {
            host.due.extend(moment.lines.into_iter().map(|line| (begins + line.at_ms.cast_signed(), line)));
            host.live.send_if_modified(|live| {
                let changed = *live != moment.live;
                *live = moment.live;
                changed
            });
        }
    }

    /// Appends the lines from before a time to their files.
    fn write_lines(&mut self, now_ms: i64) -> io::Result<()> {
        for host in &mut self.hosts {
            let mut texts: BTreeMap<&'static str, String> = BTreeMap::new();
            let count = host.due.partition_point(|(at, _)| *at < now_ms);
            for (_, line) in host.due.drain(..count) {
                *texts.entry(line.file).or_default() += &line.text;
            }
            for (file, text) in texts {
                let log = match host.logs.entry(file) {
                    Entry::Occupied(log) => log.into_mut(),
                    Entry::Vacant(none) => {
                        none.insert(LogFile::create(host.root.join(file.trim_start_matches('/')), now_ms)?)
                    }
                };
                log.append(&text, now_ms)?;
            }
        }
        Ok(())
    }

    /// Writes how every host is now.
    fn write_files(&mut self) -> io::Result<()> {
        for (i, host) in self.hosts.iter_mut().enumerate() {
            let mut files = BTreeSet::new();
            for (path, text) in self.world.files(i) {
                write_whole(&host.root.join(&path), &text, 0o644)?;
                files.insert(path);
            }
            for gone in host.files.difference(&files) {
                let gone = host.root.join(gone);
                fs::remove_file(&gone)?;
                // A process has a folder of its own.
                let _ = gone.parent().map(fs::remove_dir);
            }
            host.files = files;
        }
        Ok(())
    }
}

/// Keeps a world going; dropping it stops the world, and returns when nothing more is written.
#[derive(Debug)]
pub struct Clock {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // Its panic has been told where it happened.
            let _ = thread.join();
        }
    }
}

/// Writes a file so that whoever reads it finds all of the old text or all of the new.
fn write_whole(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    let next = path.with_extension("next");
    let open = || OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&next);
    let mut file = match (open(), path.parent()) {
        (Err(e), Some(parent)) if e.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(parent)?;
            open()
        }
        (opened, _) => opened,
    }?;
    file.write_all(text.as_bytes())?;
    fs::rename(next, path)
}
