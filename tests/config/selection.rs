//! `--env`, `--host`, `--tag`, `--service`.

use quarterdeck::config::{self, Selection, select};
use quarterdeck::domain::settings::Settings;

use crate::world::World;

fn fleet() -> Settings {
    let world = World::new();
    let file = world.write(
        "chosen.toml",
        r#"
        [[host]]
        name = "web-1"
        environment = "production"
        tags = ["web", "eu"]
        [[host]]
        name = "web-2"
        environment = "production"
        tags = ["web", "us"]
        [[host]]
        name = "stage-1"
        environment = "staging"
        tags = ["web"]
        [[host]]
        name = "db-1"
        environment = "production"
        [[service]]
        name = "api"
        hosts = ["tag:web"]
        [[service]]
        name = "pg"
        hosts = ["db-1"]
        "#,
    );
    config::load(&world.choosing(&file)).unwrap().settings
}

fn selection(env: &str, host: &str, tag: &str, service: &str) -> Selection {
    let list = |text: &str| text.split_whitespace().map(str::to_owned).collect();
    Selection { environments: list(env), hosts: list(host), tags: list(tag), services: list(service) }
}

#[test]
fn each_option_narrows_what_the_others_left() {
    for (env, host, tag, service, hosts, services) in [
        ("", "", "", "", "web-1 web-2 stage-1 db-1", "api@production api@staging pg@production"),
        ("production", "", "", "", "web-1 web-2 db-1", "api@production pg@production"),
        ("", "web-* db-1", "", "", "web-1 web-2 db-1", "api@production pg@production"),
        ("", "", "eu us", "", "web-1 web-2", "api@production"),
        ("", "", "", "api", "web-1 web-2 stage-1", "api@production api@staging"),
        ("", "", "", "api@staging", "stage-1", "api@staging"),
        ("prod*", "", "web", "api", "web-1 web-2", "api@production"),
        ("", "web-2", "", "a*", "web-2", "api@production"),
    ] {
        let narrowed = select(&fleet(), &selection(env, host, tag, service)).unwrap();
        let names: Vec<&str> = narrowed.hosts.iter().map(|host| host.name.as_str()).collect();
        assert_eq!(names.join(" "), hosts, "{env} {host} {tag} {service}");
        let names: Vec<String> = narrowed.services.iter().map(|s| format!("{}@{}", s.name, s.environment)).collect();
        assert_eq!(names.join(" "), services, "{env} {host} {tag} {service}");
        for service in &narrowed.services {
            assert!(service.hosts.iter().all(|name| narrowed.hosts.iter().any(|host| host.name == *name)));
        }
    }
}

#[test]
fn what_stands_for_nothing_is_an_error_that_names_the_nearest() {
    for (env, host, tag, service, said) in [
        ("", "web1", "", "", "there is no host \"web1\"; did you mean \"web-1\"?"),
        ("prodution", "", "", "", "there is no environment \"prodution\"; did you mean \"production\"?"),
        ("", "", "asia", "", "there is no tag \"asia\"; there is eu, us, web"),
        ("", "", "", "apii", "there is no service \"apii\"; did you mean \"api\"?"),
        ("staging", "db-1", "", "", "no host is left: nothing fits all that was asked for"),
    ] {
        let error = select(&fleet(), &selection(env, host, tag, service)).unwrap_err();
        assert_eq!(error.to_string(), said);
    }
}
