//! Linked orders, in one message and one by one.

use dcx_model::hash;

use super::*;

const HEAD: &str = "66=basket|394=3|68=3|1385=2|73=3";

fn entry(name: &str, more: &str) -> String {
    format!("11={name}|55=EURUSD|54=1|38=100|40=2|44=1.1005|{TIME}{more}")
}

fn list_of(name: &str) -> ListId {
    ListId::new(hash(0, name.as_bytes()))
}

fn linked(name: &str, list: ListId, leg: Leg, list_total: u8) -> Command {
    Command::NewOrder(NewOrder {
        cl_ord_id: id(name),
        list,
        leg,
        list_total,
        ..new_order()
    })
}

#[test]
fn a_list_becomes_one_order_for_each_entry() {
    let three = [
        entry("a", "|67=1"),
        entry("b", "|67=2"),
        entry("c", "|67=3"),
    ];
    let list = list_of("basket");
    let all = |leg| [leg; 3];
    let cases = [
        ("1", all(Leg::OneCancelsOther)),
        ("2", [Leg::Trigger, Leg::Triggered, Leg::Triggered]),
        ("3", all(Leg::Triggered)),
    ];
    for (contingency, legs) in cases {
        let mut rig = Rig::new();
        let head = HEAD.replace("1385=2", &format!("1385={contingency}"));
        rig.receive(CLIENT, "E", &format!("{head}|{}", three.join("|")))
            .unwrap();
        let wanted: Vec<_> = ["a", "b", "c"]
            .iter()
            .zip(legs)
            .map(|(name, leg)| linked(name, list, leg, 3))
            .collect();
        assert_eq!(rig.commands(), wanted);
        assert_eq!((rig.edge.counts().lists, rig.edge.counts().orders), (1, 3));
    }
}

#[test]
fn the_first_of_a_list_is_the_one_that_says_so() {
    let mut rig = Rig::new();
    let entries = [entry("a", "|67=2"), entry("b", "|67=1")].join("|");
    let head = "66=x|394=3|68=2|1385=2|73=2";
    rig.receive(CLIENT, "E", &format!("{head}|{entries}"))
        .unwrap();
    let list = list_of("x");
    assert_eq!(
        rig.commands(),
        [
            linked("a", list, Leg::Triggered, 2),
            linked("b", list, Leg::Trigger, 2)
        ]
    );
}

#[test]
fn a_list_comes_in_whole_or_not_at_all() {
    let good = [entry("a", ""), entry("b", ""), entry("c", "")];
    let with = |second: &str| [good[0].clone(), second.to_owned(), good[2].clone()].join("|");
    let broken = "DCX-R063";
    let cases = [
        (
            HEAD,
            with(&entry("b", "").replace("EURUSD", "NOPE")),
            [broken, "DCX-R002", broken],
        ),
        (
            HEAD,
            with(&entry("b", "|18=Z")),
            [broken, "DCX-R033", broken],
        ),
        (HEAD, with(&entry("b", "|67=1")), ["DCX-R062"; 3]),
        (
            HEAD,
            with(&entry("b", "|67=4")),
            [broken, "DCX-R062", broken],
        ),
        (
            "66=x|394=1|68=3|1385=2|73=3",
            good.join("|"),
            ["DCX-R033"; 3],
        ),
        (
            "66=x|394=3|68=3|1385=4|73=3",
            good.join("|"),
            ["DCX-R033"; 3],
        ),
        (
            "66=x|394=3|68=3|1385=2|73=3|433=2",
            good.join("|"),
            ["DCX-R033"; 3],
        ),
        (
            "66=x|394=3|68=3|1385=2|73=3|893=N",
            good.join("|"),
            ["DCX-R033"; 3],
        ),
        (
            "66=x|394=3|68=4|1385=2|73=3",
            good.join("|"),
            ["DCX-R062"; 3],
        ),
        (
            "66=x|394=3|68=3|1385=2|73=2",
            good.join("|"),
            ["DCX-R062"; 3],
        ),
    ];
    for (head, entries, codes) in cases {
        let mut rig = Rig::new();
        assert_eq!(
            rig.receive(CLIENT, "E", &format!("{head}|{entries}")),
            Ok(())
        );
        assert_eq!(rig.commands(), [], "{head}|{entries}");
        let sent = rig.sent();
        assert_eq!(sent.len(), 3);
        for ((_, msg_type, report), (name, code)) in
            sent.iter().zip(["a", "b", "c"].iter().zip(codes))
        {
            assert_eq!(msg_type, "8");
            assert!(report.contains(&format!("|11={name}|")), "{report}");
            assert!(report.contains(&format!("58={code} ")), "{code}: {report}");
        }
        assert_eq!(rig.edge.counts().refused, 3);
    }
}

