//! What a made-up host is for.

/// The login name on every made-up host.
pub const USER: &str = "deploy";

/// The part a host plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// nginx in front of the api.
    Web,
    /// postgres, and the jobs.
    Db,
    /// Background jobs.
    Worker,
}

impl Role {
    /// In which order hosts come: web-1, web-2, db-1, web-3, worker-1, web-4, …
    const ORDER: [Self; 5] = [Self::Web, Self::Web, Self::Db, Self::Web, Self::Worker];

    /// The word before the number in a host's name; also its tag.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Db => "db",
            Self::Worker => "worker",
        }
    }

    /// The part that a host of this name plays.
    pub fn of(name: &str) -> Self {
        match name.split_once('-') {
            Some(("db", _)) => Self::Db,
            Some(("worker", _)) => Self::Worker,
            _ => Self::Web,
        }
    }
}

/// The names of the first `count` hosts.
pub fn names(count: usize) -> Vec<String> {
    let roles = || Role::ORDER.into_iter().cycle();
    let name = |(i, role): (usize, Role)| {
        let number = roles().take(i + 1).filter(|other| *other == role).count();
        format!("{}-{number}", role.as_str())
    };
    roles().take(count).enumerate().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_come_in_a_fixed_order() {
        assert_eq!(names(7), ["web-1", "web-2", "db-1", "web-3", "worker-1", "web-4", "web-5"]);
        assert!(names(7).iter().all(|name| name.starts_with(Role::of(name).as_str())));
    }
}
