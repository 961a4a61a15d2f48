//! THE table of roles: what a style can mean. Drawing code names meanings, never colours.

/// What a style means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(usize)]
#[allow(missing_docs, reason = "the table beneath says what each is")]
pub enum Role {
    Text,
    Dim,
    Strong,
    Title,
    Front,
    Key,
    Rule,
    RuleFocused,
    Ok,
    Busy,
    Warn,
    Bad,
    Badge,
    Danger,
    Selection,
    Hit,
    Trace,
    Debug,
    Info,
    Notice,
    Error,
    Fatal,
    Ledger,
    Field,
    Graph,
    Dialog,
    DialogDanger,
    Focus,
    Cursor,
}

/// One role: its name in theme files, the role whose style it has when a theme does not say, and what it is for.
pub struct RoleEntry {
    /// The role.
    pub role: Role,
    /// Its name in theme files.
    pub name: &'static str,
    /// Where its style comes from when a theme says nothing; itself: plain text.
    pub like: Role,
    /// What it is for.
    pub doc: &'static str,
}

const fn entry(role: Role, name: &'static str, like: Role, doc: &'static str) -> RoleEntry {
    RoleEntry { role, name, like, doc }
}

/// Every role, in the order of the enum.
#[rustfmt::skip]
pub static ROLES: &[RoleEntry] = &[
    entry(Role::Text, "text", Role::Text, "most text"),
    entry(Role::Dim, "dim", Role::Text, "what is old, quiet or explanatory; everything under a dialog"),
    entry(Role::Strong, "strong", Role::Text, "what needs a person"),
    entry(Role::Title, "title", Role::Strong, "titles of panes"),
    entry(Role::Front, "front", Role::Title, "the tab in front"),
    entry(Role::Key, "key", Role::Strong, "keys in hints and help"),
    entry(Role::Rule, "rule", Role::Dim, "the thin rules over panes"),
    entry(Role::RuleFocused, "rule-focused", Role::Rule, "the rule of the pane that has the keys"),
    entry(Role::Ok, "ok", Role::Text, "as it should be"),
    entry(Role::Busy, "busy", Role::Text, "under way: dialing, trying again"),
    entry(Role::Warn, "warn", Role::Strong, "may become a problem; warnings in logs"),
    entry(Role::Bad, "bad", Role::Strong, "something failed"),
    entry(Role::Badge, "badge", Role::Strong, "the badge of an environment, of a demo"),
    entry(Role::Danger, "danger", Role::Badge, "the badge of a careful environment"),
    entry(Role::Selection, "selection", Role::Text, "the selected row"),
    entry(Role::Hit, "hit", Role::Strong, "what a search found"),
    entry(Role::Trace, "trace", Role::Dim, "trace lines in logs"),
    entry(Role::Debug, "debug", Role::Dim, "debug lines in logs"),
    entry(Role::Info, "info", Role::Text, "info lines in logs"),
    entry(Role::Notice, "notice", Role::Info, "notice lines in logs"),
    entry(Role::Error, "error", Role::Bad, "error lines in logs"),
    entry(Role::Fatal, "fatal", Role::Error, "fatal lines in logs"),
    entry(Role::Ledger, "ledger", Role::Dim, "what happened to a source of logs"),
    entry(Role::Field, "field", Role::Dim, "names of fields in logs"),
    entry(Role::Graph, "graph", Role::Text, "bars and graphs of figures that are as they should be"),
    entry(Role::Dialog, "dialog", Role::RuleFocused, "the frame of a dialog"),
    entry(Role::DialogDanger, "dialog-danger", Role::Bad, "the frame of a dialog in a careful environment"),
    entry(Role::Focus, "focus", Role::Selection, "the button of a dialog that has the keys"),
    entry(Role::Cursor, "cursor", Role::Focus, "the cursor where text is typed"),
];

impl Role {
    /// Its row in the table.
    pub fn entry(self) -> &'static RoleEntry {
        &ROLES[self as usize]
    }

    /// The role of this name.
    pub fn named(name: &str) -> Option<Self> {
        ROLES.iter().find(|entry| entry.name == name).map(|entry| entry.role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_enum_and_falls_back_to_what_stands_before() {
        for (i, entry) in ROLES.iter().enumerate() {
            assert_eq!(entry.role as usize, i, "{}", entry.name);
            assert!(entry.like <= entry.role, "{}: fallbacks must end", entry.name);
            assert_eq!(Role::named(entry.name), Some(entry.role));
            assert!(!entry.doc.is_empty());
        }
    }
}
