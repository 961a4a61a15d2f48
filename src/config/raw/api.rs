//! `[statuscake]`, `[stripe]`, `[gitlab]`, `[slack]`. Every secret is one of { env = "NAME" }, { command = [...] },
//! { file = "…" } (yours, 0600), { keyring = "…" }; never written inline.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::read::Entries;
use crate::config::table::{table, words};
use crate::config::values::{LocalPath, Name, Secret, Url, Zone};
use crate::domain::hosted::SlackSend;

table! {
    /// The checks of StatusCake.
    Statuscake {
        /// its API token
        token: Secret = { env = "STATUSCAKE_TOKEN" };
        /// only these checks; default all
        tags: Vec<String> = ["production"];
        /// /v1 is appended
        url: Url = "https://api.statuscake.com";
    }
}

table! {
    /// Stripe's figures; or [[stripe]] with name, for several accounts.
    Stripe [name] {
        /// the account's name, where there are several
        name: Name = "main";
        /// a restricted key that may read
        key: Secret = { command = ["pass", "show", "stripe/restricted"] };
        /// where "today" begins; default UTC
        timezone: Zone = "America/New_York";
        /// how often figures are asked
        refresh: Duration = "60s";
        /// /v1 is appended
        url: Url = "https://api.stripe.com";
    }
}

table! {
    /// GitLab's pipelines and deployments.
    Gitlab {
        /// /api/v4 is appended
        url: Url = "https://gitlab.example.com/sub";
        /// an access token; with read_api the action keys are off
        token: Secret = { file = "~/.config/quarterdeck/gitlab.token" };
        /// a private CA
        ca_file: LocalPath = "~/certs/ca.pem";
        /// GitLab's name = ours; default the same
        projects: Entries<GitlabProject> = [{ path = "acme/api", service = "api", environments = { prod = "production" } }];
    }
}

table! {
    /// A project of GitLab's and what it is here.
    GitlabProject [path] {
        /// group and name
        path: Name = "acme/api";
        /// our service
        service: Name = "api";
        /// GitLab's environment = ours
        environments: BTreeMap<String, Name> = { prod = "production" };
    }
}

table! {
    /// Messages to Slack.
    Slack {
        /// an incoming webhook
        webhook: Secret = { env = "SLACK_WEBHOOK" };
        /// what is sent: page, ticket, notice, deploy, action (restarts, commands, changes at hosted APIs)
        send: Vec<SlackSend> = ["page", "ticket", "deploy"];
    }
}

words!(for SlackSend {
    Page => "page",
    Ticket => "ticket",
    Notice => "notice",
    Deploy => "deploy",
    Action => "action",
});
