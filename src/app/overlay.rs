//! What lies over the tabs and takes the keys.

use chrono::{DateTime, Utc};
use tui_textarea::TextArea;

use super::acting::{Asking, Blanks, Menu};
use super::input::SecretLine;
use super::picker::Picker;
use crate::domain::deploy::steer::Wish;
use crate::domain::query::Query;
use crate::domain::question::Question;

/// Something over the tabs that takes the keys.
#[derive(Debug)]
pub enum Overlay {
    /// Help of the current place, with its filter and scroll.
    Help {
        /// Filter text.
        filter: TextArea<'static>,
        /// First line shown.
        scroll: usize,
    },
    /// The command line (`:`) or the palette, with its completions.
    CommandLine(LineInput),
    /// A list to pick from.
    Picker(Picker),
    /// Asks for one line.
    Prompt(Prompt),
    /// Asks yes or no; the default is no, and Enter alone never confirms.
    Confirm(Confirm),
    /// The plan of an action, to be confirmed or not.
    Asking(Box<Asking>),
    /// What can be done here.
    Menu(Menu),
    /// What an action asks before there can be a plan.
    Blanks(Blanks),
    /// A question of a transport; the text typed so far (secrets are drawn as dots).
    Question {
        /// Number of the question.
        id: u64,
        /// What is asked.
        question: Question,
        /// What has been typed.
        input: SecretLine,
        /// When it was opened: keys typed ahead of it are thrown away.
        opened: DateTime<Utc>,
    },
}

/// A line being edited with completions under it.
#[derive(Debug)]
pub struct LineInput {
    /// The text.
    pub input: TextArea<'static>,
    /// Index of the chosen completion.
    pub chosen: Option<usize>,
    /// The palette: a completion is always chosen, and the words of the docs are searched too.
    pub palette: bool,
    /// Why the last line could not be run.
    pub error: Option<String>,
}

/// A one-line prompt and what its answer is for.
#[derive(Debug)]
pub struct Prompt {
    /// What the answer is for.
    pub purpose: PromptPurpose,
    /// The title, such as `search`.
    pub title: String,
    /// The text.
    pub input: TextArea<'static>,
    /// What is wrong with the text so far.
    pub error: Option<String>,
    /// The logs' filter and search when it was opened: what is typed shows at once, and is taken back by Esc.
    pub before: (Query, Option<String>),
    /// How far back in the history of searches the text is; none: it was typed.
    pub recalled: Option<usize>,
}

/// What a prompt's answer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PromptPurpose {
    /// Search in the logs.
    LogSearch,
    /// Which lines are shown.
    LogFilter,
    /// A file to save lines to.
    LogSave,
    /// A time to go to.
    LogTime,
    /// A name for the filter that is typed.
    FilterName,
    /// A name for how the logs are looked at.
    ViewName,
    /// A pattern that is to stand out.
    LogHighlight,
    /// What somebody has to say about a line.
    LogNote,
    /// Which rows of a list to pick from are shown.
    PickerFind,
    /// Filter of the host table.
    HostFilter,
    /// Filter of the lists of a tab.
    ListFilter,
}

/// A yes-or-no dialog.
#[derive(Debug)]
pub struct Confirm {
    /// Title.
    pub title: String,
    /// What it means, line by line.
    pub lines: Vec<String>,
    /// What yes does.
    pub then: Then,
    /// When it was opened: keys typed ahead of it are thrown away.
    pub opened: DateTime<Utc>,
    /// Until when it can be answered; none: for ever.
    pub until: Option<DateTime<Utc>>,
}

/// What yes does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Leave the cockpit.
    Leave,
    /// Wish this for what was begun under this number.
    Wish(u64, Wish),
}
