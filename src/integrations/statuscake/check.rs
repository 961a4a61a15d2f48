//! What a token may, found out by asking.

use super::StatusCake;
use crate::domain::api_error::{ApiError, ApiErrorKind};
use crate::domain::hosted::{TokenFinding, TokenState};
use crate::integrations::http::finding;

impl StatusCake {
    /// Asks for a little of everything that is shown.
    pub async fn check(&self) -> Vec<TokenFinding> {
        let checks = self.checks().await;
        let counted = checks.as_ref().map(|checks| format!("{} checks", checks.len())).map_err(ApiError::clone);
        let mut findings = vec![finding("read checks", counted)];
        if checks.as_ref().err().is_some_and(|error| error.kind != ApiErrorKind::Forbidden) {
            // Whatever keeps the first question from its answer keeps the others too: even an empty account has a list.
            findings[0].state = TokenState::Failed;
            return findings;
        }
        if checks.is_ok_and(|checks| checks.is_empty()) && !self.tags.is_empty() {
            findings.push(TokenFinding {
                what: "tags".to_owned(),
                state: TokenState::MayNot,
                message: "no check has any of the tags of [statuscake]".to_owned(),
                remedy: Some("correct `tags`, or leave them out".to_owned()),
            });
        }
        let certificates = self.certificates().await.map(|all| format!("{} certificates", all.len()));
        findings.push(finding("read certificates", certificates));
        let heartbeats = self.heartbeats().await.map(|all| format!("{} heartbeats", all.len()));
        findings.push(finding("read heartbeats", heartbeats));
        let windows = self.maintenance_windows().await.map(|all| format!("{} maintenance windows", all.len()));
        findings.push(finding("read maintenance windows", windows));
        // No scope is known that only reads; trying would change something.
        findings
    }
}
