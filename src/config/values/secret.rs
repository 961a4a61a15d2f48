//! Where secrets are had from. (What they are is for [`crate::config::secret`], at the moment they are needed.)

use super::{Argv, LocalPath, shown};
use crate::config::read::{At, Reader, Table, Value};
use crate::config::schema::Shape;
use crate::config::table::table;
use crate::config::tree::Node;
use crate::config::trust::{Class, Concerns};
pub use crate::domain::hosted::{SecretFrom, SecretPlace as Secret};

table! {
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
            table.command.map(|At { value: Argv { argv, folder }, .. }| SecretFrom::Command { argv, folder }),
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
            SecretFrom::Command { argv, .. } => concerns.add(Class::Starts, &shown(argv)),
            SecretFrom::File(path) => concerns.add(Class::Reads, &path.to_string_lossy()),
            SecretFrom::Keyring(name) => concerns.add(Class::Reads, &format!("keyring entry {name}")),
        }
    }
}
