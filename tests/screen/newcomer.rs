//! Somebody who sees the cockpit for the first time, at 80x24: the first error after the last deploy, on which hosts, with
//! its trace, copied, in under ten keys. The keys go to the screen, what they ask goes to the real log engine.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use quarterdeck::app::effect::{Effect, ExportTo};
use quarterdeck::app::message::Message;
use quarterdeck::app::state::State;
use quarterdeck::app::update::update;
use quarterdeck::domain::log::{Feed, RawLine, Source};
use quarterdeck::domain::service::ServiceOnHost;
use quarterdeck::domain::settings::LogSettings;
use quarterdeck::logs::engine::{EngineHandle, start};

use super::{picture, press, settings};

/// What was copied.
#[derive(Clone, Default)]
struct Clipboard(Arc<Mutex<Vec<u8>>>);

impl Write for Clipboard {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panics").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The screen and the engine, joined as the cockpit joins them.
struct Cockpit {
    state: State,
    engine: EngineHandle,
    clipboard: Clipboard,
    keys: usize,
}

impl Cockpit {
    async fn perform(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Logs(query) => self.engine.query(query),
                Effect::Export(export, ExportTo::Clipboard) => {
                    let taken = self.engine.export(export, Box::new(self.clipboard.clone()));
                    taken.await.expect("the engine takes it on").expect("it is there");
                }
                _ => {}
            }
        }
    }

    /// Lets windows come until the screen shows something; the screen.
    async fn until(&mut self, shows: &str) -> String {
        let mut windows = self.engine.windows();
        let waiting = async {
            loop {
                let window = (**windows.borrow_and_update()).clone();
                let effects = update(&mut self.state, Message::Logs(Box::new(window)));
                self.perform(effects).await;
                let before = self.state.viewport;
                let shown = picture(&mut self.state);
                if before != self.state.viewport {
                    self.engine.query(self.state.logs.query.clone());
                }
                if shown.contains(shows) {
                    return shown;
                }
                let _ = tokio::time::timeout(Duration::from_millis(200), windows.changed()).await;
            }
        };
        match tokio::time::timeout(Duration::from_secs(30), waiting).await {
            Ok(shown) => shown,
            Err(_) => panic!("{shows} does not come:\n{}", picture(&mut self.state)),
        }
    }

    async fn press(&mut self, keys: &str) {
        self.keys += keys.chars().count();
        let effects = press(&mut self.state, keys);
        self.perform(effects).await;
    }
}

fn line(at: DateTime<Utc>, rest: &str) -> RawLine {
    let text = format!("ts={} {rest}", at.to_rfc3339_opts(SecondsFormat::Millis, true));
    raw(&text)
}

fn raw(text: &str) -> RawLine {
    RawLine {
        bytes: Bytes::copy_from_slice(text.as_bytes()),
        truncated: 0,
        offset: None,
        time: None,
        level: None,
        returned: false,
    }
}

fn reports(state: &mut State, host: &str, version: &str) {
    let status = ServiceOnHost { version: Some(version.into()), ..ServiceOnHost::default() };
    let (service, environment) = ("api".into(), "production".into());
    update(state, Message::Service { service, environment, host: host.into(), status });
}

#[tokio::test]
async fn the_first_error_after_the_last_deploy_is_copied_with_its_trace_in_under_ten_keys() {
    let now = Utc::now();
    let (begin, deploy) = (now - TimeDelta::minutes(20), now - TimeDelta::minutes(5));
    let mut state = State::new(Arc::new(settings()), deploy, (80, 24), None);
    for host in ["web-1", "web-2"] {
        reports(&mut state, host, "1.4.2");
    }
    reports(&mut state, "web-2", "1.4.3");
    update(&mut state, Message::Tick(now));

    let engine = start(&LogSettings::default());
    for (host, broken) in [("web-1", 40), ("web-2", 10)] {
        let name = "file:/var/log/myservice/app.log".into();
        let source = Arc::new(Source { host: host.into(), service: Some("api".into()), name });
        let mut lines = Vec::new();
        for n in 0..1100 {
            lines.push(line(begin + TimeDelta::seconds(n), &format!("level=info msg=\"request handled\" n={n}")));
            if n == 100 || n == 300 {
                lines.push(line(begin + TimeDelta::seconds(n), "level=error msg=\"upstream timed out\""));
            }
            if n >= 900 + broken && n % 10 == 0 {
                let at = begin + TimeDelta::seconds(n);
                lines.push(line(at, &format!("level=error msg=\"KeyError: 'cart'\" path=/checkout request_id=7f{n}")));
                lines.push(raw("Traceback (most recent call last):"));
                lines.push(raw("  File \"/srv/app/session.py\", line 48, in __getitem__"));
                lines.push(raw("KeyError: 'cart'"));
            }
        }
        let feed = engine.feed();
        feed.send(Feed::Opened(source.clone())).await.expect("it runs");
        feed.send(Feed::Lines(source.clone(), lines)).await.expect("it runs");
        feed.send(Feed::CaughtUp(source)).await.expect("it runs");
    }
    let mut cockpit = Cockpit { state, engine, clipboard: Clipboard::default(), keys: 0 };

    cockpit.press("2").await;
    // All of both hosts is read.
    cockpit.until("2,344 lines").await;
    cockpit.press("d").await;
    let list = cockpit.until("NEW ").await;
    let row = list.lines().find(|line| line.contains("KeyError: 'cart'") && line.contains("NEW")).expect("a row");
    assert!(list.contains("Since ") && list.contains("1.4.3 on web-2"), "what it is compared with:\n{list}");
    assert!(row.contains("web-1") && row.contains("web-2"), "on which hosts: {row}");
    assert!(!list.contains("upstream timed out"), "errors from before are no news:\n{list}");
    cockpit.press("\r").await;
    let shown = cockpit.until("Traceback").await;
    let selected = shown.lines().find(|line| line.starts_with('▸')).expect("a line is selected");
    assert!(selected.contains("web-2") && selected.contains("KeyError"), "the first one: {selected}\n{shown}");
    cockpit.press("ye").await;
    let copied = String::from_utf8(cockpit.clipboard.0.lock().expect("nobody panics").clone()).expect("text");
    let lines: Vec<&str> = copied.lines().collect();
    assert!(lines[0].contains("request_id=7f910") && lines.len() == 4, "{copied}");
    assert_eq!(lines[3], "KeyError: 'cart'");
    assert!(cockpit.keys < 10, "{} keys", cockpit.keys);
}
