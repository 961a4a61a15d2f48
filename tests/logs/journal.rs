//! Journals, of real hosts.

use std::time::Duration;

use quarterdeck::domain::log::{SourceKind, SourceSpec};
use quarterdeck::logs::source::{Start, TailOptions, tail};
use quarterdeck::transport::{ExecSpec, Exit};
use tokio::sync::mpsc;

use crate::exact::{Seen, fleet_host, from_the_beginning};
use crate::support::Fleet;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_what_a_unit_said_before_is_brought_piece_by_piece_back_to_its_beginning() {
    let fleet = Fleet::running();
    let host = fleet_host(&fleet, "web-1");
    for unit in ["myservice.service", "ssh.service"] {
        let spec = SourceSpec { kind: SourceKind::Journal(unit.to_owned()), sudo: false };
        let options = TailOptions { start: Start::Lines(5), ..from_the_beginning() };
        let (sender, mut feed) = mpsc::channel(64);
        let tail = tail(host.clone(), None, spec, options, sender);
        let mut seen = Seen::default();
        seen.until(&mut feed, "the last lines", |seen| seen.lines.len() >= 5 && seen.caught_up > 0).await;
        let mut sum = 0;
        for round in 0.. {
            // Few at first, so that the pieces meet often; then faster.
            let brought = tail.older(if round < 5 { 700 } else { 40_000 }).await;
            assert_eq!(brought.failed, Vec::<String>::new());
            sum += brought.lines;
            seen.until(&mut feed, "older lines", |seen| seen.older.len() as u64 >= sum).await;
            if brought.begun == 1 {
                break;
            }
            assert!(brought.lines > 0 && round < 200, "{unit}: {round} {brought:?}");
        }
        assert_eq!(tail.older(700).await.lines, 0, "there is nothing before the beginning");
        let script = format!("journalctl -q --no-pager -o cat -u {unit}\n");
        let said = host.exec(ExecSpec::script(script, Duration::from_secs(20))).collect(32 << 20).await;
        let said = String::from_utf8_lossy(&said.out).into_owned();
        let all: Vec<&str> = said.lines().collect();
        let ours: Vec<&str> = seen.older.iter().chain(&seen.lines).map(String::as_str).collect();
        // More may have been said meanwhile.
        assert!(ours.len() > 20 && ours.len() <= all.len(), "{unit}: {} of {}", ours.len(), all.len());
        assert_eq!(ours, all[..ours.len()], "{unit}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_a_journal_of_which_others_messages_are_hidden_says_so_once() {
    let fleet = Fleet::running();
    // There deploy is in no group that may read it.
    let host = fleet_host(&fleet, "db-1");
    host.link().wait_for(|link| link.is_up()).await.expect("it is kept");
    // On a new host it has none of its own yet, and journalctl then ends with an error.
    let own = ExecSpec::script("echo here | systemd-cat -t own\n".to_owned(), Duration::from_secs(20));
    assert_eq!(host.exec(own).collect(1 << 10).await.exit, Exit::Code(0));
    for follow in [true, false] {
        let spec = SourceSpec { kind: SourceKind::Journal(String::new()), sudo: false };
        let options = TailOptions { start: Start::Lines(1), follow, ..from_the_beginning() };
        let (sender, mut feed) = mpsc::channel(64);
        let _tail = tail(host.clone(), None, spec, options, sender);
        let mut seen = Seen::default();
        seen.until(&mut feed, "the hint", |seen| !seen.failed.is_empty() && (follow || seen.finished)).await;
        assert_eq!((seen.failed.len(), seen.caught_up), (1, 1), "{:?}", seen.failed);
        assert!(
            seen.failed[0]
                .contains("only its own messages in the journal of db-1: add the login user to the group adm"),
            "{:?}",
            seen.failed
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_a_long_message_is_read_whole() {
    let fleet = Fleet::running();
    let host = fleet_host(&fleet, "web-1");
    let spec = SourceSpec { kind: SourceKind::Journal(String::new()), sudo: false };
    let options = TailOptions { start: Start::Now, ..from_the_beginning() };
    let (sender, mut feed) = mpsc::channel(64);
    let _tail = tail(host.clone(), None, spec, options, sender);
    let mut seen = Seen::default();
    seen.until(&mut feed, "the end", |seen| seen.caught_up > 0).await;
    // journalctl shortens what is over 4 KiB unless it is told not to; as JSON the second is twice as long.
    let wanted = ["x".repeat(30_000), "\"".repeat(40_000)];
    for text in &wanted {
        let sign = &text[..1];
        let script = format!("head -c {} /dev/zero | tr '\\0' '{sign}' | systemd-cat -t long\n", text.len());
        let said = host.exec(ExecSpec::script(script, Duration::from_secs(20))).collect(1 << 10).await;
        assert_eq!(said.exit, Exit::Code(0), "{}", String::from_utf8_lossy(&said.err));
    }
    let all = |lines: &[String]| wanted.iter().all(|text| lines.contains(text));
    let reading = seen.until(&mut feed, "the long messages", |seen| all(&seen.lines));
    tokio::time::timeout(Duration::from_secs(60), reading).await.expect("long messages are read whole");
    // And backwards, from whatever is the newest entry now.
    let spec = SourceSpec { kind: SourceKind::Journal(String::new()), sudo: false };
    let options = TailOptions { start: Start::Lines(1), ..from_the_beginning() };
    let (sender, mut feed) = mpsc::channel(64);
    let back = tail(host, None, spec, options, sender);
    let mut seen = Seen::default();
    seen.until(&mut feed, "the newest", |seen| !seen.lines.is_empty() && seen.caught_up > 0).await;
    let brought = back.older(20_000).await;
    assert_eq!(brought.failed, Vec::<String>::new());
    seen.until(&mut feed, "older lines", |seen| seen.older.len() as u64 >= brought.lines).await;
    assert!(all(&[seen.older, seen.lines].concat()), "{} lines", brought.lines);
}
