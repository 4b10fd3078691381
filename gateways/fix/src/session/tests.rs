//! Scenarios: each clause of the session protocol, and a walk over every edge of the diagram.

mod features;
mod model;
mod named;
mod pair;

use std::collections::BTreeMap;

use dcx_model::{MonoNanos, NANOS_PER_S, Nanos, Now, UnixNanos};

use super::*;
use crate::{Encoder, Head, Message};

/// A sink that remembers.
#[derive(Debug, Default)]
pub(super) struct Effects {
    pub(super) kept: BTreeMap<u64, Vec<u8>>,
    pub(super) next: NextSeqNums,
    pub(super) sent: Vec<Vec<u8>>,
    pub(super) delivered: Vec<Vec<u8>>,
    pub(super) closed: Option<Close>,
    pub(super) events: Vec<SessionEvent>,
    pub(super) wake_at: MonoNanos,
}

impl Sink for Effects {
    fn persist(&mut self, msg_seq_num: u64, bytes: &[u8]) {
        assert_eq!(msg_seq_num, self.next.outbound, "numbers are used in order");
        self.next.outbound += 1;
        if !bytes.is_empty() {
            self.kept.insert(msg_seq_num, bytes.to_vec());
        }
    }

    fn settle(&mut self, next_inbound: u64) {
        self.next.inbound = next_inbound;
    }

    fn forget(&mut self) {
        self.kept.clear();
        self.next = NextSeqNums::FIRST;
    }

    fn renumber(&mut self, next: NextSeqNums) {
        self.kept.clear();
        self.next = next;
    }

    fn stored<R>(&mut self, msg_seq_num: u64, with: impl FnOnce(Option<&[u8]>) -> R) -> R {
        with(self.kept.get(&msg_seq_num).map(Vec::as_slice))
    }

    fn transmit(&mut self, bytes: &[u8]) {
        self.sent.push(bytes.to_vec());
    }

    fn deliver(&mut self, message: &Message<'_>) {
        self.delivered.push(message.raw().to_vec());
    }

    fn wake_at(&mut self, at: MonoNanos) {
        self.wake_at = at;
    }

    fn close(&mut self, why: Close) {
        self.closed = Some(why);
    }

    fn event(&mut self, event: SessionEvent) {
        self.events.push(event);
    }
}

/// A session of `ISLD` and what plays its peer `TW44` by hand.
struct Bench {
    session: Session,
    sink: Effects,
    now: Now,
}

const START: u64 = 1_767_323_045;

fn at_ms(ms: u64) -> Now {
    Now {
        mono: MonoNanos::new(ms * 1_000_000 + 1),
        unix: UnixNanos::new(START * NANOS_PER_S + ms * 1_000_000),
    }
}

impl Bench {
    fn with(settings: Settings) -> Self {
        let session = Session::new(settings, NextSeqNums::FIRST).unwrap();
        Self {
            session,
            sink: Effects::default(),
            now: at_ms(0),
        }
    }

    fn acceptor() -> Self {
        Self::with(Settings::fix44(Part::Acceptor, "ISLD", "TW44"))
    }

    fn initiator() -> Self {
        Self::with(Settings::fix44(Part::Initiator, "ISLD", "TW44"))
    }

    /// An acceptor that is logged on, both next numbers 2.
    fn active() -> Self {
        let mut bench = Self::acceptor();
        bench.input(Input::Connected);
        bench.receive("A", 1, "98=0|108=30|");
        assert_eq!(bench.take(), ["35=A|34=1|98=0|108=30"]);
        assert_eq!(bench.session.phase(), Phase::Active);
        bench
    }

    fn input(&mut self, input: Input<'_>) {
        self.session.handle(self.now, input, &mut self.sink);
        let numbers = self.session.next_seq_nums();
        assert_eq!(numbers, self.sink.next, "what is next is what is kept");
    }

    fn tick_at(&mut self, ms: u64) {
        self.now = at_ms(ms);
        self.input(Input::Tick);
    }

    fn submit(&mut self, id: &str) {
        let body = format!("11={id}\x01").into_bytes();
        self.input(Input::Submit {
            msg_type: b"8",
            body: &body,
            poss_resend: false,
        });
    }

