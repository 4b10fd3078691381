//! Bodies of Reject (3) and BusinessMessageReject (j).

use crate::codec::{
    BUSINESS_REJECT_REASON, BUSINESS_REJECT_REF_ID, DELIVER_TO_COMP_ID, DELIVER_TO_LOCATION_ID,
    DELIVER_TO_SUB_ID, ON_BEHALF_OF_COMP_ID, ON_BEHALF_OF_LOCATION_ID, ON_BEHALF_OF_SUB_ID,
    REF_MSG_TYPE, REF_SEQ_NUM, REF_TAG_ID, SESSION_REJECT_REASON, TEXT,
};
use crate::{Body, Message};

/// BusinessMessageReject (j) for a message that its session found in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BusinessReject<'a> {
    /// `BusinessRejectReason` (380).
    pub reason: u16,
    /// `BusinessRejectRefID` (379), empty for none.
    pub ref_id: &'a [u8],
    /// `Text` (58), empty for none.
    pub text: &'a str,
}

/// Writes the body of a BusinessMessageReject (j) that answers `message`.
pub fn write_business_reject(
    body: &mut Body<'_>,
    message: &Message<'_>,
    reject: &BusinessReject<'_>,
) {
    write_route_back(body, message);
    body.uint(REF_SEQ_NUM, message.msg_seq_num().unwrap_or(0));
    body.str(TEXT, reject.text);
    body.bytes(REF_MSG_TYPE, message.msg_type());
    body.bytes(BUSINESS_REJECT_REF_ID, reject.ref_id);
    body.uint(BUSINESS_REJECT_REASON, u64::from(reject.reason));
}

/// The content of a Reject (3).
pub(super) struct Reject<'a> {
    pub(super) reason: u16,
    pub(super) ref_tag: Option<i64>,
    pub(super) text: &'a str,
}

pub(super) fn write_reject(body: &mut Body<'_>, message: &Message<'_>, reject: &Reject<'_>) {
    write_route_back(body, message);
    body.uint(REF_SEQ_NUM, message.msg_seq_num().unwrap_or(0));
    body.str(TEXT, reject.text);
    if let Some(tag) = reject.ref_tag {
        body.int(REF_TAG_ID, tag);
    }
    body.bytes(REF_MSG_TYPE, message.msg_type());
    // FIX 4.2 lists no reason above 11; its acceptance tests 14g to 14i leave the field out.
    if reject.reason <= 11 || message.begin_string() != b"FIX.4.2" {
        body.uint(SESSION_REJECT_REASON, u64::from(reject.reason));
    }
}

/// Sends an answer the way its message came: on whose behalf becomes to whom, and the reverse
/// (FIX 4.4 vol. 1, "Message routing details"; acceptance test ReverseRoute).
fn write_route_back(body: &mut Body<'_>, message: &Message<'_>) {
    let ways = [
        (ON_BEHALF_OF_COMP_ID, DELIVER_TO_COMP_ID),
        (ON_BEHALF_OF_SUB_ID, DELIVER_TO_SUB_ID),
        (DELIVER_TO_COMP_ID, ON_BEHALF_OF_COMP_ID),
        (DELIVER_TO_SUB_ID, ON_BEHALF_OF_SUB_ID),
        (ON_BEHALF_OF_LOCATION_ID, DELIVER_TO_LOCATION_ID),
        (DELIVER_TO_LOCATION_ID, ON_BEHALF_OF_LOCATION_ID),
    ];
    for (to, from) in ways {
        body.bytes(to, message.get(from).unwrap_or_default());
    }
}
