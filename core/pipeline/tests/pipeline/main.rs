//! Whole pipelines: both topologies, what leaves and when, how they end, and what a replay gives.

mod links;
mod script;

use std::fs;
use std::path::Path;
use std::process::Command as Process;
use std::sync::mpsc::Receiver;

use dcx_engine::{Engine, NoTrace};
use dcx_model::{Code, Command, Event, Nanos, Now, Outbound, Seq, UnixNanos};
use dcx_pipeline::{
    Builder, Clock, Core, Cores, Counters, CountersReader, Entry, FinalReport, JournalError,
    JournalOptions, JournalState, Pipeline, PipelineOptions, ProcessState, Reader, Slots,
    StartError, Stepped, Tail, TestClock, Topology, WantsEngine, recover, replay,
};
use dcx_ring::{Wait, Worker};
use links::Player;

const FUSED: Topology = Topology::Fused { core: None };
const SPLIT: Topology = Topology::Split(Cores {
    sequencer: None,
    journal: None,
    engine: None,
    egress: None,
});

/// Options under which the same commands always have the same places.
fn options(topology: Topology) -> PipelineOptions {
    PipelineOptions {
        topology,
        wait: Wait::Yield,
        checkpoint_every: 1_000,
        checkpoint_idle: Nanos::from_seconds(3_600),
        ..PipelineOptions::default()
    }
}

fn events_of(seen: &Receiver<Outbound>) -> Vec<Outbound> {
    seen.try_iter().collect()
}

/// A pipeline with one player on it, continuing the journal in `dir`.
fn stepped(
    dir: &Path,
    options: PipelineOptions,
    player: impl FnOnce(dcx_pipeline::LinkEnds) -> (Player, Receiver<Outbound>),
) -> (Stepped, Receiver<Outbound>) {
    let (builder, [ends]) = Pipeline::with(options).links().expect("lengths are legal");
    let (player, seen) = player(ends);
    let recovered = recover(dir, JournalOptions::default()).expect("the journal is whole");
    let stepped = builder
        .recovered(recovered)
        .link(None, Box::new(player))
        .stepped(Clock::start())
        .expect("lengths are legal");
    (stepped, seen)
}

fn run_to_end(stepped: &mut Stepped, now: Now) {
    for _ in 0..1_000_000 {
        if stepped.is_finished() {
            return;
        }
        stepped.step(now);
    }
    panic!("the pipeline does not end");
}

fn at(seconds: u64) -> Now {
    TestClock::at(UnixNanos::from_seconds(seconds)).now()
}

/// Plays `commands` on threads; returns what came out and the report.
fn play(dir: &Path, topology: Topology, commands: Vec<Command>) -> (Vec<Outbound>, FinalReport) {
    let (builder, [ends]) = Pipeline::with(options(topology))
        .links()
        .expect("lengths are legal");
    let (player, seen) = Player::new(ends, commands);
    let recovered = recover(dir, JournalOptions::default()).expect("the journal is whole");
    let running = builder
        .recovered(recovered)
        .link(None, Box::new(player))
        .start_with(Clock::standing_at(script::AT))
        .expect("threads start");
    let report = running.join();
    (events_of(&seen), report)
}

fn expect_replay_equal(dir: &Path, report: &FinalReport) {
    let replayed = replay(dir, &mut NoTrace).expect("the journal is whole");
    assert!(replayed.equal(), "{replayed:?}");
    assert_eq!(replayed.tail, Tail::Whole);
    assert_eq!(replayed.event_digest, report.event_digest);
    assert_eq!(replayed.state_digest, report.state_digest);
    assert_eq!(replayed.events, report.events);
    assert_eq!(replayed.next_seq, report.next_seq);
    assert!(replayed.checkpoints > 0, "equality was proven by a mark");
    assert_eq!(
        replayed.proven.next(),
        report.next_seq,
        "up to the last command"
    );
}

