//! What dcx takes beyond what FIX lists, by agreement with its peers (`docs/protocols/fix.md`).

use super::layout::{Entry, FieldType, Layout};
use super::tables::Kind;

/// Fields that versions before 5.0 do not know and orders here may have.
const FIELDS: &[(u32, &str, Kind)] = &[
    (583, "ClOrdLinkID", Kind::Text),
    (847, "TargetStrategy", Kind::Int),
    (848, "TargetStrategyParameters", Kind::Text),
    (849, "ParticipationRate", Kind::Float),
    (957, "NoStrategyParameters", Kind::Uint),
    (958, "StrategyParameterName", Kind::Text),
    (959, "StrategyParameterType", Kind::Int),
    (960, "StrategyParameterValue", Kind::Text),
    (1385, "ContingencyType", Kind::Int),
];

/// Linked orders are of FIX 5.0 (1385), may come one by one (67, 68), and with their strategy
/// (847 to 849) are taken of every version.
const IN_MESSAGES: &[(&str, &[u32])] = &[
    ("D", &[67, 68, 583, 847, 848, 849, 1385]),
    ("E", &[1385]),
    ("W", &[83]),
];

/// Numbers of updates (83) and names of a snapshot's entries (278) are of FIX 5.0, and many venues
/// of earlier versions have them.
const IN_GROUPS: &[(&str, u32, &[u32])] = &[("W", 268, &[83, 278]), ("X", 268, &[83])];

/// `StrategyParametersGrp` of FIX 5.0: a name begins every entry.
const PARAMETERS: (u32, [u32; 3]) = (957, [958, 959, 960]);

/// Adds what is agreed to a version.
pub(super) fn agree(layout: &mut Layout) {
    for (tag, name, kind) in FIELDS {
        layout.fields.entry(*tag).or_insert_with(|| FieldType {
            name: (*name).to_owned(),
            kind: *kind,
            values: [].into(),
            of_session: layout.messages.values().all(|body| body.of_session),
        });
    }
    for (msg_type, tags) in IN_MESSAGES {
        for tag in *tags {
            layout.allow(msg_type, *tag);
        }
    }
    for (msg_type, group, tags) in IN_GROUPS {
        for tag in *tags {
            layout.allow_in_group(msg_type, *group, *tag);
        }
    }
    let (count, fields) = PARAMETERS;
    if let Some(order) = layout.messages.get_mut("D")
        && !order.entries.iter().any(|entry| entry.tag == count)
    {
        let group = fields.map(|tag| Entry {
            required: tag == fields[0],
            ..Entry::optional(tag)
        });
        order.entries.push(Entry {
            group: Some(group.into()),
            ..Entry::optional(count)
        });
    }
    // ExecType (150) L, triggered, is of FIX 5.0.
    if let Some(exec_type) = layout.fields.get_mut(&150) {
        exec_type.values.insert("L".to_owned());
    }
}

/// Whether a field may have a value that is not listed for it.
///
/// Of `TargetStrategy` (847) "1000 and above are reserved and available for bi-laterally agreed
/// upon user-defined values" (FIX 4.4 vol. 6).
pub(super) fn is_agreed(tag: u32, value: &[u8]) -> bool {
    const TARGET_STRATEGY: u32 = 847;
    tag == TARGET_STRATEGY
        && value.len() >= 4
        && value.first() != Some(&b'0')
        && value.iter().all(u8::is_ascii_digit)
}
