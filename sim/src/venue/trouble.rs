//! What goes wrong at a venue, by probability, and what the seed has decided for a message.

use dcx_model::{CxlRejReason, Nanos};
use serde::Deserialize;

use super::VenueError;
use super::request::Request;
use crate::draws::Draws;

/// Streams of chance beside those of orders and requests, so that trouble changes nothing else.
const MESSAGES: u64 = 0x6d65_7373_6167_6573;
const REPORTS: u64 = 0x0072_6570_6f72_7473;
const HALTS: u64 = 0x0000_0068_616c_7473;

/// How often a venue misbehaves. Rates are probabilities; the defaults are never.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Trouble {
    /// The acknowledgement of an order, cancel or replace is never sent; what it acknowledges is
    /// done all the same.
    pub lost_ack_rate: f64,
    /// The report of a trade is held back until the next status request about its order, mass
    /// status request or logon.
    pub late_fill_rate: f64,
    /// A report is sent twice under one ExecID, every other time with `PossResend` (97).
    pub duplicate_rate: f64,
    /// An order is cancelled that nobody asked to be cancelled.
    pub unasked_cancel_rate: f64,
    /// A trade is cancelled later (150=H).
    pub bust_rate: f64,
    /// The price of a trade is corrected later (150=G).
    pub correct_rate: f64,
    /// A cancel or replace is refused though the order works, as too late (102=0) or as already
    /// pending (102=3).
    pub cancel_refused_rate: f64,
    /// An order is lost: nothing is told, and whoever asks hears that it is unknown.
    pub vanish_rate: f64,
    /// An order, cancel or replace is told to be pending before it is done.
    pub pending_rate: f64,
    /// An update of market data (X) is never sent, and its number (83) is used.
    pub lost_update_rate: f64,
    /// For so long, in microseconds.
    pub pending_us: u64,
    /// Mean time until what happens later happens, in milliseconds.
    pub later_ms: u64,
    /// Orders that each session finds at the start and never sent.
    pub orphans: u32,
    /// Mean time between two halts of an instrument, in milliseconds; 0 for never.
    pub halt_every_ms: u64,
    /// How long a halt takes, in milliseconds.
    pub halt_ms: u64,
}

impl Default for Trouble {
    fn default() -> Self {
        Self {
            lost_ack_rate: 0.0,
            late_fill_rate: 0.0,
            duplicate_rate: 0.0,
            unasked_cancel_rate: 0.0,
            bust_rate: 0.0,
            correct_rate: 0.0,
            cancel_refused_rate: 0.0,
            vanish_rate: 0.0,
            pending_rate: 0.0,
            lost_update_rate: 0.0,
            pending_us: 500,
            later_ms: 200,
            orphans: 0,
            halt_every_ms: 0,
            halt_ms: 1_000,
        }
    }
}

