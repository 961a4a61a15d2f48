//! `[[service]]`.

use std::time::Duration;

use super::deploy::Deploy;
use crate::config::read::{At, OneOf};
use crate::config::table::table;
use crate::config::values::{HostArgv, HostPath, JournalUnit, Name, Selector, StatusCodes, Sudo, Url};

table! {
    /// What runs on some hosts; one per environment of its hosts: api@production, api@staging.
    Service [name "repeats"] {
        /// its name
        name: Name = "api";
        /// names, globs, tags; default: every host
        hosts: Vec<At<Selector>> = ["web-*", "tag:web"];
        /// its systemd unit
        unit: Name = "myservice.service";
        /// or its container (docker, podman)
        container: Name = "api";
        /// its failure wakes people
        critical: bool = true;
        /// asked from the host itself; a string is its url
        health: OneOf<Url, Health> = { url = "http://127.0.0.1:8000/healthz", status = "200-299", timeout = "5s", every = "15s" };
        /// the body, or a JSON body's "version"; or { command = ["cat", "/var/x/VERSION"] }
        version: OneOf<Url, VersionCommand> = "http://127.0.0.1:8000/version";
        /// requests/s, 5xx share, p50/p95/p99
        access_log: HostPath = "/var/log/nginx/access.log";
        /// its checks: names, globs, ids, tags
        statuscake: Vec<String> = ["Checkout*", "tag:api"];
        /// a URL or a file's path
        runbook: String = "https://wiki.example.com/api";
        /// rotation, truncation and late creation of files are followed; each is a file, a journal or a command
        logs: Vec<LogSource> = [{ file = "/var/log/myservice/*.log" }, { journal = "myservice.service" }];
        /// how it is deployed
        deploy: Deploy = {};
    }
}

table! {
    /// How a service's health is asked on each host.
    Health {
        /// as seen from the host itself; required
        url: Url = "http://127.0.0.1:8000/healthz";
        /// what is healthy
        status: StatusCodes = "200-299";
        /// how long to wait
        timeout: Duration = "5s";
        /// how often to ask
        every: Duration = "15s";
    }
}

table! {
    /// A command that prints the version.
    VersionCommand {
        /// its first line of output; required
        command: HostArgv = ["cat", "/var/x/VERSION"];
    }
}

table! {
    /// Where lines come from: exactly one of file, journal and command.
    LogSource {
        /// a path or glob on the host
        file: HostPath = "/var/log/myservice/*.log";
        /// a systemd unit
        journal: JournalUnit = "myservice.service";
        /// its output is the log
        command: HostArgv = ["docker", "logs", "-f", "--since", "10m", "api"];
        /// read through sudo -n
        sudo: Sudo = true;
    }
}
