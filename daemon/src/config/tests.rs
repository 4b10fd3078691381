//! What a configuration is refused for, and how it is said.

use dcx_model::{Code, OnNoVenue, Price, Qty};
use dcx_ring::Wait;

use super::*;

/// The smallest file that says everything it must.
pub(super) const SMALL: &str = r#"
[[fix.acceptor]]
listen = "127.0.0.1:9800"

[[client]]
comp_id = "CLIENT"

[[venue]]
name = "SIMA"
connect = "127.0.0.1:9901"

[[instrument]]
symbol = "EURUSD"
tick = 0.00001
lot = 1_000
venues = ["SIMA"]

[limits.firm]
gross_max = 1_000_000_000

[limits.instrument.EURUSD]
order_qty_max = 1_000_000
order_notional_max = 2_000_000
position_max = 5_000_000
quote_age_ms_max = 5_000
collar_bps = 100

[limits.session.CLIENT]
orders_per_s_max = 100
burst_max = 50
orders_open_max = 1_000
"#;

pub(super) fn read(text: &str) -> Loaded {
    parse(Source {
        path: "dcx.toml".to_owned(),
        text: text.to_owned(),
    })
}

fn codes(loaded: &Loaded) -> Vec<Code> {
    loaded.findings.iter().map(|finding| finding.code).collect()
}

