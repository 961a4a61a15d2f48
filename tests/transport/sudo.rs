//! sudo on real hosts: who is asked, how often, what is run when only some programs may be, and that nobody but sudo
//! ever reads a password.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use quarterdeck::domain::host::Host;
use quarterdeck::domain::question::{Answer, Question};
use quarterdeck::domain::settings::{SshSettings, SudoPolicy};
use quarterdeck::transport::{Asker, Connector, ExecSpec, Exit, Nobody, Output, SharedTransport, Sudo};

use crate::answers::{Answers, Silence};
use crate::contract::{SOON, end, read_out, soon, up};
use crate::support::Fleet;

const EVERYTHING: &str = "ana ALL=(ALL) ALL";

/// Hosts on which `ana` logs in.
async fn log_in(fleet: &Fleet, names: &[&str]) -> Vec<SharedTransport> {
    let settings = SshSettings {
        config: Some(fleet.ssh_config()),
        known_hosts: vec![fleet.ssh_file("known_hosts")],
        ..SshSettings::default()
    };
    let connector = Connector::new(settings, Vec::new(), Arc::new(Nobody));
    let mut all = Vec::new();
    for name in names {
        let mut host = Host::named(*name, "test");
        host.user = Some("ana".into());
        host.identity_file = Some(fleet.ssh_file("id_ed25519"));
        let t = connector.connect(&host);
        up(&t).await;
        all.push(t);
    }
    all
}

fn sudo(asker: Arc<dyn Asker>) -> Sudo {
    Sudo::new(SudoPolicy::Ask, asker)
}

/// Gives these answers, one after the other, and then none.
fn says(answers: &[&str]) -> Arc<Answers> {
    let answers: std::sync::Mutex<Vec<String>> =
        std::sync::Mutex::new(answers.iter().rev().map(|text| (*text).to_owned()).collect());
    Answers::by(move |_| answers.lock().unwrap().pop().map_or(Answer::Refuse, |text| Answer::Secret(text.into())))
}

fn prompts(asker: &Answers) -> Vec<String> {
    let prompt = |question| match question {
        Question::Password { prompt, echo: false, .. } => prompt,
        other => panic!("{other:?}"),
    };
    asker.asked().into_iter().map(prompt).collect()
}

async fn run(sudo: &Sudo, t: &SharedTransport, script: &str, otherwise: &str) -> Output {
    let opened = sudo.exec(t, ExecSpec::script(script, SOON), Some(otherwise.to_owned()));
    soon(script, soon("sudo", opened).await.collect(1 << 16)).await
}

async fn whoami(sudo: &Sudo, t: &SharedTransport) -> String {
    String::from_utf8(run(sudo, t, "whoami", "whoami").await.out).unwrap().trim().to_owned()
}

