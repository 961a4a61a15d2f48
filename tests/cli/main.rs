//! The headless twins, as scripts see them: what is on stdout, what is on stderr, and the exit code.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod completion;
mod logs;
#[path = "../support/mod.rs"]
mod support;

use std::collections::HashMap;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;
use support::Fleet;

/// `qd` with a home of its own.
fn qd(home: &Path, args: &[&str]) -> Output {
    let mut command = Command::cargo_bin("qd").unwrap();
    command.env("HOME", home).env("XDG_CONFIG_HOME", home.join("config")).env("XDG_STATE_HOME", home.join("state"));
    command.current_dir(home).args(args).timeout(std::time::Duration::from_secs(60));
    command.output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A config over this machine with one log file.
fn local(home: &Path) -> String {
    let log = home.join("app.log");
    let lines: String = (0..500).map(|n| format!("ts=2026-11-20T08:00:{:02}Z level=info seq={n}\n", n / 10)).collect();
    std::fs::write(&log, lines).unwrap();
    let config = home.join("quarterdeck.toml");
    let text = format!(
        "[[host]]\nname = \"here\"\ntransport = \"local\"\n[[service]]\nname = \"app\"\nhosts = [\"here\"]\nlogs = [{{ file = \"{}\" }}]\n",
        log.display()
    );
    std::fs::write(&config, text).unwrap();
    config.display().to_string()
}

#[test]
fn every_line_of_a_file_comes_once_and_in_order_as_json() {
    let home = tempfile::tempdir().unwrap();
    let config = local(home.path());
    let out = qd(home.path(), &["--config", &config, "logs", "--no-follow", "--tail", "-1", "--output", "json"]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    let lines: Vec<Value> = text(&out.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let seqs: Vec<String> = lines.iter().map(|line| line["fields"]["seq"].as_str().unwrap().to_owned()).collect();
    assert_eq!(seqs, (0..500).map(|n| n.to_string()).collect::<Vec<_>>());
    let first = &lines[0];
    assert_eq!((first["host"].as_str(), first["level"].as_str()), (Some("here"), Some("info")));
    assert_eq!((first["time"].as_str(), first["time_from"].as_str()), (Some("2026-11-20T08:00:00Z"), Some("line")));
    for key in ["service", "source", "message", "continues"] {
        assert!(!first[key].is_null(), "{key}");
    }
}

#[test]
fn include_exclude_and_tail_narrow_the_lines() {
    let home = tempfile::tempdir().unwrap();
    let config = local(home.path());
    let count = |args: &[&str]| {
        let out = qd(home.path(), &[&["--config", &config, "logs", "--no-follow", "--output", "raw"], args].concat());
        text(&out.stdout).lines().count()
    };
    assert_eq!(count(&["--tail", "-1", "-i", "seq=1"]), 111);
    assert_eq!(count(&["--tail", "-1", "-i", "seq=1", "-e", "seq=1.0$"]), 101);
    assert_eq!(count(&["--tail", "7"]), 7);
    assert_eq!(count(&[]), 100);
}

#[test]
fn hosts_and_status_say_what_this_machine_says() {
    let home = tempfile::tempdir().unwrap();
    let config = local(home.path());
    let out = qd(home.path(), &["--config", &config, "hosts", "--json"]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    let host = &serde_json::from_slice::<Value>(&out.stdout).unwrap()["hosts"][0];
    assert_eq!(
        (host["name"].as_str(), host["state"].as_str(), host["transport"].as_str()),
        (Some("here"), Some("up"), Some("local"))
    );
    // Those of the machine: how many of them this process may use is something else.
    let stat = std::fs::read_to_string("/proc/stat").unwrap();
    let cores = stat.lines().filter(|line| line.starts_with("cpu")).count() - 1;
    assert_eq!(host["cores"].as_u64(), Some(cores as u64));
    for key in ["cpu_pct", "mem_pct", "load", "uptime_s", "disks"] {
        assert!(!host[key].is_null(), "{key}: {host}");
    }
    let out = qd(home.path(), &["--config", &config, "status"]);
    assert!(text(&out.stdout).contains("1 up, 0 stale, 0 down"), "{}", text(&out.stdout));
}

#[test]
fn exit_codes_are_those_of_the_contract() {
    let home = tempfile::tempdir().unwrap();
    let config = local(home.path());
    let broken = home.path().join("broken.toml");
    std::fs::write(&broken, "[[host]]\nname = 7\n").unwrap();
    let away = home.path().join("away.toml");
    std::fs::write(
        &away,
        "[ssh]\nconnect_timeout = \"2s\"\n[[host]]\nname = \"away\"\naddress = \"127.0.0.1\"\nport = 1\n",
    )
    .unwrap();
    let (broken, away) = (broken.display().to_string(), away.display().to_string());
    for (args, code, says) in [
        (vec!["--nonsense"], 2, "nonsense"),
        (vec!["--config", &broken, "hosts"], 2, "broken.toml:2"),
        (vec!["--config", &config, "--host", "hree", "hosts"], 2, "hree"),
        (vec!["--config", &away, "hosts"], 3, ""),
        (vec!["--config", &away, "check"], 1, ""),
        // Found here, trusted by nobody, and no terminal to ask on.
        (vec!["hosts"], 4, "qd trust"),
    ] {
        let out = qd(home.path(), &args);
        assert_eq!(out.status.code(), Some(code), "{args:?}: {}", text(&out.stderr));
        assert!(text(&out.stderr).contains(says), "{args:?}: {}", text(&out.stderr));
    }
    assert_eq!(qd(home.path(), &["trust"]).status.code(), Some(0));
    assert_eq!(qd(home.path(), &["hosts"]).status.code(), Some(0), "trusted now");
}

#[test]
#[ignore = "needs the fleet: tests/run"]
fn fleet_hosts_are_up_and_every_line_of_their_logs_comes_once() {
    let fleet = Fleet::running();
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("fleet.toml");
    let text_of = format!(
        "[ssh]\nconfig = \"{}\"\n[[host]]\nname = \"web-1\"\n[[host]]\nname = \"web-2\"\n[[host]]\nname = \"inner-1\"\n\
         [[service]]\nname = \"api\"\nhosts = [\"web-*\"]\nunit = \"myservice.service\"\n\
         health = \"http://127.0.0.1:8000/healthz\"\nversion = \"http://127.0.0.1:8000/version\"\n\
         logs = [{{ file = \"/var/log/myservice/app.log\" }}, {{ file = \"/var/log/nginx/access.log\" }}]\n",
        fleet.ssh_config().display()
    );
    std::fs::write(&config, text_of).unwrap();
    let config = config.display().to_string();
    let out = qd(home.path(), &["--config", &config, "hosts", "--json"]);
    let hosts: Value = serde_json::from_slice(&out.stdout).unwrap();
    for host in hosts["hosts"].as_array().unwrap() {
        assert_eq!(host["state"].as_str(), Some("up"), "{host}");
        let name = host["name"].as_str().unwrap();
        let df = fleet.exec(name, "df -P / | tail -n 1");
        let capacity: f64 = df.split_whitespace().nth(4).unwrap().trim_end_matches('%').parse().unwrap();
        let root = host["disks"].as_array().unwrap().iter().find(|disk| disk["mount"] == "/");
        // The hosts share this machine's disk, which others write to.
        if let Some(root) = root {
            assert!((root["pct"].as_f64().unwrap() - capacity).abs() <= 1.0, "{name}: {root} {df}");
        }
    }
    let out = qd(home.path(), &["--config", &config, "services", "--json"]);
    let services: Value = serde_json::from_slice(&out.stdout).unwrap();
    for host in services["services"][0]["hosts"].as_array().unwrap() {
        assert_eq!((host["health"].as_str(), host["unit_state"].as_str()), (Some("ok"), Some("active")), "{host}");
    }
    let before: HashMap<&str, usize> = ["web-1", "web-2"].map(|host| (host, lines(&fleet, host))).into();
    let out = qd(home.path(), &["--config", &config, "logs", "--no-follow", "--tail", "-1", "--output", "json"]);
    let after: HashMap<&str, usize> = ["web-1", "web-2"].map(|host| (host, lines(&fleet, host))).into();
    let got: Vec<Value> = text(&out.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for host in ["web-1", "web-2"] {
        let mine: Vec<&Value> = got
            .iter()
            .filter(|line| line["host"] == host && line["source"] == "file:/var/log/myservice/app.log")
            .collect();
        let seqs: Vec<u64> = mine.iter().filter_map(|line| line["fields"]["seq"].as_str()?.parse().ok()).collect();
        assert!(seqs.windows(2).all(|pair| pair[1] != pair[0]), "{host} repeats a line");
        assert!((before[host]..=after[host]).contains(&mine.len()), "{host}: {} of {}", mine.len(), after[host]);
    }
}

fn lines(fleet: &Fleet, host: &str) -> usize {
    fleet.exec(host, "wc -l </var/log/myservice/app.log").trim().parse().unwrap()
}

#[test]
fn the_references_are_made_from_the_programs_own_tables() {
    let home = tempfile::tempdir().unwrap();
    let man = text(&qd(home.path(), &["man"]).stdout);
    for word in
        [".TH qd 1", ".SS logs", "\\-\\-no\\-follow", ".SS check", ".SH KEYS", "the next line that matches the search"]
    {
        assert!(man.contains(word), "{word} is not in the manual page");
    }
    let schema: Value = serde_json::from_slice(&qd(home.path(), &["schema"]).stdout).unwrap();
    assert_eq!(schema["title"], "quarterdeck.toml");
    for table in ["fleet", "host", "service", "ssh", "logs", "ui"] {
        assert!(schema["properties"][table]["description"].is_string(), "{table}");
    }
    let folder = home.path().join("config/quarterdeck/themes");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("mine.toml"), "inherits = \"dark\"\n").unwrap();
    std::fs::write(folder.join("odd.toml"), "inherits = \"nowhere\"\n").unwrap();
    let themes = text(&qd(home.path(), &["themes"]).stdout);
    for line in ["  light            shipped", "  mine             yours", "  odd              yours: ", "selection"] {
        assert!(themes.contains(line), "{line} is not in\n{themes}");
    }
}
