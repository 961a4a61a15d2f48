//! The socket under a session: TCP, or one end of a pair whose other end a jump host carries.

use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use crate::domain::host::LinkError;
use crate::transport::carry::carry;
use crate::transport::error::{nothing_opens, tcp, timed_out, unresolved};
use crate::transport::hop::reach;
use crate::transport::remote::{Attempt, Remote};
use crate::transport::resolve::{Family, Target};

/// How long sent data may stay unacknowledged before the kernel gives the connection up (Linux).
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED: Duration = Duration::from_secs(15);

/// The socket under a session.
#[derive(Debug)]
pub(super) enum Wire {
    /// To the host itself.
    Tcp(TcpStream),
    /// To a task that carries it through a jump host.
    Pair(UnixStream),
}

impl Wire {
    /// Acknowledges at once what is waiting. sshd's first words after the authentication leave in two packets, and the
    /// second waits for our delayed acknowledgement of the first: 40 ms on every connection.
    pub fn acknowledge(&self) {
        #[cfg(target_os = "linux")]
        if let Self::Tcp(socket) = self {
            let _ = rustix::net::sockopt::set_tcp_quickack(socket, true);
        }
    }

    /// Ends both directions; whoever sleeps on it or waits in libssh2 notices at once.
    pub fn shutdown(&self) {
        let _ = match self {
            Self::Tcp(socket) => socket.shutdown(Shutdown::Both),
            Self::Pair(socket) => socket.shutdown(Shutdown::Both),
        };
    }
}

impl AsRawFd for Wire {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl AsFd for Wire {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(socket) => socket.as_fd(),
            Self::Pair(socket) => socket.as_fd(),
        }
    }
}

/// Connects to the target, directly or through its jump host, and measures the round trip where it can.
pub(super) async fn dial(attempt: &Attempt) -> Result<(Wire, Option<Duration>), LinkError> {
    match &attempt.hop {
        Some(hop) => Ok((through(hop, &attempt.target).await?, None)),
        None => {
            let (socket, rtt) = direct(&attempt.target, attempt.patience).await?;
            Ok((Wire::Tcp(socket), Some(rtt)))
        }
    }
}

/// Tries the name's addresses in the resolver's order, each with a fair share of the patience.
async fn direct(target: &Target, patience: Duration) -> Result<(TcpStream, Duration), LinkError> {
    let host = target.host.as_str();
    let until = Instant::now() + patience;
    let found = timeout_at(until, tokio::net::lookup_host((target.address.as_str(), target.port)));
    let addresses: Vec<SocketAddr> = match found.await {
        Ok(Ok(found)) => found.filter(|address| fits(target.family, address)).collect(),
        Ok(Err(error)) => {
            return Err(nothing_opens(host).unwrap_or_else(|| unresolved(host, &target.address, &error.to_string())));
        }
        Err(_) => return Err(unresolved(host, &target.address, "no answer from the resolver in time")),
    };
    let mut last = unresolved(host, &target.address, "no address of the wanted family");
    for (n, address) in addresses.iter().enumerate() {
        let begun = Instant::now();
        let left = u32::try_from(addresses.len() - n).unwrap_or(u32::MAX);
        let share = until.saturating_duration_since(begun) / left;
        match timeout(share, tokio::net::TcpStream::connect(address)).await {
            Ok(Ok(socket)) => {
                let rtt = begun.elapsed();
                let _ = socket.set_nodelay(true);
                #[cfg(target_os = "linux")]
                let _ = rustix::net::sockopt::set_tcp_user_timeout(
                    &socket,
                    u32::try_from(UNACKNOWLEDGED.as_millis()).unwrap_or(u32::MAX),
                );
                let socket = socket.into_std().map_err(|error| tcp(host, &address.to_string(), &error))?;
                return Ok((socket, rtt));
            }
            Ok(Err(error)) => last = tcp(host, &address.to_string(), &error),
            Err(_) => last = timed_out(host, &address.to_string()),
        }
    }
    Err(last)
}

fn fits(family: Family, address: &SocketAddr) -> bool {
    match family {
        Family::Any => true,
        Family::V4 => address.is_ipv4(),
        Family::V6 => address.is_ipv6(),
    }
}

/// Reaches the target from the jump host and lets a task carry the connection.
async fn through(hop: &Remote, target: &Target) -> Result<Wire, LinkError> {
    let (stream, first) = reach(hop, target).await?;
    let pair = UnixStream::pair().and_then(|(ours, theirs)| {
        theirs.set_nonblocking(true)?;
        Ok((ours, tokio::net::UnixStream::from_std(theirs)?))
    });
    let (ours, theirs) = pair.map_err(|error| tcp(target.host.as_str(), "a socket pair", &error))?;
    tokio::spawn(carry(stream, theirs.into_split(), first));
    Ok(Wire::Pair(ours))
}
