//! The form of the generated tables, and look-ups in them.

use super::fix44::{FIELD_IX, FIELDS, GROUPS, MESSAGES, TAG_WORDS};

/// A set of tags, one bit each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tags(pub(super) [u64; TAG_WORDS]);

impl Tags {
    pub(super) const NONE: Self = Self([0; TAG_WORDS]);

    #[inline]
    pub(super) fn has(&self, tag: u32) -> bool {
        self.word(tag)
            .is_some_and(|word| word >> (tag % 64) & 1 == 1)
    }

    /// Adds `tag`; true if it was there. A tag beyond the tables is never there.
    #[inline]
    pub(super) fn add(&mut self, tag: u32) -> bool {
        let Some(word) = self.0.get_mut(tag as usize / 64) else {
            return false;
        };
        let had = *word >> (tag % 64) & 1 == 1;
        *word |= 1 << (tag % 64);
        had
    }

    #[inline]
    fn word(&self, tag: u32) -> Option<u64> {
        self.0.get(tag as usize / 64).copied()
    }
}

/// What a header, a body, a trailer or one entry of a group may hold.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) tags: Tags,
    /// Ascending.
    pub(super) required: &'static [u16],
    /// Indices into [`GROUPS`].
    pub(super) groups: &'static [u16],
}

/// A message type.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) msg_type: &'static [u8],
    pub(super) name: &'static str,
    pub(super) body: Block,
}

/// A repeating group.
#[derive(Debug)]
pub(super) struct Group {
    /// The field that says how many entries follow.
    pub(super) count: u16,
    /// The field that begins every entry.
    pub(super) first: u16,
    pub(super) entry: Block,
}

/// A field.
#[derive(Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// The values of one byte it may have, a bit each.
    pub(super) singles: u128,
    /// All values it may have, ascending; empty for any.
    pub(super) values: &'static [&'static [u8]],
}

/// The data types of FIX 4.4 vol. 1, as far as their form differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Char,
    Boolean,
    Float,
    Int,
    Uint,
    Multiple,
    UtcTimestamp,
    UtcTimeOnly,
    Date,
}

pub(super) fn field(tag: u32) -> Option<&'static Field> {
    let ix = *FIELD_IX.get(tag as usize)?;
    FIELDS.get(usize::from(ix).checked_sub(1)?)
}

pub(super) fn message(msg_type: &[u8]) -> Option<&'static Message> {
    let ix = MESSAGES
        .binary_search_by(|message| message.msg_type.cmp(msg_type))
        .ok()?;
    Some(&MESSAGES[ix])
}

impl Block {
    /// The group that `count` begins in this block.
    pub(super) fn group(&self, count: u32) -> Option<&'static Group> {
        self.groups().find(|group| u32::from(group.count) == count)
    }

    /// The groups that begin in this block.
    pub(super) fn groups(&self) -> impl Iterator<Item = &'static Group> {
        self.groups.iter().map(|ix| &GROUPS[usize::from(*ix)])
    }
}
