//! What a rule found: where, what, and what to do about it.

use std::fmt;

/// One breach of one rule.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// A file with its line, or a crate.
    pub(crate) place: String,
    /// What is there.
    pub(crate) what: String,
    /// What to do about it.
    pub(crate) remedy: &'static str,
}

impl Finding {
    pub(crate) fn new(
        place: impl Into<String>,
        what: impl Into<String>,
        remedy: &'static str,
    ) -> Self {
        Self {
            place: place.into(),
            what: what.into(),
            remedy,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}. {}", self.place, self.what, self.remedy)
    }
}
