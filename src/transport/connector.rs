//! Makes hosts' transports, and holds what they share.

use std::sync::Arc;

use super::local::Local;
use super::{Asker, SharedTransport, Transport};
use crate::domain::host::{Host, TransportChoice};
use crate::domain::settings::SshSettings;

/// Makes hosts' transports, and holds what they share: the settings, the other hosts by name (for jumps), whoever
/// answers questions.
pub struct Connector {
    #[expect(dead_code, reason = "for the ssh transports, which follow")]
    settings: SshSettings,
    #[expect(dead_code, reason = "for the ssh transports, which follow")]
    hosts: Vec<Host>,
    #[expect(dead_code, reason = "for the ssh transports, which follow")]
    asker: Arc<dyn Asker>,
}

impl Connector {
    /// A connector for these hosts. `hosts` are those a jump may name.
    pub fn new(settings: SshSettings, hosts: Vec<Host>, asker: Arc<dyn Asker>) -> Arc<Self> {
        Arc::new(Self { settings, hosts, asker })
    }

    /// Starts to connect a host, and returns at once; the link's state is published from then on. Must be called
    /// inside a tokio runtime.
    pub fn connect(self: &Arc<Self>, host: &Host) -> SharedTransport {
        let local = Local::new(host.name.clone());
        if host.transport != TransportChoice::Local {
            local.close();
        }
        Arc::new(local)
    }
}
