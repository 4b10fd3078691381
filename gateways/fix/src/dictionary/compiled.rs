//! A dictionary as messages are checked against it: one look at a table for every field.

use std::fmt;

use super::layout::{Entry, Layout};
use super::tables::Kind;

/// Tags below this have a place in every table; those above are searched for.
const DENSE: usize = 2048;

/// Words of a set of such tags.
const WORDS: usize = DENSE / 64;

/// Fields of one message that can be required: a bit each.
const REQUIRED_MAX: usize = 64;

/// What messages of one version of FIX may hold, venue's changes included.
#[derive(Clone, PartialEq, Eq)]
pub struct Dictionary {
    name: String,
    fields: Map,
    field_types: Vec<Field>,
    messages: Vec<Message>,
    /// By the byte of a type of one byte: its place in `messages`, from 1.
    short_types: Vec<u16>,
    pub(super) groups: Vec<Group>,
}

impl fmt::Debug for Dictionary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Dictionary").field(&self.name).finish()
    }
}

/// A small number for every tag, 0 for most.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Map {
    dense: Vec<u16>,
    /// Ascending.
    sparse: Vec<(u32, u16)>,
}

impl Map {
    fn new(mut pairs: Vec<(u32, u16)>) -> Self {
        pairs.sort_unstable();
        let mut map = Self {
            dense: Vec::new(),
            sparse: Vec::new(),
        };
        for (tag, value) in pairs {
            let at = tag as usize;
            if at >= DENSE {
                map.sparse.push((tag, value));
                continue;
            }
            if map.dense.len() <= at {
                map.dense.resize(at + 1, 0);
            }
            map.dense[at] = value;
        }
        map
    }

    #[inline]
    fn get(&self, tag: u32) -> u16 {
        match self.dense.get(tag as usize) {
            Some(value) => *value,
            None if self.sparse.is_empty() => 0,
            None => {
                let place = self.sparse.binary_search_by_key(&tag, |(tag, _)| *tag);
                place.map_or(0, |place| self.sparse[place].1)
            }
        }
    }
}

/// What a message says of one tag: its section, whether it begins a group, which of the required
/// fields it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule(u16);

impl Rule {
    const GROUP: u16 = 4;

    pub(super) const fn section(self) -> Section {
        match self.0 & 3 {
            0 => Section::None,
            1 => Section::Header,
            2 => Section::Body,
            _ => Section::Trailer,
        }
    }

    pub(super) const fn begins_group(self) -> bool {
        self.0 & Self::GROUP != 0
    }

    /// The field's bit among those that must be there; 0 if it need not.
    pub(super) const fn required(self) -> u64 {
        match self.0 >> 3 {
            0 => 0,
            place => 1 << (place - 1),
        }
    }
}

/// Where a field of a message belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Section {
    /// Nowhere.
    None,
    Header,
    Body,
    Trailer,
}

/// A message type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    msg_type: Vec<u8>,
    name: String,
    rules: Map,
    /// Of header, body and trailer, each ascending; the first have a bit each in `must`.
    required: Vec<u32>,
    pub(super) must: u64,
    /// Counts, and the places of the groups that they begin.
    groups: Vec<(u32, u16)>,
    /// It holds fields of the session's dictionary only.
    pub(super) of_session: bool,
}

impl Message {
    #[inline]
    pub(super) fn rule(&self, tag: u32) -> Rule {
        Rule(self.rules.get(tag))
    }

    /// The first required field whose bit is set.
    pub(super) fn first_of(&self, missing: u64) -> Option<u32> {
        self.required
            .get(missing.trailing_zeros() as usize)
            .copied()
    }

    pub(super) fn group(&self, count: u32) -> Option<u16> {
        let found = self.groups.iter().find(|(tag, _)| *tag == count);
        found.map(|(_, place)| *place)
    }
}

/// A repeating group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// The field that says how many entries follow.
    pub(super) count: u32,
    /// What an entry holds, in its order: the first begins every entry.
    pub(super) order: Vec<u32>,
    tags: Map,
    required: Vec<u32>,
    groups: Vec<(u32, u16)>,
}

impl Group {
    /// A field's place in an entry, from 1; 0 if it has none.
    #[inline]
    pub(super) fn place(&self, tag: u32) -> u16 {
        self.tags.get(tag)
    }

