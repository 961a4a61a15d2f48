//! A command that follows a log, as one that ends: for whoever reads up to now and no further.

/// Programs whose `-f` means to follow.
const FOLLOWERS: [&str; 8] = ["docker", "podman", "nerdctl", "kubectl", "crictl", "journalctl", "tail", "stern"];

/// The program among them that a command line runs, behind `sudo -n`, `env X=1` and their like: where it stands, and its
/// name.
pub(super) fn program(argv: &[String]) -> Option<(usize, &str)> {
    let names = argv.iter().map(|word| word.rsplit('/').next().unwrap_or_default());
    names.enumerate().find(|(_, name)| FOLLOWERS.contains(name))
}

/// The same command without following. What is not known to follow is left as it is: its own end is awaited.
pub(super) fn unfollowed(argv: &[String]) -> Vec<String> {
    let Some((at, program)) = program(argv) else { return argv.to_vec() };
    let options = &argv[at + 1..];
    // `docker` and their like have other commands, whose -f may be a file.
    let logs = matches!(program, "journalctl" | "tail" | "stern") || options.iter().any(|word| word == "logs");
    if !logs {
        return argv.to_vec();
    }
    let mut all = argv[..=at].to_vec();
    let mut words = options.iter();
    while let Some(word) = words.next() {
        // What stands behind these is no option.
        if word == "--" {
            all.push(word.clone());
            all.extend(words.by_ref().cloned());
        } else if !is_long_follow(word) {
            all.extend(without_follow(program, word));
        }
    }
    if program == "stern" && !all.iter().any(|word| word == "--no-follow") {
        all.insert(at + 1, "--no-follow".to_owned());
    }
    all
}

fn is_long_follow(word: &str) -> bool {
    matches!(word, "--follow" | "--retry") || word.starts_with("--follow=")
}

/// One-letter options of a program that take a value: what stands behind such a letter in a word is that value.
fn valued(program: &str) -> &'static str {
    match program {
        "journalctl" => "nupotgbSUDMN",
        "tail" => "ncs",
        "kubectl" => "clns",
        "stern" => "celnopst",
        _ => "n",
    }
}

/// A word without the letter that follows, also where it stands among others (`-tf`, `-fu nginx`, `-5f`); none when
/// nothing is left of it.
fn without_follow(program: &str, word: &str) -> Option<String> {
    let letters = word.strip_prefix('-').filter(|letters| !letters.is_empty() && !letters.starts_with('-'));
    let Some(letters) = letters else { return Some(word.to_owned()) };
    let end = letters.find(|c| valued(program).contains(c)).unwrap_or(letters.len());
    let is_follow = |c: char| c == 'f' || c == 'F' && program == "tail";
    let kept: String = letters[..end].chars().filter(|c| !is_follow(*c)).collect();
    let rest = &letters[end..];
    (!kept.is_empty() || !rest.is_empty()).then(|| format!("-{kept}{rest}"))
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
            ("docker logs -tf api", "docker logs -t api"),
            ("docker logs -fn 100 api", "docker logs -n 100 api"),
            ("podman logs -n5f api", "podman logs -n5f api"),
            ("journalctl -fu nginx", "journalctl -u nginx"),
            ("journalctl -uf -o cat", "journalctl -uf -o cat"),
            ("kubectl logs -fl app=front", "kubectl logs -l app=front"),
            ("tail -5f /var/log/x", "tail -5 /var/log/x"),
            ("tail -n5 -F -- -f", "tail -n5 -- -f"),
            ("stern api --tail 5", "stern --no-follow api --tail 5"),
            ("my-logs -f", "my-logs -f"),
            ("", ""),
        ] {
            let argv: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
            assert_eq!(unfollowed(&argv).join(" "), expected);
        }
    }
}
