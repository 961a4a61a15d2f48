//! The plan of an action: everything that will be done, fixed before anybody confirms it, and named by a hash.

use std::time::Duration;

use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use super::action::{ActionKind, Level};
use super::confirm::Demand;
use super::gate::UnitFacts;
use super::host::HostName;
use super::text::clean;
use crate::domain::confirm::Typed;

/// One host of a plan.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Target {
    /// The host.
    #[serde(serialize_with = "as_text")]
    pub host: HostName,
    /// The exact command.
    pub argv: Vec<String>,
    /// What its unit was when the plan was made; none where the action is about no unit.
    pub before: Option<UnitFacts>,
}

/// What an action will do. It is never changed: another one is made, with another hash.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// Which action.
    pub action: ActionKind,
    /// Its name in the audit: the registry's, or the one that the config gives a command.
    pub name: String,
    /// The environment of all its hosts.
    pub environment: String,
    /// The service, where it is about one.
    pub service: Option<String>,
    /// Its level of confirmation.
    #[serde(serialize_with = "as_number")]
    pub level: Level,
    /// The hosts, in the order in which they are taken.
    pub targets: Vec<Target>,
    /// How many are taken at the same time; a failure leaves those that have not begun alone.
    pub at_once: usize,
    /// How long the command may take on one host.
    pub timeout: Duration,
    /// How it is judged whether a host is well afterwards, in a few words; none where only the exit code counts.
    pub gate: Option<String>,
    /// What whoever confirms it should know.
    pub warnings: Vec<String>,
}

fn as_text<S: Serializer>(host: &HostName, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(host.as_str())
}

fn as_number<S: Serializer>(level: &Level, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(level.number())
}

/// The SHA-256 of anything's JSON, in hex: field order is that of the type, so equal things have equal hashes.
pub fn hash_of(what: &impl Serialize) -> String {
    // Plans are numbers, texts, lists and options, none of which JSON lacks.
    let json = serde_json::to_vec(what).expect("a plan can be written as JSON");
    Sha256::digest(json).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Plan {
    /// What it is called from now on.
    pub fn hash(&self) -> String {
        hash_of(self)
    }

    /// What is done to what, such as `restart api on web-1, web-2`.
    pub fn title(&self) -> String {
        let hosts: Vec<&str> = self.targets.iter().map(|target| target.host.as_str()).collect();
        match &self.service {
            Some(service) => format!("{} {service} on {}", self.name, hosts.join(", ")),
            None => format!("{} on {}", self.name, hosts.join(", ")),
        }
    }

    /// What must be done to confirm it. `names` are those of all services and hosts, which a typed prefix must tell
    /// apart; `again` says why it wants a reason, when something like it happened just now.
    pub fn demand<'a>(&self, names: impl IntoIterator<Item = &'a str>, again: Option<String>) -> Demand {
        let name = match (self.targets.as_slice(), &self.service) {
            ([one], _) => one.host.as_str(),
            (_, Some(service)) => service,
            (_, None) => &self.environment,
        };
        let whole = format!("{}/{}", self.environment, self.service.as_deref().unwrap_or(name));
        Demand::of(self.level, Typed::name(name, names), whole, again)
    }

    /// The plan as a page, safe to show.
    pub fn page(&self) -> Vec<String> {
        let line = |label: &str, text: &str| format!("{label:<12} {}", clean(text));
        let mut page = vec![line("plan", &format!("{} · {}", self.title(), &self.hash()[..12]))];
        page.push(line("environment", &format!("{} · level {}", self.environment, self.level.number())));
        page.push(line("does", self.action.def().does));
        let order = match (self.at_once, self.targets.len()) {
            (_, 1) => "one host".to_owned(),
            (1, all) => format!("{all} hosts, one after the other; the first that fails is the last"),
            (n, all) if n >= all => format!("{all} hosts at once"),
            (n, all) => format!("{all} hosts, {n} at a time; a failure is the last"),
        };
        page.push(line("hosts", &order));
        if let Some(gate) = &self.gate {
            page.push(line("gate", gate));
        }
        for target in &self.targets {
            let state =
                target.before.as_ref().map_or(String::new(), |unit| format!("  ({} {})", unit.active, unit.sub));
            page.push(line(target.host.as_str(), &format!("{}{state}", shown(&target.argv))));
        }
        page.extend(self.warnings.iter().map(|warning| line("careful", warning)));
        page
    }
}

/// A command for people to read: arguments that a shell would split or expand stand in quotes.
pub fn shown(argv: &[String]) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,+@%{}".contains(c);
    let words = argv.iter().map(|word| {
        if !word.is_empty() && word.chars().all(plain) {
            word.clone()
        } else {
            format!("'{}'", word.replace('\'', "'\\''"))
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::confirm::{Said, approve};

    fn plan(hosts: &[&str], level: Level) -> Plan {
        let target = |host: &&str| Target {
            host: HostName::from(*host),
            argv: ["sudo", "-n", "systemctl", "restart", "api.service"].map(str::to_owned).to_vec(),
            before: None,
        };
        Plan {
            action: ActionKind::Restart,
            name: "restart".to_owned(),
            environment: "production".to_owned(),
            service: Some("api".to_owned()),
            level,
            targets: hosts.iter().map(target).collect(),
            at_once: 1,
            timeout: Duration::from_secs(60),
            gate: Some("active".to_owned()),
            warnings: vec!["odd \u{1b}[31m".to_owned()],
        }
    }

    #[test]
    fn another_host_argument_order_or_state_is_another_plan() {
        let one = plan(&["web-1", "web-2"], Level::Two);
        assert_eq!(one.hash(), one.clone().hash());
        let mut others = vec![plan(&["web-2", "web-1"], Level::Two), plan(&["web-1"], Level::Two)];
        let mut argv = one.clone();
        argv.targets[1].argv.push("--force".to_owned());
        let mut state = one.clone();
        state.targets[0].before = Some(UnitFacts::default());
        others.extend([argv, state]);
        assert!(others.iter().all(|other| other.hash() != one.hash()));
    }

    #[test]
    fn the_name_to_type_is_the_services_or_the_one_hosts() {
        let names = ["api", "web-1", "web-2", "web-10"];
        let demand = |hosts: &[&str]| plan(hosts, Level::Two).demand(names, None);
        let enough = |demand: &Demand| demand.typed.as_ref().map(|typed| typed.enough().to_owned());
        assert_eq!(enough(&demand(&["web-1", "web-2"])).as_deref(), Some("api"));
        assert_eq!(enough(&demand(&["web-2"])).as_deref(), Some("web-2"));
        let three = plan(&["web-1"], Level::Three).demand(names, None);
        assert!(approve("", &three, Said::Typed("production/api"), Some("why")).is_ok());
    }

    #[test]
    fn the_page_shows_the_exact_command_of_each_host_and_nothing_that_moves_the_cursor() {
        let page = plan(&["web-1", "web-2"], Level::Two).page().join("\n");
        for text in
            ["web-1        sudo -n systemctl restart api.service", "one after the other", "level 2", "odd ␛[31m"]
        {
            assert!(page.contains(text), "{text} is not in\n{page}");
        }
        assert_eq!(shown(&["a b".to_owned(), "it's".to_owned(), String::new()]), r"'a b' 'it'\''s' ''");
    }
}
