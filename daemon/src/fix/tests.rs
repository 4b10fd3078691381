//! What is said of a log, word by word.

use super::*;

fn framed(body: &str) -> String {
    let body = body.replace('|', "\u{1}");
    let front = format!("8=FIX.4.4\u{1}9={}\u{1}{body}", body.len());
    let sum: u8 = front.bytes().fold(0, u8::wrapping_add);
    format!("{front}10={sum:03}\u{1}")
}

fn head(msg_type: &str, number: u32, second: u32) -> String {
    format!("35={msg_type}|49=C|56=DCX|34={number}|52=20261124-12:00:{second:02}|")
}

fn log() -> String {
    let logon = head("A", 1, 0) + "98=0|108=30|553=ann|554=hunter2|95=7|96=hunter2|";
    let order = head("D", 2, 1)
        + "11=O-1|453=2|448=X|447=D|452=1|802=1|523=S|803=4|448=Y|447=D|452=3|55=EURUSD|54=1|\
           60=20261124-12:00:01|38=100|40=2|44=1.1|9001=u|";
    let replace = head("G", 3, 2) + "41=O-1|11=O-2|55=EURUSD|54=1|60=20261124-12:00:02|38=50|40=1|";
    let wrong = head("D", 4, 3) + "11=O-3|55=EURUSD|54=?|60=20261124-12:00:03|38=1|40=1|";
    let cancel = head("F", 5, 4) + "41=O-2|11=O-4|55=EURUSD|54=1|60=20261124-12:00:04|";
    let mut log = String::new();
    for body in [logon, order, replace, wrong, cancel] {
        log.push_str("t : ");
        log.push_str(&framed(&body));
        log.push('\n');
    }
    log.push_str("t : 8=FIX.4.4|9=11|35=D|554=hunter2|58=x554=hunter2|10=000|\n");
    log
}

fn reading(form: Form) -> Reading {
    Reading {
        dictionary: None,
        wanted: Wanted::default(),
        form,
        check: form == Form::Faults,
        counts: Counts::default(),
    }
}

fn said(mut reading: Reading, log: &[u8]) -> (String, Counts) {
    let mut out = Vec::new();
    assert!(reading.read(log, &mut out, true).is_ok());
    (String::from_utf8(out).unwrap(), reading.counts)
}

#[test]
fn an_order_is_shown_with_its_names_and_its_groups() {
    let mut reading = reading(Form::Lines);
    reading.wanted.types = vec!["NewOrderSingle".to_owned()];
    reading.wanted.to = moment("2026-11-24T12:00:01Z").ok();
    let (text, counts) = said(reading, log().as_bytes());
    let golden = "\
line 2  20261124-12:00:01  C -> DCX  #2  NewOrderSingle (D)
      8 BeginString         FIX.4.4
      9 BodyLength          186
     35 MsgType             D  NewOrderSingle
     49 SenderCompID        C
     56 TargetCompID        DCX
     34 MsgSeqNum           2
     52 SendingTime         20261124-12:00:01
     11 ClOrdID             O-1
    453 NoPartyIDs          2
      [1]
      448 PartyID             X
      447 PartyIDSource       D  PROPRIETARY_CUSTOM_CODE
      452 PartyRole           1  EXECUTING_FIRM
      802 NoPartySubIDs       1
        [1]
        523 PartySubID          S
        803 PartySubIDType      4  APPLICATION
      [2]
      448 PartyID             Y
      447 PartyIDSource       D  PROPRIETARY_CUSTOM_CODE
      452 PartyRole           3  CLIENT_ID
     55 Symbol              EURUSD
     54 Side                1  BUY
     60 TransactTime        20261124-12:00:01
     38 OrderQty            100
     40 OrdType             2  LIMIT
     44 Price               1.1
   9001 -                   u
     10 CheckSum            ";
    let squeezed = |text: &str| {
        let lines = text.lines().map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let indent = line.len() - line.trim_start().len();
            format!("{indent}:{}", words.join(" "))
        });
        lines.collect::<Vec<_>>()
    };
    let shown = squeezed(&text);
    let expected = squeezed(golden);
    for (shown, expected) in shown.iter().zip(&expected) {
        if !expected.contains("BodyLength") && !expected.contains("CheckSum") {
            assert_eq!(shown, expected, "{text}");
        }
    }
    assert_eq!(shown.len(), expected.len() + 1, "{text}");
    assert_eq!((counts.messages, counts.shown, counts.damaged), (6, 1, 1));
}

