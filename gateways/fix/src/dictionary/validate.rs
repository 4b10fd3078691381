//! Whether a message holds what its dictionary says it may.

use super::agreed::is_agreed;
use super::compiled::{Dictionary, Field, Group, Section, Seen};
use super::format::{is_listed, is_well_formed};
use super::{Rejection, SessionRejectReason, Switches, Version};
use crate::Message;
use crate::codec::{Fields, MSG_TYPE};

/// The first tag that users define themselves.
const USER_DEFINED_MIN: u32 = 5000;

/// Deepest repeating group within groups that is followed; FIX needs three.
const DEPTH_MAX: usize = 8;

/// As [`Dictionary::validate`] with that of FIX 4.4.
///
/// # Errors
/// The first rule broken.
pub fn validate(message: &Message<'_>, switches: &Switches) -> Result<(), Rejection> {
    Version::Fix44.shared().validate(message, switches)
}

impl Dictionary {
    /// Checks a message against its type: fields known and allowed here, once each, in their
    /// section, with a value of their type and list; groups as long as they say; nothing required
    /// missing.
    ///
    /// # Errors
    /// The first rule broken, in the order of the wire; what is missing comes last.
    ///
    /// # Cost
    /// One pass, no allocation. Bench: `codec/decode and validate NewOrderSingle`.
    pub fn validate(&self, message: &Message<'_>, switches: &Switches) -> Result<(), Rejection> {
        let Some(rules) = self.message(message.msg_type()) else {
            return Err(Rejection::whole(SessionRejectReason::InvalidMsgType));
        };
        let mut walk = Walk {
            dictionary: self,
            fields: message.fields(),
            ahead: None,
            invalid_tag: message.invalid_tag(),
            of_session: rules.of_session,
            switches,
        };
        let mut now = Section::Header;
        let mut seen = Seen::new();
        let mut missing = rules.must;
        while let Some((tag, value)) = walk.next() {
            let rule = rules.rule(tag);
            let section = match rule.section() {
                // What has no place is taken for one of the body.
                Section::None => Section::Body,
                section @ (Section::Header | Section::Body | Section::Trailer) => section,
            };
            if section < now {
                if switches.order_checked && tag != 0 {
                    return Err(Rejection::of(SessionRejectReason::OutOfOrder, tag));
                }
            } else {
                now = section;
            }
            let here = rule.section() != Section::None;
            walk.take(tag, value, here, &mut seen)?;
            missing &= !rule.required();
            if rule.begins_group()
                && let Some(group) = rules.group(tag).and_then(|place| self.group(place))
            {
                walk.take_group(group, value, 0)?;
            }
        }
        match rules.first_of(missing) {
            Some(tag) if missing != 0 => {
                Err(Rejection::of(SessionRejectReason::RequiredTagMissing, tag))
            }
            Some(_) | None => Ok(()),
        }
    }
}

/// The fields of a message, with one of look-ahead for the ends of groups.
struct Walk<'m, 'a, 's> {
    dictionary: &'s Dictionary,
    fields: Fields<'m, 'a>,
    ahead: Option<(u32, &'a [u8])>,
    invalid_tag: Option<i64>,
    /// The message is of the session.
    of_session: bool,
    switches: &'s Switches,
}

impl<'a> Walk<'_, 'a, '_> {
    #[inline]
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

    /// Checks one field; `here` says whether it belongs where it is.
    #[inline]
    fn take(&self, tag: u32, value: &[u8], here: bool, seen: &mut Seen) -> Result<(), Rejection> {
        if tag == 0 {
            return Err(Rejection {
                reason: SessionRejectReason::InvalidTagNumber,
                ref_tag: self.invalid_tag,
            });
        }
        if seen.add(tag) {
            return Err(Rejection::of(SessionRejectReason::RepeatedTag, tag));
        }
        if value.is_empty() && self.switches.empty_refused {
            return Err(Rejection::of(SessionRejectReason::NoValue, tag));
        }
        let Some(field) = self.dictionary.field(tag) else {
            return self.unknown(tag);
        };
        // A message of the session knows the fields of FIXT alone.
        if !here && self.of_session && !field.of_session {
            return self.unknown(tag);
        }
        if !value.is_empty() {
            self.check_value(field, tag, value)?;
        }
        if !here && !self.switches.unknown_allowed {
            return Err(Rejection::of(SessionRejectReason::TagNotDefined, tag));
        }
        Ok(())
    }

