//! What one venue says of the market: its messages to quotes and trades, and what of it can be
//! believed.
//!
//! ```text
//!   logon: V            W, X
//!  ─────────► Asked ──────────────► Whole
//!               ▲                   │   ▲
//!               │        number (83)│   │ W that is not older
//!               │ session   missing,│   │ than what is missing
//!               │ lost    unreadable▼   │
//!               └─────────────────── Lost ┄┄► V again after 1 s, 2 s, … 64 s
//! ```

use dcx_model::{
    FeedGap, FeedSequence, FeedStep, InstrumentId, LimitPx, MarketTrade, MonoNanos, Nanos, Now,
    Price, Qty, Quote, Side, UnixNanos, VenueId,
};

use super::entries::{Entry, Kind, walk};
use super::ladder::{Flaw, Ladder};
use super::options::VenueMarket;
use crate::Message;
use crate::codec::SENDING_TIME;
use crate::orders::{Directory, Unusable};

/// How long a snapshot that was asked for may take before it is asked for again, the first time.
const PATIENCE: Nanos = Nanos::from_seconds(1);

/// It is asked for at least once in so many times [`PATIENCE`], as a power of two.
const PATIENCE_DOUBLES: u32 = 6;

/// What a venue says about the market.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Said {
    /// The whole top of a book.
    Quote(Quote),
    /// A trade.
    Trade(MarketTrade),
    /// What was said before is not believed any more.
    Gap(FeedGap),
}

/// What a venue is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ask {
    /// Everything, from now on.
    All,
    /// An instrument as it is now, by a request of this number.
    Snapshot(InstrumentId, u64),
}

/// What of an instrument's prices can be believed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Nothing was heard since the last logon.
    #[default]
    Asked,
    /// What was heard is whole.
    Whole,
    /// Something is missing.
    Lost,
}

/// One instrument at the venue.
#[derive(Debug, Default)]
struct Row {
    listed: bool,
    state: State,
    ladder: Ladder,
    sequence: FeedSequence,
    /// The last message with a number, and the number: it may stand in several of its entries.
    update: (u64, u64),
    /// The highest number heard while something was missing.
    ahead: u64,
    /// When it was last heard of.
    at: MonoNanos,
    asks: u32,
    ask_at: MonoNanos,
    /// Whether the venue has said (f) that trading does not go on.
    closed: bool,
    touched: bool,
}

/// What a feed has counted, for whoever lent it the room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FeedCounts {
    /// Times that something was found missing.
    pub(crate) gaps: u64,
    /// Entries that say nothing: of instruments that are not ours, deletions of what is not there.
    pub(crate) flaws: u64,
}

/// One venue's market.
#[derive(Debug)]
pub(super) struct Feed {
    venue: VenueId,
    up: bool,
    /// Whether it has said anything about its market since the logon.
    heard: bool,
    asks: u32,
    ask_at: MonoNanos,
    rows: Vec<Row>,
    /// Instruments that the message being read has changed.
    touched: Vec<InstrumentId>,
    /// Instruments of which something is missing.
    lost: Vec<InstrumentId>,
    /// Messages read.
    messages: u64,
    /// Snapshots asked for, which names their requests.
    asked: u64,
    pub(super) counts: FeedCounts,
}

/// What a message is read with.
struct Reading<'d, F> {
    directory: &'d Directory,
    now: Now,
    sent: UnixNanos,
    say: F,
}

impl Feed {
    pub(super) fn new(
        venue: VenueId,
        instruments: usize,
        lists: &[InstrumentId],
        market: VenueMarket,
    ) -> Self {
        let mut rows = Vec::new();
        rows.resize_with(instruments, Row::default);
        for instrument in lists {
            if let Some(row) = rows.get_mut(instrument.get() as usize) {
                row.listed = true;
                row.ladder = Ladder::new(market.depth);
            }
        }
        Self {
            venue,
            up: false,
            heard: false,
            asks: 0,
            ask_at: MonoNanos::default(),
            rows,
            touched: Vec::with_capacity(lists.len()),
            lost: Vec::with_capacity(lists.len()),
            messages: 0,
            asked: 0,
            counts: FeedCounts::default(),
        }
    }

