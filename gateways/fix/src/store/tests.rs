//! Kills, torn tails, damage and foreign files.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Durability, FileStore, MemoryStore, Store, StoreError, StoreOptions};

fn open(dir: &Path) -> Result<FileStore, StoreError> {
    FileStore::open(dir, "FIX.4.4", "DCX", "CLIENT")
}

fn read(store: &mut dyn Store, msg_seq_num: u64) -> String {
    let mut out = Vec::new();
    store.read(msg_seq_num, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn file_of(dir: &Path) -> PathBuf {
    dir.join("FIX.4.4-DCX-CLIENT.fixlog")
}

/// A store with messages 1 to `count`, number 3 without bytes, and the incoming number 8.
fn filled(dir: &Path, count: u64) -> FileStore {
    let mut store = open(dir).unwrap();
    store.settle(8);
    for seq in 1..=count {
        let message = if seq == 3 {
            String::new()
        } else {
            format!("message {seq}")
        };
        store.keep(seq, message.as_bytes());
    }
    store.flush().unwrap();
    store
}

/// As after `kill -9`: nothing runs, what was written stays.
fn kill(store: FileStore) {
    let file = store.path().to_owned();
    let bytes = fs::read(&file).unwrap();
    drop(store);
    fs::write(&file, bytes).unwrap();
}

#[test]
fn a_new_store_begins_at_one() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&dir.path().join("made/on/the/way")).unwrap();
    assert_eq!((store.next_in(), store.next_out()), (1, 1));
}

#[test]
fn what_was_flushed_survives_a_kill_and_nothing_else_does() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = filled(dir.path(), 200);
    store.keep(201, b"kept, never flushed");
    store.settle(9);
    kill(store);
    let mut store = open(dir.path()).unwrap();
    assert_eq!((store.next_in(), store.next_out()), (8, 201));
    for seq in [1, 2, 63, 64, 65, 66, 128, 129, 130, 131, 200, 5] {
        assert_eq!(read(&mut store, seq), format!("message {seq}"));
    }
    for nothing in [0, 3, 201, u64::MAX] {
        assert_eq!(read(&mut store, nothing), "");
    }
}

#[test]
fn an_orderly_end_keeps_the_last_incoming_number() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = filled(dir.path(), 1);
    store.settle(9);
    drop(store);
    assert_eq!(open(dir.path()).unwrap().next_in(), 9);
}

#[test]
fn a_noted_incoming_number_survives_a_kill_and_is_noted_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = filled(dir.path(), 4);
    store.settle(77);
    store.note().unwrap();
    let len = fs::metadata(file_of(dir.path())).unwrap().len();
    store.note().unwrap();
    assert_eq!(fs::metadata(file_of(dir.path())).unwrap().len(), len);
    kill(store);
    let mut store = open(dir.path()).unwrap();
    assert_eq!((store.next_in(), store.next_out()), (77, 5));
    store.keep(5, b"goes on");
    assert_eq!(read(&mut store, 4), "message 4");
    assert_eq!(read(&mut store, 5), "goes on");
}

#[test]
fn a_torn_tail_is_trimmed_wherever_it_was_cut() {
    let dir = tempfile::tempdir().unwrap();
    kill(filled(dir.path(), 4));
    let file = file_of(dir.path());
    let whole = fs::read(&file).unwrap();
    let last = whole.len() - 24 - "message 4".len();
    for cut in last + 1..whole.len() {
        fs::write(&file, &whole[..cut]).unwrap();
        let mut store = open(dir.path()).unwrap();
        assert_eq!((store.next_in(), store.next_out()), (8, 4), "cut at {cut}");
        assert_eq!(store.trimmed(), (cut - last) as u64);
        store.keep(4, b"again");
        store.flush().unwrap();
        drop(store);
        let mut store = open(dir.path()).unwrap();
        assert_eq!(
            (store.trimmed(), read(&mut store, 4)),
            (0, "again".to_owned())
        );
    }
}