pub(super) fn rendered(loaded: &Loaded) -> String {
    let render = |finding| loaded.source.render(finding, false);
    loaded
        .findings
        .iter()
        .map(render)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_small_file_has_defaults_for_the_rest() {
    let loaded = read(SMALL);
    assert_eq!(rendered(&loaded), "");
    let config = loaded.config.expect("nothing was found");
    assert_eq!(config.wait, Wait::Park);
    assert_eq!(config.engine.on_no_venue, OnNoVenue::Hold);
    let instrument = config.instruments[0];
    assert_eq!(instrument.tick, Price::from_units(1_000));
    assert_eq!(instrument.lot, Qty::whole(1_000));
    assert_eq!(config.clients[0].acceptor, "DCX");
    // With how venues are chosen, and the rules of that.
    assert_eq!((config.commands().len(), config.limits.len()), (7, 10));
    assert_eq!(config.routing.routing.explore_ppm, 10_000);
}

#[test]
fn every_value_names_its_origin() {
    let loaded = read(SMALL);
    let value = |key: &str| {
        let value = loaded.values.iter().find(|value| value.key == key);
        value.map(|value| (value.value.clone(), value.origin))
    };
    assert_eq!(
        value("engine.seed"),
        Some(("1".to_owned(), Origin::Default))
    );
    assert_eq!(
        value("venue.SIMA.connect"),
        Some(("127.0.0.1:9901".to_owned(), Origin::File { line: 10 }))
    );
    assert_eq!(
        value("instrument.EURUSD.tick"),
        Some(("0.00001".to_owned(), Origin::File { line: 14 }))
    );
}

#[test]
fn five_planted_errors_are_told_at_once_each_with_its_line() {
    let planted = SMALL
        .replace("listen = \"127.0.0.1:9800\"", "listne = \"127.0.0.1:9800\"")
        .replace("lot = 1_000", "lot = true")
        .replace("venues = [\"SIMA\"]", "venues = [\"SIMX\"]")
        .replace("collar_bps = 100", "collar_bps = 20_000")
        .replace("burst_max = 50\n", "");
    let loaded = read(&planted);
    let text = rendered(&loaded);
    for (line, words) in [
        ("dcx.toml:2:1", "`fix.acceptor[0].listen` is missing"),
        ("dcx.toml:3:1", "did you mean `listen`?"),
        ("dcx.toml:15:7", "expected a decimal, found boolean true"),
        ("dcx.toml:16:12", "did you mean \"SIMA\"?"),
        ("dcx.toml:26:14", "20000 is not from 0 to 10000"),
        (
            "dcx.toml:28:",
            "`limits.session.CLIENT.burst_max` is missing",
        ),
    ] {
        assert!(text.contains(line), "{line} is not in:\n{text}");
        assert!(text.contains(words), "{words} is not in:\n{text}");
    }
    assert_eq!(
        codes(&loaded),
        [
            Code::C006,
            Code::C003,
            Code::C004,
            Code::C009,
            Code::C005,
            Code::C006
        ],
        "{text}"
    );
    assert!(text.contains("error[DCX-C003]"), "{text}");
    assert!(loaded.config.is_none());
}

#[test]
fn a_file_that_is_no_toml_is_told_with_its_place() {
    let loaded = read("[engine]\nseed = = 1\n");
    assert_eq!(codes(&loaded), [Code::C002]);
    assert!(
        rendered(&loaded).contains("dcx.toml:2:8"),
        "{}",
        rendered(&loaded)
    );
    assert_eq!(codes(&read("[engine")), [Code::C002]);
}

#[test]
fn without_limits_the_stanza_to_add_is_shown_and_nothing_else_stands_against_a_start() {
    let (before, _) = SMALL.split_once("[limits.instrument").expect("it is there");
    let loaded = read(before);
    assert_eq!(codes(&loaded), [Code::C011, Code::C010]);
    let text = rendered(&loaded);
    assert!(text.contains("[limits.instrument.EURUSD]"), "{text}");
    assert!(text.contains("[limits.session.CLIENT]"), "{text}");
    assert!(
        loaded.config.is_some(),
        "it starts, and refuses every order"
    );
}

#[test]
fn the_stanza_that_is_shown_is_one_that_works() {
    let (before, _) = SMALL.split_once("[limits.instrument").expect("it is there");
    let loaded = read(before);
    let mut repaired = before.to_owned();
    for finding in &loaded.findings {
        let stanza = finding.help.trim_start_matches("add\n");
        repaired.push_str(stanza.trim_end_matches("with numbers that suit you"));
    }
    assert_eq!(rendered(&read(&repaired)), "");
}

#[test]
fn a_venue_beyond_this_machine_is_refused_without_limits() {
    let (before, _) = SMALL.split_once("[limits.instrument").expect("it is there");
    let live = before.replace("127.0.0.1:9901", "192.0.2.7:9901");
    let loaded = read(&live);
    assert!(codes(&loaded).contains(&Code::C012));
    assert!(
        loaded.findings.iter().all(|finding| finding.fatal),
        "rates too"
    );
    assert!(loaded.config.is_none());
}

#[test]
fn two_of_one_name_are_told() {
    let venue = "\n[[venue]]\nname = \"SIMA\"\nconnect = \"127.0.0.1:9902\"\n";
    let loaded = read(&format!("{SMALL}{venue}"));
    assert_eq!(codes(&loaded), [Code::C008, Code::C008], "name and CompIDs");
}

#[test]
fn an_empty_file_is_told_what_it_lacks() {
    assert_eq!(codes(&read("")), [Code::C015; 3]);
}

#[test]
fn a_decimal_is_exact_or_refused() {
    let loaded = read(&SMALL.replace("tick = 0.00001", "tick = 0.000000001"));
    assert_eq!(codes(&loaded), [Code::C007]);
    let loaded = read(&SMALL.replace("tick = 0.00001", "tick = \"0.00005\""));
    assert_eq!(
        loaded.config.map(|config| config.instruments[0].tick),
        Some(Price::from_units(5_000))
    );
}

#[test]
fn a_file_that_is_not_there_is_a_finding() {
    let loaded = load(Path::new("no/such/file.toml"));
    assert_eq!(codes(&loaded), [Code::C001]);
    assert!(rendered(&loaded).contains("no/such/file.toml"));
}

#[test]
fn the_shipped_files_have_no_findings() {
    for name in ["dcx.toml", "bench.toml"] {
        let loaded = load(
            &Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("../config")
                .join(name),
        );
        assert_eq!(rendered(&loaded), "", "{name}");
        assert!(loaded.config.is_some(), "{name}");
    }
}

#[test]
fn no_bytes_make_it_panic() {
    let mut text = SMALL.to_owned();
    while let Some(last) = text.char_indices().next_back() {
        text.truncate(last.0);
        let _ = rendered(&read(&text));
        for end in ["[", "=", "\"", "\u{0}", "ü"] {
            let _ = rendered(&read(&format!("{text}{end}")));
        }
    }
}

#[test]
fn a_client_that_watches_needs_no_limits_and_names_clients_that_trade() {
    use super::{Copies, watching::Watching};
    let with = |keys: &str| {
        let watcher = format!("\n[[client]]\ncomp_id = \"WATCHER\"\n{keys}\n");
        read(&format!("{SMALL}{watcher}"))
    };
    let watching = |loaded: &Loaded| {
        assert_eq!(rendered(loaded), "");
        loaded.config.as_ref().expect("nothing was found").clients[1]
            .watching
            .clone()
    };
    let all = watching(&with("drop_copy = [\"all\"]\nnews = \"own\""));
    let wanted = Watching {
        copies: Some(Copies::All),
        news: Some(dcx_fix::orders::NewsFor::Own),
    };
    assert_eq!(all, wanted);
    let one = watching(&with("drop_copy = [\"CLIENT\"]"));
    assert_eq!(one.copies, Some(Copies::Of(vec!["CLIENT".to_owned()])));
    assert_eq!(one.news, None);
    for (keys, code, said) in [
        (
            "drop_copy = [\"CLEINT\"]",
            Code::C009,
            "did you mean \"CLIENT\"?",
        ),
        (
            "drop_copy = [\"WATCHER\"]",
            Code::C009,
            "no client that trades",
        ),
        ("drop_copy = []", Code::C013, "drop_copy names nobody"),
        ("news = \"some\"", Code::C007, "not one of none, own, all"),
    ] {
        let loaded = with(keys);
        assert!(
            codes(&loaded).contains(&code),
            "{keys}: {}",
            rendered(&loaded)
        );
        assert!(
            rendered(&loaded).contains(said),
            "{keys}: {}",
            rendered(&loaded)
        );
    }
}

/// A dictionary of a venue, and the client that speaks by it.
const SPOKEN: &str = r#"
[dictionary.desk]
version = "FIX.4.2"
header = { optional = [9001] }

[[dictionary.desk.field]]
tag = 9001
name = "DeskCode"
type = "char"
values = ["A", "B"]

[[dictionary.desk.field]]
tag = 40
add_values = ["Z"]
remove_values = ["1"]

[[dictionary.desk.field]]
tag = 9002
name = "NoTags"
type = "uint"

[[dictionary.desk.message]]
type = "D"
required = [109]
removed = [21]

[[dictionary.desk.group]]
message = "D"
count = 9002
fields = [9001]
"#;

#[test]
fn a_session_speaks_its_version_with_what_its_dictionary_changes() {
    let speaking = SMALL.replace(
        "comp_id = \"CLIENT\"",
        "comp_id = \"CLIENT\"\ndictionary = \"desk\"\nvalidate_values = false\ncheck_latency = false",
    );
    let loaded = read(&format!("{speaking}{SPOKEN}"));
    assert_eq!(rendered(&loaded), "");
    let config = loaded.config.expect("nothing was found");
    let session = |speech: &Speech| speech.session("DCX", "CLIENT", dcx_fix::Role::Acceptor);
    let client = session(&config.clients[0].speech);
    assert_eq!(client.begin_string, "FIX.4.2");
    let dictionary = client.dictionary.expect("it names one");
    assert_eq!(dictionary.name(), "desk");
    assert_eq!(dictionary.field_name(9001), Some("DeskCode"));
    assert!(dictionary.is_header(9001));
    assert_eq!(client.sending_time_tolerance, None);
    assert!(
        client
            .validate
            .is_some_and(|switches| !switches.values_checked)
    );
    assert!(client.dialect.is_some(), "4.2 is translated");
    let venue = session(&config.venues[0].speech);
    assert_eq!((&*venue.begin_string, venue.dictionary), ("FIX.4.4", None));
    assert_eq!(venue.validate, Some(dcx_fix::Switches::default()));
    assert!(venue.sending_time_tolerance.is_some() && venue.dialect.is_none());
}

#[test]
fn a_dictionary_is_refused_with_the_line_of_each_change_that_cannot_be_made() {
    let wrong = SPOKEN
        .replace("type = \"D\"", "type = \"U9\"")
        .replace("tag = 40", "tag = 4999")
        .replace("optional = [9001]", "optional = [35]");
    let speaking = SMALL.replace(
        "comp_id = \"CLIENT\"",
        "comp_id = \"CLIENT\"\ndictionary = \"dsk\"\nfix_version = \"FIX.4.3\"",
    );
    let text = rendered(&read(&format!("{speaking}{wrong}")));
    for words in [
        "no field 4999 is known",
        "no message type \"U9\" is known",
        "field 35 frames every message",
        "no dictionary is called \"dsk\"",
        "FIX.4.3",
    ] {
        assert!(text.contains(words), "{words} is not in:\n{text}");
    }
    let lines = |key: &str| {
        let at = format!("{speaking}{wrong}").find(key).unwrap_or(0);
        format!("{speaking}{wrong}")[..at].lines().count() + 1
    };
    let place = format!("dcx.toml:{}:", lines("[[dictionary.desk.message]]"));
    assert!(text.contains(&place), "{place} is not in:\n{text}");
}

#[test]
fn a_session_of_another_version_than_its_dictionary_is_refused() {
    let speaking = SMALL.replace(
        "comp_id = \"CLIENT\"",
        "comp_id = \"CLIENT\"\ndictionary = \"desk\"\nfix_version = \"FIX.5.0SP2\"",
    );
    let loaded = read(&format!("{speaking}{SPOKEN}"));
    assert_eq!(codes(&loaded), [Code::C013]);
}

/// [`SMALL`] with these keys in the table of its client.
fn with_client_keys(keys: &str) -> Loaded {
    read(&SMALL.replace(
        "comp_id = \"CLIENT\"\n",
        &format!("comp_id = \"CLIENT\"\n{keys}\n"),
    ))
}

#[test]
fn a_session_is_told_everything_that_its_two_sides_agreed_on() {
    let dir = tempfile::tempdir().unwrap();
    let password = dir.path().join("password");
    std::fs::write(&password, "s3cret\nnothing more\n").unwrap();
    let loaded = with_client_keys(&format!(
        r#"
reset_on_logout = true
reset_on_disconnect = true
next_expected = true
last_processed = true
resend_request_chunk = 500
live_during_resend = false
username = "desk"
password_file = "{}"
messages_per_s_max = 200
over_rate = "cut"
out_bytes_max = 65_536
allowed = ["192.0.2.0/24", "::1"]
hours = {{ open = "17:00", close = "16:55", time_zone = "America/New_York", weekdays = ["sun", "mon"] }}
store = {{ durability = "group", segment_mb = 8, retain_mb = 100, retain_days = 7 }}
"#,
        password.display()
    ));
    assert_eq!(codes(&loaded), [], "{}", rendered(&loaded));
    let shown: Vec<_> = loaded
        .values
        .iter()
        .map(|value| value.value.as_str())
        .collect();
    assert!(
        !shown.iter().any(|value| value.contains("s3cret")),
        "{shown:?}"
    );
    let config = loaded.config.unwrap();
    let session = dcx_fix::SessionConfig::fix44("DCX", "CLIENT", dcx_fix::Role::Acceptor);
    let session = config.clients[0].keys.apply(session);
    assert!(session.reset_on_logout && session.reset_on_disconnect);
    assert!(session.next_expected && session.last_processed && !session.live_during_resend);
    assert_eq!(session.resend_request_chunk, 500);
    let credentials = dcx_fix::Credentials::new("desk".to_owned(), "s3cret".to_owned());
    assert_eq!(session.credentials, Some(credentials));
    let throttle = session.throttle.unwrap();
    assert_eq!(
        (throttle.per_s, throttle.over),
        (200, dcx_fix::OverRate::Cut)
    );
    assert_eq!(session.out_bytes_max, Some(65_536));
    assert_eq!(session.allowed.len(), 2);
    assert!(session.schedule.is_some());
    let store = session.store_options;
    assert_eq!(store.durability, dcx_fix::Durability::Group);
    assert_eq!(store.segment_bytes, 8 << 20);
    assert_eq!(store.retain_bytes, Some(100 << 20));
    assert_eq!(
        store.retain_for,
        Some(dcx_model::Nanos::from_seconds(7 * 86_400))
    );
}

#[test]
fn what_is_wrong_with_a_session_is_told_with_its_line() {
    let wrong = [
        ("allowed = [\"192.0.2.0/33\"]", Code::C007),
        ("password_file = \"nowhere/at/all\"", Code::C007),
        ("over_rate = \"drop\"", Code::C007),
        ("resend_request_chunk = -1", Code::C005),
        ("hours = { open = \"17:00\" }", Code::C013),
        (
            "hours = { open = \"17:00\", close = \"18:00\", time_zone = \"Mars/Base\" }",
            Code::C007,
        ),
        (
            "hours = { open = \"17:00\", close = \"18:00\", open_day = \"sun\" }",
            Code::C013,
        ),
        ("store = { durability = \"always\" }", Code::C007),
        ("nextexpected = true", Code::C003),
        ("tls = { key = \"k\" }", Code::C003),
    ];
    for (keys, code) in wrong {
        let loaded = with_client_keys(keys);
        assert_eq!(codes(&loaded), [code], "{keys}: {}", rendered(&loaded));
        assert!(rendered(&loaded).contains("dcx.toml:"), "{keys}");
    }
    let venue = "connect = \"127.0.0.1:9901\"\n";
    for (keys, code) in [
        ("others = [\"here\"]", Code::C007),
        ("tls = { server_name = \"venue.test\" }", Code::C013),
    ] {
        let loaded = read(&SMALL.replace(venue, &format!("{venue}{keys}\n")));
        assert_eq!(codes(&loaded), [code], "{keys}: {}", rendered(&loaded));
    }
}

#[test]
fn a_dictionary_of_quickfix_is_read_and_its_faults_are_told_with_their_lines() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("venue.xml");
    let text = |path: &Path| {
        format!(
            "[dictionary.desk]\nversion = \"FIX.5.0SP2\"\nquickfix_xml = {:?}\n",
            path.display().to_string()
        )
    };
    let config = dir.path().join("dcx.toml");
    std::fs::write(&config, text(&path)).unwrap();
    let missing = load_dictionaries(&config).unwrap_err();
    assert!(missing.message.contains("No such file"), "{missing}");

    let xml = "<fix>\n<messages>\n<message name='Quiz' msgtype='U1'>\n\
        <field name='Code' required='Y'/></message></messages>\n\
        <fields><field number='9001' name='Code' type='CHAR'/></fields></fix>";
    std::fs::write(&path, xml).unwrap();
    let found = load_dictionaries(&config).unwrap();
    assert_eq!(found[0].name(), "desk");
    assert_eq!(found[0].message_name(b"U1"), Some("Quiz"));

    std::fs::write(
        &path,
        xml.replace("name='Code' required", "name='Cod' required"),
    )
    .unwrap();
    let faults = load_dictionaries(&config).unwrap_err();
    let place = format!("{}:4:1: no field is called Cod", path.display());
    assert!(faults.message.contains(&place), "{faults}");
}
