//! The parts of what a command says, where its tool shows the logs of several containers: each is a source of its own.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Gone, Tail};
use crate::domain::log::{Feed, RawLine, Source};
use crate::logs::parse::{Naming, Part};

/// The most parts that are told apart: pods come and go. What comes of others is of the command as a whole.
const MOST: usize = 512;

/// The parts seen so far.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// How they are named; none where there are none.
    naming: Option<Naming>,
    known: HashMap<Box<str>, Arc<Source>>,
    /// What was written before it was read has come of all of them.
    caught_up: bool,
}

impl Parts {
    /// The parts of what a tool says that names them so.
    pub(super) fn new(naming: Option<Naming>) -> Self {
        Self { naming, ..Self::default() }
    }

    /// Sends lines of a command, those of a part as lines of the part: all of one part in their order.
    pub(super) async fn send(&mut self, tail: &Tail, command: &Arc<Source>, lines: Vec<RawLine>) -> Result<(), Gone> {
        let Some(naming) = self.naming else { return tail.lines(command, lines).await };
        let mut sorted: Vec<(Arc<Source>, Vec<RawLine>)> = Vec::new();
        for line in lines {
            let source = match self.part(naming, &line.bytes) {
                Some(name) => self.source(tail, command, name).await?,
                None => command.clone(),
            };
            match sorted.iter_mut().find(|(known, _)| Arc::ptr_eq(known, &source)) {
                Some((_, lines)) => lines.push(line),
                None => sorted.push((source, vec![line])),
            }
        }
        for (source, lines) in sorted {
            tail.lines(&source, lines).await?;
        }
        Ok(())
    }

    /// Everything that was written before has come.
    pub(super) async fn be_caught_up(&mut self, tail: &Tail) -> Result<(), Gone> {
        if !std::mem::replace(&mut self.caught_up, true) {
            for source in self.known.values() {
                tail.send(Feed::CaughtUp(source.clone())).await?;
            }
        }
        Ok(())
    }

    /// The name of the part that a line is of.
    fn part<'l>(&self, naming: Naming, line: &'l [u8]) -> Option<&'l str> {
        let (name, _) = naming.find(line)?;
        let name = std::str::from_utf8(&line[name]).ok()?;
        (self.known.len() < MOST || self.known.contains_key(name)).then_some(name)
    }

    /// The source of this name; a new one is announced.
    async fn source(&mut self, tail: &Tail, command: &Arc<Source>, name: &str) -> Result<Arc<Source>, Gone> {
        if let Some(known) = self.known.get(name) {
            return Ok(known.clone());
        }
        let source = tail.source(&Part::source(&command.name, name));
        self.known.insert(name.into(), source.clone());
        // Only what a config names is counted by those who read up to now.
        if tail.options.follow {
            tail.send(Feed::Opened(source.clone())).await?;
        }
        if self.caught_up {
            tail.send(Feed::CaughtUp(source.clone())).await?;
        }
        Ok(source)
    }
}
