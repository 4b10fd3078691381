//! Algorithms in sentences: what a client asked for, what was planned, and why a slice was sent.

use dcx_engine::SliceReason;
use dcx_model::{
    Algo, AlgoTerms, LimitPx, NewOrder, PauseFlags, PlanView, PlanWhy, Qty, SliceView, SliceWhy,
    UnixNanos,
};

use crate::text::utc;

/// How an order is to be worked.
pub(super) fn how(order: &NewOrder, terms: Option<&AlgoTerms>) -> String {
    let from = match order.start {
        UnixNanos::ZERO => "now".to_owned(),
        start => utc(start),
    };
    let window = match order.end {
        UnixNanos::ZERO => format!("from {from}"),
        end => format!("from {from} to {}", utc(end)),
    };
    let slices = match order.slices {
        0 => String::new(),
        slices => format!("in {slices} slices "),
    };
    let what = match order.algo {
        Algo::AtOnce => return "at once".to_owned(),
        Algo::Twap => "by TWAP",
        Algo::Vwap => "by VWAP",
        Algo::Pov => "as a share of what the market trades",
        Algo::Iceberg => "as an iceberg of random clips",
        Algo::Shortfall => "for the least shortfall",
        Algo::Adaptive => "for the least shortfall, adapting to the price",
        Algo::Sniper => "as a sniper",
        Algo::Pegged => "pegged to the market",
        Algo::Planned => "as the planner decides",
    };
    let wishes = terms.map(wishes).unwrap_or_default();
    format!("{what} {slices}{window}{wishes}")
}

/// What an order asks of its algorithm, as a list with commas.
fn wishes(terms: &AlgoTerms) -> String {
    let mut said = Vec::new();
    if terms.participation_ppm > 0 {
        said.push(format!(
            "participation {}",
            percent(terms.participation_ppm)
        ));
    }
    if terms.urgency > 0 {
        let (whole, part) = (terms.urgency / 100, terms.urgency % 100);
        said.push(format!("urgency {whole}.{part:02}"));
    }
    if terms.min_clip > Qty::ZERO {
        said.push(format!("no clip below {}", terms.min_clip));
    }
    if terms.take_px != LimitPx::NONE {
        said.push(format!("takes at {} or better", terms.take_px));
    }
    if terms.spread_max_ticks > 0 {
        said.push(format!(
            "takes at a spread of {} ticks",
            terms.spread_max_ticks
        ));
    }
    if terms.jitter_bps > 0 {
        let share = percent(u32::from(terms.jitter_bps) * 100);
        said.push(format!("slices up to {share} of their distance late"));
    }
    if terms.catch_up > 0 {
        said.push(format!(
            "at most {} slices at once where it is behind",
            terms.catch_up
        ));
    }
    if terms.vary_bps > 0 {
        let share = percent(u32::from(terms.vary_bps) * 100);
        said.push(format!("clips differ by up to {share}"));
    }
    match (
        terms.pause.has(PauseFlags::STALE),
        terms.pause.has(PauseFlags::CROSSED),
    ) {
        (true, true) => {}
        (true, false) => said.push("goes on in a crossed market".to_owned()),
        (false, true) => said.push("goes on in a stale market".to_owned()),
        (false, false) => said.push("goes on in a stale or crossed market".to_owned()),
    }
    said.iter().map(|wish| format!(", {wish}")).collect()
}

/// A share in millionths.
fn percent(ppm: u32) -> String {
    let (whole, rest) = (ppm / 10_000, ppm % 10_000);
    if rest == 0 {
        format!("{whole} %")
    } else {
        let digits = format!("{rest:04}");
        format!("{whole}.{} %", digits.trim_end_matches('0'))
    }
}

