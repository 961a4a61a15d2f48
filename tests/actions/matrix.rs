//! The matrix of deploys.md §5.4 on real hosts: whatever is lost at whatever point, no host is half done, what is told
//! afterwards is true, and somebody can go on.
//!
//! The short form has each point and each loss once; `QD_TEST_LONG=1` has every pair.

use std::time::Duration;

use crate::deploy::{ACT, Clean, HOSTS, UnderWay, all_serve, all_unlocked, document, serves, wait_for};
use crate::fleet::Cockpit;
use crate::support::Fleet;
use crate::world::text;

/// What is lost.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Loss {
    /// `kill -9` of qd.
    Qd,
    /// The host's network.
    Network,
    /// The host hangs, and every connection to it with it.
    Hang,
    /// The host itself.
    Host,
}

use Loss::{Hang, Host, Network, Qd};

/// A point of a run: the line of progress that says that it is reached, and how the config makes it last.
struct Point {
    name: &'static str,
    line: &'static str,
    keys: &'static str,
}

const POINTS: [Point; 5] = [
    Point { name: "staging", line: "web-1: before_switch …", keys: "hooks = { before_switch = [\"sleep\", \"2\"] }" },
    Point {
        name: "migration",
        line: "web-1: migrate …",
        keys: "migrate = { command = [\"sleep\", \"2\"], reversible = true }",
    },
    Point { name: "drain", line: "web-1: drain …", keys: "hooks = { drain = [\"sleep\", \"2\"] }" },
    Point { name: "gate", line: "web-1: gate …", keys: "" },
    Point { name: "between batches", line: "web-1: done", keys: "" },
];

/// Each point and each loss at least once.
const SHORT: [(usize, Loss); 6] = [(0, Network), (1, Qd), (1, Hang), (2, Qd), (2, Host), (4, Host)];

fn pairs() -> Vec<(usize, Loss)> {
    if std::env::var_os("QD_TEST_LONG").is_none() {
        return SHORT.to_vec();
    }
    (0..POINTS.len()).flat_map(|point| [Qd, Network, Hang, Host].map(|loss| (point, loss))).collect()
}

#[test]
#[ignore = "needs the fleet: tests/run"]
fn fleet_whatever_is_lost_whenever_no_host_is_half_done_and_the_run_goes_on() {
    let fleet = Fleet::running();
    for (point, loss) in pairs() {
        let point = &POINTS[point];
        let what = format!("{loss:?} at {}", point.name);
        let _clean = Clean::now(&fleet);
        let lease = if loss == Host { "20s" } else { "5s" };
        let cockpit = Cockpit::with(&fleet, &format!("lease = \"{lease}\"\n{}", point.keys));
        let mut run = UnderWay::start(&cockpit);
        run.until(point.line);
        match loss {
            Qd => {
                run.qd.kill().unwrap();
                let id = run.run_id();
                run.end();
                let told = wait_for(&cockpit, &id, |run| run["state"] == "unattended");
                // It has finished what it was at, and nothing after it has begun anywhere.
                let first = if matches!(point.name, "staging" | "migration") { "1.4.2" } else { "1.5.0" };
                assert_eq!(serves(&fleet, "web-1"), first, "{what}: {told}");
                assert_eq!(
                    HOSTS[1..].iter().map(|host| serves(&fleet, host)).collect::<Vec<_>>(),
                    ["1.4.2"; 2],
                    "{what}"
                );
                let other = Cockpit::with(&fleet, &format!("lease = \"{lease}\"\n{}", point.keys));
                let out = other.qd(&[&["run", "adopt", &id, "--json"], &ACT[..]].concat());
                assert_eq!(out.status.code(), Some(0), "{what}: {}", text(&out.stderr));
            }
            Network | Hang => {
                let (now, after) = if loss == Network { ("cut", "heal") } else { ("freeze", "thaw") };
                let broken = fleet.during(&[now, "web-1"], &[after, "web-1"]);
                std::thread::sleep(Duration::from_secs(4));
                drop(broken);
                let out = run.end();
                assert_eq!(out.status.code(), Some(0), "{what}: {}", text(&out.stderr));
            }
            Host if point.name == "migration" => {
                // Whether it is done only a person can tell: nothing goes on by itself, and nothing was switched.
                fleet.run(&["reboot", "web-1", "--wait"]);
                run.until("stuck");
                assert_eq!(serves(&fleet, "web-1"), "1.4.2", "{what}");
                let out = run.end();
                assert_eq!(out.status.code(), Some(1), "{what}: {}", text(&out.stderr));
                all_unlocked(&fleet);
                all_serve(&fleet, "1.4.2");
                continue;
            }
            Host => {
                fleet.run(&["reboot", "web-1", "--wait"]);
                let out = run.end();
                assert_eq!(out.status.code(), Some(0), "{what}: {}", text(&out.stderr));
            }
        }
        all_serve(&fleet, "1.5.0");
        all_unlocked(&fleet);
    }
}

