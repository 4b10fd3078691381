//! The fields of a client's request that dcx reads, and what they say.

use dcx_model::{
    Algo, ClOrdId, Leg, ListId, OrdType, OrderFlags, Peg, Price, Qty, Refusal, Side, TimeInForce,
    UnixNanos, hash,
};

use super::algo::{Asked, Parameter};
use super::value::{self, required};
use crate::{AppReject, Message};

/// `TargetStrategy`.
pub(super) const TARGET_STRATEGY: u32 = 847;

/// `TargetStrategyParameters`.
pub(super) const STRATEGY_PARAMETERS: u32 = 848;

/// `ParticipationRate`.
pub(super) const PARTICIPATION_RATE: u32 = 849;

/// `NoStrategyParameters`, and what its entries hold: name, type, value.
pub(super) const STRATEGY_GROUP: u32 = 957;
pub(super) const PARAMETER_NAME: u32 = 958;
pub(super) const PARAMETER_TYPE: u32 = 959;
pub(super) const PARAMETER_VALUE: u32 = 960;

/// The user-defined field that says how many slices a TWAP order makes.
pub(super) const TWAP_SLICES: u32 = 20_001;

/// The user-defined field that names the strategy that an order belongs to.
pub(super) const STRATEGY: u32 = 20_002;

/// `ContingencyType`, a field of FIX 5.0: how the orders of a list depend on each other.
pub(super) const CONTINGENCY: u32 = 1385;

