//! The order state change matrices of FIX 4.4 (vol. 7, appendix D), scenario by scenario, as the
//! client sees them: `ExecType OrdStatus OrderQty CumQty LeavesQty @AvgPx (ClOrdID, OrigClOrdID)`.
//! Quantities are those of the matrices; prices are ticks from the middle.
//!
//! A client's order here is a parent of child orders at venues, and its replace cancels those and
//! sends the rest anew. So of the matrices
//!
//! - A.1.b, H.1: an order of the day ends as `Expired` where a venue is done for the day; one that
//!   is good till cancel rests without a report, and is not restated in the morning;
//! - B.1.e: the acknowledgement is ours, and is sent before a cancel can be read: it cannot cross;
//! - C.1.c, J.1.a from step 9: a replace of a filled order is refused as too late;
//! - D.2.a to D.2.c: one request is worked at a time, which is D.2.d;
//! - E.1.a, F.1.c: nobody places, cancels or replaces an order by telephone;
//! - E.1.b: what a venue cancels unasked is sent elsewhere, and ends where nobody takes it;
//! - E.1.c to E.1.e: no venue replaces a child unasked, and cancel-if-not-best is not taken;
//! - G.1.b: "nothing done" is what a status report of an order without fills says;
//! - H.1.b: stock splits are made by whoever keeps the positions, not by an order's engine;
//! - L.1.b: `CashOrderQty` is not taken.

#![expect(clippy::unwrap_used, reason = "a panic is a failed test")]

mod support;

use dcx_model::*;
use support::{MID, World};

fn shares(count: u64) -> Qty {
    Qty::from_units(Qty::whole(1).units() / 100 * count)
}

fn ticks(count: i64) -> Price {
    Price::from_units(MID + count * 1_000)
}

fn id(text: &str) -> ClOrdId {
    text.parse().unwrap()
}

/// One scenario on its way.
struct Scenario {
    world: World,
    reports: u32,
}

impl Scenario {
    /// The new order X for 10000, which is accepted and goes to one venue.
    fn of(time_in_force: TimeInForce) -> Self {
        let mut scenario = Self {
            world: World::new(1),
            reports: 0,
        };
        // The matrices trade hundreds.
        scenario.send(Command::DefineInstrument(Instrument {
            lot: shares(100),
            ..support::instrument(0)
        }));
        // What is filled is valued by the mid.
        scenario.send(Command::Quote(support::quote(0, 0, 0, 1)));
        let told = scenario.new_order("X", time_in_force);
        assert_eq!(told, ["New New 10000 0 10000 (X)"]);
        scenario
    }

    fn day() -> Self {
        Self::of(TimeInForce::Day)
    }

    fn new_order(&mut self, name: &str, time_in_force: TimeInForce) -> Vec<String> {
        self.send(Command::NewOrder(NewOrder {
            cl_ord_id: id(name),
            time_in_force,
            order_qty: shares(10_000),
            limit_px: ticks(0).into(),
            ..NewOrder::PLAIN
        }))
    }

    fn send(&mut self, command: Command) -> Vec<String> {
        self.world.send(command).iter().filter_map(told).collect()
    }

    fn cancel(&mut self, name: &str, orig: &str) -> Vec<String> {
        self.send(Command::Cancel(CancelRequest {
            session: SessionId::new(0),
            cl_ord_id: id(name),
            orig_cl_ord_id: id(orig),
            transact_time: UnixNanos::ZERO,
        }))
    }

    fn replace(&mut self, name: &str, orig: &str, qty: u64, px: i64) -> Vec<String> {
        let view = self.world.told.values().last().map(|told| told.view);
        self.send(Command::Replace(ReplaceRequest {
            session: SessionId::new(0),
            cl_ord_id: id(name),
            orig_cl_ord_id: id(orig),
            instrument: InstrumentId::new(0),
            side: Side::Buy,
            ord_type: OrdType::Limit,
            time_in_force: view.map_or(TimeInForce::Day, |view| view.time_in_force),
            order_qty: shares(qty),
            limit_px: ticks(px).into(),
            stop_px: LimitPx::NONE,
            display_qty: Qty::ZERO,
            transact_time: UnixNanos::ZERO,
        }))
    }

