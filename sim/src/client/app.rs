//! The client as the application of a FIX link: turns on a schedule, answers to the judge.

use std::sync::Arc;

use dcx_fix::{AppReject, Application, Message, Outgoing, SessionIx};
use dcx_model::{ClOrdId, MonoNanos, NANOS_PER_S, Nanos, Now, Price, Symbol};

use super::check::{Checker, OrderSent, RequestKind};
use super::draft::{OrderDraft, order};
use super::options::{ClientError, ClientOptions};
use super::plan::{Action, Plan, Touch};
use super::report::{ClientReport, Progress};
use super::wire;
use crate::draws::Draws;
use crate::generator::SimInstrument;
use crate::venue::PriceBoard;

/// Turns that one cycle takes at most: a client behind its schedule still reads its reports.
const TURNS_MAX: usize = 64;

/// How often orders that still work are cancelled again at the end.
const CANCEL_EVERY: Nanos = Nanos::from_millis(500);

/// How often one order is cancelled then: a cancel may come between an order and its replace.
const LAST_CANCELS_MAX: u32 = 5;

/// Where a client finds its prices: the boards of venues in the same process, else its last
/// trades, else what it was given.
#[derive(Clone, Debug, Default)]
pub struct Prices {
    boards: Vec<Arc<PriceBoard>>,
    known: Vec<Option<Price>>,
}

impl Prices {
    /// Prices of these boards, the first that has one.
    #[must_use]
    pub const fn of_boards(boards: Vec<Arc<PriceBoard>>) -> Self {
        Self {
            boards,
            known: Vec::new(),
        }
    }

    fn touch(&self, ix: usize, instrument: &SimInstrument) -> Touch {
        let mut boards = self.boards.iter();
        let shown = boards.find_map(|board| board.touch(instrument.symbol));
        shown.or_else(|| {
            let px = self.known.get(ix).copied().flatten()?;
            let half = i64::from(instrument.spread_ticks / 2);
            let mid = instrument.floor(px);
            Some((instrument.away(mid, -half), instrument.away(mid, half)))
        })
    }

    fn learn(&mut self, instruments: &[SimInstrument], symbol: Symbol, px: Price) {
        let ix = instruments
            .iter()
            .position(|listed| listed.symbol == symbol);
        if let Some(slot) = ix.and_then(|ix| self.known.get_mut(ix)) {
            *slot = Some(px);
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Not every session is logged on.
    Waiting,
    /// Turns are taken.
    Sending {
        start: MonoNanos,
    },
    /// What works is cancelled, what is open is waited for.
    Ending {
        since: MonoNanos,
        again: MonoNanos,
    },
    Done,
}

/// A client behind FIX sessions.
#[derive(Debug)]
pub struct ClientApp {
    plan: Plan,
    prices: Prices,
    checker: Checker,
    logged_on: Vec<bool>,
    phase: Phase,
    tag: String,
    names: u64,
    turns: u64,
    orders_per_s: u64,
    orders_max: u64,
    span: Option<Nanos>,
    patience: Nanos,
    started: MonoNanos,
    heard: MonoNanos,
}

impl ClientApp {
    /// The client that these options describe. `tag` begins its ClOrdIDs.
    ///
    /// # Errors
    /// [`ClientError`] for options that make no sense.
    pub fn new(
        options: &ClientOptions,
        mut prices: Prices,
        tag: String,
    ) -> Result<Self, ClientError> {
        options.check()?;
        prices.known = options.first_prices()?;
        Ok(Self {
            plan: Plan::new(options.seed, options.mix, options.instruments()?),
            prices,
            checker: Checker::new(),
            logged_on: vec![false; options.comp_ids.len()],
            phase: Phase::Waiting,
            tag,
            names: 0,
            turns: 0,
            orders_per_s: options.orders_per_s.max(1).into(),
            orders_max: options.orders.unwrap_or(u64::MAX),
            span: options.seconds.map(Nanos::from_seconds),
            patience: Nanos::from_seconds(options.patience_s),
            started: MonoNanos::default(),
            heard: MonoNanos::default(),
        })
    }

    /// Whether every session has been logged on at some time.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.phase != Phase::Waiting
    }

    /// Whether all is sent, and all answered or waited for long enough.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.phase == Phase::Done
    }

    /// Stops sending, cancels what works, waits for the answers.
    pub fn wind_down(&mut self, now: MonoNanos) {
        match self.phase {
            Phase::Waiting => self.phase = Phase::Done,
            Phase::Sending { .. } => self.phase = ending(now),
            Phase::Ending { .. } | Phase::Done => {}
        }
    }

    /// Counts so far.
    #[must_use]
    pub const fn progress(&self) -> Progress {
        let tally = self.checker.tally;
        Progress {
            sent: tally.sent,
            accepted: tally.accepted,
            refused: tally.refused,
            filled: tally.filled,
            canceled: tally.canceled,
            trades: tally.trades,
            violations: tally.violations,
            ending: matches!(self.phase, Phase::Ending { .. } | Phase::Done),
        }
    }

