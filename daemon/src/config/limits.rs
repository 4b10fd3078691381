//! `[limits.…]`: every limit of every level, read by the one table of the model.

use dcx_model::{
    Code, Level, Limit, LimitChange, Nanos, Notional, Price, Qty, Scope, StrategyId, Unit,
};

use super::read::refers;
use super::section::{Item, Section};

/// Who can have limits, each in the order of its numbers.
pub(super) struct Holders<'h> {
    pub(super) accounts: &'h [String],
    pub(super) strategies: &'h [String],
    pub(super) sessions: Vec<&'h str>,
    pub(super) instruments: Vec<&'h str>,
}

/// Reads `[limits]`, all levels. What is faulty is told and left out.
pub(super) fn read(section: &mut Section<'_, '_, '_>, holders: &Holders<'_>) -> Vec<LimitChange> {
    let mut limits = Vec::new();
    if section.has("firm") {
        limits = section.table("firm", |section| of_scope(section, Scope::Firm));
    } else {
        section.absent("firm");
    }
    let accounts: Vec<&str> = holders.accounts.iter().map(String::as_str).collect();
    let strategies: Vec<&str> = holders.strategies.iter().map(String::as_str).collect();
    let levels: [(&'static str, Level, &[&str]); 4] = [
        ("account", Level::Account, &accounts),
        ("strategy", Level::Strategy, &strategies),
        ("session", Level::Session, &holders.sessions),
        ("instrument", Level::Instrument, &holders.instruments),
    ];
    for (table, level, known) in levels {
        let read = section.table(table, |section| {
            section.named(|name, section| of_name(section, &name, level, known))
        });
        limits.extend(read.into_iter().flatten());
    }
    limits
}

fn of_name(
    section: &mut Section<'_, '_, '_>,
    name: &Item<String>,
    level: Level,
    known: &[&str],
) -> Option<Vec<LimitChange>> {
    let place = known.iter().position(|known| *known == name.value);
    // Read all the same: what is wrong inside is told at once.
    let place_or_any = place.and_then(|place| u32::try_from(place).ok());
    let scope = Scope::of(level, number(level, place_or_any.unwrap_or(0)))?;
    let limits = of_scope(section, scope);
    if place.is_none() {
        let what = if level == Level::Session {
            "client"
        } else {
            level.name()
        };
        refers(section.walk(), name, what, known);
        return None;
    }
    Some(limits)
}

/// The index of the holder in this place. Strategy 0 is that of orders that name none.
const fn number(level: Level, place: u32) -> u32 {
    match level {
        Level::Strategy => place + 1,
        Level::Firm | Level::Account | Level::Session | Level::Instrument => place,
    }
}

/// The strategy in this place of the configuration.
pub(super) fn strategy(place: usize) -> StrategyId {
    StrategyId::new(u16::try_from(place + 1).unwrap_or(u16::MAX))
}

fn of_scope(section: &mut Section<'_, '_, '_>, scope: Scope) -> Vec<LimitChange> {
    let mut limits = Vec::new();
    let level = scope.level();
    let mut set = |limit, value| limits.push(LimitChange::configured(scope, limit, value));
    let both = level == Level::Instrument && section.has("position_max");
    if both {
        let max = section.decimal("position_max", None, Qty::parse, |qty| !qty.is_zero());
        if let Some(max) = max {
            set(Limit::PositionLongMax, i128::from(max.value.units()));
            set(Limit::PositionShortMax, i128::from(max.value.units()));
        }
    }
    for limit in Limit::ALL {
        let of_position = matches!(limit, Limit::PositionLongMax | Limit::PositionShortMax);
        if !limit.levels().contains(&level) || (both && of_position) {
            continue;
        }
        let key = limit.key();
        if !section.has(key) {
            if limit.required_at().contains(&level) {
                section.required(key);
            } else {
                section.absent(key);
            }
            continue;
        }
        if let Some(value) = value(section, key, limit.unit()) {
            set(*limit, value);
        }
    }
    limits
}

/// One limit's number in the unit of the engine.
fn value(section: &mut Section<'_, '_, '_>, key: &'static str, unit: Unit) -> Option<i128> {
    match unit {
        Unit::Qty => section
            .decimal(key, None, Qty::parse, |_| true)
            .map(|qty| i128::from(qty.value.units())),
        Unit::Notional => section
            .number(key, 0..=i64::MAX, None)
            .map(|whole| Notional::whole(whole).units()),
        Unit::Bps => section.number(key, 0..=10_000, None).map(i128::from),
        Unit::Nanos => section
            .number(key, 1..=86_400_000_000, None)
            .map(|millis| i128::from(Nanos::from_millis(millis.unsigned_abs()).get())),
        Unit::Count => section.number(key, 0..=1_000_000_000, None).map(i128::from),
        Unit::Thousandths => section
            .decimal(key, None, Price::parse, |times| *times > Price::ZERO)
            .map(|times| i128::from(times.value.units() / 100_000)),
        Unit::Flag => section.boolean(key, None).map(i128::from),
    }
}

/// What a holder without its required limits is told to add.
pub(super) fn stanza(level: Level, name: &str) -> (Code, String) {
    match level {
        Level::Firm => (
            Code::C016,
            "add\n\n[limits.firm]\ngross_max = 100_000_000\n\nwith a number that suits you".into(),
        ),
        Level::Session => (
            Code::C011,
            format!(
                "add\n\n[limits.session.{name}]\norders_per_s_max = 100\nburst_max = 50\n\
                 orders_open_max = 1_000\n\nwith numbers that suit you"
            ),
        ),
        Level::Instrument | Level::Account | Level::Strategy => (
            Code::C010,
            format!(
                "add\n\n[limits.instrument.{name}]\norder_qty_max = 1_000\n\
                 order_notional_max = 1_000_000\nposition_max = 5_000\n\
                 quote_age_ms_max = 5_000\ncollar_bps = 100\n\nwith numbers that suit you"
            ),
        ),
    }
}