/// The fields of a request that dcx reads, found in one pass.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fields<'a> {
    pub(super) account: Option<&'a [u8]>,
    pub(super) cl_ord_id: Option<&'a [u8]>,
    pub(super) order_qty: Option<&'a [u8]>,
    pub(super) ord_type: Option<&'a [u8]>,
    pub(super) orig_cl_ord_id: Option<&'a [u8]>,
    pub(super) price: Option<&'a [u8]>,
    pub(super) side: Option<&'a [u8]>,
    pub(super) symbol: Option<&'a [u8]>,
    pub(super) time_in_force: Option<&'a [u8]>,
    pub(super) transact_time: Option<&'a [u8]>,
    pub(super) exec_inst: Option<&'a [u8]>,
    pub(super) stop_px: Option<&'a [u8]>,
    pub(super) min_qty: Option<&'a [u8]>,
    pub(super) max_floor: Option<&'a [u8]>,
    pub(super) locate_reqd: Option<&'a [u8]>,
    pub(super) expire_time: Option<&'a [u8]>,
    pub(super) effective_time: Option<&'a [u8]>,
    pub(super) peg_offset: Option<&'a [u8]>,
    pub(super) peg_offset_type: Option<&'a [u8]>,
    pub(super) poss_resend: Option<&'a [u8]>,
    pub(super) target_strategy: Option<&'a [u8]>,
    pub(super) strategy_parameters: Option<&'a [u8]>,
    pub(super) participation_rate: Option<&'a [u8]>,
    /// How many parameters follow as a group.
    pub(super) strategy_group: Option<&'a [u8]>,
    pub(super) twap_slices: Option<&'a [u8]>,
    pub(super) strategy: Option<&'a [u8]>,
    pub(super) list_seq_no: Option<&'a [u8]>,
    pub(super) list_total: Option<&'a [u8]>,
    pub(super) link: Option<&'a [u8]>,
    pub(super) contingency: Option<&'a [u8]>,
    /// A field that would change what the order means, were it obeyed.
    pub(super) unsupported: Option<u32>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(message: &Message<'a>) -> Self {
        let mut fields = Self::default();
        for (tag, value) in message.fields() {
            fields.take(tag, value);
        }
        fields
    }

    /// Takes in a field. The first of two equal ones counts.
    #[inline]
    pub(super) fn take(&mut self, tag: u32, value: &'a [u8]) {
        let field = match tag {
            1 => &mut self.account,
            11 => &mut self.cl_ord_id,
            18 => &mut self.exec_inst,
            38 => &mut self.order_qty,
            40 => &mut self.ord_type,
            41 => &mut self.orig_cl_ord_id,
            44 => &mut self.price,
            54 => &mut self.side,
            55 => &mut self.symbol,
            59 => &mut self.time_in_force,
            60 => &mut self.transact_time,
            67 => &mut self.list_seq_no,
            68 => &mut self.list_total,
            97 => &mut self.poss_resend,
            99 => &mut self.stop_px,
            110 => &mut self.min_qty,
            111 => &mut self.max_floor,
            114 => &mut self.locate_reqd,
            126 => &mut self.expire_time,
            168 => &mut self.effective_time,
            211 => &mut self.peg_offset,
            583 => &mut self.link,
            836 => &mut self.peg_offset_type,
            TARGET_STRATEGY => &mut self.target_strategy,
            STRATEGY_PARAMETERS => &mut self.strategy_parameters,
            PARTICIPATION_RATE => &mut self.participation_rate,
            STRATEGY_GROUP => &mut self.strategy_group,
            CONTINGENCY => &mut self.contingency,
            TWAP_SLICES => &mut self.twap_slices,
            STRATEGY => &mut self.strategy,
            _ => {
                if changes_meaning(tag, value) {
                    self.unsupported.get_or_insert(tag);
                }
                return;
            }
        };
        field.get_or_insert(value);
    }

    pub(super) fn cl_ord_id(&self) -> Result<ClOrdId, AppReject> {
        value::text(11, required(11, self.cl_ord_id)?)
    }

    pub(super) fn orig_cl_ord_id(&self) -> Result<ClOrdId, AppReject> {
        value::text(41, required(41, self.orig_cl_ord_id)?)
    }

    pub(super) fn transact_time(&self) -> Result<UnixNanos, AppReject> {
        value::time(60, required(60, self.transact_time)?)
    }

    pub(super) fn terms(&self) -> Result<Terms<'a>, AppReject> {
        let symbol = required(55, self.symbol)?;
        let side = value::char(54, required(54, self.side)?)?;
        let ord_type = value::char(40, required(40, self.ord_type)?)?;
        let time_in_force = match self.time_in_force {
            Some(text) => value::char(59, text)?,
            // FIX 4.4 vol. 6, tag 59: absence is Day.
            None => TimeInForce::Day.wire(),
        };
        let price = |tag, text: Option<&[u8]>| text.map(|text| value::price(tag, text)).transpose();
        let qty = |tag, text: Option<&[u8]>| text.map(|text| value::qty(tag, text)).transpose();
        Ok(Terms {
            symbol,
            side,
            ord_type,
            time_in_force,
            order_qty: value::qty(38, required(38, self.order_qty)?)?,
            price: price(44, self.price)?,
            stop_px: price(99, self.stop_px)?,
            peg_offset: price(211, self.peg_offset)?,
            min_qty: qty(110, self.min_qty)?,
            max_floor: qty(111, self.max_floor)?,
            transact_time: self.transact_time()?,
        })
    }

    /// What the order asks for besides price and quantity.
    pub(super) fn wishes(&self, terms: &Terms<'_>) -> Result<(OrderFlags, Peg), Refusal> {
        let (mut flags, peg) = exec_inst(self.exec_inst.unwrap_or_default())?;
        if terms.side == SELL_SHORT {
            flags = flags.with(OrderFlags::SHORT_SALE);
        }
        if self.locate_reqd == Some(b"N") {
            flags = flags.with(OrderFlags::LOCATED);
        }
        if self.poss_resend == Some(b"Y") {
            flags = flags.with(OrderFlags::REPEAT_MEANT);
        }
        // PegOffsetType (836): 0 is a price.
        if self.peg_offset_type.is_some_and(|kind| kind != b"0") {
            return Err(Refusal::Unsupported { tag: 836 });
        }
        if peg == Peg::None && terms.peg_offset.is_some() {
            return Err(Refusal::Contradiction { tag: 211 });
        }
        Ok((flags, peg))
    }

    /// How the order is to be worked.
    pub(super) fn schedule(&self) -> Result<Schedule, AppReject> {
        let time = |tag, text: Option<&[u8]>| text.map(|text| value::time(tag, text)).transpose();
        let slices = self.twap_slices;
        let slices = slices
            .map(|text| value::uint(TWAP_SLICES, text, u64::from(u16::MAX)))
            .transpose()?;
        Ok(Schedule {
            start: time(168, self.effective_time)?,
            end: time(126, self.expire_time)?,
            slices: slices.map(|slices| u16::try_from(slices).unwrap_or(u16::MAX)),
        })
    }

    /// How the order is to be worked, and with what parameters: none of a plain order, or of a
    /// TWAP that asks for no more than slices.
    pub(super) fn algo(&self, group: &[Parameter<'_>]) -> Result<Asked, Refusal> {
        super::algo::read(
            self.target_strategy,
            self.strategy_parameters,
            self.participation_rate,
            group,
        )
    }

    /// The list that a single order belongs to, and its part in it.
    pub(super) fn linked(&self) -> Result<Result<Linked, Refusal>, AppReject> {
        let Some(contingency) = self.contingency else {
            // Without it nothing would obey them. A link alone means nothing here.
            let stray = [(self.list_total, 68), (self.list_seq_no, 67)];
            let stray = stray.into_iter().find(|(field, _)| field.is_some());
            return Ok(match stray {
                Some((_, tag)) => Err(Refusal::Unsupported { tag }),
                None => Ok(Linked::ALONE),
            });
        };
        let link = required(583, self.link)?;
        let total = count(68, required(68, self.list_total)?)?;
        // The first is the one that triggers the others, in whatever order they come.
        let place = match (contingency, self.list_seq_no) {
            (b"2", None) => required(67, None).map(|_| 0)?,
            (_, None) => 1,
            (_, Some(text)) => count(67, text)?,
        };
        Ok(Linked::of(link, contingency, place, total))
    }
}

