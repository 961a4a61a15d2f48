//! A job's log, followed while it is written.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use quarterdeck::domain::ci::CiStatus;
use quarterdeck::domain::ci_log::{CiLine, CiLog};
use quarterdeck::domain::delivery::{Part, Sight};
use quarterdeck::integrations::gitlab::{TraceReader, Watch};

use super::{expected, hasty, settings};
use crate::support::fake_apis::FakeApis;
use crate::support::http_server::{Server, answer};

/// Reads what there is.
async fn read(server: &str, times: usize) -> (CiLog, Vec<bool>) {
    let client = hasty(&settings(server));
    let (mut reader, mut log, mut restarted) = (TraceReader::new("acme/shop", 7), CiLog::default(), Vec::new());
    for _ in 0..times {
        let news = reader.next(&client).await.unwrap();
        if news.restarted {
            log = CiLog::default();
        }
        log.feed(&news.bytes);
        restarted.push(news.restarted);
    }
    (log, restarted)
}

fn texts(log: &CiLog) -> Vec<String> {
    log.lines().map(CiLine::text).collect()
}

#[tokio::test]
async fn a_finished_log_is_read_whole_with_its_sections_and_colours() {
    let fake = FakeApis::public(&[]);
    let mut watch = Watch::new(hasty(&settings(&fake.url("gitlab"))), &[], expected().1);
    let sight = Sight { project: "acme/shop".to_owned(), job: Some(5136), ..Sight::default() };
    watch.look_at(Some(sight.clone()));
    watch.round(|_| ()).await;
    let seen = watch.delivery().seen.clone().unwrap();
    assert_eq!(seen.job.unwrap().status, CiStatus("success".to_owned()));
    let lines: Vec<&CiLine> = seen.log.lines().collect();
    assert_eq!(lines.len(), 1 + 1 + 400 + 1 + 1);
    assert_eq!(lines[0].text(), "Running with gitlab-runner 17.9.0");
    assert_eq!((lines[1].text().as_str(), lines[1].spans[0].tone.color), ("$ ./deploy.sh", Some(6)));
    let section = lines[1].section.as_ref().unwrap();
    assert_eq!((section.name.as_str(), section.lasted), ("step_script", Some(Duration::from_secs(100))));
    assert_eq!((lines[401].text().as_str(), lines[401].depth), ("step 399 ok é", 1));
    assert_eq!(lines[402].text(), "DEPLOY_TOKEN=[MASKED]");
    assert_eq!((lines[403].text().as_str(), lines[403].spans[0].tone.color), ("Job succeeded", Some(2)));
    // It has ended and is whole: nobody asks again, however long it is looked at.
    let asked = fake.requests("gitlab").len();
    assert!(!watch.step().await && watch.idle() > Duration::from_secs(60));
    watch.look_at(Some(sight.clone()));
    assert!(!watch.step().await);
    assert_eq!(fake.requests("gitlab").len(), asked);
    // With a pipeline beside it the log stays, and what is forgotten is read from its beginning again.
    watch.look_at(Some(Sight { pipeline: Some(1033), ..sight.clone() }));
    watch.round(|_| ()).await;
    assert_eq!(watch.delivery().seen.as_ref().unwrap().log.lines().len(), 404);
    watch.look_at(None);
    watch.look_at(Some(sight));
    watch.round(|_| ()).await;
    assert_eq!(watch.delivery().seen.as_ref().unwrap().log.lines().len(), 404);
}

