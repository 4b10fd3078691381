//! The other side: what `dcx halt` and its like ask with.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dcx_model::Code;
use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SocketFlags, SocketType};
use serde_json::Value;

use super::lines::{LINE_MAX, Line, Lines};
use super::operator::Token;
use super::place;
use super::wire::{self, AnswerLine, VERSION, exit};

/// How long an answer is waited for, unless told otherwise.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The most results that one answer may have.
const RESULTS_MAX: usize = 1 << 20;

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No daemon answers; nothing was asked.
    #[error("no daemon answers at {path}")]
    Unreachable {
        /// The socket's path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// This user may not connect to the socket; nothing was asked.
    #[error("the socket {path} may not be used by this user")]
    Denied {
        /// The socket's path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The daemon takes no connections in time; nothing was asked.
    #[error("the daemon at {path} takes no connection")]
    Busy {
        /// The socket's path.
        path: PathBuf,
    },
    /// The daemon answered that it does not do it.
    #[error("{message}")]
    Refused {
        /// Its code as the daemon named it, e.g. `DCX-X012`.
        code: String,
        /// What was asked and why it is not done.
        message: String,
        /// What to do about it.
        help: String,
        /// The exit code that the daemon says.
        exit: u8,
    },
    /// It was asked, and there was no answer: it may or may not have been done.
    #[error("the daemon was asked for {verb} and did not answer: {why}")]
    Unknown {
        /// What was asked.
        verb: String,
        /// What happened instead of an answer.
        why: String,
    },
    /// The request does not fit into a line; nothing was asked.
    #[error("the request is longer than {LINE_MAX} bytes")]
    TooLong,
    /// What came back is no answer of the protocol.
    #[error("the answer to {verb} is not understood: {why}")]
    NotUnderstood {
        /// What was asked.
        verb: String,
        /// What is wrong with it.
        why: String,
    },
}

impl ClientError {
    /// Its entry in the catalogue; of another version's daemon, the nearest one.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            Self::Unreachable { .. } => Code::X005,
            Self::Denied { .. } => Code::X012,
            Self::Busy { .. } => Code::X016,
            Self::Refused { code, .. } => Code::parse(code).unwrap_or(Code::X014),
            Self::Unknown { .. } => Code::X015,
            Self::TooLong | Self::NotUnderstood { .. } => Code::X014,
        }
    }

    /// The exit code of a command that asked.
    #[must_use]
    pub const fn exit(&self) -> u8 {
        match self {
            Self::Unreachable { .. } => exit::UNREACHABLE,
            Self::Denied { .. } => exit::NOT_PERMITTED,
            Self::Busy { .. } | Self::Unknown { .. } => exit::TRY_LATER,
            Self::Refused { exit, .. } => *exit,
            Self::TooLong => exit::USAGE,
            Self::NotUnderstood { .. } => exit::BUG,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Unreachable { .. } => {
                "Either no daemon runs here, or --socket does not name its control socket: `dcx run` \
                 says where that is."
                    .to_owned()
            }
            Self::Denied { .. } => {
                "Ask as the user that runs the daemon, or let it make its socket for a group."
                    .to_owned()
            }
            Self::Refused { help, .. } => help.clone(),
            Self::Busy { .. } | Self::Unknown { .. } | Self::TooLong | Self::NotUnderstood { .. } => {
                self.code().remedy().to_owned()
            }
        }
    }
}

/// A connection to a daemon.
#[derive(Debug)]
pub struct Client {
    path: PathBuf,
    stream: UnixStream,
    lines: Lines,
    next_id: u64,
    name: Option<String>,
    token: Option<Token>,
    timeout: Duration,
}

impl Client {
    /// Connects to the daemon whose socket is at `path`.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`], [`ClientError::Denied`] or [`ClientError::Busy`].
    pub fn connect(path: impl AsRef<Path>) -> Result<Self, ClientError> {
        let path = path.as_ref().to_owned();
        let stream = connect(&path).map_err(|source| match source.kind() {
            io::ErrorKind::PermissionDenied => ClientError::Denied {
                path: path.clone(),
                source,
            },
            io::ErrorKind::WouldBlock => ClientError::Busy { path: path.clone() },
            _ => ClientError::Unreachable {
                path: path.clone(),
                source,
            },
        })?;
        Ok(Self {
            path,
            stream,
            lines: Lines::default(),
            next_id: 1,
            name: None,
            token: None,
            timeout: TIMEOUT,
        })
    }

