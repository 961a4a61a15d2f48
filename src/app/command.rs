//! Every verb of the cockpit: one table, from which `:` completion, the palette, help, the keymap check and the
//! README's key block are derived.

use std::borrow::Cow;

pub use super::argument::Argument;
use super::argument::seconds;
use super::context::Context;
use super::state::{SortBy, Tab};
pub use super::verb::Command;
use crate::domain::action::ACTIONS;
use crate::domain::log::Level;
use crate::domain::nearest::nearest;
use Make::{Maybe, Must, Plain};

/// How a row of the table becomes a command.
#[derive(Debug)]
enum Make {
    /// It takes nothing.
    Plain(Command),
    /// It can be given something.
    Maybe(Command, Argument, fn(&str) -> Option<Command>),
    /// It must be given something.
    Must(Argument, fn(&str) -> Option<Command>),
}

/// One row of the table.
#[derive(Debug)]
pub struct Entry {
    /// Its name on the command line and in keymaps.
    pub name: &'static str,
    /// A shorter name; empty: none.
    pub alias: &'static str,
    /// What it does, in one line.
    pub doc: &'static str,
    /// Where it means something.
    pub contexts: &'static [Context],
    make: Make,
}

/// Rows are the same when their names are.
impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Entry {}

impl Entry {
    /// What it can be given, and whether it must be.
    pub fn argument(&self) -> Option<(Argument, bool)> {
        match self.make {
            Make::Plain(_) => None,
            Make::Maybe(_, argument, _) => Some((argument, false)),
            Make::Must(argument, _) => Some((argument, true)),
        }
    }

    /// The command without an argument; none where one is needed.
    pub fn plain(&self) -> Option<&Command> {
        match &self.make {
            Make::Plain(command) | Make::Maybe(command, ..) => Some(command),
            Make::Must(..) => None,
        }
    }

    /// Whether the command is this row's, whatever it was given.
    fn made(&self, command: &Command) -> bool {
        let same = |mine: &Command| std::mem::discriminant(mine) == std::mem::discriminant(command);
        match &self.make {
            // `Show` is one row with an argument; all others differ in their discriminant.
            Make::Plain(mine) | Make::Maybe(mine, ..) => same(mine),
            Make::Must(Argument::Tab, _) => matches!(command, Command::Show(_)),
            Make::Must(Argument::Action, _) => matches!(command, Command::Act(_)),
            Make::Must(Argument::Name, _) => matches!(command, Command::Go(_)),
            Make::Must(Argument::Theme, _) => matches!(command, Command::Theme(_)),
            Make::Must(..) => matches!(command, Command::Host(_)),
        }
    }

    fn with(&self, argument: &str) -> Result<Command, String> {
        let (what, make) = match &self.make {
            Make::Plain(command) if argument.is_empty() => return Ok(command.clone()),
            Make::Plain(_) => return Err(format!("`{}` takes nothing after it", self.name)),
            Make::Maybe(command, ..) if argument.is_empty() => return Ok(command.clone()),
            Make::Maybe(_, what, make) | Make::Must(what, make) => (*what, make),
        };
        if argument.is_empty() {
            return Err(format!("`{}` needs a {}", self.name, what.as_str()));
        }
        make(argument).ok_or_else(|| format!("`{argument}` is no {} for `{}`", what.as_str(), self.name))
    }
}

const fn row(name: &'static str, alias: &'static str, at: &'static [Context], make: Make, doc: &'static str) -> Entry {
    Entry { name, alias, doc, contexts: at, make }
}

const ALWAYS: &[Context] = &[Context::Always];
const GLOBAL: &[Context] = &[Context::Global];
const MOVING: &[Context] = &[
    Context::Global,
    Context::Text,
    Context::CommandLine,
    Context::Help,
    Context::Picker,
    Context::Plan,
    Context::Confirm,
];
const PANES: &[Context] = &[Context::Global, Context::Plan];
const ROWS: &[Context] = &[
    Context::Global,
    Context::Text,
    Context::CommandLine,
    Context::Help,
    Context::Picker,
    Context::HostKey,
    Context::Confirm,
];
const MACHINES: &[Context] = &[Context::Overview, Context::Hosts, Context::HostPage];
const PLACES: &[Context] = &[Context::Overview, Context::Hosts, Context::HostPage, Context::Lists, Context::Page];
const LISTS: &[Context] = &[Context::Lists, Context::Page];
const COPYING: &[Context] = &[Context::Logs, Context::Lists, Context::Page];
const TAKING: &[Context] = &[Context::Lists, Context::Page, Context::Confirm];
const TABLE: &[Context] = &[Context::Hosts];
const ACTING: &[Context] =
    &[Context::Overview, Context::Hosts, Context::HostPage, Context::Logs, Context::Lists, Context::Page];
