//! The floor: answers orders over TCP and does nothing else. No session, no check sum verified, no
//! store, no limits; what it takes is what sockets, kernel and client take.

use std::hint;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use super::FixBenchError;
use crate::cores;

const SOH: u8 = 1;

/// Longest message that fits at the end of the buffer.
const MESSAGE_LEN_MAX: usize = 4096;

/// A thread that answers.
pub(super) struct Floor {
    addr: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Floor {
    /// Starts it on `core`.
    pub(super) fn start(core: usize) -> Result<Self, FixBenchError> {
        let failed = |source| FixBenchError::Socket {
            doing: "listening as the floor",
            source,
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        let stop: Arc<AtomicBool> = Arc::default();
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            cores::pin(core);
            while !stopped.load(Ordering::Relaxed) {
                if let Ok((socket, _)) = listener.accept() {
                    serve(socket, &stopped);
                }
                hint::spin_loop();
            }
        });
        Ok(Self { addr, stop, thread })
    }

    pub(super) const fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(super) fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the floor only answers");
    }
}

/// Answers until the client logs out, goes away or sends what is no message.
fn serve(mut socket: TcpStream, stop: &AtomicBool) {
    if socket
        .set_nodelay(true)
        .and_then(|()| socket.set_nonblocking(true))
        .is_err()
    {
        return;
    }
    let mut input = vec![0; 1 << 20];
    let (mut head, mut tail) = (0, 0);
    let mut answers = Answers::default();
    while !stop.load(Ordering::Relaxed) {
        if head == tail {
            (head, tail) = (0, 0);
        } else if input.len() - tail < MESSAGE_LEN_MAX {
            input.copy_within(head..tail, 0);
            (head, tail) = (0, tail - head);
        }
        match socket.read(&mut input[tail..]) {
            Ok(0) => return,
            Ok(count) => tail += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                hint::spin_loop();
                continue;
            }
            Err(_) => return,
        }
        while let Some(len) = message_len(&input[head..tail]) {
            if !answers.answer(&input[head..head + len]) {
                return;
            }
            head += len;
        }
        if !write_all(&mut socket, &answers.output) {
            return;
        }
        answers.output.clear();
    }
}

fn write_all(socket: &mut TcpStream, bytes: &[u8]) -> bool {
    let mut written = 0;
    while written < bytes.len() {
        match socket.write(&bytes[written..]) {
            Ok(count) => written += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(_) => return false,
        }
    }
    true
}

/// The length of the message in front, by its `BodyLength` (9), if it is wholly there.
fn message_len(bytes: &[u8]) -> Option<usize> {
    let begin_string_end = bytes.iter().position(|byte| *byte == SOH)?;
    let (mut at, mut body_len) = (begin_string_end + 3, 0);
    loop {
        match *bytes.get(at)? {
            SOH => break,
            digit => body_len = body_len * 10 + usize::from(digit & 0xf),
        }
        at += 1;
    }
    let len = at + 1 + body_len + 7;
    (bytes.len() >= len).then_some(len)
}

/// The value of the first field that begins with `tag`, its `=` included.
fn value<'a>(message: &'a [u8], tag: &[u8]) -> &'a [u8] {
    let mut fields = message.split(|byte| *byte == SOH);
    fields
        .find_map(|field| field.strip_prefix(tag))
        .unwrap_or_default()
}

#[derive(Default)]
struct Answers {
    output: Vec<u8>,
    body: Vec<u8>,
    msg_seq_num: u64,
}

impl Answers {
    /// Answers a Logon or an order; false after a Logout.
    fn answer(&mut self, message: &[u8]) -> bool {
        let msg_type: &[u8] = match value(message, b"35=") {
            b"A" => b"A",
            b"D" => b"8",
            b"5" => return false,
            _ => return true,
        };
        self.msg_seq_num += 1;
        self.body.clear();
        self.put(b"35=", msg_type);
        self.put_number(b"34=", self.msg_seq_num);
        self.put(b"49=", b"DCX");
        self.put(b"52=", value(message, b"52="));
        self.put(b"56=", b"CLIENT");
        if msg_type == b"A" {
            self.body.extend_from_slice(b"98=0\x01108=30\x01141=Y\x01");
        } else {
            self.put_number(b"37=", self.msg_seq_num);
            self.put_number(b"17=", self.msg_seq_num);
            self.body.extend_from_slice(b"150=0\x0139=0\x01");
            self.put(b"11=", value(message, b"11="));
            self.put(b"55=", value(message, b"55="));
            self.put(b"54=", value(message, b"54="));
            self.put(b"38=", value(message, b"38="));
            self.put(b"151=", value(message, b"38="));
            self.body.extend_from_slice(b"14=0\x016=0\x01");
        }
        self.close();
        true
    }

    fn put(&mut self, tag: &[u8], value: &[u8]) {
        self.body.extend_from_slice(tag);
        self.body.extend_from_slice(value);
        self.body.push(SOH);
    }

    fn put_number(&mut self, tag: &[u8], number: u64) {
        let mut digits = [0; 20];
        let text = digits_of(number, &mut digits);
        self.put(tag, text);
    }

    /// Puts `8`, `9` and `10` around the body.
    fn close(&mut self) {
        let start = self.output.len();
        let mut digits = [0; 20];
        self.output.extend_from_slice(b"8=FIX.4.4\x019=");
        self.output
            .extend_from_slice(digits_of(self.body.len() as u64, &mut digits));
        self.output.push(SOH);
        self.output.extend_from_slice(&self.body);
        let sum = self.output[start..]
            .iter()
            .fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        let sum = [sum / 100, sum / 10 % 10, sum % 10].map(|digit| b'0' + digit);
        self.output.extend_from_slice(b"10=");
        self.output.extend_from_slice(&sum);
        self.output.push(SOH);
    }
}

fn digits_of(mut number: u64, digits: &mut [u8; 20]) -> &[u8] {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
        if number == 0 {
            return &digits[at..];
        }
    }
}

#[cfg(test)]
mod tests {
    use dcx_fix::{Encoder, Head, Scan, scan};
    use dcx_model::UnixNanos;

    use super::*;

    #[test]
    fn what_the_floor_answers_is_a_message() {
        let mut encoder = Encoder::new(b"FIX.4.4", b"CLIENT", b"DCX");
        let mut out = Vec::new();
        let head = Head::new(b"D", 2, UnixNanos::from_seconds(1_700_000_000));
        let order = encoder.encode(&mut out, &head, |body| {
            body.str(11, "ID-7");
            body.str(38, "100");
        });
        assert_eq!(message_len(order), Some(order.len()));
        assert_eq!(message_len(&order[..order.len() - 1]), None);
        let mut answers = Answers::default();
        assert!(answers.answer(order));
        let Scan::Message { message, .. } = scan(&answers.output) else {
            panic!("{:?}", String::from_utf8_lossy(&answers.output));
        };
        assert_eq!(message.get(11), Some(b"ID-7".as_slice()));
        assert_eq!(message.get(151), Some(b"100".as_slice()));
    }
}
