package dcx.interop;

import java.math.BigDecimal;
import java.util.HashSet;
import java.util.Set;

import quickfix.field.OrdType;

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
    /** StopPx (99); null where there is none, or where it follows the market. */
    BigDecimal stop;
    /** ExecInst (18), as sent. */
    String execInst = "";
    /** PegOffsetValue (211). */
    BigDecimal offset;
    /** MaxFloor (111): what is shown at a time. */
    BigDecimal maxFloor;
    /** MinQty (110): the least that one fill may be. */
    BigDecimal minQty;
    /** From its sending to ExpireTime (126); none for 0. */
    int expiresInS;
    /** Its list, where it is sent alone: ClOrdLinkID (583), ContingencyType (1385), its place, of how many. */
    Link link;

    /** OrderID (37), once a report told it. */
    String orderId;
    /** OrdStatus (39) of the last report; 0 before the first. */
    char status;
    BigDecimal cum = BigDecimal.ZERO;
    /** Sum of LastQty times LastPx. */
    BigDecimal paid = BigDecimal.ZERO;
    /** Requests of ours about it that have no answer yet. */
    final Set<String> requests = new HashSet<>();
    /** ExecType (150) of every report, in order. */
    final StringBuilder history = new StringBuilder();
    /** Text (58) of the refusal, and ExecRestatementReason (378) of the last change. */
    String refusal = "";
    int restated = -1;

    record Link(String name, int contingency, int place, int total) {}

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

    Order stop(BigDecimal px) {
        stop = px;
        return this;
    }

    Order execInst(String instructions) {
        execInst = instructions;
        return this;
    }

    Order offset(BigDecimal distance) {
        offset = distance;
        return this;
    }

    Order maxFloor(BigDecimal shown) {
        maxFloor = shown;
        return this;
    }

    Order minQty(BigDecimal least) {
        minQty = least;
        return this;
    }

    Order expiresIn(int seconds) {
        expiresInS = seconds;
        return this;
    }

    Order link(String name, int contingency, int place, int total) {
        link = new Link(name, contingency, place, total);
        return this;
    }

    /** Whether its stop follows the market. */
    boolean trails() {
        return execInst.contains("a");
    }

    /** Whether its price follows the market. */
    boolean pegged() {
        return ordType == OrdType.PEGGED && !trails();
    }

    /** OrdType (40) in reports: a trailing stop sent as a peg is a stop, a market order's rest a limit order. */
    char reportedType() {
        if (ordType == OrdType.PEGGED && trails()) {
            return limit == null ? OrdType.STOP_STOP_LOSS : OrdType.STOP_LIMIT;
        }
        boolean leftOver = ordType == OrdType.MARKET_WITH_LEFT_OVER_AS_LIMIT && limit != null;
        return leftOver ? OrdType.LIMIT : ordType;
    }

    boolean answered() {
        return status != 0;
    }

    boolean done() {
        return Ledger.isTerminal(status);
    }

    /** Whether its reports so far are of these kinds: a regular expression over ExecType (150). */
    boolean went(String kinds) {
        return history.toString().matches(kinds);
    }

    @Override
    public String toString() {
        return clOrdId + " " + instrument.symbol() + " 54=" + side + " 40=" + ordType + " 150=" + history + " 39="
            + status + " 14=" + cum + " 38=" + qty + " 44=" + limit + " 99=" + stop + " " + refusal;
    }
}
