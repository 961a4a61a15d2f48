//! How the cockpit looks for this person on this terminal: their theme and keys over the shipped ones, read again when
//! their files change.

use std::collections::HashMap;

use crate::domain::settings::UiSettings;
use crate::ui::keymap::Keymap;
use crate::ui::look::Look;
use crate::ui::theme::Theme;
use crate::ui::theme::colors::Colors;

/// The person's own files.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// Text of the keymap file, where there is one.
    pub keymap: Option<String>,
    /// Themes: name and text.
    pub themes: HashMap<String, String>,
}

/// What the look is made of.
pub struct Wardrobe {
    read: Box<dyn Fn() -> Own + Send>,
    own: Own,
    colors: Colors,
    light: bool,
}

impl Wardrobe {
    /// `read` reads the person's own files.
    pub fn new(colors: Colors, read: Box<dyn Fn() -> Own + Send>) -> Self {
        Self { own: read(), read, colors, light: false }
    }

    /// The names of all themes.
    pub fn themes(&self) -> Vec<String> {
        Theme::names().map(str::to_owned).chain(self.own.themes.keys().cloned()).collect()
    }

    /// The look of these settings, and what is wrong with the person's files; what is wrong is left out.
    pub fn look(&self, ui: &UiSettings) -> (Look, Vec<String>) {
        let (keymap, mut faults) = Keymap::load(&ui.keymap, self.own.keymap.as_deref());
        let theme = Theme::find(ui.theme.name(self.light), &self.own.themes).unwrap_or_else(|fault| {
            faults.push(fault);
            Theme::default()
        });
        let mut look = Look::new(&theme, self.colors, keymap);
        look.ascii = ui.ascii;
        look.local = *chrono::Local::now().offset();
        (look, faults)
    }

    /// Reads the person's files again, and dresses anew.
    pub fn change(&mut self, ui: &UiSettings, look: &mut Look) -> Vec<String> {
        self.own = (self.read)();
        let (new, faults) = self.look(ui);
        *look = new;
        faults
    }

    /// The terminal has said what its background is.
    pub fn background(&mut self, light: bool, ui: &UiSettings, look: &mut Look) {
        if std::mem::replace(&mut self.light, light) != light
            && let Ok(theme) = Theme::find(ui.theme.name(light), &self.own.themes)
        {
            look.set_theme(&theme);
        }
    }

    /// Uses another theme from now on.
    pub fn put_on(&self, name: &str, look: &mut Look) -> Result<(), String> {
        Theme::find(name, &self.own.themes).map(|theme| look.set_theme(&theme))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::settings::ThemeChoice;

    #[test]
    fn a_light_terminal_gets_the_light_theme_unless_a_name_was_given() {
        let mut wardrobe = Wardrobe::new(Colors::True, Box::new(Own::default));
        let theme = |name: &str| Theme::find(name, &HashMap::new()).unwrap();
        for (choice, expected) in [
            (ThemeChoice::Auto, "light"),
            (ThemeChoice::Named("safe".to_owned()), "safe"),
            (ThemeChoice::ByBackground { dark: "dark".to_owned(), light: "mono".to_owned() }, "mono"),
        ] {
            let ui = UiSettings { theme: choice, ..UiSettings::default() };
            wardrobe.light = false;
            let (mut look, faults) = wardrobe.look(&ui);
            assert!(faults.is_empty());
            wardrobe.background(true, &ui, &mut look);
            assert_eq!(*look.theme(), theme(expected).shown_with(Colors::True), "{expected}");
        }
    }

    #[test]
    fn a_changed_file_is_taken_up_and_a_broken_one_is_told() {
        let text = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
        let file = text.clone();
        let read = move || {
            let themes = HashMap::from([("mine".to_owned(), file.lock().unwrap().clone())]);
            Own { keymap: None, themes }
        };
        let ui = UiSettings { theme: ThemeChoice::Named("mine".to_owned()), ..UiSettings::default() };
        *text.lock().unwrap() = "inherits = \"mono\"\n".to_owned();
        let mut wardrobe = Wardrobe::new(Colors::True, Box::new(read));
        let (mut look, _) = wardrobe.look(&ui);
        let before = look.theme().clone();
        *text.lock().unwrap() = "inherits = \"safe\"\n".to_owned();
        assert!(wardrobe.change(&ui, &mut look).is_empty());
        assert_ne!(*look.theme(), before);
        *text.lock().unwrap() = "inherits = \"no such theme\"\n".to_owned();
        let faults = wardrobe.change(&ui, &mut look);
        assert!(faults.len() == 1 && faults[0].contains("no such theme"), "{faults:?}");
    }
}
