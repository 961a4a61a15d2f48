//! GitLab, REST v4: what can be asked.

use chrono::DateTime;
use serde_json::{Value, json};

use super::gitlab_changes as changes;
use super::gitlab_objects::Objects;
use crate::demo::company::project::{Commit, Project};
use crate::demo::company::trace::trace;
use crate::demo::company::{Company, DAY, Seconds};
use crate::demo::http::{Reply, Request};

/// Answers by the company's state.
pub struct GitLab<'d> {
    /// The token that is taken.
    pub token: &'d str,
    /// Where it is, as it says in links.
    pub origin: &'d str,
    /// The web hosts' names.
    pub hosts: &'d [String],
}

/// The first of GitLab's shapes of errors.
pub fn fault(status: u16, message: &str) -> Reply {
    Reply::json(status, &json!({ "message": message }))
}

pub fn not_found(what: &str) -> Reply {
    fault(404, &format!("404 {what} Not Found"))
}

impl GitLab<'_> {
    /// Answers a request for a path below `/api/v4`.
    pub fn answer(&self, company: &mut Company, request: &Request, path: &[&str]) -> Reply {
        let bearer = request.header("authorization").and_then(|shown| shown.strip_prefix("Bearer "));
        if request.header("private-token").or(bearer) != Some(self.token) {
            return fault(401, "401 Unauthorized");
        }
        let reply = match path {
            ["projects", of, rest @ ..] => {
                let known = |one: &Project| one.path == *of || one.id.to_string() == *of;
                match company.ci.projects.iter().position(known) {
                    None => not_found("Project"),
                    Some(at) if request.method != "GET" => changes::change(company, at, request, rest),
                    Some(at) => self.of_project(company, &company.ci.projects[at], request, rest),
                }
            }
            _ if request.method != "GET" => Reply::json(405, &json!({ "error": "405 Not Allowed" })),
            ["personal_access_tokens", "self"] => {
                let ends = DateTime::from_timestamp(company.now + 61 * DAY, 0).unwrap_or_default();
                Reply::json(
                    200,
                    &json!({
                        "id": 77, "name": "quarterdeck", "revoked": false, "active": true, "scopes": ["api"], "user_id": 6,
                        "expires_at": ends.format("%Y-%m-%d").to_string(),
                    }),
                )
            }
            ["projects"] => self.list(request, company.ci.projects.iter().map(|one| Objects(one).project()).collect()),
            _ => Reply::json(404, &json!({ "error": "404 Not Found" })),
        };
        marked(request, reply)
    }

    fn of_project(&self, company: &Company, project: &Project, request: &Request, path: &[&str]) -> Reply {
        let (objects, now) = (Objects(project), company.now);
        let since = request.param("updated_after").and_then(time);
        let newer = |at: Seconds| since.is_none_or(|since| at >= since);
        let is = |name: &str, value: &str| request.param(name).is_none_or(|wanted| wanted == value);
        match path {
            [] => Reply::json(200, &objects.project()),
            ["environments"] => self.list(request, objects.environments(now)),
            ["environments", id] => one_of("Environment", objects.environments(now), "id", id),
            ["deployments"] => {
                if since.is_some() && request.param("order_by") != Some("updated_at") {
                    return fault(400, "`updated_at` filter requires `updated_at` sort");
                }
                let passes = |one: &&_| {
                    let one: &crate::demo::company::project::Deployment = one;
                    newer(one.updated) && is("environment", one.place) && is("status", one.status.as_str())
                };
                let mut all: Vec<_> = project.deployments.iter().filter(passes).collect();
                if request.param("order_by") == Some("updated_at") {
                    all.sort_by_key(|one| (one.updated, one.id));
                }
                self.sorted(request, "asc", all.into_iter().map(|one| objects.deployment(one)).collect())
            }
            ["deployments", id] => {
                one_of("Deployment", project.deployments.iter().map(|one| objects.deployment(one)).collect(), "id", id)
            }
            ["deployments", id, "merge_requests"] => {
                let Some(this) = project.deployments.iter().find(|one| one.id.to_string() == *id) else {
                    return not_found("Deployment");
                };
                let before = project.deployments.iter().rev().find(|one| one.id < this.id && one.place == this.place);
                let commits = before.map_or(&[][..], |before| between(project, &before.sha, &this.sha));
                self.list(request, commits.iter().map(|one| objects.merge_request(one)).collect())
            }
            ["pipelines"] => {
                let passes = |one: &&_| {
                    let one: &crate::demo::company::project::Pipeline = one;
                    newer(one.updated) && is("ref", &one.git_ref) && is("source", one.source)
                };
                let mut all: Vec<_> = project.pipelines.iter().filter(passes).collect();
                if request.param("order_by") == Some("updated_at") {
                    all.sort_by_key(|one| (one.updated, one.id));
                }
                let all = all.into_iter().map(|one| objects.pipeline(one));
                self.sorted(
                    request,
                    "desc",
                    all.filter(|one| is("status", one["status"].as_str().unwrap_or(""))).collect(),
                )
            }
            ["pipelines", id, rest @ ..] => {
                let Some(pipeline) = project.pipelines.iter().find(|one| one.id.to_string() == *id) else {
                    return not_found("Pipeline");
                };
                let retried = request.param("include_retried") == Some("true");
                let jobs = project.jobs.iter().filter(|job| job.pipeline == pipeline.id);
                let jobs = jobs.filter(|job| retried || !project.is_retried(job));
                match rest {
                    [] => Reply::json(200, &objects.pipeline(pipeline)),
                    ["jobs"] => self.sorted(request, "desc", jobs.map(|job| objects.job(job, now)).collect()),
                    ["bridges"] => self.list(request, Vec::new()),
                    _ => not_found("Pipeline"),
                }
            }
            ["jobs", id, rest @ ..] => match (project.jobs.iter().find(|one| one.id.to_string() == *id), rest) {
                (Some(job), []) => Reply::json(200, &objects.job(job, now)),
                (Some(job), ["trace"]) => ranged(request, trace(project, job, self.hosts, now).into_bytes()),
                _ => fault(404, "404 Not found"),
            },
            ["repository", "tags"] => self.tags(project, request),
            ["repository", "tags", name] => {
                one_of("Tag", project.tags.iter().map(|one| objects.tag(one)).collect(), "name", name)
            }
            ["repository", "compare"] => compare(project, request),
            ["repository", "commits"] => {
                self.sorted(request, "desc", project.commits.iter().map(|one| objects.commit(one)).collect())
            }
            ["releases"] => {
                // Not every tag is one.
                let all = project.tags.iter().filter(|tag| !tag.name.contains('-'));
                self.sorted(request, "desc", all.map(|tag| objects.release(tag)).collect())
            }
            ["merge_requests"] => {
                let merged = is("state", "merged") || is("state", "all");
                let all = project.commits.iter().filter(|one| merged && newer(one.at));
                self.sorted(request, "desc", all.map(|one| objects.merge_request(one)).collect())
            }
            ["issues"] => {
                let all = project.incidents.iter().filter(|one| {
                    let state = if one.closed.is_some() { "closed" } else { "opened" };
                    newer(one.closed.unwrap_or(one.opened)) && is("state", state) && is("issue_type", "incident")
                });
                self.sorted(request, "desc", all.map(|one| objects.incident(one)).collect())
            }
            ["issues", iid] => {
                one_of("Issue", project.incidents.iter().map(|one| objects.incident(one)).collect(), "iid", iid)
            }
            _ => Reply::json(404, &json!({ "error": "404 Not Found" })),
        }
    }

    fn tags(&self, project: &Project, request: &Request) -> Reply {
        let search = request.param("search").unwrap_or("");
        let passes = |name: &str| match search.strip_prefix('^') {
            Some(start) => name.starts_with(start),
            None => name.contains(search),
        };
        let mut tags: Vec<_> = project.tags.iter().filter(|tag| passes(&tag.name)).collect();
        match request.param("order_by") {
            Some("name") => tags.sort_by(|a, b| a.name.cmp(&b.name)),
            Some("version") => tags.sort_by_key(|tag| parts(&tag.name)),
            _ => tags.sort_by_key(|tag| tag.created),
        }
        self.sorted(request, "desc", tags.into_iter().map(|tag| Objects(project).tag(tag)).collect())
    }

    /// A page of rows that come in ascending order.
    fn sorted(&self, request: &Request, usual: &str, mut rows: Vec<Value>) -> Reply {
        if request.param("sort").unwrap_or(usual) == "desc" {
            rows.reverse();
        }
        self.list(request, rows)
    }

    /// A page.
    fn list(&self, request: &Request, rows: Vec<Value>) -> Reply {
        let per_page = request.number("per_page").unwrap_or(20_usize).clamp(1, 100);
        let page = request.number("page").unwrap_or(1_usize).max(1);
        let (total, pages) = (rows.len(), rows.len().div_ceil(per_page).max(1));
        let part: Vec<Value> = rows.into_iter().skip((page - 1).saturating_mul(per_page)).take(per_page).collect();
        let next = (page < pages).then_some(page + 1);
        let mut links = Vec::new();
        for (rel, number) in [("next", next), ("first", Some(1)), ("last", Some(pages))] {
            if let Some(number) = number {
                links.push(format!("<{}>; rel=\"{rel}\"", self.address(request, number, per_page)));
            }
        }
        Reply::json(200, &Value::Array(part))
            .with("Link", links.join(", "))
            .with("X-Page", page)
            .with("X-Per-Page", per_page)
            .with("X-Total", total)
            .with("X-Total-Pages", pages)
            .with("X-Next-Page", next.map_or(String::new(), |next| next.to_string()))
    }

    /// Where another page of what was asked for is.
    fn address(&self, request: &Request, page: usize, per_page: usize) -> String {
        let mut query = String::new();
        for (name, value) in request.query.iter().filter(|(name, _)| name != "page" && name != "per_page") {
            query += &format!("{}={}&", encoded(name), encoded(value));
        }
        format!("{}{}?{query}page={page}&per_page={per_page}", self.origin, request.raw_path)
    }
}

