//! What a simulated venue says of its orders and trades: `dcx sim venue --ledger FILE`.

use std::path::Path;

use dcx_model::Qty;
use serde_json::Value;

/// An order as the venue knows it.
#[derive(Debug)]
pub(crate) struct VenueOrder {
    /// Its first `ClOrdID` (11): the child's number, if it is ours.
    pub(crate) cl_ord_id: String,
    /// `Symbol` (55).
    pub(crate) symbol: String,
    /// Whether it buys.
    pub(crate) buys: bool,
    /// What was filled and not taken back, in units of 10⁻⁸.
    pub(crate) filled: i128,
    /// What still works, in units of 10⁻⁸.
    pub(crate) working: i128,
    /// The venue made it up.
    pub(crate) orphan: bool,
    /// The venue lost it.
    pub(crate) vanished: bool,
}

/// A venue's book.
#[derive(Debug, Default)]
pub(crate) struct VenueBook {
    /// Its orders.
    pub(crate) orders: Vec<VenueOrder>,
    /// `ExecID` (17) of every trade, standing or not.
    pub(crate) trades: Vec<String>,
    /// New orders that came in, refused ones and all.
    pub(crate) received: u64,
}

impl VenueBook {
    /// Reads the file that a venue wrote as it ended.
    pub(crate) fn read(file: &Path) -> Self {
        let text = std::fs::read_to_string(file).expect("the venue wrote its ledger");
        let mut book = Self::default();
        for line in text.lines() {
            let value: Value = serde_json::from_str(line).expect("each line is JSON");
            match text_of(&value, "kind") {
                "order" => book.orders.push(VenueOrder {
                    cl_ord_id: text_of(&value, "first_cl_ord_id").to_owned(),
                    symbol: text_of(&value, "symbol").to_owned(),
                    buys: text_of(&value, "side").eq_ignore_ascii_case("buy"),
                    filled: units(&value, "filled"),
                    working: units(&value, "working"),
                    orphan: value["orphan"] == true,
                    vanished: value["vanished"] == true,
                }),
                "trade" => book.trades.push(text_of(&value, "exec_id").to_owned()),
                "received" => book.received = value["orders"].as_u64().expect("a count"),
                other => panic!("a line of the ledger is of no known kind: {other}"),
            }
        }
        book
    }
}

fn text_of<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key]
        .as_str()
        .unwrap_or_else(|| panic!("{key} is a text in {value}"))
}

fn units(value: &Value, key: &str) -> i128 {
    let qty: Qty = text_of(value, key).parse().expect("a quantity");
    i128::from(qty.units())
}
