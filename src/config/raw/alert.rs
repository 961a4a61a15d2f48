//! `[[job]]`, `[[probe]]`, `[[rule]]`, `[[counter]]`, `[notify]`.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::read::{At, OneOf};
use crate::config::table::{table, words};
use crate::config::values::{
    Argv, HostArgv, HostId, HostPath, JournalUnit, Name, Pattern, Percent, Secret, Size, Url, Window, Zone,
};

use super::deploy::Count;

/// A number, or a percentage.
pub type Amount = OneOf<f64, Percent>;

words!(
    /// How much something matters.
    Severity {
        /// Wakes someone.
        Page => "page",
        /// Can wait for the morning.
        Ticket => "ticket",
        /// Worth a look.
        Notice => "notice",
        /// Only kept.
        Log => "log",
    }
);

words!(
    /// When someone is told.
    Route {
        /// At once.
        Now => "now",
        /// In business hours.
        BusinessHours => "business-hours",
    }
);

words!(
    /// The least severity that makes a noise.
    Loudness {
        /// Pages only.
        Page => "page",
        /// Pages and tickets.
        Ticket => "ticket",
        /// Notices too.
        Notice => "notice",
        /// Never.
        None => "none",
    }
);

table! {
    /// Something that is expected to happen: the Jobs board and the absence rules.
    Job [name] {
        /// its name
        name: String = "pg-dump nightly";
        /// where it happens
        host: HostId = "db-1";
        /// daily | weekdays | Mon,Thu | every 15m; or timer
        due: String = "daily 02:30";
        /// a systemd timer, instead of due
        timer: Name = "app-backup.timer";
        /// default: the host's
        timezone: Zone = "Europe/Berlin";
        /// how late it may be
        grace: Duration = "30m";
        /// what proves it
        evidence: Evidence = { file = "/var/backups/app-*.sql.gz", min_size = "1MB", max_change = "50%" };
        /// runs it again
        run: HostArgv = ["sudo", "-n", "systemctl", "start", "app-backup.service"];
        /// page | ticket | notice | log
        severity: Severity = "page";
        /// now | business-hours
        route: Route = "business-hours";
    }
}

table! {
    /// What proves a job: one of file, journal, timer, s3, http, command.
    Evidence {
        /// a file's time and size
        file: HostPath = "/var/backups/app-*.sql.gz";
        /// smaller is implausible
        min_size: Size = "1MB";
        /// against the one before
        max_change: Percent = "50%";
        /// an entry of a unit's journal
        journal: JournalUnit = "app-backup.service";
        /// a systemd timer's last run
        timer: Name = "app-backup.timer";
        /// an object
        s3: String = "s3://bucket/app-*.sql.gz";
        /// an answer with success
        http: Url = "https://backup.example.com/last";
        /// an exit code of 0
        command: HostArgv = ["/usr/local/bin/backup-ok"];
    }
}

table! {
    /// Anything else becomes alerts, a metric or a counter.
    Probe [name] {
        /// its name
        name: Name = "sentry";
        /// asked; or command
        url: Url = "https://sentry.io/api/0/organizations/acme/issues/?query=is:unresolved";
        /// run; its output is read as JSON
        command: Argv = ["./open-issues.sh"];
        /// asked from that host; default: from here
        via: HostId = "web-1";
        /// of the request
        headers: BTreeMap<String, At<OneOf<String, Secret>>> = { Authorization = { env = "SENTRY_TOKEN", prefix = "Bearer " } };
        /// how often
        every: Duration = "60s";
        /// jq; or value
        alerts: String = ".[] | {id, title, severity: \"ticket\", url: .permalink}";
        /// jq: a number
        value: String = ".count";
    }
}