/// An answer that says whether it still holds.
fn marked(request: &Request, reply: Reply) -> Reply {
    use std::hash::{DefaultHasher, Hash, Hasher};
    if request.method != "GET" || reply.status != 200 {
        return reply;
    }
    let mut hash = DefaultHasher::new();
    reply.body.hash(&mut hash);
    let mark = format!("W/\"{:016x}\"", hash.finish());
    if request.header("if-none-match") == Some(&mark) {
        return Reply { status: 304, body: Vec::new(), ..reply }.with("ETag", mark);
    }
    reply.with("ETag", mark)
}

/// What a text is in a query.
fn encoded(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    text.bytes().map(|byte| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// A time in a parameter.
fn time(text: &str) -> Option<Seconds> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp())
}

/// The row whose field is this.
fn one_of(what: &str, rows: Vec<Value>, field: &str, wanted: &str) -> Reply {
    let is = |row: &&Value| match &row[field] {
        Value::Number(number) => wanted.parse() == Ok(number.as_u64().unwrap_or(0)),
        other => other == wanted,
    };
    rows.iter().find(is).map_or_else(|| not_found(what), |row| Reply::json(200, row))
}

/// A version's parts, so that 1.10 comes after 1.9 and a candidate before its release.
fn parts(name: &str) -> (Vec<u64>, bool, String) {
    let (numbers, rest) = name.trim_start_matches('v').split_once('-').unwrap_or((name, ""));
    (numbers.split('.').map(|part| part.parse().unwrap_or(0)).collect(), rest.is_empty(), rest.to_owned())
}

