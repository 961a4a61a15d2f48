//! Trust in a config file that was found in a folder: what it would start, contact and read is shown and agreed to
//! once, and again after each change of just that.
//!
//! What counts is decided by the types of the keys (see [`super::values`]), and only that is hashed: a new comment, title or
//! threshold asks nobody.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::text::clean;

/// What a value would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Starts a program on this machine.
    Starts,
    /// Starts a program on hosts.
    StartsThere,
    /// Contacts a host or a URL.
    Contacts,
    /// Reads a file, a variable or a keyring on this machine.
    Reads,
    /// Reads files or journals on hosts.
    ReadsThere,
}

impl Class {
    fn title(self) -> &'static str {
        match self {
            Self::Starts => "would start on this machine",
            Self::StartsThere => "would start on hosts",
            Self::Contacts => "would contact",
            Self::Reads => "would read on this machine",
            Self::ReadsThere => "would read on hosts",
        }
    }
}

/// One thing that a config would do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Concern {
    /// What sort of thing.
    pub class: Class,
    /// Whose, such as `service api`.
    pub what: String,
    /// The key, such as `health.url`; empty for the entry itself.
    pub key: String,
    /// The command, address or path.
    pub text: String,
}

impl Concern {
    /// The line that stands for it in the state folder and under the hash.
    fn line(&self) -> String {
        format!("{:?}\t{}\t{}\t{}", self.class, self.what, self.key, self.text)
    }
}

/// Gathers concerns while a config is walked.
pub struct Concerns<'a> {
    what: String,
    key: String,
    found: &'a mut Vec<Concern>,
}

impl<'a> Concerns<'a> {
    /// A walk that begins at the top.
    pub fn new(found: &'a mut Vec<Concern>) -> Self {
        Self { what: String::new(), key: String::new(), found }
    }

    /// One key deeper.
    pub fn under(&mut self, key: &str) -> Concerns<'_> {
        let (mut what, mut path) = (self.what.clone(), self.key.clone());
        if what.is_empty() {
            key.clone_into(&mut what);
        } else {
            path.push_str(if path.is_empty() { "" } else { "." });
            path.push_str(key);
        }
        Concerns { what, key: path, found: self.found }
    }

    /// Into the entry of that name of a `[[…]]`.
    pub fn entry(&mut self, name: &str) -> Concerns<'_> {
        Concerns { what: format!("{} {name}", self.what), key: self.key.clone(), found: self.found }
    }

    /// Notes one.
    pub fn add(&mut self, class: Class, text: &str) {
        let (what, key) = (self.what.clone(), self.key.clone());
        self.found.push(Concern { class, what, key, text: text.to_owned() });
    }
}

/// All that a found file would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extract {
    /// The file, with no link left in its path.
    pub file: PathBuf,
    /// What it would do, in the order of the classes and of the file.
    pub concerns: Vec<Concern>,
}

impl Extract {
    /// Of a file's values.
    pub fn of(file: PathBuf, config: &impl super::read::Value) -> Self {
        let mut concerns = Vec::new();
        config.concerns(&mut Concerns::new(&mut concerns));
        concerns.sort_by_key(|c| c.class);
        Self { file, concerns }
    }

