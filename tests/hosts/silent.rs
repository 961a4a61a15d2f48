//! A host that takes questions and never answers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::Utc;
use quarterdeck::domain::host::{HostName, Link, LinkState, TransportKind};
use quarterdeck::transport::{ExecSpec, Producer, Stream, Transport};
use tokio::sync::watch;

use crate::world::{SOON, Watched, plan};

/// Keeps what was asked for alive, and says nothing.
struct Silent {
    host: HostName,
    link: watch::Sender<Link>,
    held: Mutex<Vec<Producer>>,
    dead: Mutex<Vec<(u64, String)>>,
}

impl Silent {
    fn new() -> Arc<Self> {
        let mut link = Link::connecting(TransportKind::Local, Utc::now());
        link.state = LinkState::Up;
        link.generation = 7;
        let (host, link) = ("silent".into(), watch::Sender::new(link));
        Arc::new(Self { host, link, held: Mutex::default(), dead: Mutex::default() })
    }
}

impl Transport for Silent {
    fn host(&self) -> &HostName {
        &self.host
    }

    fn exec(&self, spec: ExecSpec) -> Stream {
        let (stream, producer) = Stream::new(self.link.borrow().generation, spec.stdin, spec.backlog);
        self.held.lock().unwrap().push(producer);
        stream
    }

    fn dial(&self, _: &str, _: u16) -> Stream {
        unreachable!("nothing is dialed")
    }

    fn link(&self) -> watch::Receiver<Link> {
        self.link.subscribe()
    }

    fn reconnect(&self) {}

    fn declare_dead(&self, generation: u64, why: &str) {
        self.dead.lock().unwrap().push((generation, why.to_owned()));
        self.link.send_modify(|link| link.state = LinkState::Retrying);
    }

    fn close(&self) {}
}

#[tokio::test]
async fn three_beats_without_a_word_are_the_end_of_a_connection() {
    let silent = Silent::new();
    let mut plan = plan(1000);
    plan.beat = Duration::from_millis(200);
    let _watched = Watched::start(Arc::<Silent>::clone(&silent), plan);
    let declared = async {
        while silent.dead.lock().unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SOON, declared).await.unwrap();
    let dead = silent.dead.lock().unwrap().clone();
    assert_eq!(dead, [(7, "no answer to a heartbeat for 0.6 s".to_owned())], "the connection that it was, and once");
}

#[tokio::test]
async fn a_host_that_does_not_keep_up_is_not_asked_more_and_more() {
    let silent = Silent::new();
    let mut plan = plan(10);
    plan.slow = Duration::from_millis(50);
    let watched = Watched::start(Arc::<Silent>::clone(&silent), plan);
    watched.watch.focus(true);
    let all = ["fast", "disks", "units"];
    let begun = async {
        while silent.held.lock().unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let mut input = silent.held.lock().unwrap().remove(0).input.unwrap();
        let mut asked = String::new();
        while !all.iter().all(|word| asked.lines().any(|line| line == *word)) {
            asked.push_str(&String::from_utf8_lossy(&input.recv().await.expect("it is asked")));
        }
        (input, asked)
    };
    let (mut input, mut asked) = tokio::time::timeout(SOON, begun).await.expect("everything is asked for");
    // Time for each to be due many times more.
    tokio::time::sleep(Duration::from_millis(500)).await;
    while let Ok(bytes) = input.try_recv() {
        asked.push_str(&String::from_utf8_lossy(&bytes));
    }
    for once in all {
        assert_eq!(asked.lines().filter(|line| *line == once).count(), 1, "{asked}");
    }
}
