//! The words of FIX 4.2 and of FIX 5.0 SP2 for what dcx says in those of FIX 4.4.

use super::{Dialect, copy};
use crate::{Body, BodyFields};

/// Orders with a peer of FIX 4.2.
///
/// An ExecutionReport (8) of 4.2 says in `ExecTransType` (20) what it is about (0 new, 1 cancels,
/// 2 corrects, 3 status) and in `ExecType` (150) how the order stands, fills in part and whole
/// included (1, 2); since 4.3 150 says both (F, H, G, I) and 20 is gone (FIX 4.4 vol. 4, appendix
/// "ExecType and ExecTransType"). Reasons that 4.2 does not list become "broker option". What its
/// orders require and dcx does not write, `HandlInst` (21), is "automated, private" (1).
///
/// Mass cancel and mass status (q, r, AF) are not of 4.2.
#[derive(Clone, Copy, Debug)]
pub struct Fix42;

/// `ExecTransType` (20).
const EXEC_TRANS_TYPE: u32 = 20;
/// `HandlInst` (21).
const HANDL_INST: u32 = 21;
/// `OrdStatus` (39).
const ORD_STATUS: u32 = 39;
/// `CxlRejReason` (102).
const CXL_REJ_REASON: u32 = 102;
/// `OrdRejReason` (103).
const ORD_REJ_REASON: u32 = 103;
/// `ExecType` (150).
const EXEC_TYPE: u32 = 150;
/// `ExecRestatementReason` (378).
const EXEC_RESTATEMENT_REASON: u32 = 378;

impl Dialect for Fix42 {
    fn outgoing(&self, msg_type: &[u8], fields: BodyFields<'_>, body: &mut Body<'_>) {
        match msg_type {
            b"8" => report_to_42(fields, body),
            b"9" => {
                for (tag, value) in fields {
                    match (tag, value) {
                        (CXL_REJ_REASON, [b'0'..=b'3']) => body.verbatim(tag, value),
                        (CXL_REJ_REASON, _) => body.char(tag, b'2'),
                        _ => body.verbatim(tag, value),
                    }
                }
            }
            b"D" | b"G" => {
                let handled = fields.clone().any(|(tag, _)| tag == HANDL_INST);
                copy(fields, body);
                if !handled {
                    body.char(HANDL_INST, b'1');
                }
            }
            _ => copy(fields, body),
        }
    }

    fn incoming(&self, msg_type: &[u8], fields: BodyFields<'_>, body: &mut Body<'_>) {
        match msg_type {
            b"8" => report_from_42(fields, body),
            _ => copy(fields, body),
        }
    }
}

/// The value of the first field with this tag.
fn value<'a>(fields: &BodyFields<'a>, wanted: u32) -> &'a [u8] {
    let mut fields = fields.clone();
    let found = fields.find(|(tag, _)| *tag == wanted);
    found.map(|(_, value)| value).unwrap_or_default()
}

fn report_to_42(fields: BodyFields<'_>, body: &mut Body<'_>) {
    let ord_status = value(&fields, ORD_STATUS);
    let restated = !value(&fields, EXEC_RESTATEMENT_REASON).is_empty();
    for (tag, value) in fields {
        match (tag, value) {
            (EXEC_TYPE, exec_type) => {
                let (about, exec_type) = match exec_type {
                    b"H" => (b'1', ord_status),
                    b"G" => (b'2', ord_status),
                    b"I" => (b'3', ord_status),
                    b"F" if ord_status == b"2" => (b'0', b"2".as_slice()),
                    b"F" => (b'0', b"1".as_slice()),
                    // Triggered: it works now. 4.2 has no word for it but "restated".
                    b"L" => (b'0', b"D".as_slice()),
                    other => (b'0', other),
                };
                body.char(EXEC_TRANS_TYPE, about);
                body.verbatim(tag, exec_type);
                if value == b"L" && !restated {
                    body.char(EXEC_RESTATEMENT_REASON, b'4');
                }
            }
            (ORD_REJ_REASON, [b'0'..=b'8']) => body.verbatim(tag, value),
            (ORD_REJ_REASON, _) => body.char(tag, b'0'),
            (EXEC_RESTATEMENT_REASON, [b'0'..=b'5']) => body.verbatim(tag, value),
            (EXEC_RESTATEMENT_REASON, _) => body.char(tag, b'4'),
            // MassStatusReqID, TotNumReports, LastRptRequested and CopyMsgIndicator are of 4.4.
            (584 | 911 | 912 | 797, _) => {}
            _ => body.verbatim(tag, value),
        }
    }
}

