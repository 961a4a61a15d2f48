//! `qd audit`: who did what, where, with which command, and how it ended.

use std::io::Write;

use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use serde::Serialize;

use super::exit::{Exit, Failure, Outcome};
use super::logs::args::{SINCE, since};
use super::table::Table;
use crate::config::Dirs;
use crate::domain::audit::{Audited, HostEnding, join};
use crate::domain::plan::shown;
use crate::domain::text::{clean, one_line};
use crate::store::Store;
use crate::ui::format::age;

/// Options of `qd audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Only what began since then: 90s, 10m, 2h, 1d or RFC 3339.
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// One JSON document.
    #[arg(long)]
    pub json: bool,
}

/// One entry of `qd audit --json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditJson<'a> {
    id: &'a str,
    time: String,
    who: &'a str,
    from: &'a str,
    environment: &'a str,
    service: Option<&'a str>,
    hosts: &'a [String],
    action: &'a str,
    level: u8,
    plan: &'a str,
    /// The command of the first host; where hosts differ, each is in `commands`.
    argv: &'a [String],
    commands: &'a [Vec<String>],
    rc: Option<i32>,
    ms: Option<u64>,
    reason: Option<&'a str>,
    /// Unknown while it runs, and for good when whoever ran it was cut off.
    result: Option<&'static str>,
    /// How it came out on each host.
    results: &'a [HostEnding],
}

impl<'a> From<&'a Audited> for AuditJson<'a> {
    fn from(Audited { intent, ending }: &'a Audited) -> Self {
        Self {
            id: &intent.id,
            time: intent.time.to_rfc3339_opts(SecondsFormat::AutoSi, true),
            who: &intent.who,
            from: &intent.from,
            environment: &intent.environment,
            service: intent.service.as_deref(),
            hosts: &intent.hosts,
            action: &intent.action,
            level: intent.level,
            plan: &intent.plan,
            argv: intent.commands.first().map_or(&[], Vec::as_slice),
            commands: &intent.commands,
            rc: ending.as_ref().and_then(|ending| ending.rc),
            ms: ending.as_ref().map(|ending| ending.ms),
            reason: intent.reason.as_deref(),
            result: ending.as_ref().map(|ending| ending.result.as_str()),
            results: ending.as_ref().map_or(&[], |ending| ending.hosts.as_slice()),
        }
    }
}

/// Runs the command. A chain that does not hold is told of, and is a problem.
pub async fn run(args: AuditArgs) -> Outcome {
    let now = Utc::now();
    let since = match &args.since {
        Some(text) => Some(
            since(text, now)
                .ok_or_else(|| Failure::new(Exit::Usage, format!("--since {}: {SINCE}", one_line(text, 100))))?,
        ),
        None => None,
    };
    let dirs = Dirs::of_process().ok_or_else(|| Failure::new(Exit::Usage, "there is no home folder; set $HOME"))?;
    let store = Store::open(&dirs.state).await.map_err(anyhow::Error::from)?;
    let log = store.audit().await.map_err(anyhow::Error::from)?;
    let mut actions = join(log.rows);
    actions.retain(|action| since.is_none_or(|since| action.intent.time >= since));
    let text = if args.json {
        let entries: Vec<AuditJson<'_>> = actions.iter().map(AuditJson::from).collect();
        serde_json::to_string_pretty(&entries).map_err(std::io::Error::from)? + "\n"
    } else {
        text(&actions, now)
    };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    match log.chain {
        Ok(()) => Ok(Exit::Fine),
        Err(broken) => Err(Failure::new(Exit::Problems, broken.to_string())),
    }
}

/// The table for people: newest last, as in a log.
fn text(actions: &[Audited], now: DateTime<Utc>) -> String {
    let mut table = Table::new(&[
        "time",
        ">ago",
        "who",
        "environment",
        "action",
        "service",
        "hosts",
        ">level",
        "result",
        ">took",
        "reason",
        "command",
    ]);
    for Audited { intent, ending } in actions {
        let dash = |text: Option<&str>| text.map_or_else(|| "—".to_owned(), |text| one_line(text, 60));
        table.row([
            intent.time.to_rfc3339_opts(SecondsFormat::Secs, true),
            age((now - intent.time).to_std().unwrap_or_default()),
            one_line(&intent.who, 40),
            one_line(&intent.environment, 40),
            one_line(&intent.action, 40),
            dash(intent.service.as_deref()),
            one_line(&intent.hosts.join(","), 60),
            intent.level.to_string(),
            dash(ending.as_ref().map(|ending| ending.result.as_str())),
            ending.as_ref().map_or_else(|| "—".to_owned(), |ending| format!("{:.1}s", ending.ms as f64 / 1000.0)),
            dash(intent.reason.as_deref()),
            clean(&intent.commands.first().map(|argv| shown(argv)).unwrap_or_default()).into_owned(),
        ]);
    }
    table.render_or("nothing was done")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::audit::{Ending, Intent, Verdict};

    #[test]
    fn an_entry_has_every_field_of_the_contract_and_what_is_unknown_is_null() {
        let intent = Intent {
            id: "01ARYZ6S410000000000000000".to_owned(),
            time: "2026-11-21T03:00:00.5Z".parse().unwrap(),
            who: "ada".to_owned(),
            from: "laptop".to_owned(),
            environment: "production".to_owned(),
            service: None,
            hosts: vec!["web-1".to_owned()],
            action: "exec".to_owned(),
            level: 2,
            plan: "ab".to_owned(),
            commands: vec![vec!["uptime".to_owned()]],
            reason: None,
        };
        let mut action = Audited { intent, ending: None };
        let json = serde_json::to_value(AuditJson::from(&action)).unwrap();
        let mut keys: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
        keys.sort_unstable();
        let mut contract = vec![
            "id",
            "time",
            "who",
            "from",
            "environment",
            "service",
            "hosts",
            "action",
            "level",
            "plan",
            "argv",
            "rc",
            "ms",
            "reason",
            "result",
            "results",
            "commands",
        ];
        contract.sort_unstable();
        assert_eq!(keys, contract);
        assert_eq!(json["time"], "2026-11-21T03:00:00.500Z");
        for key in ["service", "rc", "ms", "reason", "result"] {
            assert!(json[key].is_null(), "{key}");
        }
        let time = action.intent.time;
        let ending = Ending { id: String::new(), time, result: Verdict::Failed, rc: Some(3), ms: 1200, hosts: vec![] };
        action.ending = Some(ending);
        let json = serde_json::to_value(AuditJson::from(&action)).unwrap();
        assert_eq!((json["rc"].as_i64(), json["result"].as_str()), (Some(3), Some("failed")));
        let table = text(&[action], time);
        assert!(
            table.contains("2026-11-21T03:00:00Z") && table.contains("1.2s") && table.contains("uptime"),
            "{table}"
        );
    }
}