/// An archive that takes a while to be sent over a slow line and to be unpacked: thousands of files, which do not compress.
fn big_archive(cockpit: &Cockpit) -> String {
    let folder = cockpit.path("1.6.0");
    std::fs::create_dir_all(folder.join("many")).unwrap();
    let app = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fleet/guest/app.py");
    std::fs::copy(app, folder.join("app.py")).unwrap();
    std::fs::write(folder.join("VERSION"), "1.6.0\n").unwrap();
    let mut noise = 88_172_645_463_325_252_u64;
    for number in 0..4000 {
        let mut bytes = Vec::with_capacity(600);
        while bytes.len() < 600 {
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            bytes.extend_from_slice(&noise.to_le_bytes());
        }
        std::fs::write(folder.join("many").join(number.to_string()), bytes).unwrap();
    }
    let file = cockpit.path("api-1.6.0.tar.gz");
    let packed =
        std::process::Command::new("tar").arg("-czf").arg(&file).arg("-C").arg(cockpit.path("")).arg("1.6.0").status();
    assert!(packed.unwrap().success());
    format!("artifact = \"{}\"", file.display().to_string().replace("1.6.0", "{version}"))
}

#[test]
#[ignore = "needs the fleet: tests/run"]
fn fleet_what_is_lost_while_an_archive_is_sent_or_unpacked_is_made_good() {
    let fleet = Fleet::running();
    let pairs = [("uploading", Network), ("unpack …", Qd), ("unpack …", Host), ("unpack …", Network)];
    let long = std::env::var_os("QD_TEST_LONG").is_some();
    for (point, loss) in pairs.into_iter().take(if long { 4 } else { 2 }) {
        let what = format!("{loss:?} at {point}");
        let _clean = Clean::now(&fleet);
        let cockpit = Cockpit::new(&fleet);
        let keys = format!("lease = \"20s\"\n{}", big_archive(&cockpit));
        cockpit.configure(&fleet, &keys);
        let mut run = UnderWay::of(&cockpit, "1.6.0");
        run.until(&format!("web-1: {point}"));
        match loss {
            Qd => {
                run.qd.kill().unwrap();
                let id = run.run_id();
                run.end();
                wait_for(&cockpit, &id, |run| run["hosts"][0]["state"] == "staged");
                assert_eq!(serves(&fleet, "web-1"), "1.4.2", "{what}");
                let out = cockpit.qd(&[&["run", "adopt", &id, "--reason", "x", "--json"], &ACT[..]].concat());
                assert_eq!(out.status.code(), Some(0), "{what}: {}", text(&out.stderr));
            }
            Host => {
                fleet.run(&["reboot", "web-1", "--wait"]);
                let out = run.end();
                assert_eq!(out.status.code(), Some(0), "{what}: {}", text(&out.stderr));
            }
            Network | Hang => {
                let broken = fleet.during(&["cut", "web-1"], &["heal", "web-1"]);
                std::thread::sleep(Duration::from_secs(3));
                drop(broken);
                let out = run.end();
                assert_eq!(document(&out)["result"], "succeeded", "{what}: {}", text(&out.stderr));
            }
        }
        all_serve(&fleet, "1.6.0");
        all_unlocked(&fleet);
        let left = fleet.exec("web-1", "ls -A /var/myservice/releases; ls /var/myservice/.quarterdeck/artifacts");
        assert!(!left.contains(".1.6.0.") && !left.contains(".part"), "{what}: nothing is left lying about: {left}");
    }
}