fn report_from_42(fields: BodyFields<'_>, body: &mut Body<'_>) {
    let about = value(&fields, EXEC_TRANS_TYPE);
    for (tag, value) in fields {
        match (tag, value) {
            (EXEC_TRANS_TYPE, _) => {}
            (EXEC_TYPE, exec_type) => match (about, exec_type) {
                (b"1", _) => body.char(tag, b'H'),
                (b"2", _) => body.char(tag, b'G'),
                (b"3", _) => body.char(tag, b'I'),
                (_, b"1" | b"2") => body.char(tag, b'F'),
                _ => body.verbatim(tag, value),
            },
            _ => body.verbatim(tag, value),
        }
    }
}

/// Orders with a peer of FIX 5.0 SP2.
///
/// It says what FIX 4.4 says of an order in the same words. An OrderMassCancelReport (r) has
/// besides its `OrderID` (37) a `MassActionReportID` (1369), which is required; a
/// TradeCaptureReport (AE) has neither `OrderQty` (38) nor `OrdStatus` (39).
#[derive(Clone, Copy, Debug)]
pub struct Fix50Sp2;

/// `OrderQty` (38).
const ORDER_QTY: u32 = 38;
/// `OrderID` (37).
const ORDER_ID: u32 = 37;
/// `MassActionReportID` (1369).
const MASS_ACTION_REPORT_ID: u32 = 1369;

impl Dialect for Fix50Sp2 {
    fn outgoing(&self, msg_type: &[u8], fields: BodyFields<'_>, body: &mut Body<'_>) {
        match msg_type {
            b"r" => {
                let report = value(&fields, ORDER_ID);
                copy(fields, body);
                body.bytes(MASS_ACTION_REPORT_ID, report);
            }
            b"AE" => {
                for (tag, value) in fields {
                    // The order's quantity and status are no longer a trade report's to say.
                    if !matches!(tag, ORDER_QTY | ORD_STATUS) {
                        body.verbatim(tag, value);
                    }
                }
            }
            _ => copy(fields, body),
        }
    }
}

#[cfg(test)]
mod tests {
    use dcx_model::UnixNanos;

    use super::super::{Spoken, Translator};
    use crate::{Encoder, Head, Message, Rejection, Switches, Version};

    /// `|` for SOH.
    fn soh(text: &str) -> Vec<u8> {
        text.replace('|', "\x01").into_bytes()
    }

