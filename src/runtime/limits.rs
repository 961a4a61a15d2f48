//! Open files: each host takes a connection and a wake-up, each health check a few more, and shells often allow 256.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What one host may take at the worst moment: its sessions, their wake-ups, tunnelled connections.
const PER_HOST: u64 = 8;
/// What the program takes for itself.
const OWN: u64 = 64;
/// More is never needed, and some systems refuse to hear of it.
const ENOUGH: u64 = 16_384;

/// Allows this process as many open files as the system lets it have.
pub fn raise() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.unwrap_or(ENOUGH).min(ENOUGH);
    if current.is_some_and(|current| current < wanted)
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum })
    {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

/// What to tell a person when so many hosts may take more open files than are allowed.
pub fn shortage(hosts: usize) -> Option<String> {
    let needed = hosts as u64 * PER_HOST + OWN;
    let allowed = getrlimit(Resource::Nofile).current?;
    (allowed < needed).then(|| {
        format!("{hosts} hosts may take {needed} open files and this machine allows {allowed}; raise it (`ulimit -Hn`)")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_hosts_fit_and_a_shortage_names_what_to_do() {
        raise();
        assert_eq!(shortage(1), None);
        let Some(allowed) = getrlimit(Resource::Nofile).current else { return };
        let told = shortage(usize::try_from(allowed).expect("a limit of this machine")).expect("too many");
        assert!(told.contains(&allowed.to_string()) && told.contains("ulimit"), "{told}");
    }
}
