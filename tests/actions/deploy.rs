//! Deploys on real hosts: good and bad releases, an archive, the way back, and a link or a machine that goes away in the
//! middle. Whatever happens, no host is half done, and no lock outlives its runner.

use std::io::{BufRead, BufReader};
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::fleet::Cockpit;
use crate::support::Fleet;
use crate::world::text;

pub const HOSTS: [&str; 3] = ["web-1", "web-2", "db-1"];
const SOON: Duration = Duration::from_secs(90);

/// The hosts as they were, once more at the end.
pub struct Clean<'f>(&'f Fleet);

const CLEAN: &str = "cd /var/myservice; pid=$(sed -n 's/.* pid \\([0-9]*\\) .*/\\1/p' .quarterdeck/owner 2>/dev/null); \
    [ -z \"$pid\" ] || kill -9 $pid; rm -rf .quarterdeck releases/1.6.0 .current.*; \
    if [ $(readlink current) != releases/1.4.2 ] || ! systemctl -q is-active myservice; then \
    ln -sfn releases/1.4.2 current; systemctl restart myservice; fi; true";

impl<'f> Clean<'f> {
    pub fn now(fleet: &'f Fleet) -> Self {
        HOSTS.iter().for_each(|host| drop(fleet.exec(host, CLEAN)));
        Self(fleet)
    }
}

impl Drop for Clean<'_> {
    fn drop(&mut self) {
        HOSTS.iter().for_each(|host| drop(self.0.exec(host, CLEAN)));
    }
}

pub const ACT: [&str; 3] = ["--arm", "production", "--yes"];

fn deploy(cockpit: &Cockpit, version: &str, more: &[&str]) -> Output {
    cockpit.qd(&[&["deploy", "api", version, "--json"], &ACT[..], more].concat())
}

pub fn document(out: &Output) -> Value {
    serde_json::from_slice(&out.stdout).unwrap_or_else(|_| panic!("{}", text(&out.stderr)))
}

/// What each host came to.
fn states(out: &Output) -> Vec<String> {
    let document = document(out);
    document["hosts"].as_array().unwrap().iter().map(|host| host["state"].as_str().unwrap().to_owned()).collect()
}

/// What a host serves: link, unit and answer, which must agree.
pub fn serves(fleet: &Fleet, host: &str) -> String {
    let said = fleet
        .exec(host, "readlink /var/myservice/current; systemctl is-active myservice; curl -s 127.0.0.1:8000/version");
    let mut lines = said.lines();
    let version = lines.next().unwrap().strip_prefix("releases/").unwrap().to_owned();
    assert_eq!(lines.next(), Some("active"), "{host} {said}");
    assert!(lines.next().unwrap_or_default().contains(&format!("\"version\":\"{version}\"")), "{host} {said}");
    version
}

pub fn all_serve(fleet: &Fleet, version: &str) {
    for host in HOSTS {
        assert_eq!(serves(fleet, host), version, "{host}");
    }
}

pub fn all_unlocked(fleet: &Fleet) {
    for host in HOSTS {
        let said =
            fleet.exec(host, "flock -n /var/myservice/.quarterdeck/lock echo free; ls /var/myservice/.quarterdeck");
        assert!(said.contains("free") && !said.contains("owner"), "{host} {said}");
    }
}

fn invocation(fleet: &Fleet, host: &str) -> String {
    fleet.exec(host, "systemctl show -p InvocationID --value myservice")
}

