//! URLs that are shown: people put keys into them.

use reqwest::Url;

/// A URL as it may be shown: without credentials, query and fragment. What is no URL (a host and port, say) stays as it
/// is but for those.
pub fn public_url(url: &str) -> String {
    let parsed = Url::parse(url).ok().filter(|parsed| !parsed.cannot_be_a_base());
    let Some(mut parsed) = parsed else {
        return url.split(['?', '#']).next().unwrap_or("").rsplit('@').next().unwrap_or("").to_owned();
    };
    let bare = parsed.path() == "/" && !url.ends_with('/');
    parsed.set_query(None);
    parsed.set_fragment(None);
    // Neither can fail on a URL that has a host; without one there are none.
    let _ = parsed.set_username("");
    let _ = parsed.set_password(None);
    let text = parsed.to_string();
    if bare { text.trim_end_matches('/').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_shown_of_a_url_holds_no_key() {
        for (url, expected) in [
            ("https://me:pass@shop.example.test/a?key=1#f", "https://shop.example.test/a"),
            ("https://shop.example.test", "https://shop.example.test"),
            ("https://shop.example.test?key=1", "https://shop.example.test"),
            ("https://shop.example.test/", "https://shop.example.test/"),
            ("db.example.test:5432", "db.example.test:5432"),
            ("me:pass@db.example.test?x", "db.example.test"),
            ("203.0.113.7", "203.0.113.7"),
        ] {
            assert_eq!(public_url(url), expected, "{url}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(url in ".*") {
            let _ = public_url(&url);
        }
    }
}
