//! `[ssh]`, `[logs]`, `[stats]`, `[store]` and `[ui]`.

use super::{copied, text};
use crate::config::raw::Config;
use crate::config::raw::program::ClipboardWord;
use crate::config::read::{OneOf, Reader};
use crate::config::values;
use crate::domain::log_look::{FilterPreset, Highlight};
use crate::domain::nearest::nearest;
use crate::domain::settings::{
    Clipboard, LogSettings, SshDefaults, SshSettings, StatSettings, StoreSettings, TABS, ThemeChoice, TimeZoneChoice,
    UiSettings,
};

/// `[ssh]`. `ssh -G` runs `Match exec`, and is not let loose on names that nobody has agreed to.
pub fn ssh(config: &Config, trusted: bool) -> SshSettings {
    let mut settings = SshSettings { run_ssh_g: trusted, ..SshSettings::default() };
    let Some(raw) = &config.ssh else { return settings };
    settings.config = raw.config.as_ref().map(|path| path.0.clone());
    settings.host_keys = copied(&raw.host_keys).unwrap_or(settings.host_keys);
    settings.connect_timeout = copied(&raw.connect_timeout).unwrap_or(settings.connect_timeout);
    settings.sudo = copied(&raw.sudo).unwrap_or(settings.sudo);
    settings.defaults = SshDefaults {
        user: text(&raw.user),
        port: raw.port.as_ref().map(|port| port.0),
        identity_file: raw.identity_file.as_ref().map(|path| path.0.clone()),
        jump: text(&raw.jump),
    };
    settings
}

/// `[logs]`.
pub fn logs(config: &Config, reader: &mut Reader<'_>) -> LogSettings {
    let mut settings = LogSettings::default();
    let Some(raw) = &config.logs else { return settings };
    settings.hold = copied(&raw.hold).unwrap_or(settings.hold);
    settings.memory = raw.memory.as_ref().map_or(settings.memory, |size| size.0);
    settings.since = copied(&raw.since).unwrap_or(settings.since);
    settings.overflow = copied(&raw.overflow).unwrap_or(settings.overflow);
    settings.redact_on_screen = copied(&raw.redact_on_screen).unwrap_or(settings.redact_on_screen);
    for rule in raw.highlight.iter().flat_map(|rules| &rules.value) {
        match &rule.r#match {
            // A regex that cannot be used has been told of.
            Some(pattern) => settings.highlights.extend(Highlight::new(pattern.as_ref(), text(&rule.r#as)).ok()),
            None => reader.error(rule.at, "this has no `match`", Some("a regex that is to stand out".to_owned())),
        }
    }
    for preset in raw.filter.iter().flat_map(|presets| &presets.value) {
        match (text(&preset.name), text(&preset.filter)) {
            (Some(name), Some(text)) => settings.filters.push(FilterPreset { name, text }),
            _ => reader.error(preset.at, "this needs a `name` and a `filter`", None),
        }
    }
    settings
}

/// `[stats]`.
pub fn stats(config: &Config, reader: &mut Reader<'_>) -> StatSettings {
    let mut settings = StatSettings::default();
    let Some(raw) = &config.stats else { return settings };
    for every in [&raw.every, &raw.slow].into_iter().flatten().filter(|every| every.is_zero()) {
        reader.error(every.at, "a machine cannot be measured all the time", Some("such as \"5s\"".to_owned()));
    }
    settings.every = copied(&raw.every).unwrap_or(settings.every);
    settings.slow = copied(&raw.slow).unwrap_or(settings.slow);
    settings
}

/// `[store]`.
pub fn store(config: &Config) -> StoreSettings {
    let mut settings = StoreSettings::default();
    let Some(raw) = &config.store else { return settings };
    settings.metrics = copied(&raw.metrics).unwrap_or(settings.metrics);
    settings.events = copied(&raw.events).unwrap_or(settings.events);
    settings
}

/// The keymaps that are compiled in.
const KEYMAPS: [&str; 3] = ["default", "vim", "emacs"];

/// `[ui]`.
pub fn ui(config: &Config, reader: &mut Reader<'_>) -> UiSettings {
    let mut settings = UiSettings::default();
    let Some(raw) = &config.ui else { return settings };
    match raw.theme.as_ref().map(|theme| &theme.value) {
        Some(OneOf::One(name)) if name.0 != "auto" => settings.theme = ThemeChoice::Named(name.0.clone()),
        Some(OneOf::Other(pair)) => {
            let or = |name, default: &str| text(name).unwrap_or_else(|| default.to_owned());
            settings.theme =
                ThemeChoice::ByBackground { dark: or(&pair.dark, "dark"), light: or(&pair.light, "light") };
        }
        _ => {}
    }
    if let Some(keymap) = &raw.keymap {
        if !KEYMAPS.contains(&keymap.0.as_str()) {
            reader.error(keymap.at, &format!("there is no keymap \"{}\"", keymap.0), Some(one_of(&keymap.0, &KEYMAPS)));
        }
        settings.keymap.clone_from(&keymap.0);
    }
    if let Some(time) = &raw.time {
        settings.time = match time.0.as_str() {
            "utc" => TimeZoneChoice::Utc,
            "local" => TimeZoneChoice::Local,
            zone => values::zone(zone, time.at, reader).map_or(settings.time, TimeZoneChoice::Zone),
        };
    }
    settings.mouse = copied(&raw.mouse).unwrap_or(settings.mouse);
    settings.clipboard = match raw.clipboard.as_ref().map(|clipboard| &clipboard.value) {
        Some(OneOf::One(ClipboardWord::Off)) => Clipboard::Off,
        Some(OneOf::Other(command)) => Clipboard::Command(command.argv.clone()),
        Some(OneOf::One(ClipboardWord::Osc52)) | None => Clipboard::Osc52,
    };
    settings.ascii = copied(&raw.ascii).unwrap_or(settings.ascii);
    if let Some(start) = &raw.start {
        if !TABS.contains(&start.0.as_str()) {
            reader.error(start.at, &format!("there is no tab \"{}\"", start.0), Some(one_of(&start.0, &TABS)));
        }
        settings.start.clone_from(&start.0);
    }
    settings
}

/// The nearest of a few words, or all of them where none is near.
fn one_of(word: &str, words: &[&str]) -> String {
    match nearest(word, words.iter().copied()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("one of {}", words.join(", ")),
    }
}
