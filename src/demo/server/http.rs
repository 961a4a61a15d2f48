//! The service of a made-up host: just enough HTTP/1.1 to answer a health check and a question for the version.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;
use tokio::time::timeout;

use super::super::world::{Api, Live};

/// The longest request head that is read.
const MOST_HEAD: usize = 8 << 10;

/// How long a request may take to arrive, and its answer to be taken.
const PATIENCE: Duration = Duration::from_secs(10);

/// Reads one request and answers it by what the world says now.
pub async fn answer(mut stream: impl AsyncRead + AsyncWrite + Unpin, live: watch::Receiver<Live>) {
    let served = async {
        let Some(head) = read_head(&mut stream).await else { return };
        let reply = respond(&head, live.borrow().api.as_ref());
        // The client may be gone; it gets nothing then.
        if stream.write_all(reply.as_bytes()).await.is_ok() {
            let _ = stream.shutdown().await;
        }
    };
    let _ = timeout(PATIENCE, served).await;
}

/// All up to the blank line; none when there is none.
async fn read_head(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if head.len() >= MOST_HEAD || stream.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    Some(String::from_utf8_lossy(&head).into_owned())
}

fn respond(head: &str, api: Option<&Api>) -> String {
    let mut words = head.split_ascii_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = target.split('?').next().unwrap_or_default();
    let (status, content, body) = match (method, path, api) {
        (_, _, None) => ("503 Service Unavailable", "text/plain", "no service\n".to_owned()),
        ("GET", "/healthz", Some(api)) => match &api.trouble {
            None => ("200 OK", "text/plain", "ok\n".to_owned()),
            Some(trouble) => ("500 Internal Server Error", "text/plain", format!("{trouble}\n")),
        },
        ("GET", "/version", Some(api)) => {
            let body = serde_json::json!({ "service": "myservice", "version": api.version });
            ("200 OK", "application/json", format!("{body}\n"))
        }
        ("GET", _, _) => ("404 Not Found", "text/plain", "not found\n".to_owned()),
        _ => ("405 Method Not Allowed", "text/plain", "only GET\n".to_owned()),
    };
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(head: &str, api: Option<&Api>) -> String {
        respond(head, api).lines().next().unwrap_or_default().to_owned()
    }

    #[test]
    fn health_and_version_are_the_worlds() {
        let well = Api { version: "1.4.2", trouble: None };
        let ill = Api { version: "1.4.3", trouble: Some("checkout failing") };
        assert_eq!(status("GET /healthz HTTP/1.1\r\n\r\n", Some(&well)), "HTTP/1.1 200 OK");
        assert_eq!(status("GET /healthz HTTP/1.1\r\n\r\n", Some(&ill)), "HTTP/1.1 500 Internal Server Error");
        assert!(respond("GET /version HTTP/1.0\r\n\r\n", Some(&ill)).ends_with("\"version\":\"1.4.3\"}\n"));
        assert_eq!(status("GET /nothing HTTP/1.1\r\n\r\n", Some(&well)), "HTTP/1.1 404 Not Found");
        assert_eq!(status("POST /healthz HTTP/1.1\r\n\r\n", Some(&well)), "HTTP/1.1 405 Method Not Allowed");
        assert_eq!(status("", None), "HTTP/1.1 503 Service Unavailable");
    }
}
