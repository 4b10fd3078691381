//! Sessions of each version over loopback: logon, orders and reports in its words.

use dcx_fix::{Link, LinkConfig, Role, SessionConfig, Version};

use super::{FIRST, both_up, is_up, start};
use crate::common::{Raw, Recorder, Seen, acceptor, initiator, now, until};
use dcx_ring::Worker;

/// Both sides of a session of this version.
fn speaking(version: Version) -> (Link<Recorder>, Link<Recorder>) {
    let of = |mut config: LinkConfig| {
        for session in &mut config.sessions {
            let (sender, target) = (&session.sender_comp_id, &session.target_comp_id);
            *session = SessionConfig::of(version, sender, target, session.role.clone());
        }
        config
    };
    let server = start(of(acceptor(&["CLIENT"])), Recorder::answering());
    let client = initiator("CLIENT", server.local_addrs()[0]);
    (server, start(of(client), Recorder::default()))
}

#[test]
fn orders_and_reports_pass_both_ways_in_every_version() {
    for version in Version::ALL {
        let (mut server, mut client) = speaking(version);
        until(&mut [&mut server, &mut client], version.name(), both_up);
        for ix in 0..20 {
            client.application_mut().send(0, &format!("o{ix}"));
        }
        until(&mut [&mut server, &mut client], "every report", |links| {
            links[1].application().ids().len() == 20
        });
        // Orders have all that their version requires, and so have reports: nothing was rejected.
        for link in [&server, &client] {
            let counts = &link.stats(FIRST).counts;
            assert_eq!(counts.rejects_sent, 0, "{}", version.name());
            assert_eq!(counts.rejects_received, 0, "{}", version.name());
        }
        let first = |link: &Link<Recorder>| match &link.application().seen[1] {
            Seen::Got(_, msg_type, id, _) => format!("{msg_type} {id}"),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            (first(&server), first(&client)),
            ("D o0".to_owned(), "8 o0".to_owned())
        );
    }
}

#[test]
fn a_logon_over_fixt_that_names_no_version_or_another_is_closed() {
    let mut config = acceptor(&["CLIENT"]);
    config.sessions[0] = SessionConfig::of(Version::Fix50Sp2, "DCX", "CLIENT", Role::Acceptor);
    let mut server = start(config, Recorder::default());
    for (version, welcome) in [(None, false), (Some("7"), false), (Some("9"), true)] {
        let mut raw = Raw::connect_as("FIXT.1.1", server.local_addrs()[0], "CLIENT");
        let logon = raw.message(b"A", |body| {
            body.uint(98, 0);
            body.uint(108, 30);
            body.str(1137, version.unwrap_or(""));
        });
        raw.write(&logon);
        let answer = raw.next_message(&mut server);
        assert_eq!(
            answer.contains("|1137=9|"),
            welcome,
            "{version:?}: {answer}"
        );
        assert_eq!(answer == "closed", !welcome);
        server.work(now());
        assert_eq!(is_up(&server), welcome);
    }
}