#[test]
fn split_and_fused_give_the_same_events_and_each_replays_to_them() {
    let commands = script::script(20_000);
    let (fused_dir, split_dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (fused_events, fused) = play(fused_dir.path(), FUSED, commands.clone());
    let (split_events, split) = play(split_dir.path(), SPLIT, commands.clone());

    assert!(
        fused.events > commands.len() as u64 / 2,
        "the script makes something happen"
    );
    assert_eq!(fused.event_digest, split.event_digest);
    assert_eq!(fused.state_digest, split.state_digest);
    assert_eq!(fused_events.len() as u64, fused.events);
    let without_stamps = |events: Vec<Outbound>| -> Vec<_> {
        events
            .into_iter()
            .map(|out| (out.seq, out.ix, out.at, out.event))
            .collect()
    };
    assert!(without_stamps(fused_events) == without_stamps(split_events));
    let checkpoints = commands.len() as u64 / 1_000 + 1;
    assert_eq!(fused.commands, commands.len() as u64 + checkpoints);
    // The events alone are marked too, after every 1,024th command; none of those is a checkpoint.
    let marks = checkpoints + fused.commands / 1_024;
    for (dir, report) in [(&fused_dir, &fused), (&split_dir, &split)] {
        expect_replay_equal(dir.path(), report);
        assert_eq!((report.withheld, report.unsequenced), (0, 0));
        assert_eq!(report.journal.unwrap().records, report.commands + marks);
        assert!(!report.latency.engine.is_empty() && !report.latency.ingress_to_egress.is_empty());
    }
    assert!(!fused.latency.ring.is_empty());
}

/// Venues that answer while orders come, on threads, until somebody wishes to stop.
#[test]
fn a_stop_under_load_ends_with_everything_kept_and_sent() {
    for topology in [FUSED, SPLIT] {
        let dir = tempfile::tempdir().unwrap();
        let (builder, [clients, venues]) = Pipeline::with(options(topology)).links().unwrap();
        let mut commands = script::configuration();
        commands.extend((1..=2_000).map(|number| Command::NewOrder(script::new_order(number))));
        let (clients, seen) = Player::new(clients, commands);
        let (venues, _) = Player::new(venues, Vec::new());
        let venues = venues.answering(|outbound, ids| script::answers(&outbound.event, ids));
        let recovered = recover(dir.path(), JournalOptions::default()).unwrap();
        let running = builder
            .recovered(recovered)
            .link(None, Box::new(clients.staying()))
            .link(None, Box::new(venues.staying()))
            .start()
            .unwrap();
        let mut events = Vec::new();
        while events.len() < 500 {
            events.push(seen.recv().unwrap());
        }
        let report = running.stop_and_join();
        events.extend(seen.try_iter());
        assert_eq!(events.len() as u64, report.events, "{topology:?}");
        assert!(events.is_sorted_by_key(|out| (out.seq, out.ix)));
        assert!(matches!(
            events.last().map(|out| out.event),
            Some(Event::Digest { .. })
        ));
        expect_replay_equal(dir.path(), &report);
    }
}

/// The journal's thread is not run: whatever the others do, nothing leaves.
#[test]
fn an_event_never_leaves_before_its_cause_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let commands = script::script(300);
    let (mut stepped, seen) = stepped(dir.path(), options(FUSED), |ends| {
        Player::new(ends, commands)
    });
    for _ in 0..100 {
        stepped.step_without("journal", at(1_700_000_000));
    }
    assert!(
        stepped.counters().value("engine.events").unwrap() > 100,
        "the engine went on"
    );
    assert!(stepped.counters().value("egress.journal_waits").unwrap() > 0);
    assert_eq!(events_of(&seen), [], "the journal has written nothing");

    let mut written = 0;
    while !stepped.is_finished() {
        stepped.step_without("journal", at(1_700_000_000));
        for out in events_of(&seen) {
            assert!(
                out.seq.get() <= written,
                "{out:?} left before it was written"
            );
        }
        stepped.step(at(1_700_000_000));
        // The journal is written with plain writes: what the file holds is what is kept.
        written = dcx_pipeline::verify(dir.path()).unwrap().next_seq.get() - 1;
        for out in events_of(&seen) {
            assert!(
                out.seq.get() <= written,
                "{out:?} left before it was written"
            );
        }
    }
    expect_replay_equal(dir.path(), &stepped.finish());
}