    /// Asks as this operator, where the user alone does not say it.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Presents this token with every request.
    #[must_use]
    pub fn with_token(mut self, token: Token) -> Self {
        self.token = Some(token);
        self
    }

    /// Waits so long for an answer, all its lines together.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Asks, and waits for all lines of the answer.
    ///
    /// # Errors
    /// [`ClientError`]. After one other than [`ClientError::Refused`] and [`ClientError::TooLong`],
    /// connect again: a late answer would be taken for the next one.
    pub fn ask(&mut self, verb: &str, args: &Value) -> Result<Vec<Value>, ClientError> {
        let id = self.next_id;
        let name = self.name.as_deref();
        let line = wire::write_request(id, verb, name, self.token.as_ref(), args);
        if line.len() > LINE_MAX + 1 {
            return Err(ClientError::TooLong);
        }
        self.next_id += 1;
        let deadline = Instant::now() + self.timeout;
        let sent = self.send(&line, deadline);
        let mut results = Vec::new();
        loop {
            let line = match (self.line(deadline), &sent) {
                (Ok(line), _) => line,
                // Half a line is not carried out. A daemon that turns us away says so without
                // reading, so what it said was looked for all the same.
                (Err(_), Err(error)) => {
                    let path = self.path.clone();
                    let source = error.kind().into();
                    return Err(ClientError::Unreachable { path, source });
                }
                (Err(error), Ok(())) => {
                    let (verb, why) = (verb.to_owned(), error.to_string());
                    return Err(ClientError::Unknown { verb, why });
                }
            };
            let answer = understand(verb, id, &line)?;
            results.extend(answer.result);
            if !answer.more {
                return Ok(results);
            }
            if results.len() >= RESULTS_MAX {
                return Err(not_understood(verb, "it does not end"));
            }
        }
    }

    fn send(&mut self, mut line: &[u8], deadline: Instant) -> io::Result<()> {
        while !line.is_empty() {
            self.stream.set_write_timeout(Some(left(deadline)?))?;
            match self.stream.write(line) {
                Ok(len) => line = line.get(len..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The next line of the daemon.
    fn line(&mut self, deadline: Instant) -> io::Result<Vec<u8>> {
        let mut bytes = [0; 8192];
        loop {
            match self.lines.next() {
                Some(Line::Whole(line)) => return Ok(line),
                Some(Line::TooLong) => return Err(io::ErrorKind::InvalidData.into()),
                None => {}
            }
            self.stream.set_read_timeout(Some(left(deadline)?))?;
            match self.stream.read(&mut bytes) {
                Ok(0) => return Err(io::Error::other("the connection ended")),
                Ok(len) => self.lines.feed(bytes.get(..len).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(late()),
                Err(error) => return Err(error),
            }
        }
    }
}

fn late() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "time ran out")
}

/// What is left until `deadline`, never zero: the system takes that for "for ever".
fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        Err(late())
    } else {
        Ok(left)
    }
}

/// Connects within [`TIMEOUT`]: the library's own call would wait for ever at a full queue.
fn connect(path: &Path) -> io::Result<UnixStream> {
    let address = place::address(path).map_err(io::Error::other)?;
    let flags = SocketFlags::CLOEXEC;
    let socket = net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    let stream = UnixStream::from(socket);
    stream.set_write_timeout(Some(TIMEOUT))?;
    loop {
        match net::connect(&stream, &address) {
            Ok(()) => return Ok(stream),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

fn not_understood(verb: &str, why: impl Into<String>) -> ClientError {
    let (verb, why) = (verb.to_owned(), why.into());
    ClientError::NotUnderstood { verb, why }
}

/// A line of the daemon as an answer to request `id`, or the refusal that it is.
fn understand(verb: &str, id: u64, line: &[u8]) -> Result<AnswerLine, ClientError> {
    let answer: AnswerLine =
        serde_json::from_slice(line).map_err(|error| not_understood(verb, error.to_string()))?;
    if answer.v != VERSION {
        return Err(not_understood(
            verb,
            format!("it is of version {}", answer.v),
        ));
    }
    // A refusal without an id is of the connection, and so of this request as well.
    if answer.id != Some(id) && (answer.ok || answer.id.is_some()) {
        return Err(not_understood(verb, "it is the answer to another request"));
    }
    if answer.ok {
        return Ok(answer);
    }
    Err(ClientError::Refused {
        code: answer.code.unwrap_or_default(),
        message: answer.message.unwrap_or_default(),
        help: answer.help.unwrap_or_default(),
        exit: answer.exit.filter(|exit| *exit != 0).unwrap_or(exit::BUG),
    })
}
