//! What a tool that shows the logs of several containers writes before each line, to say whose it is.
//!
//! `docker compose logs` and `docker service logs`: `web-1  | line`, the name filled up with blanks to the longest
//! one's width and two more. `kubectl logs --prefix`: `[pod/NAME/CONTAINER] line`. stern: `POD CONTAINER line`, with the
//! namespace before that where there are several. None of these names has a blank in it.

use std::borrow::Cow;
use std::ops::Range;

use super::Format;

/// Between a command and the part of its output, in the name of a source.
const PART: &str = " › ";
/// The longest prefix: names of Kubernetes have at most 253 characters, of containers 63.
const LONGEST: usize = 640;

/// How a tool says whose a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// `web-1  | `
    Bar,
    /// `[pod/NAME/CONTAINER] `
    Bracket,
    /// So many words, each with a blank behind it.
    Words(usize),
}

impl Naming {
    /// Where the name of the part stands that a line is of, and how long all is that was written before the line.
    pub fn find(self, line: &[u8]) -> Option<(Range<usize>, usize)> {
        let line = &line[..line.len().min(LONGEST)];
        match self {
            Self::Bar => {
                let name = name(line)?;
                let blanks = line[name..].iter().take_while(|byte| **byte == b' ').count();
                let bar = line[name + blanks..].starts_with(b"| ") && blanks > 0;
                bar.then_some((0..name, name + blanks + 2))
            }
            Self::Bracket => {
                let inner = line.strip_prefix(b"[pod/")?;
                let pod = name(inner)?;
                let rest = inner[pod..].strip_prefix(b"/")?;
                let end = 5 + pod + 1 + name(rest)?;
                line[end..].starts_with(b"] ").then_some((0..end + 1, end + 2))
            }
            Self::Words(words) => {
                let mut end = 0;
                for _ in 0..words {
                    end += name(&line[end..])?;
                    if line.get(end) != Some(&b' ') {
                        return None;
                    }
                    end += 1;
                }
                (end > 0).then(|| (0..end - 1, end))
            }
        }
    }
}

/// How long the name of a container or pod is that stands here; none when there is none.
fn name(text: &[u8]) -> Option<usize> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'@');
    Some(text.iter().take_while(|byte| is_name(byte)).count()).filter(|length| *length > 0)
}

/// A part of what a command says: the lines before which its tool writes the same name. It is a source of its own, so that
/// the lines of an event stay together however several parts are mixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    naming: Naming,
    /// As the tool writes it, without what fills it up.
    name: Box<str>,
    /// What it says of each line, as fields: names, and where their values stand in its own.
    fields: Vec<(&'static str, Range<usize>)>,
}

impl Part {
    /// The name of the source that is this part of a command.
    pub fn source(command: &str, name: &str) -> String {
        format!("{command}{PART}{name}")
    }

    /// The part that a source of this name is; none for every other source.
    pub fn of_source(source: &str) -> Option<Self> {
        let (_, name) = source.strip_prefix("command:")?.rsplit_once(PART)?;
        let bracket = name.starts_with('[');
        let separators: &[char] = if bracket { &['/', ']'] } else { &[' '] };
        let mut words: Vec<Range<usize>> = Vec::new();
        let mut at = 0;
        for word in name.split(separators) {
            words.push(at..at + word.len());
            at += word.len() + 1;
        }
        let (naming, names): (_, &[&str]) = match (bracket, words.len()) {
            (true, _) => (Naming::Bracket, &["", "pod", "container"]),
            (false, 1) => (Naming::Bar, &["container"]),
            (false, 2) => (Naming::Words(2), &["pod", "container"]),
            (false, count) => (Naming::Words(count), &["namespace", "pod", "container"]),
        };
        let fields = names.iter().copied().zip(words).filter(|(name, _)| !name.is_empty()).collect();
        Some(Self { naming, name: name.into(), fields })
    }

    /// How much was written before a line of this part; 0 when the line is of another.
    pub fn front(&self, line: &[u8]) -> usize {
        let found = self.naming.find(line).filter(|(name, _)| &line[name.clone()] == self.name.as_bytes());
        found.map_or(0, |(_, length)| length)
    }

    /// What is known of each of its lines.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.fields.iter().map(|(name, value)| (*name, &self.name[value.clone()]))
    }

    /// The value of one of these.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

/// The shape of a source's lines: what a tool writes before each, and what follows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shape<'a> {
    /// Of what follows.
    pub format: Format,
    /// The part of a command's output that the source is.
    pub part: Option<&'a Part>,
}

