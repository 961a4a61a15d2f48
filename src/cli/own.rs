//! The person's own files of how the cockpit looks: `keymap.toml` and `themes/NAME.toml` beside their config.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use crate::app::state::About;
use crate::config::Dirs;
use crate::runtime::wardrobe::Own;

/// More than any keymap or theme has.
const MOST_BYTES: u64 = 1 << 20;

/// Reads them. What cannot be read is a fault, what is not there is none.
pub fn read(dirs: &Dirs) -> Own {
    let mut own = Own::default();
    match text(&dirs.config.join("keymap.toml")) {
        Ok(text) => own.keymap = text,
        Err(why) => own.faults.push((About::Keymap, why)),
    }
    let folder = dirs.config.join("themes");
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => Some(entries),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => {
            own.faults.push((About::Theme, format!("{} cannot be read: {error}", folder.display())));
            None
        }
    };
    let paths = entries.into_iter().flatten().flatten().map(|entry| entry.path());
    for path in paths.filter(|path| path.extension().is_some_and(|extension| extension == "toml")) {
        let Some(name) = path.file_stem().and_then(|stem| stem.to_str()) else { continue };
        match text(&path) {
            Ok(text) => own.themes.extend(text.map(|text| (name.to_owned(), text))),
            Err(why) => own.faults.push((About::Theme, why)),
        }
    }
    own
}

/// The text of a file, where there is one.
fn text(path: &Path) -> Result<Option<String>, String> {
    let fault = |why: &str| format!("{} cannot be read: {why}", path.display());
    match std::fs::metadata(path) {
        Ok(meta) if meta.is_file() => {}
        // A pipe would hold us up for ever.
        Ok(_) => return Err(fault("it is not a file")),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(fault(&error.to_string())),
    }
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MOST_BYTES + 1).read_to_end(&mut bytes));
    read.map_err(|error| fault(&error.to_string()))?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(fault("it is longer than 1 MiB"));
    }
    String::from_utf8(bytes).map(Some).map_err(|_| fault("it is not UTF-8 text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_a_fault_with_its_place_and_what_is_not_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let dirs = [(); 4].map(|()| folder.path().to_owned());
        let [home, config, state, cache] = dirs;
        let dirs = Dirs { home, config, state, cache };
        assert_eq!(read(&dirs), Own::default());
        let themes = folder.path().join("themes");
        std::fs::create_dir_all(themes.join("folder.toml")).unwrap();
        std::fs::write(themes.join("good.toml"), "inherits = \"mono\"").unwrap();
        std::fs::write(themes.join("latin.toml"), b"# caf\xe9").unwrap();
        std::fs::write(themes.join("notes.txt"), b"\xff").unwrap();
        std::fs::write(folder.path().join("keymap.toml"), vec![b' '; 2 << 20]).unwrap();
        let mut own = read(&dirs);
        own.faults.sort_by(|(_, a), (_, b)| a.cmp(b));
        assert_eq!(own.themes.keys().collect::<Vec<_>>(), ["good"]);
        assert_eq!(own.keymap, None);
        let expected = [
            (About::Keymap, "keymap.toml cannot be read: it is longer than 1 MiB"),
            (About::Theme, "folder.toml cannot be read: it is not a file"),
            (About::Theme, "latin.toml cannot be read: it is not UTF-8 text"),
        ];
        assert_eq!(own.faults.len(), expected.len(), "{:?}", own.faults);
        for ((about, fault), (expected_about, end)) in own.faults.iter().zip(expected) {
            assert!(*about == expected_about && fault.ends_with(end), "{fault}");
        }
    }
}
