//! A corpus of configs: `valid/` load without a word, `invalid/` say exactly what is in `snapshots/`.

use std::fs;
use std::path::{Path, PathBuf};

use quarterdeck::config::{self, Dirs, LoadOptions};

fn corpus(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config").join(kind);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

fn chosen(file: &Path) -> LoadOptions {
    LoadOptions {
        explicit: vec![file.to_owned()],
        env_config: None,
        cwd: "/".into(),
        dirs: Dirs::beneath("/nonexistent/home"),
    }
}

#[test]
fn valid_configs_load_without_a_word() {
    for file in corpus("valid") {
        let loaded = config::load(&chosen(&file)).unwrap_or_else(|error| panic!("{error}"));
        assert!(loaded.warnings.is_empty(), "{}", config::diagnostic::render(&loaded.warnings));
    }
}

#[test]
fn invalid_configs_say_where_and_what_and_how_to_mend_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/invalid");
    for file in corpus("invalid") {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let said = match config::load(&chosen(&file)) {
            Ok(loaded) => config::diagnostic::render(&loaded.warnings),
            Err(error) => error.to_string(),
        };
        let said = said.replace(&format!("{}/", folder.display()), "");
        insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name, said);
        });
    }
}
