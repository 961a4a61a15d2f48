//! `qd run list` and `qd run show`: the runs that the hosts know of, whoever started them, and those that this machine
//! remembers besides.

use std::collections::BTreeSet;
use std::io::Write;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use super::run::{known, say_faults, started};
use crate::cli::act::{ActFlags, Acting, Connected};
use crate::cli::args::Global;
use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::opened::Opened;
use crate::cli::table::Table;
use crate::deploys::host::last_output;
use crate::domain::deploy::known::KnownRun;
use crate::domain::host::HostName;
use crate::domain::run::RunRecord;
use crate::domain::text::one_line;
use crate::ui::format::age;

/// How far back this machine's own runs are listed, and how many of them.
const BACK: TimeDelta = TimeDelta::days(30);
const MOST: usize = 30;
/// How much of what a host's steps said is shown.
const LINES: u32 = 100;

/// A run, wherever it is known from.
struct Row {
    id: String,
    service: String,
    environment: String,
    kind: String,
    version: String,
    state: String,
    by: String,
    started: Option<DateTime<Utc>>,
    lease_age: Option<u64>,
    /// Host, where it is, and the step that it is at.
    hosts: Vec<(String, String, Option<String>)>,
}

impl Row {
    fn of_hosts(run: &KnownRun) -> Self {
        let host = |host: &String| {
            let known = run.hosts.get(host).cloned().unwrap_or_default();
            (host.clone(), known.word().to_owned(), known.step)
        };
        Self {
            id: run.id.clone(),
            service: run.plan.service.clone(),
            environment: run.plan.environment.clone(),
            kind: run.plan.kind.as_str().to_owned(),
            version: run.plan.version.clone(),
            state: run.state().to_owned(),
            by: run.by.clone(),
            started: started(&run.id),
            lease_age: run.lease_age,
            hosts: run.plan.hosts.iter().map(|part| host(&part.host)).collect(),
        }
    }

    fn of_store(run: &RunRecord) -> Self {
        Self {
            id: run.id.clone(),
            service: run.service.clone().unwrap_or_default(),
            environment: run.environment.clone(),
            kind: run.action.clone(),
            version: run.to.clone().unwrap_or_default(),
            state: run.status.as_str().to_owned(),
            by: run.by.clone(),
            started: Some(run.began),
            lease_age: None,
            hosts: run.hosts.iter().map(|host| (host.host.clone(), host.state.clone(), host.step.clone())).collect(),
        }
    }

    fn json(&self) -> Value {
        json!({
            "id": self.id,
            "service": self.service,
            "environment": self.environment,
            "kind": self.kind,
            "version": self.version,
            "state": self.state,
            "by": self.by,
            "started": self.started.map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true)),
            "lease_age_s": self.lease_age,
            "hosts": self.hosts.iter().map(|(host, state, step)| json!({ "host": host, "state": state, "step": step }))
                .collect::<Vec<_>>(),
        })
    }
}

/// Every run, newest first: as the hosts tell it where they do, else as it was last seen here.
async fn rows(acting: &Acting) -> Result<(Vec<Row>, Vec<KnownRun>, Connected), Failure> {
    let (found, connected) = known(&acting.opened, None).await;
    say_faults(&connected);
    let mut rows: Vec<Row> = found.iter().map(Row::of_hosts).collect();
    let told: BTreeSet<&str> = found.iter().map(|run| run.id.as_str()).collect();
    let wanted = |run: &&RunRecord| {
        let service = |name: &str| {
            acting.settings().services.iter().any(|known| known.name == name && known.environment == run.environment)
        };
        !told.contains(run.id.as_str()) && run.service.as_deref().is_none_or(service)
    };
    let recorder = acting.recorder().await;
    match &recorder.store {
        Ok(store) => match store.runs(&recorder.fleet, Utc::now() - BACK).await {
            Ok(runs) => rows.extend(runs.iter().filter(wanted).take(MOST).map(Row::of_store)),
            Err(why) => eprintln!("qd: what this machine remembers cannot be read: {why}"),
        },
        Err(why) => eprintln!("qd: what this machine remembers cannot be read: {why}"),
    }
    rows.sort_by(|a, b| b.id.cmp(&a.id));
    Ok((rows, found, connected))
}

/// The runs that the hosts are at, as `qd run list --json` has them.
pub(in crate::cli) async fn under_way(opened: &Opened) -> Vec<Value> {
    if !opened.settings.deploys.iter().any(|spec| spec.state.is_some()) {
        return Vec::new();
    }
    let (found, _connected) = known(opened, None).await;
    found.iter().filter(|run| !run.is_over()).map(|run| Row::of_hosts(run).json()).collect()
}

