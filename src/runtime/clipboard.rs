//! The clipboard: the terminal's own by OSC 52, or a program that takes text on its standard input.

use std::io;
use std::process::Stdio;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::outlet::Outlet;
use crate::domain::settings::Clipboard;
use crate::programs;

/// The most that is copied: terminals refuse or cut longer sequences.
const MOST: usize = 74_994;

/// Copies text; the error says why it could not be. The terminal is reached through `outlet`, between two frames.
pub async fn copy(clipboard: &Clipboard, text: &str, outlet: &Outlet) -> Result<(), String> {
    match clipboard {
        Clipboard::Off => Err("the clipboard is off (ui.clipboard)".to_owned()),
        Clipboard::Osc52 if text.len() > MOST => Err(format!("{} bytes are more than a terminal takes", text.len())),
        Clipboard::Osc52 => {
            outlet.send(osc52(text).as_bytes()).map_err(|error| format!("the terminal did not take it: {error}"))
        }
        Clipboard::Command(argv) => pipe(argv, text).await,
    }
}

/// Inside tmux the sequence travels in its passthrough, every escape doubled.
fn osc52(text: &str) -> String {
    let sequence = format!("\x1b]52;c;{}\x07", STANDARD.encode(text));
    if std::env::var_os("TMUX").is_some() {
        format!("\x1bPtmux;{}\x1b\\{sequence}", sequence.replace('\x1b', "\x1b\x1b"))
    } else {
        sequence
    }
}

async fn pipe(argv: &[String], text: &str) -> Result<(), String> {
    let (program, args) = argv.split_first().ok_or("ui.clipboard names no program")?;
    let failed = |error: io::Error| format!("{program}: {error}");
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = programs::start(|| command.spawn()).map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text.as_bytes()).await.map_err(failed)?;
    }
    let status = child.wait().await.map_err(failed)?;
    if status.success() { Ok(()) } else { Err(format!("{program} ended with {status}")) }
}