/// What the planner chose.
pub(super) fn planned(plan: &PlanView) -> String {
    let algo = match plan.algo {
        Algo::AtOnce => "all at once",
        Algo::Twap => "even slices",
        Algo::Vwap => "slices in proportion to the expected volume",
        Algo::Pov => "a share of what the market trades",
        Algo::Shortfall
        | Algo::Iceberg
        | Algo::Adaptive
        | Algo::Sniper
        | Algo::Pegged
        | Algo::Planned => "slices that are larger at first",
    };
    let why = match plan.why {
        PlanWhy::AtOnceCheapest => "waiting would cost more in risk than it saves in impact",
        PlanWhy::EvenCheapest => "nothing is gained by haste, and the market is even",
        PlanWhy::VolumeCheapest => "nothing is gained by haste, and the market is not even",
        PlanWhy::FrontLoadedCheapest => "so impact and risk together cost least",
        PlanWhy::NoForecast => {
            return format!(
                "the planner chooses {algo}: no volume and volatility are known to plan from, and \
                 the participation cap can be held by what is seen"
            );
        }
        PlanWhy::CapBinds => "the participation cap allows no more at a time",
    };
    let against = [
        (plan.at_once_ppm, "all at once"),
        (plan.even_ppm, "even slices"),
    ];
    let against: Vec<String> = against
        .into_iter()
        .filter(|(cost, _)| *cost != u32::MAX && *cost != plan.cost_ppm)
        .map(|(cost, name)| format!("{} by {name}", bps(cost)))
        .collect();
    let against = if against.is_empty() {
        String::new()
    } else {
        format!(", against {}", against.join(" and "))
    };
    format!(
        "the planner chooses {algo} ({} until {}): {why}; impact and risk are expected to cost \
         {}{against}",
        plan.slices,
        utc(plan.end),
        bps(plan.cost_ppm)
    )
}

/// A cost in millionths, as basis points.
fn bps(ppm: u32) -> String {
    format!("{}.{:02} bps", ppm / 100, ppm % 100)
}

/// A slice that was sent.
pub(super) fn sliced(slice: &SliceView) -> String {
    let number = u32::from(slice.ix) + 1;
    let which = match slice.of {
        0 => format!("piece {number}"),
        of => format!("slice {number} of {of}"),
    };
    format!("{which} ({}): {} is sent", slice.algo.name(), slice.qty)
}

/// A slice that came due, and why it was sent or not.
pub(super) fn slice(reason: &SliceReason) -> String {
    let number = u32::from(reason.ix) + 1;
    let which = match reason.of {
        0 => format!("{}, piece {number}", reason.algo.name()),
        of => format!("slice {number} of {of}, due {}", utc(reason.due)),
    };
    let basis = match reason.algo {
        Algo::Pov => format!(
            " ({} were traded by the market since it began)",
            reason.seen
        ),
        Algo::AtOnce
        | Algo::Twap
        | Algo::Vwap
        | Algo::Iceberg
        | Algo::Shortfall
        | Algo::Adaptive
        | Algo::Sniper
        | Algo::Pegged
        | Algo::Planned => String::new(),
    };
    format!(
        "{which}: {} is sent, {} should be filled or working by now{basis}: {}",
        reason.qty,
        reason.target,
        why(reason.why)
    )
}

/// Why, in words.
pub(super) const fn why(why: SliceWhy) -> &'static str {
    match why {
        SliceWhy::Due => "its time came",
        SliceWhy::NothingMissing => "what is filled and working covers what is due",
        SliceWhy::ChildrenWorking => "as many children work as may; the rest goes with the next",
        SliceWhy::Refused => "a check refuses it now; the rest goes with the next",
        SliceWhy::End => "the schedule is over, what works is cancelled",
        SliceWhy::BelowMinClip => "what is missing is less than the least that is sent",
        SliceWhy::AtCap => "the participation cap allows no more until the market trades more",
        SliceWhy::Stale => "no quote is fresh, so it waits",
        SliceWhy::FeedGap => "a feed lost something and no other quote is fresh, so it waits",
        SliceWhy::CatchUp => "it is behind and sends no more at once; the rest goes with the next",
        SliceWhy::Crossed => "the best bid is above the best offer, so it waits",
        SliceWhy::NotCheap => "the price is not good enough to take yet",
        SliceWhy::Cheap => "the price is good enough, so it is taken",
        SliceWhy::NextClip => "what was shown is filled, so the next clip is shown",
        SliceWhy::Closing => "the end is near, so what is left is taken",
    }
}
