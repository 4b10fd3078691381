package dcx.interop;

import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

import quickfix.*;
import quickfix.field.*;

/**
 * A FIX venue whose connection is cut all the time: it acknowledges, fills at once or in
 * parts or later, cancels and replaces, and writes down all that it had and sent. Ends when its
 * standard input does.
 */
public final class CutVenue extends ApplicationAdapter {
    /** Orders that rest at most: then the oldest is filled. */
    private static final int RESTING_MAX = 300;

    private static final class Order {
        String name;
        final Message terms;
        long qty;
        long cum;
        boolean done;

        Order(String name, Message terms, long qty) {
            this.name = name;
            this.terms = terms;
            this.qty = qty;
        }

        char status() {
            if (done) {
                return cum == qty ? OrdStatus.FILLED : OrdStatus.CANCELED;
            }
            return cum > 0 ? OrdStatus.PARTIALLY_FILLED : OrdStatus.NEW;
        }
    }

    private final CutLedger ledger;
    private final CutEngine engine;
    private final Map<String, Order> orders = new HashMap<>();
    private final Deque<Order> resting = new ArrayDeque<>();
    private long reports;

    private CutVenue(Map<String, String> options) throws Exception {
        ledger = new CutLedger(Path.of(options.get("ledger")));
        engine = new CutEngine(this, false, options);
    }

    public static void main(String[] args) throws Exception {
        CutVenue venue = new CutVenue(CutEngine.options(args));
        venue.engine.start();
        while (System.in.read() >= 0) {
            // Nothing is said there: that it ends is all.
        }
        venue.ledger.close(venue.engine.stop());
        System.exit(0);
    }

    @Override
    public synchronized void fromApp(Message m, SessionID id) throws FieldNotFound {
        switch (m.getHeader().getString(MsgType.FIELD)) {
            case "D" -> enter(m);
            case "F" -> cancel(m);
            case "G" -> replace(m);
            case "H" -> status(m);
            case "V" -> quote(m);
            default -> ledger.wrong(m.toString());
        }
    }

    private void enter(Message m) throws FieldNotFound {
        String name = m.getString(ClOrdID.FIELD);
        long qty = CutLedger.whole(m, OrderQty.FIELD);
        ledger.order(name, qty);
        Order order = new Order(name, m, qty);
        if (orders.putIfAbsent(name, order) != null) {
            ledger.wrong("an order twice: " + m);
            return;
        }
        report(order, ExecType.NEW, name, null, 0);
        boolean now = m.isSetField(TimeInForce.FIELD) && "34".indexOf(m.getChar(TimeInForce.FIELD)) >= 0;
        switch (now ? 0 : orders.size() % 10) {
            case 0, 1, 2, 3, 4 -> fill(order, qty);
            case 5, 6 -> {
                if (qty > 1) {
                    fill(order, qty / 2);
                }
                fill(order, qty - order.cum);
            }
            default -> resting.add(order);
        }
        if (resting.size() > RESTING_MAX) {
            Order oldest = resting.remove();
            if (!oldest.done) {
                fill(oldest, oldest.qty - oldest.cum);
            }
        }
    }

    private void fill(Order order, long qty) throws FieldNotFound {
        order.cum += qty;
        order.done = order.cum == order.qty;
        report(order, ExecType.TRADE, order.name, null, qty);
    }

    private void cancel(Message m) throws FieldNotFound {
        String id = m.getString(ClOrdID.FIELD);
        String orig = m.getString(OrigClOrdID.FIELD);
        ledger.cancel(id, orig);
        Order order = orders.get(orig);
        if (order == null || order.done) {
            refuse(id, orig, order, CxlRejResponseTo.ORDER_CANCEL_REQUEST);
            return;
        }
        order.done = true;
        report(order, ExecType.CANCELED, id, orig, 0);
    }

    private void replace(Message m) throws FieldNotFound {
        String id = m.getString(ClOrdID.FIELD);
        String orig = m.getString(OrigClOrdID.FIELD);
        long qty = CutLedger.whole(m, OrderQty.FIELD);
        ledger.replace(id, orig, qty);
        Order order = orders.get(orig);
        if (order == null || order.done || qty <= order.cum) {
            refuse(id, orig, order, CxlRejResponseTo.ORDER_CANCEL_REPLACE_REQUEST);
            return;
        }
        order.qty = qty;
        order.name = id;
        orders.put(id, order);
        report(order, ExecType.REPLACED, id, orig, 0);
    }

