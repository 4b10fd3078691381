//! Venues: their reports and quotes to commands, child orders to their requests.

use dcx_model::{
    ChildCancel, ChildId, ChildOrder, Command, CxlRejReason, ExecId, ExecType, InstrumentId,
    LimitPx, OrdRejReason, OrdStatus, Outbound, Price, Qty, Quote, UnixNanos, VenueCancelReject,
    VenueId, VenueReport,
};

use super::directory::{Directory, VenuePeer};
use super::value::{self, our_number, required};
use crate::{AppReject, Body, Message};

/// `MDReqID` (262) of our one request per logon.
const MD_REQ_ID: &str = "DCX-TOP";

/// Why a venue's message cannot be used.
#[derive(Debug)]
pub(super) enum Unusable {
    /// A field does not hold what FIX says.
    Field(AppReject),
    /// It names nothing of ours, or says what dcx does not handle: the text says which.
    Content(&'static str),
}

impl From<AppReject> for Unusable {
    fn from(reject: AppReject) -> Self {
        Self::Field(reject)
    }
}

impl Unusable {
    /// How the venue is told.
    pub(super) fn into_reject(self) -> AppReject {
        match self {
            Self::Field(reject) => reject,
            Self::Content(text) => AppReject::Business {
                reason: 0,
                ref_id: None,
                text: text.into(),
            },
        }
    }
}

fn child(value: Option<&[u8]>) -> Option<ChildId> {
    value.and_then(our_number).map(ChildId::new)
}

/// Reads an ExecutionReport (8) of a venue.
pub(super) fn report(message: &Message<'_>, venue: VenueId) -> Result<Command, Unusable> {
    let mut report = VenueReport {
        venue,
        child: ChildId::default(),
        exec_id: ExecId::EMPTY,
        exec_type: ExecType::New,
        ord_status: OrdStatus::New,
        ord_rej_reason: OrdRejReason::Other,
        last_qty: Qty::ZERO,
        last_px: Price::ZERO,
        cum_qty: Qty::ZERO,
        leaves_qty: Qty::ZERO,
        ..dcx_model::VenueReport::EMPTY
    };
    let (mut own, mut orig) = (None, None);
    let (mut exec_type, mut ord_status) = (None, None);
    for (tag, value) in message.fields() {
        match tag {
            6 | 8 | 9 | 35 | 34 | 49 | 52 | 56 => {}
            11 => own = Some(value),
            14 => report.cum_qty = value::qty(tag, value)?,
            17 => report.exec_id = value::text(tag, value)?,
            31 => report.last_px = value::price(tag, value)?,
            32 => report.last_qty = value::qty(tag, value)?,
            39 => ord_status = Some(value::char(tag, value)?),
            41 => orig = Some(value),
            103 => report.ord_rej_reason = ord_rej_reason(value)?,
            150 => exec_type = Some(value::char(tag, value)?),
            151 => report.leaves_qty = value::qty(tag, value)?,
            _ => {}
        }
    }
    required(17, (!report.exec_id.is_empty()).then_some(b""))?;
    let exec_type = required_char(150, exec_type)?;
    let ord_status = required_char(39, ord_status)?;
    // A report on a cancel names the request in 11 and the order in 41.
    let named = child(orig).or_else(|| child(own));
    report.child = named.ok_or(Unusable::Content("ClOrdID is none of ours"))?;
    report.exec_type =
        ExecType::from_wire(exec_type).ok_or(Unusable::Content("ExecType is not supported"))?;
    report.ord_status =
        OrdStatus::from_wire(ord_status).ok_or(Unusable::Content("OrdStatus is not supported"))?;
    Ok(Command::VenueReport(report))
}

fn required_char(tag: u32, value: Option<u8>) -> Result<u8, AppReject> {
    required(tag, value.is_some().then_some(b""))?;
    Ok(value.unwrap_or_default())
}

fn ord_rej_reason(value: &[u8]) -> Result<OrdRejReason, AppReject> {
    let number = value::uint(103, value, u64::from(u32::MAX))?;
    Ok(OrdRejReason::from_number(
        u32::try_from(number).unwrap_or(u32::MAX),
    ))
}

/// Reads an OrderCancelReject (9) of a venue.
pub(super) fn cancel_reject(message: &Message<'_>, venue: VenueId) -> Result<Command, Unusable> {
    let reason = match message.get(102) {
        Some(text) => value::uint(102, text, u64::from(u32::MAX))?,
        None => 99,
    };
    let ord_status = value::char(39, required(39, message.get(39))?)?;
    let unknown = Unusable::Content("ClOrdID or OrigClOrdID is none of ours");
    let (Some(child), Some(request)) = (child(message.get(41)), child(message.get(11))) else {
        return Err(unknown);
    };
    Ok(Command::VenueCancelReject(VenueCancelReject {
        venue,
        child,
        request,
        cxl_rej_reason: CxlRejReason::from_number(u32::try_from(reason).unwrap_or(u32::MAX)),
        ord_status: OrdStatus::from_wire(ord_status)
            .ok_or(Unusable::Content("OrdStatus is not supported"))?,
    }))
}

/// Writes the NewOrderSingle (D) of a child order.
pub(super) fn write_order(
    body: &mut Body<'_>,
    outbound: &Outbound,
    order: &ChildOrder,
    directory: &Directory,
) {
    body.uint(11, order.child.get());
    // HandlInst: automated, no intervention.
    body.char(21, b'1');
    body.bytes(55, directory.symbol(order.instrument).as_bytes());
    body.char(54, order.side.wire());
    body.time(60, outbound.at);
    body.qty(38, order.order_qty);
    body.char(40, order.ord_type.wire());
    if let Some(price) = order.limit_px.price() {
        body.price(44, price);
    }
    body.char(59, order.time_in_force.wire());
}

/// Writes the OrderCancelRequest (F) of a child order.
pub(super) fn write_cancel(
    body: &mut Body<'_>,
    outbound: &Outbound,
    cancel: &ChildCancel,
    directory: &Directory,
) {
    body.uint(41, cancel.child.get());
    body.uint(11, cancel.request.get());
    body.bytes(55, directory.symbol(cancel.instrument).as_bytes());
    body.char(54, cancel.side.wire());
    body.time(60, outbound.at);
    body.qty(38, cancel.order_qty);
}

/// Writes the MarketDataRequest (V) for the top of the book of all that a venue lists.
pub(super) fn write_market_data_request(
    body: &mut Body<'_>,
    venue: &VenuePeer,
    directory: &Directory,
) {
    body.str(262, MD_REQ_ID);
    // Snapshot and updates, top of the book, incremental refresh.
    body.char(263, b'1');
    body.uint(264, 1);
    body.uint(265, 0);
    body.uint(267, 2);
    body.char(269, b'0');
    body.char(269, b'1');
    body.uint(146, venue.lists.len() as u64);
    for instrument in &venue.lists {
        body.bytes(55, directory.symbol(*instrument).as_bytes());
    }
}

/// The best bid and offer of one instrument at one venue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Top {
    bid_px: LimitPx,
    bid_qty: Qty,
    ask_px: LimitPx,
    ask_qty: Qty,
}

