//! Which algorithm an order asks for, and its parameters: `TargetStrategy` (847),
//! `TargetStrategyParameters` (848), `ParticipationRate` (849), and the group of
//! `NoStrategyParameters` (957).
//!
//! FIX 4.4 knows 1 (VWAP), 2 (participate) and 3 (minimise market impact) and leaves 1000 and
//! above to agreement; the parameters are text. Ours is `name=value` with semicolons between; of
//! FIX 5.0 is the group, each with its name (958), type (959) and value (960). Nothing is ignored:
//! a name that is not known, or said twice, refuses the order, and the refusal names it.

use dcx_model::{
    Algo, AlgoTerms, LimitPx, ParameterFault, ParameterName, PauseFlags, Price, Qty, Refusal,
};

use super::fields::{
    Fields, PARAMETER_NAME, PARAMETER_TYPE, PARAMETER_VALUE, PARTICIPATION_RATE, STRATEGY_GROUP,
    STRATEGY_PARAMETERS, TARGET_STRATEGY,
};
use crate::Message;

/// An algorithm, and its parameters where it comes with any.
pub(super) type Asked = (Algo, Option<AlgoTerms>);

/// The algorithm of each `TargetStrategy`.
const STRATEGIES: &[(&[u8], Algo)] = &[
    (b"1", Algo::Vwap),
    (b"2", Algo::Pov),
    (b"3", Algo::Shortfall),
    (b"1000", Algo::Twap),
    (b"1001", Algo::Iceberg),
    (b"1002", Algo::Adaptive),
    (b"1003", Algo::Sniper),
    (b"1004", Algo::Pegged),
    (b"1005", Algo::Planned),
];

/// More parameters than there are names.
const PARAMETERS_MAX: usize = 32;

/// One parameter of a group.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Parameter<'a> {
    name: &'a [u8],
    /// `StrategyParameterType` (959), if it is there.
    kind: Option<&'a [u8]>,
    value: Option<&'a [u8]>,
}

/// The parameters that an order brings as a group. What has a field of its own, the slices and the
/// participation, is put there.
pub(super) fn group<'a>(
    message: &Message<'a>,
    fields: &mut Fields<'a>,
) -> Result<Vec<Parameter<'a>>, Refusal> {
    let Some(count) = fields.strategy_group else {
        return Ok(Vec::new());
    };
    let mut group: Vec<Parameter<'a>> = Vec::new();
    for (tag, value) in message.fields() {
        if tag == PARAMETER_NAME {
            group.push(Parameter {
                name: value,
                ..Parameter::default()
            });
        }
        let Some(last) = group.last_mut() else {
            continue;
        };
        let place = match tag {
            PARAMETER_TYPE => &mut last.kind,
            PARAMETER_VALUE => &mut last.value,
            _ => continue,
        };
        if place.replace(value).is_some() {
            return Err(fault(last.name, ParameterFault::Again));
        }
    }
    if whole(count).and_then(|count| usize::try_from(count).ok()) != Some(group.len())
        || group.len() > PARAMETERS_MAX
    {
        let tag = STRATEGY_GROUP;
        return Err(Refusal::Unsupported { tag });
    }
    let mut ours = Vec::with_capacity(group.len());
    for parameter in group {
        let name = parameter.name;
        let known = kinds(name).ok_or_else(|| fault(name, ParameterFault::Unknown))?;
        if parameter.kind.is_some_and(|kind| !known.contains(&kind)) {
            return Err(fault(name, ParameterFault::Type));
        }
        let value = parameter.value;
        let value = value.ok_or_else(|| fault(name, ParameterFault::Missing))?;
        let field = match name {
            b"slices" if whole(value).is_none_or(|slices| slices > u32::from(u16::MAX)) => {
                return Err(fault(name, ParameterFault::Value));
            }
            b"slices" => &mut fields.twap_slices,
            b"participation" if millionths(value).is_none() => {
                return Err(fault(name, ParameterFault::Value));
            }
            b"participation" => &mut fields.participation_rate,
            _ => {
                ours.push(parameter);
                continue;
            }
        };
        if field.replace(value).is_some() {
            return Err(fault(name, ParameterFault::Again));
        }
    }
    Ok(ours)
}

/// The types (959) that a parameter may be given as: 1 Int, 6 Float, 7 Qty, 8 Price,
/// 11 Percentage, 14 String; none for a name that nothing has.
fn kinds(name: &[u8]) -> Option<&'static [&'static [u8]]> {
    Some(match name {
        b"jitter" | b"vary" | b"participation" => &[b"6", b"11"],
        b"urgency" => &[b"6"],
        b"interval_ms" | b"spread_ticks" | b"catch_up" | b"slices" => &[b"1"],
        b"min_clip" => &[b"6", b"7"],
        b"take_px" => &[b"6", b"8"],
        b"pause" => &[b"14"],
        _ => return None,
    })
}