#[test]
fn a_tail_that_was_never_filled_is_trimmed() {
    let dir = tempfile::tempdir().unwrap();
    kill(filled(dir.path(), 4));
    let file = file_of(dir.path());
    let mut bytes = fs::read(&file).unwrap();
    bytes.extend_from_slice(&[0; 100]);
    fs::write(&file, bytes).unwrap();
    let store = open(dir.path()).unwrap();
    assert_eq!((store.next_out(), store.trimmed()), (5, 100));
}

#[test]
fn any_flipped_byte_refuses_to_start_or_is_the_length_of_the_last_record() {
    let dir = tempfile::tempdir().unwrap();
    kill(filled(dir.path(), 4));
    let file = file_of(dir.path());
    let whole = fs::read(&file).unwrap();
    let last_len = whole.len() - "message 4".len() - 20;
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x04;
        fs::write(&file, &bytes).unwrap();
        match open(dir.path()) {
            Err(StoreError::Damaged { at: place, .. }) => assert!(place <= at as u64),
            Ok(store) => {
                // Longer than it is: as if the rest had not been written.
                assert!(
                    (last_len..last_len + 4).contains(&at),
                    "flip at {at} was not seen"
                );
                assert_eq!(store.next_out(), 4);
            }
            Err(other) => panic!("flip at {at}: {other}"),
        }
        assert!(
            at >= last_len || fs::read(&file).unwrap() == bytes,
            "damage is left as found"
        );
    }
}

#[test]
fn an_emptied_file_is_damage_and_not_a_new_store() {
    let dir = tempfile::tempdir().unwrap();
    kill(filled(dir.path(), 4));
    let file = file_of(dir.path());
    let whole = fs::read(&file).unwrap();
    for len in [0, 5, 20, 32] {
        fs::write(&file, &whole[..len]).unwrap();
        assert!(
            matches!(open(dir.path()), Err(StoreError::Damaged { .. })),
            "{len} bytes left"
        );
    }
}

#[test]
fn the_file_of_another_session_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    kill(filled(dir.path(), 1));
    fs::copy(
        file_of(dir.path()),
        dir.path().join("FIX.4.4-DCX-OTHER.fixlog"),
    )
    .unwrap();
    let refused = FileStore::open(dir.path(), "FIX.4.4", "DCX", "OTHER").unwrap_err();
    assert!(
        refused
            .to_string()
            .ends_with("belongs to FIX.4.4 DCX CLIENT, not to FIX.4.4 DCX OTHER"),
        "{refused}"
    );
}

#[test]
fn a_store_is_open_once() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path()).unwrap();
    assert!(matches!(open(dir.path()), Err(StoreError::InUse { .. })));
    store.reset(1, 1).unwrap();
    assert!(matches!(open(dir.path()), Err(StoreError::InUse { .. })));
    drop(store);
    open(dir.path()).unwrap();
}

#[test]
fn names_that_look_alike_on_disk_are_different_files() {
    let dir = tempfile::tempdir().unwrap();
    let _first = FileStore::open(dir.path(), "FIX.4.4", "A/B", "C").unwrap();
    let _second = FileStore::open(dir.path(), "FIX.4.4", "A_B", "C").unwrap();
    let _third = FileStore::open(dir.path(), "FIX.4.4", "A", "B-C").unwrap();
    let _fourth = FileStore::open(dir.path(), "FIX.4.4", "A-B", "C").unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 4);
}

fn resets(store: &mut dyn Store) {
    store.keep(1, b"old");
    store.settle(5);
    store.reset(2, 1).unwrap();
    assert_eq!((store.next_in(), store.next_out()), (2, 1));
    assert_eq!(read(store, 1), "");
    store.keep(1, b"new");
    assert_eq!(read(store, 1), "new");
}

