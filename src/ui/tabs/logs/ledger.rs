//! Rows of the ledger in words: what happened to a source, and that nothing was lost by it.

use crate::domain::log::{SourceEvent, SourceEventKind};
use crate::ui::format::{bytes, thousands};
use crate::ui::glyph;
use crate::ui::theme::Role;

/// The sentence after the host's name, and its role.
pub fn words(event: &SourceEvent, source: &str) -> (String, Role) {
    let detail =
        |before: &str| if event.detail.is_empty() { String::new() } else { format!("{before}{}", event.detail) };
    let away = event.seconds.map(|seconds| format!(" {seconds:.0} s")).unwrap_or_default();
    let lines = event.lines.map(|n| format!("{} lines", thousands(n)));
    let recovered = lines.or_else(|| event.bytes.map(|n| format!("{}B", bytes(n as f64))));
    let lost = match event.lost {
        Some(0) => "0 lost".to_owned(),
        Some(n) => format!("{}B lost", bytes(n as f64)),
        None => "loss unknown".to_owned(),
    };
    let bad = event.lost != Some(0);
    match event.kind {
        SourceEventKind::Connected => (format!("{source} is being read{}", detail(": ")), Role::Ledger),
        SourceEventKind::Disconnected => (format!("is away: {source}{}", detail(", ")), Role::Warn),
        SourceEventKind::Recovered => {
            let got = recovered.unwrap_or_else(|| "all".to_owned());
            (
                format!("was away{away}: {got} recovered, {lost}{}", detail(", ")),
                if bad { Role::Bad } else { Role::Ledger },
            )
        }
        SourceEventKind::Gap if !bad => (format!("{source}{}", detail(": ")), Role::Ledger),
        SourceEventKind::Gap => (format!("something is missing in {source}: {lost}{}", detail(", ")), Role::Bad),
        SourceEventKind::Filtered => (format!("{source} was filtered on the host{}", detail(": ")), Role::Ledger),
        SourceEventKind::Said => (format!("{source} says{}", detail(": ")), Role::Ledger),
        SourceEventKind::Rotated => (format!("{source} was rotated{}", detail(": ")), Role::Ledger),
        SourceEventKind::Truncated => {
            (format!("{source} was cut short: {lost}{}", detail(", ")), if bad { Role::Bad } else { Role::Ledger })
        }
    }
}

/// Its shape.
pub fn shape(kind: SourceEventKind) -> &'static str {
    match kind {
        SourceEventKind::Gap | SourceEventKind::Truncated => glyph::BAD,
        _ => glyph::AWAY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ledger_says_what_was_recovered_and_lost() {
        let event = |kind, lines, lost| SourceEvent {
            kind,
            at: chrono::DateTime::UNIX_EPOCH,
            seconds: Some(41.2),
            lines,
            bytes: Some(5000),
            lost,
            detail: String::new(),
        };
        for (event, expected) in [
            (event(SourceEventKind::Recovered, Some(3118), Some(0)), "was away 41 s: 3,118 lines recovered, 0 lost"),
            (event(SourceEventKind::Recovered, None, None), "was away 41 s: 4.9KB recovered, loss unknown"),
            (event(SourceEventKind::Gap, None, Some(2048)), "something is missing in a.log: 2.0KB lost"),
            (event(SourceEventKind::Rotated, None, Some(0)), "a.log was rotated"),
        ] {
            assert_eq!(words(&event, "a.log").0, expected);
        }
    }
}
