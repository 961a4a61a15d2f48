//! What no single value can show: the version that a file asks for, and secrets that would go to another file's URL.

use crate::config::raw::Config;
use crate::config::read::{At, OneOf, Reader};
use crate::config::source::Origin;
use crate::config::values::Url;

/// Reports what does not go together.
pub fn check(config: &Config, reader: &mut Reader<'_>) {
    if let Some(requires) = config.fleet.as_ref().and_then(|fleet| fleet.requires.as_ref()) {
        requires_version(requires, reader);
    }
    if let Some(table) = &config.statuscake {
        same_file("statuscake", &table.url, table.token.as_ref().map(|token| token.at), reader);
    }
    let accounts = match config.stripe.as_ref().map(|stripe| &stripe.value) {
        Some(OneOf::One(account)) => std::slice::from_ref(account),
        Some(OneOf::Other(accounts)) => accounts,
        None => &[],
    };
    for account in accounts {
        same_file("stripe", &account.url, account.key.as_ref().map(|key| key.at), reader);
    }
    if let Some(table) = &config.gitlab {
        same_file("gitlab", &table.url, table.token.as_ref().map(|token| token.at), reader);
        // Whoever chooses the authority can pose as the server.
        let ca_file = table.ca_file.as_ref().map(|file| file.at);
        if let (Some(ca_file), Some(token)) = (ca_file, table.token.as_ref().map(|token| token.at))
            && ca_file.file != token.file
        {
            let message = "the ca_file of [gitlab] and its token come from different files";
            reader.conflict(ca_file, message, "write both in one file");
        }
    }
    for probe in config.probe.iter().flat_map(|all| all.iter()) {
        for header in probe.headers.iter().flat_map(|headers| headers.values()) {
            let secret = matches!(header.value, OneOf::Other(_)).then_some(header.at);
            same_file("probe", &probe.url, secret, reader);
        }
    }
}

/// Whoever writes the URL learns the secret: both must be of one mind.
fn same_file(what: &str, url: &Option<At<Url>>, secret: Option<Origin>, reader: &mut Reader<'_>) {
    if let (Some(url), Some(secret)) = (url, secret)
        && url.at.file != secret.file
    {
        let other = reader.files.path(secret).display().to_string();
        let message = format!("the url of [{what}] and its secret come from different files");
        reader.conflict(url.at, &message, &format!("write both in one file; the secret is in {other}"));
    }
}

fn requires_version(requires: &At<String>, reader: &mut Reader<'_>) {
    let own = env!("CARGO_PKG_VERSION");
    match satisfies(own, requires) {
        Some(true) => {}
        Some(false) => {
            let message = format!("this file needs qd {}, and this is {own}", requires.value);
            reader.conflict(requires.at, &message, "install a qd that understands it");
        }
        None => {
            let help = "such as \">=0.2\" or \">=0.2, <1\"".to_owned();
            reader.error(requires.at, &format!("\"{}\" is not a version requirement", requires.value), Some(help));
        }
    }
}

/// Whether a version meets a requirement such as `>=0.2, <1`; none when that is not one. A bare number means at least.
fn satisfies(version: &str, requirement: &str) -> Option<bool> {
    let own = numbers(version)?;
    requirement.split(',').map(str::trim).try_fold(true, |met, part| {
        let number = part.trim_start_matches(['<', '>', '=']);
        let other = numbers(number.trim())?;
        let holds = match &part[..part.len() - number.len()] {
            "" | ">=" => own >= other,
            ">" => own > other,
            "<" => own < other,
            "<=" => own <= other,
            "=" => own == other,
            _ => return None,
        };
        Some(met && holds)
    })
}

/// Major, minor and patch; what is left out is 0.
fn numbers(version: &str) -> Option<[u64; 3]> {
    let mut numbers = [0; 3];
    for (i, part) in version.split('.').enumerate() {
        *numbers.get_mut(i)? = part.parse().ok()?;
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_what_they_meet() {
        for (requirement, expected) in [
            (">=0.1", Some(true)),
            (">=0.1.1", Some(false)),
            ("0.1.0", Some(true)),
            (">=0.1, <1", Some(true)),
            (">=0.1, <0.1", Some(false)),
            (">0.0.9", Some(true)),
            ("=0.1", Some(true)),
            ("~0.1", None),
            ("", None),
            (">=1.2.3.4", None),
        ] {
            assert_eq!(satisfies("0.1.0", requirement), expected, "{requirement}");
        }
    }
}
