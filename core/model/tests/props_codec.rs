//! Goal: the one binary form loses nothing and trusts nothing. Method: every variant with
//! arbitrary values goes through its record and back; bodies of the right length, one byte
//! changed, cut or grown, either are records themselves or are refused.

#![expect(
    clippy::cast_possible_truncation,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "values are drawn, so any bits do, and a drawn number is always a value"
)]

use std::collections::BTreeSet;

use dcx_model::*;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

/// Where the values of one case come from.
type Source = bits::Bits;

/// A stream of bits for one case: enough chance for a codec, and shrinkable by its seed.
mod bits {
    #[derive(Debug)]
    pub(crate) struct Bits(pub u64);

    impl Bits {
        /// SplitMix64 (Steele, Lea, Flood 2014).
        pub(crate) fn next(&mut self) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut bits = self.0;
            bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            bits ^ (bits >> 31)
        }

        pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
            from[(self.next() % from.len() as u64) as usize]
        }
    }
}

/// Something of which any legal value can be drawn.
trait Drawn: Sized {
    fn drawn(source: &mut Source) -> Self;
}

macro_rules! drawn {
    ($($ty:ty => |$source:ident| $value:expr;)+) => {$(
        impl Drawn for $ty {
            fn drawn($source: &mut Source) -> Self { $value }
        }
    )+};
}

/// Numbers at their edges as often as between them.
fn number(source: &mut Source) -> u64 {
    match source.next() % 8 {
        0 => 0,
        1 => 1,
        2 => u64::MAX,
        3 => i64::MAX as u64,
        _ => source.next(),
    }
}

drawn! {
    u8 => |s| number(s) as u8;
    u16 => |s| number(s) as u16;
    u32 => |s| number(s) as u32;
    u64 => |s| number(s);
    i32 => |s| number(s) as i32;
    i128 => |s| i128::from(number(s)) << 64 | i128::from(number(s));
    bool => |s| s.next() & 1 == 1;
    Price => |s| Price::from_units(number(s).cast_signed());
    LimitPx => |s| if s.next().is_multiple_of(4) { LimitPx::NONE } else { Price::drawn(s).into() };
    Qty => |s| Qty::from_units(number(s));
    Nanos => |s| Nanos::new(number(s));
    UnixNanos => |s| UnixNanos::new(number(s));
    OrderId => |s| OrderId::new(number(s));
    ChildId => |s| ChildId::new(number(s));
    Seq => |s| Seq::new(number(s));
    ListId => |s| ListId::new(number(s));
    RequestId => |s| RequestId::new(number(s));
    ProposalId => |s| ProposalId::new(number(s));
    InstrumentId => |s| InstrumentId::new(u32::drawn(s));
    AccountId => |s| AccountId::new(u32::drawn(s));
    OwnerId => |s| OwnerId::new(u32::drawn(s));
    StrategyId => |s| StrategyId::new(u16::drawn(s));
    SessionId => |s| SessionId::new(u16::drawn(s));
    VenueId => |s| VenueId::new(u8::drawn(s));
    VenueSet => |s| VenueSet::from_bits(number(s));
    Side => |s| s.pick(Side::ALL);
    OrdType => |s| s.pick(OrdType::ALL);
    TimeInForce => |s| s.pick(TimeInForce::ALL);
    OrdStatus => |s| s.pick(OrdStatus::ALL);
    ExecType => |s| s.pick(ExecType::ALL);
    MassScope => |s| s.pick(MassScope::ALL);
    RestatementReason => |s| s.pick(RestatementReason::ALL);
    CxlRejResponseTo => |s| s.pick(CxlRejResponseTo::ALL);
    CxlRejReason => |s| CxlRejReason::from_number(s.pick(&[0, 1, 2, 3, 6, 99]));
    OrdRejReason => |s| {
        OrdRejReason::from_number(s.pick(&[0, 1, 2, 3, 4, 6, 11, 13, 15, 99]))
    };
    Algo => |s| s.pick(Algo::ALL);
    PlanWhy => |s| s.pick(PlanWhy::ALL);
    SliceWhy => |s| s.pick(SliceWhy::ALL);
    PauseFlags => |s| PauseFlags::from_bits(s.next() as u8 & PauseFlags::ALL.bits()).unwrap();
    ProfileWeights => |s| Self(std::array::from_fn(|_| number(s) as u16));
    Peg => |s| s.pick(Peg::ALL);
    Leg => |s| s.pick(Leg::ALL);
    Origin => |s| s.pick(Origin::ALL);
    Limit => |s| s.pick(Limit::ALL);
    LimitSource => |s| LimitSource::from_byte((s.next() % 2) as u8).unwrap();
    TradingState => |s| TradingState::from_byte((s.next() % 3) as u8).unwrap();
    StateCause => |s| StateCause::from_byte((s.next() % 5) as u8).unwrap();
    Phase => |s| Phase::from_byte((s.next() % 3) as u8).unwrap();
    SelfTrade => |s| SelfTrade::from_byte((s.next() % 5) as u8).unwrap();
    OnNoVenue => |s| s.pick(&[OnNoVenue::Hold, OnNoVenue::Reject]);
    OnOrphan => |s| s.pick(&[OnOrphan::Report, OnOrphan::Adopt, OnOrphan::Cancel]);
    SessionLink => |s| {
        s.pick(&[SessionLink::Up, SessionLink::LoggedOut, SessionLink::Disconnected])
    };
    Ignored => |s| Ignored::from_byte((s.next() % 10) as u8).unwrap();
    OrderFlags => |s| OrderFlags::from_bits(s.next() as u16 & OrderFlags::ALL.bits()).unwrap();
    VenueFeatures => |s| {
        VenueFeatures::from_bits(s.next() as u16 & VenueFeatures::ALL.bits()).unwrap()
    };
    RoutingPolicy => |s| s.pick(RoutingPolicy::ALL);
    RouteFlags => |s| RouteFlags::from_bits(s.next() as u8 & RouteFlags::ALL.bits()).unwrap();
    RewardCause => |s| RewardCause::from_byte((s.next() % 5) as u8).unwrap();
    Fitness => |s| Fitness::from_byte((s.next() % 3) as u8).unwrap();
    Score => |s| Score::of(f32::from_bits(u32::drawn(s)));
    [Score; VENUES_MAX] => |s| std::array::from_fn(|_| Score::drawn(s));
    Scope => |s| {
        let level = s.pick(Level::ALL);
        let number = if level == Level::Firm { 0 } else { u32::from(u16::drawn(s)) };
        Scope::of(level, number).unwrap()
    };
    Refusal => |s| {
        let code = s.pick(Refusal::CODES).number();
        // Numbers that do not fit their field are pulled into it, so that the value is legal.
        Refusal::from_parts(code, [number(s), number(s), number(s)]).unwrap()
    };
}

