//! Anything that happened, as data: what `update` is given.

use chrono::{DateTime, Utc};

use super::command::Command;
use super::state::About;
use super::viewport::{Target, Viewport};
use crate::domain::act::{News, Proposal};
use crate::domain::alert::Alert;
use crate::domain::business::Ledger;
use crate::domain::delivery::Delivery;
use crate::domain::deploy::known::KnownRun;
use crate::domain::deploy::offer::Lying;
use crate::domain::event::Event;
use crate::domain::host::{HostName, Link};
use crate::domain::log_reach::Reached;
use crate::domain::log_survey::Tally;
use crate::domain::log_view::{Ends, LogWindow, LookedThrough, MoreAround, RowId};
use crate::domain::outside::Outside;
use crate::domain::question::Question;
use crate::domain::run::RunRecord;
use crate::domain::sample::{HostFacts, Process, Sample};
use crate::domain::service::ServiceOnHost;
use crate::domain::settings::Settings;

/// One thing that happened.
#[derive(Debug)]
pub enum Message {
    /// Time passed; carries the clock. Sent at least once a second, and ahead of every batch of keys.
    Tick(DateTime<Utc>),
    /// The terminal has this many columns and rows.
    Resized(u16, u16),
    /// The layout changed: this much fits now.
    Viewport(Viewport),
    /// A key that the keymap made a command (also from the palette, `:` and the mouse).
    Command(Command),
    /// A key that no binding took, for whatever edits text now.
    Key(crossterm::event::KeyEvent),
    /// The left button was pressed on something.
    Clicked(Target),
    /// The wheel was turned by this many notches over something; negative is up.
    Wheel(Option<Target>, i32),
    /// Text was pasted.
    Pasted(String),
    /// A prefix of a key sequence is pending (for which-key); empty: none.
    Pending(Vec<String>),
    /// A host's link changed.
    Link(HostName, Link),
    /// A host's heartbeat: something was heard at this time.
    Heard(HostName, DateTime<Utc>),
    /// A new sample.
    Sampled(HostName, Box<Sample>),
    /// What a host is.
    Facts(HostName, HostFacts),
    /// Why a host is not measured though its connection stands; `None` once it is.
    Unmeasured(HostName, Option<String>),
    /// What a service is doing on a host.
    Service {
        /// The service's name.
        service: String,
        /// Its environment.
        environment: String,
        /// The host.
        host: HostName,
        /// What is known.
        status: ServiceOnHost,
    },
    /// The processes asked for, or why they could not be had.
    Processes(HostName, Result<Vec<Process>, String>),
    /// What is watched from outside, and the alerts that follow from it.
    Outside(Box<Outside>, Vec<Alert>),
    /// How the projects are delivered, and the alerts that follow from it.
    Delivery(Box<Delivery>, Vec<Alert>),
    /// The runs that went over the hosts, as they are kept, newest first.
    Runs(Vec<RunRecord>),
    /// What is kept of what happened, oldest first.
    Events(Vec<Event>),
    /// The account of this number in the config.
    Ledger(usize, Box<Ledger>),
    /// A window of the log store, in answer to a query or because the store has grown.
    Logs(Box<LogWindow>),
    /// What was counted among the lines that are held, whole or so far.
    Tallied(Tally),
    /// The plan of this number, or why there is none.
    Proposed(u64, Result<Box<Proposal>, String>),
    /// What lies on a host, for the question of this number; or why it does not say.
    Lying(u64, HostName, Result<Lying, String>),
    /// Something happened to what is being carried out under this number.
    Acted(u64, News),
    /// The runs that the hosts know of, newest first.
    KnownRuns(Vec<KnownRun>),
    /// What was begun under this number wants the terminal for a program.
    Terminal(u64, Vec<String>),
    /// A question only a person can answer, with its number.
    Asked(u64, Question),
    /// The question needs no answer any more (the dial was given up).
    Withdrawn(u64),
    /// The config was read again.
    Config(Box<Settings>, Vec<String>),
    /// The config could not be used; the old one stays. The rendered diagnostics.
    ConfigBroken(String),
    /// The person's themes and keys were read again.
    Dressed {
        /// The names of the themes that there are.
        themes: Vec<String>,
        /// What is wrong with them; what they were before stays.
        faults: Vec<(About, String)>,
    },
    /// A worker of the program failed: what, and why.
    WorkerDied(String, String),
    /// What was written before the oldest lines of the logs has been brought, or not: one line that says how much.
    Older {
        /// The number of the question.
        number: u64,
        /// Whether some could not be had.
        bad: bool,
        /// One line.
        text: String,
        /// What was looked through for what is sought, where that was done.
        through: Option<LookedThrough>,
        /// How far back, of each source.
        reached: Reached,
    },
    /// What stands around a line was read, or why not.
    Around {
        /// The line's row.
        row: RowId,
        /// Its row among what was read, and where that goes on.
        found: Result<(RowId, Ends), String>,
    },
    /// More was read of what is around a line, or why not.
    ReadOn {
        /// The number of the question.
        number: u64,
        /// What came of it.
        found: Result<MoreAround, String>,
    },
    /// How far the look back of this number has come.
    LookingBack {
        /// The number of the question.
        number: u64,
        /// What was looked through so far.
        through: LookedThrough,
        /// How far back, of each source.
        reached: Reached,
    },
    /// An effect has something to say: success or failure in one line.
    Notice {
        /// Whether it went wrong.
        bad: bool,
        /// One line.
        text: String,
    },
}
