//! Asks `ssh -G` what it makes of a name, and remembers the answer.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::read::{self, Read};
use super::target::Here;
use super::{SshOptions, Target, Written, fallback};
use crate::domain::host::{HostName, LinkError, LinkErrorKind};
use crate::domain::settings::SshSettings;
use crate::domain::text::one_line;
use crate::programs;
use crate::transport::error::{QUOTED, fail, here as local};

/// How long an answer holds when no file changes: `Match exec` may say something else later.
const HOLDS: Duration = Duration::from_secs(60);
/// How long `ssh -G` may take (`Match exec` runs programs).
const PATIENCE: Duration = Duration::from_secs(10);
/// How many `ssh -G` run at once.
const AT_ONCE: usize = 4;

/// Resolves hosts, with a cache.
pub struct SshG {
    cache: Mutex<HashMap<Written, Cached>>,
    turns: Semaphore,
}

struct Cached {
    asked: Instant,
    read: Read,
    options: SshOptions,
}

impl Default for SshG {
    fn default() -> Self {
        Self { cache: Mutex::default(), turns: Semaphore::new(AT_ONCE) }
    }
}

impl SshG {
    /// What is to be dialed for a host.
    pub async fn target(
        &self,
        host: &HostName,
        written: &Written,
        settings: &SshSettings,
    ) -> Result<Target, LinkError> {
        let here = Here::now();
        let options = self.options(host, written, settings, &here).await?;
        Target::new(host, written, options, settings, &here)
    }

    async fn options(
        &self,
        host: &HostName,
        written: &Written,
        settings: &SshSettings,
        here: &Here,
    ) -> Result<SshOptions, LinkError> {
        if !settings.run_ssh_g {
            return Ok(fallback::defaults());
        }
        if let Some(known) = self.cached(written) {
            return Ok(known);
        }
        let _turn = self.turns.acquire().await;
        let (options, read) = ask(host, written, settings, here).await?;
        let cached = Cached { asked: Instant::now(), read, options: options.clone() };
        self.cache.lock().expect("nothing panics under this lock").insert(written.clone(), cached);
        Ok(options)
    }

    fn cached(&self, written: &Written) -> Option<SshOptions> {
        let cache = self.cache.lock().expect("nothing panics under this lock");
        let known = cache.get(written)?;
        (known.asked.elapsed() < HOLDS && known.read.is_unchanged()).then(|| known.options.clone())
    }
}

/// The arguments for a host: what is written goes in as options, which win over every file.
fn arguments(written: &Written, settings: &SshSettings) -> Vec<std::ffi::OsString> {
    // -v names every file that is read.
    let mut args: Vec<std::ffi::OsString> = vec!["-v".into(), "-G".into()];
    if let Some(config) = &settings.config {
        args.extend(["-F".into(), config.into()]);
    }
    if let Some(port) = written.port {
        args.extend(["-p".into(), port.to_string().into()]);
    }
    if let Some(user) = &written.user {
        args.extend(["-l".into(), user.into()]);
    }
    if let Some(address) = &written.address {
        // The value of an option is expanded: a percent sign stands for itself.
        args.extend(["-o".into(), format!("HostName={}", address.replace('%', "%%")).into()]);
    }
    args.extend(["--".into(), (&written.name).into()]);
    args
}

async fn ask(
    host: &HostName,
    written: &Written,
    settings: &SshSettings,
    here: &Here,
) -> Result<(SshOptions, Read), LinkError> {
    let begun = SystemTime::now();
    let mut command = Command::new("ssh");
    command.args(arguments(written, settings)).stdin(Stdio::null()).kill_on_drop(true);
    let output = match tokio::time::timeout(PATIENCE, programs::start(|| command.output())).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => {
            let read = Read::of(usual(settings, here), begun);
            return Ok((fallback::options(host, written, settings, here)?, read));
        }
        Ok(Err(error)) => {
            return Err(local(host.as_str(), "ssh -G cannot be run", &error, "see whether the ssh program works"));
        }
        Err(_) => {
            // Not a config error: a busy machine is no reason to give the host up.
            return Err(fail(
                LinkErrorKind::Resolve,
                format!("{host}: ssh -G took more than {} s", PATIENCE.as_secs()),
                "see whether a Match exec of the ssh config hangs",
            ));
        }
    };
    if !output.status.success() {
        return Err(fail(
            LinkErrorKind::Config,
            format!("{host}: ssh -G refuses it: {}", one_line(&complaint(&output.stderr), QUOTED)),
            "correct the ssh config",
        ));
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let read = Read::of(usual(settings, here).into_iter().chain(read::named(&said, &here.home)), begun);
    Ok((SshOptions::parse(&String::from_utf8_lossy(&output.stdout)), read))
}

/// The files that ssh begins with, whether they are there or not.
fn usual(settings: &SshSettings, here: &Here) -> Vec<PathBuf> {
    match &settings.config {
        Some(file) => vec![file.clone()],
        None => vec![here.home.join(".ssh/config"), PathBuf::from("/etc/ssh/ssh_config")],
    }
}