#[test]
fn a_reset_forgets_the_old_messages() {
    resets(&mut MemoryStore::new());
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(dir.path()).unwrap();
    resets(&mut store);
    kill(store);
    let mut store = open(dir.path()).unwrap();
    assert_eq!((store.next_in(), store.next_out()), (2, 2));
    assert_eq!(read(&mut store, 1), "new");
}

#[test]
#[should_panic(expected = "outgoing numbers are used in order")]
fn a_number_is_not_skipped() {
    MemoryStore::new().keep(2, b"");
}

/// Files of about ten messages each.
fn in_parts() -> StoreOptions {
    StoreOptions {
        segment_bytes: 400,
        ..StoreOptions::default()
    }
}

fn open_in_parts(dir: &Path, options: StoreOptions) -> Result<FileStore, StoreError> {
    FileStore::open_with(dir, ["FIX.4.4", "DCX", "CLIENT"], options)
}

/// Messages 1 to `count`, each flushed by itself.
fn fill_parts(dir: &Path, count: u64, options: StoreOptions) -> FileStore {
    let mut store = open_in_parts(dir, options).unwrap();
    store.settle(8);
    for seq in store.next_out()..=count {
        store.keep(seq, format!("message {seq}").as_bytes());
        store.flush().unwrap();
    }
    store
}

fn closed_in(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut closed: Vec<_> = entries
        .filter(|path| path.to_string_lossy().contains('~'))
        .collect();
    closed.sort();
    closed
}

#[test]
fn a_long_store_is_cut_into_files_and_every_message_is_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let store = fill_parts(dir.path(), 100, in_parts());
    assert!(closed_in(dir.path()).len() > 5);
    kill(store);
    let mut store = open_in_parts(dir.path(), in_parts()).unwrap();
    assert_eq!((store.next_in(), store.next_out()), (8, 101));
    for seq in 1..=100 {
        assert_eq!(read(&mut store, seq), format!("message {seq}"));
    }
    for nothing in [0, 101, u64::MAX] {
        assert_eq!(read(&mut store, nothing), "");
    }
}

#[test]
fn what_is_beyond_the_size_to_keep_goes_oldest_first_and_numbers_stay() {
    let dir = tempfile::tempdir().unwrap();
    let options = StoreOptions {
        retain_bytes: Some(2_000),
        ..in_parts()
    };
    kill(fill_parts(dir.path(), 300, options));
    let mut store = open_in_parts(dir.path(), options).unwrap();
    let first = store.first_kept();
    assert!(first > 200, "{first}");
    assert_eq!(store.next_out(), 301);
    assert_eq!(read(&mut store, first - 1), "", "gone, so it is gap-filled");
    for seq in first..=300 {
        assert_eq!(read(&mut store, seq), format!("message {seq}"));
    }
}

#[test]
fn what_is_older_than_the_time_to_keep_goes() {
    let dir = tempfile::tempdir().unwrap();
    drop(fill_parts(dir.path(), 100, in_parts()));
    let closed = closed_in(dir.path());
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(100_000);
    for path in &closed[..3] {
        let file = fs::File::options().append(true).open(path).unwrap();
        file.set_modified(long_ago).unwrap();
    }
    let options = StoreOptions {
        retain_for: Some(dcx_model::Nanos::from_seconds(86_400)),
        ..in_parts()
    };
    drop(open_in_parts(dir.path(), options).unwrap());
    assert_eq!(closed_in(dir.path()), closed[3..]);
}

