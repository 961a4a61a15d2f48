//! `qd init`: a commented config to start from.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use anyhow::Context;

use crate::config::{self, Dirs, TrustStore, ssh_names, template};

/// The config's text; with `home`, its hosts are the names in that home's `~/.ssh/config`.
pub fn text(home: Option<&Path>) -> (String, usize) {
    let names = home.map(|home| ssh_names::read(&home.join(".ssh/config"), home).names).unwrap_or_default();
    (template::template(&names), names.len())
}

/// Writes the text to a new file, for its owner alone; `-` is standard output. A file that exists is never written over.
pub fn write(text: &str, output: &Path) -> anyhow::Result<()> {
    if output == Path::new("-") {
        return Ok(io::stdout().lock().write_all(text.as_bytes())?);
    }
    if let Some(folder) = output.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(output);
    let mut file = match file {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            anyhow::bail!("{} exists and is left as it is; choose another --output, or move it away", output.display())
        }
        file => file.with_context(|| format!("cannot write {}", output.display()))?,
    };
    Ok(file.write_all(text.as_bytes())?)
}

/// What somebody has just had written, of names of their own ssh config, is theirs: it is not asked about before its
/// first use, as a file would be that was merely found. Anything else in it later is.
pub fn trust(file: &Path, dirs: &Dirs) -> anyhow::Result<()> {
    let extract = config::extract(file, dirs)?;
    Ok(TrustStore::new(&dirs.state).trust(&extract)?)
}

/// Runs the command.
pub fn run(args: &super::args::InitArgs) -> super::exit::Outcome {
    let dirs = Dirs::of_process();
    let home = dirs.as_ref().map(|dirs| dirs.home.as_path()).filter(|_| args.from_ssh_config);
    let (text, hosts) = text(home);
    if args.output == Path::new("-") {
        print!("{text}");
        return Ok(super::exit::Exit::Fine);
    }
    write(&text, &args.output)?;
    if let Some(dirs) = &dirs {
        trust(&args.output, dirs)?;
    }
    let next = match hosts {
        0 if args.from_ssh_config => "~/.ssh/config names no host; write [[host]] into it".to_owned(),
        0 => "write [[host]] into it, or let `qd init --from-ssh-config` do that".to_owned(),
        1 => "it has one host; `qd check` says what works".to_owned(),
        hosts => format!("it has {hosts} hosts; `qd check` says what works"),
    };
    eprintln!("wrote {}: {next}", args.output.display());
    Ok(super::exit::Exit::Fine)
}
