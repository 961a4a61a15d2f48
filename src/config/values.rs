//! What is written in the config's strings and arrays: names, addresses, commands, paths, URLs and the like.
//!
//! The type of a key also says what its value would do: a command starts something, a URL is contacted, a path is
//! read. So a key that is added cannot be forgotten by [`super::trust`].

use std::path::{Path, PathBuf};

use regex::Regex;

use super::read::{Reader, Table, Value};
use super::schema::Shape;
use super::source::Origin;
use super::tree::Node;
use super::trust::{Class, Concerns};
use super::units;

/// A type over a string that some check has passed, and what its value would do.
macro_rules! text {
    ($(#[doc = $doc:literal])+ $name:ident, $expected:literal, $check:expr $(, $class:ident)?) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $name(pub String);

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Value for $name {
            fn shape() -> Shape {
                Shape::Text($expected)
            }

            fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
                let text = reader.text(node, &Self::shape())?;
                let check: fn(&str) -> Result<(), String> = $check;
                match check(text) {
                    Ok(()) => Some(Self(text.to_owned())),
                    Err(fault) => {
                        reader.error(node.at, &fault, Some(concat!("expected ", $expected).to_owned()));
                        None
                    }
                }
            }

            fn concerns(&self, _concerns: &mut Concerns<'_>) {
                $( _concerns.add(Class::$class, &self.0); )?
            }
        }
    };
}

/// Names, users and addresses end up as arguments of programs: one that begins with `-` would be an option, one with
/// blanks or control characters more than one argument or a trap for the eye.
pub fn plain(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("this is empty".to_owned());
    }
    if text.starts_with('-') {
        return Err(format!("\"{text}\" begins with \"-\": it could be taken for an option"));
    }
    if text.chars().any(|c| c.is_whitespace() || crate::domain::text::is_unsafe(c)) {
        return Err(format!("\"{text}\" holds blanks or control characters"));
    }
    Ok(())
}

/// Whether every hop of a jump is a host's name or `user@host:port`.
fn jump(text: &str) -> Result<(), String> {
    for hop in text.split(',') {
        let hop = hop.strip_prefix("ssh://").unwrap_or(hop);
        let (user, host) = hop.rsplit_once('@').map_or((None, hop), |(user, host)| (Some(user), host));
        user.map_or(Ok(()), plain)?;
        plain(host)?;
        // The last colon is a port's, unless more of them say that this is an IPv6 address without brackets.
        let port = match host.rsplit_once(':') {
            Some((name, _)) if name.contains(':') && !name.ends_with(']') => None,
            split => split.map(|(_, port)| port),
        };
        if port.is_some_and(|port| port.parse::<u16>().map_or(true, |port| port == 0)) {
            return Err(format!("\"{hop}\" does not end in a port from 1 to 65535"));
        }
    }
    Ok(())
}

fn url(text: &str) -> Result<(), String> {
    plain(text)?;
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.map_or("", |rest| rest.split(['/', '?', '#']).next().unwrap_or(""));
    if host.is_empty() {
        return Err(format!("\"{text}\" is not a URL"));
    }
    if host.contains('@') {
        return Err("a URL here holds no user or password".to_owned());
    }
    Ok(())
}

fn host_path(text: &str) -> Result<(), String> {
    let plain = !text.is_empty() && !text.chars().any(crate::domain::text::is_unsafe);
    if !plain {
        return Err("a path that is empty or holds control characters".to_owned());
    }
    if !text.starts_with('/') && !text.starts_with('{') {
        return Err(format!("\"{text}\" is not absolute: there is no folder on a host that it could be relative to"));
    }
    Ok(())
}

fn pattern(text: &str) -> Result<(), String> {
    Regex::new(text).map(|_| ()).map_err(|error| {
        let last = error.to_string();
        format!("not a regular expression: {}", last.lines().last().unwrap_or("").trim_start_matches("error: "))
    })
}