#[test]
fn a_file_that_is_missing_cut_or_changed_refuses_to_start() {
    let dir = tempfile::tempdir().unwrap();
    drop(fill_parts(dir.path(), 100, in_parts()));
    let victim = closed_in(dir.path())[2].clone();
    let whole = fs::read(&victim).unwrap();
    let refuses = |what: &str| {
        let opened = open_in_parts(dir.path(), in_parts());
        assert!(matches!(opened, Err(StoreError::Damaged { .. })), "{what}");
    };
    fs::remove_file(&victim).unwrap();
    refuses("missing");
    for cut in [0, 20, whole.len() / 2, whole.len() - 1] {
        fs::write(&victim, &whole[..cut]).unwrap();
        refuses("cut short");
    }
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 1;
    fs::write(&victim, &changed).unwrap();
    refuses("changed");
    fs::write(&victim, &whole).unwrap();
    assert_eq!(
        open_in_parts(dir.path(), in_parts()).unwrap().next_out(),
        101
    );
}

#[test]
fn a_process_killed_between_closing_a_file_and_beginning_the_next_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = fill_parts(dir.path(), 50, in_parts());
    kill(store);
    let active = file_of(dir.path());
    let first = fs::read(&active).unwrap();
    let name = active.with_file_name("FIX.4.4-DCX-CLIENT~00000000000000000099.fixlog");
    // Named by a number that sorts last: what counts is what the file says.
    fs::rename(&active, &name).unwrap();
    let mut store = open_in_parts(dir.path(), in_parts()).unwrap();
    assert_eq!((store.next_in(), store.next_out()), (8, 51));
    assert_eq!(read(&mut store, 50), "message 50");
    assert!(!first.is_empty());
    store.keep(51, b"goes on");
    assert_eq!(read(&mut store, 51), "goes on");
}

#[test]
fn a_reset_leaves_nothing_of_before_even_if_it_was_killed_on_the_way() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = fill_parts(dir.path(), 50, in_parts());
    let closed = closed_in(dir.path());
    let copies: Vec<_> = closed.iter().map(|path| fs::read(path).unwrap()).collect();
    store.reset(1, 1).unwrap();
    assert!(closed_in(dir.path()).is_empty());
    drop(store);
    for (path, bytes) in closed.iter().zip(copies) {
        fs::write(path, bytes).unwrap();
    }
    let mut store = open_in_parts(dir.path(), in_parts()).unwrap();
    assert_eq!(store.next_out(), 1);
    assert_eq!(read(&mut store, 1), "");
    assert!(
        closed_in(dir.path()).is_empty(),
        "removed at the next start"
    );
}

#[test]
fn what_survives_does_not_depend_on_how_durable_it_is_made() {
    for durability in [Durability::Async, Durability::Group, Durability::Full] {
        let dir = tempfile::tempdir().unwrap();
        let options = StoreOptions {
            durability,
            ..StoreOptions::default()
        };
        let mut store = fill_parts(dir.path(), 60, options);
        store.keep(61, b"not flushed");
        kill(store);
        let next = open_in_parts(dir.path(), options).unwrap().next_out();
        let expected = if durability == Durability::Full {
            62
        } else {
            61
        };
        assert_eq!(next, expected, "{durability:?}");
    }
}

#[test]
fn a_file_of_version_1_is_read_and_gone_on_with() {
    let dir = tempfile::tempdir().unwrap();
    drop(filled(dir.path(), 4));
    let file = file_of(dir.path());
    let bytes = fs::read(&file).unwrap();
    let owner = b"FIX.4.4 DCX CLIENT";
    let mut old = b"DCXFIX01".to_vec();
    old.extend_from_slice(&crc32c::crc32c(&bytes[12..14 + owner.len()]).to_le_bytes());
    old.extend_from_slice(&bytes[12..14 + owner.len()]);
    old.extend_from_slice(&bytes[14 + owner.len() + 8..]);
    fs::write(&file, old).unwrap();
    let mut store = open(dir.path()).unwrap();
    assert_eq!(
        (store.next_in(), store.next_out(), store.created_ns()),
        (8, 5, None)
    );
    store.keep(5, b"goes on");
    assert_eq!(read(&mut store, 4), "message 4");
    drop(store);
    assert_eq!(open(dir.path()).unwrap().next_out(), 6);
}