impl Trouble {
    /// The rates by their names.
    pub(super) const fn rates(&self) -> [(&'static str, f64); 10] {
        [
            ("lost_ack_rate", self.lost_ack_rate),
            ("late_fill_rate", self.late_fill_rate),
            ("duplicate_rate", self.duplicate_rate),
            ("unasked_cancel_rate", self.unasked_cancel_rate),
            ("bust_rate", self.bust_rate),
            ("correct_rate", self.correct_rate),
            ("cancel_refused_rate", self.cancel_refused_rate),
            ("vanish_rate", self.vanish_rate),
            ("pending_rate", self.pending_rate),
            ("lost_update_rate", self.lost_update_rate),
        ]
    }

    /// Refuses numbers that make no sense.
    pub(super) fn check(&self) -> Result<(), VenueError> {
        if self.orphans > 100_000 {
            let what = format!("{} is above 100000", self.orphans);
            return Err(VenueError::Option {
                name: "orphans",
                what,
            });
        }
        Ok(())
    }

    /// Whether anything can become of a report but its sending.
    pub(super) fn touches_reports(&self) -> bool {
        let rates = [
            self.late_fill_rate,
            self.duplicate_rate,
            self.bust_rate,
            self.correct_rate,
        ];
        rates.iter().any(|rate| *rate > 0.0)
    }

    /// What becomes of the message with this number among its kind.
    pub(super) fn of_message(&self, seed: u64, number: u64, request: &Request) -> MessageFate {
        let mut draws = Draws::new(seed ^ MESSAGES, number);
        let lose_ack = draws.chance(self.lost_ack_rate);
        let pends = draws.chance(self.pending_rate);
        let refused = draws.chance(self.cancel_refused_rate);
        let why = match draws.below(2) {
            0 => CxlRejReason::TooLate,
            _ => CxlRejReason::AlreadyPending,
        };
        let vanishes = draws.chance(self.vanish_rate);
        let is_canceled = draws.chance(self.unasked_cancel_rate);
        let later = self.later(&mut draws);
        let is_new = matches!(request, Request::New(_));
        MessageFate {
            lose_ack,
            pending: pends.then(|| Nanos::new(self.pending_us.saturating_mul(1_000))),
            refuse: refused.then_some(why),
            end: match (is_new, vanishes, is_canceled) {
                (true, true, _) => Some((End::Vanish, later)),
                (true, false, true) => Some((End::Cancel, later)),
                (true, false, false) | (false, _, _) => None,
            },
        }
    }

    /// What becomes of the report with this ExecID; `is_trade` if it reports one.
    pub(super) fn of_report(&self, seed: u64, exec_id: u64, is_trade: bool) -> ReportFate {
        let mut draws = Draws::new(seed ^ REPORTS, exec_id);
        let late = draws.chance(self.late_fill_rate);
        let again = draws.chance(self.duplicate_rate);
        let poss_resend = draws.below(2) == 0;
        let again_after = self.later(&mut draws);
        let busted = draws.chance(self.bust_rate);
        let corrected = draws.chance(self.correct_rate);
        let amend_after = self.later(&mut draws);
        ReportFate {
            late: is_trade && late,
            again: again.then_some((again_after, poss_resend)),
            amend: match (is_trade, busted, corrected) {
                (true, true, _) => Some((Amend::Bust, amend_after)),
                (true, false, true) => Some((Amend::Correct, amend_after)),
                (true, false, false) | (false, _, _) => None,
            },
        }
    }

    /// From the end of one halt of an instrument to its next; none for never.
    pub(super) fn next_halt(&self, seed: u64, instrument: usize, number: u64) -> Option<Nanos> {
        let mean = self.halt_every_ms.saturating_mul(1_000_000);
        let stream = number.wrapping_mul(1 << 16).wrapping_add(instrument as u64);
        let mut draws = Draws::new(seed ^ HALTS, stream);
        (mean > 0).then(|| Nanos::new(draws.exponential(mean)))
    }

    fn later(&self, draws: &mut Draws) -> Nanos {
        Nanos::new(draws.exponential(self.later_ms.saturating_mul(1_000_000)))
    }
}

/// What becomes of an order, cancel or replace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct MessageFate {
    pub(super) lose_ack: bool,
    /// For how long it is told to be pending.
    pub(super) pending: Option<Nanos>,
    pub(super) refuse: Option<CxlRejReason>,
    /// How an order ends before its time, and after how long.
    pub(super) end: Option<(End, Nanos)>,
}

/// How an order ends before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Vanish,
    Cancel,
}

/// What becomes of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ReportFate {
    pub(super) late: bool,
    /// After how long it is sent once more, and whether it says so.
    pub(super) again: Option<(Nanos, bool)>,
    pub(super) amend: Option<(Amend, Nanos)>,
}

/// What becomes of a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Amend {
    Bust,
    Correct,
}

/// What has gone wrong so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TroubleStats {
    /// Acknowledgements never sent.
    pub lost_acks: u64,
    /// Reports of trades held back.
    pub late_fills: u64,
    /// Reports sent twice.
    pub duplicates: u64,
    /// Orders cancelled that nobody asked to be cancelled, those of a lost session among them.
    pub unasked_cancels: u64,
    /// Trades cancelled.
    pub busts: u64,
    /// Trades corrected.
    pub corrections: u64,
    /// Orders lost.
    pub vanished: u64,
    /// Messages told to be pending.
    pub pendings: u64,
    /// Halts of an instrument.
    pub halts: u64,
}
