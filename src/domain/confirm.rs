//! Whether an action may happen: read-only environments, arming, and what must be typed for which level.
//!
//! All of it is pure: the cockpit's popups, the terminal prompts of headless commands and `--yes` come to the same
//! [`approve`], and nothing is carried out without the [`Approval`] that it gives for one plan.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::action::Level;
use super::settings::{Environment, ReadOnly};

/// How long a popup of level 3 waits before it takes an answer.
pub const ARMS_AFTER: Duration = Duration::from_secs(3);
/// The shortest prefix that stands for a longer name, in letters.
const LEAST: usize = 3;

/// Why an action may not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// `--read-only` or `$QUARTERDECK_READ_ONLY`.
    ReadOnly,
    /// `read_only = "always"`.
    Always(String),
    /// The environment starts read-only and nobody has armed it.
    Unarmed(String),
    /// Nobody has confirmed it.
    Unconfirmed {
        /// The text that confirms it, for levels that want one.
        wants: Option<String>,
        /// Its level.
        level: Level,
    },
    /// What was typed is not what was asked for.
    Mistyped {
        /// What was asked for.
        wants: String,
    },
    /// It brings this, which cannot be undone, and nobody has agreed to that.
    Unticked(String),
    /// It wants a reason, and why.
    NoReason(String),
    /// The plan is not the one that was confirmed.
    Changed,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReadOnly => f.write_str("read-only was asked for (--read-only or $QUARTERDECK_READ_ONLY)"),
            Self::Always(name) => write!(f, "{name} is always read-only; read_only in its [[environment]] says so"),
            Self::Unarmed(name) => write!(f, "{name} is read-only until it is armed; add --arm {name}"),
            Self::Unconfirmed { wants: Some(wants), level: Level::Three } => {
                write!(f, "nobody has confirmed it; add --yes --confirm {wants} --reason …")
            }
            Self::Unconfirmed { .. } => f.write_str("nobody has confirmed it; add --yes, or run it on a terminal"),
            Self::Mistyped { wants } => write!(f, "that is not {wants}; nothing was done"),
            Self::Unticked(what) => {
                write!(f, "it brings {what}, after which nothing goes back by itself; add --migrate")
            }
            Self::NoReason(why) => write!(f, "it wants a reason: {why}; add --reason"),
            Self::Changed => f.write_str("what was confirmed is not what would be done now; look at it again"),
        }
    }
}

impl std::error::Error for Refused {}

/// What this `qd` may do at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    read_only: bool,
    armed: BTreeMap<String, DateTime<Utc>>,
}

impl Standing {
    /// Nothing armed; `read_only` can't be lifted.
    pub fn new(read_only: bool) -> Self {
        Self { read_only, armed: BTreeMap::new() }
    }

    /// Lets actions in an environment happen until a time, where they can be let at all.
    pub fn arm(&mut self, environment: &Environment, until: DateTime<Utc>) -> Result<(), Refused> {
        match (self.read_only, environment.read_only) {
            (true, _) => Err(Refused::ReadOnly),
            (_, ReadOnly::Always) => Err(Refused::Always(environment.name.clone())),
            _ => {
                self.armed.insert(environment.name.clone(), until);
                Ok(())
            }
        }
    }

    /// Takes everything back: after idle time, or sleep.
    pub fn disarm(&mut self) {
        self.armed.clear();
    }

    /// Until when an environment is armed.
    pub fn armed(&self, environment: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.armed.get(environment).copied().filter(|until| now < *until)
    }

    /// Whether actions may happen there now.
    pub fn permits(&self, environment: &Environment, now: DateTime<Utc>) -> Result<(), Refused> {
        if self.read_only {
            return Err(Refused::ReadOnly);
        }
        match environment.read_only {
            ReadOnly::No => Ok(()),
            ReadOnly::Always => Err(Refused::Always(environment.name.clone())),
            ReadOnly::UntilArmed if self.armed(&environment.name, now).is_some() => Ok(()),
            ReadOnly::UntilArmed => Err(Refused::Unarmed(environment.name.clone())),
        }
    }
}

