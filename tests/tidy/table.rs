//! Who may depend on whom: the architecture as data. Why two rows differ from the first plan is
//! in `docs/decisions/001-arrows.md`.

/// What a row allows of our own crates.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Ours {
    /// These only, and each on a lower line.
    Only(&'static [&'static str]),
    /// Every crate on a lower line.
    AnyLower,
}

/// One crate's row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    pub(crate) name: &'static str,
    /// A crate uses only crates on lower lines, never one beside it.
    pub(crate) line: u8,
    pub(crate) ours: Ours,
    /// Others' crates that it may use in what it ships.
    pub(crate) theirs: &'static [&'static str],
    /// What must not be in its tree at all, however far down.
    pub(crate) never: &'static [&'static str],
}

/// Others' crates that any room may use in its tests and benches, beside those of its row.
pub(crate) const IN_TESTS: &[&str] = &["criterion", "loom", "proptest", "rcgen", "tempfile"];

/// What would make the middle of the house depend on a clock, a socket, a runtime or chance.
const IMPURE: &[&str] = &[
    "dcx-ring", "mio", "rand", "rustix", "serde", "socket2", "tokio",
];

/// Every room, planned ones too: a crate that is not here fails the test until it has a line.
pub(crate) const ROOMS: &[Room] = &[
    Room {
        name: "dcx-model",
        line: 0,
        ours: Ours::Only(&[]),
        theirs: &["thiserror", "xxhash-rust", "zerocopy"],
        never: IMPURE,
    },
    Room {
        name: "dcx-stats",
        line: 1,
        ours: Ours::Only(&["dcx-model"]),
        theirs: &["libm", "rand_philox"],
        never: IMPURE,
    },
    Room {
        name: "dcx-ring",
        line: 1,
        ours: Ours::Only(&["dcx-model"]),
        theirs: &["loom", "memmap2", "thiserror"],
        never: &["mio", "rand", "serde", "socket2", "tokio"],
    },
    Room {
        name: "dcx-engine",
        line: 2,
        ours: Ours::Only(&["dcx-model", "dcx-stats"]),
        theirs: &["thiserror"],
        never: IMPURE,
    },
    Room {
        name: "dcx-bus",
        line: 2,
        ours: Ours::Only(&["dcx-model", "dcx-ring"]),
        theirs: &["ed25519-dalek", "rdkafka", "thiserror", "uuid"],
        never: &["dcx-engine"],
    },
    Room {
        name: "dcx-pipeline",
        line: 3,
        ours: Ours::Only(&["dcx-model", "dcx-engine", "dcx-ring"]),
        theirs: &["crc32c", "hdrhistogram", "rustix", "thiserror", "zerocopy"],
        never: &["mio", "serde", "socket2", "tokio"],
    },
    Room {
        name: "dcx-fix",
        line: 3,
        ours: Ours::Only(&["dcx-model", "dcx-ring"]),
        theirs: &[
            "crc32c",
            "jiff",
            "mio",
            "roxmltree",
            "rustls",
            "socket2",
            "thiserror",
            "zerocopy",
        ],
        never: &["dcx-engine", "fefix", "tokio"],
    },
    Room {
        name: "dcx-mt5",
        line: 3,
        ours: Ours::Only(&["dcx-model", "dcx-ring"]),
        theirs: &["mio", "rustls", "socket2", "thiserror", "zerocopy"],
        never: &["dcx-engine", "tokio"],
    },
    Room {
        name: "dcx-mqtt",
        line: 3,
        ours: Ours::Only(&["dcx-model", "dcx-ring"]),
        theirs: &["rumqttc", "rustls", "thiserror"],
        never: &["dcx-engine"],
    },
    Room {
        name: "dcx-agents",
        line: 3,
        ours: Ours::Only(&["dcx-model", "dcx-stats", "dcx-bus"]),
        theirs: &[],
        never: &["dcx-engine"],
    },
    Room {
        name: "dcx-control",
        line: 3,
        ours: Ours::Only(&["dcx-model", "dcx-bus"]),
        theirs: &[
            "axum",
            "openraft",
            "opentelemetry",
            "prometheus-client",
            "rustix",
            "serde",
            "serde_json",
            "sha2",
            "subtle",
            "thiserror",
            "tokio",
            "tonic",
        ],
        never: &["dcx-engine"],
    },
    Room {
        name: "dcx-sim",
        line: 4,
        ours: Ours::Only(&["dcx-model", "dcx-ring", "dcx-fix", "dcx-mt5", "dcx-mqtt"]),
        theirs: &[
            "csv",
            "flate2",
            "hdrhistogram",
            "rand",
            "rand_chacha",
            "serde",
            "serde_json",
            "thiserror",
            "zip",
        ],
        never: &["dcx-engine"],
    },
    Room {
        name: "dcx-bench",
        line: 5,
        ours: Ours::AnyLower,
        theirs: &[
            "crossbeam",
            "disruptor",
            "hdrhistogram",
            "plotters",
            "rtrb",
            "rustix",
            "serde",
            "serde_json",
            "thiserror",
        ],
        never: &[],
    },
    Room {
        name: "dcx-tests",
        line: 5,
        ours: Ours::AnyLower,
        theirs: &["cargo_metadata", "rustix", "serde_json", "tempfile"],
        never: &[],
    },
    Room {
        name: "dcx",
        line: 6,
        ours: Ours::AnyLower,
        theirs: &[
            "annotate-snippets",
            "anyhow",
            "clap",
            "comfy-table",
            "hdrhistogram",
            "indicatif",
            "rustix",
            "serde",
            "serde_json",
            "signal-hook",
            "thiserror",
            "toml-span",
        ],
        never: &["dcx-tests", "fefix"],
    },
    Room {
        name: "xtask",
        line: 6,
        ours: Ours::Only(&["dcx-model"]),
        theirs: &[
            "anyhow",
            "clap",
            "proc-macro2",
            "serde",
            "serde_json",
            "syn",
            "thiserror",
        ],
        never: &[],
    },
];
