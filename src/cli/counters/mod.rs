//! `qd counters`: the figures of the business.

mod print;

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
use clap::Args;
use futures_util::future::join_all;

use super::args::{Global, SnapshotAt};
use super::exit::{Exit, Outcome};
use super::opened::Opened;
use crate::domain::counter::{CounterSet, document};
use crate::integrations::stripe::account::Account;
use crate::integrations::stripe::books::Books;
use crate::integrations::stripe::figures::table::{DEFINITIONS, only_of_now};
use crate::runtime::history::History;
use crate::runtime::hosted::accounts;
use crate::store::{self, Store};

/// How often a long walk says how far it is.
const PROGRESS: Duration = Duration::from_secs(2);

/// Options of `qd counters`.
#[derive(Clone, Copy, Debug, Args)]
pub struct CountersArgs {
    /// How it is shown, and as of when.
    #[command(flatten)]
    pub of: SnapshotAt,
    /// What each figure is, and nothing else.
    #[arg(long)]
    pub definitions: bool,
}

/// Runs the command.
pub async fn run(global: &Global, args: CountersArgs) -> Outcome {
    if args.definitions {
        let mut out = std::io::stdout().lock();
        DEFINITIONS.iter().try_for_each(|one| writeln!(out, "{}\n    {}", one.name, one.text))?;
        return Ok(Exit::Fine);
    }
    let opened = Opened::load(global).await?;
    opened.print_warnings();
    let settings = &opened.settings.hosted.stripe;
    if settings.is_empty() {
        eprintln!("qd: the config names no [stripe]; write its key = {{ env = \"NAME\" }} to have figures");
    }
    let mut accounts = accounts(settings);
    loop {
        let began = Instant::now();
        join_all(accounts.iter_mut().map(|account| ask(account, args))).await;
        let at = args.of.at.unwrap_or_else(|| Utc::now().trunc_subsecs(3));
        let mut sets: Vec<CounterSet> = accounts.iter().map(|account| account.figures(at)).collect();
        remember(&opened, &mut sets, args.of.at).await;
        let text = match (args.of.snapshot.json, args.of.snapshot.watch) {
            (true, true) => format!("{}\n", document(at, &sets, rfc3339)),
            (true, false) => format!("{:#}\n", document(at, &sets, rfc3339)),
            (false, _) => print::text(at, &sets),
        };
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())?;
        out.flush()?;
        drop(out);
        if !args.of.snapshot.json {
            sets.iter().for_each(print_errors);
        }
        if !args.of.snapshot.watch {
            return Ok(exit(&sets));
        }
        let every = settings.iter().map(|one| one.refresh).min().unwrap_or(Duration::from_secs(60));
        tokio::time::sleep(every.saturating_sub(began.elapsed()).max(Duration::from_secs(1))).await;
    }
}

/// Keeps what the figures are and compares them with what was kept; as of another time it only looks. A store that
/// fails costs nothing but that.
async fn remember(opened: &Opened, sets: &mut [CounterSet], at: Option<DateTime<Utc>>) {
    let folder = &opened.options.dirs.state;
    if at.is_some() && !folder.join(store::FILE).exists() {
        return;
    }
    let remembered = async {
        let history = History::new(Store::open(folder).await?, &opened.settings.fleet, opened.settings.store);
        for set in sets {
            match at {
                Some(at) => history.recall(set, at, only_of_now).await?,
                None => history.keep(set).await?,
            }
            history.compare(set, at.unwrap_or_else(Utc::now)).await?;
        }
        if at.is_none() { history.thin(Utc::now()).await } else { Ok(()) }
    };
    if let Err(error) = remembered.await {
        eprintln!("qd: no history of the figures: {error}");
    }
}

/// Asks an account once, or for what is new. A walk that takes long says on a terminal how far it is.
async fn ask(account: &mut Account, args: CountersArgs) {
    let source = account.source().to_owned();
    let mut said = Instant::now();
    let mut seen = |books: &Books| {
        if said.elapsed() >= PROGRESS && std::io::stderr().is_terminal() {
            said = Instant::now();
            eprintln!("qd: {source}: {} objects so far", books.count());
        }
    };
    let now = Utc::now().trunc_subsecs(3);
    if args.of.snapshot.watch {
        account.refresh(now, &mut seen).await;
    } else {
        account.read(args.of.at.unwrap_or(now), now, &mut seen).await;
    }
}

/// Why figures are missing: a line for each reason, with what it concerns.
fn print_errors(set: &CounterSet) {
    let mut reasons: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for error in &set.errors {
        match reasons.iter_mut().find(|(_, message, _)| *message == error.message) {
            Some((_, _, parts)) => parts.push(&error.what),
            None => reasons.push((&error.source, &error.message, vec![&error.what])),
        }
    }
    for (source, message, parts) in reasons {
        eprintln!("qd: {source}: no {}: {message}", parts.join(", "));
    }
}

/// 3 when there is an account, and nothing could be had from any.
fn exit(sets: &[CounterSet]) -> Exit {
    let nothing = !sets.is_empty() && sets.iter().all(|set| set.counters.is_empty());
    if nothing { Exit::NotConnected } else { Exit::Fine }
}

/// A time as the contract writes it, with the precision it has.
fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
