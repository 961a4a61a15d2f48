//! What is said when the login user may not read a log: which right is missing where, and who can give it.

/// The exit code by which `barred.sh` says that a right is missing.
pub(super) const CODE: i32 = 23;

/// A right that is missing on the way to a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Barred {
    /// The log itself may not be read; otherwise a folder may not be entered, or not be looked into.
    is_log: bool,
    listed: bool,
    owner: String,
    group: String,
    /// The group has the right, so that its members do.
    by_group: bool,
    /// Where it is missing.
    path: String,
}

impl Barred {
    /// What `barred.sh` said, among whatever else was said on standard error.
    pub(super) fn parse(complaint: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(complaint);
        let mut words = text.lines().find_map(|line| line.strip_prefix("QD1 barred "))?.splitn(5, ' ');
        let (need, owner, group) = (words.next()?, words.next()?.to_owned(), words.next()?.to_owned());
        let mode = u32::from_str_radix(words.next()?, 8).unwrap_or(0);
        let mut bits = 0;
        for (letter, bit) in [('r', 0o40), ('x', 0o10)] {
            bits |= if need.contains(letter) { bit } else { 0 };
        }
        Some(Self {
            is_log: need == "r",
            listed: need.contains('r'),
            owner,
            group,
            by_group: mode & bits == bits,
            path: words.next()?.to_owned(),
        })
    }

    /// The log itself is there, and only it may not be read.
    pub(super) fn is_log(&self) -> bool {
        self.is_log
    }

    /// One sentence: what is in the way of a log on `host`, and what is to be done. With `sudo` root's rights were asked
    /// for already, in vain.
    pub(super) fn why(&self, host: &str, sudo: bool) -> String {
        let Self { owner, group, path, .. } = self;
        let what = match (self.is_log, self.listed) {
            (true, _) => "read",
            (false, true) => "look into the folder",
            (false, false) => "enter the folder",
        };
        let (whose, group) = match self.by_group {
            true => (
                format!("{owner} and the group {group} may"),
                Some(format!("add the login user to the group {group} and connect anew")),
            ),
            false => (format!("it is {owner}'s, and its group {group} may not either"), None),
        };
        let root = (!sudo).then(|| "set sudo = true for this log".to_owned());
        let ways: Vec<String> = group.into_iter().chain(root).collect();
        let ways = if ways.is_empty() { String::new() } else { format!(": {}", ways.join(", or ")) };
        format!("permission denied: the login user may not {what} {path} on {host} ({whose}){ways}")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;
    use std::path::Path;
    use std::process::{Command, Output, Stdio};

    use super::*;
    use crate::logs::source::follow::{self, Reading};

    #[test]
    fn what_is_missing_where_and_who_can_give_it_is_said() {
        for (said, sudo, expected) in [
            (
                "r www-data adm 640 /var/log/x.log",
                false,
                "read /var/log/x.log on web-1 (www-data and the group adm may): add the login user to the group adm and connect anew, or set sudo = true for this log",
            ),
            (
                "r root adm 600 /var/log/x.log",
                true,
                "may not read /var/log/x.log on web-1 (it is root's, and its group adm may not either)",
            ),
            (
                "x myservice adm 750 /var/log/my service",
                false,
                "enter the folder /var/log/my service on web-1 (myservice and",
            ),
            ("r root adm 730 /var/log", false, "read /var/log on web-1 (it is root's"),
            ("rx root adm 710 /var/log", false, "look into the folder /var/log on web-1 (it is root's"),
            ("x - - - /var/log", false, "enter the folder /var/log on web-1 (it is -'s"),
        ] {
            let complaint = format!("stty: not a terminal\nQD1 barred {said}\n");
            let why = Barred::parse(complaint.as_bytes()).unwrap().why("web-1", sudo);
            assert!(why.starts_with("permission denied: the login user may not "), "{why}");
            assert!(why.contains(expected), "{why}");
        }
        assert_eq!(Barred::parse(b"QD1 barred x root"), None);
        assert_eq!(Barred::parse(b"permission denied"), None);
    }

    /// Runs a script as somebody who is not root.
    fn as_nobody(shell: &[&str], script: &str) -> Output {
        let mut command = Command::new(shell[0]);
        command.args(&shell[1..]).arg("-c").arg(script);
        // Standard input ends with the link, which holds until the script is done.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
            command.uid(65534).gid(65534);
        }
        let mut child = command.spawn().unwrap();
        let link = child.stdin.take();
        let out = child.wait_with_output().unwrap();
        drop(link);
        out
    }

    fn chmod(path: &Path, mode: u32) {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_may_not_be_reached_is_told_from_what_is_not_there_by_every_shell() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        let (open, closed) = (at("open"), at("closed"));
        chmod(root.path(), 0o755);
        for folder in [&open, &closed] {
            std::fs::create_dir(folder).unwrap();
            std::fs::write(folder.join("x.log"), "one\n").unwrap();
            chmod(folder, 0o755);
        }
        std::fs::write(open.join("y.log"), "one\n").unwrap();
        chmod(&open.join("y.log"), 0o200);
        for (link, to) in [("to-closed", "closed"), ("to-log", "closed/x.log"), ("round", "round")] {
            std::os::unix::fs::symlink(to, at(link)).unwrap();
        }
        chmod(&closed, 0o640);
        let shells: [&[&str]; 3] = [&["sh"], &["bash"], &["busybox", "sh"]];
        let there = |shell: &&[&str]| Command::new(shell[0]).arg("--help").output().is_ok();
        for shell in shells.into_iter().filter(there) {
            for (name, code, right) in [
                ("open/x.log", 0, ""),
                ("open/z.log", 20, ""),
                ("open/x.log/z", 20, ""),
                ("round", 20, ""),
                ("open/y.log", 23, "r"),
                ("closed/x.log", 23, "x"),
                ("closed/deeper/and/deeper.log", 23, "x"),
                ("to-closed/x.log", 23, "x"),
                ("to-log", 23, "x"),
            ] {
                let path = at(name).display().to_string();
                let reading =
                    Reading { name: &path, open: &path, inode: None, offset: 0, follow: false, poll: 0.1, sudo: false };
                let out = as_nobody(shell, &follow::follow(&reading));
                let barred = Barred::parse(&out.stderr);
                assert_eq!(out.status.code(), Some(code), "{shell:?} {name}: {out:?}");
                assert_eq!(barred.map(|barred| barred.is_log), (code == 23).then_some(right == "r"), "{out:?}");
            }
            for (glob, code) in [("open/*.log", 0), ("none/*.log", 0), ("closed/*.log", 23), ("*/x.log", 0)] {
                let out = as_nobody(shell, &follow::watch(&at(glob).display().to_string(), false, 1.0));
                assert_eq!(out.status.code(), Some(code), "{shell:?} {glob}: {out:?}");
            }
        }
        chmod(&closed, 0o755);
    }
}
