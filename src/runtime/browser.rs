//! Showing an address in a browser, where there is one.

use std::process::Stdio;

use tokio::process::Command;

use crate::programs;

/// Shows an address in the person's browser; false where there is none here, as on a bastion.
pub async fn show(url: &str) -> bool {
    // Only what a browser shows, and nothing that a program could take for an option.
    if !(url.starts_with("https://") || url.starts_with("http://")) || url.chars().any(char::is_control) {
        return false;
    }
    let has = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    // Over ssh a browser would open on somebody else's desk.
    if has("SSH_CONNECTION") {
        return false;
    }
    let program = match () {
        () if has("BROWSER") => std::env::var_os("BROWSER").unwrap_or_default(),
        () if cfg!(target_os = "macos") => "open".into(),
        () if has("DISPLAY") || has("WAYLAND_DISPLAY") => "xdg-open".into(),
        () => return false,
    };
    let mut command = Command::new(program);
    command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match programs::start(|| command.spawn()) {
        Ok(mut child) => {
            tokio::spawn(async move { child.wait().await });
            true
        }
        Err(_) => false,
    }
}
