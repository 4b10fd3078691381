//! What becomes of commands while the ring is full.

use super::*;

#[test]
fn a_full_ring_drops_nothing_and_keeps_the_order() {
    let mut rig = Rig::with_room_for(2);
    assert!(rig.edge.ready());
    let fields = "268=2|279=0|269=0|55=EURUSD|270=1|279=0|269=0|55=XAUUSD|270=2";
    rig.receive(VENUE, "X", fields).unwrap();
    assert!(rig.edge.ready(), "both fit");
    rig.receive(CLIENT, "H", "11=a1|55=EURUSD|54=1").unwrap();
    rig.edge.logged_on(CLIENT, NOW, &mut rig.sent.outgoing());
    assert!(!rig.edge.ready());
    rig.edge.work(NOW, &mut rig.sent.outgoing());
    assert!(!rig.edge.ready(), "still no room");
    assert_eq!(rig.commands().len(), 2);
    rig.edge.work(NOW, &mut rig.sent.outgoing());
    assert!(rig.edge.ready());
    let rest = rig.commands();
    assert!(
        matches!(rest[..], [Command::Status(_), Command::SessionState { .. }]),
        "{rest:?}"
    );
    assert_eq!(rig.edge.counts().waited, 2);
}

#[test]
fn what_is_in_the_ring_or_waits_for_it_is_taken_and_not_yet_kept() {
    let mut rig = Rig::with_room_for(2);
    for _ in 0..3 {
        rig.receive(CLIENT, "H", "11=a1|55=EURUSD|54=1").unwrap();
    }
    assert_eq!((rig.edge.taken(), rig.edge.kept()), (3, 0));
    rig.commands.pop().unwrap();
    assert_eq!((rig.edge.taken(), rig.edge.kept()), (3, 1));
    rig.edge.work(NOW, &mut rig.sent.outgoing());
    assert_eq!(rig.commands().len(), 2);
    assert_eq!((rig.edge.taken(), rig.edge.kept()), (3, 3));
}
