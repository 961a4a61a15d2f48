//! kill -9 at moments that nobody has chosen: of qd, of a host's runner, of both. Whatever is killed whenever, each host
//! serves one whole release, nobody's lock stays behind, and whoever takes the run up brings it to its end.
//!
//! The short form has three rounds; `QD_TEST_LONG=1` has thirty.

use std::time::{Duration, SystemTime};

use crate::deploy::{ACT, Clean, HOSTS, UnderWay, all_serve, all_unlocked, document, wait_for};
use crate::fleet::Cockpit;
use crate::support::Fleet;
use crate::world::text;

/// Numbers that differ from run to run (xorshift64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

/// Kills the runner of a host, where there is one.
const KILL: &str = "pid=$(sed -n 's/.* pid \\([0-9]*\\) .*/\\1/p' /var/myservice/.quarterdeck/owner 2>/dev/null); \
    [ -z \"$pid\" ] || kill -9 \"$pid\"; true";

/// Fails where something of a run is left that keeps others away; a host that never heard of one has no folder for it.
const FREE: &str = "cd /var/myservice/.quarterdeck 2>/dev/null || exit 0; [ ! -e owner ] && flock -n lock true";

#[test]
#[ignore = "needs the fleet: tests/run"]
fn fleet_killed_at_any_moment_no_host_is_half_done_and_the_run_comes_to_its_end() {
    let fleet = Fleet::running();
    let rounds = if std::env::var_os("QD_TEST_LONG").is_some() { 30 } else { 3 };
    let seed = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().subsec_nanos();
    let mut dice = Dice(u64::from(seed) | 1);
    for round in 0..rounds {
        let _clean = Clean::now(&fleet);
        let cockpit = Cockpit::with(&fleet, "lease = \"5s\"");
        let mut run = UnderWay::start(&cockpit);
        run.until("qd: run ");
        let id = run.run_id();
        let wait = Duration::from_millis(dice.below(9000));
        let (of_qd, host) = (dice.below(3), HOSTS[dice.below(3) as usize]);
        let what = format!("round {round}, seed {seed}: {of_qd} on {host} after {wait:?}");
        eprintln!("{what}");
        std::thread::sleep(wait);
        if of_qd != 1 {
            run.qd.kill().unwrap();
        }
        if of_qd != 0 {
            fleet.exec(host, KILL);
        }
        let out = run.end();
        if of_qd == 1 || out.status.success() {
            // Whoever steers starts a runner again that was cut off.
            assert_eq!(document(&out)["result"], "succeeded", "{what}: {}", text(&out.stderr));
        } else {
            let told = wait_for(&cockpit, &id, |run| {
                matches!(run["state"].as_str(), Some("unattended" | "succeeded" | "canceled")) || run["id"].is_null()
            });
            match told["state"].as_str() {
                Some("unattended") => {
                    let out = cockpit.qd(&[&["run", "adopt", &id, "--json"], &ACT[..]].concat());
                    let result = document(&out)["result"].as_str().unwrap_or_default().to_owned();
                    // Where it was killed before every host had begun, there is nothing to go on with.
                    if matches!(result.as_str(), "denied" | "canceled") {
                        all_serve(&fleet, "1.4.2");
                        HOSTS.iter().for_each(|host| drop(fleet.exec(host, FREE)));
                        continue;
                    }
                    assert_eq!(result, "succeeded", "{what}: {told:#} {}", text(&out.stderr));
                }
                Some("succeeded") => {}
                _ => {
                    // It was killed before any host had a part in it.
                    all_serve(&fleet, "1.4.2");
                    continue;
                }
            }
        }
        all_serve(&fleet, "1.5.0");
        all_unlocked(&fleet);
    }
}