    private void status(Message m) throws FieldNotFound {
        Order order = orders.get(m.getString(ClOrdID.FIELD));
        if (order == null) {
            ledger.wrong("asked about an unknown order: " + m);
            return;
        }
        report(order, ExecType.ORDER_STATUS, order.name, null, 0);
    }

    private void quote(Message m) throws FieldNotFound {
        Message w = message("W");
        w.setString(MDReqID.FIELD, m.getString(MDReqID.FIELD));
        w.setString(Symbol.FIELD, "EURUSD");
        for (char side : new char[] {MDEntryType.BID, MDEntryType.OFFER}) {
            Group entry = new Group(NoMDEntries.FIELD, MDEntryType.FIELD);
            entry.setChar(MDEntryType.FIELD, side);
            entry.setDecimal(MDEntryPx.FIELD, new BigDecimal(side == MDEntryType.BID ? "1.0999" : "1.1001"));
            entry.setInt(MDEntrySize.FIELD, 1_000_000);
            w.addGroup(entry);
        }
        engine.send(w);
    }

    private void refuse(String id, String orig, Order order, char to) {
        ledger.refused(id, orig);
        Message m = message("9");
        m.setString(OrderID.FIELD, order == null ? "NONE" : "o" + order.name);
        m.setString(ClOrdID.FIELD, id);
        m.setString(OrigClOrdID.FIELD, orig);
        m.setChar(OrdStatus.FIELD, order == null ? OrdStatus.REJECTED : order.status());
        m.setChar(CxlRejResponseTo.FIELD, to);
        m.setInt(CxlRejReason.FIELD, order == null ? 1 : 0);
        engine.send(m);
    }

    private void report(Order order, char type, String id, String orig, long last) throws FieldNotFound {
        Message m = reportOf(order, type, id, orig, last);
        ledger.report(m);
        engine.send(m);
    }

    private Message reportOf(Order order, char type, String id, String orig, long last) throws FieldNotFound {
        Message m = message("8");
        m.setString(OrderID.FIELD, "o" + order.name);
        m.setString(ExecID.FIELD, "x" + ++reports);
        m.setString(ClOrdID.FIELD, id);
        if (orig != null) {
            m.setString(OrigClOrdID.FIELD, orig);
        }
        m.setChar(ExecType.FIELD, type);
        m.setChar(OrdStatus.FIELD, order.status());
        m.setString(Symbol.FIELD, order.terms.getString(Symbol.FIELD));
        m.setChar(Side.FIELD, order.terms.getChar(Side.FIELD));
        BigDecimal px = order.terms.isSetField(Price.FIELD)
            ? order.terms.getDecimal(Price.FIELD)
            : new BigDecimal("1.1");
        m.setInt(OrderQty.FIELD, (int) order.qty);
        m.setInt(LeavesQty.FIELD, (int) (order.done ? 0 : order.qty - order.cum));
        m.setInt(CumQty.FIELD, (int) order.cum);
        m.setDecimal(AvgPx.FIELD, order.cum > 0 ? px : BigDecimal.ZERO);
        if (type == ExecType.TRADE) {
            m.setInt(LastQty.FIELD, (int) last);
            m.setDecimal(LastPx.FIELD, px);
        }
        return m;
    }

    private static Message message(String type) {
        Message m = new Message();
        m.getHeader().setString(MsgType.FIELD, type);
        return m;
    }

    @Override
    public void fromAdmin(Message m, SessionID id) throws FieldNotFound {
        if (m.getHeader().getString(MsgType.FIELD).equals(MsgType.REJECT)) {
            ledger.wrong(m.toString());
        }
    }

    @Override
    public void toAdmin(Message m, SessionID id) {
        try {
            if (m.getHeader().getString(MsgType.FIELD).equals(MsgType.REJECT)) {
                ledger.wrong(m.toString());
            }
        } catch (FieldNotFound never) {
            ledger.wrong(m.toString());
        }
    }
}