    fn unknown(&self, tag: u32) -> Result<(), Rejection> {
        match self.switches.unknown_allowed || self.is_user_defined(tag) {
            true => Ok(()),
            false => Err(Rejection::of(SessionRejectReason::InvalidTagNumber, tag)),
        }
    }

    const fn is_user_defined(&self, tag: u32) -> bool {
        self.switches.user_defined_allowed && tag >= USER_DEFINED_MIN
    }

    #[inline]
    fn check_value(&self, field: &Field, tag: u32, value: &[u8]) -> Result<(), Rejection> {
        if !is_well_formed(field.kind, value) {
            return Err(Rejection::of(SessionRejectReason::IncorrectFormat, tag));
        }
        // The type of the message has been looked up.
        if self.switches.values_checked
            && !field.values.is_empty()
            && !is_listed(field, value)
            && tag != MSG_TYPE
            && !is_agreed(tag, value)
        {
            return Err(Rejection::of(SessionRejectReason::IncorrectValue, tag));
        }
        Ok(())
    }

    /// Checks the entries of a group: as many as its count says, each begun by its first field.
    fn take_group(&mut self, group: &Group, count: &[u8], depth: usize) -> Result<(), Rejection> {
        let wrong = Rejection::of(SessionRejectReason::GroupCount, group.count);
        let begin = self.fields.clone();
        let Some(first) = group.order.first().copied().filter(|_| depth < DEPTH_MAX) else {
            return Err(wrong);
        };
        let said = count.iter().try_fold(0_u64, |sum, byte| {
            let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
            sum.checked_mul(10)?.checked_add(digit)
        });
        let mut entries: u64 = 0;
        while let Some((tag, value)) = self.next_if(|tag| tag == first) {
            entries += 1;
            if let Err(rejection) = self.take_entry(group, tag, value, depth) {
                // Of entries that are not as many as they should be none need be looked into.
                let right = said == Some(self.entries_of(group, begin));
                return Err(if right { rejection } else { wrong });
            }
        }
        match said == Some(entries) {
            true => Ok(()),
            false => Err(wrong),
        }
    }

    /// How many entries of a group begin in the run of its fields, right or wrong.
    #[cold]
    fn entries_of(&self, group: &Group, fields: Fields<'_, '_>) -> u64 {
        let run = fields
            .map(|(tag, _)| tag)
            .take_while(|tag| self.is_user_defined(*tag) || self.holds(group, *tag, 0));
        run.map(|tag| u64::from(group.order.first() == Some(&tag)))
            .sum()
    }

    /// Whether a field is one of a group, or of a group within it.
    fn holds(&self, group: &Group, tag: u32, depth: usize) -> bool {
        let mut within = group.groups().filter_map(|ix| self.dictionary.group(ix));
        group.place(tag) != 0
            || depth < DEPTH_MAX && within.any(|group| self.holds(group, tag, depth + 1))
    }

    /// Checks the entry that begins with the field `tag`.
    fn take_entry(
        &mut self,
        group: &Group,
        tag: u32,
        value: &[u8],
        depth: usize,
    ) -> Result<(), Rejection> {
        let user_defined = self.switches.user_defined_allowed;
        let mut seen = Seen::new();
        let mut place = 0;
        let mut next = Some((tag, value));
        while let Some((tag, value)) = next {
            let own = group.place(tag);
            self.take(tag, value, own != 0, &mut seen)?;
            if own != 0 && own < place && self.switches.group_order_checked {
                return Err(Rejection::of(SessionRejectReason::GroupOutOfOrder, tag));
            }
            place = place.max(own);
            if let Some(within) = group.group(tag).and_then(|ix| self.dictionary.group(ix)) {
                self.take_group(within, value, depth + 1)?;
            }
            // A user-defined field behind a field of the entry is the entry's.
            next = self.next_if(|tag| {
                let is_ours = user_defined && tag >= USER_DEFINED_MIN;
                tag != group.order[0] && (is_ours || group.place(tag) != 0)
            });
        }
        match group.missing(&seen) {
            Some(tag) => Err(Rejection::of(SessionRejectReason::RequiredTagMissing, tag)),
            None => Ok(()),
        }
    }
}
