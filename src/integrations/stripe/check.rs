//! What a key may read, for `qd check`.

use serde::de::IgnoredAny;

use super::account::Account;
use super::books::Resource;
use super::figures::table::DEFINITIONS;
use super::object::Balance;
use super::wire::List;
use crate::domain::api_error::{ApiError, ApiErrorKind};
use crate::domain::hosted::{TokenFinding, TokenState};
use crate::integrations::http::{Get, finding};

/// Everything that is ever asked for, besides the balance.
const LISTS: [Resource; 9] = [
    Resource::Subscriptions,
    Resource::Charges,
    Resource::Customers,
    Resource::Refunds,
    Resource::Disputes,
    Resource::Payouts,
    Resource::Prices,
    Resource::Coupons,
    Resource::Events,
];

impl Account {
    /// Asks for one object of each kind.
    pub async fn check(&self) -> Vec<TokenFinding> {
        let balance = self.api.get::<Balance>(&Get::new(&[Resource::Balance.name()])).await.map(|reply| reply.value);
        let useless = |error: &ApiError| !matches!(error.kind, ApiErrorKind::Forbidden | ApiErrorKind::NotFound);
        let dead = balance.as_ref().err().is_some_and(useless);
        let mode = balance.map(|balance| match balance.livemode {
            Some(false) => "TEST mode: this is not real money".to_owned(),
            Some(true) => "live mode".to_owned(),
            None => "it may".to_owned(),
        });
        let mut findings = vec![found(Resource::Balance, mode)];
        if dead {
            // Whatever keeps the first question from its answer keeps the others too.
            return findings;
        }
        let asked = LISTS.map(|resource| async move {
            let get = Get::new(&[resource.name()]).query("limit", 1);
            found(resource, self.api.get::<List<IgnoredAny>>(&get).await.map(|_| "it may".to_owned()))
        });
        findings.extend(futures_util::future::join_all(asked).await);
        if findings.iter().all(|finding| finding.state == TokenState::MayNot) {
            // A key that may read nothing is of no use at all.
            findings.iter_mut().for_each(|finding| finding.state = TokenState::Failed);
        }
        findings
    }
}

/// What came of asking for a resource, with what is missing where it may not be read.
fn found(resource: Resource, outcome: Result<String, ApiError>) -> TokenFinding {
    let name = resource.name();
    let mut found = finding(&format!("read {name}"), outcome);
    if found.state == TokenState::MayNot {
        let figures = DEFINITIONS.iter().filter(|definition| definition.needs.contains(&resource));
        let figures: Vec<&str> = figures.map(|definition| definition.name).collect();
        let missing = match resource {
            Resource::Prices => "figures of tiered prices".to_owned(),
            Resource::Coupons => "figures of discounted items".to_owned(),
            Resource::Events => "quick refreshes".to_owned(),
            _ => figures.join(", "),
        };
        found.remedy = Some(format!("let the restricted key read {name}; missing without it: {missing}"));
    }
    found
}
