//! TradeCaptureReportRequest (AD): what is asked for, or why it is refused.

use std::borrow::Cow;

use dcx_model::{ClOrdId, EventRef, InstrumentId, OrderId, Seq, UnixNanos};

use super::log::TradeRow;
use crate::orders::directory::Directory;
use crate::orders::fields::side_wire;
use crate::orders::value::{self, our_number, required};
use crate::{AppReject, Message, UtcTimestamp, Version};

/// `TradeRequestResult` (749): why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) result: u8,
    /// `Text` (58).
    pub(super) text: Cow<'static, str>,
}

impl Refused {
    fn new(result: u8, text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            result,
            text: text.into(),
        }
    }
}

/// `TradeRequestResult` (749) of what went well.
pub(super) const SUCCESSFUL: u8 = 0;
const UNKNOWN_INSTRUMENT: u8 = 1;
const INVALID_PARTIES: u8 = 3;
const INVALID_TRANSPORT: u8 = 4;
const INVALID_DESTINATION: u8 = 5;
const TYPE_NOT_SUPPORTED: u8 = 8;
pub(super) const OTHER: u8 = 99;

/// `SubscriptionRequestType` (263).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Snapshot,
    Subscribe,
    Unsubscribe,
}

impl Mode {
    pub(super) const fn wire(self) -> u8 {
        match self {
            Self::Snapshot => b'0',
            Self::Subscribe => b'1',
            Self::Unsubscribe => b'2',
        }
    }
}

/// Who asks, and how: what every answer repeats.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// `TradeRequestID` (568).
    pub(super) request: ClOrdId,
    /// `TradeRequestType` (569).
    pub(super) kind: &'a [u8],
    pub(super) mode: Mode,
    /// `Symbol` (55); empty if none was named.
    pub(super) symbol: &'a [u8],
}

/// Which trades are meant. What is not named does not matter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filter {
    cl_ord_id: Option<ClOrdId>,
    order: Option<OrderId>,
    event: Option<EventRef>,
    instrument: Option<InstrumentId>,
    side: Option<u8>,
    exec_type: Option<u8>,
    pub(super) from: UnixNanos,
    until: UnixNanos,
}

impl Filter {
    const ANY: Self = Self {
        cl_ord_id: None,
        order: None,
        event: None,
        instrument: None,
        side: None,
        exec_type: None,
        from: UnixNanos::ZERO,
        until: UnixNanos::new(u64::MAX),
    };

    /// Whether this is one of them.
    pub(super) fn has(&self, row: &TradeRow) -> bool {
        let view = &row.view;
        (self.from..=self.until).contains(&row.at)
            && self.cl_ord_id.is_none_or(|name| name == view.cl_ord_id)
            && self.order.is_none_or(|order| order == view.order)
            && self.event.is_none_or(|event| event == row.event)
            && self.instrument.is_none_or(|it| it == view.instrument)
            && self
                .side
                .is_none_or(|side| side == side_wire(view.side, view.flags))
            && self
                .exec_type
                .is_none_or(|kind| kind == row.exec_type.wire())
    }
}

/// Reads what every answer repeats.
pub(super) fn asked<'a>(message: &Message<'a>) -> Result<Asked<'a>, AppReject> {
    let request = value::text(568, required(568, message.get(568))?)?;
    let kind = required(569, message.get(569))?;
    let mode = match message.get(263) {
        None | Some(b"0") => Mode::Snapshot,
        Some(b"1") => Mode::Subscribe,
        Some(b"2") => Mode::Unsubscribe,
        Some(other) => {
            // The dictionary lists no others; without it the peer is told what it wrote.
            value::uint(263, other, 2)?;
            Mode::Snapshot
        }
    };
    Ok(Asked {
        request,
        kind,
        mode,
        symbol: message.get(55).unwrap_or_default(),
    })
}

/// Trades up to this moment are no longer kept, and some before it were asked for.
pub(super) fn too_old(until: UnixNanos) -> Refused {
    let mut clock = UtcTimestamp::new();
    let until = String::from_utf8_lossy(clock.text(until)).into_owned();
    Refused::new(
        OTHER,
        format!(
            "trades up to {until} are no longer kept: ask with a later TransactTime (580=1, 60)"
        ),
    )
}

/// A day or a moment, as the entries of `NoDates` (580) have them.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: UnixNanos,
    until: UnixNanos,
    is_day: bool,
}

