//! Questions of transports, put on the terminal of a headless command.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::sync::Mutex;

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use tokio::sync::oneshot;

use crate::domain::question::{Answer, Question};
use crate::domain::text::one_line;
use crate::transport::Asker;

/// The longest line of a terminal (MAX_CANON is less).
const LINE: usize = 4096;

/// Asks for passphrases and passwords on the controlling terminal. Unknown host keys are refused: accepting one is a
/// decision for the cockpit, where the fingerprint is looked at. Without a terminal everything is refused.
#[derive(Default)]
pub struct TerminalAsker {
    /// Held while a question is on the terminal, so that two hosts never ask at once.
    turn: std::sync::Arc<Mutex<()>>,
}

impl Asker for TerminalAsker {
    fn ask(&self, question: Question) -> oneshot::Receiver<Answer> {
        let (back, answer) = oneshot::channel();
        let prompt = match question {
            Question::HostKey { .. } => {
                let _ = back.send(Answer::Refuse);
                return answer;
            }
            Question::Passphrase { identity, .. } => (format!("Passphrase for {}: ", one_line(&identity, 200)), false),
            Question::Password { account, prompt, echo, .. } => {
                (format!("({}) {} ", one_line(&account, 100), one_line(&prompt, 200)), echo)
            }
        };
        let turn = self.turn.clone();
        // A thread of its own: reading a terminal blocks for as long as a person thinks.
        let asked = std::thread::Builder::new().name("qd-ask".to_owned()).spawn(move || {
            let _turn = turn.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if back.is_closed() {
                return;
            }
            let said = read_line(&prompt.0, prompt.1).map_or(Answer::Refuse, Answer::Secret);
            let _ = back.send(said);
        });
        if let Err(error) = asked {
            tracing::warn!(%error, "cannot ask on the terminal");
        }
        answer
    }
}

/// Reads one line from the controlling terminal, without echo unless asked for.
fn read_line(prompt: &str, echo: bool) -> io::Result<SecretString> {
    let mut terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
    terminal.write_all(prompt.as_bytes())?;
    let _quiet = if echo { None } else { Some(Quiet::on(&terminal)?) };
    // A terminal hands over a line at a time, and no more than this; it is zeroed with the buffer.
    let mut line = Zeroizing::new([0; LINE]);
    let length = terminal.read(&mut line[..])?;
    if !echo {
        terminal.write_all(b"\n")?;
    }
    if length == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let text = std::str::from_utf8(&line[..length]).map_err(|_| io::ErrorKind::InvalidData)?;
    Ok(SecretString::from(text.trim_end_matches(['\n', '\r']).to_owned()))
}

/// Echo is off while this lives.
struct Quiet {
    terminal: File,
    before: Termios,
}

impl Quiet {
    fn on(terminal: &File) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(terminal, OptionalActions::Flush, &silent)?;
        Ok(Self { terminal: terminal.try_clone()?, before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // Nothing better can be done about a terminal that refuses: it is probably gone.
        let _ = tcsetattr(&self.terminal, OptionalActions::Flush, &self.before);
    }
}
