//! What the config says about the cockpit itself, resolved.

use std::path::PathBuf;
use std::time::Duration;

use super::action::CustomAction;
use super::deploy::freeze::Freeze;
use super::deploy::spec::{DeploySpec, Strategy};
use super::gate::GateSettings;
use super::host::Host;
use super::hosted::HostedSettings;
use super::log_look::{FilterPreset, Highlight};
use super::service::Service;

/// The names of the cockpit's tabs, in the order of their digits.
pub const TABS: [&str; 6] = ["overview", "logs", "hosts", "deploys", "alerts", "business"];

/// Everything the config says that the rest of the program works with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// `[fleet] name`; the folder's or machine's name otherwise.
    pub fleet: String,
    /// Environments, careful ones marked.
    pub environments: Vec<Environment>,
    /// Every host, in config order.
    pub hosts: Vec<Host>,
    /// Every service, one entry per environment, in config order.
    pub services: Vec<Service>,
    /// How services are deployed, one entry per service and environment.
    pub deploys: Vec<DeploySpec>,
    /// Times at which nothing is deployed.
    pub freezes: Vec<Freeze>,
    /// Commands of one's own.
    pub actions: Vec<CustomAction>,
    /// StatusCake, Stripe, GitLab, Slack.
    pub hosted: HostedSettings,
    /// `[ssh]`.
    pub ssh: SshSettings,
    /// `[logs]`.
    pub logs: LogSettings,
    /// `[stats]`.
    pub stats: StatSettings,
    /// `[store]`.
    pub store: StoreSettings,
    /// `[ui]`.
    pub ui: UiSettings,
    /// True when there is no config at all and the machine itself is watched.
    pub unconfigured: bool,
}

impl Settings {
    /// An environment that something of this config is in.
    pub fn environment(&self, name: &str) -> Option<&Environment> {
        self.environments.iter().find(|environment| environment.name == name)
    }

    /// The environment that counts where nobody knows which one is meant: a careful one where there is one.
    pub fn strictest(&self) -> Option<&Environment> {
        self.environments.iter().find(|environment| environment.careful).or(self.environments.first())
    }

    /// The names that a typed prefix must tell apart.
    pub fn names(&self) -> Vec<&str> {
        let services = self.services.iter().map(|service| service.name.as_str());
        let hosts = self.hosts.iter().map(|host| host.name.as_str());
        let environments = self.environments.iter().map(|environment| environment.name.as_str());
        services.chain(hosts).chain(environments).collect()
    }

    /// How a service is deployed.
    pub fn deploy(&self, service: &str, environment: &str) -> Option<&DeploySpec> {
        self.deploys.iter().find(|spec| spec.service == service && spec.environment == environment)
    }

    /// The same where that goes over its hosts, not by a job of the forge's.
    pub fn deploy_over_hosts(&self, service: &Service) -> Option<&DeploySpec> {
        self.deploy(&service.name, &service.environment).filter(|spec| spec.strategy != Strategy::Gitlab)
    }

    /// How a service is judged after something was done to it.
    pub fn gate(&self, service: &Service) -> GateSettings {
        self.deploy(&service.name, &service.environment).map(|spec| spec.gate.clone()).unwrap_or_default()
    }
}

/// One environment.
#[derive(Clone, Debug, PartialEq)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// Levels 2 and 3 ask for typed names.
    pub careful: bool,
    /// Whether actions are off at first.
    pub read_only: ReadOnly,
    /// How long arming lasts.
    pub arm_for: Duration,
    /// A theme role for its badge.
    pub accent: String,
}

/// When an environment refuses actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadOnly {
    /// Until it is armed.
    UntilArmed,
    /// Always.
    Always,
    /// Never.
    No,
}

/// `[ssh]`, resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct SshSettings {
    /// An ssh config other than the ssh program's own (`ssh -F`).
    pub config: Option<PathBuf>,
    /// What to do with an unknown host key.
    pub host_keys: HostKeyPolicy,
    /// How long a dial and the authentication after it may take together.
    pub connect_timeout: Duration,
    /// Whether `sudo` may ask for a password.
    pub sudo: SudoPolicy,
    /// Keys of `[ssh]` that override the ssh config for every host: user, port, identity_file, jump.
    pub defaults: SshDefaults,
    /// False for names that come from an untrusted file: `ssh -G` may run `Match exec`.
    pub run_ssh_g: bool,
    /// known_hosts files to use instead of the ssh config's (the demo and tests); usually empty.
    pub known_hosts: Vec<PathBuf>,
    /// Whether the agent and the default key files may be used (the demo uses neither).
    pub use_agent: bool,
    /// The program that the system's `ssh` asks through, which is `qd` itself; without it that ssh asks nobody.
    pub askpass: Option<PathBuf>,
}