    /// A message of the peer; `fields` may begin with header fields such as 43 and 122.
    fn receive(&mut self, msg_type: &str, msg_seq_num: u64, fields: &str) {
        let bytes = peer_message(self.now, msg_type, msg_seq_num, fields);
        self.raw(&bytes);
    }

    fn raw(&mut self, bytes: &[u8]) {
        let message = Message::parse(bytes).unwrap();
        self.input(Input::Received(&message));
    }

    fn order(&mut self, msg_seq_num: u64) {
        self.receive("D", msg_seq_num, &order(msg_seq_num));
    }

    /// What was sent since the last call, without 8, 9, 49, 52, 56, 122 and 10.
    fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.sink.sent)
            .iter()
            .map(|bytes| shown(bytes))
            .collect()
    }

    fn delivered(&self) -> Vec<u64> {
        self.sink
            .delivered
            .iter()
            .map(|raw| Message::parse(raw).unwrap().msg_seq_num().unwrap())
            .collect()
    }

    fn closed_for(&self, fault: PeerFault) {
        assert_eq!(self.sink.closed, Some(Close::Fault(fault)));
        assert!(self.sink.events.contains(&SessionEvent::Peer(fault)));
        assert_eq!(self.session.phase(), Phase::Idle);
    }
}

fn order(id: u64) -> String {
    format!("11=ID{id}|21=1|38=100|40=1|54=1|55=EURUSD|60=20260102-03:04:05|")
}

fn peer_message(now: Now, msg_type: &str, msg_seq_num: u64, fields: &str) -> Vec<u8> {
    let mut encoder = Encoder::new(b"FIX.4.4", b"TW44", b"ISLD");
    let mut out = Vec::new();
    let head = Head::new(msg_type.as_bytes(), msg_seq_num, now.unix);
    let fields = fields.replace('|', "\x01");
    encoder
        .encode(&mut out, &head, |body| body.raw(fields.as_bytes()))
        .to_vec()
}

fn shown(bytes: &[u8]) -> String {
    let message = Message::parse(bytes).unwrap();
    let fields: Vec<String> = message
        .fields()
        .filter(|(tag, _)| ![8, 9, 49, 52, 56, 122, 10].contains(tag))
        .map(|(tag, value)| format!("{tag}={}", String::from_utf8_lossy(value)))
        .collect();
    fields.join("|")
}

/// `PossDupFlag` and `OrigSendingTime` in front of other fields.
const AGAIN: &str = "43=Y|122=20260102-03:04:00|";

#[test]
fn an_acceptor_answers_a_logon() {
    let mut bench = Bench::acceptor();
    bench.input(Input::Connected);
    assert_eq!(bench.session.phase(), Phase::LoggingOn);
    assert!(bench.take().is_empty(), "it waits");
    bench.receive("A", 1, "98=0|108=10|");
    assert_eq!(bench.take(), ["35=A|34=1|98=0|108=10"]);
    assert!(bench.sink.events.contains(&SessionEvent::LoggedOn {
        heart_bt_int: Nanos::from_seconds(10)
    }));
    assert_eq!(bench.sink.wake_at, at_ms(10_000).mono);
}

#[test]
fn an_initiator_logs_on_and_takes_the_answer() {
    let mut bench = Bench::initiator();
    bench.input(Input::Connected);
    assert_eq!(bench.take(), ["35=A|34=1|98=0|108=30"]);
    bench.receive("A", 1, "98=0|108=30|");
    assert!(bench.take().is_empty());
    assert_eq!(bench.session.phase(), Phase::Active);
}

#[test]
fn a_logon_can_restart_the_numbers_on_either_side() {
    let mut settings = Settings::fix44(Part::Initiator, "ISLD", "TW44");
    settings.reset_on_logon = true;
    let mut bench = Bench::with(settings);
    bench.submit("LOST");
    bench.input(Input::Connected);
    assert_eq!(bench.take(), ["35=A|34=1|98=0|108=30|141=Y"]);
    assert!(bench.sink.kept.is_empty());
    bench.receive("A", 1, "98=0|108=30|141=Y|");
    assert_eq!(bench.session.phase(), Phase::Active);
    assert!(bench.take().is_empty(), "the answer is not answered");

    let mut bench = Bench::active();
    bench.order(2);
    bench.receive("A", 1, "98=0|108=30|141=Y|");
    assert_eq!(bench.take(), ["35=A|34=1|98=0|108=30|141=Y"]);
    assert_eq!(
        bench.session.next_seq_nums(),
        NextSeqNums {
            inbound: 2,
            outbound: 2
        }
    );
}

