//! Goal: a journal is read by this build and by programs of others, and one of another format is
//! refused by its number. Method: one small journal for each format version lies in
//! `tests/vectors/journal/`, beside the digests that a replay must give. That of this version is
//! also written anew from its script and must come out byte for byte.
//!
//! With `DCX_WRITE_VECTORS=1` the files are written instead of compared: for a new format version,
//! or where the engine was meant to decide otherwise. The change then shows in the diff.

use std::fs;
use std::path::{Path, PathBuf};

use dcx_engine::{Engine, NoTrace, Outbox};
use dcx_model::{
    AccountId, Algo, CancelRequest, ChildId, Command, Configure, Event, EventDigest, ExecType,
    Instrument, InstrumentId, InstrumentLimits, Limit, LimitChange, LimitPx, MonoNanos, Nanos,
    NewOrder, Notional, OnNoVenue, OrdRejReason, OrdStatus, OrdType, Outbound, Price, Qty, Quote,
    Scope, Seq, Sequenced, SessionId, SessionLimits, Side, Text, TimeInForce, UnixNanos, Venue,
    VenueId, VenueReport, VenueSet,
};
use dcx_pipeline::{JournalOptions, Mark, recover, replay};
use serde_json::json;

const SEGMENT: &str = "journal-00000001.dcxj";

fn vector_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/journal/v2")
}

fn text<const N: usize>(value: &str) -> Text<N> {
    value.parse().expect("a short printable text")
}

fn px(value: &str) -> Price {
    value.parse().expect("a decimal")
}

fn set_up() -> Vec<Command> {
    let venue = VenueId::new(0);
    let instrument = InstrumentId::new(0);
    let mut commands = vec![
        Command::Configure(Configure {
            seed: 42,
            orders_open_max: 16,
            ids_kept_max: 64,
            on_no_venue: OnNoVenue::Hold,
            route_attempts_max: 3,
            discount_ppm: 998_000,
            prior_sd_centi_bps: 200,
            ..Configure::DEFAULT
        }),
        Command::DefineVenue(Venue {
            id: venue,
            name: text("SIMA"),
            fee_centi_bps: 20,
            features: dcx_model::VenueFeatures::NONE,
        }),
        Command::DefineInstrument(Instrument {
            id: instrument,
            symbol: text("EURUSD"),
            tick: px("0.00001"),
            lot: Qty::whole(1),
            prev_close: LimitPx::NONE,
            venues: VenueSet::NONE.with(venue),
            multiplier: Instrument::ONE,
        }),
        Command::VenueState { venue, up: true },
        Command::Quote(Quote {
            venue,
            instrument,
            bid_px: px("1.1").into(),
            bid_qty: Qty::whole(500),
            ask_px: px("1.1002").into(),
            ask_qty: Qty::whole(500),
            quote_time: UnixNanos::ZERO,
        }),
    ];
    commands.extend(
        (InstrumentLimits {
            instrument,
            order_qty_max: Qty::whole(1_000),
            order_notional_max: Notional::whole(10_000),
            position_max: Qty::whole(5_000),
            quote_age_max: Nanos::from_seconds(5),
            collar_bps: 100,
            prev_close_allowed: false,
        })
        .changes()
        .map(Command::SetLimit),
    );
    commands.push(Command::SetLimit(LimitChange::configured(
        Scope::Firm,
        Limit::GrossMax,
        Notional::whole(1_000_000_000_000).units(),
    )));
    commands.extend(
        (SessionLimits {
            session: SessionId::new(0),
            orders_per_s_max: 100,
            burst_max: 10,
            orders_open_max: 10,
        })
        .changes()
        .map(Command::SetLimit),
    );
    commands
}

fn order(cl_ord_id: &str, order_qty: u64) -> Command {
    Command::NewOrder(NewOrder {
        session: SessionId::new(0),
        account: AccountId::new(0),
        cl_ord_id: text(cl_ord_id),
        instrument: InstrumentId::new(0),
        side: Side::Buy,
        ord_type: OrdType::Limit,
        time_in_force: TimeInForce::Day,
        algo: Algo::AtOnce,
        order_qty: Qty::whole(order_qty),
        limit_px: px("1.1001").into(),
        start: UnixNanos::ZERO,
        end: UnixNanos::ZERO,
        slices: 0,
        transact_time: UnixNanos::from_seconds(1_700_000_000),
        ..NewOrder::PLAIN
    })
}

fn report(child: ChildId, exec_id: &str, exec_type: ExecType) -> VenueReport {
    VenueReport {
        venue: VenueId::new(0),
        child,
        exec_id: text(exec_id),
        exec_type,
        ord_status: OrdStatus::New,
        ord_rej_reason: OrdRejReason::Other,
        last_qty: Qty::ZERO,
        last_px: Price::ZERO,
        cum_qty: Qty::ZERO,
        leaves_qty: Qty::ZERO,
        ..VenueReport::EMPTY
    }
}

