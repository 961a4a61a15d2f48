//! Rows of the logs on their way to the clipboard or to a file.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::clipboard;
use super::outlet::Outlet;
use crate::app::effect::ExportTo;
use crate::config::Dirs;
use crate::config::values::expand;
use crate::domain::log_export::Export;
use crate::domain::settings::Clipboard;
use crate::logs::engine::EngineHandle;
use crate::logs::export::Exported;

/// More than this goes into no clipboard.
const MOST: usize = 1 << 20;

/// Takes rows out; what a person is told of it, or why it could not be done.
pub async fn run(
    engine: EngineHandle,
    export: Export,
    to: ExportTo,
    clipboard: Clipboard,
    outlet: Outlet,
) -> Result<String, String> {
    match to {
        ExportTo::Clipboard => {
            let paper = Paper::default();
            let exported =
                taken(&engine, export, Box::new(paper.clone())).await.map_err(|why| format!("not copied: {why}"))?;
            let bytes = std::mem::take(&mut *paper.0.lock().unwrap_or_else(PoisonError::into_inner));
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let text = if exported.rows == 1 { text.trim_end_matches('\n') } else { &text };
            clipboard::copy(&clipboard, text, &outlet).await.map_err(|why| format!("not copied: {why}"))?;
            Ok(format!("copied {}", words(&exported)))
        }
        ExportTo::File(name) => {
            let refused = |why: String| format!("{name} could not be written: {why}");
            let file = create(&place(&name)).map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => refused("a file of this name is there already; save to another".into()),
                _ => refused(error.to_string()),
            })?;
            let exported = taken(&engine, export, Box::new(BufWriter::new(file))).await.map_err(refused)?;
            Ok(format!("saved {} to {name}", words(&exported)))
        }
    }
}

async fn taken(engine: &EngineHandle, export: Export, to: Box<dyn Write + Send>) -> Result<Exported, String> {
    match engine.export(export, to).await {
        Ok(ended) => ended.map_err(|error| error.to_string()),
        Err(_) => Err("the log engine takes no more orders".to_owned()),
    }
}

/// The file that a name means; `~` is the home folder, as in a shell.
fn place(name: &str) -> PathBuf {
    Dirs::of_process().map_or_else(|| name.into(), |dirs| expand(name, Path::new(""), &dirs.home))
}

/// A new file; nobody else may read what is in logs.
fn create(name: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(name)
}

fn words(exported: &Exported) -> String {
    let lines = if exported.rows == 1 { "1 line".to_owned() } else { format!("{} lines", exported.rows) };
    match exported.redacted {
        0 => lines,
        n => format!("{lines}, secrets taken out of {n}"),
    }
}

/// A limited amount of text in memory.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut paper = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if paper.len() + bytes.len() > MOST {
            return Err(io::Error::other("that is more than a clipboard takes; save it to a file"));
        }
        paper.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tilde_is_the_home_folder() {
        let home = Dirs::of_process().expect("tests have a home").home;
        assert_eq!(place("~/incident.csv"), home.join("incident.csv"));
        assert_eq!(place("a/~b.log"), Path::new("a/~b.log"));
    }
}
