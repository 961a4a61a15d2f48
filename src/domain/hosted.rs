//! The hosted APIs as the config means them, and where their secrets are had from.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use super::glob::matches;

/// Where a secret is had from; never the secret itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretPlace {
    /// The place.
    pub from: SecretFrom,
    /// Put before it, such as `Bearer `.
    pub prefix: String,
}

/// The places a secret can be had from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretFrom {
    /// An environment variable.
    Env(String),
    /// The first line that a command prints.
    Command {
        /// The program and its arguments; no shell.
        argv: Vec<String>,
        /// The folder it runs in.
        folder: PathBuf,
    },
    /// A file that only its owner can read.
    File(PathBuf),
    /// An entry of the platform's keyring.
    Keyring(String),
}

/// Every hosted API that the config names. None: its panel is not there at all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostedSettings {
    /// `[statuscake]`.
    pub statuscake: Option<StatusCakeSettings>,
    /// `[stripe]` or each `[[stripe]]`.
    pub stripe: Vec<StripeSettings>,
    /// `[gitlab]`.
    pub gitlab: Option<GitLabSettings>,
    /// `[slack]`.
    pub slack: Option<SlackSettings>,
}

/// `[statuscake]`.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusCakeSettings {
    /// The API's address, `/v1` included, no slash at its end.
    pub base: String,
    /// Its token. None where the config names no place: the panel says so.
    pub token: Option<SecretPlace>,
    /// Only checks that have one of these tags; empty: all.
    pub tags: Vec<String>,
    /// Which checks are which service's; the first that matches wins.
    pub owners: Vec<CheckOwner>,
}

/// The checks that watch a service from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckOwner {
    /// The service.
    pub service: String,
    /// Its environment; of several, the one that comes first in the config.
    pub environment: String,
    /// Names, globs and ids of checks, and `tag:` with a tag.
    pub patterns: Vec<String>,
}

impl CheckOwner {
    /// Whether a check is one of the service's.
    pub fn owns(&self, id: &str, name: &str, tags: &[String]) -> bool {
        self.patterns.iter().any(|pattern| match pattern.strip_prefix("tag:") {
            Some(glob) => tags.iter().any(|tag| matches(glob, tag)),
            None => pattern == id || matches(pattern, name),
        })
    }
}

/// `[stripe]`, or one of several accounts.
#[derive(Clone, Debug, PartialEq)]
pub struct StripeSettings {
    /// The account's name; `main` when it has none.
    pub name: String,
    /// The API's address, `/v1` included, no slash at its end.
    pub base: String,
    /// Its restricted key. None where the config names no place: the panel says so.
    pub key: Option<SecretPlace>,
    /// Where "today" begins.
    pub timezone: chrono_tz::Tz,
    /// How often figures are asked.
    pub refresh: Duration,
}

/// `[gitlab]`.
#[derive(Clone, Debug, PartialEq)]
pub struct GitLabSettings {
    /// The API's address, `/api/v4` included, no slash at its end.
    pub base: String,
    /// Its token. None where the config names no place: the panel says so.
    pub token: Option<SecretPlace>,
    /// A private certificate authority (PEM), beside the system's.
    pub ca_file: Option<PathBuf>,
    /// What is looked at.
    pub projects: Vec<GitLabProject>,
}

/// A project of GitLab's and what it is here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitLabProject {
    /// Group and name, such as `acme/api`; or its number.
    pub path: String,
    /// Our service; the path's last part when the config does not say.
    pub service: String,
    /// GitLab's environment to ours; what is not in it has the same name.
    pub environments: BTreeMap<String, String>,
}

impl GitLabProject {
    /// What an environment of GitLab's is called here.
    pub fn environment<'a>(&'a self, theirs: &'a str) -> &'a str {
        self.environments.get(theirs).map_or(theirs, String::as_str)
    }
}

/// `[slack]`.
#[derive(Clone, Debug, PartialEq)]
pub struct SlackSettings {
    /// The incoming webhook: its URL is the secret.
    pub webhook: Option<SecretPlace>,
    /// What is sent.
    pub send: Vec<SlackSend>,
}

/// What Slack is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlackSend {
    /// Pages.
    Page,
    /// Tickets.
    Ticket,
    /// Notices.
    Notice,
    /// Deploys and rollbacks.
    Deploy,
    /// Everything else that is done: restarts, commands, what is changed at hosted APIs.
    Action,
}

/// One thing that a token was asked for, for `qd check`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenFinding {
    /// What was tried, such as `read checks`.
    pub what: String,
    /// How it came out.
    pub state: TokenState,
    /// What was found, in a line safe to show.
    pub message: String,
    /// What would mend it.
    pub remedy: Option<String>,
}

/// How a token did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// It may.
    May,
    /// It may not, or somebody should look at it; the rest works.
    MayNot,
    /// Nothing works.
    Failed,
}