#[test]
fn a_bad_first_message_closes_without_a_word() {
    let logon = "98=0|108=30|";
    let cases: [(&str, Vec<u8>, PeerFault); 6] = [
        (
            "no logon",
            peer_message(at_ms(0), "0", 1, ""),
            PeerFault::NotLogon,
        ),
        (
            "encrypted",
            peer_message(at_ms(0), "A", 1, "98=1|108=30|"),
            PeerFault::Logon { tag: 98 },
        ),
        (
            "no heartbeat",
            peer_message(at_ms(0), "A", 1, "98=0|"),
            PeerFault::Logon { tag: 108 },
        ),
        (
            "old clock",
            peer_message(at_ms(200_000), "A", 1, logon),
            PeerFault::SendingTime,
        ),
        (
            "other version",
            encoded(b"FIX.3.9", b"TW44"),
            PeerFault::BeginString,
        ),
        (
            "other sender",
            encoded(b"FIX.4.4", b"WT"),
            PeerFault::CompId,
        ),
    ];
    for (name, bytes, fault) in cases {
        let mut bench = Bench::acceptor();
        bench.input(Input::Connected);
        bench.raw(&bytes);
        assert!(bench.take().is_empty(), "{name}");
        bench.closed_for(fault);
    }
    let mut bench = Bench::acceptor();
    bench.input(Input::Connected);
    bench.input(Input::Garbled(CodecFault::NotFix));
    bench.closed_for(PeerFault::Garbled(CodecFault::NotFix));
}

fn encoded(begin_string: &[u8], sender: &[u8]) -> Vec<u8> {
    let mut encoder = Encoder::new(begin_string, sender, b"ISLD");
    let mut out = Vec::new();
    let head = Head::new(b"A", 1, at_ms(0).unix);
    encoder
        .encode(&mut out, &head, |body| body.raw(b"98=0\x01108=30\x01"))
        .to_vec()
}

#[test]
fn a_logon_that_does_not_come_in_time_closes() {
    let mut bench = Bench::acceptor();
    bench.input(Input::Connected);
    assert_eq!(bench.sink.wake_at, at_ms(10_000).mono);
    bench.tick_at(9_999);
    assert_eq!(bench.sink.closed, None);
    bench.tick_at(10_000);
    bench.closed_for(PeerFault::LogonTimeout);
}

#[test]
fn a_logon_with_a_number_too_low_is_told_so() {
    let mut bench = Bench::active();
    bench.order(2);
    bench.input(Input::Disconnected);
    bench.input(Input::Connected);
    bench.receive("A", 1, "98=0|108=30|");
    assert_eq!(
        bench.take(),
        ["35=5|34=2|58=MsgSeqNum too low, expecting 3 but received 1"]
    );
    bench.closed_for(PeerFault::SeqNumTooLow {
        expected: 3,
        received: 1,
    });
}

#[test]
fn a_logon_with_a_number_too_high_asks_for_what_is_missing() {
    let mut bench = Bench::acceptor();
    bench.input(Input::Connected);
    bench.receive("A", 5, "98=0|108=30|");
    assert_eq!(
        bench.take(),
        ["35=A|34=1|98=0|108=30", "35=2|34=2|7=1|16=0"]
    );
    assert_eq!(bench.session.phase(), Phase::Recovering);
    bench.receive("4", 1, &format!("{AGAIN}36=6|123=Y|"));
    assert_eq!(bench.session.phase(), Phase::Active);
    bench.order(6);
    assert_eq!(bench.delivered(), [6]);
}

#[test]
fn a_gap_is_asked_for_once_and_delivered_in_order() {
    let mut bench = Bench::active();
    bench.order(4);
    bench.order(5);
    assert_eq!(bench.take(), ["35=2|34=2|7=2|16=0"]);
    assert_eq!(bench.session.phase(), Phase::Recovering);
    assert!(bench.delivered().is_empty());
    bench.receive("D", 2, &format!("{AGAIN}{}", order(2)));
    bench.receive("D", 3, &format!("{AGAIN}{}", order(3)));
    assert_eq!(bench.delivered(), [2, 3, 4, 5]);
    assert_eq!(bench.session.phase(), Phase::Active);
    assert!(
        bench
            .sink
            .events
            .contains(&SessionEvent::GapFilled { next: 4 })
    );
    // The rest of the resend repeats what came early.
    bench.receive("D", 4, &format!("{AGAIN}{}", order(4)));
    assert_eq!(bench.delivered(), [2, 3, 4, 5]);
    assert!(bench.take().is_empty());
}

