//! Market data: what venues are asked for, and what clients may ask for.

use dcx_fix::market::{ClientMarket, Currency, VenueMarket};

use super::section::Section;

/// What a `[[venue]]` is asked for at logon; none where it is asked for nothing.
pub(super) fn read_venue(section: &mut Section<'_, '_, '_>) -> Option<VenueMarket> {
    let usual = VenueMarket::default();
    let asked = section.boolean("market_data", Some(true));
    let depth = section.number_u32("market_depth", 1..=50, Some(usual.depth.into()));
    let updates = [("full", false), ("incremental", true)];
    let incremental = section.choice("market_updates", &updates, usual.incremental);
    let depth = depth.and_then(|depth| u16::try_from(depth).ok());
    asked.unwrap_or(true).then_some(VenueMarket {
        depth: depth.unwrap_or(usual.depth),
        incremental,
    })
}

/// What a `[[client]]` may ask for; none where it may not ask.
///
/// What venues say is often not ours to hand on, so that it is handed on where somebody has said
/// so.
pub(super) fn read_client(section: &mut Section<'_, '_, '_>) -> Option<ClientMarket> {
    let usual = ClientMarket::default();
    let may = section.boolean("market_data", Some(false));
    let per_s = usual.updates_per_s_max;
    let per_s = section.number_u32("market_updates_per_s_max", 0..=1_000_000, Some(per_s));
    let instruments = usual.instruments_max;
    let instruments = section.number_u32("market_instruments_max", 1..=65_536, Some(instruments));
    let depth = section.number_u32("market_depth_max", 1..=50, Some(usual.depth_max.into()));
    let depth = depth.and_then(|depth| u16::try_from(depth).ok());
    may.unwrap_or(false).then_some(ClientMarket {
        updates_per_s_max: per_s.unwrap_or(usual.updates_per_s_max),
        instruments_max: instruments.unwrap_or(usual.instruments_max),
        depth_max: depth.unwrap_or(usual.depth_max),
        backlog_max: usual.backlog_max,
    })
}

/// What an instrument's prices are in, if that is said.
pub(super) fn read_currency(section: &mut Section<'_, '_, '_>) -> Currency {
    let said = section.text_if_any("currency", |text| {
        text.parse::<Currency>().map_err(|fault| fault.to_string())
    });
    said.map_or(Currency::EMPTY, |said| said.value)
}