/// A number of orders. Above 255 it is beyond any list.
pub(super) fn count(tag: u32, text: &[u8]) -> Result<u8, AppReject> {
    value::uint(tag, text, u64::from(u8::MAX)).map(|count| u8::try_from(count).unwrap_or(u8::MAX))
}

/// Fields that dcx does not obey and must not ignore: an order that carries one is refused.
///
/// CashOrderQty, DiscretionInst, DiscretionOffsetValue, PriceType other than per unit, ExpireDate,
/// PegMoveType, PegLimitType and PegScope other than what dcx does.
fn changes_meaning(tag: u32, value: &[u8]) -> bool {
    match tag {
        152 | 388 | 389 | 432 | 837 | 840 => true,
        423 => value != b"2",
        835 => value != b"0",
        _ => false,
    }
}

const SELL_SHORT: u8 = b'5';

/// Reads `ExecInst` (18): single characters with spaces between.
fn exec_inst(text: &[u8]) -> Result<(OrderFlags, Peg), Refusal> {
    let (mut flags, mut peg) = (OrderFlags::NONE, Peg::None);
    if text.is_empty() {
        return Ok((flags, peg));
    }
    for one in text.split(|byte| *byte == b' ') {
        let pegged = match one {
            b"6" => Err(OrderFlags::POST_ONLY),
            b"E" => Err(OrderFlags::REDUCE_ONLY),
            b"G" => Err(OrderFlags::ALL_OR_NONE),
            b"M" => Ok(Peg::Mid),
            b"P" => Ok(Peg::Market),
            b"R" => Ok(Peg::Primary),
            b"a" => Ok(Peg::TrailingStop),
            _ => return Err(Refusal::Unsupported { tag: 18 }),
        };
        match pegged {
            Err(flag) => flags = flags.with(flag),
            Ok(another) if peg == Peg::None || peg == another => peg = another,
            Ok(_) => return Err(Refusal::Contradiction { tag: 18 }),
        }
    }
    Ok((flags, peg))
}

/// `ExecInst` (18) and the side as a peer reads them, from what an order asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instructions {
    text: [u8; 5],
    len: usize,
}

impl Instructions {
    pub(super) fn of(flags: OrderFlags) -> Self {
        let mut made = Self {
            text: [b' '; 5],
            len: 0,
        };
        let wanted = [
            (OrderFlags::POST_ONLY, b'6'),
            (OrderFlags::REDUCE_ONLY, b'E'),
            (OrderFlags::ALL_OR_NONE, b'G'),
        ];
        for (flag, byte) in wanted {
            if flags.has(flag) {
                let at = made.len + usize::from(made.len > 0);
                made.text[at] = byte;
                made.len = at + 1;
            }
        }
        made
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.text[..self.len]
    }
}

/// `Side` (54) as it stands on the wire.
pub(super) const fn side_wire(side: Side, flags: OrderFlags) -> u8 {
    match side {
        Side::Sell if flags.has(OrderFlags::SHORT_SALE) => SELL_SHORT,
        Side::Buy | Side::Sell => side.wire(),
    }
}

/// The side that a wire value stands for, a short sale's included.
pub(super) fn side_of(wire: u8) -> Option<Side> {
    match wire {
        SELL_SHORT => Some(Side::Sell),
        _ => Side::from_wire(wire),
    }
}

/// The terms of an order as read, not yet known to be supported.
pub(super) struct Terms<'a> {
    pub(super) symbol: &'a [u8],
    side: u8,
    ord_type: u8,
    time_in_force: u8,
    pub(super) order_qty: Qty,
    pub(super) price: Option<Price>,
    pub(super) stop_px: Option<Price>,
    pub(super) peg_offset: Option<Price>,
    min_qty: Option<Qty>,
    max_floor: Option<Qty>,
    pub(super) transact_time: UnixNanos,
}