/// A text as the outside world may send it: printable, up to `N` bytes, possibly absent.
impl<const N: usize> Drawn for Text<N> {
    fn drawn(source: &mut Source) -> Self {
        let len = (source.next() % (N as u64 + 1)) as usize;
        let bytes: Vec<u8> = (0..len)
            .map(|_| 0x20 + (source.next() % 95) as u8)
            .collect();
        Self::new(&bytes).unwrap_or_default()
    }
}

impl<T: Drawn> Drawn for Option<T> {
    fn drawn(source: &mut Source) -> Self {
        (source.next() & 1 == 1).then(|| T::drawn(source))
    }
}

macro_rules! drawn_structs {
    ($($ty:ident { $($field:ident),+ $(,)? })+) => {$(
        impl Drawn for $ty {
            fn drawn(source: &mut Source) -> Self {
                Self { $($field: Drawn::drawn(source),)+ }
            }
        }
    )+};
}

drawn_structs! {
    NewOrder {
        session, account, cl_ord_id, instrument, side, ord_type, time_in_force, algo, order_qty,
        limit_px, start, end, slices, transact_time, strategy, origin, flags, stop_px, peg,
        peg_offset, display_qty, min_qty, list, leg, list_total,
    }
    CancelRequest { session, cl_ord_id, orig_cl_ord_id, transact_time }
    ReplaceRequest {
        session, cl_ord_id, orig_cl_ord_id, instrument, side, ord_type, time_in_force, order_qty,
        limit_px, stop_px, display_qty, transact_time,
    }
    StatusRequest { session, cl_ord_id, instrument, side }
    AlgoTerms {
        participation_ppm, interval_ms, jitter_bps, vary_bps, urgency, spread_max_ticks, catch_up, min_clip,
        take_px, pause,
    }
    AlgoOrder {
        session, account, cl_ord_id, instrument, side, ord_type, time_in_force, algo, order_qty,
        limit_px, start, end, slices, transact_time, strategy, origin, flags, peg, peg_offset,
        display_qty, terms,
    }
    SetProfile { instrument, part, weights }
    MarketFacts { instrument, day_qty, volatility_ppm, impact_ppm, half_spread_ppm }
    PlanView { order, algo, why, slices, start, end, cost_ppm, at_once_ppm, even_ppm }
    SliceView { order, algo, why, ix, of, qty, target, seen }
    MassCancelRequest { session, cl_ord_id, scope, instrument }
    MassStatusRequest { session, request, scope, instrument }
    Quote { venue, instrument, bid_px, bid_qty, ask_px, ask_qty, quote_time }
    MarketTrade { venue, instrument, px, qty, trade_time }
    FeedGap { venue, instrument, expected, found }
    VenueReport {
        venue, child, exec_id, exec_type, ord_status, ord_rej_reason, last_qty, last_px, cum_qty,
        leaves_qty, avg_px, exec_ref_id, transact_time,
    }
    VenueCancelReject { venue, child, request, cxl_rej_reason, ord_status }
    Orphan {
        venue, cl_ord_id, instrument, side, ord_type, time_in_force, order_qty, limit_px, cum_qty,
        avg_px,
    }
    Operator { author, reason }
    LimitChange { scope, limit, value, source, request, by }
    LimitDecision { proposal, approve, request, by }
    StateChange { scope, state, request, by }
    Permission { scope, instrument, allowed, request, by }
    PermittedMeans { scope, venues, algos, request, by }
    OrderDecision { order, approve, request, by }
    OperatorCancel { order, scope, request, by }
    SessionPolicy { session, cancel_on_disconnect, cancel_on_logout }
    Configure {
        seed, orders_open_max, ids_kept_max, on_no_venue, route_attempts_max, discount_ppm,
        prior_sd_centi_bps, positions_max, day_start_s, answer_timeout, queries_max,
        reconcile_interval, on_orphan, house_session, house_account, reprice_interval,
    }
    Instrument { id, symbol, tick, lot, prev_close, venues, multiplier }
    Venue { id, name, fee_centi_bps, features }
    Account { id, owner, self_trade }
    TradingHours { instrument, open_s, close_s, weekdays, close_lead }
    FactorMapping { instrument, factor, beta_ppm }
    ScenarioReturn { scenario, factor, return_ppm }
    OrderView {
        order, cl_ord_id, session, instrument, side, ord_type, time_in_force, ord_status,
        order_qty, limit_px, cum_qty, avg_px, stop_px, flags,
    }
    ChildOrder {
        child, order, venue, instrument, side, ord_type, time_in_force, order_qty, limit_px,
        display_qty, min_qty, flags,
    }
    ChildCancel { child, request, venue, instrument, side, order_qty }
    ChildQuery { child, venue, instrument, side }
    OrphanCancel { venue, cl_ord_id, request, instrument, side, order_qty }
    CancelRejected {
        session, order, cl_ord_id, orig_cl_ord_id, ord_status, response_to, cxl_rej_reason, refusal,
    }
    MassCanceled { session, cl_ord_id, scope, instrument, affected, refusal }
    EventRef { seq, ix }
    LimitView { scope, limit, before, after, request, proposal }
    Routing {
        instrument, policy, discount_ppm, prior_sd_centi_bps, explore_ppm, width_milli, window,
        share_ppm, range_centi_bps, venue, split_unit,
    }
    RoutingRules {
        events, budget_ppm, eject_rejects, eject_window, eject_for, trial_children, markout,
        reward_timeout, slippage_milli, fee_milli, markout_milli, reject_centi_bps,
        unfilled_centi_bps, ack_centi_bps_per_s,
    }
    RouteDecision {
        child, number, candidates, context, policy, venue, flags, explore_ppm, scores, spreads,
    }
    RouteReward {
        child, instrument, venue, number, cause, reward, filled, slippage, markout, fee, ack,
        rejected,
    }
    VenueFitness { venue, fitness, rejects, until }
}

