//! `qd check`: what works, what does not, and what would mend it.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::paint::Paint;

use crate::config::{self, ConfigError, Diagnostic, Kind, LoadOptions};
use crate::domain::text::one_line;
use crate::ui::keymap::Keymap;
use crate::ui::theme::Theme;

/// How one thing that was checked came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckState {
    /// It works.
    Ok,
    /// It works, but somebody should look at it.
    Warning,
    /// It does not work.
    Failed,
}

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckItem {
    /// What sort of thing: config, host, api.
    pub what: String,
    /// Which one.
    pub name: String,
    /// How it came out.
    pub state: CheckState,
    /// What was found, in a line safe to show.
    pub message: String,
    /// What would mend it.
    pub remedy: Option<String>,
}

/// Everything that was checked; as JSON `{"ok","items":[…]}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckReport {
    /// Whether nothing failed.
    pub ok: bool,
    /// Each thing.
    pub items: Vec<CheckItem>,
}

impl CheckReport {
    /// A report of these.
    pub fn new(items: Vec<CheckItem>) -> Self {
        Self { ok: !items.iter().any(|item| item.state == CheckState::Failed), items }
    }
}

/// What is odd about a config that can be used. An unknown key fails the check: it is a slip, or a file from a newer `qd`.
pub fn of_warnings(warnings: &[Diagnostic]) -> Vec<CheckItem> {
    let state = |kind| if kind == Kind::UnknownKey { CheckState::Failed } else { CheckState::Warning };
    warnings.iter().map(|warning| of_diagnostic(warning, state(warning.kind))).collect()
}

/// What is wrong with a config that cannot be used.
pub fn of_error(error: &ConfigError) -> Vec<CheckItem> {
    error.diagnostics.iter().map(|diagnostic| of_diagnostic(diagnostic, CheckState::Failed)).collect()
}

fn of_diagnostic(diagnostic: &Diagnostic, state: CheckState) -> CheckItem {
    CheckItem {
        what: "config".to_owned(),
        name: diagnostic.location(),
        state,
        message: diagnostic.message.clone(),
        remedy: diagnostic.help.clone(),
    }
}

/// As text without colours.
impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.print(f, false)
    }
}

/// As text with colours.
struct Colored<'r>(&'r CheckReport);

impl fmt::Display for Colored<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.print(f, true)
    }
}

impl CheckReport {
    /// A line each, the remedy below, and what it comes to.
    fn print(&self, f: &mut fmt::Formatter<'_>, colored: bool) -> fmt::Result {
        let wide = |text: fn(&CheckItem) -> &str| self.items.iter().map(|i| text(i).chars().count()).max().unwrap_or(0);
        let (what, name) = (wide(|item| &item.what), wide(|item| &item.name));
        for item in &self.items {
            let mark = match item.state {
                CheckState::Ok => Paint::Good.on("ok  ", colored),
                CheckState::Warning => Paint::Warn.on("warn", colored),
                CheckState::Failed => Paint::Bad.on("FAIL", colored),
            };
            writeln!(f, "{mark}  {:what$}  {:name$}  {}", item.what, item.name, item.message)?;
            if let Some(remedy) = &item.remedy {
                writeln!(f, "      → {remedy}")?;
            }
        }
        let count = |state| self.items.iter().filter(|item| item.state == state).count();
        let (ok, warnings, failed) = (count(CheckState::Ok), count(CheckState::Warning), count(CheckState::Failed));
        write!(f, "{ok} ok, {warnings} to look at, {failed} failed")
    }
}