#[test]
fn no_form_shows_a_password() {
    for form in [Form::Lines, Form::Objects, Form::Faults] {
        let (text, _) = said(reading(form), log().as_bytes());
        assert!(!text.contains("hunter2"), "{text}");
        let damaged = log().replace("\u{1}554=", "\u{2}554=").replace('\n', "");
        let (text, counts) = said(reading(form), damaged.as_bytes());
        assert!(counts.damaged > 0);
        assert!(!text.contains("554=hunter2"), "{text}");
    }
    let (text, _) = said(reading(Form::Lines), log().as_bytes());
    assert!(
        text.contains("554 Password") && text.contains("***"),
        "{text}"
    );
}

#[test]
fn an_order_is_followed_through_its_names_both_ways() {
    let mut chain = Chain::of("O-2");
    chain.complete(log().as_bytes()).unwrap();
    let mut reading = reading(Form::Objects);
    reading.wanted.order = Some(chain);
    let (text, counts) = said(reading, log().as_bytes());
    assert_eq!(counts.shown, 3, "{text}");
    let names: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["message"].clone())
        .collect();
    assert_eq!(
        names,
        [
            "NewOrderSingle",
            "OrderCancelReplaceRequest",
            "OrderCancelRequest"
        ]
    );
}

#[test]
fn from_a_stream_an_order_is_followed_forward() {
    let mut reading = reading(Form::Objects);
    reading.wanted.order = Some(Chain::of("O-1"));
    assert_eq!(said(reading, log().as_bytes()).1.shown, 3);
}

#[test]
fn a_check_says_line_place_and_rule() {
    let (text, counts) = said(reading(Form::Faults), log().as_bytes());
    assert_eq!(counts.faulty, 2, "{text}");
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with("line 4 byte ")
            && lines[0].ends_with(
                "Value is incorrect (out of range) for this tag (373=5): 54 Side, field 10 of the message"
            ),
        "{text}"
    );
    assert!(
        lines[1].contains("line 6") && lines[1].contains("DCX-F003"),
        "{text}"
    );
}

#[test]
fn entries_of_a_group_are_lists_in_json() {
    let mut reading = reading(Form::Objects);
    reading.wanted.types = vec!["D".to_owned()];
    let (text, _) = said(reading, log().as_bytes());
    let order: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let fields = order["fields"].as_array().unwrap();
    let parties = fields.iter().find(|field| field["tag"] == 453).unwrap();
    assert_eq!(parties["entries"][0][0]["value"], "X");
    assert_eq!(parties["entries"][0][3]["entries"][0][0]["value"], "S");
    assert_eq!(parties["entries"][1][2]["meaning"], "CLIENT_ID");
    assert_eq!(parties["entries"].as_array().unwrap().len(), 2);
}

#[test]
fn sessions_are_named_by_one_side_or_both() {
    for (session, count) in [("C", 5), ("DCX", 5), ("DCX:C", 5), ("C:X", 0), ("X", 0)] {
        let mut reading = reading(Form::Objects);
        reading.wanted.session = Some(session.to_owned());
        assert_eq!(said(reading, log().as_bytes()).1.shown, count, "{session}");
    }
}

#[test]
fn a_moment_is_read_as_people_and_as_fix_write_it() {
    let at = moment("2026-11-24T12:30:00Z");
    assert_eq!(at, moment("20261124-12:30:00"));
    assert_eq!(at.unwrap().seconds(), 1_795_523_400);
    assert!(moment("yesterday").is_err());
}

#[test]
fn what_was_left_out_of_a_message_is_no_fault_of_it() {
    let line = "2026-11-24T12:00:00.000000000Z in masked 8=FIX.4.4|9=99|35=A|554=***|10=000|\n";
    let (text, counts) = said(reading(Form::Faults), line.as_bytes());
    assert_eq!((counts.faulty, counts.messages), (0, 1), "{text}");
}

#[test]
fn a_dictionary_is_a_version_or_of_a_configuration() {
    assert_eq!(dictionary("FIX.4.2").unwrap().name(), "FIX.4.2");
    assert_eq!(dictionary("FIX.9").unwrap_err().exit, Exit::Usage);
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("venue.toml");
    let text = "[dictionary.desk]\n[[dictionary.desk.field]]\ntag = 9001\nname = \"DeskCode\"\n";
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap();
    let found = dictionary(path).unwrap();
    assert_eq!(found.field_name(9001), Some("DeskCode"));
    assert!(dictionary(&format!("{path}:desk")).is_ok());
    assert!(dictionary(&format!("{path}:other")).is_err());
    assert_eq!(dictionary("none.toml").unwrap_err().exit, Exit::NoInput);
}
