//! What the table of hosts is sorted by.

/// Columns that the host table sorts by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortBy {
    /// Config order.
    #[default]
    Config,
    /// Name.
    Name,
    /// Worst state first.
    State,
    /// CPU.
    Cpu,
    /// Memory.
    Mem,
    /// Fullest disk.
    Disk,
    /// Errors per minute.
    Errors,
}

impl SortBy {
    /// Every column, in the order of the table.
    pub const ALL: [Self; 7] = [Self::Config, Self::Name, Self::State, Self::Cpu, Self::Mem, Self::Disk, Self::Errors];

    /// Its name in commands.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Name => "name",
            Self::State => "state",
            Self::Cpu => "cpu",
            Self::Mem => "mem",
            Self::Disk => "disk",
            Self::Errors => "errors",
        }
    }

    /// The column of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.as_str() == name)
    }
}
