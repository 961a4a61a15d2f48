//! The program's own log: `qd.log` in the state folder, a new file a day, seven kept. `QD_LOG=debug` says more.

use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{Builder, Rotation};
use tracing_subscriber::EnvFilter;

use crate::config::paths::Dirs;

/// Begins to write the log. Without a writable state folder there is none: a log must never keep the cockpit shut.
/// The guard flushes when dropped.
pub fn start() -> Option<WorkerGuard> {
    let folder = Dirs::of_process()?.state;
    std::fs::create_dir_all(&folder).ok()?;
    let file =
        Builder::new().rotation(Rotation::DAILY).filename_prefix("qd.log").max_log_files(7).build(folder).ok()?;
    let (writer, guard) = tracing_appender::non_blocking(file);
    let filter = EnvFilter::try_from_env("QD_LOG").unwrap_or_else(|_| EnvFilter::new("warn,quarterdeck=info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer).with_ansi(false).try_init().ok()?;
    Some(guard)
}
