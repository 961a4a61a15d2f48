//! Asking with the host's own curl or wget, where its sshd forbids forwarding.

use std::time::Duration;

use reqwest::Url;

use super::{Answer, BODY_BYTES, HttpError};
use crate::domain::text::one_line;
use crate::transport::loader::quote;
use crate::transport::{ExecSpec, Exit, SharedTransport};

const SCRIPT: &str = include_str!("on_host.sh");

/// Gets a URL. wget knows no status but 200 and failure.
pub(super) async fn get(transport: &SharedTransport, url: &Url, timeout: Duration) -> Result<Answer, HttpError> {
    let seconds = timeout.as_secs().max(1);
    let script = format!("url={} seconds={seconds}\n{SCRIPT}", quote(url.as_str()));
    // The program has its own timeout; the transport's is for a host that hangs.
    let output = transport.exec(ExecSpec::script(script, timeout + Duration::from_secs(1))).collect(BODY_BYTES).await;
    match output.exit {
        Exit::Code(0) => read(&output.out).ok_or_else(|| HttpError::Failed("its answer could not be read".to_owned())),
        // curl's "connection refused" is 7, its and wget's timeouts 28 and 4.
        Exit::Code(7) => Err(HttpError::Refused(address(url))),
        Exit::Code(28) | Exit::TimedOut => Err(HttpError::Timeout(timeout)),
        Exit::Code(127) => Err(HttpError::Forbidden("administratively prohibited".to_owned())),
        Exit::ConnectionLost => Err(HttpError::LinkLost),
        other => {
            let said = one_line(&String::from_utf8_lossy(&output.err), 200);
            Err(HttpError::Failed(if said.is_empty() { format!("{}: {other:?}", address(url)) } else { said }))
        }
    }
}

fn address(url: &Url) -> String {
    format!("{}:{}", url.host_str().unwrap_or(""), url.port_or_known_default().unwrap_or(0))
}

fn read(out: &[u8]) -> Option<Answer> {
    let end = memchr::memchr(b'\n', out)?;
    let status = std::str::from_utf8(&out[..end]).ok()?.parse().ok()?;
    Some(Answer { status, body: out[end + 1..].to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_stands_before_the_body() {
        assert_eq!(read(b"503\ndown\nfor good"), Some(Answer { status: 503, body: b"down\nfor good".to_vec() }));
        assert_eq!(read(b"200\n"), Some(Answer { status: 200, body: vec![] }));
        assert_eq!(read(b"000"), None);
        assert_eq!(read(b"\nx"), None);
    }
}
