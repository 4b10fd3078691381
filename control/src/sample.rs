//! What a monitor is shown, independent of who counted it.

/// Whether a value only grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Counts since the process started.
    Count,
    /// Stands as it is now.
    Gauge,
}

/// One value at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Its name; what a metric's name may not hold becomes `_`, and `dcx_` stands before it.
    pub name: String,
    /// What it means, in one line.
    pub help: String,
    /// What tells it from others of its name.
    pub labels: Vec<(String, String)>,
    /// Whether it only grows.
    pub kind: Kind,
    /// The value.
    pub value: u64,
}

impl Sample {
    /// A value without labels.
    #[must_use]
    pub fn new(name: &str, help: &str, kind: Kind, value: u64) -> Self {
        Self {
            name: name.to_owned(),
            help: help.to_owned(),
            labels: Vec::new(),
            kind,
            value,
        }
    }

    /// The same with one more label.
    #[must_use]
    pub fn with(mut self, label: &str, value: &str) -> Self {
        self.labels.push((label.to_owned(), value.to_owned()));
        self
    }
}

/// Whether the process does what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// It does; the text says in what state.
    Well(String),
    /// It does not; the text says why.
    Ill(String),
}
