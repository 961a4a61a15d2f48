//! How the system's `ssh` asks: it starts `qd` itself as its askpass program, which hands the question to the `qd` that
//! started that ssh and prints the answer.
//!
//! The way back is a unix socket in a private folder (0700) and a token that was made for that one ssh; both stand in
//! `QD_ASKPASS` of its environment and are worth nothing once it has connected. A message is the token, a byte that says
//! whether an answer is wanted, and ssh's prompt with its length before it; the answer is one byte that says that there is
//! one, then the answer, and its end is the end of the connection.

mod desk;
mod prompt;

use std::ffi::OsString;
use std::io::{Error, ErrorKind, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;

use secrecy::zeroize::Zeroizing;

pub(super) use desk::{Desk, Said};
pub(super) use prompt::Prompt;

/// The environment's name for the way to the qd that started ssh: `TOKEN:SOCKET`.
const WAY: &str = "QD_ASKPASS";
/// A token's length.
const TOKEN: usize = 32;
/// The most of a prompt, in bytes.
const PROMPT: usize = 4 << 10;
/// A question that wants an answer, and a message that wants none ("touch your key").
const QUESTION: u8 = b'?';
const NOTICE: u8 = b'!';
/// What an answer begins with.
const ANSWER: u8 = b'+';
/// The most of an answer; ssh itself takes a kilobyte.
const LONGEST: usize = 4 << 10;

/// What an ssh finds in its environment, so that it asks through `program`.
pub(super) fn environment(program: &Path, desk: &Desk) -> [(&'static str, OsString); 3] {
    [("SSH_ASKPASS", program.into()), ("SSH_ASKPASS_REQUIRE", "force".into()), (WAY, desk.way())]
}

/// When this process was started by ssh to ask something: asks, prints the answer and says how to end. `None` for every
/// other start of the program.
pub fn run() -> Option<ExitCode> {
    let way = std::env::var_os(WAY)?;
    let prompt = std::env::args_os().nth(1).unwrap_or_default();
    // ssh ends this process when what a notice asks for was done.
    let kind =
        if std::env::var_os("SSH_ASKPASS_PROMPT").is_some_and(|kind| kind == "none") { NOTICE } else { QUESTION };
    let answer = ask(way.as_bytes(), kind, prompt.as_bytes());
    Some(match answer.and_then(|line| std::io::stdout().write_all(&line)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

/// The answer, as a line; an error when there is none.
fn ask(way: &[u8], kind: u8, prompt: &[u8]) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let (token, socket) = way.split_at_checked(TOKEN).ok_or(ErrorKind::InvalidInput)?;
    let socket = socket.strip_prefix(b":").ok_or(ErrorKind::InvalidInput)?;
    let mut stream = UnixStream::connect(Path::new(std::ffi::OsStr::from_bytes(socket)))?;
    let prompt = &prompt[..prompt.len().min(PROMPT)];
    let length = u32::try_from(prompt.len()).map_err(Error::other)?;
    stream.write_all(&[token, &[kind], &length.to_be_bytes(), prompt].concat())?;
    let mut begun = [0];
    stream.read_exact(&mut begun)?;
    if begun != [ANSWER] {
        return Err(ErrorKind::InvalidData.into());
    }
    // Its whole size at once: a buffer that grows leaves copies behind.
    let mut answer = Zeroizing::new(Vec::with_capacity(LONGEST + 1));
    stream.take(LONGEST as u64).read_to_end(&mut answer)?;
    answer.push(b'\n');
    Ok(answer)
}
