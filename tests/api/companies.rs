//! Companies that nobody has seen: made up by `companies.py`, worked out a second time by `oracle.py` from the rules alone,
//! and asked for through HTTP as scripts do. `QD_TEST_LONG=1` tries many more.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::cli::everything_in;
use crate::support::fake_apis::FakeApis;

/// The keys of the three stand-ins, and what a heartbeat's address holds.
const SECRETS: [&str; 4] = ["rk_test_qd", "glpat-qd", "sc-qd", "PK=sEcReT"];
/// What is given beside the contract's figures, and not worked out a second time.
const OURS: [&str; 2] = ["failed_payments_lost", "failed_payments_blocked"];
/// What is told of a deployment of which there is exactly one right answer.
const DEPLOY: [&str; 8] = ["id", "environment", "version", "sha", "status", "kind", "by", "previous_version"];

fn python(script: &str, args: &[&str]) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api").join(script);
    let out = Command::new("python3").arg(script).args(args).output().expect("python3 runs");
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    serde_json::from_slice(&out.stdout).expect("one JSON document")
}

/// `qd WHAT --json --at NOW`, which must have heard everything, and have told nobody its secrets.
fn qd(config: &Path, what: &str, now: &str) -> Value {
    let home = config.parent().expect("a folder");
    let out = assert_cmd::Command::cargo_bin("qd")
        .expect("the binary")
        .env("HOME", home)
        .env("QD_LOG", "trace")
        .env("QD_TEST_KEY", SECRETS[0])
        .env("QD_TEST_GITLAB", SECRETS[1])
        .env("QD_TEST_STATUSCAKE", SECRETS[2])
        .env_remove("XDG_STATE_HOME")
        .env_remove("XDG_CONFIG_HOME")
        .arg("--config")
        .arg(config)
        .args([what, "--json", "--at", now])
        .output()
        .expect("it runs");
    let document: Value = serde_json::from_slice(&out.stdout)
        .unwrap_or_else(|error| panic!("{what}: {error}: {}", String::from_utf8_lossy(&out.stderr)));
    assert_eq!(document["errors"], json!([]), "{what}");
    let written = everything_in(home);
    assert!(written.len() > 1000, "the log of everything was written");
    let said = [&out.stdout, &out.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    for secret in SECRETS {
        assert!(!written.contains(secret) && said.iter().all(|said| !said.contains(secret)), "{what} tells {secret}");
    }
    document
}

fn rows<'v>(document: &'v Value, of: &str) -> &'v [Value] {
    document[of].as_array().map_or(&[], Vec::as_slice)
}

/// A name, a currency and a window, and the figure with what it was before.
fn figures(document: &Value) -> BTreeMap<String, [Value; 2]> {
    let row = |row: &Value| {
        let figure = ["figure", "amount", "value"].into_iter().find_map(|key| row.get(key));
        let named = format!("{} {} {}", row["name"], row["currency"], row["window"]).replace('"', "");
        (named, [figure.cloned().unwrap_or_default(), row.get("previous").cloned().unwrap_or_default()])
    };
    rows(document, "counters").iter().map(row).collect()
}

fn counters(wanted: &Value, told: &Value) -> Vec<String> {
    let (wanted, mut told) = (figures(wanted), figures(told));
    let mut wrong = Vec::new();
    for (name, [figure, previous]) in wanted {
        // A currency in which there is nothing may be told of or not.
        let [has, had] = told.remove(&name).unwrap_or_else(|| [json!(0), json!(0)]);
        if has != figure {
            wrong.push(format!("{name} is {has}, not {figure}"));
        }
        if !previous.is_null() && had != previous {
            wrong.push(format!("{name} was {had}, not {previous}"));
        }
    }
    let more = told.into_iter().filter(|(name, _)| !OURS.iter().any(|ours| name.starts_with(ours)));
    let more = more.filter(|(_, [figure, _])| !figure.is_null() && *figure != json!(0));
    wrong.extend(more.map(|(name, [figure, _])| format!("{name} is {figure}, and should be nothing")));
    wrong
}

