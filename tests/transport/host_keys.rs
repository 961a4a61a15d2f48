//! Host keys: unknown, changed, revoked, of another type; asked, kept, refused.

use std::sync::Arc;

use quarterdeck::domain::host::{Link, LinkErrorKind, LinkState, TransportChoice};
use quarterdeck::domain::question::{Answer, Question};
use quarterdeck::domain::settings::{HostKeyPolicy, SshSettings};
use quarterdeck::transport::{Asker, Nobody, SharedTransport};

use crate::answers::{Answers, Silence};
use crate::contract::{sh, until, up};
use crate::sshd::Sshd;

const BOTH: [TransportChoice; 2] = [TransportChoice::Ssh2, TransportChoice::OpenSsh];

fn connect(sshd: &Sshd, transport: TransportChoice, policy: HostKeyPolicy, asker: Arc<dyn Asker>) -> SharedTransport {
    let settings = SshSettings { host_keys: policy, ..sshd.settings() };
    sshd.connect_as(&sshd.host(transport), settings, asker)
}

async fn refused(transport: &SharedTransport) -> Link {
    until(transport, "a refusal", |link| {
        link.error.is_some() && matches!(link.state, LinkState::HostKeyUnknown | LinkState::HostKeyChanged)
    })
    .await
}

#[tokio::test]
async fn an_unknown_key_is_refused_when_nobody_can_be_asked() {
    let sshd = Sshd::start();
    sshd.known_hosts("");
    for transport in BOTH {
        for policy in [HostKeyPolicy::Ask, HostKeyPolicy::Strict] {
            let t = connect(&sshd, transport, policy, Arc::new(Nobody));
            let link = refused(&t).await;
            assert_eq!(link.state, LinkState::HostKeyUnknown, "{transport:?} {policy:?}");
            assert_eq!(link.error.unwrap().kind, LinkErrorKind::HostKeyUnknown);
        }
    }
    assert_eq!(std::fs::read_to_string(sshd.path("known_hosts")).unwrap(), "");
}

#[tokio::test]
async fn a_person_accepts_a_key_and_it_is_kept() {
    let sshd = Sshd::start();
    sshd.known_hosts("# mine");
    let answers = Answers::by(|_| Answer::AcceptAndSave);
    let t = connect(&sshd, TransportChoice::Ssh2, HostKeyPolicy::Ask, answers.clone());
    up(&t).await;
    let kept = std::fs::read_to_string(sshd.path("known_hosts")).unwrap();
    assert_eq!(kept, format!("# mine\n[127.0.0.1]:{} {}\n", sshd.port(), sshd.host_key("ed25519")));
    let print =
        std::process::Command::new("ssh-keygen").arg("-lf").arg(sshd.path("host_ed25519.pub")).output().unwrap();
    let print = String::from_utf8(print.stdout).unwrap();
    let [Question::HostKey { host, address, key_type, fingerprint }] = &answers.asked()[..] else {
        panic!("asked {:?}", answers.asked())
    };
    assert_eq!((host.as_str(), key_type.as_str()), ("box", "ssh-ed25519"));
    assert_eq!(address, &format!("127.0.0.1:{}", sshd.port()));
    assert!(print.contains(fingerprint.as_str()), "{fingerprint} is not {print}");
    drop(t);
    for transport in BOTH {
        up(&connect(&sshd, transport, HostKeyPolicy::Strict, Arc::new(Nobody))).await;
    }
}

#[tokio::test]
async fn a_key_accepted_once_is_not_kept_nor_asked_for_again_in_this_run() {
    let sshd = Sshd::start();
    sshd.known_hosts("");
    let answers = Answers::by(|_| Answer::AcceptOnce);
    let t = connect(&sshd, TransportChoice::Ssh2, HostKeyPolicy::Ask, answers.clone());
    let first = up(&t).await;
    t.declare_dead(first.generation, "the test says so");
    until(&t, "a second connection", |link| link.is_up() && link.generation > first.generation).await;
    assert_eq!(answers.asked().len(), 1);
    assert_eq!(std::fs::read_to_string(sshd.path("known_hosts")).unwrap(), "");
}

#[tokio::test]
async fn a_refused_key_stays_refused_until_a_person_tries_again() {
    let sshd = Sshd::start();
    sshd.known_hosts("");
    let answers = Answers::by(|_| Answer::Refuse);
    let t = connect(&sshd, TransportChoice::Ssh2, HostKeyPolicy::Ask, answers.clone());
    refused(&t).await;
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    assert_eq!(answers.asked().len(), 1, "it asked again by itself");
    assert_eq!(t.link().borrow().retry_at, None);
    sshd.write_known_hosts("ed25519");
    t.reconnect();
    up(&t).await;
}

