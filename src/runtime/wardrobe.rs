//! How the cockpit looks for this person on this terminal: their theme and keys over the shipped ones, read again when
//! their files change.

use std::collections::HashMap;

use crate::app::state::About;
use crate::domain::settings::{ThemeChoice, UiSettings};
use crate::ui::keymap::Keymap;
use crate::ui::look::Look;
use crate::ui::theme::Theme;
use crate::ui::theme::colors::Colors;

/// The person's own files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own {
    /// Text of the keymap file, where there is one.
    pub keymap: Option<String>,
    /// Themes: name and text.
    pub themes: HashMap<String, String>,
    /// Those that cannot be read.
    pub faults: Vec<Fault>,
}

/// What is wrong with one of them, and which it is.
pub type Fault = (About, String);

/// What the look is made of.
pub struct Wardrobe {
    read: Box<dyn Fn() -> Own + Send>,
    own: Own,
    colors: Colors,
    light: bool,
    /// The theme of the settings, when they were last looked at.
    named: ThemeChoice,
    /// The theme that was put on by hand since; it stays until the settings name another one.
    chosen: Option<String>,
}

impl Wardrobe {
    /// `read` reads the person's own files.
    pub fn new(colors: Colors, read: Box<dyn Fn() -> Own + Send>) -> Self {
        Self { own: read(), read, colors, light: false, named: ThemeChoice::Auto, chosen: None }
    }