/// The first rows that differ, in order.
fn deploys(wanted: &Value, told: &Value) -> Vec<String> {
    let row = |row: &Value| {
        let text = |key: &&str| row[*key].as_str().map_or_else(|| row[*key].to_string(), str::to_owned);
        DEPLOY.iter().map(text).collect::<Vec<_>>().join(" ")
    };
    let [wanted_rows, told_rows] = [wanted, told].map(|all| rows(all, "deploys").iter().map(row).collect::<Vec<_>>());
    let mut wrong: Vec<String> = Vec::new();
    if wanted_rows.len() != told_rows.len() {
        wrong.push(format!("{} deployments, not {}", told_rows.len(), wanted_rows.len()));
    }
    let pairs = wanted_rows.iter().zip(&told_rows).filter(|(wanted, told)| wanted != told).take(3);
    wrong.extend(pairs.map(|(wanted, told)| format!("{told}, not {wanted}")));
    let live = |environment: &Value| environment["shop"].as_str().map(str::to_owned);
    let told: BTreeMap<String, String> = told["live"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(environment, of)| Some((environment.clone(), live(of)?)))
        .collect();
    if json!(told) != wanted["live"] {
        wrong.push(format!("{told:?} is live, not {}", wanted["live"]));
    }
    wrong
}

/// Rule, id, state, and when a check went down and came back.
fn alerts(wanted: &Value, told: &Value) -> Vec<String> {
    let seconds = |time: &Value| match time.as_str() {
        Some(text) => json!(text.parse::<DateTime<Utc>>().expect("a time").timestamp()),
        None => json!(time.as_f64().map(|seconds| seconds as i64)),
    };
    let row = |kind: &str, id: &str, row: &Value| {
        // When a certificate or a heartbeat went bad nobody tells.
        let times = (kind == "uptime").then(|| (seconds(&row["since"]), seconds(&row["ended"])));
        format!("{kind} {id} {} {times:?}", row["state"])
    };
    let mut told: Vec<String> = rows(told, "alerts")
        .iter()
        .filter_map(|alert| {
            let mut words = alert["id"].as_str()?.split(':').skip(1);
            Some(row(words.next()?, words.next()?, alert)).filter(|_| alert["source"] == "statuscake")
        })
        .collect();
    let text = |row: &Value, key: &str| row[key].as_str().expect("a text").to_owned();
    let mut wrong = Vec::new();
    for one in rows(wanted, "alerts") {
        let one = row(&text(one, "kind"), &text(one, "id"), one);
        match told.iter().position(|told| *told == one) {
            Some(known) => drop(told.swap_remove(known)),
            None => wrong.push(format!("{one} is missing")),
        }
    }
    wrong.extend(told.into_iter().map(|one| format!("{one} is too much")));
    wrong
}

fn try_company(seed: u32) -> Vec<String> {
    let (folder, home) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (fixtures, path) = (folder.path(), folder.path().to_str().expect("a path"));
    let about = python("companies.py", &[&seed.to_string(), path]);
    let (zone, seconds) = (about["zone"].as_str().expect("a zone"), about["now"].as_i64().expect("a time"));
    let wanted = python("oracle.py", &[path, zone, &seconds.to_string()]);
    let now = DateTime::from_timestamp(seconds, 0).expect("a time").to_rfc3339_opts(SecondsFormat::Secs, true);
    // Every third is told in the shapes of an account that was never upgraded.
    let old: &[&str] = if about["old"] == true { &["--stripe-version", "2022-11-15"] } else { &[] };
    let fake = FakeApis::of(fixtures, &[&["--now", &seconds.to_string()], old].concat());
    let url = |api: &str| fake.url(api);
    let text = format!(
        "[stripe]\nurl = \"{}\"\nkey = {{ env = \"QD_TEST_KEY\" }}\ntimezone = \"{zone}\"\n\
         [gitlab]\nurl = \"{}\"\ntoken = {{ env = \"QD_TEST_GITLAB\" }}\n\
         projects = [{{ path = \"acme/shop\", service = \"shop\" }}]\n\
         [statuscake]\nurl = \"{}\"\ntoken = {{ env = \"QD_TEST_STATUSCAKE\" }}\n",
        url("stripe"),
        url("gitlab"),
        url("statuscake"),
    );
    let config = home.path().join("qd.toml");
    std::fs::write(&config, text).expect("a config");
    let mut wrong = counters(&wanted, &qd(&config, "counters", &now));
    wrong.extend(deploys(&wanted, &qd(&config, "deploys", &now)));
    wrong.extend(alerts(&wanted, &qd(&config, "alerts", &now)));
    let named = |one: String| format!("company {seed} ({zone}, {now}): {one}");
    wrong.into_iter().map(named).collect()
}

