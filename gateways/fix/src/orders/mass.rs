//! Clients: their requests about many orders to commands.

use dcx_model::{
    ClOrdId, Command, InstrumentId, MassCancelRequest, MassScope, MassStatusRequest, Refusal,
};

use super::client::business;
use super::directory::{Client, Directory};
use super::report::MassCancelRefused;
use super::value::{self, required};
use crate::{AppReject, Message};

/// The fields that say which orders are meant.
#[derive(Default)]
struct Which<'a> {
    kind: Option<&'a [u8]>,
    symbol: Option<&'a [u8]>,
    /// A field that would make fewer orders of them, were it obeyed.
    narrower: Option<u32>,
}

impl<'a> Which<'a> {
    fn of(message: &Message<'a>, kind: u32) -> Self {
        let mut which = Self::default();
        for (tag, value) in message.fields() {
            match tag {
                55 => {
                    which.symbol.get_or_insert(value);
                }
                // Account, Side, TradingSessionID, NoPartyIDs, UnderlyingSymbol.
                1 | 54 | 336 | 453 | 311 => {
                    which.narrower.get_or_insert(tag);
                }
                _ if tag == kind => {
                    which.kind.get_or_insert(value);
                }
                _ => {}
            }
        }
        which
    }

    fn scope(
        &self,
        kind: u32,
        directory: &Directory,
    ) -> Result<(MassScope, InstrumentId), Refusal> {
        let scope = match self.kind {
            Some([byte]) => MassScope::from_wire(*byte),
            _ => None,
        };
        let scope = scope.ok_or(Refusal::Unsupported { tag: kind })?;
        if let Some(tag) = self.narrower {
            return Err(Refusal::Unsupported { tag });
        }
        match (scope, self.symbol) {
            (MassScope::All, None) => Ok((scope, InstrumentId::new(0))),
            (MassScope::All, Some(_)) => Err(Refusal::Contradiction { tag: 55 }),
            (MassScope::Security, symbol) => {
                let found = symbol.and_then(|symbol| directory.instrument(symbol));
                found
                    .map(|instrument| (scope, instrument))
                    .ok_or(Refusal::UnknownInstrument)
            }
        }
    }
}

/// Reads an OrderMassCancelRequest (q).
pub(super) fn cancel<'a>(
    message: &Message<'a>,
    client: &Client,
    directory: &Directory,
) -> Result<Result<MassCancelRequest, MassCancelRefused<'a>>, AppReject> {
    let cl_ord_id: ClOrdId = value::text(11, required(11, message.get(11))?)?;
    let which = Which::of(message, 530);
    let request_type = required(530, which.kind)?;
    let scope = which.scope(530, directory);
    let refused = |refusal| MassCancelRefused {
        cl_ord_id,
        request_type,
        symbol: which.symbol.unwrap_or_default(),
        refusal,
    };
    Ok(scope
        .map_err(refused)
        .map(|(scope, instrument)| MassCancelRequest {
            session: client.session,
            cl_ord_id,
            scope,
            instrument,
        }))
}

/// Reads an OrderMassStatusRequest (AF).
pub(super) fn status(
    message: &Message<'_>,
    client: &Client,
    directory: &Directory,
) -> Result<Command, AppReject> {
    let request: ClOrdId = value::text(584, required(584, message.get(584))?)?;
    let which = Which::of(message, 585);
    required(585, which.kind)?;
    match which.scope(585, directory) {
        Ok((scope, instrument)) => Ok(Command::MassStatus(MassStatusRequest {
            session: client.session,
            request,
            scope,
            instrument,
        })),
        Err(refusal) => Err(business(refusal, request)),
    }
}
