//! StatusCake, API v1: what the outside sees.
//!
//! There is no feed of alerts for the whole account: one request for each check. All tokens of an account share 5
//! requests a second and, on free plans, 60 a minute, of which the answers show only the one that applies now; both are
//! kept, always. [`plan`] says what to ask next within them.

mod actions;
pub mod alerts;
mod check;
mod map;
pub mod plan;
mod watch;
mod wire;

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;

pub use actions::NewWindow;
pub use watch::Watch;

use crate::domain::api_error::ApiError;
use crate::domain::hosted::StatusCakeSettings;
use crate::domain::monitor::{
    Certificate, ContactGroup, Heartbeat, MaintenanceWindow, Monitor, MonitorDetail, MonitorEvent, Outage, PageSpeed,
    Response,
};
use crate::integrations::http::{ApiClient, ApiOptions, Get, Limit, SecretSource};

/// Items a page: the most that it gives.
const PAGE: u32 = 100;
/// More pages of anything than an account has.
const MOST_PAGES: u32 = 100;

/// One account.
pub struct StatusCake {
    api: ApiClient,
    tags: Vec<String>,
}

impl StatusCake {
    /// The account of these settings. Nothing is sent yet.
    pub fn new(settings: &StatusCakeSettings, secret: SecretSource) -> Self {
        let options = ApiOptions {
            limits: vec![Limit::new(5, 1), Limit::new(60, 60)],
            ..ApiOptions::new("StatusCake", settings.base.clone(), secret)
        };
        Self::with(settings, options)
    }

    /// The same with a client that is set up otherwise, such as with less patience.
    pub fn with(settings: &StatusCakeSettings, options: ApiOptions) -> Self {
        Self { api: ApiClient::new(options), tags: settings.tags.clone() }
    }

    /// How long nothing can be asked, if that is known.
    pub fn waits(&self) -> Option<Duration> {
        self.api.waits()
    }

    /// Every check of the configured tags.
    pub async fn checks(&self) -> Result<Vec<Monitor>, ApiError> {
        let mut get = Get::new(&["uptime"]);
        if !self.tags.is_empty() {
            // A flag without a value: its being there is what counts.
            get = get.query("tags", self.tags.join(",")).query("matchany", "");
        }
        Ok(self.list(get).await?.iter().map(map::check).collect())
    }

    /// What is only told of a single check.
    pub async fn detail(&self, id: &str) -> Result<MonitorDetail, ApiError> {
        let one = self.api.get::<wire::One<wire::UptimeDetail>>(&Get::new(&["uptime", id])).await?;
        Ok(map::detail(&one.value.data))
    }

    /// When a check went down and up, newest first: everything since then, and what is on the page with it.
    pub async fn events(&self, id: &str, since: DateTime<Utc>) -> Result<Vec<MonitorEvent>, ApiError> {
        let mut events: Vec<MonitorEvent> = Vec::new();
        let mut before = None;
        for _ in 0..MOST_PAGES {
            let series = self.series::<wire::Alert>(&["uptime", id, "alerts"], PAGE, before).await?;
            events.extend(series.data.iter().map(map::event));
            let more = events.last().is_some_and(|last| last.at.is_none_or(|at| at > since));
            // A link that leads no further back leads in a circle.
            let next = older(&series).filter(|next| more && before.is_none_or(|before| *next < before));
            if next.is_none() {
                break;
            }
            before = next;
        }
        Ok(events)
    }

    /// The newest outages of a check, by its periods; at most 100 periods back.
    pub async fn outages(&self, id: &str) -> Result<Vec<Outage>, ApiError> {
        let series = self.series::<wire::Period>(&["uptime", id, "periods"], PAGE, None).await?;
        Ok(series.data.iter().filter_map(map::outage).collect())
    }

    /// The newest answers of a check, at most 100, newest first.
    pub async fn history(&self, id: &str, most: u32) -> Result<Vec<Response>, ApiError> {
        let series = self.series::<wire::History>(&["uptime", id, "history"], most.clamp(1, PAGE), None).await?;
        Ok(series.data.iter().filter_map(map::response).collect())
    }

    /// Every certificate.
    pub async fn certificates(&self) -> Result<Vec<Certificate>, ApiError> {
        Ok(self.list(Get::new(&["ssl"])).await?.iter().map(map::certificate).collect())
    }

    /// Every heartbeat of the configured tags.
    pub async fn heartbeats(&self) -> Result<Vec<Heartbeat>, ApiError> {
        let all = self.list::<wire::Heartbeat>(Get::new(&["heartbeat"])).await?;
        let wanted =
            |one: &&wire::Heartbeat| self.tags.is_empty() || one.tags.iter().any(|tag| self.tags.contains(tag));
        Ok(all.iter().filter(wanted).map(map::heartbeat).collect())
    }

    /// One heartbeat with when it was last heard, which the list leaves out.
    pub async fn heartbeat(&self, id: &str) -> Result<Heartbeat, ApiError> {
        let one = self.api.get::<wire::One<wire::Heartbeat>>(&Get::new(&["heartbeat", id])).await?;
        Ok(map::heartbeat(&one.value.data))
    }

    /// Every page whose speed is measured.
    pub async fn page_speeds(&self) -> Result<Vec<PageSpeed>, ApiError> {
        Ok(self.list(Get::new(&["pagespeed"])).await?.iter().map(map::page_speed).collect())
    }

    /// Who is called.
    pub async fn contact_groups(&self) -> Result<Vec<ContactGroup>, ApiError> {
        Ok(self.list(Get::new(&["contact-groups"])).await?.iter().map(map::contact_group).collect())
    }

    /// Every maintenance window. Accounts with the older sort of windows have none here.
    pub async fn maintenance_windows(&self) -> Result<Vec<MaintenanceWindow>, ApiError> {
        Ok(self.list(Get::new(&["maintenance-windows"])).await?.iter().map(map::window).collect())
    }

    /// Every item of a list by pages.
    async fn list<T: DeserializeOwned>(&self, get: Get) -> Result<Vec<T>, ApiError> {
        let mut items = Vec::new();
        for page in 1..=MOST_PAGES {
            let get = get.clone().query("limit", PAGE).query("page", page);
            let answer = self.api.read(&get, |reply| {
                let answer: wire::Page<T> = serde_json::from_slice(&reply.value).map_err(|error| error.to_string())?;
                // A list that says that it has something and gives nothing is no whole answer.
                let missing = answer.data.is_empty() && answer.metadata.total_count > i64::from((page - 1) * PAGE);
                if missing { Err("its list is empty and says it is not".to_owned()) } else { Ok(answer) }
            });
            let answer = answer.await?.value;
            items.extend(answer.data);
            if i64::from(page) >= answer.metadata.page_count {
                break;
            }
        }
        Ok(items)
    }

    async fn series<T: DeserializeOwned>(
        &self,
        segments: &[&str],
        limit: u32,
        before: Option<i64>,
    ) -> Result<wire::Series<T>, ApiError> {
        let mut get = Get::new(segments).query("limit", limit);
        if let Some(before) = before {
            get = get.query("before", before);
        }
        Ok(self.api.get(&get).await?.value)
    }
}

/// Where the next, older part of a series begins: the `before` of the link to it. Its host is not looked at, for even
/// the documentation's own example names a wrong one.
fn older<T>(series: &wire::Series<T>) -> Option<i64> {
    let (_, query) = series.links.next.as_deref()?.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix("before="))?.parse().ok()
}