impl Terms<'_> {
    pub(super) fn side(&self) -> Result<Side, Refusal> {
        side_of(self.side).ok_or(Refusal::Unsupported { tag: Side::TAG })
    }

    pub(super) fn ord_type(&self) -> Result<OrdType, Refusal> {
        OrdType::from_wire(self.ord_type).ok_or(Refusal::Unsupported { tag: OrdType::TAG })
    }

    /// What kind of order it is, and how far from what it follows.
    ///
    /// FIX 4.4 vol. 6, tag 18, has a trailing stop among the pegs: 40=P with an offset that is
    /// added, above zero to buy and below to sell. It is a stop, and its offset a distance.
    pub(super) fn kind(&self, peg: Peg) -> Result<(OrdType, Price), Refusal> {
        let ord_type = self.ord_type()?;
        let offset = self.peg_offset.unwrap_or(Price::ZERO);
        if peg != Peg::TrailingStop || ord_type != OrdType::Pegged {
            return Ok((ord_type, offset));
        }
        let distance = match self.side()? {
            Side::Buy => offset,
            Side::Sell => Price::from_units(offset.units().saturating_neg()),
        };
        Ok(match self.price {
            Some(_) => (OrdType::StopLimit, distance),
            None => (OrdType::Stop, distance),
        })
    }

    pub(super) fn time_in_force(&self) -> Result<TimeInForce, Refusal> {
        let tag = TimeInForce::TAG;
        TimeInForce::from_wire(self.time_in_force).ok_or(Refusal::Unsupported { tag })
    }

    /// What is shown at a time; zero for all. In FIX a zero would hide all of it.
    pub(super) fn display_qty(&self) -> Result<Qty, Refusal> {
        match self.max_floor {
            Some(Qty::ZERO) => Err(Refusal::DisplayInvalid {
                display: Qty::ZERO,
                qty: self.order_qty,
            }),
            shown => Ok(shown.unwrap_or(Qty::ZERO)),
        }
    }

    pub(super) fn min_qty(&self) -> Qty {
        self.min_qty.unwrap_or(Qty::ZERO)
    }
}

/// When an order is to be worked, as read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    start: Option<UnixNanos>,
    end: Option<UnixNanos>,
    slices: Option<u16>,
}

impl Schedule {
    /// First slice, end and number of slices of an order that may have them: nothing may be
    /// ignored.
    pub(super) fn fit(
        self,
        algo: Algo,
        time_in_force: TimeInForce,
    ) -> Result<(UnixNanos, UnixNanos, u16), Refusal> {
        match algo {
            Algo::Twap | Algo::Vwap | Algo::Shortfall | Algo::Adaptive | Algo::Planned => {}
            Algo::Pov | Algo::Iceberg | Algo::Sniper | Algo::Pegged if self.slices.is_some() => {
                return Err(Refusal::Unsupported { tag: TWAP_SLICES });
            }
            Algo::Pov | Algo::Iceberg | Algo::Sniper | Algo::Pegged => {}
            Algo::AtOnce if self.start.is_some() => return Err(Refusal::Unsupported { tag: 168 }),
            Algo::AtOnce if self.slices.is_some() => {
                return Err(Refusal::Unsupported { tag: TWAP_SLICES });
            }
            Algo::AtOnce => {
                if let (Some(end), false) = (self.end, time_in_force == TimeInForce::Gtd) {
                    let expire = i64::try_from(end.get()).unwrap_or(i64::MAX);
                    return Err(Refusal::ExpireInvalid { expire });
                }
            }
        }
        Ok((
            self.start.unwrap_or(UnixNanos::ZERO),
            self.end.unwrap_or(UnixNanos::ZERO),
            self.slices.unwrap_or(0),
        ))
    }
}

/// The list that an order belongs to, and its part in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Linked {
    pub(super) list: ListId,
    pub(super) leg: Leg,
    pub(super) total: u8,
}

impl Linked {
    pub(super) const ALONE: Self = Self {
        list: ListId::new(0),
        leg: Leg::None,
        total: 0,
    };

    /// The order at `place`, from 1, among `total` of the list of this name.
    pub(super) fn of(
        name: &[u8],
        contingency: &[u8],
        place: u8,
        total: u8,
    ) -> Result<Self, Refusal> {
        if !(2..=dcx_model::LIST_ORDERS_MAX).contains(&usize::from(total))
            || !(1..=total).contains(&place)
        {
            return Err(Refusal::ListInvalid);
        }
        let leg = match contingency {
            b"1" => Leg::OneCancelsOther,
            b"2" if place == 1 => Leg::Trigger,
            // One updates the other: what is triggered does so among each other, and here nothing
            // has to trigger it.
            b"2" | b"3" => Leg::Triggered,
            _ => return Err(Refusal::Unsupported { tag: CONTINGENCY }),
        };
        Ok(Self {
            list: ListId::new(hash(0, name).max(1)),
            leg,
            total,
        })
    }
}
