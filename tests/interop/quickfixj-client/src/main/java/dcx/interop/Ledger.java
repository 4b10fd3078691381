package dcx.interop;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

import quickfix.FieldNotFound;
import quickfix.Message;
import quickfix.field.*;

/**
 * Holds every order and checks every report against it: FIX 4.4 volume 4, "Order State Changes".
 *
 * <p>Not thread-safe: its owner locks it.
 */
final class Ledger {
    /** A cancel or replace of ours: which order, whether by a name it has, for a replace what it asks. */
    private record Request(Order order, boolean known, boolean replace, BigDecimal qty, BigDecimal limit,
        BigDecimal stop) {}

    /**
     * A request about many orders: its name, MassCancelRequestType (530) or MassStatusReqType (585), and the
     * instrument where it is about one.
     */
    record Many(String id, char type, Options.Instrument instrument, Answer answer) {
        Many(String id, char type, Options.Instrument instrument) {
            this(id, type, instrument, new Answer());
        }
    }

    /** What came of a request about many orders. */
    static final class Answer {
        boolean whole;
        /** TotalAffectedOrders (533) or TotNumReports (911). */
        int total;
        /** MassCancelResponse (531) and, where it says no, MassCancelRejectReason (532). */
        char response;
        int reason = -1;
        /** The orders that were told of. */
        final Set<Order> orders = new HashSet<>();
    }

    /** Half a unit of AvgPx's last place as dcx sends it (eight decimals), and a little room. */
    private static final BigDecimal AVG_PX_ERROR = new BigDecimal("0.00000001");

    /**
     * For each OrdStatus (39) those that may follow it; the first line is "no report yet".
     *
     * <p>FIX 4.4 vol. 6, tag 39: "An order can be rejected subsequent to order acknowledgment, i.e. an order can
     * pass from New to Rejected status." Once partly filled it is canceled instead.
     */
    private static final Map<Character, String> NEXT = Map.of(
        (char) 0, "0A8",
        'A', "A0814C2",
        '0', "0123468CE",
        '1', "12346CE",
        '6', "01246C",
        'E', "01246CE");

    /** FIX 5.0's ExecType (150) L, which dcx sends in 4.4 too. */
    static final char TRIGGERED = 'L';

    private final Checks checks;
    private final Map<String, Order> orders = new LinkedHashMap<>();
    private final Map<String, Request> requests = new HashMap<>();
    private final Map<String, Many> many = new HashMap<>();
    private final Set<String> execIds = new HashSet<>();
    /** The last traded price by symbol: where the market is. */
    final Map<String, BigDecimal> market = new HashMap<>();
    /** How many reports of each kind came: ExecType, or "9" for a cancel reject. */
    final Map<String, Integer> kinds = new java.util.TreeMap<>();

    Ledger(Checks checks) {
        this.checks = checks;
    }

    static boolean isTerminal(char status) {
        return "2348C".indexOf(status) >= 0;
    }

    Collection<Order> orders() {
        return orders.values();
    }

    /** What was bought less what was sold. */
    BigDecimal position(Options.Instrument instrument) {
        BigDecimal sum = BigDecimal.ZERO;
        for (Order order : orders.values()) {
            if (order.instrument.equals(instrument)) {
                sum = order.side == Side.BUY ? sum.add(order.cum) : sum.subtract(order.cum);
            }
        }
        return sum;
    }

    /** Requests and orders that nothing has answered yet. */
    long unanswered() {
        long open = orders.values().stream().filter(order -> !order.answered()).count();
        return open + orders.values().stream().mapToLong(order -> order.requests.size()).sum();
    }

    void sent(Order order) {
        orders.put(order.clOrdId, order);
    }

    void sentReplace(String clOrdId, Order order, BigDecimal qty, BigDecimal limit, BigDecimal stop) {
        sentRequest(clOrdId, new Request(order, true, true, qty, limit, stop));
    }

    /** A cancel; {@code known} is whether the order it names is one that we sent. */
    void sentCancel(String clOrdId, Order order, boolean known) {
        sentRequest(clOrdId, new Request(order, known, false, null, null, null));
    }

    void sentMany(Many request) {
        many.put(request.id(), request);
    }

    private void sentRequest(String clOrdId, Request request) {
        requests.put(clOrdId, request);
        request.order().requests.add(clOrdId);
    }

