//! The versions of FIX that dcx speaks.

use std::sync::{Arc, LazyLock};

use super::agreed::agree;
use super::compiled::Dictionary;
use super::layout::Layout;
use super::{fix42, fix44, fix50sp2, fixt11};

/// A version of FIX: what messages hold, and what they begin with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Version {
    /// FIX 4.2.
    Fix42,
    /// FIX 4.4.
    #[default]
    Fix44,
    /// FIX 5.0 SP2 over FIXT 1.1.
    Fix50Sp2,
}

impl Version {
    /// Every version.
    pub const ALL: [Self; 3] = [Self::Fix42, Self::Fix44, Self::Fix50Sp2];

    /// What it is called: `FIX.4.2`, `FIX.4.4` or `FIX.5.0SP2`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fix42 => "FIX.4.2",
            Self::Fix44 => "FIX.4.4",
            Self::Fix50Sp2 => "FIX.5.0SP2",
        }
    }

    /// `BeginString` (8). From 5.0 on it names the session's protocol, not the version.
    #[must_use]
    pub const fn begin_string(self) -> &'static str {
        match self {
            Self::Fix42 => "FIX.4.2",
            Self::Fix44 => "FIX.4.4",
            Self::Fix50Sp2 => "FIXT.1.1",
        }
    }

    /// `DefaultApplVerID` (1137) of a Logon: which version the application messages are of.
    /// Before FIXT there is none.
    #[must_use]
    pub const fn appl_ver_id(self) -> Option<&'static str> {
        match self {
            Self::Fix42 | Self::Fix44 => None,
            Self::Fix50Sp2 => Some("9"),
        }
    }

    /// The version of this name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.name() == name)
    }

    /// The version whose messages begin with this.
    #[must_use]
    pub fn of_begin_string(begin_string: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|version| version.begin_string() == begin_string)
    }

    /// Its dictionary, with what is agreed beyond it (`docs/protocols/fix.md`). Made once.
    #[must_use]
    pub fn dictionary(self) -> Arc<Dictionary> {
        Arc::clone(self.shared())
    }

    /// As [`dictionary`](Self::dictionary), lent.
    pub(super) fn shared(self) -> &'static Arc<Dictionary> {
        static MADE: [LazyLock<Arc<Dictionary>>; 3] = [
            LazyLock::new(|| Version::Fix42.make()),
            LazyLock::new(|| Version::Fix44.make()),
            LazyLock::new(|| Version::Fix50Sp2.make()),
        ];
        let [fix42, fix44, fix50sp2] = &MADE;
        match self {
            Self::Fix42 => fix42,
            Self::Fix44 => fix44,
            Self::Fix50Sp2 => fix50sp2,
        }
    }

    fn make(self) -> Arc<Dictionary> {
        Arc::new(Dictionary::new(self.name(), &self.layout()))
    }

    pub(super) fn layout(self) -> Layout {
        let mut layout = Layout::default();
        let tables: &[_] = match self {
            Self::Fix42 => &[&fix42::TABLES],
            Self::Fix44 => &[&fix44::TABLES],
            Self::Fix50Sp2 => &[&fixt11::TABLES, &fix50sp2::TABLES],
        };
        for tables in tables {
            layout.add(tables);
        }
        agree(&mut layout);
        layout
    }
}