text!(
    /// A name that can be used as an argument and an id.
    Name, "a name without blanks, not beginning with \"-\"", plain
);
text!(
    /// The name of a host: it is dialed.
    HostId, "a host's name without blanks, not beginning with \"-\"", plain, Contacts
);
text!(
    /// An address or DNS name.
    Address, "an IP address or DNS name", plain, Contacts
);
text!(
    /// A login name.
    User, "a login name", plain, Contacts
);
text!(
    /// Hosts to jump through.
    Jump, "a host's name, or user@host:port", jump, Contacts
);
text!(
    /// Names, globs or tags of hosts: where a table's commands run and what they read.
    Selector, "a host's name, a glob, or tag:NAME", plain, Contacts
);
text!(
    /// A word to choose hosts by. It decides where commands run, and so is shown with them.
    Tag, "a word without blanks", plain, Contacts
);
text!(
    /// A URL that is asked.
    Url, "a URL such as \"https://example.com/\"", url, Contacts
);
text!(
    /// An absolute path, or a glob, on a host.
    HostPath, "an absolute path on the host", host_path, ReadsThere
);
text!(
    /// A systemd unit to read the journal of; empty for all of it.
    JournalUnit, "a unit such as \"nginx.service\", or \"\" for the whole journal",
    |text| if text.is_empty() { Ok(()) } else { plain(text) }, ReadsThere
);
text!(
    /// Who runs a deploy's steps on a host; empty for whoever logs in.
    RunAs, "a user of the host, or \"\" for the login user",
    |text| if text.is_empty() { Ok(()) } else { plain(text) }, StartsThere
);
text!(
    /// A regular expression.
    Pattern, "a regular expression", pattern
);

text!(
    /// What a counter covers: `today`, or a duration.
    Window, "\"today\" or a duration such as \"5m\"",
    |text| if text == "today" || units::duration(text).is_some() { Ok(()) } else { Err(format!("\"{text}\" is no window")) }
);

/// A path on this machine: `~` expanded, relative to the file that names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalPath(pub PathBuf);

impl Value for LocalPath {
    fn shape() -> Shape {
        Shape::Text("a path on this machine")
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(node, &Self::shape())?;
        if text.is_empty() {
            reader.error(node.at, "this path is empty", None);
            return None;
        }
        Some(Self(expand(text, reader.files.folder(node.at.file), reader.home)))
    }

    fn concerns(&self, concerns: &mut Concerns<'_>) {
        concerns.add(Class::Reads, &self.0.to_string_lossy());
    }
}

/// A path as the file in `folder` means it.
pub fn expand(path: &str, folder: &Path, home: &Path) -> PathBuf {
    if path == "~" {
        return home.to_owned();
    }
    let path = match path.strip_prefix("~/") {
        Some(rest) => home.join(rest),
        None => folder.join(path),
    };
    // A `.` in it says nothing.
    path.components().collect()
}

/// A command (argv) that runs on this machine, in the folder of the file that names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Argv {
    /// The program and its arguments; a program with a `/` is a path already made absolute.
    pub argv: Vec<String>,
    /// The folder it runs in.
    pub folder: PathBuf,
}

/// A command (argv) that runs on a host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostArgv(pub Vec<String>);

fn read_argv(node: &Node, reader: &mut Reader<'_>, may_be_empty: bool) -> Option<Vec<String>> {
    let shape = Argv::shape();
    if !shape.accepts(node) {
        let help = "a command is an array of its program and arguments: no shell reads it".to_owned();
        reader.error(node.at, &format!("expected {}, found {}", shape.expected(), node.kind()), Some(help));
        return None;
    }
    let argv = Vec::<String>::read(node, reader)?;
    if argv.first().map_or(!may_be_empty, String::is_empty) {
        reader.error(node.at, "this command names no program", None);
        return None;
    }
    Some(argv)
}

impl Value for Argv {
    fn shape() -> Shape {
        Shape::List(Box::new(Shape::Text("an argument")))
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let mut argv = read_argv(node, reader, false)?;
        let folder = reader.files.folder(node.at.file).to_owned();
        if argv[0].contains('/') {
            argv[0] = expand(&argv[0], &folder, reader.home).to_string_lossy().into_owned();
        }
        Some(Self { argv, folder })
    }

