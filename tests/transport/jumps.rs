//! Jump hosts: chains, shared connections, and host keys checked at every hop.

use std::sync::Arc;

use quarterdeck::domain::host::{Host, LinkErrorKind, LinkState, TransportChoice};
use quarterdeck::domain::settings::SshSettings;
use quarterdeck::transport::{Connector, Nobody, SharedTransport};

use crate::contract::{sh, until, up};
use crate::sshd::Sshd;

const BOTH: [TransportChoice; 2] = [TransportChoice::Ssh2, TransportChoice::OpenSsh];

/// Three sshds that share a client key and one known_hosts file: outer, middle, inner.
struct Chain {
    sshds: [Sshd; 3],
}

impl Chain {
    fn start() -> Self {
        Self::with("")
    }

    fn with(bastion_config: &str) -> Self {
        let sshds = [Sshd::with(bastion_config), Sshd::start(), Sshd::start()];
        let key = std::fs::read(sshds[0].path("id.pub")).unwrap();
        sshds[1..].iter().for_each(|sshd| std::fs::write(sshd.path("authorized"), &key).unwrap());
        let chain = Self { sshds };
        chain.know(&[0, 1, 2]);
        chain
    }

    /// Knows the host keys of some of them.
    fn know(&self, known: &[usize]) {
        let lines = known
            .iter()
            .map(|&n| format!("[127.0.0.1]:{} {}\n", self.sshds[n].port(), self.sshds[n].host_key("ed25519")));
        self.sshds[0].known_hosts(&lines.collect::<String>());
    }

    fn host(&self, n: usize, name: &str, jump: Option<&str>, transport: TransportChoice) -> Host {
        let mut host = self.sshds[n].host(transport);
        host.name = name.into();
        host.identity_file = Some(self.sshds[0].path("id"));
        host.jump = jump.map(str::to_owned);
        host
    }

    fn hosts(&self, transport: TransportChoice) -> Vec<Host> {
        vec![
            self.host(0, "outer", None, transport),
            self.host(1, "middle", Some("outer"), transport),
            self.host(2, "inner", Some("middle"), transport),
        ]
    }

