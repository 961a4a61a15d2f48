//! Who works there.

/// Somebody with a login at GitLab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Person {
    /// GitLab's number.
    pub id: u64,
    /// The login.
    pub login: &'static str,
    /// The name.
    pub name: &'static str,
}

/// Deploys, and breaks things now and then.
pub const ANA: Person = person(2, "ana", "Ana Ferreira");
/// Looks after the jobs.
pub const BEN: Person = person(3, "ben", "Ben Okafor");
/// Writes most of the shop.
pub const LI: Person = person(4, "li", "李雷 (Li Lei)");
/// Whoever looks at the demo: the owner of its token.
pub const YOU: Person = person(6, "you", "You");

/// Those who write code.
pub const WRITERS: [Person; 3] = [ANA, BEN, LI];

const fn person(id: u64, login: &'static str, name: &'static str) -> Person {
    Person { id, login, name }
}
