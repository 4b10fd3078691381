//! Whether a message holds what FIX 4.4 says it may.

use super::agreed::{fields_agreed, is_agreed};
use super::fix44::{HEADER, TRAILER};
use super::format::{is_listed, is_well_formed};
use super::tables::{Block, Field, Group, Tags, field, message};
use super::{Rejection, SessionRejectReason, Switches};
use crate::Message;
use crate::codec::{Fields, MSG_TYPE};

/// The first tag that users define themselves.
const USER_DEFINED_MIN: u32 = 5000;

/// Deepest repeating group within groups that is followed; FIX 4.4 needs three.
const DEPTH_MAX: usize = 8;

/// Checks a message against its type: fields known and allowed here, once each, in their section,
/// with a value of their type and list; groups as long as they say; nothing required missing.
///
/// # Errors
/// The first rule broken, in the order of the wire; what is missing comes last.
///
/// # Cost
/// One pass, no allocation. Bench: `codec/decode and validate NewOrderSingle`.
pub fn validate(message: &Message<'_>, switches: &Switches) -> Result<(), Rejection> {
    let Some(rules) = self::message(message.msg_type()) else {
        return Err(Rejection::whole(SessionRejectReason::InvalidMsgType));
    };
    let mut walk = Walk {
        fields: message.fields(),
        ahead: None,
        invalid_tag: message.invalid_tag(),
        agreed: fields_agreed(message.msg_type()),
        switches,
    };
    let mut section = Section::Header;
    let mut seen = Tags::NONE;
    while let Some((tag, value)) = walk.next() {
        section = section_of(tag, section, switches)?;
        let block = match section {
            Section::Header => &HEADER,
            Section::Body => &rules.body,
            Section::Trailer => &TRAILER,
        };
        // Where order is not checked, a header field may stand in the body.
        let block = if HEADER.tags.has(tag) { &HEADER } else { block };
        walk.take(tag, value, block, &mut seen, 0)?;
    }
    for block in [&HEADER, &rules.body, &TRAILER] {
        require(block, &seen)?;
    }
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    Header,
    Body,
    Trailer,
}

/// The section that a field is in, coming behind one of section `now`.
fn section_of(tag: u32, now: Section, switches: &Switches) -> Result<Section, Rejection> {
    let natural = if HEADER.tags.has(tag) {
        Section::Header
    } else if TRAILER.tags.has(tag) {
        Section::Trailer
    } else {
        Section::Body
    };
    if natural < now && switches.order_checked {
        return Err(Rejection::of(SessionRejectReason::OutOfOrder, tag));
    }
    Ok(natural.max(now))
}

fn require(block: &Block, seen: &Tags) -> Result<(), Rejection> {
    let missing = block
        .required
        .iter()
        .map(|tag| u32::from(*tag))
        .find(|tag| !seen.has(*tag));
    match missing {
        Some(tag) => Err(Rejection::of(SessionRejectReason::RequiredTagMissing, tag)),
        None => Ok(()),
    }
}

/// The fields of a message, with one of look-ahead for the ends of groups.
struct Walk<'m, 'a, 's> {
    fields: Fields<'m, 'a>,
    ahead: Option<(u32, &'a [u8])>,
    invalid_tag: Option<i64>,
    /// Fields that this type may have besides.
    agreed: &'static [u32],
    switches: &'s Switches,
}

impl<'a> Walk<'_, 'a, '_> {
    fn next(&mut self) -> Option<(u32, &'a [u8])> {
        self.ahead.take().or_else(|| self.fields.next())
    }

    /// Takes the next field if it is one that `wanted` wants.
    fn next_if(&mut self, wanted: impl Fn(u32) -> bool) -> Option<(u32, &'a [u8])> {
        let (tag, value) = self.next()?;
        if wanted(tag) {
            return Some((tag, value));
        }
        self.ahead = Some((tag, value));
        None
    }

    /// Checks one field of `block`, and the group that it begins, if it does.
    fn take(
        &mut self,
        tag: u32,
        value: &[u8],
        block: &Block,
        seen: &mut Tags,
        depth: usize,
    ) -> Result<(), Rejection> {
        if tag == 0 {
            return Err(Rejection {
                reason: SessionRejectReason::InvalidTagNumber,
                ref_tag: self.invalid_tag,
            });
        }
        if seen.add(tag) {
            return Err(Rejection::of(SessionRejectReason::RepeatedTag, tag));
        }
        if value.is_empty() {
            return Err(Rejection::of(SessionRejectReason::NoValue, tag));
        }
        let Some(field) = field(tag) else {
            return self.unknown(tag);
        };
        self.check_value(field, tag, value)?;
        let allowed = self.switches.unknown_allowed || self.agreed.contains(&tag);
        if !block.tags.has(tag) && !allowed {
            return Err(Rejection::of(SessionRejectReason::TagNotDefined, tag));
        }
        match block.group(tag) {
            Some(group) => self.take_group(group, value, depth),
            None => Ok(()),
        }
    }

    fn unknown(&self, tag: u32) -> Result<(), Rejection> {
        let allowed = self.switches.unknown_allowed
            || self.is_user_defined(tag)
            || self.agreed.contains(&tag);
        match allowed {
            true => Ok(()),
            false => Err(Rejection::of(SessionRejectReason::InvalidTagNumber, tag)),
        }
    }

    const fn is_user_defined(&self, tag: u32) -> bool {
        self.switches.user_defined_allowed && tag >= USER_DEFINED_MIN
    }

    fn check_value(&self, field: &Field, tag: u32, value: &[u8]) -> Result<(), Rejection> {
        if !is_well_formed(field, value) {
            return Err(Rejection::of(SessionRejectReason::IncorrectFormat, tag));
        }
        // The type of the message has been looked up.
        if self.switches.values_checked
            && tag != MSG_TYPE
            && !is_listed(field, value)
            && !is_agreed(tag, value)
        {
            return Err(Rejection::of(SessionRejectReason::IncorrectValue, tag));
        }
        Ok(())
    }

    /// Checks the entries of a group: as many as its count says, each begun by its first field.
    fn take_group(&mut self, group: &Group, count: &[u8], depth: usize) -> Result<(), Rejection> {
        let wrong = Rejection::of(SessionRejectReason::GroupCount, u32::from(group.count));
        if depth >= DEPTH_MAX {
            return Err(wrong);
        }
        let first = u32::from(group.first);
        let user_defined = self.switches.user_defined_allowed;
        let mut entries: u64 = 0;
        while let Some((tag, value)) = self.next_if(|tag| tag == first) {
            entries += 1;
            let mut seen = Tags::NONE;
            self.take(tag, value, &group.entry, &mut seen, depth + 1)?;
            // A user-defined field behind a field of the entry is the entry's.
            while let Some((tag, value)) = self.next_if(|tag| {
                let is_ours = user_defined && tag >= USER_DEFINED_MIN;
                tag != first && (is_ours || group.entry.tags.has(tag))
            }) {
                self.take(tag, value, &group.entry, &mut seen, depth + 1)?;
            }
            require(&group.entry, &seen)?;
        }
        let said = count.iter().try_fold(0_u64, |sum, byte| {
            sum.checked_mul(10)?.checked_add(u64::from(byte - b'0'))
        });
        match said == Some(entries) {
            true => Ok(()),
            false => Err(wrong),
        }
    }
}
