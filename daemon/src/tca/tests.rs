//! Goal: every figure is what a person computes by hand. Method: a journal is written by an engine
//! from a script of few commands with round numbers, and measured.

use std::path::Path;

use dcx_engine::{Engine, Outbox};
use dcx_model::{
    Algo, CancelRequest, ChildId, Command, Configure, Event, ExecType, Instrument, InstrumentId,
    InstrumentLimits, Limit, LimitChange, LimitPx, MarketTrade, MonoNanos, Nanos, NewOrder,
    Notional, OrdStatus, OrdType, Price, Qty, Quote, Scope, Seq, Sequenced, SessionId,
    SessionLimits, Side, Text, TimeInForce, UnixNanos, Venue, VenueFeatures, VenueId, VenueReport,
    VenueSet,
};
use dcx_pipeline::{JournalOptions, Writer, recover, replay};

use super::gather::Gatherer;
use super::measure::{Report, cost, vwap_bps};
use super::*;

const EURUSD: InstrumentId = InstrumentId::new(0);
const CHEAP: VenueId = VenueId::new(0);
const DEAR: VenueId = VenueId::new(1);
const SESSION: SessionId = SessionId::new(0);

/// An engine whose commands are journalled.
struct Script {
    engine: Engine,
    outbox: Outbox,
    writer: Writer,
    seq: Seq,
}

impl Script {
    fn begin(dir: &Path) -> Self {
        let writer = recover(dir, JournalOptions::default()).unwrap().writer;
        let mut script = Self {
            engine: Engine::new(),
            outbox: Outbox::new(),
            writer,
            seq: Seq::new(1),
        };
        for command in set_up() {
            script.at_ms(0, command);
        }
        script
    }

    /// Applies a command so many milliseconds after the start and gives its events.
    fn at_ms(&mut self, ms: u64, command: Command) -> Vec<Event> {
        let at = UnixNanos::from_seconds(1_700_000_000).plus(Nanos::from_millis(ms));
        let sequenced = Sequenced {
            seq: self.seq,
            at,
            received: MonoNanos::default(),
            command,
        };
        self.writer.append(&sequenced);
        self.engine.apply(at, self.seq, &command, &mut self.outbox);
        self.seq = self.seq.next();
        self.outbox.events().to_vec()
    }

    fn order(&mut self, ms: u64, cl_ord_id: &str, side: Side, qty: u64) -> ChildId {
        let limit = if side == Side::Buy {
            "1.1010"
        } else {
            "1.0990"
        };
        let events = self.at_ms(
            ms,
            Command::NewOrder(NewOrder {
                session: SESSION,
                cl_ord_id: text(cl_ord_id),
                instrument: EURUSD,
                side,
                ord_type: OrdType::Limit,
                time_in_force: TimeInForce::Day,
                algo: Algo::AtOnce,
                order_qty: Qty::whole(qty),
                limit_px: px(limit).into(),
                ..NewOrder::PLAIN
            }),
        );
        let child = events.iter().find_map(|event| match event {
            Event::ChildSent(child) => Some(child.child),
            _ => None,
        });
        child.unwrap_or_else(|| panic!("a child order is sent: {events:?}"))
    }

    fn measure(mut self, dir: &Path) -> (gather::Gathered, Report) {
        self.writer.flush().unwrap();
        let mut gatherer = Gatherer::new();
        let replayed = replay(dir, &mut gatherer).unwrap();
        let gathered = gatherer.finish(replayed.at);
        let report = Report::of(&gathered, replayed.equal());
        (gathered, report)
    }
}

fn text<const N: usize>(value: &str) -> Text<N> {
    value.parse().unwrap()
}

fn px(value: &str) -> Price {
    value.parse().unwrap()
}

