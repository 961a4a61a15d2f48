//! A person with a home, and a team's folder, made of files.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use quarterdeck::config::{self, ConfigError, Dirs, LoadOptions, Loaded, TrustStore};

/// Removed when dropped.
pub struct World {
    folder: tempfile::TempDir,
}

impl World {
    /// Empty folders `home` and `team`.
    pub fn new() -> Self {
        let world = Self { folder: tempfile::tempdir().unwrap() };
        fs::create_dir_all(world.path("home")).unwrap();
        fs::create_dir_all(world.path("team")).unwrap();
        world
    }

    /// A world in which the team's file says this.
    pub fn with_team(text: &str) -> Self {
        let world = Self::new();
        world.write("team/quarterdeck.toml", text);
        world
    }

    /// Where something is, no links in the way.
    pub fn path(&self, path: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(path)
    }

    /// Writes a file that only its owner may write.
    pub fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        path
    }

    /// Writes the person's own file.
    pub fn write_person(&self, text: &str) {
        self.write("home/.config/quarterdeck/config.toml", text);
    }

    /// `qd` started in the team's folder.
    pub fn options(&self) -> LoadOptions {
        LoadOptions {
            explicit: Vec::new(),
            env_config: None,
            cwd: self.path("team"),
            dirs: Dirs::beneath(self.path("home")),
        }
    }

    /// `qd --config FILE`.
    pub fn choosing(&self, file: &Path) -> LoadOptions {
        LoadOptions { explicit: vec![file.to_owned()], ..self.options() }
    }

    /// What `qd`, started in the team's folder, makes of it all.
    pub fn load(&self) -> Result<Loaded, ConfigError> {
        config::load(&self.options())
    }

    /// The same, where nothing is wrong.
    pub fn loaded(&self) -> Loaded {
        self.load().unwrap_or_else(|error| panic!("{error}"))
    }

    /// Agrees to whatever the team's file does now.
    pub fn trust(&self) {
        let dirs = self.options().dirs;
        let extract = config::extract(&self.path("team/quarterdeck.toml"), &dirs).unwrap();
        TrustStore::new(&dirs.state).trust(&extract).unwrap();
    }
}

/// The names of a config's hosts.
pub fn host_names(loaded: &Loaded) -> Vec<&str> {
    loaded.settings.hosts.iter().map(|host| host.name.as_str()).collect()
}
