//! The way to an API: private certificate authorities, and the environment's proxies.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use quarterdeck::domain::api_error::ApiErrorKind;
use quarterdeck::integrations::http::{ApiClient, ApiOptions, Get};
use serde_json::Value;

use crate::http::token;

/// A server with a certificate for `localhost` that only its own file vouches for.
const TLS_SERVER: &str = r#"
import http.server, ssl, sys
class H(http.server.BaseHTTPRequestHandler):
    def do_GET(s):
        s.send_response(200); s.send_header("Content-Length", "2"); s.end_headers(); s.wfile.write(b"{}")
    def log_message(s, *a): pass
server = http.server.HTTPServer(("127.0.0.1", 0), H)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
"#;

fn certificate(folder: &Path) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
        .args([
            "-subj",
            "/CN=localhost",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-keyout",
            "key.pem",
            "-out",
            "ca.pem",
        ])
        .current_dir(folder)
        .stderr(Stdio::null())
        .status();
    assert!(made.expect("openssl runs").success());
}

#[tokio::test]
async fn a_private_authority_is_believed_when_the_config_names_it_and_not_before() {
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path());
    let mut server = Command::new("python3")
        .args(["-c", TLS_SERVER, "ca.pem", "key.pem"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut port = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut port).unwrap();
    let base = format!("https://localhost:{}", port.trim());
    let ask = |ca: Option<&str>| {
        let options = ApiOptions {
            ca_file: ca.map(|name| folder.path().join(name)),
            pause: Duration::from_millis(1),
            ..ApiOptions::new("GitLab", &base, token("tok-s3cret"))
        };
        async move { ApiClient::new(options).get::<Value>(&Get::new(&["version"])).await }
    };
    let error = ask(None).await.unwrap_err();
    assert_eq!(error.kind, ApiErrorKind::Unreachable);
    assert!(error.to_string().contains("certificate is not trusted: self-signed certificate"), "{error}");
    ask(Some("ca.pem")).await.unwrap();
    for (name, says) in [("key.pem", "no certificate"), ("gone.pem", "cannot be read")] {
        let error = ask(Some(name)).await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn the_proxy_of_the_environment_is_asked_for_a_tunnel_and_never_shown_the_token() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for mut stream in proxy.incoming().flatten() {
            let mut head = String::new();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            while reader.read_line(&mut head).is_ok_and(|read| read > 2) {}
            let _ = stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
            let _ = tell.send(head);
        }
    });
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("qd.toml");
    std::fs::write(&config, "[statuscake]\ntoken = { env = \"QD_TEST_SC\" }\n").unwrap();
    let out = assert_cmd::Command::cargo_bin("qd")
        .unwrap()
        .env("HOME", home.path())
        .env("QD_TEST_SC", "tok-s3cret")
        .env("HTTPS_PROXY", &address)
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .arg("--config")
        .arg(&config)
        .args(["alerts", "--json"])
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(3));
    let head = told.recv_timeout(Duration::from_secs(10)).unwrap();
    assert!(head.starts_with("CONNECT api.statuscake.com:443 "), "{head}");
    assert!(!head.contains("s3cret") && !String::from_utf8_lossy(&out.stdout).contains("s3cret"));
}
