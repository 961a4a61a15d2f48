//! The contract of `transport::Transport`, written once; [`contract!`] runs it over one transport.

use std::time::Duration;

use bytes::Bytes;
use quarterdeck::domain::host::{Link, LinkState, TransportKind};
use quarterdeck::transport::{Backlog, Chunk, ExecSpec, Exit, Output, RemoteCommand, SharedTransport, Stream};

/// A generous ceiling on anything that must not hang.
pub const SOON: Duration = Duration::from_secs(20);
const MIB: usize = 1 << 20;

/// Fails the test when the future is not over in time.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, future).await.unwrap_or_else(|_| panic!("{what} took more than {SOON:?}"))
}

/// Waits for the link to be as wanted.
pub async fn until(transport: &SharedTransport, what: &str, wanted: impl Fn(&Link) -> bool) -> Link {
    let mut link = transport.link();
    let found = tokio::time::timeout(SOON, link.wait_for(|link| wanted(link))).await;
    match found {
        Ok(found) => found.expect("the link is published as long as the transport lives").clone(),
        Err(_) => panic!("no link with {what}; it is {:?}", transport.link().borrow()),
    }
}

/// Waits for the link to be up.
pub async fn up(transport: &SharedTransport) -> Link {
    until(transport, "state up", |link| link.state == LinkState::Up).await
}

/// Runs a script to its end.
pub async fn sh(transport: &SharedTransport, script: &str) -> Output {
    soon(script, transport.exec(ExecSpec::script(script, SOON)).collect(64 * MIB)).await
}

/// Reads standard output until it holds `wanted` bytes.
pub async fn read_out(stream: &mut Stream, wanted: usize) -> Vec<u8> {
    let mut got = Vec::new();
    while got.len() < wanted {
        match soon("output", stream.output.recv()).await {
            Some(Chunk::Out(bytes)) => got.extend_from_slice(&bytes),
            other => panic!("{other:?} after {:?}", String::from_utf8_lossy(&got)),
        }
    }
    got
}

/// The rest of a stream's chunks, up to its end.
pub async fn end(stream: &mut Stream) -> Exit {
    loop {
        match soon("the end", stream.output.recv()).await {
            Some(Chunk::End(exit)) => return exit,
            Some(_) => {}
            None => panic!("a stream ended without Chunk::End"),
        }
    }
}

pub async fn output_and_exit_codes(t: SharedTransport) {
    up(&t).await;
    let said = sh(&t, "echo out; echo err >&2; exit 3").await;
    assert_eq!(said, Output { out: b"out\n".into(), err: b"err\n".into(), exit: Exit::Code(3) });
    assert_eq!(sh(&t, "true").await.exit, Exit::Code(0));
    assert_eq!(sh(&t, "exec no-such-program-anywhere").await.exit, Exit::Code(127));
    assert_eq!(sh(&t, "exit 255").await.exit, Exit::Code(255));
}

pub async fn argv_is_never_interpreted(t: SharedTransport) {
    up(&t).await;
    let argv = ["printf", "%s|", "a b", "$HOME", "it's", "`id`", "", "*", "\\n!x", "two\nlines", "-n"];
    let command = RemoteCommand::Argv(argv.map(str::to_owned).into());
    let spec = ExecSpec { command, stdin: false, timeout: Some(SOON), backlog: Backlog::Stall };
    let said = soon("argv", t.exec(spec).collect(MIB)).await;
    assert_eq!(String::from_utf8_lossy(&said.out), "a b|$HOME|it's|`id`||*|\\n!x|two\nlines|-n|");
    assert_eq!(said.exit, Exit::Code(0));
}

pub async fn a_signal_is_not_success(t: SharedTransport) {
    up(&t).await;
    for name in ["TERM", "KILL"] {
        // The system's ssh says 255 for any signal and names none.
        let openssh = t.link().borrow().transport == TransportKind::OpenSsh;
        let expected = if openssh { Exit::Code(255) } else { Exit::Signal(name.to_owned()) };
        assert_eq!(sh(&t, &format!("kill -{name} $$; sleep 5")).await.exit, expected);
    }
}