/// The name of the next segment is taken, so a write fails in the middle of the run.
#[test]
fn nothing_leaves_after_the_journal_has_failed_and_a_stop_still_ends() {
    for topology in [FUSED, SPLIT] {
        let dir = tempfile::tempdir().unwrap();
        let journal = JournalOptions {
            segment_bytes_max: 20_000,
            ..JournalOptions::default()
        };
        let recovered = recover(dir.path(), journal).unwrap();
        fs::create_dir(dir.path().join("journal-00000002.dcxj")).unwrap();
        let (builder, [ends]) = Pipeline::with(options(topology)).links().unwrap();
        let (player, seen) = Player::new(ends, script::script(5_000));
        let running = builder.recovered(recovered).link(None, Box::new(player));
        let running = running.start_with(Clock::standing_at(script::AT)).unwrap();
        let counters = running.counters();
        let report = running.join();
        let events = events_of(&seen);

        let error = report.journal_error.as_ref().expect("the write failed");
        assert_eq!(error.code(), Code::J001);
        assert!(matches!(error, JournalError::Io { .. }));
        assert_eq!(report.journal_state(), JournalState::Failed);
        assert_eq!(counters.value("journal.failed"), Some(1));
        assert!(report.withheld > 0);
        assert_eq!(events.len() as u64 + report.withheld, report.events);

        fs::remove_dir(dir.path().join("journal-00000002.dcxj")).unwrap();
        let kept = dcx_pipeline::verify(dir.path()).unwrap();
        assert!(kept.next_seq < report.next_seq);
        assert!(events.iter().all(|out| out.seq < kept.next_seq));
        let last = events
            .last()
            .expect("what was written before did leave")
            .seq;
        assert!(
            last.get() + 300 > kept.next_seq.get(),
            "all that was written left"
        );
    }
}

#[test]
fn back_pressure_loses_nothing() {
    let slots = Slots {
        inbound: 4,
        ingress: 4,
        outbox: 64,
        egress: 2,
    };
    let options = PipelineOptions {
        slots,
        ..options(FUSED)
    };
    let dir = tempfile::tempdir().unwrap();
    let commands = script::script(2_000);
    let (mut stepped, seen) = stepped(dir.path(), options, |ends| {
        let (player, seen) = Player::new(ends, commands.clone());
        (player.slow(2), seen)
    });
    run_to_end(&mut stepped, at(1_700_000_000));
    let counters = stepped.counters();
    for full in [
        "sequencer.ingress_full",
        "engine.outbox_full",
        "egress.egress_full",
    ] {
        assert!(counters.value(full).unwrap() > 0, "{full} is counted");
    }
    let report = stepped.finish();
    let events = events_of(&seen);
    assert_eq!(events.len() as u64, report.events);
    let mut places = events.iter().map(|out| (out.seq, out.ix));
    let mut before = places.next().unwrap();
    for place in places {
        let follows = place == (before.0, before.1 + 1) || (place.0 > before.0 && place.1 == 0);
        assert!(follows, "{before:?} then {place:?}");
        before = place;
    }
    let mut reader = Reader::open(dir.path()).unwrap();
    let mut kept = Vec::new();
    while let Some(entry) = reader.read().unwrap() {
        match entry {
            Entry::Command(sequenced) if sequenced.command != Command::Checkpoint => {
                kept.push(sequenced.command);
            }
            Entry::Command(_) | Entry::Mark(_) => {}
        }
    }
    assert!(kept == commands, "every command, once, in its order");
    expect_replay_equal(dir.path(), &report);
}