/// A file, or the part of it that is asked for.
fn ranged(request: &Request, all: Vec<u8>) -> Reply {
    let Some(range) = request.header("range").and_then(|range| range.strip_prefix("bytes=")) else {
        return Reply::text(200, all);
    };
    let total = all.len();
    let (from, to) = range.split_once('-').unwrap_or((range, ""));
    let from: usize = from.parse().unwrap_or(usize::MAX);
    let to = to.parse::<usize>().unwrap_or(usize::MAX).min(total.saturating_sub(1));
    match all.get(from..=to).filter(|_| from < total) {
        Some(part) => Reply::text(206, part).with("Content-Range", format!("bytes {from}-{to}/{total}")),
        None => Reply::text(416, "").with("Content-Range", format!("bytes */{total}")),
    }
}

/// The commits after one, up to another.
fn between<'p>(project: &'p Project, from: &str, to: &str) -> &'p [Commit] {
    let place = |sha: &str| project.commits.iter().position(|commit| *commit.sha == *sha);
    match (place(from), place(to)) {
        (Some(from), Some(to)) if from < to => &project.commits[from + 1..=to],
        _ => &[],
    }
}

fn compare(project: &Project, request: &Request) -> Reply {
    let resolved = |name: &str| project.resolve(request.param(name)?).map(|(sha, _)| sha);
    let (Some(from), Some(to)) = (resolved("from"), resolved("to")) else { return not_found("Ref") };
    let (objects, commits) = (Objects(project), between(project, &from, &to));
    let diffs: Vec<Value> = commits.iter().map(|commit| objects.diff(commit)).collect();
    Reply::json(
        200,
        &json!({
            "commit": commits.last().map(|last| objects.commit(last)),
            "commits": commits.iter().map(|one| objects.commit(one)).collect::<Vec<_>>(),
            "diffs": diffs,
            "compare_timeout": false,
            "compare_same_ref": from == to,
            "web_url": objects.page(&format!("compare/{from}...{to}")),
        }),
    )
}
