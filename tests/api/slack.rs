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
