//! An order as a client writes it, built word by word.

use dcx_model::{Nanos, OrdType, Price, Qty, Side, TimeInForce};

/// The algorithm of a parent order that is worked over time, and its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Twap {
    /// From its sending to `ExpireTime` (126).
    pub span: Nanos,
    /// Tag 20001; zero where it is not sent.
    pub slices: u16,
    /// `TargetStrategy` (847).
    pub target: u32,
    /// `TargetStrategyParameters` (848); empty where it is not sent.
    pub parameters: &'static str,
}

/// What the price of an order follows, `ExecInst` (18), and how far away, `PegOffsetValue` (211).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PegDraft {
    /// `a` a trailing stop, `R` the same side's best, `P` the other side's, `M` the middle.
    pub exec_inst: u8,
    /// Added to it.
    pub offset: Price,
}

/// An order that is not yet sent. Nothing is checked: bad orders are of use too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderDraft {
    /// `Symbol` (55).
    pub symbol: String,
    /// `Side` (54).
    pub side: Side,
    /// `OrdType` (40).
    pub ord_type: OrdType,
    /// `TimeInForce` (59).
    pub time_in_force: TimeInForce,
    /// `OrderQty` (38).
    pub order_qty: Qty,
    /// `Price` (44).
    pub limit_px: Option<Price>,
    /// Worked over time.
    pub twap: Option<Twap>,
    /// `StopPx` (99).
    pub stop_px: Option<Price>,
    /// Its price follows the market.
    pub peg: Option<PegDraft>,
    /// `MaxFloor` (111).
    pub max_floor: Option<Qty>,
    /// `ExecInst` (18) 6.
    pub post_only: bool,
    /// From its sending to `ExpireTime` (126), good till date.
    pub expires: Option<Nanos>,
}

/// Begins an order: a market order for the day to buy one, until more is said.
///
/// ```
/// use dcx_model::{OrdType, Side};
/// use dcx_sim::client::order;
/// let draft = order("EURUSD").sell_whole(5).limit("1.1005".parse().unwrap()).ioc();
/// assert_eq!((draft.side, draft.ord_type), (Side::Sell, OrdType::Limit));
/// ```
#[must_use]
pub fn order(symbol: &str) -> OrderDraft {
    OrderDraft {
        symbol: symbol.to_owned(),
        side: Side::Buy,
        ord_type: OrdType::Market,
        time_in_force: TimeInForce::Day,
        order_qty: Qty::whole(1),
        limit_px: None,
        twap: None,
        stop_px: None,
        peg: None,
        max_floor: None,
        post_only: false,
        expires: None,
    }
}

impl OrderDraft {
    /// Buys so much.
    #[must_use]
    pub fn buy(self, order_qty: Qty) -> Self {
        self.side(Side::Buy, order_qty)
    }

    /// Sells so much.
    #[must_use]
    pub fn sell(self, order_qty: Qty) -> Self {
        self.side(Side::Sell, order_qty)
    }

    /// Buys so many whole units.
    #[must_use]
    pub fn buy_whole(self, count: u64) -> Self {
        self.buy(Qty::whole(count))
    }

    /// Sells so many whole units.
    #[must_use]
    pub fn sell_whole(self, count: u64) -> Self {
        self.sell(Qty::whole(count))
    }

    /// Buys or sells so much.
    #[must_use]
    pub fn side(mut self, side: Side, order_qty: Qty) -> Self {
        (self.side, self.order_qty) = (side, order_qty);
        self
    }

    /// At this price or better.
    #[must_use]
    pub fn limit(mut self, px: Price) -> Self {
        (self.ord_type, self.limit_px) = (OrdType::Limit, Some(px));
        self
    }

    /// What cannot be filled at once is cancelled.
    #[must_use]
    pub fn ioc(self) -> Self {
        self.time_in_force(TimeInForce::Ioc)
    }

    /// All at once or nothing.
    #[must_use]
    pub fn fok(self) -> Self {
        self.time_in_force(TimeInForce::Fok)
    }

    /// For so long.
    #[must_use]
    pub fn time_in_force(mut self, time_in_force: TimeInForce) -> Self {
        self.time_in_force = time_in_force;
        self
    }

    /// In so many slices over so long.
    #[must_use]
    pub fn twap(self, span: Nanos, slices: u16) -> Self {
        self.worked(Twap {
            span,
            slices,
            target: 1_000,
            parameters: "",
        })
    }

    /// By this algorithm.
    #[must_use]
    pub fn worked(mut self, algo: Twap) -> Self {
        self.twap = Some(algo);
        self
    }

    /// At market once the market is there; with a limit, at that or better.
    #[must_use]
    pub fn stop(mut self, stop_px: Price) -> Self {
        self.ord_type = match self.limit_px {
            Some(_) => OrdType::StopLimit,
            None => OrdType::Stop,
        };
        self.stop_px = Some(stop_px);
        self
    }

    /// At market once the market comes to this from the other side; with a limit, at that or
    /// better.
    #[must_use]
    pub fn if_touched(mut self, stop_px: Price) -> Self {
        (self.ord_type, self.stop_px) = (OrdType::MarketIfTouched, Some(stop_px));
        self
    }

    /// At market, the rest at the price of the last fill.
    #[must_use]
    pub fn left_over_as_limit(mut self) -> Self {
        self.ord_type = OrdType::MarketWithLeftOverAsLimit;
        self
    }

    /// At a price that follows the market.
    #[must_use]
    pub fn pegged(mut self, peg: PegDraft) -> Self {
        (self.ord_type, self.peg) = (OrdType::Pegged, Some(peg));
        self
    }

    /// Shows at most so much at once.
    #[must_use]
    pub fn iceberg(mut self, max_floor: Qty) -> Self {
        self.max_floor = Some(max_floor);
        self
    }

    /// Rests, or is refused.
    #[must_use]
    pub fn post_only(mut self) -> Self {
        self.post_only = true;
        self
    }

    /// Works for so long.
    #[must_use]
    pub fn gtd(mut self, span: Nanos) -> Self {
        (self.time_in_force, self.expires) = (TimeInForce::Gtd, Some(span));
        self
    }
}
