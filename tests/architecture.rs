//! The invariants of the essay in `src/lib.rs`, checked against the source text itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Which of the crate's own modules each top-level module may import.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("domain", &[]),
    // Whoever starts a program, wherever he stands.
    ("programs", &[]),
    ("app", &["domain"]),
    ("ui", &["domain", "app"]),
    ("config", &["domain", "programs"]),
    ("store", &["domain"]),
    ("transport", &["domain", "programs"]),
    ("integrations", &["domain", "transport"]),
    ("hosts", &["domain", "transport", "integrations"]),
    ("logs", &["domain", "transport"]),
    ("actions", &["domain", "transport", "integrations", "hosts", "store"]),
    ("deploys", &["domain", "programs", "transport", "actions", "integrations", "logs", "store"]),
    (
        "runtime",
        &[
            "domain",
            "programs",
            "app",
            "ui",
            "config",
            "transport",
            "integrations",
            "hosts",
            "logs",
            "store",
            "actions",
            "deploys",
        ],
    ),
    ("demo", &["domain", "programs", "config", "transport", "runtime"]),
    (
        "cli",
        &[
            "domain",
            "programs",
            "app",
            "ui",
            "config",
            "transport",
            "integrations",
            "hosts",
            "logs",
            "store",
            "actions",
            "deploys",
            "runtime",
            "demo",
        ],
    ),
    ("main", &["cli"]),
    ("lib", &[]),
];

/// A source file of the crate: its top-level module, its path, and its text without tests and comments.
struct Source {
    module: String,
    path: PathBuf,
    text: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 30, "the walk found the sources");
    files
        .into_iter()
        .map(|path| {
            let relative = path.strip_prefix(&root).expect("under src");
            let first = relative.iter().next().and_then(|part| part.to_str()).expect("a name");
            let module = first.trim_end_matches(".rs").to_owned();
            let text = code_of(&fs::read_to_string(&path).expect("a source file"));
            Source { module, path: relative.to_owned(), text }
        })
        .collect()
}

fn collect(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            into.push(path);
        }
    }
}

/// A file up to its tests.
fn before_tests(text: &str) -> &str {
    let begins =
        ["#[cfg(test)]\nmod ", "#[cfg(test)]\npub(super) mod "].iter().filter_map(|begin| text.find(begin)).min();
    &text[..begins.unwrap_or(text.len())]
}

/// The code of a file up to its tests, without comment lines.
fn code_of(text: &str) -> String {
    before_tests(text).lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Files whose code names one of the words, outside the allowed folders.
fn naming<'s>(sources: &'s [Source], words: &[&str], allowed: impl Fn(&Source) -> bool) -> Vec<&'s Path> {
    sources
        .iter()
        .filter(|s| !allowed(s) && words.iter().any(|word| s.text.contains(word)))
        .map(|s| s.path.as_path())
        .collect()
}

#[test]
fn imports_go_one_way() {
    let rules: BTreeMap<_, _> = MAY_IMPORT.iter().copied().collect();
    let mut wrong = Vec::new();
    for source in sources() {
        let allowed = rules.get(source.module.as_str()).unwrap_or_else(|| panic!("no rule for {}", source.module));
        for (i, _) in source.text.match_indices("crate::").chain(source.text.match_indices("quarterdeck::")) {
            let rest = &source.text[i..];
            let name: String = rest
                .split_once("::")
                .map_or("", |(_, rest)| rest)
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            let is_module = rules.contains_key(name.as_str());
            if is_module && name != source.module && !allowed.contains(&name.as_str()) {
                wrong.push(format!("{} imports {name}", source.path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_pure_half_does_no_io_reads_no_clock_and_spawns_nothing() {
    let words = [
        "std::fs",
        "std::net",
        "std::process",
        "std::thread",
        "std::env",
        "std::io::stdout",
        "tokio::",
        "Utc::now",
        "Local::now",
        "Instant::now",
        "SystemTime::now",
        "println!",
        "eprintln!",
    ];
    let sources = sources();
    let wrong = naming(&sources, &words, |s| !["domain", "app", "ui"].contains(&s.module.as_str()));
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn each_dangerous_crate_is_named_in_one_place() {
    let sources = sources();
    let under = |folder: &'static str| move |s: &Source| s.path.starts_with(folder);
    for (word, place) in [
        ("ssh2::", "transport/ssh"),
        ("reqwest::", "integrations/http"),
        ("russh::", "demo"),
        ("enable_raw_mode", "runtime"),
        ("EnterAlternateScreen", "runtime"),
    ] {
        let wrong = naming(&sources, &[word], under(place));
        assert!(wrong.is_empty(), "{word} outside src/{place}: {wrong:?}");
        assert!(
            sources.iter().any(|s| s.path.starts_with(place) && s.text.contains(word)),
            "{word} is used in src/{place}"
        );
    }
}

#[test]
fn programs_are_started_in_one_place() {
    let mut starts = 0;
    for source in sources().iter().filter(|s| s.text.contains("process::Command") || s.text.contains("process::{")) {
        for line in source.text.lines() {
            if [".spawn()", ".output()", ".status()"].iter().any(|call| line.contains(call)) {
                let path = source.path.display();
                assert!(line.contains("programs::start(||"), "{path} starts a program by itself: {line}");
                starts += 1;
            }
        }
    }
    assert!(starts > 8, "the search found what starts programs");
}

#[test]
fn channels_that_carry_records_are_bounded() {
    let sources = sources();
    // These carry orders to a driver and the end of a process: one for each stream that somebody opened.
    const ORDERS: [&str; 3] = ["transport/ssh/pool.rs", "transport/remote.rs", "demo/server/exec.rs"];
    let words = ["unbounded_channel", "std::sync::mpsc::channel", "mpsc::channel()"];
    let wrong = naming(&sources, &words, |s| ORDERS.iter().any(|order| s.path == Path::new(order)));
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn files_have_one_purpose_and_stay_short() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let wrong: Vec<_> = sources()
        .iter()
        .filter_map(|s| {
            let text = fs::read_to_string(root.join(&s.path)).unwrap();
            let lines = before_tests(&text).lines().count();
            (lines > 400).then(|| format!("{} has {lines} lines of code", s.path.display()))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
