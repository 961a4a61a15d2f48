//! Which releases lie on a host: reads only.

use std::time::Duration;

use super::survey::OWNER;
use crate::domain::deploy::offer::Lying;
use crate::domain::deploy::state::{HostState, is_version};
use crate::domain::text::one_line;
use crate::transport::loader::quote;
use crate::transport::{ExecSpec, Exit, SharedTransport};

pub(super) const LYING: &str = include_str!("lying.sh");
/// How long a host may take to answer somebody who waits before a list.
const PATIENCE: Duration = Duration::from_secs(10);
/// More than any answer needs.
const MOST: usize = 1 << 18;

/// Asks a host for the releases in a folder, and for what is remembered of them in another.
pub async fn lying(transport: &SharedTransport, root: &str, state: &str) -> Result<Lying, String> {
    let script =
        format!("root={} state={}\n{OWNER}\n{LYING}\nroot=\"${{QD_ROOT:-}}$root\"\nlying", quote(root), quote(state));
    let output = transport.exec(ExecSpec::script(script, PATIENCE)).collect(MOST).await;
    match output.exit {
        Exit::Code(0) => Ok(parse(&String::from_utf8_lossy(&output.out))),
        Exit::ConnectionLost => Err("the link was lost".to_owned()),
        other => {
            let said = one_line(&String::from_utf8_lossy(&output.err), 200);
            Err(if said.is_empty() { format!("it answered with {other:?}") } else { said })
        }
    }
}

fn parse(text: &str) -> Lying {
    let mut found = Lying::default();
    // What was cut off in its midst is not what it seems.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    for (key, value) in whole.lines().filter_map(|line| line.split_once('=')) {
        match key {
            "link" => found.live = live(value).map(str::to_owned),
            "release" => found.releases.extend(release(value).map(|(name, _)| name)),
            // What cannot be read says nothing; a plan will say so.
            "state" => found.state = HostState::parse(value).unwrap_or_default(),
            _ => {}
        }
    }
    // By the script strategy nothing is linked.
    found.live = found.live.or_else(|| found.state.current.clone());
    found.bounded()
}

/// A release that is whole, and whether qd has made it.
pub(super) fn release(value: &str) -> Option<(String, bool)> {
    let (kind, name) = value.split_once(' ')?;
    (matches!(kind, "made" | "placed") && is_version(name)).then(|| (name.to_owned(), kind == "made"))
}

/// The version that a link points to.
pub(super) fn live(link: &str) -> Option<&str> {
    link.strip_prefix("releases/").filter(|version| is_version(version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_there_is_read_and_what_is_hostile_or_cut_off_is_not() {
        let found = parse(
            "link=releases/1.1\nrelease=placed 1.0\nrelease=made 1.1\nrelease=part 1.2\nrelease=placed ../x\n\
             release=placed\nstate={\"current\":\"1.1\",\"good\":[\"1.1\",\"1.0\"],\"bad\":[]}\nrelease=placed 1.",
        );
        assert_eq!((found.live.as_deref(), &found.releases[..]), (Some("1.1"), &["1.1".into(), "1.0".into()][..]));
        assert_eq!(found.state.good, ["1.1", "1.0"]);
        assert_eq!(parse("link=/etc\nstate={\"good\":[\"../x\"]}\n"), Lying::default());
        assert_eq!(parse("link=\nstate={\"current\":\"2.0\"}\n").live.as_deref(), Some("2.0"));
    }
}