    fn status(&mut self, name: &str) -> Vec<String> {
        self.send(Command::Status(StatusRequest {
            session: SessionId::new(0),
            cl_ord_id: id(name),
            instrument: InstrumentId::new(0),
            side: Side::Buy,
        }))
    }

    /// The venue of the last child reports.
    fn venue(&mut self, exec_type: ExecType) -> Vec<String> {
        let last = self.world.children.len() - 1;
        let report = self.world.report(last, exec_type, Qty::ZERO, 0);
        self.send(Command::VenueReport(report))
    }

    /// The venue of the last child fills, and names the execution.
    fn fill_as(&mut self, name: &str, qty: u64, px: i64) -> Vec<String> {
        let last = self.world.children.len() - 1;
        let mut report = self.world.report(last, ExecType::Trade, shares(qty), 0);
        report.exec_id = name.parse().unwrap();
        report.last_px = ticks(px);
        self.send(Command::VenueReport(report))
    }

    fn fill(&mut self, qty: u64) -> Vec<String> {
        self.reports += 1;
        let name = format!("F{}", self.reports);
        self.fill_as(&name, qty, 0)
    }

    /// The venue refuses to cancel the last child.
    fn refuse(&mut self, cxl_rej_reason: CxlRejReason) -> Vec<String> {
        let child = self.world.children.last().expect("one was sent");
        let reject = VenueCancelReject {
            venue: child.order.venue,
            child: child.order.child,
            request: child.request.expect("a cancel was sent"),
            cxl_rej_reason,
            ord_status: OrdStatus::New,
        };
        self.send(Command::VenueCancelReject(reject))
    }

    /// The venue takes an execution back, or puts another in its place; this is left after it.
    fn amend(&mut self, names: (&str, &str), after: (u64, i64), leaves: u64) -> Vec<String> {
        let child = self.world.children.last().expect("one was sent").order;
        let correct = after.0 > 0;
        self.send(Command::VenueReport(VenueReport {
            venue: child.venue,
            child: child.child,
            exec_id: names.0.parse().unwrap(),
            exec_ref_id: names.1.parse().unwrap(),
            exec_type: if correct {
                ExecType::TradeCorrect
            } else {
                ExecType::TradeCancel
            },
            ord_status: if leaves > 0 {
                OrdStatus::PartiallyFilled
            } else {
                OrdStatus::Filled
            },
            last_qty: shares(after.0),
            last_px: if correct { ticks(after.1) } else { Price::ZERO },
            leaves_qty: shares(leaves),
            ..VenueReport::EMPTY
        }))
    }
}

/// What the client is told by an event; nothing where it is for others.
fn told(event: &Event) -> Option<String> {
    let line = |exec_type: &str, view: &OrderView, orig: Option<&ClOrdId>| {
        let of = |qty: Qty| qty.units() / shares(1).units();
        let avg = (view.avg_px.units() - MID) / 1_000;
        let avg = if view.cum_qty.is_zero() {
            String::new()
        } else {
            format!("@{avg} ")
        };
        let names = match orig.filter(|orig| **orig != view.cl_ord_id) {
            Some(orig) => format!("({},{orig})", view.cl_ord_id),
            None => format!("({})", view.cl_ord_id),
        };
        Some(format!(
            "{exec_type} {} {} {} {} {avg}{names}",
            view.ord_status.name(),
            of(view.order_qty),
            of(view.cum_qty),
            of(view.leaves_qty()),
        ))
    };
    match event {
        Event::Accepted { view, .. } => line("New", view, None),
        Event::Rejected { view, .. } => line("Rejected", view, None),
        Event::Trade { view, .. } => line("Trade", view, None),
        Event::PendingCancel {
            view,
            orig_cl_ord_id,
        } => line("PendingCancel", view, Some(orig_cl_ord_id)),
        Event::Canceled {
            view,
            orig_cl_ord_id,
        } => line("Canceled", view, Some(orig_cl_ord_id)),
        Event::PendingReplace {
            view,
            orig_cl_ord_id,
        } => line("PendingReplace", view, Some(orig_cl_ord_id)),
        Event::Replaced {
            view,
            orig_cl_ord_id,
        } => line("Replaced", view, Some(orig_cl_ord_id)),
        Event::Expired { view } => line("Expired", view, None),
        Event::Status { view } => line("OrderStatus", view, None),
        Event::TradeCanceled { view, .. } => line("TradeCancel", view, None),
        Event::TradeCorrected { view, .. } => line("TradeCorrect", view, None),
        Event::CancelRejected(rejected) => Some(format!(
            "CancelReject {} {:?} ({},{})",
            rejected.ord_status.name(),
            rejected.cxl_rej_reason,
            rejected.cl_ord_id,
            rejected.orig_cl_ord_id
        )),
        _ => None,
    }
}

