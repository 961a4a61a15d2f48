//! Logs that may not be read: told once, and read as soon as they may be.

use std::time::Duration;

use quarterdeck::domain::log::{SourceEventKind, SourceKind, SourceSpec};
use quarterdeck::logs::source::{Start, TailOptions, tail};
use tokio::sync::mpsc;

use crate::exact::{Seen, fleet_host, from_the_beginning};
use crate::support::Fleet;

const FOLDER: &str = "/var/log/barred";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_what_may_not_be_read_is_told_once_and_read_as_soon_as_it_may_be() {
    let fleet = Fleet::running();
    let set_up = format!(
        "rm -rf {FOLDER}; mkdir -m 750 {FOLDER}; echo one >{FOLDER}/a.log; echo two >>{FOLDER}/a.log; chgrp -R adm {FOLDER}"
    );
    let _folder = fleet.during(&["exec", "db-1", &set_up], &["exec", "db-1", &format!("rm -rf {FOLDER}")]);
    let host = fleet_host(&fleet, "db-1");
    let mut read = Vec::new();
    for name in ["a.log", "*.log"] {
        let (sender, mut feed) = mpsc::channel(64);
        let spec = SourceSpec { kind: SourceKind::File(format!("{FOLDER}/{name}")), sudo: false };
        let options = TailOptions { start: Start::Lines(1), ..from_the_beginning() };
        let tail = tail(host.clone(), None, spec, options, sender);
        let mut seen = Seen::default();
        seen.until(&mut feed, "why it cannot be read", |seen| !seen.failed.is_empty()).await;
        let why = &seen.failed[0];
        assert!(why.contains(&format!(" the folder {FOLDER} on db-1 (root and the group adm may)")), "{why}");
        assert!(why.contains("add the login user to the group adm") && why.contains("sudo = true"), "{why}");
        read.push((tail, feed, seen));
    }
    // It is tried again meanwhile, without a word.
    tokio::time::sleep(Duration::from_secs(11)).await;
    fleet.exec("db-1", &format!("chmod 755 {FOLDER}; chmod 644 {FOLDER}/*"));
    for (_tail, feed, seen) in &mut read {
        seen.until(feed, "its last line", |seen| !seen.lines.is_empty()).await;
        assert_eq!((seen.lines.as_slice(), seen.failed.len()), (&["two".to_owned()][..], 1));
        assert!(seen.saw(SourceEventKind::Connected));
    }
}
