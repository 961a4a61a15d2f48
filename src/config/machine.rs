//! The machine that `qd` runs on, watched when no config names a host.

use std::fs;
use std::path::Path;

use super::values::plain;
use crate::domain::host::{Host, HostName, TransportChoice};
use crate::domain::log::{SourceKind, SourceSpec};
use crate::domain::service::Service;
use crate::domain::text::one_line;

/// The environment that the machine itself stands in.
pub const ENVIRONMENT: &str = "local";

/// The machine's own name; `local` when it has none that could be used.
pub fn name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    if plain(&name).is_ok() { name } else { ENVIRONMENT.to_owned() }
}

/// The local user's name: what the system calls them, not what the environment may have been made to say.
pub fn person() -> String {
    let uid = rustix::process::getuid().as_raw().to_string();
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let entry =
        users.lines().map(|line| line.split(':').collect::<Vec<_>>()).find(|entry| entry.get(2) == Some(&uid.as_str()));
    let named = entry.and_then(|entry| entry.first().map(|name| (*name).to_owned()));
    let name = named.or_else(|| std::env::var("USER").ok()).unwrap_or_else(|| format!("uid {uid}"));
    one_line(&name, 64)
}

/// What there is to read on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    name: String,
    /// The journal can be read.
    journal: bool,
    /// Log files that can be read, by the service that they belong to.
    files: Vec<(&'static str, Vec<String>)>,
}

/// Folders whose logs tell what runs here, and the service's name.
const KNOWN: [(&str, &str); 4] = [
    ("nginx", "var/log/nginx"),
    ("apache2", "var/log/apache2"),
    ("httpd", "var/log/httpd"),
    ("caddy", "var/log/caddy"),
];

impl Machine {
    /// Looks around. Nothing is started: whether the journal can be read shows in its files.
    pub fn look() -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let journalctl = std::env::split_paths(&path).any(|folder| folder.join("journalctl").is_file());
        Self::beneath(Path::new("/"), journalctl)
    }

    fn beneath(root: &Path, journalctl: bool) -> Self {
        let journal = journalctl
            && ["run/log/journal", "var/log/journal"].iter().any(|folder| readable_journal(&root.join(folder)));
        let mut files: Vec<(&str, Vec<String>)> = KNOWN
            .iter()
            .map(|(service, folder)| (*service, readable(&root.join(folder), &["log"])))
            .filter(|(_, files)| !files.is_empty())
            .collect();
        if !journal {
            let mut system = readable(&root.join("var/log"), &["log"]);
            let named = ["syslog", "messages", "secure"].map(|name| root.join("var/log").join(name));
            system
                .splice(0..0, named.iter().filter(|path| is_readable(path)).map(|p| p.to_string_lossy().into_owned()));
            if !system.is_empty() {
                files.push(("system", system));
            }
        }
        Self { name: name(), journal, files }
    }

    /// The machine as a host.
    pub fn host(&self) -> Host {
        Host { transport: TransportChoice::Local, ..Host::named(self.name.as_str(), ENVIRONMENT) }
    }

    /// What can be read of it, as services: `system`, and the web servers whose logs lie where they always do.
    pub fn services(&self) -> Vec<Service> {
        let spec = |kind| SourceSpec { kind, sudo: false };
        let journal = self.journal.then(|| self.service("system", vec![spec(SourceKind::Journal(String::new()))]));
        let files = self.files.iter().map(|(name, files)| {
            let logs = files.iter().map(|file| spec(SourceKind::File(file.clone()))).collect();
            let mut service = self.service(name, logs);
            if *name != "system" {
                service.unit = Some(format!("{name}.service"));
                service.access_log = files.iter().find(|file| file.ends_with("/access.log")).cloned();
            }
            service
        });
        journal.into_iter().chain(files).collect()
    }

    fn service(&self, name: &str, logs: Vec<SourceSpec>) -> Service {
        Service {
            name: name.to_owned(),
            environment: ENVIRONMENT.to_owned(),
            hosts: vec![HostName::new(self.name.as_str())],
            unit: None,
            container: None,
            critical: false,
            health: None,
            version: None,
            access_log: None,
            runbook: None,
            logs,
        }
    }
}

/// Whether some journal file in the machine's folder beneath can be read.
fn readable_journal(folder: &Path) -> bool {
    let machines = fs::read_dir(folder).into_iter().flatten().flatten();
    machines.take(10).any(|machine| !readable(&machine.path(), &["journal"]).is_empty())
}

/// The files of a folder with one of these endings that can be read, in order; at most a hundred.
fn readable(folder: &Path, endings: &[&str]) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<String> = entries
        .filter(|path| path.extension().is_some_and(|e| endings.iter().any(|ending| e == *ending)) && is_readable(path))
        .map(|path| path.to_string_lossy().into_owned())
        .take(100)
        .collect();
    files.sort();
    files
}

fn is_readable(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::READ_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x\n").unwrap();
        }
        root
    }

    #[test]
    fn the_journal_is_read_where_there_is_one_and_files_where_there_is_none() {
        let root = world(&["run/log/journal/0123/system.journal", "var/log/syslog", "var/log/nginx/access.log"]);
        let services = Machine::beneath(root.path(), true).services();
        assert_eq!(services.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["system", "nginx"]);
        assert_eq!(services[0].logs[0].kind, SourceKind::Journal(String::new()));
        assert!(services[1].access_log.as_ref().unwrap().ends_with("/var/log/nginx/access.log"));

        let services = Machine::beneath(root.path(), false).services();
        let system = services.iter().find(|s| s.name == "system").unwrap();
        assert!(matches!(&system.logs[0].kind, SourceKind::File(path) if path.ends_with("/var/log/syslog")));
    }

    #[test]
    fn a_machine_with_no_logs_is_still_watched() {
        let root = world(&[]);
        let machine = Machine::beneath(root.path(), true);
        assert!(machine.services().is_empty());
        assert_eq!(machine.host().transport, TransportChoice::Local);
        assert!(!machine.host().name.as_str().is_empty());
    }
}
