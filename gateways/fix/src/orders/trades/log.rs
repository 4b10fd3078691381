//! The last trades of all clients: each report about one, as it was told.

use std::collections::VecDeque;

use dcx_model::{
    Event, EventRef, ExecType, OrderView, Price, Qty, SESSIONS_MAX, SessionId, UnixNanos, VenueId,
};

/// A report about a trade: that it was made, taken back, or put right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TradeRow {
    /// When its cause was sequenced, `TransactTime` (60).
    pub at: UnixNanos,
    /// The report, and as text its `ExecID` (17) and `TradeReportID` (571).
    pub event: EventRef,
    /// Trade, TradeCancel or TradeCorrect, `ExecType` (150).
    pub exec_type: ExecType,
    /// The report that it takes back or puts right, `TradeReportRefID` (572).
    pub of: Option<EventRef>,
    /// The order with it.
    pub view: OrderView,
    /// `LastQty` (32).
    pub last_qty: Qty,
    /// `LastPx` (31).
    pub last_px: Price,
    /// Where, `LastMkt` (30).
    pub venue: VenueId,
}

impl TradeRow {
    /// The row of an event, if it is about a trade.
    fn of(at: UnixNanos, event: EventRef, said: &Event) -> Option<Self> {
        let (exec_type, of, view, last_qty, last_px, venue) = match said {
            Event::Trade {
                view,
                venue,
                last_qty,
                last_px,
                child: _,
            } => (ExecType::Trade, None, view, last_qty, last_px, venue),
            Event::TradeCanceled {
                view,
                trade,
                last_qty,
                last_px,
                venue,
            } => {
                let of = Some(*trade);
                (ExecType::TradeCancel, of, view, last_qty, last_px, venue)
            }
            Event::TradeCorrected {
                view,
                trade,
                last_qty,
                last_px,
                venue,
            } => {
                let of = Some(*trade);
                (ExecType::TradeCorrect, of, view, last_qty, last_px, venue)
            }
            _ => return None,
        };
        Some(Self {
            at,
            event,
            exec_type,
            of,
            view: *view,
            last_qty: *last_qty,
            last_px: *last_px,
            venue: *venue,
        })
    }
}

/// The last trades, oldest first, as many as it has room for.
///
/// It is made of the engine's events alone: what a journal's replay says and then the run. The
/// same events give the same log. Of what it has no room for it knows until when that was, session
/// by session, so that nobody who asks for more than it has is given less in silence.
///
/// # Cost
/// O(1) for each event; no allocation beyond what it was made with.
#[derive(Debug, Default)]
pub struct TradeLog {
    rows: VecDeque<TradeRow>,
    room: usize,
    /// How many were forgotten: the number of the oldest row.
    first: u64,
    /// By [`SessionId`]: of when the last that was forgotten is.
    forgotten: Vec<Option<UnixNanos>>,
}

impl TradeLog {
    /// A log of the last `room` reports about trades; of none if it is 0.
    #[must_use]
    pub fn with_room_for(room: usize) -> Self {
        Self {
            rows: VecDeque::with_capacity(room),
            room,
            first: 0,
            forgotten: vec![None; SESSIONS_MAX],
        }
    }

    /// Whether it keeps any.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.room > 0
    }

    /// Takes in an event: `event` is its place, `at` when its cause was sequenced.
    #[inline]
    pub fn take(&mut self, at: UnixNanos, event: EventRef, said: &Event) {
        if self.room == 0 {
            return;
        }
        let Some(row) = TradeRow::of(at, event, said) else {
            return;
        };
        if self.rows.len() == self.room {
            self.forget_oldest();
        }
        self.rows.push_back(row);
    }

    fn forget_oldest(&mut self) {
        let Some(row) = self.rows.pop_front() else {
            return;
        };
        self.first += 1;
        let session = usize::from(row.view.session.get());
        if let Some(place) = self.forgotten.get_mut(session) {
            *place = Some(row.at);
        }
    }

    /// The number of the oldest row that is kept.
    pub(super) const fn first(&self) -> u64 {
        self.first
    }

    /// One more than the number of the newest row.
    pub(super) fn end(&self) -> u64 {
        self.first + self.rows.len() as u64
    }

    /// The number of the oldest row that is kept and not before `from`. Time never goes back.
    pub(super) fn first_from(&self, from: UnixNanos) -> u64 {
        self.first + self.rows.partition_point(|row| row.at < from) as u64
    }

    /// The row of this number, if it is kept.
    pub(super) fn row(&self, number: u64) -> Option<&TradeRow> {
        let ix = number.checked_sub(self.first)?;
        self.rows.get(usize::try_from(ix).ok()?)
    }

    /// Of when the last forgotten trade of these sessions is, if any was.
    pub(super) fn forgotten(&self, is_asked: impl Fn(SessionId) -> bool) -> Option<UnixNanos> {
        let sessions = (0..).map(SessionId::new).zip(&self.forgotten);
        let asked = sessions.filter(|(session, _)| is_asked(*session));
        asked.filter_map(|(_, at)| *at).max()
    }
}

#[cfg(test)]
mod tests {
    use dcx_model::{ChildId, Seq};

    use super::*;

    fn traded(session: u16) -> Event {
        let view = OrderView {
            session: SessionId::new(session),
            ..OrderView::EMPTY
        };
        Event::Trade {
            view,
            child: ChildId::new(1),
            venue: VenueId::new(3),
            last_qty: Qty::whole(1),
            last_px: Price::ZERO,
        }
    }

    proptest::proptest! {
        /// Goal: the log is the last so many trades and knows what it forgot. Method: beside a
        /// list of all trades ever.
        #[test]
        fn the_log_keeps_what_a_list_of_all_would_have_last(
            room in 0_usize..9,
            sessions in proptest::collection::vec(0_u16..3, 0..40),
            from in 0_u64..450,
        ) {
            let mut log = TradeLog::with_room_for(room);
            let mut all = VecDeque::new();
            let mut forgotten = [None; 3];
            for (seq, session) in (1_u64..).zip(sessions) {
                let at = UnixNanos::new(seq * 10);
                let event = EventRef { seq: Seq::new(seq), ix: 0 };
                log.take(at, event, &traded(session));
                log.take(at, event, &Event::Expired { view: OrderView::EMPTY });
                if room == 0 {
                    continue;
                }
                all.push_back((session, at));
                if all.len() > room {
                    let (session, at) = all.pop_front().unwrap();
                    forgotten[usize::from(session)] = Some(at);
                }
            }
            let numbers = log.first()..log.end();
            let rows = || numbers.clone().map(|number| log.row(number).unwrap());
            let kept: Vec<_> = rows().map(|row| (row.view.session.get(), row.at)).collect();
            assert_eq!(kept, Vec::from(all));
            assert!(log.row(log.end()).is_none());
            for session in 0..3_u16 {
                let of = log.forgotten(|it| it.get() == session);
                assert_eq!(of, forgotten[usize::from(session)]);
            }
            let last = forgotten.into_iter().flatten().max();
            assert_eq!(log.forgotten(|_| true), last);
            let from = UnixNanos::new(from);
            let before = rows().take_while(|row| row.at < from).count() as u64;
            assert_eq!(log.first_from(from), log.first() + before);
        }
    }
}
