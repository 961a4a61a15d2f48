//! What `ssh -G` prints, as a table.

/// Options as `ssh -G` prints them: a lower-case name and a value a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SshOptions {
    lines: Vec<(String, String)>,
}

impl SshOptions {
    /// Reads the output; lines without a value are left out.
    pub fn parse(text: &str) -> Self {
        let line = |line: &str| {
            let (name, value) = line.trim().split_once(char::is_whitespace)?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        Self { lines: text.lines().filter_map(line).collect() }
    }

    /// Adds an option.
    pub fn push(&mut self, name: &str, value: impl Into<String>) {
        self.lines.push((name.to_owned(), value.into()));
    }

    /// The first value of an option.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.lines.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Every value of an option.
    pub fn all<'o>(&'o self, name: &'o str) -> impl Iterator<Item = &'o str> {
        self.lines.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The first value unless it is `none` or empty.
    pub fn some(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty() && !value.eq_ignore_ascii_case("none"))
    }

    /// Whether a yes/no option is on.
    pub fn yes(&self, name: &str) -> bool {
        matches!(self.get(name), Some("yes" | "true"))
    }

    /// Whether a yes/no option is off (not merely absent).
    pub fn no(&self, name: &str) -> bool {
        matches!(self.get(name), Some("no" | "false"))
    }

    /// A list of files, which `ssh -G` separates by blanks and quotes where they hold one.
    pub fn words(&self, name: &str) -> Vec<String> {
        let mut words = Vec::new();
        let mut rest = self.some(name).unwrap_or("").trim();
        while !rest.is_empty() {
            let (word, after) = match rest.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
                None => rest.split_once(' ').unwrap_or((rest, "")),
            };
            words.push(word.to_owned());
            rest = after.trim_start();
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_of_ssh_g() {
        let options = SshOptions::parse(
            "host web\nuser deploy\nport 22\nidentityfile ~/.ssh/a\nidentityfile /k/b c\nproxycommand none\n\
             identitiesonly yes\npubkeyauthentication true\nbatchmode no\n\
             userknownhostsfile /a/known_hosts \"/b c/known_hosts\" /d\nempty\n",
        );
        assert_eq!(options.get("user"), Some("deploy"));
        assert_eq!(options.all("identityfile").collect::<Vec<_>>(), ["~/.ssh/a", "/k/b c"]);
        assert_eq!((options.get("proxycommand"), options.some("proxycommand")), (Some("none"), None));
        assert!(options.yes("identitiesonly") && options.yes("pubkeyauthentication") && options.no("batchmode"));
        assert!(!options.yes("absent") && !options.no("absent"));
        assert_eq!(options.words("userknownhostsfile"), ["/a/known_hosts", "/b c/known_hosts", "/d"]);
        assert_eq!(options.words("absent"), Vec::<String>::new());
    }
}
