//! Just enough HTTP/1.1 (RFC 9112) for the demo's own servers: whole requests, whole answers, connections that stay open.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// The longest request head that is read.
const MOST_HEAD: usize = 16 << 10;
/// The longest body.
const MOST_BODY: usize = 64 << 10;
/// How long a connection may be idle, and an answer take to be taken.
const PATIENCE: Duration = Duration::from_secs(75);

/// A request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// Such as `GET`.
    pub method: String,
    /// The path's parts, decoded.
    pub path: Vec<String>,
    /// The path as it was sent, without the query.
    pub raw_path: String,
    /// The query's pairs, decoded, in order.
    pub query: Vec<(String, String)>,
    /// Headers; their names in lower case.
    headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Such as 200.
    pub status: u16,
    /// Headers besides those of every answer.
    pub headers: Vec<(&'static str, String)>,
    /// What the body is.
    pub content: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The first value of a parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A number in a parameter.
    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.param(name)?.parse().ok()
    }

    /// The path's parts as text.
    pub fn parts(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    /// The body's pairs, where it is a form.
    pub fn form(&self) -> Vec<(String, String)> {
        pairs(&String::from_utf8_lossy(&self.body))
    }
}

impl Reply {
    /// An answer in JSON.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self { status, headers: Vec::new(), content: "application/json", body: body.to_string().into_bytes() }
    }

    /// An answer in plain text.
    pub fn text(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), content: "text/plain", body: body.into() }
    }

    /// The same with a header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }
}

/// Answers the requests of a connection until either side has enough.
pub async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin, respond: impl Fn(&Request) -> Reply) {
    let mut read = Vec::new();
    loop {
        let Ok(Some(request)) = timeout(PATIENCE, next(&mut stream, &mut read)).await else { return };
        let stays = request.header("connection").is_none_or(|word| !word.eq_ignore_ascii_case("close"));
        let answer = bytes(&request, &respond(&request), stays);
        // The client may be gone; it gets nothing then.
        if !matches!(timeout(PATIENCE, stream.write_all(&answer)).await, Ok(Ok(()))) {
            return;
        }
        if !stays {
            let _ = stream.shutdown().await;
            return;
        }
    }
}

/// The next request; `read` holds what came after the one before. None when there is none, or none that is read here.
async fn next(stream: &mut (impl AsyncRead + Unpin), read: &mut Vec<u8>) -> Option<Request> {
    let end = loop {
        if let Some(at) = memchr::memmem::find(read, b"\r\n\r\n") {
            break at + 4;
        }
        if read.len() > MOST_HEAD || stream.read_buf(read).await.ok()? == 0 {
            return None;
        }
    };
    let mut request = head(&String::from_utf8_lossy(&read[..end]))?;
    // Nothing that asks here sends its body in pieces.
    let length = request.header("content-length").map_or(Some(0), |length| length.trim().parse().ok())?;
    if length > MOST_BODY || request.header("transfer-encoding").is_some() {
        return None;
    }
    while read.len() < end + length {
        if stream.read_buf(read).await.ok()? == 0 {
            return None;
        }
    }
    request.body = read[end..end + length].to_vec();
    read.drain(..end + length);
    Some(request)
}

fn head(text: &str) -> Option<Request> {
    let mut lines = text.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let header =
        |line: &str| line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
    Some(Request {
        method,
        path: path.split('/').filter(|part| !part.is_empty()).map(|part| decode(part, false)).collect(),
        raw_path: path.to_owned(),
        query: pairs(query),
        headers: lines.filter_map(header).collect(),
        body: Vec::new(),
    })
}

/// The pairs of a query or form.
fn pairs(text: &str) -> Vec<(String, String)> {
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name, true), decode(value, true))
    };
    text.split('&').filter(|part| !part.is_empty()).map(pair).collect()
}

/// Undoes percent-encoding; what is none stays as it is.
fn decode(text: &str, plus: bool) -> String {
    let (mut out, bytes) = (Vec::with_capacity(text.len()), text.as_bytes());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match (byte, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(decoded)) => {
                out.push(decoded);
                at += 2;
            }
            (b'+', _) if plus => out.push(b' '),
            _ => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn bytes(request: &Request, reply: &Reply, stays: bool) -> Vec<u8> {
    let (status, content, length) = (reply.status, reply.content, reply.body.len());
    let mut head = format!("HTTP/1.1 {status} {}\r\n", reason(status));
    if !matches!(status, 204 | 304) {
        head += &format!("Content-Type: {content}\r\nContent-Length: {length}\r\n");
    }
    for (name, value) in &reply.headers {
        head += &format!("{name}: {value}\r\n");
    }
    head += if stays { "\r\n" } else { "Connection: close\r\n\r\n" };
    let mut all = head.into_bytes();
    if request.method != "HEAD" && !matches!(status, 204 | 304) {
        all.extend_from_slice(&reply.body);
    }
    all
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        206 => "Partial Content",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "-",
    }
}

#[cfg(test)]
impl Request {
    /// A question, for tests.
    pub fn get(target: &str) -> Self {
        head(&format!("GET {target} HTTP/1.1\r\n\r\n")).unwrap()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_taken_apart_and_decoded() {
        let request = Request::get("/v1/projects/acme%2Fshop/tags?search=%5E1.0&x=a+b&tags[]=1&flag");
        assert_eq!(request.parts(), ["v1", "projects", "acme/shop", "tags"]);
        assert_eq!(request.param("search"), Some("^1.0"));
        assert_eq!((request.param("x"), request.param("flag")), (Some("a b"), Some("")));
        assert_eq!(decode("%zz%4", false), "%zz%4");
    }

    #[tokio::test]
    async fn requests_of_one_connection_are_answered_in_order() {
        let (mut client, server) = tokio::io::duplex(1 << 16);
        let serving = tokio::spawn(serve(server, |request| Reply::text(200, request.body.clone())));
        let sent = "POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nonePOST /b HTTP/1.1\r\ncontent-length: 3\r\n\
                    Connection: close\r\n\r\ntwo";
        client.write_all(sent.as_bytes()).await.unwrap();
        let mut said = String::new();
        client.read_to_string(&mut said).await.unwrap();
        assert!(said.starts_with("HTTP/1.1 200 OK\r\n"), "{said}");
        assert!(said.contains("\r\n\r\noneHTTP/1.1") && said.ends_with("close\r\n\r\ntwo"), "{said}");
        serving.await.unwrap();
    }

    #[tokio::test]
    async fn what_is_too_long_or_no_request_ends_the_connection() {
        for sent in [vec![b'x'; MOST_HEAD + 9000], b"GET / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n".to_vec()] {
            let (mut client, server) = tokio::io::duplex(1 << 16);
            let serving = tokio::spawn(serve(server, |_| Reply::text(200, "")));
            client.write_all(&sent).await.unwrap();
            let mut said = Vec::new();
            client.read_to_end(&mut said).await.unwrap();
            assert!(said.is_empty());
            serving.await.unwrap();
        }
    }
}