#[test]
fn a_restart_goes_on_where_the_journal_ends() {
    let dir = tempfile::tempdir().unwrap();
    let commands = script::script(3_000);
    let (first, second) = commands.split_at(1_234);
    let (mut events, before) = play(dir.path(), FUSED, first.to_vec());
    let (more, after) = play(dir.path(), SPLIT, second.to_vec());
    assert_eq!(
        more.first().map(|out| out.seq >= before.next_seq),
        Some(true)
    );
    events.extend(more);
    assert_eq!(after.events, events.len() as u64);
    expect_replay_equal(dir.path(), &after);

    let recovered = recover(dir.path(), JournalOptions::default()).unwrap();
    assert_eq!(recovered.next_seq, after.next_seq);
    assert_eq!(recovered.engine.digest(), after.state_digest);
    assert_eq!(recovered.events.value(), after.event_digest);
    assert_eq!(recovered.at, script::AT);
}

/// A process that is killed leaves rings full and a record half written.
#[test]
fn a_run_that_was_killed_is_recovered_up_to_its_last_whole_record() {
    let dir = tempfile::tempdir().unwrap();
    let commands = script::script(3_000);
    let (mut stepped, seen) = stepped(dir.path(), options(FUSED), |ends| {
        Player::new(ends, commands)
    });
    // Not a round whose last record is a mark: a command is to be torn.
    for _ in 0..6 {
        stepped.step(at(1_700_000_000));
    }
    drop(stepped);
    let path = dir.path().join("journal-00000001.dcxj");
    let whole = dcx_pipeline::verify(dir.path()).unwrap().next_seq;
    let mut bytes = fs::read(&path).unwrap();
    bytes.truncate(bytes.len() - 5);
    fs::write(&path, bytes).unwrap();

    let recovered = recover(dir.path(), JournalOptions::default()).unwrap();
    assert_eq!(recovered.next_seq.next(), whole, "one record was torn");
    assert!(recovered.trimmed.is_some());
    let left = events_of(&seen).last().expect("events left before").seq;
    assert!(left <= whole, "nothing left that was not written");
    let replayed = replay(dir.path(), &mut NoTrace).unwrap();
    assert!(replayed.equal());
    assert_eq!(replayed.state_digest, recovered.engine.digest());
}

/// An engine that decides otherwise than the one that wrote the journal must not go on with it.
#[test]
fn a_journal_whose_replay_differs_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    play(dir.path(), FUSED, script::script(500));
    let mut recovered = recover(dir.path(), JournalOptions::default()).unwrap();
    recovered.writer.append(&dcx_model::Sequenced {
        seq: recovered.next_seq,
        at: recovered.at,
        received: dcx_model::MonoNanos::new(0),
        command: Command::Checkpoint,
    });
    let mark = dcx_pipeline::Mark {
        seq: recovered.next_seq,
        at: recovered.at,
        state: 1,
        events: 2,
        event_count: 3,
    };
    recovered.writer.append_mark(&mark);
    recovered.writer.flush().unwrap();
    let seq = recovered.next_seq;
    drop(recovered);

    let replayed = replay(dir.path(), &mut NoTrace).unwrap();
    let difference = replayed
        .first_difference
        .expect("the mark is of another run");
    assert_eq!((difference.run, replayed.proven.next()), (mark, seq));
    assert!(difference.replay.is_some());
    let refused = recover(dir.path(), JournalOptions::default()).unwrap_err();
    assert_eq!(refused.code(), Code::J007);
}

#[test]
fn the_time_of_commands_never_goes_back() {
    let dir = tempfile::tempdir().unwrap();
    let commands = script::script(400);
    let (mut stepped, _seen) = stepped(dir.path(), options(FUSED), |ends| {
        Player::new(ends, commands)
    });
    let mut clock = TestClock::at(UnixNanos::from_seconds(1_700_000_000));
    for round in 0..1_000_u64 {
        clock.advance(Nanos::from_millis(1));
        if round.is_multiple_of(3) {
            clock.step_unix(UnixNanos::from_seconds(1_700_000_000 - round));
        }
        if !stepped.is_finished() {
            stepped.step(clock.now());
        }
    }
    assert!(stepped.is_finished());
    // The reader itself refuses a stamp that goes back.
    assert!(dcx_pipeline::verify(dir.path()).unwrap().at >= UnixNanos::from_seconds(1_700_000_000));
}

