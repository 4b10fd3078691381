//! News to who gets any.

use std::sync::mpsc::sync_channel;

use dcx_model::{Fitness, Limit, VenueFitness};

use super::*;
use crate::orders::{NewsFor, Urgency, Words};

const READER: SessionIx = SessionIx::new(4);

/// A client that gets its own news, a watcher of all that gets all, and a client that gets none.
fn rig() -> Rig {
    let (client, venue) = Rig::peers();
    let copy = DropCopy {
        session: SessionId::new(5),
        watches: Watched::All,
    };
    let silent = Client {
        session: SessionId::new(6),
        ..client.clone()
    };
    let directory = Rig::directory(client, venue)
        .with_peer(WATCHER, Peer::DropCopy(copy))
        .with_peer(READER, Peer::Client(silent))
        .with_news(CLIENT, NewsFor::Own)
        .with_news(WATCHER, NewsFor::All);
    Rig::of(directory, 64)
}

/// News since the last look: to whom, how urgent, the headline.
fn news(rig: &mut Rig) -> Vec<(SessionIx, String, String)> {
    let sent = rig.sent().into_iter();
    let news = sent.filter(|(_, kind, _)| kind == "B");
    let said = news.map(|(to, kind, body)| {
        fits_every_version(&kind, &body, &Version::ALL);
        let field = |tag: &str| {
            let mut fields = body.split('|').filter_map(|field| field.split_once('='));
            let found = fields.find(|(found, _)| *found == tag);
            found.map_or("", |(_, value)| value).to_owned()
        };
        assert_eq!(field("33"), "1", "{body}");
        assert_eq!(field("58"), field("148"), "{body}");
        (to, field("61"), field("148"))
    });
    said.collect()
}

fn state(scope: Scope, state: TradingState, cause: StateCause) -> Event {
    Event::StateSet {
        scope,
        state,
        cause,
        request: RequestId::new(1),
    }
}

#[test]
fn a_halt_is_flashed_to_all_and_that_of_one_to_whom_it_concerns() {
    let mut rig = rig();
    let operator = StateCause::Operator;
    rig.event(state(Scope::Firm, TradingState::Halted, operator));
    let text = "trading is halted, by an operator".to_owned();
    assert_eq!(
        news(&mut rig),
        [
            (CLIENT, "1".to_owned(), text.clone()),
            (WATCHER, "1".to_owned(), text)
        ]
    );
    rig.event(state(Scope::Firm, TradingState::Active, operator));
    assert_eq!(news(&mut rig)[0].1, "0", "good news is not urgent");
    let to = |rig: &mut Rig, scope, set| -> Vec<SessionIx> {
        rig.event(state(scope, set, StateCause::Loss));
        news(rig).into_iter().map(|(to, ..)| to).collect()
    };
    let reducing = TradingState::Reducing;
    for (scope, wanted) in [
        (Scope::Session(SessionId::new(4)), vec![CLIENT, WATCHER]),
        (Scope::Session(SessionId::new(6)), vec![WATCHER]),
        (Scope::Account(AccountId::new(2)), vec![CLIENT, WATCHER]),
        (Scope::Account(AccountId::new(3)), vec![WATCHER]),
        (Scope::Strategy(StrategyId::new(6)), vec![CLIENT, WATCHER]),
        (Scope::Strategy(StrategyId::new(5)), vec![WATCHER]),
        (
            Scope::Instrument(InstrumentId::new(1)),
            vec![CLIENT, WATCHER],
        ),
    ] {
        assert_eq!(to(&mut rig, scope, reducing), wanted, "{scope:?}");
    }
    let desk = Scope::Account(AccountId::new(2));
    rig.event(state(desk, TradingState::Reducing, StateCause::Loss));
    let text = "trading of account DESK is reducing, for the loss of the day";
    assert_eq!(news(&mut rig)[0].2, text);
    assert_eq!(rig.edge.counts().news, 4 + 2 * 5 + 2 + 2 - 1);
}

#[test]
fn venues_that_come_go_and_are_ejected_are_news() {
    let mut rig = rig();
    rig.edge.logged_on(VENUE, NOW, &mut rig.sent.outgoing());
    assert_eq!(news(&mut rig)[0].2, "venue LMAX is up");
    let broken = SessionEnd::Broken;
    rig.edge.ended(VENUE, broken, NOW, &mut rig.sent.outgoing());
    let down = news(&mut rig);
    let said = (down[0].1.as_str(), down[0].2.as_str());
    assert_eq!(said, ("1", "venue LMAX is down"));
    rig.event(Event::VenueFitness(VenueFitness {
        venue: VenueId::new(3),
        fitness: Fitness::Ejected,
        rejects: 12,
        until: NOON,
    }));
    assert_eq!(news(&mut rig)[1].2, "venue LMAX is ejected, 12 rejects");
    rig.edge.logged_on(CLIENT, NOW, &mut rig.sent.outgoing());
    assert_eq!(news(&mut rig), [], "clients are nobody's news");
}

#[test]
fn a_limit_that_stays_near_is_told_once_a_minute() {
    let mut rig = rig();
    let near = |value| Event::LimitNear {
        scope: Scope::Firm,
        limit: Limit::GrossMax,
        value,
        max: 1_000,
    };
    rig.event(near(812));
    assert_eq!(
        news(&mut rig)[0].2,
        "81 % of gross_max of the firm are used"
    );
    rig.event(near(900));
    assert_eq!(news(&mut rig), []);
    let near_net = Event::LimitNear {
        scope: Scope::Firm,
        limit: Limit::NetMax,
        value: 9,
        max: 10,
    };
    rig.event(near_net);
    assert_eq!(news(&mut rig).len(), 2, "another limit");
    rig.push_at(NOON, near(990));
    let later = Now {
        mono: NOW.mono.plus(dcx_model::Nanos::from_seconds(61)),
        ..NOW
    };
    rig.edge.work(later, &mut rig.sent.outgoing());
    assert_eq!(
        news(&mut rig)[0].2,
        "99 % of gross_max of the firm are used"
    );
}

#[test]
fn a_persons_words_are_told_line_by_line_to_all_or_to_one() {
    let (words, heard) = sync_channel(4);
    let mut rig = rig();
    rig.edge = rig.edge.with_news(heard);
    let said = Words {
        headline: "drill at noon".to_owned(),
        lines: vec!["first".to_owned(), String::new(), "second".to_owned()],
        urgency: Urgency::Background,
        to: None,
    };
    words.send(said.clone()).unwrap();
    rig.edge.work(NOW, &mut rig.sent.outgoing());
    let sent = rig.sent();
    let body = "42=20261123-16:00:00.000|61=2|148=drill at noon|33=2|58=first|58=second";
    let wanted = [CLIENT, WATCHER].map(|to| (to, "B".to_owned(), body.to_owned()));
    assert_eq!(sent, wanted);
    fits_every_version("B", body, &Version::ALL);
    let to = Some(SessionId::new(4));
    words.send(Words { to, ..said }).unwrap();
    let later = Now {
        mono: NOW.mono.plus(dcx_model::Nanos::from_seconds(1)),
        ..NOW
    };
    rig.edge.work(later, &mut rig.sent.outgoing());
    let sent = rig.sent();
    assert_eq!(sent.iter().map(|it| it.0).collect::<Vec<_>>(), [CLIENT]);
}
