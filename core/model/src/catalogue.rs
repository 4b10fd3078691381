//! The one table of everything that can go wrong, with a stable code and a remedy for each.
//!
//! `docs/errors/`, `dcx error CODE`, FIX `Text` (58) and metric labels are all made from it.

use std::fmt;

macro_rules! catalogue {
    ($($code:ident = $number:literal, $title:literal, $meaning:literal, $remedy:literal;)+) => {
        /// A stable error code. Append-only: never renumbered, never reused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Code { $(#[doc = $title] $code = $number,)+ }

        impl Code {
            /// All codes.
            pub const ALL: &'static [Self] = &[$(Self::$code,)+];

            /// The code without its prefix, e.g. `R006`.
            #[must_use]
            pub const fn short(self) -> &'static str {
                match self { $(Self::$code => stringify!($code),)+ }
            }

            /// What happened, in a few words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$code => $title,)+ }
            }

            /// What it means and when it happens.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$code => $meaning,)+ }
            }

            /// What to do about it.
            #[must_use]
            pub const fn remedy(self) -> &'static str {
                match self { $(Self::$code => $remedy,)+ }
            }

            /// The number that a record keeps.
            #[must_use]
            pub const fn number(self) -> u16 {
                self as u16
            }

            /// The code that `text` names, with or without `DCX-`, in either case.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let upper = text.trim().to_ascii_uppercase();
                let short = upper.strip_prefix("DCX-").unwrap_or(&upper);
                Self::ALL.iter().copied().find(|code| code.short() == short)
            }
        }
    };
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DCX-{}", self.short())
    }
}

