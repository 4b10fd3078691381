//! A FIX 4.4 peer of a few lines. It is no engine: it can send what no engine would.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How long an answer may take before it counts as missing.
const PATIENCE: Duration = Duration::from_secs(30);
const SOH: u8 = 1;

/// A message that came in whole: its fields in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    fields: Vec<(u32, String)>,
}

impl Message {
    /// The first value of a tag; empty if there is none.
    #[must_use]
    pub fn get(&self, tag: u32) -> &str {
        let field = self.fields.iter().find(|(found, _)| *found == tag);
        field.map_or("", |(_, value)| value)
    }

    /// All fields, in their order.
    #[must_use]
    pub fn fields(&self) -> &[(u32, String)] {
        &self.fields
    }

    /// `MsgType` (35).
    #[must_use]
    pub fn msg_type(&self) -> &str {
        self.get(35)
    }

    /// The values of several tags, to compare at once.
    #[must_use]
    pub fn all<const N: usize>(&self, tags: [u32; N]) -> [&str; N] {
        tags.map(|tag| self.get(tag))
    }
}

/// Where a session's numbers stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbers {
    /// `MsgSeqNum` (34) of the next message of this side.
    pub next_out: u64,
    /// And of the other's.
    pub next_in: u64,
}

/// One side of a FIX connection.
#[derive(Debug)]
pub struct Peer {
    stream: TcpStream,
    sender: String,
    target: String,
    /// `MsgSeqNum` (34) of the next message.
    pub next_out: u64,
    /// `MsgSeqNum` (34) that the other side's next message must have: a gap is a loss.
    next_in: Option<u64>,
    buffer: Vec<u8>,
    received: VecDeque<Message>,
    /// Numbers of messages that were taken before their turn.
    early: Vec<u64>,
    /// Up to which number messages are being sent again, and what came from behind it meanwhile.
    gap_end: Option<u64>,
    /// The first number of this side behind the logon that took numbers up again.
    since: Option<u64>,
    later: VecDeque<Message>,
}

impl Peer {
    /// Connects, and sends nothing.
    ///
    /// # Panics
    /// If nobody listens.
    #[must_use]
    pub fn connect(address: SocketAddr, sender: &str) -> Self {
        Self::over(
            TcpStream::connect(address).expect("the daemon listens"),
            sender,
        )
    }

    fn over(stream: TcpStream, sender: &str) -> Self {
        stream.set_nodelay(true).expect("a TCP socket");
        stream
            .set_read_timeout(Some(Duration::from_millis(50)))
            .expect("a timeout above zero");
        Self {
            stream,
            sender: sender.to_owned(),
            target: "DCX".to_owned(),
            next_out: 1,
            next_in: None,
            buffer: Vec::new(),
            received: VecDeque::new(),
            early: Vec::new(),
            gap_end: None,
            since: None,
            later: VecDeque::new(),
        }
    }

    /// Connects and logs on with both numbers at 1.
    ///
    /// # Panics
    /// If the logon is not answered by one.
    #[must_use]
    pub fn logged_on(address: SocketAddr, sender: &str) -> Self {
        let mut peer = Self::connect(address, sender);
        peer.send("A", &[(98, "0"), (108, "30"), (141, "Y")]);
        let answer = peer.expect("A");
        assert_eq!(
            answer.all([34, 141]),
            ["1", "Y"],
            "numbers begin again: {answer:?}"
        );
        peer
    }

    /// Connects with the numbers of a connection before, and asks for what was missed.
    ///
    /// # Panics
    /// If the logon is not answered by one.
    #[must_use]
    pub fn resumed(address: SocketAddr, sender: &str, before: Numbers) -> Self {
        let mut peer = Self::connect(address, sender);
        peer.next_out = before.next_out;
        peer.next_in = Some(before.next_in);
        peer.send("A", &[(98, "0"), (108, "30")]);
        peer.since = Some(peer.next_out);
        let start = std::time::Instant::now();
        while peer.received.is_empty() {
            assert!(peer.fill(), "{sender}: the logon is answered");
            assert!(start.elapsed() < PATIENCE, "{sender}: no logon in time");
        }
        let logon = peer.received.pop_front().expect("one was received");
        assert_eq!(logon.msg_type(), "A", "{logon:?}");
        let number: u64 = logon.get(34).parse().expect("34 is a number");
        peer.early.push(number);
        if number > before.next_in {
            peer.gap_end = Some(number);
            let (from, to) = (before.next_in.to_string(), (number - 1).to_string());
            peer.send("2", &[(7, &from), (16, &to)]);
        }
        peer
    }

