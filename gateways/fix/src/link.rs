//! Sockets and sessions: signatures first, the body follows.
//!
//! ```text
//! let mut link = Link::start(config, application)?;   // binds, opens stores; LinkError tells all
//! link.local_addrs() -> &[SocketAddr]                 // where it listens (port 0 resolved)
//! Worker::work(&mut link, now)                        // one duty cycle
//! link.application() / link.application_mut() -> &A   // for tests and simulators
//! link.stats(SessionIx) -> SessionStats               // Copy snapshot
//! link.log_out(SessionIx, "text")                     // orderly Logout of one session
//! link.log_out_all("text")                            // and of all; work() until is_quiet()
//! link.is_quiet() -> bool                             // no connection is open
//! ```