    /// What it saw in the end. Leaves it as if it had seen nothing.
    pub fn take_report(&mut self) -> ClientReport {
        let took = self.heard.since(self.started);
        ClientReport::of(std::mem::take(&mut self.checker), took)
    }

    /// When a turn should be taken, on a schedule that does not wait for answers.
    fn due(&self, start: MonoNanos, turn: u64) -> MonoNanos {
        let nanos = u128::from(turn) * u128::from(NANOS_PER_S) / u128::from(self.orders_per_s);
        start.plus(Nanos::new(u64::try_from(nanos).unwrap_or(u64::MAX)))
    }

    fn send_due(&mut self, start: MonoNanos, now: Now, out: &mut Outgoing<'_>) -> usize {
        let mut taken = 0;
        while taken < TURNS_MAX {
            let scheduled = self.due(start, self.turns);
            let over = self.span.is_some_and(|span| scheduled.since(start) >= span);
            if over || self.turns >= self.orders_max {
                self.phase = ending(now.mono);
                break;
            }
            // While a session is away its turns wait, and the waiting counts as latency.
            if scheduled > now.mono || !self.is_on(self.turns) {
                break;
            }
            self.turn(scheduled, now, out);
            self.turns += 1;
            taken += 1;
        }
        taken
    }

    fn session_of(&self, turn: u64) -> u16 {
        let sessions = self.logged_on.len().max(1) as u64;
        u16::try_from(turn % sessions).unwrap_or_default()
    }

    fn is_on(&self, turn: u64) -> bool {
        let on = self.logged_on.get(usize::from(self.session_of(turn)));
        on.copied().unwrap_or(false)
    }

    fn turn(&mut self, scheduled: MonoNanos, now: Now, out: &mut Outgoing<'_>) {
        let instruments = self.plan.instruments();
        let touch = |ix: usize| self.prices.touch(ix, instruments.get(ix)?);
        let (action, mut draws) = self.plan.action(self.turns, touch);
        match action {
            Action::Order(draft, _) => self.send_new(scheduled, draft, now, out),
            Action::Duplicate => self.send_again(scheduled, &mut draws, now, out),
        }
        let followers = self.plan.followers(&mut draws);
        if followers.cancel {
            let drawn = draws.below(u64::MAX);
            if let Some(ix) = self.checker.pick_open(drawn) {
                self.send_cancel(ix, now, out);
            }
        }
        if followers.replace {
            self.send_replace(&mut draws, now, out);
        }
        if followers.status {
            self.send_status(&mut draws, out);
        }
        if followers.mass_cancel {
            self.send_mass_cancel(now, out);
        }
        if followers.mass_status {
            self.send_mass_status(out);
        }
    }

    fn next_name(&mut self) -> ClOrdId {
        self.names += 1;
        let text = format!("{}-{}", self.tag, self.names);
        // At most 20 characters, a dash and 20 digits would not fit; 15 digits are not reached.
        text.parse().unwrap_or(ClOrdId::EMPTY)
    }

    fn send_new(
        &mut self,
        scheduled: MonoNanos,
        draft: OrderDraft,
        now: Now,
        out: &mut Outgoing<'_>,
    ) {
        let session = self.session_of(self.turns);
        let cl_ord_id = self.next_name();
        out.send(SessionIx::new(session), b"D", |body| {
            wire::new_order(body, cl_ord_id, &draft, now.unix);
        });
        let sent = OrderSent {
            cl_ord_id,
            draft,
            scheduled,
        };
        self.checker.sent(session, sent);
    }

    /// Sends an accepted order once more; a market order where there is none.
    fn send_again(
        &mut self,
        scheduled: MonoNanos,
        draws: &mut Draws,
        now: Now,
        out: &mut Outgoing<'_>,
    ) {
        let chosen = self.checker.pick_accepted(draws.below(u64::MAX));
        let Some((ix, first)) = chosen.and_then(|ix| Some((ix, self.checker.orders.get(ix)?)))
        else {
            let Some(instrument) = self.plan.instruments().first() else {
                return;
            };
            let draft = order(instrument.symbol.as_str()).buy(instrument.lot);
            return self.send_new(scheduled, draft, now, out);
        };
        out.send(SessionIx::new(first.session), b"D", |body| {
            wire::new_order(body, first.cl_ord_id, &first.draft, now.unix);
        });
        self.checker.sent_again(ix);
    }

    fn send_cancel(&mut self, ix: usize, now: Now, out: &mut Outgoing<'_>) {
        let cl_ord_id = self.next_name();
        let Some(order) = self.checker.orders.get(ix) else {
            return;
        };
        let draft = order.draft.clone();
        out.send(SessionIx::new(order.session), b"F", |body| {
            wire::cancel(body, (cl_ord_id, order.cl_ord_id), &draft, now.unix);
        });
        self.checker
            .requested(ix, RequestKind::Cancel, cl_ord_id, draft);
    }

