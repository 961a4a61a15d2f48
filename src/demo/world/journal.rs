//! The journal of a made-up host: what systemd, sshd and the kernel say, as `journalctl -o json` puts it.

use serde_json::json;

use super::line::Second;
use super::rng::Rng;
use super::role::{Role, USER};
use super::story::{BAD, Scene};

/// Where the stand-in of `journalctl` finds it.
pub const JOURNAL: &str = "/demo/journal";

/// syslog's priorities (syslog(3)).
const WARNING: u8 = 4;
const INFO: u8 = 6;

/// Writes a second of the journal.
pub fn write(role: Role, scene: &Scene, second: &mut Second, rng: &mut Rng) {
    let mut entries: Vec<(u64, u8, &str, &str, String)> = Vec::new();
    if scene.deploys && role == Role::Web {
        let unit = "myservice.service";
        let failed = if scene.version == BAD { "Deactivated successfully." } else { "Failed with result 'exit-code'." };
        entries.extend([
            (38, INFO, "systemd", unit, "Stopping myservice.service - myservice api...".to_owned()),
            (610, INFO, "systemd", unit, format!("{unit}: {failed}")),
            (940, INFO, "systemd", unit, format!("Started myservice.service - myservice api {}.", scene.version)),
        ]);
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
