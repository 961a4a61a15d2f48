//! Reload while running: the files are looked at once a second, and a config that has become unusable changes nothing
//! but what is told of it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::mpsc;

use super::find::Standing;
use super::trust::{Trust, TrustStore, Untrusted};
use super::{ConfigError, LoadOptions, Loaded, find, load};

/// What became of the files.
#[derive(Clone, Debug)]
pub enum Reload {
    /// A config that can be used.
    Loaded(Box<Loaded>),
    /// The found file would now do something that nobody has agreed to: the old config holds until somebody does
    /// (`qd trust`, or the answer to this; then the config is loaded anew).
    Untrusted(Box<Untrusted>),
    /// Something is wrong: the old config holds.
    Broken(ConfigError),
}

/// How often the files are looked at.
pub const EVERY: Duration = Duration::from_secs(1);

/// Watches the files that `options` lead to, those of `loaded`, and the person's themes and keys. It ends when the
/// receiver is dropped.
pub fn watch(options: LoadOptions, loaded: &Loaded, every: Duration) -> mpsc::Receiver<Reload> {
    let (reloads, receiver) = mpsc::channel(1);
    let mut extra = loaded.files.clone();
    let mut seen = look(&options, &extra);
    tokio::spawn(async move {
        let mut before = seen.clone();
        let mut ticks = tokio::time::interval(every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = reloads.closed() => return,
                _ = ticks.tick() => {}
            }
            let now = look(&options, &extra);
            // An editor may be in the middle of writing: files are read once they have kept still for a tick.
            let still = now == before;
            before = now.clone();
            if now == seen || !still {
                continue;
            }
            seen = now;
            let reload = read(&options);
            if let Reload::Loaded(loaded) = &reload {
                extra.clone_from(&loaded.files);
                seen = look(&options, &extra);
                before.clone_from(&seen);
            }
            if reloads.send(reload).await.is_err() {
                return;
            }
        }
    });
    receiver
}

/// Reads the files now, changed or not.
pub fn read(options: &LoadOptions) -> Reload {
    match load(options) {
        Ok(Loaded { trust: Trust::Untrusted(untrusted), .. }) => Reload::Untrusted(untrusted),
        Ok(loaded) => Reload::Loaded(Box::new(loaded)),
        Err(error) => Reload::Broken(error),
    }
}

/// What tells that a file has changed: its time, size and inode; none for one that is not there.
type Look = Vec<(PathBuf, Option<(i64, i64, u64, u64)>)>;

fn look(options: &LoadOptions, extra: &[PathBuf]) -> Look {
    // An agreement given elsewhere counts here too, and so its record is watched like a file of the config.
    let store = TrustStore::new(&options.dirs.state);
    let layers = find::layers(options).into_iter().flat_map(|(path, standing)| {
        let record = (standing == Standing::Found).then(|| store.record(&path));
        std::iter::once(path).chain(record)
    });
    let themes = fs::read_dir(options.dirs.config.join("themes")).into_iter().flatten().flatten();
    let own = themes.map(|entry| entry.path()).chain([options.dirs.config.join("keymap.toml")]);
    let paths = layers.chain(extra.iter().cloned()).chain(own);
    paths
        .map(|path| {
            let meta = fs::metadata(&path).ok();
            (path, meta.map(|meta| (meta.mtime(), meta.mtime_nsec(), meta.size(), meta.ino())))
        })
        .collect()
}
