//! Links, applications and raw sockets that the tests of the link share.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use dcx_fix::{
    AppReject, Application, Body, Encoder, Head, Link, LinkConfig, Message, Outgoing, Role, Scan,
    SessionConfig, SessionIx, scan,
};
use dcx_model::{MonoNanos, Now, UnixNanos};
use dcx_ring::Worker;

/// How long a test waits for what must come: only a broken one gets there.
const PATIENCE: Duration = Duration::from_secs(30);

/// Both clocks.
pub(crate) fn now() -> Now {
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Now {
        mono: MonoNanos::new(u64::try_from(START.with(Instant::elapsed).as_nanos()).unwrap()),
        unix: UnixNanos::new(u64::try_from(unix.as_nanos()).unwrap()),
    }
}

thread_local! {
    static START: Instant = Instant::now();
}

/// What a [`Recorder`] was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    On(u16),
    Out(u16),
    /// Session, MsgType, ClOrdID, whether marked PossDup.
    Got(u16, String, String, bool),
}

/// An application that writes down what it is given and sends what the test tells it to.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    pub(crate) seen: Vec<Seen>,
    pub(crate) to_send: VecDeque<(u16, String)>,
    /// Whether each order is answered with a report.
    pub(crate) answers: bool,
    /// Whether what it was given is never in safe hands.
    pub(crate) keeps_nothing: bool,
    /// Messages it takes before it is no longer ready.
    pub(crate) room: Option<usize>,
}

impl Recorder {
    pub(crate) fn answering() -> Self {
        Self {
            answers: true,
            ..Self::default()
        }
    }

    /// ClOrdIDs in the order they came.
    pub(crate) fn ids(&self) -> Vec<&str> {
        let mut ids = Vec::new();
        for seen in &self.seen {
            if let Seen::Got(_, _, id, _) = seen {
                ids.push(id.as_str());
            }
        }
        ids
    }

    pub(crate) fn send(&mut self, session: u16, id: &str) {
        self.to_send.push_back((session, id.to_owned()));
    }
}

/// The body of an order that FIX 4.4 finds complete.
pub(crate) fn order(body: &mut Body<'_>, id: &str) {
    body.str(11, id);
    body.str(55, "EURUSD");
    body.char(54, b'1');
    body.time(60, now().unix);
    body.uint(38, 100);
    body.char(40, b'2');
    body.str(44, "1.1");
}

fn report(body: &mut Body<'_>, id: &str) {
    body.str(37, "1");
    body.str(17, id);
    body.char(150, b'0');
    body.char(39, b'0');
    body.str(11, id);
    body.str(55, "EURUSD");
    body.char(54, b'1');
    body.uint(38, 100);
    body.uint(151, 100);
    body.uint(14, 0);
    body.uint(6, 0);
}

impl Application for Recorder {
    fn logged_on(&mut self, session: SessionIx, _now: Now, _out: &mut Outgoing<'_>) {
        self.seen.push(Seen::On(session.get()));
    }

    fn logged_out(&mut self, session: SessionIx, _now: Now, _out: &mut Outgoing<'_>) {
        self.seen.push(Seen::Out(session.get()));
    }

    fn received(
        &mut self,
        session: SessionIx,
        _now: Now,
        message: &Message<'_>,
        out: &mut Outgoing<'_>,
    ) -> Result<(), AppReject> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let id = text(message.get(11).unwrap_or_default());
        let msg_type = text(message.msg_type());
        let got = Seen::Got(session.get(), msg_type, id.clone(), message.poss_dup());
        self.seen.push(got);
        if let Some(room) = &mut self.room {
            *room = room.saturating_sub(1);
        }
        if id == "REFUSE" {
            return Err(AppReject::Session {
                tag: 38,
                reason: 5,
                text: "too many".into(),
            });
        }
        if self.answers {
            out.send(session, b"8", |body| report(body, &id));
        }
        Ok(())
    }

    fn work(&mut self, _now: Now, out: &mut Outgoing<'_>) -> usize {
        let count = self.to_send.len();
        for (session, id) in self.to_send.drain(..) {
            out.send(SessionIx::new(session), b"D", |body| order(body, &id));
        }
        count
    }

    fn ready(&self) -> bool {
        self.room != Some(0)
    }

    fn taken(&self) -> u64 {
        self.ids().len() as u64
    }

    fn kept(&self) -> u64 {
        if self.keeps_nothing { 0 } else { self.taken() }
    }
}