    /// The venue is logged on.
    pub(super) const fn begin(&mut self) {
        self.up = true;
        self.ask_anew();
    }

    /// What it was asked for did not reach it.
    pub(super) const fn ask_anew(&mut self) {
        self.heard = false;
        self.asks = 2;
        self.ask_at = MonoNanos::new(0);
    }

    /// The venue refuses a request (Y). False where that says nothing: we had asked twice.
    pub(super) fn refused(&mut self, message: &Message<'_>) -> bool {
        const DUPLICATE: &[u8] = b"1";
        let again = self.messages > 0 && message.get(281) == Some(DUPLICATE);
        self.heard = true;
        !again
    }

    /// Whether the venue is logged on.
    pub(super) const fn is_up(&self) -> bool {
        self.up
    }

    /// The venue is gone, and what it said goes with it.
    pub(super) fn end(&mut self, mut say: impl FnMut(Said)) {
        self.up = false;
        self.messages = 0;
        let mut heard = false;
        for row in &mut self.rows {
            heard |= matches!(row.state, State::Whole | State::Lost);
            row.state = State::Asked;
            row.ladder.clear();
            row.sequence.forget();
        }
        self.lost.clear();
        if heard {
            say(Said::Gap(self.gap(None, (0, 0))));
        }
    }

    /// The levels that can be believed, best first, and when they were last heard of.
    pub(super) fn ladder(&self, instrument: InstrumentId) -> Option<(&Ladder, MonoNanos)> {
        let row = self.rows.get(instrument.get() as usize)?;
        (row.state == State::Whole).then_some((&row.ladder, row.at))
    }

    /// Whether trading goes on there, as far as the venue has said.
    pub(super) fn is_open(&self, instrument: InstrumentId) -> bool {
        let row = self.rows.get(instrument.get() as usize);
        row.is_some_and(|row| row.listed && !row.closed)
    }

    /// The venue has said whether trading goes on.
    pub(super) fn set_open(&mut self, instrument: InstrumentId, open: bool) {
        if let Some(row) = self.rows.get_mut(instrument.get() as usize) {
            row.closed = !open;
        }
    }

    /// Reads MarketDataSnapshotFullRefresh (W) or MarketDataIncrementalRefresh (X).
    ///
    /// Says every trade, then one quote for each instrument whose sides were changed. A message
    /// that cannot be read in whole changes nothing, and what it may have been about is lost.
    ///
    /// # Errors
    /// What cannot be read.
    pub(super) fn read(
        &mut self,
        message: &Message<'_>,
        directory: &Directory,
        now: Now,
        say: impl FnMut(Said),
    ) -> Result<(), Unusable> {
        self.messages += 1;
        self.heard = true;
        let sent = message.utc_timestamp(SENDING_TIME);
        let mut reading = Reading {
            directory,
            now,
            sent: sent.unwrap_or(UnixNanos::ZERO),
            say,
        };
        if let Err(unusable) = walk(message, |_| Ok(())) {
            self.lose_named(message, &mut reading);
            return Err(unusable);
        }
        let read = match message.msg_type() {
            b"W" => self.snapshot(message, &mut reading),
            _ => walk(message, |entry| {
                self.update(entry, &mut reading);
                Ok(())
            }),
        };
        self.say_quotes(&mut reading);
        read
    }

    /// Calls `ask` with all that the venue is to be asked for now.
    pub(super) fn ask_due(&mut self, now: MonoNanos, mut ask: impl FnMut(Ask)) {
        if !self.up {
            return;
        }
        if !self.heard && now >= self.ask_at {
            self.ask_at = now.plus(patience(&mut self.asks));
            ask(Ask::All);
        }
        for instrument in &self.lost {
            let Some(row) = self.rows.get_mut(instrument.get() as usize) else {
                continue;
            };
            if now >= row.ask_at {
                row.ask_at = now.plus(patience(&mut row.asks));
                self.asked += 1;
                ask(Ask::Snapshot(*instrument, self.asked));
            }
        }
    }

