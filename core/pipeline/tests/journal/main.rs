//! The journal on its disk: what it keeps, what it notices, what it refuses.

mod fixture;

use std::fs;
use std::path::Path;

use dcx_model::{Code, Command, Seq, UnixNanos};
use dcx_pipeline::{
    Damage, Entry, JournalError, JournalOptions, Reader, Tail, recover, replay, verify,
};
use fixture::*;
use proptest::prelude::*;

fn read_all(dir: &Path) -> Vec<Entry> {
    let mut reader = Reader::open(dir).expect("the journal can be opened");
    let mut entries = Vec::new();
    while let Some(entry) = reader.read().expect("the journal is whole") {
        entries.push(entry);
    }
    assert_eq!(reader.tail(), Some(Tail::Whole));
    entries
}

#[test]
fn a_reader_says_where_each_record_begins() {
    let dir = tempfile::tempdir().unwrap();
    write_journal(dir.path(), &some_commands(), small_segments(100));
    let mut reader = Reader::open(dir.path()).unwrap();
    while reader.read().unwrap().is_some() {
        let place = reader.place();
        let bytes = fs::read(segment(dir.path(), place.segment)).unwrap();
        let begins = boundaries(&bytes)
            .iter()
            .any(|end| *end as u64 == place.offset);
        assert!(begins && place.offset < bytes.len() as u64, "{place:?}");
    }
    assert!(reader.place().segment > 2);
}

fn small_segments(bytes: u64) -> JournalOptions {
    JournalOptions {
        segment_bytes_max: bytes,
        ..JournalOptions::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is kept is read back, across segments and restarts.
    #[test]
    fn commands_are_read_back_as_they_were_written(
        commands in prop::collection::vec(any_command(), 0..60),
        segment_bytes_max in 200_u64..6_000,
        restart_at in 0_usize..60,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let options = small_segments(segment_bytes_max);
        let (first, second) = commands.split_at(restart_at.min(commands.len()));
        write_journal(dir.path(), first, options);
        write_journal(dir.path(), second, options);

        let read = read_all(dir.path());
        prop_assert_eq!(read.len(), commands.len());
        for (ix, (entry, command)) in (1..).zip(read.iter().zip(&commands)) {
            let Entry::Command(sequenced) = entry else {
                return Err(TestCaseError::fail("only commands were written"));
            };
            prop_assert_eq!(sequenced.command, *command);
            prop_assert_eq!(sequenced.seq, Seq::new(ix));
            prop_assert_eq!(sequenced.at, UnixNanos::from_seconds(ix * 10));
        }
    }

    /// Bytes of somebody else's making are never trusted and never panic.
    #[test]
    fn any_bytes_behind_a_whole_record_are_noticed(garbage in prop::collection::vec(any::<u8>(), 1..400)) {
        let dir = tempfile::tempdir().unwrap();
        write_journal(dir.path(), &some_commands(), JournalOptions::default());
        let path = segment(dir.path(), 1);
        let mut bytes = fs::read(&path).unwrap();
        let whole = bytes.len() as u64;
        bytes.extend(&garbage);
        fs::write(&path, bytes).unwrap();
        let Ok(verified) = verify(dir.path()) else { return Ok(()) };
        let Tail::Torn(torn) = verified.tail else {
            return Err(TestCaseError::fail("garbage passed for a record"));
        };
        prop_assert_eq!((torn.offset, torn.bytes), (whole, garbage.len() as u64));
    }
}

#[test]
fn every_single_bit_that_flips_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    write_journal(dir.path(), &some_commands(), JournalOptions::default());
    let path = segment(dir.path(), 1);
    let whole = fs::read(&path).unwrap();
    let ends = boundaries(&whole);
    let last_record = ends[ends.len() - 2];
    assert_eq!(verify(dir.path()).unwrap().tail, Tail::Whole);

    for bit in 0..whole.len() * 8 {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        fs::write(&path, &bytes).unwrap();
        match verify(dir.path()) {
            // Nothing whole is behind the last record, so it looks like an interrupted write.
            Ok(verified) => {
                let Tail::Torn(torn) = verified.tail else {
                    panic!("bit {bit} flipped and nobody noticed");
                };
                assert!(
                    bit / 8 >= last_record,
                    "bit {bit} is not in the last record"
                );
                assert_eq!(torn.offset, last_record as u64);
            }
            Err(JournalError::Damaged {
                segment, offset, ..
            }) => {
                assert_eq!(segment, 1);
                let begin = ends
                    .iter()
                    .rfind(|end| **end <= bit / 8)
                    .copied()
                    .unwrap_or(0);
                assert_eq!(offset, begin as u64, "bit {bit}");
            }
            Err(other) => panic!("bit {bit}: {other}"),
        }
    }
}

