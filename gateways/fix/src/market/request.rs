//! MarketDataRequest (V) of a client, and why one is refused.

use dcx_model::{InstrumentId, Text};

use super::options::ClientMarket;
use crate::orders::{Directory, value};
use crate::{AppReject, Message};

/// `MDReqID` (262).
pub(super) type MdReqId = Text<32>;

/// What a request wants to see, in bits of `MDEntryType` (269).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wants {
    pub(super) bids: bool,
    pub(super) asks: bool,
    pub(super) trades: bool,
}

/// `SubscriptionRequestType` (263).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Once.
    Snapshot,
    /// And whenever it changes: the whole book (W), or the changes (X).
    Updates { incremental: bool },
    /// No longer.
    Cancel,
}

/// A request that can be served.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) md_req_id: MdReqId,
    pub(super) kind: Kind,
    /// Levels of each side.
    pub(super) depth: u16,
    pub(super) wants: Wants,
}

/// `MDReqRejReason` (281).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    UnknownSymbol,
    DuplicateId,
    TooMany,
    NotPermitted,
    RequestType,
    Depth,
    UpdateType,
    Aggregation,
    EntryType,
    /// FIX has no number for it.
    UnknownId,
}

impl Refused {
    pub(super) const fn wire(self) -> Option<u8> {
        match self {
            Self::UnknownSymbol => Some(b'0'),
            Self::DuplicateId => Some(b'1'),
            Self::TooMany => Some(b'2'),
            Self::NotPermitted => Some(b'3'),
            Self::RequestType => Some(b'4'),
            Self::Depth => Some(b'5'),
            Self::UpdateType => Some(b'6'),
            Self::Aggregation => Some(b'7'),
            Self::EntryType => Some(b'8'),
            Self::UnknownId => None,
        }
    }

    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::UnknownSymbol => "a Symbol (55) is not known",
            Self::DuplicateId => "MDReqID (262) is in use",
            Self::TooMany => "more instruments than this session may subscribe to",
            Self::NotPermitted => "this session may not ask for market data",
            Self::RequestType => "SubscriptionRequestType (263) is none of 0, 1, 2",
            Self::Depth => "MarketDepth (264) is more than this session may ask for",
            Self::UpdateType => "MDUpdateType (265) is none of 0, 1",
            Self::Aggregation => "AggregatedBook (266) is N: levels are given by price",
            Self::EntryType => "an MDEntryType (269) is none of 0, 1, 2",
            Self::UnknownId => "no subscription has this MDReqID (262)",
        }
    }
}

/// Reads a MarketDataRequest (V), its instruments into `instruments`, each once.
///
/// # Errors
/// Outer: a field that is missing or holds no value of its type. Inner: a request that FIX knows
/// and dcx does not serve.
pub(super) fn read(
    message: &Message<'_>,
    (directory, market): (&Directory, &ClientMarket),
    instruments: &mut Vec<InstrumentId>,
) -> Result<(MdReqId, Result<Request, Refused>), AppReject> {
    instruments.clear();
    let md_req_id = value::text(262, value::required(262, message.get(262))?)?;
    let kind = value::char(263, value::required(263, message.get(263))?)?;
    if kind == b'2' {
        let request = Request {
            md_req_id,
            kind: Kind::Cancel,
            depth: 0,
            wants: Wants::default(),
        };
        return Ok((md_req_id, Ok(request)));
    }
    let depth = value::required(264, message.get(264))?;
    let depth = value::uint(264, depth, u64::from(u32::MAX))?;
    let groups = Groups::read(message, directory, instruments)?;
    let checked = groups.check(message, (kind, depth), market, instruments.len());
    let request = checked.map(|(kind, depth, wants)| Request {
        md_req_id,
        kind,
        depth,
        wants,
    });
    Ok((md_req_id, request))
}

/// What the repeating groups of a request name.
#[derive(Default)]
struct Groups {
    wants: Wants,
    unknown_symbol: bool,
    other_entry: bool,
}

impl Groups {
    fn read(
        message: &Message<'_>,
        directory: &Directory,
        instruments: &mut Vec<InstrumentId>,
    ) -> Result<Self, AppReject> {
        let mut groups = Self::default();
        let (mut types, mut symbols) = ((None, 0), (None, 0));
        for (tag, value) in message.fields() {
            match tag {
                55 => {
                    symbols.1 += 1;
                    match directory.instrument(value) {
                        Some(instrument) if !instruments.contains(&instrument) => {
                            instruments.push(instrument);
                        }
                        Some(_) => {}
                        None => groups.unknown_symbol = true,
                    }
                }
                146 => symbols.0 = Some(value::uint(tag, value, u64::from(u32::MAX))?),
                267 => types.0 = Some(value::uint(tag, value, u64::from(u32::MAX))?),
                269 => {
                    types.1 += 1;
                    match value {
                        b"0" => groups.wants.bids = true,
                        b"1" => groups.wants.asks = true,
                        b"2" => groups.wants.trades = true,
                        _ => groups.other_entry = true,
                    }
                }
                _ => {}
            }
        }
        for (tag, (counted, seen)) in [(146, symbols), (267, types)] {
            let text = (counted.unwrap_or(0) > 0).then_some(b"".as_slice());
            value::required(tag, text)?;
            if counted != Some(seen) {
                return Err(value::miscounted(tag));
            }
        }
        Ok(groups)
    }

    fn check(
        &self,
        message: &Message<'_>,
        (kind, depth): (u8, u64),
        market: &ClientMarket,
        instruments: usize,
    ) -> Result<(Kind, u16, Wants), Refused> {
        let kind = match (kind, message.get(265)) {
            (b'0', _) => Kind::Snapshot,
            (b'1', Some(b"0")) => Kind::Updates { incremental: false },
            (b'1', Some(b"1")) => Kind::Updates { incremental: true },
            (b'1', _) => return Err(Refused::UpdateType),
            _ => return Err(Refused::RequestType),
        };
        if self.unknown_symbol {
            return Err(Refused::UnknownSymbol);
        }
        if self.other_entry {
            return Err(Refused::EntryType);
        }
        if message.get(266) == Some(b"N") {
            return Err(Refused::Aggregation);
        }
        if instruments > market.instruments_max as usize {
            return Err(Refused::TooMany);
        }
        // Zero asks for the whole book: that is as much of it as there may be.
        let depth = match u16::try_from(depth) {
            Ok(0) => market.depth_max,
            Ok(depth) if depth <= market.depth_max => depth,
            Ok(_) | Err(_) => return Err(Refused::Depth),
        };
        Ok((kind, depth, self.wants))
    }
}
