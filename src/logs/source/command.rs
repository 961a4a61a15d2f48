//! Command sources: a program whose output is the log. One that shows a container's log goes on exactly where it ended; of
//! any other that cannot be known, and the ledger says so.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::lines::Lines;
use super::parts::Parts;
use super::resume::{Resume, unstamp};
use super::tool::{From, Tool};
use super::unfollowed::unfollowed;
use super::words::Words;
use super::{Gone, Start, Tail, event, link};
use crate::domain::log::{Feed, RawLine, Source, SourceEventKind};
use crate::domain::text::one_line;
use crate::transport::loader::quote;
use crate::transport::{Chunk, ExecSpec, Exit, Stream};

/// So many looks at a file between attempts (five seconds); a command that ends at once must not be started in a tight loop.
const PATIENCE: u32 = 25;
/// What was written before a command was begun has come when it says nothing for this long,
const QUIET: Duration = Duration::from_millis(500);
/// or has said nothing at all for this long,
const SILENT: Duration = Duration::from_secs(3);
/// or says what was written so many seconds after.
const LATER: i64 = 2;
const SECOND: i64 = 1_000_000_000;
/// Has the host say what time it is there.
const CLOCK: &str = "echo \"QD1 $(date +%s)\"\n";

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
    let once = !tail.options.follow;
    let argv = if once { unfollowed(&argv) } else { argv };
    let tool = Tool::of(&argv);
    let parts = Parts::new(tool.as_ref().and_then(|tool| tool.naming));
    let mut command = Command {
        source: tail.source(&format!("command:{}", argv.join(" "))),
        // Of a command that ends, the last lines are known as of a file; of one that goes on nobody can say which they are.
        last: match tail.options.start {
            Start::Lines(count) if once => Some(usize::try_from(count).unwrap_or(usize::MAX)),
            _ => None,
        },
        tail,
        argv,
        tool,
        kept: VecDeque::new(),
        resume: Resume::default(),
        away: None,
        recovered: 0,
        caught_up: false,
        told: String::new(),
        words: Words::default(),
        parts,
        begun: None,
        begun_first: None,
    };
    let _ = command.run(once).await;
}

struct Command {
    tail: Tail,
    source: Arc<Source>,
    argv: Vec<String>,
    /// It shows a container's log, by which it can go on where it ended.
    tool: Option<Tool>,
    /// Only so many lines are wanted, the last ones.
    last: Option<usize>,
    kept: VecDeque<RawLine>,
    resume: Resume,
    /// Since when it has been away, and for how long by the time it was begun again.
    away: Option<(Instant, Duration)>,
    /// Lines that were written while it was away.
    recovered: u64,
    caught_up: bool,
    /// How it ended, as was told last.
    told: String,
    /// What the tool said of its own.
    words: Words,
    /// Whose lines it shows, where it names several.
    parts: Parts,
    /// When it was begun, in seconds of its host's clock: the last time and the first.
    begun: Option<i64>,
    begun_first: Option<i64>,
}

