//! The config: as typed, as meant, and what is wrong with it.
//!
//! [`load`] finds the files, reads each into [`raw`] types with every fault reported, lays them over one another and
//! resolves the result to [`Settings`]. A file that was merely found says what it would start, contact and read
//! ([`trust`]) before anything is done with it.

pub mod diagnostic;
pub mod find;
pub mod inventory;
pub mod machine;
pub mod paths;
pub mod raw;
pub mod read;
pub mod resolve;
pub mod schema;
pub mod secret;
pub mod select;
pub mod source;
pub mod ssh_names;
mod table;
pub mod template;
pub mod tree;
pub mod trust;
pub mod units;
pub mod values;
pub mod watch;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::settings::Settings;

pub use diagnostic::{ConfigError, Diagnostic, Kind, Severity};
pub use inventory::{CommandInventory, InventoryHost};
pub use paths::Dirs;
pub use select::{Selection, known, select};
pub use trust::{Trust, TrustStore};

use find::Standing;
use raw::Config;
use read::{Reader, Value};
use source::Files;
use tree::{Node, Tree};

/// Where to look for the config.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// `--config`, in order; later wins. Just these, when there are any.
    pub explicit: Vec<PathBuf>,
    /// `$QUARTERDECK_CONFIG`.
    pub env_config: Option<PathBuf>,
    /// The folder in which the search for `quarterdeck.toml` begins.
    pub cwd: PathBuf,
    /// The person's folders.
    pub dirs: Dirs,
}

impl LoadOptions {
    /// As this process was started, with the files that `--config` names.
    pub fn of_process(explicit: Vec<PathBuf>) -> anyhow::Result<Self> {
        let dirs = Dirs::of_process().ok_or_else(|| anyhow::anyhow!("there is no home folder; set $HOME"))?;
        let env_config = std::env::var_os("QUARTERDECK_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from);
        Ok(Self { explicit, env_config, cwd: std::env::current_dir()?, dirs })
    }
}

/// A config that can be used.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// What it means.
    pub settings: Settings,
    /// What is odd about it: unknown keys, globs that match nothing, things a found file may not say.
    pub warnings: Vec<Diagnostic>,
    /// The files it was read from, ssh configs with names for the inventory included.
    pub files: Vec<PathBuf>,
    /// Whether it may be acted on. Until it may, nothing is started, dialed or read on its behalf.
    pub trust: Trust,
    /// Inventories that a command gives, to be run by [`inventory::run`] and handed to [`Loaded::with_inventory`]. Empty
    /// while the config is not trusted.
    pub inventories: Vec<CommandInventory>,
    /// Everything as typed, merged: for those who resolve tables of their own.
    pub config: Arc<Config>,
    basis: Arc<resolve::Basis>,
}

impl Loaded {
    /// The settings with the hosts that commands gave, in the order of [`Loaded::inventories`]; what has not answered
    /// (yet) is an empty list.
    pub fn with_inventory(&self, answers: &[Vec<InventoryHost>]) -> (Settings, Vec<Diagnostic>) {
        let mut reader = self.basis.reader();
        let settings = resolve::resolve(&self.config, &self.basis, answers, &mut reader);
        (settings, reader.diagnostics)
    }

    /// The unknown keys among the warnings: the cockpit and reads start with a banner, `qd check` and actions refuse.
    pub fn unknown_keys(&self) -> impl Iterator<Item = &Diagnostic> {
        self.warnings.iter().filter(|warning| warning.kind == Kind::UnknownKey)
    }
}

