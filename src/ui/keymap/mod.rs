//! Which key means which command, where. Shipped keymaps are compiled in; the person's own file lies over them.

mod key;
mod lookup;

use std::borrow::Cow;
use std::collections::HashMap;

use crossterm::event::KeyEvent;

use crate::app::command::{COMMANDS, Command, Entry};
use crate::app::context::Context;

pub use key::Key;
pub use lookup::written;

const SHIPPED: &[(&str, &str)] = &[
    ("default", include_str!("../../../keymaps/default.toml")),
    ("vim", include_str!("../../../keymaps/vim.toml")),
    ("emacs", include_str!("../../../keymaps/emacs.toml")),
];

/// A keymap in force: its bindings in the order of the files. A few hundred are looked through faster than hashed.
#[derive(Clone, Debug, Default)]
pub struct Keymap {
    bindings: Vec<Binding>,
}

/// Keys that mean a command in one place.
#[derive(Clone, Debug)]
pub struct Binding {
    /// The place.
    context: Context,
    /// The keys, pressed one after the other.
    pub keys: Vec<Key>,
    /// What they do there.
    pub command: Command,
    /// Its row in the table of commands: the help compares every binding with every row in each frame.
    pub entry: &'static Entry,
}

/// What a key meant.
#[derive(Clone, Debug, PartialEq)]
pub enum Meaning {
    /// This command.
    Command(Command),
    /// The beginning of a sequence.
    Prefix,
    /// Nothing: text, where text is typed.
    Nothing,
}

impl Keymap {
    /// A shipped keymap with the person's own file over it. What cannot be used is left out and said.
    pub fn load(name: &str, own: Option<&str>) -> (Self, Vec<String>) {
        let (mut map, mut faults) = (Self::default(), Vec::new());
        map.lay_shipped(name, &mut faults);
        if let Some(own) = own {
            map.lay_over("keymap.toml", own, &mut faults);
        }
        (map, faults)
    }

    fn lay_shipped(&mut self, name: &str, faults: &mut Vec<String>) {
        match SHIPPED.iter().find(|(shipped, _)| *shipped == name) {
            Some((name, text)) => self.lay_over(name, text, faults),
            None => {
                faults.push(format!("there is no keymap `{name}`; there are default, vim and emacs"));
                self.lay_shipped("default", faults);
            }
        }
    }

    fn lay_over(&mut self, file: &str, text: &str, faults: &mut Vec<String>) {
        let table: toml::Table = match text.parse() {
            Ok(table) => table,
            Err(error) => {
                faults.push(format!("{file}: {}", error.to_string().lines().next().unwrap_or("cannot be read")));
                return;
            }
        };
        if let Some(below) = table.get("inherits").and_then(toml::Value::as_str) {
            self.lay_shipped(below, faults);
        }
        for (section, bindings) in table.iter().filter(|(name, _)| *name != "inherits") {
            let Some(context) = Context::ALL.into_iter().find(|context| context.as_str() == section) else {
                faults.push(format!("{file}: there is no place `{section}`"));
                continue;
            };
            for (keys, command) in bindings.as_table().into_iter().flatten() {
                if let Err(fault) = self.bind(context, keys, command.as_str().unwrap_or("?")) {
                    faults.push(format!("{file}: [{section}] \"{keys}\": {fault}"));
                }
            }
        }
    }

    fn bind(&mut self, context: Context, keys: &str, command: &str) -> Result<(), String> {
        let sequence: Option<Vec<Key>> = keys.split_whitespace().map(Key::parse).collect();
        let sequence = sequence.filter(|sequence| !sequence.is_empty()).ok_or("there is no such key")?;
        let command = if command.is_empty() { None } else { Some(Command::parse(command)?) };
        // Enter alone never confirms, whatever a file says.
        if command.as_ref().is_some_and(Command::consents) && sequence.iter().any(|key| key.to_string() == "enter") {
            return Err("enter must not confirm".to_owned());
        }
        self.bindings.retain(|other| other.context != context || other.keys != sequence);
        self.bindings.extend(command.map(|command| Binding {
            context,
            keys: sequence,
            entry: command.entry(),
            command,
        }));
        Ok(())
    }

    /// What these keys are bound to in this place.
    fn bound(&self, context: Context, keys: &[Key]) -> Option<&Binding> {
        self.bindings_of(context).find(|binding| binding.keys == keys)
    }

