//! Who is told of runs of a service: from the settings to those who tell.

use crate::config::secret;
use crate::deploys::herald::Herald;
use crate::domain::hosted::CheckOwner;
use crate::domain::service::Service;
use crate::domain::settings::Settings;
use crate::integrations::slack::Slack;
use crate::integrations::statuscake::StatusCake;

/// The channel, where there is one.
pub fn slack(settings: &Settings) -> Option<Slack> {
    let slack = settings.hosted.slack.as_ref();
    slack.map(|slack| Slack::new(slack, secret::source(slack.webhook.clone(), "[slack] webhook")))
}

/// Who is told of runs of a service.
pub fn herald(settings: &Settings, service: &Service) -> Herald {
    let (hosted, slack) = (&settings.hosted, slack(settings));
    let checks = hosted.statuscake.as_ref().and_then(|account| {
        let mine = |owner: &&CheckOwner| owner.service == service.name && owner.environment == service.environment;
        let owner = account.owners.iter().find(mine)?.clone();
        Some((StatusCake::new(account, secret::source(account.token.clone(), "[statuscake] token")), owner))
    });
    Herald { slack, checks }
}
