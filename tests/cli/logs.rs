//! `qd logs` as a script uses it: command sources, templates, what is left out, what is taken out.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;

use super::{local, qd, text};

/// An executable in the folder `bin` of a home.
fn program(home: &Path, name: &str, script: &str) -> String {
    let folder = home.join("bin");
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

/// What those three print, as their manuals and sources have it: docker keeps standard error apart, kubectl and stern
/// put the pod before the line.
fn containers(home: &Path) -> String {
    let docker = program(
        home,
        "docker",
        "echo \"called: $@\" >&2\necho '2026-11-20T08:00:01.5Z level=info from=docker'\necho '2026-11-20T08:00:04.5Z level=error from=docker' >&2\n",
    );
    let kubectl =
        program(home, "kubectl", "test \"$1\" = logs || exit 1\necho '2026-11-20T08:00:02Z level=warn from=kubectl'\n");
    let stern = program(home, "stern", "echo 'shop-7d9f app {\"level\":\"info\",\"msg\":\"from stern\"}'\n");
    let config = home.join("quarterdeck.toml");
    let text = format!(
        "[[host]]\nname = \"here\"\ntransport = \"local\"\n[[service]]\nname = \"shop\"\nlogs = [\n\
         {{ command = [\"{docker}\", \"logs\", \"-f\", \"--since\", \"10m\", \"shop\"] }},\n\
         {{ command = [\"{kubectl}\", \"logs\", \"-f\", \"--timestamps\", \"deploy/shop\"] }},\n]\n\
         [[service]]\nname = \"mesh\"\nlogs = [{{ command = [\"{stern}\", \"--color\", \"never\", \"shop\"] }}]\n"
    );
    std::fs::write(&config, text).unwrap();
    config.display().to_string()
}

#[test]
fn what_docker_kubectl_and_stern_print_is_a_source_like_any_other() {
    let home = tempfile::tempdir().unwrap();
    let config = containers(home.path());
    let out = qd(home.path(), &["--config", &config, "logs", "--no-follow", "-o", "json"]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    let lines: Vec<Value> = text(&out.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |what: &str| lines.iter().find(|line| line["message"].as_str().unwrap().contains(what)).unwrap();
    assert_eq!(of("info from=docker")["time"], "2026-11-20T08:00:01.500000Z");
    assert_eq!(of("error from=docker")["level"], "error", "standard error belongs to it");
    assert_eq!(of("from=kubectl")["level"], "warn");
    assert_eq!(of("from stern")["service"], "mesh");
    assert!(
        text(&out.stderr).contains("says: called: logs --timestamps --since 10m shop"),
        "every word arrives, but for the one that would keep it going, and times are asked for; what the tool says of \
         its own is no line: {}",
        text(&out.stderr)
    );
    // By level and service as every other source.
    let out = qd(home.path(), &["--config", &config, "logs", "sho", "--no-follow", "--level", "warn", "-o", "raw"]);
    let said = text(&out.stdout);
    assert!(said.contains("from=kubectl") && said.contains("level=error") && !said.contains("stern"), "{said}");
}

/// Two parts whose lines are mixed, each with a trace, as the three tools print them with times: two of them put the time
/// behind the name, and `docker compose` fills the names up.
fn mixed(name: impl Fn(&str) -> String) -> String {
    let said = [
        ("a", "level=info msg=\"cart of 7\" dur_ms=12"),
        ("b", "{\"level\":\"error\",\"msg\":\"no stock\"}"),
        ("a", "Traceback (most recent call last):"),
        ("b", "java.lang.IllegalStateException: none"),
        ("a", "  File \"app.py\", line 7, in pay"),
        ("b", "\tat x.y.Z(Z.java:1)"),
        ("a", "KeyError: 'cart'"),
        ("b", "{\"level\":\"info\",\"msg\":\"stock\"}"),
        ("a", "level=warn msg=\"cart of 8\""),
    ];
    let line =
        |(n, (part, text)): (usize, &(&str, &str))| format!("{}2026-11-20T08:00:0{n}.000000001Z {text}\n", name(part));
    said.iter().enumerate().map(line).collect()
}

#[test]
fn a_trace_is_one_event_however_the_lines_of_several_containers_are_mixed() {
    let home = tempfile::tempdir().unwrap();
    type Name = fn(&str) -> String;
    let tools: [(&str, &[&str], Name, &str); 4] = [
        ("stern", &["api"], |part| format!("shop-{part} app "), "pod"),
        ("stern", &["-A", "api"], |part| format!("eu shop-{part} app "), "pod"),
        ("kubectl", &["logs", "-f", "--prefix", "-l", "app=shop"], |part| format!("[pod/shop-{part}/app] "), "pod"),
        ("docker", &["compose", "logs", "-f"], |part| format!("{:<8} | ", format!("shop-{part}")), "container"),
    ];
    for (tool, args, name, field) in tools {
        std::fs::write(home.path().join("said"), mixed(name)).unwrap();
        let said = home.path().join("said");
        let script = format!(
            "echo '+ shop-a › app' >&2\nwhile IFS= read -r line; do printf '%s\\n' \"$line\"; done <{}\n",
            said.display()
        );
        let path = program(home.path(), tool, &script);
        let argv: Vec<String> = [&[path.as_str()], args].concat().iter().map(|word| format!("{word:?}")).collect();
        let config = home.path().join("quarterdeck.toml");
        let body = format!(
            "[[host]]\nname = \"here\"\ntransport = \"local\"\n[[service]]\nname = \"shop\"\nlogs = [{{ command = [{}] }}]\n",
            argv.join(", ")
        );
        std::fs::write(&config, body).unwrap();
        let run = |args: &[&str]| {
            let all = [&["--config", config.to_str().unwrap(), "logs", "--no-follow"], args].concat();
            qd(home.path(), &all)
        };
        let out = run(&["-o", "json"]);
        let lines: Vec<Value> = text(&out.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let seen: Vec<(&str, Option<&str>, bool)> = lines
            .iter()
            .map(|line| {
                let source = line["source"].as_str().unwrap();
                let part = if source.contains("shop-a") { "a" } else { "b" };
                assert!(line["message"].as_str().unwrap().starts_with(name(part).trim_end()), "as it was read: {line}");
                (part, line["level"].as_str(), line["continues"].as_bool().unwrap())
            })
            .collect();
        let expected = [
            ("a", Some("info"), false),
            ("a", Some("info"), true),
            ("a", Some("info"), true),
            ("a", Some("info"), true),
            ("b", Some("error"), false),
            ("b", Some("error"), true),
            ("b", Some("error"), true),
            ("b", Some("info"), false),
            ("a", Some("warn"), false),
        ];
        assert_eq!(seen, expected, "{tool} {args:?}: {}", text(&out.stderr));
        assert_eq!(lines[0]["fields"][field], "shop-a", "{}", lines[0]);
        assert_eq!(lines[0]["fields"]["dur_ms"], "12");
        assert_eq!(lines[7]["fields"]["msg"], "stock");
        assert_eq!(text(&out.stderr).matches("says: + shop-a › app").count(), 1, "{}", text(&out.stderr));
        // By whose they are and by what they say; raw is what the tool wrote, but for the time.
        let count = |args: &[&str]| text(&run(&[args, &["-o", "raw"]].concat()).stdout).lines().count();
        assert_eq!(count(&["--filter", &format!("{field}=shop-b level>=error")]), 3);
        assert_eq!(count(&["--filter", "msg~^cart"]), 2);
        assert_eq!(count(&["-i", "^.*shop-a.*KeyError"]), 1);
    }
}

#[test]
fn a_command_that_goes_on_is_followed_and_started_again_when_it_ends() {
    use std::io::{BufRead, BufReader};
    let home = tempfile::tempdir().unwrap();
    let once = home.path().join("once");
    let script = format!("echo first; test -e {0} && echo again; touch {0}; sleep 0.2; echo last\n", once.display());
    let kubectl = program(home.path(), "kubectl", &script);
    let config = home.path().join("quarterdeck.toml");
    let body = format!(
        "[[host]]\nname = \"here\"\ntransport = \"local\"\n[[service]]\nname = \"shop\"\nlogs = [{{ command = [\"{kubectl}\", \"logs\", \"-f\", \"x\"] }}]\n"
    );
    std::fs::write(&config, body).unwrap();
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("qd"))
        .env("HOME", home.path())
        .env("XDG_STATE_HOME", home.path().join("state"))
        .args(["--config", config.to_str().unwrap(), "logs", "-o", "raw"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // It ends by being killed: what is waited for comes, or the test's own limit ends it.
    let said: Vec<String> = lines.map_while(Result::ok).take(4).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(said, ["first", "last", "first", "again"]);
}

#[test]
fn hosts_and_services_are_left_out_and_lines_are_written_by_a_template() {
    let home = tempfile::tempdir().unwrap();
    let config = containers(home.path());
    let run = |args: &[&str]| qd(home.path(), &[&["--config", &config, "logs", "--no-follow"], args].concat());
    let out = run(&["--exclude-service", "^me", "--template", "{service:6}{level|color}:{message|json}"]);
    let said = text(&out.stdout);
    assert!(said.contains("shop  error:") && !said.contains("mesh"), "{said}");
    let file = home.path().join("line.tmpl");
    std::fs::write(&file, "{{{host}}} {time|short}\n").unwrap();
    let out = run(&["-T", file.to_str().unwrap(), "-i", "from=kubectl"]);
    assert_eq!(text(&out.stdout), "{here} 08:00:02.000\n");
    let out = run(&["--exclude-host", "he*"]);
    assert_eq!(out.status.code(), Some(2), "nothing is left: {}", text(&out.stderr));
    assert_eq!(run(&["--template", "{nope}"]).status.code(), Some(2));
    assert_eq!(run(&["-s", "1m", "-i", "from="]).stdout, b"", "what is older than a minute is left out");
}

#[test]
fn secrets_stay_in_a_pipe_unless_they_are_to_be_taken_out() {
    let home = tempfile::tempdir().unwrap();
    let config = local(home.path());
    std::fs::write(home.path().join("app.log"), "ts=2026-11-20T08:00:00Z level=info password=hunter2\n").unwrap();
    let run =
        |args: &[&str]| text(&qd(home.path(), &[&["--config", &config, "logs", "--no-follow"], args].concat()).stdout);
    assert!(run(&["-o", "json"]).contains("password=hunter2"), "data is the line as it was read");
    for form in ["default", "raw", "json", "ppjson"] {
        let said = run(&["--redact", "-o", form]);
        assert!(said.contains("password=[redacted]") && !said.contains("hunter2"), "{said}");
    }
}

#[test]
fn that_a_line_is_too_long_to_be_kept_is_told_once() {
    let home = tempfile::tempdir().unwrap();
    let config = local(home.path());
    let long = "x".repeat(200 << 10);
    std::fs::write(home.path().join("app.log"), format!("a {long} END\nb\nc {long} END\n")).unwrap();
    let run = |args: &[&str]| qd(home.path(), &[&["--config", &config, "logs", "--no-follow"], args].concat());
    let out = run(&["-o", "raw"]);
    assert_eq!(text(&out.stdout).lines().count(), 3);
    let told = text(&out.stderr);
    assert_eq!(told.matches("is cut: only its first").count(), 1, "{told}");
    assert!(!text(&run(&["-o", "raw", "--only-log-lines"]).stderr).contains("is cut"));
}

#[test]
fn raw_is_what_was_read_to_the_byte() {
    let home = tempfile::tempdir().unwrap();
    let config = local(home.path());
    let bytes =
        b"ts=2026-11-20T08:00:00Z a=1\r\n\xff\xfe\x00 \x1b[31m\t\r x\n\n\r\n   \r\r\nlast \xd9\x85\xe2\x80\x8c\r\n";
    std::fs::write(home.path().join("app.log"), bytes).unwrap();
    let run = |args: &[&str]| qd(home.path(), &[&["--config", &config, "logs", "--no-follow"], args].concat());
    assert_eq!(run(&["-o", "raw"]).stdout, bytes);
    // A line ends before its line end, whatever that is.
    assert_eq!(run(&["-o", "raw", "-i", "a=1$"]).stdout, b"ts=2026-11-20T08:00:00Z a=1\r\n");
    let said = text(&run(&["-o", "json", "-i", "a=1"]).stdout);
    assert!(said.contains("\"message\":\"ts=2026-11-20T08:00:00Z a=1\"") && said.contains("\"a\":\"1\""), "{said}");
}