    /// The places of the groups within.
    pub(super) fn groups(&self) -> impl Iterator<Item = u16> {
        self.groups.iter().map(|(_, place)| *place)
    }

    pub(super) fn missing(&self, seen: &Seen) -> Option<u32> {
        let mut required = self.required.iter().copied();
        required.find(|tag| !seen.has(*tag))
    }

    pub(super) fn group(&self, count: u32) -> Option<u16> {
        let found = self.groups.iter().find(|(tag, _)| *tag == count);
        found.map(|(_, place)| *place)
    }
}

/// A field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    name: String,
    pub(super) kind: Kind,
    /// The values of one byte it may have, a bit each.
    pub(super) singles: u128,
    /// All values it may have, ascending; empty for any.
    pub(super) values: Vec<Vec<u8>>,
    /// The session's dictionary defines it.
    pub(super) of_session: bool,
}

impl Dictionary {
    pub(super) fn new(name: &str, layout: &Layout) -> Self {
        let mut made = Self {
            name: name.to_owned(),
            fields: Map::new(
                (1..)
                    .zip(layout.fields.keys())
                    .map(|(ix, tag)| (*tag, ix))
                    .collect(),
            ),
            field_types: Vec::new(),
            messages: Vec::new(),
            short_types: vec![0; 128],
            groups: Vec::new(),
        };
        let mut counts = Vec::new();
        for (msg_type, body) in &layout.messages {
            let sections = [
                (1, &layout.header),
                (2, &body.entries),
                (3, &layout.trailer),
            ];
            let message = made.message_of(msg_type, &body.name, sections, &mut counts);
            made.messages.push(Message {
                of_session: body.of_session,
                ..message
            });
        }
        for (ix, message) in (1..).zip(&made.messages) {
            if let [byte] = *message.msg_type
                && let Some(place) = made.short_types.get_mut(usize::from(byte))
            {
                *place = ix;
            }
        }
        for (tag, field) in &layout.fields {
            let values: Vec<Vec<u8>> = field
                .values
                .iter()
                .map(|value| value.clone().into_bytes())
                .collect();
            let singles = values.iter().filter_map(|value| match **value {
                [byte @ 0..128] => Some(1_u128 << byte),
                _ => None,
            });
            made.field_types.push(Field {
                name: field.name.clone(),
                // FIX 4.2 has no type of its own for the number of entries.
                kind: if counts.contains(tag) {
                    Kind::Uint
                } else {
                    field.kind
                },
                singles: singles.fold(0, |set, bit| set | bit),
                values,
                of_session: field.of_session,
            });
        }
        made
    }

    fn message_of(
        &mut self,
        msg_type: &str,
        name: &str,
        sections: [(u16, &Vec<Entry>); 3],
        counts: &mut Vec<u32>,
    ) -> Message {
        let (mut rules, mut required, mut groups) = (Vec::new(), Vec::new(), Vec::new());
        for (section, entries) in sections {
            let mut entries: Vec<&Entry> = entries.iter().collect();
            entries.sort_by_key(|entry| entry.tag);
            entries.dedup_by_key(|entry| entry.tag);
            for entry in entries {
                let mut rule = section;
                if let Some(of_group) = &entry.group {
                    rule |= Rule::GROUP;
                    groups.push((entry.tag, self.group_of(entry.tag, of_group, counts)));
                }
                if entry.required && required.len() < REQUIRED_MAX {
                    required.push(entry.tag);
                    rule |= u16::try_from(required.len()).unwrap_or(0) << 3;
                }
                rules.push((entry.tag, rule));
            }
        }
        Message {
            msg_type: msg_type.as_bytes().to_vec(),
            name: name.to_owned(),
            rules: Map::new(rules),
            must: 1_u64
                .checked_shl(u32::try_from(required.len()).unwrap_or(u32::MAX))
                .map_or(u64::MAX, |next| next - 1),
            required,
            groups,
            of_session: false,
        }
    }

