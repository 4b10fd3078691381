//! Clients: their requests about single orders to commands.

use std::borrow::Cow;

use dcx_model::{
    AlgoOrder, AlgoTerms, CancelRequest, ClOrdId, Command, Leg, LimitPx, NewOrder, OrderFlags,
    Refusal, ReplaceRequest, Side, StatusRequest,
};

use super::algo::{self, Parameter};
use super::directory::{Client, Directory};
use super::fields::{
    Fields, Linked, PARTICIPATION_RATE, STRATEGY, STRATEGY_PARAMETERS, TARGET_STRATEGY,
    TWAP_SLICES, side_of,
};
use super::report::refusal_text;
use super::value::{self, required};
use crate::{AppReject, Message};

/// What becomes of a client's request.
#[derive(Debug)]
pub(super) enum Request<'a> {
    /// It goes to the engine.
    Command(Command),
    /// It is an order that is refused here.
    Refused(Box<Fields<'a>>, Refusal),
}

/// Reads a NewOrderSingle (D).
pub(super) fn new_order<'a>(
    message: &Message<'a>,
    client: &Client,
    directory: &Directory,
) -> Result<Request<'a>, AppReject> {
    let mut fields = Fields::of(message);
    let group = match algo::group(message, &mut fields) {
        Ok(group) => group,
        Err(refusal) => return Ok(Request::Refused(Box::new(fields), refusal)),
    };
    let linked = fields.linked()?;
    Ok(match order(&fields, &group, client, directory, linked)? {
        Ok((order, None)) => Request::Command(Command::NewOrder(order)),
        Ok((order, Some(terms))) => {
            Request::Command(Command::AlgoOrder(AlgoOrder::of(&order, terms)))
        }
        Err(refusal) => Request::Refused(Box::new(fields), refusal),
    })
}