macro_rules! drawn_variants {
    ($enum:ident { $($variant:ident $(($inner:ty))? $({ $($field:ident),+ })?;)+ }) => {
        impl Drawn for $enum {
            fn drawn(source: &mut Source) -> Self {
                let makers: &[fn(&mut Source) -> Self] = &[$(
                    drawn_variants!(@maker $enum $variant $(($inner))? $({ $($field),+ })?),
                )+];
                source.pick(makers)(source)
            }
        }
    };
    (@maker $enum:ident $variant:ident) => { |_| $enum::$variant };
    (@maker $enum:ident $variant:ident ($inner:ty)) => {
        |source| $enum::$variant(<$inner>::drawn(source))
    };
    (@maker $enum:ident $variant:ident { $($field:ident),+ }) => {
        |source| $enum::$variant { $($field: Drawn::drawn(source)),+ }
    };
}

drawn_variants! { Command {
    NewOrder(NewOrder); Cancel(CancelRequest); Replace(ReplaceRequest); Status(StatusRequest);
    Quote(Quote); VenueReport(VenueReport); VenueCancelReject(VenueCancelReject);
    VenueState { venue, up }; SessionState { session, link }; Wake; Checkpoint;
    Configure(Configure); DefineInstrument(Instrument); DefineVenue(Venue);
    SetLimit(LimitChange); DecideLimit(LimitDecision); SetState(StateChange);
    SetPermission(Permission); SetMeans(PermittedMeans); DecideOrder(OrderDecision);
    OperatorCancel(OperatorCancel); MassCancel(MassCancelRequest); MassStatus(MassStatusRequest);
    MarketTrade(MarketTrade); VenuePhase { venue, instrument, phase }; Orphan(Orphan);
    VenueMassStatusDone { venue, request }; DefineAccount(Account); DefineHours(TradingHours);
    SetSessionPolicy(SessionPolicy); MapFactor(FactorMapping); SetScenario(ScenarioReturn);
    OrdersOutRefused { child }; SetRouting(Routing); SetRoutingRules(RoutingRules);
    OrdersOutRefused { child }; AlgoOrder(AlgoOrder); SetProfile(SetProfile);
    SetMarketFacts(MarketFacts); FeedGap(FeedGap);
} }

