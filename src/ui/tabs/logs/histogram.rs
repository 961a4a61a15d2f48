//! Lines over time by severity: errors at the foot of each column, warnings over them, the rest on top.

use chrono::DateTime;
use ratatui::layout::Rect;

use crate::app::state::State;
use crate::app::viewport::Target;
use crate::domain::log_view::Bucket;
use crate::ui::canvas::{Canvas, Piece, width};
use crate::ui::glyph::BARS;
use crate::ui::theme::Role;
use crate::ui::times::Zone;

/// Columns of a time at either end, with a blank.
const LABEL: u16 = 6;

/// Draws it and says how many columns it has.
pub fn draw(state: &State, c: &mut Canvas, area: Rect) {
    let legend: Vec<Piece> =
        [("error", Role::Error), (" ", Role::Text), ("warn", Role::Warn), (" ", Role::Text), ("other", Role::Graph)]
            .map(|(word, role)| c.piece(word, role))
            .to_vec();
    let legend_columns = if area.width >= 80 { width(&legend) + 2 } else { 0 };
    let columns = area.width.saturating_sub(2 * LABEL + 2 + legend_columns);
    if area.height == 0 || columns < 8 {
        return;
    }
    c.regions.viewport.histogram = usize::from(columns);
    let buckets = &state.logs.window.histogram;
    let (Some(first), Some(last)) = (buckets.first(), buckets.last()) else { return };
    let span = if buckets.len() > 1 { buckets[1].start - first.start } else { 1 };
    let foot = area.bottom() - 1;
    let zone = Zone::of(state, c.look);
    let day = |seconds: i64| DateTime::from_timestamp(seconds, 0).map(|time| zone.day(time));
    let days = day(first.start) != day(last.start + span);
    // Where it goes over days, an end that is not today says its day.
    let label = |seconds: i64| {
        let form = if days && day(seconds) != Some(zone.day(state.now)) { "%m-%d" } else { "%H:%M" };
        DateTime::from_timestamp(seconds, 0).map(|time| zone.local(time).format(form).to_string()).unwrap_or_default()
    };
    let x = area.x + 1;
    c.put_as(x, foot, LABEL, &label(first.start), Role::Dim);
    let most = buckets.iter().map(total).max().unwrap_or(0).max(1);
    let usual = Usual::of(buckets);
    for (n, bucket) in buckets.iter().take(usize::from(columns)).enumerate() {
        let at = x + LABEL + n as u16;
        column(c, at, area, bucket, most, &usual);
        c.target(Rect { x: at, width: 1, ..area }, Target::Time(bucket.start));
    }
    let end = x + LABEL + columns + 1;
    c.put_as(end, foot, LABEL, &label(last.start + span), Role::Dim);
    if legend_columns > 0 {
        c.pieces_right(end, area.right(), area.y, &legend);
    }
}

fn total(bucket: &Bucket) -> u64 {
    u64::from(bucket.errors) + u64::from(bucket.warnings) + u64::from(bucket.others)
}

/// Heights in eighths of a row up to the errors, the warnings and all: what is there at all is seen.
fn heights(bucket: &Bucket, most: u64, rows: u16) -> [u64; 3] {
    let eighths = u64::from(rows) * 8;
    let up_to = |n: u64, least: u64| (n * eighths).div_ceil(most).max(least).min(eighths);
    let (errors, warnings) = (u64::from(bucket.errors), u64::from(bucket.warnings));
    let e = up_to(errors, 0);
    let w = up_to(errors + warnings, e + u64::from(warnings > 0));
    let all = up_to(total(bucket), w + u64::from(bucket.others > 0));
    [e.min(eighths), w.min(eighths), all.min(eighths)]
}

/// How many errors and warnings a column usually has: the median of those that have lines.
#[derive(Debug, Default)]
struct Usual {
    errors: u32,
    warnings: u32,
}

impl Usual {
    /// With fewer columns than this nothing is usual yet.
    const FEWEST: usize = 8;