#[test]
fn a_cut_at_any_byte_is_trimmed_to_the_last_whole_record() {
    let dir = tempfile::tempdir().unwrap();
    write_journal(dir.path(), &some_commands(), JournalOptions::default());
    let path = segment(dir.path(), 1);
    let whole = fs::read(&path).unwrap();
    let ends = boundaries(&whole);

    for cut in 0..=whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let kept = ends
            .iter()
            .filter(|end| **end <= cut)
            .count()
            .saturating_sub(1);
        let end = ends.iter().rfind(|end| **end <= cut).copied().unwrap_or(0);

        let mut recovered = recover(dir.path(), JournalOptions::default()).unwrap();
        assert_eq!(
            recovered.next_seq,
            Seq::new(kept as u64 + 1),
            "cut at {cut}"
        );
        match recovered.trimmed {
            Some(torn) => assert_eq!((torn.offset, torn.bytes), (end as u64, (cut - end) as u64)),
            None => assert_eq!(cut, end, "what was cut off is told"),
        }
        append(&mut recovered, &[Command::Wake]);
        drop(recovered);
        let verified = verify(dir.path()).unwrap();
        assert_eq!(verified.tail, Tail::Whole, "cut at {cut}");
        assert_eq!(verified.totals.records, kept as u64 + 1);
    }
}

#[test]
fn damage_in_the_middle_refuses_to_start_and_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    write_journal(dir.path(), &some_commands(), JournalOptions::default());
    let path = segment(dir.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    let third = boundaries(&bytes)[2];
    bytes[third + 40] ^= 4;
    fs::write(&path, bytes).unwrap();
    let before = snapshot(dir.path());

    let refused = recover(dir.path(), JournalOptions::default()).unwrap_err();
    assert_eq!(refused.code(), Code::J004);
    let JournalError::Damaged {
        segment,
        offset,
        seq,
        why,
        ..
    } = &refused
    else {
        panic!("{refused}");
    };
    assert_eq!((*segment, *offset, *seq), (1, third as u64, Seq::new(3)));
    assert!(matches!(why, Damage::Checksum { .. }));
    assert!(refused.to_string().contains("segment 1 at byte"));
    assert_eq!(snapshot(dir.path()), before);
}

/// Moves whole records about: each fits its checksum, none fits its place.
#[test]
fn records_that_were_removed_added_or_swapped_are_noticed() {
    let dir = tempfile::tempdir().unwrap();
    write_journal(dir.path(), &some_commands(), JournalOptions::default());
    let path = segment(dir.path(), 1);
    let whole = fs::read(&path).unwrap();
    let ends = boundaries(&whole);
    let record = |ix: usize| whole[ends[ix]..ends[ix + 1]].to_vec();
    let head = whole[..ends[4]].to_vec();
    let (fifth, sixth, seventh) = (record(4), record(5), record(6));
    for (what, tail) in [
        ("removed", vec![sixth.clone(), seventh.clone()]),
        (
            "added",
            vec![fifth.clone(), fifth.clone(), sixth.clone(), seventh.clone()],
        ),
        (
            "swapped",
            vec![sixth.clone(), fifth.clone(), seventh.clone()],
        ),
        (
            "repeated at the end",
            vec![fifth.clone(), sixth, seventh.clone(), seventh],
        ),
        ("the end of another journal", vec![record(1)]),
    ] {
        fs::write(&path, [head.clone(), tail.concat()].concat()).unwrap();
        let found = verify(dir.path());
        assert!(
            matches!(
                found,
                Err(JournalError::Damaged {
                    why: Damage::Chain { .. },
                    ..
                })
            ),
            "{what}: {found:?}"
        );
    }
}

#[test]
fn segments_follow_each_other_and_a_missing_or_exchanged_one_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    write_journal(dir.path(), &some_commands(), small_segments(100));
    let (second, third) = (segment(dir.path(), 2), segment(dir.path(), 3));
    let verified = verify(dir.path()).unwrap();
    assert!(verified.totals.segments >= 3, "{verified:?}");

    let (two, three) = (fs::read(&second).unwrap(), fs::read(&third).unwrap());
    fs::write(&second, &three).unwrap();
    assert!(matches!(
        verify(dir.path()),
        Err(JournalError::Damaged {
            segment: 2,
            offset: 0,
            why: Damage::Segment { found: 3 },
            ..
        })
    ));
    fs::write(&second, &two[..two.len() - 1]).unwrap();
    assert!(
        matches!(
            verify(dir.path()),
            Err(JournalError::Damaged {
                segment: 2,
                why: Damage::Incomplete { .. },
                ..
            })
        ),
        "a tail is torn at the end of the journal only"
    );
    fs::remove_file(&second).unwrap();
    let refused = verify(dir.path()).unwrap_err();
    assert_eq!(refused.code(), Code::J005);
    assert!(
        refused
            .to_string()
            .ends_with("lacks segment 2; the next one is 3"),
        "{refused}"
    );
}

