//! The journal of a made-up host: what systemd, sshd and the kernel say, as `journalctl -o json` puts it.

use serde_json::json;

use super::line::Second;
use super::rng::Rng;
use super::role::USER;
use super::units::{Units, Verb};

/// Where the stand-in of `journalctl` finds it.
pub const JOURNAL: &str = "/demo/journal";

/// syslog's priorities (syslog(3)).
const WARNING: u8 = 4;
const INFO: u8 = 6;

/// Writes a second of the journal.
pub fn write(units: &Units, second: &mut Second, rng: &mut Rng) {
    let mut entries: Vec<(u64, u8, &str, &str, String)> = Vec::new();
    for (verb, unit) in &units.done {
        let (name, title) = (unit.name, unit.title);
        let mut say = |at, words| entries.push((at, INFO, "systemd", name, words));
        if matches!(verb, Verb::Stop | Verb::Restart) {
            say(38, format!("Stopping {name} - {title}..."));
            say(610, format!("{name}: Deactivated successfully."));
            say(612, format!("Stopped {name} - {title}."));
        }
        if matches!(verb, Verb::Start | Verb::Restart) {
            say(620, format!("Starting {name} - {title}..."));
            say(940, format!("Started {name} - {title}."));
        }
        if *verb == Verb::Reload {
            say(120, format!("Reloading {name} - {title}..."));
            say(180, format!("Reloaded {name} - {title}."));
        }
    }
    if rng.chance(0.06) {
        let (at, port) = (rng.below(900), 40_000 + rng.below(20_000));
        let accepted =
            format!("Accepted publickey for {USER} from 10.20.0.9 port {port} ssh2: ED25519 SHA256:2Yd8kq1vZs");
        entries.push((at, INFO, "sshd", "ssh.service", accepted));
        let opened = format!("pam_unix(sshd:session): session opened for user {USER}(uid=1000) by (uid=0)");
        entries.push((at + 40, INFO, "sshd", "ssh.service", opened));
    }
    if rng.chance(0.03) {
        let timer = rng.pick(&["logrotate", "apt-daily", "man-db", "fstrim"]);
        let done = format!("{timer}.service: Deactivated successfully.");
        entries.push((rng.below(1000), INFO, "systemd", "init.scope", done));
    }
    if rng.chance(0.004) {
        let slow = "clocksource: Long readout interval, skipping watchdog check".to_owned();
        entries.push((rng.below(1000), WARNING, "kernel", "", slow));
    }
    for (i, (at_ms, priority, who, unit, message)) in entries.into_iter().enumerate() {
        let micros = second.micros + at_ms.cast_signed() * 1000 + i as i64;
        let entry = json!({
            "__CURSOR": format!("s=demo;i={micros:x}"),
            "__REALTIME_TIMESTAMP": micros.to_string(),
            "PRIORITY": priority.to_string(),
            "SYSLOG_IDENTIFIER": who,
            "_SYSTEMD_UNIT": unit,
            "MESSAGE": format!("{who}: {message}"),
        });
        second.put(JOURNAL, at_ms, entry.to_string());
    }
}
