//! What hosts, environments, services and inventories come to.

use quarterdeck::config::{self, InventoryHost, Kind, inventory};
use quarterdeck::domain::host::HostName;
use quarterdeck::domain::log::SourceKind;
use quarterdeck::domain::service::VersionSource;
use quarterdeck::domain::settings::ReadOnly;

use crate::world::{World, host_names};

fn load(text: &str) -> config::Loaded {
    let world = World::new();
    let file = world.write("chosen.toml", text);
    config::load(&world.choosing(&file)).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_service_over_several_environments_is_one_in_each() {
    let loaded = load(
        r#"
        [fleet]
        environment = "production"
        [[host]]
        name = "web-1"
        [[host]]
        name = "web-2"
        tags = ["web"]
        [[host]]
        name = "stage-1"
        environment = "staging"
        tags = ["web"]
        [[host]]
        name = "db-1"
        [[service]]
        name = "api"
        hosts = ["tag:web", "web-1"]
        unit = "api"
        version = { command = ["cat", "/v"] }
        logs = [{ journal = "api" }, { file = "/var/log/secure", sudo = true }]
        [[service]]
        name = "cron"
        "#,
    );
    let services = &loaded.settings.services;
    let named: Vec<(String, Vec<&str>)> = services
        .iter()
        .map(|s| (format!("{}@{}", s.name, s.environment), s.hosts.iter().map(HostName::as_str).collect()))
        .collect();
    assert_eq!(
        named,
        [
            ("api@production".to_owned(), vec!["web-1", "web-2"]),
            ("api@staging".to_owned(), vec!["stage-1"]),
            ("cron@production".to_owned(), vec!["web-1", "web-2", "db-1"]),
            ("cron@staging".to_owned(), vec!["stage-1"]),
        ]
    );
    let api = &services[0];
    assert_eq!(api.unit.as_deref(), Some("api.service"));
    assert_eq!(api.version, Some(VersionSource::Command(vec!["cat".to_owned(), "/v".to_owned()])));
    assert_eq!(api.logs[0].kind, SourceKind::Journal("api.service".to_owned()));
    assert!(api.logs[1].sudo && !api.logs[0].sudo);
}

#[test]
fn environments_are_careful_by_their_names_or_for_want_of_one() {
    let careful = |text: &str| {
        let loaded = load(text);
        let all = loaded.settings.environments.iter().map(|e| (e.name.clone(), e.careful, e.read_only));
        all.collect::<Vec<_>>()
    };
    let until = ReadOnly::UntilArmed;
    assert_eq!(careful("[[host]]\nname = \"a\"\n"), [("default".to_owned(), true, until)]);
    assert_eq!(
        careful("[[host]]\nname = \"a\"\nenvironment = \"staging\"\n[[host]]\nname = \"b\"\nenvironment = \"live\"\n"),
        [("staging".to_owned(), false, ReadOnly::No), ("live".to_owned(), true, until)]
    );
    assert_eq!(
        careful(
            "[fleet]\nenvironment = \"prod\"\n[[environment]]\nname = \"prod\"\ncareful = false\nread_only = \"always\"\n\
             [[host]]\nname = \"a\"\n"
        ),
        [("prod".to_owned(), false, ReadOnly::Always)]
    );
}

#[test]
fn nothing_matched_is_a_warning_and_the_service_stays() {
    let loaded = load("[[host]]\nname = \"web-1\"\n[[service]]\nname = \"api\"\nhosts = [\"db-*\"]\n");
    assert_eq!(loaded.warnings[0].kind, Kind::NoMatch);
    assert!(loaded.settings.services[0].hosts.is_empty());
    assert_eq!(loaded.unknown_keys().count(), 0);
}

#[test]
fn the_first_that_names_a_host_wins() {
    let world = World::new();
    world.write("home/.ssh/config", "Host web-1 web-2 web-3 db-1 *.wild\n");
    let file = world.write(
        "chosen.toml",
        r#"
        [fleet]
        environment = "production"
        inventory = [{ ssh_config = "web-*" }, { command = ["./hosts.sh"], every = "1m" }]
        [[host]]
        name = "web-1"
        user = "written"
        [[host]]
        name = "web-3"
        enabled = false
        [[service]]
        name = "cloud"
        hosts = ["tag:cloud"]
        "#,
    );
    let loaded = config::load(&world.choosing(&file)).unwrap();
    assert_eq!(host_names(&loaded), ["web-1", "web-2"]);
    assert_eq!(loaded.settings.hosts[0].user.as_deref(), Some("written"));
    assert!(loaded.warnings.is_empty(), "a tag may be the command's to give: {:?}", loaded.warnings);
    assert!(loaded.files.contains(&world.path("home/.ssh/config")), "a new alias is a new host");

    let found =
        |name: &str| InventoryHost { name: name.to_owned(), tags: vec!["cloud".to_owned()], ..Default::default() };
    let mut staged = found("vm-1");
    staged.environment = Some("staging".to_owned());
    let (settings, warnings) = loaded.with_inventory(&[vec![found("web-2"), staged, found("web-3"), found("vm-2")]]);
    assert!(warnings.is_empty(), "{warnings:?}");
    let hosts: Vec<&str> = settings.hosts.iter().map(|host| host.name.as_str()).collect();
    assert_eq!(hosts, ["web-1", "web-2", "vm-1", "vm-2"]);
    assert!(settings.hosts[1].tags.is_empty(), "web-2 is the ssh config's");
    let services: Vec<&str> = settings.services.iter().map(|service| service.environment.as_str()).collect();
    assert_eq!(services, ["staging", "production"]);
    assert!(settings.environments.iter().any(|environment| environment.name == "staging"));
}

#[tokio::test]
async fn an_inventorys_command_runs_beside_the_file_that_names_it() {
    let world = World::new();
    world.write("hosts.txt", "{\"name\":\"vm-1\"}\n");
    let file = world.write("chosen.toml", "[fleet]\ninventory = [{ command = [\"cat\", \"hosts.txt\"] }]\n");
    let loaded = config::load(&world.choosing(&file)).unwrap();
    assert!(!loaded.settings.unconfigured);
    let (hosts, faults) = inventory::run(&loaded.inventories[0], inventory::TIMEOUT).await.unwrap();
    assert_eq!((hosts[0].name.as_str(), faults.len()), ("vm-1", 0));
}