#[test]
fn what_does_not_fit_behind_a_gap_is_asked_for_again() {
    let mut settings = Settings::fix44(Part::Acceptor, "ISLD", "TW44");
    settings.later_count_max = 2;
    let mut bench = Bench::with(settings);
    bench.input(Input::Connected);
    bench.receive("A", 1, "98=0|108=30|");
    for number in [3, 4, 5, 6] {
        bench.order(number);
    }
    assert!(
        bench
            .sink
            .events
            .contains(&SessionEvent::LaterDropped { msg_seq_num: 6 })
    );
    bench.take();
    bench.receive("D", 2, &format!("{AGAIN}{}", order(2)));
    assert_eq!(bench.delivered(), [2, 3, 4]);
    bench.receive("0", 7, "");
    assert_eq!(bench.take(), ["35=2|34=3|7=5|16=0"]);
    bench.receive("D", 5, &format!("{AGAIN}{}", order(5)));
    bench.receive("D", 6, &format!("{AGAIN}{}", order(6)));
    assert_eq!(bench.delivered(), [2, 3, 4, 5, 6]);
    assert_eq!(bench.session.next_seq_nums().inbound, 8);
}

#[test]
fn a_gap_that_stays_is_asked_for_again_and_then_given_up() {
    let mut bench = Bench::active();
    bench.order(4);
    bench.take();
    for ms in [10_000, 20_000] {
        bench.receive("0", 5, "");
        bench.tick_at(ms);
        assert!(
            bench.take().iter().any(|sent| sent.ends_with("7=2|16=0")),
            "{ms}"
        );
        bench.receive("0", 5, "");
    }
    bench.tick_at(30_000);
    bench.closed_for(PeerFault::GapNotFilled { from: 2 });
    assert!(bench.take().last().unwrap().contains("58=gap from 2"));
}

#[test]
fn a_resend_request_gets_gap_fills_for_the_session_s_own_and_the_rest_again() {
    let mut bench = Bench::active();
    bench.receive("1", 2, "112=HELLO|");
    bench.submit("A");
    bench.submit("B");
    bench.receive("1", 3, "112=HELLO|");
    bench.take();
    bench.now = at_ms(5_000);
    bench.receive("2", 4, "7=1|16=0|");
    let sent = bench.sink.sent.clone();
    assert_eq!(
        bench.take(),
        [
            "35=4|34=1|43=Y|36=3|123=Y",
            "35=8|34=3|43=Y|11=A",
            "35=8|34=4|43=Y|11=B",
            "35=4|34=5|43=Y|36=6|123=Y",
        ]
    );
    let again = Message::parse(&sent[1]).unwrap();
    assert_eq!(
        again.utc_timestamp(122),
        Ok(at_ms(0).unix),
        "the time of then"
    );
    assert_eq!(
        again.utc_timestamp(52),
        Ok(at_ms(5_000).unix),
        "the time of now"
    );
    bench.receive("2", 5, "7=3|16=3|");
    assert_eq!(bench.take(), ["35=8|34=3|43=Y|11=A"]);
    assert_eq!(
        bench.session.next_seq_nums().outbound,
        6,
        "a resend uses no number"
    );
}

#[test]
fn a_long_resend_goes_in_batches_and_new_messages_wait_for_it() {
    let mut settings = Settings::fix44(Part::Acceptor, "ISLD", "TW44");
    settings.resend_batch = 3;
    settings.live_during_resend = false;
    let mut bench = Bench::with(settings);
    bench.input(Input::Connected);
    bench.receive("A", 1, "98=0|108=30|");
    for id in ["A", "B", "C", "D"] {
        bench.submit(id);
    }
    bench.take();
    bench.receive("2", 2, "7=2|16=0|");
    assert_eq!(
        bench.take(),
        [
            "35=8|34=2|43=Y|11=A",
            "35=8|34=3|43=Y|11=B",
            "35=8|34=4|43=Y|11=C"
        ]
    );
    assert_eq!(bench.sink.wake_at, bench.now.mono, "to go on at once");
    bench.submit("NEW");
    assert!(bench.take().is_empty());
    bench.input(Input::Tick);
    assert_eq!(bench.take(), ["35=8|34=5|43=Y|11=D", "35=8|34=6|11=NEW"]);
    bench.submit("LIVE");
    bench.input(Input::Tick);
    assert_eq!(bench.take(), ["35=8|34=7|11=LIVE"]);
}

