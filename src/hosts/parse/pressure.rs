//! `/proc/pressure/{cpu,memory,io}`: the time that tasks stood still for want of something. Kernels before 4.20, and
//! those started with `psi=0`, have none.

/// One line: the running average over ten seconds, and the microseconds since boot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stall {
    avg10: f64,
    total: u64,
}

/// The line that begins with `kind` (`some` or `full`).
pub fn stall(lines: &[String], kind: &str) -> Option<Stall> {
    let line = lines.iter().find_map(|line| line.strip_prefix(kind)?.strip_prefix(' '))?;
    let field = |key: &str| line.split_whitespace().find_map(|word| word.strip_prefix(key));
    let avg10 = field("avg10=")?.parse().ok().filter(|avg: &f64| avg.is_finite())?;
    Some(Stall { avg10, total: field("total=")?.parse().ok()? })
}

/// Percent of the time between two looks; the kernel's ten-second average when there is only one.
pub fn share(before: Option<Option<Stall>>, now: Option<Stall>, seconds: f64) -> Option<f64> {
    let now = now?;
    let pct = match before {
        Some(Some(before)) => now.total.checked_sub(before.total)? as f64 / 1e4 / seconds,
        Some(None) | None => now.avg10,
    };
    Some(pct.clamp(0.0, 100.0))
}

#[cfg(test)]
mod tests {
    use super::super::lines;
    use super::*;

    #[test]
    fn our_own_window_after_the_kernels() {
        let first = stall(&lines("some avg10=1.50 avg60=0.00 avg300=0.00 total=1000000\nfull avg10=0 total=5"), "some");
        let second = stall(&lines("some avg10=9.00 avg60=0.00 avg300=0.00 total=1500000"), "some");
        assert_eq!(share(None, first, 0.0), Some(1.5));
        assert_eq!(share(Some(first), second, 5.0), Some(10.0));
        assert_eq!(share(Some(second), first, 5.0), None, "reset");
        assert_eq!(share(Some(first), None, 5.0), None);
    }

    #[test]
    fn no_pressure_files_is_unknown() {
        assert_eq!(stall(&[], "some"), None);
        assert_eq!(stall(&lines("someone avg10=1 total=1"), "some"), None);
        assert_eq!(stall(&lines("some avg10=NaN total=1"), "some"), None);
        // The cpu file has no `full` before 5.13.
        assert_eq!(stall(&lines("some avg10=0.00 avg60=0.00 avg300=0.00 total=1"), "full"), None);
    }
}
