//! What the HTTP layer promises: tokens stay where they belong, budgets are kept, questions are put again and changes
//! are not.

use std::sync::Arc;
use std::time::{Duration, Instant};

use quarterdeck::domain::api_error::{ApiError, ApiErrorKind};
use quarterdeck::integrations::http::{ApiClient, ApiOptions, Auth, Change, Get, Limit, Method, SecretSource};
use secrecy::SecretString;
use serde_json::{Value, json};

use crate::support::http_server::{Server, answer};

const TOKEN: &str = "tok-s3cret-0123456789";

/// A secret source that always has this.
pub fn token(text: &'static str) -> SecretSource {
    Arc::new(move || Box::pin(async move { Ok(SecretString::from(text)) }))
}

fn options(base: &str) -> ApiOptions {
    let pause = Duration::from_millis(10);
    ApiOptions { pause, patience: Duration::from_secs(20), ..ApiOptions::new("GitLab", base, token(TOKEN)) }
}

fn client(server: &Server) -> ApiClient {
    ApiClient::new(options(&server.origin))
}

async fn fails(answer: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static) -> (ApiError, usize) {
    let server = Server::start(move |number, _| answer(number));
    let error = client(&server).get::<Value>(&Get::new(&["a"])).await.unwrap_err();
    (error, server.seen().len())
}

#[tokio::test]
async fn a_question_stands_beneath_the_base_with_its_segments_encoded_and_the_token_in_its_header() {
    let server = Server::start(|_, _| answer(200, &[], "{}"));
    let base = format!("{}/sub/api/v4/", server.origin);
    let get = Get::new(&["projects", "acme/shop", "env ä/.."]).query("a", "1&2").query("flag", "");
    ApiClient::new(options(&base)).get::<Value>(&get).await.unwrap();
    let own = ApiOptions { auth: Auth::Header("PRIVATE-TOKEN"), ..options(&base) };
    ApiClient::new(own).get::<Value>(&Get::new(&["..", "x"])).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen[0].line, "GET /sub/api/v4/projects/acme%2Fshop/env%20%C3%A4%2F..?a=1%262&flag");
    assert_eq!(seen[0].header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    assert_eq!((seen[1].header("private-token"), seen[1].header("authorization")), (Some(TOKEN), None));
    assert!(!seen[1].line.contains(".."), "{}", seen[1].line);
}

