//! Slack's webhook: messages are sent once, and its address is in no error.

use std::sync::Arc;

use quarterdeck::domain::alert::Severity;
use quarterdeck::domain::api_error::ApiErrorKind;
use quarterdeck::domain::hosted::{SlackSend, SlackSettings, TokenState};
use quarterdeck::integrations::http::SecretSource;
use quarterdeck::integrations::slack::Slack;
use secrecy::SecretString;

use crate::support::http_server::{Server, answer};

const PATH: &str = "/services/T000/B000/s3cr3tpath";

fn slack(server: &Server) -> Slack {
    let url = format!("{}{PATH}", server.origin);
    let secret: SecretSource = Arc::new(move || {
        let url = url.clone();
        Box::pin(async move { Ok(SecretString::from(url)) })
    });
    let send = vec![SlackSend::Page, SlackSend::Deploy];
    Slack::new(&SlackSettings { webhook: None, send }, secret)
}

#[tokio::test]
async fn a_message_is_posted_as_json_and_ok_is_the_only_good_answer() {
    let server = Server::start(|number, _| answer(200, &[], if number == 0 { "ok" } else { "<html>" }));
    let slack = slack(&server);
    slack.post("*PAGE* \"x\"").await.unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].line, format!("POST {PATH}"));
    let body: serde_json::Value = serde_json::from_str(&seen[0].body).unwrap();
    assert_eq!(body["text"], "*PAGE* \"x\"");
    let error = slack.post("again").await.unwrap_err();
    assert_eq!(error.kind, ApiErrorKind::Garbage, "{error}");
    assert!(slack.tells(Severity::Page) && !slack.tells(Severity::Ticket) && slack.tells_deploys());
}

#[tokio::test]
async fn no_error_holds_the_address_and_nothing_is_sent_twice() {
    for (status, kind) in [
        (403, ApiErrorKind::Forbidden),
        (404, ApiErrorKind::NotFound),
        (410, ApiErrorKind::NotFound),
        (429, ApiErrorKind::RateLimited),
        (500, ApiErrorKind::Failing),
        (302, ApiErrorKind::Other),
    ] {
        let server = Server::start(move |_, request| {
            answer(status, &["location: http://127.0.0.1:1/"], &format!("no_service {}", request.line))
        });
        let error = slack(&server).post("x").await.unwrap_err();
        assert_eq!((error.kind, server.seen().len()), (kind, 1), "{error}");
        let text = format!("{error} {error:?}");
        assert!(text.contains("no_service") && !text.contains("s3cr3tpath"), "{text}");
    }
    let cut = Server::start(|_, _| Vec::new());
    let error = slack(&cut).post("x").await.unwrap_err();
    assert!(error.maybe_done && !format!("{error:?}").contains("s3cr3t"), "{error:?}");
    for url in ["http://hooks.example.test/s3cr3t", "s3cr3t", "ftp://x/s3cr3t"] {
        let secret: SecretSource = Arc::new(move || Box::pin(async move { Ok(SecretString::from(url)) }));
        let slack = Slack::new(&SlackSettings { webhook: None, send: vec![] }, secret);
        let error = slack.post("x").await.unwrap_err();
        assert_eq!(error.kind, ApiErrorKind::NoSecret);
        assert!(!format!("{error:?}").contains("s3cr3t"), "{error:?}");
    }
}