    fn connect(&self, hosts: Vec<Host>, name: &str) -> SharedTransport {
        let host = hosts.iter().find(|host| host.name.as_str() == name).unwrap().clone();
        let settings = SshSettings { known_hosts: vec![self.sshds[0].path("known_hosts")], ..self.sshds[0].settings() };
        Connector::new(settings, hosts, Arc::new(Nobody)).connect(&host)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn through_two_jump_hosts() {
    let chain = Chain::start();
    for transport in BOTH {
        let t = chain.connect(chain.hosts(transport), "inner");
        let link = up(&t).await;
        assert_eq!(link.via, ["outer", "middle"], "{transport:?}");
        let said = sh(&t, "head -c 3000000 /dev/zero; exit 3").await;
        assert_eq!(said.out.len(), 3_000_000, "{transport:?}");
        assert!(said.err.is_empty(), "{}", String::from_utf8_lossy(&said.err));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_behind_one_jump_host_share_its_connection() {
    let chain = Chain::start();
    let hosts = vec![
        chain.host(0, "outer", None, TransportChoice::Ssh2),
        chain.host(1, "middle", Some("outer"), TransportChoice::Ssh2),
        chain.host(2, "inner", Some("outer"), TransportChoice::Ssh2),
    ];
    let settings = SshSettings { known_hosts: vec![chain.sshds[0].path("known_hosts")], ..chain.sshds[0].settings() };
    let connector = Connector::new(settings, hosts.clone(), Arc::new(Nobody));
    let (a, b) = (connector.connect(&hosts[1]), connector.connect(&hosts[2]));
    up(&a).await;
    up(&b).await;
    let log = chain.sshds[0].sessions();
    // One connection is two or three processes of sshd, depending on its privilege separation.
    assert!(log.len() <= 3, "{log:?}");
    drop(a);
    assert_eq!(sh(&b, "echo still").await.out, b"still\n");
    chain.sshds[0].signal_sessions("KILL");
    until(&b, "a second connection", |link| link.is_up() && link.generation > 1).await;
    assert_eq!(sh(&b, "echo again").await.out, b"again\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_hop_is_checked_by_the_same_rules() {
    for transport in BOTH {
        for known in [&[0, 2][..], &[0, 1], &[1, 2]] {
            let chain = Chain::start();
            chain.know(known);
            let t = chain.connect(chain.hosts(transport), "inner");
            let link = until(&t, "a refusal", |link| link.state == LinkState::HostKeyUnknown).await;
            assert_eq!(link.error.unwrap().kind, LinkErrorKind::HostKeyUnknown, "{transport:?} {known:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_jump_host_that_cannot_reach_the_target_says_so() {
    for transport in BOTH {
        let mut chain = Chain::start();
        chain.sshds[1].stop();
        let t = chain.connect(chain.hosts(transport), "middle");
        let link = until(&t, "a refusal", |link| link.error.is_some()).await;
        let error = link.error.unwrap();
        assert_eq!(error.kind, LinkErrorKind::Refused, "{transport:?}: {error}");
        let port = chain.sshds[1].port();
        assert!(error.message.contains(&format!("outer cannot reach 127.0.0.1:{port}")), "{error}");
        let why = ["Connection refused", "connect failed"];
        assert!(why.iter().any(|why| error.message.contains(why)), "{transport:?}: {error}");
        chain.sshds[1].restart();
        up(&t).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_jump_host_that_forbids_forwarding_says_so() {
    for transport in BOTH {
        let chain = Chain::with("AllowTcpForwarding no");
        let t = chain.connect(chain.hosts(transport), "middle");
        let error = until(&t, "a refusal", |link| link.error.is_some()).await.error.unwrap();
        assert_eq!(error.kind, LinkErrorKind::Refused, "{transport:?}: {error}");
        assert!(error.message.contains("outer forbids forwarding"), "{transport:?}: {error}");
        assert!(error.message.contains("AllowTcpForwarding"), "{transport:?}: {error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jumps_in_a_circle_are_a_config_error() {
    let chain = Chain::start();
    let mut hosts = chain.hosts(TransportChoice::Ssh2);
    hosts[0].jump = Some("inner".to_owned());
    let t = chain.connect(hosts, "inner");
    let link = until(&t, "a config error", |link| link.state == LinkState::Down).await;
    assert_eq!(link.error.unwrap().kind, LinkErrorKind::Config);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_jump_from_the_ssh_config_with_user_and_port() {
    let chain = Chain::start();
    let (outer, inner) = (&chain.sshds[0], &chain.sshds[2]);
    let text = format!(
        "Host target\n  HostName 127.0.0.1\n  Port {}\n  ProxyJump {}@127.0.0.1:{}\nHost *\n  IdentityFile {}\n",
        inner.port(),
        crate::sshd::me(),
        outer.port(),
        outer.path("id").display()
    );
    let mut settings = outer.settings_with(&text);
    settings.use_agent = true;
    for transport in BOTH {
        let mut host = Host::named("target", "test");
        host.transport = transport;
        let t = Connector::new(settings.clone(), vec![], Arc::new(Nobody)).connect(&host);
        assert_eq!(up(&t).await.via, ["127.0.0.1"], "{transport:?}");
        assert_eq!(sh(&t, "echo in").await.out, b"in\n");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn auto_takes_the_systems_ssh_for_a_proxy_command_and_says_why() {
    let sshd = Sshd::start();
    let text = format!(
        "Host box\n  ProxyCommand ssh -F {} -o UserKnownHostsFile={} -i {} -p {} -W %h:%p 127.0.0.1\n",
        sshd.path("none").display(),
        sshd.path("known_hosts").display(),
        sshd.path("id").display(),
        sshd.port()
    );
    std::fs::write(sshd.path("none"), "").unwrap();
    let t = sshd.connect_as(&sshd.host(TransportChoice::Auto), sshd.settings_with(&text), Arc::new(Nobody));
    let link = up(&t).await;
    assert_eq!((link.transport.as_str(), link.transport_reason.as_str()), ("openssh", "ProxyCommand"));
    assert_eq!(sh(&t, "echo in").await.out, b"in\n");
    let plain = sshd.connect_as(&sshd.host(TransportChoice::Auto), sshd.settings(), Arc::new(Nobody));
    let link = up(&plain).await;
    assert_eq!((link.transport.as_str(), link.transport_reason.as_str()), ("ssh2", ""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn auto_falls_back_when_libssh2_knows_no_common_algorithm() {
    let sshd = Sshd::with("KexAlgorithms sntrup761x25519-sha512@openssh.com");
    let t = sshd.connect_as(&sshd.host(TransportChoice::Auto), sshd.settings(), Arc::new(Nobody));
    let link = up(&t).await;
    assert_eq!(link.transport.as_str(), "openssh");
    assert!(link.transport_reason.contains("no key exchange method"), "{}", link.transport_reason);
    let t = sshd.connect_as(&sshd.host(TransportChoice::Ssh2), sshd.settings(), Arc::new(Nobody));
    let link = until(&t, "a failure", |link| link.error.is_some()).await;
    assert_eq!(link.error.unwrap().kind, LinkErrorKind::Protocol);
}
