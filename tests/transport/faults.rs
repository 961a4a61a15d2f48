//! Everything that can break on the way: each has its own kind, names its cause, and comes back where it can.

use std::sync::Arc;
use std::time::{Duration, Instant};

use quarterdeck::domain::host::{Host, Link, LinkErrorKind, LinkState, TransportChoice};
use quarterdeck::domain::settings::SshSettings;
use quarterdeck::transport::{Chunk, Connector, ExecSpec, Exit, Nobody, SharedTransport};

use crate::contract::{end, read_out, sh, soon, told_of_its_loss, until, up};
use crate::sshd::Sshd;

const BOTH: [TransportChoice; 2] = [TransportChoice::Ssh2, TransportChoice::OpenSsh];

async fn failed(t: &SharedTransport, kind: LinkErrorKind) -> Link {
    until(t, &format!("{kind:?}"), |link| {
        link.state != LinkState::Connecting && link.error.as_ref().is_some_and(|error| error.kind == kind)
    })
    .await
}

fn connect(host: &Host, settings: SshSettings) -> SharedTransport {
    Connector::new(settings, vec![], Arc::new(Nobody)).connect(host)
}

#[tokio::test]
async fn a_killed_connection_is_lost_never_success_and_comes_back() {
    for transport in BOTH {
        let sshd = Sshd::start();
        let t = sshd.connect(transport);
        let before = up(&t).await;
        let mut quiet = t.exec(ExecSpec::stream("echo here; cat; exit 0"));
        assert_eq!(read_out(&mut quiet, 5).await, b"here\n");
        let mut busy = t.exec(ExecSpec::stream("yes"));
        assert!(matches!(soon("output", busy.output.recv()).await, Some(Chunk::Out(_))));
        sshd.signal_sessions("KILL");
        assert_eq!(end(&mut quiet).await, Exit::ConnectionLost, "{transport:?}");
        told_of_its_loss(&t, before.generation);
        assert_eq!(end(&mut busy).await, Exit::ConnectionLost, "{transport:?}");
        let after = until(&t, "a new connection", |l| l.is_up() && l.generation > before.generation).await;
        assert_eq!(after.generation, before.generation + 1);
        assert_eq!(sh(&t, "echo back").await.out, b"back\n");
    }
}

#[tokio::test]
async fn a_connection_killed_while_idle_is_noticed() {
    for transport in BOTH {
        let sshd = Sshd::start();
        let t = sshd.connect(transport);
        let before = up(&t).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        sshd.signal_sessions("KILL");
        until(&t, "a new connection", |l| l.is_up() && l.generation > before.generation).await;
    }
}

async fn a_frozen_peer_is_found_dead(transport: TransportChoice, streams: usize) {
    let sshd = Sshd::start();
    let mut settings = sshd.settings_with("ServerAliveInterval 1\n");
    settings.connect_timeout = Duration::from_secs(2);
    let t = sshd.connect_as(&sshd.host(transport), settings, Arc::new(Nobody));
    let before = up(&t).await;
    let mut open: Vec<_> = (0..streams).map(|_| t.exec(ExecSpec::stream("echo here; cat"))).collect();
    for stream in &mut open {
        read_out(stream, 5).await;
    }
    let begun = Instant::now();
    sshd.signal_sessions("STOP");
    until(&t, "the loss noticed", |link| !link.is_up()).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    for stream in &mut open {
        assert_eq!(end(stream).await, Exit::ConnectionLost);
    }
    until(&t, "a new connection", |l| l.is_up() && l.generation > before.generation).await;
    sshd.signal_sessions("CONT");
}

#[tokio::test]
async fn a_frozen_peer_is_found_dead_by_ssh2() {
    a_frozen_peer_is_found_dead(TransportChoice::Ssh2, 2).await;
}

#[tokio::test]
async fn a_frozen_peer_is_found_dead_by_ssh2_when_idle() {
    a_frozen_peer_is_found_dead(TransportChoice::Ssh2, 0).await;
}

#[tokio::test]
async fn a_frozen_peer_is_found_dead_by_openssh() {
    a_frozen_peer_is_found_dead(TransportChoice::OpenSsh, 2).await;
}

