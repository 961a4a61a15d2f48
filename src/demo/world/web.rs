//! A web host: requests through nginx to the api, and what both write about them.

use super::jobs::Job;
use super::line::Second;
use super::machine::Usage;
use super::rng::Rng;
use super::story::Scene;

/// nginx's access log: the combined format with the request's time and id after it.
pub const ACCESS: &str = "/var/log/nginx/access.log";
/// nginx's error log.
pub const ERROR: &str = "/var/log/nginx/error.log";
/// The api's own log, in logfmt.
pub const APP: &str = "/var/log/myservice/app.log";

/// Lines that one request makes: nginx's and the api's.
pub const LINES_EACH: f64 = 2.0;

/// Share of seconds in which nginx warns of a long answer.
const BUFFERED: f64 = 0.03;

/// Share of answered POSTs that leave a job to be done later.
const JOB_SHARE: f64 = 0.4;
/// The most jobs that are left in one second.
const MOST_JOBS: usize = 8;

const PATHS: [(&str, &str); 10] = [
    ("GET", "/"),
    ("GET", "/products"),
    ("GET", "/products/1041"),
    ("GET", "/search?q=lamp"),
    ("GET", "/cart"),
    ("POST", "/cart"),
    ("GET", "/checkout"),
    ("POST", "/checkout"),
    ("GET", "/account"),
    ("GET", "/static/app.js"),
];
const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36",
    "shop-android/3.2.1",
];
const TRACE: &str = "Traceback (most recent call last):
  File \"/srv/myservice/app/views.py\", line 212, in checkout
    total = price(session[\"cart\"])
  File \"/srv/myservice/app/session.py\", line 48, in __getitem__
    return self._values[key]
KeyError: 'cart'";

/// What a web host has to do in one second.
#[derive(Clone, Copy, Debug)]
pub struct Load<'s> {
    /// Requests a second, on average.
    pub requests_s: f64,
    /// How the api is.
    pub scene: &'s Scene,
}

/// One request.
struct Request {
    at_ms: u64,
    method: &'static str,
    path: &'static str,
    id: u64,
    client: u64,
    agent: &'static str,
    took_ms: f64,
}

/// Writes a second of requests; leaves jobs.
pub fn write(load: &Load<'_>, second: &mut Second, rng: &mut Rng, jobs: &mut Vec<Job>) -> Usage {
    let scene = load.scene;
    if let Some(from) = &scene.replaces {
        deploy(from, &scene.version, second);
    }
    let count = if scene.closed { 0 } else { rng.count(load.requests_s) };
    let mut left = 0;
    for i in 0..count {
        let mut request = request(i, count, rng);
        if scene.away {
            refuse(&request, second);
        } else if rng.chance(scene.failing) {
            (request.method, request.path) =
                rng.pick(&[("GET", "/checkout"), ("POST", "/checkout"), ("POST", "/cart")]);
            fail(&request, &scene.version, second);
        } else {
            // Whoever waits for the failing ones waits too.
            request.took_ms *= 1.0 + 3.0 * scene.failing;
            answer(&request, second, rng);
            if request.method == "POST" && left < MOST_JOBS && rng.chance(JOB_SHARE) {
                left += 1;
                jobs.push(Job { request: request.id });
            }
        }
    }
    if count > 0 && rng.chance(BUFFERED) {
        let line = format!(
            "{} [warn] 812#812: *{} an upstream response is buffered to a temporary file \
             /var/lib/nginx/proxy/{}/00/0000000{}, server: shop, request: \"GET /products HTTP/1.1\"",
            second.slashes,
            rng.below(90_000),
            rng.below(9),
            rng.below(9)
        );
        second.put(ERROR, 500, line);
    }
    let requests = count as f64;
    Usage {
        cpu: 0.10 + (requests * 0.008).min(0.45) + 0.35 * scene.failing,
        memory: 0.52 + 0.1 * scene.failing - if scene.away { 0.2 } else { 0.0 },
        received: requests * 900.0,
        sent: requests * 11_000.0,
        read: 4e3,
        written: 40e3 + requests * 300.0,
        requests,
    }
}

fn request(i: u64, count: u64, rng: &mut Rng) -> Request {
    let (method, path) = rng.pick(&PATHS);
    Request {
        at_ms: ((i as f64 + rng.unit()) / count as f64 * 1000.0) as u64,
        method,
        path,
        id: rng.bits() >> 32,
        client: rng.below(250) + 2,
        agent: rng.pick(&AGENTS),
        took_ms: 6.0 + rng.wait(38.0),
    }
}

fn answer(request: &Request, second: &mut Second, rng: &mut Rng) {
    let odd = rng.chance(0.03);
    let (status, level, message) = match request.method {
        _ if odd => (rng.pick(&[404, 404, 429, 499]), "warn", "request refused"),
        _ if request.took_ms > 220.0 => (200, "warn", "slow request"),
        "POST" => (303, "info", "request handled"),
        _ => (200, "info", "request handled"),
    };
    let (Request { at_ms, method, path, id, took_ms, .. }, iso) = (request, &second.iso);
    let line = format!(
        "ts={iso}.{at_ms:03}Z level={level} msg=\"{message}\" method={method} path={path} status={status} dur_ms={took_ms:.1} \
         request_id={id:08x}"
    );
    second.put(APP, *at_ms, line);
    access(request, status, 900 + rng.below(30_000), second);
}

fn fail(request: &Request, version: &str, second: &mut Second) {
    let (Request { at_ms, method, path, id, took_ms, .. }, iso) = (request, &second.iso);
    let line = format!(
        "ts={iso}.{at_ms:03}Z level=error msg=\"KeyError: 'cart'\" method={method} path={path} status=500 \
         dur_ms={took_ms:.1} version={version} request_id={id:08x}\n{TRACE}"
    );
    second.put(APP, *at_ms, line);
    access(request, 500, 141, second);
}

/// nginx answers for an api that is away.
fn refuse(request: &Request, second: &mut Second) {
    let (Request { at_ms, method, path, id, client, .. }, time) = (request, &second.slashes);
    let line = format!(
        "{time} [error] 812#812: *{id} connect() failed (111: Connection refused) while connecting to upstream, \
         client: 10.20.0.{client}, server: shop, request: \"{method} {path} HTTP/1.1\", \
         upstream: \"http://127.0.0.1:8000{path}\""
    );
    second.put(ERROR, *at_ms, line);
    access(request, 502, 157, second);
}

fn access(request: &Request, status: u16, bytes: u64, second: &mut Second) {
    let (Request { at_ms, method, path, id, client, agent, took_ms }, time) = (request, &second.clf);
    let took = took_ms / 1000.0;
    let line = format!(
        "10.20.0.{client} - - [{time}] \"{method} {path} HTTP/1.1\" {status} {bytes} \"-\" \"{agent}\" \
         rt={took:.3} rid={id:08x}"
    );
    second.put(ACCESS, *at_ms, line);
}

/// What the api says while it is being replaced.
fn deploy(from: &str, to: &str, second: &mut Second) {
    let numbers =
        |version: &str| -> Vec<u64> { version.split(['.', '-']).map(|part| part.parse().unwrap_or(0)).collect() };
    let why = if numbers(to) < numbers(from) { "rollback" } else { "deploy" };
    let iso = &second.iso;
    let lines = [
        (5, format!("ts={iso}.005Z level=notice msg=\"{why} begins\" from={from} to={to} by=gitlab")),
        (40, format!("ts={iso}.040Z level=info msg=\"stopping\" version={from} reason=sigterm")),
        (960, format!("ts={iso}.960Z level=info msg=\"starting\" version={to} workers=4")),
    ];
    for (at_ms, line) in lines {
        second.put(APP, at_ms, line);
    }
}
