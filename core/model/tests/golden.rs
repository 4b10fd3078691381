//! Golden bytes: a journal written by an older build is read by this one.

use dcx_model::*;

fn text<const N: usize>(value: &str) -> Text<N> {
    value.parse().expect("a short printable text")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn new_order() -> Command {
    Command::NewOrder(NewOrder {
        session: SessionId::new(1),
        account: AccountId::new(2),
        cl_ord_id: text("ORD-1"),
        instrument: InstrumentId::new(3),
        side: Side::Sell,
        ord_type: OrdType::Limit,
        time_in_force: TimeInForce::Ioc,
        algo: Algo::Twap,
        order_qty: Qty::from_units(0x0102),
        limit_px: Price::from_units(0x0304).into(),
        start: UnixNanos::new(5),
        end: UnixNanos::new(6),
        slices: 7,
        transact_time: UnixNanos::new(8),
        ..NewOrder::PLAIN
    })
}

#[test]
fn a_new_order_keeps_its_bytes() {
    let record = Record::of_command(&new_order());
    assert_eq!(record.kind(), 1);
    let expected = [
        "0100",
        "02000000",
        "4f52442d31",
        &"00".repeat(31),
        "03000000",
        "32",
        "32",
        "33",
        "01",
        "0201000000000000",
        "0403000000000000",
        "0500000000000000",
        "0600000000000000",
        "0700",
        "0800000000000000",
        "0000",
        "00",
        "0000",
        "0000000000000080",
        "00",
        "0000000000000000",
        "0000000000000000",
        "0000000000000000",
        "0000000000000000",
        "00",
        "00",
    ];
    assert_eq!(hex(record.body()), expected.concat());
    assert_eq!(Record::command(1, record.body()), Ok(new_order()));
}

#[test]
fn a_refusal_keeps_its_bytes() {
    let refusal = Refusal::QtyAboveMax {
        at: Level::Instrument,
        qty: Qty::from_units(9),
        max: Qty::from_units(4),
    };
    let view = OrderView {
        order: OrderId::new(1),
        cl_ord_id: text("A"),
        session: SessionId::new(2),
        instrument: InstrumentId::new(3),
        side: Side::Buy,
        ord_type: OrdType::Market,
        time_in_force: TimeInForce::Day,
        ord_status: OrdStatus::Rejected,
        order_qty: Qty::from_units(9),
        limit_px: LimitPx::NONE,
        cum_qty: Qty::ZERO,
        avg_px: Price::ZERO,
        ..OrderView::EMPTY
    };
    let event = Event::Rejected { view, refusal };
    let record = Record::of_event(&event);
    assert_eq!(record.kind(), 1002);
    let expected = [
        "0100000000000000",
        "41",
        &"00".repeat(35),
        "0200",
        "03000000",
        "31",
        "31",
        "30",
        "38",
        "0900000000000000",
        "0000000000000080",
        "0000000000000000",
        "0000000000000000",
        "0000000000000080",
        "0000",
        "0600",
        "0400000000000000",
        "0900000000000000",
        "0400000000000000",
    ];
    assert_eq!(hex(record.body()), expected.concat());
    assert_eq!(Record::event(1002, record.body()), Ok(event));
}

#[test]
fn a_damaged_record_is_refused_and_says_why() {
    let record = Record::of_command(&new_order());
    let body = record.body();
    assert_eq!(
        Record::command(1, &body[..body.len() - 1]),
        Err(RecordFault::Length {
            kind: 1,
            len: body.len() - 1,
            expected: body.len()
        })
    );
    assert_eq!(
        Record::command(999, body),
        Err(RecordFault::Kind { kind: 999 })
    );
    let mut wrong_side = body.to_vec();
    wrong_side[46] = b'x';
    assert_eq!(
        Record::command(1, &wrong_side),
        Err(RecordFault::Value {
            kind: 1,
            field: "NewOrder"
        })
    );
    assert_eq!(
        Record::command(10, &[0]),
        Err(RecordFault::Length {
            kind: 10,
            len: 1,
            expected: 0
        })
    );
}
