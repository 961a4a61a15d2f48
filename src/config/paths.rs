//! The folders that belong to the person.

use std::ffi::OsString;
use std::path::PathBuf;

use directories::{BaseDirs, ProjectDirs};

/// Where the person's things are. Nothing is created here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dirs {
    /// Home.
    pub home: PathBuf,
    /// Holds `config.toml`, `keymap.toml`, `themes/NAME.toml`.
    pub config: PathBuf,
    /// What must be kept.
    pub state: PathBuf,
    /// What may be deleted at any time.
    pub cache: PathBuf,
}

impl Dirs {
    /// As this process' environment and the platform say. None when there is no home.
    pub fn of_process() -> Option<Self> {
        Self::from_env(|name| std::env::var_os(name))
    }

    /// As an environment says: `$XDG_…_HOME/quarterdeck`; for the config then `~/.config/quarterdeck` if it exists; else
    /// the platform's own place. Empty and relative values count as unset, as the XDG specification wants.
    pub fn from_env(variable: impl Fn(&str) -> Option<OsString>) -> Option<Self> {
        let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let home = absolute("HOME").or_else(|| Some(BaseDirs::new()?.home_dir().to_owned()))?;
        let platform = ProjectDirs::from("", "", "quarterdeck")?;
        let xdg = |name: &str, beneath: &str, platform: PathBuf| match absolute(name) {
            Some(folder) => folder.join("quarterdeck"),
            None if cfg!(target_os = "macos") => platform,
            None => home.join(beneath).join("quarterdeck"),
        };
        let dotted = home.join(".config/quarterdeck");
        let config = match absolute("XDG_CONFIG_HOME") {
            None if dotted.is_dir() => dotted,
            _ => xdg("XDG_CONFIG_HOME", ".config", platform.config_dir().to_owned()),
        };
        let state_dir = platform.state_dir().unwrap_or(platform.data_local_dir()).to_owned();
        let state = xdg("XDG_STATE_HOME", ".local/state", state_dir);
        let cache = xdg("XDG_CACHE_HOME", ".cache", platform.cache_dir().to_owned());
        Some(Self { home, config, state, cache })
    }

    /// Everything beneath one folder, for tests.
    pub fn beneath(folder: impl Into<PathBuf>) -> Self {
        let home = folder.into();
        Self {
            config: home.join(".config/quarterdeck"),
            state: home.join(".local/state/quarterdeck"),
            cache: home.join(".cache/quarterdeck"),
            home,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides_and_nonsense_in_it_does_not() {
        let env = |name: &str| match name {
            "HOME" => Some("/home/ada".into()),
            "XDG_CONFIG_HOME" => Some("/etc/ada".into()),
            "XDG_STATE_HOME" => Some("relative".into()),
            _ => None,
        };
        let dirs = Dirs::from_env(env).unwrap();
        assert_eq!(dirs.config, PathBuf::from("/etc/ada/quarterdeck"));
        assert_eq!(dirs.home, PathBuf::from("/home/ada"));
        if cfg!(target_os = "linux") {
            assert_eq!(dirs.state, PathBuf::from("/home/ada/.local/state/quarterdeck"));
        }
    }
}
