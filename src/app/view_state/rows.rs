//! The rows of the lists about hosted APIs: which are shown, in which order. Selection is by their ids.

use super::figures::{FigureRow, figures};
use super::watched::{Watched, watched};
use chrono::{DateTime, Utc};

use crate::app::acting::Act;
use crate::app::board::{Board, Pane};
use crate::app::state::{ServiceView, State};
use crate::domain::alert::Alert;
use crate::domain::business::{Dispute, FailedPayment, Ledger, Payment, Payout, Refund};
use crate::domain::deploy::known::KnownRun;
use crate::domain::deployment::{Deployment, DeploymentKind, DeploymentStatus};
use crate::domain::ulid::millis;

/// Alerts, filtered; firing ones first.
pub fn alerts(state: &State) -> Vec<&Alert> {
    let wanted = |alert: &&Alert| {
        let service = alert.service.as_deref().unwrap_or_default();
        state.alerts.wants(&[&alert.title, &alert.source, &alert.rule, alert.severity.as_str(), service])
    };
    state.hosted.alerts.iter().filter(wanted).collect()
}

/// What is watched from outside, filtered.
pub fn all_watched(state: &State) -> Vec<Watched<'_>> {
    let Some(outside) = &state.hosted.outside else { return Vec::new() };
    let mut all = watched(outside, state.now);
    all.retain(|one| state.alerts.wants(&[one.name(), one.kind(), &one.condition(state.now).1]));
    all
}

/// Figures of every account.
pub fn every_figure(state: &State) -> Vec<FigureRow<'_>> {
    ledgers(state).flat_map(figures).collect()
}

/// Figures of every account, filtered.
pub fn all_figures(state: &State) -> Vec<FigureRow<'_>> {
    let wanted = |row: &FigureRow| state.business.wants(&[row.one.title, row.one.name]);
    ledgers(state).flat_map(figures).filter(wanted).collect()
}

fn ledgers(state: &State) -> impl Iterator<Item = &Ledger> {
    state.hosted.ledgers.iter().flatten()
}

/// One row of what happened to the business's money.
#[derive(Clone, Copy, Debug)]
pub enum MoneyRow<'l> {
    /// An attempt to be paid.
    Payment(&'l Payment),
    /// A payment of which attempts failed.
    Failure(&'l FailedPayment),
    /// A dispute.
    Dispute(&'l Dispute),
    /// A refund.
    Refund(&'l Refund),
    /// A payout.
    Payout(&'l Payout),
}

impl<'l> MoneyRow<'l> {
    /// Its stable id.
    pub fn id(&self) -> &'l str {
        match self {
            Self::Payment(one) => &one.id,
            Self::Failure(one) => &one.id,
            Self::Dispute(one) => &one.id,
            Self::Refund(one) => &one.id,
            Self::Payout(one) => &one.id,
        }
    }

    /// Whose it is, where that is known.
    pub fn customer(&self) -> Option<&'l str> {
        match self {
            Self::Payment(one) => one.customer.as_deref(),
            Self::Failure(one) => one.customer.as_deref(),
            Self::Dispute(one) => one.customer.as_deref(),
            Self::Refund(one) => one.customer.as_deref(),
            Self::Payout(_) => None,
        }
    }

    /// What is said of it.
    pub fn words(&self) -> &'l str {
        match self {
            Self::Payment(one) => one.description.as_deref().unwrap_or_default(),
            Self::Failure(one) => &one.reason,
            Self::Dispute(one) => one.reason.as_deref().unwrap_or_default(),
            Self::Refund(one) => one.reason.as_deref().unwrap_or_default(),
            Self::Payout(one) => one.failure.as_deref().unwrap_or_default(),
        }
    }

    /// Where it is to be looked at.
    pub fn url(&self) -> Option<&'l str> {
        match self {
            Self::Payment(one) => Some(&one.url),
            Self::Failure(one) => Some(&one.url),
            Self::Dispute(one) => Some(&one.url),
            Self::Refund(one) => one.url.as_deref(),
            Self::Payout(one) => Some(&one.url),
        }
    }
}

/// How many rows a pane of money has before any filter.
pub fn money_count(state: &State, pane: Pane) -> usize {
    ledgers(state).map(|ledger| money_of(ledger, pane).len()).sum()
}

/// Rows of a pane of money, of every account, filtered.
pub fn money(state: &State, pane: Pane) -> Vec<MoneyRow<'_>> {
    let wanted = |row: &MoneyRow| state.business.wants(&[row.id(), row.customer().unwrap_or_default(), row.words()]);
    ledgers(state).flat_map(|ledger| money_of(ledger, pane)).filter(wanted).collect()
}

