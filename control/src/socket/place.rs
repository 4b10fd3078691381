//! Where the socket file lies: safe, ours alone, and gone afterwards.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use dcx_model::Code;
use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SocketAddrUnix, SocketFlags, SocketType};

use super::operator::OperatorsError;

/// Connections that may wait to be taken.
const BACKLOG: i32 = 64;

/// Why the socket is not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Somebody else could put another socket there, or something else is there.
    #[error("the control socket {path} is not safe: {why}")]
    Unsafe {
        /// The socket's path.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A daemon that lives has this socket.
    #[error("another daemon answers at the control socket {path}")]
    InUse {
        /// The socket's path.
        path: PathBuf,
    },
    /// The operating system takes no path of this length for a socket.
    #[error("the path of the control socket {path} is too long: 107 bytes are possible")]
    TooLong {
        /// The socket's path.
        path: PathBuf,
    },
    /// The operating system refuses.
    #[error("{doing} for the control socket {path}")]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// The socket's path.
        path: PathBuf,
        /// Why it did not work.
        source: io::Error,
    },
    /// The operators cannot be told apart.
    #[error(transparent)]
    Operators(#[from] OperatorsError),
}

impl OpenError {
    /// Its entry in the catalogue.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Unsafe { .. } => Code::X013,
            Self::InUse { .. } => Code::X003,
            Self::TooLong { .. } => Code::C005,
            Self::Io { .. } => Code::X004,
            Self::Operators(_) => Code::C013,
        }
    }
}

/// A socket file that is ours, with the lock that says so. Dropping it removes the file.
#[derive(Debug)]
pub(super) struct Place {
    path: PathBuf,
    /// The file we made, told from another of its name.
    inode: (u64, u64),
    /// Held until this process ends. The lock's file stays: removing it would let two daemons hold
    /// locks on two files of one name.
    _lock: File,
}

impl Place {
    /// Makes the socket file and listens there.
    pub(super) fn listen(path: &Path, mode: u32) -> Result<(Self, UnixListener), OpenError> {
        let fail = |doing| {
            move |source: io::Error| OpenError::Io {
                doing,
                path: path.to_owned(),
                source,
            }
        };
        let address = address(path)?;
        let folder = folder(path);
        let mut builder = DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(folder);
        made.map_err(fail("making the folder"))?;
        check_folder(path, folder)?;
        let lock = lock(path)?;
        remove_stale(path, &address)?;
        let socket = net::socket_with(
            AddressFamily::UNIX,
            SocketType::STREAM,
            SocketFlags::CLOEXEC | SocketFlags::NONBLOCK,
            None,
        )
        .map_err(|errno| fail("making a socket")(errno.into()))?;
        net::bind(&socket, &address).map_err(|errno| fail("binding")(errno.into()))?;
        // Nobody connects before `listen`, so nobody meets the mode that the umask left.
        fs::set_permissions(path, Permissions::from_mode(mode))
            .map_err(fail("setting permissions"))?;
        let made = fs::symlink_metadata(path).map_err(fail("looking"))?;
        let place = Self {
            path: path.to_owned(),
            inode: inode(&made),
            _lock: lock,
        };
        net::listen(&socket, BACKLOG).map_err(|errno| fail("listening")(errno.into()))?;
        Ok((place, UnixListener::from(socket)))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path).is_ok_and(|it| inode(&it) == self.inode);
        if ours {
            // Left behind it would be taken for stale by the next daemon.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn inode(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

/// The folder of a socket.
fn folder(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        Some(_) | None => Path::new("."),
    }
}

/// The socket's address, if the path fits into one.
pub(super) fn address(path: &Path) -> Result<SocketAddrUnix, OpenError> {
    SocketAddrUnix::new(path).map_err(|_| OpenError::TooLong {
        path: path.to_owned(),
    })
}

/// Refuses a folder in which others could replace the socket: they would be sent our tokens.
fn check_folder(path: &Path, folder: &Path) -> Result<(), OpenError> {
    let unsafe_ = |why| OpenError::Unsafe {
        path: path.to_owned(),
        why,
    };
    let look = |source| OpenError::Io {
        doing: "looking at the folder",
        path: path.to_owned(),
        source,
    };
    let real = folder.canonicalize().map_err(look)?;
    for (ix, each) in real.ancestors().enumerate() {
        let metadata = fs::metadata(each).map_err(look)?;
        let shown = each.display();
        let sticky = metadata.mode() & 0o1000 != 0;
        // Above, the sticky bit is enough: others cannot rename what is not theirs.
        if metadata.mode() & 0o002 != 0 && (ix == 0 || !sticky) {
            return Err(unsafe_(format!("everybody may write to {shown}")));
        }
        let owner = metadata.uid();
        if ix == 0 && owner != 0 && owner != rustix::process::geteuid().as_raw() {
            return Err(unsafe_(format!("{shown} belongs to uid {owner}")));
        }
    }
    Ok(())
}

/// Takes the lock beside the socket, or says that a daemon lives that has it.
fn lock(path: &Path) -> Result<File, OpenError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let io = |source| OpenError::Io {
        doing: "locking",
        path: path.to_owned(),
        source,
    };
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(PathBuf::from(name))
        .map_err(io)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(Errno::WOULDBLOCK) => Err(OpenError::InUse {
            path: path.to_owned(),
        }),
        Err(errno) => Err(io(errno.into())),
    }
}