    /// What the keys typed so far mean, in the first context of the chain that knows them.
    pub fn meaning(&self, chain: &[Context], typed: &[Key]) -> Meaning {
        let text = chain.iter().any(|context| context.takes_text());
        for context in chain {
            if let Some(binding) = self.bound(*context, typed) {
                return Meaning::Command(binding.command.clone());
            }
            let goes_on = |keys: &[Key]| keys.len() > typed.len() && keys.starts_with(typed);
            if !text && self.bindings_of(*context).any(|binding| goes_on(&binding.keys)) {
                return Meaning::Prefix;
            }
        }
        Meaning::Nothing
    }

    /// The keys of each command, by its name as `:` takes it without what it is given; the first bound key of each.
    pub fn names(&self) -> HashMap<String, String> {
        let mut names = HashMap::new();
        for binding in &self.bindings {
            names.entry(binding.entry.name.to_owned()).or_insert_with(|| written(&binding.keys));
        }
        names
    }

    /// Every key of every command with its place, in the order of the table of commands: for `qd keys` and the README.
    pub fn listing(&self) -> Vec<(Context, String, Cow<'static, str>)> {
        let of = |entry| self.bindings.iter().filter(move |binding| binding.entry == entry);
        let row = |binding: &Binding| (binding.context, written(&binding.keys), binding.command.doc());
        COMMANDS.iter().flat_map(of).map(row).collect()
    }
}

/// Keys as they come: keeps what has been typed of a sequence.
#[derive(Clone, Debug, Default)]
pub struct Typing {
    typed: Vec<Key>,
}

impl Typing {
    /// Takes a key; what it means together with those before it.
    pub fn key(&mut self, keymap: &Keymap, chain: &[Context], event: &KeyEvent) -> Meaning {
        self.typed.push(Key::of(event));
        let mut meaning = keymap.meaning(chain, &self.typed);
        if meaning == Meaning::Nothing && self.typed.len() > 1 {
            // The sequence leads nowhere: the key counts by itself.
            self.typed.drain(..self.typed.len() - 1);
            meaning = keymap.meaning(chain, &self.typed);
        }
        if meaning != Meaning::Prefix {
            self.typed.clear();
        }
        meaning
    }

    /// What has been typed of a sequence.
    pub fn pending(&self) -> Vec<String> {
        self.typed.iter().map(Key::to_string).collect()
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyModifiers};

    use super::*;

    fn press(c: char) -> KeyEvent {
        KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)
    }

    #[test]
    fn every_shipped_keymap_is_whole() {
        for (name, _) in SHIPPED {
            let (map, faults) = Keymap::load(name, None);
            assert!(faults.is_empty(), "{faults:?}");
            assert!(map.names().contains_key("help") && map.names().contains_key("quit"));
        }
    }

    #[test]
    fn sequences_and_the_persons_own_file() {
        let (map, faults) = Keymap::load(
            "vim",
            Some("[global]\n\"q\" = \"\"\n\"x x\" = \"help\"\n[nowhere]\n\"a\" = \"b\"\n[logs]\n\"b\" = \"fly\""),
        );
        assert_eq!(faults.len(), 2, "{faults:?}");
        let (mut typing, chain) = (Typing::default(), [Context::Logs, Context::Global, Context::Always]);
        assert_eq!(typing.key(&map, &chain, &press('g')), Meaning::Prefix);
        assert_eq!(typing.pending(), ["g"]);
        assert_eq!(typing.key(&map, &chain, &press('g')), Meaning::Command(Command::First));
        assert_eq!(typing.key(&map, &chain, &press('q')), Meaning::Nothing);
        typing.key(&map, &chain, &press('g'));
        assert_eq!(typing.key(&map, &chain, &press('j')), Meaning::Command(Command::Down));
    }

    #[test]
    fn no_plain_letter_is_taken_where_text_is_typed() {
        let (map, _) = Keymap::load("default", None);
        for binding in &map.bindings {
            let plain = binding.keys[0].to_string().chars().count() == 1;
            assert!(!(binding.context.takes_text() && plain), "{binding:?}");
        }
    }

    #[test]
    fn enter_confirms_nothing() {
        let (_, faults) =
            Keymap::load("default", Some("[confirm]\n\"enter\" = \"yes\"\n[host-key]\n\"enter\" = \"trust-once\""));
        assert_eq!(faults.len(), 2);
    }
}
