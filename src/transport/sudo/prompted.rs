//! Programs that sudoers names one by one: the password is sent when sudo asks for it, and only then.

use bytes::{Bytes, BytesMut};
use memchr::memmem;
use secrecy::SecretString;

use super::secret_lines;
use crate::transport::token::token;
use crate::transport::{Chunk, ExecSpec, Exit, Producer, RemoteCommand, SharedTransport, Stream};

/// How often one stream is told the password: a script calls few programs, and a password that has become wrong must not
/// be tried for ever.
const PROMPTS: usize = 3;

/// Opens the stream of a script that may use `$qd_asroot`.
pub(super) fn open(
    transport: &SharedTransport,
    mut spec: ExecSpec,
    otherwise: &str,
    password: SecretString,
) -> std::io::Result<Stream> {
    let prompt = token()?;
    spec.command = RemoteCommand::Script(format!(
        "LC_ALL=C\nexport LC_ALL\nqd_asroot='sudo -k -S -p {prompt} --' qd_asks=1\n{otherwise}"
    ));
    let (stays, backlog) = (std::mem::replace(&mut spec.stdin, true), spec.backlog);
    spec.backlog = crate::transport::Backlog::Stall;
    let inner = transport.exec(spec);
    let (stream, producer) = Stream::new(inner.generation, stays, backlog);
    tokio::spawn(relay(inner, producer, Prompts::new(prompt), password));
    Ok(stream)
}

/// Hands on everything but the prompts, which it answers.
async fn relay(mut inner: Stream, mut producer: Producer, mut prompts: Prompts, password: SecretString) {
    let mut told = 0;
    let exit = loop {
        let more = producer.outbox.wants_more();
        let chunk = tokio::select! {
            flushed = producer.outbox.flush(), if !producer.outbox.is_empty() => match flushed {
                Ok(()) => continue,
                Err(()) => return,
            },
            chunk = inner.output.recv(), if more => chunk,
            bytes = next(&mut producer.input) => {
                // Sudo would take it for the password: only its end is handed on.
                if bytes.is_none() {
                    (producer.input, inner.input) = (None, None);
                }
                continue;
            }
            _ = &mut producer.cancel => break Exit::Cancelled,
        };
        match chunk {
            Some(Chunk::Out(bytes)) => producer.outbox.out(bytes),
            Some(Chunk::Err(bytes)) => {
                let (rest, asked) = prompts.take(&bytes);
                if !rest.is_empty() {
                    producer.outbox.err(rest);
                }
                for _ in 0..asked {
                    told += 1;
                    match &inner.input {
                        Some(input) if told <= PROMPTS => drop(input.send(secret_lines(&password, &[])).await),
                        // Sudo sees the end of its input and gives up.
                        _ => inner.input = None,
                    }
                }
            }
            Some(Chunk::Dropped { .. }) => {}
            Some(Chunk::End(exit)) => break exit,
            None => break Exit::ConnectionLost,
        }
    };
    let rest = prompts.rest();
    if !rest.is_empty() {
        producer.outbox.err(rest);
    }
    drop(inner);
    producer.outbox.finish(exit).await;
}

/// What the caller writes; never, where it may not.
async fn next(input: &mut Option<tokio::sync::mpsc::Receiver<Bytes>>) -> Option<Bytes> {
    match input {
        Some(input) => input.recv().await,
        None => std::future::pending().await,
    }
}

/// Finds prompts in standard error.
struct Prompts {
    prompt: Vec<u8>,
    held: BytesMut,
}

impl Prompts {
    fn new(prompt: String) -> Self {
        Self { prompt: prompt.into_bytes(), held: BytesMut::new() }
    }

    /// What was said besides, and how many prompts were in it. What may be the beginning of a prompt is held back.
    fn take(&mut self, bytes: &[u8]) -> (Bytes, usize) {
        self.held.extend_from_slice(bytes);
        let (mut out, mut asked) = (BytesMut::new(), 0);
        while let Some(at) = memmem::find(&self.held, &self.prompt) {
            out.extend_from_slice(&self.held.split_to(at));
            let _ = self.held.split_to(self.prompt.len());
            asked += 1;
        }
        let begun = (1..self.prompt.len()).rev().find(|&n| self.held.ends_with(&self.prompt[..n])).unwrap_or(0);
        let kept = self.held.split_off(self.held.len() - begun);
        out.extend_from_slice(&std::mem::replace(&mut self.held, kept));
        (out.freeze(), asked)
    }

    /// What was held back.
    fn rest(&mut self) -> Bytes {
        std::mem::take(&mut self.held).freeze()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn prompts_are_found_however_they_are_cut(
            words in proptest::collection::vec(prop_oneof!["[a-f\n]{0,6}", Just("abc".to_owned())], 0..8),
            cuts in proptest::collection::vec(1_usize..5, 0..40),
        ) {
            let said = words.concat();
            let mut prompts = Prompts::new("abc".to_owned());
            let (mut out, mut asked, mut rest) = (Vec::new(), 0, said.as_bytes());
            for cut in cuts.into_iter().chain([said.len()]) {
                let (now, later) = rest.split_at(cut.min(rest.len()));
                let (said, prompts) = prompts.take(now);
                out.extend_from_slice(&said);
                asked += prompts;
                rest = later;
            }
            out.extend_from_slice(&prompts.rest());
            prop_assert_eq!(asked, said.matches("abc").count());
            prop_assert_eq!(String::from_utf8(out).unwrap(), said.replace("abc", ""));
        }
    }
}