#[test]
fn two_resend_requests_at_once_are_served_as_one_range() {
    let mut settings = Settings::fix44(Part::Acceptor, "ISLD", "TW44");
    settings.resend_batch = 1;
    let mut bench = Bench::with(settings);
    bench.input(Input::Connected);
    bench.receive("A", 1, "98=0|108=30|");
    bench.submit("A");
    bench.submit("B");
    bench.take();
    bench.receive("2", 2, "7=2|16=2|");
    bench.receive("2", 3, "7=3|16=0|");
    bench.input(Input::Tick);
    assert_eq!(bench.take(), ["35=8|34=2|43=Y|11=A", "35=8|34=3|43=Y|11=B"]);
}

#[test]
fn a_senseless_resend_request_is_rejected() {
    for (range, tag) in [("7=0|16=0|", 7), ("7=5|16=4|", 16)] {
        let mut bench = Bench::active();
        bench.receive("2", 2, range);
        assert_eq!(
            bench.take(),
            [format!(
                "35=3|34=2|45=2|58=Value is incorrect (out of range) for this tag|371={tag}|372=2|373=5"
            )]
        );
        assert_eq!(bench.session.next_seq_nums().inbound, 3);
    }
    let mut bench = Bench::active();
    bench.receive("2", 2, "7=9|16=0|");
    assert!(bench.take().is_empty(), "nothing that far was sent");
}

#[test]
fn what_is_submitted_while_away_is_sent_when_asked_for() {
    let mut bench = Bench::acceptor();
    bench.submit("AWAY");
    assert!(bench.take().is_empty());
    bench.input(Input::Connected);
    bench.receive("A", 1, "98=0|108=30|");
    assert_eq!(bench.take(), ["35=A|34=2|98=0|108=30"]);
    bench.receive("2", 2, "7=1|16=0|");
    assert_eq!(
        bench.take(),
        ["35=8|34=1|43=Y|11=AWAY", "35=4|34=2|43=Y|36=3|123=Y"]
    );
}

#[test]
fn a_number_too_low_ends_the_session_unless_it_says_so() {
    let mut bench = Bench::active();
    bench.order(2);
    bench.receive("D", 2, &format!("{AGAIN}{}", order(2)));
    assert_eq!(bench.delivered(), [2], "a duplicate is not delivered");
    assert!(bench.take().is_empty());
    bench.order(2);
    assert_eq!(
        bench.take(),
        ["35=5|34=2|58=MsgSeqNum too low, expecting 3 but received 2"]
    );
    bench.closed_for(PeerFault::SeqNumTooLow {
        expected: 3,
        received: 2,
    });
}

#[test]
fn a_duplicate_says_when_it_was_first_sent() {
    let mut bench = Bench::active();
    bench.order(2);
    bench.receive("D", 2, &format!("43=Y|{}", order(2)));
    assert_eq!(
        bench.take(),
        ["35=3|34=2|45=2|58=Required tag missing|371=122|372=D|373=1"]
    );
    bench.receive("D", 2, &format!("43=Y|122=20260102-03:04:55|{}", order(2)));
    assert_eq!(
        bench.take(),
        [
            "35=3|34=3|45=2|58=SendingTime accuracy problem|372=D|373=10",
            "35=5|34=4"
        ]
    );
    assert_eq!(bench.session.phase(), Phase::LoggingOut);
}

#[test]
fn a_low_gap_fill_is_discarded_when_it_is_a_duplicate() {
    let mut bench = Bench::active();
    bench.order(2);
    bench.receive("4", 1, &format!("{AGAIN}36=9|123=Y|"));
    assert_eq!(bench.session.next_seq_nums().inbound, 3);
    assert!(bench.take().is_empty());
}

