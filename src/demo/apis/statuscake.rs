//! StatusCake, API v1.

use chrono::DateTime;
use serde_json::{Value, json};

use super::bears;
use crate::demo::company::Company;
use crate::demo::company::checks::{Certificate, Check, Checks, Heartbeat, Window, iso};
use crate::demo::company::{DAY, Seconds};
use crate::demo::http::{Reply, Request};

/// The longest text that is kept of what is sent.
const LONGEST: usize = 200;

/// Answers a request for a path below `/v1`.
pub fn answer(company: &mut Company, request: &Request, path: &[&str], token: &str) -> Reply {
    if !bears(request, token) {
        return fault(401, "Unauthorized", &[]);
    }
    let now = company.now;
    let checks = &mut company.checks;
    let form = request.header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let reply = match (request.method.as_str(), path) {
        ("POST" | "PUT", _) if !form => fault(415, "Unsupported media type", &[]),
        ("GET", ["uptime"]) => {
            page(request, checks.checks.iter().filter(|one| is_wanted(one, request)).map(|one| check(one, now)))
        }
        ("GET", ["uptime", id]) => of(checks, id, |one| Reply::json(200, &json!({ "data": detail(one, now) }))),
        ("GET", ["uptime", id, what @ ("alerts" | "periods" | "history")]) => {
            of(checks, id, |one| series(request, checks, one, what, now))
        }
        ("PUT", ["uptime", id]) => pause(checks, id, &request.form()),
        ("GET", ["ssl"]) => page(request, checks.certificates.iter().map(|one| certificate(one, now))),
        ("GET", ["heartbeat"]) => page(request, checks.heartbeats.iter().map(|one| heartbeat(one, now))),
        ("GET", ["heartbeat", id]) => match checks.heartbeats.iter().find(|one| one.id.to_string() == *id) {
            Some(one) => {
                let mut all = heartbeat(one, now);
                all["last_tested_at"] = json!(iso(one.heard));
                Reply::json(200, &json!({ "data": all }))
            }
            None => not_found(),
        },
        ("GET", ["pagespeed"]) => page(request, [page_speed(checks, now)].into_iter()),
        ("GET", ["contact-groups"]) => page(request, [contact_group()].into_iter()),
        ("GET", ["maintenance-windows"]) => page(request, checks.windows.iter().map(|one| window(one, now))),
        ("POST", ["maintenance-windows"]) => open(checks, &request.form()),
        ("DELETE", ["maintenance-windows", id]) => {
            let before = checks.windows.len();
            checks.windows.retain(|one| one.id.to_string() != *id);
            if checks.windows.len() < before { Reply::text(204, "") } else { not_found() }
        }
        _ => not_found(),
    };
    // One limit for all: the demo's clients keep it without being told.
    reply.with("x-ratelimit-limit", "5, 60;w=60, 5;w=1").with("x-ratelimit-remaining", 4).with("x-ratelimit-reset", 1)
}

fn fault(status: u16, message: &str, errors: &[(&str, &str)]) -> Reply {
    let mut body = json!({ "message": message });
    if !errors.is_empty() {
        body["errors"] = errors.iter().map(|(field, why)| ((*field).to_owned(), json!([why]))).collect();
    }
    Reply::json(status, &body)
}

fn not_found() -> Reply {
    fault(404, "No results found", &[])
}

fn invalid(errors: &[(&str, &str)]) -> Reply {
    fault(400, "The provided parameters are invalid", errors)
}

/// A page of a list.
fn page(request: &Request, all: impl Iterator<Item = Value>) -> Reply {
    let limit: usize = request.number("limit").unwrap_or(25);
    let number: usize = request.number("page").unwrap_or(1);
    if !(1..=100).contains(&limit) || number == 0 {
        return invalid(&[("limit", "Limit must be between 1 and 100")]);
    }
    let all: Vec<Value> = all.collect();
    let data: Vec<&Value> = all.iter().skip((number - 1).saturating_mul(limit)).take(limit).collect();
    let (count, total) = (all.len().div_ceil(limit), all.len());
    let metadata = json!({ "page": number, "per_page": limit, "page_count": count, "total_count": total });
    Reply::json(200, &json!({ "data": data, "metadata": metadata }))
}

fn of(checks: &Checks, id: &str, answer: impl FnOnce(&Check) -> Reply) -> Reply {
    checks.checks.iter().find(|one| one.id.to_string() == id).map_or_else(not_found, answer)
}