/// A schedule's slices come due without anybody sending anything.
#[test]
fn the_engine_is_woken_when_its_timer_has_come() {
    let dir = tempfile::tempdir().unwrap();
    let start = script::AT;
    let mut commands = script::configuration();
    commands.push(Command::NewOrder(dcx_model::NewOrder {
        algo: dcx_model::Algo::Twap,
        start,
        end: start.plus(Nanos::from_seconds(10)),
        slices: 5,
        ..script::new_order(1)
    }));
    let (mut stepped, seen) = stepped(dir.path(), options(FUSED), |ends| {
        let (player, seen) = Player::new(ends, commands);
        (player.staying(), seen)
    });
    let mut clock = TestClock::at(start);
    let mut sent_at = Vec::new();
    for _ in 0..120 {
        for _ in 0..4 {
            stepped.step(clock.now());
        }
        let children = events_of(&seen)
            .into_iter()
            .filter(|out| matches!(out.event, Event::ChildSent(_)));
        sent_at.extend(children.map(|out| out.at.since(start).get() / 1_000_000_000));
        clock.advance(Nanos::from_millis(100));
    }
    assert_eq!(sent_at, [0, 2, 4, 6, 8]);
    let wakes = stepped.counters().value("sequencer.wakes").unwrap();
    assert!(
        (4..=8).contains(&wakes),
        "{wakes} wakes for five slices and an end"
    );
    stepped.stop().request();
    clock.advance(Nanos::from_seconds(1));
    run_to_end(&mut stepped, clock.now());
    expect_replay_equal(dir.path(), &stepped.finish());
}

/// The wake is sequenced once, however long the engine takes to see it.
#[test]
fn an_engine_that_is_late_is_not_woken_twice() {
    let dir = tempfile::tempdir().unwrap();
    let mut commands = script::configuration();
    commands.push(Command::NewOrder(dcx_model::NewOrder {
        algo: dcx_model::Algo::Twap,
        start: script::AT.plus(Nanos::from_seconds(1)),
        end: script::AT.plus(Nanos::from_seconds(10)),
        slices: 5,
        ..script::new_order(1)
    }));
    let (mut stepped, _seen) = stepped(dir.path(), options(FUSED), |ends| {
        let (player, seen) = Player::new(ends, commands);
        (player.staying(), seen)
    });
    let mut clock = TestClock::at(script::AT);
    for _ in 0..10 {
        stepped.step(clock.now());
    }
    assert_eq!(stepped.counters().value("sequencer.wakes"), Some(0));
    clock.advance(Nanos::from_seconds(1));
    for _ in 0..10 {
        stepped.step_without("engine", clock.now());
    }
    assert_eq!(stepped.counters().value("sequencer.wakes"), Some(1));
}

/// A link that does not care about stops.
struct Flood(dcx_pipeline::LinkEnds);

impl Worker for Flood {
    fn name(&self) -> &'static str {
        "flood"
    }

    fn work(&mut self, now: Now) -> usize {
        let Self(ends) = self;
        ends.outbound.poll(usize::MAX, |_, _, _| ());
        let inbound = dcx_model::Inbound {
            received: now.mono,
            command: Command::Wake,
        };
        while ends.inbound.try_push(inbound).is_ok() {}
        1
    }
}

