//! A found file does nothing before somebody agreed to what it would do.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use quarterdeck::cli::trust::{agree, meant};
use quarterdeck::config::{self, Trust};

use crate::world::World;

const TEAM: &str = r#"
[fleet]
inventory = [{ command = ["./hosts.sh", "all of them"] }]
[[host]]
name = "web-1"
address = "10.0.0.11"
user = "deploy"
[[service]]
name = "api"
hosts = ["web-*"]
health = "http://127.0.0.1/healthz"
logs = [{ command = ["tail", "-f", "/x"] }, { file = "/var/log/secure", sudo = true }]
[gitlab]
url = "https://gitlab.example.com"
token = { file = "token" }
"#;

fn page(world: &World) -> Option<String> {
    match world.loaded().trust {
        Trust::Trusted => None,
        Trust::Untrusted(untrusted) => Some(untrusted.describe()),
    }
}

#[test]
fn what_it_would_start_contact_and_read_is_shown_and_nothing_is_begun() {
    let world = World::with_team(TEAM);
    let loaded = world.loaded();
    assert!(loaded.inventories.is_empty(), "no command to run");
    assert!(!loaded.settings.ssh.run_ssh_g, "`ssh -G` could run a Match exec");
    let shown = page(&world).unwrap().replace(&world.path("team").display().to_string(), "TEAM");
    insta::assert_snapshot!(shown, @r"
    TEAM/quarterdeck.toml

    would start on this machine
      fleet                inventory.command TEAM/hosts.sh 'all of them'

    would start on hosts
      service api          logs.command tail -f /x

    would contact
      host web-1           address 10.0.0.11, user deploy
      service api          hosts web-*, health http://127.0.0.1/healthz
      gitlab               url https://gitlab.example.com

    would read on this machine
      gitlab               token TEAM/token

    would read on hosts
      service api          logs.file /var/log/secure, logs.sudo yes
    ");
}

#[test]
fn it_is_asked_once_and_again_after_a_change_of_just_that() {
    let world = World::with_team(TEAM);
    world.trust();
    assert_eq!(page(&world), None);
    let loaded = world.loaded();
    assert!(loaded.settings.ssh.run_ssh_g);
    assert_eq!(loaded.inventories.len(), 1);

    let harmless =
        format!("# a comment\n{}\n[stats]\nevery = \"9s\"\n", TEAM.replace("[gitlab]", "critical = true\n[gitlab]"));
    world.write("team/quarterdeck.toml", &harmless);
    assert_eq!(page(&world), None, "nothing that it does has changed");

    world.write("team/quarterdeck.toml", &TEAM.replace("10.0.0.11", "10.6.6.6"));
    let page = page(&world).expect("another address is another host");
    let new: Vec<&str> = page.lines().filter(|line| line.starts_with('+')).collect();
    assert_eq!(new, ["+ host web-1           address 10.6.6.6, user deploy"]);
}

/// Each of these changes what would be done, and so each asks anew.
#[test]
fn every_way_to_do_something_else_is_noticed() {
    let world = World::with_team(TEAM);
    world.trust();
    for (from, to) in [
        ("./hosts.sh", "./other.sh"),
        ("all of them", "rm -rf"),
        ("name = \"web-1\"", "name = \"web-2\""),
        ("\"deploy\"", "\"root\""),
        ("[\"web-*\"]", "[\"*\"]"),
        ("\"tail\"", "\"sh\""),
        ("/var/log/secure", "/etc/shadow"),
        (", sudo = true", ""),
        ("gitlab.example.com", "evil.example.com"),
        ("file = \"token\"", "file = \"~/.ssh/id_ed25519\""),
        ("file = \"token\"", "env = \"AWS_SECRET_ACCESS_KEY\""),
        ("user = \"deploy\"", "user = \"deploy\"\njump = \"evil\""),
        ("user = \"deploy\"", "user = \"deploy\"\ntransport = \"local\""),
        ("user = \"deploy\"", "user = \"deploy\"\ntags = [\"all\"]"),
        ("[gitlab]", "[notify]\ncommand = [\"sh\"]\n[gitlab]"),
        ("[gitlab]", "[[action]]\nname = \"x\"\nhosts = [\"*\"]\ncommand = [\"sh\"]\n[gitlab]"),
        ("[gitlab]", "[service.deploy.hooks]\ndrain = [\"sh\"]\n[gitlab]"),
        ("[gitlab]", "[[probe]]\nname = \"x\"\nheaders = { A = { command = [\"sh\"] } }\n[gitlab]"),
        ("[gitlab]", "[ssh]\nconfig = \"evil\"\n[gitlab]"),
    ] {
        let changed = TEAM.replace(from, to);
        assert_ne!(changed, TEAM, "{from}");
        world.write("team/quarterdeck.toml", &changed);
        assert!(page(&world).is_some(), "{from} → {to}");
    }
}

#[test]
fn a_copy_elsewhere_is_another_file() {
    let world = World::with_team(TEAM);
    world.trust();
    world.write("team/sub/quarterdeck.toml", TEAM);
    let mut options = world.options();
    options.cwd = world.path("team/sub");
    assert!(matches!(config::load(&options).unwrap().trust, Trust::Untrusted(_)));
}

#[test]
fn the_persons_own_file_and_a_chosen_one_are_trusted() {
    let world = World::new();
    world.write_person(TEAM);
    assert_eq!(page(&world), None);
    let chosen = world.write("chosen.toml", TEAM);
    assert_eq!(config::load(&world.choosing(&chosen)).unwrap().trust, Trust::Trusted);
}

#[test]
fn qd_trust_shows_and_keeps_it_for_nobody_else_to_change() {
    let world = World::with_team(TEAM);
    let dirs = world.options().dirs;
    fs::create_dir_all(world.path("team/sub")).unwrap();
    let file = meant(None, &world.path("team")).unwrap();
    assert_eq!(meant(Some("..".as_ref()), &world.path("team/sub")).unwrap(), file);
    let mut out = Vec::new();
    agree(&config::extract(&file, &dirs).unwrap(), &dirs, &mut out).unwrap();
    assert!(String::from_utf8(out).unwrap().contains("/hosts.sh 'all of them'"));
    assert_eq!(page(&world), None);
    let kept = fs::read_dir(dirs.state.join("trust")).unwrap().next().unwrap().unwrap();
    assert_eq!(kept.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(dirs.state.join("trust")).unwrap().permissions().mode() & 0o777, 0o700);
    fs::write(kept.path(), "{ damaged").unwrap();
    assert!(page(&world).is_some(), "a damaged record is none");
}

#[test]
fn a_broken_file_cannot_be_trusted() {
    let world = World::with_team("[[host]]\nname = \"-x\"\n");
    assert!(config::extract(&world.path("team/quarterdeck.toml"), &world.options().dirs).is_err());
}
