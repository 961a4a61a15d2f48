//! Bars: sparklines of a few columns, and how full something is.

use ratatui::style::{Modifier, Style};

use crate::ui::canvas::Piece;
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

/// Bars of which one is marked: where the time cursor stands. It is seen without colour too.
pub fn marked(bars: &str, style: Style, at: Option<usize>) -> Vec<Piece<'static>> {
    let mut pieces: Vec<Piece> = vec![(String::new().into(), style)];
    for (n, bar) in bars.chars().enumerate() {
        if Some(n) == at {
            pieces.push((bar.to_string().into(), style.add_modifier(Modifier::REVERSED | Modifier::UNDERLINED)));
            pieces.push((String::new().into(), style));
        } else if let Some((text, _)) = pieces.last_mut() {
            text.to_mut().push(bar);
        }
    }
    pieces
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
    fn one_bar_can_be_marked() {
        let told =
            |at| marked("▁█▂", Style::new(), at).into_iter().map(|(text, _)| text.into_owned()).collect::<Vec<_>>();
        assert_eq!(told(None), ["▁█▂"]);
        assert_eq!(told(Some(1)), ["▁", "█", "▂"]);
        assert_eq!(told(Some(7)), ["▁█▂"]);
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
