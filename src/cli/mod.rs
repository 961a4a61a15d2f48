//! The command line: one file a command.

use std::process::ExitCode;

use clap::Parser;

pub mod act;
pub mod alerts;
pub mod args;
pub mod audit;
pub mod check;
pub mod check_apis;
pub mod cockpit;
pub mod completions;
pub mod counters;
pub mod deploy;
pub mod deploys;
pub mod exit;
pub mod hosts;
pub mod init;
pub mod inventories;
pub mod keys;
pub mod logs;
pub mod opened;
mod own;
mod paint;
pub mod reference;
mod services;
pub mod snapshot;
pub mod status;
pub mod table;
pub mod trust;

use args::{Cli, Verb};
use exit::{Exit, Failure, Outcome};

/// Runs `qd` with this process's arguments.
pub fn main() -> ExitCode {
    // Started by an ssh of ours to ask something, this is no more than the messenger.
    if let Some(done) = crate::transport::askpass::run() {
        return done;
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Fine.into() };
        }
    };
    let _log = keeps_a_log(&cli).then(crate::runtime::qd_log::start).flatten();
    crate::runtime::limits::raise();
    let outcome = runtime().and_then(|runtime| {
        let outcome = runtime.block_on(run(cli));
        // Nothing that still waits for a host may hold up the way out.
        runtime.shutdown_background();
        outcome
    });
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => {
            if !failure.message.is_empty() {
                eprintln!("qd: {}", failure.message.trim_end());
            }
            failure.exit.into()
        }
    }
}

/// The demo writes nothing outside of its own folder, not even the program's log.
fn keeps_a_log(cli: &Cli) -> bool {
    #[cfg(feature = "demo")]
    if matches!(cli.command, Some(Verb::Demo(_))) {
        return false;
    }
    let _ = cli;
    true
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("qd-worker")
        .enable_all()
        .build()
        .map_err(|error| Failure::new(Exit::Bug, format!("cannot start the runtime: {error}")))
}

async fn run(cli: Cli) -> Outcome {
    let global = cli.global;
    match cli.command {
        // The cockpit handles signals itself: it has a terminal to give back.
        None => cockpit::open(&global, None).await,
        Some(Verb::Open(args)) => cockpit::open(&global, Some(args.name)).await,
        #[cfg(feature = "demo")]
        Some(Verb::Demo(args)) => cockpit::demo(&args, &global).await,
        // What acts is not cut off in the middle.
        Some(Verb::Act(verb)) => act::run(&global, verb).await,
        Some(verb) => interruptible(headless(verb, global)).await,
    }
}

async fn headless(verb: Verb, global: args::Global) -> Outcome {
    match verb {
        #[cfg(feature = "demo")]
        Verb::Demo(_) => Ok(Exit::Fine),
        Verb::Act(verb) => act::run(&global, verb).await,
        Verb::Open(args) => cockpit::open(&global, Some(args.name)).await,
        Verb::Init(args) => init::run(&args),
        Verb::Check(args) => check::run(&global, args).await,
        Verb::Trust(args) => trust::run(&args),
        Verb::Logs(args) => logs::run(&global, args).await,
        Verb::Hosts(args) => hosts::run(&global, args).await,
        Verb::Alerts(args) => alerts::run(&global, args).await,
        Verb::Deploys(args) => deploys::run(&global, args).await,
        Verb::Services(args) => services::run(&global, args).await,
        Verb::Counters(args) => counters::run(&global, args).await,
        Verb::Status(args) => status::run(&global, args).await,
        Verb::Audit(args) => audit::run(args).await,
        Verb::Completions(args) => completions::run(&global, args),
        Verb::Keys => keys::run(&global),
        Verb::Themes => reference::themes(&global),
        Verb::Schema => reference::schema(),
        Verb::Man => reference::man(&global),
    }
}

/// Runs a command until it ends or a signal asks for the end.
async fn interruptible<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        outcome = command => outcome,
        _ = interrupt.recv() => Err(Failure::new(Exit::Signal(2), "")),
        _ = terminate.recv() => Err(Failure::new(Exit::Signal(15), "")),
    }
}
