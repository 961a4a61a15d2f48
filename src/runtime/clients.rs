//! The hosted APIs that a config names, as something that can be asked and told.

use crate::actions::hosted::Clients;
use crate::config::secret;
use crate::domain::settings::Settings;
use crate::integrations::gitlab::GitLab;
use crate::integrations::statuscake::StatusCake;

/// A client of each API that the config names.
pub fn clients(settings: &Settings) -> Clients {
    let (statuscake, gitlab) = (settings.hosted.statuscake.as_ref(), settings.hosted.gitlab.as_ref());
    Clients {
        statuscake: statuscake.map(|one| StatusCake::new(one, secret::source(one.token.clone(), "[statuscake] token"))),
        gitlab: gitlab.map(|one| GitLab::new(one, secret::source(one.token.clone(), "[gitlab] token"))),
    }
}
