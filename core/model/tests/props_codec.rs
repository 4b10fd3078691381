//! Goal: the one binary form loses nothing and trusts nothing. Method: every variant with
//! arbitrary values goes through its record and back; bodies of the right length, one byte
//! changed, cut or grown, either are records themselves or are refused.

use std::collections::BTreeSet;

use dcx_model::*;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// A text as the outside world may send it: printable, up to `N` bytes, possibly absent.
fn text<const N: usize>() -> impl Strategy<Value = Text<N>> {
    prop::collection::vec(0x20_u8..=0x7e, 0..=N)
        .prop_map(|bytes| Text::new(&bytes).unwrap_or_default())
}

/// Numbers at their edges as often as between them.
fn number() -> impl Strategy<Value = u64> {
    prop_oneof![select(vec![0, 1, u64::MAX, i64::MAX as u64]), any::<u64>()]
}

fn px() -> impl Strategy<Value = Price> {
    number().prop_map(|units| Price::from_units(units.cast_signed()))
}

fn limit_px() -> impl Strategy<Value = LimitPx> {
    prop_oneof![Just(LimitPx::NONE), px().prop_map(LimitPx::from)]
}

fn qty() -> impl Strategy<Value = Qty> {
    number().prop_map(Qty::from_units)
}

fn unix() -> impl Strategy<Value = UnixNanos> {
    number().prop_map(UnixNanos::new)
}

fn session() -> impl Strategy<Value = SessionId> {
    any::<u16>().prop_map(SessionId::new)
}

fn instrument() -> impl Strategy<Value = InstrumentId> {
    any::<u32>().prop_map(InstrumentId::new)
}

fn venue() -> impl Strategy<Value = VenueId> {
    any::<u8>().prop_map(VenueId::new)
}

fn child() -> impl Strategy<Value = ChildId> {
    number().prop_map(ChildId::new)
}

fn order_id() -> impl Strategy<Value = OrderId> {
    number().prop_map(OrderId::new)
}

fn side() -> impl Strategy<Value = Side> {
    select(Side::ALL)
}

fn ord_type() -> impl Strategy<Value = OrdType> {
    select(OrdType::ALL)
}

fn time_in_force() -> impl Strategy<Value = TimeInForce> {
    select(TimeInForce::ALL)
}

fn ord_status() -> impl Strategy<Value = OrdStatus> {
    select(OrdStatus::ALL)
}

fn cxl_rej_reason() -> impl Strategy<Value = CxlRejReason> {
    select(vec![0, 1, 2, 3, 6, 99]).prop_map(CxlRejReason::from_number)
}

fn ord_rej_reason() -> impl Strategy<Value = OrdRejReason> {
    select(vec![0, 1, 2, 3, 4, 6, 11, 13, 15, 99]).prop_map(OrdRejReason::from_number)
}

fn refusal() -> impl Strategy<Value = Refusal> {
    (select(Refusal::CODES), number(), number()).prop_map(|(code, a, b)| {
        Refusal::from_parts(code.number(), a, b).expect("the code is a refusal's")
    })
}

/// How an order is asked for, in new orders and replaces alike.
fn terms() -> impl Strategy<Value = (InstrumentId, Side, OrdType, TimeInForce, Qty, LimitPx)> {
    (
        instrument(),
        side(),
        ord_type(),
        time_in_force(),
        qty(),
        limit_px(),
    )
}

fn new_order() -> impl Strategy<Value = Command> {
    let algo = select(vec![Algo::AtOnce, Algo::Twap]);
    let who = (session(), any::<u32>(), text());
    (who, terms(), algo, unix(), unix(), any::<u16>(), unix()).prop_map(
        |((session, account, cl_ord_id), terms, algo, start, end, slices, transact_time)| {
            let (instrument, side, ord_type, time_in_force, order_qty, limit_px) = terms;
            Command::NewOrder(NewOrder {
                session,
                account: AccountId::new(account),
                cl_ord_id,
                instrument,
                side,
                ord_type,
                time_in_force,
                algo,
                order_qty,
                limit_px,
                start,
                end,
                slices,
                transact_time,
                ..dcx_model::NewOrder::PLAIN
            })
        },
    )
}

fn replace() -> impl Strategy<Value = Command> {
    (session(), text(), text(), terms(), unix()).prop_map(
        |(session, cl_ord_id, orig_cl_ord_id, terms, transact_time)| {
            let (instrument, side, ord_type, time_in_force, order_qty, limit_px) = terms;
            Command::Replace(ReplaceRequest {
                session,
                cl_ord_id,
                orig_cl_ord_id,
                instrument,
                side,
                ord_type,
                time_in_force,
                order_qty,
                limit_px,
                transact_time,
                stop_px: dcx_model::LimitPx::NONE,
                display_qty: dcx_model::Qty::ZERO,
            })
        },
    )
}