#[test]
fn a_1_a_filled_order() {
    let mut s = Scenario::day();
    assert!(s.venue(ExecType::New).is_empty());
    assert_eq!(
        s.fill(2_000),
        ["Trade PartiallyFilled 10000 2000 8000 @0 (X)"]
    );
    assert_eq!(
        s.fill(1_000),
        ["Trade PartiallyFilled 10000 3000 7000 @0 (X)"]
    );
    assert_eq!(s.fill(7_000), ["Trade Filled 10000 10000 0 @0 (X)"]);
}

#[test]
fn a_1_a_rejected_order() {
    let mut s = Scenario::day();
    assert!(s.venue(ExecType::Rejected).is_empty(), "it goes elsewhere");
    assert_eq!(
        s.venue(ExecType::Rejected),
        ["Rejected Rejected 10000 0 0 (X)"]
    );
}

#[test]
fn a_1_b_part_filled_day_order_done_for_day() {
    let mut s = Scenario::day();
    s.fill(2_000);
    assert_eq!(
        s.venue(ExecType::DoneForDay),
        ["Expired Expired 10000 2000 0 @0 (X)"]
    );
}

#[test]
fn b_1_a_cancel_of_a_zero_filled_order() {
    let mut s = Scenario::day();
    s.venue(ExecType::New);
    assert_eq!(
        s.cancel("Y", "X"),
        ["PendingCancel PendingCancel 10000 0 10000 (Y,X)"]
    );
    assert_eq!(
        s.venue(ExecType::Canceled),
        ["Canceled Canceled 10000 0 0 (Y,X)"]
    );
}

#[test]
fn b_1_a_cancel_that_is_refused() {
    let mut s = Scenario::day();
    s.cancel("Y", "X");
    assert_eq!(
        s.refuse(CxlRejReason::Other),
        ["CancelReject New Other (Y,X)"]
    );
    assert_eq!(s.fill(10_000), ["Trade Filled 10000 10000 0 @0 (X)"]);
}

#[test]
fn b_1_b_cancel_of_a_part_filled_order_with_executions_while_it_is_active() {
    let mut s = Scenario::day();
    s.fill(2_000);
    assert_eq!(
        s.cancel("Y", "X"),
        ["PendingCancel PendingCancel 10000 2000 8000 @0 (Y,X)"]
    );
    assert_eq!(
        s.fill(3_000),
        ["Trade PendingCancel 10000 5000 5000 @0 (X)"]
    );
    assert_eq!(
        s.venue(ExecType::Canceled),
        ["Canceled Canceled 10000 5000 0 @0 (Y,X)"]
    );
}

#[test]
fn b_1_c_cancel_of_an_order_that_is_filled_before_it_can_be_accepted() {
    let mut s = Scenario::day();
    s.fill(2_000);
    s.cancel("Y", "X");
    assert_eq!(
        s.fill(8_000),
        [
            "Trade PendingCancel 10000 10000 0 @0 (X)",
            "CancelReject Filled TooLate (Y,X)"
        ]
    );
}

#[test]
fn b_1_d_cancel_of_an_order_that_its_venue_has_not_acknowledged() {
    let mut s = Scenario::day();
    s.cancel("Y", "X");
    assert!(s.venue(ExecType::PendingCancel).is_empty());
    assert_eq!(
        s.venue(ExecType::Canceled),
        ["Canceled Canceled 10000 0 0 (Y,X)"]
    );
}

#[test]
fn b_1_e_acknowledgement_of_the_venue_crosses_the_cancel() {
    let mut s = Scenario::day();
    s.cancel("Y", "X");
    assert!(s.venue(ExecType::New).is_empty());
    assert_eq!(
        s.status("X"),
        ["OrderStatus PendingCancel 10000 0 10000 (X)"]
    );
    assert_eq!(
        s.venue(ExecType::Canceled),
        ["Canceled Canceled 10000 0 0 (Y,X)"]
    );
}

