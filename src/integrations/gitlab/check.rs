//! What a token may, found out by asking.

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use serde::de::IgnoredAny;

use super::{GitLab, within};
use crate::domain::api_error::ApiError;
use crate::domain::ci::Token;
use crate::domain::hosted::{GitLabProject, TokenFinding, TokenState};
use crate::integrations::http::finding;

/// A token that ends within so many days is told of.
const SOON: i64 = 14;
/// What is off with a token that only reads.
const ACTS: &str = "play, retry, cancel, new pipeline, roll back and tag";
/// Everything that is asked of a project, and what it is called.
const PARTS: [(&str, &[&str]); 7] = [
    ("environments", &["environments"]),
    ("deployments", &["deployments"]),
    ("pipelines", &["pipelines"]),
    ("tags", &["repository", "tags"]),
    ("releases", &["releases"]),
    ("merge requests", &["merge_requests"]),
    ("incidents", &["issues"]),
];

impl GitLab {
    /// Asks what the token is, and for a little of everything that is shown of each project.
    pub async fn check(&self, now: DateTime<Utc>) -> Vec<TokenFinding> {
        let token = match self.token().await {
            Ok(token) => token,
            Err(error) => {
                // Whatever keeps the first question from its answer keeps the others too.
                return vec![TokenFinding { state: TokenState::Failed, ..finding("token", Err(error)) }];
            }
        };
        let mut findings = match &token {
            Some(token) => vec![expiry(token, now), acts(token)],
            None => vec![of("token", TokenState::May, "of a sort that does not say what it may".to_owned(), None)],
        };
        if self.projects().is_empty() {
            findings.push(self.unnamed().await);
        }
        findings.extend(join_all(self.projects().iter().map(|project| self.check_project(project))).await);
        findings
    }

    async fn check_project(&self, project: &GitLabProject) -> TokenFinding {
        let what = format!("read {}", super::map::path(&project.path));
        let about = match self.about(&project.path).await {
            Ok(about) => about,
            Err(error) => return finding(&what, Err(error)),
        };
        let asked = PARTS.map(|(name, path)| async move {
            let get = within(project, path).query("per_page", 1);
            (name, self.api.get::<Vec<IgnoredAny>>(&get).await.err())
        });
        let asked = join_all(asked).await;
        let refused: Vec<(&str, &ApiError)> =
            asked.iter().filter_map(|(name, error)| Some((*name, error.as_ref()?))).collect();
        let Some((_, first)) = refused.first() else {
            return finding(&what, Ok(format!("it may, as {}", about.path)));
        };
        let names: Vec<&str> = refused.iter().map(|(name, _)| *name).collect();
        let found = finding(&what, Err(ApiError::clone(first)));
        TokenFinding { message: format!("no {}: {}", names.join(", "), found.message), ..found }
    }

    /// What there is to be named, where the config names nothing.
    async fn unnamed(&self) -> TokenFinding {
        let remedy = "write projects = [{ path = \"group/name\" }] in [gitlab]".to_owned();
        match self.memberships(5).await {
            Ok(known) if !known.is_empty() => {
                let message = format!("none is named; the token knows {}", known.join(", "));
                of("projects", TokenState::MayNot, message, Some(remedy))
            }
            _ => of("projects", TokenState::MayNot, "none is named".to_owned(), Some(remedy)),
        }
    }
}

fn of(what: &str, state: TokenState, message: String, remedy: Option<String>) -> TokenFinding {
    TokenFinding { what: what.to_owned(), state, message, remedy }
}

fn expiry(token: &Token, now: DateTime<Utc>) -> TokenFinding {
    let scopes = token.scopes.join(", ");
    let (state, ends) = match token.expires.zip(token.days_left(now)) {
        None => (TokenState::May, "does not expire".to_owned()),
        Some((day, left)) => {
            let state = if left <= SOON { TokenState::MayNot } else { TokenState::May };
            let ends = match left {
                ..0 => "expired".to_owned(),
                0 => "expires today".to_owned(),
                1 => "expires tomorrow".to_owned(),
                _ => format!("expires in {left} days"),
            };
            (state, format!("{ends}, on {day}"))
        }
    };
    let remedy =
        (state == TokenState::MayNot).then(|| "make a new one and put it where [gitlab] says it is".to_owned());
    of("token", state, format!("{scopes}; it {ends}"), remedy)
}

fn acts(token: &Token) -> TokenFinding {
    if token.may_act() {
        return of("act", TokenState::May, format!("it may {ACTS}, as far as its owner may"), None);
    }
    let remedy = "give the token the scope api, if qd is to act".to_owned();
    of("act", TokenState::MayNot, format!("it only reads: {ACTS} are off"), Some(remedy))
}