#[test]
fn a_sequence_reset_moves_forward_only() {
    let mut bench = Bench::active();
    bench.receive("4", 0, "36=25|");
    assert_eq!(bench.session.next_seq_nums().inbound, 25);
    bench.receive("4", 0, "36=9|123=N|");
    assert_eq!(
        bench.take(),
        ["35=3|34=2|45=0|58=Value is incorrect (out of range) for this tag|372=4|373=5"]
    );
    bench.receive("4", 25, "36=30|123=Y|");
    assert_eq!(bench.session.next_seq_nums().inbound, 30);
    bench.receive("4", 30, "36=30|123=Y|");
    assert_eq!(
        bench.session.next_seq_nums().inbound,
        30,
        "no step, no progress"
    );
}

#[test]
fn silence_is_answered_by_a_probe_and_then_given_up() {
    let mut bench = Bench::active();
    bench.tick_at(30_000);
    assert_eq!(bench.take(), ["35=0|34=2"]);
    bench.tick_at(36_000);
    assert_eq!(bench.take(), ["35=1|34=3|112=TEST"]);
    bench.tick_at(66_000);
    assert!(bench.take().is_empty(), "no heartbeat while probing");
    bench.receive("0", 2, "112=TEST|");
    bench.tick_at(66_001);
    assert_eq!(bench.take(), ["35=0|34=4"]);
    bench.tick_at(66_000 + 36_000);
    bench.take();
    bench.tick_at(66_000 + 72_000);
    bench.closed_for(PeerFault::Silent);
}

#[test]
fn an_interval_of_zero_means_no_heartbeats() {
    let mut bench = Bench::acceptor();
    bench.input(Input::Connected);
    bench.receive("A", 1, "98=0|108=0|");
    bench.take();
    bench.tick_at(100_000_000);
    assert!(bench.take().is_empty());
    assert_eq!(bench.session.phase(), Phase::Active);
}

#[test]
fn a_test_request_is_answered_with_its_id() {
    let mut bench = Bench::active();
    bench.receive("1", 2, "112=HELLO|");
    assert_eq!(bench.take(), ["35=0|34=2|112=HELLO"]);
}

#[test]
fn a_logout_is_answered_whatever_its_number() {
    for number in [1, 2, 9] {
        let mut bench = Bench::active();
        bench.receive("5", number, "");
        assert_eq!(bench.take(), ["35=5|34=2"]);
        assert_eq!(bench.sink.closed, Some(Close::PeerLoggedOut));
        let inbound = if number == 2 { 3 } else { 2 };
        assert_eq!(bench.session.next_seq_nums().inbound, inbound);
    }
}

#[test]
fn our_logout_waits_for_its_answer_and_takes_orders_until_then() {
    let mut bench = Bench::active();
    bench.input(Input::LogOut { text: "bye" });
    assert_eq!(bench.take(), ["35=5|34=2|58=bye"]);
    assert_eq!(bench.session.phase(), Phase::LoggingOut);
    bench.order(2);
    assert_eq!(bench.delivered(), [2]);
    bench.receive("5", 3, "");
    assert_eq!(bench.sink.closed, Some(Close::LoggedOut));
    assert!(bench.take().is_empty());

    let mut bench = Bench::active();
    bench.input(Input::LogOut { text: "" });
    bench.tick_at(2_000);
    bench.closed_for(PeerFault::LogoutTimeout);
}

#[test]
fn a_message_of_another_version_or_peer_logs_out() {
    let mut bench = Bench::active();
    let mut other = Encoder::new(b"FIX.4.1", b"TW44", b"ISLD");
    let mut out = Vec::new();
    let bytes = other.encode(&mut out, &Head::new(b"0", 2, bench.now.unix), |_| {});
    bench.raw(bytes);
    assert_eq!(bench.take(), ["35=5|34=2|58=Incorrect BeginString"]);
    bench.order(2);
    assert!(bench.delivered().is_empty(), "nothing more is taken");
    bench.receive("5", 2, "");
    bench.closed_for(PeerFault::BeginString);

    let mut bench = Bench::active();
    let mut other = Encoder::new(b"FIX.4.4", b"WT", b"ISLD");
    let bytes = other.encode(&mut out, &Head::new(b"0", 2, bench.now.unix), |_| {});
    bench.raw(bytes);
    assert_eq!(
        bench.take(),
        ["35=3|34=2|45=2|58=CompID problem|372=0|373=9", "35=5|34=3"]
    );
    bench.tick_at(2_000);
    bench.closed_for(PeerFault::CompId);
}