#[tokio::test]
async fn a_webhook_is_checked_without_a_message() {
    let good = Server::start(|_, _| answer(400, &[], "no_text"));
    assert_eq!(slack(&good).check().await.state, TokenState::May);
    assert!(good.seen()[0].body.contains(r#""text":"""#));
    let gone = Server::start(|_, _| answer(404, &[], "no_service"));
    let finding = slack(&gone).check().await;
    assert_eq!(finding.state, TokenState::Failed);
    assert!(finding.message.contains("no_service"), "{finding:?}");
}

mod crier {
    //! What a cockpit tells of alerts, through a store that two of them share.

    use std::time::Duration;

    use quarterdeck::app::message::Message;
    use quarterdeck::domain::alert::{Alert, AlertState};
    use quarterdeck::domain::event::EventKind;
    use quarterdeck::domain::hosted::{HostedSettings, SecretFrom, SecretPlace, StatusCakeSettings};
    use quarterdeck::domain::settings::StoreSettings;
    use quarterdeck::runtime::crier::{Crier, Patience, Said};
    use quarterdeck::runtime::history::History;
    use quarterdeck::runtime::hosted::Hosted;
    use quarterdeck::store::Store;
    use tokio::sync::mpsc;

    use super::*;
    use crate::support::fake_apis::FakeApis;

    const PATIENCE: Patience = Patience { group: Duration::from_millis(50), again: Duration::from_millis(200) };

    fn alert(id: &str, severity: Severity, state: AlertState) -> Alert {
        Alert {
            state,
            since: Some(chrono::Utc::now()),
            ended: (state == AlertState::Resolved).then(chrono::Utc::now),
            ..Alert::firing(format!("statuscake:{id}"), "uptime", "statuscake", severity, format!("{id} down"))
        }
    }

    fn page(id: &str) -> Alert {
        alert(id, Severity::Page, AlertState::Firing)
    }

    /// A cockpit's crier on a store: how it is spoken to, and what its screen is told.
    async fn crier(folder: &std::path::Path, server: &Server) -> (mpsc::Sender<Said>, mpsc::Receiver<Message>) {
        let history = History::new(Store::open(folder).await.unwrap(), "acme", StoreSettings::default());
        let (messages, told) = mpsc::channel(16);
        let (said, heard) = mpsc::channel(16);
        tokio::spawn(Crier::new(Some(slack(server)), history, PATIENCE, messages).listen(heard));
        (said, told)
    }

    /// The lines of each message so far, once there are so many messages.
    async fn posted(server: &Server, messages: usize) -> Vec<Vec<String>> {
        for _ in 0..1200 {
            if server.seen().len() >= messages {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        let text =
            |body: &str| serde_json::from_str::<serde_json::Value>(body).unwrap()["text"].as_str().unwrap().to_owned();
        server.seen().iter().map(|request| text(&request.body).lines().map(str::to_owned).collect()).collect()
    }

    async fn quiet() {
        tokio::time::sleep(Duration::from_millis(400)).await;
    }

    #[tokio::test]
    async fn two_cockpits_tell_of_each_beginning_and_end_once_and_of_what_is_wanted_only() {
        let server = Server::start(|_, _| answer(200, &[], "ok"));
        let folder = tempfile::tempdir().unwrap();
        let (one, _told) = crier(folder.path(), &server).await;
        let (two, _told_too) = crier(folder.path(), &server).await;
        // What ended before anybody looked is no news, and neither is a ticket: only pages are wanted.
        let ticket = alert("cert", Severity::Ticket, AlertState::Firing);
        let old = alert("old", Severity::Page, AlertState::Resolved);
        for said in [&one, &two, &one] {
            said.send(("statuscake", vec![page("shop"), page("api"), old.clone(), ticket.clone()])).await.unwrap();
        }
        let lines = posted(&server, 1).await;
        assert_eq!((lines.len(), lines[0].len()), (1, 2), "what begins together is one message: {lines:?}");
        assert!(lines[0].iter().any(|line| line.starts_with("*PAGE* shop down")), "{lines:?}");
        for said in [&two, &one] {
            said.send((
                "statuscake",
                vec![alert("shop", Severity::Page, AlertState::Resolved), page("api"), old.clone()],
            ))
            .await
            .unwrap();
            said.send(("gitlab", vec![])).await.unwrap();
        }
        let lines = posted(&server, 2).await;
        assert!(lines[1][0].starts_with("ended shop down") && lines[1].len() == 1, "{lines:?}");
        // A cockpit that is opened later knows from the store what was told.
        let (three, _told_later) = crier(folder.path(), &server).await;
        three.send(("statuscake", vec![page("api")])).await.unwrap();
        quiet().await;
        assert_eq!(posted(&server, 2).await.len(), 2);
        let store = Store::open(folder.path()).await.unwrap();
        let (since, until) = (chrono::DateTime::UNIX_EPOCH, chrono::Utc::now() + chrono::TimeDelta::days(1));
        let events = store.events("acme", since, until, 99).await.unwrap();
        let kinds: Vec<String> = events.iter().map(|event| format!("{} {}", event.kind.as_str(), event.text)).collect();
        assert_eq!(kinds.len(), 5, "tickets are kept too: {kinds:?}");
        assert!(kinds.contains(&"alert_resolved shop down".to_owned()), "{kinds:?}");
    }

    #[tokio::test]
    async fn what_ended_while_no_cockpit_ran_is_kept_as_ended_once_its_source_was_heard() {
        let (fake, folder) = (FakeApis::public(&[]), tempfile::tempdir().unwrap());
        let store = Store::open(folder.path()).await.unwrap();
        let history = History::new(store.clone(), "acme", StoreSettings::default());
        // Two that last, and two that are not there any more: a certificate, and a check that is up.
        let named = |rule: &str, id: &str| Alert {
            id: format!("statuscake:{rule}:{id}"),
            rule: rule.to_owned(),
            title: format!("{rule} {id}"),
            since: chrono::DateTime::from_timestamp(1_773_850_000, 0),
            ..page("")
        };
        let (lasting, late) = (named("uptime", "6003"), named("heartbeat", "901"));
        let (gone, up) = (named("certificate", "899"), named("uptime", "6000"));
        let all = [&lasting, &late, &gone, &up];
        assert_eq!(history.turns(&all, chrono::Utc::now()).await.unwrap(), [true; 4]);
        let echo =
            SecretFrom::Command { argv: vec!["echo".to_owned(), "sc-qd".to_owned()], folder: folder.path().to_owned() };
        let statuscake = StatusCakeSettings {
            base: format!("{}/v1", fake.url("statuscake")),
            token: Some(SecretPlace { from: echo, prefix: String::new() }),
            tags: Vec::new(),
            owners: Vec::new(),
        };
        let settings = HostedSettings { statuscake: Some(statuscake), ..HostedSettings::default() };
        let (messages, mut told) = mpsc::channel(16);
        tokio::spawn(async move { while told.recv().await.is_some() {} });
        let _hosted = Hosted::consult(&settings, Some(&history), &messages);
        let until = chrono::Utc::now() + chrono::TimeDelta::days(1);
        let mut ended = Vec::new();
        for _ in 0..1200 {
            let events = store.events("acme", chrono::DateTime::UNIX_EPOCH, until, 999).await.unwrap();
            let over = events.into_iter().filter(|event| event.kind == EventKind::AlertResolved);
            ended = over.map(|event| event.text).collect();
            if ended.len() >= 2 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        ended.sort();
        assert_eq!(ended, ["certificate 899", "uptime 6000"]);
        let standing = history.standing_alerts("statuscake").await.unwrap();
        for (alert, stands) in [(&lasting, true), (&late, true), (&gone, false), (&up, false)] {
            assert_eq!(standing.iter().any(|one| one.id == alert.id), stands, "{}", alert.id);
        }
    }

    #[tokio::test]
    async fn a_cockpit_that_is_closed_before_it_has_told_leaves_that_to_another() {
        let server = Server::start(|_, _| answer(200, &[], "ok"));
        let folder = tempfile::tempdir().unwrap();
        let (brief, _told) = crier(folder.path(), &server).await;
        brief.send(("statuscake", vec![page("shop")])).await.unwrap();
        drop(brief);
        let (stays, _told_too) = crier(folder.path(), &server).await;
        stays.send(("statuscake", vec![page("shop")])).await.unwrap();
        let lines = posted(&server, 1).await;
        assert!(lines[0][0].starts_with("*PAGE* shop down"), "{lines:?}");
    }

    #[tokio::test]
    async fn a_channel_that_fails_is_told_of_once_and_tried_again_only_where_nothing_can_have_arrived() {
        let server = Server::start(|number, _| {
            answer(if number < 2 { 429 } else { 200 }, &[], if number < 2 { "slow" } else { "ok" })
        });
        let folder = tempfile::tempdir().unwrap();
        let (said, mut told) = crier(folder.path(), &server).await;
        said.send(("statuscake", vec![page("shop")])).await.unwrap();
        let Some(Message::Notice { bad: true, text }) = told.recv().await else { panic!("it is told") };
        assert!(text.contains("Slack was not told of an alert") && text.contains("tried again"), "{text}");
        let lines = posted(&server, 3).await;
        assert!(lines.iter().all(|lines| lines[0].starts_with("*PAGE* shop down")), "{lines:?}");
        assert!(told.try_recv().is_err(), "the same trouble again is no news");

        let unsure = Server::start(|_, _| answer(500, &[], "oops"));
        let (said, mut told) = crier(folder.path(), &unsure).await;
        said.send(("statuscake", vec![page("other")])).await.unwrap();
        assert!(matches!(told.recv().await, Some(Message::Notice { bad: true, .. })));
        quiet().await;
        assert_eq!(unsure.seen().len(), 1, "it may have arrived");
    }
}
