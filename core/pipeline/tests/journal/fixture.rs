//! Commands of every kind, and journals made of them.

use std::fs;
use std::path::{Path, PathBuf};

use dcx_model::*;
use dcx_pipeline::{JournalOptions, Mark, Recovered, recover};
use proptest::prelude::*;

pub(crate) fn text<const N: usize>(value: &str) -> Text<N> {
    value.parse().expect("a short printable text")
}

/// Numbers of every width.
type Numbers = (u8, u16, u32, u64, i64);

/// Any command, as the outside world might send it.
pub(crate) fn any_command() -> impl Strategy<Value = Command> {
    let id = || "[ -~]{1,36}".prop_map(|id| text::<36>(&id));
    let name = "[ -~]{1,16}".prop_map(|name| text::<16>(&name));
    prop_oneof![
        (any::<Numbers>(), id()).prop_map(|(n, id)| Command::NewOrder(new_order(n, id))),
        (any::<Numbers>(), id(), id()).prop_map(|(n, cl_ord_id, orig_cl_ord_id)| {
            Command::Cancel(CancelRequest {
                session: SessionId::new(n.1),
                cl_ord_id,
                orig_cl_ord_id,
                transact_time: UnixNanos::new(n.3),
            })
        }),
        (any::<Numbers>(), id()).prop_map(|(n, id)| Command::VenueReport(venue_report(n, id))),
        any::<Numbers>().prop_map(|n| Command::Quote(quote(n))),
        (any::<Numbers>(), name).prop_map(|(n, name)| {
            Command::DefineVenue(Venue {
                id: VenueId::new(n.0),
                name,
                fee_centi_bps: -7,
                features: VenueFeatures::NONE,
            })
        }),
        (any::<Numbers>(), any::<bool>()).prop_map(|(n, up)| Command::VenueState {
            venue: VenueId::new(n.0),
            up,
        }),
        Just(Command::Wake),
        Just(Command::Checkpoint),
    ]
}

fn new_order(n: Numbers, cl_ord_id: ClOrdId) -> NewOrder {
    NewOrder {
        session: SessionId::new(n.1),
        account: AccountId::new(n.2),
        cl_ord_id,
        instrument: InstrumentId::new(n.2),
        side: if n.0.is_multiple_of(2) {
            Side::Buy
        } else {
            Side::Sell
        },
        ord_type: OrdType::Limit,
        time_in_force: TimeInForce::Ioc,
        algo: Algo::Twap,
        order_qty: Qty::from_units(n.3),
        limit_px: Price::from_units(n.4).into(),
        start: UnixNanos::new(n.3),
        end: UnixNanos::new(n.3),
        slices: n.1,
        transact_time: UnixNanos::new(n.3),
        ..NewOrder::PLAIN
    }
}

fn venue_report(n: Numbers, exec_id: ExecId) -> VenueReport {
    VenueReport {
        venue: VenueId::new(n.0),
        child: ChildId::new(n.3),
        exec_id,
        exec_type: ExecType::Trade,
        ord_status: OrdStatus::PartiallyFilled,
        ord_rej_reason: OrdRejReason::Other,
        last_qty: Qty::from_units(n.3),
        last_px: Price::from_units(n.4),
        cum_qty: Qty::from_units(n.3),
        leaves_qty: Qty::from_units(u64::from(n.2)),
        ..VenueReport::EMPTY
    }
}

fn quote(n: Numbers) -> Quote {
    Quote {
        venue: VenueId::new(n.0),
        instrument: InstrumentId::new(n.2),
        bid_px: Price::from_units(n.4).into(),
        bid_qty: Qty::from_units(n.3),
        ask_px: LimitPx::NONE,
        ask_qty: Qty::from_units(n.3),
        quote_time: UnixNanos::new(n.3),
    }
}

/// A few commands of different lengths, the same every time.
pub(crate) fn some_commands() -> Vec<Command> {
    let report = VenueReport {
        venue: VenueId::new(1),
        child: ChildId::new(77),
        exec_id: text("EXEC-1"),
        exec_type: ExecType::Trade,
        ord_status: OrdStatus::Filled,
        ord_rej_reason: OrdRejReason::Other,
        last_qty: Qty::whole(5),
        last_px: Price::from_units(110_000_000),
        cum_qty: Qty::whole(5),
        leaves_qty: Qty::ZERO,
        ..VenueReport::EMPTY
    };
    let cancel = CancelRequest {
        session: SessionId::new(3),
        cl_ord_id: text("CANCEL-1"),
        orig_cl_ord_id: text("ORDER-1"),
        transact_time: UnixNanos::new(4),
    };
    let venue_up = |up| Command::VenueState {
        venue: VenueId::new(2),
        up,
    };
    vec![
        venue_up(true),
        Command::Wake,
        Command::VenueReport(report),
        Command::Cancel(cancel),
        venue_up(false),
        venue_up(true),
        Command::Wake,
    ]
}

/// Appends `commands` to the journal, each in a write of its own, stamped ten seconds apart.
pub(crate) fn append(recovered: &mut Recovered, commands: &[Command]) {
    for command in commands {
        let seq = recovered.writer.next_seq();
        recovered.writer.append(&Sequenced {
            seq,
            at: UnixNanos::from_seconds(seq.get() * 10),
            received: MonoNanos::new(9),
            command: *command,
        });
        recovered.writer.flush().expect("the disk has room");
    }
}

pub(crate) fn a_mark(seq: u64) -> Mark {
    Mark {
        seq: Seq::new(seq),
        at: UnixNanos::from_seconds(seq * 10),
        state: 0x1122_3344_5566_7788,
        events: 0x99aa_bbcc_ddee_ff00,
        event_count: 5,
    }
}

/// Makes a journal of `commands` in `dir`.
pub(crate) fn write_journal(dir: &Path, commands: &[Command], options: JournalOptions) {
    let mut recovered = recover(dir, options).expect("an empty directory takes a journal");
    append(&mut recovered, commands);
}

pub(crate) fn segment(dir: &Path, number: u32) -> PathBuf {
    dir.join(format!("journal-{number:08}.dcxj"))
}

/// Where the records of the first segment end, the end of its header first.
pub(crate) fn boundaries(bytes: &[u8]) -> Vec<usize> {
    let mut at = 40;
    let mut ends = vec![at];
    while at < bytes.len() {
        at += 32 + usize::from(u16::from_le_bytes([bytes[at + 8], bytes[at + 9]]));
        ends.push(at);
    }
    ends
}

/// Every file of `dir` with its bytes.
pub(crate) fn snapshot(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(dir)
        .expect("the directory is there")
        .map(|entry| entry.expect("its entries can be listed").path())
        .map(|path| (path.clone(), fs::read(path).expect("its files can be read")))
        .collect();
    files.sort();
    files
}