fn money_of(ledger: &Ledger, pane: Pane) -> Vec<MoneyRow<'_>> {
    let rows = &ledger.business;
    match pane {
        Pane::Payments => rows.payments.iter().map(MoneyRow::Payment).collect(),
        Pane::Failures => rows.failures.iter().map(MoneyRow::Failure).collect(),
        Pane::Disputes => rows.disputes.iter().map(MoneyRow::Dispute).collect(),
        Pane::Refunds => rows.refunds.iter().map(MoneyRow::Refund).collect(),
        Pane::Payouts => rows.payouts.iter().map(MoneyRow::Payout).collect(),
        _ => Vec::new(),
    }
}

/// The id of a service's row.
pub fn service_id(view: &ServiceView) -> String {
    format!("{}@{}", view.service.name, view.service.environment)
}

/// Services of the matrix of versions, filtered.
pub fn services(state: &State) -> Vec<&ServiceView> {
    let wanted = |view: &&ServiceView| state.deploys.wants(&[&view.service.name, &view.service.environment]);
    state.services.iter().filter(wanted).collect()
}

/// The id of a deployment's row.
pub fn deployment_id(one: &Deployment) -> String {
    format!("{}:{}:{}", one.source, one.project, one.id)
}

/// The id of the row of something that was confirmed here.
pub fn act_id(ticket: u64) -> String {
    format!("act:{ticket}")
}

/// A row of what is being done and was done.
#[derive(Clone, Copy, Debug)]
pub enum RunRow<'s> {
    /// It was confirmed here.
    Act(&'s Act),
    /// The hosts tell of it.
    Known(&'s KnownRun),
}

impl RunRow<'_> {
    /// Its stable id.
    pub fn id(&self) -> String {
        match self {
            Self::Act(act) => act_id(act.ticket),
            Self::Known(run) => format!("run:{}", run.id),
        }
    }

    /// When it began.
    pub fn began(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Act(act) => Some(act.began),
            Self::Known(run) => DateTime::from_timestamp_millis(i64::try_from(millis(&run.id)?).ok()?),
        }
    }
}

/// What was confirmed here and what else the hosts know of, newest first, filtered. A run that was confirmed here is one
/// row.
pub fn runs(state: &State) -> Vec<RunRow<'_>> {
    let acting = &state.acting;
    let acts = acting.acts.iter().map(RunRow::Act);
    let mut rows: Vec<RunRow> = acts.chain(acting.known_elsewhere().map(RunRow::Known)).collect();
    rows.retain(|row| match row {
        RunRow::Act(act) => state.deploys.wants(&[&act.proposal.title, &act.proposal.environment]),
        RunRow::Known(run) => {
            state.deploys.wants(&[&run.plan.service, &run.plan.environment, &run.plan.version, &run.by])
        }
    });
    rows.sort_by_key(|row| std::cmp::Reverse(row.began()));
    rows
}

/// What was deployed, newest first, filtered.
pub fn deployments(state: &State) -> Vec<&Deployment> {
    let wanted = |one: &&Deployment| {
        let words = [one.status.map_or("", DeploymentStatus::as_str), one.kind.map_or("", DeploymentKind::as_str)];
        let by = one.by.as_deref().unwrap_or_default();
        state.deploys.wants(&[&one.service, &one.environment, &one.version, by, one.source, words[0], words[1]])
    };
    state.hosted.deployments.iter().filter(wanted).collect()
}

/// What the newest success says is live of a service in an environment.
pub fn live(state: &State, service: &str, environment: &str) -> Option<String> {
    let of = |one: &&Deployment| one.service == service && one.environment == environment;
    let success = |one: &&Deployment| one.status == Some(DeploymentStatus::Success) && !one.version.is_empty();
    state.hosted.deployments.iter().filter(of).find(success).map(|one| one.version.clone())
}

/// The ids of a pane's rows, in their order.
pub fn ids(state: &State, pane: Pane) -> Vec<String> {
    match pane {
        Pane::Runs => runs(state).iter().map(RunRow::id).collect(),
        Pane::Versions => services(state).into_iter().map(service_id).collect(),
        Pane::History => deployments(state).into_iter().map(deployment_id).collect(),
        Pane::Alerts => alerts(state).iter().map(|alert| alert.id.clone()).collect(),
        Pane::Watched => all_watched(state).iter().map(Watched::id).collect(),
        Pane::Figures => all_figures(state).iter().map(FigureRow::id).collect(),
        pane => money(state, pane).iter().map(|row| row.id().to_owned()).collect(),
    }
}

/// The row of a pane that is selected: the one chosen, or the first.
pub fn selected(state: &State, board: &Board, pane: Pane) -> Option<String> {
    let ids = ids(state, pane);
    let chosen = board.lists.get(&pane).and_then(|list| list.selected.clone());
    chosen.filter(|id| ids.contains(id)).or_else(|| ids.into_iter().next())
}