#[test]
#[ignore = "needs the fleet: tests/run"]
fn fleet_good_releases_stay_bad_ones_are_undone_and_each_host_finds_its_own_way_back() {
    let fleet = Fleet::running();
    let _clean = Clean::now(&fleet);
    let cockpit = Cockpit::new(&fleet);
    // 1.5.0 only on the web hosts: what is good differs from host to host from now on.
    let out = cockpit.qd(&[&["--host", "web-*", "deploy", "api", "1.5.0", "--json"], &ACT[..]].concat());
    assert_eq!(
        (out.status.code(), document(&out)["result"].as_str()),
        (Some(0), Some("succeeded")),
        "{}",
        text(&out.stderr)
    );
    assert_eq!(HOSTS.map(|host| serves(&fleet, host)), ["1.5.0", "1.5.0", "1.4.2"]);
    for (version, answer, last_line) in [
        ("1.5.1", "its health check answers 500: sick", "path=/healthz status=500"),
        ("1.5.2", "act ended with exit code 1", "msg=\"cannot read config\""),
    ] {
        let before = invocation(&fleet, "web-2");
        let out = deploy(&cockpit, version, &[]);
        assert_eq!(out.status.code(), Some(1), "{}", text(&out.stderr));
        assert_eq!(document(&out)["result"], "rolled_back");
        assert_eq!(states(&out), ["undone", "canceled", "canceled"]);
        let said = text(&out.stderr);
        assert!(said.contains(answer) && said.contains(last_line), "{said}");
        assert_eq!(HOSTS.map(|host| serves(&fleet, host)), ["1.5.0", "1.5.0", "1.4.2"]);
        assert_eq!(invocation(&fleet, "web-2"), before, "the others were not touched");
        let again = deploy(&cockpit, version, &[]);
        assert_eq!(again.status.code(), Some(1));
        assert!(text(&again.stderr).contains("marked bad"), "{}", text(&again.stderr));
    }
    // An archive of which nothing is on the hosts yet.
    let cockpit = Cockpit::with(&fleet, &archive(&cockpit));
    let out = deploy(&cockpit, "1.6.0", &[]);
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    all_serve(&fleet, "1.6.0");
    all_unlocked(&fleet);
    // Each host goes back to its own.
    let out = cockpit.qd(&[&["rollback", "api", "--json"], &ACT[..]].concat());
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    assert_eq!(HOSTS.map(|host| serves(&fleet, host)), ["1.5.0", "1.5.0", "1.4.2"]);
    all_unlocked(&fleet);
    let audit: Value = serde_json::from_slice(&cockpit.qd(&["audit", "--json"]).stdout).unwrap();
    let entries: Vec<(&str, &str)> = audit
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["action"].as_str().unwrap(), entry["result"].as_str().unwrap()))
        .collect();
    assert_eq!(entries, [("deploy", "ok"), ("rollback", "ok")]);
}

/// An archive of 1.6.0 in a home, and the config's key for it.
fn archive(cockpit: &Cockpit) -> String {
    let folder = cockpit.path("1.6.0");
    std::fs::create_dir_all(&folder).unwrap();
    let app = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fleet/guest/app.py");
    std::fs::copy(app, folder.join("app.py")).unwrap();
    std::fs::write(folder.join("VERSION"), "1.6.0\n").unwrap();
    let file = std::env::temp_dir().join(format!("qd-test-{}-1.6.0.tar.gz", std::process::id()));
    let packed =
        std::process::Command::new("tar").arg("-czf").arg(&file).arg("-C").arg(cockpit.path("")).arg("1.6.0").status();
    assert!(packed.unwrap().success());
    format!("artifact = \"{}\"", file.display().to_string().replace("1.6.0", "{version}"))
}

/// A deploy of 1.5.0 under way, followed to a line of its progress.
pub struct UnderWay {
    pub qd: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStderr>>,
    said: Vec<String>,
}

impl UnderWay {
    pub fn start(cockpit: &Cockpit) -> Self {
        Self::of(cockpit, "1.5.0")
    }

    pub fn of(cockpit: &Cockpit, version: &str) -> Self {
        let mut command = cockpit.command(&[&["deploy", "api", version, "--json"], &ACT[..]].concat());
        let mut qd = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(qd.stderr.take().unwrap()).lines();
        Self { qd, lines, said: Vec::new() }
    }

    pub fn until(&mut self, what: &str) {
        for line in self.lines.by_ref() {
            self.said.push(line.unwrap());
            if self.said.last().is_some_and(|line| line.contains(what)) {
                return;
            }
        }
        panic!("{what} never came: {:#?}", self.said);
    }