#[tokio::test]
async fn a_log_that_is_written_is_followed_piece_by_piece_and_no_byte_comes_twice() {
    let fake = FakeApis::public(&["--job-seconds", "60"]);
    let client = hasty(&settings(&fake.url("gitlab")));
    client
        .act(&quarterdeck::domain::ci_plan::CiAction::RetryJob { project: "acme/shop".to_owned(), job: 5136 })
        .await
        .unwrap();
    let (mut reader, mut log) = (TraceReader::new("acme/shop", 5141), CiLog::default());
    let (mut pieces, mut bytes) = (0, 0);
    loop {
        let over = !client.job("acme/shop", 5141).await.unwrap().status.is_active();
        let news = reader.next(&client).await.unwrap();
        assert!(!news.restarted);
        pieces += usize::from(!news.bytes.is_empty());
        bytes += news.bytes.len();
        log.feed(&news.bytes);
        if over {
            break;
        }
        // The rest comes at once, when enough has come piece by piece.
        if pieces == 4 {
            fake.control(&serde_json::json!({ "job": 0.001 }));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(pieces > 3, "{pieces} pieces");
    assert_eq!(bytes, include_bytes!("../fixtures/public/gitlab/trace.log").len());
    assert_eq!(log.lines().len(), 404);
}

#[tokio::test]
async fn where_ranges_are_not_honoured_each_byte_is_still_given_once() {
    let count = AtomicUsize::new(0);
    let whole = ["one\n", "one\ntwo\nthr", "one\ntwo\nthree\n", "new\n"];
    let server = Server::start(move |_, _| {
        let body = whole[count.fetch_add(1, Ordering::SeqCst).min(whole.len() - 1)];
        answer(200, &["content-type: text/plain"], body)
    });
    let (log, restarted) = read(&server.origin, 3).await;
    assert_eq!((texts(&log), restarted), (vec!["one".into(), "two".into(), "three".into()], vec![false; 3]));
    assert_eq!(server.seen()[1].header("range"), Some("bytes=4-1048579"));
    // One that is long and comes whole is left alone for longer.
    let long = Server::start(|_, _| answer(200, &[], &"x".repeat(2 << 20)));
    let client = hasty(&settings(&long.origin));
    let news = TraceReader::new("acme/shop", 7).next(&client).await.unwrap();
    assert_eq!((news.read, news.pause()), (2 << 20, Duration::from_secs(16)));
    // A log that is shorter than before is another one.
    let again = Server::start(|number, _| answer(200, &[], if number == 0 { "first try\n" } else { "2nd\n" }));
    let (log, restarted) = read(&again.origin, 2).await;
    assert_eq!((texts(&log), restarted), (vec!["2nd".into()], vec![false, true]));
}

#[tokio::test]
async fn an_empty_log_is_no_error_and_a_part_that_is_not_what_was_asked_is_asked_for_again() {
    let fake = FakeApis::public(&[]);
    let (log, _) = read(&fake.url("gitlab"), 0).await;
    assert_eq!(texts(&log), Vec::<String>::new());
    let client = hasty(&settings(&fake.url("gitlab")));
    // The job that waits for a person has written nothing.
    let manual = client.jobs("acme/shop", 1022).await.unwrap().into_iter().find(|job| job.status.is_manual()).unwrap();
    let news = TraceReader::new("acme/shop", manual.id).next(&client).await.unwrap();
    assert!(news.bytes.is_empty() && !news.more && !news.restarted);

    let server = Server::start(|number, _| match number {
        0 => answer(206, &["content-range: bytes 0-9/20"], "short"),
        1 => answer(206, &["content-range: bytes 5-9/20"], "wrong"),
        2 => answer(206, &[], "which?"),
        3 => answer(206, &["content-range: bytes 0-5/12"], "right\n"),
        4 => answer(206, &["content-range: bytes 6-11/12"], "there\n"),
        _ => answer(416, &["content-range: bytes */12"], ""),
    });
    let (log, _) = read(&server.origin, 3).await;
    assert_eq!(texts(&log), ["right", "there"]);
}

#[tokio::test]
async fn under_faults_a_log_is_later_and_not_wrong() {
    let bad = ["--fail-rate", "0.3", "--garbage", "0.2", "--truncate", "0.2", "--seed", "5"];
    let fake = FakeApis::public(&bad);
    let mut watch = Watch::new(hasty(&settings(&fake.url("gitlab"))), &[Part::Token], expected().1);
    let sight = Sight { project: "acme/shop".to_owned(), job: Some(5136), pipeline: Some(1033), ..Sight::default() };
    watch.look_at(Some(sight));
    watch.round(|_| ()).await;
    let seen = watch.delivery().seen.clone().unwrap();
    let whole = String::from_utf8_lossy(include_bytes!("../fixtures/public/gitlab/trace.log"));
    let steps = whole.lines().filter(|line| line.starts_with("step "));
    let read = texts(&seen.log).into_iter().filter(|line| line.starts_with("step "));
    assert!(steps.eq(read));
    assert_eq!(
        seen.jobs.iter().map(|job| job.name.as_str()).collect::<Vec<_>>(),
        ["test", "lint", "deploy:staging", "deploy:production"]
    );
}