/// Whether a check passes the list's filters.
fn is_wanted(check: &Check, request: &Request) -> bool {
    let status = request.param("status").is_none_or(|wanted| wanted == word(check.is_up()));
    let has = |tag: &str| check.tags.contains(&tag);
    let tags = request.param("tags").is_none_or(|tags| {
        let mut tags = tags.split(',');
        // Its being there is what counts.
        if request.param("matchany").is_some() { tags.any(has) } else { tags.all(has) }
    });
    status && tags
}

fn word(up: bool) -> &'static str {
    if up { "up" } else { "down" }
}

fn check(one: &Check, now: Seconds) -> Value {
    json!({
        "id": one.id.to_string(),
        "name": one.name,
        "website_url": one.url,
        "test_type": one.kind,
        "check_rate": one.rate,
        "contact_groups": ["71"],
        "paused": one.paused,
        "status": word(one.is_up()),
        "tags": one.tags,
        "uptime": (one.uptime(now) * 100.0).round() / 100.0,
    })
}

fn detail(one: &Check, now: Seconds) -> Value {
    let mut all = check(one, now);
    let tested = now - now.rem_euclid(one.rate);
    let server = |description, region, code, ip| json!({ "description": description, "region": region, "region_code": code, "status": "up", "ipv4": ip });
    let more = json!({
        "last_tested_at": iso(tested),
        "processing": false,
        "processing_state": "complete",
        "servers": [server("UKCON2", "United Kingdom / London", "GB1", "192.0.2.11"), server("FRA3", "Germany / Frankfurt", "DE1", "192.0.2.12")],
        "confirmation": 2,
        "trigger_rate": 0,
        "timeout": 15,
        "dns_ips": [],
        "status_codes": ["500", "501", "502", "503", "504"],
        "do_not_find": false,
        "enable_ssl_alert": false,
        "follow_redirects": false,
        "include_header": false,
        "use_jar": false,
    });
    if let (Some(all), Value::Object(more)) = (all.as_object_mut(), more) {
        all.extend(more);
    }
    all
}

/// Alerts, periods or tests of a check, newest first.
fn series(request: &Request, checks: &Checks, one: &Check, what: &str, now: Seconds) -> Reply {
    let limit: usize = request.number("limit").unwrap_or(25);
    if !(1..=100).contains(&limit) {
        return invalid(&[("limit", "Limit must be between 1 and 100")]);
    }
    let before: Seconds = request.number("before").unwrap_or(now + 1).min(now + 1);
    let rows: Vec<(Seconds, Value)> = match what {
        "alerts" => one.changes.iter().rev().map(|change| {
            let row = json!({ "id": change.at.to_string(), "status": word(change.up), "status_code": change.code, "triggered_at": iso(change.at) });
            (change.at, row)
        }).collect(),
        "periods" => {
            let ends = one.changes.iter().skip(1).map(|change| Some(change.at)).chain([None]);
            let mut rows: Vec<_> = one.changes.iter().zip(ends).map(|(change, end)| {
                let mut row = json!({ "status": word(change.up), "created_at": iso(change.at) });
                if let Some(end) = end {
                    row["ended_at"] = json!(iso(end));
                    row["duration"] = json!((end - change.at) * 1000);
                }
                (change.at, row)
            }).collect();
            rows.reverse();
            rows
        }
        _ => checks.tests(one, before, limit + 1).into_iter().map(|test| {
            (test.at, json!({ "created_at": iso(test.at), "location": "UKCON2", "performance": test.millis, "status_code": test.code }))
        }).collect(),
    };
    let older: Vec<(Seconds, Value)> = rows.into_iter().filter(|(at, _)| *at < before).collect();
    let address =
        format!("https://api.statuscake.com{}?limit={limit}", request.raw_path.trim_start_matches("/statuscake"));
    let mut links = json!({ "self": address });
    if let Some((last, _)) = older.get(limit - 1).filter(|_| older.len() > limit) {
        links["next"] = json!(format!("{address}&before={last}"));
    }
    let data: Vec<Value> = older.into_iter().take(limit).map(|(_, row)| row).collect();
    Reply::json(200, &json!({ "data": data, "links": links }))
}

