//! Nothing is allocated to look once more at what goes out, nor to tell others of it, once there
//! is room for it; and it costs little.

#![expect(
    unsafe_code,
    reason = "a GlobalAlloc that counts is the only way to see every allocation"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Instant;

use dcx_fix::orders::{Client, Directory, DropCopy, OrderEdge, OrdersOut, Peer, TradeLog, Watched};
use dcx_fix::{Application as _, Encoder, Head, Message, Queue, SessionIx};
use dcx_model::{
    AccountId, ChildId, ChildOrder, Event, ExecType, InstrumentId, LimitPx, MonoNanos, Now,
    OrdStatus, OrdType, OrderFlags, OrderId, OrderView, Outbound, Qty, Seq, SessionId, Side,
    StrategyId, TimeInForce, UnixNanos, VenueId, VenueReport,
};
use dcx_ring::spsc;

thread_local! {
    /// Allocations of this thread. Constant, so that reading it allocates nothing.
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, counting.
struct Counting;

// SAFETY: every call is handed to `System` unchanged; the counter is a plain cell of this thread
// and touches no memory of the allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps to `GlobalAlloc::alloc`, which asks the same of `System`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: `ptr` came from `System` through `alloc` above, with this layout.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const VENUE: VenueId = VenueId::new(1);

fn view(order: u64, ord_status: OrdStatus) -> OrderView {
    OrderView {
        order: OrderId::new(order),
        order_qty: Qty::whole(100),
        cum_qty: if ord_status == OrdStatus::Filled {
            Qty::whole(100)
        } else {
            Qty::ZERO
        },
        ord_status,
        ..OrderView::EMPTY
    }
}

fn child(order: u64) -> ChildOrder {
    ChildOrder {
        child: ChildId::new(order),
        order: OrderId::new(order),
        venue: VENUE,
        instrument: InstrumentId::new(0),
        side: Side::Buy,
        ord_type: OrdType::Market,
        time_in_force: TimeInForce::Ioc,
        order_qty: Qty::whole(100),
        limit_px: LimitPx::NONE,
        display_qty: Qty::ZERO,
        min_qty: Qty::ZERO,
        flags: OrderFlags::NONE,
    }
}

/// One order's whole life. Returns the time that its child's check took alone, in nanoseconds.
fn life(account: &mut OrdersOut, order: u64, measured: bool) -> u64 {
    let accepted = view(order, OrdStatus::New);
    account.event(&Event::Accepted {
        view: accepted,
        held: false,
    });
    let child = child(order);
    let before = measured.then(Instant::now);
    account.send(&child).expect("what was entered goes out");
    let took = before.map_or(0, |before| before.elapsed().as_nanos());
    assert!(account.send(&child).is_err());
    account.reported(&VenueReport {
        venue: VENUE,
        child: child.child,
        exec_type: ExecType::Trade,
        ord_status: OrdStatus::Filled,
        cum_qty: Qty::whole(100),
        ..VenueReport::EMPTY
    });
    account.event(&Event::Trade {
        view: view(order, OrdStatus::Filled),
        child: child.child,
        venue: VENUE,
        last_qty: Qty::whole(100),
        last_px: dcx_model::Price::ZERO,
    });
    u64::try_from(took).unwrap_or(u64::MAX)
}

#[test]
fn an_account_with_room_allocates_nothing() {
    let mut account = OrdersOut::with_room_for(64, 64);
    let before = COUNT.with(Cell::get);
    for order in 1..100_000 {
        life(&mut account, order, false);
    }
    assert_eq!(COUNT.with(Cell::get) - before, 0);
    assert_eq!((account.orders(), account.children()), (0, 0));
}

const WATCHER: SessionIx = SessionIx::new(1);

const NOW: Now = Now {
    mono: MonoNanos::new(7),
    unix: UnixNanos::from_seconds(1_795_449_600),
};

/// A client, and who gets copies of its reports.
fn directory() -> Directory {
    let client = Client {
        session: SessionId::new(0),
        default_account: AccountId::new(0),
        accounts: vec![AccountId::new(0)],
        default_strategy: StrategyId::new(0),
    };
    let copy = DropCopy {
        session: SessionId::new(1),
        watches: Watched::All,
    };
    Directory::new()
        .with_instrument(InstrumentId::new(0), "EURUSD".parse().expect("a symbol"))
        .with_client_name(SessionId::new(0), "CLIENT")
        .with_peer(SessionIx::new(0), Peer::Client(client))
        .with_peer(WATCHER, Peer::DropCopy(copy))
}

#[test]
fn copies_and_a_subscription_to_trades_allocate_nothing_once_there_is_room() {
    let (inbound, _commands) = spsc(64).expect("a ring");
    let (mut events, outbound) = spsc(64).expect("a ring");
    let mut edge =
        OrderEdge::new(directory(), inbound, outbound).with_trades(TradeLog::with_room_for(128));
    let mut queue = Queue::new();
    let mut encoder = Encoder::new(b"FIX.4.4", b"WATCHER", b"DCX");
    let (mut bytes, head) = (Vec::new(), Head::new(b"AD", 2, NOW.unix));
    let asked = encoder.encode(&mut bytes, &head, |body| {
        body.str(568, "all");
        body.str(569, "0");
        body.str(263, "1");
    });
    let asked = Message::parse(asked).expect("what is encoded is decoded");
    let taken = edge.received(WATCHER, NOW, &asked, &mut queue.outgoing());
    assert_eq!(taken, Ok(()));
    let mut tell = |seq: u64| {
        let event = Event::Trade {
            view: view(seq, OrdStatus::PartiallyFilled),
            child: ChildId::new(seq),
            venue: VENUE,
            last_qty: Qty::whole(1),
            last_px: dcx_model::Price::ZERO,
        };
        let outbound = Outbound {
            seq: Seq::new(seq),
            ix: 0,
            at: NOW.unix,
            received: NOW.mono,
            event,
        };
        assert!(events.try_push(outbound).is_ok());
        edge.work(NOW, &mut queue.outgoing());
        let sent = queue.iter().count();
        queue.clear();
        sent
    };
    for seq in 1..1_000 {
        tell(seq);
    }
    let before = COUNT.with(Cell::get);
    for seq in 1_000..20_000 {
        assert_eq!(tell(seq), 3, "a report, its copy, and the trade");
    }
    assert_eq!(COUNT.with(Cell::get) - before, 0);
}

/// Prints what an order's way through the account costs. A figure of this machine and build: run
/// with `--release --nocapture`; nothing is asserted about time.
#[test]
fn orders_out_cost() {
    const ORDERS: u64 = 200_000;
    let mut account = OrdersOut::with_room_for(1 << 16, 1 << 16);
    // As many that work on and on, so that the small table of a benchmark is not what is seen.
    for order in 1..=50_000 {
        let view = view(order, OrdStatus::New);
        account.event(&Event::Accepted { view, held: false });
        account.send(&child(order)).expect("what was entered");
    }
    let before = Instant::now();
    for order in 100_001..100_001 + ORDERS {
        life(&mut account, order, false);
    }
    let life_ns = before.elapsed().as_nanos() / u128::from(ORDERS);
    let mut checks: Vec<u64> = (500_001..500_001 + ORDERS)
        .map(|order| life(&mut account, order, true))
        .collect();
    checks.sort_unstable();
    let at = |share: usize| checks[checks.len() * share / 1_000];
    let mut clock: Vec<_> = (0..ORDERS).map(|_| Instant::now().elapsed()).collect();
    clock.sort_unstable();
    println!(
        "whole life {life_ns} ns; one check with its clock p50 {} p99 {} ns, the clock {} ns",
        at(500),
        at(990),
        clock[clock.len() / 2].as_nanos()
    );
    assert_eq!(account.orders(), 50_000);
}
