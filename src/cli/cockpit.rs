//! `qd` and `qd demo`: the cockpit.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::sync::{Notify, mpsc};

use super::act::read_only;
use super::args::Global;
use super::exit::{Exit, Failure, Outcome};
use super::inventories;
use super::opened::Opened;
use super::own;
use crate::app::message::Message;
use crate::config::{self, watch};
use crate::domain::text::one_line;
use crate::runtime::cockpit::{Opening, Reloads, run};
use crate::runtime::limits;
use crate::runtime::screen::Left;
use crate::runtime::wardrobe::Wardrobe;
use crate::store::Store;
use crate::ui::theme::colors::Colors;

/// Opens the cockpit on the config of this call, at what is named.
pub async fn open(global: &Global, at: Option<String>) -> Outcome {
    let name = at.as_deref().map(|name| one_line(name, 300));
    if name.as_deref().is_some_and(|name| name.trim().is_empty()) {
        return Err(Failure::new(Exit::Usage, "open what? A host, service, check or alert, by its name or address"));
    }
    need_terminal()?;
    let opened = Opened::load(global).await?;
    let odd = opened.loaded.unknown_keys().map(|d| format!("{}: {}", d.location(), d.message));
    let warnings = odd.chain(limits::shortage(opened.settings.hosts.len())).collect();
    let dirs = opened.options.dirs.clone();
    let opening = Opening {
        keep: Some(kept_at(&opened)),
        badge: None,
        at: name,
        warnings,
        store: Store::open(&opened.options.dirs.state).await.map_err(|error| error.to_string()),
        wardrobe: Wardrobe::new(colors(global), Box::new(move || own::read(&dirs))),
        reloads: Some(reloads(&opened)),
        read_only: read_only(global),
        off: opened.loaded.unknown_keys().next().map(|key| off(&key.message)),
        folder: opened.options.dirs.state.clone(),
        settings: opened.settings,
    };
    left(run(opening).await?)
}

/// Opens the cockpit over the embedded fleet.
#[cfg(feature = "demo")]
pub async fn demo(args: &super::args::DemoArgs, global: &Global) -> Outcome {
    need_terminal()?;
    let options = crate::demo::DemoOptions { hosts: usize::from(args.hosts), seed: args.seed, scenario: args.scenario };
    let demo = crate::demo::start(options).await?;
    let opening = Opening {
        settings: demo.settings.clone(),
        keep: None,
        badge: Some("demo".to_owned()),
        at: None,
        warnings: Vec::new(),
        store: Err("the demo remembers nothing".to_owned()),
        wardrobe: Wardrobe::new(colors(global), Box::new(crate::runtime::wardrobe::Own::default)),
        reloads: None,
        read_only: read_only(global),
        off: None,
        folder: demo.folder().join("state"),
    };
    let how = run(opening).await;
    drop(demo);
    left(how?)
}

/// A key that nobody knows could be what was to keep an action from happening.
fn off(message: &str) -> String {
    format!("nothing is done with a config that has a key which nobody knows ({message}); `qd check` says more")
}

/// Where what is kept of the logs' view is: a file for each config, by its place.
fn kept_at(opened: &Opened) -> PathBuf {
    let mut hash = Sha256::new();
    for file in &opened.loaded.files {
        hash.update(file.canonicalize().unwrap_or_else(|_| file.clone()).as_os_str().as_encoded_bytes());
        hash.update([0]);
    }
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let fleet: String = opened.settings.fleet.chars().take(40).map(plain).collect();
    let digits: String = hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    opened.options.dirs.state.join("views").join(format!("{fleet}-{digits}.json"))
}

fn need_terminal() -> Result<(), Failure> {
    if std::io::stdout().is_terminal() && std::io::stdin().is_terminal() {
        return Ok(());
    }
    Err(Failure::new(Exit::Usage, "the cockpit needs a terminal; `qd status` and `qd logs` do not"))
}

fn left(how: Left) -> Outcome {
    Ok(match how {
        Left::Quit => Exit::Fine,
        Left::Signal(number) => Exit::Signal(u8::try_from(number).unwrap_or(15)),
    })
}

/// What `--color` and the environment say of the terminal's colours.
fn colors(global: &Global) -> Colors {
    let var = |name| std::env::var(name).ok();
    let (colorterm, term) = (var("COLORTERM"), var("TERM"));
    let said = |no_color| Colors::of_environment(no_color, colorterm.as_deref(), term.as_deref());
    match global.color {
        super::args::Color::Never => Colors::None,
        super::args::Color::Auto => said(var("NO_COLOR").as_deref()),
        // The least that every terminal with colours has.
        super::args::Color::Always => match said(None) {
            Colors::None => Colors::Sixteen,
            colors => colors,
        },
    }
}

/// New configs as the files change, as inventories tell of other hosts, and when they are asked for; a broken or
/// untrusted one only tells of itself.
fn reloads(opened: &Opened) -> Reloads {
    let options = opened.options.clone();
    let again = Arc::new(Notify::new());
    let asked = again.clone();
    let mut changes = watch::watch(opened.options.clone(), &opened.loaded, watch::EVERY);
    let (selection, mut loaded) = (opened.selection.clone(), opened.loaded.clone());
    let (mut inventories, mut settings) = (opened.inventories.clone(), Some(opened.settings.clone()));
    let (sender, receiver) = mpsc::channel(4);
    tokio::spawn(async move {
        loop {
            let due = inventories::every(&loaded);
            let change = tokio::select! {
                change = changes.recv() => match change {
                    Some(change) => Some(change),
                    None => return,
                },
                () = asked.notified() => {
                    let text = "the config was read again".to_owned();
                    let read = watch::read(&options);
                    if matches!(read, watch::Reload::Loaded(_)) {
                        let _ = sender.send(Message::Notice { bad: false, text }).await;
                    }
                    Some(read)
                }
                () = tokio::time::sleep(due.unwrap_or_default()), if due.is_some() => None,
            };
            let message = match change {
                Some(watch::Reload::Untrusted(_)) => {
                    Message::ConfigBroken("it would do something new; look at it with `qd trust`".to_owned())
                }
                Some(watch::Reload::Broken(error)) => Message::ConfigBroken(error.brief()),
                asked_again_or_loaded => {
                    if let Some(watch::Reload::Loaded(new)) = asked_again_or_loaded {
                        (loaded, settings) = (*new, None);
                    }
                    let (all, faults) = inventories.ask(&loaded).await;
                    for text in faults {
                        let _ = sender.send(Message::Notice { bad: true, text }).await;
                    }
                    match config::select(&all, &selection) {
                        // The same hosts again are no news.
                        Ok(new) if settings.as_ref() == Some(&new) => continue,
                        Ok(new) => {
                            settings = Some(new.clone());
                            let odd = loaded.unknown_keys().map(|d| format!("{}: {}", d.location(), d.message));
                            Message::Config(Box::new(new), odd.collect())
                        }
                        Err(error) => Message::ConfigBroken(error.to_string()),
                    }
                }
            };
            if sender.send(message).await.is_err() {
                return;
            }
        }
    });
    Reloads { messages: receiver, again }
}
