//! `[service.deploy]` and `[[freeze]]`.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::config::read::{OneOf, Whole};
use crate::config::table::{table, words};
use crate::config::values::{Argv, HostArgv, HostPath, LocalPath, Name, Percent, RunAs, Zone};

/// A small count.
pub type Count = Whole<0, 100_000>;

table! {
    /// How a service is deployed.
    Deploy {
        /// release-dir | script | gitlab
        strategy: Strategy = "release-dir";
        /// required for release-dir: ROOT/releases/VERSION, ROOT/current, ROOT/shared
        root: HostPath = "/var/myservice";
        /// without it the release is already in ROOT/releases/VERSION (put there by CI)
        artifact: LocalPath = "dist/myservice-{version}.tar.gz";
        /// the same for everyone who deploys
        state: HostPath = "{root}/.quarterdeck";
        /// sudo -n -u for every step; default: the login user
        run_as: RunAs = "";
        /// auto (systemd --user with linger, else setsid) | system (sudo systemd-run --uid)
        runner: Runner = "auto";
        /// linked from ROOT/shared into each release
        shared: Vec<String> = ["config/secrets.ini", "uploads"];
        /// restart | reload | none
        restart: Restart = "restart";
        /// how many hosts at a time
        batches: Vec<String> = ["1", "25%", "rest"];
        /// hosts that must be up while others are down
        min_available: String = "50%";
        /// reached, not exceeded; unreachable counts
        max_failures: Count = 1;
        /// undo-host | undo-all | hold
        on_fail: OnFail = "undo-host";
        /// hold | undo-host | continue
        on_controller_loss: OnControllerLoss = "hold";
        /// how long a silent controller keeps its run
        lease: Duration = "90s";
        /// when a host counts as good
        gate: Gate = { timeout = "60s", successes = 3, every = "2s", min_stable = "10s", version = true };
        /// "0s": none
        bake: Duration = "5m";
        /// what ends the bake badly
        bake_limits: BakeLimits = { min_requests = 50, max_5xx = "1%", ratio = 2.0, new_errors = 3, statuscake = true, on_breach = "ask 20s" };
        /// in the new release's folder; QD_VERSION QD_PREVIOUS QD_HOST QD_RUN
        hooks: Hooks = { before_switch = ["bin/check-config"], drain = [], undrain = [], after_done = [], drain_timeout = "30s" };
        /// run on each host before a plan is made, and must end well; it must change nothing
        preflight: HostArgv = ["sudo", "-n", "nginx", "-t"];
        /// run before the switch
        migrate: Migrate = { command = ["bin/migrate", "up"], on = "first", when = "migrations/**", reversible = false, timeout = "10m" };
        /// releases to keep
        keep: Count = 5;
        /// no deploy after a rollback until it is unlocked
        lock_after_rollback: bool = false;
        /// a window for the service's checks while a run touches it; default none
        maintenance: Maintenance = "statuscake";
        /// Slack: start, end, rollback
        announce: bool = true;
        /// script: run here first
        build: Argv = ["python", "setup.py", "sdist"];
        /// script: on each host in turn; not atomic, and the plan says so
        install: HostArgv = ["sudo", "-n", "-u", "worker", "/var/worker/venv/bin/pip", "install", "--no-cache-dir", "{artifact}"];
        /// script: after the install
        verify: HostArgv = ["/var/worker/venv/bin/pip", "check"];
        /// script: reinstall (the kept artifact) | a command
        rollback: OneOf<ScriptRollback, HostArgv> = "reinstall";
        /// gitlab: the project's path
        project: String = "acme/shop";
        /// gitlab: the manual job of the tag's newest pipeline; rollback retries the older deployment's job
        job: String = "deploy-production";
        /// gitlab: the environment's name there
        gitlab_environment: String = "production";
        /// gitlab: when there is no pipeline yet
        pipeline: Pipeline = { ref = "{version}", variables = { TARGET = "production" } };
    }
}

