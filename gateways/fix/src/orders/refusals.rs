//! BusinessMessageReject (j) for what a peer must not send, or dcx does not take.

use crate::{AppReject, Message};

/// The value by which a message's sender knows it, `BusinessRejectRefID` (379), if there is one.
pub(super) fn business_id<'a>(message: &Message<'a>) -> Option<&'a [u8]> {
    message.get(business_id_tag(message.msg_type())?)
}

/// The field that names a message of this type to its sender (FIX 4.4 vol. 2, "Business Message
/// Reject": the business-level identifier of the message that is referenced).
const fn business_id_tag(msg_type: &[u8]) -> Option<u32> {
    Some(match msg_type {
        // Orders and what is about one order: ClOrdID.
        b"D" | b"F" | b"G" | b"H" | b"q" | b"AB" | b"AC" => 11,
        // ExecutionReport: ExecID. OrderCancelReject and DontKnowTrade: OrderID.
        b"8" => 17,
        b"9" | b"Q" => 37,
        // Lists: ListID. Cross orders: CrossID.
        b"E" | b"K" | b"L" | b"M" | b"N" => 66,
        b"s" | b"t" | b"u" => 548,
        b"J" | b"P" | b"AS" | b"AT" => 70,
        // Quotes: QuoteReqID, QuoteID.
        b"R" | b"AG" | b"AH" => 131,
        b"S" | b"Z" | b"a" | b"b" | b"i" => 117,
        b"V" | b"W" | b"X" | b"Y" => 262,
        b"c" | b"d" | b"v" | b"w" | b"x" | b"y" | b"z" | b"AA" => 320,
        b"e" | b"f" => 324,
        b"g" | b"h" => 335,
        b"AF" => 584,
        b"AD" | b"AQ" => 568,
        b"AE" | b"AR" => 571,
        b"AL" | b"AM" | b"AN" | b"AO" | b"AP" => 710,
        b"BE" | b"BF" => 923,
        b"CA" | b"BZ" => 11,
        b"C" => 164,
        b"6" => 23,
        b"7" => 2,
        _ => return None,
    })
}

/// A message type that FIX knows and this application does not take from this peer.
///
/// The text is the acceptance suite's (QuickFIX).
pub(super) fn unsupported(message: &Message<'_>) -> AppReject {
    match AppReject::unsupported_message_type() {
        AppReject::Business { reason, text, .. } => AppReject::Business {
            reason,
            ref_id: business_id(message).map(<[u8]>::to_vec),
            text,
        },
        reject @ AppReject::Session { .. } => reject,
    }
}