impl Default for SshSettings {
    fn default() -> Self {
        Self {
            config: None,
            host_keys: HostKeyPolicy::Ask,
            connect_timeout: Duration::from_secs(10),
            sudo: SudoPolicy::NoPassword,
            defaults: SshDefaults::default(),
            run_ssh_g: true,
            known_hosts: Vec::new(),
            use_agent: true,
            askpass: None,
        }
    }
}

/// Connection keys written in `[ssh]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SshDefaults {
    /// Login name.
    pub user: Option<String>,
    /// TCP port.
    pub port: Option<u16>,
    /// Private key.
    pub identity_file: Option<PathBuf>,
    /// Jump host.
    pub jump: Option<String>,
}

/// What to do with a host key that known_hosts does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostKeyPolicy {
    /// Ask the person; headless: refuse.
    Ask,
    /// Refuse.
    Strict,
    /// Accept and keep new keys; a changed one is still refused.
    AcceptNew,
}

/// Whether sudo may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SudoPolicy {
    /// `sudo -n` only.
    NoPassword,
    /// Ask once a session, handed over on stdin.
    Ask,
}

/// `[logs]`.
#[derive(Clone, Debug, PartialEq)]
pub struct LogSettings {
    /// How long the merge waits for slower sources.
    pub hold: Duration,
    /// Cap on the memory that holds lines, in bytes.
    pub memory: u64,
    /// How much history is fetched at the start.
    pub since: Duration,
    /// What happens when lines come faster than they can be taken.
    pub overflow: Overflow,
    /// Whether secrets are masked on the screen too.
    pub redact_on_screen: bool,
    /// What stands out in every line.
    pub highlights: Vec<Highlight>,
    /// Filters that are at hand, off at first.
    pub filters: Vec<FilterPreset>,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            hold: Duration::from_millis(250),
            memory: 256 << 20,
            since: Duration::from_secs(600),
            overflow: Overflow::DropOldest,
            redact_on_screen: false,
            highlights: Vec::new(),
            filters: Vec::new(),
        }
    }
}

/// What a full channel does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overflow {
    /// Drop the oldest and count it.
    DropOldest,
    /// Make the sender wait.
    Stall,
}

/// `[stats]`.
#[derive(Clone, Debug, PartialEq)]
pub struct StatSettings {
    /// Fast tier of the focused host; others take three times that.
    pub every: Duration,
    /// Slow tier.
    pub slow: Duration,
}

impl Default for StatSettings {
    fn default() -> Self {
        Self { every: Duration::from_secs(5), slow: Duration::from_secs(30) }
    }
}

/// `[store]`: how long history is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreSettings {
    /// Metrics and counters as finely as they came; beyond it one a day.
    pub metrics: Duration,
    /// Everything else, and the one a day.
    pub events: Duration,
}

impl Default for StoreSettings {
    fn default() -> Self {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        Self { metrics: hours(48), events: hours(400 * 24) }
    }
}

/// `[ui]`, from the person's own file.
#[derive(Clone, Debug, PartialEq)]
pub struct UiSettings {
    /// Theme choice.
    pub theme: ThemeChoice,
    /// Name of the keymap: default, vim or emacs.
    pub keymap: String,
    /// How times are shown.
    pub time: TimeZoneChoice,
    /// Whether the mouse is taken.
    pub mouse: bool,
    /// Where `y` copies to.
    pub clipboard: Clipboard,
    /// ASCII only.
    pub ascii: bool,
    /// The tab that opens first.
    pub start: String,
}

impl Default for UiSettings {
    fn default() -> Self {
        Self {
            theme: ThemeChoice::Auto,
            keymap: "default".to_owned(),
            time: TimeZoneChoice::Utc,
            mouse: true,
            clipboard: Clipboard::Osc52,
            ascii: false,
            start: "overview".to_owned(),
        }
    }
}

/// Which theme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ThemeChoice {
    /// dark or light, as the terminal's background is.
    Auto,
    /// By name.
    Named(String),
    /// One name for each background.
    ByBackground {
        /// On a dark background.
        dark: String,
        /// On a light background.
        light: String,
    },
}

impl ThemeChoice {
    /// The theme for a background.
    pub fn name(&self, light: bool) -> &str {
        match self {
            Self::Auto if light => "light",
            Self::Auto => "dark",
            Self::Named(name) => name,
            Self::ByBackground { light: name, .. } if light => name,
            Self::ByBackground { dark, .. } => dark,
        }
    }
}

/// How times are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeZoneChoice {
    /// UTC, with a `Z`.
    Utc,
    /// This machine's zone.
    Local,
    /// A named zone.
    Zone(chrono_tz::Tz),
}

/// Where copies go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clipboard {
    /// The terminal's clipboard by OSC 52.
    Osc52,
    /// Nowhere.
    Off,
    /// A program that takes it on stdin.
    Command(Vec<String>),
}
