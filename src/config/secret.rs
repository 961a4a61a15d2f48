//! Secrets: had from where the config says, at the moment they are needed, and never kept longer than that.

use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use secrecy::SecretString;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use super::values::shown;
use crate::domain::hosted::{SecretFrom, SecretPlace};
use crate::domain::text::one_line;
use crate::programs;

/// A password manager may have to ask its person first.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Nothing longer is a token.
const MOST_BYTES: u64 = 64 << 10;

/// Has a secret. The error says what could not be had and what to do, and nothing of what was.
pub async fn get(secret: &SecretPlace) -> Result<SecretString, String> {
    let text = match &secret.from {
        SecretFrom::Env(name) => {
            let unset = || format!("the variable ${} is not set; export it where qd is started", one_line(name, 60));
            std::env::var(name).ok().filter(|value| !value.is_empty()).ok_or_else(unset)?
        }
        SecretFrom::Command { argv, folder } => printed(argv, folder).await?,
        SecretFrom::File(path) => read(path)?,
        SecretFrom::Keyring(name) => printed(&keyring(name), Path::new("/")).await?,
    };
    let line = text.lines().next().unwrap_or("").trim();
    if line.is_empty() {
        return Err("the secret is empty; write it where the config says it is".to_owned());
    }
    Ok(SecretString::from(format!("{}{line}", secret.prefix)))
}

/// Has a secret each time it is asked for; what an integration is given, so that it need not know of the config. `key`
/// is the config's, such as `[gitlab] token`, for when it names no place.
pub fn source(
    place: Option<SecretPlace>,
    key: &'static str,
) -> Arc<dyn Fn() -> BoxFuture<'static, Result<SecretString, String>> + Send + Sync> {
    Arc::new(move || {
        let place = place.clone();
        Box::pin(async move {
            let unnamed = || format!("the config does not say where the secret is: write {key} = {{ env = \"NAME\" }}");
            get(&place.ok_or_else(unnamed)?).await
        })
    })
}

/// The platform's own program for its keyring: an entry of the service `quarterdeck`.
fn keyring(name: &str) -> Vec<String> {
    let argv: &[&str] = if cfg!(target_os = "macos") {
        &["security", "find-generic-password", "-w", "-s", "quarterdeck", "-a", name]
    } else {
        &["secret-tool", "lookup", "service", "quarterdeck", "account", name]
    };
    argv.iter().map(|&word| word.to_owned()).collect()
}

/// What a command prints. Its standard error is not repeated: it might hold the secret too.
async fn printed(argv: &[String], folder: &Path) -> Result<String, String> {
    let named = one_line(&shown(argv), 100);
    let Some((program, arguments)) = argv.split_first() else { return Ok(String::new()) };
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let child = programs::start(|| command.spawn());
    let mut child = child.map_err(|error| format!("{named} cannot be started: {error}"))?;
    let out = child.stdout.take();
    let work = async {
        let mut text = String::new();
        if let Some(out) = out {
            out.take(MOST_BYTES).read_to_string(&mut text).await?;
        }
        Ok::<_, std::io::Error>((text, child.wait().await?))
    };
    match tokio::time::timeout(TIMEOUT, work).await {
        Err(_) => Err(format!("{named} did not end within {} s; run it by hand once", TIMEOUT.as_secs())),
        Ok(Err(error)) => Err(format!("{named}: {error}")),
        Ok(Ok((_, status))) if !status.success() => {
            Err(format!("{named} failed ({status}); run it by hand to see why"))
        }
        Ok(Ok((text, _))) => Ok(text),
    }
}

/// A file that nobody else can read.
fn read(path: &Path) -> Result<String, String> {
    let shown = one_line(&path.to_string_lossy(), 200);
    let failed = |error: std::io::Error| format!("the secret in {shown} cannot be read: {error}");
    let file = fs::File::open(path).map_err(failed)?;
    let meta = file.metadata().map_err(failed)?;
    if meta.uid() != rustix::process::geteuid().as_raw() {
        return Err(format!("the secret in {shown} belongs to another user; copy it"));
    }
    if meta.mode() & 0o077 != 0 {
        return Err(format!("others can get at the secret in {shown}; chmod 600 it"));
    }
    let mut text = String::new();
    file.take(MOST_BYTES).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use secrecy::ExposeSecret;

    use super::*;

    fn secret(from: SecretFrom) -> SecretPlace {
        SecretPlace { from, prefix: "Bearer ".to_owned() }
    }

    #[tokio::test]
    async fn a_file_that_others_can_read_holds_no_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "s3cret\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let refused = get(&secret(SecretFrom::File(path.clone()))).await.unwrap_err();
        assert!(refused.contains("chmod 600") && !refused.contains("s3cret"), "{refused}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let token = get(&secret(SecretFrom::File(path))).await.unwrap();
        assert_eq!(token.expose_secret(), "Bearer s3cret");
        assert!(!format!("{token:?}").contains("s3cret"));
    }

    #[tokio::test]
    async fn a_command_gives_its_first_line_and_its_failure_says_nothing_of_what_it_printed() {
        let sh = |script: &str| {
            let argv = ["sh", "-c", script].map(str::to_owned).to_vec();
            secret(SecretFrom::Command { argv, folder: "/".into() })
        };
        assert_eq!(get(&sh("echo one; echo two")).await.unwrap().expose_secret(), "Bearer one");
        let failed = get(&sh("printf 'to%s' ken; exit 1")).await.unwrap_err();
        assert!(!failed.contains("token"), "{failed}");
        assert!(get(&sh(":")).await.unwrap_err().contains("empty"));
    }
}
