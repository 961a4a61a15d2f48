//! A list to pick from that lies over the logs: fields and their values, filters, what stands out, bookmarks, views.

use chrono::{DateTime, Utc};

use super::state::State;
use super::view_state::glance::{error_id, hosts_of};
use crate::domain::log::Level;
use crate::domain::log_survey::Tally;
use crate::domain::log_view::RowContent;
use crate::domain::query::BUILT_IN;
use crate::domain::template::{Change, ChangeKind};

/// A list that lies over the tab and takes the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picker {
    /// What is picked.
    pub kind: PickerKind,
    /// The selected row, by its id; none: the first.
    pub selected: Option<String>,
    /// What has been counted, where something is.
    pub tally: Option<Tally>,
    /// Only rows that hold this.
    pub find: String,
}

/// What is picked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PickerKind {
    /// A field, to see its values.
    Fields,
    /// A value of this field, to filter by.
    Values(String),
    /// A field of the selected line, to copy.
    Copied,
    /// Filters, to put on and off.
    Filters,
    /// Patterns that stand out.
    Highlights,
    /// Lines to come back to.
    Bookmarks,
    /// Views that have a name.
    Views,
    /// Kinds of messages that have changed since a moment.
    Kinds {
        /// The moment.
        since: DateTime<Utc>,
        /// What it was, in words.
        words: String,
    },
}

/// A row of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// What it is told apart by.
    pub id: String,
    /// Whether it is on, where it can be.
    pub on: Option<bool>,
    /// Its first words.
    pub name: String,
    /// The rest of it.
    pub text: String,
    /// How many lines.
    pub count: Option<u64>,
    /// How bad it is, where it is a message.
    pub level: Option<Level>,
}

impl Picker {
    /// One that has just been opened.
    pub fn new(kind: PickerKind) -> Self {
        Self { kind, selected: None, tally: None, find: String::new() }
    }

    /// Its title.
    pub fn title(&self) -> String {
        match &self.kind {
            PickerKind::Fields => "Fields".to_owned(),
            PickerKind::Values(name) => format!("Values of {name}"),
            PickerKind::Copied => "Copy a field".to_owned(),
            PickerKind::Filters => "Filters".to_owned(),
            PickerKind::Highlights => "What stands out".to_owned(),
            PickerKind::Bookmarks => "Bookmarks".to_owned(),
            PickerKind::Views => "Views".to_owned(),
            PickerKind::Kinds { since, words } => format!("Since {}Z: {words}", since.format("%H:%M:%S")),
        }
    }

    /// Its rows.
    pub fn items(&self, state: &State) -> Vec<Item> {
        let mut items = match &self.kind {
            PickerKind::Fields => fields(state),
            PickerKind::Copied => here(state).iter().map(field).collect(),
            PickerKind::Values(_) => self.tally.iter().flat_map(|tally| &tally.rows).map(value).collect(),
            PickerKind::Filters => filters(state, self.tally.as_ref()),
            PickerKind::Highlights => highlights(state),
            PickerKind::Bookmarks => bookmarks(state),
            PickerKind::Views => views(state),
            PickerKind::Kinds { since, .. } => kinds(state, *since).into_iter().map(|one| kind(state, one)).collect(),
        };
        let wanted = self.find.to_lowercase();
        items.retain(|item| format!("{} {}", item.name, item.text).to_lowercase().contains(&wanted));
        items
    }

    /// The place of the selected row among some.
    pub fn place(&self, items: &[Item]) -> usize {
        self.selected.as_ref().and_then(|id| items.iter().position(|item| item.id == *id)).unwrap_or(0)
    }

    /// The selected row.
    pub fn item(&self, state: &State) -> Option<Item> {
        let mut items = self.items(state);
        let at = self.place(&items);
        (at < items.len()).then(|| items.swap_remove(at))
    }
}

/// Fields of the selected line.
fn here(state: &State) -> &[(String, String)] {
    let logs = &state.logs;
    let selected = logs.window.rows.iter().find(|row| Some(row.id) == logs.selected);
    match selected.map(|row| &row.content) {
        Some(RowContent::Line { fields, .. }) => fields,
        _ => &[],
    }
}

fn field((name, value): &(String, String)) -> Item {
    Item { id: name.clone(), name: name.clone(), text: value.clone(), ..Item::default() }
}

