//! A FIX peer that is logged on and sends anything: the session never panics, uses each outbound
//! number once and settles inbound numbers forward, resets aside.

#![no_main]

use dcx_fix::{
    Body, Close, Encoder, Head, Input, Message, NextSeqNums, Part, Session, SessionEvent, Settings,
    Sink,
};
use dcx_model::{MonoNanos, Now, UnixNanos};
use libfuzzer_sys::fuzz_target;

const START: u64 = 1_767_323_045;

#[derive(Default)]
struct Checks {
    next: NextSeqNums,
    kept: Vec<u64>,
    sent: usize,
}

impl Sink for Checks {
    fn persist(&mut self, msg_seq_num: u64, bytes: &[u8]) {
        assert_eq!(msg_seq_num, self.next.outbound, "numbers are used in order");
        self.next.outbound += 1;
        if !bytes.is_empty() {
            self.kept.push(msg_seq_num);
        }
    }

    fn settle(&mut self, next_inbound: u64) {
        assert!(
            next_inbound >= self.next.inbound,
            "what was taken stays taken"
        );
        self.next.inbound = next_inbound;
    }

    fn forget(&mut self) {
        *self = Self::default();
    }

    fn renumber(&mut self, next: NextSeqNums) {
        self.kept.clear();
        self.next = next;
    }

    fn stored<R>(&mut self, msg_seq_num: u64, with: impl FnOnce(Option<&[u8]>) -> R) -> R {
        let garbled = self
            .kept
            .contains(&msg_seq_num)
            .then_some(b"8=FIX".as_slice());
        with(garbled)
    }

    fn transmit(&mut self, bytes: &[u8]) {
        assert!(Message::parse(bytes).is_ok(), "we send whole messages only");
        self.sent += 1;
    }

    fn deliver(&mut self, message: &Message<'_>) {
        assert_eq!(message.msg_seq_num(), Ok(self.next.inbound), "in sequence");
    }

    fn wake_at(&mut self, _: MonoNanos) {}
    fn close(&mut self, _: Close) {}
    fn event(&mut self, _: SessionEvent) {}
}

fuzz_target!(|bytes: &[u8]| {
    let settings = Settings::fix44(Part::Acceptor, "DCX", "CLIENT");
    let mut session = Session::new(settings, NextSeqNums::FIRST).expect("valid settings");
    let mut sink = Checks::default();
    let mut encoder = Encoder::new(b"FIX.4.4", b"CLIENT", b"DCX");
    let mut out = Vec::new();
    let mut ms = 0;
    session.handle(now(ms), Input::Connected, &mut sink);
    // A line for each step: what to do, a number from `0` on, and a body (`|` for SOH).
    for line in bytes.split(|byte| *byte == b'\n') {
        let [what, number, body @ ..] = line else {
            continue;
        };
        let body: Vec<u8> = body
            .iter()
            .map(|b| if *b == b'|' { 1 } else { *b })
            .collect();
        let number = i64::from(*number) - i64::from(b'0');
        ms += 100;
        let mut text = Vec::new();
        Body::new(&mut text).bytes(58, &body);
        let input = match what {
            b'c' => Input::Connected,
            b'd' => Input::Disconnected,
            b'o' => Input::LogOut { text: "" },
            b's' => Input::Submit {
                msg_type: b"8",
                body: &text,
                poss_resend: false,
            },
            b't' => {
                ms += number.unsigned_abs() * 1_000;
                Input::Tick
            }
            _ => {
                let seq = sink.next.inbound.saturating_add_signed(number);
                let head = Head::new(std::slice::from_ref(what), seq, now(ms).unix);
                let raw = encoder.encode(&mut out, &head, |out| out.raw(&body));
                if let Ok(message) = Message::parse(raw) {
                    session.handle(now(ms), Input::Received(&message), &mut sink);
                }
                continue;
            }
        };
        session.handle(now(ms), input, &mut sink);
    }
});

fn now(ms: u64) -> Now {
    Now {
        mono: MonoNanos::new(ms * 1_000_000),
        unix: UnixNanos::new(START * 1_000_000_000 + ms * 1_000_000),
    }
}