#[test]
fn a_segment_cut_within_its_header_is_begun_again() {
    let dir = tempfile::tempdir().unwrap();
    write_journal(dir.path(), &some_commands(), small_segments(100));
    let before = verify(dir.path()).unwrap();
    for cut in 0..40 {
        let path = segment(dir.path(), before.totals.segments + 1);
        fs::write(&path, vec![0; cut]).unwrap();
        let recovered = recover(dir.path(), small_segments(100)).unwrap();
        assert_eq!(recovered.next_seq, before.next_seq);
        assert!(recovered.trimmed.is_some());
        drop(recovered);
        let after = verify(dir.path()).unwrap();
        assert_eq!(
            (after.tail, after.totals.segments),
            (Tail::Whole, before.totals.segments + 1)
        );
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_journal_has_one_writer_and_any_number_of_readers() {
    let dir = tempfile::tempdir().unwrap();
    let mut first = recover(dir.path(), JournalOptions::default()).unwrap();
    append(&mut first, &some_commands());
    let refused = recover(dir.path(), JournalOptions::default()).unwrap_err();
    assert_eq!(refused.code(), Code::J003);
    let named = format!("being written by process {}", std::process::id());
    assert!(refused.to_string().ends_with(&named), "{refused}");
    assert_eq!(verify(dir.path()).unwrap().totals.records, 7);

    drop(first);
    assert!(recover(dir.path(), JournalOptions::default()).is_ok());
}

#[test]
fn tools_that_read_change_nothing() {
    let dir = tempfile::tempdir().unwrap();
    write_journal(dir.path(), &some_commands(), JournalOptions::default());
    let path = segment(dir.path(), 1);
    let torn = fs::read(&path).unwrap();
    fs::write(&path, &torn[..torn.len() - 3]).unwrap();
    let before = snapshot(dir.path());
    assert!(matches!(verify(dir.path()).unwrap().tail, Tail::Torn(_)));
    let report = replay(dir.path(), &mut dcx_engine::NoTrace).unwrap();
    assert_eq!((report.commands, report.next_seq), (6, Seq::new(7)));
    assert_eq!(snapshot(dir.path()), before);
}

#[test]
fn a_directory_without_a_journal_says_so() {
    let dir = tempfile::tempdir().unwrap();
    for path in [dir.path().to_owned(), dir.path().join("nowhere")] {
        let refused = verify(&path).unwrap_err();
        assert_eq!(refused.code(), Code::J002);
        assert_eq!(
            refused.to_string(),
            format!("no journal in {}", path.display())
        );
    }
}

/// The name of the next segment is taken, so the writer cannot go on.
#[test]
fn a_writer_that_failed_once_writes_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let mut recovered = recover(dir.path(), small_segments(100)).unwrap();
    fs::create_dir(segment(dir.path(), 2)).unwrap();
    let mut writer = recovered.writer;
    for (ix, command) in (1..).zip(some_commands()) {
        writer.append(&dcx_model::Sequenced {
            seq: Seq::new(ix),
            at: UnixNanos::new(ix),
            received: dcx_model::MonoNanos::new(0),
            command,
        });
    }
    let failed = writer.flush().unwrap_err();
    assert_eq!(failed.code(), Code::J001);
    assert!(
        failed.to_string().starts_with("creating journal segment"),
        "{failed}"
    );
    assert_eq!(
        writer.written(),
        Seq::new(8),
        "what was written before the failure counts"
    );

    fs::remove_dir(segment(dir.path(), 2)).unwrap();
    assert!(writer.flush().is_err(), "nothing is tried again");
    drop(writer);
    recovered = recover(dir.path(), JournalOptions::default()).unwrap();
    assert_eq!(recovered.next_seq, Seq::new(8));
}

#[test]
fn a_version_that_is_not_read_is_named() {
    let dir = tempfile::tempdir().unwrap();
    write_journal(dir.path(), &[], JournalOptions::default());
    let path = segment(dir.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    bytes[8] = 1;
    let crc = crc32c::crc32c(&bytes[..36]);
    bytes[36..].copy_from_slice(&crc.to_le_bytes());
    fs::write(&path, bytes).unwrap();
    let refused = verify(dir.path()).unwrap_err();
    assert_eq!(refused.code(), Code::J006);
    assert!(
        refused
            .to_string()
            .ends_with("of format version 1, this build reads version 2")
    );
}

/// The example of `docs/protocols/journal.md`, byte for byte.
#[test]
fn the_bytes_are_those_of_the_document() {
    let dir = tempfile::tempdir().unwrap();
    let mut recovered = recover(dir.path(), JournalOptions::default()).unwrap();
    let venue_up = Command::VenueState {
        venue: dcx_model::VenueId::new(2),
        up: true,
    };
    append(&mut recovered, &[venue_up, Command::Checkpoint]);
    recovered.writer.append_mark(&a_mark(2));
    recovered.writer.flush().unwrap();
    let bytes = fs::read(segment(dir.path(), 1)).unwrap();
    let document = include_str!("../../../../docs/protocols/journal.md");
    let example = document
        .split("```hex\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let hex: String = example
        .lines()
        .map(|line| line.split("  ").next().unwrap())
        .flat_map(|line| line.chars().filter(|c| !c.is_whitespace()))
        .collect();
    let written: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(written, hex);
}