// R: refusals of the engine (1…). F: FIX edge (1000…). C: configuration (2000…).
// J: journal and replay (3000…). D: market data (4000…). X: command line and processes (5000…).
catalogue! {
    R001 = 1, "trading is halted", "An operator or a rule halted trading. New orders and replaces are refused; cancels pass.", "Find out why (`dcx explain`), then resume.";
    R002 = 2, "unknown instrument", "The order names an instrument that the engine was not given.", "Add an [[instrument]] to the configuration, or correct Symbol (55).";
    R003 = 3, "no instrument limits", "No limits are set for the instrument, and without limits there are no orders.", "Add a [limits.instrument.SYMBOL] stanza.";
    R004 = 4, "no session limits", "No limits are set for the client's session, and without limits there are no orders.", "Add a [limits.session.COMPID] stanza.";
    R005 = 5, "quantity is zero", "OrderQty (38) is zero.", "Send a quantity of at least one lot.";
    R006 = 6, "quantity above limit", "OrderQty (38) is above an order_qty_max that applies; the text says of what.", "Send less, or have the limit raised.";
    R007 = 7, "quantity off lot", "OrderQty (38) is not a whole number of lots.", "Round to the instrument's lot.";
    R008 = 8, "price off tick", "Price (44) is not a whole number of ticks.", "Round to the instrument's tick.";
    R009 = 9, "price missing", "A limit order came without Price (44).", "Send Price (44), or OrdType (40) 1 for a market order.";
    R010 = 10, "price not positive", "Price (44) is zero or negative.", "Send a price above zero.";
    R011 = 11, "notional above limit", "Quantity times price is above order_notional_max.", "Send less, or have the limit raised.";
    R012 = 12, "no reference price", "There is no quote and no previous close to measure the price collar from.", "Check that a venue quotes the instrument; or give prev_close and allow it.";
    R013 = 13, "quote is stale", "The youngest quote is older than quote_age_max.", "Check the venue's market data; the order may be sent again once it flows.";
    R014 = 14, "outside the price collar", "The limit is further from the reference price than collar_bps allows.", "Check the price for a slip of the finger; or have the collar widened.";
    R015 = 15, "position above limit", "With every working order filled the position would exceed position_max.", "Cancel working orders or reduce the position first.";
    R016 = 16, "too many open orders", "As many orders are open as an orders_open_max allows; the text says of what.", "Cancel some first, or have the limit raised.";
    R017 = 17, "message rate above limit", "New orders and replaces come faster than an orders_per_s_max allows; the text says of what.", "Slow down. Cancels are never refused for their rate.";
    R018 = 18, "duplicate ClOrdID", "ClOrdID (11) was used before on this session.", "Use a new ClOrdID for every request.";
    R019 = 19, "no venue", "No venue that lists the instrument is logged on, and on_no_venue is reject.", "See why the venue's session is down; or set on_no_venue to hold.";
    R020 = 20, "schedule invalid", "The end of the schedule is not after its start, or already past.", "Send EffectiveTime (168) before ExpireTime (126), both in UTC.";
    R021 = 21, "slices out of range", "A TWAP order asks for no slices, or too many.", "Send a count from 1 to the limit in tag 20001.";
    R022 = 22, "lot too large", "There are fewer lots than slices.", "Ask for fewer slices or a larger quantity.";
    R023 = 23, "unknown order", "OrigClOrdID (41) names no order of this session.", "Check the id; each accepted replace gives the order a new ClOrdID.";
    R024 = 24, "too late", "The order is already filled, cancelled or expired.", "Nothing: look at its last report.";
    R025 = 25, "already pending", "A cancel or replace of this order is still on its way to a venue.", "Wait for its outcome.";
    R026 = 26, "order pool is full", "The firm has as many open orders as the engine has room for.", "Cancel some, or restart with a larger engine.orders_open_max.";
    R027 = 27, "refused by venue", "Every venue that was tried refused the child order.", "The venue's reason is in the text; `dcx explain` shows each attempt.";
    R028 = 28, "quantity not above filled", "A replace asks for a quantity that is already filled.", "Ask for more than CumQty (14), or cancel.";
    R029 = 29, "not replaceable", "A replace would change something other than quantities and prices.", "Cancel and send a new order.";
    R030 = 30, "number out of range", "A sum or product of the order's numbers is beyond what can be held.", "Send a smaller order.";
    R031 = 31, "not configured", "The engine has not been given its configuration.", "This is ours: the daemon must configure before it accepts orders.";
    R032 = 32, "unknown account", "Account (1) is not configured.", "Add the account to the configuration, or correct the tag.";
    R033 = 33, "unsupported value", "FIX knows the value, dcx does not handle it.", "See docs/protocols/fix.md for what is supported.";
    R034 = 34, "outside the band of the window", "The price is further from the rolling median of the last reference prices than band_bps allows.", "Check the price and the market; or have the band widened.";
    R035 = 35, "quantity unusual", "OrderQty (38) is more than typical_multiple times the usual size of a trade in the instrument.", "Check the quantity for a slip of the finger; or send it in pieces.";
    R036 = 36, "usual quantity unknown", "typical_multiple is set and too few trades of the instrument were seen to say what is usual.", "Wait for trades, or see whether a venue prints them in its market data.";
    R037 = 37, "gross exposure above limit", "All positions and working orders together would be worth more than gross_max.", "Cancel working orders or reduce positions first.";
    R038 = 38, "net exposure above limit", "Long less short with the working orders of one side would be worth more than net_max.", "Cancel working orders of that side or reduce positions first.";
    R039 = 39, "credit exhausted", "The margin of the account's positions and working orders would exceed credit_max.", "Cancel working orders or reduce positions first, or have the credit raised.";
    R040 = 40, "notional of the day above limit", "What was accepted since the start of the trading day would exceed day_notional_max.", "Wait for the next trading day, or have the limit raised.";
    R041 = 41, "quantity of the day above limit", "What was accepted in the instrument since the start of the trading day would exceed day_qty_max.", "Wait for the next trading day, or have the limit raised.";
    R042 = 42, "reducing", "A person or a rule allows only orders that make a position smaller.", "Send orders that reduce; `dcx status` says why, `dcx resume` ends it.";
    R043 = 43, "duplicate order", "An order of the same strategy, instrument, side, quantity and price was taken within duplicate_window.", "If it is meant, send it with PossResend (97) Y.";
    R044 = 44, "self trade", "The order would trade with a working order of the same beneficial owner.", "Cancel the other order first; `dcx explain` names it.";
    R045 = 45, "instrument not permitted", "The account, strategy or session may not trade the instrument, or the firm has it on its restricted list.", "Have the permission given.";
    R046 = 46, "algorithm not permitted", "The account, strategy or session may not use the algorithm.", "Have the permission given.";
    R047 = 47, "short sale without locate", "With every working sale filled the account could be short, and the order is not a short sale with LocateReqd (114) N.", "Locate the securities and say so: Side (54) 5 with 114=N.";
    R048 = 48, "market crossed", "The best bid over all venues is above the best offer by more than crossed_bps_max, so one of the quotes is wrong.", "Check the venues' market data; orders that do not take still pass.";
    R049 = 49, "instrument halted", "Every venue that lists the instrument has halted or closed trading in it.", "Wait for the venue to open; cancels pass.";
    R050 = 50, "outside trading hours", "The instrument's trading hours have ended or not begun.", "Send it again at the opening, or with TimeInForce (59) 2, at the opening.";
    R051 = 51, "value at risk above limit", "With the order filled the value at risk of the firm would exceed its cap.", "Reduce positions that move with this instrument first.";
    R052 = 52, "no risk factor", "A cap on the value at risk is set and the instrument is mapped to no risk factor.", "Map the instrument to a factor in the configuration.";
    R053 = 53, "order too old", "TransactTime (60) lies further back than order_age_max.", "Check the sender's clock and queue; send the order again if it is still meant.";
    R054 = 54, "post-only order would take", "A post-only order would trade at once with a quote.", "Send a price that does not reach the other side.";
    R055 = 55, "order would not reduce", "A reduce-only order is larger than what is left of the position to reduce.", "Send at most the position less what already works to reduce it.";
    R056 = 56, "stop price does not fit", "A stop or trigger order came without StopPx (99), or another kind with one.", "Send StopPx (99) with OrdType (40) 3, 4 and J only.";
    R057 = 57, "peg does not fit", "A pegged order names nothing to follow, or another kind names something.", "Send OrdType (40) P with ExecInst (18) R, P, M or a, and PegOffsetValue (211).";
    R058 = 58, "shown quantity does not fit", "MaxFloor (111) is above OrderQty (38), not a whole number of lots, or of an order that does not rest.", "Send a MaxFloor between one lot and the quantity, with a limit order that rests.";
    R059 = 59, "least quantity does not fit", "MinQty (110) is above OrderQty (38), not a whole number of lots, or of an order that rests.", "Send a MinQty of at most the quantity, with TimeInForce (59) 3.";
    R060 = 60, "expiry does not fit", "ExpireTime (126) is missing for good till date, past, or given with another time in force.", "Send ExpireTime (126), in UTC and in the future, with TimeInForce (59) 6.";
    R061 = 61, "no trading hours", "An order at the opening or the close needs the instrument's trading hours, and none are configured.", "Configure the hours of the instrument.";
    R062 = 62, "list invalid", "The orders of a list do not fit together: their number, their parts or their session.", "See docs/protocols/fix.md for the lists that are taken.";
    R063 = 63, "list broken", "Another order of the list was refused or cancelled, so this one never worked.", "See why the other was refused, and send the list again.";
    R064 = 64, "not approved", "A person turned the order down.", "Ask the person whom `dcx explain` names.";
    R065 = 65, "orders out above orders in", "The encoder was about to send more to venues than clients' orders have left. It did not, and trading was halted.", "This is ours: keep the journal and the log, and report both before trading is resumed.";
    R066 = 66, "contradiction", "Two instructions of the order exclude each other.", "Leave out one of them; see docs/protocols/fix.md.";
    R067 = 67, "position without a price", "A limit on exposure, loss or risk is set and a position has no price to value it with.", "Check the instrument's market data.";
    R068 = 68, "limit not of this level", "The limit cannot be set for a scope of this level.", "`dcx limits --help` lists where each limit can be set.";
    R069 = 69, "number does not fit the limit", "The number is negative, or beyond what the limit can hold.", "Give a number of the limit's unit.";
    R070 = 70, "unknown scope", "No account, strategy, session or instrument of this name is configured.", "`dcx status` lists them.";
    R071 = 71, "same person", "A change that lets more through has to be approved by somebody other than who proposed it.", "Ask a second operator.";
    R072 = 72, "unknown proposal", "No proposed change of this number waits: it was decided, or its day is over.", "`dcx limits` lists those that wait; propose it again.";
    R073 = 73, "too many proposals", "As many proposed changes wait as there is room for.", "Decide some of them first.";
    R074 = 74, "no firm limits", "No gross_max is set for the firm, and without limits there are no orders.", "Add a [limits.firm] stanza with gross_max.";
    R075 = 75, "unknown strategy", "The order names a strategy that is not configured.", "Add the strategy to the configuration, or correct the order.";
    R076 = 76, "author or reason missing", "An operator's request came without a name or a reason.", "Give --reason; the name is that of the operator who is logged in.";
    R077 = 77, "order does not wait", "The order was approved, refused or cancelled already.", "`dcx status` lists the orders that wait.";
    R078 = 78, "too many mass requests", "As many mass cancels, mass status requests and operators' cancels are under way as there is room for.", "Ask again in a moment: each goes on by itself. A mass cancel of all orders of a session, and a halt, always have room.";
    R080 = 80, "algorithm parameter does not fit", "A parameter of the algorithm is missing, beyond its bound, or one that the algorithm does not use.", "See docs/protocols/algorithms.md for what each algorithm takes.";
    R081 = 81, "no volume profile", "The algorithm goes by a volume profile, and none is configured for the instrument.", "Make one with `dcx data profile`, and name it as `profile` of the instrument.";
    R082 = 82, "profile is empty in the window", "The volume profile expects nothing to be traded between start and end, so nothing can be in proportion to it.", "Move the window, or learn the profile from days that trade then.";
    R083 = 83, "minimum clip too large", "The minimum clip times the number of slices is more than the order's quantity.", "Ask for fewer slices or a smaller minimum clip.";
    R084 = 84, "participation cap too small", "The cap times the volume that is expected until the end is less than the order's quantity.", "Raise the cap, give more time, or ask for less.";
    R085 = 85, "deadline past", "The order's end is not after the moment at which it came in.", "Correct ExpireTime, or the sender's clock.";
    R086 = 86, "too many algorithms", "As many orders with an algorithm are open as there is room for.", "Wait for some to end.";
    R087 = 87, "nothing to plan from", "The planner needs the day's volume and the volatility of the instrument, or a participation cap to go by.", "Configure `day_qty` and `volatility_ppm` of the instrument, or name the algorithm.";
    R088 = 88, "algorithm parameter not read", "A parameter of the algorithm, in TargetStrategyParameters (848) or NoStrategyParameters (957), is not known, of another type, not a value that it may have, or given twice.", "See docs/protocols/algorithms.md for the names, their types and their values.";
    F001 = 1000, "no FIX message here", "Bytes arrived that do not begin a FIX message (8=FIX). They are skipped up to the next 8=FIX.", "See what the peer sends: another protocol, TLS, or a proxy in between.";
    F002 = 1001, "header out of order", "BeginString (8), BodyLength (9) and MsgType (35) are not the first three fields. The message is ignored and asked for again.", "The peer's engine must write these three first.";
    F003 = 1002, "BodyLength wrong", "BodyLength (9) does not lead to CheckSum (10). The bytes it claims are ignored and asked for again.", "The peer's engine must count the bytes behind field 9 up to field 10.";
    F004 = 1003, "CheckSum wrong", "CheckSum (10) is not the sum of the bytes. The message is ignored and asked for again.", "The peer's engine must sum all bytes before field 10, modulo 256, in three digits.";
    F005 = 1004, "message too long", "BodyLength (9) claims more than this end accepts.", "Have the peer send smaller messages, or the bound raised.";
    F006 = 1005, "tag malformed", "A tag is not a number. The message is ignored and asked for again.", "The peer's engine must write tag=value with a numeric tag.";
    F007 = 1006, "data length wrong", "A data field does not end where its length field says. The message is ignored and asked for again.", "The peer must give the length of the data in bytes, right before it.";
    F010 = 1010, "MsgSeqNum too low", "The peer used a number again without PossDupFlag (43): one side has lost history. The session is ended rather than an order executed twice.", "Agree on the numbers with the peer; or log on with ResetSeqNumFlag (141) Y.";
    F011 = 1011, "MsgSeqNum missing", "A message has no usable MsgSeqNum (34), so it cannot be placed. The session is ended.", "The peer's engine must number every message.";
    F012 = 1012, "BeginString wrong", "A message is of another FIX version than the session.", "Configure the same begin_string on both sides.";
    F013 = 1013, "CompID wrong", "SenderCompID (49) or TargetCompID (56) is not the session's.", "Compare the CompIDs of both sides; ours and theirs are swapped.";
    F014 = 1014, "SendingTime inaccurate", "SendingTime (52) is missing or further from our clock than allowed, or OrigSendingTime (122) is later than it.", "Synchronise both clocks (NTP, PTP).";
    F015 = 1015, "no Logon first", "The first message of a connection is not a Logon (A).", "The peer must log on first.";
    F016 = 1016, "Logon not acceptable", "The Logon lacks a field or carries a value that is not supported, e.g. EncryptMethod (98) other than 0.", "Compare the peer's Logon with docs/protocols/fix.md.";
    F017 = 1017, "Logon not in time", "The peer did not log on, or not answer our Logon, in time.", "See whether the peer is up and whether its log shows our Logon refused.";
    F018 = 1018, "peer silent", "Nothing came for 2.4 heartbeat intervals, not even an answer to a TestRequest (1).", "Check network and peer; the session is taken up again on the next connection.";
    F019 = 1019, "gap not filled", "The peer did not resend what was asked for, however often.", "See the peer's log for our ResendRequest (2).";
    F020 = 1020, "Logout not answered", "The peer did not answer our Logout (5) in time. The connection is closed all the same.", "Nothing, if it happens once; else see the peer's log.";
    F021 = 1021, "message rejected", "A message breaks the rules of its type and was answered with Reject (3), whose Text (58) says how.", "Correct the field that RefTagID (371) names.";
    F022 = 1022, "CompIDs in use", "A second connection logs on with CompIDs that are logged on already. The second is refused.", "End the first connection, or give each its own CompIDs.";
    F023 = 1023, "unexpected Logon", "The peer logs on within a session without ResetSeqNumFlag (141) Y.", "The peer must not log on twice.";
    F024 = 1024, "Logon not authorised", "Username (553) or Password (554) of the Logon is not the session's. The connection was closed and nothing sent; neither is ever logged.", "Compare both with the configuration of the session.";
    F030 = 1030, "session settings invalid", "A CompID or BeginString is empty or holds a byte that FIX does not allow there, or a span is zero.", "Correct the session's configuration.";
    F031 = 1031, "message not sendable", "A body is too long, or its type is one that only the session itself sends. Nothing was sent.", "This is ours: report it with the log.";
    F032 = 1032, "numbers not set", "The next outbound number was to go back while the session is logged on. Nothing was changed.", "Log the session out first, agree on the numbers with the peer, then set them.";
    F100 = 1100, "peer reads too slowly", "More bytes waited for the peer than out_bytes_max. It was cut; what it missed is resent at its next logon.", "See why the peer does not read; or have out_bytes_max raised.";
    F101 = 1101, "peer reads nothing", "Bytes waited for the peer and it took none for stall_timeout. It was cut; what it missed is resent at its next logon.", "See whether the peer hangs or the network holds its window shut.";
    F102 = 1102, "connection lost", "The operating system reported an error on the connection (reset, timeout, unreachable).", "Check the network between the two; the session is taken up again by itself.";
    F103 = 1103, "peer closed the connection", "The peer closed the connection without a Logout (5).", "See the peer's log: it may have refused something or have been ended.";
    F104 = 1104, "no connection", "The peer's address refuses connections or does not answer.", "See whether the peer is up and the address right; it is tried again by itself.";
    F105 = 1105, "peer logged out", "The peer ended the session with a Logout (5).", "Nothing: it logs on again when it likes.";
    F106 = 1106, "logged out", "This end logged out in order: by an operator's word or because the process ends.", "Nothing; `dcx` takes it up again when told or started.";
    F107 = 1107, "unknown CompIDs", "A Logon (A) named CompIDs of no session that accepts. The connection was closed and nothing sent.", "Compare SenderCompID (49) and TargetCompID (56) with the configuration: they are swapped there.";
    F108 = 1108, "too many connections", "More connections than pending_max waited to log on. The newest was closed.", "See who connects without logging on.";
    F109 = 1109, "session store IO", "The operating system refused to read or write a session's store. Nothing is sent that is not kept: the session is off.", "The cause is in the message: free the disk or mend the permissions, then start again.";
    F110 = 1110, "session store in use", "Another process has the session's store open.", "End the other process; or give each its own store directory.";
    F111 = 1111, "session store of another session", "The file was made for other CompIDs or another BeginString.", "Put the right file in place; or move it away to begin at 1 after agreeing so with the peer.";
    F112 = 1112, "session store damaged", "A record of the store does not check, and it is not a last one cut short. The numbers cannot be known, so nothing is started.", "Restore the file from a copy; or agree on the numbers with the peer, move the file away and log on with ResetSeqNumFlag (141) Y.";
    F113 = 1113, "address cannot be listened on", "The operating system refused a listening address.", "See whether another process has it, and whether it is an address of this machine.";
    F114 = 1114, "venue message not usable", "A venue sent a report or quote that names nothing of ours, or says something dcx does not handle. It was answered with BusinessMessageReject (j) and counted.", "Compare the venue's messages with docs/protocols/fix.md.";
    F115 = 1115, "not connected yet", "Since the start there was no connection.", "Acceptor: the peer must connect. Initiator: see the next attempt.";
    F116 = 1116, "outside its hours", "The session's schedule says that it is closed now. A session that was up was logged out; logons are refused until it opens.", "Nothing; or correct schedule, whose times are of the session's time zone.";
    F117 = 1117, "TLS failed", "The handshake or a record of the connection is not acceptable: another version, a certificate that does not verify, or no TLS at all.", "Compare both sides' certificates, authorities and names; see whether the peer speaks TLS here.";
    F118 = 1118, "too many messages", "The peer sent more messages a second than its throttle allows, and over = \"cut\" is set.", "See why it sends so many; or allow more.";
    F119 = 1119, "session disabled", "An operator has disabled the session. A peer that logs on is told so by a Logout (5); an initiator does not connect.", "`dcx status` says who disabled it and why; `dcx session enable NAME` takes it up again.";
    F120 = 1120, "numbers would lose messages", "With the numbers asked for, messages could not be sent again to a peer that may lack them, or would never be asked for. Nothing was changed.", "Agree on the numbers with the peer; `--force` sets them all the same.";
    C001 = 2000, "configuration cannot be read", "The configuration file is not there, not readable or not UTF-8.", "Check the path given with --config; `config/dcx.toml` is a commented example.";
    C002 = 2001, "not TOML", "The configuration file breaks the syntax of TOML. Only the first such fault of a file can be told.", "Correct the place under the caret; texts need quotes, tables need brackets.";
    C003 = 2002, "unknown key", "The configuration has a key that dcx does not know. It is refused, since a misspelt limit would otherwise be no limit.", "Use the key that is proposed, or remove this one; `dcx check` lists every key.";
    C004 = 2003, "wrong type", "The value of a key is of another type than the key's.", "Give a value of the type that the message names.";
    C005 = 2004, "value out of range", "A number is below or above what the key may hold.", "Give a value within the bounds that the message names.";
    C006 = 2005, "key missing", "A table lacks a key that has no default.", "Add the key; `config/dcx.toml` shows each with a comment.";
    C007 = 2006, "value not understood", "A text is none of the values that the key may hold, or not of its form (an address, a decimal, a name).", "Give one of the values, or a text of the form, that the message names.";
    C008 = 2007, "named twice", "Two tables of one kind carry the same name, CompIDs or address.", "Rename or remove one of them.";
    C009 = 2008, "refers to nothing", "A name refers to a venue, instrument, client or acceptor that the file does not define.", "Define it, or correct the name.";
    C010 = 2009, "no instrument limits", "An instrument has no complete limits, so every order in it will be refused (DCX-R003).", "Add the [limits.instrument.SYMBOL] stanza that the message shows.";
    C011 = 2010, "no session limits", "A client has no complete limits, so every order of it will be refused (DCX-R004).", "Add the [limits.session.COMPID] stanza that the message shows.";
    C012 = 2011, "live venue without limits", "A venue beyond this machine lists an instrument without limits. dcx does not start towards it.", "Add the limits, or take the venue off the instrument's list.";
    C013 = 2012, "settings contradict", "Two settings cannot both hold.", "Change one of the two that the message names.";
    C014 = 2013, "needs a restart", "A reload (SIGHUP) found a change in something that only a start reads. The change is not in force.", "Restart the daemon to bring it into force; limits alone change while it runs.";
    C015 = 2014, "nothing configured", "The file defines no instrument, no client or no acceptor, so no order can ever come or be accepted.", "Add at least one [[instrument]], one [[fix.acceptor]] and one [[client]].";
    C016 = 2015, "no firm limits", "The firm has no gross_max, so every order will be refused (DCX-R074).", "Add the [limits.firm] stanza that the message shows.";
    J001 = 3000, "journal IO", "The operating system refused to read or write the journal. A run stops taking orders: what is not kept does not leave.", "The cause is in the message: free the disk or mend the permissions, then start again; nothing that left is lost.";
    J002 = 3001, "no journal", "The directory holds no journal segment.", "Check the path: it is the directory with the journal-*.dcxj files.";
    J003 = 3002, "journal in use", "Another process writes this journal.", "Stop that process, or give this one a journal directory of its own.";
    J004 = 3003, "journal damaged", "A record in the middle of the journal does not fit its checksum, its number or the record before it. dcx refuses to start on it.", "Restore the directory from a copy; `dcx journal verify` shows the place. Do not cut the file: what follows the damage was acted on.";
    J005 = 3004, "journal segment missing", "The numbers of the segment files have a gap.", "Put the missing file back.";
    J006 = 3005, "journal of another version", "A segment is of a format version that this build does not read.", "Use the build that wrote it.";
    J007 = 3006, "replay differs", "The replayed journal gives another state or other events than the run that wrote it.", "Start with the build that wrote the journal; if it was this one, keep the journal and report it.";
    J008 = 3007, "journal tail torn", "The last record is incomplete: the process was killed while it wrote. Nothing that depended on it has left.", "Nothing: the next start trims it and says so.";
    J009 = 3008, "journalling stopped", "A write failed, and from then on nothing leaves: no report, no order.", "See the first J001 of the run; start again once the disk is well.";
    D001 = 4000, "no such data", "A file or folder of market data is not there, or holds no file in a known format.", "Check the path; the formats are listed in docs/protocols/data.md.";
    D002 = 4001, "data cannot be read", "The operating system or the decompressor refused a read.", "Check permissions, and that the file was copied whole.";
    D003 = 4002, "format not known", "The file is in none of the formats that dcx reads: a zip or CSV of one day, gzip lines of Binance, or the documented CSV.", "Convert it to CSV with the header unix_ns,bid,ask or rfc3339,bid,ask.";
    D004 = 4003, "clock not known", "The file gives times of day and nothing says in which clock. A guess would move every quote by hours.", "Say it: --tz NAME=+HH:MM or --tz NAME=-HH:MM, where NAME is the file or its folder.";
    D005 = 4004, "day not known", "The file gives times of day and its name does not begin with a day.", "Name it YYYYMMDD…, for example 20140501_quote.zip.";
    D006 = 4005, "bad row", "A row of market data does not hold what its format says.", "Correct or remove the row; nothing is guessed or skipped.";
    D007 = 4006, "unpacks too large", "A compressed file unpacks to more than the limit, as a file made to exhaust memory would.", "Raise the limit if you trust the file.";
    D008 = 4007, "bad time zone", "An offset from UTC is not of the form NAME=+HH:MM, or beyond 14 hours.", "Write for example --tz eurusd-fxcm=-05:00.";
    D009 = 4008, "data cannot be written", "The operating system refused to write the CSV.", "The cause is in the message: a full disk, permissions, a missing folder.";
    D010 = 4009, "nothing to compare", "Market data that was to be compared is too little, or its sources share no time in which all of them quote.", "Check the clock of each source (--tz), and that they are of the same days.";
    X001 = 5000, "usage", "The command line names an unknown command or option, lacks one, or gives a value that is not understood.", "See `dcx COMMAND --help`, which ends with an example.";
    X002 = 5001, "no such input", "A file or folder that the command should read is not there.", "Check the path; it is taken from the working directory.";
    X003 = 5002, "cannot listen", "The address is taken by another process, or may not be used.", "End the other process, or configure another address.";
    X004 = 5003, "cannot read or write", "The operating system refused a read or a write.", "The cause is in the message: a full disk, permissions, a missing folder.";
    X005 = 5004, "peer unreachable", "A process that the command should talk to does not answer at the address.", "Check that it runs and that the address is right.";
    X006 = 5005, "a bug of ours", "dcx found itself in a state that its rules exclude.", "Keep the journal and the log, and report both with the version (`dcx --version`).";
    X007 = 5006, "orders lost or doubled", "After draining, an order of a client had no final report, or was reported twice.", "Keep the journal; `dcx explain` shows the order. This is ours to fix.";
    X008 = 5007, "core not available", "A core to pin to does not exist or may not be used by this process.", "Correct engine.cores; `nproc` says how many there are.";
    X009 = 5008, "nothing to show", "There is no counters file: no daemon was started here, or it writes elsewhere.", "Start `dcx run`, or name the file with --counters.";
    X010 = 5009, "unknown error code", "No error has this code.", "Codes look like R006; docs/errors/README.md lists all of them.";
    X011 = 5010, "unknown order", "The journal holds no order, request or child order of this name.", "Give a ClOrdID, OrderID or ChildID; `dcx journal export DIR` lists them.";
    X012 = 5011, "not permitted", "The caller is no operator of the daemon, did not present the right token, or is an operator whose permission does not reach as far as the request.", "Ask as another operator with that operator's token, or let the configuration permit more to this one.";
    X013 = 5012, "control socket not safe", "Everybody may write to the folder of the control socket, another user owns it, or something that is no socket is in its place.", "Name a path in a folder that only the daemon's user may write to.";
    X014 = 5013, "control message not understood", "A line on the control socket is no request of the protocol, or names a verb or argument that the daemon does not know; or the answer is none.", "Use client and daemon of one version; docs/protocols/control.md has the protocol.";
    X015 = 5014, "outcome unknown", "The request was sent to the daemon, and the connection ended or time ran out before the answer: it may or may not have been carried out.", "Look with `dcx status` what is in force before asking again.";
    X016 = 5015, "daemon busy", "The daemon has as many control connections as it takes, or is about to end.", "Try again; connections that ask nothing are closed after a while.";
    X017 = 5016, "nothing to measure", "The journal holds no accepted order, so there is no execution to measure.", "Give the journal of a run that took orders; `dcx journal inspect DIR` says what one holds.";
    X018 = 5017, "no decisions to evaluate", "The journal holds no choice of a venue with its reward, or none that says anything about the policy asked for.", "Turn routing events on in the configuration and take a journal written since; or ask for another policy.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_found_by_name() {
        for (ix, code) in Code::ALL.iter().enumerate() {
            assert!(
                Code::ALL
                    .iter()
                    .skip(ix + 1)
                    .all(|other| other.number() != code.number())
            );
            assert_eq!(Code::parse(&code.to_string()), Some(*code));
            assert_eq!(Code::parse(&code.short().to_ascii_lowercase()), Some(*code));
            assert!(!code.remedy().is_empty() && !code.meaning().is_empty());
        }
        assert_eq!(Code::parse("R0"), None);
    }
}