#[test]
fn a_clock_more_than_two_minutes_off_logs_out() {
    for (then, now) in [(0, 121_000), (121_000, 0)] {
        let mut bench = Bench::active();
        let bytes = peer_message(at_ms(then), "0", 2, "");
        bench.now = at_ms(now);
        bench.raw(&bytes);
        assert_eq!(
            bench.take(),
            [
                "35=3|34=2|45=2|58=SendingTime accuracy problem|372=0|373=10",
                "35=5|34=3"
            ]
        );
    }
    let mut bench = Bench::active();
    let bytes = peer_message(at_ms(0), "0", 2, "");
    bench.now = at_ms(119_000);
    bench.raw(&bytes);
    assert!(bench.take().is_empty());
}

#[test]
fn a_message_without_a_number_logs_out() {
    let mut bench = Bench::active();
    let text = "35=0\x0149=TW44\x0156=ISLD\x01";
    let mut bytes = format!("8=FIX.4.4\x019={}\x01{text}", text.len()).into_bytes();
    let sum: u8 = bytes.iter().fold(0, |sum, byte| sum.wrapping_add(*byte));
    bytes.extend_from_slice(format!("10={sum:03}\x01").as_bytes());
    bench.raw(&bytes);
    assert_eq!(bench.take(), ["35=5|34=2|58=MsgSeqNum missing"]);
    bench.closed_for(PeerFault::SeqNumMissing);
}

#[test]
fn a_second_logon_without_reset_is_refused() {
    let mut bench = Bench::active();
    bench.receive("A", 2, "98=0|108=30|");
    assert_eq!(bench.take(), ["35=5|34=2|58=unexpected Logon"]);
    bench.closed_for(PeerFault::SecondLogon);
}

#[test]
fn a_second_logon_that_resets_with_a_number_of_zero_is_no_gap() {
    let mut bench = Bench::active();
    bench.receive("A", 0, "98=0|108=30|141=Y|");
    assert_eq!(
        bench.take().len(),
        1,
        "it is answered, and nothing asked for"
    );
    bench.order(1);
    assert_eq!(bench.delivered(), [1]);
}

#[test]
fn a_peer_that_resets_to_the_last_number_there_is_does_not_end_the_process() {
    let mut bench = Bench::active();
    bench.receive("4", 2, &format!("36={}|", u64::MAX));
    bench.order(u64::MAX);
    assert_eq!(bench.delivered(), [u64::MAX]);
}

#[test]
fn an_invalid_message_is_rejected_and_its_number_used_up() {
    let mut bench = Bench::active();
    bench.receive("D", 2, "115=ME|11=A|21=1|40=w|54=1|60=20260102-03:04:05|");
    assert_eq!(
        bench.take(),
        [
            "35=3|34=2|128=ME|45=2|58=Value is incorrect (out of range) for this tag|371=40|372=D|373=5"
        ]
    );
    bench.order(3);
    assert_eq!(bench.delivered(), [3]);
}

#[test]
fn an_application_refuses_in_the_words_of_fix() {
    let mut bench = Bench::active();
    bench.order(2);
    let raw = bench.sink.delivered[0].clone();
    let message = Message::parse(&raw).unwrap();
    bench.input(Input::Refuse {
        message: &message,
        reason: 5,
        ref_tag: Some(38),
        text: "too precise",
    });
    let mut body = Vec::new();
    let reject = BusinessReject {
        reason: 3,
        ref_id: b"",
        text: "Unsupported Message Type",
    };
    write_business_reject(&mut crate::Body::new(&mut body), &message, &reject);
    bench.input(Input::Submit {
        msg_type: b"j",
        body: &body,
        poss_resend: false,
    });
    assert_eq!(
        bench.take(),
        [
            "35=3|34=2|45=2|58=too precise|371=38|372=D|373=5",
            "35=j|34=3|45=2|58=Unsupported Message Type|372=D|380=3",
        ]
    );
}

#[test]
fn a_peer_s_reject_is_told_and_counted() {
    let mut bench = Bench::active();
    bench.receive("3", 2, "45=1|373=5|");
    assert!(bench.sink.events.contains(&SessionEvent::PeerRejected {
        ref_seq_num: 1,
        reason: Some(5)
    }));
    assert_eq!(bench.session.next_seq_nums().inbound, 3);
}