impl Command {
    async fn run(&mut self, once: bool) -> Result<(), Gone> {
        self.tail.send(Feed::Opened(self.source.clone())).await?;
        loop {
            if let Err(why) = link::up(&self.tail.transport, once).await {
                return self.tail.send(Feed::Unreached(self.source.clone(), why)).await;
            }
            if let Some((since, away)) = &mut self.away {
                *away = since.elapsed();
            }
            match (self.away, &self.tool) {
                (None, _) => self.tail.event(&self.source, event(SourceEventKind::Connected, "")).await?,
                (Some(_), Some(_)) => {}
                (Some(_), None) => {
                    self.told.clear();
                    self.away_event(
                        SourceEventKind::Gap,
                        "a command cannot be resumed: what it said meanwhile may be missing or repeated",
                    )
                    .await?;
                }
            }
            let line = self.line();
            let scripts = [watched(&line), watched_as_root(&line)];
            let [script, as_root] =
                scripts.map(|script| if self.tool.is_some() { format!("{CLOCK}{script}") } else { script });
            let mut stream = self.tail.exec_or(ExecSpec::stream(script), Some(as_root)).await;
            if once {
                // There is no end of input to wait for: the command's own end is the end.
                self.tail.send(Feed::CaughtUp(self.source.clone())).await?;
            }
            let end = self.read(&mut stream).await?;
            let ended = matches!(end, Exit::Code(_) | Exit::Refused(_));
            match end {
                Exit::Code(0) if once => return Ok(()),
                Exit::Code(code) => {
                    let again = if once { "" } else { "; it is begun again every few seconds" };
                    let command = one_line(&self.argv.join(" "), 100);
                    let said = self.words.last().filter(|_| code != 0);
                    let said = said.map(|said| format!(": {}", one_line(said, 200))).unwrap_or_default();
                    self.fail(format!("{command} ended with code {code} on {}{said}{again}", self.source.host)).await?;
                }
                Exit::Refused(why) => self.fail(one_line(&why, 300)).await?,
                _ if once || self.away.is_none() || self.tool.is_none() => {
                    self.tail.event(&self.source, event(SourceEventKind::Disconnected, "the link went away")).await?;
                }
                _ => {}
            }
            if once {
                return Ok(());
            }
            self.away.get_or_insert_with(|| (Instant::now(), Duration::ZERO));
            if self.tool.is_none() || ended {
                tokio::time::sleep(self.tail.options.poll * PATIENCE).await;
            }
        }
    }

    /// The command line for a shell. Of a container's log the host first says what time it is there.
    fn line(&mut self) -> String {
        let Some(tool) = &self.tool else {
            return self.argv.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ");
        };
        let start = self.tail.options.start;
        // Nothing was wanted of what there was, and nothing has come since.
        if let (Start::Now, Some(begun)) = (start, self.begun_first) {
            self.resume.wanted_since(begun.saturating_mul(SECOND));
        }
        match self.resume.begin() {
            Some(moment) => tool.line(From::Moment(moment)),
            None => tool.line(From::Start(start)),
        }
    }

    /// Reads what it says until it ends.
    async fn read(&mut self, stream: &mut Stream) -> Result<Exit, Gone> {
        let (mut lines, mut errors, mut end) = (Lines::default(), Lines::default(), Exit::ConnectionLost);
        let (mut settled, mut any) = (self.tool.is_none() || self.last.is_some(), false);
        self.begun = None;
        self.words.begin();
        loop {
            let quiet = if any { QUIET } else { SILENT };
            let chunk = tokio::select! {
                chunk = stream.output.recv() => chunk,
                () = tokio::time::sleep(quiet), if !settled => {
                    if self.tail.transport.link().borrow().is_up() {
                        settled = true;
                        self.settle().await?;
                    }
                    continue;
                }
            };
            let (mut out, mut complaints) = (Vec::new(), Vec::new());
            match chunk {
                Some(Chunk::Out(bytes)) => lines.push(bytes, &mut out),
                // What a program says on standard error belongs to its log. Of a tool that shows another's log only what
                // bears a time does: `docker logs` keeps the two streams of a container apart.
                Some(Chunk::Err(bytes)) => errors.push(bytes, &mut complaints),
                Some(Chunk::Dropped { bytes, lines: ends }) => {
                    self.tail.dropped(&self.source, &mut lines, bytes, ends).await?
                }
                Some(Chunk::End(exit)) => end = exit,
                None => break,
            }
            any |= self.begun.is_some() && !(out.is_empty() && complaints.is_empty());
            if let Some(newest) = self.take(out, complaints).await?
                && !settled
                && self.begun.is_some_and(|begun| newest >= (begun + LATER) * SECOND)
            {
                settled = true;
                self.settle().await?;
            }
        }
        // A line that was torn off is asked for again.
        if self.tool.is_none() || self.last.is_some() || !self.tail.options.follow || end == Exit::Code(0) {
            let (mut out, mut complaints) = (Vec::new(), Vec::new());
            lines.finish(&mut out);
            errors.finish(&mut complaints);
            self.take(out, complaints).await?;
        }
        let kept = self.kept.drain(..).collect();
        self.parts.send(&self.tail, &self.source, kept).await?;
        // Until now any of them might have said something before what the others said.
        if !self.tail.options.follow {
            self.parts.be_caught_up(&self.tail).await?;
        }
        if let Some(rest) = self.words.rest() {
            self.tail.event(&self.source, event(SourceEventKind::Said, rest)).await?;
        }
        Ok(end)
    }