    /** Takes an ExecutionReport (8). */
    void report(Message m) throws FieldNotFound {
        char execType = m.getChar(ExecType.FIELD);
        kinds.merge(String.valueOf(execType), 1, Integer::sum);
        if (m.isSetField(MassStatusReqID.FIELD)) {
            massStatus(m);
            return;
        }
        String clOrdId = m.getString(ClOrdID.FIELD);
        Request request = requests.get(clOrdId);
        Order order = named(clOrdId);
        if (!checks.that(order != null, "ClOrdID (11) is one that we sent", m)) {
            return;
        }
        if (execType == ExecType.RESTATED) {
            restated(order, m);
        }
        identity(order, m);
        if (execType == ExecType.ORDER_STATUS) {
            sums(order, m);
            checks.that(decimal(m, CumQty.FIELD).compareTo(order.cum) == 0, "a status repeats CumQty", m);
            return;
        }
        checks.that(execIds.add(m.getString(ExecID.FIELD)), "ExecID (17) is used once", m);
        order.history.append(execType);
        if (execType == ExecType.REPLACED) {
            replaced(order, request, clOrdId, m);
        }
        if (execType == TRIGGERED && order.trails()) {
            checks.that(m.isSetField(StopPx.FIELD), "a stop that trailed the market says where it was", m);
        }
        transition(order, execType, m);
        fill(order, execType, m);
        sums(order, m);
        refusal(order, execType, m);
        boolean answers = execType == ExecType.CANCELED || execType == ExecType.REPLACED;
        if (answers && request != null) {
            order.requests.remove(clOrdId);
        }
    }

    /** Takes one of the answers to an OrderMassStatusRequest (AF). */
    private void massStatus(Message m) throws FieldNotFound {
        Many request = many.get(m.getString(MassStatusReqID.FIELD));
        if (!checks.that(request != null, "MassStatusReqID (584) is one that we sent", m)) {
            return;
        }
        Answer answer = request.answer();
        checks.that(m.getChar(ExecType.FIELD) == ExecType.ORDER_STATUS, "a mass status is a status", m);
        checks.that(!answer.whole, "nothing follows LastRptRequested (912)", m);
        answer.whole = m.getBoolean(LastRptRequested.FIELD);
        int total = m.getInt(TotNumReports.FIELD);
        checks.that(answer.orders.isEmpty() || total == answer.total, "TotNumReports (911) stays the same", m);
        answer.total = total;
        if (total == 0) {
            boolean nobody = m.getString(OrderID.FIELD).equals("NONE") && m.getChar(OrdStatus.FIELD) == '8';
            checks.that(nobody && answer.whole, "no orders are one report of none", m);
            return;
        }
        Order order = named(m.getString(ClOrdID.FIELD));
        if (checks.that(order != null, "a mass status is about orders that we sent", m)) {
            checks.that(answer.orders.add(order), "a mass status tells each order once", m);
            identity(order, m);
            sums(order, m);
        }
        checks.that(!answer.whole || answer.orders.size() == total, "as many reports as TotNumReports says", m);
    }

    /** Takes an OrderMassCancelReport (r). */
    void massCancel(Message m) throws FieldNotFound {
        kinds.merge("r", 1, Integer::sum);
        Many request = many.get(m.getString(ClOrdID.FIELD));
        if (!checks.that(request != null, "a mass cancel report answers a request", m)) {
            return;
        }
        Answer answer = request.answer();
        checks.that(!answer.whole, "a mass cancel is answered once", m);
        checks.that(m.getChar(MassCancelRequestType.FIELD) == request.type(), "MassCancelRequestType (530)", m);
        answer.whole = true;
        answer.response = m.getChar(MassCancelResponse.FIELD);
        answer.total = m.getInt(TotalAffectedOrders.FIELD);
        if (answer.response == '0') {
            answer.reason = m.getInt(MassCancelRejectReason.FIELD);
            checks.that(m.isSetField(Text.FIELD), "a refused mass cancel says why", m);
        } else {
            checks.that(answer.response == request.type(), "MassCancelResponse (531) is what was asked", m);
            checks.that(!m.isSetField(MassCancelRejectReason.FIELD), "what is done has no reason", m);
        }
    }

    private Order named(String clOrdId) {
        Request request = requests.get(clOrdId);
        return request == null ? orders.get(clOrdId) : request.order();
    }