#[tokio::test]
async fn a_silent_connection_stays_up_while_the_peer_lives() {
    let sshd = Sshd::start();
    let t = sshd.connect_as(
        &sshd.host(TransportChoice::Ssh2),
        sshd.settings_with("ServerAliveInterval 1\n"),
        Arc::new(Nobody),
    );
    let before = up(&t).await;
    let mut quiet = t.exec(ExecSpec::stream("echo here; cat"));
    read_out(&mut quiet, 5).await;
    let mut unread = t.exec(ExecSpec::stream("yes"));
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(t.link().borrow().generation, before.generation);
    assert!(t.link().borrow().is_up());
    assert!(matches!(soon("output", unread.output.recv()).await, Some(Chunk::Out(_))));
    drop((quiet, unread));
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(t.link().borrow().generation, before.generation, "an idle connection was dropped");
    assert_eq!(sh(&t, "echo fine").await.out, b"fine\n");
}

#[tokio::test]
async fn a_host_that_comes_back_is_connected_soon() {
    for transport in BOTH {
        let mut sshd = Sshd::start();
        let t = sshd.connect(transport);
        let before = up(&t).await;
        sshd.stop();
        let link = failed(&t, LinkErrorKind::Refused).await;
        assert_eq!(link.state, LinkState::Retrying);
        tokio::time::sleep(Duration::from_secs(4)).await;
        sshd.restart();
        let begun = Instant::now();
        until(&t, "a new connection", |l| l.is_up() && l.generation > before.generation).await;
        assert!(begun.elapsed() < Duration::from_secs(6), "{transport:?}: {:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_closed_port_and_a_name_that_does_not_resolve() {
    let sshd = Sshd::start();
    for transport in BOTH {
        let mut host = sshd.host(transport);
        host.port = Some(1);
        let t = connect(&host, sshd.settings());
        let error = failed(&t, LinkErrorKind::Refused).await.error.unwrap();
        assert!(error.message.contains("127.0.0.1:1"), "{transport:?}: {error}");
        assert!(!error.remedy.is_empty());
        host.address = Some("no-such-host.invalid".into());
        let t = connect(&host, sshd.settings());
        let error = failed(&t, LinkErrorKind::Resolve).await.error.unwrap();
        assert!(error.message.contains("no-such-host.invalid does not resolve"), "{transport:?}: {error}");
    }
}

#[tokio::test]
async fn a_peer_that_says_nothing_or_not_ssh() {
    let sshd = Sshd::start();
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let other = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let other_port = other.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut peer, _)) = other.accept().await {
            let _ = tokio::io::AsyncWriteExt::write_all(&mut peer, b"HTTP/1.1 400 Bad\r\n\r\n").await;
        }
    });
    let settings = SshSettings { connect_timeout: Duration::from_secs(1), ..sshd.settings() };
    for transport in BOTH {
        let mut host = sshd.host(transport);
        host.port = Some(silent.local_addr().unwrap().port());
        let link = failed(&connect(&host, settings.clone()), LinkErrorKind::Unreachable).await;
        assert_eq!(link.state, LinkState::Retrying, "{transport:?}");
        host.port = Some(other_port);
        failed(&connect(&host, settings.clone()), LinkErrorKind::Protocol).await;
    }
}

