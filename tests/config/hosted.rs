//! What the tables of the hosted APIs come to.

use std::time::Duration;

use quarterdeck::config;
use quarterdeck::domain::hosted::{HostedSettings, SecretFrom, SlackSend};

use crate::world::World;

fn hosted(text: &str) -> HostedSettings {
    let world = World::new();
    let file = world.write("chosen.toml", text);
    config::load(&world.choosing(&file)).unwrap_or_else(|error| panic!("{error}")).settings.hosted
}

#[test]
fn nothing_is_asked_of_an_api_that_is_not_written() {
    assert_eq!(hosted("[fleet]\nname = \"x\""), HostedSettings::default());
}

#[test]
fn versions_are_appended_to_urls_once_and_defaults_are_the_official_ones() {
    let defaults = hosted("[statuscake]\n[stripe]\n[gitlab]\n[slack]");
    assert_eq!(defaults.statuscake.unwrap().base, "https://api.statuscake.com/v1");
    let stripe = &defaults.stripe[0];
    assert_eq!((stripe.name.as_str(), stripe.base.as_str()), ("main", "https://api.stripe.com/v1"));
    assert_eq!((stripe.timezone, stripe.refresh), (chrono_tz::UTC, Duration::from_secs(60)));
    let gitlab = defaults.gitlab.unwrap();
    assert_eq!((gitlab.base.as_str(), gitlab.token), ("https://gitlab.com/api/v4", None));
    assert_eq!(defaults.slack.unwrap().send, [SlackSend::Page, SlackSend::Ticket, SlackSend::Deploy]);
    for url in ["https://git.example.test/sub", "https://git.example.test/sub/", "https://git.example.test/sub/api/v4"]
    {
        let gitlab = hosted(&format!("[gitlab]\nurl = \"{url}\"")).gitlab.unwrap();
        assert_eq!(gitlab.base, "https://git.example.test/sub/api/v4");
    }
}

#[test]
fn accounts_projects_secrets_and_the_checks_of_services_are_taken_over() {
    let hosted = hosted(
        r#"
        [[host]]
        name = "web-1"
        environment = "staging"
        [[service]]
        name = "api"
        hosts = ["web-1"]
        statuscake = ["Check*", "77", "tag:core"]
        [statuscake]
        token = { env = "SC" }
        tags = ["prod"]
        [[stripe]]
        name = "eu"
        key = { command = ["pass", "stripe"] }
        timezone = "Europe/Berlin"
        [[stripe]]
        name = "us"
        [gitlab]
        projects = [{ path = "acme/tools/api", environments = { prod = "production" } }, { path = "acme/shop", service = "store" }]
        "#,
    );
    let statuscake = hosted.statuscake.unwrap();
    assert_eq!(statuscake.token.unwrap().from, SecretFrom::Env("SC".to_owned()));
    let owner = &statuscake.owners[0];
    assert_eq!((owner.service.as_str(), owner.environment.as_str()), ("api", "staging"));
    let owns = |id: &str, name: &str, tags: &[&str]| {
        owner.owns(id, name, &tags.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>())
    };
    assert!(owns("1", "Checkout", &[]) && owns("77", "x", &[]) && owns("2", "x", &["a", "core"]));
    assert!(!owns("771", "x", &["score"]) && !owns("2", "My Checkout", &[]));
    let names: Vec<&str> = hosted.stripe.iter().map(|account| account.name.as_str()).collect();
    assert_eq!(names, ["eu", "us"]);
    assert_eq!(hosted.stripe[0].timezone, chrono_tz::Europe::Berlin);
    let projects = hosted.gitlab.unwrap().projects;
    assert_eq!((projects[0].service.as_str(), projects[1].service.as_str()), ("api", "store"));
    assert_eq!((projects[0].environment("prod"), projects[0].environment("qa")), ("production", "qa"));
}
