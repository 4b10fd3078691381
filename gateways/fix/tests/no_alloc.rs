//! Nothing is allocated to decode, validate, encode, or carry a message through a session.

#![expect(
    unsafe_code,
    reason = "a GlobalAlloc that counts is the only way to see every allocation"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use dcx_fix::dictionary::validate;
use dcx_fix::{
    Close, Encoder, Head, Input, Message, NextSeqNums, Part, Scan, Session, SessionEvent, Settings,
    Sink, Switches, scan,
};
use dcx_model::{MonoNanos, Now, Price, Qty, UnixNanos};

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

fn allocations(run: impl FnOnce()) -> u64 {
    let before = COUNT.with(Cell::get);
    run();
    COUNT.with(Cell::get) - before
}

const AT: UnixNanos = UnixNanos::from_seconds(1_767_323_045);

fn encode_order<'o>(encoder: &mut Encoder, out: &'o mut Vec<u8>, seq: u64) -> &'o [u8] {
    encoder.encode(out, &Head::new(b"D", seq, AT), |body| {
        body.str(11, "ORDER-1");
        body.char(21, b'1');
        body.qty(38, Qty::whole(100));
        body.char(40, b'2');
        body.price(44, Price::from_units(110_050_000));
        body.char(54, b'1');
        body.str(55, "EURUSD");
        body.time(60, AT);
    })
}

/// A sink that only counts.
#[derive(Default)]
struct Tally {
    delivered: u64,
    transmitted: u64,
}

impl Sink for Tally {
    fn persist(&mut self, _: u64, _: &[u8]) {}
    fn settle(&mut self, _: u64) {}
    fn forget(&mut self) {}
    fn renumber(&mut self, _: NextSeqNums) {}
    fn stored<R>(&mut self, _: u64, with: impl FnOnce(Option<&[u8]>) -> R) -> R {
        with(None)
    }
    fn transmit(&mut self, _: &[u8]) {
        self.transmitted += 1;
    }
    fn deliver(&mut self, _: &Message<'_>) {
        self.delivered += 1;
    }
    fn wake_at(&mut self, _: MonoNanos) {}
    fn close(&mut self, why: Close) {
        panic!("closed: {why}");
    }
    fn event(&mut self, _: SessionEvent) {}
}

#[test]
fn decoding_and_encoding_allocate_nothing() {
    let mut encoder = Encoder::new(b"FIX.4.4", b"CLIENT", b"DCX");
    let mut out = Vec::new();
    let bytes = encode_order(&mut encoder, &mut out, 1);
    // The first look at a dictionary makes it.
    let message = Message::parse(bytes).expect("a whole message");
    assert_eq!(validate(&message, &Switches::default()), Ok(()));
    let counted = allocations(|| {
        for seq in 1..10_000 {
            let bytes = encode_order(&mut encoder, &mut out, seq);
            let Scan::Message { message, .. } = scan(bytes) else {
                panic!("what is encoded is decoded");
            };
            assert_eq!(message.msg_seq_num(), Ok(seq));
            assert_eq!(message.qty(38), Ok(Qty::whole(100)));
            assert_eq!(validate(&message, &Switches::default()), Ok(()));
        }
    });
    assert_eq!(counted, 0);
}

#[test]
fn a_session_in_step_allocates_nothing() {
    let now = Now {
        mono: MonoNanos::new(1),
        unix: AT,
    };
    let settings = Settings::fix44(Part::Acceptor, "DCX", "CLIENT");
    let mut session = Session::new(settings, NextSeqNums::FIRST).expect("valid settings");
    let mut peer = Encoder::new(b"FIX.4.4", b"CLIENT", b"DCX");
    let (mut out, mut tally) = (Vec::new(), Tally::default());
    session.handle(now, Input::Connected, &mut tally);
    let logon = peer.encode(&mut out, &Head::new(b"A", 1, AT), |body| {
        body.uint(98, 0);
        body.uint(108, 30);
    });
    let message = Message::parse(logon).expect("a whole message");
    session.handle(now, Input::Received(&message), &mut tally);
    let body = b"37=1\x0117=2\x01150=0\x01";
    let submit = |session: &mut Session, tally: &mut Tally| {
        let input = Input::Submit {
            msg_type: b"8",
            body,
            poss_resend: false,
        };
        session.handle(now, input, tally);
    };
    submit(&mut session, &mut tally);
    let counted = allocations(|| {
        for seq in 2..10_000 {
            let bytes = encode_order(&mut peer, &mut out, seq);
            let Scan::Message { message, .. } = scan(bytes) else {
                panic!("what is encoded is decoded");
            };
            session.handle(now, Input::Received(&message), &mut tally);
            submit(&mut session, &mut tally);
        }
    });
    assert_eq!(counted, 0);
    assert_eq!((tally.delivered, tally.transmitted), (9_998, 10_000));
}
