//! The config of this call: found, trusted, narrowed.

use std::io::{BufRead, IsTerminal, Write};

use super::args::Global;
use super::exit::{Exit, Failure};
use super::inventories::Inventories;
use crate::config::{self, LoadOptions, Loaded, Selection, Trust, TrustStore};
use crate::domain::settings::Settings;

/// A config that may be used.
pub struct Opened {
    /// Narrowed to what was asked for.
    pub settings: Settings,
    /// All of it.
    pub whole: Settings,
    /// As it was loaded.
    pub loaded: Loaded,
    /// How it was loaded, to load it again.
    pub options: LoadOptions,
    /// Which part of it was asked for.
    pub selection: Selection,
    /// What its inventory commands said.
    pub inventories: Inventories,
}

impl Opened {
    /// Loads the config for this call. A file that was found and is not trusted yet is shown and asked about on a
    /// terminal, and refused without one.
    pub async fn load(global: &Global) -> Result<Self, Failure> {
        let options =
            LoadOptions::of_process(global.config.clone()).map_err(|e| Failure::new(Exit::Usage, e.to_string()))?;
        let mut loaded = load(&options).await?;
        if let Trust::Untrusted(untrusted) = &loaded.trust {
            let store = TrustStore::new(&options.dirs.state);
            if !agreed(&untrusted.describe())? {
                let file = untrusted.extract.file.display();
                return Err(Failure::new(Exit::Refused, format!("{file} is not trusted; look at it with `qd trust`")));
            }
            store.trust(&untrusted.extract)?;
            loaded = load(&options).await?;
            if loaded.trust != Trust::Trusted {
                let message = "the config changed while it was being looked at; start again".to_owned();
                return Err(Failure::new(Exit::Refused, message));
            }
        }
        let mut inventories = Inventories::default();
        let (whole, faults) = inventories.ask(&loaded).await;
        for fault in faults {
            eprintln!("qd: {fault}");
        }
        let selection = global.selection();
        let settings = config::select(&whole, &selection).map_err(|e| Failure::new(Exit::Usage, e.to_string()))?;
        Ok(Self { settings, whole, loaded, options, selection, inventories })
    }

    /// Prints what is odd about the config to standard error, for the headless commands.
    pub fn print_warnings(&self) {
        for warning in &self.loaded.warnings {
            eprintln!("{warning}");
        }
    }
}

/// Reads the files. One may be a pipe whose other end says nothing yet, and a signal must still end us.
async fn load(options: &LoadOptions) -> Result<Loaded, Failure> {
    let options = options.clone();
    let read = tokio::task::spawn_blocking(move || config::load(&options)).await;
    let read = read.map_err(|error| Failure::new(Exit::Bug, format!("reading the config failed: {error}")))?;
    read.map_err(|error| {
        let exit = if error.is_refusal() { Exit::Refused } else { Exit::Usage };
        Failure::new(exit, format!("the config cannot be used\n{error}"))
    })
}

/// Shows a page and asks; yes must be typed out. Without a terminal nobody has agreed.
fn agreed(page: &str) -> std::io::Result<bool> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(false);
    }
    let mut out = std::io::stderr().lock();
    write!(out, "{page}\nUse it? Type yes to trust it: ")?;
    out.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}

impl Global {
    /// Which hosts and services this call is about.
    pub fn selection(&self) -> Selection {
        Selection {
            environments: self.env.clone(),
            hosts: self.host.clone(),
            tags: self.tag.clone(),
            services: self.service.clone(),
        }
    }
}