/// Reads one order out of its fields, and the parameters of its algorithm.
pub(super) fn order(
    fields: &Fields<'_>,
    group: &[Parameter<'_>],
    client: &Client,
    directory: &Directory,
    linked: Result<Linked, Refusal>,
) -> Result<Result<(NewOrder, Option<AlgoTerms>), Refusal>, AppReject> {
    let cl_ord_id = fields.cl_ord_id()?;
    let terms = fields.terms()?;
    let schedule = fields.schedule()?;
    let made = || {
        let (algo, algo_terms) = fields.algo(group)?;
        if let Some(tag) = fields.unsupported {
            return Err(Refusal::Unsupported { tag });
        }
        let linked = linked?;
        let time_in_force = terms.time_in_force()?;
        let (start, end, slices) = schedule.fit(algo, time_in_force)?;
        let (mut flags, peg) = fields.wishes(&terms)?;
        let (ord_type, peg_offset) = terms.kind(peg)?;
        let strategy = match fields.strategy {
            None => client.default_strategy,
            Some(name) => {
                flags = flags.with(OrderFlags::STRATEGY_NAMED);
                directory.strategy(name).ok_or(Refusal::UnknownStrategy)?
            }
        };
        let instrument = directory.instrument(terms.symbol);
        let account = match fields.account {
            None => Some(client.default_account),
            Some(name) => directory
                .account(name)
                .filter(|account| client.accounts.contains(account)),
        };
        let order = NewOrder {
            session: client.session,
            account: account.ok_or(Refusal::UnknownAccount)?,
            cl_ord_id,
            instrument: instrument.ok_or(Refusal::UnknownInstrument)?,
            side: terms.side()?,
            ord_type,
            time_in_force,
            algo,
            order_qty: terms.order_qty,
            limit_px: terms.price.map_or(LimitPx::NONE, Into::into),
            start,
            end,
            slices,
            transact_time: terms.transact_time,
            strategy,
            flags,
            stop_px: terms.stop_px.map_or(LimitPx::NONE, Into::into),
            peg,
            peg_offset,
            display_qty: terms.display_qty()?,
            min_qty: terms.min_qty(),
            list: linked.list,
            leg: linked.leg,
            list_total: linked.total,
            ..NewOrder::PLAIN
        };
        // What an algorithm's order does not carry must not be lost on the way.
        let stray = [
            (order.stop_px != LimitPx::NONE, 99),
            (!order.min_qty.is_zero(), 110),
            (order.leg != Leg::None, 1385),
        ];
        match stray.into_iter().find(|(asked, _)| *asked) {
            Some((_, tag)) if algo_terms.is_some() => Err(Refusal::Contradiction { tag }),
            _ => Ok((order, algo_terms)),
        }
    };
    Ok(made())
}

/// Reads an OrderCancelRequest (F).
pub(super) fn cancel(message: &Message<'_>, client: &Client) -> Result<Command, AppReject> {
    let fields = Fields::of(message);
    Ok(Command::Cancel(CancelRequest {
        session: client.session,
        cl_ord_id: fields.cl_ord_id()?,
        orig_cl_ord_id: fields.orig_cl_ord_id()?,
        transact_time: fields.transact_time()?,
    }))
}

/// Reads an OrderCancelReplaceRequest (G).
///
/// What dcx does not handle is answered with BusinessMessageReject (j), not OrderCancelReject (9):
/// that would have to say how the order stands, which only the engine knows.
pub(super) fn replace(
    message: &Message<'_>,
    client: &Client,
    directory: &Directory,
) -> Result<Command, AppReject> {
    let fields = Fields::of(message);
    let cl_ord_id = fields.cl_ord_id()?;
    let orig_cl_ord_id = fields.orig_cl_ord_id()?;
    let terms = fields.terms()?;
    // What stays as it was is not named: to name it is to ask for a change that is not supported.
    let fixed = [
        (fields.target_strategy, TARGET_STRATEGY),
        (fields.strategy_parameters, STRATEGY_PARAMETERS),
        (fields.participation_rate, PARTICIPATION_RATE),
        (fields.effective_time, 168),
        (fields.expire_time, 126),
        (fields.twap_slices, TWAP_SLICES),
        (fields.exec_inst, 18),
        (fields.min_qty, 110),
        (fields.peg_offset, 211),
        (fields.peg_offset_type, 836),
        (fields.strategy, STRATEGY),
    ];
    let fixed = fixed.into_iter().find(|(field, _)| field.is_some());
    let unsupported = fields.unsupported.or_else(|| fixed.map(|(_, tag)| tag));
    let made = || {
        if let Some(tag) = unsupported {
            return Err(Refusal::Unsupported { tag });
        }
        let instrument = directory.instrument(terms.symbol);
        Ok(ReplaceRequest {
            session: client.session,
            cl_ord_id,
            orig_cl_ord_id,
            instrument: instrument.ok_or(Refusal::UnknownInstrument)?,
            side: terms.side()?,
            ord_type: terms.ord_type()?,
            time_in_force: terms.time_in_force()?,
            order_qty: terms.order_qty,
            limit_px: terms.price.map_or(LimitPx::NONE, Into::into),
            stop_px: terms.stop_px.map_or(LimitPx::NONE, Into::into),
            display_qty: terms.display_qty()?,
            transact_time: terms.transact_time,
        })
    };
    made()
        .map(Command::Replace)
        .map_err(|refusal| business(refusal, cl_ord_id))
}

/// Reads an OrderStatusRequest (H).
pub(super) fn status(
    message: &Message<'_>,
    client: &Client,
    directory: &Directory,
) -> Result<Command, AppReject> {
    let fields = Fields::of(message);
    let cl_ord_id = fields.cl_ord_id()?;
    let instrument = directory.instrument(required(55, fields.symbol)?);
    let side = side_of(value::char(54, required(54, fields.side)?)?);
    let made = || {
        Ok(StatusRequest {
            session: client.session,
            cl_ord_id,
            instrument: instrument.ok_or(Refusal::UnknownInstrument)?,
            side: side.ok_or(Refusal::Unsupported { tag: Side::TAG })?,
        })
    };
    made()
        .map(Command::Status)
        .map_err(|refusal| business(refusal, cl_ord_id))
}

/// BusinessMessageReject (j) of the request of this name.
#[cold]
pub(super) fn business(refusal: Refusal, name: ClOrdId) -> AppReject {
    // BusinessRejectReason (380): 2 unknown security, 0 other.
    let reason = match refusal {
        Refusal::UnknownInstrument => 2,
        _ => 0,
    };
    AppReject::Business {
        reason,
        ref_id: Some(name.as_bytes().to_vec()),
        text: Cow::Owned(refusal_text(&refusal)),
    }
}