    /** Takes an OrderCancelReject (9). */
    void cancelReject(Message m) throws FieldNotFound {
        kinds.merge("9", 1, Integer::sum);
        Request request = requests.get(m.getString(ClOrdID.FIELD));
        if (!checks.that(request != null, "a cancel reject answers a request", m)) {
            return;
        }
        Order order = request.order();
        checks.that(order.requests.remove(m.getString(ClOrdID.FIELD)), "a request is answered once", m);
        char expected = request.replace() ? '2' : '1';
        checks.that(m.getChar(CxlRejResponseTo.FIELD) == expected, "CxlRejResponseTo (434)", m);
        checks.that(m.isSetField(CxlRejReason.FIELD), "CxlRejReason (102) is there", m);
        checks.that(m.isSetField(Text.FIELD), "Text (58) says why", m);
        char status = m.getChar(OrdStatus.FIELD);
        boolean unknown = m.getInt(CxlRejReason.FIELD) == CxlRejReason.UNKNOWN_ORDER;
        checks.that(unknown != request.known(), "unknown are those orders that were never sent", m);
        if (unknown) {
            // FIX 4.4 vol. 4, message 9: "If CxlRejReason = Unknown order, specify Rejected".
            checks.that(status == OrdStatus.REJECTED, "an unknown order is told as rejected", m);
        } else if (order.done()) {
            checks.that(status == order.status, "a cancel reject tells the order's status", m);
        } else {
            // The order goes on: what was pending is no longer.
            order.status = status;
        }
    }

    /** What a report repeats of the order. */
    private void identity(Order order, Message m) throws FieldNotFound {
        checks.that(m.getString(Symbol.FIELD).equals(order.instrument.symbol()), "Symbol (55)", m);
        checks.that(m.getChar(Side.FIELD) == order.side, "Side (54)", m);
        checks.that(m.getChar(TimeInForce.FIELD) == order.timeInForce, "TimeInForce (59)", m);
        checks.that(m.getChar(OrdType.FIELD) == order.reportedType(), "OrdType (40)", m);
        for (char instruction : "6EG".toCharArray()) {
            boolean told = m.isSetField(ExecInst.FIELD) && m.getString(ExecInst.FIELD).indexOf(instruction) >= 0;
            boolean asked = order.execInst.indexOf(instruction) >= 0;
            checks.that(told == asked, "ExecInst (18) " + instruction, m);
        }
        String orderId = m.getString(OrderID.FIELD);
        if (order.orderId != null) {
            checks.that(orderId.equals(order.orderId), "OrderID (37) stays the same", m);
        } else if (m.getChar(OrdStatus.FIELD) != OrdStatus.REJECTED) {
            order.orderId = orderId;
        }
    }

    private void replaced(Order order, Request request, String clOrdId, Message m) throws FieldNotFound {
        if (!checks.that(request != null && request.replace(), "a replaced answers a replace", m)) {
            return;
        }
        checks.that(m.isSetField(OrigClOrdID.FIELD), "a replaced has OrigClOrdID (41)", m);
        order.qty = request.qty();
        order.limit = request.limit();
        order.stop = request.stop();
        order.clOrdId = clOrdId;
    }

    /** A change that nobody asked for: by less, or to another price. */
    private void restated(Order order, Message m) throws FieldNotFound {
        if (!checks.that(m.isSetField(ExecRestatementReason.FIELD), "a restated says why (378)", m)) {
            return;
        }
        order.restated = m.getInt(ExecRestatementReason.FIELD);
        switch (order.restated) {
            case ExecRestatementReason.PARTIAL_DECLINE_OF_ORDERQTY -> {
                BigDecimal qty = decimal(m, OrderQty.FIELD);
                checks.that(qty.compareTo(order.qty) < 0, "a quantity restated is smaller", m);
                order.qty = qty;
            }
            case ExecRestatementReason.REPRICING_OF_ORDER -> {
                checks.that(m.isSetField(Price.FIELD), "a repriced order has a Price (44)", m);
                if (!order.pegged()) {
                    order.limit = decimal(m, Price.FIELD);
                }
            }
            default -> checks.that(false, "ExecRestatementReason (378) is 3 or 5", m);
        }
    }

    private void transition(Order order, char execType, Message m) throws FieldNotFound {
        char next = m.getChar(OrdStatus.FIELD);
        String allowed = NEXT.getOrDefault(order.status, "");
        String rule = "OrdStatus (39) " + (order.status == 0 ? "none" : order.status) + " to " + next;
        checks.that(allowed.indexOf(next) >= 0, rule, m);
        String statuses = switch (execType) {
            case ExecType.NEW -> "0";
            case ExecType.TRADE -> "126E";
            case ExecType.CANCELED -> "4";
            case ExecType.REPLACED -> "012";
            case ExecType.PENDING_CANCEL -> "6";
            case ExecType.PENDING_REPLACE -> "E";
            case ExecType.REJECTED -> "8";
            case ExecType.EXPIRED -> "C";
            case ExecType.PENDING_NEW -> "A";
            case TRIGGERED -> "01";
            case ExecType.RESTATED -> "016E";
            default -> "";
        };
        checks.that(statuses.indexOf(next) >= 0, "ExecType (150) " + execType + " with OrdStatus " + next, m);
        order.status = next;
    }

