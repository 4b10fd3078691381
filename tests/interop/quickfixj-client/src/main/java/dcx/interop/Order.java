package dcx.interop;

import java.math.BigDecimal;
import java.util.HashSet;
import java.util.Set;

/** What the client knows of one order: what it asked for, and what the reports so far said. */
final class Order {
    final Options.Instrument instrument;
    final char side;
    final char ordType;
    final char timeInForce;

    /** The name it has now: an accepted replace changes it. */
    String clOrdId;
    BigDecimal qty;
    /** Null for a market order. */
    BigDecimal limit;

    /** OrderID (37), once a report told it. */
    String orderId;
    /** OrdStatus (39) of the last report; 0 before the first. */
    char status;
    BigDecimal cum = BigDecimal.ZERO;
    /** Sum of LastQty times LastPx. */
    BigDecimal paid = BigDecimal.ZERO;
    /** Requests of ours about it that have no answer yet. */
    final Set<String> requests = new HashSet<>();

    Order(String clOrdId, Options.Instrument instrument, char side, char ordType, char timeInForce,
            BigDecimal qty, BigDecimal limit) {
        this.clOrdId = clOrdId;
        this.instrument = instrument;
        this.side = side;
        this.ordType = ordType;
        this.timeInForce = timeInForce;
        this.qty = qty;
        this.limit = limit;
    }

    boolean answered() {
        return status != 0;
    }

    boolean done() {
        return Ledger.isTerminal(status);
    }
}