fn set_up() -> Vec<Command> {
    let venue = |id, name, fee_centi_bps| {
        Command::DefineVenue(Venue {
            id,
            name: text(name),
            fee_centi_bps,
            features: VenueFeatures::NONE,
        })
    };
    let mut commands = vec![
        Command::Configure(Configure {
            orders_open_max: 16,
            ids_kept_max: 64,
            ..Configure::DEFAULT
        }),
        venue(CHEAP, "CHEAP", 20),
        venue(DEAR, "DEAR", 0),
        Command::DefineInstrument(Instrument {
            id: EURUSD,
            symbol: text("EURUSD"),
            tick: px("0.00001"),
            lot: Qty::whole(1),
            prev_close: px("1.1001").into(),
            venues: VenueSet::NONE.with(CHEAP).with(DEAR),
            multiplier: Instrument::ONE,
        }),
        // DEAR quotes and is down: it is part of the market, and gets no child order.
        Command::VenueState {
            venue: CHEAP,
            up: true,
        },
        quote(CHEAP, "1.1000", "1.1003"),
        quote(DEAR, "1.0999", "1.1002"),
    ];
    let limits = InstrumentLimits {
        instrument: EURUSD,
        order_qty_max: Qty::whole(1_000),
        order_notional_max: Notional::whole(1_000_000),
        position_max: Qty::whole(1_000_000),
        quote_age_max: Nanos::from_seconds(60),
        collar_bps: 500,
        prev_close_allowed: true,
    };
    let session = SessionLimits {
        session: SESSION,
        orders_per_s_max: 100,
        burst_max: 10,
        orders_open_max: 10,
    };
    commands.extend(limits.changes().map(Command::SetLimit));
    commands.extend(session.changes().map(Command::SetLimit));
    commands.push(Command::SetLimit(LimitChange::configured(
        Scope::Firm,
        Limit::GrossMax,
        Notional::whole(1_000_000_000).units(),
    )));
    commands
}

fn quote(venue: VenueId, bid: &str, ask: &str) -> Command {
    Command::Quote(Quote {
        venue,
        instrument: EURUSD,
        bid_px: px(bid).into(),
        bid_qty: Qty::ZERO,
        ask_px: px(ask).into(),
        ask_qty: Qty::ZERO,
        quote_time: UnixNanos::ZERO,
    })
}

fn printed(price: &str, qty: u64) -> Command {
    Command::MarketTrade(MarketTrade {
        venue: DEAR,
        instrument: EURUSD,
        px: px(price),
        qty: Qty::whole(qty),
        trade_time: UnixNanos::ZERO,
    })
}

fn acknowledged(child: ChildId, qty: u64) -> Command {
    Command::VenueReport(VenueReport {
        venue: CHEAP,
        child,
        exec_id: text("NEW"),
        exec_type: ExecType::New,
        leaves_qty: Qty::whole(qty),
        ..VenueReport::EMPTY
    })
}

/// A fill of `last`, so that `cum` are filled and `left` are not.
fn fill(child: ChildId, exec_id: &str, price: &str, [last, cum, left]: [u64; 3]) -> Command {
    let filled = left == 0;
    Command::VenueReport(VenueReport {
        venue: CHEAP,
        child,
        exec_id: text(exec_id),
        exec_type: ExecType::Trade,
        ord_status: if filled {
            OrdStatus::Filled
        } else {
            OrdStatus::PartiallyFilled
        },
        last_qty: Qty::whole(last),
        last_px: px(price),
        cum_qty: Qty::whole(cum),
        leaves_qty: Qty::whole(left),
        ..VenueReport::EMPTY
    })
}

fn near(found: Option<f64>, expected: f64) {
    let found = found.expect("a figure");
    assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
}

/// Buys 100 with the market at 1.1000/1.1002; 40 are filled at 1.1002, 30 at 1.1003 when the
/// market has risen to 1.1004/1.1006; the rest is cancelled.
fn bought(dir: &Path) -> Script {
    let mut script = Script::begin(dir);
    script.at_ms(500, printed("1.0900", 999));
    let child = script.order(1_000, "BUY-1", Side::Buy, 100);
    script.at_ms(1_004, acknowledged(child, 100));
    script.at_ms(2_000, fill(child, "E1", "1.1002", [40, 40, 60]));
    script.at_ms(2_050, printed("1.1001", 50));
    script.at_ms(2_060, printed("1.1003", 150));
    script.at_ms(2_090, quote(CHEAP, "1.1004", "1.1007"));
    script.at_ms(2_090, quote(DEAR, "1.1003", "1.1006"));
    script.at_ms(3_000, fill(child, "E2", "1.1003", [30, 70, 30]));
    script.at_ms(
        4_000,
        Command::Cancel(CancelRequest {
            session: SESSION,
            cl_ord_id: text("CANCEL-1"),
            orig_cl_ord_id: text("BUY-1"),
            transact_time: UnixNanos::ZERO,
        }),
    );
    script.at_ms(
        4_010,
        Command::VenueReport(VenueReport {
            venue: CHEAP,
            child,
            exec_id: text("E3"),
            exec_type: ExecType::Canceled,
            ord_status: OrdStatus::Canceled,
            cum_qty: Qty::whole(70),
            ..VenueReport::EMPTY
        }),
    );
    script.at_ms(5_000, printed("1.2000", 999));
    script
}

