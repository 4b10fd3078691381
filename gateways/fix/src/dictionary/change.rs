//! What a venue has otherwise: changes that make a dictionary of its own from that of a version.

use super::Dictionary;
use super::layout::{Body, Entry, FieldType, Layout};
use super::tables::Kind;
use super::version::Version;
use crate::codec::data_field_of;

/// The largest tag that a field may have.
const TAG_MAX: u32 = 0x7fff_ffff;

/// Fields that hold every message together: the codec itself needs them where they are.
const FRAME: [u32; 4] = [8, 9, 10, 35];

/// Where a field stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the header of every message.
    Header,
    /// In the trailer of every message.
    Trailer,
    /// In the messages of this type (35).
    Message(String),
}

/// One change. They are made one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// There is a field, of this name and form; `values` lists all it may have, or is empty. A
    /// field that the version has is put in another's place.
    Field {
        /// Its tag.
        tag: u32,
        /// Its name.
        name: String,
        /// The form of its values.
        kind: Kind,
        /// All values it may have; empty for any.
        values: Vec<String>,
    },
    /// A field may have more values, or fewer.
    Values {
        /// Its tag.
        tag: u32,
        /// Values that it may have besides.
        add: Vec<String>,
        /// Values that it may not have.
        remove: Vec<String>,
    },
    /// There is a message of this type. One that the version has is put in another's place.
    Message {
        /// `MsgType` (35).
        msg_type: String,
        /// Its name.
        name: String,
    },
    /// A field may stand here, and need not.
    Optional {
        /// Where.
        place: Place,
        /// Its tag.
        tag: u32,
    },
    /// A field must stand here.
    Required {
        /// Where.
        place: Place,
        /// Its tag.
        tag: u32,
    },
    /// A field may not stand here.
    Removed {
        /// Where.
        place: Place,
        /// Its tag.
        tag: u32,
    },
    /// A repeating group may stand here. One that the version has here is put in another's place.
    Group {
        /// Where.
        place: Place,
        /// The field that says how many entries follow.
        count: u32,
        /// What an entry holds, in this order; the first begins every entry and must be there.
        fields: Vec<u32>,
        /// Which of these must be there.
        required: Vec<u32>,
    },
}

/// Why a change cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeFault {
    /// No field can have this tag.
    #[error("{tag} is no tag: tags are 1 to 2147483647")]
    Tag {
        /// What it says.
        tag: u32,
    },
    /// The field is none of the version, and no earlier change makes it one.
    #[error("no field {tag} is known; define it first")]
    UnknownField {
        /// Its tag.
        tag: u32,
    },
    /// The message type is none of the version, and no earlier change makes it one.
    #[error("no message type {msg_type:?} is known; define it first")]
    UnknownMessage {
        /// The type.
        msg_type: String,
    },
    /// A message type that cannot stand in a field, or no name.
    #[error("{msg_type:?} is no message type: one to eight letters and digits, with a name")]
    MessageType {
        /// What it says.
        msg_type: String,
    },
    /// What is to be taken away is not there.
    #[error("field {tag} does not stand there")]
    NotThere {
        /// Its tag.
        tag: u32,
    },
    /// Without these fields nothing is a message.
    #[error("field {tag} frames every message and cannot be changed")]
    Frame {
        /// Its tag.
        tag: u32,
    },
    /// A data field whose length field FIX does not know: its end could not be found.
    #[error("field {tag} cannot hold data: FIX names no field for its length")]
    Data {
        /// Its tag.
        tag: u32,
    },
    /// A group without fields, or one that holds its own count or a field twice.
    #[error("group {count} needs fields, each once, and not its own count")]
    Group {
        /// Its count.
        count: u32,
    },
    /// A required field that is none of the group.
    #[error("field {tag} is required in group {count} and not one of its fields")]
    NotInGroup {
        /// Its tag.
        tag: u32,
        /// The group's count.
        count: u32,
    },
}

impl Dictionary {
    /// The dictionary of `version` with these changes.
    ///
    /// # Errors
    /// Every change that cannot be made, by its place in `changes`.
    pub fn with_changes(
        version: Version,
        name: &str,
        changes: &[Change],
    ) -> Result<Self, Vec<(usize, ChangeFault)>> {
        let mut layout = version.layout();
        let mut wrong = Vec::new();
        for (ix, change) in changes.iter().enumerate() {
            if let Err(fault) = layout.change(change) {
                wrong.push((ix, fault));
            }
        }
        match wrong.is_empty() {
            true => Ok(Self::new(name, &layout)),
            false => Err(wrong),
        }
    }
}