    fn concerns(&self, concerns: &mut Concerns<'_>) {
        concerns.add(Class::Starts, &shown(&self.argv));
    }
}

impl Value for HostArgv {
    fn shape() -> Shape {
        Argv::shape()
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        read_argv(node, reader, true).map(Self)
    }

    fn concerns(&self, concerns: &mut Concerns<'_>) {
        if !self.0.is_empty() {
            concerns.add(Class::StartsThere, &shown(&self.0));
        }
    }
}

/// A command for people to read: arguments that a shell would split or expand stand in quotes.
pub fn shown(argv: &[String]) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,+@%{}".contains(c);
    let words = argv.iter().map(|word| {
        if !word.is_empty() && word.chars().all(plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Whether something is read with `sudo -n`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sudo(pub bool);

impl Value for Sudo {
    fn shape() -> Shape {
        bool::shape()
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        bool::read(node, reader).map(Self)
    }

    fn concerns(&self, concerns: &mut Concerns<'_>) {
        if self.0 {
            concerns.add(Class::ReadsThere, "yes");
        }
    }
}

/// A TCP port.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Port(pub u16);

impl Value for Port {
    fn shape() -> Shape {
        Shape::Integer { least: 1, most: 65535 }
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let number = super::read::Whole::<1, 65535>::read(node, reader)?;
        u16::try_from(number.0).ok().map(Self)
    }

    fn concerns(&self, concerns: &mut Concerns<'_>) {
        concerns.add(Class::Contacts, &self.0.to_string());
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size(pub u64);

impl Value for Size {
    fn shape() -> Shape {
        Shape::Text("a size such as \"256MiB\"")
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(node, &Self::shape())?;
        let size = units::size(text);
        if size.is_none() {
            let help = "a whole number with B, kB, MB, GB, KiB, MiB or GiB".to_owned();
            reader.error(node.at, &format!("\"{text}\" is not a size"), Some(help));
        }
        size.map(Self)
    }
}

/// A percentage: 5.0 for `"5%"`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Percent(pub f64);

impl Value for Percent {
    fn shape() -> Shape {
        Shape::Text("a percentage such as \"5%\"")
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(node, &Self::shape())?;
        let percent = units::percent(text);
        if percent.is_none() {
            reader.error(node.at, &format!("\"{text}\" is not a percentage"), Some("such as \"5%\"".to_owned()));
        }
        percent.map(Self)
    }
}

/// A time zone by its IANA name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(pub chrono_tz::Tz);

/// Reads a zone's name, with the nearest when there is none of that name.
pub fn zone(text: &str, at: Origin, reader: &mut Reader<'_>) -> Option<chrono_tz::Tz> {
    let zone = text.parse().ok();
    if zone.is_none() {
        let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        let help = crate::domain::nearest::nearest(text, names).map(|name| format!("did you mean \"{name}\"?"));
        reader.error(
            at,
            &format!("\"{text}\" is not a time zone"),
            help.or(Some("such as \"Europe/Berlin\"".to_owned())),
        );
    }
    zone
}

impl Value for Zone {
    fn shape() -> Shape {
        Shape::Text("a time zone such as \"Europe/Berlin\"")
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(node, &Self::shape())?;
        zone(text, node.at, reader).map(Self)
    }
}

/// HTTP status codes: inclusive ranges such as `"200-299"` or `"200,204,300-399"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusCodes(pub Vec<(u16, u16)>);

impl Value for StatusCodes {
    fn shape() -> Shape {
        Shape::Text("HTTP status codes such as \"200-299\"")
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(node, &Self::shape())?;
        let range = |part: &str| {
            let (low, high) = part.split_once('-').unwrap_or((part, part));
            let (low, high) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
            ((100..=599).contains(&low) && (low..=599).contains(&high)).then_some((low, high))
        };
        let ranges: Option<Vec<(u16, u16)>> = text.split(',').map(range).collect();
        if ranges.is_none() {
            let help = "such as \"200-299\" or \"200,204\"".to_owned();
            reader.error(node.at, &format!("\"{text}\" is not a range of HTTP status codes"), Some(help));
        }
        ranges.map(Self)
    }
}

/// Where a secret is had from; never the secret itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// The place.
    pub from: SecretFrom,
    /// Put before it, such as `Bearer `.
    pub prefix: String,
}

/// The places a secret can be had from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretFrom {
    /// An environment variable.
    Env(String),
    /// The first line that a command prints.
    Command(Argv),
    /// A file that only its owner can read.
    File(PathBuf),
    /// An entry of the platform's keyring.
    Keyring(String),
}

super::read::table! {
    /// A secret: exactly one of env, command, file and keyring. Never the secret itself.
    SecretTable {
        /// an environment variable
        env: String = "STATUSCAKE_TOKEN";
        /// a command that prints it
        command: Argv = ["pass", "show", "stripe/restricted"];
        /// a file of yours that nobody else can read (0600)
        file: LocalPath = "~/.config/quarterdeck/gitlab.token";
        /// an entry of the keyring
        keyring: String = "quarterdeck/gitlab";
        /// put before it
        prefix: String = "Bearer ";
    }
}

impl Value for Secret {
    fn shape() -> Shape {
        Shape::Secret(SecretTable::schema())
    }

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        if !Self::shape().accepts(node) {
            let help = "write where it is had from: { env = \"NAME\" }, { command = [...] }, { file = \"…\" } or \
                        { keyring = \"…\" }";
            reader.error(node.at, "a secret is never written into a config", Some(help.to_owned()));
            return None;
        }
        let table = SecretTable::read(node, reader)?;
        let places = [
            table.env.map(|env| SecretFrom::Env(env.value)),
            table.command.map(|command| SecretFrom::Command(command.value)),
            table.file.map(|file| SecretFrom::File(file.value.0)),
            table.keyring.map(|keyring| SecretFrom::Keyring(keyring.value)),
        ];
        let mut places = places.into_iter().flatten();
        match (places.next(), places.next()) {
            (Some(from), None) => Some(Self { from, prefix: table.prefix.map(|p| p.value).unwrap_or_default() }),
            _ => {
                reader.conflict(node.at, "a secret has exactly one place", "keep one of env, command, file, keyring");
                None
            }
        }
    }

    fn concerns(&self, concerns: &mut Concerns<'_>) {
        match &self.from {
            SecretFrom::Env(name) => concerns.add(Class::Reads, &format!("${name}")),
            SecretFrom::Command(argv) => argv.concerns(concerns),
            SecretFrom::File(path) => concerns.add(Class::Reads, &path.to_string_lossy()),
            SecretFrom::Keyring(name) => concerns.add(Class::Reads, &format!("keyring entry {name}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_taken_for_an_option_or_for_two_words_is_no_name() {
        for (text, good) in [
            ("web-1", true),
            ("10.0.0.1", true),
            ("fe80::1%eth0", true),
            ("-oProxyCommand=x", false),
            ("a b", false),
            ("a\u{202e}b", false),
            ("a\nb", false),
            ("", false),
        ] {
            assert_eq!(plain(text).is_ok(), good, "{text:?}");
        }
    }

    #[test]
    fn every_hop_of_a_jump_is_checked() {
        for (text, good) in [
            ("bastion", true),
            ("deploy@bastion:2222,inner", true),
            ("deploy@[fe80::1]:22", true),
            ("fe80::1", true),
            ("ok,-oProxyCommand=x", false),
            ("-x@host", false),
            ("a@-x", false),
            ("host:0", false),
            ("host:ssh", false),
            ("", false),
        ] {
            assert_eq!(jump(text).is_ok(), good, "{text:?}");
        }
    }

    #[test]
    fn urls_are_http_and_hold_no_password() {
        for (text, good) in [
            ("http://127.0.0.1:8000/healthz", true),
            ("https://example.com", true),
            ("https://user:pass@example.com/", false),
            ("https:///x", false),
            ("ftp://example.com", false),
            ("example.com", false),
        ] {
            assert_eq!(url(text).is_ok(), good, "{text:?}");
        }
    }
}