    /// Lines came on standard output and standard error: those that are new go out. The time of the newest.
    async fn take(&mut self, out: Vec<RawLine>, complaints: Vec<RawLine>) -> Result<Option<i64>, Gone> {
        let mut newest = None;
        let mut new = Vec::with_capacity(out.len() + complaints.len());
        let count = out.len();
        for (n, mut line) in out.into_iter().chain(complaints).enumerate() {
            line.offset = None;
            if self.tool.is_some() {
                if self.begun.is_none()
                    && let Some(begun) = begun(&line)
                {
                    self.begun = Some(begun);
                    self.begun_first.get_or_insert(begun);
                    continue;
                }
                match unstamp(&mut line) {
                    Some(nanos) => {
                        if !self.resume.is_new(nanos, &line) {
                            continue;
                        }
                        newest = newest.max(Some(nanos));
                        self.told.clear();
                        let meanwhile = self.away.is_some()
                            && self.begun.is_some_and(|begun| nanos < (begun + 1).saturating_mul(SECOND));
                        self.recovered += u64::from(meanwhile);
                    }
                    None if n >= count => {
                        for said in self.words.hear(&line, Instant::now()) {
                            self.tail.event(&self.source, event(SourceEventKind::Said, said)).await?;
                        }
                        continue;
                    }
                    None => {}
                }
            }
            new.push(line);
        }
        match self.last {
            None => self.parts.send(&self.tail, &self.source, new).await?,
            Some(last) => keep(&mut self.kept, new, last),
        }
        Ok(newest)
    }

    /// Everything that was written before the command was begun has come: a row of the ledger.
    async fn settle(&mut self) -> Result<(), Gone> {
        self.resume.settle();
        self.told.clear();
        if self.away.is_some() {
            if self.resume.is_strange() {
                let what = "nothing is left of what it said last (another container, or a rotated log): what it said after that may be missing";
                self.away_event(SourceEventKind::Gap, what).await?;
            } else {
                self.away_event(SourceEventKind::Recovered, "").await?;
            }
        }
        if !std::mem::replace(&mut self.caught_up, true) {
            self.tail.send(Feed::CaughtUp(self.source.clone())).await?;
            self.parts.be_caught_up(&self.tail).await?;
        }
        Ok(())
    }

    /// A row that says what became of the time in which it was away.
    async fn away_event(&mut self, kind: SourceEventKind, what: &str) -> Result<(), Gone> {
        let Some((_, away)) = self.away.take() else { return Ok(()) };
        let mut row = event(kind, what);
        row.seconds = Some((away.as_secs_f64() * 10.0).round() / 10.0);
        let recovered = std::mem::take(&mut self.recovered);
        if kind == SourceEventKind::Recovered {
            (row.lines, row.lost) = (Some(recovered), Some(0));
        }
        self.tail.event(&self.source, row).await
    }

    /// Says how it ended, unless that was said before.
    async fn fail(&mut self, why: String) -> Result<(), Gone> {
        if self.told == why {
            return Ok(());
        }
        self.told.clone_from(&why);
        self.tail.send(Feed::Failed(self.source.clone(), why)).await
    }
}

/// The first line of a command that shows a container's log: seconds since the epoch by its host's clock.
fn begun(line: &RawLine) -> Option<i64> {
    std::str::from_utf8(line.bytes.strip_prefix(b"QD1 ")?).ok()?.parse().ok()
}

/// Adds lines and forgets all but the last ones.
fn keep<T>(kept: &mut VecDeque<T>, lines: Vec<T>, last: usize) {
    kept.extend(lines);
    kept.drain(..kept.len().saturating_sub(last));
}
