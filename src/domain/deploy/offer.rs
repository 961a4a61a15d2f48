//! Versions that a service may be deployed in: what lies on its hosts, what was live there, and what its project has.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::state::{HostState, is_version};
use crate::domain::version;

/// More releases of one host than anybody looks through.
pub const OF_A_HOST: usize = 300;
/// More versions than anybody looks through.
pub const MOST: usize = 300;

/// What one host says of its releases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lying {
    /// The version that is live there.
    pub live: Option<String>,
    /// Releases that lie there whole.
    pub releases: Vec<String>,
    /// What qd remembers there.
    pub state: HostState,
}

/// One version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// Its name, which can be a folder's.
    pub version: String,
    /// Hosts on which it lies.
    pub lies: Vec<String>,
    /// Hosts on which it is live.
    pub live: Vec<String>,
    /// Hosts on which it was live before, and well.
    pub ran: Vec<String>,
    /// Hosts on which it failed before, or was rolled back.
    pub bad: Vec<String>,
    /// It is a tag of the service's project.
    pub tag: bool,
    /// A deployment of it is known to have succeeded.
    pub deployed: bool,
    /// That was the last one that did, where nothing better says what is live.
    pub last: bool,
}

impl Lying {
    /// The same with the newest releases only, each once, and nothing that is no version.
    pub fn bounded(mut self) -> Self {
        self.live = self.live.filter(|live| is_version(live));
        self.releases.retain(|release| is_version(release));
        self.releases.sort_by(|a, b| version::order(b, a));
        self.releases.dedup();
        self.releases.truncate(OF_A_HOST);
        self
    }
}

/// The versions of a service, the newest first: those that its hosts tell of, tags, and what was deployed with success.
/// What is no name of a folder cannot be deployed and is left out; what is live is never cut off.
pub fn offers<'a>(
    hosts: impl IntoIterator<Item = (&'a str, &'a Lying)>,
    tags: impl IntoIterator<Item = &'a str>,
    deployed: impl IntoIterator<Item = &'a str>,
) -> Vec<Offer> {
    let mut found: BTreeMap<&str, Offer> = BTreeMap::new();
    let mut add = |name: &'a str, change: &dyn Fn(&mut Offer)| {
        if is_version(name) {
            let offer = found.entry(name).or_default();
            change(offer);
        }
    };
    for (host, lying) in hosts {
        let host = || host.to_owned();
        lying.releases.iter().for_each(|name| add(name, &|offer| offer.lies.push(host())));
        lying.live.iter().for_each(|name| add(name, &|offer| offer.live.push(host())));
        lying.state.good.iter().for_each(|name| add(name, &|offer| offer.ran.push(host())));
        lying.state.bad.iter().for_each(|name| add(name, &|offer| offer.bad.push(host())));
    }
    tags.into_iter().for_each(|name| add(name, &|offer| offer.tag = true));
    deployed.into_iter().for_each(|name| add(name, &|offer| offer.deployed = true));
    let named = |(name, offer): (&str, Offer)| Offer { version: name.to_owned(), ..offer };
    let mut offers: Vec<Offer> = found.into_iter().map(named).collect();
    offers.sort_by(|a, b| newest_first(&a.version, &b.version));
    let mut room = MOST;
    offers.retain(|offer| {
        let kept = room > 0 || !offer.live.is_empty();
        room = room.saturating_sub(1);
        kept
    });
    offers
}

fn newest_first(a: &str, b: &str) -> Ordering {
    version::order(b, a)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(live: &str, releases: &[&str], good: &[&str], bad: &[&str]) -> Lying {
        let all = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let state = HostState { current: None, good: all(good), bad: all(bad) };
        Lying { live: Some(live.to_owned()), releases: all(releases), state }.bounded()
    }

    #[test]
    fn each_version_says_where_it_lies_is_live_ran_and_failed() {
        let web_1 = host("1.10", &["1.9", "1.10", "1.11"], &["1.10", "1.9"], &[]);
        let web_2 = host("1.9", &["1.9", "1.10"], &["1.9"], &["1.10"]);
        let found = offers([("web-1", &web_1), ("web-2", &web_2)], ["1.12", "1.9", "a/b"], ["1.8"]);
        let names: Vec<&str> = found.iter().map(|offer| offer.version.as_str()).collect();
        assert_eq!(names, ["1.12", "1.11", "1.10", "1.9", "1.8"], "a tag that is no folder's name is left out");
        let ten = &found[2];
        assert_eq!((ten.lies.len(), &ten.live[..], &ten.bad[..]), (2, &["web-1".into()][..], &["web-2".into()][..]));
        assert_eq!((found[0].lies.len(), found[0].tag, found[4].deployed), (0, true, true));
        assert_eq!((found[3].ran.len(), found[3].tag, found[3].deployed), (2, true, false));
    }

    #[test]
    fn what_is_hostile_or_too_much_is_left_out_and_what_is_live_never_is() {
        let odd = host("../x", &["..", "-rf", "a b", "\u{1b}[2J", "1.0", "1.0", ".part"], &[], &[]);
        assert_eq!((odd.live.clone(), odd.releases.clone()), (None, vec!["1.0".to_owned()]));
        let names: Vec<String> = (0..10_000).map(|n| format!("2.{n}")).collect();
        let many = host("1.0", &names.iter().map(String::as_str).collect::<Vec<_>>(), &[], &[]);
        assert_eq!((many.releases.len(), many.releases[0].as_str()), (OF_A_HOST, "2.9999"));
        let found = offers([("web-1", &many)], [], []);
        assert_eq!((found.len(), found.last().map(|offer| offer.version.as_str())), (MOST + 1, Some("1.0")));
    }
}
