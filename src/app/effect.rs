//! What to do about a message, as data. The runtime performs effects; `update` only names them.

use std::sync::Arc;

use crate::domain::confirm::{Approval, Standing};
use crate::domain::delivery::Sight;
use crate::domain::deploy::steer::Wish;
use crate::domain::host::HostName;
use crate::domain::hosted::HostedSettings;
use crate::domain::log::{LineSpot, Source};
use crate::domain::log_export::Export;
use crate::domain::log_keep::Kept;
use crate::domain::log_survey::Survey;
use crate::domain::log_view::{LogQuery, RowId, Sought};
use crate::domain::question::Answer;
use crate::domain::settings::{Settings, UiSettings};
use crate::domain::want::Want;

/// Where rows of the logs are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportTo {
    /// To the clipboard.
    Clipboard,
    /// To a new file of this name, in the working folder unless it says otherwise; never over another.
    File(String),
}

/// One thing for the runtime to do.
#[derive(Debug)]
pub enum Effect {
    /// Leave, giving the terminal back.
    Quit,
    /// Suspend to the shell (ctrl-z).
    Suspend,
    /// Draw everything anew (ctrl-l).
    Redraw,
    /// Ask the log engine for a window.
    Logs(LogQuery),
    /// Count something among the lines that are held.
    Survey(Survey),
    /// Keep this of the logs' view for the next session.
    Keep(Box<Kept>),
    /// Bring what every source of the logs wrote before the oldest line that was brought;
    /// [`Message::Older`](super::message::Message::Older) is the answer.
    Older {
        /// The answer has this number.
        number: u64,
        /// Where that can be looked for, only this.
        sought: Sought,
        /// From the oldest line that was brought otherwise, not from where the last look ended.
        afresh: bool,
    },
    /// Read what stands around a line that came alone; [`Message::Around`](super::message::Message::Around) is the answer.
    Around {
        /// Its row.
        row: RowId,
        /// Its source.
        source: Arc<Source>,
        /// Where it stands there.
        spot: LineSpot,
    },
    /// Read what goes on beyond what was read around a line; [`Message::ReadOn`](super::message::Message::ReadOn) is the
    /// answer.
    ReadOn {
        /// The answer has this number.
        number: u64,
        /// The line, as its row there.
        line: RowId,
        /// Its source.
        source: Arc<Source>,
        /// Where it goes on.
        spot: LineSpot,
        /// What was written before that, not after it.
        older: bool,
    },
    /// Nothing older is wanted any more.
    StopOlder,
    /// Try a host again now.
    Reconnect(HostName),
    /// This host is looked at: sample it at the fast pace (none: nobody is).
    Focus(Option<HostName>),
    /// Ask a host for its processes.
    Processes(HostName),
    /// Ask every host and service anew now.
    Refresh,
    /// Hand an answer to whoever asked question `id`.
    Answer(u64, Answer),
    /// Put text on the clipboard.
    Copy(String),
    /// Take rows out of the logs.
    Export(Export, ExportTo),
    /// Use another theme from now on.
    Theme(String),
    /// Look and copy as these settings say, with the person's files as they are now.
    Dress(Box<UiSettings>),
    /// Connect to the hosts of this config, in place of those of the one before.
    Hire(Box<Settings>),
    /// Ask the hosted APIs of this config, in place of those of the one before.
    Consult(Box<HostedSettings>),
    /// Somebody looks at this check of the outside view (none: at none).
    LookAt(Option<String>),
    /// Somebody looks at this pipeline, job or pair of versions (none: at nothing).
    See(Option<Sight>),
    /// Show an address in a browser.
    Browse(String),
    /// Make the plan of something that is wanted, under this number.
    Propose(u64, Box<Want>, Arc<Settings>),
    /// Ask the hosts of a deploy which releases lie there, for the question of this number.
    Offer(u64, Box<Want>, Arc<Settings>),
    /// Nobody wants the plan of this number any more.
    Forget(u64),
    /// Carry out the plan of this number, which was approved.
    Carry(u64, Box<Approval>, Box<Standing>),
    /// What is wished for what is being carried out under this number, such as that it stops; somebody has said so.
    Wish(u64, Wish, Box<Approval>),
    /// Whether somebody looks at the runs that hosts know of, and the config that says where they are.
    SeekRuns(Arc<Settings>, bool),
    /// Give the terminal to a program until it ends, for what was begun under this number.
    Terminal(u64, Vec<String>),
    /// The program has ended, with this exit code.
    TerminalEnded(u64, Option<i32>),
    /// Read the config files again.
    ReloadConfig,
    /// Take or release the mouse.
    Mouse(bool),
    /// Ring the terminal's bell.
    Bell,
}