#[test]
fn b_1_f_cancel_of_an_unknown_order() {
    let mut s = Scenario::day();
    assert_eq!(
        s.cancel("Y", "W"),
        ["CancelReject Rejected UnknownOrder (Y,W)"]
    );
}

#[test]
fn c_1_a_zero_filled_order_is_replaced_to_increase_its_quantity() {
    let mut s = Scenario::day();
    assert_eq!(
        s.replace("Y", "X", 11_000, 0),
        ["PendingReplace PendingReplace 10000 0 10000 (Y,X)"]
    );
    assert_eq!(
        s.venue(ExecType::Canceled),
        ["Replaced New 11000 0 11000 (Y,X)"]
    );
    assert_eq!(
        s.fill(1_000),
        ["Trade PartiallyFilled 11000 1000 10000 @0 (Y)"]
    );
    assert_eq!(
        s.fill(2_000),
        ["Trade PartiallyFilled 11000 3000 8000 @0 (Y)"]
    );
}

#[test]
fn c_1_b_part_filled_order_is_replaced_to_increase_and_filled_while_it_is_pending() {
    let mut s = Scenario::day();
    s.fill(1_000);
    assert_eq!(
        s.replace("Y", "X", 12_000, 0),
        ["PendingReplace PendingReplace 10000 1000 9000 @0 (Y,X)"]
    );
    assert_eq!(s.fill(100), ["Trade PendingReplace 10000 1100 8900 @0 (X)"]);
    assert_eq!(
        s.venue(ExecType::Canceled),
        ["Replaced PartiallyFilled 12000 1100 10900 @0 (Y,X)"]
    );
    assert_eq!(s.fill(10_900), ["Trade Filled 12000 12000 0 @0 (Y)"]);
}

#[test]
fn c_1_c_replace_of_a_filled_order_is_too_late() {
    let mut s = Scenario::day();
    s.fill(10_000);
    assert_eq!(
        s.replace("Y", "X", 12_000, 0),
        ["CancelReject Filled TooLate (Y,X)"]
    );
}

#[test]
fn c_1_c_order_filled_while_its_increase_is_pending_gets_the_rest() {
    let mut s = Scenario::day();
    s.replace("Y", "X", 12_000, 0);
    assert_eq!(
        s.fill(10_000),
        [
            "Trade PendingReplace 10000 10000 0 @0 (X)",
            "Replaced PartiallyFilled 12000 10000 2000 @0 (Y,X)"
        ]
    );
    assert_eq!(s.fill(2_000), ["Trade Filled 12000 12000 0 @0 (Y)"]);
}

#[test]
fn c_2_a_replace_not_for_quantity_is_refused_as_a_fill_has_occurred() {
    let mut s = Scenario::day();
    s.fill(1_000);
    s.replace("Y", "X", 10_000, 5);
    assert_eq!(
        s.fill(9_000),
        [
            "Trade PendingReplace 10000 10000 0 @0 (X)",
            "CancelReject Filled TooLate (Y,X)"
        ]
    );
}

#[test]
fn c_3_a_decrease_above_what_is_executed_meanwhile_is_replaced_then_filled() {
    let mut s = Scenario::day();
    s.replace("Y", "X", 8_000, 0);
    s.fill(7_000);
    assert_eq!(
        s.venue(ExecType::Canceled),
        ["Replaced PartiallyFilled 8000 7000 1000 @0 (Y,X)"]
    );
    assert_eq!(s.fill(1_000), ["Trade Filled 8000 8000 0 @0 (Y)"]);
}

#[test]
fn c_3_b_decrease_to_what_is_executed_meanwhile_ends_filled() {
    let mut s = Scenario::day();
    s.replace("Y", "X", 7_000, 0);
    s.fill(7_000);
    assert_eq!(
        s.venue(ExecType::Canceled),
        ["Replaced Filled 7000 7000 0 @0 (Y,X)"]
    );
}

#[test]
fn c_3_c_decrease_below_what_is_executed_meanwhile_is_amended_to_it() {
    let mut s = Scenario::day();
    s.replace("Y", "X", 7_000, 0);
    s.fill(8_000);
    assert_eq!(
        s.venue(ExecType::Canceled),
        ["Replaced Filled 8000 8000 0 @0 (Y,X)"]
    );
}

