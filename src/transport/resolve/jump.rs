//! Jump hosts, as `jump` and ProxyJump write them.

use crate::domain::host::{Host, HostName, LinkError, LinkErrorKind};
use crate::transport::error::fail;

/// One hop: `[user@]host[:port]`, or an `ssh://` URL.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hop {
    user: Option<String>,
    host: String,
    port: Option<u16>,
}

impl Hop {
    fn parse(text: &str) -> Option<Self> {
        let text = text.strip_prefix("ssh://").unwrap_or(text).trim_end_matches('/');
        let (user, rest) = match text.rsplit_once('@') {
            Some((user, rest)) => (Some(user.to_owned()), rest),
            None => (None, text),
        };
        let (host, port) = match rest.strip_prefix('[') {
            Some(v6) => {
                let (host, after) = v6.split_once(']')?;
                (host, after.strip_prefix(':').or(after.is_empty().then_some(""))?)
            }
            // More than one colon without brackets is an IPv6 address.
            None if rest.matches(':').count() == 1 => rest.split_once(':')?,
            None => (rest, ""),
        };
        let port = if port.is_empty() { None } else { Some(port.parse().ok().filter(|&port| port > 0)?) };
        super::is_plain(host).then(|| Self { user, host: host.to_owned(), port })
    }
}

/// The host that is dialed before the target of a jump `a,b,c`: `c`, which is itself reached through `a,b`. Hosts of
/// the config bring their own keys; `None` for no jump.
pub fn hops(target: &HostName, jump: Option<&str>, hosts: &[Host]) -> Result<Option<Host>, LinkError> {
    let Some(jump) = jump.filter(|jump| !jump.is_empty() && !jump.eq_ignore_ascii_case("none")) else {
        return Ok(None);
    };
    let (before, last) = match jump.rsplit_once(',') {
        Some((before, last)) => (Some(before), last),
        None => (None, jump),
    };
    let hop = Hop::parse(last).ok_or_else(|| {
        fail(
            LinkErrorKind::Config,
            format!("{target}: the jump {last:?} cannot be used"),
            "write a host's name or user@host:port",
        )
    })?;
    let mut host = match hosts.iter().find(|host| host.name.as_str() == hop.host) {
        Some(host) => host.clone(),
        None => Host::named(hop.host.as_str(), ""),
    };
    host.user = hop.user.or(host.user);
    host.port = hop.port.or(host.port);
    host.jump = before.map(str::to_owned).or(host.jump);
    Ok(Some(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hops_as_ssh_writes_them() {
        let hop = |user: Option<&str>, host: &str, port| {
            Some(Hop { user: user.map(str::to_owned), host: host.to_owned(), port })
        };
        for (text, expected) in [
            ("bastion", hop(None, "bastion", None)),
            ("me@bastion", hop(Some("me"), "bastion", None)),
            ("me@bastion:2222", hop(Some("me"), "bastion", Some(2222))),
            ("me@corp@bastion", hop(Some("me@corp"), "bastion", None)),
            ("[2001:db8::1]:22", hop(None, "2001:db8::1", Some(22))),
            ("2001:db8::1", hop(None, "2001:db8::1", None)),
            ("ssh://me@bastion:2222/", hop(Some("me"), "bastion", Some(2222))),
            ("bastion:0", None),
            ("bastion:x", None),
            ("-oProxyCommand=x", None),
            ("", None),
        ] {
            assert_eq!(Hop::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn the_last_hop_is_reached_through_those_before_it() {
        let target = HostName::from("db");
        let mut bastion = Host::named("bastion", "e");
        bastion.address = Some("192.0.2.7".into());
        bastion.jump = Some("outer".into());
        let hosts = [bastion];
        let hop = hops(&target, Some("bastion"), &hosts).unwrap().unwrap();
        assert_eq!((hop.address.as_deref(), hop.jump.as_deref()), (Some("192.0.2.7"), Some("outer")));
        let hop = hops(&target, Some("a,me@b:9,bastion"), &hosts).unwrap().unwrap();
        assert_eq!((hop.name.as_str(), hop.jump.as_deref()), ("bastion", Some("a,me@b:9")));
        let hop = hops(&target, hop.jump.as_deref(), &hosts).unwrap().unwrap();
        assert_eq!((hop.name.as_str(), hop.user.as_deref(), hop.port), ("b", Some("me"), Some(9)));
        assert_eq!(hops(&target, Some("none"), &hosts).unwrap(), None);
        assert_eq!(hops(&target, None, &hosts).unwrap(), None);
        assert!(hops(&target, Some("a,-b"), &hosts).is_err());
    }
}
