//! The names in an ssh config: what its `Host` lines call hosts, wildcards left out, and what only git talks to. Only
//! names: what they resolve to is for `ssh -G` to say.

use std::fs;
use std::path::{Path, PathBuf};

use super::values::{expand, plain};
use crate::domain::glob;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SshNames {
    /// Names, in the order of the file.
    pub names: Vec<String>,
    /// Every file that was read, for whoever watches them.
    pub files: Vec<PathBuf>,
}

/// ssh itself gives up at this depth of Include.
const DEEPEST: usize = 16;
/// More files, or names, than anybody writes.
const MOST: usize = 10_000;

/// Where git repositories live, by the names that people give them: no machines to watch. Others are told by their user.
const FORGES: &[&str] =
    &["github.com", "ssh.github.com", "gitlab.com", "altssh.gitlab.com", "bitbucket.org", "codeberg.org", "git.sr.ht"];

/// Reads an ssh config and what it includes. Files that cannot be read hold no names.
pub fn read(config: &Path, home: &Path) -> SshNames {
    let mut found = SshNames::default();
    read_file(config, home, 0, &mut found);
    found
}

fn read_file(path: &Path, home: &Path, depth: usize, found: &mut SshNames) {
    if depth > DEEPEST || found.files.len() >= MOST {
        return;
    }
    let Ok(text) = fs::read(path) else { return };
    found.files.push(path.to_owned());
    let mut block = found.names.len();
    for line in String::from_utf8_lossy(&text).lines() {
        let mut words = words(line).into_iter();
        let Some(keyword) = words.next() else { continue };
        if keyword.eq_ignore_ascii_case("host") {
            block = found.names.len();
            for name in words {
                let literal = !glob::is_glob(&name) && !name.starts_with('!') && plain(&name).is_ok();
                if literal
                    && !FORGES.contains(&name.as_str())
                    && found.names.len() < MOST
                    && !found.names.contains(&name)
                {
                    found.names.push(name);
                }
            }
        } else if keyword.eq_ignore_ascii_case("match") {
            block = found.names.len();
        } else if keyword.eq_ignore_ascii_case("user") {
            if words.next().is_some_and(|user| user == "git") {
                found.names.truncate(block);
            }
        } else if keyword.eq_ignore_ascii_case("include") {
            for pattern in words {
                let pattern = expand(&pattern, &home.join(".ssh"), home);
                expand_glob(&pattern).iter().for_each(|file| read_file(file, home, depth + 1, found));
            }
            block = found.names.len();
        }
    }
}

/// The words of a line: split at blanks, quotes kept together, `Keyword=value` taken apart, a comment dropped.
fn words(line: &str) -> Vec<String> {
    let line = line.trim();
    if line.starts_with('#') {
        return Vec::new();
    }
    let end = line.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(line.len());
    let (keyword, rest) = line.split_at(end);
    let rest = rest.trim_start();
    let rest = rest.strip_prefix('=').unwrap_or(rest);
    let mut words = vec![keyword.to_owned()];
    let mut word: Option<String> = None;
    let mut quoted = false;
    for c in rest.chars() {
        match c {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            c if c.is_whitespace() && !quoted => words.extend(word.take()),
            '#' if !quoted && word.is_none() => break,
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words.retain(|word| !word.is_empty());
    words
}

/// The files that a path with `*` and `?` in its parts stands for, in order.
fn expand_glob(pattern: &Path) -> Vec<PathBuf> {
    let mut paths = vec![PathBuf::new()];
    for part in pattern.components() {
        let text = part.as_os_str().to_string_lossy();
        paths = if glob::is_glob(&text) {
            paths.iter().flat_map(|folder| matching(folder, &text)).take(MOST).collect()
        } else {
            paths.into_iter().map(|path| path.join(part)).collect()
        };
    }
    paths
}

fn matching(folder: &Path, pattern: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name());
    let mut files: Vec<PathBuf> = names
        .filter(|name| {
            let name = name.to_string_lossy();
            // As the shell has it: a star does not stand for hidden files.
            glob::matches(pattern, &name) && (pattern.starts_with('.') || !name.starts_with('.'))
        })
        .map(|name| folder.join(name))
        .collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_git_talks_to_is_no_host() {
        let home = tempfile::tempdir().unwrap();
        let config = home.path().join("config");
        fs::write(
            &config,
            "Host web-1\n  User deploy\nHost github.com bitbucket.org\n  IdentityFile ~/.ssh/id\nHost forge hub\n  HostName git.example.com\n\
             \x20 User git\nHost web-2\nMatch host x\n  User git\nHost git-1\n  User root\n",
        )
        .unwrap();
        assert_eq!(read(&config, home.path()).names, ["web-1", "web-2", "git-1"]);
    }

    #[test]
    fn names_without_wildcards_from_every_included_file() {
        let home = tempfile::tempdir().unwrap();
        let ssh = home.path().join(".ssh");
        fs::create_dir_all(ssh.join("conf.d")).unwrap();
        fs::write(
            ssh.join("config"),
            "# Host commented\nHost web-1 web-2 !web-3 *.internal\n  HostName 10.0.0.1\nhost=db-1 # the one\n\
             Include conf.d/* ~/.ssh/more\nMatch host nobody\n  User x\nHost \"quoted\" -oProxyCommand=x web-1\nInclude config\n",
        )
        .unwrap();
        fs::write(ssh.join("conf.d/b"), "Host from-b\n").unwrap();
        fs::write(ssh.join("conf.d/a"), "Host from-a\n").unwrap();
        fs::write(ssh.join("conf.d/.hidden"), "Host hidden\n").unwrap();
        fs::write(ssh.join("more"), "HOST\tmore\n").unwrap();
        let found = read(&ssh.join("config"), home.path());
        assert_eq!(found.names, ["web-1", "web-2", "db-1", "from-a", "from-b", "more", "quoted"]);
        assert!(found.files.contains(&ssh.join("conf.d/a")));
    }
}
