//! The state a cockpit opens with.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::acting::Acting;
use super::board::Board;
use super::state::{
    About, Banner, HostView, Hosted, LogsState, MachinesState, NamedFilter, OverviewState, ServiceView, State, Tab,
};
use super::viewport::Viewport;
use crate::domain::host::Host;
use crate::domain::log_keep::Kept;
use crate::domain::log_look::FilterPreset;
use crate::domain::query;
use crate::domain::sample::HostFacts;
use crate::domain::series::Series;
use crate::domain::service::Service;
use crate::domain::settings::{Settings, TimeZoneChoice};

/// Points kept of each figure: an hour at the fast pace.
const HISTORY: usize = 720;

impl State {
    /// A cockpit over this config, opened at `now` on a terminal of `size` columns and rows.
    pub fn new(settings: Arc<Settings>, now: DateTime<Utc>, size: (u16, u16), badge: Option<String>) -> Self {
        let mut state = Self {
            now,
            started: now,
            size,
            badge,
            banners: Vec::new(),
            hosts: settings.hosts.iter().cloned().map(HostView::new).collect(),
            services: settings.services.iter().cloned().map(ServiceView::new).collect(),
            tab: Tab::named(&settings.ui.start).unwrap_or(Tab::Overview),
            back: Vec::new(),
            overview: OverviewState::default(),
            logs: LogsState { follow: true, ..LogsState::default() },
            machines: MachinesState::default(),
            deploys: Board::default(),
            alerts: Board::default(),
            business: Board::default(),
            hosted: Hosted { ledgers: vec![None; settings.hosted.stripe.len()], ..Hosted::default() },
            acting: Acting::new(now),
            overlays: Vec::new(),
            questions: Vec::new(),
            wanted: None,
            toasts: Vec::new(),
            pending: Vec::new(),
            utc: settings.ui.time == TimeZoneChoice::Utc,
            mouse: settings.ui.mouse,
            viewport: Viewport::default(),
            changes: VecDeque::new(),
            events: Vec::new(),
            themes: Vec::new(),
            focused: None,
            looked_at: None,
            sight: None,
            interrupted: None,
            settings,
        };
        state.logs.named = presets(&state.settings);
        state.select_something();
        if state.settings.unconfigured {
            state.put_banner(Banner {
                about: About::Start,
                bad: false,
                text: "no config: this machine is watched. `qd init` writes one from ~/.ssh/config; `qd demo` shows a fleet"
                    .to_owned(),
            });
        }
        state
    }

    /// Takes up what was kept of the logs' view, and says so where that keeps lines from being shown.
    pub fn take_up(&mut self, kept: &Kept) {
        self.logs.take_up(kept);
        let chips = self.logs.chips();
        if !chips.is_empty() {
            let text = format!("the logs are filtered as you left them: {}", chips.join(" "));
            self.put_banner(Banner { about: About::Views, bad: false, text });
        }
    }

    /// Puts a banner up, in place of one about the same.
    pub fn put_banner(&mut self, banner: Banner) {
        self.banners.retain(|old| old.about != banner.about);
        self.banners.push(banner);
    }

    /// Selects the first host and service where what was selected is not there (any more).
    pub(super) fn select_something(&mut self) {
        let known = |name: &crate::domain::host::HostName| self.hosts.iter().any(|h| &h.host.name == name);
        let first = self.hosts.first().map(|h| h.host.name.clone());
        let overview = self.overview.selected.take().filter(known).or_else(|| first.clone());
        let machines = self.machines.selected.take().filter(known).or(first);
        self.machines.open = self.machines.open.take().filter(known);
        self.overview.selected = overview;
        self.machines.selected = machines;
        let ids: Vec<_> = self.services.iter().map(ServiceView::id).collect();
        let service = self.overview.service.take().filter(|id| ids.contains(id));
        self.overview.service = service.or_else(|| ids.into_iter().next());
    }
}

/// The filters that the config gives a name; one that cannot be used was told when the config was read.
fn presets(settings: &Settings) -> Vec<NamedFilter> {
    let filter = |preset: &FilterPreset| {
        let query = query::parse(&preset.text, |_| true).ok()?;
        Some(NamedFilter { name: preset.name.clone(), query, on: false })
    };
    settings.logs.filters.iter().filter_map(filter).collect()
}

impl HostView {
    /// A host of which nothing is known yet.
    pub fn new(host: Host) -> Self {
        Self {
            host,
            link: None,
            heard: None,
            facts: HostFacts::default(),
            unmeasured: None,
            sample: None,
            cpu: Series::new(HISTORY),
            mem: Series::new(HISTORY),
            rx: Series::new(HISTORY),
            tx: Series::new(HISTORY),
            errors: Vec::new(),
            processes: None,
        }
    }
}

impl ServiceView {
    /// A service of which nothing is known yet.
    pub fn new(service: Service) -> Self {
        Self { service, on: BTreeMap::new(), unwell: BTreeMap::new() }
    }

    /// Its stable id: name and environment.
    pub fn id(&self) -> (String, String) {
        (self.service.name.clone(), self.service.environment.clone())
    }
}
