//! Where the questions of one ssh arrive.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;

use super::{ANSWER, NOTICE, PROMPT, TOKEN};
use crate::transport::token::token;

/// How long a visitor may take to say what it wants.
const HASTE: Duration = Duration::from_secs(5);

/// Where the questions of one ssh arrive; nobody can ask any more once it is dropped.
#[derive(Debug)]
pub(in crate::transport) struct Desk {
    listener: UnixListener,
    socket: PathBuf,
    token: String,
}

/// What is said to a question.
pub(in crate::transport) enum Said {
    /// The answer.
    Answer(SecretString),
    /// None; ssh goes on without.
    Nothing,
}

/// A question that waits for its answer.
#[derive(Debug)]
pub(in crate::transport) struct Visitor {
    stream: UnixStream,
    /// What ssh asks.
    pub prompt: String,
    /// Whether it only says so, and wants no answer.
    pub notice: bool,
}

impl Desk {
    /// Opens one at a path that nobody else can reach.
    pub fn open(socket: PathBuf) -> std::io::Result<Self> {
        Ok(Self { listener: UnixListener::bind(&socket)?, socket, token: token()? })
    }

    /// How it is found, for the environment.
    pub fn way(&self) -> OsString {
        let mut way = OsString::from(format!("{}:", self.token));
        way.push(&self.socket);
        way
    }

    /// The next question. Whoever does not know the token, or is another user, is not heard.
    pub async fn next(&self) -> std::io::Result<Visitor> {
        loop {
            let (stream, _) = self.listener.accept().await?;
            if let Ok(Some(visitor)) = timeout(HASTE, self.hear(stream)).await {
                return Ok(visitor);
            }
        }
    }

    async fn hear(&self, mut stream: UnixStream) -> Option<Visitor> {
        if stream.peer_cred().ok()?.uid() != rustix::process::getuid().as_raw() {
            return None;
        }
        let mut head = [0; TOKEN + 5];
        stream.read_exact(&mut head).await.ok()?;
        let (token, rest) = head.split_first_chunk::<TOKEN>()?;
        let (kind, length) = rest.split_first()?;
        let length = usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?;
        if token != self.token.as_bytes() || length > PROMPT {
            return None;
        }
        let mut prompt = vec![0; length];
        stream.read_exact(&mut prompt).await.ok()?;
        let prompt = String::from_utf8_lossy(&prompt).into_owned();
        Some(Visitor { stream, prompt, notice: *kind == NOTICE })
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.socket);
    }
}

impl Visitor {
    /// Over when ssh no longer waits for the answer.
    pub async fn gone(&mut self) {
        // It has nothing more to say, so that what comes is the end.
        let _ = self.stream.read_u8().await;
    }

    /// Answers.
    pub async fn answer(mut self, said: Said) {
        let Said::Answer(secret) = said else { return };
        let mut bytes = Zeroizing::new(Vec::with_capacity(1 + secret.expose_secret().len()));
        bytes.push(ANSWER);
        bytes.extend_from_slice(secret.expose_secret().as_bytes());
        // Who has gone needs no answer.
        let _ = self.stream.write_all(&bytes).await;
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStrExt;

    use super::*;

    fn desk() -> (tempfile::TempDir, Desk) {
        let folder = tempfile::tempdir().unwrap();
        let desk = Desk::open(folder.path().join("desk")).unwrap();
        (folder, desk)
    }

    async fn ask(way: Vec<u8>, prompt: &'static str) -> std::io::Result<Zeroizing<Vec<u8>>> {
        tokio::task::spawn_blocking(move || super::super::ask(&way, super::super::QUESTION, prompt.as_bytes()))
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn a_question_is_answered_or_not() {
        let (_folder, desk) = desk();
        for (said, expected) in [("open sesame", &b"open sesame\n"[..]), ("", b"\n")] {
            let asking = tokio::spawn(ask(desk.way().as_bytes().to_vec(), "who?"));
            let visitor = desk.next().await.unwrap();
            assert_eq!(visitor.prompt, "who?");
            visitor.answer(Said::Answer(said.into())).await;
            assert_eq!(&asking.await.unwrap().unwrap()[..], expected);
        }
        let asking = tokio::spawn(ask(desk.way().as_bytes().to_vec(), "who?"));
        desk.next().await.unwrap().answer(Said::Nothing).await;
        assert!(asking.await.unwrap().is_err());
    }

    #[tokio::test]
    async fn without_the_token_nobody_is_heard_and_nothing_is_left_of_it_later() {
        let (_folder, desk) = desk();
        let mut wrong = desk.way().as_bytes().to_vec();
        wrong[0] = if wrong[0] == b'0' { b'1' } else { b'0' };
        let (wrong, right) = (tokio::spawn(ask(wrong, "wrong")), ask(desk.way().as_bytes().to_vec(), "right"));
        let right = tokio::spawn(right);
        let visitor = desk.next().await.unwrap();
        assert_eq!(visitor.prompt, "right");
        visitor.answer(Said::Answer("yes".into())).await;
        right.await.unwrap().unwrap();
        // The other is turned away as soon as anybody listens.
        let none = timeout(Duration::from_millis(300), desk.next()).await;
        assert!(none.is_err() && wrong.await.unwrap().is_err());
        let way = desk.way().as_bytes().to_vec();
        drop(desk);
        assert!(ask(way, "late").await.is_err());
    }

    #[tokio::test]
    async fn who_gives_up_is_noticed() {
        let (_folder, desk) = desk();
        let way = desk.way().as_bytes().to_vec();
        let path = way[TOKEN + 1..].to_vec();
        let mut stream = UnixStream::connect(std::ffi::OsStr::from_bytes(&path)).await.unwrap();
        stream.write_all(&[&way[..TOKEN], b"?", &[0, 0, 0, 1], b"?"].concat()).await.unwrap();
        let mut visitor = desk.next().await.unwrap();
        assert!(timeout(Duration::from_millis(100), visitor.gone()).await.is_err());
        drop(stream);
        timeout(HASTE, visitor.gone()).await.unwrap();
    }
}