    fn send_replace(&mut self, draws: &mut Draws, now: Now, out: &mut Outgoing<'_>) {
        let Some(ix) = self.checker.pick_open(draws.below(u64::MAX)) else {
            return;
        };
        let cl_ord_id = self.next_name();
        let Some(order) = self.checker.orders.get(ix) else {
            return;
        };
        let mut draft = order.draft.clone();
        let Some(px) = draft.limit_px else {
            return;
        };
        let numbers = (draft.order_qty, order.cum_qty, px);
        let Some((order_qty, px)) = self.plan.change(&draft.symbol, numbers, draws) else {
            return;
        };
        (draft.order_qty, draft.limit_px) = (order_qty, Some(px));
        out.send(SessionIx::new(order.session), b"G", |body| {
            wire::replace(body, (cl_ord_id, order.cl_ord_id), &draft, now.unix);
        });
        self.checker
            .requested(ix, RequestKind::Replace, cl_ord_id, draft);
    }

    fn send_status(&mut self, draws: &mut Draws, out: &mut Outgoing<'_>) {
        let Some(ix) = self.checker.pick_open(draws.below(u64::MAX)) else {
            return;
        };
        let Some(order) = self.checker.orders.get(ix) else {
            return;
        };
        out.send(SessionIx::new(order.session), b"H", |body| {
            wire::status(body, order.cl_ord_id, &order.draft);
        });
        self.checker.asked(ix);
    }

    fn send_mass_cancel(&mut self, now: Now, out: &mut Outgoing<'_>) {
        let session = SessionIx::new(self.session_of(self.turns));
        let name = self.next_name();
        out.send(session, b"q", |body| {
            wire::mass_cancel(body, name, now.unix)
        });
        self.checker.asked_for_many(name);
    }

    fn send_mass_status(&mut self, out: &mut Outgoing<'_>) {
        let session = SessionIx::new(self.session_of(self.turns));
        let name = self.next_name();
        out.send(session, b"AF", |body| wire::mass_status(body, name));
        self.checker.asked_for_many(name);
    }

    /// Cancels what works and has no request on its way; done once all is answered.
    fn end(
        &mut self,
        since: MonoNanos,
        again: MonoNanos,
        now: Now,
        out: &mut Outgoing<'_>,
    ) -> usize {
        if self.checker.is_settled() || now.mono.since(since) >= self.patience {
            self.phase = Phase::Done;
            return 1;
        }
        if now.mono < again {
            return 0;
        }
        let again = now.mono.plus(CANCEL_EVERY);
        self.phase = Phase::Ending { since, again };
        let open = self.checker.open_orders().to_vec();
        let mut sent = 0;
        for ix in open {
            let Some(order) = self.checker.orders.get_mut(ix) else {
                continue;
            };
            if order.pending == 0 && order.last_cancels < LAST_CANCELS_MAX {
                order.last_cancels += 1;
                self.send_cancel(ix, now, out);
                sent += 1;
            }
        }
        sent
    }
}

const fn ending(now: MonoNanos) -> Phase {
    Phase::Ending {
        since: now,
        again: now,
    }
}

impl Application for ClientApp {
    fn logged_on(&mut self, session: SessionIx, now: Now, _out: &mut Outgoing<'_>) {
        if let Some(on) = self.logged_on.get_mut(session.as_usize()) {
            *on = true;
        }
        if self.phase == Phase::Waiting && self.logged_on.iter().all(|on| *on) {
            self.started = now.mono;
            self.phase = Phase::Sending { start: now.mono };
        }
    }

    fn logged_out(&mut self, session: SessionIx, _now: Now, _out: &mut Outgoing<'_>) {
        if let Some(on) = self.logged_on.get_mut(session.as_usize()) {
            *on = false;
        }
    }

    fn received(
        &mut self,
        _session: SessionIx,
        now: Now,
        message: &Message<'_>,
        _out: &mut Outgoing<'_>,
    ) -> Result<(), AppReject> {
        self.heard = now.mono;
        let name = message.text(11).unwrap_or(ClOrdId::EMPTY);
        match message.msg_type() {
            b"8" => match wire::execution(message) {
                Ok(view) => {
                    if let Some(px) = view.last_px.filter(|px| *px > Price::ZERO) {
                        self.prices.learn(self.plan.instruments(), view.symbol, px);
                    }
                    self.checker.execution(now.mono, &view);
                }
                Err(what) => self.checker.unreadable(name, what),
            },
            b"9" => match wire::cancel_reject(message) {
                Ok(view) => self.checker.cancel_rejected(&view),
                Err(what) => self.checker.unreadable(name, what),
            },
            b"r" => self.checker.many_answered(name),
            b"j" => {
                let refused = message.text(379).unwrap_or(ClOrdId::EMPTY);
                self.checker.refused_outright(now.mono, refused);
            }
            _ => return Err(AppReject::unsupported_message_type()),
        }
        Ok(())
    }

    fn work(&mut self, now: Now, out: &mut Outgoing<'_>) -> usize {
        match self.phase {
            Phase::Sending { start } => self.send_due(start, now, out),
            Phase::Ending { since, again } => self.end(since, again, now, out),
            Phase::Waiting | Phase::Done => 0,
        }
    }
}
