//! What is written to Slack: pure.

use chrono::{DateTime, Utc};

use crate::domain::alert::{Alert, AlertState};

/// A text from outside, so that nothing in it is markup: no link, and nobody is called by `<!channel>`.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// An alert in a line: how much it matters, what is wrong, whose it is and since when.
pub fn alert(alert: &Alert, now: DateTime<Utc>) -> String {
    let head = match alert.state {
        AlertState::Resolved => "ended".to_owned(),
        _ => format!("*{}*", alert.severity.as_str().to_uppercase()),
    };
    let mut parts = vec![format!("{head} {}", escape(&alert.title))];
    if let Some(service) = &alert.service {
        let environment = alert.environment.as_deref().map_or(String::new(), |name| format!(" in {}", escape(name)));
        parts.push(format!("{}{environment}", escape(service)));
    }
    parts.extend(alert.host.as_deref().map(escape));
    parts.push(escape(&alert.source));
    if let Some(since) = alert.since {
        let until = alert.ended.unwrap_or(now);
        let minutes = (until - since).num_minutes().max(0);
        let word = if alert.ended.is_some() { "lasted" } else { "since" };
        let when = if alert.ended.is_some() { String::new() } else { format!(" {}Z,", since.format("%H:%M")) };
        parts.push(format!("{word}{when} {minutes} min"));
    }
    parts.extend(alert.last_change.as_deref().map(|change| format!("last change {}", escape(change))));
    // A blank or a bar would end the link early.
    let url = alert.url.as_deref().filter(|url| url.starts_with("http") && !url.contains([' ', '|', '<', '>']));
    parts.extend(url.map(|url| format!("<{}|open>", escape(url))));
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::alert::Severity;

    #[test]
    fn a_line_says_what_is_wrong_and_calls_nobody() {
        let now = "2026-03-18T14:30:00Z".parse().unwrap();
        let mut one = Alert {
            service: Some("shop".to_owned()),
            environment: Some("production".to_owned()),
            since: Some("2026-03-18T14:07:00Z".parse().unwrap()),
            url: Some("https://shop.example.test".to_owned()),
            ..Alert::firing(
                String::new(),
                "uptime",
                "statuscake",
                Severity::Page,
                "<!channel> Check & out down (504)".to_owned(),
            )
        };
        assert_eq!(
            alert(&one, now),
            "*PAGE* &lt;!channel&gt; Check &amp; out down (504) · shop in production · statuscake · since 14:07Z, 23 min · \
             <https://shop.example.test|open>"
        );
        one.state = AlertState::Resolved;
        one.ended = Some("2026-03-18T14:12:00Z".parse().unwrap());
        one.url = Some("javascript:1".to_owned());
        assert_eq!(
            alert(&one, now),
            "ended &lt;!channel&gt; Check &amp; out down (504) · shop in production · statuscake · lasted 5 min"
        );
    }
}
