//! What goes out is never more than came in, whatever the engine says.

use std::collections::BTreeMap;

use draws::Draws;

use super::*;
use crate::orders::{ChildLeft, OrderLeft, OrdersOut, Stopped};

/// A small generator of numbers, so that a failure names its seed.
mod draws {
    pub(super) struct Draws(u64);

    impl Draws {
        pub(super) const fn new(seed: u64) -> Self {
            Self(seed)
        }

        /// A number below `end` (splitmix64).
        pub(super) const fn below(&mut self, end: u64) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (mixed ^ (mixed >> 31)) % end
        }
    }
}

fn child(child: u64, order: u64, order_qty: &str) -> ChildOrder {
    ChildOrder {
        child: ChildId::new(child),
        order: OrderId::new(order),
        order_qty: qty(order_qty),
        ..CHILD
    }
}

/// The view of order 9 for 100 with this status and quantity filled.
fn stands(ord_status: OrdStatus, cum_qty: &str) -> OrderView {
    OrderView {
        cum_qty: qty(cum_qty),
        ..with_status(ord_status)
    }
}

impl Rig {
    /// Whether a child order goes out; if not, that the engine is told so.
    fn goes_out(&mut self, child: ChildOrder) -> bool {
        self.commands();
        self.sent();
        self.event(Event::ChildSent(child));
        let (sent, commands) = (self.sent(), self.commands());
        let child = child.child;
        if sent.is_empty() {
            assert_eq!(commands, [Command::OrdersOutRefused { child }]);
        } else {
            assert_eq!((sent.len(), commands), (1, vec![]));
        }
        !sent.is_empty()
    }

    fn venue_reports(&mut self, child: u64, exec_type: &str, status: &str, cum: &str, left: &str) {
        let fields = format!("17=x|150={exec_type}|39={status}|11={child}|14={cum}|151={left}|6=0");
        self.receive(VENUE, "8", &fields).unwrap();
    }

    fn firm(&mut self, state: TradingState) {
        self.event(Event::StateSet {
            scope: Scope::Firm,
            state,
            cause: StateCause::Operator,
            request: RequestId::new(1),
        });
    }
}

fn rig() -> Rig {
    let mut rig = Rig::new();
    rig.venue_up();
    rig
}

#[test]
fn a_child_for_an_order_that_never_came_in_is_stopped() {
    let mut rig = rig();
    assert!(!rig.goes_out(child(12, 9, "1")));
    assert_eq!(rig.edge.counts().orders_out_refused, 1);
    assert_eq!(rig.edge.counts().children, 0);
    let entered = Qty::ZERO;
    let refusal = Refusal::OrdersOutAboveIn {
        out: qty("1"),
        entered,
    };
    let child = ChildId::new(12);
    assert_eq!(rig.edge.board().stopped(), Some(Stopped { child, refusal }));
    assert_eq!(refusal.code().to_string(), "DCX-R065");
}

#[test]
fn what_was_entered_goes_out_and_not_a_unit_more() {
    let mut rig = rig();
    rig.entered(9, "100");
    assert!(!rig.goes_out(child(11, 9, "100.00000001")));
    assert!(rig.goes_out(child(12, 9, "60")));
    assert!(!rig.goes_out(child(13, 9, "40.00000001")));
    assert!(rig.goes_out(child(14, 9, "40")));
    assert!(!rig.goes_out(child(15, 9, "0.00000001")));
    assert!(!rig.goes_out(child(16, 9, "0")));
    assert!(
        !rig.goes_out(child(17, 8, "1")),
        "nothing is known of another order"
    );
}

#[test]
fn the_same_child_twice_is_stopped() {
    let mut rig = rig();
    rig.entered(9, "100");
    assert!(rig.goes_out(child(12, 9, "10")));
    assert!(!rig.goes_out(child(12, 9, "10")));
}

