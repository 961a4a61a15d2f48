//! A command on a made-up host: the real `sh -c`, in a process group of its own, piped to an SSH channel.

use std::ffi::{OsStr, OsString};
use std::future::pending;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Bytes, BytesMut};
use russh::server::{Handle, Msg};
use russh::{Channel, ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Sig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;

use super::super::world::role::USER;
use super::Shared;
use crate::transport::signal::signal_name;

/// The extended data type of standard error (RFC 4254, 5.2).
const STDERR: u32 = 1;

/// The most that is read from a command at once.
const PIECE: usize = 32 << 10;

/// How much input may wait for a command that does not read it. russh opens the window again by itself, so that only this
/// bounds it; and a session that waited for the command could wait for ever, the command's output waiting for it.
const MOST_INPUT: usize = 64 << 20;

/// Runs a command until it ends, or the client closes the channel or goes away.
pub async fn run(command: Vec<u8>, channel: Channel<Msg>, handle: Handle, shared: Arc<Shared>) {
    let (mut from_client, to_client) = channel.split();
    let mut sh = shell(&command, &shared.root);
    match shared.groups.spawn(&mut sh) {
        Ok((mut child, _group)) => {
            let (queue, queued) = mpsc::unbounded_channel();
            let waiting = AtomicUsize::new(0);
            let stdin = child.stdin.take();
            tokio::select! {
                _ = perform(&mut child, &to_client, &handle) => {}
                () = listen(&mut from_client, queue, &waiting) => {}
                () = async { feed(stdin, queued, &waiting).await; pending().await } => {}
            }
            // `_group` goes before `child`: whatever still runs is killed before its leader is waited for.
        }
        Err(e) => {
            let why = format!("demo: cannot run sh: {e}\n");
            let told = async {
                to_client.extended_data_bytes(STDERR, why).await?;
                end(&to_client, &handle, ExitStatus::from_raw(127 << 8)).await
            };
            // An error means that the client is gone.
            let _ = told.await;
        }
    }
}

/// `sh -c COMMAND` as the made-up host's user would get it: nothing of the environment of whoever started the demo but
/// the way to find programs.
fn shell(command: &[u8], root: &Path) -> Command {
    let home = root.join("home").join(USER);
    let mut path = OsString::from(root.join("bin"));
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into()));
    let mut sh = Command::new("/bin/sh");
    sh.arg("-c")
        .arg(OsStr::from_bytes(command))
        .env_clear()
        .env("QD_ROOT", root)
        .env("PATH", path)
        .env("HOME", &home)
        .env("TMPDIR", root.join("tmp"))
        .env("USER", USER)
        .env("LOGNAME", USER)
        .env("SHELL", "/bin/sh")
        .current_dir(home)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    sh
}

/// Passes on all that the command says, then how it ended.
async fn perform(child: &mut Child, to_client: &ChannelWriteHalf<Msg>, handle: &Handle) -> Result<(), russh::Error> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let out = pump(stdout, |piece| to_client.data_bytes(piece));
    let err = pump(stderr, |piece| to_client.extended_data_bytes(STDERR, piece));
    tokio::try_join!(out, err)?;
    let status = child.wait().await?;
    end(to_client, handle, status).await
}

/// Reads to the end; each piece waits for the client's window before the next one is read.
async fn pump<R, F>(from: Option<R>, send: impl Fn(Bytes) -> F) -> Result<(), russh::Error>
where
    R: AsyncRead + Unpin,
    F: Future<Output = Result<(), russh::Error>>,
{
    let Some(mut from) = from else { return Ok(()) };
    let mut buffer = BytesMut::new();
    loop {
        buffer.reserve(PIECE);
        if from.read_buf(&mut buffer).await? == 0 {
            return Ok(());
        }
        send(buffer.split().freeze()).await?;
    }
}

/// Tells how the command ended, and closes the channel.
async fn end(to_client: &ChannelWriteHalf<Msg>, handle: &Handle, status: ExitStatus) -> Result<(), russh::Error> {
    to_client.eof().await?;
    match (status.code(), status.signal()) {
        (Some(code), _) => to_client.exit_status(code.cast_unsigned()).await?,
        (None, signal) => {
            let name = Sig::Custom(signal_name(signal.unwrap_or_default()));
            let (dumped, message, language) = (status.core_dumped(), String::new(), String::new());
            let sent = handle.exit_signal_request(to_client.id(), name, dumped, message, language).await;
            sent.map_err(|()| russh::Error::SendError)?;
        }
    }
    to_client.close().await
}

/// Takes all that the client sends, at once, so that its session never waits for this command. Ends when the client closes
/// the channel or goes away, or when more input waits than is reasonable.
async fn listen(from_client: &mut ChannelReadHalf, queue: mpsc::UnboundedSender<Bytes>, waiting: &AtomicUsize) {
    let mut queue = Some(queue);
    while let Some(message) = from_client.wait().await {
        match message {
            ChannelMsg::Data { data } => {
                if waiting.fetch_add(data.len(), Ordering::Relaxed) > MOST_INPUT {
                    return;
                }
                if let Some(queue) = &queue {
                    // A command that has closed its input wants no more.
                    let _ = queue.send(data);
                }
            }
            ChannelMsg::Eof => queue = None,
            ChannelMsg::Close => return,
            _ => {}
        }
    }
}

/// Writes what the client sent to the command, and closes its input after the last of it.
async fn feed(stdin: Option<ChildStdin>, mut queued: mpsc::UnboundedReceiver<Bytes>, waiting: &AtomicUsize) {
    let mut stdin = stdin;
    while let Some(data) = queued.recv().await {
        if let Some(pipe) = &mut stdin
            && pipe.write_all(&data).await.is_err()
        {
            // The command reads no more, like `head`; the rest is thrown away.
            stdin = None;
        }
        waiting.fetch_sub(data.len(), Ordering::Relaxed);
    }
}