impl Default for Top {
    fn default() -> Self {
        Self {
            bid_px: LimitPx::NONE,
            bid_qty: Qty::ZERO,
            ask_px: LimitPx::NONE,
            ask_qty: Qty::ZERO,
        }
    }
}

/// One entry of W or X as read so far.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// `MDUpdateAction` (279): 0 new, 1 change, 2 delete.
    action: u8,
    /// `MDEntryType` (269): 0 bid, 1 offer; others are not ours.
    kind: u8,
    px: LimitPx,
    qty: Qty,
}

impl Entry {
    const EMPTY: Self = Self {
        action: b'0',
        kind: 0,
        px: LimitPx::NONE,
        qty: Qty::ZERO,
    };
}

/// The top of every book of one venue, by instrument: W and X tell it in parts.
#[derive(Debug, Default)]
pub(super) struct Books {
    tops: Vec<Top>,
    /// Instruments that the message being read has changed.
    touched: Vec<InstrumentId>,
    /// Symbols that name nothing of ours, since the start.
    pub(super) unknown: u64,
}

impl Books {
    pub(super) fn new(instruments: usize) -> Self {
        Self {
            tops: vec![Top::default(); instruments],
            touched: Vec::with_capacity(8),
            unknown: 0,
        }
    }

    /// Forgets all prices: the venue is gone, and sends a snapshot when it is back.
    pub(super) fn clear(&mut self) {
        self.tops.fill(Top::default());
    }