/// What must be typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    name: String,
    whole: String,
    least: usize,
}

/// What is typed after the name where a migration that cannot be undone comes along.
const TICK: &str = " migrate";

impl Typed {
    /// A name of which the shortest prefix of three or more letters that no other name shares is enough.
    pub fn name<'a>(name: &str, others: impl IntoIterator<Item = &'a str>) -> Self {
        let letters: Vec<char> = name.chars().collect();
        let shared = |other: &str| letters.iter().zip(other.chars()).take_while(|(a, b)| **a == *b).count();
        let longest = others.into_iter().filter(|other| *other != name).map(shared).max();
        let least = longest.map_or(0, |shared| shared + 1).max(LEAST).min(letters.len());
        Self { name: name.to_owned(), whole: name.to_owned(), least }
    }

    /// A text of which nothing may be missing.
    pub fn exactly(text: String) -> Self {
        Self { least: text.chars().count(), name: text.clone(), whole: text }
    }

    /// The same, and that a migration may run after which nothing goes back by itself: nothing may be missing of it.
    fn ticked(self) -> Self {
        let whole = format!("{}{TICK}", self.name);
        Self { least: whole.chars().count(), name: self.name, whole }
    }

    /// Whether this is it.
    pub fn accepts(&self, typed: &str) -> bool {
        typed.chars().count() >= self.least && self.whole.starts_with(typed)
    }

    /// The whole text.
    pub fn whole(&self) -> &str {
        &self.whole
    }

    /// The shortest text that is enough.
    pub fn enough(&self) -> &str {
        self.whole.char_indices().nth(self.least).map_or(&self.whole, |(end, _)| &self.whole[..end])
    }
}

/// What an action asks of whoever wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Its level.
    pub level: Level,
    /// What must be typed; without it `y` is enough.
    pub typed: Option<Typed>,
    /// Why it wants a reason, where it does.
    pub reason: Option<String>,
    /// What it brings that cannot be undone, and must be agreed to besides.
    pub oneway: Option<String>,
}

impl Demand {
    /// What a level asks for. `name` is what level 2 wants typed, `whole` what level 3 does (`env/service`).
    pub fn of(level: Level, name: Typed, whole: String, again: Option<String>) -> Self {
        let typed = match level {
            Level::Zero | Level::One => None,
            Level::Two => Some(name),
            Level::Three => Some(Typed::exactly(whole)),
        };
        let reason = again.or_else(|| (level == Level::Three).then(|| "this can hurt".to_owned()));
        Self { level, typed, reason, oneway: None }
    }

    /// The same for what brings a migration that cannot be undone: level 2 at least, and to be agreed to by name.
    #[must_use]
    pub fn with_oneway(self, oneway: Option<String>, name: Typed) -> Self {
        if oneway.is_none() {
            return self;
        }
        Self { level: self.level.max(Level::Two), typed: Some(self.typed.unwrap_or(name).ticked()), oneway, ..self }
    }
}

/// What somebody has said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said<'a> {
    /// On the command line.
    Flags {
        /// `--yes`.
        yes: bool,
        /// `--confirm ENV/SERVICE`.
        confirm: Option<&'a str>,
        /// `--migrate`.
        migrate: bool,
    },
    /// Into a popup or prompt: `y`, or the name.
    Typed(&'a str),
}

/// That one plan may be carried out. Only [`approve`] makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    plan: String,
    /// The level that was asked for.
    pub level: Level,
    /// The reason that was given.
    pub reason: Option<String>,
}

impl Approval {
    /// Whether it is for the plan of this hash.
    pub fn covers(&self, plan: &str) -> Result<(), Refused> {
        if self.plan == plan { Ok(()) } else { Err(Refused::Changed) }
    }
}

