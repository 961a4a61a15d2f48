//! What only real hosts on a real network show: partitions, frozen hosts, crashes, new host keys, a real jump host.

use std::sync::Arc;
use std::time::{Duration, Instant};

use quarterdeck::domain::host::{Host, LinkErrorKind, LinkState, TransportChoice};
use quarterdeck::domain::question::Answer;
use quarterdeck::domain::settings::SshSettings;
use quarterdeck::transport::{Asker, Chunk, Connector, ExecSpec, Exit, Nobody, SharedTransport};

use crate::answers::Answers;
use crate::contract::{end, read_out, sh, soon, until, up};
use crate::support::Fleet;

const HOSTS: [&str; 5] = ["web-1", "web-2", "db-1", "bastion-1", "inner-1"];
const SSH2: TransportChoice = TransportChoice::Ssh2;
const BOTH: [TransportChoice; 2] = [SSH2, TransportChoice::OpenSsh];

/// The fleet, and an ssh config over its own that looks for signs of life every second (`QD_TEST_LONG`: five).
struct Hosts {
    fleet: Fleet,
    config: tempfile::NamedTempFile,
}

impl Hosts {
    fn new() -> Self {
        let fleet = Fleet::running();
        let config = tempfile::NamedTempFile::new().unwrap();
        let every = if long() { 5 } else { 1 };
        let text = format!("Include {}\nHost *\n  ServerAliveInterval {every}\n", fleet.ssh_config().display());
        std::fs::write(config.path(), text).unwrap();
        Self { fleet, config }
    }

    fn settings(&self) -> SshSettings {
        SshSettings { config: Some(self.config.path().to_owned()), ..SshSettings::default() }
    }

    fn host(&self, name: &str, transport: TransportChoice) -> Host {
        let mut host = Host::named(name, "test");
        host.transport = transport;
        host
    }

    fn connect(&self, name: &str, transport: TransportChoice) -> SharedTransport {
        self.connect_as(&self.host(name, transport), Arc::new(Nobody))
    }

    fn connect_as(&self, host: &Host, asker: Arc<dyn Asker>) -> SharedTransport {
        Connector::new(self.settings(), vec![], asker).connect(host)
    }
}

fn long() -> bool {
    std::env::var_os("QD_TEST_LONG").is_some()
}

