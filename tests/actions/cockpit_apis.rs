//! What is done at hosted APIs from the cockpit, by typed keys: StatusCake's checks and windows, GitLab's jobs and
//! pipelines. Each is sent once, and is in the audit.

use crate::cockpit::{SOON, open_with, popup, typed, went_well};
use crate::support::fake_apis::FakeApis;
use crate::support::http_server::{Server, answer};
use crate::tty::Tty;
use crate::world::World;

const TOKENS: [(&str, &str); 2] = [("QD_TEST_SC", "sc-qd"), ("QD_TEST_GL", "glpat-qd")];

fn world(fake: &FakeApis) -> World {
    let world = World::relaxed();
    let config = std::fs::read_to_string(world.config()).unwrap();
    let apis = format!(
        "[statuscake]\nurl = \"{}\"\ntoken = {{ env = \"QD_TEST_SC\" }}\n\
         [gitlab]\nurl = \"{}\"\ntoken = {{ env = \"QD_TEST_GL\" }}\nprojects = [{{ path = \"acme/shop\", service = \"api\" }}]\n",
        fake.url("statuscake"),
        fake.url("gitlab")
    );
    std::fs::write(world.config(), config + &apis).unwrap();
    world
}

/// What was sent to an API to change something, in order.
fn sent(fake: &FakeApis, api: &str) -> Vec<(String, String)> {
    let changes = fake.requests(api).into_iter().filter(|request| request.method != "GET");
    changes.map(|request| (format!("{} {}", request.method, request.path), request.body)).collect()
}

/// Chooses what the menu finds under these words, and confirms its plan, which says this.
fn act(qd: &Tty, words: &str, says: &str) {
    typed(qd, "x");
    qd.wait(SOON, "the menu", |screen| screen.contains("what can be done here"));
    typed(qd, words);
    typed(qd, "\r");
    confirm(qd, says);
}

fn confirm(qd: &Tty, says: &str) {
    popup(qd, "[y] yes");
    assert!(qd.screen().contains(says), "{says} is missing:\n{}", qd.screen());
    typed(qd, "\r");
    typed(qd, "y");
    qd.wait(SOON, "its end", went_well);
}

#[test]
fn checks_are_paused_and_resumed_and_windows_opened_and_closed() {
    let fake = FakeApis::public(&[]);
    let world = world(&fake);
    let qd = open_with(&world, &[], &TOKENS);
    typed(&qd, "5");
    qd.wait(SOON, "the checks", |screen| screen.contains("Watched") && screen.contains("Checkout"));
    typed(&qd, "\t/Checkout\r");
    act(&qd, "pause", "paused=true");
    typed(&qd, "5");
    act(&qd, "resume", "paused=false");
    typed(&qd, "5x");
    qd.wait(SOON, "the menu", |screen| screen.contains("what can be done here"));
    typed(&qd, "open a main\r");
    qd.wait(SOON, "the question", |screen| screen.contains("for how long"));
    typed(&qd, "\r");
    confirm(&qd, "30m");
    let requests = sent(&fake, "statuscake");
    let [(pause, paused), (resume, resumed), (open, _)] = &requests[..] else { panic!("{requests:?}") };
    assert!(pause.starts_with("PUT ") && paused.contains("paused=true"), "{requests:?}");
    assert!(resume == pause && resumed.contains("paused=false"), "{requests:?}");
    assert!(open.starts_with("POST ") && open.ends_with("/maintenance-windows"), "{requests:?}");
    // What was changed there is asked for at once.
    typed(&qd, "5");
    qd.wait(SOON, "the window", |screen| screen.contains("maintenance"));
    typed(&qd, "x");
    qd.wait(SOON, "the menu", |screen| screen.contains("Close the maintenance window"));
    typed(&qd, "close\r");
    confirm(&qd, "DELETE");
    assert!(sent(&fake, "statuscake").last().unwrap().0.starts_with("DELETE "), "{:?}", sent(&fake, "statuscake"));
    let audit = world.audit();
    let actions: Vec<_> = audit.iter().map(|entry| entry["action"].as_str().unwrap_or_default()).collect();
    assert_eq!(actions, ["pause-check", "resume-check", "open-window", "close-window"]);
    assert!(audit.iter().all(|entry| entry["result"] == "ok"), "{audit:#?}");
}

/// The page of the newest deployment of a version, with its jobs.
fn page(qd: &Tty, job: &str) {
    qd.wait(SOON, "its jobs", |screen| screen.lines().any(|line| job.split(' ').all(|word| line.contains(word))));
}

