//! Questions of health and version, asked from the host itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use quarterdeck::domain::host::{HostName, Link};
use quarterdeck::domain::service::{Health, HealthCheck, Service, VersionSource};
use quarterdeck::hosts::HostEvent;
use quarterdeck::integrations::http::{HostHttp, HttpError};
use quarterdeck::transport::{Backlog, ExecSpec, Exit, SharedTransport, Stream, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::world::{Watched, local, plan, service};

/// A server on this machine: status and body by path; `/hang` never answers. Returns its address and how often it was
/// asked.
async fn server() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                let mut request = vec![0; 4096];
                let read = socket.read(&mut request).await.unwrap_or(0);
                let request = String::from_utf8_lossy(&request[..read]).into_owned();
                let path = request.split(' ').nth(1).unwrap_or("").to_owned();
                let (head, body) = match path.as_str() {
                    "/ok" => ("200 OK", "fine".to_owned()),
                    "/sick" => ("500 Oh", "database\x1b[31m is gone\nand more".to_owned()),
                    "/moved" => ("302 Found\r\nLocation: /ok", String::new()),
                    "/version" => ("200 OK", "{\"version\":\"1.4.2\"}".to_owned()),
                    "/huge" => ("200 OK", "x".repeat(1 << 20)),
                    "/hang" => return tokio::time::sleep(Duration::from_secs(60)).await,
                    _ => ("404 No", String::new()),
                };
                let length = body.len();
                let answer = format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
                let _ = socket.write_all(answer.as_bytes()).await;
            });
        }
    });
    (address, asked)
}

fn check(url: String) -> HealthCheck {
    let (timeout, every) = (Duration::from_secs(3), Duration::from_millis(300));
    HealthCheck { url, status: vec![(200, 299)], timeout, every }
}

#[tokio::test]
async fn a_service_s_health_and_version_are_told_with_the_reason() {
    let (address, _) = server().await;
    let cases = [
        ("fine", format!("{address}/ok"), Health::Ok, None),
        ("sick", format!("{address}/sick"), Health::Failing, Some("HTTP 500: database␛[31m is gone".to_owned())),
        ("moved", format!("{address}/moved"), Health::Failing, Some("HTTP 302".to_owned())),
        ("slow", format!("{address}/hang"), Health::Failing, Some("no answer within 3 s".to_owned())),
        (
            "gone",
            "http://127.0.0.1:1/".to_owned(),
            Health::Failing,
            Some("connection refused on 127.0.0.1:1".to_owned()),
        ),
    ];
    let mut plan = plan(1000);
    let with = |(name, url, ..): &(&str, String, Health, Option<String>)| Service {
        health: Some(check(url.clone())),
        version: Some(VersionSource::Url(format!("{address}/version"))),
        ..service(name)
    };
    plan.services = cases.iter().map(with).collect();
    plan.services.push(Service {
        version: Some(VersionSource::Command(vec!["echo".into(), "v 2.0".into()])),
        ..service("command")
    });
    let mut here = Watched::start(local(), plan);
    let mut left: Vec<&str> = cases.iter().map(|case| case.0).chain(["command"]).collect();
    here.wait("every service's state", |event| {
        if let HostEvent::Service { service, environment, status } = event {
            assert_eq!(environment, "test");
            let expected = cases.iter().find(|case| case.0 == service);
            let done = match expected {
                Some((_, _, health, detail)) => {
                    // A busy machine may not have answered in time at first, and that is a detail of its own.
                    status.version.as_deref() == Some("1.4.2")
                        && (status.health, &status.health_detail) == (*health, detail)
                }
                None => status.version.as_deref() == Some("v 2.0"),
            };
            if done {
                assert!(status.heard.is_some());
                left.retain(|name| *name != service);
            }
        }
        left.is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_lost_host_s_services_are_unknown_not_failing() {
    let (address, _) = server().await;
    let mut plan = plan(1000);
    plan.services = vec![Service { health: Some(check(format!("{address}/ok"))), ..service("api") }];
    let transport = local();
    let mut here = Watched::start(transport.clone(), plan);
    let health = |event| if let HostEvent::Service { status, .. } = event { Some(status.health) } else { None };
    here.wait("ok", |event| (health(event)? == Health::Ok).then_some(())).await;
    transport.close();
    let then = here.wait("a change", |event| health(event).filter(|health| *health != Health::Ok)).await;
    assert_eq!(then, Health::Unknown);
}

#[tokio::test]
async fn bodies_are_bounded_and_bad_urls_are_errors() {
    let (address, _) = server().await;
    let http = HostHttp::new(local());
    let timeout = Duration::from_secs(5);
    let answer = http.get(&format!("{address}/huge"), timeout).await.unwrap();
    assert_eq!((answer.status, answer.body.len()), (200, 64 << 10));
    for url in ["", "nonsense", "file:///etc/passwd", "http://"] {
        assert!(matches!(http.get(url, timeout).await, Err(HttpError::Url(_))), "{url}");
    }
}

/// This machine, whose sshd forbids forwarding.
struct Forbidding(SharedTransport);

impl Transport for Forbidding {
    fn host(&self) -> &HostName {
        self.0.host()
    }

    fn exec(&self, spec: ExecSpec) -> Stream {
        self.0.exec(spec)
    }

    fn dial(&self, _: &str, _: u16) -> Stream {
        let (stream, producer) = Stream::new(1, true, Backlog::Stall);
        tokio::spawn(producer.outbox.finish(Exit::Refused("administratively prohibited".to_owned())));
        stream
    }

    fn link(&self) -> tokio::sync::watch::Receiver<Link> {
        self.0.link()
    }

    fn reconnect(&self) {}

    fn declare_dead(&self, generation: u64, why: &str) {
        self.0.declare_dead(generation, why);
    }

    fn close(&self) {}
}

#[tokio::test]
async fn where_forwarding_is_forbidden_the_host_s_own_programs_ask() {
    let (address, asked) = server().await;
    let http = HostHttp::new(Arc::new(Forbidding(local())));
    let timeout = Duration::from_secs(5);
    let has = |program: &str| std::process::Command::new(program).arg("--version").output().is_ok();
    if !has("curl") && !has("wget") {
        let refused = http.get(&format!("{address}/ok"), timeout).await;
        assert!(matches!(refused, Err(HttpError::Forbidden(_))), "{refused:?}");
        return;
    }
    let answer = http.get(&format!("{address}/ok"), timeout).await.unwrap();
    assert_eq!((answer.status, answer.body.as_slice()), (200, b"fine".as_slice()));
    assert_eq!(asked.load(Ordering::Relaxed), 1, "asked once, by the host");
    if has("curl") {
        let sick = http.get(&format!("{address}/sick"), timeout).await.unwrap();
        assert_eq!((sick.status, sick.body.starts_with(b"database")), (500, true));
    }
    assert!(http.get("http://127.0.0.1:1/", timeout).await.is_err());
}