fn cancel_and_status() -> impl Strategy<Value = Command> {
    let cancel = (session(), text(), text(), unix()).prop_map(
        |(session, cl_ord_id, orig_cl_ord_id, transact_time)| {
            Command::Cancel(CancelRequest {
                session,
                cl_ord_id,
                orig_cl_ord_id,
                transact_time,
            })
        },
    );
    let status = (session(), text(), instrument(), side()).prop_map(
        |(session, cl_ord_id, instrument, side)| {
            Command::Status(StatusRequest {
                session,
                cl_ord_id,
                instrument,
                side,
            })
        },
    );
    prop_oneof![cancel, status]
}

fn from_venue() -> impl Strategy<Value = Command> {
    let quote = (
        venue(),
        instrument(),
        limit_px(),
        qty(),
        limit_px(),
        qty(),
        unix(),
    )
        .prop_map(
            |(venue, instrument, bid_px, bid_qty, ask_px, ask_qty, quote_time)| {
                Command::Quote(Quote {
                    venue,
                    instrument,
                    bid_px,
                    bid_qty,
                    ask_px,
                    ask_qty,
                    quote_time,
                })
            },
        );
    let kind = (select(ExecType::ALL), ord_status(), ord_rej_reason());
    let report = (venue(), child(), text(), kind, qty(), px(), qty(), qty()).prop_map(
        |(venue, child, exec_id, kind, last_qty, last_px, cum_qty, leaves_qty)| {
            Command::VenueReport(VenueReport {
                venue,
                child,
                exec_id,
                exec_type: kind.0,
                ord_status: kind.1,
                ord_rej_reason: kind.2,
                last_qty,
                last_px,
                cum_qty,
                leaves_qty,
                ..dcx_model::VenueReport::EMPTY
            })
        },
    );
    let refused = (venue(), child(), child(), cxl_rej_reason(), ord_status()).prop_map(
        |(venue, child, request, cxl_rej_reason, ord_status)| {
            Command::VenueCancelReject(VenueCancelReject {
                venue,
                child,
                request,
                cxl_rej_reason,
                ord_status,
            })
        },
    );
    prop_oneof![quote, report, refused]
}

fn states_and_operators() -> impl Strategy<Value = Command> {
    let operator = || (text(), text()).prop_map(|(author, reason)| Operator { author, reason });
    prop_oneof![
        (venue(), any::<bool>()).prop_map(|(venue, up)| Command::VenueState { venue, up }),
        (session(), any::<bool>()).prop_map(|(session, up)| Command::SessionState { session, up }),
        Just(Command::Wake),
        Just(Command::Checkpoint),
        operator().prop_map(Command::Halt),
        operator().prop_map(Command::Resume),
    ]
}

fn configuration() -> impl Strategy<Value = Command> {
    let on_no_venue = select(vec![OnNoVenue::Hold, OnNoVenue::Reject]);
    let sizes = (number(), any::<u32>(), any::<u32>(), on_no_venue);
    let configure = (sizes, any::<u8>(), any::<u32>(), any::<u32>()).prop_map(
        |((seed, orders_open_max, ids_kept_max, on_no_venue), attempts, discount_ppm, prior)| {
            Command::Configure(Configure {
                seed,
                orders_open_max,
                ids_kept_max,
                on_no_venue,
                route_attempts_max: attempts,
                discount_ppm,
                prior_sd_centi_bps: prior,
                ..dcx_model::Configure::DEFAULT
            })
        },
    );
    let define = (instrument(), text(), px(), qty(), limit_px(), number()).prop_map(
        |(id, symbol, tick, lot, prev_close, venues)| {
            Command::DefineInstrument(Instrument {
                id,
                symbol,
                tick,
                lot,
                prev_close,
                venues: VenueSet::from_bits(venues),
                multiplier: dcx_model::Instrument::ONE,
            })
        },
    );
    let define_venue = (venue(), text(), any::<i32>()).prop_map(|(id, name, fee_centi_bps)| {
        Command::DefineVenue(Venue {
            id,
            name,
            fee_centi_bps,
            features: dcx_model::VenueFeatures::NONE,
        })
    });
    prop_oneof![configure, define, define_venue, limits()]
}

