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

/// Whatever a file holds, `qd` says something about it and goes on.
#[test]
fn a_mangled_config_never_brings_it_down() {
    use proptest::prelude::*;
    let whole = include_str!("valid/every_key.toml");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mangled.toml");
    let pieces =
        prop_oneof!["[a-z\\[\\]{}=\"'#,.\n -]{0,8}", Just("\u{202e}".to_owned()), Just("\u{1b}[2J".to_owned())];
    proptest!(ProptestConfig::with_cases(200), |(cuts in proptest::collection::vec((0..whole.len(), 0..40usize, pieces), 1..6))| {
        let mut text = whole.to_owned();
        for (at, length, piece) in cuts {
            let floor = |i: usize| (0..=i.min(text.len())).rev().find(|i| text.is_char_boundary(*i)).unwrap();
            text.replace_range(floor(at)..floor(at + length), &piece);
        }
        fs::write(&file, &text).unwrap();
        let faults = match config::load(&chosen(&file)) {
            Ok(loaded) => loaded.warnings,
            Err(error) => error.diagnostics,
        };
        let page = config::diagnostic::render(&faults);
        prop_assert!(!page.contains(['\u{1b}', '\u{202e}']), "{page}");
    });
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