pub async fn fifty_megabytes_arrive_exactly(t: SharedTransport) {
    up(&t).await;
    let script = "head -c 52428800 /dev/zero | tr '\\0' 'x'; echo done >&2";
    let said = sh(&t, script).await;
    assert_eq!((said.out.len(), said.err.as_slice(), said.exit), (50 * MIB, b"done\n".as_slice(), Exit::Code(0)));
    assert!(said.out.iter().all(|&b| b == b'x'));
}

pub async fn both_outputs_at_once(t: SharedTransport) {
    up(&t).await;
    let script = "head -c 4000000 /dev/zero >&2 & head -c 4000000 /dev/zero; wait";
    let said = sh(&t, script).await;
    assert_eq!((said.out.len(), said.err.len(), said.exit), (4_000_000, 4_000_000, Exit::Code(0)));
}

pub async fn stdin_is_the_scripts_own(t: SharedTransport) {
    up(&t).await;
    let mut stream = t.exec(ExecSpec::stream("read -r first; echo \"<$first>\"; cat; echo over; exit 4"));
    let input = stream.input.take().unwrap();
    input.send(Bytes::from_static(b"one\n")).await.unwrap();
    assert_eq!(read_out(&mut stream, 6).await, b"<one>\n");
    let big = vec![b'y'; 3 * MIB];
    let sent = tokio::spawn(async move { input.send(Bytes::from(big)).await });
    let back = read_out(&mut stream, 3 * MIB + 5).await;
    assert!(back[..3 * MIB].iter().all(|&b| b == b'y'), "input came back changed");
    assert_eq!(&back[3 * MIB..], b"over\n");
    sent.await.unwrap().unwrap();
    assert_eq!(end(&mut stream).await, Exit::Code(4));
}

pub async fn without_stdin_a_script_sees_its_end_at_once(t: SharedTransport) {
    up(&t).await;
    assert_eq!(sh(&t, "cat; echo end").await.out, b"end\n");
}

