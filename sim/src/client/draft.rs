//! An order as a client writes it, built word by word.

use dcx_model::{Nanos, OrdType, Price, Qty, Side, TimeInForce};

/// The parameters of a parent order that is worked over time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Twap {
    /// From its sending to `ExpireTime` (126).
    pub span: Nanos,
    /// Tag 20001.
    pub slices: u16,
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
    pub fn twap(mut self, span: Nanos, slices: u16) -> Self {
        self.twap = Some(Twap { span, slices });
        self
    }
}