#[test]
fn room_comes_back_only_with_what_a_venue_says() {
    let mut rig = rig();
    rig.entered(9, "100");
    assert!(rig.goes_out(child(12, 9, "100")));
    rig.event(Event::ChildCancel(CHILD_CANCEL));
    rig.event(Event::ChildUnknown {
        child: ChildId::new(12),
        order: OrderId::new(9),
        venue: VenueId::new(3),
    });
    assert!(
        !rig.goes_out(child(13, 9, "1")),
        "it was asked for, not confirmed"
    );
    rig.venue_reports(12, "F", "1", "30", "70");
    assert!(!rig.goes_out(child(13, 9, "1")));
    rig.venue_reports(12, "4", "4", "30", "0");
    assert!(!rig.goes_out(child(13, 9, "70.00000001")));
    assert!(rig.goes_out(child(13, 9, "70")));
}

#[test]
fn a_fill_counts_from_the_report_on_and_once() {
    let mut rig = rig();
    rig.entered(9, "100");
    assert!(rig.goes_out(child(12, 9, "60")));
    rig.venue_reports(12, "F", "2", "60", "0");
    assert!(
        !rig.goes_out(child(13, 9, "41")),
        "the engine has not told of it yet"
    );
    rig.venue_reports(12, "F", "2", "60", "0");
    rig.event(Event::Trade {
        view: stands(OrdStatus::PartiallyFilled, "60"),
        child: ChildId::new(12),
        venue: VenueId::new(3),
        last_qty: qty("60"),
        last_px: px("1.1"),
    });
    assert!(
        rig.goes_out(child(13, 9, "40")),
        "twice told is filled once"
    );
}

#[test]
fn an_order_that_is_done_has_nothing_left() {
    let done = [
        Event::Canceled {
            view: with_status(OrdStatus::Canceled),
            orig_cl_ord_id: id("a1"),
        },
        Event::Expired {
            view: with_status(OrdStatus::Expired),
        },
        Event::Rejected {
            view: with_status(OrdStatus::Rejected),
            refusal: Refusal::TooLate,
        },
    ];
    for event in done {
        let mut rig = rig();
        rig.entered(9, "100");
        rig.event(event);
        assert!(!rig.goes_out(child(12, 9, "1")), "{event:?}");

        // Neither while a child of it still works.
        rig.entered(9, "100");
        assert!(rig.goes_out(child(13, 9, "10")));
        rig.event(event);
        assert!(!rig.goes_out(child(14, 9, "1")), "{event:?}");
    }
}

#[test]
fn a_replace_or_a_restatement_changes_what_was_entered() {
    let with_qty = |order_qty: &str| OrderView {
        order_qty: qty(order_qty),
        ..view()
    };
    let mut rig = rig();
    rig.entered(9, "100");
    assert!(rig.goes_out(child(12, 9, "50")));
    rig.event(Event::Restated {
        view: with_qty("70"),
        reason: RestatementReason::PartialDecline,
    });
    assert!(!rig.goes_out(child(13, 9, "20.5")));
    rig.event(Event::Replaced {
        view: with_qty("80"),
        orig_cl_ord_id: id("a0"),
    });
    assert!(!rig.goes_out(child(14, 9, "30.5")));
    assert!(rig.goes_out(child(15, 9, "30")));
    rig.event(Event::Replaced {
        view: OrderView {
            order: OrderId::new(77),
            ..view()
        },
        orig_cl_ord_id: id("a0"),
    });
    assert!(
        !rig.goes_out(child(16, 77, "1")),
        "an order comes in by being accepted"
    );
}

const TRADE: EventRef = EventRef {
    seq: Seq::new(1),
    ix: 1,
};

