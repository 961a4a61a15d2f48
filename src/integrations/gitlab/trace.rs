//! A job's log, a piece at a time. GitLab honours `Range` (RFC 9110 14.2) only where it serves a file; a log that is being
//! written may come whole each time. Either way each byte is given once.

use std::time::Duration;

use bytes::Bytes;

use super::GitLab;
use crate::domain::api_error::ApiError;
use crate::integrations::http::{Get, RawReply};

/// The most that is asked for at once, in bytes.
const PIECE: u64 = 1 << 20;

/// Reads one job's log from its beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceReader {
    project: String,
    job: u64,
    /// Where the next piece begins.
    offset: u64,
}

/// What came since the last piece.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceNews {
    /// True when the log is another than before: forget what was read.
    pub restarted: bool,
    /// What is new.
    pub bytes: Bytes,
    /// Whether there is more to be had at once.
    pub more: bool,
    /// What was read for it, in bytes: more than what is new where the log comes whole each time.
    pub read: u64,
}

impl TraceReader {
    /// A reader of this job's log.
    pub fn new(project: &str, job: u64) -> Self {
        Self { project: project.to_owned(), job, offset: 0 }
    }

    /// Whether it reads this job's log.
    pub fn is_of(&self, project: &str, job: u64) -> bool {
        self.project == project && self.job == job
    }

    /// Asks for what has come since.
    pub async fn next(&mut self, gitlab: &GitLab) -> Result<TraceNews, ApiError> {
        let offset = self.offset;
        let get = Get::new(&["projects", &self.project, "jobs", &self.job.to_string(), "trace"]);
        let get = get.header("range", format!("bytes={offset}-{}", offset + PIECE - 1)).accept(416);
        let news = gitlab.api.read(&get, |reply| news(reply, offset)).await?.value;
        self.offset = if news.restarted { 0 } else { offset } + news.bytes.len() as u64;
        Ok(news)
    }
}

impl TraceNews {
    /// How long to leave the log alone, so that one that comes whole each time does not fill the line: as long as it
    /// would take at 128 KiB a second.
    pub fn pause(&self) -> Duration {
        Duration::from_secs((self.read >> 17).clamp(3, 60))
    }
}

/// What an answer says of a log of which so many bytes are known.
fn news(reply: &RawReply, offset: u64) -> Result<TraceNews, String> {
    let read = TraceNews { read: reply.value.len() as u64, ..TraceNews::default() };
    let range = reply.header("content-range").and_then(|range| range.trim().strip_prefix("bytes "));
    match (reply.status, range.and_then(|range| range.split_once('/'))) {
        (206, Some((part, total))) => {
            let (first, last) = part.split_once('-').ok_or("its range is none")?;
            let number = |text: &str| text.trim().parse::<u64>().map_err(|_| "its range is none".to_owned());
            let (first, last) = (number(first)?, number(last)?);
            let length = last.checked_sub(first).and_then(|length| length.checked_add(1));
            if first != offset || length != Some(reply.value.len() as u64) {
                return Err("its bytes are not those of its range".to_owned());
            }
            let more = total.trim().parse::<u64>().is_ok_and(|total| total > last + 1);
            Ok(TraceNews { bytes: reply.value.clone(), more, ..read })
        }
        (206, None) => Err("a part of a log, and not which".to_owned()),
        // There is nothing at that place: nothing yet, or not any more.
        (416, total) => {
            let total = total.and_then(|(_, total)| total.trim().parse::<u64>().ok());
            let restarted = total.is_some_and(|total| total < offset);
            Ok(TraceNews { restarted, more: restarted, ..read })
        }
        _ => {
            let known = usize::try_from(offset).unwrap_or(usize::MAX);
            let restarted = reply.value.len() < known;
            let bytes = if restarted { reply.value.clone() } else { reply.value.slice(known..) };
            Ok(TraceNews { restarted, bytes, ..read })
        }
    }
}