/// Until the wanted link, with more patience than `until`: a partition takes its time.
async fn within(
    t: &SharedTransport,
    limit: Duration,
    wanted: impl Fn(&quarterdeck::domain::host::Link) -> bool,
) -> Duration {
    let begun = Instant::now();
    let mut link = t.link();
    let found = tokio::time::timeout(limit, link.wait_for(|link| wanted(link))).await.is_ok();
    assert!(found, "not within {limit:?}: {:?}", t.link().borrow());
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_every_host_is_up_and_is_itself() {
    let hosts = Hosts::new();
    for transport in BOTH {
        let begun = Instant::now();
        let connector = Connector::new(hosts.settings(), vec![], Arc::new(Nobody));
        let all = HOSTS.map(|name| (name, connector.connect(&hosts.host(name, transport))));
        for (name, t) in &all {
            let link = up(t).await;
            assert_eq!(link.via, if *name == "inner-1" { vec!["bastion-1"] } else { vec![] });
            println!("{transport:?} {name} up after {:?}", begun.elapsed());
        }
        for (name, t) in &all {
            assert_eq!(sh(t, "hostname").await.out, format!("{name}\n").into_bytes());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_a_cut_host_is_lost_and_comes_back_by_itself() {
    let hosts = Hosts::new();
    for transport in BOTH {
        let (t, other) = (hosts.connect("web-1", transport), hosts.connect("web-2", transport));
        let before = up(&t).await;
        up(&other).await;
        let mut tail = t.exec(ExecSpec::stream("echo here; while :; do echo tick || exit; sleep 0.2; done"));
        read_out(&mut tail, 5).await;
        let cut = hosts.fleet.during(&["cut", "web-1"], &["heal", "web-1"]);
        let noticed = within(&t, Duration::from_secs(20), |link| !link.is_up()).await;
        assert_eq!(end(&mut tail).await, Exit::ConnectionLost);
        assert_eq!(sh(&other, "echo fine").await.out, b"fine\n");
        tokio::time::sleep(Duration::from_secs(if long() { 60 } else { 5 })).await;
        drop(cut);
        let back = within(&t, Duration::from_secs(10), |l| l.is_up() && l.generation > before.generation).await;
        println!("{transport:?}: lost {noticed:?} after the cut, up {back:?} after healing");
        assert_eq!(sh(&t, "echo back").await.out, b"back\n");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_a_frozen_host_delays_no_other_and_comes_back() {
    let hosts = Hosts::new();
    let (t, other) = (hosts.connect("web-2", SSH2), hosts.connect("web-1", SSH2));
    let before = up(&t).await;
    up(&other).await;
    let frozen = hosts.fleet.during(&["freeze", "web-2"], &["thaw", "web-2"]);
    let waiting = t.exec(ExecSpec::script("echo late", Duration::from_secs(60)));
    let begun = Instant::now();
    assert_eq!(sh(&other, "echo fine").await.out, b"fine\n");
    assert!(begun.elapsed() < Duration::from_secs(3));
    within(&t, Duration::from_secs(20), |link| !link.is_up()).await;
    assert_eq!(soon("the end", waiting.collect(10)).await.exit, Exit::ConnectionLost);
    // It takes TCP connections, but says nothing.
    let fresh = hosts.connect("web-2", SSH2);
    within(&fresh, Duration::from_secs(15), |link| {
        link.error.as_ref().is_some_and(|e| e.kind == LinkErrorKind::Unreachable)
    })
    .await;
    drop(frozen);
    within(&t, Duration::from_secs(40), |l| l.is_up() && l.generation > before.generation).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_a_crashed_host_is_connected_after_its_start() {
    let hosts = Hosts::new();
    let t = hosts.connect("web-2", SSH2);
    let before = up(&t).await;
    let boot = sh(&t, "cat /proc/sys/kernel/random/boot_id").await.out;
    let crashed = hosts.fleet.during(&["crash", "web-2"], &["start", "web-2"]);
    within(&t, Duration::from_secs(20), |link| !link.is_up()).await;
    drop(crashed);
    let back = within(&t, Duration::from_secs(20), |l| l.is_up() && l.generation > before.generation).await;
    println!("up {back:?} after the start");
    assert_ne!(sh(&t, "cat /proc/sys/kernel/random/boot_id").await.out, boot);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_a_lost_jump_host_takes_and_brings_back_what_is_behind_it() {
    let hosts = Hosts::new();
    let t = hosts.connect("inner-1", SSH2);
    let before = up(&t).await;
    let cut = hosts.fleet.during(&["cut", "bastion-1"], &["heal", "bastion-1"]);
    within(&t, Duration::from_secs(20), |link| !link.is_up()).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    drop(cut);
    let back = within(&t, Duration::from_secs(15), |l| l.is_up() && l.generation > before.generation).await;
    println!("up {back:?} after healing");
    assert_eq!(sh(&t, "hostname").await.out, b"inner-1\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_a_dial_into_nowhere_holds_up_nothing() {
    let hosts = Hosts::new();
    let t = hosts.connect("web-1", SSH2);
    up(&t).await;
    let web_2 = sh(&t, "getent hosts web-2").await.out;
    let web_2 = String::from_utf8(web_2).unwrap().split_whitespace().next().unwrap().to_owned();
    let _cut = hosts.fleet.during(&["cut", "web-2"], &["heal", "web-2"]);
    let stuck = t.dial(&web_2, 22);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let begun = Instant::now();
    for n in 0..5 {
        assert_eq!(sh(&t, &format!("echo {n}")).await.out, format!("{n}\n").into_bytes());
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    drop(stuck);
    // More of them than there are connections to one host; given up, they free their connections.
    let many: Vec<_> = (0..12).map(|_| t.dial(&web_2, 22)).collect();
    tokio::time::sleep(Duration::from_secs(12)).await;
    drop(many);
    soon("a dial that works", async {
        while !t.dial("127.0.0.1", 22).output.recv().await.is_some_and(|chunk| matches!(chunk, Chunk::Out(_))) {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    })
    .await;
    assert_eq!(sh(&t, "echo fine").await.out, b"fine\n");
    assert!(t.link().borrow().is_up());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_a_changed_host_key_is_refused_with_its_place() {
    let hosts = Hosts::new();
    let keep = "mkdir -p /root/kept && cp -a /etc/ssh/ssh_host_ed25519_key* /root/kept/";
    let restore = "cp -a /root/kept/* /etc/ssh/ && systemctl restart ssh";
    hosts.fleet.exec("db-1", keep);
    let rekeyed = hosts.fleet.during(&["rekey", "db-1"], &["exec", "db-1", restore]);
    let address = hosts.fleet.exec("db-1", "hostname -I").split_whitespace().next().unwrap().to_owned();
    let known = std::fs::read_to_string(hosts.fleet.ssh_file("known_hosts")).unwrap();
    let line = 1 + known.lines().position(|line| line.split([' ', ',']).any(|name| name == address)).unwrap();
    for transport in BOTH {
        let t = hosts.connect("db-1", transport);
        let link = until(&t, "a refusal", |link| link.state == LinkState::HostKeyChanged).await;
        let place = format!("{}:{line}", hosts.fleet.ssh_file("known_hosts").display());
        assert!(link.error.as_ref().unwrap().message.contains(&place), "{transport:?}: {:?}", link.error);
    }
    drop(rekeyed);
    up(&hosts.connect("db-1", SSH2)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_a_key_with_a_passphrase_a_wrong_user_and_a_closed_port() {
    let hosts = Hosts::new();
    let mut host = hosts.host("web-1", SSH2);
    host.identity_file = Some(hosts.fleet.ssh_file("id_passphrase"));
    let answers = Answers::by(|_| Answer::Secret("fleet".into()));
    up(&hosts.connect_as(&host, answers.clone())).await;
    assert_eq!(answers.asked().len(), 1);
    for transport in BOTH {
        let mut host = hosts.host("web-1", transport);
        host.user = Some("nobody-here".into());
        let t = hosts.connect_as(&host, Arc::new(Nobody));
        let link = until(&t, "a refusal", |link| link.state == LinkState::AuthFailed).await;
        let said = link.error.unwrap().to_string();
        assert!(said.starts_with("permission denied (publickey) for nobody-here@web-1; "), "{said}");
        let mut host = hosts.host("web-1", transport);
        host.port = Some(2299);
        let t = hosts.connect_as(&host, Arc::new(Nobody));
        until(&t, "a refusal", |link| link.error.as_ref().is_some_and(|e| e.kind == LinkErrorKind::Refused)).await;
    }
}
