//! What each tab says when everything is wrong: what happened, to what, and what would mend it, whole.

use quarterdeck::app::command::Command;
use quarterdeck::app::message::Message;
use quarterdeck::app::state::{State, Tab};
use quarterdeck::app::update::update;
use quarterdeck::domain::host::{HostName, Link, LinkError, LinkErrorKind, LinkState, TransportKind};
use quarterdeck::domain::log_view::LogWindow;
use quarterdeck::domain::sample::{Sample, Slow};

use crate::{SIZES, at, busy, picture, window};

const REMEDY: &str = "if the host was set up anew, remove its old key with `ssh-keygen -R web-2`, and compare the new one \
                      with what `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` prints on the host itself";

fn failing(state: LinkState, kind: LinkErrorKind, message: &str, remedy: &str) -> Link {
    let error = LinkError { kind, message: message.to_owned(), remedy: remedy.to_owned() };
    let retry_at = (state == LinkState::Retrying).then(|| at(14));
    Link { state, error: Some(error), retry_at, ..Link::connecting(TransportKind::Ssh2, at(0)) }
}

/// One host cannot be reached, one has another key than before, one says nothing of its disks and processes; a source
/// of logs cannot be read, the filter is not understood, and the config is broken.
pub fn wrong(size: (u16, u16)) -> State {
    let mut state = busy(size);
    let retrying = failing(
        LinkState::Retrying,
        LinkErrorKind::Refused,
        "nobody listens on 10.0.0.11:22 (connection refused)",
        "is sshd running there, and is the port right? `ssh -v web-1` shows the same",
    );
    let changed = failing(
        LinkState::HostKeyChanged,
        LinkErrorKind::HostKeyChanged,
        "its key is not the one in /home/ana/.ssh/known_hosts, line 12",
        REMEDY,
    );
    update(&mut state, Message::Link("web-1".into(), retrying));
    update(&mut state, Message::Link("web-2".into(), changed));
    update(
        &mut state,
        Message::Link("db-1".into(), Link { state: LinkState::Up, ..Link::connecting(TransportKind::Ssh2, at(0)) }),
    );
    let slow = Slow {
        at: at(1),
        failed_units: Some(vec!["backup.service".into(), "postgresql.service".into()]),
        ..Slow::default()
    };
    let sample = Sample { at: at(1), slow: Some(slow), ..Sample::default() };
    update(&mut state, Message::Sampled("db-1".into(), Box::new(sample)));
    let processes = Err("`ps` is not there: permission denied".to_owned());
    update(&mut state, Message::Processes(HostName::from("db-1"), processes));
    let mut logs = LogWindow { error: Some("the filter is no regex: unclosed group".into()), ..window(3) };
    for (name, error) in [
        (
            "file:/var/log/postgresql/postgresql-16-main.log",
            "permission denied: deploy is not in the group adm (`sudo usermod -aG adm deploy`)",
        ),
        ("journal:api.service", "no such unit"),
    ] {
        let mut source = logs.sources[0].clone();
        source.id = quarterdeck::domain::log::SourceId(logs.sources.len() as u32);
        source.source = std::sync::Arc::new(quarterdeck::domain::log::Source {
            host: "db-1".into(),
            service: None,
            name: name.into(),
        });
        (source.live, source.error, source.newest) = (false, Some(error.to_owned()), None);
        logs.sources.push(source);
    }
    update(&mut state, Message::Logs(Box::new(logs)));
    update(
        &mut state,
        Message::ConfigBroken("quarterdeck.toml:14:3: there is no key `hots` here; did you mean `host`?".into()),
    );
    state
}

#[test]
fn every_tab_has_a_picture_of_what_is_wrong() {
    for size in SIZES {
        for tab in Tab::ALL {
            let mut state = wrong(size);
            update(&mut state, Message::Command(Command::Show(tab)));
            insta::assert_snapshot!(format!("error-{}-{}x{}", tab.as_str(), size.0, size.1), picture(&mut state));
        }
        for host in ["web-2", "db-1"] {
            let mut state = wrong(size);
            update(&mut state, Message::Command(Command::Host(host.into())));
            insta::assert_snapshot!(format!("error-{host}-{}x{}", size.0, size.1), picture(&mut state));
        }
    }
}

#[test]
fn a_remedy_is_told_whole_on_the_page_of_its_host() {
    for size in SIZES {
        let mut state = wrong(size);
        update(&mut state, Message::Command(Command::Host("web-2".into())));
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let picture = picture(&mut state);
        assert!(words(&picture).contains(&words(REMEDY)), "{picture}");
    }
}

#[test]
fn hosts_that_nobody_hears_are_named_in_the_first_line_of_the_smallest_screen() {
    let mut state = wrong((60, 15));
    update(&mut state, Message::Command(Command::Dismiss));
    update(&mut state, Message::Tick(at(60)));
    let picture = picture(&mut state);
    let verdict = picture.lines().nth(1).expect("a verdict");
    for word in ["bad key", "lost", "silent"] {
        assert!(verdict.contains(word), "{word}: {verdict}");
    }
}
