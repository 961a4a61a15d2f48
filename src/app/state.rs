//! Everything the screen shows, owned by one thread. Selection is by stable id, never by row number.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::acting::Acting;
use super::board::Board;
use super::change::Change;
use super::viewport::Viewport;
use crate::domain::delivery::Sight;
use crate::domain::event::Event;
use crate::domain::host::{Host, HostName, HostState, Link};
use crate::domain::log_view::SourceStatus;
use crate::domain::question::Question;
use crate::domain::sample::{HostFacts, Process, Sample};
use crate::domain::series::Series;
use crate::domain::service::{Service, ServiceOnHost};
use crate::domain::settings::{Settings, TABS};

pub use super::hosted::Hosted;
pub use super::logs_state::{
    Around, Bookmark, Editing, Excerpt, FieldsView, Following, Landing, LogsState, LookedBack, LookingBack,
    NamedFilter, Onward, ReadingOn, TOLD, TimeColumn,
};
pub use super::overlay::{Confirm, LineInput, Overlay, Prompt, PromptPurpose, Then};
pub use super::sort::SortBy;

/// A tab. Those of later work join here; the digits of ux.md stay theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tab {
    /// What is wrong, on one page.
    Overview,
    /// The merged stream.
    Logs,
    /// Machines, and one machine.
    Hosts,
    /// Versions, and what was deployed when.
    Deploys,
    /// What fires, and what is watched from outside.
    Alerts,
    /// The money.
    Business,
}

impl Tab {
    /// Every tab, in the order of their digits.
    pub const ALL: [Self; 6] = [Self::Overview, Self::Logs, Self::Hosts, Self::Deploys, Self::Alerts, Self::Business];

    /// Its name in commands and in `ui.start`.
    pub fn as_str(self) -> &'static str {
        TABS[self as usize]
    }

    /// The tab of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tab| tab.as_str() == name)
    }
}

/// The cockpit's whole state.
#[derive(Debug)]
pub struct State {
    /// The time of the last message that carried one.
    pub now: DateTime<Utc>,
    /// When the cockpit was opened.
    pub started: DateTime<Utc>,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The config in force.
    pub settings: Arc<Settings>,
    /// A word for the header when this is not the real thing, such as `demo`.
    pub badge: Option<String>,
    /// Lines that stay until dismissed: unknown config keys, a broken reload, how to add hosts.
    pub banners: Vec<Banner>,
    /// Hosts in config order.
    pub hosts: Vec<HostView>,
    /// Services in config order.
    pub services: Vec<ServiceView>,
    /// The tab in front.
    pub tab: Tab,
    /// Tabs left, for `-`.
    pub back: Vec<Tab>,
    /// The Overview's own state.
    pub overview: OverviewState,
    /// The Logs tab's own state.
    pub logs: LogsState,
    /// The Hosts tab's own state.
    pub machines: MachinesState,
    /// The Deploys tab's own state.
    pub deploys: Board,
    /// The Alerts tab's own state.
    pub alerts: Board,
    /// The Business tab's own state.
    pub business: Board,
    /// What hosted APIs say.
    pub hosted: Hosted,
    /// What may be done, is being done and was done.
    pub acting: Acting,
    /// Overlays, the topmost last. An overlay takes the keys.
    pub overlays: Vec<Overlay>,
    /// Questions waiting for a person, oldest first; the first is shown when no other overlay is.
    pub questions: Vec<(u64, Question)>,
    /// What somebody wants to see that is not known yet, by its name.
    pub wanted: Option<String>,
    /// Short notes that go away by themselves.
    pub toasts: Vec<Toast>,
    /// Keys of a sequence typed so far.
    pub pending: Vec<String>,
    /// Whether times are shown in UTC (else as `ui.time`, or local).
    pub utc: bool,
    /// Whether the mouse is taken.
    pub mouse: bool,
    /// How much fits, as the layout last measured it.
    pub viewport: Viewport,
    /// What changed lately, oldest first, bounded.
    pub changes: VecDeque<Change>,
    /// What is kept of what happened, oldest first: seen by any `qd`, also before this one began.
    pub events: Vec<Event>,
    /// Names of the themes there are, for completion.
    pub themes: Vec<String>,
    /// The host that the sampler was last told somebody looks at.
    pub focused: Option<HostName>,
    /// The check whose response times were last asked for because somebody looks at it.
    pub looked_at: Option<String>,
    /// The pipeline, job and versions that were last asked for because somebody looks at them.
    pub sight: Option<Sight>,
    /// When ctrl-c was last pressed: twice within two seconds leaves.
    pub interrupted: Option<DateTime<Utc>>,
}