#[test]
fn more_than_four_orders_are_no_list() {
    let mut rig = Rig::new();
    let entries: Vec<_> = ["a", "b", "c", "d", "e"]
        .iter()
        .map(|name| entry(name, ""))
        .collect();
    let fields = format!("66=x|394=3|68=5|1385=1|73=5|{}", entries.join("|"));
    rig.receive(CLIENT, "E", &fields).unwrap();
    assert_eq!(rig.commands(), []);
    assert_eq!(rig.sent().len(), 5);
}

#[test]
fn a_list_without_what_it_needs_is_rejected_by_the_tag() {
    let entries = [entry("a", ""), entry("b", ""), entry("c", "")].join("|");
    for missing in ["66", "68", "73", "394", "1385"] {
        let there = |field: &&str| !field.starts_with(&format!("{missing}="));
        let head: Vec<_> = HEAD.split('|').filter(there).collect();
        let mut rig = Rig::new();
        let refused = rig.receive(CLIENT, "E", &format!("{}|{entries}", head.join("|")));
        let Err(AppReject::Session { tag, reason: 1, .. }) = refused else {
            panic!("without {missing}: {refused:?}");
        };
        assert_eq!(tag.to_string(), missing);
        assert_eq!((rig.commands(), rig.sent()), (vec![], vec![]));
    }
    let empty = Rig::new().receive(CLIENT, "E", HEAD);
    assert!(
        matches!(empty, Err(AppReject::Session { tag: 11, .. })),
        "{empty:?}"
    );
}

#[test]
fn single_orders_are_linked_by_their_link() {
    let list = list_of("pair");
    let cases = [
        ("583=pair|1385=1|68=2", Leg::OneCancelsOther),
        ("583=pair|1385=2|68=2|67=1", Leg::Trigger),
        ("583=pair|1385=2|68=2|67=2", Leg::Triggered),
        ("583=pair|1385=3|68=2", Leg::Triggered),
    ];
    for (fields, leg) in cases {
        let mut rig = Rig::new();
        rig.receive(CLIENT, "D", &entry("a", &format!("|{fields}")))
            .unwrap();
        assert_eq!(rig.commands(), [linked("a", list, leg, 2)], "{fields}");
    }
    let mut rig = Rig::new();
    rig.receive(CLIENT, "D", &entry("a1", "|583=pair")).unwrap();
    assert_eq!(
        rig.commands(),
        [Command::NewOrder(new_order())],
        "a link alone means nothing"
    );
}

#[test]
fn a_link_that_does_not_say_enough_is_refused() {
    for (fields, missing) in [
        ("1385=1|68=2", 583),
        ("583=pair|1385=1", 68),
        ("583=pair|1385=2|68=2", 67),
    ] {
        let refused = Rig::new().receive(CLIENT, "D", &entry("a", &format!("|{fields}")));
        let Err(AppReject::Session { tag, reason: 1, .. }) = refused else {
            panic!("{fields}: {refused:?}");
        };
        assert_eq!(tag, missing);
    }
    for (fields, code) in [
        ("68=2", "DCX-R033"),
        ("67=2", "DCX-R033"),
        ("583=pair|1385=9|68=2", "DCX-R033"),
        ("583=pair|1385=1|68=1", "DCX-R062"),
        ("583=pair|1385=1|68=5", "DCX-R062"),
        ("583=pair|1385=2|68=2|67=3", "DCX-R062"),
        ("583=pair|1385=2|68=2|67=0", "DCX-R062"),
    ] {
        let mut rig = Rig::new();
        rig.receive(CLIENT, "D", &entry("a", &format!("|{fields}")))
            .unwrap();
        assert_eq!(rig.commands(), [], "{fields}");
        let sent = rig.sent();
        assert!(
            sent[0].2.contains(&format!("58={code} ")),
            "{fields}: {sent:?}"
        );
    }
}