    private void fill(Order order, char execType, Message m) throws FieldNotFound {
        BigDecimal cum = decimal(m, CumQty.FIELD);
        if (execType != ExecType.TRADE) {
            checks.that(cum.compareTo(order.cum) == 0, "CumQty (14) moves by trades only", m);
            return;
        }
        BigDecimal lastQty = decimal(m, LastQty.FIELD);
        BigDecimal lastPx = decimal(m, LastPx.FIELD);
        checks.that(lastQty.signum() > 0 && lastPx.signum() > 0, "a trade has LastQty and LastPx", m);
        order.cum = order.cum.add(lastQty);
        order.paid = order.paid.add(lastQty.multiply(lastPx));
        checks.that(cum.compareTo(order.cum) == 0, "CumQty (14) is the sum of LastQty (32)", m);
        if (order.minQty != null) {
            checks.that(lastQty.compareTo(order.minQty) >= 0, "no fill is below MinQty (110) " + order.minQty, m);
        }
        if (order.limit != null) {
            int over = lastPx.compareTo(order.limit);
            boolean kept = order.side == Side.BUY ? over <= 0 : over >= 0;
            checks.that(kept, "LastPx (31) keeps to the limit " + order.limit, m);
        }
        market.put(order.instrument.symbol(), lastPx);
    }

    private void sums(Order order, Message m) throws FieldNotFound {
        BigDecimal qty = decimal(m, OrderQty.FIELD);
        BigDecimal cum = decimal(m, CumQty.FIELD);
        BigDecimal leaves = decimal(m, LeavesQty.FIELD);
        char status = m.getChar(OrdStatus.FIELD);
        checks.that(qty.compareTo(order.qty) == 0, "OrderQty (38) is " + order.qty, m);
        // What follows the market is told as it is at the time.
        if (!order.pegged()) {
            px(m, Price.FIELD, order.limit);
        }
        if (!order.trails()) {
            px(m, StopPx.FIELD, order.stop);
        }
        if (isTerminal(status)) {
            checks.that(leaves.signum() == 0, "LeavesQty (151) is zero when done", m);
        } else {
            checks.that(cum.add(leaves).compareTo(qty) == 0, "CumQty + LeavesQty = OrderQty", m);
        }
        if (status == OrdStatus.FILLED) {
            checks.that(cum.compareTo(qty) == 0, "a filled order's CumQty is its OrderQty", m);
        }
        BigDecimal expected = order.cum.signum() == 0 ? BigDecimal.ZERO
            : order.paid.divide(order.cum, MathContext.DECIMAL64);
        BigDecimal error = decimal(m, AvgPx.FIELD).subtract(expected).abs();
        checks.that(error.compareTo(AVG_PX_ERROR) <= 0, "AvgPx (6) is " + expected, m);
    }

    private void refusal(Order order, char execType, Message m) throws FieldNotFound {
        if (execType == ExecType.REJECTED) {
            order.refusal = m.isSetField(Text.FIELD) ? m.getString(Text.FIELD) : "";
            checks.that(order.refusal.startsWith("DCX-R"), "a refusal has its code in Text (58)", m);
            checks.that(m.isSetField(OrdRejReason.FIELD), "a refusal has OrdRejReason (103)", m);
            checks.that(m.isSetField(Text.FIELD), "a refusal has Text (58)", m);
        }
    }

    /** Checks what must hold of every order when all is over. */
    void close() {
        for (Order order : orders.values()) {
            String about = order.clOrdId + " status " + order.status + " cum " + order.cum + " of " + order.qty;
            checks.that(order.answered(), "every order is answered", about);
            checks.that(order.requests.isEmpty(), "every request is answered " + order.requests, about);
            checks.that(order.done(), "every order is done", about);
            if (order.timeInForce == TimeInForce.FILL_OR_KILL) {
                boolean whole = order.cum.signum() == 0 || order.cum.compareTo(order.qty) == 0;
                checks.that(whole, "fill or kill fills all or nothing", about);
            }
        }
    }

    /** A price of the order that a report repeats, or none. */
    private void px(Message m, int tag, BigDecimal expected) throws FieldNotFound {
        boolean same = expected == null ? !m.isSetField(tag)
            : m.isSetField(tag) && decimal(m, tag).compareTo(expected) == 0;
        checks.that(same, "tag " + tag + " is " + expected, m);
    }

    private static BigDecimal decimal(Message m, int tag) throws FieldNotFound {
        return m.getDecimal(tag);
    }
}