#[test]
fn a_link_that_never_ends_does_not_keep_the_pipeline_from_ending() {
    let dir = tempfile::tempdir().unwrap();
    let (builder, [ends]) = Pipeline::with(options(FUSED)).links().unwrap();
    let recovered = recover(dir.path(), JournalOptions::default()).unwrap();
    let builder = builder
        .recovered(recovered)
        .link(None, Box::new(Flood(ends)));
    let mut stepped = builder.stepped(Clock::start()).unwrap();
    let mut clock = TestClock::at(script::AT);
    stepped.step(clock.now());
    stepped.stop().request();
    for _ in 0..200 {
        clock.advance(Nanos::from_millis(100));
        stepped.step(clock.now());
    }
    assert!(stepped.is_finished());
    let report = stepped.finish();
    assert!(report.unsequenced > 0, "what came too late is told");
    expect_replay_equal(dir.path(), &report);
}

#[test]
fn an_idle_pipeline_takes_a_digest_once() {
    let dir = tempfile::tempdir().unwrap();
    let options = PipelineOptions {
        checkpoint_idle: Nanos::from_seconds(1),
        ..options(FUSED)
    };
    let (mut stepped, _seen) = stepped(dir.path(), options, |ends| {
        let (player, seen) = Player::new(ends, script::configuration());
        (player.staying(), seen)
    });
    let mut clock = TestClock::at(script::AT);
    for _ in 0..100 {
        stepped.step(clock.now());
        clock.advance(Nanos::from_millis(100));
    }
    assert_eq!(stepped.counters().value("sequencer.checkpoints"), Some(1));
    assert_eq!(dcx_pipeline::verify(dir.path()).unwrap().marks, 1);
}

#[test]
fn without_a_journal_events_leave_at_once() {
    let (builder, [ends]) = Pipeline::with(options(SPLIT)).links().unwrap();
    let (player, seen) = Player::new(ends, script::script(2_000));
    let running = builder
        .without_journal(Engine::new())
        .link(None, Box::new(player))
        .start()
        .unwrap();
    assert_eq!(running.journal_state(), JournalState::Off);
    let report = running.join();
    assert_eq!(events_of(&seen).len() as u64, report.events);
    assert!(report.journal.is_none());
    assert_eq!(report.journal_state(), JournalState::Off);
}

#[test]
fn a_source_that_is_given_up_does_not_hold_anybody() {
    let (builder, [player, control]) = Pipeline::with(options(FUSED)).links().unwrap();
    let (player, seen) = Player::new(player, script::script(5_000));
    drop(control.outbound);
    let mut timer = control.inbound;
    timer
        .try_push(dcx_model::Inbound {
            received: dcx_model::MonoNanos::new(0),
            command: Command::Wake,
        })
        .unwrap();
    drop(timer);
    let running = builder
        .without_journal(Engine::new())
        .link(None, Box::new(player))
        .start()
        .unwrap();
    let report = running.join();
    assert_eq!(events_of(&seen).len() as u64, report.events);
    assert!(
        !report.latency.ring.is_empty(),
        "one command in sixteen is measured"
    );
}

#[test]
fn counters_are_read_from_outside_while_it_runs() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("counters");
    let counters = Counters::create(&path, script::AT).unwrap();
    let (builder, [ends]) = Pipeline::with(options(SPLIT)).links().unwrap();
    let (player, seen) = Player::new(ends, script::script(1_000));
    let recovered = recover(&dir.path().join("journal"), JournalOptions::default()).unwrap();
    let running = builder
        .counters(counters)
        .recovered(recovered)
        .link(None, Box::new(player.staying()))
        .start()
        .unwrap();
    let reader = CountersReader::open(&path).unwrap();
    assert_eq!(reader.state(), Some(ProcessState::Running));
    while reader.value("journal.records") < Some(1_000) {
        std::thread::yield_now();
    }
    let report = running.stop_and_join();
    assert_eq!(reader.state(), Some(ProcessState::Stopped));
    assert_eq!(reader.value("engine.events"), Some(report.events));
    assert_eq!(reader.value("engine.commands"), Some(report.commands));
    assert_eq!(reader.value("sequencer.commands"), Some(report.commands));
    assert_eq!(
        reader.value("egress.events"),
        Some(events_of(&seen).len() as u64)
    );
    assert!(reader.value("engine.apply_p50_ns").is_some());
}

