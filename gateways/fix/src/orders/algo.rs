//! Which algorithm an order asks for, and its parameters: `TargetStrategy` (847),
//! `TargetStrategyParameters` (848) and `ParticipationRate` (849).
//!
//! FIX 4.4 knows 1 (VWAP), 2 (participate) and 3 (minimise market impact) and leaves 1000 and
//! above to agreement; the parameters are text. Ours is `name=value` with semicolons between.
//! Nothing is ignored: a name that is not known, or said twice, refuses the order.

use dcx_model::{Algo, AlgoTerms, LimitPx, PauseFlags, Price, Qty, Refusal};

use super::fields::{PARTICIPATION_RATE, STRATEGY_PARAMETERS, TARGET_STRATEGY};

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

/// The algorithm, and its parameters where it comes with any: a TWAP without is a plain order.
pub(super) fn read(
    strategy: Option<&[u8]>,
    parameters: Option<&[u8]>,
    rate: Option<&[u8]>,
) -> Result<(Algo, Option<AlgoTerms>), Refusal> {
    let Some(strategy) = strategy else {
        let stray = [
            (parameters, STRATEGY_PARAMETERS),
            (rate, PARTICIPATION_RATE),
        ];
        return match stray.into_iter().find(|(field, _)| field.is_some()) {
            Some((_, tag)) => Err(Refusal::Unsupported { tag }),
            None => Ok((Algo::AtOnce, None)),
        };
    };
    let found = STRATEGIES.iter().find(|(wire, _)| *wire == strategy);
    let Some((_, algo)) = found else {
        let tag = TARGET_STRATEGY;
        return Err(Refusal::Unsupported { tag });
    };
    if *algo == Algo::Twap && parameters.is_none() && rate.is_none() {
        return Ok((*algo, None));
    }
    let mut terms = AlgoTerms::PLAIN;
    if let Some(rate) = rate {
        let tag = PARTICIPATION_RATE;
        terms.participation_ppm = millionths(rate).ok_or(Refusal::Unsupported { tag })?;
    }
    if let Some(text) = parameters {
        let tag = STRATEGY_PARAMETERS;
        take_all(text, &mut terms).ok_or(Refusal::Unsupported { tag })?;
    }
    Ok((*algo, Some(terms)))
}

/// Takes in every parameter; none where one cannot be used.
fn take_all(text: &[u8], terms: &mut AlgoTerms) -> Option<()> {
    let mut seen: Vec<&[u8]> = Vec::new();
    for pair in text.split(|byte| *byte == b';') {
        let at = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = (&pair[..at], &pair[at + 1..]);
        if seen.contains(&name) {
            return None;
        }
        seen.push(name);
        take(name, value, terms)?;
    }
    Some(())
}

fn take(name: &[u8], value: &[u8], terms: &mut AlgoTerms) -> Option<()> {
    match name {
        // Shares: 0.25 is a quarter.
        b"jitter" => terms.jitter_bps = u16::try_from(millionths(value)? / 100).ok()?,
        b"vary" => terms.vary_bps = u16::try_from(millionths(value)? / 100).ok()?,
        b"urgency" => terms.urgency = u16::try_from(millionths(value)? / 10_000).ok()?,
        b"interval_ms" => terms.interval_ms = whole(value)?,
        b"spread_ticks" => terms.spread_max_ticks = u16::try_from(whole(value)?).ok()?,
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

    #[test]
    fn every_parameter_is_read_and_nothing_is_ignored() {
        let text = b"jitter=0.5;vary=0.25;urgency=1.5;interval_ms=250;spread_ticks=3;\
                     min_clip=1000;take_px=1.1;pause=stale";
        let (algo, terms) = read(Some(b"1005"), Some(text), Some(b"0.1")).unwrap();
        let wanted = AlgoTerms {
            participation_ppm: 100_000,
            interval_ms: 250,
            jitter_bps: 5_000,
            vary_bps: 2_500,
            urgency: 150,
            spread_max_ticks: 3,
            min_clip: Qty::whole(1_000),
            take_px: LimitPx::from(Price::from_units(110_000_000)),
            pause: PauseFlags::STALE,
        };
        assert_eq!((algo, terms), (Algo::Planned, Some(wanted)));
    }

    #[test]
    fn what_is_not_understood_refuses_the_order() {
        let texts: [&[u8]; 14] = [
            b"",
            b"jitter",
            b"jitter=",
            b"jitter=-0.1",
            b"jitter=9",
            b"jitter=NaN",
            b"jitter=0.1;jitter=0.1",
            b"jitter=0.1;",
            b"haste=1",
            b"interval_ms=1.5",
            b"interval_ms=+1",
            b"interval_ms=99999999999",
            b"min_clip=-1",
            b"pause=maybe",
        ];
        for text in texts {
            let read = read(Some(b"1000"), Some(text), None);
            assert_eq!(read, Err(Refusal::Unsupported { tag: 848 }), "{text:?}");
        }
        for rate in [&b"x"[..], b"-0.1", b"0.0000001", b""] {
            let read = read(Some(b"2"), None, Some(rate));
            assert_eq!(read, Err(Refusal::Unsupported { tag: 849 }), "{rate:?}");
        }
        for strategy in [&b"0"[..], b"4", b"999", b"1006", b"01", b""] {
            let read = read(Some(strategy), None, None);
            assert_eq!(read, Err(Refusal::Unsupported { tag: 847 }), "{strategy:?}");
        }
        assert_eq!(
            read(None, Some(b"jitter=0"), None),
            Err(Refusal::Unsupported { tag: 848 })
        );
        assert_eq!(
            read(None, None, Some(b"0.1")),
            Err(Refusal::Unsupported { tag: 849 })
        );
    }

    #[test]
    fn a_plain_twap_is_a_plain_order() {
        assert_eq!(read(None, None, None), Ok((Algo::AtOnce, None)));
        assert_eq!(read(Some(b"1000"), None, None), Ok((Algo::Twap, None)));
        let plain = Ok((Algo::Vwap, Some(AlgoTerms::PLAIN)));
        assert_eq!(read(Some(b"1"), None, None), plain);
    }
}