#[test]
fn d_1_a_one_replace_is_accepted_then_another() {
    let mut s = Scenario::day();
    s.fill(1_000);
    s.replace("Y", "X", 8_000, 0);
    assert_eq!(
        s.venue(ExecType::Canceled),
        ["Replaced PartiallyFilled 8000 1000 7000 @0 (Y,X)"]
    );
    assert_eq!(
        s.fill(2_000),
        ["Trade PartiallyFilled 8000 3000 5000 @0 (Y)"]
    );
    s.replace("Z", "Y", 6_000, 0);
    assert_eq!(
        s.venue(ExecType::Canceled),
        ["Replaced PartiallyFilled 6000 3000 3000 @0 (Z,Y)"]
    );
    assert_eq!(s.fill(3_000), ["Trade Filled 6000 6000 0 @0 (Z)"]);
}

#[test]
fn d_1_b_one_replace_is_refused_before_it_is_pending_then_another_is_accepted() {
    let mut s = Scenario::day();
    s.fill(1_000);
    let refused = s.replace("Y", "X", 1_000_000, 0);
    assert_eq!(refused, ["CancelReject PartiallyFilled BrokerOption (Y,X)"]);
    assert_eq!(
        s.replace("Z", "X", 8_000, 0),
        ["PendingReplace PendingReplace 10000 1000 9000 @0 (Z,X)"]
    );
    assert_eq!(
        s.venue(ExecType::Canceled),
        ["Replaced PartiallyFilled 8000 1000 7000 @0 (Z,X)"]
    );
}

#[test]
fn d_1_c_one_replace_is_refused_after_it_is_pending_then_another_is_accepted() {
    let mut s = Scenario::day();
    s.fill(1_000);
    s.replace("Y", "X", 8_000, 0);
    assert_eq!(s.fill(500), ["Trade PendingReplace 10000 1500 8500 @0 (X)"]);
    assert_eq!(
        s.refuse(CxlRejReason::Other),
        ["CancelReject PartiallyFilled Other (Y,X)"]
    );
    assert_eq!(
        s.fill(2_000),
        ["Trade PartiallyFilled 10000 3500 6500 @0 (X)"]
    );
    s.replace("Z", "X", 6_000, 0);
    assert_eq!(
        s.venue(ExecType::Canceled),
        ["Replaced PartiallyFilled 6000 3500 2500 @0 (Z,X)"]
    );
    assert_eq!(
        s.fill(1_500),
        ["Trade PartiallyFilled 6000 5000 1000 @0 (Z)"]
    );
}

#[test]
fn d_2_d_a_replace_while_another_is_pending_is_refused() {
    let mut s = Scenario::day();
    s.fill(1_000);
    s.replace("Y", "X", 8_000, 0);
    assert_eq!(
        s.replace("Z", "X", 7_000, 0),
        ["CancelReject PendingReplace AlreadyPending (Z,X)"]
    );
    assert_eq!(
        s.venue(ExecType::Canceled),
        ["Replaced PartiallyFilled 8000 1000 7000 @0 (Y,X)"]
    );
    assert_eq!(
        s.fill(2_000),
        ["Trade PartiallyFilled 8000 3000 5000 @0 (Y)"]
    );
}

#[test]
fn e_1_b_unsolicited_cancel_of_a_part_filled_order() {
    let mut s = Scenario::day();
    s.fill(1_000);
    assert!(s.venue(ExecType::Canceled).is_empty(), "it goes elsewhere");
    assert_eq!(
        s.venue(ExecType::Canceled),
        ["Canceled Canceled 10000 1000 0 @0 (X)"]
    );
}

#[test]
fn f_1_a_order_rejected_due_to_duplicate_cl_ord_id() {
    let mut s = Scenario::day();
    s.fill(1_000);
    assert_eq!(
        s.new_order("X", TimeInForce::Day),
        ["Rejected Rejected 10000 0 0 (X)"]
    );
    // The first is not touched by it.
    assert_eq!(s.fill(9_000), ["Trade Filled 10000 10000 0 @0 (X)"]);
}

