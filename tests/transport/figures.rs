//! libssh2 against the system's ssh, in one run on one sshd:
//! `cargo test --release --test transport -- --ignored --nocapture figures`.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use quarterdeck::domain::host::{Host, TransportChoice};
use quarterdeck::domain::settings::SshSettings;
use quarterdeck::transport::{Chunk, Connector, ExecSpec, Exit, Nobody, SharedTransport};

use crate::contract::{sh, up};
use crate::sshd::Sshd;

const RUNS: usize = 5;
const EXECS: usize = 40;
const BIG: usize = 300 << 20;

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

fn rate(time: Duration) -> String {
    format!("{:.0} MB/s", BIG as f64 / 1e6 / time.as_secs_f64())
}

/// CPU that this process (and the children it has waited for) has used.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<u64> =
        stat.rsplit(')').next().unwrap().split_whitespace().skip(11).take(4).map(|f| f.parse().unwrap()).collect();
    Duration::from_millis(fields.iter().sum::<u64>() * 10)
}

async fn big(t: &SharedTransport) -> Duration {
    let begun = Instant::now();
    let mut stream = t.exec(ExecSpec::stream(format!("head -c {BIG} /dev/zero")));
    let mut got = 0;
    while let Some(chunk) = stream.output.recv().await {
        match chunk {
            Chunk::Out(bytes) => got += bytes.len(),
            Chunk::End(exit) => assert_eq!((exit, got), (Exit::Code(0), BIG)),
            other => panic!("{other:?}"),
        }
    }
    begun.elapsed()
}

async fn ours(sshd: &Sshd, transport: TransportChoice) {
    let mut connects = Vec::new();
    let before = cpu();
    for _ in 0..RUNS {
        let begun = Instant::now();
        let t = sshd.connect(transport);
        up(&t).await;
        connects.push(begun.elapsed());
    }
    let connect_cpu = (cpu() - before) / u32::try_from(RUNS).unwrap();
    let t = sshd.connect(transport);
    up(&t).await;
    let mut execs = Vec::new();
    for _ in 0..EXECS {
        let begun = Instant::now();
        assert_eq!(sh(&t, "true").await.exit, Exit::Code(0));
        execs.push(begun.elapsed());
    }
    let before = cpu();
    let mut bigs = Vec::new();
    for _ in 0..3 {
        bigs.push(big(&t).await);
    }
    let big_cpu = (cpu() - before) / 3;
    println!(
        "{transport:?}: connect {} ({} CPU), exec true p50 {}, 300 MB {} ({big_cpu:.2?} CPU)",
        ms(median(connects)),
        ms(connect_cpu),
        ms(median(execs)),
        rate(median(bigs)),
    );
}

fn plain_ssh(sshd: &Sshd, command: &str) -> Duration {
    let begun = Instant::now();
    let done = Command::new("ssh")
        .args(["-F", "/dev/null", "-o", "BatchMode=yes", "-o"])
        .arg(format!("UserKnownHostsFile={}", sshd.path("known_hosts").display()))
        .arg("-i")
        .arg(sshd.path("id"))
        .args(["-p", &sshd.port().to_string(), "127.0.0.1", command])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status();
    assert!(done.unwrap().success());
    begun.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures; best as a release build"]
async fn figures_of_the_transports() {
    let sshd = Sshd::start();
    // What every command pays on the host, whoever asks: the login shell and its rc file.
    let shell = median((0..RUNS).map(|_| plain_ssh(&sshd, "true")).collect());
    let before = cpu();
    let whole = median((0..3).map(|_| plain_ssh(&sshd, &format!("head -c {BIG} /dev/zero"))).collect());
    let whole_cpu = (cpu() - before) / 3;
    println!("ssh host true: {}; ssh host 'head -c 300M': {} ({whole_cpu:.2?} CPU)", ms(shell), rate(whole));
    ours(&sshd, TransportChoice::Ssh2).await;
    ours(&sshd, TransportChoice::OpenSsh).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures; wants `fleet light N` first"]
async fn figures_of_many_hosts() {
    let fleet = crate::support::Fleet::running();
    let config = std::path::PathBuf::from(fleet.run(&["ssh-config", "light"]).trim());
    let text = std::fs::read_to_string(&config).unwrap();
    let names = text.lines().filter_map(|line| line.strip_prefix("Host ").filter(|name| !name.contains('*')));
    let settings = SshSettings { config: Some(config.clone()), ..SshSettings::default() };
    let connector = Connector::new(settings, vec![], Arc::new(Nobody));
    let (begun, before) = (Instant::now(), cpu());
    let all: Vec<SharedTransport> = names.map(|name| connector.connect(&Host::named(name, "test"))).collect();
    for t in &all {
        let mut link = t.link();
        let up = link.wait_for(quarterdeck::domain::host::Link::is_up);
        let up = tokio::time::timeout(Duration::from_secs(120), up).await.map(|_| ());
        assert!(up.is_ok(), "{:?}", t.link().borrow());
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let memory = status.lines().filter(|line| line.starts_with("VmRSS") || line.starts_with("Threads"));
    println!(
        "{} hosts up after {:.2?} ({:.2?} CPU with ssh -G); {}",
        all.len(),
        begun.elapsed(),
        cpu() - before,
        memory.collect::<Vec<_>>().join(" ").replace('\t', " ")
    );
}