#[tokio::test]
async fn one_bad_host_holds_up_no_other() {
    let sshd = Sshd::start();
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let connector = Connector::new(sshd.settings(), vec![], Arc::new(Nobody));
    let mut bad = sshd.host(TransportChoice::Ssh2);
    bad.port = Some(silent.local_addr().unwrap().port());
    let _bad: Vec<_> = (0..10).map(|_| connector.connect(&bad)).collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let begun = Instant::now();
    up(&connector.connect(&sshd.host(TransportChoice::Ssh2))).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn more_hosts_than_handshakes_at_once_all_come_up() {
    let sshd = Sshd::start();
    let connector = Connector::new(sshd.settings(), vec![], Arc::new(Nobody));
    let all: Vec<_> = (0..24)
        .map(|n| {
            let mut host = sshd.host(TransportChoice::Ssh2);
            host.name = format!("box-{n}").as_str().into();
            connector.connect(&host)
        })
        .collect();
    for t in &all {
        up(t).await;
    }
}

#[tokio::test]
async fn a_server_without_sessions_says_so_and_the_rest_goes_on() {
    for transport in BOTH {
        let sshd = Sshd::with("MaxSessions 0");
        let t = sshd.connect(transport);
        let before = up(&t).await;
        let Exit::Refused(why) = sh(&t, "true").await.exit else { panic!("{transport:?} ran a command") };
        assert!(why.contains("MaxSessions"), "{transport:?}: {why}");
        let noted = t.link().borrow().clone();
        assert_eq!(noted.error.unwrap().kind, LinkErrorKind::Sessions);
        assert_eq!((noted.state, noted.generation), (LinkState::Up, before.generation));
        let mut dialed = t.dial("127.0.0.1", sshd.port());
        let banner = read_out(&mut dialed, 4).await;
        assert!(banner.starts_with(b"SSH-"), "a dial is no session");
    }
}

#[tokio::test]
async fn a_small_max_sessions_is_learned() {
    let sshd = Sshd::with("MaxSessions 2");
    let t = sshd.connect(TransportChoice::Ssh2);
    up(&t).await;
    let mut streams: Vec<_> = (0..7).map(|_| t.exec(ExecSpec::stream("echo here; cat"))).collect();
    for stream in &mut streams {
        assert_eq!(read_out(stream, 5).await, b"here\n");
    }
}

#[tokio::test]
async fn more_than_the_pool_takes_is_refused_not_kept_waiting() {
    let sshd = Sshd::start();
    let t = sshd.connect(TransportChoice::Ssh2);
    up(&t).await;
    let mut streams: Vec<_> = (0..65).map(|_| t.exec(ExecSpec::stream("echo here; cat"))).collect();
    let last = soon("the refusal", streams.pop().unwrap().output.recv()).await;
    let Some(Chunk::End(Exit::Refused(why))) = last else { panic!("{last:?}") };
    assert!(why.contains("64 channels"), "{why}");
}

#[tokio::test]
async fn a_name_that_could_be_an_option_is_never_used() {
    let sshd = Sshd::start();
    for transport in BOTH {
        let mut host = sshd.host(transport);
        host.user = Some("-oProxyCommand=touch${IFS}/tmp/owned".into());
        let link = failed(&connect(&host, sshd.settings()), LinkErrorKind::Config).await;
        assert_eq!(link.state, LinkState::Down);
    }
}

#[tokio::test]
async fn a_dial_that_is_cancelled_and_one_that_is_refused_leave_no_trace() {
    let sshd = Sshd::start();
    let t = sshd.connect(TransportChoice::Ssh2);
    up(&t).await;
    for _ in 0..20 {
        drop(t.dial("127.0.0.1", sshd.port()));
        drop(t.exec(ExecSpec::stream("cat")));
    }
    assert!(matches!(soon("a dial", t.dial("127.0.0.1", 1).collect(10)).await.exit, Exit::Refused(_)));
    assert_eq!(sh(&t, "echo fine").await.out, b"fine\n");
}

#[tokio::test]
async fn dropping_the_transport_ends_its_connections_and_threads() {
    let sshd = Sshd::start();
    let t = sshd.connect(TransportChoice::Ssh2);
    up(&t).await;
    let mut tail = t.exec(ExecSpec::stream("echo here; cat"));
    read_out(&mut tail, 5).await;
    drop(t);
    assert_eq!(end(&mut tail).await, Exit::ConnectionLost);
    soon("the end of sshd's sessions", async {
        while !sshd.sessions().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_without_open_files_is_named_and_not_the_network() {
    let sshd = Sshd::start();
    let config = sshd.path("quarterdeck.toml");
    let settings = sshd.settings_with(&format!("UserKnownHostsFile {}\n", sshd.path("known_hosts").display()));
    let mut named = 0;
    for transport in ["ssh2", "openssh"] {
        let text = format!(
            "[ssh]\nconfig = {:?}\nconnect_timeout = \"2s\"\n[[environment]]\nname = \"test\"\n[[host]]\n\
             name = \"box\"\nenvironment = \"test\"\naddress = \"localhost\"\nport = {}\nuser = \"{}\"\n\
             identity_file = {:?}\ntransport = \"{transport}\"\n",
            settings.config.as_ref().unwrap(),
            sshd.port(),
            crate::sshd::me(),
            sshd.path("id"),
        );
        std::fs::write(&config, text).unwrap();
        // From too few to start at all to enough for everything.
        for limit in 10..26 {
            let said = tokio::process::Command::new("sh")
                .args(["-c", &format!("ulimit -n {limit} && exec \"$@\"")])
                .args(["sh", env!("CARGO_BIN_EXE_qd"), "hosts", "--json", "--config"])
                .arg(&config)
                .env("XDG_STATE_HOME", sshd.path("state"))
                .output()
                .await
                .unwrap();
            let said = String::from_utf8_lossy(&[said.stdout, said.stderr].concat()).into_owned();
            assert!(!said.contains("VPN") && !said.contains("install OpenSSH"), "{transport} with {limit}: {said}");
            named += usize::from(said.contains("gives no more open files") && said.contains("ulimit -n"));
        }
    }
    assert!(named > 0, "no limit was small enough to show anything");
}
