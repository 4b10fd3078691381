//! `[routing]`: how venues are chosen, and what guards it.

use dcx_model::{InstrumentId, Nanos, Qty, Routing, RoutingPolicy, RoutingRules, VenueId};

use super::VenueLink;
use super::section::{Item, Section};

/// What `[routing]` says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoutingConfig {
    pub(crate) routing: Routing,
    pub(crate) rules: RoutingRules,
}

/// The word of each policy.
fn words() -> Vec<(&'static str, RoutingPolicy)> {
    let all = RoutingPolicy::ALL.iter();
    all.map(|policy| (policy.name(), *policy)).collect()
}

/// Reads `[routing]`.
pub(super) fn read(section: &mut Section<'_, '_, '_>, venues: &[Item<VenueLink>]) -> RoutingConfig {
    const MILLION: u32 = 1_000_000;
    let base = Routing::DEFAULT;
    let policy = section.choice("policy", &words(), base.policy);
    let mut number = |key, bounds, default: u32| {
        section
            .number_u32(key, bounds, Some(default))
            .unwrap_or(default)
    };
    let routing = Routing {
        instrument: None,
        policy,
        discount_ppm: number("discount_ppm", 1..=MILLION, base.discount_ppm),
        prior_sd_centi_bps: number("prior_sd_centi_bps", 1..=MILLION, base.prior_sd_centi_bps),
        explore_ppm: number("explore_ppm", 0..=MILLION, EXPLORE_PPM),
        width_milli: number("width_milli", 0..=100_000, base.width_milli),
        window: small(number(
            "window",
            1..=u32::from(Routing::WINDOW_MAX),
            u32::from(base.window),
        )),
        share_ppm: number("share_ppm", 0..=MILLION, base.share_ppm),
        range_centi_bps: number("range_centi_bps", 1..=MILLION, base.range_centi_bps),
        venue: base.venue,
        split_unit: base.split_unit,
    };
    let rules = RoutingRules::DEFAULT;
    let rules = RoutingRules {
        events: true,
        budget_ppm: number("budget_ppm", 0..=MILLION, rules.budget_ppm),
        eject_rejects: byte(number(
            "eject_rejects",
            0..=u32::from(RoutingRules::EJECT_REJECTS_MAX),
            u32::from(rules.eject_rejects),
        )),
        eject_window: millis(number("eject_window_ms", 1..=86_400_000, 10_000)),
        eject_for: millis(number("eject_for_ms", 1..=86_400_000, 60_000)),
        trial_children: byte(number(
            "trial_children",
            0..=100,
            u32::from(rules.trial_children),
        )),
        markout: millis(number("markout_ms", 0..=3_600_000, 1_000)),
        reward_timeout: millis(number("reward_timeout_ms", 0..=86_400_000, 60_000)),
        slippage_milli: number("slippage_milli", 0..=MILLION, rules.slippage_milli),
        fee_milli: number("fee_milli", 0..=MILLION, rules.fee_milli),
        markout_milli: number("markout_milli", 0..=MILLION, rules.markout_milli),
        reject_centi_bps: number("reject_centi_bps", 0..=MILLION, rules.reject_centi_bps),
        unfilled_centi_bps: number("unfilled_centi_bps", 0..=MILLION, rules.unfilled_centi_bps),
        ack_centi_bps_per_s: number(
            "ack_centi_bps_per_s",
            0..=MILLION,
            rules.ack_centi_bps_per_s,
        ),
    };
    let events = section.boolean("events", Some(true)).unwrap_or(true);
    let split_unit = section.decimal("split_unit", Some(Qty::ZERO), Qty::parse, |_| true);
    RoutingConfig {
        routing: Routing {
            venue: read_venue(section, venues).unwrap_or_default(),
            split_unit: split_unit.map_or(Qty::ZERO, |unit| unit.value),
            ..routing
        },
        rules: RoutingRules { events, ..rules },
    }
}

/// The share of choices that are made uniformly where nobody says otherwise: every venue that can
/// take an order is seen now and then, and what another policy would have done can be told.
const EXPLORE_PPM: u32 = 10_000;

/// The policy of one instrument, where it has one of its own: the words of `[routing]` hold for
/// the rest.
pub(super) fn read_policy(section: &mut Section<'_, '_, '_>) -> Option<RoutingPolicy> {
    let name = section.text_if_any("routing", |text| {
        let known = RoutingPolicy::ALL
            .iter()
            .find(|policy| policy.name() == text);
        known.map_or_else(
            || Err("no such policy; see docs/operations/configuration.md".to_owned()),
            |policy| Ok(policy.name().to_owned()),
        )
    })?;
    let all = RoutingPolicy::ALL.iter();
    all.copied().find(|policy| policy.name() == name.value)
}

/// The venue that `best-static` always takes: the first unless it is named.
fn read_venue(section: &mut Section<'_, '_, '_>, venues: &[Item<VenueLink>]) -> Option<VenueId> {
    let name = section.text_if_any("venue", |text| Ok(text.to_owned()))?;
    let known: Vec<&str> = venues
        .iter()
        .map(|venue| venue.value.venue.name.as_str())
        .collect();
    match known.iter().position(|known| *known == name.value) {
        Some(ix) => Some(super::read::venue_id(ix)),
        None => {
            super::read::refers(section.walk(), &name, "venue", &known);
            None
        }
    }
}

impl RoutingConfig {
    /// The routing of an instrument that has a policy of its own.
    pub(crate) const fn own(&self, instrument: InstrumentId, policy: RoutingPolicy) -> Routing {
        Routing {
            instrument: Some(instrument),
            policy,
            ..self.routing
        }
    }
}

const fn millis(number: u32) -> Nanos {
    Nanos::from_millis(number as u64)
}

fn byte(number: u32) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

fn small(number: u32) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests;
