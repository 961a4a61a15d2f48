//! What a key or a typed line means to the cockpit.

use super::state::{SortBy, Tab};
use crate::domain::action::ActionKind;
use crate::domain::host::HostName;
use crate::domain::log::Level;

/// A named UI verb. A command never changes the outside world: those about actions open a plan, which is confirmed by
/// more than a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Leave.
    Quit,
    /// ctrl-c: close what is open; twice at the top: leave.
    Interrupt,
    /// Suspend to the shell.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// The help of the current place.
    Help,
    /// The command line.
    CommandLine,
    /// The palette of commands.
    Palette,
    /// Show a tab.
    Show(Tab),
    /// The tab to the right.
    NextTab,
    /// The tab to the left.
    PreviousTab,
    /// The tab left last.
    LastTab,
    /// The next pane of this tab.
    NextPane,
    /// The pane before.
    PreviousPane,
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// To the left.
    Left,
    /// To the right.
    Right,
    /// Half a page up.
    HalfPageUp,
    /// Half a page down.
    HalfPageDown,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// The first row.
    First,
    /// The last row; in the logs: follow.
    Last,
    /// Open what is selected.
    Open,
    /// Close what is open; go back.
    Back,
    /// Ask every host and service anew now.
    Refresh,
    /// Read the config again.
    Reload,
    /// Use a theme.
    Theme(String),
    /// UTC or the zone of `ui.time`.
    Utc,
    /// Take or release the mouse.
    Mouse,
    /// Dismiss the first banner.
    Dismiss,
    /// Try a host again now: this one, or the selected one.
    Reconnect(Option<HostName>),
    /// The page of a host.
    Host(HostName),
    /// Goes to a host, service, check, alert or deployment by its name, id or address.
    Go(String),
    /// Sort the hosts by a column, or by the next one.
    Sort(Option<SortBy>),
    /// Reverse the order.
    Reverse,
    /// Show only some hosts: with the text, or ask for it.
    FilterHosts(Option<String>),
    /// Ask the open host for its processes.
    Processes,
    /// Show only rows of a list that hold a text: with the text, or ask for it.
    Find(Option<String>),
    /// Show what is selected in a browser.
    Browse,
    /// The logs of the selected host (or service), at its time.
    LogsHere,
    /// Follow the tail, or pause.
    Follow,
    /// Search in the logs: with the regex, or ask for it.
    Search(Option<String>),
    /// The next line that matches.
    NextMatch,
    /// The line before that matches.
    PreviousMatch,
    /// Filter the logs: with the text, or ask for it.
    Filter(Option<String>),
    /// Drop every filter.
    ClearFilters,
    /// The next error.
    NextError,
    /// The error before.
    PreviousError,
    /// The next warning or worse.
    NextWarning,
    /// The warning or worse before.
    PreviousWarning,
    /// So many seconds on in the logs.
    Later(i64),
    /// So many seconds back in the logs.
    Earlier(i64),
    /// Only lines at least one level more severe.
    LevelUp,
    /// Lines one level less severe too.
    LevelDown,
    /// Only lines of at least this level; none: all.
    Level(Option<Level>),
    /// Wrap long lines.
    Wrap,
    /// Another look of the time column.
    Times,
    /// The hosts' own clocks instead of corrected time.
    RawTime,
    /// Copy the selected line or row.
    CopyLine,
    /// Copy the whole event that it is of, such as a stack trace.
    CopyEvent,
    /// Copy one of its fields: this one, or ask which.
    CopyField(Option<String>),
    /// Copy the lines on the screen, as Markdown.
    CopyWindow,
    /// Save every line that passes the filter to a new file: to this one, or ask for its name.
    Save(Option<String>),
    /// Go to a time: this one, or ask for it.
    GoTo(Option<String>),
    /// Give the sidebar of sources the keys, or take them back.
    Sources,
    /// Show or hide the selected source.
    ToggleSource,
    /// Show only the selected source, or all again.
    OnlySource,
    /// Values of a field with their counts, to filter by: of this one, or ask which.
    Values(Option<String>),
    /// The filters, to put on and off.
    Filters,
    /// Keep the filter that is typed under a name: this one, or ask for it.
    NameFilter(Option<String>),
    /// Let a pattern stand out: this one, or ask for it.
    Highlight(Option<String>),
    /// Every pattern that stands out.
    Highlights,
    /// Another look of the fields.
    Fields,
    /// Show events that say the same one after the other as one, or each.
    Fold,
    /// Put a bookmark on the selected line, or take it off.
    Bookmark,
    /// Say something about the selected line: this, or ask for it.
    Note(Option<String>),
    /// Every bookmark.
    Bookmarks,
    /// The next bookmark.
    NextBookmark,
    /// The bookmark before.
    PreviousBookmark,
    /// The next deploy, restart or other change.
    NextChange,
    /// The change before.
    PreviousChange,
    /// The next alert.
    NextAlert,
    /// The alert before.
    PreviousAlert,
    /// A column of the histogram on.
    NextColumn,
    /// A column of the histogram back.
    PreviousColumn,
    /// Everything around the selected line, or the filter again.
    Around,
    /// The same of its own source only.
    AroundSource,
    /// Follow the request, trace or user of the selected line over all hosts, or go back.
    FollowId,
    /// From the selected line to the page of its host.
    LineHost,
    /// From the selected line to its service.
    LineService,
    /// From the selected line to the deployment before it.
    LineDeploy,
    /// From the selected line to the alert of its time.
    LineAlert,
    /// Views that have a name.
    Views,
    /// Look at the logs as in a view: this one, or ask which.
    View(Option<String>),
    /// Keep how the logs are looked at under a name: this one, or ask for it.
    SaveView(Option<String>),
    /// Kinds of messages that are new, gone or more frequent since a time: this one, or the last change.
    Since(Option<String>),
    /// Of a list: filter out what is selected.
    PickOut,
    /// Of a list: put what is selected on or off.
    PickToggle,
    /// Of a list: let go of what is selected.
    PickDrop,
    /// Of a list: change what is selected.
    PickEdit,
    /// Of a list: a new one.
    PickNew,
    /// Of a list: only rows that hold a text: this, or ask for it.
    PickFind(Option<String>),
    /// Restart the selected service: opens the plan.
    Restart,
    /// Deploy the selected service: this version, or ask which.
    Deploy(Option<String>),
    /// Take the selected service back to each host's last good release.
    Rollback,
    /// Take over the selected run.
    Adopt,
    /// An action of the registry on what is selected: opens its plan.
    Act(ActionKind),
    /// A shell on the selected host.
    Shell,
    /// Everything that can be done with what is selected.
    Actions,
    /// Let actions happen in an environment for a while, or not any more: this one, or the selected one's.
    Arm(Option<String>),
    /// Stop what goes on and is selected, at its next boundary.
    Stop,
    /// Hold the selected run at its next boundary.
    Hold,
    /// Go on with the selected run, which is held or steered by nobody.
    Continue,
    /// Stop the selected run, and take every host back.
    Undo,
    /// Take what has been typed.
    Accept,
    /// Complete what has been typed.
    Complete,
    /// Complete it the other way round.
    CompleteBack,
    /// Confirm.
    Yes,
    /// Trust a host key for this connection.
    TrustOnce,
    /// Trust a host key and keep it.
    TrustAlways,
    /// Trust every host key that is listed, for these connections.
    TrustOnceAll,
    /// Trust every host key that is listed, and keep them.
    TrustAlwaysAll,
    /// Refuse every host key that is listed.
    RefuseAll,
}
