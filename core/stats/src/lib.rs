//! Placeholder for the crate's own page.
