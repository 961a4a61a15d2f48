//! The other way round: which keys a command has, and what may follow a prefix. Hints, help and which-key ask this.

use super::{Binding, Key, Keymap};
use crate::app::command::Command;
use crate::app::context::Context;

impl Keymap {
    /// The keys of a command in these contexts, innermost first, the shortest of several; none when it is unbound there.
    pub fn key_of(&self, chain: &[Context], command: &Command) -> Option<String> {
        let here = |depth: usize| {
            let bound = self.bindings_of(chain[depth]).filter(|binding| binding.command == *command);
            let keys = bound.filter(|binding| !self.is_hidden(binding, &chain[..depth]));
            keys.map(|binding| written(&binding.keys)).min_by_key(|keys| keys.chars().count())
        };
        (0..chain.len()).find_map(here)
    }

    /// What may follow the keys typed so far: the rest of each sequence, and what it does.
    pub fn following<'k>(&'k self, chain: &[Context], typed: &[String]) -> Vec<(String, &'k Command)> {
        let begins =
            |keys: &[Key]| keys.len() > typed.len() && keys.iter().zip(typed).all(|(k, t)| k.to_string() == *t);
        let here = |depth: usize| {
            let begun = self.bindings_of(chain[depth]).filter(|binding| begins(&binding.keys));
            begun.filter(move |binding| !self.is_hidden(binding, &chain[..depth]))
        };
        let rest = |binding: &'k Binding| (written(&binding.keys[typed.len()..]), &binding.command);
        (0..chain.len()).flat_map(here).map(rest).collect()
    }

    /// Every binding of one context, in the order of the files.
    pub fn bindings_of(&self, context: Context) -> impl Iterator<Item = &Binding> {
        self.bindings.iter().filter(move |binding| binding.context == context)
    }

    /// A binding of an inner context hides the same keys further out.
    fn is_hidden(&self, binding: &Binding, inner: &[Context]) -> bool {
        inner.iter().any(|context| self.bound(*context, &binding.keys).is_some())
    }
}

/// Keys as they are written in keymaps and shown to people.
pub fn written(keys: &[Key]) -> String {
    keys.iter().map(Key::to_string).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_persons_own_key_is_found_and_a_hidden_one_is_not() {
        let (map, _) =
            Keymap::load("default", Some("[global]\n\"?\" = \"\"\n\"f1\" = \"help\"\n[logs]\n\"T\" = \"wrap\""));
        let (logs, hosts) = ([Context::Logs, Context::Global], [Context::Hosts, Context::Global]);
        assert_eq!(map.key_of(&logs, &Command::Help).as_deref(), Some("f1"));
        assert_eq!(map.key_of(&hosts, &Command::Utc).as_deref(), Some("T"));
        assert_eq!(map.key_of(&logs, &Command::Utc), None);
        assert_eq!(map.key_of(&hosts, &Command::Wrap), None);
        assert_eq!(map.key_of(&logs, &Command::Down).as_deref(), Some("j"), "the shortest of several");
    }

    #[test]
    fn a_prefix_shows_what_may_follow() {
        let (map, _) = Keymap::load("default", Some("[global]\n\"x g\" = \"first\"\n\"x G\" = \"last\""));
        let found = map.following(&[Context::Global], &["x".to_owned()]);
        assert_eq!(found, [("G".to_owned(), &Command::Last), ("g".to_owned(), &Command::First)]);
        assert!(map.following(&[Context::Global], &["g".to_owned()]).is_empty());
    }
}