/// Runs `qd run list`.
pub async fn list(global: &Global, json: bool) -> Outcome {
    let acting = Acting::open(global, &ActFlags::default()).await?;
    let (rows, _, _connected) = rows(&acting).await?;
    let now = Utc::now();
    let mut table = Table::new(&["run", ">ago", "by", "environment", "service", "kind", "version", "state", "hosts"]);
    for row in &rows {
        let hosts: Vec<String> = row.hosts.iter().map(|(host, state, _)| format!("{host} {state}")).collect();
        table.row([
            row.id.clone(),
            row.started.map_or_else(|| "—".to_owned(), |at| age((now - at).to_std().unwrap_or_default())),
            row.by.clone(),
            row.environment.clone(),
            row.service.clone(),
            row.kind.clone(),
            row.version.clone(),
            row.state.clone(),
            hosts.join(", "),
        ]);
    }
    let text = if json {
        document(&rows.iter().map(Row::json).collect::<Vec<_>>())
    } else {
        table.render_or("no runs: nothing was deployed by qd")
    };
    std::io::stdout().lock().write_all(text.as_bytes())?;
    Ok(Exit::Fine)
}

fn document(value: &impl serde::Serialize) -> String {
    // Texts, numbers and lists are all that is in it.
    serde_json::to_string_pretty(value).expect("it can be written as JSON") + "\n"
}

/// Runs `qd run show`.
pub async fn show(global: &Global, id: Option<&str>, json: bool) -> Outcome {
    let acting = Acting::open(global, &ActFlags::default()).await?;
    let (rows, found, connected) = rows(&acting).await?;
    let Some(row) = rows.iter().find(|row| id.is_none_or(|id| row.id == id)) else {
        let what =
            id.map_or_else(|| "there is no run".to_owned(), |id| format!("nobody knows a run {}", one_line(id, 40)));
        return Err(Failure::new(Exit::Usage, format!("{what}; qd run list shows them")));
    };
    let told = found.iter().find(|run| run.id == row.id);
    let mut said = Vec::new();
    if let Some(run) = told {
        for part in &run.plan.hosts {
            let Some(link) = connected.links.get(&HostName::from(part.host.as_str())) else { continue };
            said.push((part.host.clone(), last_output(link, &run.plan.state, &run.id, LINES).await));
        }
    }
    let mut out = std::io::stdout().lock();
    if json {
        let mut value = row.json();
        value["plan"] = told.map_or(Value::Null, |run| json!(run.plan));
        value["journal"] = told.map_or(Value::Null, |run| json!(journal(run)));
        value["output"] =
            told.map_or(Value::Null, |_| json!(said.iter().cloned().collect::<std::collections::BTreeMap<_, _>>()));
        out.write_all(document(&value).as_bytes())?;
        return Ok(Exit::Fine);
    }
    writeln!(out, "run {} · {} {} {} · {} · by {}", row.id, row.kind, row.service, row.version, row.state, row.by)?;
    match told {
        None => writeln!(out, "no host knows of it (any more); this is what was last seen from here")?,
        Some(run) => run.plan.page().iter().try_for_each(|line| writeln!(out, "{line}"))?,
    }
    for (host, state, step) in &row.hosts {
        let step = step.as_ref().map(|step| format!(", at {step}")).unwrap_or_default();
        writeln!(out, "\n{host}: {state}{step}")?;
        for fact in told.and_then(|run| run.facts.get(host)).into_iter().flatten() {
            writeln!(out, "  {} {}", one_line(&fact.time, 30), fact.told())?;
        }
        for line in said.iter().filter(|(of, _)| of == host).flat_map(|(_, lines)| lines) {
            writeln!(out, "  | {line}")?;
        }
    }
    Ok(Exit::Fine)
}

/// What has happened on each host, as its journal says.
fn journal(run: &KnownRun) -> Value {
    let fact = |fact: &crate::domain::deploy::journal::Fact| json!({ "time": fact.time, "event": fact.event, "step": fact.step, "rc": fact.rc, "ms": fact.ms, "text": fact.text });
    run.facts
        .iter()
        .map(|(host, facts)| (host.clone(), facts.iter().map(fact).collect::<Value>()))
        .collect::<serde_json::Map<_, _>>()
        .into()
}