#[test]
fn a_trade_that_is_taken_back_may_go_out_again() {
    let mut rig = rig();
    rig.entered(9, "100");
    assert!(rig.goes_out(child(12, 9, "100")));
    rig.venue_reports(12, "F", "2", "100", "0");
    rig.event(Event::Trade {
        view: stands(OrdStatus::Filled, "100"),
        child: ChildId::new(12),
        venue: VenueId::new(3),
        last_qty: qty("100"),
        last_px: px("1.1"),
    });
    assert!(!rig.goes_out(child(13, 9, "1")), "it is done");
    rig.event(Event::TradeCanceled {
        view: stands(OrdStatus::PartiallyFilled, "60"),
        trade: TRADE,
        last_qty: qty("40"),
        last_px: px("1.1"),
        venue: VenueId::new(3),
    });
    assert!(!rig.goes_out(child(13, 9, "41")));
    assert!(rig.goes_out(child(13, 9, "40")), "it works again");

    let mut rig = self::rig();
    rig.entered(9, "100");
    assert!(rig.goes_out(child(12, 9, "60")));
    rig.venue_reports(12, "F", "2", "60", "0");
    rig.event(Event::Trade {
        view: stands(OrdStatus::PartiallyFilled, "60"),
        child: ChildId::new(12),
        venue: VenueId::new(3),
        last_qty: qty("60"),
        last_px: px("1.1"),
    });
    assert!(!rig.goes_out(child(13, 9, "41")));
    rig.event(Event::TradeCanceled {
        view: stands(OrdStatus::PartiallyFilled, "20"),
        trade: TRADE,
        last_qty: qty("40"),
        last_px: px("1.1"),
        venue: VenueId::new(3),
    });
    assert!(!rig.goes_out(child(13, 9, "81")));
    assert!(rig.goes_out(child(13, 9, "80")));
}

#[test]
fn while_trading_is_halted_nothing_goes_out() {
    let mut rig = rig();
    rig.entered(9, "100");
    rig.firm(TradingState::Halted);
    assert!(!rig.goes_out(child(12, 9, "10")));
    let stopped = rig.edge.board().stopped().unwrap();
    assert_eq!(stopped.refusal, Refusal::Halted { at: Level::Firm });
    rig.event(Event::ChildCancel(CHILD_CANCEL));
    assert_eq!(rig.sent().len(), 1, "cancels pass");
    assert!(!rig.edge.may_resend(VENUE, b"D"), "nor again");
    assert!(rig.edge.may_resend(VENUE, b"F") && rig.edge.may_resend(CLIENT, b"8"));
    assert_eq!(rig.edge.counts().resends_withheld, 1);
    rig.event(Event::StateSet {
        scope: Scope::Session(SessionId::new(4)),
        state: TradingState::Active,
        cause: StateCause::Operator,
        request: RequestId::new(2),
    });
    assert!(
        !rig.goes_out(child(12, 9, "10")),
        "only the firm's own state counts"
    );
    rig.firm(TradingState::Active);
    assert!(rig.goes_out(child(12, 9, "10")));
    assert!(rig.edge.may_resend(VENUE, b"D"));
}

#[test]
fn what_another_venue_says_about_a_child_frees_nothing() {
    let mut account = OrdersOut::default();
    account.event(&Event::Accepted {
        view: view(),
        held: false,
    });
    account.send(&child(12, 9, "100")).unwrap();
    account.reported(&VenueReport {
        venue: VenueId::new(2),
        child: ChildId::new(12),
        ord_status: OrdStatus::Canceled,
        ..VenueReport::EMPTY
    });
    assert!(account.send(&child(13, 9, "1")).is_err());
}

#[test]
fn what_a_venue_does_not_mention_among_all_that_it_works_is_not_out() {
    let mut rig = rig();
    rig.entered(9, "100");
    assert!(rig.goes_out(child(12, 9, "40")));
    assert!(rig.goes_out(child(13, 9, "40")));
    let request = ChildId::new(20);
    let venue = VenueId::new(3);
    rig.event(Event::VenueMassStatus { venue, request });
    assert!(rig.goes_out(child(14, 9, "20")), "sent behind the question");
    let fields = "17=x|150=I|39=0|11=12|14=0|151=40|6=0|584=20|911=1|912=Y";
    rig.receive(VENUE, "8", fields).unwrap();
    assert!(!rig.goes_out(child(15, 9, "40.5")));
    assert!(rig.goes_out(child(15, 9, "40")), "13 is not there");
}

#[test]
fn a_cancel_refused_because_the_order_is_done_says_so() {
    for (status, left) in [("4", "100"), ("8", "100"), ("2", "0.5")] {
        let mut rig = rig();
        rig.entered(9, "100");
        assert!(rig.goes_out(child(12, 9, "99.5")));
        let fields = format!("11=13|41=12|39={status}|434=1|102=0");
        rig.receive(VENUE, "9", &fields).unwrap();
        assert!(!rig.goes_out(child(14, 9, "100.5")));
        assert!(rig.goes_out(child(14, 9, left)), "{status}");
    }
}