    /// The names of all themes.
    pub fn themes(&self) -> Vec<String> {
        let mut names: Vec<String> = Theme::names().map(str::to_owned).chain(self.own.themes.keys().cloned()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether the look depends on the terminal's background.
    pub fn wants_background(&self) -> bool {
        self.colors != Colors::None
    }

    /// The first look of these settings, and what is wrong with the person's files; what is wrong is left out.
    pub fn look(&mut self, ui: &UiSettings) -> (Look, Vec<Fault>) {
        let (keymap, faults) = Keymap::load(&ui.keymap, self.own.keymap.as_deref());
        let mut faults = self.faults(faults);
        self.named.clone_from(&ui.theme);
        let theme = self.theme().unwrap_or_else(|fault| {
            faults.push((About::Theme, fault));
            Theme::default()
        });
        let mut look = Look::new(&theme, self.colors, keymap);
        measure(&mut look, ui);
        (look, faults)
    }

    /// Reads the person's files again, and dresses anew. What is broken is told, and what it was before stays.
    pub fn change(&mut self, ui: &UiSettings, look: &mut Look) -> Vec<Fault> {
        self.own = (self.read)();
        if self.named != ui.theme {
            self.named.clone_from(&ui.theme);
            self.chosen = None;
        }
        let (keymap, faults) = Keymap::load(&ui.keymap, self.own.keymap.as_deref());
        let mut faults = self.faults(faults);
        if !faults.iter().any(|(about, _)| *about == About::Keymap) {
            look.keymap = keymap;
        }
        match self.theme() {
            Ok(theme) => look.set_theme(&theme),
            Err(fault) => faults.push((About::Theme, fault)),
        }
        measure(look, ui);
        faults
    }

    /// The terminal has said what its background is.
    pub fn background(&mut self, light: bool, look: &mut Look) {
        if std::mem::replace(&mut self.light, light) != light
            && let Ok(theme) = self.theme()
        {
            look.set_theme(&theme);
        }
    }

    /// Uses another theme from now on.
    pub fn put_on(&mut self, name: &str, look: &mut Look) -> Result<(), String> {
        look.set_theme(&Theme::find(name, &self.own.themes)?);
        self.chosen = Some(name.to_owned());
        Ok(())
    }

    /// What is wrong with the keymap, with the files that could not even be read.
    fn faults(&self, keymap: Vec<String>) -> Vec<Fault> {
        let keymap = keymap.into_iter().map(|fault| (About::Keymap, fault));
        self.own.faults.iter().cloned().chain(keymap).collect()
    }

    fn theme(&self) -> Result<Theme, String> {
        let name = self.chosen.as_deref().unwrap_or_else(|| self.named.name(self.light));
        Theme::find(name, &self.own.themes)
    }
}

fn measure(look: &mut Look, ui: &UiSettings) {
    look.ascii = ui.ascii;
    look.local = *chrono::Local::now().offset();
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::app::command::Command;
    use crate::app::context::Context;

    fn shipped(name: &str) -> Theme {
        Theme::find(name, &HashMap::new()).unwrap().shown_with(Colors::True)
    }

    fn named(name: &str) -> UiSettings {
        UiSettings { theme: ThemeChoice::Named(name.to_owned()), ..UiSettings::default() }
    }

    /// A wardrobe over files that can be changed: a theme `mine`, and the keymap.
    fn over(theme: &str, keymap: &str) -> (Wardrobe, Arc<Mutex<(String, String)>>) {
        let files = Arc::new(Mutex::new((theme.to_owned(), keymap.to_owned())));
        let shared = files.clone();
        let read = move || {
            let (theme, keymap) = shared.lock().unwrap().clone();
            let themes = HashMap::from([("mine".to_owned(), theme)]);
            Own { keymap: Some(keymap), themes, faults: Vec::new() }
        };
        (Wardrobe::new(Colors::True, Box::new(read)), files)
    }

    #[test]
    fn a_light_terminal_gets_the_light_theme_unless_a_name_was_given() {
        for (choice, expected) in [
            (ThemeChoice::Auto, "light"),
            (ThemeChoice::Named("safe".to_owned()), "safe"),
            (ThemeChoice::ByBackground { dark: "dark".to_owned(), light: "mono".to_owned() }, "mono"),
        ] {
            let mut wardrobe = Wardrobe::new(Colors::True, Box::new(Own::default));
            let (mut look, faults) = wardrobe.look(&UiSettings { theme: choice, ..UiSettings::default() });
            assert!(faults.is_empty());
            wardrobe.background(true, &mut look);
            assert_eq!(*look.theme(), shipped(expected), "{expected}");
        }
    }

    #[test]
    fn a_changed_file_is_taken_up() {
        let (mut wardrobe, files) = over("inherits = \"mono\"", "");
        let (mut look, _) = wardrobe.look(&named("mine"));
        assert_eq!(*look.theme(), shipped("mono"));
        *files.lock().unwrap() = ("inherits = \"safe\"".to_owned(), "[global]\n\"Q\" = \"quit\"".to_owned());
        assert_eq!(wardrobe.change(&named("mine"), &mut look), []);
        assert_eq!(*look.theme(), shipped("safe"));
        assert_eq!(look.keymap.key_of(&[Context::Global], &Command::Quit).as_deref(), Some("q"));
        assert!(look.keymap.listing().iter().any(|(_, keys, _)| keys == "Q"));
    }

    #[test]
    fn what_is_broken_is_told_with_its_place_and_what_it_was_stays() {
        let (mut wardrobe, files) = over("inherits = \"safe\"", "[global]\n\"Q\" = \"quit\"");
        let (mut look, _) = wardrobe.look(&named("mine"));
        let bound = |look: &Look| look.keymap.listing().iter().any(|(_, keys, _)| keys == "Q");
        *files.lock().unwrap() = ("[roles]\ntxet = \"bold\"".to_owned(), "[global]\n\"Q\" = \"fly\"".to_owned());
        for ui in [named("mine"), UiSettings { ascii: true, ..named("mine") }] {
            let faults = wardrobe.change(&ui, &mut look);
            let [(About::Keymap, keys), (About::Theme, theme)] = &faults[..] else { panic!("{faults:?}") };
            assert!(keys.contains("keymap.toml") && keys.contains("\"Q\""), "{keys}");
            assert!(theme.contains("themes/mine.toml, line 2"), "{theme}");
            assert_eq!(*look.theme(), shipped("safe"));
            assert!(bound(&look));
            assert_eq!(look.ascii, ui.ascii, "what is not broken is taken up");
        }
        // Each is judged by itself.
        files.lock().unwrap().0 = "inherits = \"mono\"".to_owned();
        assert_eq!(wardrobe.change(&named("mine"), &mut look).len(), 1);
        assert_eq!(*look.theme(), shipped("mono"));
        assert!(bound(&look));
    }

    #[test]
    fn a_theme_put_on_by_hand_stays_until_the_settings_name_another() {
        let (mut wardrobe, _) = over("inherits = \"dark\"", "");
        let (mut look, _) = wardrobe.look(&UiSettings::default());
        wardrobe.put_on("safe", &mut look).unwrap();
        wardrobe.background(true, &mut look);
        wardrobe.change(&UiSettings::default(), &mut look);
        assert_eq!(*look.theme(), shipped("safe"));
        assert!(wardrobe.put_on("nowhere", &mut look).is_err());
        assert_eq!(*look.theme(), shipped("safe"));
        wardrobe.change(&named("mono"), &mut look);
        assert_eq!(*look.theme(), shipped("mono"));
        wardrobe.change(&UiSettings::default(), &mut look);
        assert_eq!(*look.theme(), shipped("light"), "what the terminal said meanwhile is remembered");
    }

    #[test]
    fn a_keymap_that_cannot_be_read_any_more_leaves_the_keys_as_they_were() {
        let first = Mutex::new(true);
        let read = move || {
            if std::mem::take(&mut *first.lock().unwrap()) {
                return Own { keymap: Some("[global]\n\"Q\" = \"quit\"".to_owned()), ..Own::default() };
            }
            Own { faults: vec![(About::Keymap, "it cannot be read".to_owned())], ..Own::default() }
        };
        let ui = UiSettings::default();
        let mut wardrobe = Wardrobe::new(Colors::True, Box::new(read));
        let (mut look, faults) = wardrobe.look(&ui);
        assert_eq!(faults, []);
        assert_eq!(wardrobe.change(&ui, &mut look), [(About::Keymap, "it cannot be read".to_owned())]);
        assert!(look.keymap.listing().iter().any(|(_, keys, _)| keys == "Q"));
    }
}