/// Removes the socket of a daemon that died. What anybody answers at, and what is no socket, stays.
fn remove_stale(path: &Path, address: &SocketAddrUnix) -> Result<(), OpenError> {
    let io = |doing, source| OpenError::Io {
        doing,
        path: path.to_owned(),
        source,
    };
    let there = match fs::symlink_metadata(path) {
        Ok(there) => there,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io("looking", error)),
    };
    if !there.file_type().is_socket() {
        return Err(OpenError::Unsafe {
            path: path.to_owned(),
            why: "something that is no socket has its name".to_owned(),
        });
    }
    match connect(address) {
        Err(Errno::CONNREFUSED) => fs::remove_file(path).map_err(|e| io("removing the old one", e)),
        // A full queue of connections is a daemon too, if a busy one.
        Ok(_) | Err(Errno::AGAIN) => Err(OpenError::InUse {
            path: path.to_owned(),
        }),
        Err(errno) => Err(io("probing", errno.into())),
    }
}

/// Connects without waiting.
fn connect(address: &SocketAddrUnix) -> Result<UnixStream, Errno> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    net::connect(&socket, address)?;
    Ok(UnixStream::from(socket))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode_of(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn the_file_has_its_mode_and_goes_with_its_place() {
        for mode in [0o600, 0o660] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("below/c.sock");
            let (place, _listener) = Place::listen(&path, mode).unwrap();
            assert_eq!(mode_of(&path), mode);
            assert_eq!(mode_of(&folder.path().join("below")), 0o700);
            drop(place);
            assert!(!path.exists());
        }
    }

    #[test]
    fn a_folder_that_everybody_may_write_to_is_refused_sticky_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let listen = || Place::listen(&inner.join("c.sock"), 0o600).map(drop);
        for mode in [0o777, 0o1777, 0o702] {
            set_mode(&inner, mode);
            let error = listen().expect_err("the folder is not safe");
            assert_eq!(error.code(), Code::X013, "{error}");
            assert!(error.to_string().contains("everybody may write"), "{error}");
        }
        set_mode(&inner, 0o770);
        listen().unwrap();
        set_mode(folder.path(), 0o777);
        let error = listen().expect_err("the folder above is not safe");
        assert_eq!(error.code(), Code::X013);
        set_mode(folder.path(), 0o1777);
        listen().unwrap();
    }

    #[test]
    fn the_socket_of_a_dead_daemon_is_replaced_and_that_of_a_live_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.sock");
        drop(UnixListener::bind(&path).unwrap());
        assert!(path.exists(), "a dead daemon leaves its socket");
        let (place, _listener) = Place::listen(&path, 0o600).unwrap();
        let second = Place::listen(&path, 0o600).expect_err("the first one lives");
        assert_eq!(second.code(), Code::X003);
        drop(place);

        let foreign = UnixListener::bind(&path).unwrap();
        let refused = Place::listen(&path, 0o600).expect_err("one without a lock lives too");
        assert_eq!(refused.code(), Code::X003);
        assert!(path.exists());
        drop(foreign);
    }

    #[test]
    fn a_file_that_is_no_socket_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.sock");
        fs::write(&path, "mine").unwrap();
        let error = Place::listen(&path, 0o600).expect_err("a file is there");
        assert_eq!(error.code(), Code::X013);
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    }

    #[test]
    fn a_socket_that_is_no_longer_ours_is_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.sock");
        let (place, _listener) = Place::listen(&path, 0o600).unwrap();
        fs::rename(&path, folder.path().join("old.sock")).unwrap();
        let _other = UnixListener::bind(&path).unwrap();
        drop(place);
        assert!(path.exists());
    }

    #[test]
    fn a_path_too_long_for_a_socket_is_said_to_be() {
        let path = Path::new("/tmp").join("x".repeat(108));
        let error = Place::listen(&path, 0o600).expect_err("108 bytes and more");
        assert_eq!(error.code(), Code::C005);
    }
}
