//! The round trip to a host is measured as long as it is connected, also through a jump host and while it talks.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use quarterdeck::domain::host::TransportChoice;
use quarterdeck::transport::{Backlog, Connector, ExecSpec, Nobody};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::contract::{read_out, sh, until, up};
use crate::sshd::Sshd;

/// A way to a port that takes its time: so many milliseconds a direction.
async fn slow_way(to: u16) -> (u16, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let delay = Arc::new(AtomicU64::new(0));
    let each = delay.clone();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let (near_read, near_write) = near.into_split();
            let (far_read, far_write) = TcpStream::connect(("127.0.0.1", to)).await.unwrap().into_split();
            tokio::spawn(carry(near_read, far_write, each.clone()));
            tokio::spawn(carry(far_read, near_write, each.clone()));
        }
    });
    (port, delay)
}

async fn carry(
    mut from: impl AsyncReadExt + Unpin + Send + 'static,
    mut to: impl AsyncWriteExt + Unpin + Send + 'static,
    delay: Arc<AtomicU64>,
) {
    let (tx, mut rx) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(n @ 1..) = from.read(&mut buffer).await {
            let due = tokio::time::Instant::now() + Duration::from_millis(delay.load(Ordering::Relaxed));
            if tx.send((due, buffer[..n].to_vec())).is_err() {
                return;
            }
        }
    });
    while let Some((due, bytes)) = rx.recv().await {
        tokio::time::sleep_until(due).await;
        if to.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_becomes_slow_says_so_quiet_or_not() {
    for talks in [false, true] {
        let sshd = Sshd::start();
        let (port, delay) = slow_way(sshd.port()).await;
        let mut host = sshd.host(TransportChoice::Ssh2);
        host.port = Some(port);
        sshd.known_hosts(&format!("[127.0.0.1]:{port} {}\n", sshd.host_key("ed25519")));
        let t = sshd.connect_as(&host, sshd.settings_with("ServerAliveInterval 1\n"), Arc::new(Nobody));
        let before = up(&t).await;
        let mut spec = ExecSpec::stream("while sleep 0.1; do echo tick || exit; done");
        spec.backlog = Backlog::DropOldest;
        let _talk = talks.then(|| t.exec(spec));
        delay.store(60, Ordering::Relaxed);
        let slow = until(&t, "a long round trip", |link| link.rtt.is_some_and(|rtt| rtt.as_millis() >= 120)).await;
        assert_eq!(slow.generation, before.generation);
        delay.store(0, Ordering::Relaxed);
        until(&t, "a short one", |link| link.rtt.is_some_and(|rtt| rtt.as_millis() < 60)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quiet_host_that_is_near_is_asked_for_a_sign_of_life_no_oftener_than_was_said() {
    // Its answer may be here before the thread looks at the socket again, together with the next thing it reads.
    let sshd = Sshd::with("LogLevel DEBUG1");
    let asked = || sshd.log().matches("server_input_channel_open: confirm session").count();
    let settings = sshd.settings_with("ServerAliveInterval 1\n");
    let mut links = Vec::new();
    for _ in 0..8 {
        let t = sshd.connect_as(&sshd.host(TransportChoice::Ssh2), settings.clone(), Arc::new(Nobody));
        up(&t).await;
        let mut quiet: Vec<_> = (0..4).map(|_| t.exec(ExecSpec::stream("echo here; cat"))).collect();
        for stream in &mut quiet {
            read_out(stream, 5).await;
        }
        links.push((t, quiet));
    }
    let (before, begun) = (asked(), std::time::Instant::now());
    tokio::time::sleep(Duration::from_secs(6)).await;
    let times = asked() - before;
    // Each after a second of silence; a busy machine may have slept for longer.
    let most = 8 * (begun.elapsed().as_secs() as usize + 1);
    assert!((8 * 3..=most).contains(&times), "asked {times} times in {:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_measured_through_a_jump_host() {
    let (outer, inner) = (Sshd::start(), Sshd::start());
    std::fs::copy(outer.path("id.pub"), inner.path("authorized")).unwrap();
    let line = |sshd: &Sshd| format!("[127.0.0.1]:{} {}\n", sshd.port(), sshd.host_key("ed25519"));
    outer.known_hosts(&[line(&outer), line(&inner)].concat());
    let (mut gate, mut host) = (outer.host(TransportChoice::Ssh2), inner.host(TransportChoice::Ssh2));
    gate.name = "gate".into();
    (host.identity_file, host.jump) = (Some(outer.path("id")), Some("gate".to_owned()));
    let t = Connector::new(outer.settings(), vec![gate], Arc::new(Nobody)).connect(&host);
    up(&t).await;
    sh(&t, "true").await;
    until(&t, "a round trip", |link| link.rtt.is_some()).await;
}