#[tokio::test]
async fn failures_are_told_apart_in_words_with_the_request_id() {
    for (status, kind) in [
        (401, ApiErrorKind::Unauthorized),
        (403, ApiErrorKind::Forbidden),
        (404, ApiErrorKind::NotFound),
        (400, ApiErrorKind::Rejected),
        (302, ApiErrorKind::Other),
    ] {
        let (error, times) = fails(move |_| {
            answer(status, &["x-request-id: abc", "location: http://127.0.0.1:1/"], r#"{"message":"so it is"}"#)
        })
        .await;
        assert_eq!((error.kind, error.status, times), (kind, Some(status), 1), "{error}");
        let text = error.to_string();
        assert!(text.starts_with("GitLab: GET /a: "), "{text}");
        assert!(
            text.contains("so it is") && text.contains("request abc") && text.contains("[gitlab]") || status == 400,
            "{text}"
        );
    }
    let (error, _) = fails(|_| answer(403, &[], r#"{"error":{"message":"no \u001b[31mright"}}"#)).await;
    assert!(error.to_string().contains("no ␛[31mright"), "{error}");
    let nobody = ApiClient::new(options("http://127.0.0.1:1"));
    assert_eq!(nobody.get::<Value>(&Get::new(&[])).await.unwrap_err().kind, ApiErrorKind::Unreachable);
    let secretless = ApiOptions {
        secret: Arc::new(|| Box::pin(async { Err("the variable $X is not set".to_owned()) })),
        ..options("http://127.0.0.1:1")
    };
    let error = ApiClient::new(secretless).get::<Value>(&Get::new(&[])).await.unwrap_err();
    assert_eq!(error.kind, ApiErrorKind::NoSecret);
    assert!(error.to_string().contains("$X is not set"));
}

#[tokio::test]
async fn the_token_is_in_no_error_even_where_the_api_repeats_it() {
    for status in [400, 401, 403, 500] {
        let echo = format!(r#"{{"message":"bad token {TOKEN}","errors":{{"t":["{TOKEN}"]}}}}"#);
        let (error, _) = fails(move |_| answer(status, &[&format!("x-request-id: {TOKEN}")], &echo)).await;
        assert!(!format!("{error} {error:?}").contains(TOKEN), "{error:?}");
    }
}

#[tokio::test]
async fn failing_garbled_and_cut_answers_are_asked_for_again() {
    let server = Server::start(|number, _| match number {
        0 => answer(502, &["content-type: text/html"], "<h1>Bad Gateway</h1>"),
        1 => answer(200, &[], r#"{"data":[1,"#),
        2 => answer(200, &[], "\u{0}\u{1} nothing"),
        3 => b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"data\":".to_vec(),
        4 => Vec::new(),
        _ => answer(200, &[], r#"{"data":[1,2]}"#),
    });
    let reply = client(&server).get::<Value>(&Get::new(&["a"])).await.unwrap();
    assert_eq!(reply.value, json!({"data": [1, 2]}));
    assert_eq!(server.seen().len(), 6);
    let (error, times) = fails(|_| answer(200, &[], "<html>log in</html>")).await;
    assert_eq!((error.kind, times), (ApiErrorKind::Garbage, 8));
}

#[tokio::test]
async fn a_change_is_sent_once_and_says_when_it_may_have_been_done() {
    let change = Change::new(Method::Put, &["uptime", "7"]).form(&[("paused", "true"), ("tags[]", "a b")]);
    for (status, maybe) in [(500, true), (429, false), (403, false)] {
        let server = Server::start(move |_, _| answer(status, &[], ""));
        let error = client(&server).change(&change).await.unwrap_err();
        assert_eq!((error.status, error.maybe_done, server.seen().len()), (Some(status), maybe, 1));
    }
    let cut = Server::start(|_, _| Vec::new());
    let error = client(&cut).change(&change).await.unwrap_err();
    assert!(error.maybe_done && error.to_string().contains("before doing it again"), "{error}");
    assert_eq!(cut.seen().len(), 1);
    let fine = Server::start(|_, _| answer(204, &[], ""));
    client(&fine).change(&change).await.unwrap();
    assert_eq!(
        (fine.seen()[0].line.as_str(), fine.seen()[0].body.as_str()),
        ("PUT /uptime/7", "paused=true&tags%5B%5D=a+b")
    );
}

#[tokio::test]
async fn pages_are_followed_on_the_own_origin_only() {
    let thief = Server::start(|_, _| answer(200, &[], "[]"));
    let elsewhere = format!("link: <{}/other?page=2&per_page=2>; rel=\"next\", <x?page=9>; rel=\"last\"", thief.origin);
    let server = Server::start(move |number, _| match number {
        0 => answer(200, &[&elsewhere], "[1,2]"),
        _ => answer(200, &["link: <?page=1>; rel=\"first\""], "[3]"),
    });
    let all = client(&server).all::<u32>(&Get::new(&["things"]).query("per_page", 2), 1000).await.unwrap();
    assert_eq!((all.items, all.complete), (vec![1, 2, 3], true));
    let lines: Vec<String> = server.seen().into_iter().map(|request| request.line).collect();
    assert_eq!(lines, ["GET /things?per_page=2", "GET /things?page=2&per_page=2"]);
    assert!(thief.seen().is_empty());
    // A list without an end stops where enough is had.
    let endless = Server::start(|number, _| {
        answer(200, &[&format!("link: <http://x/things?page={}>; rel=next", number + 2)], "[1,2]")
    });
    let some = client(&endless).all::<u32>(&Get::new(&["things"]), 5).await.unwrap();
    assert_eq!((some.items.len(), some.complete, endless.seen().len()), (5, false, 3));
}

#[tokio::test]
async fn redirects_are_refused_and_plain_http_only_goes_to_this_machine() {
    let thief = Server::start(|_, _| answer(200, &[], "{}"));
    let location = format!("location: {}/", thief.origin);
    let (error, times) = fails(move |_| answer(301, &[&location], "")).await;
    assert_eq!((error.kind, times, thief.seen().len()), (ApiErrorKind::Other, 1, 0));
    for base in ["http://203.0.113.9/v1", "ftp://127.0.0.1", "http://me:pass@127.0.0.1", "no url"] {
        let error = ApiClient::new(options(base)).get::<Value>(&Get::new(&[])).await.unwrap_err();
        assert_eq!(error.kind, ApiErrorKind::Other, "{base}: {error}");
    }
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let server = Server::start(|_, request| match request.header("if-none-match") {
        Some("W/\"1\"") => answer(304, &["etag: W/\"1\""], ""),
        _ => answer(200, &["etag: W/\"1\"", "x-total: 2"], "[1,2]"),
    });
    let client = client(&server);
    for _ in 0..2 {
        let reply = client.get::<Vec<u32>>(&Get::new(&["a"])).await.unwrap();
        assert_eq!((reply.header("x-total"), reply.status, reply.value.as_slice()), (Some("2"), 200, &[1, 2][..]));
    }
    assert_eq!(server.seen()[1].header("if-none-match"), Some("W/\"1\""));
    client.get::<Vec<u32>>(&Get::new(&["a"]).query("page", 2)).await.unwrap();
    assert_eq!(server.seen()[2].header("if-none-match"), None);
}

#[tokio::test]
async fn an_answer_longer_than_it_may_be_is_given_up() {
    let server = Server::start(|_, _| answer(200, &[], &format!("\"{}\"", "x".repeat(5000))));
    let small = ApiClient::new(ApiOptions { most_bytes: 1000, ..options(&server.origin) });
    let error = small.get::<Value>(&Get::new(&["a"])).await.unwrap_err();
    assert_eq!((error.kind, server.seen().len()), (ApiErrorKind::Garbage, 1), "{error}");
}

#[tokio::test]
async fn a_budget_is_kept_before_it_is_hit_and_a_refusal_is_waited_out() {
    let server = Server::start(|_, _| answer(200, &[], "1"));
    let limited = ApiOptions { limits: vec![Limit::new(3, 1)], parallel: 8, ..options(&server.origin) };
    let client = ApiClient::new(limited);
    let began = Instant::now();
    let (get, mut all) = (Get::new(&["a"]), Vec::new());
    for _ in 0..7 {
        all.push(client.get::<u32>(&get));
    }
    for done in futures_util::future::join_all(all).await {
        done.unwrap();
    }
    assert!(began.elapsed() >= Duration::from_secs(2), "the seventh of three a second is in the third second");
    // The API's own word: none left for a second.
    let server = Server::start(|number, _| match number {
        0 => answer(200, &["x-ratelimit-remaining: 0", "x-ratelimit-reset: 1"], "1"),
        1 => answer(429, &["retry-after: 1"], "{}"),
        _ => answer(200, &[], "1"),
    });
    let client = ApiClient::new(options(&server.origin));
    let began = Instant::now();
    client.get::<u32>(&get).await.unwrap();
    client.get::<u32>(&get).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(2));
    assert_eq!(server.seen().len(), 3);
    // Longer than anybody waits: said at once, with the time.
    let server = Server::start(|_, _| answer(429, &["retry-after: 600"], "{}"));
    let error = ApiClient::new(options(&server.origin)).get::<u32>(&get).await.unwrap_err();
    assert_eq!((error.kind, server.seen().len()), (ApiErrorKind::RateLimited, 1));
    assert!(error.retry_after.unwrap() > Duration::from_secs(590) && error.to_string().contains("wait "), "{error}");
}

#[tokio::test]
async fn no_more_are_under_way_at_once_than_may() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NOW: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let server = Server::start(|_, _| {
        MOST.fetch_max(NOW.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        // Until there are as many as may be, and then for as long as one more would take to come.
        let began = Instant::now();
        while MOST.load(Ordering::SeqCst) < 3 && began.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(Duration::from_millis(30));
        NOW.fetch_sub(1, Ordering::SeqCst);
        answer(200, &[], "1")
    });
    let client = ApiClient::new(ApiOptions { parallel: 3, ..options(&server.origin) });
    let get = Get::new(&["a"]);
    futures_util::future::join_all((0..12).map(|_| client.get::<u32>(&get))).await;
    assert_eq!(MOST.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_token_that_was_renewed_where_it_is_kept_is_taken_up() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let times = Arc::new(AtomicUsize::new(0));
    let source: SecretSource = Arc::new(move || {
        let text = if times.fetch_add(1, Ordering::SeqCst) == 0 { "old" } else { "new" };
        Box::pin(async move { Ok(SecretString::from(text)) })
    });
    let server = Server::start(|_, request| {
        answer(if request.header("authorization") == Some("Bearer new") { 200 } else { 401 }, &[], "1")
    });
    let client = ApiClient::new(ApiOptions { secret: source, ..options(&server.origin) });
    let get = Get::new(&["a"]);
    assert_eq!(client.get::<u32>(&get).await.unwrap_err().kind, ApiErrorKind::Unauthorized);
    assert_eq!(client.get::<u32>(&get).await.unwrap().value, 1);
}
