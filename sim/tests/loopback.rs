//! Venue and client against each other, over real sessions on loopback.

use dcx_sim::client::{ClientError, ClientOptions, ClientRunner, Mix, Prices};
use dcx_sim::venue::{Trouble, VenueOptions, VenueServer};

fn venue(options: VenueOptions) -> VenueServer {
    VenueServer::spawn(&VenueOptions {
        listen: ([127, 0, 0, 1], 0).into(),
        targets: vec!["A".to_owned(), "B".to_owned()],
        latency_us: 20,
        jitter_us: 20,
        ..options
    })
    .expect("a free port of loopback can be listened on")
}

fn client(venue: &VenueServer) -> ClientOptions {
    ClientOptions {
        connect: venue.addr(),
        comp_ids: vec!["A".to_owned(), "B".to_owned()],
        target: "SIMA".to_owned(),
        orders_per_s: 4_000,
        seconds: None,
        patience_s: 60,
        ..ClientOptions::default()
    }
}

/// Parents that are to be worked over time are among them: the venue takes them for plain orders.
#[test]
fn thousands_of_mixed_orders_are_reported_without_a_fault() {
    let venue = venue(VenueOptions {
        // Small liquidity and many quotes: partial fills, resting orders that are crossed later.
        touch_pct: 2,
        quotes_per_s: 500,
        ..VenueOptions::default()
    });
    let options = ClientOptions {
        orders: Some(5_000),
        ..client(&venue)
    };
    let prices = Prices::of_boards(vec![venue.board()]);
    let report = ClientRunner::spawn(&options, prices)
        .unwrap()
        .join()
        .unwrap();
    let stats = venue.stop();
    assert_eq!(report.violations, [], "{report:?}");
    assert!(report.is_clean(), "{report:?}");
    assert_eq!((report.sent, report.working), (5_000, 0));
    assert_eq!(report.accepted + report.refused, 5_000);
    assert_eq!(report.filled + report.canceled, report.accepted);
    // Every order ends one round trip; a ClOrdID that is sent again belongs to an order that has.
    let first_reports = report.accepted..=report.accepted + report.refused;
    assert!(
        first_reports.contains(&report.round_trip.len()),
        "{report:?}"
    );
    assert_eq!(report.refused, stats.rejected);
    // How many of which depends on how fast this machine answers: some of each are enough here.
    assert!(report.filled > 100, "{report:?}");
    assert!(report.canceled > 100 && report.refused > 100, "{report:?}");
    assert!(report.trades > report.filled, "{report:?}");
    assert_eq!((stats.orders, stats.trades), (5_000, report.trades));
    assert_eq!((stats.accepted, stats.working), (report.accepted, 0));
    println!("{}", report.to_json());
}

/// The venue offers icebergs and post-only orders and refuses what dcx holds itself.
#[test]
fn every_kind_of_order_is_sent_and_answered() {
    let venue = venue(VenueOptions {
        quotes_per_s: 500,
        ..VenueOptions::default()
    });
    let options = ClientOptions {
        orders: Some(3_000),
        mix: Mix::everything(),
        ..client(&venue)
    };
    let prices = Prices::of_boards(vec![venue.board()]);
    let report = ClientRunner::spawn(&options, prices)
        .unwrap()
        .join()
        .unwrap();
    let (stats, ledger) = venue.settle();
    assert!(report.is_clean(), "{report:?}");
    assert!(
        report.accepted > 1_000 && report.refused > 500,
        "{report:?}"
    );
    assert_eq!((stats.working, report.working), (0, 0));
    assert_eq!(ledger.received.total(), 3_000);
    assert_eq!(ledger.orders.len(), 3_000);
    assert_eq!(ledger.trades.len() as u64, report.trades);
}

/// Busts, corrections, pending reports, cancels that nobody asked for: odd, and none of it wrong.
#[test]
fn a_venue_that_changes_its_mind_is_not_complained_of() {
    let venue = venue(VenueOptions {
        touch_pct: 2,
        quotes_per_s: 500,
        trouble: Trouble {
            unasked_cancel_rate: 0.1,
            bust_rate: 0.1,
            correct_rate: 0.1,
            cancel_refused_rate: 0.1,
            pending_rate: 0.2,
            halt_every_ms: 300,
            halt_ms: 20,
            later_ms: 1,
            ..Trouble::default()
        },
        ..VenueOptions::default()
    });
    let options = ClientOptions {
        orders: Some(2_000),
        ..client(&venue)
    };
    let prices = Prices::of_boards(vec![venue.board()]);
    let report = ClientRunner::spawn(&options, prices)
        .unwrap()
        .join()
        .unwrap();
    let stats = venue.stop();
    assert_eq!(report.violations, [], "{report:?}");
    assert!(report.lost == 0 && report.duplicated == 0, "{report:?}");
    assert!(
        stats.trouble.busts > 0 && stats.trouble.corrections > 0,
        "{stats:?}"
    );
}

#[test]
fn a_client_without_prices_finds_them_by_trading() {
    let venue = venue(VenueOptions::default());
    let options = ClientOptions {
        orders: Some(300),
        mix: Mix::default().without_bad(),
        ..client(&venue)
    };
    let report = ClientRunner::spawn(&options, Prices::default())
        .unwrap()
        .join()
        .unwrap();
    assert!(report.is_clean(), "{report:?}");
    let passive = report.canceled;
    assert!(passive > 0 && report.filled > 100, "{report:?}");
}

#[test]
fn a_client_that_is_told_to_stop_ends_in_order() {
    let venue = venue(VenueOptions::default());
    let options = client(&venue);
    let runner = ClientRunner::spawn(&options, Prices::of_boards(vec![venue.board()])).unwrap();
    while runner.progress().sent < 200 {
        std::thread::yield_now();
    }
    runner.stop();
    let report = runner.join().unwrap();
    assert!(report.is_clean() && report.working == 0, "{report:?}");
}

#[test]
fn a_client_that_nobody_answers_says_so() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let connect = free.local_addr().unwrap();
    drop(free);
    let options = ClientOptions {
        connect,
        patience_s: 1,
        ..ClientOptions::default()
    };
    let ended = ClientRunner::spawn(&options, Prices::default())
        .unwrap()
        .join();
    assert!(
        matches!(ended, Err(ClientError::NoLogon { .. })),
        "{ended:?}"
    );
}

/// The simulated client restarts its numbers with every logon, which this venue does not allow.
#[test]
fn a_venue_that_keeps_its_numbers_refuses_to_restart_them() {
    let venue = venue(VenueOptions {
        keep: true,
        ..VenueOptions::default()
    });
    let options = ClientOptions {
        patience_s: 1,
        ..client(&venue)
    };
    let ended = ClientRunner::spawn(&options, Prices::default())
        .unwrap()
        .join();
    assert!(
        matches!(ended, Err(ClientError::NoLogon { .. })),
        "{ended:?}"
    );
    assert_eq!(venue.stop().orders, 0);
}

#[test]
fn a_ledger_is_written_where_it_is_asked_for() {
    let dir = tempfile::TempDir::new().unwrap();
    let path = dir.path().join("ledger.jsonl");
    let options = VenueOptions {
        listen: ([127, 0, 0, 1], 0).into(),
        ledger: Some(path.clone()),
        trouble: Trouble {
            orphans: 2,
            ..Trouble::default()
        },
        ..VenueOptions::default()
    };
    let stop = std::sync::atomic::AtomicBool::new(true);
    dcx_sim::venue::run(&options, &stop, |_, _, _| {}).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[0].contains("\"orphan\":true") && lines[2].contains("\"per_s_max\":0"));
}
