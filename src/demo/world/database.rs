//! postgres, and what it writes: slow statements, sessions, a checkpoint now and then, a refused row.

use super::line::Second;
use super::machine::Usage;
use super::rng::Rng;

/// The log of postgres; the name has the major version in it, as Debian's has.
pub const LOG: &str = "/var/log/postgresql/postgresql-16-main.log";

const CHECKPOINT_EVERY: i64 = 300;
const STATEMENTS: [&str; 4] = [
    "SELECT o.id, o.total FROM orders o WHERE o.customer_id = $1 ORDER BY o.created_at DESC LIMIT 20",
    "UPDATE stock SET held = held + $1 WHERE product_id = $2",
    "SELECT p.* FROM products p WHERE p.search @@ plainto_tsquery($1) LIMIT 40",
    "INSERT INTO orders (id, customer_id, total) VALUES ($1, $2, $3)",
];

/// Writes a second of a database that serves web hosts with so many requests a second each.
pub fn write(requests_s: f64, now: i64, second: &mut Second, rng: &mut Rng) -> Usage {
    let asked = requests_s.min(400.0);
    for _ in 0..rng.count(0.25 * asked.min(40.0)) {
        let (at, pid) = (rng.below(1000), 2200 + rng.below(16));
        let line = match rng.below(20) {
            0..14 => {
                let (took, statement) = (100.0 + rng.wait(60.0), rng.pick(&STATEMENTS));
                format!("app@shop LOG:  duration: {took:.3} ms  execute <unnamed>: {statement}")
            }
            14..17 => {
                "app@shop LOG:  connection authorized: user=app database=shop application_name=myservice".to_owned()
            }
            17 | 18 => "app@shop LOG:  disconnection: session time: 0:04:12.310 user=app database=shop".to_owned(),
            _ if rng.chance(0.2) => {
                let key = rng.below(90_000) + 10_000;
                let prefix = prefix(second, at, pid);
                format!(
                    "app@shop ERROR:  duplicate key value violates unique constraint \"orders_pkey\"\n\
                     {prefix}app@shop DETAIL:  Key (id)=({key}) already exists.\n\
                     {prefix}app@shop STATEMENT:  {}",
                    STATEMENTS[3]
                )
            }
            _ => "app@shop WARNING:  there is no transaction in progress".to_owned(),
        };
        second.put(LOG, at, format!("{}{line}", prefix(second, at, pid)));
    }
    match now.rem_euclid(CHECKPOINT_EVERY) {
        120 => {
            let line = format!("{}LOG:  checkpoint starting: time", prefix(second, 12, 701));
            second.put(LOG, 12, line);
        }
        150 => {
            let buffers = 900 + rng.below(800);
            let line = format!(
                "{}LOG:  checkpoint complete: wrote {buffers} buffers (5.1%); 0 WAL file(s) added, 0 removed, 1 recycled; \
                 write=29.904 s, sync=0.021 s, total=29.966 s",
                prefix(second, 978, 701)
            );
            second.put(LOG, 978, line);
        }
        _ => {}
    }
    Usage {
        cpu: 0.06 + (asked * 0.006).min(0.5),
        memory: 0.36,
        received: asked * 2_000.0,
        sent: asked * 7_000.0,
        read: 90e3 + asked * 3e3,
        written: 250e3 + asked * 9e3,
        requests: asked,
    }
}

fn prefix(second: &Second, at_ms: u64, pid: u64) -> String {
    format!("{}.{at_ms:03} UTC [{pid}] ", second.blank)
}