/// What `ssh -v` says that is no remark on its work.
fn complaint(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    let lines = said.lines().filter(|line| !line.starts_with("debug") && !line.starts_with("OpenSSH_"));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::host::Host;

    fn settings(text: &str) -> (tempfile::TempDir, SshSettings) {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("config");
        std::fs::write(&config, text).unwrap();
        (folder, SshSettings { config: Some(config), ..SshSettings::default() })
    }

    async fn target(ssh_g: &SshG, host: &Host, settings: &SshSettings) -> Result<Target, LinkError> {
        let written = Written::new(host, settings).unwrap();
        ssh_g.target(&host.name, &written, settings).await
    }

    #[tokio::test]
    async fn match_and_tokens_are_openssh_s_own() {
        let (_kept, mut settings) = settings(
            "Match host web user team\n  Port 2201\nHost web\n  HostName %h.example.net\n  User other\n\
             Host *\n  Port 2200\n  IdentityFile /k/%r\n",
        );
        let ssh_g = SshG::default();
        let t = target(&ssh_g, &Host::named("web", "e"), &settings).await.unwrap();
        assert_eq!((t.address.as_str(), t.port, t.user.as_str()), ("web.example.net", 2200, "other"));
        assert_eq!(t.identity_files, [PathBuf::from("/k/other")]);
        // What is written takes part in the matching, as ssh's own command line does.
        settings.defaults.user = Some("team".to_owned());
        let t = target(&ssh_g, &Host::named("web", "e"), &settings).await.unwrap();
        assert_eq!((t.user.as_str(), t.identity_files), ("team", vec![PathBuf::from("/k/team")]));
    }

    #[tokio::test]
    async fn an_answer_holds_until_the_file_changes() {
        let (_kept, settings) = settings("Host web\n  Port 2200\n");
        let ssh_g = SshG::default();
        let host = Host::named("web", "e");
        // A file that was written just now may be written again without a new time, and is read again.
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(target(&ssh_g, &host, &settings).await.unwrap().port, 2200);
        let file = settings.config.clone().unwrap();
        let before = file.metadata().unwrap().modified().unwrap();
        std::fs::write(&file, "Host web\n  Port 2300\n").unwrap();
        let times = std::fs::FileTimes::new().set_modified(before);
        std::fs::File::options().append(true).open(&file).unwrap().set_times(times).unwrap();
        assert_eq!(target(&ssh_g, &host, &settings).await.unwrap().port, 2200, "asked again for nothing");
        let later = std::fs::FileTimes::new().set_modified(before + Duration::from_secs(2));
        std::fs::File::options().append(true).open(&file).unwrap().set_times(later).unwrap();
        assert_eq!(target(&ssh_g, &host, &settings).await.unwrap().port, 2300);
    }

    #[tokio::test]
    async fn a_change_in_any_file_that_ssh_reads_is_noticed_at_once() {
        let (folder, settings) = settings("");
        let path = |name: &str| folder.path().join(name);
        let parts = path("parts");
        let text = format!("Include {}\nInclude {}/*.conf\n", path("own").display(), parts.display());
        std::fs::write(path("config"), text).unwrap();
        let (ssh_g, host) = (SshG::default(), Host::named("web", "e"));
        let port = async || {
            // Long enough for the answer to be kept.
            tokio::time::sleep(Duration::from_millis(100)).await;
            let first = target(&ssh_g, &host, &settings).await.unwrap().port;
            assert_eq!(target(&ssh_g, &host, &settings).await.unwrap().port, first);
            first
        };
        assert_eq!(port().await, 22);
        tokio::time::sleep(Duration::from_millis(100)).await;
        // A file that was not there, then other content of the same length, then a folder and files in it that were
        // not there.
        std::fs::write(path("own"), "Match host web\n Port 2201\n").unwrap();
        assert_eq!(port().await, 2201);
        std::fs::write(path("own"), "Match host web\n Port 2202\n").unwrap();
        assert_eq!(port().await, 2202);
        std::fs::remove_file(path("own")).unwrap();
        assert_eq!(port().await, 22);
        std::fs::create_dir(&parts).unwrap();
        std::fs::write(parts.join("a.conf"), "Host web\n Port 2203\n").unwrap();
        assert_eq!(port().await, 2203);
        std::fs::remove_file(parts.join("a.conf")).unwrap();
        std::fs::write(parts.join("b.conf"), format!("Include {}\n", path("deep").display())).unwrap();
        assert_eq!(port().await, 22);
        std::fs::write(path("deep"), "Port 2204\n").unwrap();
        assert_eq!(port().await, 2204);
    }

    #[tokio::test]
    async fn ssh_is_not_run_on_names_from_an_untrusted_file() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("ran");
        let config = folder.path().join("config");
        std::fs::write(&config, format!("Match exec \"touch {}\"\n  Port 9\n", mark.display())).unwrap();
        let mut settings = SshSettings { config: Some(config), run_ssh_g: false, ..SshSettings::default() };
        let host = Host::named("web", "e");
        assert_eq!(target(&SshG::default(), &host, &settings).await.unwrap().port, 22);
        assert!(!mark.exists());
        settings.run_ssh_g = true;
        assert_eq!(target(&SshG::default(), &host, &settings).await.unwrap().port, 9);
        assert!(mark.exists(), "the test shows nothing");
    }

    #[tokio::test]
    async fn a_broken_ssh_config_is_named() {
        let (_kept, settings) = settings("Host web\n  Prot 22\n");
        let error = target(&SshG::default(), &Host::named("web", "e"), &settings).await.unwrap_err();
        assert_eq!(error.kind, LinkErrorKind::Config);
        assert!(error.message.to_lowercase().contains("prot"), "{error}");
    }
}