const RETREATING: &[Context] = &[
    Context::Overview,
    Context::Hosts,
    Context::HostPage,
    Context::Logs,
    Context::Lists,
    Context::Page,
    Context::Confirm,
];
const ARMING: &[Context] = &[Context::Global, Context::Confirm];
const LOGS: &[Context] = &[Context::Logs];
const SOURCES: &[Context] = &[Context::Sources];
const PICKING: &[Context] = &[Context::Picker];
const TYPING: &[Context] = &[Context::Text, Context::CommandLine, Context::Help, Context::Picker];

/// THE table of commands, in the order of the help.
#[rustfmt::skip]
pub static COMMANDS: &[Entry] = &[
    row("show", "", GLOBAL, Must(Argument::Tab, |s| Tab::named(s).map(Command::Show)), "show a tab: overview, logs, hosts, deploys, alerts or business"),
    row("next-tab", "", GLOBAL, Plain(Command::NextTab), "show the tab to the right"),
    row("previous-tab", "", GLOBAL, Plain(Command::PreviousTab), "show the tab to the left"),
    row("last-tab", "", GLOBAL, Plain(Command::LastTab), "go back to the tab left last"),
    row("next-pane", "", PANES, Plain(Command::NextPane), "give the keys to the next pane"),
    row("previous-pane", "", PANES, Plain(Command::PreviousPane), "give the keys to the pane before"),
    row("up", "", ROWS, Plain(Command::Up), "one row up"),
    row("down", "", ROWS, Plain(Command::Down), "one row down"),
    row("left", "", GLOBAL, Plain(Command::Left), "scroll to the left"),
    row("right", "", GLOBAL, Plain(Command::Right), "scroll to the right"),
    row("half-page-up", "", GLOBAL, Plain(Command::HalfPageUp), "half a page up"),
    row("half-page-down", "", GLOBAL, Plain(Command::HalfPageDown), "half a page down"),
    row("page-up", "", MOVING, Plain(Command::PageUp), "a page up"),
    row("page-down", "", MOVING, Plain(Command::PageDown), "a page down"),
    row("first", "", GLOBAL, Plain(Command::First), "the first row"),
    row("last", "", GLOBAL, Plain(Command::Last), "the last row; in the logs, follow again"),
    row("open", "", GLOBAL, Plain(Command::Open), "open what is selected"),
    row("back", "", &[Context::Global, Context::Text, Context::CommandLine, Context::Help, Context::Picker, Context::Confirm, Context::HostKey], Plain(Command::Back), "close what is open, go back; in a dialog, no"),
    row("logs-here", "", PLACES, Plain(Command::LogsHere), "the logs of what is selected, at its time"),
    row("reconnect", "", MACHINES, Maybe(Command::Reconnect(None), Argument::Host, |s| Some(Command::Reconnect(Some(s.into())))),
        "try a host again now"),
    row("host", "", GLOBAL, Must(Argument::Host, |s| Some(Command::Host(s.into()))), "open the page of a host"),
    row("go", "", GLOBAL, Must(Argument::Name, |s| Some(Command::Go(s.into()))), "go to a host, service, check, alert or deployment, by its name or address"),
    row("sort", "", TABLE, Maybe(Command::Sort(None), Argument::Column, |s| SortBy::named(s).map(|by| Command::Sort(Some(by)))),
        "sort the hosts by a column, or by the next one"),
    row("reverse", "", TABLE, Plain(Command::Reverse), "reverse the order of the hosts"),
    row("hosts", "", TABLE, Maybe(Command::FilterHosts(None), Argument::Text, |s| Some(Command::FilterHosts(Some(s.into())))),
        "show only hosts whose name, tag or environment holds a text"),
    row("processes", "", &[Context::HostPage], Plain(Command::Processes), "ask this host for its processes"),
    row("find", "", LISTS, Maybe(Command::Find(None), Argument::Text, |s| Some(Command::Find(Some(s.into())))),
        "show only rows that hold a text"),
    row("browse", "", LISTS, Plain(Command::Browse), "show what is selected in a browser, or copy its address"),
    row("follow", "", LOGS, Plain(Command::Follow), "follow the newest line, or pause"),
    row("search", "", LOGS, Maybe(Command::Search(None), Argument::Regex, |s| Some(Command::Search(Some(s.into())))),
        "search by a regex"),
    row("next-match", "", LOGS, Plain(Command::NextMatch), "the next line that matches the search"),
    row("previous-match", "", LOGS, Plain(Command::PreviousMatch), "the line before that matches the search"),
    row("filter", "", LOGS, Maybe(Command::Filter(None), Argument::Filter, |s| Some(Command::Filter(Some(s.into())))),
        "show only some lines: regex, !not, a|b, level>=warn, host:web*, field=value"),
    row("clear-filters", "", LOGS, Plain(Command::ClearFilters), "show every line of every source again"),
    row("next-error", "", LOGS, Plain(Command::NextError), "the next error"),
    row("previous-error", "", LOGS, Plain(Command::PreviousError), "the error before"),
    row("next-warning", "", LOGS, Plain(Command::NextWarning), "the next warning or error"),
    row("previous-warning", "", LOGS, Plain(Command::PreviousWarning), "the warning or error before"),
    row("later", "", LOGS, Maybe(Command::Later(60), Argument::Duration, |s| seconds(s).map(Command::Later)), "a minute on, or 30s, 10m, 2h, 1d"),
    row("earlier", "", LOGS, Maybe(Command::Earlier(60), Argument::Duration, |s| seconds(s).map(Command::Earlier)), "a minute back, or 30s, 10m, 2h, 1d"),
    row("level-up", "", LOGS, Plain(Command::LevelUp), "only more severe lines"),
    row("level-down", "", LOGS, Plain(Command::LevelDown), "less severe lines too"),
    row("level", "", LOGS, Maybe(Command::Level(None), Argument::Level, level), "only lines of at least this level; without one, all"),
    row("wrap", "", LOGS, Plain(Command::Wrap), "wrap long lines, or not"),
    row("times", "", LOGS, Plain(Command::Times), "the time column: time, full, how long ago, none"),
    row("raw-time", "", LOGS, Plain(Command::RawTime), "the hosts' own clocks instead of corrected time"),
    row("copy", "", COPYING, Plain(Command::CopyLine), "copy the selected line or row, without secrets"),
    row("copy-event", "", LOGS, Plain(Command::CopyEvent), "copy the whole event, such as a stack trace, without secrets"),
    row("copy-field", "", LOGS, Maybe(Command::CopyField(None), Argument::Field, |s| Some(Command::CopyField(Some(s.into())))),
        "copy a field of the selected line, from a list of them"),
    row("copy-window", "", LOGS, Plain(Command::CopyWindow), "copy the lines on the screen as Markdown, without secrets"),
    row("save", "w", LOGS, Maybe(Command::Save(None), Argument::Text, |s| Some(Command::Save(Some(s.into())))),
        "save what passes the filter, raw, .json, .csv or .md, without secrets"),
    row("go-to", "", LOGS, Maybe(Command::GoTo(None), Argument::Time, |s| Some(Command::GoTo(Some(s.into())))),
        "go to a time: 14:26, 14:26:03, -10m, 2026-01-31 14:26"),
    row("values", "", LOGS, Maybe(Command::Values(None), Argument::Field, |s| Some(Command::Values(Some(s.into())))),
        "values of a field with counts, to filter in or out"),
    row("filters", "", LOGS, Plain(Command::Filters), "the filters with counts, to put on and off"),
    row("name-filter", "", LOGS, Maybe(Command::NameFilter(None), Argument::Text, |s| Some(Command::NameFilter(Some(s.into())))),
        "keep the typed filter under a name"),
    row("highlight", "", LOGS, Maybe(Command::Highlight(None), Argument::Regex, |s| Some(Command::Highlight(Some(s.into())))),
        "let a regex stand out in every line"),
    row("highlights", "", LOGS, Plain(Command::Highlights), "what stands out, to add and drop"),
    row("fields", "", LOGS, Plain(Command::Fields), "fields behind the message, in columns, not at all, or the raw line"),
    row("fold", "", LOGS, Plain(Command::Fold), "repeats one after the other as one line with their hosts, or each"),
    row("around", "", LOGS, Plain(Command::Around), "everything around the selected line, or the filter again"),
    row("around-source", "", LOGS, Plain(Command::AroundSource), "the lines of its own source around the selected one"),
    row("follow-id", "", LOGS, Plain(Command::FollowId), "follow the line's request, trace or user over all hosts, or back"),
    row("since", "", LOGS, Maybe(Command::Since(None), Argument::Time, |s| Some(Command::Since(Some(s.into())))),
        "kinds of messages that are new, gone or more frequent since the last deploy"),
    row("views", "", LOGS, Plain(Command::Views), "views that have a name, to look at the logs as in them"),
    row("view", "", LOGS, Maybe(Command::View(None), Argument::Text, |s| Some(Command::View(Some(s.into())))),
        "look at the logs as in a view"),
    row("save-view", "", LOGS, Maybe(Command::SaveView(None), Argument::Text, |s| Some(Command::SaveView(Some(s.into())))),
        "keep filters, search, times and fields as they are under a name"),
    row("next-change", "", LOGS, Plain(Command::NextChange), "the next deploy, restart or other change"),
    row("previous-change", "", LOGS, Plain(Command::PreviousChange), "the deploy, restart or other change before"),
    row("next-alert", "", LOGS, Plain(Command::NextAlert), "the next alert"),
    row("previous-alert", "", LOGS, Plain(Command::PreviousAlert), "the alert before"),
    row("next-column", "", LOGS, Plain(Command::NextColumn), "a column of the histogram on"),
    row("previous-column", "", LOGS, Plain(Command::PreviousColumn), "a column of the histogram back"),
    row("bookmark", "", LOGS, Plain(Command::Bookmark), "put a bookmark on the line, or take it off"),
    row("note", "", LOGS, Maybe(Command::Note(None), Argument::Text, |s| Some(Command::Note(Some(s.into())))),
        "say something about the line"),
    row("bookmarks", "", LOGS, Plain(Command::Bookmarks), "every bookmark"),
    row("next-bookmark", "", LOGS, Plain(Command::NextBookmark), "the next bookmark"),
    row("previous-bookmark", "", LOGS, Plain(Command::PreviousBookmark), "the bookmark before"),
    row("line-host", "", LOGS, Plain(Command::LineHost), "from the line to its host"),
    row("line-service", "", LOGS, Plain(Command::LineService), "from the line to its service and unit"),
    row("line-deploy", "", LOGS, Plain(Command::LineDeploy), "from the line to the deployment before it"),
    row("line-alert", "", LOGS, Plain(Command::LineAlert), "from the line to the alert of its time"),
    row("sources", "", LOGS, Plain(Command::Sources), "give the keys to the list of sources, or take them back"),
    row("toggle-source", "", SOURCES, Plain(Command::ToggleSource), "show or hide the selected source"),
    row("only-source", "", SOURCES, Plain(Command::OnlySource), "show only the selected source, or all again"),
    row("restart", "", ACTING, Plain(Command::Restart), "restart the selected service: shows the plan, asks, goes host by host"),
    row("deploy", "", ACTING, Maybe(Command::Deploy(None), Argument::Text, |s| Some(Command::Deploy(Some(s.into())))),
        "deploy the selected service: asks which version, shows the plan, asks"),
    row("rollback", "", RETREATING, Plain(Command::Rollback), "take each host of the selected service back to its last good release"),
    row("adopt", "", TAKING, Plain(Command::Adopt), "take over the selected run from whoever started it, and go on"),
    row("shell", "", ACTING, Plain(Command::Shell), "a shell on the selected host, by ssh, in this terminal"),
    row("actions", "", ACTING, Plain(Command::Actions), "everything that can be done with what is selected"),
    row("act", "", ACTING, Must(Argument::Action, action), "an action by its name: reload, start, stop, restart-at-once, exec and so on"),
    row("hold", "", LISTS, Plain(Command::Hold), "hold the selected run at its next boundary, where it waits"),
    row("continue", "", LISTS, Plain(Command::Continue), "go on with the selected run that is held or that nobody steers"),
    row("stop", "", LISTS, Plain(Command::Stop), "stop what goes on here, at its next boundary; what is done stays"),
    row("undo", "", LISTS, Plain(Command::Undo), "stop the selected run, and take every host of it back"),
    row("arm", "", ARMING, Maybe(Command::Arm(None), Argument::Environment, |s| Some(Command::Arm(Some(s.into())))),
        "let actions happen in a read-only environment for a while; again: not"),
    row("refresh", "", GLOBAL, Plain(Command::Refresh), "ask every host and service anew now"),
    row("utc", "", GLOBAL, Plain(Command::Utc), "show times in UTC, or in the zone of ui.time"),
    row("theme", "", GLOBAL, Must(Argument::Theme, |s| Some(Command::Theme(s.into()))), "use another theme"),
    row("mouse", "", GLOBAL, Plain(Command::Mouse), "take the mouse, or leave it to the terminal"),
    row("dismiss", "", GLOBAL, Plain(Command::Dismiss), "dismiss the banner"),
    row("reload", "", GLOBAL, Plain(Command::Reload), "read the config again"),
    row("help", "h", GLOBAL, Plain(Command::Help), "the keys of the current place"),
    row("command-line", "", GLOBAL, Plain(Command::CommandLine), "type a command"),
    row("palette", "", GLOBAL, Plain(Command::Palette), "find a command by any word of it"),
    row("accept", "", TYPING, Plain(Command::Accept), "take what has been typed"),
    row("complete", "", TYPING, Plain(Command::Complete), "the next completion"),
    row("complete-back", "", TYPING, Plain(Command::CompleteBack), "the completion before"),
    row("pick-out", "", PICKING, Plain(Command::PickOut), "filter the selected value out"),
    row("pick-toggle", "", PICKING, Plain(Command::PickToggle), "put the selected one on or off"),
    row("pick-edit", "", PICKING, Plain(Command::PickEdit), "change the selected one"),
    row("pick-drop", "", PICKING, Plain(Command::PickDrop), "let go of the selected one"),
    row("pick-new", "", PICKING, Plain(Command::PickNew), "a new one"),
    row("pick-find", "", PICKING, Maybe(Command::PickFind(None), Argument::Text, |s| Some(Command::PickFind(Some(s.into())))),
        "only rows that hold a text"),
    row("yes", "", &[Context::Confirm], Plain(Command::Yes), "yes, do it"),
    row("trust-once", "", &[Context::HostKey], Plain(Command::TrustOnce), "trust this host key for this connection"),
    row("trust-always", "", &[Context::HostKey], Plain(Command::TrustAlways), "trust this host key and keep it in known_hosts"),
    row("trust-once-all", "", &[Context::HostKey], Plain(Command::TrustOnceAll), "trust every host key of the list for these connections"),
    row("trust-always-all", "", &[Context::HostKey], Plain(Command::TrustAlwaysAll), "trust every host key of the list and keep them"),
    row("refuse-all", "", &[Context::HostKey], Plain(Command::RefuseAll), "refuse every host key of the list"),
    row("redraw", "", ALWAYS, Plain(Command::Redraw), "draw everything anew"),
    row("suspend", "", ALWAYS, Plain(Command::Suspend), "suspend to the shell; `fg` comes back"),
    row("interrupt", "", ALWAYS, Plain(Command::Interrupt), "close what is open; twice, leave"),
    row("quit", "q", GLOBAL, Plain(Command::Quit), "leave"),
];