    fn shown(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).replace('\x01', "|")
    }

    fn translator(version: Version) -> Translator {
        let spoken = Spoken::of(version).expect("not dcx's own");
        Translator::new(spoken, version.dictionary())
    }

    fn out(version: Version, msg_type: &[u8], body: &str) -> String {
        shown(translator(version).outgoing(msg_type, &soh(body)))
    }

    fn message(version: Version, msg_type: &[u8], body: &str) -> Vec<u8> {
        let begin_string = version.begin_string().as_bytes();
        let mut encoder = Encoder::new(begin_string, b"A", b"B");
        let head = Head::new(msg_type, 7, UnixNanos::from_seconds(1));
        let mut out = Vec::new();
        let bytes = encoder.encode(&mut out, &head, |out| out.raw(&soh(body)));
        bytes.to_vec()
    }

    fn valid(version: Version, msg_type: &[u8], body: &str) -> Result<(), Rejection> {
        let bytes = message(version, msg_type, body);
        let message = Message::parse(&bytes).unwrap();
        version
            .dictionary()
            .validate(&message, &Switches::default())
    }

    /// What the edge writes of an order's life, by 150 and 39.
    const LIFE: &[(&str, &str)] = &[
        ("0", "0"),
        ("F", "1"),
        ("F", "2"),
        ("F", "4"),
        ("6", "6"),
        ("4", "4"),
        ("E", "E"),
        ("5", "0"),
        ("8", "8"),
        ("C", "C"),
        ("A", "A"),
        ("L", "0"),
        ("D", "0"),
        ("H", "1"),
        ("G", "2"),
        ("I", "1"),
    ];

    fn report(exec_type: &str, ord_status: &str) -> String {
        format!(
            "37=1|17=9-0|150={exec_type}|39={ord_status}|11=A|55=EURUSD|54=1|38=5|40=2|44=1.1|59=0|\
             32=1|31=1.1|151=4|14=1|6=1.1|60=20260102-03:04:05|103=99|"
        )
    }

    #[test]
    fn every_report_of_an_orders_life_is_one_of_the_peers_version() {
        for (exec_type, ord_status) in LIFE {
            let written = report(exec_type, ord_status);
            assert_eq!(valid(Version::Fix44, b"8", &written), Ok(()), "{exec_type}");
            for version in [Version::Fix42, Version::Fix50Sp2] {
                let sent = out(version, b"8", &written);
                assert_eq!(
                    valid(version, b"8", &sent),
                    Ok(()),
                    "{} {sent}",
                    version.name()
                );
            }
            assert!(
                valid(Version::Fix42, b"8", &written).is_err(),
                "20 is missing"
            );
        }
    }

    #[test]
    fn fills_and_what_takes_them_back_are_said_in_the_words_of_42_and_read_again() {
        for (exec_type, ord_status, about, said) in [
            ("F", "1", "0", "1"),
            ("F", "2", "0", "2"),
            ("H", "1", "1", "1"),
            ("G", "2", "2", "2"),
            ("I", "1", "3", "1"),
            ("0", "0", "0", "0"),
        ] {
            let sent = out(Version::Fix42, b"8", &report(exec_type, ord_status));
            let expected = format!("|20={about}|150={said}|39={ord_status}|");
            assert!(sent.contains(&expected), "{sent}");
            assert!(sent.contains("|103=0|"), "4.2 has no 99: {sent}");
            let bytes = message(Version::Fix42, b"8", &sent);
            let mut translator = translator(Version::Fix42);
            let received = translator
                .incoming(&Message::parse(&bytes).unwrap())
                .unwrap();
            assert_eq!(received.get(150), Some(exec_type.as_bytes()));
            assert_eq!(received.get(20), None);
            assert_eq!(received.msg_seq_num(), Ok(7));
            assert_eq!(received.begin_string(), b"FIX.4.2");
            assert_eq!(received.get(60), Some(b"20260102-03:04:05".as_slice()));
        }
    }

    #[test]
    fn orders_requests_and_refusals_fit_each_version() {
        let order = "11=A|55=EURUSD|54=1|60=20260102-03:04:05|38=5|40=2|44=1.1|59=0|";
        assert_eq!(
            valid(Version::Fix42, b"D", &out(Version::Fix42, b"D", order)),
            Ok(())
        );
        let handled = format!("{order}21=3|");
        assert_eq!(out(Version::Fix42, b"D", &handled), handled, "said already");
        let refused = "37=1|11=A|41=B|39=0|434=1|102=99|60=20260102-03:04:05|58=no|";
        let sent = out(Version::Fix42, b"9", refused);
        assert!(sent.contains("|102=2|"), "{sent}");
        assert_eq!(valid(Version::Fix42, b"9", &sent), Ok(()));
        let mass = "37=9-0|11=A|530=7|531=7|533=2|60=20260102-03:04:05|";
        let sent = out(Version::Fix50Sp2, b"r", mass);
        assert!(sent.ends_with("|1369=9-0|"), "{sent}");
        assert_eq!(valid(Version::Fix50Sp2, b"r", &sent), Ok(()));
    }

    #[test]
    fn data_passes_a_dialect_whole() {
        let body = "37=1|17=2|20=0|150=1|39=1|55=X|54=1|151=6|14=4|6=1|354=7|355=a|10=1||";
        let bytes = message(Version::Fix42, b"8", body);
        let read = Message::parse(&bytes).unwrap();
        assert_eq!(read.get(355), Some(b"a\x0110=1\x01".as_slice()));
        let mut translator = translator(Version::Fix42);
        let received = translator.incoming(&read).unwrap();
        assert_eq!(received.get(355), Some(b"a\x0110=1\x01".as_slice()));
        assert_eq!(received.get(150), Some(b"F".as_slice()));
    }
}
