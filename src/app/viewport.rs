//! What `update` has to know of the layout: how much fits, and what is where.

use ratatui::layout::Rect;

use super::board::Pane;
use super::state::{OverviewPane, Tab};
use crate::domain::host::HostName;
use crate::domain::log::SourceId;
use crate::domain::log_view::RowId;

/// The least terminal that is drawn on, in columns and rows.
pub const LEAST: (u16, u16) = (60, 15);

/// Whether a terminal of this size is drawn on.
pub fn is_drawn(size: (u16, u16)) -> bool {
    size.0 >= LEAST.0 && size.1 >= LEAST.1
}

/// How much fits on the screen as it is now laid out. Measured by the layout, given to `update` when it changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Viewport {
    /// Rows of the table or list that has the keys (hosts, services, the sidebar of sources).
    pub list_rows: usize,
    /// Rows of the log stream.
    pub log_rows: usize,
    /// Columns of the log stream's text.
    pub log_columns: usize,
    /// Columns of the histogram over the stream; 0: none.
    pub histogram: usize,
    /// Rows of the page that scrolls as a whole: a host's page, or the help.
    pub page_rows: usize,
    /// Lines that page has in all.
    pub page_lines: usize,
}

/// Something on the screen that the mouse can point at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// The name of a tab.
    Tab(Tab),
    /// A row of a host.
    Host(HostName),
    /// A row of a service, by name and environment.
    Service(String, String),
    /// A row of an alert or an error on the Overview, by its id.
    Glance(OverviewPane, String),
    /// A row of a list, by its id.
    Item(Pane, String),
    /// The title of a pane.
    Pane(Pane),
    /// A row of the log stream.
    Row(RowId),
    /// A source in the sidebar.
    Source(SourceId),
    /// The header of a column of the host table.
    Column(super::state::SortBy),
    /// A completion of the command line, by its index.
    Completion(usize),
    /// A row of a list to pick from, by its id.
    Picked(String),
    /// A column of the histogram: its beginning, in seconds since the epoch.
    Time(i64),
    /// A banner, by its index.
    Banner(usize),
    /// The pane itself, for the wheel.
    Stream,
    /// The sidebar itself, for the wheel.
    Sidebar,
}

/// The layout of one screen: what fits and what is where. Later regions lie over earlier ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Regions {
    /// How much fits.
    pub viewport: Viewport,
    /// What is where.
    pub targets: Vec<(Rect, Target)>,
}

impl Regions {
    /// What is at this cell.
    pub fn at(&self, column: u16, row: u16) -> Option<&Target> {
        let inside = |area: &Rect| area.contains(ratatui::layout::Position { x: column, y: row });
        self.targets.iter().rev().find(|(area, _)| inside(area)).map(|(_, target)| target)
    }
}
