//! What the echo application sends back, without sockets.

use dcx_fix::{AppReject, Application, Encoder, Head, Message, Queue, SessionIx};
use dcx_model::{MonoNanos, Now, UnixNanos};

use super::EchoApp;

const SESSION: SessionIx = SessionIx::new(0);

fn now() -> Now {
    Now {
        mono: MonoNanos::new(1),
        unix: UnixNanos::from_seconds(1_400_000_000),
    }
}

/// Gives the application one message; returns what it sent: type, body and PossResend.
fn give(
    app: &mut EchoApp,
    msg_type: &str,
    body: &str,
    poss_resend: bool,
) -> Result<Vec<(String, String, bool)>, AppReject> {
    let mut encoder = Encoder::new(b"FIX.4.4", b"TW44", b"ISLD");
    let head = Head {
        poss_resend,
        ..Head::new(msg_type.as_bytes(), 2, now().unix)
    };
    let fields = body.replace('|', "\u{1}");
    let mut bytes = Vec::new();
    let raw = encoder.encode(&mut bytes, &head, |out| out.raw(fields.as_bytes()));
    let message = Message::parse(raw).expect("a message that was encoded");
    let mut queue = Queue::new();
    app.received(SESSION, now(), &message, &mut queue.outgoing())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('\u{1}', "|");
    let sent = queue.iter();
    Ok(sent
        .map(|sent| (text(sent.msg_type), text(sent.body), sent.poss_resend))
        .collect())
}

#[test]
fn an_order_comes_back_with_its_fields_in_ascending_order_and_its_values_as_they_were() {
    let mut app = EchoApp::new(1);
    let sent = give(&mut app, "D", "55=MSFT|54=1|38=002000.00|11=id|", false);
    let order = (
        "D".to_owned(),
        "11=id|38=002000.00|54=1|55=MSFT|".to_owned(),
        false,
    );
    assert_eq!(sent, Ok(vec![order]));
}

#[test]
fn the_entries_of_a_group_stay_behind_their_count_in_the_order_they_came() {
    let mut app = EchoApp::new(1);
    let body =
        "60=20140513-16:53:20|453=2|448=B|447=D|452=1|802=1|523=X|803=2|448=A|447=D|452=3|11=id|";
    let sent = give(&mut app, "D", body, false).expect("an order is echoed");
    let back =
        "11=id|60=20140513-16:53:20|453=2|448=B|447=D|452=1|802=1|523=X|803=2|448=A|447=D|452=3|";
    assert_eq!(sent[0].1, back);
}

#[test]
fn a_copy_of_an_order_that_was_seen_is_passed_over_until_the_session_ends() {
    let mut app = EchoApp::new(1);
    let copy = |app: &mut EchoApp| give(app, "D", "11=id|55=MSFT|", true).map(|sent| sent.len());
    assert_eq!(copy(&mut app), Ok(1), "seen for the first time");
    assert_eq!(copy(&mut app), Ok(0), "seen before");
    let again = give(&mut app, "D", "11=id|55=MSFT|", false).map(|sent| sent.len());
    assert_eq!(again, Ok(1), "not said to be a copy");
    app.logged_out(SESSION, now(), &mut Queue::new().outgoing());
    assert_eq!(copy(&mut app), Ok(1), "the session has forgotten");
}

#[test]
fn the_echo_of_a_possible_resend_says_that_it_is_one() {
    let sent = give(&mut EchoApp::new(1), "D", "11=id|", true).expect("an order is echoed");
    assert!(sent[0].2);
}

#[test]
fn what_the_application_does_not_take_is_refused_by_type() {
    let refused = give(&mut EchoApp::new(1), "8", "37=id|17=id|", false);
    assert_eq!(refused, Err(AppReject::unsupported_message_type()));
}