/// What `cat` as root makes of a line of input.
async fn echoed(sudo: &Sudo, t: &SharedTransport) -> String {
    let spec = ExecSpec::stream("cat; echo end");
    let mut stream = soon("sudo", sudo.exec(t, spec, Some("$qd_asroot cat; echo end".to_owned()))).await;
    let input = stream.input.take().unwrap();
    input.send(Bytes::from_static(b"mine\n")).await.unwrap();
    // Whatever else comes to its input does so now.
    tokio::time::sleep(Duration::from_millis(500)).await;
    drop(input);
    let said = soon("the end", stream.collect(1 << 16)).await;
    assert_eq!(said.exit, Exit::Code(0), "{}", String::from_utf8_lossy(&said.err));
    String::from_utf8([said.out, said.err].concat()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_sudo_asks_once_for_all_streams_of_a_host_and_each_host_by_itself() {
    let fleet = Fleet::running();
    let _ana = [fleet.sudoer("web-1", EVERYTHING), fleet.sudoer("web-2", EVERYTHING)];
    let t = log_in(&fleet, &["web-1", "web-2"]).await;
    // Somebody who answers for web-2 only: web-1's question stays open.
    let silence = Silence(Default::default());
    let asker = Arc::new(OnlyFor("web-2", silence));
    let sudo = Arc::new(sudo(asker));
    let (unanswered, first) = (Arc::clone(&sudo), t[0].clone());
    let stuck = tokio::spawn(async move { whoami(&unanswered, &first).await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let all = (0..3).map(|_| whoami(&sudo, &t[1]));
    assert_eq!(futures_util::future::join_all(all).await, ["root"; 3], "another host's question held them up");
    assert!(!stuck.is_finished());
    // Given up midway, it is asked anew, by the next who needs it.
    stuck.abort();
    let _ = stuck.await;
    assert_eq!(sudo.why_not(&"web-1".into()), None);
}

/// Answers for one host, and keeps every other waiting.
struct OnlyFor(&'static str, Silence);

impl Asker for OnlyFor {
    fn ask(&self, question: Question) -> tokio::sync::oneshot::Receiver<Answer> {
        let Question::Password { host, .. } = &question else { panic!("{question:?}") };
        if host.as_str() == self.0 { says(&["open sesame"]).ask(question) } else { self.1.ask(question) }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_sudo_a_question_that_is_cancelled_midway_is_put_again_by_the_next() {
    let fleet = Fleet::running();
    let _ana = fleet.sudoer("web-1", EVERYTHING);
    let t = &log_in(&fleet, &["web-1"]).await[0];
    let open = Arc::new(std::sync::Mutex::new(Vec::new()));
    let asker = Arc::new(Later(open.clone()));
    let sudo = sudo(asker);
    let given_up = tokio::time::timeout(Duration::from_millis(800), whoami(&sudo, t)).await;
    assert!(given_up.is_err(), "nobody answered yet");
    let (said, ()) = tokio::join!(whoami(&sudo, t), async {
        while open.lock().unwrap().len() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // The first question's answer comes too late for anybody.
        for answer in open.lock().unwrap().drain(..) {
            let _ = answer.send(Answer::Secret("open sesame".into()));
        }
    });
    assert_eq!(said, "root");
}

/// Lets the test answer.
struct Later(Arc<std::sync::Mutex<Vec<tokio::sync::oneshot::Sender<Answer>>>>);

impl Asker for Later {
    fn ask(&self, _: Question) -> tokio::sync::oneshot::Receiver<Answer> {
        let (tx, rx) = tokio::sync::oneshot::channel();
        self.0.lock().unwrap().push(tx);
        rx
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_sudo_refused_or_wrong_three_times_it_asks_again_only_when_a_person_says_so() {
    let fleet = Fleet::running();
    let _ana = fleet.sudoer("web-1", EVERYTHING);
    let t = &log_in(&fleet, &["web-1"]).await[0];
    for (answers, asked, why) in [(&[][..], 1, "not given"), (&["a", "b", "c", "open sesame"], 3, "wrong three times")]
    {
        let asker = says(answers);
        let sudo = sudo(asker.clone());
        for _ in 0..3 {
            assert_eq!(whoami(&sudo, t).await, "ana");
        }
        assert_eq!(prompts(&asker).len(), asked);
        assert!(sudo.why_not(t.host()).unwrap().contains(why), "{:?}", sudo.why_not(t.host()));
        sudo.retry(t.host());
        let expected = if answers.is_empty() { "ana" } else { "root" };
        assert_eq!(whoami(&sudo, t).await, expected);
        assert_eq!(prompts(&asker).len(), asked + 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_sudo_that_lets_nobody_in_is_not_asked_for_three_passwords() {
    let fleet = Fleet::running();
    let _ana = fleet.sudoer("web-1", "# nothing for ana");
    let t = &log_in(&fleet, &["web-1"]).await[0];
    let asker = says(&["open sesame", "open sesame", "open sesame"]);
    let sudo = sudo(asker.clone());
    assert_eq!(whoami(&sudo, t).await, "ana");
    assert_eq!(prompts(&asker).len(), 1);
    assert!(sudo.why_not(t.host()).unwrap().contains("run nothing"), "{:?}", sudo.why_not(t.host()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_sudo_runs_single_programs_where_sudoers_names_only_those() {
    let fleet = Fleet::running();
    let only = "ana ALL=(root) /usr/bin/tail, /usr/bin/journalctl\nDefaults:ana timestamp_timeout=0";
    let _ana = fleet.sudoer("web-1", only);
    let t = &log_in(&fleet, &["web-1"]).await[0];
    let asker = says(&["open sesame"]);
    let sudo = sudo(asker.clone());
    let otherwise = "echo \"$(whoami)\"; $qd_asroot tail -n 1 /etc/shadow | cut -d: -f1; $qd_asroot journalctl -n 1 -q \
                     >/dev/null && echo journal; $qd_asroot id";
    let said = run(&sudo, t, "whoami", otherwise).await;
    assert_eq!(String::from_utf8(said.out).unwrap(), "ana\nana\njournal\n");
    let complaint = String::from_utf8(said.err).unwrap();
    assert!(complaint.contains("not allowed to execute"), "{complaint}");
    assert_eq!(prompts(&asker), ["sudo's password there:"], "asked once for all of them");
    assert!(!complaint.contains("sesame") && complaint.lines().count() == 1, "a prompt is shown: {complaint}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_sudo_alone_reads_the_password() {
    let fleet = Fleet::running();
    // What sudoers says when the password is asked for, and what it says later.
    for (first, later) in [
        (EVERYTHING, EVERYTHING),
        (EVERYTHING, "ana ALL=(ALL) NOPASSWD: ALL"),
        (EVERYTHING, "ana ALL=(ALL) ALL\nana ALL=(ALL) NOPASSWD: /bin/sh, /usr/bin/sh"),
        ("ana ALL=(root) /usr/bin/cat", "ana ALL=(root) /usr/bin/cat"),
        ("ana ALL=(root) /usr/bin/cat", "ana ALL=(root) NOPASSWD: /usr/bin/cat"),
        ("ana ALL=(root) /usr/bin/cat\nDefaults:ana timestamp_timeout=0", "ana ALL=(root) /usr/bin/cat"),
    ] {
        let _ana = fleet.sudoer("web-1", first);
        let t = &log_in(&fleet, &["web-1"]).await[0];
        let asker = says(&["open sesame"]);
        let sudo = sudo(asker.clone());
        run(&sudo, t, "true", "true").await;
        assert_eq!(prompts(&asker).len(), 1, "{first}");
        fleet.exec("web-1", &format!("printf '%s\\n' '{later}' >/etc/sudoers.d/zz-ana"));
        // A single program is given no input but sudo's.
        let expected = if first == EVERYTHING { "mine\nend\n" } else { "end\n" };
        assert_eq!(echoed(&sudo, t).await, expected, "{first}, then {later}");
    }
    let left = fleet.exec("web-1", "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'");
    assert!(!left.contains("sesame"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_sudo_asks_nobody_where_a_shell_needs_no_password() {
    let fleet = Fleet::running();
    for sudoers in ["ana ALL=(ALL) NOPASSWD: ALL", "ana ALL=(ALL) ALL\nana ALL=(ALL) NOPASSWD: /bin/sh, /usr/bin/sh"] {
        let _ana = fleet.sudoer("web-1", sudoers);
        let t = &log_in(&fleet, &["web-1"]).await[0];
        let asker = says(&[]);
        let sudo = sudo(asker.clone());
        assert_eq!(whoami(&sudo, t).await, "root", "{sudoers}");
        assert_eq!(echoed(&sudo, t).await, "mine\nend\n");
        assert!(asker.asked().is_empty(), "{sudoers}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_sudo_without_a_password_takes_a_program_where_a_shell_would_need_one() {
    let fleet = Fleet::running();
    // `sudo -n -l /bin/sh` says yes here, and `sudo -n /bin/sh` then refuses.
    let _ana = fleet.sudoer("web-1", "ana ALL=(ALL) ALL\nana ALL=(ALL) NOPASSWD: /usr/bin/tail");
    let t = &log_in(&fleet, &["web-1"]).await[0];
    let sudo = Sudo::new(SudoPolicy::NoPassword, Arc::new(Nobody));
    let said = run(&sudo, t, "whoami", "$qd_asroot tail -n 1 /etc/shadow | cut -d: -f1").await;
    assert_eq!((said.out.as_slice(), said.exit), (b"ana\n".as_slice(), Exit::Code(0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_sudos_program_ends_with_whoever_reads_it() {
    let fleet = Fleet::running();
    for sudoers in [EVERYTHING, "ana ALL=(root) /usr/bin/tail"] {
        let _ana = fleet.sudoer("web-1", sudoers);
        let t = &log_in(&fleet, &["web-1"]).await[0];
        let sudo = sudo(says(&["open sesame"]));
        let script = "echo here; tail -n 0 -F /etc/shadow & p=$!; cat >/dev/null; kill $p";
        let otherwise = "echo here; exec $qd_asroot tail -n 0 -F /etc/shadow";
        let mut stream = soon("sudo", sudo.exec(t, ExecSpec::stream(script), Some(otherwise.to_owned()))).await;
        assert_eq!(read_out(&mut stream, 5).await, b"here\n");
        soon("tail", async {
            while !fleet.exec("web-1", "pgrep -af '^tail -n 0' || true").contains("/etc/shadow") {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        })
        .await;
        drop(stream);
        soon("the end of tail", async {
            while fleet.exec("web-1", "pgrep -af '^tail -n 0' || true").contains("/etc/shadow") {
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        })
        .await;
        let mut ended = sudo.exec(t, ExecSpec::script("exit 7", SOON), Some("exit 7".to_owned())).await;
        assert_eq!(end(&mut ended).await, Exit::Code(7));
    }
}
