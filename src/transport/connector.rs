//! Makes hosts' transports, and holds what they share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::backoff::jitter;
use super::local::Local;
use super::questions::Questions;
use super::remote::Remote;
use super::resolve::{SshG, Written};
use super::{Asker, SharedTransport};
use crate::domain::host::{Host, LinkError, TransportChoice};
use crate::domain::settings::SshSettings;

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

    /// A turn to shake hands.
    pub(super) async fn turn(&self) -> OwnedSemaphorePermit {
        if self.handshakes.available_permits() < HANDSHAKES / 2 {
            tokio::time::sleep(SPREAD.mul_f64(jitter())).await;
        }
        Arc::clone(&self.handshakes).acquire_owned().await.expect("the semaphore is never closed")
    }
}
