//! Which messages of a log are wanted: by type, session, time and order.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};

use dcx_fix::codec::{MSG_TYPE, SENDER_COMP_ID, SENDING_TIME, TARGET_COMP_ID, parse_utc_timestamp};
use dcx_fix::{Dictionary, Version};
use dcx_model::UnixNanos;

use super::split::{Piece, Splitter};

/// `ClOrdID`.
const CL_ORD_ID: u32 = 11;
/// `OrigClOrdID`.
const ORIG_CL_ORD_ID: u32 = 41;

/// What was asked for.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// Types or names of types; none for all.
    pub(super) types: Vec<String>,
    /// A CompID, or two with a colon between, in either direction.
    pub(super) session: Option<String>,
    pub(super) from: Option<UnixNanos>,
    pub(super) to: Option<UnixNanos>,
    /// The `ClOrdID`s of an order; none for all orders.
    pub(super) order: Option<Chain>,
    /// Where the log was when a message last told the time.
    pub(super) time: Option<UnixNanos>,
}

impl Wanted {
    /// Whether this message is.
    pub(super) fn takes(&mut self, piece: &Piece, dictionary: &Dictionary) -> bool {
        let sent = piece.get(SENDING_TIME).and_then(parse_utc_timestamp);
        // What does not tell the time is as old as what came before.
        self.time = sent.or(self.time);
        self.is_in_time() && self.is_type(piece, dictionary) && self.is_between(piece) && {
            let order = self.order.as_mut();
            order.is_none_or(|chain| chain.takes(piece))
        }
    }

    fn is_in_time(&self) -> bool {
        let Some(time) = self.time else {
            return self.from.is_none();
        };
        self.from.is_none_or(|from| from <= time) && self.to.is_none_or(|to| time <= to)
    }

    fn is_type(&self, piece: &Piece, dictionary: &Dictionary) -> bool {
        let msg_type = piece.get(MSG_TYPE).unwrap_or_default();
        let name = dictionary.message_name(msg_type);
        let is = |wanted: &String| wanted.as_bytes() == msg_type || Some(&**wanted) == name;
        self.types.is_empty() || self.types.iter().any(is)
    }

    fn is_between(&self, piece: &Piece) -> bool {
        let Some(wanted) = &self.session else {
            return true;
        };
        let comp_id = |tag| piece.get(tag).unwrap_or_default();
        let (sender, target) = (comp_id(SENDER_COMP_ID), comp_id(TARGET_COMP_ID));
        match wanted.split_once(':') {
            None => [sender, target].contains(&wanted.as_bytes()),
            Some((one, other)) => {
                let pair = (one.as_bytes(), other.as_bytes());
                (sender, target) == pair || (target, sender) == pair
            }
        }
    }
}

/// All names of one order: each replace and cancel gives it another `ClOrdID` (11).
#[derive(Debug)]
pub(super) struct Chain {
    ids: BTreeSet<Vec<u8>>,
}

impl Chain {
    pub(super) fn of(cl_ord_id: &str) -> Self {
        Self {
            ids: [cl_ord_id.as_bytes().to_vec()].into(),
        }
    }

    /// Reads the whole input for the names that the order had before and got later.
    pub(super) fn complete(&mut self, from: impl Read) -> io::Result<()> {
        let mut links: BTreeMap<Vec<u8>, Vec<Vec<u8>>> = BTreeMap::new();
        let mut splitter = Splitter::new(from);
        let mut piece = Piece::default();
        while splitter.next(&mut piece)? {
            if let Some([one, other]) = names(&piece) {
                let link = |from: &[u8], to: &[u8], links: &mut BTreeMap<_, Vec<Vec<u8>>>| {
                    links.entry(from.to_vec()).or_default().push(to.to_vec());
                };
                link(one, other, &mut links);
                link(other, one, &mut links);
            }
        }
        let mut open: Vec<Vec<u8>> = self.ids.iter().cloned().collect();
        while let Some(id) = open.pop() {
            for next in links.remove(&id).unwrap_or_default() {
                if self.ids.insert(next.clone()) {
                    open.push(next);
                }
            }
        }
        Ok(())
    }

    /// Whether the message is of the order; a new name that it gives is one from then on.
    fn takes(&mut self, piece: &Piece) -> bool {
        let mut named = [CL_ORD_ID, ORIG_CL_ORD_ID]
            .into_iter()
            .filter_map(|tag| piece.get(tag));
        if !named.any(|id| self.ids.contains(id)) {
            return false;
        }
        for id in names(piece).into_iter().flatten() {
            self.ids.insert(id.to_vec());
        }
        true
    }
}

/// The two names that a message gives one order.
fn names(piece: &Piece) -> Option<[&[u8]; 2]> {
    let (new, old) = (piece.get(CL_ORD_ID)?, piece.get(ORIG_CL_ORD_ID)?);
    (!new.is_empty() && !old.is_empty() && new != old).then_some([new, old])
}

/// The version whose words suit a `BeginString` (8) best.
pub(super) fn version_of(begin_string: &[u8]) -> Version {
    match begin_string {
        b"FIX.4.0" | b"FIX.4.1" | b"FIX.4.2" => Version::Fix42,
        b"FIXT.1.1" | b"FIX.5.0" | b"FIX.5.0SP1" | b"FIX.5.0SP2" => Version::Fix50Sp2,
        _ => Version::Fix44,
    }
}

/// A moment as `2026-11-24T12:30:00Z` or as FIX writes it, `20261124-12:30:00`; seconds may have
/// decimals.
pub(super) fn moment(text: &str) -> Result<UnixNanos, String> {
    let plain = text.strip_suffix('Z').unwrap_or(text);
    let fix = match plain.split_once('T') {
        Some((date, time)) => format!("{}-{time}", date.replace('-', "")),
        None => plain.to_owned(),
    };
    parse_utc_timestamp(fix.as_bytes()).ok_or_else(|| {
        format!("{text:?} is no moment in UTC such as 2026-11-24T12:30:00Z or 20261124-12:30:00")
    })
}
