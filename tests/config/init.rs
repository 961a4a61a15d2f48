//! What `qd init` writes and `qd schema` prints, against what is read.

use quarterdeck::cli::init;
use quarterdeck::config::{self, read::Reader, read::Value, schema, source::Files, template, tree};

use crate::world::{World, host_names};

#[test]
fn the_first_config_loads_without_a_word_and_names_the_hosts_of_the_ssh_config() {
    let world = World::new();
    world.write("home/.ssh/config", "Host web-1 *\nHost db-1\n");
    let (text, count) = init::text(Some(&world.path("home")));
    let file = world.path("new/folder/quarterdeck.toml");
    init::write(&text, &file).unwrap();
    let loaded = config::load(&world.choosing(&file)).unwrap();
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    assert_eq!((host_names(&loaded), count), (vec!["web-1", "db-1"], 2));
}

/// `qd init` and then `qd check`, in a script too.
#[test]
fn what_init_has_written_needs_no_further_trust_until_it_says_more() {
    let world = World::new();
    world.write("home/.ssh/config", "Host web-1\n");
    let (text, _) = init::text(Some(&world.path("home")));
    let file = world.path("team/quarterdeck.toml");
    init::write(&text, &file).unwrap();
    init::trust(&file, &world.options().dirs).unwrap();
    let trust = || world.load().unwrap().trust;
    assert_eq!(trust(), config::Trust::Trusted);
    world.write("team/quarterdeck.toml", &format!("{text}\n[[host]]\nname = \"other\"\n"));
    assert!(matches!(trust(), config::Trust::Untrusted(_)));
}

#[test]
fn what_exists_is_never_written_over() {
    let world = World::with_team("precious");
    let error = init::write("new", &world.path("team/quarterdeck.toml")).unwrap_err();
    assert!(error.to_string().contains("left as it is"), "{error}");
    assert_eq!(std::fs::read_to_string(world.path("team/quarterdeck.toml")).unwrap(), "precious");
}

#[test]
fn every_key_of_the_template_is_there_with_its_documentation() {
    let (text, _) = init::text(None);
    for field in &config::raw::schema().fields {
        assert!(text.contains(&format!("[{}]", field.key)), "{}", field.key);
    }
    for line in ["# [service.deploy]", "# # asked from the host itself; a string is its url", "# for = \"15m\""] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    insta::with_settings!({ snapshot_path => "snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("template", text);
    });
}

/// The examples are documentation that people copy: each must be read without a fault.
#[test]
fn every_example_is_right() {
    let examples = template::examples();
    assert!(examples.len() > 250, "{}", examples.len());
    for (path, document) in examples {
        let mut files = Files::default();
        let file = files.add("example.toml".into(), document.clone());
        let tree =
            tree::parse(&files, file, &document).unwrap_or_else(|faults| panic!("{path}: {faults:?}\n{document}"));
        let mut reader = Reader::new(&files, "/home".as_ref());
        config::raw::Config::read(&tree, &mut reader);
        // A prefix alone is no secret.
        if !path.ends_with(".prefix") {
            assert!(reader.diagnostics.is_empty(), "{path}\n{}", config::diagnostic::render(&reader.diagnostics));
        }
    }
}

#[test]
fn the_json_schema_knows_every_key() {
    let json = schema::json_schema();
    assert_eq!(json["properties"]["host"]["items"]["required"][0], "name");
    assert_eq!(json["properties"]["ssh"]["properties"]["host_keys"]["enum"][1], "strict");
    assert_eq!(json["properties"]["service"]["items"]["properties"]["deploy"]["additionalProperties"], false);
}
