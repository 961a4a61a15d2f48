//! Command sources: a program whose output is the log. A command cannot be resumed, and the ledger says so.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::lines::Lines;
use super::unfollowed::unfollowed;
use super::{Gone, Start, Tail, event, link};
use crate::domain::log::{Feed, SourceEventKind};
use crate::domain::text::one_line;
use crate::transport::loader::quote;
use crate::transport::{Chunk, ExecSpec, Exit};

/// Between attempts; a command that ends at once must not be started in a tight loop.
const PATIENCE: Duration = Duration::from_secs(5);

/// A script that runs a command line until standard input ends (the link died, or nobody listens).
pub(super) fn watched(line: &str) -> String {
    format!(
        "LC_ALL=C\nexport LC_ALL\nexec 4<&0\n{line} </dev/null 4<&- &\np=$!\n\
         {{ cat <&4 >/dev/null; kill $p; }} 2>/dev/null &\nw=$!\nexec 4<&-\nwait $p\nr=$?\nkill $w 2>/dev/null\nexit $r\n"
    )
}

/// The same as root, by the login user's shell. Where sudo asks for a password it does so on standard input, which then
/// nobody else may read: the program ends with the reader of its output.
pub(super) fn watched_as_root(line: &str) -> String {
    let watched = watched(&format!("$qd_asroot {line}"));
    format!("LC_ALL=C\nexport LC_ALL\n[ -z \"$qd_asks\" ] || exec $qd_asroot {line}\n{watched}")
}

/// Runs the command, again when it or the link ends.
pub(super) async fn run(tail: Tail, argv: Vec<String>) {
    let _ = run_until_gone(&tail, &argv).await;
}

async fn run_until_gone(tail: &Tail, argv: &[String]) -> Result<(), Gone> {
    let source = tail.source(&format!("command:{}", argv.join(" ")));
    tail.send(Feed::Opened(source.clone())).await?;
    let once = !tail.options.follow;
    let line = if once { &unfollowed(argv) } else { argv };
    let line = line.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ");
    // Of a command that ends, the last lines are known as of a file; of one that goes on nobody can say which they are.
    let last = match tail.options.start {
        Start::Lines(count) if once => Some(usize::try_from(count).unwrap_or(usize::MAX)),
        _ => None,
    };
    let mut kept = VecDeque::new();
    let mut away: Option<Instant> = None;
    loop {
        if let Err(why) = link::up(&tail.transport, once).await {
            return tail.send(Feed::Unreached(source, why)).await;
        }
        if let Some(away) = away.take() {
            let mut gap = event(
                SourceEventKind::Gap,
                "a command cannot be resumed: what it said meanwhile may be missing or repeated",
            );
            gap.seconds = Some((away.elapsed().as_secs_f64() * 10.0).round() / 10.0);
            tail.event(&source, gap).await?;
        } else {
            tail.event(&source, event(SourceEventKind::Connected, "")).await?;
        }
        let mut stream = tail.exec_or(ExecSpec::stream(watched(&line)), Some(watched_as_root(&line))).await;
        if once {
            // There is no end of input to wait for: the command's own end is the end.
            tail.send(Feed::CaughtUp(source.clone())).await?;
        }
        let (mut lines, mut errors, mut end) = (Lines::default(), Lines::default(), Exit::ConnectionLost);
        while let Some(chunk) = stream.output.recv().await {
            let mut out = Vec::new();
            match chunk {
                Chunk::Out(bytes) => lines.push(bytes, &mut out),
                // What a program says on standard error belongs to its log (`docker logs` keeps it apart).
                Chunk::Err(bytes) => errors.push(bytes, &mut out),
                Chunk::Dropped { bytes, lines: ends } => tail.dropped(&source, &mut lines, bytes, ends).await?,
                Chunk::End(exit) => end = exit,
            }
            out.iter_mut().for_each(|line| line.offset = None);
            match last {
                None => tail.lines(&source, out).await?,
                Some(last) => keep(&mut kept, out, last),
            }
        }
        let mut out = Vec::new();
        lines.finish(&mut out);
        errors.finish(&mut out);
        if let Some(last) = last {
            keep(&mut kept, std::mem::take(&mut out), last);
            out.extend(kept.drain(..));
        }
        tail.lines(&source, out).await?;
        match end {
            Exit::Code(0) if once => return Ok(()),
            Exit::Code(code) => {
                let why = format!("{} ended with code {code} on {}", one_line(&argv.join(" "), 100), source.host);
                tail.send(Feed::Failed(source.clone(), why)).await?;
            }
            Exit::Refused(why) => tail.send(Feed::Failed(source.clone(), one_line(&why, 300))).await?,
            _ => tail.event(&source, event(SourceEventKind::Disconnected, "the link went away")).await?,
        }
        if once {
            return Ok(());
        }
        away = Some(Instant::now());
        tokio::time::sleep(PATIENCE).await;
    }
}

/// Adds lines and forgets all but the last ones.
fn keep<T>(kept: &mut VecDeque<T>, lines: Vec<T>, last: usize) {
    kept.extend(lines);
    kept.drain(..kept.len().saturating_sub(last));
}
