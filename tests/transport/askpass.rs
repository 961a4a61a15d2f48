//! The system's ssh asks through `qd`: passphrases and host keys on a real sshd (what servers ask is in `prompts`), given
//! up midway, unanswered, slow; and nothing is left behind.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use quarterdeck::domain::host::{LinkErrorKind, LinkState, TransportChoice};
use quarterdeck::domain::question::{Answer, Question};
use quarterdeck::domain::settings::{HostKeyPolicy, SshSettings};
use quarterdeck::transport::{Asker, Connector, Nobody, SharedTransport};
use tokio::sync::oneshot;

use crate::answers::{Answers, Silence};
use crate::contract::{sh, soon, until, up};
use crate::sshd::{Sshd, keygen};

const OPENSSH: TransportChoice = TransportChoice::OpenSsh;

fn connect(sshd: &Sshd, settings: SshSettings, asker: Arc<dyn Asker>) -> SharedTransport {
    sshd.connect_as(&sshd.host(OPENSSH), settings, asker)
}

/// An sshd that takes only a key with a passphrase.
fn locked() -> Sshd {
    let sshd = Sshd::start();
    std::fs::remove_file(sshd.path("id")).unwrap();
    std::fs::remove_file(sshd.path("id.pub")).unwrap();
    keygen(&sshd.path("id"), &["-t", "ed25519", "-N", "open sesame"]);
    std::fs::copy(sshd.path("id.pub"), sshd.path("authorized")).unwrap();
    sshd
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passphrase_is_asked_for_once_for_all_hosts_and_again_when_it_is_wrong() {
    let sshd = locked();
    let tries = std::sync::atomic::AtomicUsize::new(0);
    let answers = Answers::by(move |_| {
        let first = tries.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 0;
        Answer::Secret(if first { "wrong" } else { "open sesame" }.into())
    });
    let connector = Connector::new(sshd.settings(), vec![], answers.clone());
    let hosts = ["a", "b", "c"].map(|name| {
        let mut host = sshd.host(OPENSSH);
        host.name = name.into();
        connector.connect(&host)
    });
    for t in &hosts {
        up(t).await;
    }
    assert_eq!(answers.asked().len(), 2, "{:?}", answers.asked());
    let expected = sshd.path("id").display().to_string();
    for question in answers.asked() {
        assert!(matches!(question, Question::Passphrase { identity, .. } if identity == expected));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_passphrase_that_is_refused_or_wrong_is_an_error_and_nothing_retries() {
    let sshd = locked();
    for (answer, asked) in [(None, 1), (Some("wrong"), 3)] {
        let answers = Answers::by(move |_| answer.map_or(Answer::Refuse, |answer| Answer::Secret(answer.into())));
        let t = connect(&sshd, sshd.settings(), answers.clone());
        let link = until(&t, "state auth_failed", |link| link.state == LinkState::AuthFailed).await;
        assert!(link.error.unwrap().message.contains("permission denied"));
        tokio::time::sleep(Duration::from_millis(700)).await;
        assert_eq!(answers.asked().len(), asked, "{answer:?}");
        assert_eq!(t.link().borrow().state, LinkState::AuthFailed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_key_is_accepted_for_good_or_once() {
    for (answer, kept) in [(Answer::AcceptAndSave, true), (Answer::AcceptOnce, false)] {
        let sshd = Sshd::start();
        sshd.known_hosts("# mine\n");
        let once = matches!(answer, Answer::AcceptOnce);
        let answers = Answers::by(move |_| if once { Answer::AcceptOnce } else { Answer::AcceptAndSave });
        // Whatever the ssh config allows, a person is asked.
        let settings = sshd.settings_with("StrictHostKeyChecking no\nHashKnownHosts no\n");
        let t = connect(&sshd, settings, answers.clone());
        let first = up(&t).await;
        let print = Command::new("ssh-keygen").arg("-lf").arg(sshd.path("host_ed25519.pub")).output().unwrap();
        let print = String::from_utf8(print.stdout).unwrap();
        let [Question::HostKey { host, address, key_type, fingerprint }] = &answers.asked()[..] else {
            panic!("{:?}", answers.asked())
        };
        assert_eq!((host.as_str(), key_type.as_str()), ("box", "ssh-ed25519"));
        assert_eq!(address, &format!("127.0.0.1:{}", sshd.port()));
        assert!(print.contains(fingerprint.as_str()), "{fingerprint} is not {print}");
        let line = format!("[127.0.0.1]:{} {}\n", sshd.port(), sshd.host_key("ed25519"));
        let text = std::fs::read_to_string(sshd.path("known_hosts")).unwrap();
        assert_eq!(text, if kept { format!("# mine\n{line}") } else { "# mine\n".to_owned() });
        // In this run it is not asked about again.
        t.declare_dead(first.generation, "the test says so");
        until(&t, "a second connection", |link| link.is_up() && link.generation > first.generation).await;
        assert_eq!(answers.asked().len(), 1);
        assert_eq!(std::fs::read_to_string(sshd.path("known_hosts")).unwrap(), text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_key_that_is_refused_stays_refused_until_a_person_tries_again() {
    let sshd = Sshd::start();
    sshd.known_hosts("");
    let answers = Answers::by(|_| Answer::Refuse);
    let t = connect(&sshd, sshd.settings(), answers.clone());
    let link = until(&t, "a refusal", |link| link.state == LinkState::HostKeyUnknown && link.error.is_some()).await;
    assert!(link.error.unwrap().message.contains("SHA256:"));
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!((answers.asked().len(), t.link().borrow().retry_at), (1, None));
    assert_eq!(std::fs::read_to_string(sshd.path("known_hosts")).unwrap(), "");
    sshd.write_known_hosts("ed25519");
    t.reconnect();
    up(&t).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_key_is_refused_and_nobody_is_asked() {
    let (sshd, other) = (Sshd::start(), Sshd::start());
    sshd.known_hosts(&format!("[127.0.0.1]:{} {}\n", sshd.port(), other.host_key("ed25519")));
    let answers = Answers::by(|_| Answer::AcceptAndSave);
    for config in ["", "StrictHostKeyChecking no\n", "NoHostAuthenticationForLocalhost yes\n"] {
        let t = connect(&sshd, sshd.settings_with(config), answers.clone());
        let link = until(&t, "a refusal", |link| link.state == LinkState::HostKeyChanged).await;
        let place = format!("{}:1", sshd.path("known_hosts").display());
        assert!(link.error.as_ref().unwrap().message.contains(&place), "{config}: {:?}", link.error);
    }
    assert!(answers.asked().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_key_is_asked_about_although_the_ssh_config_would_not() {
    for config in ["NoHostAuthenticationForLocalhost yes\n", "StrictHostKeyChecking accept-new\n"] {
        for transport in [OPENSSH, TransportChoice::Ssh2] {
            let sshd = Sshd::start();
            sshd.known_hosts("");
            let t = sshd.connect_as(&sshd.host(transport), sshd.settings_with(config), Arc::new(Nobody));
            let link = until(&t, "a refusal", |link| link.state == LinkState::HostKeyUnknown).await;
            assert_eq!(link.error.unwrap().kind, LinkErrorKind::HostKeyUnknown, "{transport:?} {config}");
        }
    }
}

/// Answers after a while.
struct Slow(Duration);

impl Asker for Slow {
    fn ask(&self, question: Question) -> oneshot::Receiver<Answer> {
        let (tx, rx) = oneshot::channel();
        let wait = self.0;
        tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            let answer = match question {
                Question::HostKey { .. } => Answer::AcceptOnce,
                _ => Answer::Secret("open sesame".into()),
            };
            let _ = tx.send(answer);
        });
        rx
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_persons_time_does_not_count() {
    let sshd = locked();
    sshd.known_hosts("");
    // Enough for a busy machine to shake hands, and less than a person takes.
    let settings = SshSettings { connect_timeout: Duration::from_millis(2500), ..sshd.settings() };
    let t = connect(&sshd, settings, Arc::new(Slow(Duration::from_secs(4))));
    up(&t).await;
}

/// The ssh processes that use this sshd's known_hosts file.
fn masters(sshd: &Sshd) -> String {
    let all = Command::new("ps").args(["-eo", "pid=,args="]).output().unwrap();
    let port = format!("Port={} ", sshd.port());
    let lines = String::from_utf8_lossy(&all.stdout).into_owned();
    lines.lines().filter(|line| line.contains("-M") && line.contains(&port)).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_nobody_answers_nothing_else_waits_and_giving_up_leaves_nothing() {
    for locks in [true, false] {
        let (sshd, other) = (if locks { locked() } else { Sshd::start() }, Sshd::start());
        if !locks {
            sshd.known_hosts("");
        }
        let silence = Arc::new(Silence(Default::default()));
        let t = connect(&sshd, sshd.settings(), silence.clone());
        soon("the question", async {
            while silence.0.lock().unwrap().is_empty() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        up(&other.connect(OPENSSH)).await;
        assert!(!masters(&sshd).is_empty(), "the test shows nothing");
        t.close();
        let begun = Instant::now();
        until(&t, "state down", |link| link.state == LinkState::Down).await;
        assert!(begun.elapsed() < Duration::from_secs(2));
        soon("the end of ssh", async {
            while !masters(&sshd).is_empty() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await;
        assert!(silence.0.lock().unwrap().iter().all(oneshot::Sender::is_closed), "the question is still open");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_outlives_no_connection() {
    let mut sshd = locked();
    let silence = Arc::new(Silence(Default::default()));
    let t = connect(&sshd, sshd.settings(), silence.clone());
    soon("the question", async {
        while silence.0.lock().unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert!(!t.link().borrow().is_up());
    sshd.stop();
    // ssh itself only notices when it is answered; a person who says no instead ends it.
    silence.0.lock().unwrap().clear();
    until(&t, "a failure", |link| link.error.is_some() && link.state != LinkState::Connecting).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_that_is_killed_leaves_no_connection_and_no_folder() {
    let sshd = Sshd::start();
    let temporary = tempfile::tempdir().unwrap();
    let settings = sshd.settings();
    let config = sshd.path("quarterdeck.toml");
    let text = format!(
        "[ssh]\nconfig = {:?}\n[[environment]]\nname = \"test\"\n[[host]]\nname = \"box\"\nenvironment = \"test\"\n\
         address = \"127.0.0.1\"\nport = {}\nuser = \"{}\"\nidentity_file = {:?}\ntransport = \"openssh\"\n",
        settings.config.unwrap(),
        sshd.port(),
        crate::sshd::me(),
        sshd.path("id"),
    );
    std::fs::write(&config, text).unwrap();
    let known = format!("UserKnownHostsFile {}\n", sshd.path("known_hosts").display());
    std::fs::write(sshd.path("ssh_config"), known).unwrap();
    for signal in ["KILL", "TERM"] {
        let mut qd = Command::new(env!("CARGO_BIN_EXE_qd"))
            .args(["hosts", "--watch", "--json", "--config"])
            .arg(&config)
            .env("TMPDIR", temporary.path())
            .env_remove("XDG_RUNTIME_DIR")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        soon("the connection", async {
            while sshd.sessions().len() < 2 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await;
        let _ = Command::new("kill").arg(format!("-{signal}")).arg(qd.id().to_string()).status();
        let _ = qd.wait();
        soon("the end of everything", async {
            while !masters(&sshd).is_empty() || std::fs::read_dir(temporary.path()).unwrap().next().is_some() {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_program_to_ask_through_nothing_is_asked() {
    let sshd = locked();
    let answers = Answers::by(|_| Answer::Secret("open sesame".into()));
    for askpass in [None, Some(sshd.path("no-such-program"))] {
        let settings = SshSettings { askpass, host_keys: HostKeyPolicy::Ask, ..sshd.settings() };
        let t = connect(&sshd, settings, answers.clone());
        until(&t, "state auth_failed", |link| link.state == LinkState::AuthFailed).await;
    }
    assert!(answers.asked().is_empty());
    // As a messenger without anybody to ask, the program says nothing and fails.
    let alone = Command::new(env!("CARGO_BIN_EXE_qd"))
        .arg("Enter passphrase for key 'x': ")
        .env("QD_ASKPASS", format!("{}:/nowhere", "0".repeat(32)))
        .output()
        .unwrap();
    assert!(!alone.status.success() && alone.stdout.is_empty());
    let t = connect(&sshd, sshd.settings(), answers);
    up(&t).await;
    assert_eq!(sh(&t, "echo in").await.out, b"in\n");
}