    /// Where the numbers stand, to go on with another time.
    ///
    /// # Panics
    /// If nothing was received yet.
    #[must_use]
    pub fn numbers(&self) -> Numbers {
        let mut next_in = self.next_in.expect("something was received");
        while self.early.contains(&next_in) {
            next_in += 1;
        }
        Numbers {
            next_out: self.next_out,
            next_in,
        }
    }

    /// Waits for a connection of dcx at `listener` and answers its logon: the venue's side of a
    /// session, with both numbers at 1.
    ///
    /// # Panics
    /// If nobody connects and logs on in time.
    #[must_use]
    pub fn accept(listener: &TcpListener, sender: &str) -> Self {
        listener.set_nonblocking(true).expect("a listening socket");
        let start = std::time::Instant::now();
        let stream = loop {
            match listener.accept() {
                Ok((stream, _)) => break stream,
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
            }
            assert!(start.elapsed() < PATIENCE, "{sender}: nobody connects");
            std::thread::sleep(Duration::from_millis(5));
        };
        stream.set_nonblocking(false).expect("a TCP socket");
        let mut peer = Self::over(stream, sender);
        let _ = peer.expect("A");
        peer.send("A", &[(98, "0"), (108, "30"), (141, "Y")]);
        peer
    }

    /// The bytes of a message with a right header and trailer and the next number, which is used
    /// up only when the bytes are [sent](Self::send).
    #[must_use]
    pub fn bytes(&self, msg_type: &str, fields: &[(u32, &str)]) -> Vec<u8> {
        let mut body = format!(
            "35={msg_type}|34={}|49={}|56={}|52={}|",
            self.next_out,
            self.sender,
            self.target,
            utc_now()
        );
        for (tag, value) in fields {
            body.push_str(&format!("{tag}={value}|"));
        }
        let mut bytes = format!("8=FIX.4.4|9={}|{body}", body.len()).into_bytes();
        bytes
            .iter_mut()
            .filter(|byte| **byte == b'|')
            .for_each(|byte| *byte = SOH);
        let sum = bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        bytes.extend(format!("10={sum:03}\u{1}").bytes());
        bytes
    }

    /// Sends a right message.
    pub fn send(&mut self, msg_type: &str, fields: &[(u32, &str)]) {
        let bytes = self.bytes(msg_type, fields);
        self.next_out += 1;
        self.send_bytes(&bytes);
    }