#[test]
fn a_child_answered_in_the_venues_stead_was_never_out() {
    let mut rig = Rig::new();
    rig.entered(9, "100");
    rig.event(Event::ChildSent(child(12, 9, "100")));
    rig.venue_up();
    assert!(rig.goes_out(child(13, 9, "100")));
}

#[test]
fn an_account_taken_up_again_goes_on_where_it_was() {
    let mut account = OrdersOut::with_room_for(8, 8);
    let order = OrderLeft {
        order: OrderId::new(9),
        order_qty: qty("100"),
        cum_qty: qty("30"),
    };
    let working = ChildLeft {
        child: ChildId::new(12),
        order: OrderId::new(9),
        venue: VenueId::new(3),
        cum_qty: qty("10"),
        leaves_qty: qty("20"),
    };
    account.restore(false, [order], [working]);
    assert!(account.send(&child(13, 9, "50.5")).is_err());
    assert!(
        account.send(&child(12, 9, "1")).is_err(),
        "12 is out already"
    );
    let mut rig = rig();
    rig.edge = rig.edge.with_orders_out(account);
    rig.venue_reports(12, "4", "4", "10", "0");
    assert!(!rig.goes_out(child(13, 9, "70.5")));
    assert!(rig.goes_out(child(13, 9, "70")));

    let mut halted = OrdersOut::default();
    halted.restore(true, [order], []);
    assert!(halted.is_halted() && halted.send(&child(14, 9, "1")).is_err());
}

#[test]
fn orders_that_are_done_leave_nothing_behind() {
    let mut account = OrdersOut::with_room_for(8, 8);
    for order in 1..10_000 {
        let of = |ord_status| OrderView {
            order: OrderId::new(order),
            ..with_status(ord_status)
        };
        let view = of(OrdStatus::New);
        account.event(&Event::Accepted { view, held: false });
        account.send(&child(order, order, "100")).unwrap();
        account.event(&Event::Expired {
            view: of(OrdStatus::Expired),
        });
        // Every seventh child's end is never told.
        if order % 7 > 0 {
            account.reported(&VenueReport {
                venue: VenueId::new(3),
                child: ChildId::new(order),
                ord_status: OrdStatus::Expired,
                ..VenueReport::EMPTY
            });
        }
    }
    assert!(
        account.orders() <= 8 && account.children() <= 8,
        "{account:?}"
    );
}

/// The same account kept slowly: every child of every order, added up anew each time.
#[derive(Default)]
struct Slow {
    orders: BTreeMap<u64, (u64, bool)>,
    /// Order, filled, left.
    children: BTreeMap<u64, (u64, u64, u64)>,
}

impl Slow {
    fn allows(&self, order: u64, qty: u64) -> bool {
        let Some((entered, false)) = self.orders.get(&order) else {
            return false;
        };
        let of = self.children.values().filter(|child| child.0 == order);
        let out: u64 = of.map(|(_, filled, left)| filled + left).sum();
        out + qty <= *entered
    }
}

