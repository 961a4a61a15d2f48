//! Background jobs: what the web hosts left to be done, in a JSON log.

use serde_json::json;

use super::line::Second;
use super::machine::Usage;
use super::rng::Rng;

/// The log of the jobs.
pub const LOG: &str = "/var/log/jobs/jobs.json";

/// One job; it carries the id of the request that left it, so that one id leads over several hosts.
#[derive(Clone, Debug)]
pub struct Job {
    /// The request's id.
    pub request: u64,
}

/// Does the jobs of a second and writes about them.
pub fn write<'j>(jobs: impl Iterator<Item = &'j Job>, second: &mut Second, rng: &mut Rng) -> Usage {
    let mut done = 0.0_f64;
    for job in jobs {
        done += 1.0;
        let (kind, queue) =
            rng.pick(&[("send_receipt", "mail"), ("update_stock", "default"), ("render_invoice", "pdf")]);
        let (at_ms, took) = (rng.below(1000), 20.0 + rng.wait(90.0));
        let again = rng.chance(0.02);
        let (level, message, attempt) =
            if again { ("warn", "job failed, will retry", 1) } else { ("info", "job done", 1 + rng.below(50) / 49) };
        let line = json!({
            "time": format!("{}.{at_ms:03}Z", second.iso),
            "level": level,
            "message": message,
            "job": kind,
            "queue": queue,
            "attempt": attempt,
            "dur_ms": (took * 10.0).round() / 10.0,
            "request_id": format!("{:08x}", job.request),
        });
        second.put(LOG, at_ms, line.to_string());
    }
    Usage {
        cpu: 0.04 + (done * 0.02).min(0.4),
        memory: 0.36,
        received: done * 4e3,
        sent: done * 6e3,
        read: 2e3,
        written: 8e3 + done * 2e3,
        requests: done,
    }
}