fn certificate(one: &Certificate, now: Seconds) -> Value {
    json!({
        "id": one.id.to_string(),
        "website_url": one.url,
        "paused": false,
        "check_rate": 86_400,
        "contact_groups": ["71"],
        "alert_at": [1, 7, 21],
        "alert_reminder": true,
        "alert_expiry": true,
        "alert_broken": true,
        "alert_mixed": false,
        "follow_redirects": false,
        "certificate_status": "CERT_OK",
        "cipher": "TLS_AES_256_GCM_SHA384",
        "cipher_score": 100,
        "certificate_score": 95,
        "flags": { "is_extended": false, "has_pfs": true, "is_broken": false, "is_expired": one.ends < now, "is_missing": false, "is_revoked": false, "has_mixed": false, "follow_redirects": false },
        "issuer_common_name": one.issuer,
        "valid_from": iso(one.ends - 90 * DAY),
        "valid_until": iso(one.ends),
        "updated_at": iso(now - now.rem_euclid(3600)),
        "mixed_content": [],
    })
}

fn heartbeat(one: &Heartbeat, now: Seconds) -> Value {
    json!({
        "id": one.id.to_string(),
        "name": one.name,
        "period": one.period,
        "paused": false,
        "status": word(now - one.heard <= one.period),
        "uptime": 99.97,
        "tags": ["jobs"],
        "contact_groups": ["71"],
        "website_url": format!("https://push.statuscake.com/?PK=demo&TestID={}", one.id),
    })
}

/// The front page as a browser loads it.
fn page_speed(checks: &Checks, now: Seconds) -> Value {
    let millis = checks.checks.first().and_then(|one| checks.tests(one, now + 1, 1).first().map(|test| test.millis));
    json!({
        "id": "511",
        "name": "Shop front page",
        "website_url": "https://shop.lumen.example/",
        "check_rate": 600,
        "alert_bigger": 0,
        "alert_slower": 4000,
        "alert_smaller": 0,
        "contact_groups": ["71"],
        "location": "FRA3",
        "paused": false,
        "latest_stats": { "filesize": 1640.5, "has_issue": false, "loadtime": millis.unwrap_or(300) * 7, "requests": 61 },
    })
}

fn contact_group() -> Value {
    json!({
        "id": "71",
        "name": "On call",
        "email_addresses": ["oncall@lumen.example"],
        "integrations": [],
        "mobile_numbers": [],
    })
}

fn window(one: &Window, now: Seconds) -> Value {
    let state = if (one.times.0..one.times.1).contains(&now) { "active" } else { "pending" };
    json!({
        "id": one.id.to_string(),
        "name": one.name,
        "start_at": one.start,
        "end_at": one.end,
        "repeat_interval": one.repeat,
        "state": state,
        "tags": one.tags,
        "tests": one.checks,
        "timezone": one.timezone,
    })
}

fn pause(checks: &mut Checks, id: &str, form: &[(String, String)]) -> Reply {
    let Some(one) = checks.checks.iter_mut().find(|one| one.id.to_string() == id) else { return not_found() };
    match form.iter().find(|(name, _)| name == "paused").map(|(_, value)| value.as_str()) {
        Some(value @ ("true" | "false" | "1" | "0")) => {
            one.paused = matches!(value, "true" | "1");
            Reply::text(204, "")
        }
        _ => invalid(&[("paused", "Paused must be a boolean")]),
    }
}

fn open(checks: &mut Checks, form: &[(String, String)]) -> Reply {
    let value = |name: &str| form.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str());
    let all = |name: &str| -> Vec<String> {
        form.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone()).collect()
    };
    let time = |name: &str| DateTime::parse_from_rfc3339(value(name)).ok().map(|time| time.timestamp());
    let (tests, tags) = (all("tests[]"), all("tags[]"));
    let there = |id: &String| checks.checks.iter().any(|one| one.id.to_string() == *id);
    let texts = [value("name"), value("timezone")].into_iter().chain(tags.iter().map(String::as_str));
    let fits = texts.map(str::len).all(|length| length <= LONGEST) && tests.len() + tags.len() <= 100;
    let (Some(start), Some(end)) = (time("start_at"), time("end_at")) else {
        return invalid(&[("start_at", "Start at and end at must be RFC3339 times")]);
    };
    if value("name").is_empty() || value("timezone").is_empty() || !fits {
        return invalid(&[("name", "Name and timezone are required and short")]);
    }
    if end <= start {
        return invalid(&[("end_at", "End at must be after start at")]);
    }
    if (tests.is_empty() && tags.is_empty()) || !tests.iter().all(there) {
        return invalid(&[("tests", "At least one of tests and tags is required, and all must be there")]);
    }
    let texts = [value("start_at"), value("end_at")];
    match checks.add_window(value("name"), texts, (start, end), value("timezone"), (tags, tests)) {
        Some(id) => Reply::json(201, &json!({ "data": { "new_id": id.to_string() } })),
        None => invalid(&[("name", "There are too many windows")]),
    }
}