    /// Reads MarketDataSnapshotFullRefresh (W) or MarketDataIncrementalRefresh (X).
    ///
    /// Gives `quote` one quote for each instrument that changed, also those before a field that
    /// cannot be read.
    pub(super) fn read(
        &mut self,
        message: &Message<'_>,
        venue: VenueId,
        directory: &Directory,
        mut quote: impl FnMut(Quote),
    ) -> Result<(), AppReject> {
        self.touched.clear();
        let read = self.read_entries(message, directory);
        let quote_time = message.utc_timestamp(crate::codec::SENDING_TIME);
        for instrument in &self.touched {
            let top = self.tops[instrument.get() as usize];
            quote(Quote {
                venue,
                instrument: *instrument,
                bid_px: top.bid_px,
                bid_qty: top.bid_qty,
                ask_px: top.ask_px,
                ask_qty: top.ask_qty,
                quote_time: quote_time.unwrap_or(UnixNanos::ZERO),
            });
        }
        read
    }

    fn read_entries(
        &mut self,
        message: &Message<'_>,
        directory: &Directory,
    ) -> Result<(), AppReject> {
        let is_snapshot = message.msg_type() == b"W";
        // A snapshot's entries begin with their type, an update's with what is done to them.
        let begins = if is_snapshot { 269 } else { 279 };
        let mut instrument = None;
        let mut entry = Entry::EMPTY;
        for (tag, value) in message.fields() {
            if tag == begins {
                self.apply(instrument, entry);
                entry = Entry::EMPTY;
            }
            match tag {
                55 => {
                    instrument = self.find(directory, value);
                    if is_snapshot {
                        self.begin_snapshot(instrument);
                    }
                }
                269 => entry.kind = value::char(tag, value)?,
                270 => entry.px = value::price(tag, value)?.into(),
                271 => entry.qty = value::qty(tag, value)?,
                279 => entry.action = value::char(tag, value)?,
                _ => {}
            }
        }
        self.apply(instrument, entry);
        Ok(())
    }

    fn find(&mut self, directory: &Directory, symbol: &[u8]) -> Option<InstrumentId> {
        let found = directory.instrument(symbol);
        self.unknown += u64::from(found.is_none());
        found
    }

    fn begin_snapshot(&mut self, instrument: Option<InstrumentId>) {
        if let Some(instrument) = instrument {
            *self.touch(instrument) = Top::default();
        }
    }

    fn apply(&mut self, instrument: Option<InstrumentId>, entry: Entry) {
        let (Some(instrument), b'0' | b'1') = (instrument, entry.kind) else {
            return;
        };
        let (px, qty) = match entry.action {
            b'2' => (LimitPx::NONE, Qty::ZERO),
            _ => (entry.px, entry.qty),
        };
        let top = self.touch(instrument);
        if entry.kind == b'0' {
            (top.bid_px, top.bid_qty) = (px, qty);
        } else {
            (top.ask_px, top.ask_qty) = (px, qty);
        }
    }

    fn touch(&mut self, instrument: InstrumentId) -> &mut Top {
        if !self.touched.contains(&instrument) {
            self.touched.push(instrument);
        }
        &mut self.tops[instrument.get() as usize]
    }
}
