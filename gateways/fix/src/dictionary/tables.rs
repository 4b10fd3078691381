//! The form of the generated tables: layouts and fields as FIX publishes them.

/// The dictionary of one version, as its file has it.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) header: &'static [Item],
    pub(super) trailer: &'static [Item],
    pub(super) messages: &'static [Message],
    /// Layouts that several messages share; [`Item::C`] and [`Item::RC`] are places in it.
    pub(super) components: &'static [Component],
    /// Ascending by tag.
    pub(super) fields: &'static [Field],
}

/// A message type.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) msg_type: &'static str,
    pub(super) name: &'static str,
    pub(super) items: &'static [Item],
}

/// A layout within layouts.
#[derive(Debug)]
pub(super) struct Component {
    #[expect(dead_code, reason = "for those who read the tables")]
    pub(super) name: &'static str,
    pub(super) items: &'static [Item],
}

/// What stands in a layout. The names are short: there are thousands.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item {
    /// A field that may be there.
    O(u16),
    /// A required field.
    R(u16),
    /// A repeating group that may be there: its count, and what an entry holds, first field first.
    G(u16, &'static [Self]),
    /// A required group.
    RG(u16, &'static [Self]),
    /// A component, of which nothing is required.
    C(u16),
    /// A component, of which is required what it requires.
    RC(u16),
}

/// A field.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) tag: u16,
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// All values it may have, ascending; empty for any.
    pub(super) values: &'static [&'static str],
}

/// A field in one line.
pub(super) const fn field(
    tag: u16,
    name: &'static str,
    kind: Kind,
    values: &'static [&'static str],
) -> Field {
    Field {
        tag,
        name,
        kind,
        values,
    }
}

/// The data types of FIX, as far as their form differs (FIX 4.4 vol. 1, "Data types").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Anything.
    Text,
    /// One character.
    Char,
    /// `Y` or `N`.
    Boolean,
    /// A decimal with an optional minus.
    Float,
    /// A whole number with an optional minus.
    Int,
    /// A whole number: a length, a sequence number, a number of entries.
    Uint,
    /// Several values with blanks between.
    Multiple,
    /// A date with a time, UTC.
    UtcTimestamp,
    /// A time, UTC.
    UtcTimeOnly,
    /// A date.
    Date,
    /// Any bytes, as many as the field before says.
    Data,
}
