//! `qd keys`: the keys of the cockpit, as they are bound for this person.

use std::io::Write;

use super::args::Global;
use super::exit::{Exit, Failure, Outcome};
use super::own;
use crate::app::state::About;
use crate::config::{LoadOptions, load};
use crate::ui::keymap::Keymap;

/// Prints them, a line a key, by place.
pub fn run(global: &Global) -> Outcome {
    std::io::stdout().write_all(listing(&keymap(global)?).as_bytes())?;
    Ok(Exit::Fine)
}

/// The person's keys; what is wrong with them is told on standard error.
pub(super) fn keymap(global: &Global) -> Result<Keymap, Failure> {
    let options = LoadOptions::of_process(global.config.clone())?;
    let name = load(&options).map_or_else(|_| "default".to_owned(), |loaded| loaded.settings.ui.keymap);
    let own = own::read(&options.dirs);
    let (keymap, faults) = Keymap::load(&name, own.keymap.as_deref());
    let unread = own.faults.into_iter().filter(|(about, _)| *about == About::Keymap).map(|(_, fault)| fault);
    for fault in unread.chain(faults) {
        eprintln!("qd: {fault}");
    }
    Ok(keymap)
}

/// Places, keys and what they do, in columns.
pub fn listing(keymap: &Keymap) -> String {
    let mut rows = keymap.listing();
    rows.sort_by_key(|(context, ..)| *context);
    rows.iter().map(|(context, keys, doc)| format!("{:<13} {keys:<10} {doc}\n", context.as_str())).collect()
}
