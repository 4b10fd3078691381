//! What a client sends: a seeded mix of good and deliberately bad orders and requests.

use dcx_model::{Nanos, Price, Qty, Side, TimeInForce};

use super::draft::{OrderDraft, PegDraft, Twap, order};
use super::mix::Mix;
use crate::draws::Draws;
use crate::generator::SimInstrument;
use crate::venue::opposite;

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
    pub(crate) mass_cancel: bool,
    pub(crate) mass_status: bool,
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
        let (cancel, replace) = (follows(self.mix.cancel_pct), follows(self.mix.replace_pct));
        let status = follows(self.mix.status_pct);
        // What is never sent takes no draw, so that a mix without it stays what it was.
        let mut sometimes = |pct: u32| pct > 0 && follows(pct);
        Followers {
            cancel,
            replace,
            status,
            mass_cancel: sometimes(self.mix.mass_cancel_pct),
            mass_status: sometimes(self.mix.mass_status_pct),
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
            (Kind::Algo, Some(touch)) => {
                good(worked(instrument, draft, draws).limit(marketable(touch)))
            }
            (Kind::Twap, Some(touch)) => {
                good(twap(instrument, draft, draws).limit(marketable(touch)))
            }
            (
                Kind::Stop
                | Kind::StopLimit
                | Kind::Mit
                | Kind::Lit
                | Kind::LeftOver
                | Kind::Trailing
                | Kind::Pegged
                | Kind::Iceberg
                | Kind::Gtd
                | Kind::PostOnly,
                Some(touch),
            ) => {
                let prices = (marketable(touch), passive(touch));
                good(special(kind, instrument, draft, prices, draws))
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
            (Kind::Algo, mix.algo),
            (Kind::Stop, mix.stop),
            (Kind::StopLimit, mix.stop_limit),
            (Kind::Mit, mix.mit),
            (Kind::Lit, mix.lit),
            (Kind::LeftOver, mix.left_over),
            (Kind::Trailing, mix.trailing),
            (Kind::Pegged, mix.pegged),
            (Kind::Iceberg, mix.iceberg),
            (Kind::Gtd, mix.gtd),
            (Kind::PostOnly, mix.post_only),
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
    Algo,
    Stop,
    StopLimit,
    Mit,
    Lit,
    LeftOver,
    Trailing,
    Pegged,
    Iceberg,
    Gtd,
    PostOnly,
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

/// What else a parent order may be worked by: `TargetStrategy` (847) and its parameters.
const WORKED: [(u32, &str, bool); 5] = [
    (3, "urgency=2", true),
    (1000, "jitter=0.5", true),
    (1002, "urgency=1;jitter=0.25", true),
    (1001, "vary=0.5", false),
    (1003, "spread_ticks=40;interval_ms=100;pause=stale", false),
];

/// An order by one of the algorithms: in slices, in clips, or when the price is good.
fn worked(instrument: &SimInstrument, draft: OrderDraft, draws: &mut Draws) -> OrderDraft {
    let drawn = usize::try_from(draws.below(WORKED.len() as u64)).unwrap_or_default();
    let mut made = twap(instrument, draft, draws);
    let Some(((target, parameters, sliced), algo)) = WORKED.get(drawn).zip(made.twap) else {
        return made;
    };
    if *target == 1001 {
        let lot = instrument.lot.units();
        let part = made.order_qty.units() / lot / 4;
        made = made.iceberg(Qty::from_units(part.max(1) * lot));
    }
    made.worked(Twap {
        slices: if *sliced { algo.slices } else { 0 },
        target: *target,
        parameters,
        ..algo
    })
}

/// An order that waits, follows or hides. `above` is a price that would trade at once, `behind`
/// one that would not.
fn special(
    kind: Kind,
    instrument: &SimInstrument,
    draft: OrderDraft,
    (above, behind): (Price, Price),
    draws: &mut Draws,
) -> OrderDraft {
    let side = draft.side;
    let spread = i64::from(instrument.spread_ticks.max(1));
    let tick = instrument.tick.units();
    let further = |px, ticks| match side {
        Side::Buy => instrument.away(px, ticks),
        Side::Sell => instrument.away(px, -ticks),
    };
    let ticks = draws
        .below(u64::from(instrument.spread_ticks) + 1)
        .cast_signed();
    let away = Price::from_units(ticks * tick);
    match kind {
        Kind::Stop => draft.stop(further(above, 1)),
        Kind::StopLimit => draft.limit(further(above, spread)).stop(further(above, 1)),
        Kind::Mit => draft.if_touched(behind),
        Kind::Lit => draft.limit(further(behind, spread)).if_touched(behind),
        Kind::LeftOver => draft.left_over_as_limit(),
        Kind::Trailing => {
            let offset = match side {
                Side::Buy => Price::from_units((ticks + 1) * tick),
                Side::Sell => Price::from_units(-(ticks + 1) * tick),
            };
            draft.pegged(PegDraft {
                exec_inst: b'a',
                offset,
            })
        }
        Kind::Pegged => {
            let exec_inst = match draws.below(3) {
                0 => b'R',
                1 => b'M',
                _ => b'P',
            };
            let offset = match side {
                Side::Buy => Price::from_units(-away.units()),
                Side::Sell => away,
            };
            draft.pegged(PegDraft { exec_inst, offset })
        }
        Kind::Iceberg => {
            let lot = instrument.lot.units();
            let part = draft.order_qty.units() / lot / 4;
            draft
                .limit(behind)
                .iceberg(Qty::from_units(part.max(1) * lot))
        }
        Kind::Gtd => {
            let span = Nanos::from_millis(500 + draws.below(5_000));
            draft.limit(behind).gtd(span)
        }
        Kind::PostOnly => draft.limit(behind).post_only(),
        Kind::Market
        | Kind::Marketable
        | Kind::Passive
        | Kind::Ioc
        | Kind::Fok
        | Kind::Twap
        | Kind::Algo
        | Kind::OffTick
        | Kind::ZeroQty
        | Kind::UnknownSymbol
        | Kind::Duplicate => draft,
    }
}

/// The price `ticks` beyond what an order of `side` meets, on the grid.
fn limit(instrument: &SimInstrument, side: Side, (bid, ask): (Price, Price), ticks: i64) -> Price {
    match side {
        Side::Buy => instrument.away(instrument.floor(ask), ticks),
        Side::Sell => instrument.away(instrument.floor(bid), -ticks),
    }
}
