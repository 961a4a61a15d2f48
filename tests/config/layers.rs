//! Which files count, and how one lies over another.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use quarterdeck::config::{self, Kind, LoadOptions};
use quarterdeck::domain::host::TransportChoice;
use quarterdeck::domain::settings::{HostKeyPolicy, ThemeChoice};

use crate::world::{World, host_names};

#[test]
fn with_no_config_the_machine_itself_is_watched() {
    let loaded = World::new().loaded();
    assert!(loaded.settings.unconfigured);
    assert_eq!(loaded.settings.hosts.len(), 1);
    assert_eq!(loaded.settings.hosts[0].transport, TransportChoice::Local);
    assert!(loaded.warnings.is_empty());
}

#[test]
fn a_person_who_only_chose_a_theme_still_watches_the_machine() {
    let world = World::new();
    world.write_person("[ui]\ntheme = \"amber\"\n");
    let loaded = world.loaded();
    assert!(loaded.settings.unconfigured);
    assert_eq!(loaded.settings.ui.theme, ThemeChoice::Named("amber".to_owned()));
}

#[test]
fn the_nearest_file_up_the_folders_is_the_teams() {
    let world = World::with_team("[[host]]\nname = \"outer\"\n");
    let deep = LoadOptions { cwd: world.path("team/src/deep"), ..world.options() };
    fs::create_dir_all(&deep.cwd).unwrap();
    assert_eq!(host_names(&config::load(&deep).unwrap()), ["outer"]);
    world.write("team/src/quarterdeck.toml", "[[host]]\nname = \"inner\"\n");
    assert_eq!(host_names(&config::load(&deep).unwrap()), ["inner"]);
    assert_eq!(config::load(&deep).unwrap().settings.fleet, "src");
}

#[test]
fn config_beats_the_variable_and_the_variable_beats_the_folder() {
    let world = World::with_team("[[host]]\nname = \"team\"\n");
    world.write_person("[[host]]\nname = \"person\"\n");
    let env = world.write("env.toml", "[[host]]\nname = \"env\"\n");
    let one = world.write("one.toml", "[[host]]\nname = \"one\"\nuser = \"a\"\n");
    let two = world.write("two.toml", "[[host]]\nname = \"one\"\nuser = \"b\"\n");

    assert_eq!(host_names(&world.loaded()), ["team", "person"]);
    let options = LoadOptions { env_config: Some(env), ..world.options() };
    assert_eq!(host_names(&config::load(&options).unwrap()), ["env", "person"]);
    let options = LoadOptions { explicit: vec![one, two], ..options };
    let loaded = config::load(&options).unwrap();
    assert_eq!(host_names(&loaded), ["one"], "--config is exactly what it names");
    assert_eq!(loaded.settings.hosts[0].user.as_deref(), Some("b"), "later wins");
}

#[test]
fn tables_merge_key_by_key_entries_by_name_and_other_arrays_are_replaced() {
    let world = World::with_team(
        r#"
        [fleet]
        environment = "production"
        [ssh]
        user = "deploy"
        port = 2222
        [[host]]
        name = "web-1"
        user = "deploy"
        tags = ["web", "eu"]
        [[host]]
        name = "web-2"
        [[service]]
        name = "api"
        unit = "api.service"
        health = { url = "http://127.0.0.1/healthz", timeout = "1s" }
        [gitlab]
        projects = [{ path = "a/a", service = "a" }, { path = "b/b", service = "b" }]
        "#,
    );
    world.write_person(
        r#"
        [ssh]
        port = 22
        [[host]]
        name = "web-1"
        tags = ["mine"]
        [[host]]
        name = "web-2"
        enabled = false
        [[host]]
        name = "my-box"
        [[service]]
        name = "api"
        health = { timeout = "9s" }
        [gitlab]
        projects = [{ path = "b/b", service = "mine" }]
        "#,
    );
    let loaded = world.loaded();
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    assert_eq!(host_names(&loaded), ["web-1", "my-box"]);
    let web = &loaded.settings.hosts[0];
    assert_eq!((web.user.as_deref(), web.tags.as_slice()), (Some("deploy"), ["mine".to_owned()].as_slice()));
    let defaults = &loaded.settings.ssh.defaults;
    assert_eq!((defaults.user.as_deref(), defaults.port), (Some("deploy"), Some(22)));
    let api = &loaded.settings.services[0];
    assert_eq!(api.unit.as_deref(), Some("api.service"));
    let health = api.health.as_ref().unwrap();
    assert_eq!((health.url.as_str(), health.timeout.as_secs()), ("http://127.0.0.1/healthz", 9));
    let projects = loaded.config.gitlab.as_ref().unwrap().projects.as_ref().unwrap();
    let services: Vec<&str> = projects.iter().map(|p| p.service.as_ref().unwrap().0.as_str()).collect();
    assert_eq!(services, ["a", "mine"]);
}

#[test]
fn paths_are_relative_to_the_file_that_names_them() {
    let world = World::with_team("[ssh]\nidentity_file = \"keys/team\"\n[[host]]\nname = \"a\"\n");
    world.write_person("[[host]]\nname = \"b\"\nidentity_file = \"~/.ssh/mine\"\n");
    let loaded = world.loaded();
    assert_eq!(loaded.settings.ssh.defaults.identity_file, Some(world.path("team/keys/team")));
    assert_eq!(loaded.settings.hosts[1].identity_file, Some(world.path("home/.ssh/mine")));
}

