//! Slices, clips and volumes of one schedule, at their edges.

use super::*;

const LOT: Qty = Qty::from_units(10);

fn schedule(start: u64, end: u64, slices: u16) -> Schedule {
    Schedule {
        algo: Algo::Twap,
        start: UnixNanos::new(start),
        end: UnixNanos::new(end),
        slices,
        ..Schedule::EMPTY
    }
}

fn sight(now: u64, seen: u64) -> Sight {
    Sight {
        now: UnixNanos::new(now),
        order_qty: Qty::from_units(400),
        lot: LOT,
        seen,
        mid: None,
        move_ppm: 0,
        buys: true,
        out: Qty::ZERO,
    }
}

fn look(schedule: &mut Schedule, sight: &Sight) {
    let world = (dcx_model::InstrumentId::new(0), &Volumes::default());
    schedule.look(sight, world);
}

fn target(schedule: &Schedule) -> u64 {
    let world = (dcx_model::InstrumentId::new(0), &Volumes::default());
    let qty = schedule.target(Qty::from_units(400), LOT, world);
    qty.units()
}

#[test]
fn slices_are_due_evenly_and_the_end_comes_after_the_last() {
    let plan = schedule(100, 200, 4);
    let times: Vec<u64> = (0..=4).map(|ix| plan.due_at(ix).get()).collect();
    assert_eq!(times, [100, 125, 150, 175, 200]);
}

#[test]
fn slices_that_were_missed_come_due_together() {
    let mut plan = schedule(100, 200, 4);
    look(&mut plan, &sight(99, 0));
    assert_eq!(
        (plan.slices_due(), plan.next_at()),
        (0, Some(UnixNanos::new(100)))
    );
    look(&mut plan, &sight(160, 0));
    assert_eq!((plan.slices_due(), target(&plan)), (3, 300));
    assert_eq!(plan.next_at(), Some(UnixNanos::new(175)));
    // Three slices at once are as many as it catches up by.
    look(&mut plan, &sight(u64::MAX, 0));
    assert_eq!((plan.slices_due(), target(&plan)), (4, 300));
    let out = Qty::from_units(300);
    look(
        &mut plan,
        &Sight {
            out,
            ..sight(180, 0)
        },
    );
    assert_eq!((plan.slices_due(), target(&plan)), (4, 400));
    assert_eq!(plan.next_at(), Some(UnixNanos::new(200)));
    assert!(plan.is_over(UnixNanos::new(200)) && !plan.is_over(UnixNanos::new(199)));
}

#[test]
fn what_is_behind_is_sent_a_few_slices_at_a_time_until_all_is() {
    for (catch_up, wanted) in [
        (1, vec![50, 100, 150, 200, 250, 300, 350, 400]),
        (2, vec![100, 200, 300, 400]),
        (0, vec![150, 300, 400]),
        (u16::MAX, vec![400]),
    ] {
        let mut plan = schedule(0, 8_000_000_000, 8);
        plan.terms.catch_up = catch_up;
        let (mut at, mut out, mut sent) = (7_000_000_000, 0, Vec::new());
        while out < 400 {
            let sight = sight(at, 0);
            let out_now = Qty::from_units(out);
            look(
                &mut plan,
                &Sight {
                    out: out_now,
                    ..sight
                },
            );
            assert_eq!(plan.is_behind(), target(&plan) < 400);
            out = target(&plan);
            sent.push(out);
            let next = plan.next_at().expect("it looks again while it is behind");
            assert!(next.get() > at || !plan.is_behind());
            at += 1;
        }
        assert_eq!(sent, wanted, "{catch_up}");
    }
}

#[test]
fn a_span_of_centuries_does_not_overflow() {
    let mut plan = schedule(1, u64::MAX, 1_000);
    assert_eq!(plan.due_at(1_000), UnixNanos::new(u64::MAX));
    plan.terms.jitter_bps = u16::MAX;
    assert!(plan.due_at(999) <= plan.nominal(1_000));
    look(&mut plan, &sight(u64::MAX, u64::MAX));
    assert_eq!(plan.slices_due(), 1_000);
}

#[test]
fn chance_delays_within_the_slice_and_never_reorders() {
    let mut plan = schedule(1_000, 101_000, 10);
    plan.terms.jitter_bps = ALL_OF_IT;
    for seed in 0..200 {
        plan.named(OrderId::new(seed), 7);
        for ix in 0..10 {
            let (at, from, to) = (plan.due_at(ix), plan.nominal(ix), plan.nominal(ix + 1));
            assert!(from <= at && at < to, "{seed} {ix}: {from:?} {at:?} {to:?}");
        }
    }
}

const ALL_OF_IT: u16 = 10_000;

#[test]
fn the_markets_volume_is_counted_from_the_beginning_even_when_its_sum_comes_round() {
    let mut pov = Schedule {
        algo: Algo::Pov,
        ..schedule(100, 1_000_000_000, 0)
    };
    pov.terms.participation_ppm = 500_000;
    look(&mut pov, &sight(50, 77));
    assert_eq!(target(&pov), 0, "it has not begun");
    look(&mut pov, &sight(100, u64::MAX - 9));
    assert_eq!(target(&pov), 0);
    look(&mut pov, &sight(200, 50));
    assert_eq!((pov.seen().units(), target(&pov)), (60, 30));
    look(&mut pov, &sight(300, 10_000));
    assert_eq!(target(&pov), 400, "never more than the order");
}

#[test]
fn clips_are_whole_lots_around_their_base_and_at_least_one() {
    let mut iceberg = Schedule {
        algo: Algo::Iceberg,
        ..schedule(0, 0, 0)
    };
    for (base, vary, from, to) in [
        (100, 5_000, 50, 150),
        (10, 10_000, 10, 20),
        (100, 0, 100, 100),
    ] {
        iceberg.terms.vary_bps = vary;
        let mut sizes = std::collections::BTreeSet::new();
        for _ in 0..500 {
            let clip = iceberg.clip(Qty::from_units(base), LOT).units();
            assert!(
                (from..=to).contains(&clip) && clip.is_multiple_of(10),
                "{base} {clip}"
            );
            sizes.insert(clip);
            iceberg.clip_sent();
        }
        assert_eq!(sizes.len() > 1, vary > 0 && base > 10, "{sizes:?}");
    }
    let largest = iceberg.clip(Qty::from_units(u64::MAX), LOT);
    assert!(largest.units() > 0);
}

#[test]
fn every_part_of_a_schedule_is_in_its_hash() {
    let base = schedule(100, 200, 4);
    let mut others = vec![base; 16];
    others[1].algo = Algo::Pov;
    others[2].told = true;
    others[3].closing = true;
    others[4].began = true;
    others[5].clips = 1;
    others[6].look_at = UnixNanos::new(1);
    others[7].seen = 1;
    others[8].sent = LOT;
    others[9].paused = Some((SliceWhy::Stale, UnixNanos::ZERO));
    others[10].plan[3] = 1;
    others[11].terms.min_clip = LOT;
    others[12].step = LOT;
    others[13].reach = LOT;
    others[14].behind = true;
    others[15].terms.catch_up = 1;
    let hashes: std::collections::BTreeSet<u64> =
        others.iter().map(|schedule| schedule.digest(1)).collect();
    assert_eq!(hashes.len(), others.len());
}