words!(
    /// How a release reaches the hosts.
    Strategy {
        /// A folder a release, and a link that is switched.
        ReleaseDir => "release-dir",
        /// Commands on each host in turn.
        Script => "script",
        /// A job of GitLab's.
        Gitlab => "gitlab",
    }
);
words!(
    /// What runs the steps on a host.
    Runner {
        /// systemd --user with linger, else setsid.
        Auto => "auto",
        /// sudo systemd-run --uid.
        System => "system",
    }
);
words!(
    /// What happens to the unit after the switch.
    Restart {
        /// It is restarted.
        Restart => "restart",
        /// It is reloaded.
        Reload => "reload",
        /// Nothing.
        None => "none",
    }
);
words!(
    /// What a failure leads to.
    OnFail {
        /// The failing host goes back and the run stops.
        UndoHost => "undo-host",
        /// Every host goes back.
        UndoAll => "undo-all",
        /// The run waits for a person.
        Hold => "hold",
    }
);
words!(
    /// What the loss of the controller leads to.
    OnControllerLoss {
        /// The run waits for a person.
        Hold => "hold",
        /// The host goes back.
        UndoHost => "undo-host",
        /// The host finishes.
        Continue => "continue",
    }
);
words!(
    /// Whether checks are told of a run.
    Maintenance {
        /// A maintenance window at StatusCake.
        Statuscake => "statuscake",
        /// No.
        None => "none",
    }
);
words!(
    /// How the script strategy goes back.
    ScriptRollback {
        /// The kept artifact is installed again.
        Reinstall => "reinstall",
    }
);
words!(
    /// On which hosts a migration runs.
    MigrateOn {
        /// Once, on the first host.
        First => "first",
        /// On every host.
        Each => "each",
    }
);

table! {
    /// When a host counts as good.
    Gate {
        /// how long it may take
        timeout: Duration = "60s";
        /// healthy answers in a row
        successes: Count = 3;
        /// how often it is asked
        every: Duration = "2s";
        /// how long the unit must have run
        min_stable: Duration = "10s";
        /// the reported version must be the new one
        version: bool = true;
    }
}

table! {
    /// What ends the bake badly.
    BakeLimits {
        /// fewer requests say nothing
        min_requests: Count = 50;
        /// share of 5xx answers
        max_5xx: Percent = "1%";
        /// worse than before by this factor
        ratio: f64 = 2.0;
        /// error signatures never seen before
        new_errors: Count = 3;
        /// a check of the service that goes down
        statuscake: bool = true;
        /// ask 20s (then on_fail) | on_fail | hold; headless never asks
        on_breach: String = "ask 20s";
    }
}

table! {
    /// Commands of the release, in its folder.
    Hooks {
        /// before the link is switched
        before_switch: HostArgv = ["bin/check-config"];
        /// takes the host out of the balancer
        drain: HostArgv = [];
        /// puts it back
        undrain: HostArgv = [];
        /// after the run
        after_done: HostArgv = [];
        /// how long draining may take
        drain_timeout: Duration = "30s";
    }
}

table! {
    /// A migration, before any switch.
    Migrate {
        /// what runs
        command: HostArgv = ["bin/migrate", "up"];
        /// first | each
        on: MigrateOn = "first";
        /// only when files like these changed
        when: String = "migrations/**";
        /// whether going back is safe after it
        reversible: bool = false;
        /// how long it may take
        timeout: Duration = "10m";
    }
}

table! {
    /// A pipeline that is created.
    Pipeline {
        /// tag or branch
        r#ref: String = "{version}";
        /// its variables
        variables: BTreeMap<String, String> = { TARGET = "production" };
    }
}

table! {
    /// Blocks deploys; never rollbacks or restarts.
    Freeze [name] {
        /// its name
        name: String = "weekend";
        /// default: all
        environments: Vec<Name> = ["production"];
        /// or RFC 3339 for a single one
        from: String = "Fri 16:00";
        /// as from
        to: String = "Mon 08:00";
        /// default UTC
        timezone: Zone = "Europe/Berlin";
        /// what people are told
        reason: String = "nobody is here";
    }
}