#[test]
fn a_carets_line_is_of_the_file_that_says_it() {
    let world = World::with_team("[[host]]\nname = \"a\"\n[[service]]\nname = \"api\"\nhosts = [\"a\"]\n");
    world.write_person("\n\n[[service]]\nname = \"api\"\nhosts = [\"b\"]\n");
    let warning = &world.loaded().warnings[0];
    assert_eq!((warning.file.clone(), warning.line), (world.path("home/.config/quarterdeck/config.toml"), 5));
}

#[test]
fn what_a_layer_covers_is_checked_too() {
    let world = World::with_team("[stats]\nevery = \"soon\"\n");
    world.write_person("[stats]\nevery = \"5s\"\n[fleet]\nnaem = \"x\"\n");
    let error = world.load().unwrap_err();
    assert_eq!(error.diagnostics.len(), 2, "{error}");
}

#[test]
fn a_found_file_may_neither_choose_the_theme_nor_loosen_host_keys() {
    let world =
        World::with_team("[ui]\ntheme = \"amber\"\n[ssh]\nhost_keys = \"accept-new\"\n[[host]]\nname = \"a\"\n");
    let loaded = world.loaded();
    assert_eq!(loaded.settings.ui.theme, ThemeChoice::Auto);
    assert_eq!(loaded.settings.ssh.host_keys, HostKeyPolicy::Ask);
    let kinds: Vec<Kind> = loaded.warnings.iter().map(|warning| warning.kind).collect();
    assert_eq!(kinds, [Kind::Ignored, Kind::Ignored]);

    world.write("team/quarterdeck.toml", "[ssh]\nhost_keys = \"strict\"\n[[host]]\nname = \"a\"\n");
    assert_eq!(world.loaded().settings.ssh.host_keys, HostKeyPolicy::Strict, "stricter it may be");
    let chosen = world.write("chosen.toml", "[ui]\ntheme = \"amber\"\n[ssh]\nhost_keys = \"accept-new\"\n");
    let chosen = config::load(&world.choosing(&chosen)).unwrap();
    assert_eq!(chosen.settings.ssh.host_keys, HostKeyPolicy::AcceptNew, "the person chose this file");
    assert!(chosen.warnings.is_empty());
}

#[test]
fn a_url_never_gets_the_secret_of_another_file() {
    let world = World::with_team("[gitlab]\nurl = \"https://elsewhere.example.com\"\n[[host]]\nname = \"a\"\n");
    world.write_person("[gitlab]\ntoken = { env = \"MY_TOKEN\" }\n");
    let error = world.load().unwrap_err();
    assert!(error.to_string().contains("come from different files"), "{error}");
    world.write_person("[gitlab]\nurl = \"https://mine.example.com\"\ntoken = { env = \"MY_TOKEN\" }\n");
    world.loaded();
}

#[test]
fn no_part_of_a_secret_slips_into_a_table_that_another_file_wrote() {
    let team = "[gitlab]\nurl = \"https://evil.example.com\"\ntoken = { env = \"TEAM\" }\n[[probe]]\nname = \"p\"\n\
                url = \"https://evil.example.com\"\nheaders = { A = \"plain\" }\n";
    for person in [
        "[gitlab]\ntoken = { env = \"MINE\" }\n",
        "[gitlab]\ntoken = { file = \"mine\" }\n",
        "[[probe]]\nname = \"p\"\nheaders = { A = { env = \"MINE\" } }\n",
        "[[probe]]\nname = \"p\"\nheaders = { B = { env = \"MINE\" } }\n",
        "[gitlab]\nurl = \"https://mine.example.com\"\n",
    ] {
        let world = World::with_team(team);
        world.write_person(person);
        assert!(world.load().unwrap_err().to_string().contains("come from different files"), "{person}");
    }
    let world = World::with_team(&format!("{team}[stripe]\nkey = {{ env = \"TEAM\" }}\n"));
    world.write_person("[stripe]\nkey = { file = \"mine\" }\n");
    world.loaded();
}

#[test]
fn a_file_of_another_user_is_refused() {
    // Only root can give files away.
    if rustix::process::geteuid().is_root() {
        let world = World::with_team("[[host]]\nname = \"a\"\n");
        let file = world.path("team/quarterdeck.toml");
        std::os::unix::fs::chown(&file, Some(65534), None).unwrap();
        let error = world.load().unwrap_err();
        assert!(error.is_refusal() && error.to_string().contains("another user"), "{error}");
    }
}

#[test]
fn a_file_that_others_can_write_is_refused_with_the_remedy() {
    let world = World::with_team("[[host]]\nname = \"a\"\n");
    let file = world.path("team/quarterdeck.toml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o664)).unwrap();
    let error = world.load().unwrap_err();
    assert!(error.is_refusal() && error.to_string().contains("chmod go-w"), "{error}");
    assert!(config::load(&world.choosing(&file)).is_ok(), "a file that is chosen is the person's own affair");
}

#[test]
fn a_file_that_is_chosen_and_not_there_is_an_error() {
    let world = World::new();
    let error = config::load(&world.choosing(&world.path("nowhere.toml"))).unwrap_err();
    assert!(error.to_string().contains("nowhere.toml") && error.to_string().contains("qd init"), "{error}");
}