#[tokio::test]
async fn while_a_person_thinks_the_link_says_why_and_nothing_else_waits() {
    let (sshd, other) = (Sshd::start(), Sshd::start());
    sshd.known_hosts("");
    let t = connect(&sshd, TransportChoice::Ssh2, HostKeyPolicy::Ask, Arc::new(Silence(Default::default())));
    let link = refused(&t).await;
    assert!(link.error.unwrap().message.contains("SHA256:"));
    up(&other.connect(TransportChoice::Ssh2)).await;
    t.close();
    until(&t, "state down", |link| link.state == LinkState::Down).await;
}

#[tokio::test]
async fn new_keys_are_accepted_by_policy_changed_ones_never() {
    for transport in BOTH {
        let sshd = Sshd::start();
        sshd.known_hosts("");
        let t = connect(&sshd, transport, HostKeyPolicy::AcceptNew, Arc::new(Nobody));
        up(&t).await;
        drop(t);
        let kept = std::fs::read_to_string(sshd.path("known_hosts")).unwrap();
        assert!(kept.contains(&sshd.host_key("ed25519")), "{transport:?} kept {kept}");
        let other = Sshd::start();
        let text = format!("# a comment\n[127.0.0.1]:{} {}\n", sshd.port(), other.host_key("ed25519"));
        sshd.known_hosts(&text);
        for policy in [HostKeyPolicy::AcceptNew, HostKeyPolicy::Ask] {
            let answers = Answers::by(|_| Answer::AcceptAndSave);
            let link = refused(&connect(&sshd, transport, policy, answers.clone())).await;
            assert_eq!(link.state, LinkState::HostKeyChanged, "{transport:?}");
            let place = format!("{}:2", sshd.path("known_hosts").display());
            assert!(link.error.as_ref().unwrap().message.contains(&place), "{transport:?}: {:?}", link.error);
            assert!(answers.asked().is_empty(), "there is no key to press for a changed host key");
        }
        assert_eq!(std::fs::read_to_string(sshd.path("known_hosts")).unwrap(), text);
    }
}

#[tokio::test]
async fn a_revoked_key_is_refused_although_it_is_known() {
    let sshd = Sshd::start();
    let key = sshd.host_key("ed25519");
    sshd.known_hosts(&format!("[127.0.0.1]:{} {key}\n@revoked * {key}\n", sshd.port()));
    for transport in BOTH {
        let link = refused(&connect(&sshd, transport, HostKeyPolicy::AcceptNew, Arc::new(Nobody))).await;
        assert_eq!(link.state, LinkState::HostKeyChanged, "{transport:?}");
        assert!(link.error.unwrap().message.contains("revoked"), "{transport:?}");
    }
}

#[tokio::test]
async fn a_host_known_by_another_key_type_shows_that_key() {
    let sshd = Sshd::start();
    sshd.write_known_hosts("rsa");
    up(&connect(&sshd, TransportChoice::Ssh2, HostKeyPolicy::Strict, Arc::new(Nobody))).await;
}

#[tokio::test]
async fn wildcards_and_rubbish_in_known_hosts() {
    let sshd = Sshd::start();
    sshd.known_hosts(&format!("rubbish\n\u{1b}[31m\n[127.*]:* {}\n", sshd.host_key("ed25519")));
    up(&connect(&sshd, TransportChoice::Ssh2, HostKeyPolicy::Strict, Arc::new(Nobody))).await;
}

#[tokio::test]
async fn host_key_alias_and_hashing_come_from_the_ssh_config() {
    let sshd = Sshd::start();
    sshd.known_hosts("");
    let settings = sshd.settings_with("Host box\n  HostKeyAlias the-box\n  HashKnownHosts yes\n");
    let answers = Answers::by(|_| Answer::AcceptAndSave);
    let t = sshd.connect_as(&sshd.host(TransportChoice::Ssh2), settings, answers);
    up(&t).await;
    let kept = std::fs::read_to_string(sshd.path("known_hosts")).unwrap();
    assert!(kept.starts_with("|1|"), "{kept}");
    let found = std::process::Command::new("ssh-keygen")
        .args(["-F", "the-box", "-f"])
        .arg(sshd.path("known_hosts"))
        .output()
        .unwrap();
    assert!(found.status.success(), "ssh itself does not find it: {kept}");
    assert_eq!(sh(&t, "echo in").await.out, b"in\n");
}
