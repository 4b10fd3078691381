//! What sessions received and sent, in a file for each, without secrets.
//!
//! ```text
//! 20261124-12:00:00.000000000 in masked 8=FIX.4.4␁9=…␁10=…␁
//! 20261124-12:00:00.000100000 out 8=FIX.4.4␁9=…␁10=…␁
//! ```
//!
//! The link's thread writes lines to a buffer; a thread of its own writes them to files, and lets
//! each grow to a bound before it begins the next. The link never waits for it: lines that find no
//! room are left out, which the file says. What a kill loses is what was logged in the last
//! moments ([`HAND_EVERY`] and [`REST`]); after a failure of the machine, what the system had not
//! written. What must survive is in the store: nothing is recovered from here.
//!
//! Bytes that are no message are told by their number only: a password may stand anywhere in them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use dcx_model::{MonoNanos, NANOS_PER_S, Nanos, Now, UnixNanos};

use crate::app::SessionIx;
use crate::config::MessageLogConfig;
use crate::mask::Secrets;
use crate::{CodecFault, Message, UtcTimestamp};

/// How long a line may wait in the link's thread.
const HAND_EVERY: Nanos = Nanos::from_millis(10);

/// Bytes that are handed over at once.
const BATCH_BYTES: usize = 256 * 1024;

/// Batches that may wait to be written.
const BATCHES_MAX: usize = 64;

/// How long the writing thread rests when there is nothing to write. It is not woken: that would
/// cost the link a call of the operating system.
const REST: Duration = Duration::from_millis(5);

/// Which way a message went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    In,
    Out,
}

impl Way {
    const fn word(self) -> &'static str {
        match self {
            Self::In => " in ",
            Self::Out => " out ",
        }
    }
}

/// Lines of several sessions.
#[derive(Debug, Default)]
struct Batch {
    bytes: Vec<u8>,
    /// Whose the lines are, in order, and how long each is.
    lines: Vec<(usize, usize)>,
    /// Names of files of sessions that are new.
    names: Vec<(usize, String)>,
    /// Lines before these that found no room.
    lost: u64,
}

