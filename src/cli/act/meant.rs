//! A plan over hosts that somebody means, and carrying it out: what `qd exec` and `qd action` have in common.

use super::confirm::confirmed;
use super::report::{Teller, carried_out, show};
use super::{ActFlags, Acting, Connected, names};
use crate::actions::execute::Order;
use crate::cli::exit::{Exit, Failure};
use crate::domain::audit::Ending;
use crate::domain::confirm::Approval;
use crate::domain::gate::GateSettings;
use crate::domain::plan::Plan;
use crate::domain::settings::Environment;
use crate::runtime::herald::slack;

/// A plan that has been confirmed, with all that it takes.
pub struct Meant {
    acting: Acting,
    environment: Environment,
    /// Its hosts, as far as they could be reached.
    pub connected: Connected,
    /// What is to be done.
    pub plan: Plan,
    approval: Approval,
}

impl Meant {
    /// Has a plan confirmed; an error with [`Exit::Fine`] where only the plan was asked for. The page is shown where
    /// somebody is to read it.
    pub async fn confirmed(
        acting: Acting,
        environment: Environment,
        connected: Connected,
        plan: Plan,
        flags: &ActFlags,
        read: bool,
    ) -> Result<Self, Failure> {
        if flags.dry_run || read {
            show(&plan, flags.dry_run, flags.json)?;
        }
        if flags.dry_run {
            return Err(Failure::new(Exit::Fine, ""));
        }
        let demand = plan.demand(names(&acting.opened.whole), None);
        let approval = confirmed(&plan.hash(), &demand, flags).await?;
        Ok(Self { acting, environment, connected, plan, approval })
    }

    /// Carries it out, host after host or all at once, as the plan says.
    pub async fn carried_out(&self, teller: &mut dyn Teller) -> Result<Ending, Failure> {
        let order = Order {
            plan: &self.plan,
            approval: &self.approval,
            environment: &self.environment,
            standing: &self.acting.standing,
            service: None,
            gate: GateSettings::default(),
            links: &self.connected.links,
            recorder: &self.acting.recorder().await,
        };
        carried_out(&order, teller, slack(self.acting.settings())).await
    }
}