/// A link that accepts the given clients as `DCX`.
pub(crate) fn acceptor(clients: &[&str]) -> LinkConfig {
    let session = |client: &&str| SessionConfig::fix44("DCX", client, Role::Acceptor);
    LinkConfig {
        listen: vec!["127.0.0.1:0".parse().unwrap()],
        sessions: clients.iter().map(session).collect(),
        poll_every: 1,
        ..LinkConfig::default()
    }
}

/// A link that connects to `DCX` as the given client.
pub(crate) fn initiator(client: &str, to: SocketAddr) -> LinkConfig {
    let role = Role::Initiator {
        connect: to,
        others: Vec::new(),
        reconnect_min: dcx_model::Nanos::from_millis(1),
        reconnect_max: dcx_model::Nanos::from_millis(20),
    };
    LinkConfig {
        sessions: vec![SessionConfig::fix44(client, "DCX", role)],
        poll_every: 1,
        ..LinkConfig::default()
    }
}

/// Lets the links work until `done`.
pub(crate) fn until(
    links: &mut [&mut Link<Recorder>],
    what: &str,
    mut done: impl FnMut(&mut [&mut Link<Recorder>]) -> bool,
) {
    let start = Instant::now();
    while !done(links) {
        assert!(start.elapsed() < PATIENCE, "this never came: {what}");
        for link in &mut *links {
            link.work(now());
        }
    }
}

/// Lets the links work for a while in which nothing may happen that the test then looks for.
pub(crate) fn some_cycles(links: &mut [&mut Link<Recorder>]) {
    for _ in 0..200 {
        for link in &mut *links {
            link.work(now());
        }
    }
}

/// A client without an engine: it sends any bytes.
pub(crate) struct Raw {
    socket: TcpStream,
    encoder: Encoder,
    scratch: Vec<u8>,
    read: Vec<u8>,
    pub(crate) next_out: u64,
}

impl Raw {
    pub(crate) fn connect(to: SocketAddr, client: &str) -> Self {
        Self::connect_as("FIX.4.4", to, client)
    }

    pub(crate) fn connect_as(begin_string: &str, to: SocketAddr, client: &str) -> Self {
        let socket = TcpStream::connect(to).unwrap();
        socket.set_nonblocking(true).unwrap();
        socket.set_nodelay(true).unwrap();
        Self {
            socket,
            encoder: Encoder::new(begin_string.as_bytes(), client.as_bytes(), b"DCX"),
            scratch: Vec::new(),
            read: Vec::new(),
            next_out: 1,
        }
    }

    /// The bytes of the next message.
    pub(crate) fn message(
        &mut self,
        msg_type: &[u8],
        write: impl FnOnce(&mut Body<'_>),
    ) -> Vec<u8> {
        let head = Head::new(msg_type, self.next_out, now().unix);
        self.next_out += 1;
        let bytes = self.encoder.encode(&mut self.scratch, &head, write);
        bytes.to_vec()
    }

    pub(crate) fn logon(&mut self) -> Vec<u8> {
        self.message(b"A", |body| {
            body.uint(98, 0);
            body.uint(108, 30);
        })
    }

    pub(crate) fn order(&mut self, id: &str) -> Vec<u8> {
        self.message(b"D", |body| order(body, id))
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.socket.write_all(bytes).unwrap();
    }

    /// Logs on and waits for the answer.
    pub(crate) fn log_on(&mut self, link: &mut Link<Recorder>) {
        let logon = self.logon();
        self.write(&logon);
        assert!(self.next_message(link).contains("|35=A|"));
    }

    /// The next message that comes, with `|` between its fields; `closed` if none will.
    pub(crate) fn next_message(&mut self, link: &mut Link<Recorder>) -> String {
        self.next_message_by(|| {
            link.work(now());
        })
    }

    /// The next message that comes while `work` is done again and again.
    pub(crate) fn next_message_by(&mut self, mut work: impl FnMut()) -> String {
        let start = Instant::now();
        loop {
            if let Scan::Message { message, len } = scan(&self.read) {
                let text = String::from_utf8_lossy(message.raw()).replace('\u{1}', "|");
                self.read.drain(..len);
                return text;
            }
            assert!(start.elapsed() < PATIENCE, "no message came");
            work();
            if self.read_more() {
                assert_eq!(self.read, b"", "nothing is cut off in the middle");
                return "closed".to_owned();
            }
        }
    }

    /// Whether the other side has closed.
    fn read_more(&mut self) -> bool {
        let mut bytes = [0; 4096];
        match self.socket.read(&mut bytes) {
            Ok(0) => true,
            Ok(count) => {
                self.read.extend_from_slice(&bytes[..count]);
                false
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => false,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => true,
            Err(error) => panic!("{error}"),
        }
    }
}
