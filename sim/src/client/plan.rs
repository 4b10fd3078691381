//! What a client sends: a seeded mix of good and deliberately bad orders and requests.

use dcx_model::{Nanos, Price, Qty, Side, TimeInForce};
use serde::Deserialize;

use super::draft::{OrderDraft, order};
use crate::draws::Draws;
use crate::generator::SimInstrument;
use crate::venue::opposite;

/// How often what is sent, relative to each other; requests in per cent of new orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mix {
    /// Market orders.
    pub market: u32,
    /// Limit orders beyond the other side's price.
    pub marketable: u32,
    /// Limit orders at the own side's price or behind it.
    pub passive: u32,
    /// Immediate or cancel.
    pub ioc: u32,
    /// Fill or kill.
    pub fok: u32,
    /// Parent orders worked over time.
    pub twap: u32,
    /// A price between two ticks.
    pub off_tick: u32,
    /// A quantity of zero.
    pub zero_qty: u32,
    /// A symbol that nobody lists.
    pub unknown_symbol: u32,
    /// A ClOrdID once more.
    pub duplicate: u32,
    /// Cancels, per 100 new orders.
    pub cancel_pct: u32,
    /// Replaces, per 100 new orders.
    pub replace_pct: u32,
    /// Status requests, per 100 new orders.
    pub status_pct: u32,
}

impl Default for Mix {
    fn default() -> Self {
        Self {
            market: 20,
            marketable: 20,
            passive: 30,
            ioc: 12,
            fok: 6,
            twap: 4,
            off_tick: 2,
            zero_qty: 2,
            unknown_symbol: 2,
            duplicate: 2,
            cancel_pct: 12,
            replace_pct: 10,
            status_pct: 4,
        }
    }
}

impl Mix {
    /// Only orders that should be accepted.
    #[must_use]
    pub const fn without_bad(self) -> Self {
        Self {
            off_tick: 0,
            zero_qty: 0,
            unknown_symbol: 0,
            duplicate: 0,
            ..self
        }
    }
}

/// One turn of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A new order, and whether it is a bad one.
    Order(OrderDraft, bool),
    /// The ClOrdID of an earlier order once more.
    Duplicate,
}

/// What may follow a new order in the same turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Followers {
    pub(crate) cancel: bool,
    pub(crate) replace: bool,
    pub(crate) status: bool,
}

/// Chooses what to send in each turn, from seed and turn alone.
#[derive(Clone, Debug)]
pub struct Plan {
    seed: u64,
    mix: Mix,
    instruments: Vec<SimInstrument>,
}

/// The newest bid and ask of an instrument, where they are known.
pub(crate) type Touch = Option<(Price, Price)>;

impl Plan {
    /// A plan for these instruments.
    #[must_use]
    pub const fn new(seed: u64, mix: Mix, instruments: Vec<SimInstrument>) -> Self {
        Self {
            seed,
            mix,
            instruments,
        }
    }

    /// What it trades.
    #[must_use]
    pub fn instruments(&self) -> &[SimInstrument] {
        &self.instruments
    }

    /// The action of a turn. `touch` gives the newest prices of an instrument by its place;
    /// without prices only market orders are sent, which then find some.
    pub fn action(
        &self,
        turn: u64,
        touch: impl Fn(usize) -> Option<(Price, Price)>,
    ) -> (Action, Draws) {
        let mut draws = Draws::new(self.seed, turn);
        let ix = usize::try_from(draws.below(self.instruments.len() as u64)).unwrap_or_default();
        let Some(instrument) = self.instruments.get(ix) else {
            return (Action::Duplicate, draws);
        };
        let action = self.choose(instrument, touch(ix), &mut draws);
        (action, draws)
    }

    pub(crate) fn followers(&self, draws: &mut Draws) -> Followers {
        let mut follows = |pct: u32| draws.below(100) < u64::from(pct);
        Followers {
            cancel: follows(self.mix.cancel_pct),
            replace: follows(self.mix.replace_pct),
            status: follows(self.mix.status_pct),
        }
    }

