//! The last line never offers a key that does nothing where one is.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use quarterdeck::app::command::Command;
use quarterdeck::app::effect::Effect;
use quarterdeck::app::message::Message;
use quarterdeck::app::state::{State, Tab};
use quarterdeck::app::update::update;
use quarterdeck::ui::keymap::{Meaning, Typing};

use crate::errors::wrong;
use crate::{busy, empty, keymap, picture, press};

/// The keys that the last line offers, as it writes them, with their words.
fn offered(picture: &str) -> Vec<(String, String)> {
    let line = picture.lines().last().expect("a last line");
    let hints = line.split("  ").map(str::trim).filter(|hint| !hint.is_empty());
    hints.map(|hint| hint.split_once(' ').map_or((hint.into(), String::new()), |(k, w)| (k.into(), w.into()))).collect()
}

fn type_key(state: &mut State, key: &str) -> Vec<Effect> {
    let (ctrl, name) = key.strip_prefix("ctrl-").map_or((false, key), |rest| (true, rest));
    let code = match name {
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Tab" => KeyCode::Tab,
        "space" => KeyCode::Char(' '),
        "pagedown" => KeyCode::PageDown,
        // Letters one after the other.
        name if !ctrl && name.chars().count() == 2 => return press(state, name),
        name => KeyCode::Char(name.chars().next().expect("a key")),
    };
    let event = KeyEvent::new(code, if ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE });
    let message = match Typing::default().key(keymap(), &quarterdeck::app::context::chain(state), &event) {
        Meaning::Command(command) => Message::Command(command),
        _ => Message::Key(event),
    };
    update(state, message)
}

#[test]
fn every_key_that_is_offered_does_something() {
    type Make = fn((u16, u16)) -> State;
    let states: [(&str, Make); 3] = [("empty", empty), ("busy", busy), ("wrong", wrong)];
    for (name, make) in states {
        for tab in Tab::ALL {
            for before in ["", "\t", "s", "\r", " k", " k\r", "/fail\r", "?", ":", "\u{10}", "f"] {
                let here = || {
                    let mut state = make((120, 36));
                    update(&mut state, Message::Command(Command::Show(tab)));
                    picture(&mut state);
                    press(&mut state, before);
                    state.toasts.clear();
                    state
                };
                let shown = picture(&mut here());
                let hints = offered(&shown);
                assert!(hints.len() >= 2, "{name} {tab:?} {before:?}:\n{shown}");
                for (key, word) in hints {
                    let mut state = here();
                    picture(&mut state);
                    let before_it = format!("{:?}", state.overlays);
                    let effects = type_key(&mut state, &key);
                    // A note that says why nothing was done is not something done.
                    state.toasts.clear();
                    assert!(
                        !effects.is_empty()
                            || picture(&mut state) != shown
                            || format!("{:?}", state.overlays) != before_it,
                        "{name}, {tab:?} after {before:?}: `{key} {word}` does nothing:\n{shown}"
                    );
                }
            }
        }
    }
}