fn action(word: &str) -> Option<Command> {
    ACTIONS.iter().find(|def| def.name == word).map(|def| Command::Act(def.kind))
}

fn level(word: &str) -> Option<Command> {
    match word {
        "all" => Some(Command::Level(None)),
        word => Level::ALL.into_iter().find(|l| l.as_str() == word).map(|l| Command::Level(Some(l))),
    }
}

impl Command {
    /// Reads a command as it is written on the command line and in keymaps: its name, then what it is given.
    pub fn parse(line: &str) -> Result<Self, String> {
        let line = line.trim();
        let (name, argument) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let found = COMMANDS.iter().find(|e| e.name == name || (!e.alias.is_empty() && e.alias == name));
        match found {
            Some(entry) => entry.with(argument.trim()),
            None => Err(match alike(name) {
                Some(near) => format!("there is no command `{name}`; did you mean `{near}`?"),
                None => format!("there is no command `{name}`; `?` shows what there is"),
            }),
        }
    }

    /// Its row in the table.
    pub fn entry(&self) -> &'static Entry {
        COMMANDS.iter().find(|entry| entry.made(self)).expect("a test sees to it that every command has its row")
    }

    /// What it does, in one line, with what it was given.
    pub fn doc(&self) -> Cow<'static, str> {
        let length = |seconds: i64| match seconds {
            s if s % 3600 == 0 => format!("{} h", s / 3600),
            s if s % 60 == 0 => format!("{} min", s / 60),
            s => format!("{s} s"),
        };
        match self {
            Self::Later(seconds) => format!("{} on", length(*seconds)).into(),
            Self::Earlier(seconds) => format!("{} back", length(*seconds)).into(),
            command => command.entry().doc.into(),
        }
    }

    /// Whether it says yes to something, so that no key that is pressed without thinking may be bound to it.
    pub fn consents(&self) -> bool {
        matches!(self, Self::Yes | Self::TrustOnce | Self::TrustAlways | Self::TrustOnceAll | Self::TrustAlwaysAll)
    }
}