table! {
    /// A rule on top of the shipped ones (same name overrides); exactly one kind.
    Rule [name] {
        /// its name
        name: Name = "memory";
        /// kind: a metric against a limit
        threshold: Threshold = { metric = "mem_pct", at_least = 90, clear = 85 };
        /// kind: how many lines
        count: CountRule = { log = "level=error", service = "api", at_least = 3, window = "5m", clear = 0 };
        /// kind: a share
        ratio: Ratio = { part = "status>=500", of = "requests", service = "api", at_least = "5%", clear = "2%", window = "2m", min = 50 };
        /// kind: what must answer
        reach: Reach = { http = "https://shop.example.com/", fails = 3, of = 4 };
        /// kind: other rules together
        composite: Composite = { any = ["5xx", "checkout"], hosts_at_least = 2 };
        /// kind: alerts of another source
        external: External = { source = "statuscake", tag = "core" };
        /// one alert for each of these
        by: Vec<Name> = ["host"];
        /// how long before it fires
        r#for: Duration = "15m";
        /// how long it stays after it cleared
        keep: Duration = "2m";
        /// page | ticket | notice | log
        severity: Severity = "ticket";
        /// what people read
        message: String = "{host} memory {value} %";
        /// where to read what to do
        runbook: String = "https://wiki.example.com/memory";
    }
}

table! {
    /// A metric against a limit.
    Threshold {
        /// the metric
        metric: Name = "mem_pct";
        /// fires from here
        at_least: Amount = 90;
        /// or fires down from here
        at_most: Amount = 10;
        /// clears here
        clear: Amount = 85;
    }
}

table! {
    /// How many lines.
    CountRule {
        /// a filter
        log: String = "level=error";
        /// of this service
        service: Name = "api";
        /// fires from here
        at_least: Amount = 3;
        /// within
        window: Duration = "5m";
        /// clears here
        clear: Amount = 0;
    }
}

table! {
    /// A share.
    Ratio {
        /// what is counted
        part: String = "status>=500";
        /// of what
        of: String = "requests";
        /// of this service
        service: Name = "api";
        /// fires from here
        at_least: Amount = "5%";
        /// clears here
        clear: Amount = "2%";
        /// within
        window: Duration = "2m";
        /// fewer say nothing
        min: Count = 50;
    }
}

table! {
    /// What must answer.
    Reach {
        /// a URL
        http: Url = "https://shop.example.com/";
        /// a host
        host: HostId = "web-1";
        /// so many failures
        fails: Count = 3;
        /// of so many tries
        of: Count = 4;
    }
}

table! {
    /// Other rules together.
    Composite {
        /// one of them
        any: Vec<String> = ["5xx", "checkout"];
        /// all of them
        all: Vec<String> = ["5xx", "checkout"];
        /// on so many hosts
        hosts_at_least: Count = 2;
    }
}

table! {
    /// Alerts of another source.
    External {
        /// which
        source: Name = "statuscake";
        /// only with this tag
        tag: String = "core";
    }
}

table! {
    /// A business counter of one's own, beside Stripe's.
    Counter [name] {
        /// its name
        name: Name = "signups_today";
        /// lines that are counted
        log: CounterLog = { service = "api", match = "event=signup" };
        /// today, or a duration
        window: Window = "today";
    }
}

table! {
    /// Lines that are counted.
    CounterLog {
        /// of this service
        service: Name = "api";
        /// regex over the raw line
        r#match: Pattern = "event=signup";
    }
}

table! {
    /// Who is told, and how loudly.
    Notify {
        /// least severity; none
        bell: Loudness = "page";
        /// OSC 9/777/99
        desktop: Loudness = "page";
        /// run here
        command: Argv = ["notify-send", "{message}"];
        /// tickets wait; pages never
        quiet: Quiet = { from = "22:00", to = "07:00", timezone = "Europe/Berlin" };
    }
}

table! {
    /// When tickets wait.
    Quiet {
        /// hour and minute
        from: String = "22:00";
        /// hour and minute
        to: String = "07:00";
        /// default UTC
        timezone: Zone = "Europe/Berlin";
    }
}
