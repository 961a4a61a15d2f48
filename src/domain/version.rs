//! Versions as people write them into tags: `1.4.3`, `v2.0.0-rc.1`, `shop-v1.2`, `2026-03-18`. Their order, and which one
//! comes next.
//!
//! Numbers are compared as numbers and what stands behind them as [Semantic Versioning](https://semver.org) 11 does, with
//! two differences that real tags need: runs of digits inside a word count as numbers (`rc10` is after `rc9`), and what is
//! called a hotfix, patch or post release comes after its release and not before it.

use std::cmp::Ordering;

/// Words behind a version that make it a later one.
const LATER: [&str; 9] = ["hotfix", "hf", "patch", "p", "post", "fix", "sp", "rev", "r"];

/// A version, taken apart.
#[derive(Clone, Copy, Debug)]
struct Version<'t> {
    /// What stands before it, such as `shop-`; without the `v`.
    prefix: &'t str,
    /// Its numbers, with what separates them.
    numbers: &'t str,
    /// What stands behind them, such as `-rc.1`; without what comes after a `+`, which orders nothing.
    qualifier: &'t str,
}

/// Whether a name is a version, rather than a branch's or a commit's.
pub fn is_version(name: &str) -> bool {
    Version::parse(name).is_some()
}

/// Whether a name is that of a version that comes before its release, such as `2.0.0-rc.1`.
pub fn is_before_release(name: &str) -> bool {
    let Some(version) = Version::parse(name) else { return false };
    let release = Version { qualifier: "", ..version };
    version.order(&release) == Ordering::Less
}

/// Which of two is the later version. None where that cannot be said: one is no version, or they are of different things.
pub fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (Version::parse(a)?, Version::parse(b)?);
    (a.prefix == b.prefix).then(|| a.order(&b))
}

/// An order of any names, for lists: what are no versions first, then by what they are versions of, then the later the
/// greater, then by their letters. Unlike [`compare`] it always says something.
pub fn order(a: &str, b: &str) -> Ordering {
    let by_version = match (Version::parse(a), Version::parse(b)) {
        (Some(a), Some(b)) => a.prefix.cmp(b.prefix).then_with(|| a.order(&b)),
        (a, b) => a.is_some().cmp(&b.is_some()),
    };
    by_version.then_with(|| a.cmp(b))
}

/// The one way to write a version: `v1.2` and `1.2.0` have the same. None for what is no version.
pub fn key(name: &str) -> Option<String> {
    let version = Version::parse(name)?;
    let mut numbers: Vec<&str> = version.numbers.split(['.', '-']).map(|one| one.trim_start_matches('0')).collect();
    while numbers.last().is_some_and(|last| last.is_empty()) {
        numbers.pop();
    }
    let words: Vec<String> = words(version.qualifier)
        .into_iter()
        .map(|word| if word.starts_with(|c: char| c.is_ascii_digit()) { word.trim_start_matches('0') } else { word })
        .map(str::to_ascii_lowercase)
        .collect();
    Some(format!("{}{}-{}", version.prefix, numbers.join("."), words.join(".")))
}

