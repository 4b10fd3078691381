//! Commands for an engine, recorded against venues that answer every child order.
//!
//! A venue's report names a child order, and its name is known only to an engine that has run. So
//! one engine runs while the script is made; whoever plays the script gives the same commands to
//! another.

use std::collections::VecDeque;

use dcx_engine::{Engine, Outbox};
use dcx_model::*;

/// When everything in a script happens.
pub(crate) const AT: UnixNanos = UnixNanos::from_seconds(1_700_000_000);

const INSTRUMENT: InstrumentId = InstrumentId::new(0);
const SESSION: SessionId = SessionId::new(0);
const VENUES: [VenueId; 2] = [VenueId::new(0), VenueId::new(1)];
const MID: i64 = 110_000_000;

fn text<const N: usize>(value: &str) -> Text<N> {
    value.parse().expect("a short printable text")
}

/// Everything that must be said before the first order.
pub(crate) fn configuration() -> Vec<Command> {
    let mut commands = vec![
        Command::Configure(Configure {
            seed: 7,
            orders_open_max: 1 << 14,
            ids_kept_max: 1 << 16,
            on_no_venue: OnNoVenue::Hold,
            route_attempts_max: 3,
            discount_ppm: 998_000,
            prior_sd_centi_bps: 200,
            ..Configure::DEFAULT
        }),
        Command::DefineInstrument(Instrument {
            id: INSTRUMENT,
            symbol: text("EURUSD"),
            tick: Price::from_units(1_000),
            lot: Qty::whole(1),
            prev_close: LimitPx::NONE,
            venues: VENUES.into_iter().fold(VenueSet::NONE, VenueSet::with),
            multiplier: Instrument::ONE,
        }),
        Command::SessionState {
            session: SESSION,
            link: SessionLink::Up,
        },
    ];
    commands.extend(
        (InstrumentLimits {
            instrument: INSTRUMENT,
            order_qty_max: Qty::whole(1_000_000),
            order_notional_max: Notional::whole(1 << 40),
            position_max: Qty::whole(10_000_000_000),
            quote_age_max: Nanos::from_seconds(60),
            collar_bps: 500,
            prev_close_allowed: false,
        })
        .changes()
        .map(Command::SetLimit),
    );
    commands.push(Command::SetLimit(LimitChange::configured(
        Scope::Firm,
        Limit::GrossMax,
        Notional::whole(1_000_000_000_000).units(),
    )));
    commands.extend(
        (SessionLimits {
            session: SESSION,
            orders_per_s_max: 1_000_000,
            burst_max: 1_000_000,
            orders_open_max: 1 << 14,
        })
        .changes()
        .map(Command::SetLimit),
    );

    for venue in VENUES {
        commands.push(Command::DefineVenue(Venue {
            id: venue,
            name: text(&format!("V{venue}")),
            fee_centi_bps: 10,
            features: VenueFeatures::NONE,
        }));
        commands.push(Command::VenueState { venue, up: true });
        commands.push(quote(venue, 0));
    }
    commands
}

pub(crate) fn quote(venue: VenueId, ticks: i64) -> Command {
    Command::Quote(Quote {
        venue,
        instrument: INSTRUMENT,
        bid_px: Price::from_units(MID + ticks * 1_000 - 1_000).into(),
        bid_qty: Qty::whole(1_000),
        ask_px: Price::from_units(MID + ticks * 1_000 + 1_000).into(),
        ask_qty: Qty::whole(1_000),
        quote_time: UnixNanos::ZERO,
    })
}

pub(crate) fn new_order(number: u64) -> NewOrder {
    NewOrder {
        session: SESSION,
        account: AccountId::new(0),
        cl_ord_id: text(&format!("O{number}")),
        instrument: INSTRUMENT,
        side: if number.is_multiple_of(2) {
            Side::Buy
        } else {
            Side::Sell
        },
        ord_type: OrdType::Limit,
        time_in_force: TimeInForce::Day,
        algo: Algo::AtOnce,
        order_qty: Qty::whole(100 + number % 50),
        limit_px: Price::from_units(MID).into(),
        start: UnixNanos::ZERO,
        end: UnixNanos::ZERO,
        slices: 0,
        transact_time: AT,
        ..NewOrder::PLAIN
    }
}

