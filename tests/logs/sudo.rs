//! Logs that only root may read, on hosts whose sudo wants a password.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use quarterdeck::domain::host::Host;
use quarterdeck::domain::log::{Feed, SourceEventKind, SourceKind, SourceSpec};
use quarterdeck::domain::question::{Answer, Question};
use quarterdeck::domain::settings::{SshSettings, SudoPolicy};
use quarterdeck::logs::source::{TailHandle, TailOptions, tail};
use quarterdeck::transport::{Asker, Connector, Nobody, SharedTransport, Sudo};
use tokio::sync::{mpsc, oneshot};

use crate::exact::{Seen, file, from_the_beginning};
use crate::support::{Fleet, Undo};

/// Says these, one after the other, and then no.
struct Person {
    says: Mutex<Vec<&'static str>>,
    asked: Mutex<Vec<String>>,
}

impl Person {
    fn saying(says: &[&'static str]) -> Arc<Self> {
        Arc::new(Self { says: Mutex::new(says.iter().rev().copied().collect()), asked: Mutex::default() })
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Asker for Person {
    fn ask(&self, question: Question) -> oneshot::Receiver<Answer> {
        let (tx, rx) = oneshot::channel();
        let Question::Password { prompt, echo: false, .. } = question else { panic!("{question:?}") };
        self.asked.lock().unwrap().push(prompt);
        if let Some(answer) = self.says.lock().unwrap().pop() {
            let _ = tx.send(Answer::Secret(answer.into()));
        }
        rx
    }
}

const LOG: &str = "/var/log/only-root.log";

/// A host where `ana` may do as sudoers says, and a log that only root may read.
struct Place<'f> {
    transport: SharedTransport,
    _log: Undo<'f>,
    _ana: Undo<'f>,
}

impl<'f> Place<'f> {
    fn new(fleet: &'f Fleet, name: &str, sudoers: &str) -> Self {
        let set_up = format!("rm -f {LOG}*; umask 077; echo one >{LOG}");
        let settings = SshSettings {
            config: Some(fleet.ssh_config()),
            known_hosts: vec![fleet.ssh_file("known_hosts")],
            ..SshSettings::default()
        };
        let mut host = Host::named(name, "test");
        host.user = Some("ana".into());
        host.identity_file = Some(fleet.ssh_file("id_ed25519"));
        let _ana = fleet.sudoer(name, sudoers);
        let _log = fleet.during(&["exec", name, &set_up], &["exec", name, &format!("rm -f {LOG}*")]);
        Self { transport: Connector::new(settings, Vec::new(), Arc::new(Nobody)).connect(&host), _log, _ana }
    }

    fn tail(&self, sudo: &Arc<Sudo>, spec: SourceSpec, sender: &mpsc::Sender<Feed>) -> TailHandle {
        let options = TailOptions { sudo: Some(sudo.clone()), ..from_the_beginning() };
        tail(self.transport.clone(), None, SourceSpec { sudo: true, ..spec }, options, sender.clone())
    }
}

fn sudo(person: &Arc<Person>) -> Arc<Sudo> {
    Arc::new(Sudo::new(SudoPolicy::Ask, person.clone()))
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_sudos_password_is_asked_once_and_the_file_is_followed_through_its_rotation() {
    let fleet = Fleet::running();
    let place = Place::new(&fleet, "web-1", "ana ALL=(ALL) ALL");
    // Only root may read it, and nothing is ever written to it: whoever is refused by a host is written to its btmp.
    const QUIET: &str = "/var/log/qd-quiet.log";
    let _quiet = fleet
        .during(&["exec", "web-1", &format!("(umask 077; : >{QUIET})")], &["exec", "web-1", &format!("rm -f {QUIET}")]);
    let person = Person::saying(&["open sesam", "open sesame"]);
    let sudo = sudo(&person);
    let (sender, mut feed) = mpsc::channel(64);
    let _tails = [
        place.tail(&sudo, file(LOG.as_ref()), &sender),
        // A second source of the host asks nothing more.
        place.tail(&sudo, file(QUIET.as_ref()), &sender),
    ];
    let mut seen = Seen::default();
    seen.until(&mut feed, "the first line", |seen| seen.lines.contains(&"one".to_owned())).await;
    fleet.exec("web-1", &format!("echo two >>{LOG}; mv {LOG} {LOG}.1; (umask 077; echo three >{LOG})"));
    seen.until(&mut feed, "the last line", |seen| seen.lines.contains(&"three".to_owned())).await;
    assert_eq!(seen.lines, ["one", "two", "three"]);
    assert!(seen.saw(SourceEventKind::Rotated) && seen.failed.is_empty(), "{:?}", seen.failed);
    assert_eq!(person.asked(), ["sudo's password there:", "sorry, try again; sudo's password there:"]);
    // The password is in no command line of the host.
    let commands = fleet.exec("web-1", "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'");
    assert!(!commands.contains("sesame"));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_sudo_that_allows_only_tail_and_journalctl_is_enough_for_files_and_the_journal() {
    let fleet = Fleet::running();
    let place = Place::new(&fleet, "web-1", "ana ALL=(root) /usr/bin/tail, /usr/bin/journalctl");
    let person = Person::saying(&["open sesame"]);
    let sudo = sudo(&person);
    let (sender, mut feed) = mpsc::channel(64);
    let journal = SourceSpec { kind: SourceKind::Journal("only-root.service".to_owned()), sudo: true };
    let _tails = [place.tail(&sudo, file(LOG.as_ref()), &sender), place.tail(&sudo, journal, &sender)];
    let mut seen = Seen::default();
    seen.until(&mut feed, "the first line", |seen| seen.lines.contains(&"one".to_owned())).await;
    fleet.exec("web-1", &format!("echo two >>{LOG}; systemd-run -q --wait -u only-root echo from the journal"));
    seen.until(&mut feed, "both", |seen| {
        ["two", "from the journal"].iter().all(|line| seen.lines.contains(&(*line).to_owned()))
    })
    .await;
    assert!(seen.failed.is_empty(), "{:?}", seen.failed);
    assert_eq!(person.asked().len(), 1);
    assert!(!seen.lines.iter().any(|line| line.contains("sesame")), "{:?}", seen.lines);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_sudo_that_is_refused_says_why_and_is_read_after_a_retry() {
    let fleet = Fleet::running();
    let place = Place::new(&fleet, "web-1", "ana ALL=(ALL) ALL");
    let person = Person::saying(&[]);
    let sudo = sudo(&person);
    let (sender, mut feed) = mpsc::channel(64);
    let _tail = place.tail(&sudo, file(LOG.as_ref()), &sender);
    let mut seen = Seen::default();
    seen.until(&mut feed, "the failure", |seen| !seen.failed.is_empty()).await;
    assert!(seen.failed[0].contains("sudo's password was not given"), "{:?}", seen.failed);
    assert_eq!(person.asked().len(), 1);
    person.says.lock().unwrap().push("open sesame");
    sudo.retry(place.transport.host());
    seen.until(&mut feed, "the first line", |seen| seen.lines.contains(&"one".to_owned())).await;
    assert_eq!(person.asked().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_sudo_unanswered_on_one_host_holds_up_no_other() {
    let fleet = Fleet::running();
    let places = [Place::new(&fleet, "web-1", "ana ALL=(ALL) ALL"), Place::new(&fleet, "web-2", "ana ALL=(ALL) ALL")];
    let (waiting, answered) = (Person::saying(&[]), Person::saying(&["open sesame"]));
    let person = Arc::new(Both(waiting, answered));
    let sudo = Arc::new(Sudo::new(SudoPolicy::Ask, person));
    let (sender, mut feed) = mpsc::channel(64);
    let _first = place_and_wait(&places[0], &sudo, &sender).await;
    let _second = places[1].tail(&sudo, file(LOG.as_ref()), &sender);
    let mut seen = Seen::default();
    seen.until(&mut feed, "the other host's line", |seen| seen.lines == ["one"]).await;
}

async fn place_and_wait(place: &Place<'_>, sudo: &Arc<Sudo>, sender: &mpsc::Sender<Feed>) -> TailHandle {
    let tail = place.tail(sudo, file(LOG.as_ref()), sender);
    tokio::time::sleep(Duration::from_secs(2)).await;
    tail
}

/// Keeps web-1's questions open, and answers the others.
struct Both(Arc<Person>, Arc<Person>);

impl Asker for Both {
    fn ask(&self, question: Question) -> oneshot::Receiver<Answer> {
        let Question::Password { host, .. } = &question else { panic!("{question:?}") };
        if host.as_str() != "web-1" {
            return self.1.ask(question);
        }
        let (tx, rx) = oneshot::channel();
        self.0.asked.lock().unwrap().push(String::new());
        // Never answered, and never withdrawn.
        std::mem::forget(tx);
        rx
    }
}