#[test]
fn a_question_is_answered_between_commands_and_changes_nothing() {
    for topology in [FUSED, SPLIT] {
        let (builder, [ends]) = Pipeline::with(options(topology)).links().unwrap();
        let inspector = builder.inspector();
        let (player, seen) = Player::new(ends, script::script(5_000));
        let running = builder
            .without_journal(Engine::new())
            .link(None, Box::new(player.staying()))
            .start()
            .unwrap();
        let patience = std::time::Duration::from_secs(30);
        for _ in 0..20 {
            let open = inspector.ask(patience, Engine::orders_open).unwrap();
            assert!(open <= 5_000);
        }
        let report = running.stop_and_join();
        let asked = events_of(&seen).len() as u64;
        assert_eq!(asked, report.events);
        assert_eq!(
            inspector.ask(patience, Engine::orders_open),
            Err(dcx_pipeline::InspectError::Ended)
        );
    }
}

#[test]
fn a_core_that_is_not_there_stops_the_start_and_nothing_ran() {
    let dir = tempfile::tempdir().unwrap();
    let topology = Topology::Split(Cores {
        engine: Some(Core(9_999)),
        ..Cores::default()
    });
    let (builder, [ends]) = Pipeline::with(options(topology)).links().unwrap();
    let (player, seen) = Player::new(ends, script::script(100));
    let recovered = recover(dir.path(), JournalOptions::default()).unwrap();
    let refused = builder
        .recovered(recovered)
        .link(None, Box::new(player))
        .start()
        .unwrap_err();
    assert_eq!(refused.code(), Code::X008);
    assert!(matches!(refused, StartError::Affinity { ref thread, .. } if thread == "dcx-engine"));
    // The threads end by themselves; the link's end of the channel goes with its thread.
    assert!(seen.recv().is_err(), "nothing ran");
    assert_eq!(
        dcx_pipeline::verify(dir.path()).unwrap().next_seq,
        Seq::new(1)
    );
}

#[test]
fn rings_of_impossible_lengths_are_refused_by_name() {
    let with = |slots: Slots| -> Result<(Builder<WantsEngine>, [dcx_pipeline::LinkEnds; 1]), _> {
        let options = PipelineOptions {
            slots,
            ..options(FUSED)
        };
        Pipeline::with(options).links()
    };
    let odd = Slots {
        egress: 100,
        ..Slots::default()
    };
    assert_eq!(with(odd).unwrap_err().to_string(), "ring egress");
    let short = Slots {
        outbox: 32,
        ..Slots::default()
    };
    let (builder, _ends) = with(short).unwrap();
    let refused = builder.without_journal(Engine::new()).start().unwrap_err();
    assert_eq!(
        refused.to_string(),
        "ring outbox: 32 slots, at least 64 are needed"
    );
    assert!(matches!(
        Pipeline::with(options(FUSED)).links::<0>(),
        Err(StartError::NoLinks)
    ));
}

struct Panics;

impl Worker for Panics {
    fn name(&self) -> &'static str {
        "panics"
    }

    fn work(&mut self, _now: Now) -> usize {
        panic!("a rule was broken")
    }
}

/// Runs itself again as a process of its own, since what is seen is the end of a process.
#[test]
fn a_worker_that_panics_aborts_the_process() {
    const CHILD: &str = "DCX_TEST_PANICS";
    if std::env::var_os(CHILD).is_some() {
        let (builder, [_ends]) = Pipeline::with(options(SPLIT)).links().unwrap();
        let running = builder
            .without_journal(Engine::new())
            .link(None, Box::new(Panics))
            .start();
        drop(running.unwrap().join());
        unreachable!("the pipeline has no end but the abort");
    }
    let output = Process::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_worker_that_panics_aborts_the_process"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    use std::os::unix::process::ExitStatusExt;
    assert_eq!(output.status.signal(), Some(6), "SIGABRT");
}