/// An order that is filled in part and cancelled, one that is refused, and a checkpoint.
fn story(child: ChildId) -> Vec<Command> {
    vec![
        Command::VenueReport(VenueReport {
            leaves_qty: Qty::whole(100),
            ..report(child, "E1", ExecType::New)
        }),
        Command::VenueReport(VenueReport {
            ord_status: OrdStatus::PartiallyFilled,
            last_qty: Qty::whole(40),
            last_px: px("1.1001"),
            cum_qty: Qty::whole(40),
            leaves_qty: Qty::whole(60),
            ..report(child, "E2", ExecType::Trade)
        }),
        order("ORDER-2", 5_000),
        Command::Cancel(CancelRequest {
            session: SessionId::new(0),
            cl_ord_id: text("CANCEL-1"),
            orig_cl_ord_id: text("ORDER-1"),
            transact_time: UnixNanos::from_seconds(1_700_000_001),
        }),
        Command::VenueReport(VenueReport {
            ord_status: OrdStatus::Canceled,
            cum_qty: Qty::whole(40),
            ..report(child, "E3", ExecType::Canceled)
        }),
        Command::Checkpoint,
    ]
}

/// Writes the journal of the script into `dir`; returns its digests.
fn write(dir: &Path) -> serde_json::Value {
    let mut writer = recover(dir, JournalOptions::default())
        .expect("an empty directory")
        .writer;
    let (mut engine, mut outbox) = (Engine::new(), Outbox::new());
    let mut digest = EventDigest::default();
    let (mut seq, mut child, mut state) = (Seq::new(1), None, None);
    let mut commands = set_up();
    commands.push(order("ORDER-1", 100));
    let mut commands = std::collections::VecDeque::from(commands);
    let mut records = 0;
    while let Some(command) = commands.pop_front() {
        let at = UnixNanos::from_seconds(1_700_000_000).plus(Nanos::from_millis(seq.get()));
        let sequenced = Sequenced {
            seq,
            at,
            received: MonoNanos::default(),
            command,
        };
        writer.append(&sequenced);
        records += 1;
        engine.apply(at, seq, &command, &mut outbox);
        for (ix, event) in (0..).zip(outbox.events()) {
            digest.take(&Outbound {
                seq,
                ix,
                at,
                received: MonoNanos::default(),
                event: *event,
            });
            match event {
                Event::ChildSent(sent) if child.is_none() => {
                    child = Some(sent.child);
                    commands.extend(story(sent.child));
                }
                Event::Digest { state: found } => state = Some(*found),
                _ => {}
            }
        }
        if let Some(state) = state {
            writer.append_mark(&Mark {
                seq,
                at,
                state,
                events: digest.value(),
                event_count: digest.count(),
            });
            records += 1;
        }
        seq = seq.next();
    }
    writer.flush().expect("a small file");
    json!({
        "records": records,
        "events": digest.count(),
        "state_digest": format!("{:016x}", state.expect("the script ends with a checkpoint")),
        "event_digest": format!("{:016x}", digest.value()),
    })
}

#[test]
fn the_journal_of_version_2_is_read_and_written_as_ever() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let digests = write(scratch.path());
    let written = fs::read(scratch.path().join(SEGMENT)).expect("the journal just written");
    if std::env::var_os("DCX_WRITE_VECTORS").is_some() {
        fs::create_dir_all(vector_dir()).expect("a place for the vector");
        fs::write(vector_dir().join(SEGMENT), &written).expect("the vector");
        let page = serde_json::to_string_pretty(&digests).expect("plain JSON") + "\n";
        fs::write(vector_dir().join("digests.json"), page).expect("the digests");
    }
    let kept = fs::read(vector_dir().join(SEGMENT)).expect("the vector is in the repository");
    assert!(kept == written, "the same commands make other bytes");

    let page = fs::read(vector_dir().join("digests.json")).expect("the digests beside it");
    let page: serde_json::Value = serde_json::from_slice(&page).expect("JSON");
    assert_eq!(page, digests, "the engine decides otherwise than it did");
    let replayed = replay(&vector_dir(), &mut NoTrace).expect("a whole journal");
    assert!(replayed.equal() && replayed.checkpoints == 1);
    assert_eq!(page["records"], replayed.records);
    assert_eq!(page["events"], replayed.events);
    let hex = |digest: u64| format!("{digest:016x}");
    assert_eq!(page["state_digest"], hex(replayed.state_digest));
    assert_eq!(page["event_digest"], hex(replayed.event_digest));
}

#[test]
fn the_journal_of_version_1_is_refused_by_its_number() {
    let old = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/journal/v1");
    let refused = dcx_pipeline::verify(&old).expect_err("another format");
    assert_eq!(refused.code(), dcx_model::Code::J006);
}
