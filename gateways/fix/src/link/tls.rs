//! TLS 1.2 and 1.3 on a socket that does not block: certificates, handshakes, records.

use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mio::net::TcpStream;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    ClientConfig, ClientConnection, Connection, RootCertStore, ServerConfig, ServerConnection,
};

use crate::config::{TlsAccept, TlsConnect, TlsIdentity};

/// Plain bytes given to the encryption at once: one record.
const RECORD: usize = 16 * 1024;

/// Why certificates cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or is no PEM.
    #[error("reading {}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rustls::pki_types::pem::Error,
    },
    /// The certificates do not fit together.
    #[error("certificates of {}", .path.display())]
    Certificates {
        /// The file that names them.
        path: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// An authority cannot verify anybody.
    #[error("authorities of {}", .path.display())]
    Authorities {
        /// The file.
        path: PathBuf,
        /// Why.
        source: rustls::server::VerifierBuilderError,
    },
    /// The peer's name is none that a certificate can have.
    #[error("{name:?} is no name that a certificate can have")]
    Name {
        /// The name.
        name: String,
    },
}

/// How an address is listened on.
pub(super) fn acceptor(files: &TlsAccept) -> Result<Arc<ServerConfig>, TlsError> {
    let (chain, key) = identity(&files.identity)?;
    let failed = |source| TlsError::Certificates {
        path: files.identity.certificates.clone(),
        source,
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder
        .with_safe_default_protocol_versions()
        .map_err(failed)?;
    let builder = match &files.client_authorities {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let roots = Arc::new(authorities(path)?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
            let verifier = verifier.map_err(|source| TlsError::Authorities {
                path: path.clone(),
                source,
            })?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    builder
        .with_single_cert(chain, key)
        .map(Arc::new)
        .map_err(failed)
}

/// How an initiator connects, and to whom.
pub(super) fn initiator(
    files: &TlsConnect,
) -> Result<(Arc<ClientConfig>, ServerName<'static>), TlsError> {
    let roots = authorities(&files.authorities)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let failed = |source| TlsError::Certificates {
        path: files.authorities.clone(),
        source,
    };
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = builder
        .with_safe_default_protocol_versions()
        .map_err(failed)?;
    let builder = builder.with_root_certificates(roots);
    let config = match &files.identity {
        None => builder.with_no_client_auth(),
        Some(files) => {
            let (chain, key) = identity(files)?;
            builder.with_client_auth_cert(chain, key).map_err(failed)?
        }
    };
    let name = ServerName::try_from(files.server_name.clone()).map_err(|_| TlsError::Name {
        name: files.server_name.clone(),
    })?;
    Ok((Arc::new(config), name))
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn identity(files: &TlsIdentity) -> Result<Identity, TlsError> {
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|source| TlsError::File {
        path: files.key.clone(),
        source,
    })?;
    Ok((certificates(&files.certificates)?, key))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |source| TlsError::File {
        path: path.to_owned(),
        source,
    };
    let all = CertificateDer::pem_file_iter(path).map_err(failed)?;
    let all: Result<Vec<_>, _> = all.collect();
    match all.map_err(failed)? {
        none if none.is_empty() => Err(failed(rustls::pki_types::pem::Error::NoItemsFound)),
        all => Ok(all),
    }
}

fn authorities(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots
            .add(certificate)
            .map_err(|source| TlsError::Certificates {
                path: path.to_owned(),
                source,
            })?;
    }
    Ok(roots)
}

/// The encryption of one connection.
#[derive(Debug)]
pub(super) struct Tls {
    state: Box<Connection>,
    /// Plain bytes that were encrypted and are not all with the kernel.
    under_way: usize,
    /// Plain bytes may be left from the last read.
    unread: bool,
}

impl Tls {
    pub(super) fn accept(config: &Arc<ServerConfig>) -> io::Result<Self> {
        let state = ServerConnection::new(Arc::clone(config)).map_err(io::Error::other)?;
        Ok(Self::new(state.into()))
    }

    pub(super) fn connect(
        (config, name): &(Arc<ClientConfig>, ServerName<'static>),
    ) -> io::Result<Self> {
        let state = ClientConnection::new(Arc::clone(config), name.clone());
        Ok(Self::new(state.map_err(io::Error::other)?.into()))
    }

    fn new(state: Connection) -> Self {
        Self {
            state: Box::new(state),
            under_way: 0,
            unread: false,
        }
    }

    /// Reads into `room`: plain bytes; `Ok(0)` when the peer has closed.
    pub(super) fn read(&mut self, socket: &mut TcpStream, room: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.plain(room) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                done => return done,
            }
            match self.state.read_tls(socket) {
                Ok(0) => return Ok(0),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            let state = self.state.process_new_packets();
            if let Err(error) = state {
                // The peer is told why, if it can be.
                let _ = self.push(socket);
                return Err(io::Error::new(ErrorKind::InvalidData, error));
            }
            self.unread = true;
            match self.push(socket) {
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
    }

    fn plain(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if !self.unread {
            return Err(ErrorKind::WouldBlock.into());
        }
        let read = self.state.reader().read(room);
        self.unread = read.is_ok();
        read
    }

    /// Writes of `bytes` what the kernel takes. Returns how many plain bytes are with it: those
    /// whose records are only partly are counted by the call after.
    pub(super) fn write(&mut self, socket: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
        self.push(socket)?;
        let done = std::mem::take(&mut self.under_way);
        if done > 0 {
            return Ok(done);
        }
        if self.state.is_handshaking() {
            return Err(ErrorKind::WouldBlock.into());
        }
        let chunk = bytes.get(..RECORD).unwrap_or(bytes);
        self.under_way = self.state.writer().write(chunk)?;
        self.push(socket)?;
        Ok(std::mem::take(&mut self.under_way))
    }

    /// Says that nothing more comes.
    pub(super) fn finish(&mut self, socket: &mut TcpStream) {
        self.state.send_close_notify();
        let _ = self.push(socket);
    }

    /// Hands encrypted bytes to the kernel.
    fn push(&mut self, socket: &mut TcpStream) -> io::Result<()> {
        while self.state.wants_write() {
            match self.state.write_tls(socket) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
