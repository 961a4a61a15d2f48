//! A command that follows a log, as one that ends: for whoever reads up to now and no further.

/// Programs whose `-f` means to follow.
const FOLLOWERS: [&str; 8] = ["docker", "podman", "nerdctl", "kubectl", "crictl", "journalctl", "tail", "stern"];

/// The same command without following. What is not known to follow is left as it is: its own end is awaited.
pub(super) fn unfollowed(argv: &[String]) -> Vec<String> {
    let base = |word: &String| word.rsplit('/').next().unwrap_or_default().to_owned();
    // Behind `sudo -n`, `env X=1` and their like.
    let Some(at) = argv.iter().position(|word| FOLLOWERS.contains(&base(word).as_str())) else {
        return argv.to_vec();
    };
    let (program, options) = (base(&argv[at]), &argv[at + 1..]);
    let own = |word: &&String| !follows(word);
    // `docker` and their like have other commands, whose -f may be a file.
    let logs = matches!(program.as_str(), "journalctl" | "tail" | "stern") || options.iter().any(|word| word == "logs");
    if !logs {
        return argv.to_vec();
    }
    let mut all: Vec<String> = argv[..=at].iter().chain(options.iter().filter(own)).cloned().collect();
    if program == "stern" && !all.iter().any(|word| word == "--no-follow") {
        all.insert(at + 1, "--no-follow".to_owned());
    }
    all
}

fn follows(word: &str) -> bool {
    matches!(word, "-f" | "-F" | "--follow" | "--retry") || word.starts_with("--follow=")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_to_follow_ends_and_everything_else_is_left_alone() {
        for (command, expected) in [
            ("docker logs -f --since 10m api", "docker logs --since 10m api"),
            ("sudo -n /usr/bin/podman logs --follow=true api", "sudo -n /usr/bin/podman logs api"),
            ("kubectl logs -n shop -f deploy/api", "kubectl logs -n shop deploy/api"),
            ("kubectl get -f pods.yaml", "kubectl get -f pods.yaml"),
            ("journalctl -u nginx -f", "journalctl -u nginx"),
            ("tail -n 5 -F --retry /var/log/x", "tail -n 5 /var/log/x"),
            ("stern api --tail 5", "stern --no-follow api --tail 5"),
            ("my-logs -f", "my-logs -f"),
            ("", ""),
        ] {
            let argv: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
            assert_eq!(unfollowed(&argv).join(" "), expected);
        }
    }
}