fn limits() -> impl Strategy<Value = Command> {
    let notional = any::<i128>().prop_map(Notional::from_units);
    let of_quotes = (number(), any::<u32>(), any::<bool>());
    let instrument = (instrument(), qty(), notional, qty(), of_quotes).prop_map(
        |(instrument, order_qty_max, order_notional_max, position_max, of_quotes)| {
            Command::SetInstrumentLimits(InstrumentLimits {
                instrument,
                order_qty_max,
                order_notional_max,
                position_max,
                quote_age_max: Nanos::new(of_quotes.0),
                collar_bps: of_quotes.1,
                prev_close_allowed: of_quotes.2,
            })
        },
    );
    let session = (session(), any::<u32>(), any::<u32>(), any::<u32>()).prop_map(
        |(session, orders_per_s_max, burst_max, orders_open_max)| {
            Command::SetSessionLimits(SessionLimits {
                session,
                orders_per_s_max,
                burst_max,
                orders_open_max,
            })
        },
    );
    prop_oneof![instrument, session]
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        new_order(),
        replace(),
        cancel_and_status(),
        from_venue(),
        states_and_operators(),
        configuration(),
    ]
}

fn view() -> impl Strategy<Value = OrderView> {
    (
        order_id(),
        text(),
        session(),
        terms(),
        ord_status(),
        qty(),
        px(),
    )
        .prop_map(
            |(order, cl_ord_id, session, terms, ord_status, cum_qty, avg_px)| {
                let (instrument, side, ord_type, time_in_force, order_qty, limit_px) = terms;
                OrderView {
                    order,
                    cl_ord_id,
                    session,
                    instrument,
                    side,
                    ord_type,
                    time_in_force,
                    ord_status,
                    order_qty,
                    limit_px,
                    cum_qty,
                    avg_px,
                    ..dcx_model::OrderView::EMPTY
                }
            },
        )
}

/// Every event whose whole matter is a client's order.
fn of_order() -> impl Strategy<Value = Event> {
    let plain = (0..3_u8, view()).prop_map(|(kind, view)| match kind {
        0 => Event::Expired { view },
        1 => Event::Status { view },
        _ => Event::Accepted { view, held: false },
    });
    let renamed = (0..4_u8, view(), text()).prop_map(|(kind, view, orig_cl_ord_id)| match kind {
        0 => Event::PendingCancel {
            view,
            orig_cl_ord_id,
        },
        1 => Event::Canceled {
            view,
            orig_cl_ord_id,
        },
        2 => Event::PendingReplace {
            view,
            orig_cl_ord_id,
        },
        _ => Event::Replaced {
            view,
            orig_cl_ord_id,
        },
    });
    let held = view().prop_map(|view| Event::Accepted { view, held: true });
    let refused = (view(), refusal()).prop_map(|(view, refusal)| Event::Rejected { view, refusal });
    let trade = (view(), child(), venue(), qty(), px()).prop_map(
        |(view, child, venue, last_qty, last_px)| Event::Trade {
            view,
            child,
            venue,
            last_qty,
            last_px,
        },
    );
    prop_oneof![plain, held, renamed, refused, trade]
}

fn cancel_rejected() -> impl Strategy<Value = Event> {
    let names = (session(), order_id(), text(), text());
    let why = (
        ord_status(),
        select(CxlRejResponseTo::ALL),
        cxl_rej_reason(),
        refusal(),
    );
    (names, why).prop_map(|((session, order, cl_ord_id, orig_cl_ord_id), why)| {
        Event::CancelRejected(CancelRejected {
            session,
            order,
            cl_ord_id,
            orig_cl_ord_id,
            ord_status: why.0,
            response_to: why.1,
            cxl_rej_reason: why.2,
            refusal: why.3,
        })
    })
}

fn to_venue() -> impl Strategy<Value = Event> {
    let sent = (child(), order_id(), venue(), terms()).prop_map(|(child, order, venue, terms)| {
        let (instrument, side, ord_type, time_in_force, order_qty, limit_px) = terms;
        Event::ChildSent(ChildOrder {
            child,
            order,
            venue,
            instrument,
            side,
            ord_type,
            time_in_force,
            order_qty,
            limit_px,
            display_qty: dcx_model::Qty::ZERO,
            min_qty: dcx_model::Qty::ZERO,
            flags: dcx_model::OrderFlags::NONE,
        })
    });
    let cancel = (child(), child(), venue(), instrument(), side(), qty()).prop_map(
        |(child, request, venue, instrument, side, order_qty)| {
            Event::ChildCancel(ChildCancel {
                child,
                request,
                venue,
                instrument,
                side,
                order_qty,
            })
        },
    );
    prop_oneof![sent, cancel]
}

fn to_watchers() -> impl Strategy<Value = Event> {
    let cause = (0..6_u8).prop_map(|byte| Ignored::from_byte(byte).expect("six causes"));
    let ignored = (cause, venue(), child(), text()).prop_map(|(cause, venue, child, exec_id)| {
        Event::Ignored {
            cause,
            venue,
            child,
            exec_id,
        }
    });
    prop_oneof![
        ignored,
        Just(Event::Halted),
        Just(Event::Resumed),
        number().prop_map(|state| Event::Digest { state }),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![of_order(), cancel_rejected(), to_venue(), to_watchers()]
}

/// How a body is damaged.
#[derive(Clone, Debug)]
enum Damage {
    Flip { at: prop::sample::Index, with: u8 },
    Cut { to: prop::sample::Index },
    Grow { with: u8 },
}

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        8 => (any::<prop::sample::Index>(), 1..=u8::MAX)
            .prop_map(|(at, with)| Damage::Flip { at, with }),
        1 => any::<prop::sample::Index>().prop_map(|to| Damage::Cut { to }),
        1 => any::<u8>().prop_map(|with| Damage::Grow { with }),
    ]
}