    pub fn run_id(&self) -> String {
        self.said.iter().find_map(|line| line.strip_prefix("qd: run ")).unwrap().to_owned()
    }

    pub fn end(mut self) -> Output {
        let rest: Vec<String> = self.lines.by_ref().map(Result::unwrap).collect();
        self.said.extend(rest);
        let mut out = self.qd.wait_with_output().unwrap();
        out.stderr = self.said.join("\n").into_bytes();
        out
    }
}

/// Waits until `qd run list` tells this of a run.
pub fn wait_for(cockpit: &Cockpit, id: &str, what: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let out = cockpit.qd(&["run", "list", "--json"]);
        let runs: Vec<Value> = serde_json::from_slice(&out.stdout).unwrap_or_default();
        let run = runs.into_iter().find(|run| run["id"] == id).unwrap_or_default();
        if what(&run) {
            return run;
        }
        assert!(began.elapsed() < SOON, "{run:#}");
        std::thread::sleep(Duration::from_millis(300));
    }
}

#[test]
#[ignore = "needs the fleet: tests/run"]
fn fleet_a_killed_qd_leaves_whole_hosts_and_a_run_that_somebody_else_adopts() {
    let fleet = Fleet::running();
    let points = [
        ("staged", "1.4.2"),
        ("web-1: gate …", "1.5.0"),
        ("web-1: going", "1.5.0"),
        ("web-1: act …", "1.5.0"),
        ("web-1: done", "1.5.0"),
    ];
    let long = std::env::var_os("QD_TEST_LONG").is_some();
    for (point, first) in points.into_iter().take(if long { 5 } else { 2 }) {
        let _clean = Clean::now(&fleet);
        let cockpit = Cockpit::with(&fleet, "lease = \"5s\"");
        let mut run = UnderWay::start(&cockpit);
        run.until(point);
        run.qd.kill().unwrap();
        let id = run.run_id();
        run.end();
        // The host finishes what it is at, and then waits for somebody.
        let told = wait_for(&cockpit, &id, |run| run["state"] == "unattended");
        assert_eq!(serves(&fleet, "web-1"), first, "{point}: {told}");
        assert_eq!(serves(&fleet, "db-1"), "1.4.2", "{point}");
        // Nobody else gets in between.
        let other = Cockpit::new(&fleet);
        let busy = deploy(&other, "1.5.0", &[]);
        assert_ne!(busy.status.code(), Some(0), "{point}");
        assert!(text(&busy.stderr).contains("another run has the lock"), "{point}: {}", text(&busy.stderr));
        // A second person, of another home, goes on with it.
        let out = other.qd(&[&["run", "adopt", &id, "--json"], &ACT[..]].concat());
        assert_eq!(out.status.code(), Some(0), "{point}: {}", text(&out.stderr));
        all_serve(&fleet, "1.5.0");
        all_unlocked(&fleet);
    }
}

#[test]
#[ignore = "needs the fleet: tests/run"]
fn fleet_a_cut_network_and_a_hung_connection_are_waited_out() {
    let fleet = Fleet::running();
    for (now, after) in [("cut", "heal"), ("freeze", "thaw")] {
        let _clean = Clean::now(&fleet);
        let cockpit = Cockpit::with(&fleet, "lease = \"5s\"");
        let mut run = UnderWay::start(&cockpit);
        run.until("web-1: going");
        let broken = fleet.during(&[now, "web-1"], &[after, "web-1"]);
        std::thread::sleep(Duration::from_secs(6));
        drop(broken);
        let out = run.end();
        assert_eq!(out.status.code(), Some(0), "{now}: {}", text(&out.stderr));
        all_serve(&fleet, "1.5.0");
        all_unlocked(&fleet);
    }
}

