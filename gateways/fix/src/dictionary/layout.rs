//! A dictionary that can still be changed: layouts with their components written out.

use std::collections::{BTreeMap, BTreeSet};

use super::tables::{Item, Kind, Tables};

/// What messages may hold.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout {
    pub(super) header: Vec<Entry>,
    pub(super) trailer: Vec<Entry>,
    pub(super) messages: BTreeMap<String, Body>,
    pub(super) fields: BTreeMap<u32, FieldType>,
}

/// A message type.
#[derive(Clone, Debug, Default)]
pub(super) struct Body {
    pub(super) name: String,
    pub(super) entries: Vec<Entry>,
    /// It is of the session, as its dictionary has it; before FIXT one dictionary has both.
    pub(super) of_session: bool,
}

/// A field at its place.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) tag: u32,
    pub(super) required: bool,
    /// What follows so many times as this field says.
    pub(super) group: Option<Vec<Self>>,
}

/// A field.
#[derive(Clone, Debug)]
pub(super) struct FieldType {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// Empty for any.
    pub(super) values: BTreeSet<String>,
    /// The dictionary of the session defines it.
    pub(super) of_session: bool,
}

impl Entry {
    pub(super) const fn optional(tag: u32) -> Self {
        Self {
            tag,
            required: false,
            group: None,
        }
    }
}

impl Layout {
    /// What `tables` say, on top of what is there: of FIX 5.0 on, session and application
    /// messages are of two dictionaries.
    pub(super) fn add(&mut self, tables: &Tables) {
        // The session's comes first.
        let of_session = self.messages.is_empty();
        for field in tables.fields {
            let values = field.values.iter().map(|value| (*value).to_owned());
            let known = self.fields.entry(u32::from(field.tag));
            let known = known.or_insert_with(|| FieldType {
                name: field.name.to_owned(),
                kind: field.kind,
                values: BTreeSet::new(),
                of_session,
            });
            known.values.extend(values);
        }
        self.header.extend(entries(tables, tables.header, true));
        self.trailer.extend(entries(tables, tables.trailer, true));
        for message in tables.messages {
            let body = Body {
                name: message.name.to_owned(),
                entries: entries(tables, message.items, true),
                of_session,
            };
            self.messages.insert(message.msg_type.to_owned(), body);
        }
    }

    /// The entries of a message's group may hold a field, if it is one of this version.
    pub(super) fn allow_in_group(&mut self, msg_type: &str, group: u32, tag: u32) {
        let known = self.fields.contains_key(&tag);
        let body = self.messages.get_mut(msg_type);
        let counted = body.and_then(|body| body.entries.iter_mut().find(|it| it.tag == group));
        if let (Some(entries), true) = (counted.and_then(|it| it.group.as_mut()), known)
            && !entries.iter().any(|entry| entry.tag == tag)
        {
            entries.push(Entry::optional(tag));
        }
    }

    /// A message of this type may hold a field, if it is one of this version.
    pub(super) fn allow(&mut self, msg_type: &str, tag: u32) {
        let known = self.fields.contains_key(&tag);
        if let Some(body) = self.messages.get_mut(msg_type)
            && known
            && !body.entries.iter().any(|entry| entry.tag == tag)
        {
            body.entries.push(Entry::optional(tag));
        }
    }
}

/// Items with components written out. What an optional component requires is optional.
fn entries(tables: &Tables, items: &[Item], all_required: bool) -> Vec<Entry> {
    let mut out = Vec::new();
    for item in items {
        let (tag, required, group) = match *item {
            Item::O(tag) => (tag, false, None),
            Item::R(tag) => (tag, true, None),
            Item::G(tag, items) => (tag, false, Some(items)),
            Item::RG(tag, items) => (tag, true, Some(items)),
            Item::C(place) | Item::RC(place) => {
                let required = all_required && matches!(item, Item::RC(_));
                if let Some(component) = tables.components.get(usize::from(place)) {
                    out.extend(entries(tables, component.items, required));
                }
                continue;
            }
        };
        out.push(Entry {
            tag: u32::from(tag),
            required: required && all_required,
            group: group.map(|items| entries(tables, items, true)),
        });
    }
    out
}
