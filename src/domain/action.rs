//! What can be done to the outside world: one table of actions, and the commands that a config adds.
//!
//! Menus, the audit's names, the levels of confirmation and the commands' help all come from [`ACTIONS`].

use serde::{Serialize, Serializer};

pub use super::custom::{ActionArg, CustomAction, fill, wanted};
pub use super::registry::ACTIONS;

/// An action of the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActionKind {
    /// Restart a unit, host after host.
    Restart,
    /// Restart a unit on every host in the same moment.
    RestartAtOnce,
    /// Reload a unit.
    Reload,
    /// Start a unit.
    Start,
    /// Stop a unit.
    Stop,
    /// Run a command on hosts.
    Exec,
    /// A shell of one's own on a host.
    Shell,
    /// Run a command of the config's `[[action]]`.
    Custom,
    /// Put a release live.
    Deploy,
    /// Go back to each host's last good release.
    Rollback,
    /// Take over a run that somebody else has started.
    Adopt,
    /// Stop a run for a while.
    Hold,
    /// Stop a run.
    Abort,
    /// Keep everybody from deploying a service.
    Lock,
    /// Let them again.
    Unlock,
    /// Have StatusCake leave a check alone.
    PauseCheck,
    /// Have StatusCake ask a check again.
    ResumeCheck,
    /// Open a maintenance window over a check.
    OpenWindow,
    /// Close a maintenance window.
    CloseWindow,
    /// Start a job of GitLab's that waits for a person.
    PlayJob,
    /// Run a job of GitLab's once more.
    RetryJob,
    /// Stop a job of GitLab's.
    CancelJob,
    /// Run what failed in a pipeline once more.
    RetryPipeline,
    /// Stop a pipeline.
    CancelPipeline,
    /// Start a new pipeline.
    NewPipeline,
    /// Roll back by the job of an older deployment.
    RollBackJob,
    /// Make the next version's tag.
    CreateTag,
}

/// How much an action asks of whoever wants it; deploys.md §5.9.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// A key.
    Zero,
    /// A popup and `y`.
    One,
    /// A popup and a typed name.
    Two,
    /// `env/service` typed, a reason, and three seconds.
    Three,
}

impl Level {
    /// Its number.
    pub fn number(self) -> u8 {
        match self {
            Self::Zero => 0,
            Self::One => 1,
            Self::Two => 2,
            Self::Three => 3,
        }
    }

    /// The level of this number; nothing above 3 asks for less.
    pub fn of(number: u64) -> Self {
        match number {
            0 => Self::Zero,
            1 => Self::One,
            2 => Self::Two,
            _ => Self::Three,
        }
    }
}

/// What an action's level depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    /// The same wherever it is done.
    Always(Level),
    /// 2 where the environment is careful, else 1.
    ByCare,
    /// As [`Rule::ByCare`], and 3 when it takes every host, or in a careful environment more than half of them.
    ByCapacity,
    /// As the config says, at most 1 where the environment is not careful and the config says 2.
    Configured,
}

/// One row of the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActionDef {
    /// Which.
    pub kind: ActionKind,
    /// Its name in commands and in the audit.
    pub name: &'static str,
    /// What menus call it.
    pub title: &'static str,
    /// What it does, in a sentence without a subject.
    pub does: &'static str,
    /// The systemctl verb, for those that are one.
    pub verb: Option<&'static str>,
    /// What is asked before there can be a plan.
    pub asks: &'static [Asked],
    pub(super) rule: Rule,
}

/// One thing that an action asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// What commands call it.
    pub name: &'static str,
    /// The question.
    pub ask: &'static str,
    /// What is proposed; empty: nothing.
    pub default: &'static str,
    /// Whether it must be answered.
    pub must: bool,
    /// What an answer must look like, as a regex.
    pub pattern: Option<&'static str>,
}

impl Asked {
    /// Which hosts a run that is steered goes on without.
    pub const GIVEN_UP: Self = Self {
        name: "leave_out",
        ask: "which are given up, so that what they serve stays unknown (none: all must be reached)",
        default: "",
        must: false,
        pattern: Some("(?s)^.+$"),
    };
}

/// What the level of an action depends on besides itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scope {
    /// Whether the environment is careful.
    pub careful: bool,
    /// How many hosts it takes.
    pub hosts: usize,
    /// How many hosts the service has; as many as `hosts` where there is no service.
    pub of: usize,
    /// What the config says, for commands of its own.
    pub configured: Option<Level>,
}

impl ActionKind {
    /// Whether it is done at StatusCake.
    pub fn is_of_statuscake(self) -> bool {
        use ActionKind::*;
        matches!(self, PauseCheck | ResumeCheck | OpenWindow | CloseWindow)
    }

    /// Whether it is done at a hosted API.
    pub fn is_hosted(self) -> bool {
        use ActionKind::*;
        let gitlab = matches!(
            self,
            PlayJob | RetryJob | CancelJob | RetryPipeline | CancelPipeline | NewPipeline | RollBackJob | CreateTag
        );
        gitlab || self.is_of_statuscake()
    }

    /// Its row.
    pub fn def(self) -> &'static ActionDef {
        ACTIONS.iter().find(|def| def.kind == self).expect("every action has its row; a test looks")
    }

    /// How much it asks for in this case.
    pub fn level(self, scope: Scope) -> Level {
        let by_care = if scope.careful { Level::Two } else { Level::One };
        match self.def().rule {
            Rule::Always(level) => level,
            Rule::ByCare => by_care,
            Rule::ByCapacity if scope.hosts >= scope.of => Level::Three,
            Rule::ByCapacity if scope.careful && 2 * scope.hosts > scope.of => Level::Three,
            Rule::ByCapacity => by_care,
            Rule::Configured => match scope.configured.unwrap_or(Level::Two) {
                Level::Two => by_care,
                level => level,
            },
        }
    }
}

impl Serialize for ActionKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.def().name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_action_has_one_row_and_a_name_of_its_own() {
        for (n, def) in ACTIONS.iter().enumerate() {
            assert_eq!(def.kind.def(), def);
            assert!(ACTIONS[n + 1..].iter().all(|other| other.name != def.name && other.kind != def.kind));
        }
    }

    #[test]
    fn levels_are_those_of_the_table() {
        use ActionKind::{Custom, Exec, Reload, Restart, RestartAtOnce, Start, Stop};
        use Level::{One, Three, Two};
        let cases = [
            // action, hosts, of, in a careful environment, elsewhere
            (Restart, 3, 3, Two, One),
            (Restart, 1, 1, Two, One),
            (RestartAtOnce, 1, 3, Three, Three),
            (Reload, 3, 3, One, One),
            (Start, 1, 3, Two, One),
            (Stop, 1, 3, Two, One),
            (Stop, 1, 2, Two, One),
            (Stop, 2, 3, Three, One),
            (Stop, 3, 3, Three, Three),
            (Stop, 1, 1, Three, Three),
            (Exec, 9, 9, Two, One),
            (Custom, 1, 1, Two, One),
        ];
        for (action, hosts, of, careful, elsewhere) in cases {
            let level = |careful| action.level(Scope { careful, hosts, of, configured: None });
            assert_eq!((level(true), level(false)), (careful, elsewhere), "{action:?} on {hosts} of {of}");
        }
        for (configured, careful, elsewhere) in [(One, One, One), (Two, Two, One), (Three, Three, Three)] {
            let level = |careful| Custom.level(Scope { careful, hosts: 1, of: 1, configured: Some(configured) });
            assert_eq!((level(true), level(false)), (careful, elsewhere), "{configured:?}");
        }
    }
}