    fn snapshot<F: FnMut(Said)>(
        &mut self,
        message: &Message<'_>,
        reading: &mut Reading<'_, F>,
    ) -> Result<(), Unusable> {
        let symbol = message.get(55).unwrap_or_default();
        let Some(instrument) = self.listed(symbol, reading.directory) else {
            self.counts.flaws += 1;
            return Ok(());
        };
        let mut until = message.uint(83).ok();
        walk(message, |entry| {
            until = until.max(entry.rpt_seq);
            Ok(())
        })?;
        let Some(row) = self.rows.get_mut(instrument.get() as usize) else {
            return Ok(());
        };
        if row.state == State::Lost && until.is_some_and(|until| until < row.ahead) {
            // It was made before what is missing: the next one is newer.
            return Ok(());
        }
        if row.state == State::Lost {
            self.lost.retain(|lost| *lost != instrument);
        }
        row.state = State::Whole;
        row.ladder.clear();
        row.asks = 0;
        match until {
            Some(until) => row.sequence.whole_until(until),
            None => row.sequence.forget(),
        }
        self.touch(instrument);
        walk(message, |entry| {
            self.apply(instrument, entry, reading);
            Ok(())
        })
    }

    /// One entry of an update.
    fn update<F: FnMut(Said)>(&mut self, entry: &Entry<'_>, reading: &mut Reading<'_, F>) {
        let symbol = entry.symbol.unwrap_or_default();
        let Some(instrument) = self.listed(symbol, reading.directory) else {
            self.counts.flaws += 1;
            return;
        };
        let Some(row) = self.rows.get_mut(instrument.get() as usize) else {
            return;
        };
        let step = match (entry.rpt_seq, row.state) {
            (Some(number), _) if row.update == (self.messages, number) => FeedStep::Next,
            (Some(number), State::Lost) => {
                row.ahead = row.ahead.max(number);
                FeedStep::Next
            }
            (Some(number), State::Asked | State::Whole) => row.sequence.take(number),
            (None, _) => FeedStep::Next,
        };
        match step {
            FeedStep::Next => {
                if let Some(number) = entry.rpt_seq {
                    row.update = (self.messages, number);
                }
            }
            FeedStep::Again => {
                self.counts.flaws += 1;
                return;
            }
            FeedStep::Gap { expected, found } => {
                row.ahead = found;
                self.lose(instrument, (expected, found), reading);
            }
        }
        self.apply(instrument, entry, reading);
    }

    fn apply<F: FnMut(Said)>(
        &mut self,
        instrument: InstrumentId,
        entry: &Entry<'_>,
        reading: &mut Reading<'_, F>,
    ) {
        match entry.kind {
            Kind::Quote(_) => self.apply_quote(instrument, entry, reading),
            Kind::Trade => self.apply_trade(instrument, entry, reading),
            Kind::Other => {}
        }
    }

    fn apply_quote<F: FnMut(Said)>(
        &mut self,
        instrument: InstrumentId,
        entry: &Entry<'_>,
        reading: &mut Reading<'_, F>,
    ) {
        let row = self.rows.get_mut(instrument.get() as usize);
        let (Some(row), Some(change)) = (row, entry.change()) else {
            return;
        };
        if row.state == State::Lost {
            return;
        }
        // Some venues answer a request with updates only: the first one makes the book.
        row.state = State::Whole;
        match row.ladder.apply(&change) {
            Ok(()) => self.touch(instrument),
            Err(Flaw::NothingToDelete) => {
                self.counts.flaws += 1;
                self.touch(instrument);
            }
            Err(Flaw::Astray) => self.lose(instrument, (0, 0), reading),
        }
    }