/// Reads which trades are meant.
pub(super) fn filter(
    message: &Message<'_>,
    directory: &Directory,
) -> Result<Result<Filter, Refused>, AppReject> {
    let mut filter = Filter::ANY;
    let mut spans: [Option<Span>; 2] = [None; 2];
    // It knows the header fields of the other versions too.
    let around = Version::Fix50Sp2.dictionary();
    for (tag, value) in message.fields() {
        let refused = match tag {
            // All trades, and those that match what is said besides. Others are about matching and
            // confirming, which dcx does not do.
            569 => (!matches!(value, b"0" | b"1"))
                .then(|| Refused::new(TYPE_NOT_SUPPORTED, "TradeRequestType is 0 or 1 here")),
            11 => {
                filter.cl_ord_id = Some(value::text(tag, value)?);
                None
            }
            // What is no number of ours names no order.
            37 => {
                filter.order = Some(OrderId::new(our_number(value).unwrap_or(0)));
                None
            }
            17 | 571 => {
                filter.event = Some(event_of(value));
                None
            }
            55 => {
                filter.instrument = directory.instrument(value);
                let unknown = filter.instrument.is_none();
                unknown.then(|| Refused::new(UNKNOWN_INSTRUMENT, "unknown symbol"))
            }
            54 => {
                filter.side = Some(value::char(tag, value)?);
                None
            }
            150 => {
                filter.exec_type = Some(value::char(tag, value)?);
                None
            }
            580 => {
                let count = value::uint(tag, value, 9)?;
                (count > 2).then(|| Refused::new(OTHER, "NoDates is 1 or 2"))
            }
            75 => put(&mut spans, day(value)?),
            60 => put(&mut spans, moment(value)?),
            453 => Some(Refused::new(
                INVALID_PARTIES,
                "a session gets its own trades; parties are not asked for",
            )),
            725 => (value != b"0").then(|| Refused::new(INVALID_TRANSPORT, "answers come in band")),
            726 => Some(Refused::new(INVALID_DESTINATION, "answers come in band")),
            568 | 263 | 58 | 354 | 355 => None,
            tag if around.is_header(tag) || around.is_trailer(tag) => None,
            tag => Some(Refused::new(
                OTHER,
                format!("tag {tag} is no filter here; it is not ignored"),
            )),
        };
        if let Some(refused) = refused {
            return Ok(Err(refused));
        }
    }
    Ok(limit(filter, spans))
}

/// Puts a date or a moment behind the one before. FIX has two at most: a range.
fn put(spans: &mut [Option<Span>; 2], span: Span) -> Option<Refused> {
    match spans {
        [first @ None, _] => *first = Some(span),
        [_, second @ None] => *second = Some(span),
        [Some(_), Some(_)] => {
            return Some(Refused::new(OTHER, "more than two dates are no range"));
        }
    }
    None
}

/// A day alone is that day, a moment alone is from then on, two are a range with both its ends.
fn limit(mut filter: Filter, spans: [Option<Span>; 2]) -> Result<Filter, Refused> {
    match spans {
        [None, _] => {}
        [Some(only), None] => {
            filter.from = only.from;
            if only.is_day {
                filter.until = only.until;
            }
        }
        [Some(first), Some(last)] => {
            filter.from = first.from;
            filter.until = last.until;
        }
    }
    if filter.from > filter.until {
        return Err(Refused::new(OTHER, "the range ends before it begins"));
    }
    Ok(filter)
}

const DAY: u64 = 86_400 * 1_000_000_000;

fn day(value: &[u8]) -> Result<Span, AppReject> {
    let midnight = [value, b"-00:00:00"].concat();
    let from = value::time(75, &midnight)?;
    Ok(Span {
        from,
        until: UnixNanos::new(from.get().saturating_add(DAY - 1)),
        is_day: true,
    })
}

/// A moment is as long as our own reports tell it: a millisecond.
fn moment(value: &[u8]) -> Result<Span, AppReject> {
    let from = value::time(60, value)?;
    Ok(Span {
        from,
        until: UnixNanos::new(from.get().saturating_add(999_999)),
        is_day: false,
    })
}

/// The event that an ExecID of ours names: `{sequence}-{index}`. Any other names none.
fn event_of(value: &[u8]) -> EventRef {
    let mut parts = value.splitn(2, |byte| *byte == b'-');
    let seq = parts.next().and_then(our_number);
    let ix = parts.next().and_then(|ix| match ix {
        b"0" => Some(0),
        ix => our_number(ix),
    });
    let ix = ix.and_then(|ix| u16::try_from(ix).ok());
    match (seq, ix) {
        (Some(seq), Some(ix)) => EventRef {
            seq: Seq::new(seq),
            ix,
        },
        _ => EventRef {
            seq: Seq::new(0),
            ix: u16::MAX,
        },
    }
}
