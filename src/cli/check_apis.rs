//! What `qd check` finds out about the hosted APIs: each secret, by asking what it may.

use chrono::Utc;

use super::check::{CheckItem, CheckState};
use crate::config::secret;
use crate::domain::hosted::{HostedSettings, TokenFinding, TokenState};
use crate::integrations::slack::Slack;
use crate::integrations::statuscake::StatusCake;

/// Asks every API that the config names.
pub async fn items(hosted: &HostedSettings) -> Vec<CheckItem> {
    let mut items = Vec::new();
    if let Some(settings) = &hosted.statuscake {
        let client = StatusCake::new(settings, secret::source(settings.token.clone(), "[statuscake] token"));
        items.extend(of_findings("statuscake", client.check().await));
    }
    for account in crate::runtime::hosted::accounts(&hosted.stripe) {
        items.extend(of_findings(account.source(), account.check().await));
    }
    if let Some(settings) = &hosted.gitlab {
        items.extend(of_findings("gitlab", super::deploys::client(settings).check(Utc::now()).await));
    }
    if let Some(settings) = &hosted.slack {
        let slack = Slack::new(settings, secret::source(settings.webhook.clone(), "[slack] webhook"));
        items.extend(of_findings("slack", vec![slack.check().await]));
    }
    items
}

fn of_findings(api: &str, findings: Vec<TokenFinding>) -> impl Iterator<Item = CheckItem> {
    findings.into_iter().map(move |finding| CheckItem {
        what: api.to_owned(),
        name: finding.what,
        state: match finding.state {
            TokenState::May => CheckState::Ok,
            TokenState::MayNot => CheckState::Warning,
            TokenState::Failed => CheckState::Failed,
        },
        message: finding.message,
        remedy: finding.remedy,
    })
}
