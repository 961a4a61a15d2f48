//! Bars: sparklines of a few columns, and how full something is.

use crate::ui::glyph::{BARS, EMPTY};

/// Eight heights of bars for figures, oldest first. `top` is the greatest height; without one, the greatest figure is.
/// A gap is a blank; zero is the lowest bar.
pub fn spark(values: &[Option<f64>], top: Option<f64>) -> String {
    let top = top.unwrap_or_else(|| values.iter().flatten().copied().fold(0.0, f64::max));
    values.iter().map(|value| value.map_or(" ", |value| bar(value, top))).collect()
}

/// Eight heights of bars for figures between a least and a greatest; all of one height where these are the same.
pub fn spark_between(values: &[Option<f64>], low: f64, high: f64) -> String {
    let height =
        |value: f64| if high > low { ((value - low) / (high - low) * 7.0).round().clamp(0.0, 7.0) } else { 3.0 };
    values.iter().map(|value| value.map_or(" ", |value| BARS[height(value) as usize])).collect()
}

/// The bar of one figure.
pub fn bar(value: f64, top: f64) -> &'static str {
    if top <= 0.0 || value <= 0.0 || value.is_nan() {
        return BARS[0];
    }
    // What is there at all is seen: it is never as low as zero.
    BARS[((value / top * 7.0).round().clamp(1.0, 7.0)) as usize]
}

/// The newest of some counts as bars, with blanks in front where there are too few.
pub fn spark_counts(counts: &[u64], columns: usize) -> String {
    let shown = &counts[counts.len().saturating_sub(columns)..];
    let mut values = vec![None; columns - shown.len()];
    values.extend(shown.iter().map(|n| Some(*n as f64)));
    spark(&values, None)
}

/// A bar that is filled to so many percent: the filled part and the rest.
pub fn filled(pct: f64, columns: u16) -> (String, String) {
    let full = (pct.clamp(0.0, 100.0) / 100.0 * f64::from(columns)).round() as usize;
    (BARS[7].repeat(full), EMPTY.repeat(usize::from(columns) - full))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_tell_nothing_from_little_and_gaps_from_both() {
        assert_eq!(spark(&[None, Some(0.0), Some(1.0), Some(50.0), Some(100.0)], Some(100.0)), " ▁▂▅█");
        assert_eq!(spark(&[Some(3.0), Some(6.0)], None), "▅█");
        assert_eq!(spark(&[Some(0.0), Some(f64::NAN)], None), "▁▁");
        assert_eq!(spark_counts(&[1, 0, 7], 5), "  ▂▁█");
        assert_eq!(spark_counts(&[9, 1, 0, 7], 3), "▂▁█");
    }

    #[test]
    fn a_bar_is_as_full_as_it_says() {
        for (pct, expected) in [(0.0, "░░░░"), (50.0, "██░░"), (100.0, "████"), (250.0, "████"), (f64::NAN, "░░░░")]
        {
            let (full, rest) = filled(pct, 4);
            assert_eq!(full + &rest, expected);
        }
    }
}
