//! What a host remembers of a service's releases: `state.json` in its state folder.

use serde::{Deserialize, Serialize};

/// A version: it becomes a folder's name, and a part of URLs and commands.
pub fn is_version(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphanumeric())
        && text.len() <= 100
        && letters.all(|c| c.is_ascii_alphanumeric() || "._+-".contains(c))
}

/// The releases of one host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HostState {
    /// What was made live last.
    pub current: Option<String>,
    /// What was live here and stayed, newest first.
    pub good: Vec<String>,
    /// What failed its gate, or was rolled back.
    pub bad: Vec<String>,
}

impl HostState {
    /// The state of a file; one that cannot be read is an error, for the way back is in it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        // Field by field, a list would do for serde; for us it is no state.
        let object = if text.trim_start().starts_with('{') { text } else { "null" };
        let state: Self =
            serde_json::from_str(object).map_err(|error| format!("its state.json cannot be read: {error}"))?;
        let all = state.current.iter().chain(&state.good).chain(&state.bad);
        match all.into_iter().find(|version| !is_version(version)) {
            Some(_) => Err("its state.json names something that is no version".to_owned()),
            None => Ok(state),
        }
    }

    /// Where this host goes back to from what is live: the newest of the good that is neither live nor bad.
    pub fn way_back(&self, live: Option<&str>) -> Option<&str> {
        let usable = |version: &&String| Some(version.as_str()) != live && !self.bad.contains(version);
        self.good.iter().find(usable).map(String::as_str)
    }

    /// After a release was made live and has proven itself. `from` was live before.
    pub fn after_good(&self, from: Option<&str>, to: &str) -> Self {
        let mut good = vec![to.to_owned()];
        // What was live when qd first deployed here is a way back too.
        let before = from.filter(|from| !self.bad.iter().any(|bad| bad == from));
        good.extend(before.map(str::to_owned).into_iter().chain(self.good.iter().cloned()));
        Self { current: Some(to.to_owned()), good: once_each(good), bad: without(&self.bad, to) }
    }

    /// After a release failed here and was undone.
    pub fn after_undone(&self, from: Option<&str>, to: &str) -> Self {
        let good = from.map(str::to_owned).into_iter().chain(self.good.iter().cloned()).collect();
        let mut bad = vec![to.to_owned()];
        bad.extend(self.bad.iter().cloned());
        Self { current: from.map(str::to_owned), good: without(&once_each(good), to), bad: once_each(bad) }
    }

    /// After this host was left on a release that failed elsewhere, or that nobody has judged.
    pub fn after_kept(&self, from: Option<&str>, to: &str) -> Self {
        Self { good: without(&self.after_good(from, to).good, to), ..self.after_good(from, to) }
    }

    /// After this host went back from `from` to `to`.
    pub fn after_rollback(&self, from: Option<&str>, to: &str) -> Self {
        let mut bad: Vec<String> = from.map(str::to_owned).into_iter().collect();
        bad.extend(without(&self.bad, to));
        let bad = once_each(bad);
        let good =
            std::iter::once(to.to_owned()).chain(self.good.iter().cloned()).filter(|v| !bad.contains(v)).collect();
        Self { current: Some(to.to_owned()), good: once_each(good), bad }
    }

    /// As the file holds it.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("texts and lists of texts can be written")
    }
}

fn without(versions: &[String], gone: &str) -> Vec<String> {
    versions.iter().filter(|version| *version != gone).cloned().collect()
}

/// More are no way back that anybody would take.
const REMEMBERED: usize = 50;

fn once_each(versions: Vec<String>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for version in versions {
        if !seen.contains(&version) && seen.len() < REMEMBERED {
            seen.push(version);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(current: &str, good: &[&str], bad: &[&str]) -> HostState {
        let all = |versions: &[&str]| versions.iter().map(|version| (*version).to_owned()).collect();
        HostState { current: Some(current.to_owned()), good: all(good), bad: all(bad) }
    }

    #[test]
    fn each_release_finds_its_place_and_the_way_back_is_never_a_bad_one() {
        let first = HostState::default().after_good(Some("1.4.2"), "1.5.0");
        assert_eq!(first, state("1.5.0", &["1.5.0", "1.4.2"], &[]));
        assert_eq!(first.way_back(Some("1.5.0")), Some("1.4.2"));
        let failed = first.after_undone(Some("1.5.0"), "1.5.1");
        assert_eq!(failed, state("1.5.0", &["1.5.0", "1.4.2"], &["1.5.1"]));
        let back = failed.after_rollback(Some("1.5.0"), "1.4.2");
        assert_eq!(back, state("1.4.2", &["1.4.2"], &["1.5.0", "1.5.1"]));
        assert_eq!(back.way_back(Some("1.4.2")), None);
        let again = back.after_good(Some("1.4.2"), "1.5.1");
        assert_eq!(again, state("1.5.1", &["1.5.1", "1.4.2"], &["1.5.0"]), "deployed in spite of it");
        assert_eq!(first.after_kept(Some("1.5.0"), "1.5.1"), state("1.5.1", &["1.5.0", "1.4.2"], &[]));
    }

    #[test]
    fn a_file_that_leads_elsewhere_is_refused() {
        assert_eq!(HostState::parse(""), Ok(HostState::default()));
        assert_eq!(
            HostState::parse(&state("1.5.0", &["1.5.0"], &[]).to_json()).unwrap(),
            state("1.5.0", &["1.5.0"], &[])
        );
        for text in ["{", "[]", r#"{"good":["../../etc"]}"#, r#"{"current":""}"#] {
            assert!(HostState::parse(text).is_err(), "{text}");
        }
        for (version, good) in [
            ("1.5.0", true),
            ("v2-rc.1+x", true),
            ("", false),
            (".1", false),
            ("-1", false),
            ("a/b", false),
            ("a b", false),
        ] {
            assert_eq!(is_version(version), good, "{version}");
        }
        assert!(!is_version(&"1".repeat(101)));
    }
}