    fn choose(&self, instrument: &SimInstrument, touch: Touch, draws: &mut Draws) -> Action {
        let kind = self.kind(draws);
        let side = match draws.below(2) {
            0 => Side::Buy,
            _ => Side::Sell,
        };
        let draft = order(instrument.symbol.as_str()).side(side, qty(instrument, draws));
        let spread = u64::from(instrument.spread_ticks.max(1));
        let near = draws.below(spread + 1).cast_signed();
        let marketable = |touch| limit(instrument, side, touch, near);
        let passive = |touch| limit(instrument, opposite(side), touch, near);
        let good = |draft| Action::Order(draft, false);
        let bad = |draft| Action::Order(draft, true);
        match (kind, touch) {
            (Kind::Duplicate, _) => Action::Duplicate,
            (Kind::ZeroQty, _) => bad(draft.side(side, Qty::ZERO)),
            (Kind::UnknownSymbol, _) => bad(OrderDraft {
                symbol: "NOSUCH".to_owned(),
                ..draft
            }),
            (Kind::Market, _) | (_, None) => good(draft),
            (Kind::Marketable, Some(touch)) => good(draft.limit(marketable(touch))),
            (Kind::Passive, Some(touch)) => {
                let time_in_force = match draws.below(2) {
                    0 => TimeInForce::Day,
                    _ => TimeInForce::Gtc,
                };
                good(draft.limit(passive(touch)).time_in_force(time_in_force))
            }
            (Kind::Ioc, Some(touch)) => good(draft.limit(marketable(touch)).ioc()),
            (Kind::Fok, Some(touch)) => good(draft.limit(marketable(touch)).fok()),
            (Kind::Twap, Some(touch)) => {
                good(twap(instrument, draft, draws).limit(marketable(touch)))
            }
            (Kind::OffTick, Some(touch)) => {
                let px = passive(touch);
                let off = px.plus_units(instrument.tick.units() / 2).unwrap_or(px);
                bad(draft.limit(off))
            }
        }
    }

    fn kind(&self, draws: &mut Draws) -> Kind {
        let mix = self.mix;
        let weights = [
            (Kind::Market, mix.market),
            (Kind::Marketable, mix.marketable),
            (Kind::Passive, mix.passive),
            (Kind::Ioc, mix.ioc),
            (Kind::Fok, mix.fok),
            (Kind::Twap, mix.twap),
            (Kind::OffTick, mix.off_tick),
            (Kind::ZeroQty, mix.zero_qty),
            (Kind::UnknownSymbol, mix.unknown_symbol),
            (Kind::Duplicate, mix.duplicate),
        ];
        let total: u64 = weights.iter().map(|(_, weight)| u64::from(*weight)).sum();
        let mut drawn = draws.below(total);
        for (kind, weight) in weights {
            let weight = u64::from(weight);
            if drawn < weight {
                return kind;
            }
            drawn -= weight;
        }
        Kind::Market
    }

    /// A change of a working order: another quantity above what is filled, another limit.
    pub(crate) fn change(
        &self,
        symbol: &str,
        (order_qty, cum_qty, px): (Qty, Qty, Price),
        draws: &mut Draws,
    ) -> Option<(Qty, Price)> {
        let mut listed = self.instruments.iter();
        let instrument = listed.find(|listed| listed.symbol.as_str() == symbol)?;
        let lot = instrument.lot;
        let least = cum_qty.plus(lot)?;
        let wanted = qty(instrument, draws).max(least);
        let changed = match draws.below(3) {
            0 => order_qty,
            _ => wanted,
        };
        let ticks = draws.within(instrument.spread_ticks);
        Some((changed.max(least), instrument.away(px, ticks)))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Market,
    Marketable,
    Passive,
    Ioc,
    Fok,
    Twap,
    OffTick,
    ZeroQty,
    UnknownSymbol,
    Duplicate,
}

fn qty(instrument: &SimInstrument, draws: &mut Draws) -> Qty {
    let lot = instrument.lot.units();
    let lots = draws.below(instrument.order_qty_max.units() / lot) + 1;
    Qty::from_units(lots * lot)
}

/// A quantity of at least one lot for each slice, and a short time to work it in.
fn twap(instrument: &SimInstrument, draft: OrderDraft, draws: &mut Draws) -> OrderDraft {
    let slices = 2 + draws.below(4);
    let span = Nanos::from_millis(1_000 + draws.below(2_000));
    let least = Qty::from_units(instrument.lot.units() * slices);
    let side = draft.side;
    let order_qty = draft.order_qty.max(least);
    draft
        .side(side, order_qty)
        .twap(span, u16::try_from(slices).unwrap_or(2))
}

/// The price `ticks` beyond what an order of `side` meets, on the grid.
fn limit(instrument: &SimInstrument, side: Side, (bid, ask): (Price, Price), ticks: i64) -> Price {
    match side {
        Side::Buy => instrument.away(instrument.floor(ask), ticks),
        Side::Sell => instrument.away(instrument.floor(bid), -ticks),
    }
}
