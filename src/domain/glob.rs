//! Globs over names: hosts, tags, services, ssh aliases, checks.

/// Whether a name matches a glob: `*` any run of characters, `?` any one; everything else, case included, is itself.
pub fn matches(glob: &str, name: &str) -> bool {
    let glob: Vec<char> = glob.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut g, mut n) = (0, 0);
    // Where to go back to: after the last `*`, and the name's character it has eaten up to.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        if g < glob.len() && glob[g] == '*' {
            star = Some((g + 1, n));
            g += 1;
        } else if g < glob.len() && (glob[g] == '?' || glob[g] == name[n]) {
            g += 1;
            n += 1;
        } else if let Some((after, eaten)) = star {
            star = Some((after, eaten + 1));
            g = after;
            n = eaten + 1;
        } else {
            return false;
        }
    }
    glob[g..].iter().all(|c| *c == '*')
}

/// Whether a pattern is more than a plain name.
pub fn is_glob(pattern: &str) -> bool {
    pattern.contains(['*', '?'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn stars_and_question_marks() {
        for (glob, name, expected) in [
            ("web-*", "web-1", true),
            ("web-*", "web-", true),
            ("web-*", "db-1", false),
            ("*", "", true),
            ("?", "", false),
            ("w?b-?", "web-1", true),
            ("*-eu-*", "web-eu-2", true),
            ("*a*b", "xaabab", true),
            ("web-1", "web-10", false),
            ("Web-1", "web-1", false),
            ("[a]", "a", false),
        ] {
            assert_eq!(matches(glob, name), expected, "{glob} {name}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_a_regex(glob in "[ab*?]{0,8}", name in "[ab]{0,10}") {
            let regex = format!("^{}$", glob.replace('*', ".*").replace('?', "."));
            prop_assert_eq!(matches(&glob, &name), regex::Regex::new(&regex).unwrap().is_match(&name));
        }
    }
}