    fn apply_trade<F: FnMut(Said)>(
        &self,
        instrument: InstrumentId,
        entry: &Entry<'_>,
        reading: &mut Reading<'_, F>,
    ) {
        let px = entry.px.filter(|px| *px > Price::ZERO);
        let (Some(px), false) = (px, entry.is_deletion()) else {
            return;
        };
        (reading.say)(Said::Trade(MarketTrade {
            venue: self.venue,
            instrument,
            px,
            qty: entry.qty.unwrap_or(Qty::ZERO),
            trade_time: entry.time().unwrap_or(reading.sent),
        }));
    }

    fn say_quotes<F: FnMut(Said)>(&mut self, reading: &mut Reading<'_, F>) {
        for instrument in self.touched.drain(..) {
            let Some(row) = self.rows.get_mut(instrument.get() as usize) else {
                continue;
            };
            row.touched = false;
            if row.state != State::Whole {
                continue;
            }
            row.at = reading.now.mono;
            let best = |side| {
                let best = row.ladder.best(side);
                best.map_or((LimitPx::NONE, Qty::ZERO), |(px, qty)| (px.into(), qty))
            };
            let (bid, ask) = (best(Side::Buy), best(Side::Sell));
            (reading.say)(Said::Quote(Quote {
                venue: self.venue,
                instrument,
                bid_px: bid.0,
                bid_qty: bid.1,
                ask_px: ask.0,
                ask_qty: ask.1,
                quote_time: reading.sent,
            }));
        }
    }

    /// What a message that cannot be read may have been about is lost.
    fn lose_named<F: FnMut(Said)>(&mut self, message: &Message<'_>, reading: &mut Reading<'_, F>) {
        let mut named = false;
        for (_, symbol) in message.fields().filter(|(tag, _)| *tag == 55) {
            named = true;
            if let Some(instrument) = self.listed(symbol, reading.directory) {
                self.lose(instrument, (0, 0), reading);
            }
        }
        if named {
            return;
        }
        for ix in 0..self.rows.len() {
            let listed = self.rows.get(ix).is_some_and(|row| row.listed);
            if let (true, Ok(ix)) = (listed, u32::try_from(ix)) {
                self.lose(InstrumentId::new(ix), (0, 0), reading);
            }
        }
    }

    fn lose<F: FnMut(Said)>(
        &mut self,
        instrument: InstrumentId,
        numbers: (u64, u64),
        reading: &mut Reading<'_, F>,
    ) {
        let Some(row) = self.rows.get_mut(instrument.get() as usize) else {
            return;
        };
        if row.state == State::Lost {
            return;
        }
        row.state = State::Lost;
        row.ladder.clear();
        row.ahead = numbers.1;
        row.ask_at = reading.now.mono;
        self.lost.push(instrument);
        self.counts.gaps += 1;
        (reading.say)(Said::Gap(self.gap(Some(instrument), numbers)));
    }

    const fn gap(
        &self,
        instrument: Option<InstrumentId>,
        (expected, found): (u64, u64),
    ) -> FeedGap {
        FeedGap {
            venue: self.venue,
            instrument,
            expected,
            found,
        }
    }

    fn listed(&self, symbol: &[u8], directory: &Directory) -> Option<InstrumentId> {
        let instrument = directory.instrument(symbol)?;
        let row = self.rows.get(instrument.get() as usize)?;
        row.listed.then_some(instrument)
    }

    fn touch(&mut self, instrument: InstrumentId) {
        let Some(row) = self.rows.get_mut(instrument.get() as usize) else {
            return;
        };
        if !row.touched {
            row.touched = true;
            self.touched.push(instrument);
        }
    }
}

/// How long to wait before asking again: twice as long each time, up to a bound.
fn patience(asks: &mut u32) -> Nanos {
    let patience = PATIENCE.get() << (*asks).min(PATIENCE_DOUBLES);
    *asks = asks.saturating_add(1);
    Nanos::new(patience)
}