#[test]
fn an_order_filled_in_part_has_the_shortfall_that_a_person_computes() {
    let dir = tempfile::tempdir().unwrap();
    let (gathered, report) = bought(dir.path()).measure(dir.path());
    let order = gathered.orders.values().next().unwrap();
    assert_eq!(order.arrival, Some(2 * 110_010_000));
    let cost = cost(&gathered, order).unwrap();
    let worth_bp = 100.0 * 1.1001 / 1e4;
    near(
        Some(cost.execution_bps),
        (40.0 * 0.0001 + 30.0 * 0.0002) / worth_bp,
    );
    near(Some(cost.opportunity_bps), 30.0 * 0.0004 / worth_bp);
    let paid = 40.0 * 1.1002 + 30.0 * 1.1003;
    near(Some(cost.fee_bps), paid * 0.2 / 1e4 / worth_bp);
    // 50 at 1.1001 and 150 at 1.1003; what was printed before and after does not count.
    let vwap = 1.100_25;
    near(vwap_bps(order), (paid / 70.0 - vwap) / vwap * 1e4);

    let row = &report.algos[&("EURUSD".to_owned(), "AtOnce".to_owned())];
    near(row.shortfall.value(), cost.shortfall_bps());
    assert_eq!((report.orders, report.filled), (1, 0));
    assert!(report.equal);
}

#[test]
fn a_venue_has_its_fill_rate_slippage_answer_and_markouts() {
    let dir = tempfile::tempdir().unwrap();
    let mut script = bought(dir.path());
    // Two seconds after the first fill and one after the second is in the journal, ten are not.
    script.at_ms(6_000, printed("1.1000", 1));
    let (_, report) = script.measure(dir.path());
    assert_eq!(report.venues.len(), 1, "no child order went to DEAR");
    let row = &report.venues[&("EURUSD".to_owned(), "CHEAP".to_owned())];
    assert_eq!((row.children, row.fills, row.rejects), (1, 2, 0));
    assert_eq!(
        (row.sent_qty, row.filled_qty),
        (100 * 100_000_000, 70 * 100_000_000)
    );
    near(row.answer_ms.value(), 4.0);
    let (first, second) = (40.0 * 1.1002, 30.0 * 1.1003);
    let weighted = |a: f64, b: f64| (first * a + second * b) / (first + second);
    near(
        row.slippage.value(),
        weighted(0.0001 / 1.1001 * 1e4, 0.0002 / 1.1001 * 1e4),
    );
    // After 100 ms the market had risen to a mid of 1.1005 in both cases.
    let moved = weighted(0.0003 / 1.1002 * 1e4, 0.0002 / 1.1003 * 1e4);
    near(row.markouts[0].value(), moved);
    near(row.markouts[1].value(), moved);
    assert_eq!(row.markouts[2].value(), None, "the journal ends before");
}

#[test]
fn a_sale_above_the_arrival_price_is_a_gain_and_a_markout_is_mirrored() {
    let dir = tempfile::tempdir().unwrap();
    let mut script = Script::begin(dir.path());
    let child = script.order(1_000, "SELL-1", Side::Sell, 10);
    script.at_ms(1_010, fill(child, "E1", "1.1002", [10, 10, 0]));
    script.at_ms(1_050, quote(CHEAP, "1.0998", "1.1000"));
    script.at_ms(1_050, quote(DEAR, "1.0998", "1.1000"));
    script.at_ms(2_500, printed("1.1", 0));
    let (gathered, report) = script.measure(dir.path());
    let order = gathered.orders.values().next().unwrap();
    let cost = cost(&gathered, order).unwrap();
    near(Some(cost.execution_bps), -0.0001 / 1.1001 * 1e4);
    near(Some(cost.opportunity_bps), 0.0);
    assert_eq!(vwap_bps(order), None, "no quantity was printed");
    let row = &report.venues[&("EURUSD".to_owned(), "CHEAP".to_owned())];
    near(row.markouts[1].value(), 0.0003 / 1.1002 * 1e4);
    assert_eq!(report.filled, 1);
}