/// The command whose name is most like a word: it begins alike, or differs by little.
fn alike(word: &str) -> Option<&'static str> {
    let names = || COMMANDS.iter().map(|entry| entry.name);
    let begins = |name: &&str| word.len() >= 2 && (name.starts_with(word) || word.starts_with(*name));
    names().find(begins).or_else(|| nearest(word, names()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_table_is_whole() {
        let mut names = BTreeSet::new();
        for entry in COMMANDS {
            assert!(names.insert(entry.name), "{} is there twice", entry.name);
            assert!(entry.alias.is_empty() || names.insert(entry.alias), "{} is there twice", entry.alias);
            assert!(!entry.doc.is_empty() && entry.doc.len() <= 80, "{}: {}", entry.name, entry.doc);
            assert!(!entry.contexts.is_empty(), "{} holds nowhere", entry.name);
            if let Some(command) = entry.plain() {
                assert_eq!(Command::parse(entry.name).as_ref(), Ok(command));
                assert_eq!(command.entry().name, entry.name);
            }
        }
    }

    #[test]
    fn commands_are_read_with_what_they_are_given() {
        assert_eq!(Command::parse(" show  logs "), Ok(Command::Show(Tab::Logs)));
        assert_eq!(Command::parse("q"), Ok(Command::Quit));
        assert_eq!(Command::parse("level warn"), Ok(Command::Level(Some(Level::Warn))));
        assert_eq!(Command::parse("level all"), Ok(Command::Level(None)));
        assert_eq!(Command::parse("sort cpu"), Ok(Command::Sort(Some(SortBy::Cpu))));
        assert_eq!(Command::parse("search a b"), Ok(Command::Search(Some("a b".into()))));
        for (line, says) in [
            ("quit now", "takes nothing"),
            ("theme", "needs a THEME"),
            ("show money", "is no TAB"),
            ("serach", "did you mean `search`"),
            ("zzzzzzzz", "`?` shows"),
        ] {
            let error = Command::parse(line).unwrap_err();
            assert!(error.contains(says), "{line}: {error}");
        }
    }

    #[test]
    fn commands_with_an_argument_find_their_row() {
        for (command, name) in [
            (Command::Show(Tab::Logs), "show"),
            (Command::Theme("x".into()), "theme"),
            (Command::Host("x".into()), "host"),
            (Command::Go("x".into()), "go"),
            (Command::Level(Some(Level::Warn)), "level"),
        ] {
            assert_eq!(command.entry().name, name);
        }
    }
}