#[test]
fn companies_that_nobody_has_seen_have_the_figures_that_the_rules_give() {
    let seeds = if std::env::var_os("QD_TEST_LONG").is_some() { 0..200 } else { 0..12 };
    let seeds: Vec<u32> = seeds.collect();
    // Their waiting for budgets is most of what they take.
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let parts: Vec<_> = seeds.chunks(seeds.len().div_ceil(4)).collect();
        let threads: Vec<_> = parts
            .into_iter()
            .map(|part| scope.spawn(|| part.iter().flat_map(|seed| try_company(*seed)).collect::<Vec<_>>()))
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no company stops it")).collect()
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_second_reading_of_the_rules_gives_the_public_companys_right_figures() {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/fixtures/public");
    let read = |path: &str| -> Value {
        let text = std::fs::read_to_string(format!("{fixtures}/{path}/expected.json")).expect("the right figures");
        serde_json::from_str(&text).expect("JSON")
    };
    let (right, told) = (read("stripe"), python("oracle.py", &[fixtures, "UTC"]));
    let has = figures(&told);
    let figure = |name: &str| has.get(name).unwrap_or_else(|| panic!("no {name}"))[0].clone();
    for (currency, mrr) in right["mrr_minor"].as_object().expect("currencies") {
        assert_eq!(figure(&format!("mrr {currency} null")), *mrr);
        assert_eq!(figure(&format!("arr {currency} null")), right["arr_minor"][currency]);
        assert_eq!(figure(&format!("arpu {currency} null")), right["arpu_minor"][currency]);
    }
    let churn = &right["churned_30d"];
    for (name, figure_of) in [
        ("customers null null", &right["customers_total"]),
        ("paying_customers null null", &right["paying_customers"]),
        ("active_subscriptions null null", &right["active_subscriptions"]),
        ("churned_customers null 30d", &churn["customers"]),
        ("churned_subscriptions null 30d", &churn["subscriptions"]),
        ("churned_mrr usd 30d", &churn["mrr_minor"]["usd"]),
        ("logo_churn_pct null 30d", &churn["logo_churn_percent"]),
        ("failed_payments null 30d", &right["failed_payments"]["30d"]["payments"]),
        ("failed_attempts null 30d", &right["failed_payments"]["30d"]["attempts"]),
        ("open_disputes null null", &right["disputes"]["open"]),
    ] {
        assert_eq!(figure(name), *figure_of, "{name}");
    }
    for window in ["today", "7d", "30d"] {
        let before = format!("previous_{window}");
        let customers = &has[&format!("new_customers null {window}")];
        assert_eq!(*customers, [right["new_customers"][window].clone(), right["new_customers"][&before].clone()]);
        for (currency, revenue) in right["revenue_minor"][window].as_object().expect("currencies") {
            for part in ["gross", "refunds", "net"] {
                let was = right["revenue_minor"][&before].get(currency).map_or(json!(0), |was| was[part].clone());
                let told = has.get(&format!("revenue_{part} {currency} {window}"));
                let told = told.cloned().unwrap_or_else(|| [json!(0), json!(0)]);
                assert_eq!(told, [revenue[part].clone(), was], "{part} {currency} {window}");
            }
        }
    }
    let gitlab = read("gitlab");
    assert_eq!(told["live"], gitlab["current_version"]);
    let history = rows(&told, "deploys").iter().filter(|one| one["environment"] == "production");
    let right = rows(&gitlab, "production_history_newest_first");
    assert!(history.clone().count() == right.len() && !right.is_empty());
    for (told, right) in history.zip(right) {
        assert_eq!(told["id"], right["deployment_id"]);
        for key in ["version", "sha", "status", "by", "kind", "previous_version"] {
            assert_eq!(told[key], right[key], "{key} of {}", told["id"]);
        }
    }
    let down = rows(&told, "alerts").iter().filter(|one| one["kind"] == "uptime" && one["state"] == "firing");
    assert_eq!(down.count(), rows(&read("statuscake"), "down").len());
}
