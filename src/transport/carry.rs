//! Carries a socket over a stream: how a connection goes through a host.

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{Chunk, Exit, Stream};

/// What is read at once, in bytes.
const READ: usize = 32 << 10;

/// Carries both directions until either ends, which ends both. `first` was already received. Returns the stream's own
/// end, or none when the socket's came first.
pub async fn carry(
    stream: Stream,
    (mut read, mut write): (impl AsyncRead + Unpin, impl AsyncWrite + Unpin),
    first: Bytes,
) -> Option<Exit> {
    let Stream { mut output, input, cancel, .. } = stream;
    let inward = async move {
        let mut bytes = first;
        loop {
            write.write_all(&bytes).await.ok()?;
            bytes = match output.recv().await {
                Some(Chunk::Out(bytes)) => bytes,
                Some(Chunk::End(exit)) => return Some(exit),
                Some(Chunk::Err(_) | Chunk::Dropped { .. }) | None => return None,
            };
        }
    };
    let outward = async move {
        let Some(input) = input else { return };
        let mut buffer = BytesMut::new();
        loop {
            buffer.reserve(READ);
            match read.read_buf(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            if input.send(buffer.split().freeze()).await.is_err() {
                return;
            }
        }
    };
    let end = tokio::select! {
        end = inward => end,
        () = outward => None,
    };
    drop(cancel);
    end
}