pub async fn a_quiet_tail_is_cancelled_at_once(t: SharedTransport) {
    up(&t).await;
    // A time that no other test sleeps for.
    let sleep = format!("sleep {}", 10_000_000 + std::process::id());
    let script = format!("echo here; {sleep} & p=$!; cat >/dev/null; kill $p");
    let mut stream = t.exec(ExecSpec::stream(&*script));
    assert_eq!(read_out(&mut stream, 5).await, b"here\n");
    let Stream { mut output, input, cancel, .. } = stream;
    drop(cancel);
    let ended = tokio::time::timeout(SOON, async {
        while let Some(chunk) = output.recv().await {
            if let Chunk::End(exit) = chunk {
                return exit;
            }
        }
        panic!("no end");
    });
    assert_eq!(ended.await.expect("cancel must not wait for the command"), Exit::Cancelled);
    drop(input);
    // The remote side has seen its standard input end, and its watchdog has ended the tail.
    soon("the end of the cancelled tail", async {
        while String::from_utf8_lossy(&sh(&t, "pgrep -x sleep -a || ps").await.out).contains(&sleep) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await;
}

pub async fn what_takes_too_long_is_ended(t: SharedTransport) {
    up(&t).await;
    let stream = t.exec(ExecSpec::script("echo begun; sleep 301", Duration::from_millis(700)));
    let said = soon("the timeout", stream.collect(MIB)).await;
    assert_eq!((said.out.as_slice(), said.exit), (b"begun\n".as_slice(), Exit::TimedOut));
}

pub async fn an_unread_stream_stalls_nobody_else(t: SharedTransport) {
    up(&t).await;
    let mut unread = t.exec(ExecSpec::stream("head -c 30000000 /dev/zero | tr '\\0' z; exit 9"));
    tokio::time::sleep(Duration::from_millis(300)).await;
    for n in 0..10 {
        assert_eq!(sh(&t, &format!("echo {n}")).await.out, format!("{n}\n").into_bytes());
    }
    assert_eq!(sh(&t, "head -c 5000000 /dev/zero").await.out.len(), 5_000_000);
    assert_eq!(read_out(&mut unread, 30_000_000).await.len(), 30_000_000);
    assert_eq!(end(&mut unread).await, Exit::Code(9));
}

pub async fn dropping_the_oldest_is_counted(t: SharedTransport) {
    up(&t).await;
    let mut spec = ExecSpec::script("yes 123456789012345 | head -n 2000000", SOON);
    spec.backlog = Backlog::DropOldest;
    let mut stream = t.exec(spec);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let (mut bytes, mut lines, mut gaps) = (0, 0, 0);
    let exit = loop {
        match soon("output", stream.output.recv()).await.expect("an end") {
            Chunk::Out(out) => {
                bytes += out.len() as u64;
                lines += out.iter().filter(|&&b| b == b'\n').count() as u64;
            }
            Chunk::Dropped { bytes: b, lines: l } => {
                bytes += b;
                lines += l;
                gaps += 1;
            }
            Chunk::Err(err) => panic!("{}", String::from_utf8_lossy(&err)),
            Chunk::End(exit) => break exit,
        }
    };
    assert_eq!((bytes, lines, exit), (32_000_000, 2_000_000, Exit::Code(0)));
    assert!(gaps > 0, "32 MB fit without a drop: the test shows nothing");
}

pub async fn many_at_once(t: SharedTransport) {
    up(&t).await;
    let all = (0..30).map(|n| {
        let t = t.clone();
        tokio::spawn(async move { (n, sh(&t, &format!("echo {n}; exit {n}")).await) })
    });
    for done in all.collect::<Vec<_>>() {
        let (n, said) = done.await.unwrap();
        assert_eq!((said.out, said.exit), (format!("{n}\n").into_bytes(), Exit::Code(n)));
    }
}

pub async fn more_long_streams_than_a_session_takes(t: SharedTransport) {
    up(&t).await;
    let mut streams: Vec<Stream> = (0..14).map(|n| t.exec(ExecSpec::stream(format!("echo {n}; cat")))).collect();
    for (n, stream) in streams.iter_mut().enumerate() {
        let line = format!("{n}\n");
        assert_eq!(read_out(stream, line.len()).await, line.as_bytes());
    }
    for (n, stream) in streams.iter_mut().enumerate() {
        let line = format!("again {n}\n");
        stream.input.as_ref().unwrap().send(Bytes::from(line.clone())).await.unwrap();
        assert_eq!(read_out(stream, line.len()).await, line.as_bytes());
    }
    for stream in &mut streams {
        stream.input = None;
        assert_eq!(end(stream).await, Exit::Code(0));
    }
}

pub async fn dial_reaches_what_the_host_reaches(t: SharedTransport) {
    up(&t).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let (mut peer, _) = listener.accept().await.unwrap();
        let mut said = [0; 5];
        peer.read_exact(&mut said).await.unwrap();
        peer.write_all(&said.map(|b| b.to_ascii_uppercase())).await.unwrap();
        peer.write_all(&vec![b'.'; MIB]).await.unwrap();
    });
    let mut stream = t.dial("127.0.0.1", port);
    stream.input.as_ref().unwrap().send(Bytes::from_static(b"hello")).await.unwrap();
    let said = read_out(&mut stream, 5 + MIB).await;
    assert_eq!(&said[..5], b"HELLO");
    assert_eq!(end(&mut stream).await, Exit::Code(0));
    server.await.unwrap();
}

pub async fn a_refused_dial_says_so(t: SharedTransport) {
    up(&t).await;
    let said = soon("the refusal", t.dial("127.0.0.1", 1).collect(MIB)).await;
    assert!(matches!(said.exit, Exit::Refused(_)), "{:?}", said.exit);
    assert_eq!(sh(&t, "echo fine").await.out, b"fine\n");
}