#[test]
fn only_application_messages_of_a_sane_size_are_submitted() {
    let mut bench = Bench::active();
    bench.input(Input::Submit {
        msg_type: b"A",
        body: b"",
        poss_resend: false,
    });
    let body = [b'x'; 70_000];
    bench.input(Input::Submit {
        msg_type: b"8",
        body: &body,
        poss_resend: false,
    });
    assert!(bench.take().is_empty());
    assert!(
        bench
            .sink
            .events
            .contains(&SessionEvent::Use(UseFault::AdminType))
    );
    assert_eq!(bench.session.next_seq_nums().outbound, 2);
}

#[test]
fn settings_that_make_no_session_are_refused() {
    let refused = |change: fn(&mut Settings)| {
        let mut settings = Settings::fix44(Part::Acceptor, "ISLD", "TW44");
        change(&mut settings);
        Session::new(settings, NextSeqNums::FIRST).map(|_| ())
    };
    assert_eq!(refused(|_| {}), Ok(()));
    let changes: [fn(&mut Settings); 5] = [
        |settings| settings.sender_comp_id.clear(),
        |settings| settings.target_comp_id = b"A\x01B".to_vec(),
        |settings| settings.begin_string = b"XML".to_vec(),
        |settings| settings.resend_batch = 0,
        |settings| settings.logout_timeout = Nanos::ZERO,
    ];
    for change in changes {
        assert_eq!(refused(change), Err(UseFault::Settings));
    }
}

/// Brings a session into each phase, then applies each input, and looks where it ends: the
/// diagram on top of [`Session`], edge by edge.
#[test]
fn every_edge_of_the_diagram_leads_where_it_says() {
    use Phase::{Active, Idle, LoggingOn, LoggingOut, Recovering};

    let reach = |phase: Phase| {
        let mut bench = Bench::acceptor();
        if phase != Idle {
            bench.input(Input::Connected);
        }
        if !matches!(phase, Idle | LoggingOn) {
            bench.receive("A", 1, "98=0|108=30|");
        }
        match phase {
            Recovering => bench.order(3),
            LoggingOut => bench.input(Input::LogOut { text: "" }),
            Idle | LoggingOn | Active => {}
        }
        assert_eq!(bench.session.phase(), phase);
        bench
    };
    type Step = fn(&mut Bench);
    let steps: [(&str, Step); 10] = [
        ("connected", |bench| bench.input(Input::Connected)),
        ("logon", |bench| bench.receive("A", 1, "98=0|108=30|141=Y|")),
        ("too high", |bench| bench.order(9)),
        ("in order", |bench| {
            bench.order(bench.session.next_seq_nums().inbound)
        }),
        ("log out", |bench| bench.input(Input::LogOut { text: "" })),
        ("logout", |bench| bench.receive("5", 2, "")),
        ("too low", |bench| bench.receive("0", 1, "")),
        ("other peer", |bench| {
            bench.raw(&encoded(b"FIX.4.1", b"TW44"))
        }),
        ("long silence", |bench| bench.tick_at(1_000_000)),
        ("disconnected", |bench| bench.input(Input::Disconnected)),
    ];
    let expected = [
        (
            Idle,
            [
                LoggingOn, Idle, Idle, Idle, Idle, Idle, Idle, Idle, Idle, Idle,
            ],
        ),
        (
            LoggingOn,
            [
                LoggingOn, Active, Idle, Idle, Idle, Idle, Idle, Idle, Idle, Idle,
            ],
        ),
        (
            Active,
            [
                LoggingOn, Active, Recovering, Active, LoggingOut, Idle, Idle, LoggingOut, Idle,
                Idle,
            ],
        ),
        (
            Recovering,
            [
                LoggingOn, Active, Recovering, Active, LoggingOut, Idle, Idle, LoggingOut, Idle,
                Idle,
            ],
        ),
        (
            LoggingOut,
            [
                LoggingOn, LoggingOut, LoggingOut, LoggingOut, LoggingOut, Idle, Idle, LoggingOut,
                Idle, Idle,
            ],
        ),
    ];
    for (from, ends) in expected {
        for ((name, step), end) in steps.iter().zip(ends) {
            let mut bench = reach(from);
            step(&mut bench);
            assert_eq!(bench.session.phase(), end, "{from:?} --{name}-->");
        }
    }
}
