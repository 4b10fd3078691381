//! Failures that users of other engines reported, each stated in our own words, and held to.

use super::*;

fn next(inbound: u64, outbound: u64) -> NextSeqNums {
    NextSeqNums { inbound, outbound }
}

/// The session as a new process has it: with what the sink was told to keep.
fn restart(bench: &mut Bench) {
    let settings = bench.session.settings().clone();
    bench.session = Session::new(settings, bench.sink.next).unwrap();
    bench.sink.delivered.clear();
    bench.sink.closed = None;
}

/// QuickFIX/J 1114: the connection breaks before the request for what is missing has left, and
/// after the next logon it is thought to be out, so that the gap is never asked for.
#[test]
fn a_request_that_was_lost_with_its_connection_is_made_again_in_the_next() {
    let mut bench = Bench::active();
    bench.order(5);
    assert_eq!(bench.take(), ["35=2|34=2|7=2|16=0"]);
    bench.input(Input::Disconnected);
    bench.input(Input::Connected);
    bench.receive("A", 6, "98=0|108=30|");
    assert_eq!(
        bench.take(),
        ["35=A|34=3|98=0|108=30", "35=2|34=4|7=2|16=0"]
    );
}

/// QuickFIX/J 888: the peer rejects the request, and because the range counts as asked for no
/// later gap is asked for either.
#[test]
fn a_request_that_the_peer_rejects_does_not_stop_later_ones() {
    let mut bench = Bench::active();
    bench.order(5);
    bench.take();
    bench.receive("3", 6, "45=2|58=not available|");
    bench.tick_at(10_000);
    assert_eq!(bench.take(), ["35=2|34=3|7=2|16=0"], "asked for again");
    // What cannot be had is passed over by agreement, and the next gap is a new one.
    bench.input(Input::Renumber(next(7, 4)));
    bench.order(7);
    assert_eq!(bench.delivered(), [7]);
    bench.order(9);
    assert_eq!(bench.take(), ["35=2|34=4|7=8|16=0"]);
}

/// QuickFIX/J 676: a steady stream is asked for again every few messages, though nothing of it is
/// missing.
#[test]
fn a_stream_in_order_is_never_asked_for_again_and_one_with_a_gap_once() {
    let mut bench = Bench::active();
    for number in 2..200 {
        bench.order(number);
    }
    assert!(bench.take().is_empty());
    for number in 201..400 {
        bench.order(number);
    }
    assert_eq!(bench.take(), ["35=2|34=2|7=200|16=0"]);
    bench.receive("D", 200, &format!("{AGAIN}{}", order(200)));
    assert_eq!(bench.delivered(), (2..400).collect::<Vec<_>>());
    for number in 400..500 {
        bench.order(number);
    }
    assert!(bench.take().is_empty());
}

/// QuickFIX/J 492: a venue that restarted asks for everything and throws away the answer because
/// it says PossDupFlag (43). A gap fill stands for numbers that were used, and says so; a restart
/// of numbers by the operator stands for none, and does not.
#[test]
fn a_gap_fill_says_that_its_numbers_were_used_and_a_restart_of_numbers_does_not() {
    let mut bench = Bench::active();
    bench.receive("2", 2, "7=1|16=0|");
    assert_eq!(bench.take(), ["35=4|34=1|43=Y|36=2|123=Y"]);
    bench.input(Input::Renumber(next(3, 10)));
    assert_eq!(bench.take(), ["35=4|34=2|36=10"]);
}

/// QuickFIX 374 and QuickFIX/J 344: the gap fill behind the last message that was sent again has
/// that message's number, and the peer logs out.
#[test]
fn the_gap_fill_at_the_end_has_the_number_behind_the_last_message() {
    let mut bench = Bench::active();
    bench.submit("A");
    bench.receive("1", 2, "112=T|");
    bench.take();
    for to in ["0", "3", "100"] {
        let number = bench.session.next_seq_nums().inbound;
        bench.receive("2", number, &format!("7=2|16={to}|"));
        assert_eq!(
            bench.take(),
            ["35=8|34=2|43=Y|11=A", "35=4|34=3|43=Y|36=4|123=Y"],
            "asked up to {to}"
        );
    }
}

