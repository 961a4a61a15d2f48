//! Logs that only root may read, on a host whose sudo wants a password.

use std::sync::{Arc, Mutex};

use quarterdeck::domain::host::Host;
use quarterdeck::domain::log::{SourceEventKind, SourceSpec};
use quarterdeck::domain::question::{Answer, Question};
use quarterdeck::domain::settings::{SshSettings, SudoPolicy};
use quarterdeck::logs::source::{TailOptions, tail};
use quarterdeck::transport::{Asker, Connector, Sudo};
use tokio::sync::{mpsc, oneshot};

use crate::exact::{Seen, file, from_the_beginning};
use crate::support::Fleet;

/// Somebody who mistypes the password once.
#[derive(Default)]
struct Person {
    asked: Mutex<Vec<String>>,
}

impl Asker for Person {
    fn ask(&self, question: Question) -> oneshot::Receiver<Answer> {
        let (tx, rx) = oneshot::channel();
        let mut asked = self.asked.lock().unwrap();
        let answer = if asked.is_empty() { "open sesam" } else { "open sesame" };
        if let Question::Password { prompt, echo, .. } = question {
            assert!(!echo);
            asked.push(prompt);
            let _ = tx.send(Answer::Secret(answer.into()));
        }
        rx
    }
}

const LOG: &str = "/var/log/only-root.log";
const SET_UP: &str = "echo deploy:'open sesame' | chpasswd && echo 'deploy ALL=(ALL) ALL' >/etc/sudoers.d/zz-ask && \
                      chmod 440 /etc/sudoers.d/zz-ask && rm -f /var/log/only-root.log* && umask 077 && \
                      echo one >/var/log/only-root.log";
const TEAR_DOWN: &str = "rm -f /etc/sudoers.d/zz-ask /var/log/only-root.log*; usermod -L deploy";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the fleet: tests/run"]
async fn fleet_sudos_password_is_asked_once_and_the_file_is_followed_through_its_rotation() {
    let fleet = Fleet::running();
    let _clean = fleet.during(&["exec", "web-1", SET_UP], &["exec", "web-1", TEAR_DOWN]);
    let settings = SshSettings {
        config: Some(fleet.ssh_config()),
        known_hosts: vec![fleet.ssh_file("known_hosts")],
        ..SshSettings::default()
    };
    let person = Arc::new(Person::default());
    let mut host = Host::named("web-1", "test");
    host.identity_file = Some(fleet.ssh_file("id_ed25519"));
    let transport = Connector::new(settings, Vec::new(), person.clone()).connect(&host);
    let sudo = Some(Arc::new(Sudo::new(SudoPolicy::Ask, person.clone())));
    let (sender, mut feed) = mpsc::channel(64);
    let options = TailOptions { sudo, ..from_the_beginning() };
    let spec = SourceSpec { sudo: true, ..file(LOG.as_ref()) };
    let _tails = [
        tail(transport.clone(), None, spec, options.clone(), sender.clone()),
        // A second source of the host asks nothing more.
        tail(transport.clone(), None, SourceSpec { sudo: true, ..file("/var/log/btmp".as_ref()) }, options, sender),
    ];
    let mut seen = Seen::default();
    seen.until(&mut feed, "the first line", |seen| seen.lines.contains(&"one".to_owned())).await;
    fleet.exec("web-1", &format!("echo two >>{LOG}; mv {LOG} {LOG}.1; (umask 077; echo three >{LOG})"));
    seen.until(&mut feed, "the last line", |seen| seen.lines.contains(&"three".to_owned())).await;
    assert_eq!(seen.lines, ["one", "two", "three"]);
    assert!(seen.saw(SourceEventKind::Rotated) && seen.failed.is_empty(), "{:?}", seen.failed);
    let asked = person.asked.lock().unwrap().clone();
    assert_eq!(asked, ["sudo's password there:", "sorry, try again; sudo's password there:"]);
    // The password is in no command line of the host.
    let commands = fleet.exec("web-1", "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'");
    assert!(!commands.contains("sesame"));
}
