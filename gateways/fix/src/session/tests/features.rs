//! What a session may be set to: chunks, 789, 369, credentials, resets, numbers of the operator.

use super::*;

fn settings(part: Part) -> Settings {
    Settings::fix44(part, "ISLD", "TW44")
}

/// An acceptor with these settings that is logged on, both next numbers 2.
fn active(settings: Settings) -> Bench {
    let mut bench = Bench::with(settings);
    bench.input(Input::Connected);
    bench.receive("A", 1, "98=0|108=30|");
    bench.take();
    bench
}

#[test]
fn a_gap_is_asked_for_in_parts_each_when_the_one_before_is_there() {
    let mut bench = active(Settings {
        resend_request_chunk: 5,
        ..settings(Part::Acceptor)
    });
    bench.receive("0", 10, "");
    assert_eq!(bench.take(), ["35=2|34=2|7=2|16=6"]);
    for number in 2..=5 {
        bench.order(number);
    }
    assert!(bench.take().is_empty(), "the part is not there yet");
    bench.order(6);
    assert_eq!(
        bench.take(),
        ["35=2|34=3|7=7|16=0"],
        "the last part has no end"
    );
    for number in 7..=9 {
        bench.order(number);
    }
    assert_eq!(bench.session.phase(), Phase::Active);
    assert_eq!(bench.session.next_seq_nums().inbound, 11);
    assert!(bench.take().is_empty());
}

#[test]
fn a_part_that_makes_no_progress_is_asked_for_again_from_where_it_stands() {
    let mut bench = active(Settings {
        resend_request_chunk: 3,
        ..settings(Part::Acceptor)
    });
    bench.receive("0", 10, "");
    assert_eq!(bench.take(), ["35=2|34=2|7=2|16=4"]);
    bench.order(2);
    bench.tick_at(10_000);
    assert_eq!(bench.take(), ["35=2|34=3|7=3|16=5"]);
}

#[test]
fn a_logon_that_tells_what_is_expected_is_served_without_a_request() {
    let mut bench = Bench::with(Settings {
        next_expected: true,
        ..settings(Part::Acceptor)
    });
    bench.submit("A");
    bench.submit("B");
    bench.input(Input::Connected);
    bench.receive("A", 1, "98=0|108=30|789=1|");
    assert_eq!(
        bench.take(),
        [
            "35=A|34=3|98=0|108=30|789=2",
            "35=8|34=1|43=Y|11=A",
            "35=8|34=2|43=Y|11=B",
            "35=4|34=3|43=Y|36=4|123=Y",
        ]
    );
}

#[test]
fn where_both_tell_what_they_expect_a_gap_at_logon_is_not_asked_for_until_it_stays() {
    let mut bench = Bench::with(Settings {
        next_expected: true,
        ..settings(Part::Acceptor)
    });
    bench.input(Input::Connected);
    bench.receive("A", 4, "98=0|108=30|789=1|");
    assert_eq!(bench.take(), ["35=A|34=1|98=0|108=30|789=1"]);
    assert_eq!(bench.session.phase(), Phase::Recovering);
    bench.tick_at(10_000);
    assert_eq!(
        bench.take(),
        ["35=2|34=2|7=1|16=0"],
        "the peer did not send it"
    );
}

#[test]
fn an_initiator_tells_what_it_expects_and_serves_what_the_answer_lacks() {
    let mut bench = Bench::with(Settings {
        next_expected: true,
        ..settings(Part::Initiator)
    });
    bench.submit("A");
    bench.input(Input::Connected);
    assert_eq!(bench.take(), ["35=A|34=2|98=0|108=30|789=1"]);
    bench.receive("A", 1, "98=0|108=30|789=1|");
    assert_eq!(
        bench.take(),
        ["35=8|34=1|43=Y|11=A", "35=4|34=2|43=Y|36=3|123=Y"]
    );
}

#[test]
fn a_peer_that_expects_what_was_never_sent_is_told_so() {
    let mut bench = Bench::with(Settings {
        next_expected: true,
        ..settings(Part::Acceptor)
    });
    bench.input(Input::Connected);
    bench.receive("A", 1000, "98=0|108=30|789=1200|");
    assert_eq!(
        bench.take(),
        [
            "35=5|34=1|58=Tag 789 (NextExpectedMsgSeqNum) is higher than expected. Expected 1, Received 1200"
        ]
    );
    bench.closed_for(PeerFault::NextExpectedTooHigh {
        expected: 1,
        received: 1200,
    });
}

#[test]
fn every_message_tells_the_last_number_taken_resent_ones_the_one_of_now() {
    let mut bench = Bench::with(Settings {
        last_processed: true,
        ..settings(Part::Acceptor)
    });
    bench.input(Input::Connected);
    bench.receive("A", 1, "369=0|98=0|108=30|");
    assert_eq!(bench.take(), ["35=A|34=1|369=1|98=0|108=30"]);
    bench.submit("A");
    assert_eq!(bench.take(), ["35=8|34=2|369=1|11=A"]);
    bench.receive("1", 2, "369=1|112=HELLO|");
    assert_eq!(bench.take(), ["35=0|34=3|369=2|112=HELLO"]);
    bench.receive("2", 3, "369=1|7=2|16=0|");
    assert_eq!(
        bench.take(),
        [
            "35=8|34=2|43=Y|369=3|11=A",
            "35=4|34=3|43=Y|369=3|36=4|123=Y"
        ]
    );
}