/// QuickFIX 268: an order with a number waits to be sent while a request for that number is
/// answered. The copy with PossDupFlag (43) goes out first and the order itself after it, as if new.
#[test]
fn what_waits_while_older_messages_are_sent_again_goes_out_as_new_once_and_before_its_copies() {
    for live in [false, true] {
        let mut bench = Bench::with(Settings {
            resend_batch: 1,
            live_during_resend: live,
            ..Settings::fix44(Part::Acceptor, "ISLD", "TW44")
        });
        bench.input(Input::Connected);
        bench.receive("A", 1, "98=0|108=30|");
        for id in ["A", "B", "C"] {
            bench.submit(id);
        }
        bench.receive("2", 2, "7=1|16=0|");
        bench.submit("D");
        bench.receive("2", 3, "7=1|16=0|");
        bench.submit("E");
        bench.receive("2", 4, "7=5|16=6|");
        for _ in 0..40 {
            bench.input(Input::Tick);
        }
        let sent = bench.take();
        for number in 2..=6 {
            let of_number = format!("34={number}|");
            let copies: Vec<bool> = sent
                .iter()
                .filter(|text| text.contains("35=8|") && text.contains(&of_number))
                .map(|text| text.contains("43=Y|"))
                .collect();
            let (first, again) = copies.split_first().expect("it is sent");
            assert!(!first, "live {live}: {number} is new at first: {sent:?}");
            assert!(
                again.iter().all(|again| *again),
                "live {live}: {number} twice: {sent:?}"
            );
        }
    }
}

/// QuickFIX 592: after a failover both numbers are 1 again, and nobody asked for that.
#[test]
fn numbers_restart_only_where_a_rule_or_the_peer_says_so() {
    let mut bench = Bench::initiator();
    for _ in 0..3 {
        bench.input(Input::Connected);
        let inbound = bench.session.next_seq_nums().inbound;
        bench.receive("A", inbound, "98=0|108=30|");
        bench.order(inbound + 1);
        bench.submit("A");
        let before = bench.session.next_seq_nums();
        bench.input(Input::Disconnected);
        bench.input(Input::Tick);
        restart(&mut bench);
        assert_eq!(bench.session.next_seq_nums(), before);
    }
    assert_eq!(bench.session.next_seq_nums(), next(7, 7));
    assert!(!bench.sink.events.contains(&SessionEvent::Reset));
}

/// Artio 503: both sides miss the last message of the other. The gap fill of one covers a request
/// that it sends only afterwards, with a number that the peer then finds too low.
#[test]
fn a_gap_fill_reaches_only_to_what_was_sent_when_both_sides_miss_something() {
    let mut bench = Bench::with(Settings::fix44(Part::Initiator, "ISLD", "TW44"));
    bench.input(Input::Renumber(next(7, 6)));
    bench.input(Input::Connected);
    // The peer is at 8 where 7 is expected, and misses 5.
    bench.receive("A", 8, "98=0|108=30|");
    bench.receive("2", 9, "7=5|16=0|");
    assert_eq!(
        bench.take(),
        [
            "35=A|34=6|98=0|108=30",
            "35=2|34=7|7=7|16=0",
            "35=4|34=5|43=Y|36=8|123=Y",
        ]
    );
    bench.submit("A");
    assert_eq!(bench.take(), ["35=8|34=8|11=A"]);
}

/// Artio 529: each time that the process behind the sessions starts again, one copy more of an
/// old request is handed to it.
#[test]
fn however_often_a_process_restarts_a_message_is_handed_over_once() {
    let mut bench = Bench::active();
    bench.order(2);
    assert_eq!(bench.delivered(), [2]);
    for round in 0..4 {
        restart(&mut bench);
        bench.input(Input::Connected);
        bench.receive("A", 3 + round, "98=0|108=30|");
        bench.receive("D", 2, &format!("{AGAIN}{}", order(2)));
        assert!(bench.delivered().is_empty(), "round {round}");
    }
}

/// Artio 544, 545, 573: after some large requests, one upon the other, nothing moves any more.
#[test]
fn large_requests_one_upon_the_other_come_to_an_end_and_live_messages_go_on() {
    let mut bench = Bench::active();
    for id in 0..2_000 {
        bench.submit(&id.to_string());
    }
    bench.take();
    for request in 2..12 {
        bench.receive("2", request, "7=1|16=0|");
        bench.submit("LIVE");
    }
    let mut highest = 0;
    for round in 0.. {
        let sent = bench.take();
        let numbers = sent.iter().filter_map(|text| text.split("34=").nth(1));
        let numbers = numbers.filter_map(|text| text.split('|').next()?.parse::<u64>().ok());
        highest = numbers.fold(highest, u64::max);
        if sent.is_empty() {
            break;
        }
        assert!(round < 1_000, "it never ends");
        bench.input(Input::Tick);
    }
    assert_eq!(highest, bench.session.next_seq_nums().outbound - 1);
    bench.receive("1", 12, "112=T|");
    assert_eq!(bench.take(), [format!("35=0|34={}|112=T", highest + 1)]);
}

