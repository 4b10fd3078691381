//! Market data of venues: W and X to quotes and trades.

use dcx_model::{InstrumentId, LimitPx, MarketTrade, Price, Qty, Quote, UnixNanos, VenueId};

use super::directory::Directory;
use super::value;
use crate::codec::{SENDING_TIME, parse_utc_timestamp};
use crate::{AppReject, Message};

/// What a venue says about the market.
#[derive(Clone, Copy, Debug)]
pub(super) enum Market {
    /// The whole top of a book.
    Quote(Quote),
    /// A trade.
    Trade(MarketTrade),
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
struct Entry<'a> {
    /// `MDUpdateAction` (279): 0 new, 1 change, 2 delete.
    action: u8,
    /// `MDEntryType` (269): 0 bid, 1 offer, 2 trade; others are not ours.
    kind: u8,
    px: LimitPx,
    qty: Qty,
    /// `MDEntryDate` (272).
    date: Option<&'a [u8]>,
    /// `MDEntryTime` (273).
    time: Option<&'a [u8]>,
}

impl Entry<'_> {
    const EMPTY: Self = Self {
        action: b'0',
        kind: 0,
        px: LimitPx::NONE,
        qty: Qty::ZERO,
        date: None,
        time: None,
    };

    /// The trade's own time, if the entry says date and time.
    fn time(&self) -> Option<UnixNanos> {
        let (date, time) = (self.date?, self.time?);
        let mut text = [b'-'; 32];
        let len = date.len() + 1 + time.len();
        text.get_mut(..date.len())?.copy_from_slice(date);
        text.get_mut(date.len() + 1..len)?.copy_from_slice(time);
        parse_utc_timestamp(&text[..len])
    }
}

/// What a message of market data is read with.
struct Reader<'d, F> {
    venue: VenueId,
    directory: &'d Directory,
    sent: UnixNanos,
    say: F,
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
    /// Says every trade, then one quote for each instrument whose top changed, also those before a
    /// field that cannot be read.
    pub(super) fn read(
        &mut self,
        message: &Message<'_>,
        venue: VenueId,
        directory: &Directory,
        say: impl FnMut(Market),
    ) -> Result<(), AppReject> {
        self.touched.clear();
        let sent = message.utc_timestamp(SENDING_TIME);
        let mut reader = Reader {
            venue,
            directory,
            sent: sent.unwrap_or(UnixNanos::ZERO),
            say,
        };
        let read = self.read_entries(message, &mut reader);
        for instrument in &self.touched {
            let top = self.tops[instrument.get() as usize];
            (reader.say)(Market::Quote(Quote {
                venue,
                instrument: *instrument,
                bid_px: top.bid_px,
                bid_qty: top.bid_qty,
                ask_px: top.ask_px,
                ask_qty: top.ask_qty,
                quote_time: reader.sent,
            }));
        }
        read
    }

    fn read_entries<F: FnMut(Market)>(
        &mut self,
        message: &Message<'_>,
        reader: &mut Reader<'_, F>,
    ) -> Result<(), AppReject> {
        let is_snapshot = message.msg_type() == b"W";
        // A snapshot's entries begin with their type, an update's with what is done to them.
        let begins = if is_snapshot { 269 } else { 279 };
        let mut instrument = None;
        let mut entry = Entry::EMPTY;
        for (tag, value) in message.fields() {
            if tag == begins {
                self.apply(instrument, &entry, reader);
                entry = Entry::EMPTY;
            }
            match tag {
                55 => {
                    instrument = self.find(reader.directory, value);
                    if is_snapshot {
                        self.begin_snapshot(instrument);
                    }
                }
                269 => entry.kind = value::char(tag, value)?,
                270 => entry.px = value::price(tag, value)?.into(),
                271 => entry.qty = value::qty(tag, value)?,
                272 => entry.date = Some(value),
                273 => entry.time = Some(value),
                279 => entry.action = value::char(tag, value)?,
                _ => {}
            }
        }
        self.apply(instrument, &entry, reader);
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

    fn apply<F: FnMut(Market)>(
        &mut self,
        instrument: Option<InstrumentId>,
        entry: &Entry<'_>,
        reader: &mut Reader<'_, F>,
    ) {
        match (instrument, entry.kind) {
            (Some(instrument), b'0' | b'1') => self.apply_quote(instrument, entry),
            (Some(instrument), b'2') if entry.action != b'2' => {
                let px = entry.px.price().filter(|px| *px > Price::ZERO);
                if let Some(px) = px {
                    (reader.say)(Market::Trade(MarketTrade {
                        venue: reader.venue,
                        instrument,
                        px,
                        qty: entry.qty,
                        trade_time: entry.time().unwrap_or(reader.sent),
                    }));
                }
            }
            _ => {}
        }
    }

    fn apply_quote(&mut self, instrument: InstrumentId, entry: &Entry<'_>) {
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
