//! Agents, key files, passphrases, certificates, questions, passwords; and what is said when none will do.

use std::process::{Command, Stdio};
use std::sync::Arc;

use quarterdeck::domain::host::{LinkErrorKind, LinkState, TransportChoice};
use quarterdeck::domain::question::{Answer, Question};
use quarterdeck::domain::settings::SshSettings;
use quarterdeck::transport::{Connector, Exit, Nobody, SharedTransport};

use crate::answers::Answers;
use crate::contract::{sh, until, up};
use crate::sshd::{Sshd, keygen, me};

const SSH2: TransportChoice = TransportChoice::Ssh2;

/// A private agent, ended with the value.
struct Agent {
    socket: std::path::PathBuf,
    process: std::process::Child,
}

impl Agent {
    fn start(sshd: &Sshd, keys: &[&str]) -> Self {
        let socket = sshd.path("agent");
        let process = Command::new("ssh-agent").args(["-D", "-a"]).arg(&socket).stdout(Stdio::null()).spawn().unwrap();
        let agent = Self { socket, process };
        while !agent.socket.exists() {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        for key in keys {
            let mut add = Command::new("ssh-add");
            add.arg("-q").arg(sshd.path(key)).env("SSH_AUTH_SOCK", &agent.socket);
            assert!(add.status().unwrap().success());
        }
        agent
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn denied(t: &SharedTransport) -> String {
    let link = until(t, "state auth_failed", |link| link.state == LinkState::AuthFailed).await;
    let error = link.error.unwrap();
    assert_eq!(error.kind, LinkErrorKind::Auth);
    error.to_string()
}

#[tokio::test]
async fn the_error_names_account_methods_keys_and_remedy_and_nothing_retries() {
    let sshd = Sshd::start();
    keygen(&sshd.path("other"), &["-t", "ed25519", "-N", ""]);
    for transport in [SSH2, TransportChoice::OpenSsh] {
        let mut host = sshd.host(transport);
        host.identity_file = Some(sshd.path("other"));
        let t = sshd.connect_as(&host, sshd.settings(), Arc::new(Nobody));
        let said = denied(&t).await;
        assert!(said.starts_with(&format!("permission denied (publickey) for {}@box; ", me())), "{said}");
        assert!(said.contains("correct user or identity_file"), "{said}");
        if transport == SSH2 {
            assert!(said.contains(&sshd.path("other").display().to_string()), "{said}");
        }
        tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
        assert_eq!(t.link().borrow().state, LinkState::AuthFailed, "it tries again by itself");
        // A person mends it and says so.
        std::fs::copy(sshd.path("other.pub"), sshd.path("authorized")).unwrap();
        t.reconnect();
        up(&t).await;
        std::fs::copy(sshd.path("id.pub"), sshd.path("authorized")).unwrap();
    }
}

#[tokio::test]
async fn a_passphrase_is_asked_for_once_for_all_hosts() {
    let sshd = Sshd::start();
    keygen(&sshd.path("locked"), &["-t", "ed25519", "-N", "open sesame"]);
    std::fs::copy(sshd.path("locked.pub"), sshd.path("authorized")).unwrap();
    let answers = Answers::by(|_| Answer::Secret("open sesame".into()));
    let connector = Connector::new(sshd.settings(), vec![], answers.clone());
    let hosts = ["a", "b", "c"].map(|name| {
        let mut host = sshd.host(SSH2);
        (host.name, host.identity_file) = (name.into(), Some(sshd.path("locked")));
        connector.connect(&host)
    });
    for t in &hosts {
        up(t).await;
    }
    let [Question::Passphrase { identity, .. }] = &answers.asked()[..] else { panic!("{:?}", answers.asked()) };
    assert_eq!(identity, &sshd.path("locked").display().to_string());
}

#[tokio::test]
async fn a_server_that_takes_too_long_over_a_key_has_not_refused_it() {
    let slow =
        format!("AuthorizedKeysFile none\nAuthorizedKeysCommand /usr/bin/sleep 60\nAuthorizedKeysCommandUser {}", me());
    let sshd = Sshd::with(&slow);
    let settings = SshSettings { connect_timeout: std::time::Duration::from_millis(1500), ..sshd.settings() };
    for transport in [SSH2, TransportChoice::OpenSsh] {
        let t = sshd.connect_as(&sshd.host(transport), settings.clone(), Arc::new(Nobody));
        let link = until(&t, "a failure", |link| link.state != LinkState::Connecting && link.error.is_some()).await;
        assert_eq!(link.state, LinkState::Retrying, "{link:?}");
        assert_eq!(link.error.unwrap().kind, LinkErrorKind::Unreachable);
    }
}

#[tokio::test]
async fn a_wrong_passphrase_is_asked_for_again_and_named() {
    let sshd = Sshd::start();
    keygen(&sshd.path("locked"), &["-t", "rsa", "-b", "2048", "-m", "PEM", "-N", "open sesame"]);
    std::fs::copy(sshd.path("locked.pub"), sshd.path("authorized")).unwrap();
    let mut host = sshd.host(SSH2);
    host.identity_file = Some(sshd.path("locked"));
    let wrong = Answers::by(|_| Answer::Secret("wrong".into()));
    let said = denied(&sshd.connect_as(&host, sshd.settings(), wrong.clone())).await;
    assert!(said.contains("wrong passphrase"), "{said}");
    assert_eq!(wrong.asked().len(), 3);
    let tries = std::sync::atomic::AtomicUsize::new(0);
    let second = Answers::by(move |_| {
        let first = tries.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
        Answer::Secret(if first { "wrong" } else { "open sesame" }.into())
    });
    up(&sshd.connect_as(&host, sshd.settings(), second)).await;
    let said = denied(&sshd.connect_as(&host, sshd.settings(), Arc::new(Nobody))).await;
    assert!(said.contains("no passphrase was given"), "{said}");
}

#[tokio::test]
async fn every_key_of_the_agent_is_tried_not_only_the_first() {
    let sshd = Sshd::start();
    let names = ["k0", "k1", "k2", "id"];
    names[..3].iter().for_each(|name| keygen(&sshd.path(name), &["-t", "ed25519", "-N", ""]));
    let agent = Agent::start(&sshd, &names);
    let mut settings = sshd.settings_with(&format!("IdentityAgent {}\n", agent.socket.display()));
    settings.use_agent = true;
    let mut host = sshd.host(SSH2);
    host.identity_file = Some(sshd.path("nowhere"));
    up(&sshd.connect_as(&host, settings.clone(), Arc::new(Nobody))).await;
    // IdentitiesOnly: only the agent's keys that a file names.
    let only = format!("IdentityAgent {}\nIdentitiesOnly yes\n", agent.socket.display());
    std::fs::write(sshd.path("ssh_config"), only).unwrap();
    let said = denied(&sshd.connect_as(&host, settings.clone(), Arc::new(Nobody))).await;
    assert!(!said.contains("agent key"), "{said}");
    std::fs::rename(sshd.path("id"), sshd.path("id.moved")).unwrap();
    host.identity_file = Some(sshd.path("id"));
    up(&sshd.connect_as(&host, settings, Arc::new(Nobody))).await;
}

#[tokio::test]
async fn an_agent_full_of_keys_does_not_use_up_the_servers_patience() {
    let sshd = Sshd::start();
    let names: Vec<String> = (0..8).map(|n| format!("k{n}")).collect();
    names.iter().for_each(|name| keygen(&sshd.path(name), &["-t", "ed25519", "-N", ""]));
    let agent = Agent::start(&sshd, &names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut settings = sshd.settings_with(&format!("IdentityAgent {}\n", agent.socket.display()));
    settings.use_agent = true;
    let mut host = sshd.host(SSH2);
    host.identity_file = Some(sshd.path("nowhere"));
    let said = denied(&sshd.connect_as(&host, settings, Arc::new(Nobody))).await;
    assert!(said.contains("IdentitiesOnly"), "{said}");
    assert!(!said.contains("hung up"), "{said}");
}

#[tokio::test]
async fn a_certificate_beside_the_key_is_used() {
    let sshd = Sshd::with("TrustedUserCAKeys none");
    let ca = sshd.path("ca");
    keygen(&ca, &["-t", "ed25519", "-N", ""]);
    let ca_line = std::fs::read_to_string(sshd.path("ca.pub")).unwrap();
    std::fs::write(sshd.path("authorized"), format!("cert-authority {ca_line}")).unwrap();
    let host = sshd.host(SSH2);
    denied(&sshd.connect_as(&host, sshd.settings(), Arc::new(Nobody))).await;
    let signed = Command::new("ssh-keygen")
        .args(["-q", "-I", "test", "-n", &me(), "-s"])
        .arg(&ca)
        .arg(sshd.path("id.pub"))
        .status();
    assert!(signed.unwrap().success());
    up(&sshd.connect_as(&host, sshd.settings(), Arc::new(Nobody))).await;
}

#[tokio::test]
async fn a_key_that_is_not_there_is_named() {
    let sshd = Sshd::start();
    let mut host = sshd.host(SSH2);
    host.identity_file = Some(sshd.path("no-such-key"));
    let said = denied(&sshd.connect_as(&host, sshd.settings(), Arc::new(Nobody))).await;
    assert!(said.contains("no-such-key (it does not exist)"), "{said}");
}

#[tokio::test]
async fn a_forced_command_runs_instead() {
    let sshd = Sshd::start();
    let key = std::fs::read_to_string(sshd.path("id.pub")).unwrap();
    std::fs::write(sshd.path("authorized"), format!("command=\"echo only this; exit 5\" {key}")).unwrap();
    let t = sshd.connect(SSH2);
    up(&t).await;
    let said = sh(&t, "echo never").await;
    let (out, err) = (said.out.as_slice(), said.err.as_slice());
    // What we asked for never began: what was said instead is the reason, and no answer.
    assert_eq!((out, err, said.exit), (&b""[..], &b"only this\n"[..], Exit::Code(5)));
}
