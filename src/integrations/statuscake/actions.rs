//! What can be changed at StatusCake. Each is sent once.

use chrono::{DateTime, SecondsFormat, Utc};

use super::{StatusCake, wire};
use crate::domain::api_error::{ApiError, ApiErrorKind};
use crate::integrations::http::{Change, Method};

/// A maintenance window to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWindow {
    /// What people will call it.
    pub name: String,
    /// When it begins.
    pub start: DateTime<Utc>,
    /// When it ends by itself.
    pub end: DateTime<Utc>,
    /// Ids of the checks; at least one of these or of the tags.
    pub checks: Vec<String>,
    /// Tags of the checks.
    pub tags: Vec<String>,
}

impl StatusCake {
    /// Pauses a check, or lets it go on.
    pub async fn set_paused(&self, id: &str, paused: bool) -> Result<(), ApiError> {
        let change = Change::new(Method::Put, &["uptime", id]);
        self.api.change(&change.form(&[("paused", if paused { "true" } else { "false" })])).await?;
        Ok(())
    }

    /// Opens a maintenance window; gives its id. Only accounts with the newer sort of windows can.
    pub async fn open_window(&self, window: &NewWindow) -> Result<String, ApiError> {
        let time = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Secs, true);
        let (start, end) = (time(window.start), time(window.end));
        let mut fields = vec![
            ("name", window.name.as_str()),
            ("start_at", &start),
            ("end_at", &end),
            ("timezone", "UTC"),
            ("repeat_interval", "never"),
        ];
        fields.extend(window.checks.iter().map(|id| ("tests[]", id.as_str())));
        fields.extend(window.tags.iter().map(|tag| ("tags[]", tag.as_str())));
        let reply = self.api.change(&Change::new(Method::Post, &["maintenance-windows"]).form(&fields)).await?;
        serde_json::from_slice::<wire::One<wire::Made>>(&reply.value).map(|made| made.data.new_id).map_err(|error| {
            let message = format!("it took the window and did not say what it calls it: {error}");
            let failed = ApiError::new("StatusCake", ApiErrorKind::Garbage, "POST /maintenance-windows", message);
            ApiError { status: Some(reply.status), maybe_done: true, ..failed }
        })
    }

    /// Closes a maintenance window before its time.
    pub async fn close_window(&self, id: &str) -> Result<(), ApiError> {
        self.api.change(&Change::new(Method::Delete, &["maintenance-windows", id])).await?;
        Ok(())
    }
}