pub(crate) fn cancel(number: u64) -> Command {
    Command::Cancel(CancelRequest {
        session: SESSION,
        cl_ord_id: text(&format!("C{number}")),
        orig_cl_ord_id: text(&format!("O{number}")),
        transact_time: AT,
    })
}

/// What a venue answers to `event`: a new child rests, fills whole or fills in part by its number;
/// a cancel is granted.
pub(crate) fn answers(event: &Event, exec_ids: &mut u64) -> Vec<Command> {
    match event {
        Event::ChildSent(child) => {
            let new = report(child.venue, child.child, exec_ids);
            let mut reports = vec![Command::VenueReport(VenueReport {
                exec_type: ExecType::New,
                leaves_qty: child.order_qty,
                ..new
            })];
            let filled = match child.child.get() % 3 {
                0 => return reports,
                1 => child.order_qty,
                _ => Qty::whole(child.order_qty.units() / SCALE / 2),
            };
            let leaves_qty = child.order_qty.saturating_minus(filled);
            reports.push(Command::VenueReport(VenueReport {
                exec_type: ExecType::Trade,
                ord_status: if leaves_qty.is_zero() {
                    OrdStatus::Filled
                } else {
                    OrdStatus::PartiallyFilled
                },
                last_qty: filled,
                last_px: child.limit_px.price().unwrap_or(Price::from_units(MID)),
                cum_qty: filled,
                leaves_qty,
                ..report(child.venue, child.child, exec_ids)
            }));
            reports
        }
        Event::ChildCancel(cancel) => vec![Command::VenueReport(VenueReport {
            exec_type: ExecType::Canceled,
            ord_status: OrdStatus::Canceled,
            ..report(cancel.venue, cancel.child, exec_ids)
        })],
        _ => Vec::new(),
    }
}

fn report(venue: VenueId, child: ChildId, exec_ids: &mut u64) -> VenueReport {
    *exec_ids += 1;
    VenueReport {
        venue,
        child,
        exec_id: text(&format!("E{exec_ids}")),
        exec_type: ExecType::New,
        ord_status: OrdStatus::New,
        ord_rej_reason: OrdRejReason::Other,
        last_qty: Qty::ZERO,
        last_px: Price::ZERO,
        cum_qty: Qty::ZERO,
        leaves_qty: Qty::ZERO,
        ..VenueReport::EMPTY
    }
}

/// At least `count` commands: the configuration, then quotes, orders, their venues' reports, and
/// cancels of every fourth order.
pub(crate) fn script(count: usize) -> Vec<Command> {
    let (mut engine, mut outbox) = (Engine::new(), Outbox::new());
    let (mut commands, mut reports) = (Vec::new(), VecDeque::new());
    let (mut number, mut exec_ids) = (0, 0);
    let mut give = |command: Command, commands: &mut Vec<Command>| {
        commands.push(command);
        let seq = Seq::new(commands.len() as u64);
        engine.apply(AT, seq, &command, &mut outbox);
        let events = outbox.events().iter();
        events
            .flat_map(|event| answers(event, &mut exec_ids))
            .collect::<Vec<_>>()
    };
    for command in configuration() {
        give(command, &mut commands);
    }
    while commands.len() < count {
        number += 1;
        let mut next = vec![Command::NewOrder(new_order(number))];
        if number.is_multiple_of(3) {
            next.push(quote(VENUES[usize::from(number.is_multiple_of(2))], 0));
        }
        if number > 8 && number.is_multiple_of(4) {
            next.push(cancel(number - 8));
        }
        for command in next {
            reports.extend(give(command, &mut commands));
            while let Some(report) = reports.pop_front() {
                reports.extend(give(report, &mut commands));
            }
        }
    }
    commands
}