/// The algorithm, and its parameters where it comes with any: a TWAP without is a plain order.
pub(super) fn read(
    strategy: Option<&[u8]>,
    parameters: Option<&[u8]>,
    rate: Option<&[u8]>,
    group: &[Parameter<'_>],
) -> Result<Asked, Refusal> {
    let Some(strategy) = strategy else {
        let stray = [
            (parameters.is_some(), STRATEGY_PARAMETERS),
            (rate.is_some(), PARTICIPATION_RATE),
            (!group.is_empty(), STRATEGY_GROUP),
        ];
        return match stray.into_iter().find(|(is_there, _)| *is_there) {
            Some((_, tag)) => Err(Refusal::Unsupported { tag }),
            None => Ok((Algo::AtOnce, None)),
        };
    };
    let found = STRATEGIES.iter().find(|(wire, _)| *wire == strategy);
    let Some((_, algo)) = found else {
        let tag = TARGET_STRATEGY;
        return Err(Refusal::Unsupported { tag });
    };
    let plain = parameters.is_none() && rate.is_none() && group.is_empty();
    if *algo == Algo::Twap && plain {
        return Ok((*algo, None));
    }
    let mut terms = AlgoTerms::PLAIN;
    if let Some(rate) = rate {
        let tag = PARTICIPATION_RATE;
        terms.participation_ppm = millionths(rate).ok_or(Refusal::Unsupported { tag })?;
    }
    let mut seen = Vec::new();
    if let Some(text) = parameters {
        take_all(text, &mut seen, &mut terms)?;
    }
    for parameter in group {
        let value = parameter.value.unwrap_or_default();
        take_once(parameter.name, value, &mut seen, &mut terms)?;
    }
    Ok((*algo, Some(terms)))
}

/// Takes in every parameter of a text.
fn take_all<'a>(
    text: &'a [u8],
    seen: &mut Vec<&'a [u8]>,
    terms: &mut AlgoTerms,
) -> Result<(), Refusal> {
    for pair in text.split(|byte| *byte == b';') {
        let at = pair.iter().position(|byte| *byte == b'=');
        let at = at.ok_or_else(|| fault(pair, ParameterFault::Missing))?;
        take_once(&pair[..at], &pair[at + 1..], seen, terms)?;
    }
    Ok(())
}

/// Takes in a parameter that was not given before.
fn take_once<'a>(
    name: &'a [u8],
    value: &[u8],
    seen: &mut Vec<&'a [u8]>,
    terms: &mut AlgoTerms,
) -> Result<(), Refusal> {
    // What has a field of its own is in no text.
    if matches!(name, b"slices" | b"participation") || kinds(name).is_none() {
        return Err(fault(name, ParameterFault::Unknown));
    }
    if seen.contains(&name) {
        return Err(fault(name, ParameterFault::Again));
    }
    seen.push(name);
    take(name, value, terms).ok_or_else(|| fault(name, ParameterFault::Value))
}

/// What is wrong with the parameter of this name, as much of it as a refusal keeps.
fn fault(name: &[u8], fault: ParameterFault) -> Refusal {
    let mut kept = [0; 16];
    for (kept, byte) in kept.iter_mut().zip(name) {
        *kept = if matches!(byte, 0x20..=0x7e) {
            *byte
        } else {
            b'?'
        };
    }
    let part = |from: usize| {
        let mut half = [0; 8];
        half.copy_from_slice(&kept[from..from + 8]);
        ParameterName::from_padded(half).unwrap_or_default()
    };
    Refusal::StrategyParameter {
        head: part(0),
        tail: part(8),
        fault,
    }
}

fn take(name: &[u8], value: &[u8], terms: &mut AlgoTerms) -> Option<()> {
    match name {
        // Shares: 0.25 is a quarter.
        b"jitter" => terms.jitter_bps = u16::try_from(millionths(value)? / 100).ok()?,
        b"vary" => terms.vary_bps = u16::try_from(millionths(value)? / 100).ok()?,
        b"urgency" => terms.urgency = u16::try_from(millionths(value)? / 10_000).ok()?,
        b"interval_ms" => terms.interval_ms = whole(value)?,
        b"spread_ticks" => terms.spread_max_ticks = u16::try_from(whole(value)?).ok()?,
        b"catch_up" => {
            terms.catch_up = u16::try_from(whole(value)?)
                .ok()
                .filter(|slices| *slices > 0)?;
        }
        b"min_clip" => terms.min_clip = Qty::parse(value).ok()?,
        b"take_px" => terms.take_px = LimitPx::from(Price::parse(value).ok()?),
        b"pause" => {
            terms.pause = match value {
                b"both" => PauseFlags::ALL,
                b"stale" => PauseFlags::STALE,
                b"crossed" => PauseFlags::CROSSED,
                b"never" => PauseFlags::NONE,
                _ => return None,
            }
        }
        _ => return None,
    }
    Some(())
}