/// Artio 576: a range that ends with heartbeats counts as not wholly there, though nothing of it
/// is missing.
#[test]
fn a_range_that_ends_with_heartbeats_ends_with_a_gap_fill_over_them() {
    let mut bench = Bench::active();
    bench.submit("A");
    bench.tick_at(30_000);
    bench.receive("0", 2, "");
    bench.tick_at(60_000);
    bench.receive("0", 3, "");
    bench.take();
    bench.receive("2", 4, "7=2|16=10|");
    assert_eq!(
        bench.take(),
        ["35=8|34=2|43=Y|11=A", "35=4|34=3|43=Y|36=5|123=Y"]
    );
}

/// quickfixgo 768: live messages get between those that are sent again, and a peer that takes
/// nothing ahead of a gap loses them. For such a peer they can be made to wait.
#[test]
fn live_messages_wait_for_a_resend_where_the_peer_needs_that_and_go_between_elsewhere() {
    for live in [false, true] {
        let mut bench = Bench::with(Settings {
            resend_batch: 2,
            live_during_resend: live,
            ..Settings::fix44(Part::Acceptor, "ISLD", "TW44")
        });
        bench.input(Input::Connected);
        bench.receive("A", 1, "98=0|108=30|");
        for id in ["A", "B", "C"] {
            bench.submit(id);
        }
        bench.take();
        bench.receive("2", 2, "7=2|16=0|");
        bench.submit("LIVE");
        bench.input(Input::Tick);
        bench.input(Input::Tick);
        let mut expected = vec![
            "35=8|34=2|43=Y|11=A",
            "35=8|34=3|43=Y|11=B",
            "35=8|34=4|43=Y|11=C",
        ];
        expected.insert(if live { 2 } else { 3 }, "35=8|34=5|11=LIVE");
        assert_eq!(bench.take(), expected);
    }
}

/// QuickFIX/n 309: asked in parts, the peer fills a gap beyond the part, and the next part is
/// never asked for, or asked for from the wrong number.
#[test]
fn a_gap_fill_beyond_the_part_asked_for_leads_on_from_where_it_ends() {
    let parts = || {
        let mut bench = Bench::with(Settings {
            resend_request_chunk: 5,
            ..Settings::fix44(Part::Acceptor, "ISLD", "TW44")
        });
        bench.input(Input::Connected);
        bench.receive("A", 1, "98=0|108=30|");
        bench.order(30);
        bench.take();
        bench
    };
    let mut bench = parts();
    bench.receive("4", 2, &format!("{AGAIN}36=20|123=Y|"));
    assert_eq!(bench.take(), ["35=2|34=3|7=20|16=24"]);
    let mut bench = parts();
    bench.receive("4", 2, &format!("{AGAIN}36=30|123=Y|"));
    assert!(bench.take().is_empty(), "nothing is missing any more");
    assert_eq!(bench.delivered(), [30]);
    assert_eq!(bench.session.phase(), Phase::Active);
}

/// QuickFIX/n 309, as it came back: a session's own message waits behind the gap, and the fill that
/// begins with its number leads beyond it. The fill is passed over as a double, and what lies
/// between is thought to be missing.
#[test]
fn a_gap_fill_over_what_was_taken_and_more_costs_one_request_at_most() {
    let mut bench = Bench::active();
    bench.receive("0", 4, "");
    assert_eq!(bench.take(), ["35=2|34=2|7=2|16=0"]);
    bench.receive("D", 2, &format!("{AGAIN}{}", order(2)));
    bench.receive("D", 3, &format!("{AGAIN}{}", order(3)));
    bench.receive("4", 4, &format!("{AGAIN}36=6|123=Y|"));
    bench.order(6);
    assert_eq!(bench.take(), ["35=2|34=3|7=5|16=0"]);
    bench.receive("4", 5, &format!("{AGAIN}36=6|123=Y|"));
    assert_eq!(bench.delivered(), [2, 3, 6]);
    assert_eq!(bench.session.phase(), Phase::Active);
}

/// Nexus 604: of two gap fills that overlap the second is behind what is expected by then, and
/// the session is ended for it.
#[test]
fn a_second_gap_fill_over_the_same_numbers_is_passed_over() {
    let mut bench = Bench::active();
    bench.order(6);
    bench.take();
    bench.receive("4", 2, &format!("{AGAIN}36=6|123=Y|"));
    bench.receive("4", 2, &format!("{AGAIN}36=6|123=Y|"));
    assert!(bench.take().is_empty());
    assert_eq!(bench.session.next_seq_nums().inbound, 7);
    assert_eq!(bench.session.phase(), Phase::Active);
}