/// Finds, reads and resolves the config. With no config at all the machine itself is watched.
pub fn load(options: &LoadOptions) -> Result<Loaded, ConfigError> {
    let mut files = Files::default();
    let mut faults = Vec::new();
    let mut paths = Vec::new();
    let mut trees = Vec::new();
    let mut trust = Trust::Trusted;
    let mut found = None;
    for (path, standing) in find::layers(options) {
        paths.push(path.clone());
        // Each file is read by itself first, so that also what a later file covers is checked.
        let Some((tree, config)) = layer(&path, standing, &options.dirs, &mut files, &mut faults) else { continue };
        if standing == Standing::Found {
            found = Some(path.clone());
            trust = TrustStore::new(&options.dirs.state).check(trust::Extract::of(path, &config));
        }
        trees.push(tree);
    }
    let usable = |faults: &[Diagnostic]| !faults.iter().any(|fault| fault.severity == Severity::Error);
    if !usable(&faults) {
        return Err(ConfigError { diagnostics: faults });
    }
    let schema = raw::schema();
    let merged = trees.into_iter().reduce(|below, above| tree::lay_over(below, above, &schema));
    let mut reader = Reader::new(&files, &options.dirs.home);
    let config = Arc::new(merged.and_then(|tree| Config::read(&tree, &mut reader)).unwrap_or_default());
    // What is odd has been said of the parts; an error is new, for they had none.
    faults.extend(reader.diagnostics.into_iter().filter(|fault| fault.severity == Severity::Error));
    let trusted = trust == Trust::Trusted;
    let basis = Arc::new(resolve::Basis::new(&config, files, options, found.as_deref(), trusted));
    let mut reader = basis.reader();
    let settings = resolve::resolve(&config, &basis, &[], &mut reader);
    faults.extend(reader.diagnostics);
    if !usable(&faults) {
        return Err(ConfigError { diagnostics: faults });
    }
    paths.extend(basis.ssh_files.iter().cloned());
    let inventories = if trusted { inventory::commands(&config) } else { Vec::new() };
    Ok(Loaded { settings, warnings: faults, files: paths, trust, inventories, config, basis })
}

/// What a file would do once it is trusted, were it found; for `qd trust`.
pub fn extract(path: &Path, dirs: &Dirs) -> Result<trust::Extract, ConfigError> {
    let mut faults = Vec::new();
    let file = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let read = layer(&file, Standing::Found, dirs, &mut Files::default(), &mut faults);
    match read {
        Some((_, config)) if !faults.iter().any(|fault| fault.severity == Severity::Error) => {
            Ok(trust::Extract::of(file, &config))
        }
        _ => Err(ConfigError { diagnostics: faults }),
    }
}

/// Reads one file; what is wrong with it goes to `faults`.
fn layer(
    path: &Path,
    standing: Standing,
    dirs: &Dirs,
    files: &mut Files,
    faults: &mut Vec<Diagnostic>,
) -> Option<(Node, Config)> {
    let text = find::read(path, standing).map_err(|fault| faults.push(fault)).ok()?;
    let file = files.add(path.to_owned(), text.clone());
    let mut tree = tree::parse(files, file, &text).map_err(|found| faults.extend(found)).ok()?;
    let mut reader = Reader::new(files, &dirs.home);
    if standing == Standing::Found {
        restrict(&mut tree, &mut reader);
    }
    let config = Config::read(&tree, &mut reader);
    faults.extend(reader.diagnostics);
    Some((tree, config?))
}

/// Leaves out what a found file may not say: `[ui]`, and a looser `host_keys` than the default.
fn restrict(tree: &mut Node, reader: &mut Reader<'_>) {
    let Tree::Table(entries) = &mut tree.tree else { return };
    entries.retain(|entry| {
        if entry.key == "ui" {
            let help = "write it in config.toml in your own folder".to_owned();
            let message = "[ui] is left out: it is taken from the person's own file only";
            reader.report(entry.key_at, Severity::Warning, Kind::Ignored, message, Some(help));
        }
        entry.key != "ui"
    });
    let ssh = entries.iter_mut().find(|entry| entry.key == "ssh");
    let Some(Tree::Table(ssh)) = ssh.map(|entry| &mut entry.node.tree) else { return };
    ssh.retain(|entry| {
        let loose = entry.key == "host_keys" && entry.node.tree == Tree::String("accept-new".to_owned());
        if loose {
            let message = "host_keys = \"accept-new\" is left out: a found file may only make it stricter";
            let help = "write it in your own config.toml, if you want it".to_owned();
            reader.report(entry.key_at, Severity::Warning, Kind::Ignored, message, Some(help));
        }
        !loose
    });
}