    /// Sends bytes as they are. A connection that was closed meanwhile shows when reading.
    pub fn send_bytes(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Sends a limit order: EURUSD, day, as `terms` say: side, quantity, price.
    pub fn send_order(&mut self, cl_ord_id: &str, terms: [&str; 3]) {
        let [side, qty, px] = terms;
        let now = utc_now();
        let mut fields = vec![
            (11, cl_ord_id),
            (55, "EURUSD"),
            (54, side),
            (60, now.as_str()),
        ];
        fields.extend([(38, qty), (40, "2"), (44, px), (59, "0")]);
        self.send("D", &fields);
    }

    /// Sends a market order: buy EURUSD, immediate or cancel.
    pub fn send_market_order(&mut self, cl_ord_id: &str, qty: &str) {
        let now = utc_now();
        let fields = [
            (11, cl_ord_id),
            (55, "EURUSD"),
            (54, "1"),
            (60, now.as_str()),
            (38, qty),
        ];
        self.send("D", &[fields.as_slice(), &[(40, "1"), (59, "3")]].concat());
    }

    /// The next application message or, if `msg_type` is the session's own, the next of it.
    /// Heartbeats are passed over and test requests answered.
    ///
    /// # Panics
    /// If another one comes, the connection ends, or nothing comes in time.
    pub fn expect(&mut self, msg_type: &str) -> Message {
        let message = self
            .receive()
            .unwrap_or_else(|| panic!("the connection ended; a {msg_type} is due"));
        assert_eq!(message.msg_type(), msg_type, "{message:?}");
        message
    }

    /// Waits until the other side closes the connection and returns what came before.
    pub fn expect_end(&mut self) -> Vec<Message> {
        std::iter::from_fn(|| self.receive()).collect()
    }

    /// The next message that is not a heartbeat; none once the connection has ended.
    ///
    /// # Panics
    /// If nothing comes in time, or a number is missing.
    pub fn receive(&mut self) -> Option<Message> {
        let start = std::time::Instant::now();
        loop {
            if let Some(message) = self.received.pop_front() {
                if self.is_early(&message) {
                    continue;
                }
                self.count(&message);
                match message.msg_type() {
                    "0" | "4" => continue,
                    "2" => self.fill_gap(&message),
                    "1" => self.send("0", &[(112, message.get(112))]),
                    _ => return Some(message),
                }
                continue;
            }
            if !self.fill() {
                return None;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "{}: no message in time; next {:?}, gap up to {:?}, {} behind it",
                self.sender,
                self.next_in,
                self.gap_end,
                self.later.len()
            );
        }
    }

    /// The next message that is here already, heartbeats passed over.
    pub fn waiting(&mut self) -> Option<Message> {
        while let Some(message) = self.received.pop_front() {
            self.count(&message);
            if !matches!(message.msg_type(), "0" | "1" | "4") {
                return Some(message);
            }
        }
        None
    }

    /// Waits until the other side has taken everything sent so far: it answers a TestRequest
    /// after it. What comes meanwhile is kept in its order.
    ///
    /// # Panics
    /// If the connection ends, or no answer comes in time.
    pub fn settle(&mut self) {
        self.send("1", &[(112, "SETTLE")]);
        let start = std::time::Instant::now();
        let is_answer =
            |message: &Message| message.msg_type() == "0" && message.get(112) == "SETTLE";
        loop {
            if let Some(ix) = self.received.iter().position(is_answer) {
                let answer = self.received.remove(ix).expect("it was found there");
                self.early
                    .push(answer.get(34).parse().expect("34 is a number"));
                return;
            }
            assert!(self.fill(), "{}: the session goes on", self.sender);
            let late = start.elapsed() > PATIENCE;
            assert!(!late, "{}: no message in time", self.sender);
        }
    }

    /// Says goodbye and waits for the end.
    pub fn log_out(mut self) {
        self.send("5", &[]);
        let last = self.expect_end();
        assert!(
            last.iter().any(|message| message.msg_type() == "5"),
            "{last:?}"
        );
    }

    /// What comes from behind a gap waits until it is filled; what the other side lacks does not,
    /// or both would wait for each other.
    fn is_early(&mut self, message: &Message) -> bool {
        let number: u64 = message.get(34).parse().expect("34 is a number");
        if self.gap_end.is_none_or(|end| number <= end) {
            return false;
        }
        if message.msg_type() == "2" {
            self.early.push(number);
            self.fill_gap(message);
        } else {
            self.later.push_back(message.clone());
        }
        true
    }

    /// There is nothing to send again of what was sent before this connection: that is a gap. What
    /// was sent since is there already.
    fn fill_gap(&mut self, asked: &Message) {
        let next = self.next_out;
        self.next_out = asked.get(7).parse().expect("7 is a number");
        let until = self.since.unwrap_or(next).to_string();
        self.send("4", &[(123, "Y"), (36, &until)]);
        self.next_out = next;
    }

    fn count(&mut self, message: &Message) {
        let number: u64 = message.get(34).parse().expect("34 is a number");
        if let Some(mut due) = self.next_in {
            while self.early.contains(&due) {
                due += 1;
            }
            assert_eq!(
                number, due,
                "{}: a number is missing before {message:?}",
                self.sender
            );
        }
        // Numbers of the session's own messages are passed over together.
        let next = match message.msg_type() {
            "4" => message.get(36).parse().expect("36 is a number"),
            _ => number + 1,
        };
        self.next_in = Some(next);
        if self.gap_end.is_some_and(|end| next >= end) {
            self.gap_end = None;
            while let Some(message) = self.later.pop_back() {
                self.received.push_front(message);
            }
        }
    }

    /// Reads what is there; false once the connection has ended.
    fn fill(&mut self) -> bool {
        let mut chunk = [0; 16_384];
        match self.stream.read(&mut chunk) {
            Ok(0) => return false,
            Ok(len) => self.buffer.extend_from_slice(&chunk[..len]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return false,
        }
        while let Some(end) = whole_message(&self.buffer) {
            let bytes: Vec<u8> = self.buffer.drain(..end).collect();
            self.received.push_back(parse(&bytes));
        }
        true
    }
}

/// Where the first message in the buffer ends, once it is there whole.
pub(crate) fn whole_message(buffer: &[u8]) -> Option<usize> {
    let mut soh = buffer.iter().enumerate().filter(|(_, byte)| **byte == SOH);
    let (begin_end, _) = soh.next()?;
    let (length_end, _) = soh.next()?;
    let length = std::str::from_utf8(&buffer[begin_end + 3..length_end]).ok()?;
    let end = length_end + 1 + length.parse::<usize>().expect("9 is a number") + "10=000|".len();
    (buffer.len() >= end).then_some(end)
}

/// The fields of a message whose length and sum are right.
pub(crate) fn parse(bytes: &[u8]) -> Message {
    let text = String::from_utf8_lossy(bytes);
    let (counted, trailer) = bytes.split_at(bytes.len() - "10=000|".len());
    let sum = counted
        .iter()
        .fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    assert_eq!(
        trailer,
        format!("10={sum:03}\u{1}").as_bytes(),
        "the sum of {text:?}"
    );
    let fields = text.split_terminator('\u{1}').map(|field| {
        let (tag, value) = field.split_once('=').expect("tag=value");
        (tag.parse().expect("a tag is a number"), value.to_owned())
    });
    Message {
        fields: fields.collect(),
    }
}

/// Now as a FIX UTCTimestamp with milliseconds.
#[must_use]
pub fn utc_now() -> String {
    utc_ago(Duration::ZERO)
}

/// So long ago as a FIX UTCTimestamp with milliseconds.
///
/// # Panics
/// If the clock is before 1970.
#[must_use]
pub fn utc_ago(ago: Duration) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("the clock is past 1970");
    utc(now.saturating_sub(ago))
}

/// A moment so far ahead, as a FIX UTCTimestamp with milliseconds.
///
/// # Panics
/// If the clock is before 1970.
#[must_use]
pub fn utc_in(ahead: Duration) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("the clock is past 1970");
    utc(now + ahead)
}

/// A time since 1970 as a FIX UTCTimestamp with milliseconds.
fn utc(now: Duration) -> String {
    let (days, second) = (now.as_secs() / 86_400, now.as_secs() % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let millis = now.subsec_millis();
    format!("{year:04}{month:02}{day:02}-{hour:02}:{minute:02}:{second:02}.{millis:03}")
}

/// The Gregorian date of a day counted from 1970-01-01 (Hinnant, "chrono-Compatible Low-Level
/// Date Algorithms", `civil_from_days`).
const fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = year + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_number_is_its_date() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(20_780), (2026, 11, 23));
    }

    #[test]
    fn a_message_is_whole_only_with_its_trailer() {
        let bytes = b"8=FIX.4.4\x019=5\x0135=0\x0110=163\x018=";
        assert_eq!(whole_message(bytes), Some(bytes.len() - 2));
        assert_eq!(whole_message(&bytes[..bytes.len() - 3]), None);
        assert_eq!(parse(&bytes[..bytes.len() - 2]).msg_type(), "0");
    }
}
