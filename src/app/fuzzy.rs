//! How well a few typed letters fit a name: they must stand in it in their order, and fit the better the more of them
//! begin words and stand together.

/// A letter that begins the name, or a word of it.
const FIRST: i32 = 10;
const WORD: i32 = 7;
/// A letter right after the one before.
const BESIDE: i32 = 6;
/// Each letter of the name that is passed over between two.
const GAP: i32 = -1;

/// How well `typed` fits `name`, and which characters of the name it is found in; none when it does not. Case does not
/// matter. Of all the ways to find it the best one counts.
pub fn fit(typed: &str, name: &str) -> Option<(i32, Vec<usize>)> {
    let lower = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<Vec<char>>();
    let (typed, name) = (lower(typed), lower(name));
    // For each place of the last letter looked at: the best score that ends there, and the way to it.
    let mut ends: Vec<(i32, Vec<usize>)> = Vec::new();
    for (n, letter) in typed.iter().enumerate() {
        let mut next = Vec::new();
        for at in (0..name.len()).filter(|at| name[*at] == *letter) {
            let begins = match at {
                0 => FIRST,
                at if !name[at - 1].is_alphanumeric() => WORD,
                _ => 0,
            };
            let reached = |(score, way): &(i32, Vec<usize>)| {
                let last = *way.last()?;
                let step = if last + 1 == at { BESIDE } else { GAP * i32::try_from(at - last).unwrap_or(i32::MAX / 2) };
                Some((score + step + begins, [way.as_slice(), &[at]].concat()))
            };
            if n == 0 {
                next.push((begins, vec![at]));
            } else {
                let before = ends.iter().filter(|(_, way)| way.last().is_some_and(|last| *last < at));
                next.extend(before.filter_map(reached).max_by_key(|(score, _)| *score));
            }
        }
        ends = next;
    }
    if typed.is_empty() {
        return Some((0, Vec::new()));
    }
    // A name that holds little else fits better than a long one.
    let rest = i32::try_from(name.len() - typed.len().min(name.len())).unwrap_or(i32::MAX / 2);
    ends.into_iter().max_by_key(|(score, _)| *score).map(|(score, way)| (score * 4 - rest, way))
}

/// Where every word that is typed stands in a text; none when one of them does not.
pub fn words(typed: &str, text: &str) -> Option<Vec<usize>> {
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let mut found = Vec::new();
    for word in typed.to_lowercase().split_whitespace() {
        let word: Vec<char> = word.chars().collect();
        let at = text.windows(word.len()).position(|part| part == word)?;
        found.extend(at..at + word.len());
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn letters_are_found_in_their_order_and_the_best_way_counts() {
        for (typed, name, expected) in [
            ("", "quit", Some(vec![])),
            ("nt", "next-tab", Some(vec![0, 5])),
            ("NT", "next-tab", Some(vec![0, 5])),
            ("tab", "next-tab", Some(vec![5, 6, 7])),
            ("hpd", "half-page-down", Some(vec![0, 5, 10])),
            ("tn", "next-tab", None),
            ("x", "", None),
        ] {
            assert_eq!(fit(typed, name).map(|(_, way)| way), expected, "{typed} in {name}");
        }
    }

    #[test]
    fn what_is_meant_fits_better() {
        for (typed, better, worse) in [
            ("lo", "logs-here", "reload"),
            ("pt", "previous-tab", "complete"),
            ("sort", "sort", "only-source"),
            ("nm", "next-match", "command-line"),
            ("re", "reload", "previous-error"),
        ] {
            let score = |name| fit(typed, name).map(|(score, _)| score);
            assert!(score(better) > score(worse), "{typed}: {:?} {:?}", score(better), score(worse));
        }
    }

    #[test]
    fn every_word_of_a_sentence_must_be_there() {
        assert_eq!(words("ROWS up", "half up the rows"), Some(vec![12, 13, 14, 15, 5, 6]));
        assert_eq!(words("up far", "half up the rows"), None);
    }

    proptest! {
        #[test]
        fn the_way_spells_what_was_typed(typed in "[a-c]{0,5}", name in "[a-c-]{0,15}") {
            match fit(&typed, &name) {
                Some((_, way)) => {
                    let spelled: String = way.iter().filter_map(|at| name.chars().nth(*at)).collect();
                    prop_assert_eq!(spelled, typed);
                    prop_assert!(way.is_sorted_by(|a, b| a < b));
                }
                None => {
                    let mut rest = name.chars();
                    prop_assert!(!typed.chars().all(|letter| rest.any(|c| c == letter)));
                }
            }
        }
    }
}
