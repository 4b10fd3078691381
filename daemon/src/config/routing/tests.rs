//! Every key of `[routing]`: what it sets, and what it is refused for.

use dcx_model::Code;

use super::super::Loaded;
use super::super::tests::{SMALL, read, rendered};
use super::*;

/// The small file with one key in `[routing]`.
fn with(key: &str, value: &str) -> Loaded {
    read(&format!("[routing]\n{key} = {value}\n{SMALL}"))
}

fn good(key: &str, value: &str) -> RoutingConfig {
    let loaded = with(key, value);
    assert_eq!(rendered(&loaded), "", "{key} = {value}");
    loaded.config.expect("nothing was found").routing
}

/// A number of the configuration by its key, its bounds, and what it is kept as.
type Number = (&'static str, u32, u32, fn(&RoutingConfig) -> u64);

const NUMBERS: &[Number] = &[
    ("discount_ppm", 1, 1_000_000, |it| {
        it.routing.discount_ppm.into()
    }),
    ("prior_sd_centi_bps", 1, 1_000_000, |it| {
        it.routing.prior_sd_centi_bps.into()
    }),
    ("explore_ppm", 0, 1_000_000, |it| {
        it.routing.explore_ppm.into()
    }),
    ("width_milli", 0, 100_000, |it| {
        it.routing.width_milli.into()
    }),
    ("window", 1, 4_096, |it| it.routing.window.into()),
    ("share_ppm", 0, 1_000_000, |it| it.routing.share_ppm.into()),
    ("range_centi_bps", 1, 1_000_000, |it| {
        it.routing.range_centi_bps.into()
    }),
    ("budget_ppm", 0, 1_000_000, |it| it.rules.budget_ppm.into()),
    ("eject_rejects", 0, 16, |it| it.rules.eject_rejects.into()),
    ("eject_window_ms", 1, 86_400_000, |it| {
        in_ms(it.rules.eject_window)
    }),
    ("eject_for_ms", 1, 86_400_000, |it| {
        in_ms(it.rules.eject_for)
    }),
    ("trial_children", 0, 100, |it| {
        it.rules.trial_children.into()
    }),
    ("markout_ms", 0, 3_600_000, |it| in_ms(it.rules.markout)),
    ("reward_timeout_ms", 0, 86_400_000, |it| {
        in_ms(it.rules.reward_timeout)
    }),
    ("slippage_milli", 0, 1_000_000, |it| {
        it.rules.slippage_milli.into()
    }),
    ("fee_milli", 0, 1_000_000, |it| it.rules.fee_milli.into()),
    ("markout_milli", 0, 1_000_000, |it| {
        it.rules.markout_milli.into()
    }),
    ("reject_centi_bps", 0, 1_000_000, |it| {
        it.rules.reject_centi_bps.into()
    }),
    ("unfilled_centi_bps", 0, 1_000_000, |it| {
        it.rules.unfilled_centi_bps.into()
    }),
    ("ack_centi_bps_per_s", 0, 1_000_000, |it| {
        it.rules.ack_centi_bps_per_s.into()
    }),
];

const fn in_ms(span: Nanos) -> u64 {
    span.get() / 1_000_000
}

#[test]
fn each_number_is_taken_from_its_lowest_to_its_highest() {
    for (key, low, high, of) in NUMBERS {
        for value in [*low, low + 7, *high] {
            assert_eq!(
                of(&good(key, &value.to_string())),
                u64::from(value),
                "{key}"
            );
        }
    }
}

#[test]
fn each_number_beyond_its_bounds_is_refused_with_them_and_its_line() {
    for (key, low, high, _) in NUMBERS {
        for value in [i64::from(*low) - 1, i64::from(*high) + 1] {
            let loaded = with(key, &value.to_string());
            let text = rendered(&loaded);
            assert_eq!(loaded.findings.len(), 1, "{text}");
            assert_eq!(loaded.findings[0].code, Code::C005, "{text}");
            let words = format!("{value} is not from {low} to {high}");
            assert!(text.contains(&words), "{words} is not in:\n{text}");
            assert!(text.contains("dcx.toml:2:"), "{text}");
            assert!(loaded.config.is_none(), "{key}: nothing starts with it");
        }
    }
}

#[test]
fn each_number_that_is_none_is_refused_as_what_it_is() {
    for (key, ..) in NUMBERS {
        for (value, found) in [
            ("true", "boolean true"),
            ("\"many\"", "\"many\""),
            ("0.5", "0.5"),
        ] {
            let loaded = with(key, value);
            let text = rendered(&loaded);
            assert_eq!(loaded.findings.len(), 1, "{text}");
            assert_eq!(loaded.findings[0].code, Code::C004, "{text}");
            assert!(text.contains(found), "{found} is not in:\n{text}");
        }
    }
}

#[test]
fn every_policy_is_called_by_its_name_and_nothing_else_is_one() {
    for policy in RoutingPolicy::ALL {
        let named = good("policy", &format!("{:?}", policy.name()));
        assert_eq!(named.routing.policy, *policy);
    }
    let text = rendered(&with("policy", "\"thomson\""));
    assert!(text.contains("did you mean \"thompson\"?"), "{text}");
    let text = rendered(&with("policy", "7"));
    assert!(text.contains("expected a text in quotes"), "{text}");
}

#[test]
fn the_venue_of_best_static_is_one_of_the_file() {
    assert_eq!(good("venue", "\"SIMA\"").routing.venue, VenueId::new(0));
    let text = rendered(&with("venue", "\"SIMX\""));
    assert!(text.contains("did you mean \"SIMA\"?"), "{text}");
}

#[test]
fn what_a_split_counts_in_is_an_exact_quantity() {
    assert_eq!(
        good("split_unit", "0.5").routing.split_unit,
        Qty::parse(b"0.5").unwrap()
    );
    assert_eq!(good("split_unit", "0").routing.split_unit, Qty::ZERO);
    for value in ["-1", "0.000000001", "true"] {
        let loaded = with("split_unit", value);
        assert_eq!(loaded.findings.len(), 1, "{}", rendered(&loaded));
        assert!(loaded.config.is_none());
    }
}

#[test]
fn choices_are_told_unless_it_is_said_otherwise() {
    assert!(good("events", "true").rules.events);
    assert!(!good("events", "false").rules.events);
    assert!(good("policy", "\"split\"").rules.events);
    let text = rendered(&with("events", "1"));
    assert!(text.contains("expected true or false"), "{text}");
}

#[test]
fn a_key_that_there_is_none_of_is_told_with_the_nearest() {
    let text = rendered(&with("explor_ppm", "5"));
    assert!(text.contains("did you mean `explore_ppm`?"), "{text}");
}

#[test]
fn an_instrument_has_a_policy_of_its_own_or_is_refused_for_it() {
    let own = |policy: &str| {
        read(&SMALL.replace(
            "lot = 1_000\n",
            &format!("lot = 1_000\nrouting = {policy}\n"),
        ))
    };
    let loaded = own("\"round-robin\"");
    assert_eq!(rendered(&loaded), "");
    let routings = loaded.config.expect("nothing was found").routings;
    assert_eq!(routings.len(), 1);
    assert_eq!(routings[0].policy, RoutingPolicy::RoundRobin);
    assert_eq!(routings[0].instrument, Some(InstrumentId::new(0)));
    let text = rendered(&own("\"robin\""));
    assert!(text.contains("no such policy"), "{text}");
}