/// Runs the command: the config, then every host and every API.
pub async fn run(global: &super::args::Global, args: super::args::JsonArgs) -> super::exit::Outcome {
    use super::exit::Exit;
    use super::opened::Opened;
    let opened = match Opened::load(global).await {
        Ok(opened) => opened,
        Err(failure) if args.json && failure.exit == Exit::Usage => {
            let report = CheckReport::new(unusable(global, failure.message));
            println!("{}", serde_json::to_string_pretty(&report).map_err(anyhow::Error::from)?);
            return Ok(Exit::Usage);
        }
        Err(failure) => return Err(failure),
    };
    let mut items = of_warnings(&opened.loaded.warnings);
    items.extend(of_looks(&opened));
    let mut surveyor = super::snapshot::surveyor(&opened.settings, false);
    let (survey, apis) = tokio::join!(surveyor.first(), super::check_apis::items(&opened.settings.hosted));
    items.extend(survey.hosts.iter().map(of_host));
    items.extend(apis);
    let report = CheckReport::new(items);
    if args.json {
        println!("{}", serde_json::to_string_pretty(&report).map_err(anyhow::Error::from)?);
    } else if global.colored() {
        println!("{}", Colored(&report));
    } else {
        println!("{report}");
    }
    Ok(if report.ok { Exit::Fine } else { Exit::Problems })
}

/// Why this call's config cannot be used, fault by fault where they can be told apart.
fn unusable(global: &super::args::Global, message: String) -> Vec<CheckItem> {
    let again = LoadOptions::of_process(global.config.clone()).map(|options| config::load(&options));
    match again {
        Ok(Err(error)) if !error.diagnostics.is_empty() => of_error(&error),
        _ => {
            let (what, name) = ("config".to_owned(), "config".to_owned());
            vec![CheckItem { what, name, state: CheckState::Failed, message, remedy: None }]
        }
    }
}

/// What is wrong with the person's themes and keys: the cockpit starts without them.
fn of_looks(opened: &super::opened::Opened) -> Vec<CheckItem> {
    let own = super::own::read(&opened.options.dirs);
    let ui = &opened.settings.ui;
    let mut faults: Vec<(&str, String)> = own.faults.iter().map(|(_, fault)| ("file", fault.clone())).collect();
    faults.extend(Keymap::load(&ui.keymap, own.keymap.as_deref()).1.into_iter().map(|fault| ("keymap", fault)));
    let themes: BTreeSet<&str> = [true, false].map(|light| ui.theme.name(light)).into();
    faults.extend(themes.iter().filter_map(|name| Some(("theme", Theme::find(name, &own.themes).err()?))));
    let item = |(name, message): (&str, String)| CheckItem {
        what: "ui".to_owned(),
        name: name.to_owned(),
        state: CheckState::Warning,
        message: one_line(&message, 300),
        remedy: None,
    };
    faults.into_iter().map(item).collect()
}

/// How dialing a host came out.
fn of_host(report: &crate::runtime::survey::HostReport) -> CheckItem {
    let link = report.link.as_ref();
    let error = link.and_then(|link| link.error.as_ref());
    let up = link.is_some_and(crate::domain::host::Link::is_up);
    let (state, message) = match (up, error) {
        (true, _) if report.unmeasured.is_some() => (CheckState::Failed, report.unmeasured.clone().unwrap_or_default()),
        (true, _) => (CheckState::Ok, link.map_or(String::new(), |link| format!("up, by {}", link.transport.as_str()))),
        (false, Some(error)) => (CheckState::Failed, error.message.clone()),
        (false, None) => (CheckState::Failed, "no answer within the connect timeout".to_owned()),
    };
    CheckItem {
        what: "host".to_owned(),
        name: report.host.name.as_str().to_owned(),
        state,
        message,
        remedy: error.filter(|_| !up).map(|error| error.remedy.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_says_what_failed_and_how_to_mend_it() {
        let item = |name: &str, state, remedy: Option<&str>| CheckItem {
            what: "host".to_owned(),
            name: name.to_owned(),
            state,
            message: "said so".to_owned(),
            remedy: remedy.map(str::to_owned),
        };
        let report = CheckReport::new(vec![
            item("web-1", CheckState::Ok, None),
            item("db", CheckState::Failed, Some("start it")),
        ]);
        assert!(!report.ok);
        assert_eq!(
            report.to_string(),
            "ok    host  web-1  said so\nFAIL  host  db     said so\n      → start it\n1 ok, 0 to look at, 1 failed"
        );
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["items"][0]["remedy"], serde_json::Value::Null);
        assert_eq!(json["items"][1]["state"], "failed");
    }
}