/// A line that stays until dismissed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Banner {
    /// What it is about: a new one about the same takes its place.
    pub about: About,
    /// Whether something is wrong.
    pub bad: bool,
    /// One line.
    pub text: String,
}

/// What a banner is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The config: unknown keys, a broken reload.
    Config,
    /// The keymap.
    Keymap,
    /// The theme.
    Theme,
    /// What was kept of the logs' view.
    Views,
    /// How to begin: there is no config.
    Start,
    /// A part of the program that failed.
    Worker,
    /// A run that nobody steers.
    Run,
}

/// A note that goes away.
#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    /// Whether something went wrong.
    pub bad: bool,
    /// One line.
    pub text: String,
    /// When it goes.
    pub until: DateTime<Utc>,
}

/// What is known of one host.
#[derive(Clone, Debug)]
pub struct HostView {
    /// The config's entry.
    pub host: Host,
    /// Its link; none before the transport said anything.
    pub link: Option<Link>,
    /// When anything was last heard.
    pub heard: Option<DateTime<Utc>>,
    /// What it is.
    pub facts: HostFacts,
    /// Why it is not measured though its connection stands.
    pub unmeasured: Option<String>,
    /// The newest sample.
    pub sample: Option<Sample>,
    /// CPU percent over time.
    pub cpu: Series,
    /// Memory percent over time.
    pub mem: Series,
    /// Bytes received per second over time.
    pub rx: Series,
    /// Bytes sent per second over time.
    pub tx: Series,
    /// Errors per minute in its logs, oldest first.
    pub errors: Vec<u64>,
    /// Processes, when they were asked for.
    pub processes: Option<ProcessList>,
}

/// An answer to a request for a host's processes.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessList {
    /// When it came.
    pub at: DateTime<Utc>,
    /// The processes, or why there are none.
    pub list: Result<Vec<Process>, String>,
}

impl HostView {
    /// What a person is told of it.
    pub fn state(&self, now: DateTime<Utc>) -> HostState {
        self.link.as_ref().map_or(HostState::Connecting, |link| HostState::of(link, self.heard, now))
    }
}

impl State {
    /// Whether a host is heard.
    pub fn is_up(&self, host: &HostName) -> bool {
        self.hosts.iter().any(|view| view.host.name == *host && view.state(self.now) == HostState::Up)
    }

    /// Whether what a source said last is old: it is not being read, or its host is not heard.
    pub fn is_silent(&self, source: &SourceStatus) -> bool {
        !source.live || !self.is_up(&source.source.host)
    }
}

/// What is known of one service.
#[derive(Clone, Debug)]
pub struct ServiceView {
    /// The config's entry.
    pub service: Service,
    /// Per host.
    pub on: BTreeMap<HostName, ServiceOnHost>,
    /// Since when it is not well, per host where it is not.
    pub unwell: BTreeMap<HostName, DateTime<Utc>>,
}

/// Panes of the Overview that take the keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OverviewPane {
    /// What fires.
    Alerts,
    /// The hosts.
    #[default]
    Hosts,
    /// The services.
    Services,
    /// Kinds of errors in the logs.
    Errors,
}

impl OverviewPane {
    /// Every pane, as they follow each other on the screen.
    pub const ALL: [Self; 4] = [Self::Alerts, Self::Hosts, Self::Services, Self::Errors];
}

/// The Overview's own state.
#[derive(Clone, Debug, Default)]
pub struct OverviewState {
    /// The pane that has the keys.
    pub pane: OverviewPane,
    /// The selected alert, by its id; none: the first.
    pub alert: Option<String>,
    /// First alert shown.
    pub alert_scroll: usize,
    /// The selected kind of error, by its id; none: the first.
    pub error: Option<String>,
    /// First kind of error shown.
    pub error_scroll: usize,
    /// The selected service, by name and environment.
    pub service: Option<(String, String)>,
    /// First service row shown.
    pub service_scroll: usize,
    /// The selected host.
    pub selected: Option<HostName>,
    /// First host row shown.
    pub scroll: usize,
}

/// The Hosts tab's own state.
#[derive(Clone, Debug, Default)]
pub struct MachinesState {
    /// The selected host.
    pub selected: Option<HostName>,
    /// First row shown.
    pub scroll: usize,
    /// What the table is sorted by.
    pub sort: SortBy,
    /// Reverse order.
    pub descending: bool,
    /// The host whose page is open.
    pub open: Option<HostName>,
    /// First line shown of the open page.
    pub page_scroll: u16,
    /// Only hosts whose name, tag or environment holds this.
    pub filter: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tab_has_the_name_that_the_config_calls_it_by() {
        assert_eq!(Tab::ALL.map(Tab::as_str), TABS);
        assert!(Tab::ALL.into_iter().all(|tab| Tab::named(tab.as_str()) == Some(tab)));
    }
}
