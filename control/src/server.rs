//! The HTTP server: `/metrics` and `/healthz`, on a thread of its own.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use dcx_model::Code;
use tokio::sync::oneshot;

use crate::exposition::exposition;
use crate::{Health, Sample};

/// OpenMetrics 1.0, "Content-Type".
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The address cannot be listened on.
    #[error("listening on {address} for metrics")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The operating system gives no thread or no way to wait for sockets.
    #[error("starting the metrics server")]
    Start {
        /// Why.
        source: io::Error,
    },
}

impl ControlError {
    /// Its entry in the catalogue.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Listen { .. } => Code::X003,
            Self::Start { .. } => Code::X004,
        }
    }
}

/// A server at work. Dropping it leaves it running until the process ends.
#[derive(Debug)]
pub struct Server {
    local_addr: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Server {
    /// Where it listens, port 0 resolved.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Ends it once what it is answering is answered.
    pub fn stop(self) {
        // Either the server still listens for this, or it is gone already.
        let _ = self.stop.send(());
        drop(self.thread.join());
    }
}

/// What the handlers ask.
struct Asked {
    samples: Box<dyn Fn() -> Vec<Sample> + Send + Sync>,
    health: Box<dyn Fn() -> Health + Send + Sync>,
}

/// Serves `samples` at `/metrics` and `health` at `/healthz`. Both are called for each request.
///
/// # Errors
/// [`ControlError`]; nothing listens then.
pub fn serve(
    address: SocketAddr,
    samples: impl Fn() -> Vec<Sample> + Send + Sync + 'static,
    health: impl Fn() -> Health + Send + Sync + 'static,
) -> Result<Server, ControlError> {
    let listen = |source| ControlError::Listen { address, source };
    let start = |source| ControlError::Start { source };
    let listener = TcpListener::bind(address).map_err(listen)?;
    let local_addr = listener.local_addr().map_err(listen)?;
    listener.set_nonblocking(true).map_err(listen)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(start)?;
    let asked = Arc::new(Asked {
        samples: Box::new(samples),
        health: Box::new(health),
    });
    let (stop, stopped) = oneshot::channel();
    let run = move || {
        runtime.block_on(async move {
            // The listener was made and checked above: only a broken runtime refuses it.
            if let Ok(listener) = tokio::net::TcpListener::from_std(listener) {
                let stopped = async move { drop(stopped.await) };
                let server = axum::serve(listener, router(asked));
                drop(server.with_graceful_shutdown(stopped).await);
            }
        });
    };
    let thread = thread::Builder::new()
        .name("dcx-metrics".to_owned())
        .spawn(run)
        .map_err(start)?;
    Ok(Server {
        local_addr,
        stop,
        thread,
    })
}

fn router(asked: Arc<Asked>) -> Router {
    let health = Arc::clone(&asked);
    Router::new()
        .route("/metrics", get(move || async move { metrics(&asked) }))
        .route("/healthz", get(move || async move { healthz(&health) }))
}

fn metrics(asked: &Asked) -> Response {
    match exposition((asked.samples)()) {
        Ok(text) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

fn healthz(asked: &Asked) -> Response {
    match (asked.health)() {
        Health::Well(state) => (StatusCode::OK, format!("{state}\n")).into_response(),
        Health::Ill(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::*;
    use crate::Kind;

    fn ask(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn local() -> SocketAddr {
        "127.0.0.1:0".parse().unwrap()
    }

    #[test]
    fn metrics_and_health_are_answered() {
        let samples = || vec![Sample::new("a.b", "Help", Kind::Count, 5)];
        let server = serve(local(), samples, || Health::Well("running".to_owned())).unwrap();
        let metrics = ask(server.local_addr(), "/metrics");
        assert!(metrics.starts_with("HTTP/1.1 200"), "{metrics}");
        assert!(
            metrics.contains("application/openmetrics-text"),
            "{metrics}"
        );
        assert!(metrics.contains("dcx_a_b_total 5\n# EOF"), "{metrics}");
        assert!(ask(server.local_addr(), "/healthz").ends_with("running\n"));
        assert!(ask(server.local_addr(), "/x").starts_with("HTTP/1.1 404"));
        server.stop();
    }

    #[test]
    fn who_is_ill_says_why() {
        let ill = || Health::Ill("journal failed".to_owned());
        let server = serve(local(), Vec::new, ill).unwrap();
        let answer = ask(server.local_addr(), "/healthz");
        assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
        assert!(answer.ends_with("journal failed\n"), "{answer}");
        server.stop();
    }

    #[test]
    fn an_address_in_use_is_told() {
        let taken = TcpListener::bind(local()).unwrap();
        let address = taken.local_addr().unwrap();
        let refused = serve(address, Vec::new, || Health::Well(String::new()));
        let error = refused.expect_err("the address is taken");
        assert_eq!(error.code(), Code::X003);
        assert!(error.to_string().contains(&address.to_string()));
    }
}
