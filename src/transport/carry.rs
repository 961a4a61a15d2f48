//! Carries a socket over a stream: how a connection goes through a jump host.

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{Chunk, Stream};

/// What is read at once, in bytes.
const READ: usize = 32 << 10;

/// Carries both directions until either ends, which ends both. `first` was already received.
pub(super) async fn carry(
    stream: Stream,
    (mut read, mut write): (impl AsyncRead + Unpin, impl AsyncWrite + Unpin),
    first: Bytes,
) {
    let Stream { mut output, input, cancel, .. } = stream;
    let inward = async move {
        let mut chunk = Some(Chunk::Out(first));
        while let Some(Chunk::Out(bytes)) = chunk {
            if write.write_all(&bytes).await.is_err() {
                return;
            }
            chunk = output.recv().await;
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
    tokio::select! {
        () = inward => {}
        () = outward => {}
    }
    drop(cancel);
}