impl From<Format> for Shape<'_> {
    fn from(format: Format) -> Self {
        Self { format, part: None }
    }
}

impl<'a> Shape<'a> {
    /// A line without what its tool wrote before it, and how much that was.
    pub fn body<'l>(&self, raw: &'l [u8]) -> (&'l [u8], usize) {
        let front = self.part.map_or(0, |part| part.front(raw));
        (&raw[front..], front)
    }

    /// The value of a field that is known of every line.
    pub(super) fn field<'l>(&self, name: &str) -> Option<Cow<'l, [u8]>> {
        let value = self.part.and_then(|part| part.field(name))?;
        Some(Cow::Owned(value.as_bytes().to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_before_a_line_is_known_by_its_tools_form_and_nothing_else_is() {
        const BAR: Naming = Naming::Bar;
        const BRACKET: Naming = Naming::Bracket;
        const WORDS: Naming = Naming::Words(2);
        for (naming, line, expected) in [
            (BAR, "web-1  | hello", Some(("web-1", "hello"))),
            (BAR, "a_long_name-1  | ", Some(("a_long_name-1", ""))),
            (BAR, "db-1          |   at x", Some(("db-1", "  at x"))),
            (BAR, "shop_api.1.x7k2m9@node-1    | hello", Some(("shop_api.1.x7k2m9@node-1", "hello"))),
            (BAR, "web-1 exited with code 0", None),
            (BAR, "| hello", None),
            (BAR, "a| hello", None),
            (BAR, "two words | hello", None),
            (BRACKET, "[pod/shop-7d9f/app] hello [x] y", Some(("[pod/shop-7d9f/app]", "hello [x] y"))),
            (BRACKET, "[pod/shop-7d9f] hello", None),
            (BRACKET, "[error] hello", None),
            (WORDS, "shop-7d9f app hello world", Some(("shop-7d9f app", "hello world"))),
            (WORDS, "shop-7d9f app   at x", Some(("shop-7d9f app", "  at x"))),
            (WORDS, "shop-7d9f app ", Some(("shop-7d9f app", ""))),
            (WORDS, "shop-7d9f app", None),
            (WORDS, "+ shop-7d9f › app", None),
            (WORDS, "", None),
            (Naming::Words(3), "eu shop-7d9f app hello", Some(("eu shop-7d9f app", "hello"))),
        ] {
            let found = naming.find(line.as_bytes()).map(|(name, length)| (&line[name], &line[length..]));
            assert_eq!(found, expected, "{line}");
        }
    }

    #[test]
    fn a_part_is_known_by_its_sources_name_and_says_whose_its_lines_are() {
        for (name, line, fields) in [
            ("web-1", "web-1    | x", "container=web-1"),
            ("[pod/shop-7d9f/app]", "[pod/shop-7d9f/app] x", "pod=shop-7d9f container=app"),
            ("shop-7d9f app", "shop-7d9f app x", "pod=shop-7d9f container=app"),
            ("eu shop-7d9f app", "eu shop-7d9f app x", "namespace=eu pod=shop-7d9f container=app"),
        ] {
            let part = Part::of_source(&Part::source("command:stern x", name)).unwrap();
            assert_eq!(&line[part.front(line.as_bytes())..], "x");
            assert_eq!(part.front(b"another line | x"), 0);
            assert_eq!(part.front(&line.as_bytes()[1..]), 0, "another part's");
            let said: Vec<String> = part.fields().map(|(name, value)| format!("{name}={value}")).collect();
            assert_eq!(said.join(" "), fields);
            assert_eq!(
                (part.field("container"), part.field("nothing")),
                (Some(fields.rsplit('=').next().unwrap()), None)
            );
        }
        assert_eq!(Part::of_source("command:stern x"), None);
        assert_eq!(Part::of_source("file:/a › b"), None);
    }

    proptest! {
        #[test]
        fn any_line_and_any_name_are_taken(line in "\\PC{0,40}", name in "\\PC{0,20}", words in 0_usize..4) {
            for naming in [Naming::Bar, Naming::Bracket, Naming::Words(words)] {
                if let Some((name, length)) = naming.find(line.as_bytes()) {
                    prop_assert!(name.end < length && length <= line.len());
                }
            }
            if let Some(part) = Part::of_source(&Part::source("command:x", &name)) {
                prop_assert!(part.front(line.as_bytes()) <= line.len());
                prop_assert!(part.fields().count() <= 3);
            }
        }
    }
}