    /// SHA-256 over every concern, in hex.
    pub fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        for concern in &self.concerns {
            let line = concern.line();
            // The length goes in too: no text can pose as the end of one concern and the start of the next.
            hash.update((line.len() as u64).to_le_bytes());
            hash.update(line.as_bytes());
        }
        hex(&hash.finalize())
    }

    /// A page for people, safe to show. Lines that `trusted` (what was agreed to before) does not hold begin with `+`.
    pub fn describe(&self, trusted: Option<&Trusted>) -> String {
        let mut page = format!("{}\n", clean(&self.file.to_string_lossy()));
        let mut class = None;
        let mut at = 0;
        while let Some(first) = self.concerns.get(at) {
            if class != Some(first.class) {
                class = Some(first.class);
                page.push_str(&format!("\n{}\n", first.class.title()));
            }
            // What a host or a log consists of reads best on one line; commands get one each.
            let together = !matches!(first.class, Class::Starts | Class::StartsThere);
            let same = |c: &&Concern| together && c.class == first.class && c.what == first.what;
            let more = self.concerns[at + 1..].iter().take_while(same).count();
            let group = &self.concerns[at..=at + more];
            let new = trusted.is_some_and(|t| group.iter().any(|c| !t.lines.contains(&c.line())));
            let parts: Vec<String> = group.iter().filter(|c| c.key != "name" || group.len() == 1).map(part).collect();
            let line = format!("{} {:<20} {}", if new { '+' } else { ' ' }, clean(&first.what), parts.join(", "));
            page.push_str(line.trim_end());
            page.push('\n');
            at += more + 1;
        }
        if self.concerns.is_empty() {
            page.push_str("\nwould start, contact and read nothing\n");
        }
        page
    }
}

fn part(concern: &Concern) -> String {
    let text = clean(&concern.text);
    match concern.key.as_str() {
        "name" => "by that name".to_owned(),
        "" | "command" => text.into_owned(),
        key => format!("{} {text}", clean(key)),
    }
}

/// Whether a config may be acted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// It may: the person chose it, or agreed to it.
    Trusted,
    /// Not yet: this must be shown and agreed to first.
    Untrusted(Box<Untrusted>),
}

/// What has not been agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untrusted {
    /// What the file would do now.
    pub extract: Extract,
    /// What was agreed to before it changed.
    pub before: Option<Trusted>,
}

impl Untrusted {
    /// A page for people, safe to show; what is new since it was last trusted begins with `+`.
    pub fn describe(&self) -> String {
        self.extract.describe(self.before.as_ref())
    }
}

/// What a person agreed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trusted {
    path: PathBuf,
    sha256: String,
    lines: Vec<String>,
}

/// The agreements, in the state folder: one small file for each path, so that two `qd` at once never lose one.
#[derive(Clone, Debug)]
pub struct TrustStore {
    folder: PathBuf,
}

impl TrustStore {
    /// The one in this state folder; nothing is touched yet.
    pub fn new(state: &Path) -> Self {
        Self { folder: state.join("trust") }
    }

    /// Where the agreement to a path is kept, if there is one.
    pub fn record(&self, path: &Path) -> PathBuf {
        let name = hex(&Sha256::digest(path.as_os_str().as_encoded_bytes()));
        self.folder.join(format!("{}.json", &name[..32]))
    }

    /// What was agreed to for a path. A damaged file counts as none: the person is asked again.
    pub fn get(&self, path: &Path) -> Option<Trusted> {
        let trusted: Trusted = serde_json::from_slice(&fs::read(self.record(path)).ok()?).ok()?;
        (trusted.path == path).then_some(trusted)
    }

    /// Whether just this was agreed to.
    pub fn check(&self, extract: Extract) -> Trust {
        let before = self.get(&extract.file);
        if before.as_ref().is_some_and(|trusted| trusted.sha256 == extract.sha256()) {
            return Trust::Trusted;
        }
        Trust::Untrusted(Box::new(Untrusted { extract, before }))
    }

    /// Keeps an agreement.
    pub fn trust(&self, extract: &Extract) -> io::Result<()> {
        let trusted = Trusted {
            path: extract.file.clone(),
            sha256: extract.sha256(),
            lines: extract.concerns.iter().map(Concern::line).collect(),
        };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        let file = self.record(&extract.file);
        let aside = file.with_extension(format!("{}.tmp", std::process::id()));
        let mut out = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&aside)?;
        out.write_all(&serde_json::to_vec_pretty(&trusted)?)?;
        out.sync_all()?;
        fs::rename(&aside, &file)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
