//! The entries of W and X, one after the other, checked before any of them is believed.

use dcx_model::{Price, Qty, Side, UnixNanos};

use super::ladder::{Action, Change, EntryId};
use crate::Message;
use crate::codec::parse_utc_timestamp;
use crate::orders::{Unusable, value};

/// What an entry is about, `MDEntryType` (269).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Quote(Side),
    Trade,
    /// None that dcx asks for.
    Other,
}

/// One entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) kind: Kind,
    pub(super) action: Action,
    pub(super) symbol: Option<&'a [u8]>,
    pub(super) px: Option<Price>,
    pub(super) qty: Option<Qty>,
    pub(super) id: EntryId,
    /// `RptSeq` (83).
    pub(super) rpt_seq: Option<u64>,
    /// `QuoteCondition` (276) says that nobody can trade at it.
    pub(super) closed: bool,
    /// `MDEntryDate` (272).
    date: Option<&'a [u8]>,
    /// `MDEntryTime` (273).
    time: Option<&'a [u8]>,
}

impl Entry<'_> {
    const EMPTY: Self = Self {
        kind: Kind::Other,
        action: Action::New,
        symbol: None,
        px: None,
        qty: None,
        id: EntryId::EMPTY,
        rpt_seq: None,
        closed: false,
        date: None,
        time: None,
    };

    /// The entry's own time, if it says date and time.
    pub(super) fn time(&self) -> Option<UnixNanos> {
        let (date, time) = (self.date?, self.time?);
        let mut text = [b'-'; 32];
        let len = date.len() + 1 + time.len();
        text.get_mut(..date.len())?.copy_from_slice(date);
        text.get_mut(date.len() + 1..len)?.copy_from_slice(time);
        parse_utc_timestamp(text.get(..len)?)
    }

    pub(super) const fn is_deletion(&self) -> bool {
        matches!(self.action, Action::Delete)
    }

    /// What it does to a side; none if it is about no side.
    pub(super) fn change(&self) -> Option<Change> {
        let Kind::Quote(side) = self.kind else {
            return None;
        };
        Some(Change {
            action: self.action,
            side,
            id: self.id,
            px: self.px,
            qty: if self.closed {
                Some(Qty::ZERO)
            } else {
                self.qty
            },
        })
    }

    fn check(&self) -> Result<(), Unusable> {
        let Kind::Quote(_) = self.kind else {
            return Ok(());
        };
        let named = self.px.is_some() || self.action != Action::New;
        named
            .then_some(())
            .ok_or(Unusable::Content("MDEntryPx (270) is missing"))
    }
}

/// Calls `each` with every entry of a MarketDataSnapshotFullRefresh (W) or
/// MarketDataIncrementalRefresh (X), in their order.
///
/// # Errors
/// The first of `each`, or what is wrong with an entry or their count.
pub(super) fn walk<'a>(
    message: &Message<'a>,
    mut each: impl FnMut(&Entry<'a>) -> Result<(), Unusable>,
) -> Result<(), Unusable> {
    // A snapshot's entries begin with their type, an update's with what is done to them.
    let begins = match message.msg_type() {
        b"W" => 269,
        _ => 279,
    };
    let (mut counted, mut seen) = (None, 0);
    let mut entry = Entry::EMPTY;
    for (tag, value) in message.fields() {
        if tag == begins {
            if seen > 0 {
                entry.check()?;
                each(&entry)?;
            }
            seen += 1;
            // FIX 4.4 vol. 3: an entry that names no instrument is of that of the entry before.
            let symbol = entry.symbol;
            entry = Entry {
                symbol,
                ..Entry::EMPTY
            };
        }
        match tag {
            268 => counted = Some(value::uint(tag, value, u64::from(u32::MAX))?),
            _ => field(&mut entry, tag, value)?,
        }
    }
    if counted != Some(seen) {
        return Err(Unusable::Field(value::miscounted(268)));
    }
    if seen > 0 {
        entry.check()?;
        each(&entry)?;
    }
    Ok(())
}

fn field<'a>(entry: &mut Entry<'a>, tag: u32, value: &'a [u8]) -> Result<(), Unusable> {
    match tag {
        55 => entry.symbol = Some(value),
        83 => entry.rpt_seq = Some(value::uint(tag, value, u64::MAX)?),
        269 => {
            entry.kind = match value::char(tag, value)? {
                b'0' => Kind::Quote(Side::Buy),
                b'1' => Kind::Quote(Side::Sell),
                b'2' => Kind::Trade,
                _ => Kind::Other,
            }
        }
        270 => entry.px = Some(value::price(tag, value)?),
        271 => entry.qty = Some(value::qty(tag, value)?),
        272 => entry.date = Some(value),
        273 => entry.time = Some(value),
        // A: open. B: closed. Conditions stand apart by spaces.
        276 => entry.closed = value.split(|byte| *byte == b' ').any(|it| it == b"B"),
        278 => entry.id = value::text(tag, value)?,
        279 => {
            entry.action = match value::char(tag, value)? {
                b'0' => Action::New,
                b'1' => Action::Change,
                b'2' => Action::Delete,
                _ => return Err(Unusable::Content("MDUpdateAction (279) is not supported")),
            }
        }
        _ => {}
    }
    Ok(())
}
