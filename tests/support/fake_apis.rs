//! The hosted APIs on loopback: `tests/api/serve.py` over a set of fixtures, on a free port, with its faults and limits on
//! demand. Needs python3.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running fake; it ends when this is dropped.
pub struct FakeApis {
    child: Child,
    origin: String,
    folder: tempfile::TempDir,
}

/// One request as the fake saw it.
#[derive(Clone, Debug, serde::Deserialize)]
pub struct Recorded {
    /// When, in UNIX seconds.
    pub t: f64,
    /// GET, POST and so on.
    pub method: String,
    /// The path, without its query.
    pub path: String,
    /// The query.
    pub query: String,
    /// The body.
    pub body: String,
    /// Whether it carried any credentials.
    pub auth: bool,
    /// What it was answered with.
    pub status: u16,
    /// What was done to it: fail, garbage, 429, forced; nothing for a plain answer.
    pub mode: Option<String>,
}

impl FakeApis {
    /// The public company, with these further arguments, such as `["--fail-rate", "0.3"]`.
    pub fn public(args: &[&str]) -> Self {
        Self::of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/api/fixtures/public"), args)
    }

    /// The company of these fixtures.
    pub fn of(fixtures: &Path, args: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut child = Command::new("python3")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/api/serve.py"))
            .args(["--port", "0", "--fixtures"])
            .arg(fixtures)
            .arg("--log")
            .arg(folder.path().join("requests.jsonl"))
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 runs");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("its first line");
        let start = line.find("http://").unwrap_or_else(|| panic!("the fake says where it is, not {line:?}"));
        let origin = line[start..].split_whitespace().next().expect("a URL").to_owned();
        Self { child, origin, folder }
    }

    /// The address of one of its APIs, as a config's `url`: `stripe`, `gitlab` or `statuscake`.
    pub fn url(&self, api: &str) -> String {
        format!("{}/{api}", self.origin)
    }

    /// Every request so far to one of its APIs.
    pub fn requests(&self, api: &str) -> Vec<Recorded> {
        let text = std::fs::read_to_string(self.log()).unwrap_or_default();
        let all = text.lines().map(|line| serde_json::from_str::<Recorded>(line).expect("a record"));
        all.filter(|request| request.path.starts_with(&format!("/{api}/"))).collect()
    }

    /// Changes how it behaves from now on: `latency`, `fail`, `garbage`, `truncate`, `limit`, `force`, `job` (the seconds that a
    /// job takes).
    pub fn control(&self, set: &serde_json::Value) {
        let body = set.to_string();
        let address = self.origin.trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).expect("the fake listens");
        let head = format!("POST /_ctl/set HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n");
        write!(stream, "{head}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).expect("it is sent");
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).expect("an answer");
        assert!(line.contains(" 200 "), "{line}");
    }

    /// The file that every request is written to.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("requests.jsonl")
    }
}

impl Drop for FakeApis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The most requests in any stretch of so many seconds.
pub fn busiest(requests: &[Recorded], seconds: f64) -> usize {
    let from = |first: &Recorded| requests.iter().filter(|r| r.t >= first.t && r.t < first.t + seconds).count();
    requests.iter().map(from).max().unwrap_or(0)
}
