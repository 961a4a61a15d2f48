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
                // The stream has ended, and is about to say how.
                return std::future::pending().await;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Backlog;

    #[tokio::test]
    async fn a_stream_that_is_refused_while_the_socket_writes_still_says_so() {
        let (stream, producer) = Stream::new(1, true, Backlog::Stall);
        let (near, far) = tokio::io::duplex(64);
        let (read, write) = tokio::io::split(near);
        let (mut far_read, mut far_write) = tokio::io::split(far);
        far_write.write_all(b"GET / HTTP/1.1").await.unwrap();
        drop(producer.input);
        let refused = Exit::Refused("prohibited".to_owned());
        let late = async {
            // The socket has been read and nobody takes what it said, before the end is known.
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            producer.outbox.finish(refused.clone()).await;
        };
        let (end, ()) = tokio::join!(carry(stream, (read, write), Bytes::new()), late);
        assert_eq!(end, Some(refused));
        let mut rest = Vec::new();
        far_read.read_to_end(&mut rest).await.unwrap();
    }
}
