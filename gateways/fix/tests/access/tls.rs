//! Links that speak TLS, with an authority made for the test.

use std::fs;
use std::path::{Path, PathBuf};

use dcx_fix::{LinkConfig, LinkError, TlsAccept, TlsConnect, TlsError, TlsIdentity};
use dcx_model::Code;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use super::super::{FIRST, both_up, ids, start};
use crate::common::{Raw, Recorder, acceptor, initiator, now, until};
use dcx_ring::Worker;

/// An authority and who it vouches for, in files.
struct Authority {
    dir: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(dir: &Path, name: &str) -> Self {
        let dir = dir.join(name);
        fs::create_dir(&dir).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        fs::write(dir.join("authority.pem"), certificate.pem()).unwrap();
        let issuer = Issuer::new(params, key);
        Self { dir, issuer }
    }

    fn file(&self) -> PathBuf {
        self.dir.join("authority.pem")
    }

    fn vouch_for(&self, name: &str) -> TlsIdentity {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let files = TlsIdentity {
            certificates: self.dir.join(format!("{name}.pem")),
            key: self.dir.join(format!("{name}.key")),
        };
        fs::write(&files.certificates, certificate.pem()).unwrap();
        fs::write(&files.key, key.serialize_pem()).unwrap();
        files
    }
}

fn server(identity: TlsIdentity, client_authorities: Option<PathBuf>) -> LinkConfig {
    LinkConfig {
        listen_tls: vec![Some(TlsAccept {
            identity,
            client_authorities,
        })],
        ..acceptor(&["CLIENT"])
    }
}

fn client(to: std::net::SocketAddr, tls: TlsConnect) -> LinkConfig {
    let mut config = initiator("CLIENT", to);
    config.sessions[0].tls = Some(tls);
    config
}

#[test]
fn orders_and_answers_go_over_mutual_tls_in_order() {
    let dir = tempfile::tempdir().unwrap();
    let ours = Authority::new(dir.path(), "ours");
    let config = server(ours.vouch_for("venue.test"), Some(ours.file()));
    let mut server = start(config, Recorder::answering());
    let tls = TlsConnect {
        server_name: "venue.test".to_owned(),
        authorities: ours.file(),
        identity: Some(ours.vouch_for("client.test")),
    };
    let config = client(server.local_addrs()[0], tls);
    let mut client = start(config, Recorder::default());
    until(&mut [&mut server, &mut client], "both are up", both_up);
    let sent = ids("o", 5_000);
    for id in &sent {
        client.application_mut().send(0, id);
    }
    until(&mut [&mut server, &mut client], "all answers", |links| {
        links[1].application().ids().len() == sent.len()
    });
    assert_eq!(server.application().ids(), sent);
    assert_eq!(client.application().ids(), sent);
    server.log_out_all(now(), "closing");
    until(&mut [&mut server, &mut client], "an orderly end", |links| {
        links[0].is_quiet() && links[1].stats(FIRST).reason == Some(Code::F105)
    });
}

/// Lets a client try for a while, and says why it is not up.
fn refused(server: LinkConfig, tls: impl FnOnce() -> TlsConnect) -> Option<Code> {
    let mut server = start(server, Recorder::default());
    let config = client(server.local_addrs()[0], tls());
    let mut client = start(config, Recorder::default());
    until(
        &mut [&mut server, &mut client],
        "an attempt that fails",
        |links| {
            let reason = links[1].stats(FIRST).reason;
            matches!(reason, Some(Code::F117 | Code::F102 | Code::F103))
        },
    );
    assert_eq!(server.stats(FIRST).counts.logons, 0);
    assert_eq!(client.stats(FIRST).counts.logons, 0);
    client.stats(FIRST).reason
}

#[test]
fn a_server_of_another_authority_or_name_is_not_talked_to() {
    let dir = tempfile::tempdir().unwrap();
    let ours = Authority::new(dir.path(), "ours");
    let theirs = Authority::new(dir.path(), "theirs");
    for (identity, name) in [
        (theirs.vouch_for("venue.test"), "venue.test"),
        (ours.vouch_for("other.test"), "venue.test"),
    ] {
        let reason = refused(server(identity, None), || TlsConnect {
            server_name: name.to_owned(),
            authorities: ours.file(),
            identity: None,
        });
        assert_eq!(reason, Some(Code::F117));
    }
}

#[test]
fn a_client_without_a_certificate_that_is_vouched_for_is_not_let_in() {
    let dir = tempfile::tempdir().unwrap();
    let ours = Authority::new(dir.path(), "ours");
    let theirs = Authority::new(dir.path(), "theirs");
    for identity in [None, Some(theirs.vouch_for("client.test"))] {
        let config = server(ours.vouch_for("venue.test"), Some(ours.file()));
        refused(config, || TlsConnect {
            server_name: "venue.test".to_owned(),
            authorities: ours.file(),
            identity,
        });
    }
}

#[test]
fn a_logon_in_the_clear_is_not_taken_where_tls_is_spoken() {
    let dir = tempfile::tempdir().unwrap();
    let ours = Authority::new(dir.path(), "ours");
    let mut server = start(
        server(ours.vouch_for("venue.test"), None),
        Recorder::default(),
    );
    let mut raw = Raw::connect(server.local_addrs()[0], "CLIENT");
    let logon = raw.logon();
    raw.write(&logon);
    until(&mut [&mut server], "the connection is refused", |links| {
        links[0].counts().not_logons + links[0].counts().tls_refused > 0
    });
    assert_eq!(server.counts().tls_refused, 1);
    for _ in 0..50 {
        server.work(now());
    }
    assert_eq!(server.stats(FIRST).counts.logons, 0);
}

#[test]
fn certificates_that_cannot_be_used_are_named_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let ours = Authority::new(dir.path(), "ours");
    let mut identity = ours.vouch_for("venue.test");
    identity.key = dir.path().join("nowhere.key");
    let config = server(identity.clone(), None);
    let failed = dcx_fix::Link::start(config, Recorder::default()).unwrap_err();
    let named =
        matches!(&failed, LinkError::Tls(TlsError::File { path, .. }) if *path == identity.key);
    assert!(named, "{failed}");
    assert_eq!(failed.code(), Some(Code::F117));
}
