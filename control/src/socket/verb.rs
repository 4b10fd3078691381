//! What may be asked, and how much each request may change.

use serde::Serialize;

/// What a request may change. Permissions and the audit are made from this label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Impact {
    /// Reads only.
    Ro,
    /// Changes something that can be changed back.
    Rw,
    /// Stops or resumes trading, or lets more risk through.
    Danger,
}

impl Impact {
    /// Its label in help texts and configurations.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Ro => "ro",
            Self::Rw => "rw",
            Self::Danger => "danger",
        }
    }

    /// The impact that `label` names.
    #[must_use]
    pub fn parse(label: &str) -> Option<Self> {
        [Self::Ro, Self::Rw, Self::Danger]
            .into_iter()
            .find(|impact| impact.label() == label)
    }
}

/// A row of the table of verbs that a daemon answers.
#[derive(Clone, Copy, Debug)]
pub struct Verb {
    /// What a request calls it.
    pub name: &'static str,
    /// What it may change.
    pub impact: Impact,
    /// What it is for, in one line.
    pub help: &'static str,
}