#[test]
#[ignore = "needs the fleet: tests/run"]
fn fleet_a_host_that_reboots_in_the_middle_goes_on_from_its_first_unproven_step() {
    let fleet = Fleet::running();
    let _clean = Clean::now(&fleet);
    let cockpit = Cockpit::with(&fleet, "lease = \"20s\"");
    let mut run = UnderWay::start(&cockpit);
    run.until("web-1: gate …");
    fleet.run(&["reboot", "web-1", "--wait"]);
    let out = run.end();
    assert_eq!(out.status.code(), Some(0), "{}", text(&out.stderr));
    assert!(text(&out.stderr).contains("its runner was cut off"), "{}", text(&out.stderr));
    all_serve(&fleet, "1.5.0");
    all_unlocked(&fleet);
}

#[test]
#[ignore = "needs the fleet: tests/run"]
fn fleet_an_abort_stops_at_a_boundary_and_can_take_all_back() {
    let fleet = Fleet::running();
    for (undo, first) in [(false, "1.5.0"), (true, "1.4.2")] {
        let _clean = Clean::now(&fleet);
        let cockpit = Cockpit::with(&fleet, "lease = \"5s\"");
        let mut run = UnderWay::start(&cockpit);
        run.until("web-1: gate …");
        run.qd.kill().unwrap();
        let id = run.run_id();
        run.end();
        wait_for(&cockpit, &id, |run| run["state"] == "unattended");
        let more: &[&str] = if undo { &["--undo"] } else { &[] };
        let out = cockpit.qd(&[&["run", "abort", &id], &ACT[..], more].concat());
        assert_eq!(out.status.code(), Some(1), "{}", text(&out.stderr));
        assert_eq!(HOSTS.map(|host| serves(&fleet, host)), [first, "1.4.2", "1.4.2"]);
        all_unlocked(&fleet);
    }
}

#[test]
#[ignore = "needs the fleet: tests/run"]
fn fleet_without_a_controller_hosts_do_what_the_config_says() {
    let fleet = Fleet::running();
    for (policy, first, state) in [("undo-host", "1.4.2", "undone"), ("continue", "1.5.0", "kept")] {
        let _clean = Clean::now(&fleet);
        let cockpit = Cockpit::with(&fleet, &format!("lease = \"5s\"\non_controller_loss = \"{policy}\""));
        let mut run = UnderWay::start(&cockpit);
        run.until("web-1: done");
        run.qd.kill().unwrap();
        let id = run.run_id();
        run.end();
        let told = wait_for(&cockpit, &id, |run| run["hosts"][0]["state"] == state);
        assert_eq!(serves(&fleet, "web-1"), first, "{policy}: {told}");
        assert_eq!(serves(&fleet, "db-1"), "1.4.2", "{policy}");
    }
}

#[test]
#[ignore = "needs the fleet: tests/run"]
fn fleet_a_lock_and_a_freeze_keep_deploys_away() {
    let fleet = Fleet::running();
    let _clean = Clean::now(&fleet);
    let cockpit = Cockpit::new(&fleet);
    let lock = cockpit.qd(&[&["lock", "api", "--reason", "the sale is on"], &ACT[..]].concat());
    assert_eq!(lock.status.code(), Some(0), "{}", text(&lock.stderr));
    let out = deploy(&cockpit, "1.5.0", &[]);
    assert_eq!(out.status.code(), Some(1));
    assert!(text(&out.stderr).contains("the sale is on"), "{}", text(&out.stderr));
    let unlock = cockpit.qd(&[&["unlock", "api", "--reason", "it is over"], &ACT[..]].concat());
    assert_eq!(unlock.status.code(), Some(0), "{}", text(&unlock.stderr));
    let frozen = Cockpit::with(
        &fleet,
        "[[freeze]]\nname = \"always\"\nfrom = \"2020-01-01T00:00:00Z\"\nto = \"2099-01-01T00:00:00Z\"\nreason = \"holidays\"\n\
         [[service]]\nname = \"other\"\nhosts = [\"web-1\"]\nunit = \"x\"\n[service.deploy]",
    );
    let out = deploy(&frozen, "1.5.0", &[]);
    assert_eq!(out.status.code(), Some(4), "{}", text(&out.stderr));
    assert!(text(&out.stderr).contains("holidays"), "{}", text(&out.stderr));
    all_serve(&fleet, "1.4.2");
}
