//! The tabs about what hosted APIs say: lists of rows that have ids, in panes, and the page of one row.

use std::collections::BTreeMap;

use super::state::{State, Tab};

/// A list of one of these tabs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pane {
    /// What is being done, and what was.
    Runs,
    /// Services and the versions that their hosts report.
    Versions,
    /// Deployments.
    History,
    /// What fires, and what did.
    Alerts,
    /// What is watched from outside: checks, certificates, heartbeats, pages.
    Watched,
    /// Figures of the business.
    Figures,
    /// Payments that failed.
    Failures,
    /// Payments that their payers' banks want back.
    Disputes,
    /// Attempts to be paid.
    Payments,
    /// Money that goes back.
    Refunds,
    /// Money on its way to the bank.
    Payouts,
}

impl Pane {
    /// The panes of a tab, in the order in which they take the keys; none: it is made otherwise.
    pub fn of(tab: Tab) -> &'static [Self] {
        match tab {
            Tab::Deploys => &[Self::Versions, Self::Runs, Self::History],
            Tab::Alerts => &[Self::Alerts, Self::Watched],
            Tab::Business => {
                &[Self::Figures, Self::Failures, Self::Disputes, Self::Payments, Self::Refunds, Self::Payouts]
            }
            Tab::Overview | Tab::Logs | Tab::Hosts => &[],
        }
    }

    /// Its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Runs => "Runs",
            Self::Versions => "Versions",
            Self::History => "History",
            Self::Alerts => "Alerts",
            Self::Watched => "Watched",
            Self::Figures => "Figures",
            Self::Failures => "Failures",
            Self::Disputes => "Disputes",
            Self::Payments => "Payments",
            Self::Refunds => "Refunds",
            Self::Payouts => "Payouts",
        }
    }
}

/// Where a list stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListState {
    /// The selected row's id; none: the first row.
    pub selected: Option<String>,
    /// First row shown.
    pub scroll: usize,
}

/// The state of one of these tabs.
#[derive(Clone, Debug, Default)]
pub struct Board {
    /// The pane that has the keys; none: the first.
    pub pane: Option<Pane>,
    /// Of panes that share a place, the one that was shown last.
    pub shown: Option<Pane>,
    /// Where its lists stand.
    pub lists: BTreeMap<Pane, ListState>,
    /// The row whose page is open.
    pub open: Option<String>,
    /// First line shown of the open page.
    pub page_scroll: u16,
    /// Only rows that hold this.
    pub filter: String,
}

impl Board {
    /// The pane that has the keys.
    pub fn pane(&self, tab: Tab) -> Option<Pane> {
        self.pane.or_else(|| Pane::of(tab).first().copied())
    }

    /// Where a list stands.
    pub fn list(&self, pane: Pane) -> ListState {
        self.lists.get(&pane).cloned().unwrap_or_default()
    }

    /// Gives a pane the keys.
    pub fn focus(&mut self, pane: Pane) {
        self.pane = Some(pane);
        self.shown = Some(pane);
    }

    /// Whether a row is shown that holds these texts.
    pub fn wants(&self, texts: &[&str]) -> bool {
        let wanted = self.filter.to_lowercase();
        wanted.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(&wanted))
    }
}

impl State {
    /// The state of a tab that is made of lists.
    pub fn board(&self, tab: Tab) -> Option<&Board> {
        match tab {
            Tab::Deploys => Some(&self.deploys),
            Tab::Alerts => Some(&self.alerts),
            Tab::Business => Some(&self.business),
            Tab::Overview | Tab::Logs | Tab::Hosts => None,
        }
    }

    /// The same, to be changed.
    pub fn board_mut(&mut self, tab: Tab) -> Option<&mut Board> {
        match tab {
            Tab::Deploys => Some(&mut self.deploys),
            Tab::Alerts => Some(&mut self.alerts),
            Tab::Business => Some(&mut self.business),
            Tab::Overview | Tab::Logs | Tab::Hosts => None,
        }
    }
}