drawn_variants! { Event {
    Accepted { view, held }; Rejected { view, refusal };
    Trade { view, child, venue, last_qty, last_px }; PendingCancel { view, orig_cl_ord_id };
    Canceled { view, orig_cl_ord_id }; PendingReplace { view, orig_cl_ord_id };
    Replaced { view, orig_cl_ord_id }; Expired { view }; Status { view };
    CancelRejected(CancelRejected); ChildSent(ChildOrder); ChildCancel(ChildCancel);
    Ignored { cause, venue, child, exec_id }; Digest { state }; PendingNew { view };
    Triggered { view }; Restated { view, reason };
    TradeCanceled { view, trade, last_qty, last_px, venue };
    TradeCorrected { view, trade, last_qty, last_px, venue }; MassCanceled(MassCanceled);
    MassStatus { view, request, total, last }; ChildQuery(ChildQuery);
    VenueMassStatus { venue, request }; OrphanCancel(OrphanCancel);
    ChildUnknown { child, order, venue }; VenueReconciled { venue, working, unknown, orphans };
    VenueUnconfirmed { venue, children }; LimitSet(LimitView); LimitProposed(LimitView);
    LimitDropped(LimitView); LimitNear { scope, limit, value, max };
    StateSet { scope, state, cause, request }; OperatorDone { request, orders };
    OperatorRefused { request, refusal }; Routed(RouteDecision); Rewarded(RouteReward);
    VenueFitness(VenueFitness);
    OperatorRefused { request, refusal }; Planned(PlanView); Sliced(SliceView);
    SchedulePaused { order, why }; ScheduleResumed { order, after };
    FeedGapped(FeedGap); FeedRestored { venue, instrument, after };
} }

fn command() -> impl Strategy<Value = Command> {
    any::<u64>().prop_map(|seed| Command::drawn(&mut bits::Bits(seed)))
}

fn event() -> impl Strategy<Value = Event> {
    any::<u64>().prop_map(|seed| Event::drawn(&mut bits::Bits(seed)))
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
        let _ = Record::command(kind % 80, &body);
        let _ = Record::event(1000 + kind % 80, &body);
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
