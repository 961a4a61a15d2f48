//! The logs' view as it is kept between two sessions, and as it is put on again.

use super::{Bookmark, FieldsView, LogsState, NamedFilter, TimeColumn};
use crate::domain::log::SourceId;
use crate::domain::log_keep::{Kept, KeptBookmark, KeptFilter, View};
use crate::domain::log_look::Highlight;
use crate::domain::log_view::LogWindow;
use crate::domain::query::{self, Query};
use crate::domain::redact;

impl LogsState {
    /// How the logs are looked at now.
    pub fn view(&self, name: &str) -> View {
        let followed = self.following.as_ref();
        // An id is followed for a while: what is kept is what one would go back to.
        let typed = followed.map_or(&self.typed, |following| &following.typed);
        let hidden = followed.map_or(&self.query.filter.hidden, |following| &following.hidden);
        let on =
            |filter: &&NamedFilter| filter.on || followed.is_some_and(|following| following.on.contains(&filter.name));
        let source = |id: &SourceId| {
            let found = self.window.sources.iter().find(|source| source.id == *id)?;
            Some((found.source.host.as_str().to_owned(), found.source.name.to_string()))
        };
        View {
            name: name.to_owned(),
            filter: typed.to_string(),
            on: self.named.iter().filter(on).map(|filter| filter.name.clone()).collect(),
            hidden: hidden.iter().filter_map(source).chain(self.to_hide.iter().cloned()).collect(),
            search: self.query.search.clone(),
            times: self.times.as_str().to_owned(),
            fields: self.fields.as_str().to_owned(),
            hidden_fields: self.hidden_fields.clone(),
            wrap: self.wrap,
            raw_time: self.query.raw_time,
            fold: self.query.fold,
        }
    }

    /// Looks at the logs like this from now on.
    pub fn put_on(&mut self, view: &View) {
        self.clear_filters();
        self.typed = read(&view.filter).unwrap_or_default();
        for filter in &mut self.named {
            filter.on = view.on.contains(&filter.name);
        }
        self.to_hide.clone_from(&view.hidden);
        self.query.search = view.search.clone().filter(|search| regex::Regex::new(search).is_ok());
        self.times = TimeColumn::named(&view.times).unwrap_or_default();
        self.fields = FieldsView::named(&view.fields).unwrap_or_default();
        self.hidden_fields.clone_from(&view.hidden_fields);
        (self.wrap, self.query.raw_time, self.query.fold) = (view.wrap, view.raw_time, view.fold);
        self.compose();
    }

    /// Everything that is kept.
    pub fn keep(&self) -> Kept {
        let filter = |filter: &NamedFilter| KeptFilter { name: filter.name.clone(), filter: filter.query.to_string() };
        let bookmark = |mark: &Bookmark| KeptBookmark {
            host: mark.host.as_str().to_owned(),
            source: mark.source.to_string(),
            time: mark.time,
            text: redact::text(&mark.text).into_owned(),
            note: mark.note.clone(),
        };
        Kept {
            last: Some(self.view("")),
            views: self.views.clone(),
            filters: self.named.iter().map(filter).collect(),
            highlights: self.highlights.iter().map(|rule| rule.pattern().to_owned()).collect(),
            bookmarks: self.bookmarks.iter().map(bookmark).collect(),
            searches: self.history.clone(),
        }
    }

    /// Takes up what was kept. Filters of the config come first; one that was kept under the same name is newer.
    pub fn take_up(&mut self, kept: &Kept) {
        for KeptFilter { name, filter } in &kept.filters {
            let Some(query) = read(filter) else { continue };
            let filter = NamedFilter { name: name.clone(), query, on: false };
            match self.named.iter_mut().find(|known| known.name == *name) {
                Some(known) => *known = filter,
                None => self.named.push(filter),
            }
        }
        self.highlights = kept.highlights.iter().filter_map(|text| Highlight::new(text, None).ok()).collect();
        let bookmark = |mark: &KeptBookmark| Bookmark {
            id: None,
            host: mark.host.as_str().into(),
            source: mark.source.as_str().into(),
            time: mark.time,
            text: mark.text.clone(),
            note: mark.note.clone(),
        };
        self.bookmarks = kept.bookmarks.iter().map(bookmark).collect();
        self.history.clone_from(&kept.searches);
        self.views.clone_from(&kept.views);
        if let Some(last) = &kept.last {
            self.put_on(last);
        }
        self.kept = Some(self.keep());
    }

    /// Hides those sources of a window that are to be hidden and have not been seen before; whether there were any.
    pub fn hide_known(&mut self, window: &LogWindow) -> bool {
        if self.to_hide.is_empty() {
            return false;
        }
        let before = self.to_hide.len();
        for source in &window.sources {
            let is =
                |(host, name): &(String, String)| source.source.host.as_str() == host && *source.source.name == **name;
            if let Some(at) = self.to_hide.iter().position(is) {
                self.to_hide.remove(at);
                self.query.filter.hidden.push(source.id);
            }
        }
        self.to_hide.len() < before
    }
}

/// Reads a filter before it is known which fields lines have: what is written like one is one.
fn read(text: &str) -> Option<Query> {
    query::parse(text, |_| true).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::query::Op;

    #[test]
    fn a_view_comes_back_as_it_was_left() {
        let mut logs = LogsState {
            typed: Query::all(vec![Query::field("level", Op::AtLeast, "warn"), Query::text("a=b c")]),
            named: vec![NamedFilter {
                name: "carts".into(),
                query: Query::field("path", Op::Matches, "^/cart"),
                on: true,
            }],
            highlights: vec![Highlight::new("Key.*", None).unwrap()],
            times: TimeColumn::Elapsed,
            fields: FieldsView::Columns,
            wrap: true,
            history: vec!["first".into(), "second".into()],
            ..LogsState::default()
        };
        logs.query.search = Some("Error".into());
        logs.compose();
        logs.views.push(logs.view("the carts"));
        let kept = logs.keep();
        let text = serde_json::to_string(&kept).unwrap();
        let mut again = LogsState::default();
        again.take_up(&serde_json::from_str(&text).unwrap());
        assert_eq!(again.keep(), kept);
        assert_eq!(again.query.filter.query, logs.query.filter.query);
        again.clear_filters();
        again.put_on(&kept.views[0]);
        assert_eq!(again.query.filter.query, logs.query.filter.query, "a view that has a name is put on again");
    }

    #[test]
    fn what_cannot_be_used_is_left_out() {
        let filters = vec![KeptFilter { name: "broken".into(), filter: "(".into() }];
        let last = View { filter: "\"".into(), search: Some("(".into()), times: "odd".into(), ..View::default() };
        let kept = Kept { filters, highlights: vec!["(".into()], last: Some(last), ..Kept::default() };
        let mut logs = LogsState::default();
        logs.take_up(&kept);
        assert!(
            logs.named.is_empty() && logs.highlights.is_empty() && !logs.is_filtered() && logs.query.search.is_none()
        );
    }
}