/// Whoever learns of a loss from a stream does not find its link up, and so neither uses it again nor takes it for alive.
pub fn told_of_its_loss(transport: &SharedTransport, generation: u64) {
    let link = transport.link().borrow().clone();
    assert!(!link.is_up() || link.generation > generation, "{link:?}");
}

pub async fn a_dead_link_is_never_success(t: SharedTransport) {
    let before = up(&t).await;
    let mut tail = t.exec(ExecSpec::stream("echo here; cat"));
    assert_eq!(tail.generation, before.generation);
    assert_eq!(read_out(&mut tail, 5).await, b"here\n");
    t.declare_dead(before.generation + 7, "another connection");
    assert_eq!(sh(&t, "echo alive").await.out, b"alive\n");
    t.declare_dead(before.generation, "the test says so");
    assert_eq!(end(&mut tail).await, Exit::ConnectionLost);
    told_of_its_loss(&t, before.generation);
    let after = until(&t, "a new connection", |link| link.is_up() && link.generation > before.generation).await;
    assert_eq!(after.error, None);
    assert_eq!(sh(&t, "echo back").await.out, b"back\n");
}

pub async fn close_ends_everything(t: SharedTransport) {
    up(&t).await;
    let mut tail = t.exec(ExecSpec::stream("echo here; cat"));
    assert_eq!(read_out(&mut tail, 5).await, b"here\n");
    t.close();
    assert_eq!(end(&mut tail).await, Exit::ConnectionLost);
    told_of_its_loss(&t, tail.generation);
    until(&t, "state down", |link| link.state == LinkState::Down).await;
    assert_eq!(sh(&t, "true").await.exit, Exit::ConnectionLost);
    assert_eq!(soon("a dial", t.dial("127.0.0.1", 1).collect(MIB)).await.exit, Exit::ConnectionLost);
}

/// What holds on a host whose sshd forwards nothing, in place of the dials: they are refused at once and say why, and a
/// host behind it cannot be reached.
pub async fn a_dial_where_forwarding_is_forbidden_says_so(t: SharedTransport) {
    up(&t).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for _ in 0..3 {
        let said = soon("the refusal", t.dial("127.0.0.1", port).collect(MIB)).await;
        let Exit::Refused(why) = said.exit else { panic!("{:?}", said.exit) };
        assert!(why.contains("prohibited") && why.contains("AllowTcpForwarding"), "{why}");
        assert_eq!(sh(&t, "echo fine").await.out, b"fine\n");
    }
}

/// Runs every clause over the transport that `$connect` makes (an expression that may await, run for each test).
macro_rules! contract {
    ($connect:expr) => {
        contract!($connect;
            output_and_exit_codes argv_is_never_interpreted a_signal_is_not_success fifty_megabytes_arrive_exactly
            both_outputs_at_once stdin_is_the_scripts_own without_stdin_a_script_sees_its_end_at_once
            a_quiet_tail_is_cancelled_at_once what_takes_too_long_is_ended an_unread_stream_stalls_nobody_else
            dropping_the_oldest_is_counted many_at_once more_long_streams_than_a_session_takes
            dial_reaches_what_the_host_reaches a_refused_dial_says_so a_dead_link_is_never_success
            close_ends_everything);
    };
    ($connect:expr, no forwarding) => {
        contract!($connect;
            output_and_exit_codes argv_is_never_interpreted a_signal_is_not_success fifty_megabytes_arrive_exactly
            both_outputs_at_once stdin_is_the_scripts_own without_stdin_a_script_sees_its_end_at_once
            a_quiet_tail_is_cancelled_at_once what_takes_too_long_is_ended an_unread_stream_stalls_nobody_else
            dropping_the_oldest_is_counted many_at_once more_long_streams_than_a_session_takes
            a_dial_where_forwarding_is_forbidden_says_so a_dead_link_is_never_success close_ends_everything);
    };
    ($connect:expr; $($clause:ident)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $clause() {
            let (transport, _kept) = $connect;
            crate::contract::$clause(transport).await;
        })*
    };
}