#[test]
fn who_does_not_know_the_password_is_closed_without_a_word() {
    let word = Credentials::new("desk".to_owned(), "secret".to_owned());
    for (logon, right) in [
        ("98=0|108=30|553=desk|554=secret|", true),
        ("98=0|108=30|553=desk|554=secret2|", false),
        ("98=0|108=30|553=desk|554=secre|", false),
        ("98=0|108=30|553=other|554=secret|", false),
        ("98=0|108=30|553=desk|", false),
        ("98=0|108=30|", false),
    ] {
        let mut bench = Bench::with(Settings {
            credentials: Some(word.clone()),
            ..settings(Part::Acceptor)
        });
        bench.input(Input::Connected);
        bench.receive("A", 1, logon);
        match right {
            true => assert_eq!(bench.take(), ["35=A|34=1|98=0|108=30"], "{logon}"),
            false => {
                assert!(bench.take().is_empty(), "{logon}");
                bench.closed_for(PeerFault::Credentials);
            }
        }
    }
}

#[test]
fn an_initiator_brings_its_credentials_and_nothing_shows_or_keeps_the_password() {
    let mut bench = Bench::with(Settings {
        credentials: Some(Credentials::new("desk".to_owned(), "secret".to_owned())),
        ..settings(Part::Initiator)
    });
    bench.input(Input::Connected);
    assert_eq!(bench.take(), ["35=A|34=1|98=0|108=30|553=desk|554=secret"]);
    let shown = format!("{:?}", bench.session.settings());
    assert!(
        shown.contains("desk") && !shown.contains("secret"),
        "{shown}"
    );
    assert!(bench.sink.kept.is_empty(), "a Logon is not kept");
}

#[test]
fn the_numbers_restart_after_a_logout_or_any_end_only_where_that_is_set() {
    for (on_logout, on_disconnect) in [(false, false), (true, false), (false, true)] {
        let set = Settings {
            reset_on_logout: on_logout,
            reset_on_disconnect: on_disconnect,
            ..settings(Part::Acceptor)
        };
        let mut bench = active(set.clone());
        bench.input(Input::Disconnected);
        let restarted = bench.session.next_seq_nums() == NextSeqNums::FIRST;
        assert_eq!(restarted, on_disconnect, "a connection that broke");

        let mut bench = active(set);
        bench.receive("5", 2, "");
        assert_eq!(bench.take(), ["35=5|34=2"]);
        let restarted = bench.session.next_seq_nums() == NextSeqNums::FIRST;
        assert_eq!(restarted, on_logout || on_disconnect, "an orderly end");
    }
}

#[test]
fn the_operator_sets_any_numbers_while_nobody_is_there() {
    let mut bench = Bench::acceptor();
    bench.submit("A");
    let next = NextSeqNums {
        inbound: 40,
        outbound: 70,
    };
    bench.input(Input::Renumber(next));
    assert_eq!(bench.session.next_seq_nums(), next);
    assert!(
        bench.sink.kept.is_empty(),
        "what was sent under other numbers is gone"
    );
    bench.input(Input::Connected);
    bench.receive("A", 40, "98=0|108=30|");
    assert_eq!(bench.take(), ["35=A|34=70|98=0|108=30"]);
}

#[test]
fn while_logged_on_the_operator_s_number_goes_up_only_and_the_peer_is_told() {
    let mut bench = Bench::active();
    bench.input(Input::Renumber(NextSeqNums {
        inbound: 9,
        outbound: 20,
    }));
    assert_eq!(bench.take(), ["35=4|34=2|36=20"]);
    bench.submit("A");
    assert_eq!(bench.take(), ["35=8|34=20|11=A"]);
    bench.order(9);
    assert_eq!(bench.delivered(), [9]);
    let back = NextSeqNums {
        inbound: 9,
        outbound: 3,
    };
    bench.input(Input::Renumber(back));
    assert_eq!(bench.session.next_seq_nums().outbound, 21);
    let refused = SessionEvent::Use(UseFault::RenumberBack { to: 3 });
    assert!(bench.sink.events.contains(&refused));
}

#[test]
fn a_fixt_session_says_the_version_of_its_messages() {
    let mut bench = Bench::with(Settings {
        begin_string: b"FIXT.1.1".to_vec(),
        default_appl_ver_id: b"9".to_vec(),
        validate: None,
        ..settings(Part::Initiator)
    });
    bench.input(Input::Connected);
    assert_eq!(bench.take(), ["35=A|34=1|98=0|108=30|1137=9"]);
}