fn damaged(body: &[u8], damage: &Damage) -> Vec<u8> {
    let mut bytes = body.to_vec();
    match damage {
        Damage::Flip { at, with } if !bytes.is_empty() => {
            let at = at.index(bytes.len());
            bytes[at] ^= with;
        }
        Damage::Cut { to } if !bytes.is_empty() => bytes.truncate(to.index(bytes.len())),
        Damage::Flip { with, .. } | Damage::Grow { with } => bytes.push(*with),
        Damage::Cut { .. } => bytes.push(0),
    }
    bytes
}

/// Reading has one of two outcomes, and neither is a loss: a value that writes the same bytes
/// again, or a fault that names the kind.
fn refused_or_the_same<T>(
    read: Result<T, RecordFault>,
    kind: u16,
    body: &[u8],
    changed: &[u8],
    record: impl Fn(&T) -> Record,
) -> Result<(), TestCaseError>
where
    T: PartialEq + std::fmt::Debug,
{
    match read {
        Ok(value) => {
            prop_assert_eq!(changed.len(), body.len(), "a length is checked");
            let rewritten = record(&value);
            prop_assert_eq!(rewritten.kind(), kind);
            prop_assert_eq!(rewritten.body(), changed);
        }
        Err(RecordFault::Length {
            kind: found,
            len,
            expected,
        }) => {
            prop_assert_eq!((found, len, expected), (kind, changed.len(), body.len()));
        }
        Err(RecordFault::Value { kind: found, .. }) => prop_assert_eq!(found, kind),
        Err(RecordFault::Kind { kind }) => prop_assert!(false, "kind {} is known", kind),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn every_command_comes_back_whole(command in command()) {
        let record = Record::of_command(&command);
        prop_assert!((1..1000).contains(&record.kind()));
        prop_assert_eq!(Record::command(record.kind(), record.body()), Ok(command));
        prop_assert_eq!(
            Record::event(record.kind(), record.body()),
            Err(RecordFault::Kind { kind: record.kind() }),
        );
    }

    #[test]
    fn every_event_comes_back_whole(event in event()) {
        let record = Record::of_event(&event);
        prop_assert!(record.kind() > 1000);
        prop_assert_eq!(Record::event(record.kind(), record.body()), Ok(event));
        prop_assert_eq!(
            Record::command(record.kind(), record.body()),
            Err(RecordFault::Kind { kind: record.kind() }),
        );
    }

    #[test]
    fn a_damaged_command_is_refused_or_is_another(command in command(), damage in damage()) {
        let record = Record::of_command(&command);
        let (kind, body) = (record.kind(), record.body());
        let changed = damaged(body, &damage);
        refused_or_the_same(
            Record::command(kind, &changed), kind, body, &changed,
            Record::of_command,
        )?;
    }

    #[test]
    fn a_damaged_event_is_refused_or_is_another(event in event(), damage in damage()) {
        let record = Record::of_event(&event);
        let (kind, body) = (record.kind(), record.body());
        let changed = damaged(body, &damage);
        refused_or_the_same(
            Record::event(kind, &changed), kind, body, &changed,
            Record::of_event,
        )?;
    }

    #[test]
    fn bytes_of_any_kind_and_length_never_panic(
        kind in any::<u16>(),
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = Record::command(kind % 32, &body);
        let _ = Record::event(1000 + kind % 32, &body);
        let _ = Record::command(kind, &body);
    }
}

/// The strategies above reach every kind: a new variant that they forget fails here.
#[test]
fn the_strategies_cover_every_kind() {
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeSet::new();
    for _ in 0..4_000 {
        let command = command()
            .new_tree(&mut runner)
            .expect("a command")
            .current();
        let event = event().new_tree(&mut runner).expect("an event").current();
        seen.insert(Record::of_command(&command).kind());
        seen.insert(Record::of_event(&event).kind());
    }
    let known = |kind: &u16| {
        let fault = Err(RecordFault::Kind { kind: *kind });
        let command = Record::command(*kind, &[0; 200]).map(|_| ());
        let event = Record::event(*kind, &[0; 200]).map(|_| ());
        command != fault || event != fault
    };
    let all: BTreeSet<u16> = (0..2_000).filter(known).collect();
    assert_eq!(seen, all);
}
