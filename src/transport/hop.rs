//! From a jump host to the target behind it.

use bytes::Bytes;
use tokio::time::timeout;

use super::error::{fail, timed_out};
use super::remote::Remote;
use super::resolve::Target;
use super::{Chunk, Exit, Stream, Transport};
use crate::domain::host::{LinkError, LinkErrorKind};

/// Opens a connection from the jump host to the target's sshd, and reads its first bytes: the jump host says that it was
/// refused, but not that it is there, which the server's banner does.
pub(super) async fn reach(hop: &Remote, target: &Target) -> Result<(Stream, Bytes), LinkError> {
    let mut stream = hop.dial(&target.address, target.port);
    let (host, via) = (target.host.as_str(), hop.host().as_str());
    match timeout(target.connect_timeout, stream.output.recv()).await {
        Ok(Some(Chunk::Out(first))) => Ok((stream, first)),
        Ok(Some(Chunk::End(Exit::Refused(why)))) => Err(fail(
            LinkErrorKind::Refused,
            format!("{host}: {via} cannot reach {why}"),
            format!("see whether the address is right as {via} sees it, and whether its sshd allows forwarding"),
        )),
        Err(_) => Err(timed_out(host, &format!("{} (through {via})", target.place()))),
        Ok(_) => Err(fail(
            LinkErrorKind::Lost,
            format!("{host}: the connection through {via} to {} broke", target.place()),
            format!("see whether {via} is up"),
        )),
    }
}