#[test]
fn f_1_b_poss_resend_and_duplicate_cl_ord_id() {
    let mut s = Scenario::day();
    // The edge asks for the status of what it has seen, whatever PossResend says; to the engine
    // a name that was used is a duplicate.
    let again = NewOrder {
        cl_ord_id: id("X"),
        order_qty: shares(10_000),
        limit_px: ticks(0).into(),
        flags: OrderFlags::REPEAT_MEANT,
        ..NewOrder::PLAIN
    };
    assert_eq!(
        s.send(Command::NewOrder(again)),
        ["Rejected Rejected 10000 0 0 (X)"]
    );
    assert_eq!(s.world.children.len(), 1);
}

#[test]
fn g_1_a_status_request_for_an_unknown_order() {
    let mut s = Scenario::day();
    assert_eq!(s.status("W"), ["OrderStatus Rejected 0 0 0 (W)"]);
}

#[test]
fn g_1_c_status_requests_during_the_life_of_an_order() {
    let mut s = Scenario::day();
    assert_eq!(s.status("X"), ["OrderStatus New 10000 0 10000 (X)"]);
    s.fill(2_000);
    assert_eq!(
        s.status("X"),
        ["OrderStatus PartiallyFilled 10000 2000 8000 @0 (X)"]
    );
    s.fill(8_000);
    assert_eq!(s.status("X"), ["OrderStatus Filled 10000 10000 0 @0 (X)"]);
}

#[test]
fn h_1_a_gtc_order_is_filled_over_two_days() {
    let mut s = Scenario::of(TimeInForce::Gtc);
    s.fill(2_000);
    assert!(s.venue(ExecType::DoneForDay).is_empty());
    assert_eq!(
        s.status("X"),
        ["OrderStatus PartiallyFilled 10000 2000 8000 @0 (X)"]
    );
    assert!(s.venue(ExecType::Restated).is_empty());
    assert_eq!(s.fill(8_000), ["Trade Filled 10000 10000 0 @0 (X)"]);
}

#[test]
fn h_1_c_gtc_order_is_canceled_on_the_following_day() {
    let mut s = Scenario::of(TimeInForce::Gtc);
    s.fill(2_000);
    s.venue(ExecType::DoneForDay);
    s.venue(ExecType::Restated);
    assert_eq!(
        s.cancel("Y", "X"),
        ["PendingCancel PendingCancel 10000 2000 8000 @0 (Y,X)"]
    );
    assert_eq!(
        s.venue(ExecType::Canceled),
        ["Canceled Canceled 10000 2000 0 @0 (Y,X)"]
    );
}

#[test]
fn h_1_d_gtc_order_is_increased_on_the_following_day() {
    let mut s = Scenario::of(TimeInForce::Gtc);
    s.fill(2_000);
    s.venue(ExecType::DoneForDay);
    s.venue(ExecType::Restated);
    assert_eq!(
        s.replace("Y", "X", 15_000, 0),
        ["PendingReplace PendingReplace 10000 2000 8000 @0 (Y,X)"]
    );
    assert_eq!(
        s.venue(ExecType::Canceled),
        ["Replaced PartiallyFilled 15000 2000 13000 @0 (Y,X)"]
    );
}

#[test]
fn i_1_a_fill_or_kill_order_that_cannot_be_filled() {
    let mut s = Scenario::of(TimeInForce::Fok);
    assert_eq!(
        s.venue(ExecType::Canceled),
        ["Canceled Canceled 10000 0 0 (X)"]
    );
}

#[test]
fn i_1_b_immediate_or_cancel_order_that_is_hit_in_part() {
    let mut s = Scenario::of(TimeInForce::Ioc);
    assert_eq!(
        s.fill(1_000),
        ["Trade PartiallyFilled 10000 1000 9000 @0 (X)"]
    );
    assert_eq!(
        s.venue(ExecType::Canceled),
        ["Canceled Canceled 10000 1000 0 @0 (X)"]
    );
}