/// An engine that sends whatever comes to its mind: only what was entered goes out.
#[test]
fn a_hostile_engine_sends_no_more_than_was_entered() {
    for seed in 0..40 {
        let mut draws = Draws::new(seed);
        let (mut fast, mut slow) = (OrdersOut::with_room_for(4, 4), Slow::default());
        let mut next_child = 1;
        let mut stopped = 0;
        for _ in 0..2_000 {
            let order = 1 + draws.below(12);
            let view = |order_qty, ord_status| OrderView {
                order: OrderId::new(order),
                order_qty: Qty::from_units(order_qty),
                ord_status,
                ..view()
            };
            match draws.below(10) {
                0 | 1 => {
                    let order_qty = 1 + draws.below(100);
                    if slow.orders.contains_key(&order) {
                        continue;
                    }
                    slow.orders.insert(order, (order_qty, false));
                    let view = view(order_qty, OrdStatus::New);
                    fast.event(&Event::Accepted { view, held: false });
                }
                2 => {
                    let Some((order_qty, ended @ false)) = slow.orders.get_mut(&order) else {
                        continue;
                    };
                    *ended = true;
                    let view = view(*order_qty, OrdStatus::Canceled);
                    let orig_cl_ord_id = id("a1");
                    fast.event(&Event::Canceled {
                        view,
                        orig_cl_ord_id,
                    });
                }
                3 => {
                    let Some((entered, false)) = slow.orders.get_mut(&order) else {
                        continue;
                    };
                    *entered = 1 + draws.below(100);
                    let view = view(*entered, OrdStatus::New);
                    let orig_cl_ord_id = id("a1");
                    fast.event(&Event::Replaced {
                        view,
                        orig_cl_ord_id,
                    });
                }
                4 | 5 => {
                    let child = 1 + draws.below(next_child);
                    let Some((_, filled, left)) = slow.children.get_mut(&child) else {
                        continue;
                    };
                    let last = draws.below(*left + 1);
                    let ends = draws.below(2) == 0;
                    *filled += last;
                    *left = if ends { 0 } else { *left - last };
                    let done = ends || *left == 0;
                    fast.reported(&VenueReport {
                        venue: VenueId::new(3),
                        child: ChildId::new(child),
                        exec_type: ExecType::Trade,
                        ord_status: if done {
                            OrdStatus::Canceled
                        } else {
                            OrdStatus::PartiallyFilled
                        },
                        cum_qty: Qty::from_units(*filled),
                        leaves_qty: Qty::from_units(*left),
                        ..VenueReport::EMPTY
                    });
                }
                _ => {
                    let wanted = 1 + draws.below(60);
                    let sent = fast.send(&ChildOrder {
                        child: ChildId::new(next_child),
                        order: OrderId::new(order),
                        order_qty: Qty::from_units(wanted),
                        ..CHILD
                    });
                    assert_eq!(sent.is_ok(), slow.allows(order, wanted), "seed {seed}");
                    match sent {
                        Ok(()) => {
                            slow.children.insert(next_child, (order, 0, wanted));
                        }
                        Err(_) => stopped += 1,
                    }
                    next_child += 1;
                }
            }
        }
        assert!(stopped > 100, "seed {seed} tries too little");
    }
}

#[test]
fn a_report_from_before_a_bust_does_not_count_what_was_taken_back_again() {
    let mut rig = rig();
    rig.entered(9, "100");
    assert!(rig.goes_out(child(12, 9, "100")));
    // Too late to cancel; its trade is told of only after it was taken back.
    rig.receive(VENUE, "9", "11=13|41=12|39=2|434=1|102=0")
        .unwrap();
    rig.venue_reports(12, "H", "4", "40", "0");
    rig.venue_reports(12, "F", "2", "100", "0");
    rig.venue_reports(12, "I", "4", "40", "0");
    rig.event(Event::Trade {
        view: stands(OrdStatus::PartiallyFilled, "40"),
        child: ChildId::new(12),
        venue: VenueId::new(3),
        last_qty: qty("40"),
        last_px: px("1.1"),
    });
    assert!(!rig.goes_out(child(14, 9, "61")));
    assert!(rig.goes_out(child(14, 9, "60")));
}

#[test]
fn a_trade_told_again_after_it_was_taken_back_fills_nothing() {
    let mut rig = rig();
    rig.entered(9, "100");
    assert!(rig.goes_out(child(12, 9, "100")));
    rig.venue_reports(12, "F", "1", "60", "40");
    rig.event(Event::Trade {
        view: stands(OrdStatus::PartiallyFilled, "60"),
        child: ChildId::new(12),
        venue: VenueId::new(3),
        last_qty: qty("60"),
        last_px: px("1.1"),
    });
    rig.venue_reports(12, "H", "1", "20", "80");
    rig.event(Event::TradeCanceled {
        view: stands(OrdStatus::PartiallyFilled, "20"),
        trade: TRADE,
        last_qty: qty("40"),
        last_px: px("1.1"),
        venue: VenueId::new(3),
    });
    rig.venue_reports(12, "F", "1", "60", "40");
    rig.venue_reports(12, "4", "4", "20", "0");
    assert!(!rig.goes_out(child(13, 9, "81")));
    assert!(rig.goes_out(child(13, 9, "80")));
}
