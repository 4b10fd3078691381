//! What dcx takes beyond FIX 4.4, by agreement with its peers (`docs/protocols/fix.md`).

/// Fields that a message type may have besides those that FIX 4.4 gives it: linked orders are of
/// FIX 5.0 (1385), and may come one by one (67, 68).
pub(super) fn fields_agreed(msg_type: &[u8]) -> &'static [u32] {
    match msg_type {
        b"D" => &[67, 68, 1385],
        b"E" => &[1385],
        _ => &[],
    }
}

/// Whether a field may have a value that FIX 4.4 does not list for it.
///
/// `ExecType` (150) L, triggered, is of FIX 5.0. Of `TargetStrategy` (847) "1000 and above are
/// reserved and available for bi-laterally agreed upon user-defined values" (FIX 4.4 vol. 6).
pub(super) fn is_agreed(tag: u32, value: &[u8]) -> bool {
    const EXEC_TYPE: u32 = 150;
    const TARGET_STRATEGY: u32 = 847;
    match tag {
        EXEC_TYPE => value == b"L",
        TARGET_STRATEGY => {
            value.len() >= 4 && value.first() != Some(&b'0') && value.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    }
}