/// A share as millionths; none where it is negative, too large or too fine.
fn millionths(text: &[u8]) -> Option<u32> {
    let units = Price::parse(text).ok()?.units();
    (units % 100 == 0).then_some(())?;
    u32::try_from(units / 100).ok()
}

fn whole(text: &[u8]) -> Option<u32> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    digits.then_some(())?;
    std::str::from_utf8(text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with which parameter.
    fn wrong(read: Result<Asked, Refusal>) -> String {
        read.expect_err("refused").to_string()
    }

    #[test]
    fn every_parameter_is_read_and_nothing_is_ignored() {
        let text = b"jitter=0.5;vary=0.25;urgency=1.5;interval_ms=250;spread_ticks=3;\
                     catch_up=2;min_clip=1000;take_px=1.1;pause=stale";
        let (algo, terms) = read(Some(b"1005"), Some(text), Some(b"0.1"), &[]).unwrap();
        let wanted = AlgoTerms {
            participation_ppm: 100_000,
            interval_ms: 250,
            jitter_bps: 5_000,
            vary_bps: 2_500,
            urgency: 150,
            spread_max_ticks: 3,
            catch_up: 2,
            min_clip: Qty::whole(1_000),
            take_px: LimitPx::from(Price::from_units(110_000_000)),
            pause: PauseFlags::STALE,
        };
        assert_eq!((algo, terms), (Algo::Planned, Some(wanted)));
    }

    #[test]
    fn what_is_not_understood_refuses_the_order_and_is_named() {
        let cases: [(&[u8], &str); 18] = [
            (b"", " has no value"),
            (b"jitter", "jitter has no value"),
            (b"jitter=", "jitter cannot have this value"),
            (b"jitter=-0.1", "jitter cannot have this value"),
            (b"jitter=9", "jitter cannot have this value"),
            (b"jitter=NaN", "jitter cannot have this value"),
            (b"jitter=0.1;jitter=0.1", "jitter is given twice"),
            (b"jitter=0.1;", " has no value"),
            (b"haste=1", "haste is not known"),
            (b"a\xff\x01=1", "a?? is not known"),
            (
                b"a-very-long-name-indeed=1",
                "a-very-long-name is not known",
            ),
            (b"slices=1", "slices is not known"),
            (b"interval_ms=1.5", "interval_ms cannot have this value"),
            (b"interval_ms=+1", "interval_ms cannot have this value"),
            (
                b"interval_ms=99999999999",
                "interval_ms cannot have this value",
            ),
            (b"catch_up=0", "catch_up cannot have this value"),
            (b"min_clip=-1", "min_clip cannot have this value"),
            (b"pause=maybe", "pause cannot have this value"),
        ];
        for (text, why) in cases {
            let read = read(Some(b"1000"), Some(text), None, &[]);
            assert_eq!(wrong(read), format!("strategy parameter {why}"));
        }
        for rate in [&b"x"[..], b"-0.1", b"0.0000001", b""] {
            let read = read(Some(b"2"), None, Some(rate), &[]);
            assert_eq!(read, Err(Refusal::Unsupported { tag: 849 }), "{rate:?}");
        }
        for strategy in [&b"0"[..], b"4", b"999", b"1006", b"01", b""] {
            let read = read(Some(strategy), None, None, &[]);
            assert_eq!(read, Err(Refusal::Unsupported { tag: 847 }), "{strategy:?}");
        }
        let given = Parameter::default();
        for (read, tag) in [
            (read(None, Some(b"jitter=0"), None, &[]), 848),
            (read(None, None, Some(b"0.1"), &[]), 849),
            (read(None, None, None, &[given]), 957),
        ] {
            assert_eq!(read, Err(Refusal::Unsupported { tag }));
        }
    }

    #[test]
    fn a_parameter_of_the_group_and_of_the_text_is_given_twice() {
        let given = Parameter {
            name: b"pause",
            kind: None,
            value: Some(b"never"),
        };
        let both = read(Some(b"1"), Some(b"pause=stale"), None, &[given]);
        assert_eq!(wrong(both), "strategy parameter pause is given twice");
        let (_, terms) = read(Some(b"1"), Some(b"jitter=0.1"), None, &[given]).unwrap();
        let wanted = AlgoTerms {
            jitter_bps: 1_000,
            ..AlgoTerms::NONE
        };
        assert_eq!(terms, Some(wanted), "beside each other they go together");
    }

    #[test]
    fn a_plain_twap_is_a_plain_order() {
        assert_eq!(read(None, None, None, &[]), Ok((Algo::AtOnce, None)));
        assert_eq!(read(Some(b"1000"), None, None, &[]), Ok((Algo::Twap, None)));
        let plain = Ok((Algo::Vwap, Some(AlgoTerms::PLAIN)));
        assert_eq!(read(Some(b"1"), None, None, &[]), plain);
    }
}
