//! What a client may ask of a made-up host: commands, and connections to the host's own service. All else is refused.

use std::collections::HashMap;
use std::sync::Arc;

use russh::keys::PublicKey;
use russh::server::{Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId, ChannelOpenFailure, Pty};

use super::super::world::role::USER;
use super::super::world::{Api, Live, storefront};
use super::{Shared, exec, http};

/// The service that listens on a port of the host, as the host sees it; no port of the real machine is ever reached.
fn service(live: &Live, port: u32) -> Option<Api> {
    match port {
        8000 => live.api.clone(),
        storefront::PORT => live.storefront.clone(),
        _ => None,
    }
}

/// One client's session.
pub struct Guest {
    shared: Arc<Shared>,
    /// Session channels on which nothing runs yet.
    idle: HashMap<ChannelId, Channel<Msg>>,
}

impl Guest {
    /// A client that has just connected.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { shared, idle: HashMap::new() }
    }

    fn admit(&self, user: &str, key: &PublicKey) -> Auth {
        if user == USER && key.key_data() == self.shared.client.key_data() { Auth::Accept } else { Auth::reject() }
    }
}

impl Handler for Guest {
    type Error = russh::Error;

    async fn auth_publickey_offered(&mut self, user: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, russh::Error> {
        Ok(self.admit(user, offer.public_key))
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, russh::Error> {
        Ok(self.admit(user, key.public_key))
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        self.idle.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn channel_close(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), russh::Error> {
        self.idle.remove(&channel);
        Ok(())
    }

    async fn channel_open_direct_tcpip(
        &mut self,
        channel: Channel<Msg>,
        address: &str,
        port: u32,
        _: &str,
        _: u32,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), russh::Error> {
        if !matches!(address, "127.0.0.1" | "localhost" | "::1") {
            reply.reject(ChannelOpenFailure::AdministrativelyProhibited).await;
        } else if service(&self.shared.live.borrow(), port).is_none() {
            reply.reject(ChannelOpenFailure::ConnectFailed).await;
        } else {
            reply.accept().await;
            let live = self.shared.live.clone();
            tokio::spawn(super::super::http::serve(channel.into_stream(), move |request| {
                http::respond(request, service(&live.borrow(), port).as_ref())
            }));
        }
        Ok(())
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        command: &[u8],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        let Some(idle) = self.idle.remove(&channel) else { return session.channel_failure(channel) };
        session.channel_success(channel)?;
        tokio::spawn(exec::run(command.to_vec(), idle, session.handle(), Arc::clone(&self.shared)));
        Ok(())
    }

    async fn shell_request(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), russh::Error> {
        session.channel_failure(channel)
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        _: &str,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        session.channel_failure(channel)
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        _: &str,
        _: u32,
        _: u32,
        _: u32,
        _: u32,
        _: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        session.channel_failure(channel)
    }

    async fn x11_request(
        &mut self,
        channel: ChannelId,
        _: bool,
        _: &str,
        _: &str,
        _: u32,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        session.channel_failure(channel)
    }

    async fn env_request(
        &mut self,
        channel: ChannelId,
        _: &str,
        _: &str,
        session: &mut Session,
    ) -> Result<(), russh::Error> {
        session.channel_failure(channel)
    }
}
