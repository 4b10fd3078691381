//! Linked orders in one message: NewOrderList (E).

use dcx_model::{ClOrdId, LIST_ORDERS_MAX, NewOrder, Refusal};

use super::client;
use super::directory::{Client, Directory};
use super::fields::{Fields, Linked, STRATEGY_GROUP, TARGET_STRATEGY, count};
use super::value::{self, required};
use crate::{AppReject, Message};

/// Orders read out of a list: its entries as they stand on the wire, and what they are.
#[derive(Debug)]
pub(super) struct List<'a> {
    pub(super) entries: Vec<Fields<'a>>,
    /// The orders, or for each of the entries why it is refused.
    pub(super) made: Result<Vec<NewOrder>, Vec<Refusal>>,
}

/// The fields of a list besides its orders.
#[derive(Debug, Default)]
struct Head<'a> {
    name: Option<&'a [u8]>,
    bid_type: Option<&'a [u8]>,
    total: Option<&'a [u8]>,
    count: Option<&'a [u8]>,
    contingency: Option<&'a [u8]>,
    poss_resend: Option<&'a [u8]>,
    unsupported: Option<u32>,
}

impl<'a> Head<'a> {
    fn take(&mut self, tag: u32, value: &'a [u8]) -> bool {
        let field = match tag {
            66 => &mut self.name,
            68 => &mut self.total,
            73 => &mut self.count,
            97 => &mut self.poss_resend,
            394 => &mut self.bid_type,
            1385 => &mut self.contingency,
            // ListExecInstType: 1 is immediate; others wait for a ListExecute (L). LastFragment.
            433 if value != b"1" => return self.refuse(tag),
            893 if value != b"Y" => return self.refuse(tag),
            _ => return false,
        };
        field.get_or_insert(value);
        true
    }

    fn refuse(&mut self, tag: u32) -> bool {
        self.unsupported.get_or_insert(tag);
        true
    }
}

/// Reads a NewOrderList (E). Its orders come in whole or not at all.
pub(super) fn new_orders<'a>(
    message: &Message<'a>,
    client: &Client,
    directory: &Directory,
) -> Result<List<'a>, AppReject> {
    let (head, mut entries) = split(message);
    let name: ClOrdId = value::text(66, required(66, head.name)?)?;
    let total = count(68, required(68, head.total)?)?;
    let said = value::uint(73, required(73, head.count)?, u64::MAX)?;
    let bid_type = required(394, head.bid_type)?;
    let contingency = required(1385, head.contingency)?;
    if entries.is_empty() {
        required(11, None)?;
    }
    let unfit = if let Some(tag) = head.unsupported {
        Some(Refusal::Unsupported { tag })
    } else if bid_type != b"3" {
        // There is no bidding.
        Some(Refusal::Unsupported { tag: 394 })
    } else if said != entries.len() as u64 || usize::from(total) != entries.len() {
        Some(Refusal::ListInvalid)
    } else {
        None
    };
    let mut orders = Vec::with_capacity(LIST_ORDERS_MAX);
    let mut refusals = Vec::new();
    let mut places = 0_u64;
    for (ix, entry) in entries.iter_mut().enumerate() {
        entry.poss_resend = head.poss_resend;
        if entry.strategy_group.is_some() {
            entry.unsupported.get_or_insert(STRATEGY_GROUP);
        }
        let place = match entry.list_seq_no {
            Some(text) => count(67, text)?,
            None => u8::try_from(ix + 1).unwrap_or(u8::MAX),
        };
        places |= 1_u64.checked_shl(u32::from(place)).unwrap_or(0);
        let linked = match unfit {
            Some(refusal) => Err(refusal),
            None => Linked::of(name.as_bytes(), contingency, place, total),
        };
        match client::order(entry, &[], client, directory, linked)? {
            Ok((order, None)) => orders.push(order),
            // No order of a list has an algorithm.
            Ok((_, Some(_))) => {
                let tag = TARGET_STRATEGY;
                refusals.push((ix, Refusal::Contradiction { tag }));
            }
            Err(refusal) => refusals.push((ix, refusal)),
        }
    }
    // Each place once: otherwise two would trigger the others, or none.
    if refusals.is_empty() && places.count_ones() as usize != entries.len() {
        refusals.extend((0..entries.len()).map(|ix| (ix, Refusal::ListInvalid)));
    }
    if refusals.is_empty() {
        let made = Ok(orders);
        return Ok(List { entries, made });
    }
    let mut why = vec![Refusal::ListBroken; entries.len()];
    for (ix, refusal) in refusals {
        why[ix] = refusal;
    }
    Ok(List {
        entries,
        made: Err(why),
    })
}

/// The fields of the list, and those of each of its orders: an order begins with its ClOrdID.
fn split<'a>(message: &Message<'a>) -> (Head<'a>, Vec<Fields<'a>>) {
    let mut head = Head::default();
    let mut entries: Vec<Fields<'a>> = Vec::with_capacity(LIST_ORDERS_MAX);
    for (tag, value) in message.fields() {
        if tag == 11 {
            entries.push(Fields::default());
        }
        match entries.last_mut() {
            Some(entry) => {
                if !head.take(tag, value) {
                    entry.take(tag, value);
                }
            }
            None => {
                head.take(tag, value);
            }
        }
    }
    (head, entries)
}