    fn of(buckets: &[Bucket]) -> Self {
        let median = |of: fn(&Bucket) -> u32| {
            let mut all: Vec<u32> = buckets.iter().filter(|bucket| total(bucket) > 0).map(of).collect();
            all.sort_unstable();
            if all.len() < Self::FEWEST { 0 } else { all[all.len() / 2] }
        };
        Self { errors: median(|bucket| bucket.errors), warnings: median(|bucket| bucket.warnings) }
    }
}

/// The colour of the cell of a column whose lines fill `full` eighths of it from `from` on. A cell has but one: of the
/// worst that fills a quarter of it, or that is twice the usual. Where a few errors come all the time, the worse minute is
/// seen, and a single one where there are none.
fn role(bucket: &Bucket, [errors, warnings, _]: [u64; 3], from: u64, full: u64, usual: &Usual) -> Role {
    let much = |up_to: u64| up_to.saturating_sub(from).min(8) * 4 > full;
    let unusual = |n: u32, usual: u32| n > usual.saturating_mul(2);
    if errors > from && (much(errors) || unusual(bucket.errors, usual.errors)) {
        Role::Error
    } else if warnings > from && (much(warnings) || unusual(bucket.warnings, usual.warnings)) {
        Role::Warn
    } else {
        Role::Graph
    }
}

fn column(c: &mut Canvas, x: u16, area: Rect, bucket: &Bucket, most: u64, usual: &Usual) {
    let heights = heights(bucket, most, area.height);
    for n in 0..area.height {
        let (from, y) = (u64::from(n) * 8, area.bottom() - 1 - n);
        let full = heights[2].saturating_sub(from).min(8);
        if full == 0 {
            break;
        }
        c.put_as(x, y, 1, BARS[full as usize - 1], role(bucket, heights, from, full, usual));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_error_among_many_lines_is_seen() {
        let bucket = |errors, warnings, others| Bucket { start: 0, errors, warnings, others };
        assert_eq!(heights(&bucket(1, 0, 9_999), 10_000, 3), [1, 1, 24]);
        assert_eq!(heights(&bucket(0, 0, 0), 10, 1), [0, 0, 0]);
        assert_eq!(heights(&bucket(0, 1, 0), 1_000_000, 1), [0, 1, 1]);
        assert_eq!(heights(&bucket(8, 0, 0), 8, 1), [8, 8, 8]);
        assert_eq!(heights(&bucket(u32::MAX, u32::MAX, u32::MAX), 1, 1), [8, 8, 8]);
    }

    #[test]
    fn the_worse_minute_stands_out_where_a_few_errors_come_all_the_time() {
        let bucket = |errors, warnings, others| Bucket { start: 0, errors, warnings, others };
        let shown = |buckets: &[Bucket]| -> Vec<Role> {
            let most = buckets.iter().map(total).max().unwrap();
            let usual = Usual::of(buckets);
            let foot = |bucket| {
                let heights = heights(bucket, most, 1);
                role(bucket, heights, 0, heights[2].min(8), &usual)
            };
            buckets.iter().map(foot).collect()
        };
        // Three in a hundred, then an incident.
        let mut buckets = vec![bucket(3, 5, 92); 12];
        buckets[7] = bucket(9, 5, 91);
        let roles = shown(&buckets);
        assert!(roles.iter().enumerate().all(|(n, role)| (*role == Role::Error) == (n == 7)), "{roles:?}");
        // A single error where there are none.
        let mut buckets = vec![bucket(0, 0, 1000); 12];
        buckets[3].errors = 1;
        assert_eq!(shown(&buckets)[3], Role::Error);
        assert_eq!(shown(&buckets)[4], Role::Graph);
        // Nothing but errors is no calm, however usual.
        assert!(shown(&vec![bucket(50, 0, 50); 12]).iter().all(|role| *role == Role::Error));
        // And of the little that is there nothing is usual.
        assert_eq!(shown(&[bucket(1, 0, 99), bucket(1, 0, 99)]), [Role::Error; 2]);
    }
}