#[test]
fn a_trade_that_is_taken_back_counts_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let mut script = Script::begin(dir.path());
    let child = script.order(1_000, "BUY-1", Side::Buy, 10);
    script.at_ms(1_010, fill(child, "E1", "1.1002", [4, 4, 6]));
    script.at_ms(1_020, fill(child, "E2", "1.1008", [6, 10, 0]));
    script.at_ms(
        2_000,
        Command::VenueReport(VenueReport {
            venue: CHEAP,
            child,
            exec_id: text("E3"),
            exec_ref_id: text("E2"),
            exec_type: ExecType::TradeCancel,
            ord_status: OrdStatus::PartiallyFilled,
            last_qty: Qty::whole(6),
            last_px: px("1.1008"),
            cum_qty: Qty::whole(4),
            ..VenueReport::EMPTY
        }),
    );
    let (gathered, report) = script.measure(dir.path());
    let order = gathered.orders.values().next().unwrap();
    assert_eq!(measure::filled(order), Qty::whole(4));
    let cost = cost(&gathered, order).unwrap();
    near(
        Some(cost.execution_bps),
        4.0 * 0.0001 / (10.0 * 1.1001) * 1e4,
    );
    let row = &report.venues[&("EURUSD".to_owned(), "CHEAP".to_owned())];
    assert_eq!((row.fills, row.filled_qty), (1, 4 * 100_000_000));
}

#[test]
fn without_a_two_sided_market_there_is_no_arrival_price_and_no_cost() {
    let dir = tempfile::tempdir().unwrap();
    let mut script = Script::begin(dir.path());
    let one_sided = Command::Quote(Quote {
        venue: DEAR,
        instrument: EURUSD,
        bid_px: LimitPx::NONE,
        bid_qty: Qty::ZERO,
        ask_px: px("1.1002").into(),
        ask_qty: Qty::ZERO,
        quote_time: UnixNanos::ZERO,
    });
    // Everything else is stale by then.
    script.at_ms(61_000, one_sided);
    let child = script.order(61_000, "BUY-1", Side::Buy, 10);
    script.at_ms(61_010, fill(child, "E1", "1.1002", [10, 10, 0]));
    let (gathered, report) = script.measure(dir.path());
    let order = gathered.orders.values().next().unwrap();
    assert_eq!(order.arrival, None);
    assert_eq!(cost(&gathered, order), None);
    assert_eq!(report.without_arrival, 1);
    let row = &report.algos[&("EURUSD".to_owned(), "AtOnce".to_owned())];
    assert_eq!((row.orders, row.shortfall.value()), (1, None));
}

#[test]
fn a_journal_without_orders_is_said_to_have_none() {
    let dir = tempfile::tempdir().unwrap();
    let mut script = Script::begin(dir.path());
    script.writer.flush().unwrap();
    let failure = tca(dir.path(), false, Out::new(true)).unwrap_err();
    assert_eq!(failure.code, Code::X017);
    assert!(failure.message.contains("no accepted order"));
}

#[test]
fn a_damaged_journal_is_refused_with_the_place() {
    let dir = tempfile::tempdir().unwrap();
    let mut script = bought(dir.path());
    script.writer.flush().unwrap();
    drop(script);
    let segment = dir.path().join("journal-00000001.dcxj");
    let mut bytes = std::fs::read(&segment).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(&segment, bytes).unwrap();
    let failure = tca(dir.path(), false, Out::new(true)).unwrap_err();
    assert_eq!(failure.exit, Exit::No);
    assert!(failure.code.to_string().starts_with("DCX-J"), "{failure:?}");
}
