//! Whole-system tests live in this package's `tests/`-style targets.