#[test]
fn j_1_a_filled_order_followed_by_correction_and_cancellation_of_executions() {
    let mut s = Scenario::day();
    assert_eq!(
        s.fill_as("C", 1_000, 100),
        ["Trade PartiallyFilled 10000 1000 9000 @100 (X)"]
    );
    assert_eq!(
        s.fill_as("D", 9_000, 110),
        ["Trade Filled 10000 10000 0 @109 (X)"]
    );
    assert_eq!(
        s.amend(("E", "C"), (0, 0), 1_000),
        ["TradeCancel PartiallyFilled 10000 9000 1000 @110 (X)"]
    );
    assert_eq!(
        s.amend(("F", "D"), (9_000, 100), 1_000),
        ["TradeCorrect PartiallyFilled 10000 9000 1000 @100 (X)"]
    );
    assert_eq!(
        s.fill_as("G", 1_000, 120),
        ["Trade Filled 10000 10000 0 @102 (X)"]
    );
    assert_eq!(
        s.amend(("H", "F"), (9_000, 120), 0),
        ["TradeCorrect Filled 10000 10000 0 @120 (X)"]
    );
    assert_eq!(
        s.replace("Y", "X", 12_000, 0),
        ["CancelReject Filled TooLate (Y,X)"]
    );
}

#[test]
fn j_1_b_canceled_order_followed_by_a_busted_execution_and_a_new_execution() {
    let mut s = Scenario::day();
    s.fill_as("B", 5_000, 50);
    s.cancel("Y", "X");
    assert_eq!(
        s.venue(ExecType::Canceled),
        ["Canceled Canceled 10000 5000 0 @50 (Y,X)"]
    );
    assert_eq!(
        s.amend(("E", "B"), (0, 0), 0),
        ["TradeCancel Canceled 10000 0 0 (X)"]
    );
    assert_eq!(
        s.fill_as("F", 4_000, 51),
        ["Trade Canceled 10000 4000 0 @51 (X)"]
    );
}

#[test]
fn j_1_c_gtc_order_filled_over_two_days_with_corrections_of_both_executions() {
    let mut s = Scenario::of(TimeInForce::Gtc);
    s.fill_as("B", 5_000, 50);
    s.venue(ExecType::DoneForDay);
    s.venue(ExecType::Restated);
    assert_eq!(
        s.fill_as("E", 3_000, 50),
        ["Trade PartiallyFilled 10000 8000 2000 @50 (X)"]
    );
    assert_eq!(
        s.amend(("F", "B"), (4_500, 50), 2_500),
        ["TradeCorrect PartiallyFilled 10000 7500 2500 @50 (X)"]
    );
    assert_eq!(
        s.amend(("G", "E"), (2_000, 50), 3_500),
        ["TradeCorrect PartiallyFilled 10000 6500 3500 @50 (X)"]
    );
}

#[test]
fn j_1_d_part_filled_order_done_for_day_followed_by_correction_and_bust() {
    let mut s = Scenario::day();
    s.fill_as("B", 5_000, 50);
    assert_eq!(
        s.venue(ExecType::DoneForDay),
        ["Expired Expired 10000 5000 0 @50 (X)"]
    );
    assert_eq!(
        s.amend(("D", "B"), (4_000, 51), 0),
        ["TradeCorrect Expired 10000 4000 0 @51 (X)"]
    );
    assert_eq!(
        s.amend(("E", "D"), (0, 0), 0),
        ["TradeCancel Expired 10000 0 0 (X)"]
    );
}

#[test]
fn k_1_a_trading_halt_then_reinstated() {
    let mut s = Scenario::day();
    s.fill(1_000);
    assert!(s.venue(ExecType::Suspended).is_empty());
    assert!(s.venue(ExecType::Restated).is_empty());
    assert_eq!(s.fill(9_000), ["Trade Filled 10000 10000 0 @0 (X)"]);
}

#[test]
fn k_1_b_trading_halt_then_canceled() {
    let mut s = Scenario::of(TimeInForce::Ioc);
    s.fill(1_000);
    assert!(s.venue(ExecType::Suspended).is_empty());
    assert_eq!(
        s.venue(ExecType::Canceled),
        ["Canceled Canceled 10000 1000 0 @0 (X)"]
    );
}

#[test]
fn l_1_a_guarantee_of_execution_before_the_execution() {
    let mut s = Scenario::day();
    assert!(s.venue(ExecType::Stopped).is_empty());
    assert_eq!(s.status("X"), ["OrderStatus New 10000 0 10000 (X)"]);
    assert_eq!(s.fill(10_000), ["Trade Filled 10000 10000 0 @0 (X)"]);
}
