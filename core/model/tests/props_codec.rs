//! Property: whatever bytes claim to be a record, reading never panics, and what is read writes
//! back to the same bytes.

use dcx_model::Record;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn a_command_reads_back_as_written(kind in 0_u16..30, body in proptest::collection::vec(any::<u8>(), 0..129)) {
        if let Ok(command) = Record::command(kind, &body) {
            let again = Record::of_command(&command);
            prop_assert_eq!(again.kind(), kind);
            prop_assert_eq!(Record::command(kind, again.body()), Ok(command));
        }
    }

    #[test]
    fn an_event_reads_back_as_written(kind in 1000_u16..1030, body in proptest::collection::vec(any::<u8>(), 0..129)) {
        if let Ok(event) = Record::event(kind, &body) {
            let again = Record::of_event(&event);
            prop_assert_eq!(again.kind(), kind);
            prop_assert_eq!(Record::event(kind, again.body()), Ok(event));
        }
    }
}