/// The version after the latest of these tags, newest first: its last number raised by one. Of a repository that holds
/// several things, the thing is the one whose tag comes first.
pub fn next<'t>(tags: impl IntoIterator<Item = &'t str>) -> Option<String> {
    let mut latest: Option<(&str, Version<'t>)> = None;
    for tag in tags {
        let Some(version) = Version::parse(tag) else { continue };
        let is_later = match &latest {
            None => true,
            Some((_, known)) => known.prefix == version.prefix && version.order(known) == Ordering::Greater,
        };
        if is_later {
            latest = Some((tag, version));
        }
    }
    let (tag, version) = latest?;
    // What the thing is called may have a `+` in it, too.
    let numbers = tag.find(|c: char| c.is_ascii_digit())?;
    let tag = &tag[..tag[numbers..].find('+').map_or(tag.len(), |build| numbers + build)];
    // Of 2.0.0-rc.1 the next is rc.2; a word without a number gets one.
    if !words(version.qualifier).is_empty() && !version.qualifier.bytes().any(|byte| byte.is_ascii_digit()) {
        return Some(format!("{tag}.1"));
    }
    let end = tag.bytes().rposition(|byte| byte.is_ascii_digit())? + 1;
    let start = tag[..end].bytes().rposition(|byte| !byte.is_ascii_digit()).map_or(0, |i| i + 1);
    Some(format!("{}{}{}", &tag[..start], raised(&tag[start..end]), &tag[end..]))
}

impl<'t> Version<'t> {
    fn parse(name: &'t str) -> Option<Self> {
        let start = name.find(|c: char| c.is_ascii_digit())?;
        let prefix = name[..start].strip_suffix(['v', 'V']).unwrap_or(&name[..start]);
        // A number in the midst of a word is the word's.
        if prefix.chars().last().is_some_and(char::is_alphanumeric) {
            return None;
        }
        let rest = &name[start..];
        let numbers = &rest[..numbers_end(rest)];
        let qualifier = rest[numbers.len()..].split('+').next().unwrap_or("");
        let several = numbers.contains(['.', '-']);
        // `123-login` is a branch of an issue, and `1.x` a branch of a line.
        let alone = prefix.is_empty() && qualifier.is_empty();
        let wild = matches!(qualifier.trim_start_matches(['.', '-']), "x" | "X" | "*");
        ((several || alone) && !wild).then_some(Self { prefix, numbers, qualifier })
    }

    fn order(&self, other: &Self) -> Ordering {
        let numbers = |version: &Self| version.numbers.split(['.', '-']).collect::<Vec<_>>();
        let (a, b) = (numbers(self), numbers(other));
        (0..a.len().max(b.len()))
            .map(|i| by_value(a.get(i).unwrap_or(&"0"), b.get(i).unwrap_or(&"0")))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
            .then_with(|| rank(self.qualifier).cmp(&rank(other.qualifier)))
            .then_with(|| by_words(self.qualifier, other.qualifier))
    }
}

/// Where the numbers at the beginning of a text end: digits with dots between, or a date with dashes.
fn numbers_end(text: &str) -> usize {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut end = digits(text);
    let mut is_date = end == 4 && text.starts_with("20");
    loop {
        let more = digits(text.get(end + 1..).unwrap_or(""));
        match text.as_bytes().get(end) {
            Some(b'.') if more > 0 => is_date = false,
            Some(b'-') if is_date && more == 2 && end <= 7 => {}
            _ => return end,
        }
        end += 1 + more;
    }
}

/// -1 for what comes before a release, 0 for a release, 1 for what comes after it.
fn rank(qualifier: &str) -> i8 {
    let words = qualifier.trim_start_matches(['-', '.', '_', '~']);
    let word: String = words.chars().take_while(char::is_ascii_alphabetic).collect();
    if words.is_empty() {
        0
    } else if LATER.contains(&word.to_ascii_lowercase().as_str()) {
        1
    } else {
        -1
    }
}

/// Decimal numbers of any length.
fn by_value(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Word by word and number by number; a number is before a word, and less is before more.
fn by_words(a: &str, b: &str) -> Ordering {
    let (a, b) = (words(a), words(b));
    let is_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    let order = |(a, b): (&&str, &&str)| match (is_number(a), is_number(b)) {
        (true, true) => by_value(a, b),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => a.to_ascii_lowercase().cmp(&b.to_ascii_lowercase()),
    };
    a.iter().zip(&b).map(order).find(|order| order.is_ne()).unwrap_or(a.len().cmp(&b.len()))
}

/// Runs of digits and runs of anything else, without what separates them.
fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    for part in text.split(['.', '-', '_', '~']).filter(|part| !part.is_empty()) {
        let mut rest = part;
        while let Some(first) = rest.chars().next() {
            let is_digit = first.is_ascii_digit();
            let end = rest.find(|c: char| c.is_ascii_digit() != is_digit).unwrap_or(rest.len());
            words.push(&rest[..end]);
            rest = &rest[end..];
        }
    }
    words
}

/// A decimal number plus one, as wide as it was.
fn raised(number: &str) -> String {
    let mut digits: Vec<u8> = number.bytes().collect();
    for digit in digits.iter_mut().rev() {
        if *digit < b'9' {
            *digit += 1;
            return String::from_utf8_lossy(&digits).into_owned();
        }
        *digit = b'0';
    }
    format!("1{}", String::from_utf8_lossy(&digits))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_comes_before_its_release_is_told_apart() {
        for (name, before) in
            [("2.0.0-rc.1", true), ("v1.0.0-alpha", true), ("1.4.3", false), ("1.4.3-hotfix.1", false), ("main", false)]
        {
            assert_eq!(is_before_release(name), before, "{name}");
        }
    }

    #[test]
    fn versions_are_told_from_branches_and_commits() {
        for name in ["1.0.30", "v2.0", "V3.1.4", "1742", "v12", "shop-v1.2.3", "web@1.0", "release/1.4", "2026-03-18"] {
            assert!(is_version(name), "{name}");
        }
        for name in ["main", "feature-x", "issue-42", "123-fix-login", "3f2a1b9c", "1.x", "dev2.0", "", "v", "№5"] {
            assert!(!is_version(name), "{name}");
        }
    }

    #[test]
    fn each_is_before_the_next() {
        for line in [
            &["1.0.9", "1.0.10", "1.1", "1.10.0", "2"][..],
            &["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc9", "1.0.0-rc10", "v1.0.0"],
            &["1.0.0-1", "1.0.0-alpha", "1.0.0rc1", "1.0.0", "1.0.0-hotfix1", "1.0.0-hotfix.2", "1.0.1-rc1"],
            &["shop-v1.9", "shop-v1.10"],
            &["2025-12-31", "2026-03-18", "2026-03-18.1", "2026-03-19"],
            &["99999999999999999999.1", "100000000000000000000.0"],
        ] {
            for (i, a) in line.iter().enumerate() {
                for (j, b) in line.iter().enumerate() {
                    assert_eq!(compare(a, b), Some(i.cmp(&j)), "{a} {b}");
                }
            }
        }
    }

    #[test]
    fn the_same_version_may_be_written_differently_and_other_things_are_not_compared() {
        for (a, b) in [("v1.2", "1.2.0"), ("1.0.0+build5", "1.0.0+build9"), ("1.02.3", "1.2.3"), ("1.0-RC.1", "1.0rc1")]
        {
            assert_eq!(key(a), key(b), "{a} {b}");
        }
        for (a, b) in [("shop-1.0", "web-1.0"), ("main", "1.0"), ("1.0", "feature-x")] {
            assert_eq!(compare(a, b), None, "{a} {b}");
        }
    }

    #[test]
    fn the_next_version_raises_the_last_number_of_the_latest_tag() {
        for (tags, expected) in [
            (&["1.0.9", "1.0.33", "1.0.8"][..], Some("1.0.34")),
            (&["v1.9", "v1.10", "latest"], Some("v1.11")),
            (&["2.0.0-rc.1", "1.9.9"], Some("2.0.0-rc.2")),
            (&["2.0.0-beta"], Some("2.0.0-beta.1")),
            (&["1.0.0+b5", "0.9.0"], Some("1.0.1")),
            (&["web-v3.9.9", "api-v7.0.0", "web-v3.10.0"], Some("web-v3.10.1")),
            (&["c++1.2+b5"], Some("c++1.3")),
            (&["1.0-"], Some("1.1-")),
            (&["2026.03.09"], Some("2026.03.10")),
            (&["1.99"], Some("1.100")),
            (&["latest", "main"], None),
            (&[], None),
        ] {
            assert_eq!(next(tags.iter().copied()).as_deref(), expected, "{tags:?}");
        }
    }

    proptest! {
        #[test]
        fn any_names_are_ordered_without_contradiction(a in "(v?[0-9.]{1,5}[-a-z0-9.+]{0,6}|\\PC{0,6})", b in "v?[0-9]\\.[0-9.]{0,3}[-a-z0-9.]{0,6}") {
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).map(Ordering::reverse));
            prop_assert_eq!(order(&a, &b), order(&b, &a).reverse());
            prop_assert_eq!(order(&a, &b) == Ordering::Equal, a == b);
            if let Some(known) = compare(&a, &b).filter(|known| known.is_ne()) {
                prop_assert_eq!(order(&a, &b), known);
            }
            if compare(&a, &b).is_some() {
                prop_assert_eq!(compare(&a, &b) == Some(Ordering::Equal), key(&a) == key(&b));
            }
            if is_version(&a) {
                prop_assert_eq!(compare(&a, &a), Some(Ordering::Equal));
                let next = next([a.as_str()]).unwrap();
                prop_assert_ne!(compare(&next, &a), Some(Ordering::Less));
            }
        }
    }
}
