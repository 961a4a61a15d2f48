//! Commands, and paths on this machine.

use std::path::{Path, PathBuf};

use crate::config::read::{Reader, Value};
use crate::config::schema::Shape;
use crate::config::tree::Node;
use crate::config::trust::{Class, Concerns};
use crate::domain::plan::shown;

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
