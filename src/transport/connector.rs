//! Makes hosts' transports, and holds what they share.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tokio::sync::{OnceCell, OwnedSemaphorePermit, Semaphore};

use super::backoff::jitter;
use super::local::Local;
use super::questions::Questions;
use super::remote::Remote;
use super::resolve::{SshG, Written};
use super::{Asker, SharedTransport};
use crate::domain::host::{Host, LinkError, TransportChoice};
use crate::domain::settings::SshSettings;
use crate::programs;

/// Handshakes at once. An sshd begins to drop connections at ten that are not yet authenticated (MaxStartups
/// 10:30:100), and every handshake costs this machine some milliseconds of CPU.
const HANDSHAKES: usize = 16;
/// The spread of starts while others wait.
const SPREAD: Duration = Duration::from_millis(100);

/// Makes hosts' transports, and holds what they share: the settings, the other hosts by name (for jumps), the answers
/// of `ssh -G`, the jump hosts' connections, whoever answers questions, and how many handshakes run at once.
pub struct Connector {
    pub(super) settings: SshSettings,
    pub(super) hosts: Vec<Host>,
    pub(super) questions: Questions,
    pub(super) ssh_g: SshG,
    handshakes: Arc<Semaphore>,
    /// Whether the system's ssh is of today.
    modern: OnceCell<bool>,
    hops: Mutex<HashMap<Written, Weak<Remote>>>,
}

impl Connector {
    /// A connector for these hosts. `hosts` are those a jump may name.
    pub fn new(settings: SshSettings, hosts: Vec<Host>, asker: Arc<dyn Asker>) -> Arc<Self> {
        Arc::new(Self {
            settings,
            hosts,
            questions: Questions::new(asker),
            ssh_g: SshG::default(),
            handshakes: Arc::new(Semaphore::new(HANDSHAKES)),
            modern: OnceCell::new(),
            hops: Mutex::default(),
        })
    }

    /// Starts to connect a host, and returns at once; the link's state is published from then on. Must be called
    /// inside a tokio runtime. Dropping the transport closes it.
    pub fn connect(self: &Arc<Self>, host: &Host) -> SharedTransport {
        match host.transport {
            TransportChoice::Local => Arc::new(Local::new(host.name.clone())),
            _ => Arc::new(Remote::start(Arc::clone(self), host.clone(), vec![])),
        }
    }

    /// The connection to a jump host, shared by everything that jumps through it. `chain` names those that wait for it.
    pub(super) fn hop(self: &Arc<Self>, host: &Host, chain: Vec<String>) -> Result<Arc<Remote>, LinkError> {
        let key = Written::new(host, &self.settings)?;
        let mut hops = self.hops.lock().expect("nothing panics under this lock");
        hops.retain(|_, hop| hop.strong_count() > 0);
        if let Some(hop) = hops.get(&key).and_then(Weak::upgrade) {
            return Ok(hop);
        }
        let hop = Arc::new(Remote::start(Arc::clone(self), host.clone(), chain));
        hops.insert(key, Arc::downgrade(&hop));
        Ok(hop)
    }

    /// The program through which the system's ssh asks; `None` where it must not: before 8.7 (8.5, in truth) a server's
    /// prompts look like ssh's own, and before 8.4 it would want a display.
    pub(super) async fn askpass(&self) -> Option<PathBuf> {
        let program = self.settings.askpass.clone().filter(|program| program.is_file())?;
        self.modern_ssh().await.then_some(program)
    }

    /// Whether the system's ssh is OpenSSH 8.7 or newer.
    pub(super) async fn modern_ssh(&self) -> bool {
        *self.modern.get_or_init(|| async { ssh_version().await.is_some_and(|version| version >= (8, 7)) }).await
    }

    /// A turn to shake hands.
    pub(super) async fn turn(&self) -> OwnedSemaphorePermit {
        if self.handshakes.available_permits() < HANDSHAKES / 2 {
            tokio::time::sleep(SPREAD.mul_f64(jitter())).await;
        }
        Arc::clone(&self.handshakes).acquire_owned().await.expect("the semaphore is never closed")
    }
}

/// Which OpenSSH the system's `ssh` is.
async fn ssh_version() -> Option<(u32, u32)> {
    let mut command = tokio::process::Command::new("ssh");
    command.arg("-V").stdin(std::process::Stdio::null()).kill_on_drop(true);
    let said = programs::start(|| command.output());
    let said = tokio::time::timeout(Duration::from_secs(5), said).await.ok()?.ok()?;
    version(&String::from_utf8_lossy(&said.stderr))
}

fn version(said: &str) -> Option<(u32, u32)> {
    let (major, rest) = said.split_once("OpenSSH_")?.1.split_once('.')?;
    let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some((major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ssh_says_of_its_version() {
        for (said, expected) in [
            ("OpenSSH_9.2p1 Debian-2+deb12u10, OpenSSL 3.0.19 27 Jan 2026\n", Some((9, 2))),
            ("OpenSSH_10.0p2, LibreSSL 3.3.6", Some((10, 0))),
            ("OpenSSH_8.4p1", Some((8, 4))),
            ("Dropbear v2022.83", None),
            ("", None),
        ] {
            assert_eq!(version(said), expected, "{said}");
        }
    }
}