/// Fields of the selected line with their values, then the names that every line has, then all that lines have had.
fn fields(state: &State) -> Vec<Item> {
    let logs = &state.logs;
    let shown = |name: &str| Some(!logs.hidden_fields.iter().any(|hidden| hidden == name));
    let mut items: Vec<Item> = here(state).iter().map(|pair| Item { on: shown(&pair.0), ..field(pair) }).collect();
    let selected = logs.window.rows.iter().find(|row| Some(row.id) == logs.selected);
    let source = selected.and_then(|row| logs.window.sources.iter().find(|source| source.id == row.source));
    let own = |name: &str| {
        let source = source.map(|status| &status.source);
        match name {
            "host" => source.map(|source| source.host.to_string()),
            "service" => source.and_then(|source| source.service.as_deref()).map(str::to_owned),
            "source" => source.map(|source| source.name.to_string()),
            "level" => selected.and_then(|row| row.level).map(|level| level.as_str().to_owned()),
            _ => None,
        }
    };
    let built_in = BUILT_IN.into_iter().filter(|name| *name != "message").map(str::to_owned);
    for name in built_in.chain(logs.window.fields.iter().cloned()) {
        if items.iter().all(|item| item.name != name) {
            let text = own(&name).unwrap_or_default();
            items.push(Item { id: name.clone(), on: shown(&name), name, text, ..Item::default() });
        }
    }
    items
}

fn value((value, count): &(String, u64)) -> Item {
    Item { id: value.clone(), name: value.clone(), count: Some(*count), ..Item::default() }
}

/// What is typed, then what has a name. The counts are in the same order.
fn filters(state: &State, tally: Option<&Tally>) -> Vec<Item> {
    let logs = &state.logs;
    let typed = (!logs.typed.is_everything()).then(|| Item {
        id: String::new(),
        on: Some(true),
        name: "(typed)".to_owned(),
        text: logs.typed.to_string(),
        ..Item::default()
    });
    let named = logs.named.iter().map(|filter| Item {
        id: filter.name.clone(),
        on: Some(filter.on),
        name: filter.name.clone(),
        text: filter.query.to_string(),
        ..Item::default()
    });
    let mut items: Vec<Item> = typed.into_iter().chain(named).collect();
    // An answer that was asked before a filter came or went is about others.
    if let Some(tally) = tally.filter(|tally| tally.rows.len() == items.len()) {
        items.iter_mut().zip(&tally.rows).for_each(|(item, (_, count))| item.count = Some(*count));
    }
    items
}

fn highlights(state: &State) -> Vec<Item> {
    let of_config = state.settings.logs.highlights.iter().map(|rule| (rule, true));
    let all = of_config.chain(state.logs.highlights.iter().map(|rule| (rule, false)));
    let item = |(rule, of_config): (&crate::domain::log_look::Highlight, bool)| Item {
        id: rule.pattern().to_owned(),
        name: rule.pattern().to_owned(),
        text: if of_config { "of the config".to_owned() } else { String::new() },
        ..Item::default()
    };
    all.map(item).collect()
}

fn bookmarks(state: &State) -> Vec<Item> {
    let item = |mark: &super::state::Bookmark| Item {
        id: mark.key(),
        name: format!("{} {}", mark.time.format("%m-%d %H:%M:%S"), mark.host),
        text: if mark.note.is_empty() { mark.text.clone() } else { format!("{}: {}", mark.note, mark.text) },
        ..Item::default()
    };
    state.logs.bookmarks.iter().map(item).collect()
}

fn views(state: &State) -> Vec<Item> {
    let item = |view: &crate::domain::log_keep::View| Item {
        id: view.name.clone(),
        name: view.name.clone(),
        text: view.on.iter().map(|name| format!("[{name}]")).chain([view.filter.clone()]).collect::<Vec<_>>().join(" "),
        ..Item::default()
    };
    state.logs.views.iter().map(item).collect()
}

/// Kinds of messages that have changed since a moment, once that is worked out.
pub fn kinds(state: &State, since: DateTime<Utc>) -> Vec<&Change> {
    let comparison = state.logs.window.comparison.as_deref().filter(|comparison| comparison.since == since);
    comparison.map(|comparison| comparison.changes.iter().collect()).unwrap_or_default()
}

fn kind(state: &State, change: &Change) -> Item {
    let hosts = hosts_of(state, change);
    let hosts = match hosts[..] {
        [a, b, _, ..] => format!("{a} {b} +{}", hosts.len() - 2),
        _ => hosts.join(" "),
    };
    let count = if change.kind == ChangeKind::Gone { change.before } else { change.after };
    Item {
        id: error_id(change),
        name: change.word(),
        text: format!(
            "{hosts}  {}{}",
            change.level.map_or(String::new(), |level| format!("{} ", level.as_str())),
            change.text
        ),
        count: Some(count),
        level: change.level,
        ..Item::default()
    }
}