    /// The place of a group; equal groups share one.
    fn group_of(&mut self, count: u32, entries: &[Entry], counts: &mut Vec<u32>) -> u16 {
        if !counts.contains(&count) {
            counts.push(count);
        }
        let order: Vec<u32> = entries.iter().map(|entry| entry.tag).collect();
        let required = entries.iter().filter(|entry| entry.required);
        let mut group = Group {
            count,
            tags: Map::new(
                (1..)
                    .zip(&order)
                    .map(|(place, tag)| (*tag, place))
                    .collect(),
            ),
            required: required.map(|entry| entry.tag).collect(),
            groups: Vec::new(),
            order,
        };
        for entry in entries {
            if let Some(of_group) = &entry.group {
                let place = self.group_of(entry.tag, of_group, counts);
                group.groups.push((entry.tag, place));
            }
        }
        let known = self.groups.iter().position(|other| *other == group);
        let place = known.unwrap_or_else(|| {
            self.groups.push(group);
            self.groups.len() - 1
        });
        u16::try_from(place).unwrap_or(u16::MAX)
    }

    /// What it is called, e.g. `FIX.4.4`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The name of a field, e.g. `ClOrdID` for 11.
    #[must_use]
    pub fn field_name(&self, tag: u32) -> Option<&str> {
        self.field(tag).map(|field| &*field.name)
    }

    /// The name of a message type, e.g. `NewOrderSingle` for `D`.
    #[must_use]
    pub fn message_name(&self, msg_type: &[u8]) -> Option<&str> {
        self.message(msg_type).map(|message| &*message.name)
    }

    /// The form of a field's values.
    #[must_use]
    pub fn kind(&self, tag: u32) -> Option<Kind> {
        self.field(tag).map(|field| field.kind)
    }

    /// Whether a field stands in the header of every message.
    #[must_use]
    pub fn is_header(&self, tag: u32) -> bool {
        let any = self.messages.first();
        any.is_some_and(|message| message.rule(tag).section() == Section::Header)
    }

    /// Whether a field stands in the trailer of every message.
    #[must_use]
    pub fn is_trailer(&self, tag: u32) -> bool {
        let any = self.messages.first();
        any.is_some_and(|message| message.rule(tag).section() == Section::Trailer)
    }

    #[inline]
    pub(super) fn field(&self, tag: u32) -> Option<&Field> {
        let place = usize::from(self.fields.get(tag));
        self.field_types.get(place.checked_sub(1)?)
    }

    #[inline]
    pub(super) fn message(&self, msg_type: &[u8]) -> Option<&Message> {
        let place = match *msg_type {
            [byte] => usize::from(*self.short_types.get(usize::from(byte))?).checked_sub(1)?,
            _ => self
                .messages
                .binary_search_by(|message| (*message.msg_type).cmp(msg_type))
                .ok()?,
        };
        self.messages.get(place)
    }

    pub(super) fn group(&self, place: u16) -> Option<&Group> {
        self.groups.get(usize::from(place))
    }

    /// The data fields, and of each the length field that must stand before it.
    #[cfg(test)]
    pub(super) fn data_fields(&self) -> Vec<u32> {
        let tags = (1..65_536).filter(|tag| self.kind(*tag) == Some(Kind::Data));
        tags.collect()
    }
}

/// Tags seen so far.
#[derive(Debug)]
pub(super) struct Seen {
    dense: [u64; WORDS],
    /// The first of those above: more than these a message has only to do harm, and their doubles
    /// mean nothing here.
    sparse: [u32; SPARSE_MAX],
    count: usize,
}

/// Tags above [`DENSE`] that are remembered.
const SPARSE_MAX: usize = 32;

impl Seen {
    #[inline]
    pub(super) const fn new() -> Self {
        Self {
            dense: [0; WORDS],
            sparse: [0; SPARSE_MAX],
            count: 0,
        }
    }

    /// Adds `tag`; true if it was there.
    #[inline]
    pub(super) fn add(&mut self, tag: u32) -> bool {
        let bit = 1 << (tag % 64);
        let Some(word) = self.dense.get_mut(tag as usize / 64) else {
            return self.add_sparse(tag);
        };
        let had = *word & bit != 0;
        *word |= bit;
        had
    }

    fn add_sparse(&mut self, tag: u32) -> bool {
        if self.sparse.iter().take(self.count).any(|seen| *seen == tag) {
            return true;
        }
        if let Some(place) = self.sparse.get_mut(self.count) {
            *place = tag;
            self.count += 1;
        }
        false
    }

    fn has(&self, tag: u32) -> bool {
        match self.dense.get(tag as usize / 64) {
            Some(word) => word >> (tag % 64) & 1 == 1,
            None => self.sparse.contains(&tag),
        }
    }
}