/// The link's side.
#[derive(Debug)]
pub(super) struct MessageLog {
    raw_data_masked: bool,
    batch: Batch,
    hand_at: MonoNanos,
    time: UtcTimestamp,
    to: Option<SyncSender<Batch>>,
    back: Receiver<Batch>,
    lost: u64,
    /// Lines that the writer could not write.
    failed: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl MessageLog {
    /// Makes the directory and starts the thread that writes.
    pub(super) fn start(config: &MessageLogConfig) -> io::Result<Self> {
        fs::create_dir_all(&config.directory)?;
        let (to, batches) = sync_channel(BATCHES_MAX);
        let (give_back, back) = sync_channel(BATCHES_MAX);
        let failed = Arc::new(AtomicU64::new(0));
        let mut writer = Writer {
            config: config.clone(),
            files: Vec::new(),
            failed: Arc::clone(&failed),
        };
        let thread = thread::Builder::new().name("fix-log".to_owned());
        let thread = thread.spawn(move || writer.run(&batches, &give_back))?;
        Ok(Self {
            raw_data_masked: config.raw_data_masked,
            batch: Batch::default(),
            hand_at: MonoNanos::new(0),
            time: UtcTimestamp::new(),
            to: Some(to),
            back,
            lost: 0,
            failed,
            thread: Some(thread),
        })
    }

    /// Lines that were left out since the start.
    pub(super) fn lost(&self) -> u64 {
        self.lost + self.failed.load(Ordering::Relaxed)
    }

    /// Says which file a session's lines go to.
    pub(super) fn open(&mut self, session: SessionIx, name: String) {
        self.batch.names.push((session.as_usize(), name));
    }

    /// Logs a message; `known` is a secret that may stand anywhere in it.
    pub(super) fn message(
        &mut self,
        session: SessionIx,
        way: Way,
        at: UnixNanos,
        message: &Message<'_>,
        known: &[u8],
    ) {
        let begin = self.begin(way, at);
        let secrets = Secrets {
            raw_data: self.raw_data_masked,
            known,
        };
        let text = self.batch.bytes.len();
        if secrets.mask(message, &mut self.batch.bytes) {
            self.batch
                .bytes
                .splice(text..text, b"masked ".iter().copied());
        }
        self.end(session, begin);
    }

    /// Logs that so many bytes came that are no message.
    pub(super) fn garbled(
        &mut self,
        session: SessionIx,
        at: UnixNanos,
        len: usize,
        fault: CodecFault,
    ) {
        let begin = self.begin(Way::In, at);
        let text = format!("{len} bytes that are no message: {} {fault}", fault.code());
        self.batch.bytes.extend_from_slice(text.as_bytes());
        self.end(session, begin);
    }

    fn begin(&mut self, way: Way, at: UnixNanos) -> usize {
        let begin = self.batch.bytes.len();
        let seconds = self.time.text(at).get(..17).unwrap_or_default();
        self.batch.bytes.extend_from_slice(seconds);
        // Writing to memory does not fail.
        let _ = write!(self.batch.bytes, ".{:09}", at.get() % NANOS_PER_S);
        self.batch.bytes.extend_from_slice(way.word().as_bytes());
        begin
    }

    fn end(&mut self, session: SessionIx, begin: usize) {
        self.batch.bytes.push(b'\n');
        let len = self.batch.bytes.len() - begin;
        self.batch.lines.push((session.as_usize(), len));
        if self.batch.bytes.len() >= BATCH_BYTES {
            self.hand_over();
        }
    }

    /// Hands over what has waited long enough.
    pub(super) fn tick(&mut self, now: Now) {
        if now.mono >= self.hand_at {
            self.hand_at = now.mono.plus(HAND_EVERY);
            self.hand_over();
        }
    }

    fn hand_over(&mut self) {
        let Some(to) = &self.to else {
            return;
        };
        if self.batch.lines.is_empty() {
            return;
        }
        let next = self.back.try_recv().unwrap_or_default();
        match to.try_send(std::mem::replace(&mut self.batch, next)) {
            Ok(()) => {}
            Err(TrySendError::Full(mut batch) | TrySendError::Disconnected(mut batch)) => {
                let count = batch.lines.len() as u64;
                self.lost += count;
                batch.lost += count;
                batch.bytes.clear();
                batch.lines.clear();
                self.batch = batch;
            }
        }
    }
}

impl Drop for MessageLog {
    /// An orderly end writes everything.
    fn drop(&mut self) {
        if let Some(to) = self.to.take() {
            // Fails only when the writer is gone, and then there is nobody to tell.
            let _ = to.send(std::mem::take(&mut self.batch));
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The side that writes.
#[derive(Debug)]
struct Writer {
    config: MessageLogConfig,
    /// By session.
    files: Vec<Option<Log>>,
    failed: Arc<AtomicU64>,
}

/// A session's files.
#[derive(Debug)]
struct Log {
    path: PathBuf,
    /// None after a failure: it is opened anew with the next line.
    file: Option<BufWriter<File>>,
    len: u64,
    /// Lines that are not in the file yet.
    waiting: u64,
}

impl Writer {
    fn run(&mut self, batches: &Receiver<Batch>, give_back: &SyncSender<Batch>) {
        loop {
            match batches.try_recv() {
                Ok(mut batch) => {
                    self.write(&batch);
                    batch.bytes.clear();
                    batch.lines.clear();
                    batch.names.clear();
                    batch.lost = 0;
                    // If there are enough of them already, this one goes.
                    let _ = give_back.try_send(batch);
                }
                Err(TryRecvError::Empty) => thread::sleep(REST),
                Err(TryRecvError::Disconnected) => return,
            }
        }
    }

    fn write(&mut self, batch: &Batch) {
        for (session, name) in &batch.names {
            if self.files.len() <= *session {
                self.files.resize_with(*session + 1, || None);
            }
            self.files[*session] = Some(Log {
                path: self.config.directory.join(format!("{name}.log")),
                file: None,
                len: 0,
                waiting: 0,
            });
        }
        let mut at = 0;
        let mut told = Vec::new();
        for (session, len) in &batch.lines {
            let line = batch.bytes.get(at..at + len).unwrap_or_default();
            at += len;
            let Some(log) = self.files.get_mut(*session).and_then(Option::as_mut) else {
                continue;
            };
            if batch.lost > 0 && !told.contains(session) {
                told.push(*session);
                let text = format!("up to {} lines of all sessions lost here\n", batch.lost);
                log.put(text.as_bytes(), &self.config, &self.failed);
            }
            log.put(line, &self.config, &self.failed);
        }
        for log in self.files.iter_mut().flatten() {
            log.flush(&self.failed);
        }
    }
}

impl Log {
    fn put(&mut self, line: &[u8], config: &MessageLogConfig, failed: &AtomicU64) {
        if let Err(_error) = self.try_put(line, config) {
            failed.fetch_add(self.waiting + 1, Ordering::Relaxed);
            self.waiting = 0;
            self.file = None;
        }
    }

    fn try_put(&mut self, line: &[u8], config: &MessageLogConfig) -> io::Result<()> {
        let len = line.len() as u64;
        if self.file.is_none() {
            self.open()?;
        }
        if self.len > 0 && self.len + len > config.file_bytes_max {
            if let Some(file) = &mut self.file {
                file.flush()?;
            }
            self.waiting = 0;
            rotate(&self.path, config.files_max)?;
            self.open()?;
        }
        if let Some(file) = &mut self.file {
            file.write_all(line)?;
            self.waiting += 1;
            self.len += len;
        }
        Ok(())
    }

    fn open(&mut self) -> io::Result<()> {
        let mut options = OpenOptions::new();
        // Messages are other people's business.
        let options = options.append(true).create(true).mode(0o600);
        let file = options.open(&self.path)?;
        self.len = file.metadata()?.len();
        self.file = Some(BufWriter::new(file));
        Ok(())
    }

    fn flush(&mut self, failed: &AtomicU64) {
        let flushed = self.file.as_mut().map_or(Ok(()), Write::flush);
        if flushed.is_err() {
            failed.fetch_add(self.waiting, Ordering::Relaxed);
            self.file = None;
        }
        self.waiting = 0;
    }
}

/// Makes `x.log` to `x.log.1`, that to `x.log.2`, and so on; the oldest goes.
fn rotate(path: &Path, files_max: u32) -> io::Result<()> {
    let numbered = |number: u32| match number {
        0 => path.to_owned(),
        number => {
            let mut name = path.as_os_str().to_owned();
            name.push(format!(".{number}"));
            PathBuf::from(name)
        }
    };
    let oldest = files_max.saturating_sub(1);
    match fs::remove_file(numbered(oldest)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    for number in (0..oldest).rev() {
        match fs::rename(numbered(number), numbered(number + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Encoder, Head};

    fn config(directory: &Path) -> MessageLogConfig {
        MessageLogConfig {
            directory: directory.to_owned(),
            file_bytes_max: 1000,
            files_max: 3,
            raw_data_masked: true,
        }
    }

    fn message(number: u64, fields: &[(u32, &str)]) -> Vec<u8> {
        let mut encoder = Encoder::new(b"FIX.4.4", b"A", b"B");
        let mut out = Vec::new();
        let head = Head::new(b"A", number, UnixNanos::from_seconds(1));
        let bytes = encoder.encode(&mut out, &head, |body| {
            for (tag, value) in fields {
                body.str(*tag, value);
            }
        });
        bytes.to_vec()
    }

    fn note(log: &mut MessageLog, bytes: &[u8]) {
        let message = Message::parse(bytes).unwrap();
        let at = UnixNanos::new(1_500_000_007);
        log.message(SessionIx::new(0), Way::Out, at, &message, b"");
    }

    fn text(path: &Path) -> String {
        String::from_utf8(fs::read(path).unwrap()).unwrap()
    }

    #[test]
    fn a_line_says_when_and_which_way_and_no_password() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = MessageLog::start(&config(dir.path())).unwrap();
        log.open(SessionIx::new(0), "S".to_owned());
        let secret = message(1, &[(554, "hunter2")]);
        let plain = message(2, &[(58, "hello")]);
        note(&mut log, &secret);
        note(&mut log, &plain);
        log.garbled(
            SessionIx::new(0),
            UnixNanos::ZERO,
            12,
            CodecFault::HeaderOrder,
        );
        drop(log);
        let path = dir.path().join("S.log");
        let text = text(&path);
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[0].starts_with("19700101-00:00:01.500000007 out masked 8=FIX.4.4\u{1}9="),
            "{text}"
        );
        assert!(lines[0].contains("\u{1}554=***\u{1}10=") && !text.contains("hunter2"));
        let whole = String::from_utf8(plain).unwrap();
        assert_eq!(lines[1], format!("19700101-00:00:01.500000007 out {whole}"));
        assert_eq!(
            lines[2],
            "19700101-00:00:00.000000000 in 12 bytes that are no message: DCX-F002 8, 9 and 35 \
             are not the first three fields"
        );
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn files_are_bounded_in_size_and_number_and_the_newest_stay() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = MessageLog::start(&config(dir.path())).unwrap();
        log.open(SessionIx::new(0), "S".to_owned());
        for number in 0..60 {
            note(&mut log, &message(number, &[]));
        }
        drop(log);
        let mut files: Vec<PathBuf> = fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        let names: Vec<_> = files
            .iter()
            .map(|path| path.file_name().unwrap().to_str().unwrap())
            .collect();
        assert_eq!(names, ["S.log", "S.log.1", "S.log.2"]);
        assert!(
            files
                .iter()
                .all(|path| fs::metadata(path).unwrap().len() <= 1000)
        );
        assert!(text(&files[0]).contains("\u{1}34=59\u{1}"));
        let all: String = files.iter().rev().map(|path| text(path)).collect();
        let numbers: Vec<u64> = all
            .lines()
            .map(|line| {
                let at = line.find("\u{1}34=").unwrap() + 4;
                let rest = &line[at..];
                rest[..rest.find('\u{1}').unwrap()].parse().unwrap()
            })
            .collect();
        let first = numbers[0];
        assert_eq!(numbers, (first..60).collect::<Vec<_>>(), "none is missing");
    }

    #[test]
    fn lines_without_room_are_counted_and_the_link_does_not_wait() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = MessageLog::start(&config(dir.path())).unwrap();
        // Nobody takes what is handed over.
        let (to, nobody) = sync_channel(1);
        let writer = log.to.replace(to);
        for number in 0..3 {
            note(&mut log, &message(number, &[]));
            log.hand_over();
        }
        assert_eq!(log.lost(), 2);
        let first = nobody.try_recv().unwrap();
        assert_eq!((first.lines.len(), first.lost), (1, 0));
        note(&mut log, &message(3, &[]));
        log.hand_over();
        let next = nobody.try_recv().unwrap();
        assert_eq!((next.lines.len(), next.lost), (1, 2));
        log.to = writer;
    }

    #[test]
    fn what_cannot_be_written_is_counted() {
        let dir = tempfile::tempdir().unwrap();
        let mut log = MessageLog::start(&config(dir.path())).unwrap();
        log.open(SessionIx::new(0), "missing/S".to_owned());
        note(&mut log, &message(1, &[]));
        let failed = Arc::clone(&log.failed);
        drop(log);
        assert_eq!(failed.load(Ordering::Relaxed), 1);
    }
}
