//! Kills, torn tails, damage and foreign files.

use std::fs;
use std::path::{Path, PathBuf};

use super::{FileStore, MemoryStore, Store, StoreError};

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
