//! Names, addresses, URLs, paths on hosts: strings that pass a check.

use regex::Regex;

use crate::config::read::{Reader, Value};
use crate::config::schema::Shape;
use crate::config::tree::Node;
use crate::config::trust::{Class, Concerns};

/// A type over a string that some check has passed, and what its value would do.
macro_rules! text {
    ($(#[doc = $doc:literal])+ $name:ident, $expected:literal, $check:expr $(, $class:ident)?) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct $name(pub String);

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Value for $name {
            fn shape() -> Shape {
                Shape::Text($expected)
            }

            fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
                let text = reader.text(node, &Self::shape())?;
                let check: fn(&str) -> Result<(), String> = $check;
                match check(text) {
                    Ok(()) => Some(Self(text.to_owned())),
                    Err(fault) => {
                        reader.error(node.at, &fault, Some(concat!("expected ", $expected).to_owned()));
                        None
                    }
                }
            }

            fn concerns(&self, _concerns: &mut Concerns<'_>) {
                $( _concerns.add(Class::$class, &self.0); )?
            }
        }
    };
}

/// Names, users and addresses end up as arguments of programs: one that begins with `-` would be an option, one with
/// blanks or control characters more than one argument or a trap for the eye.
pub fn plain(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("this is empty".to_owned());
    }
    if text.starts_with('-') {
        return Err(format!("\"{text}\" begins with \"-\": it could be taken for an option"));
    }
    if text.chars().any(|c| c.is_whitespace() || crate::domain::text::is_unsafe(c)) {
        return Err(format!("\"{text}\" holds blanks or control characters"));
    }
    Ok(())
}

fn address(text: &str) -> Result<(), String> {
    plain(text)?;
    if text.starts_with('[') {
        return Err(format!("\"{text}\" is in brackets; write the address alone, and its port as `port`"));
    }
    Ok(())
}

/// Whether every hop of a jump is a host's name or `user@host:port`.
fn jump(text: &str) -> Result<(), String> {
    for hop in text.split(',') {
        let hop = hop.strip_prefix("ssh://").unwrap_or(hop);
        let (user, host) = hop.rsplit_once('@').map_or((None, hop), |(user, host)| (Some(user), host));
        user.map_or(Ok(()), plain)?;
        plain(host)?;
        // The last colon is a port's, unless more of them say that this is an IPv6 address without brackets.
        let port = match host.rsplit_once(':') {
            Some((name, _)) if name.contains(':') && !name.ends_with(']') => None,
            split => split.map(|(_, port)| port),
        };
        if port.is_some_and(|port| port.parse::<u16>().map_or(true, |port| port == 0)) {
            return Err(format!("\"{hop}\" does not end in a port from 1 to 65535"));
        }
    }
    Ok(())
}

fn url(text: &str) -> Result<(), String> {
    plain(text)?;
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.map_or("", |rest| rest.split(['/', '?', '#']).next().unwrap_or(""));
    if host.is_empty() {
        return Err(format!("\"{text}\" is not a URL"));
    }
    if host.contains('@') {
        return Err("a URL here holds no user or password".to_owned());
    }
    Ok(())
}

fn host_path(text: &str) -> Result<(), String> {
    let plain = !text.is_empty() && !text.chars().any(crate::domain::text::is_unsafe);
    if !plain {
        return Err("a path that is empty or holds control characters".to_owned());
    }
    if !text.starts_with('/') && !text.starts_with('{') {
        return Err(format!("\"{text}\" is not absolute: there is no folder on a host that it could be relative to"));
    }
    Ok(())
}

fn pattern(text: &str) -> Result<(), String> {
    Regex::new(text).map(|_| ()).map_err(|error| {
        let last = error.to_string();
        format!("not a regular expression: {}", last.lines().last().unwrap_or("").trim_start_matches("error: "))
    })
}

text!(
    /// A name that can be used as an argument and an id.
    Name, "a name without blanks, not beginning with \"-\"", plain
);
text!(
    /// The name of a host: it is dialed.
    HostId, "a host's name without blanks, not beginning with \"-\"", plain, Contacts
);
text!(
    /// An address or DNS name.
    Address, "an IP address or DNS name", address, Contacts
);
text!(
    /// A login name.
    User, "a login name", plain, Contacts
);
text!(
    /// Hosts to jump through.
    Jump, "a host's name, or user@host:port", jump, Contacts
);
text!(
    /// Names, globs or tags of hosts: where a table's commands run and what they read.
    Selector, "a host's name, a glob, or tag:NAME", plain, Contacts
);
text!(
    /// A word to choose hosts by. It decides where commands run, and so is shown with them.
    Tag, "a word without blanks", plain, Contacts
);
text!(
    /// A URL that is asked.
    Url, "a URL such as \"https://example.com/\"", url, Contacts
);
text!(
    /// An absolute path, or a glob, on a host.
    HostPath, "an absolute path on the host", host_path, ReadsThere
);
text!(
    /// A systemd unit to read the journal of; empty for all of it.
    JournalUnit, "a unit such as \"nginx.service\", or \"\" for the whole journal",
    |text| if text.is_empty() { Ok(()) } else { plain(text) }, ReadsThere
);
text!(
    /// Who runs a deploy's steps on a host; empty for whoever logs in.
    RunAs, "a user of the host, or \"\" for the login user",
    |text| if text.is_empty() { Ok(()) } else { plain(text) }, StartsThere
);
text!(
    /// A regular expression.
    Pattern, "a regular expression", pattern
);

text!(
    /// A filter of the logs.
    LogFilterText, "a filter of the logs such as \"level>=warn !healthz\"",
    |text| crate::domain::query::parse(text, |_| true).map(drop).map_err(|error| error.to_string())
);

text!(
    /// What a counter covers: `today`, or a duration.
    Window, "\"today\" or a duration such as \"5m\"",
    |text| if text == "today" || crate::config::units::duration(text).is_some() { Ok(()) } else { Err(format!("\"{text}\" is no window")) }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_be_taken_for_an_option_or_for_two_words_is_no_name() {
        for (text, good) in [
            ("web-1", true),
            ("10.0.0.1", true),
            ("fe80::1%eth0", true),
            ("-oProxyCommand=x", false),
            ("a b", false),
            ("a\u{202e}b", false),
            ("a\nb", false),
            ("", false),
        ] {
            assert_eq!(plain(text).is_ok(), good, "{text:?}");
        }
    }

    #[test]
    fn every_hop_of_a_jump_is_checked() {
        for (text, good) in [
            ("bastion", true),
            ("deploy@bastion:2222,inner", true),
            ("deploy@[fe80::1]:22", true),
            ("fe80::1", true),
            ("ok,-oProxyCommand=x", false),
            ("-x@host", false),
            ("a@-x", false),
            ("host:0", false),
            ("host:ssh", false),
            ("", false),
        ] {
            assert_eq!(jump(text).is_ok(), good, "{text:?}");
        }
    }

    #[test]
    fn urls_are_http_and_hold_no_password() {
        for (text, good) in [
            ("http://127.0.0.1:8000/healthz", true),
            ("https://example.com", true),
            ("https://user:pass@example.com/", false),
            ("https:///x", false),
            ("ftp://example.com", false),
            ("example.com", false),
        ] {
            assert_eq!(url(text).is_ok(), good, "{text:?}");
        }
    }
}