/// Judges what somebody has said about the plan of this hash.
pub fn approve(plan: &str, demand: &Demand, said: Said<'_>, reason: Option<&str>) -> Result<Approval, Refused> {
    let wants = demand.typed.as_ref().map(|typed| typed.name.clone());
    if let (Some(oneway), Said::Flags { yes: true, migrate: false, .. }) = (&demand.oneway, said) {
        return Err(Refused::Unticked(oneway.clone()));
    }
    match (demand.level, said) {
        (Level::Zero, _) => {}
        (_, Said::Flags { yes: false, .. }) => return Err(Refused::Unconfirmed { wants, level: demand.level }),
        (Level::One | Level::Two, Said::Flags { .. }) => {}
        (Level::Three, Said::Flags { confirm, .. }) => match (confirm, wants) {
            (Some(confirm), Some(wants)) if confirm == wants => {}
            (Some(_), Some(wants)) => return Err(Refused::Mistyped { wants }),
            (_, wants) => return Err(Refused::Unconfirmed { wants, level: Level::Three }),
        },
        (_, Said::Typed(typed)) => {
            let fits = demand.typed.as_ref().map_or(typed == "y", |wanted| wanted.accepts(typed));
            if !fits {
                let wants = demand.typed.as_ref().map_or("y", |typed| typed.whole()).to_owned();
                return Err(Refused::Mistyped { wants });
            }
        }
    }
    let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
    if let (Some(why), None) = (&demand.reason, reason) {
        return Err(Refused::NoReason(why.clone()));
    }
    Ok(Approval { plan: plan.to_owned(), level: demand.level, reason: reason.map(str::to_owned) })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;

    fn environment(read_only: ReadOnly) -> Environment {
        Environment {
            name: "production".to_owned(),
            careful: true,
            read_only,
            arm_for: Duration::from_secs(900),
            accent: "danger".to_owned(),
        }
    }

    #[test]
    fn read_only_is_lifted_only_where_it_can_be() {
        let (now, later) = (DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH + TimeDelta::minutes(15));
        for (flag, policy, armed, refused) in [
            (false, ReadOnly::No, false, None),
            (false, ReadOnly::UntilArmed, false, Some(Refused::Unarmed("production".to_owned()))),
            (false, ReadOnly::UntilArmed, true, None),
            (false, ReadOnly::Always, true, Some(Refused::Always("production".to_owned()))),
            (true, ReadOnly::No, true, Some(Refused::ReadOnly)),
            (true, ReadOnly::UntilArmed, true, Some(Refused::ReadOnly)),
        ] {
            let (mut standing, environment) = (Standing::new(flag), environment(policy));
            if armed {
                let _ = standing.arm(&environment, later);
            }
            assert_eq!(standing.permits(&environment, now).err(), refused, "{flag} {policy:?} {armed}");
        }
        let (mut standing, environment) = (Standing::new(false), environment(ReadOnly::UntilArmed));
        standing.arm(&environment, later).unwrap();
        assert!(standing.permits(&environment, later).is_err(), "the time is over");
        standing.disarm();
        assert!(standing.permits(&environment, now).is_err(), "after sleep");
    }

    #[test]
    fn the_shortest_prefix_that_no_other_name_shares() {
        for (name, others, enough) in [
            ("web", &["api"][..], "web"),
            ("checkout", &["api"], "che"),
            ("checkout", &["cherry", "api"], "chec"),
            ("api-worker", &["api"], "api-"),
            ("api", &["api-worker"], "api"),
            ("db", &[], "db"),
            ("api", &["api"], "api"),
            ("größe", &["grün"], "grö"),
        ] {
            let typed = Typed::name(name, others.iter().copied());
            assert_eq!(typed.enough(), enough, "{name}");
            assert!(typed.accepts(enough) && typed.accepts(name) && !typed.accepts(""), "{name}");
            assert!(!typed.accepts(&format!("{name}x")), "{name}");
            assert!(others.iter().all(|other| *other == name || !typed.accepts(other)), "{name}");
        }
    }

    fn demand(level: Level, again: bool) -> Demand {
        let again = again.then(|| "restarted 3 minutes ago".to_owned());
        Demand::of(level, Typed::name("checkout", ["api"]), "production/checkout".to_owned(), again)
    }

    #[test]
    fn what_confirms_which_level() {
        let flags = |yes, confirm| Said::Flags { yes, confirm, migrate: false };
        for (level, said, reason, fits) in [
            (Level::One, flags(true, None), None, true),
            (Level::One, flags(false, None), None, false),
            (Level::One, Said::Typed("y"), None, true),
            (Level::One, Said::Typed(""), None, false),
            (Level::One, Said::Typed("yes"), None, false),
            (Level::Two, flags(true, None), None, true),
            (Level::Two, Said::Typed("y"), None, false),
            (Level::Two, Said::Typed(""), None, false),
            (Level::Two, Said::Typed("ch"), None, false),
            (Level::Two, Said::Typed("che"), None, true),
            (Level::Two, Said::Typed("checkout"), None, true),
            (Level::Two, Said::Typed("api"), None, false),
            (Level::Three, flags(true, None), Some("x"), false),
            (Level::Three, flags(true, Some("production/api")), Some("x"), false),
            (Level::Three, flags(false, Some("production/checkout")), Some("x"), false),
            (Level::Three, flags(true, Some("production/checkout")), None, false),
            (Level::Three, flags(true, Some("production/checkout")), Some(" "), false),
            (Level::Three, flags(true, Some("production/checkout")), Some("x"), true),
            (Level::Three, Said::Typed("production/check"), Some("x"), false),
            (Level::Three, Said::Typed("production/checkout"), Some("x"), true),
        ] {
            let approved = approve("hash", &demand(level, false), said, reason);
            assert_eq!(approved.is_ok(), fits, "{level:?} {said:?} {reason:?}: {approved:?}");
        }
    }

    #[test]
    fn a_second_time_wants_a_reason_and_an_approval_is_for_one_plan() {
        let again = demand(Level::Two, true);
        let yes = Said::Flags { yes: true, confirm: None, migrate: false };
        assert!(matches!(approve("hash", &again, yes, None), Err(Refused::NoReason(_))));
        let approval = approve("hash", &again, yes, Some("it leaks")).unwrap();
        assert_eq!((approval.level, approval.reason.as_deref()), (Level::Two, Some("it leaks")));
        assert_eq!((approval.covers("hash"), approval.covers("other")), (Ok(()), Err(Refused::Changed)));
    }

    proptest! {
        #[test]
        fn no_text_confirms_two_of_several_names(names in proptest::collection::btree_set("[a-c]{1,5}", 1..5), typed in "[a-c]{0,6}") {
            let fits = names.iter().filter(|name| Typed::name(name, names.iter().map(String::as_str)).accepts(&typed));
            prop_assert!(fits.count() <= 1);
        }
    }

    #[test]
    fn what_cannot_be_undone_is_agreed_to_besides() {
        let oneway = || Some("0042_drop_col".to_owned());
        let demand = |level, oneway| {
            let name = Typed::name("api", ["web"]);
            Demand::of(level, name.clone(), "production/api".to_owned(), None).with_oneway(oneway, name)
        };
        let one = demand(Level::One, oneway());
        assert_eq!((one.level, one.typed.as_ref().map(Typed::whole)), (Level::Two, Some("api migrate")));
        for (typed, fits) in [("api migrate", true), ("api", false), ("y", false), ("api migrat", false)] {
            assert_eq!(approve("p", &one, Said::Typed(typed), None).is_ok(), fits, "{typed}");
        }
        let three = demand(Level::Three, oneway());
        for (confirm, migrate, fits) in
            [(Some("production/api"), true, true), (Some("production/api"), false, false), (None, true, false)]
        {
            let said = Said::Flags { yes: true, confirm, migrate };
            assert_eq!(approve("p", &three, said, Some("why")).is_ok(), fits, "{confirm:?} {migrate}");
        }
        let unticked = approve("p", &one, Said::Flags { yes: true, confirm: None, migrate: false }, None);
        assert_eq!(unticked, Err(Refused::Unticked("0042_drop_col".to_owned())));
        assert_eq!(demand(Level::One, None).typed, None);
    }
}
