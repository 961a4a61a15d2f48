//! Telling people in Slack what is done and what came of it: restarts, commands, what is changed at hosted APIs. Deploys
//! and rollbacks have a herald of their own.

use std::time::Duration;

use tokio::time::timeout;

use crate::domain::audit::{Ending, Verdict};
use crate::integrations::slack::{Slack, escape};

/// How long a message may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// Hosts that did not come out well are named, so many of them.
const NAMED: usize = 3;

/// One action, and who is told of it.
pub struct Announcement {
    slack: Slack,
    what: String,
    environment: String,
    who: String,
    reason: Option<String>,
}

impl Announcement {
    /// What is done, in a few words, where and by whom; none where nobody wants to know of it.
    pub fn new(slack: Option<Slack>, what: &str, environment: &str, who: &str, reason: Option<&str>) -> Option<Self> {
        let slack = slack.filter(Slack::tells_actions)?;
        let owned = |text: &str| text.to_owned();
        Some(Self {
            slack,
            what: owned(what),
            environment: owned(environment),
            who: owned(who),
            reason: reason.map(owned),
        })
    }

    /// It begins. The error says in a line that nobody was told.
    pub async fn began(&self) -> Result<(), String> {
        self.post(&format!("{} begins", self.head())).await
    }

    /// It is over. The error says in a line that nobody was told.
    pub async fn ended(&self, ending: &Ending) -> Result<(), String> {
        self.post(&ended(&self.head(), ending)).await
    }

    fn head(&self) -> String {
        let reason = self.reason.as_deref().map_or(String::new(), |why| format!(" · why: {}", escape(why)));
        format!("*{}* in {} by {}{reason}:", escape(&self.what), escape(&self.environment), escape(&self.who))
    }

    async fn post(&self, text: &str) -> Result<(), String> {
        let why = match timeout(PATIENCE, self.slack.post(text)).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(why)) => why.to_string(),
            Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
        };
        Err(format!("Slack was not told: {why}"))
    }
}

fn ended(head: &str, ending: &Ending) -> String {
    let word = match ending.result {
        Verdict::Ok => "done",
        Verdict::Failed => "*failed*",
        Verdict::NotDone => "not done",
        Verdict::Unknown => "*nobody knows what came of it*",
        Verdict::RolledBack => "*failed and was undone*",
        Verdict::Held => "held",
    };
    let mut text = format!("{head} {word}");
    for host in ending.hosts.iter().filter(|host| host.result != Verdict::Ok).take(NAMED) {
        let detail = host.detail.as_deref().map_or(String::new(), |why| format!(": {}", escape(why)));
        text += &format!("\n> {} {}{detail}", escape(&host.host), host.result.as_str());
    }
    text
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::domain::audit::HostEnding;

    #[test]
    fn people_are_told_what_came_of_it_and_nobody_is_called() {
        let host = |name: &str, result, detail: Option<&str>| HostEnding {
            host: name.to_owned(),
            result,
            rc: None,
            ms: 1,
            detail: detail.map(str::to_owned),
        };
        let ending =
            |result, hosts| Ending { id: "x".to_owned(), time: DateTime::UNIX_EPOCH, result, rc: None, ms: 1, hosts };
        let good = ending(Verdict::Ok, vec![host("web-1", Verdict::Ok, None)]);
        assert_eq!(ended("*restart api*:", &good), "*restart api*: done");
        let hosts = vec![
            host("web-1", Verdict::Failed, Some("HTTP 500 <!channel>")),
            host("web-2", Verdict::NotDone, Some("left alone")),
        ];
        assert_eq!(
            ended("*restart api*:", &ending(Verdict::Failed, hosts)),
            "*restart api*: *failed*\n> web-1 failed: HTTP 500 &lt;!channel&gt;\n> web-2 not_done: left alone"
        );
    }
}
