//! What a job says: as a runner writes it, with its sections, colours and progress.

use std::fmt::Write as _;

use super::plan::{PRODUCTION, Plan, Task, plan};
use super::project::{Job, Project, Status};
use super::{Delivered, Seconds};

/// What a job has said so far, for a service on hosts of these names.
pub fn trace(project: &Project, job: &Job, hosts: &[String], now: Seconds) -> String {
    let (Some(started), Some(pipeline)) = (job.started, project.pipeline(job.pipeline)) else { return String::new() };
    let version = &pipeline.git_ref;
    let here = if project.service == Delivered::Api { hosts.len() } else { 0 };
    let plan = plan(job.task, version, here);
    let mut said = Said { text: String::new(), started, until: job.finished.unwrap_or(now) - started };
    said.line(0, "\u{1b}[0KRunning with gitlab-runner 17.9.1\u{1b}[0;m");
    said.section(0, 1, "prepare_executor", "Preparing the \"docker\" executor");
    said.line(1, "Using docker image debian:bookworm …");
    said.section(1, 3, "get_sources", "Getting source from Git repository");
    said.line(
        2,
        &format!("Checking out {} as detached HEAD (ref is {version})...", pipeline.sha.get(..8).unwrap_or("")),
    );
    match job.task {
        Task::Lint => said.steps(3, plan.seconds, &["ruff check app", "ruff format --check app", "All checks passed!"]),
        Task::Test => said.tests(&plan),
        Task::Build => {
            let archive = format!("tar -czf dist/{}-{version}.tar.gz app", name(project));
            said.steps(
                3,
                plan.seconds,
                &["python -m build", "* Building wheel...", &archive, "Uploading artifacts... 201"],
            );
        }
        Task::Staging => said.steps(3, plan.seconds, &["bin/deploy staging", "switched 1 host", "healthy after 4 s"]),
        Task::Production => said.deploy(project, version, &plan, hosts),
    }
    match job.status {
        Status::Success => said.end("\u{1b}[32;1mJob succeeded\u{1b}[0;m"),
        Status::Failed => said.end("\u{1b}[31;1mERROR: Job failed: exit code 1\u{1b}[0;m"),
        Status::Canceled => said.end("\u{1b}[31;1mERROR: Job failed: canceled\u{1b}[0;m"),
        _ => {}
    }
    said.text
}

fn name(project: &Project) -> &str {
    project.path.rsplit('/').next().unwrap_or(project.path)
}

struct Said {
    text: String,
    started: Seconds,
    /// Seconds after the start after which nothing has been said yet.
    until: Seconds,
}

impl Said {
    fn line(&mut self, at: Seconds, line: &str) {
        if at <= self.until {
            self.text.push_str(line);
            self.text.push('\n');
        }
    }

    fn section(&mut self, from: Seconds, to: Seconds, name: &str, title: &str) {
        let mark = |what: &str, at: Seconds| format!("section_{what}:{at}:{name}\r\u{1b}[0K");
        let begin = mark("start", self.started + from);
        self.line(from, &format!("{begin}\u{1b}[36;1m{title}\u{1b}[0;m"));
        if to <= self.until {
            let end = mark("end", self.started + to);
            self.text.push_str(&end);
        }
    }

    /// Commands and what they say, spread over a time.
    fn steps(&mut self, from: Seconds, to: Seconds, lines: &[&str]) {
        for (i, line) in lines.iter().enumerate() {
            let at = from + (to - from) * i as Seconds / lines.len().max(1) as Seconds;
            if i == 0 {
                self.line(at, &format!("\u{1b}[32;1m$ {line}\u{1b}[0;m"));
            } else {
                self.line(at, line);
            }
        }
    }

    fn tests(&mut self, plan: &Plan) {
        self.line(3, "\u{1b}[32;1m$ pytest -q\u{1b}[0;m");
        for at in 4..plan.seconds - 2 {
            // As a terminal would be written to: each over the one before.
            let share = 100 * (at - 3) / (plan.seconds - 6);
            self.line(at, &format!("tests/test_{:02}.py {} [{share:>3}%]", at, ".".repeat(18 + (at % 7) as usize)));
        }
        self.line(plan.seconds - 1, "\u{1b}[32m842 passed\u{1b}[0m, 3 skipped in 43.10s");
    }

    fn deploy(&mut self, project: &Project, version: &str, plan: &Plan, hosts: &[String]) {
        self.line(3, &format!("\u{1b}[32;1m$ bin/deploy {PRODUCTION} {version}\u{1b}[0;m"));
        self.line(4, &format!("deploying {} {version} to {PRODUCTION}", name(project)));
        for (at, host) in &plan.puts {
            let host = hosts.get(*host).map_or("host", String::as_str);
            self.line(*at, &format!("{host}: drained, switched to releases/{version}, restarting"));
            self.line(at + 3, &format!("{host}: healthy, answers version {version}"));
        }
        if let Some(back) = plan.back {
            let mut at = 15;
            while at < back {
                let share = 38.0 * ((at - 13) as f64 / 15.0).clamp(0.0, 1.0);
                let mut line = String::new();
                // A String takes everything.
                let _ =
                    write!(line, "canary: 5xx {share:.1} % of requests, limit 1 %, watching ({} s left)", back - at);
                self.line(at, &line);
                at += 10;
            }
            self.line(back, "\u{1b}[31mcanary: 5xx stayed over its limit: going back\u{1b}[0m");
            self.line(back + 4, "all hosts answer the version they had before");
        } else {
            self.line(plan.seconds - 1, "all hosts are done");
        }
    }

    fn end(&mut self, line: &str) {
        self.until = Seconds::MAX;
        self.line(0, line);
    }
}