#[test]
fn jobs_are_canceled_retried_and_played_and_a_pipeline_is_started_with_variables() {
    let fake = FakeApis::public(&["--job-seconds", "2"]);
    let world = world(&fake);
    let qd = open_with(&world, &[], &TOKENS);
    typed(&qd, "4\t");
    qd.wait(SOON, "the history", |screen| screen.contains("1.0.33"));
    typed(&qd, "/1.0.33\r\r");
    page(&qd, "deploy:production running");
    act(&qd, "cancel the job", "/jobs/5140/cancel");
    typed(&qd, "\x1b\t\r");
    page(&qd, "deploy:production canceled");
    act(&qd, "retry job deploy:prod", "/jobs/5140/retry");
    typed(&qd, "\x1b\t\rx");
    qd.wait(SOON, "the menu", |screen| screen.contains("what can be done here"));
    typed(&qd, "new pipe\r");
    qd.wait(SOON, "the question", |screen| screen.contains("the tag or branch"));
    typed(&qd, "1.0.33\rTARGET=production NOTE=a=b\r");
    confirm(&qd, "TARGET=… NOTE=…");
    assert!(!qd.screen().contains("a=b"), "values may be secret:\n{}", qd.screen());
    let requests = sent(&fake, "gitlab");
    let (path, body) = requests.last().unwrap();
    assert!(path.ends_with("/pipeline") && body.contains("\"a=b\""), "{requests:?}");
    // Its deployment to staging comes, and beside it the job that waits for a person.
    typed(&qd, "\x1b\t");
    qd.wait(std::time::Duration::from_secs(60), "its deployment", |screen| {
        screen.lines().filter(|line| line.contains("1.0.33") && line.contains("staging")).count() > 1
    });
    typed(&qd, "g");
    qd.wait(SOON, "its row", |screen| screen.lines().any(|line| line.starts_with('▸') && line.contains("staging")));
    typed(&qd, "\r");
    page(&qd, "deploy:production manual");
    act(&qd, "play", "/play");
    let requests: Vec<String> = sent(&fake, "gitlab").into_iter().map(|(path, _)| path).collect();
    let ends = ["/jobs/5140/cancel", "/jobs/5140/retry", "/pipeline", "/play"];
    assert!(requests.len() == 4 && requests.iter().zip(ends).all(|(path, end)| path.ends_with(end)), "{requests:?}");
    let audit = world.audit();
    let actions: Vec<_> = audit.iter().map(|entry| entry["action"].as_str().unwrap_or_default()).collect();
    assert_eq!(actions, ["cancel-job", "retry-job", "new-pipeline", "play-job"]);
}

#[test]
fn a_config_with_apis_and_no_host_can_act() {
    let fake = FakeApis::public(&[]);
    let world = World::careful();
    let apis = format!("[statuscake]\nurl = \"{}\"\ntoken = {{ env = \"QD_TEST_SC\" }}\n", fake.url("statuscake"));
    std::fs::write(world.config(), apis).unwrap();
    let env = world.env();
    let mut env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    env.extend(TOKENS);
    let qd = Tty::start(&[env!("CARGO_BIN_EXE_qd"), "--config", &world.config()], &env, 100, 30);
    qd.wait(SOON, "the cockpit", |screen| screen.contains("5 Alerts"));
    typed(&qd, "5");
    qd.wait(SOON, "the checks", |screen| screen.contains("Watched") && screen.contains("Checkout"));
    typed(&qd, "\t/Checkout\rxpause\r");
    popup(&qd, "read-only until it is armed");
    typed(&qd, "yW");
    confirm(&qd, "paused=true");
    assert_eq!(sent(&fake, "statuscake").len(), 1);
    assert_eq!(world.audit()[0]["action"], "pause-check");
}

#[test]
fn people_are_told_of_restarts_and_of_changes_at_apis_where_they_want_to_be() {
    let fake = FakeApis::public(&[]);
    let slack = Server::start(|_, _| answer(200, &[], "ok"));
    let world = world(&fake);
    let config = std::fs::read_to_string(world.config()).unwrap();
    let channel = "[slack]\nwebhook = { env = \"QD_TEST_SLACK\" }\nsend = [\"action\"]\n";
    std::fs::write(world.config(), config + channel).unwrap();
    world.mark("box-1", "broken-once");
    let hook = format!("{}/services/T0/B0/secret", slack.origin);
    let qd = open_with(&world, &[], &[TOKENS[0], TOKENS[1], ("QD_TEST_SLACK", &hook)]);
    typed(&qd, "\tR");
    popup(&qd, "[y] yes");
    typed(&qd, "y");
    qd.wait(SOON, "the failure", |screen| screen.contains("▲ failed"));
    typed(&qd, "5");
    qd.wait(SOON, "the checks", |screen| screen.contains("Watched") && screen.contains("Checkout"));
    typed(&qd, "\t/Checkout\r");
    act(&qd, "pause", "paused=true");
    let began = std::time::Instant::now();
    while slack.seen().len() < 3 && began.elapsed() < SOON {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let said: Vec<String> = slack.seen().iter().map(|request| request.body.clone()).collect();
    let [begins, failed, paused] = &said[..] else { panic!("{said:#?}") };
    assert!(
        begins.contains("*restart api on box-1, box-2* in production by ") && begins.contains("begins"),
        "{said:#?}"
    );
    assert!(
        failed.contains("*failed*") && failed.contains("> box-1 failed") && failed.contains("box-2 not_done"),
        "{said:#?}"
    );
    assert!(paused.contains("Pause Checkout") && paused.contains(": done"), "{said:#?}");
}