impl Layout {
    fn change(&mut self, change: &Change) -> Result<(), ChangeFault> {
        match change {
            Change::Field {
                tag,
                name,
                kind,
                values,
            } => {
                changeable(*tag)?;
                let known = self.fields.get(tag).map(|field| field.kind);
                let has_length =
                    (1..*tag).any(|length| data_field_of(length) == Some(*tag)) || *tag == 89;
                if *kind == Kind::Data && known != Some(Kind::Data) && !has_length {
                    return Err(ChangeFault::Data { tag: *tag });
                }
                let field = FieldType {
                    name: name.clone(),
                    kind: *kind,
                    values: values.iter().cloned().collect(),
                    of_session: false,
                };
                self.fields.insert(*tag, field);
            }
            Change::Values { tag, add, remove } => {
                let field = self.fields.get_mut(tag);
                let field = field.ok_or(ChangeFault::UnknownField { tag: *tag })?;
                field.values.extend(add.iter().cloned());
                field.values.retain(|value| !remove.contains(value));
            }
            Change::Message { msg_type, name } => {
                let fits = (1..=8).contains(&msg_type.len())
                    && msg_type.bytes().all(|byte| byte.is_ascii_alphanumeric());
                if !fits || name.is_empty() {
                    let msg_type = msg_type.clone();
                    return Err(ChangeFault::MessageType { msg_type });
                }
                let body = Body {
                    name: name.clone(),
                    entries: Vec::new(),
                    of_session: false,
                };
                self.messages.insert(msg_type.clone(), body);
            }
            Change::Optional { place, tag } => self.put(place, *tag, false)?,
            Change::Required { place, tag } => self.put(place, *tag, true)?,
            Change::Removed { place, tag } => {
                changeable(*tag)?;
                let entries = self.entries(place)?;
                let before = entries.len();
                entries.retain(|entry| entry.tag != *tag);
                if entries.len() == before {
                    return Err(ChangeFault::NotThere { tag: *tag });
                }
            }
            Change::Group {
                place,
                count,
                fields,
                required,
            } => self.put_group(place, *count, fields, required)?,
        }
        Ok(())
    }

    fn put(&mut self, place: &Place, tag: u32, required: bool) -> Result<(), ChangeFault> {
        changeable(tag)?;
        self.known(tag)?;
        let entries = self.entries(place)?;
        match entries.iter_mut().find(|entry| entry.tag == tag) {
            Some(entry) => entry.required = required,
            None => entries.push(Entry {
                required,
                ..Entry::optional(tag)
            }),
        }
        Ok(())
    }

    fn put_group(
        &mut self,
        place: &Place,
        count: u32,
        fields: &[u32],
        required: &[u32],
    ) -> Result<(), ChangeFault> {
        changeable(count)?;
        self.known(count)?;
        for (at, tag) in fields.iter().enumerate() {
            changeable(*tag)?;
            self.known(*tag)?;
            if *tag == count || fields[..at].contains(tag) {
                return Err(ChangeFault::Group { count });
            }
        }
        if let Some(tag) = required.iter().find(|tag| !fields.contains(tag)) {
            return Err(ChangeFault::NotInGroup { tag: *tag, count });
        }
        let Some(first) = fields.first() else {
            return Err(ChangeFault::Group { count });
        };
        let entry = |tag: &u32| Entry {
            required: tag == first || required.contains(tag),
            ..Entry::optional(*tag)
        };
        let group = fields.iter().map(entry).collect();
        let entries = self.entries(place)?;
        let was_required = entries
            .iter()
            .any(|entry| entry.tag == count && entry.required);
        entries.retain(|entry| entry.tag != count);
        entries.push(Entry {
            tag: count,
            required: was_required,
            group: Some(group),
        });
        Ok(())
    }

    fn known(&self, tag: u32) -> Result<(), ChangeFault> {
        let known = self.fields.contains_key(&tag);
        known.then_some(()).ok_or(ChangeFault::UnknownField { tag })
    }

    fn entries(&mut self, place: &Place) -> Result<&mut Vec<Entry>, ChangeFault> {
        match place {
            Place::Header => Ok(&mut self.header),
            Place::Trailer => Ok(&mut self.trailer),
            Place::Message(msg_type) => match self.messages.get_mut(msg_type) {
                Some(body) => Ok(&mut body.entries),
                None => Err(ChangeFault::UnknownMessage {
                    msg_type: msg_type.clone(),
                }),
            },
        }
    }
}

fn changeable(tag: u32) -> Result<(), ChangeFault> {
    match tag {
        1..=TAG_MAX if FRAME.contains(&tag) => Err(ChangeFault::Frame { tag }),
        1..=TAG_MAX => Ok(()),
        _ => Err(ChangeFault::Tag { tag }),
    }
}
