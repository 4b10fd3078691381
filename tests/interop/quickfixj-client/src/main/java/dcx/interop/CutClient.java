package dcx.interop;

import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

import quickfix.*;
import quickfix.field.*;

/**
 * A FIX client whose connection is cut all the time: it sends its orders without a thought
 * for whether it is logged on, follows each to its end, and writes down all that it sent and had.
 */
public final class CutClient extends ApplicationAdapter {
    private static final BigDecimal TAKES = new BigDecimal("1.2");
    private static final BigDecimal RESTS = new BigDecimal("1.0");
    private static final long PATIENCE_MS = 120_000;

    private static final class Order {
        String name;
        long qty;
        final int kind;
        boolean done;
        boolean asked;

        Order(String name, long qty, int kind) {
            this.name = name;
            this.qty = qty;
            this.kind = kind;
        }
    }

    private final CutLedger ledger;
    private final CutEngine engine;
    private final int orders;
    private final int window;
    private final List<Order> all = new ArrayList<>();
    /** By every name that it has or asked for. */
    private final Map<String, Order> named = new HashMap<>();
    private int open;
    private int requests;
    private long heardAt = System.currentTimeMillis();

    private CutClient(Map<String, String> options) throws Exception {
        ledger = new CutLedger(Path.of(options.get("ledger")));
        orders = Integer.parseInt(options.get("orders"));
        window = Integer.parseInt(options.get("window"));
        engine = new CutEngine(this, true, options);
    }

    public static void main(String[] args) throws Exception {
        new CutClient(CutEngine.options(args)).run();
        System.exit(0);
    }

    private void run() throws Exception {
        engine.start();
        trade();
        // Without the lock: the answer to our Logout may be behind reports.
        ledger.close(engine.stop());
    }

    private synchronized void trade() throws Exception {
        boolean heard = true;
        for (int ix = 0; ix < orders && heard; ix++) {
            if (ix >= window) {
                // What nobody sells any more must not fill the window.
                cancel(all.get(ix - window));
            }
            while (open >= window && heard) {
                heard = hear();
            }
            enter(ix);
        }
        for (long again = 0; open > 0 && heard; heard = hear()) {
            if (System.currentTimeMillis() >= again) {
                all.forEach(this::cancel);
                again = System.currentTimeMillis() + 1_000;
            }
        }
        if (!heard) {
            ledger.wrong("nothing heard for so long, " + open + " orders are open");
        }
    }

    /** Waits for something to happen; false if nothing has for long. */
    private boolean hear() throws InterruptedException {
        wait(100);
        return System.currentTimeMillis() - heardAt < PATIENCE_MS;
    }

    private void enter(int ix) {
        Order order = new Order("n" + ix, 100 + ix % 7, ix % 10);
        all.add(order);
        named.put(order.name, order);
        open++;
        Message m = message("D", order.name, null, order.qty, order.kind < 6 ? TAKES : RESTS);
        m.setChar(TimeInForce.FIELD, order.kind < 6 ? TimeInForce.IMMEDIATE_OR_CANCEL : TimeInForce.DAY);
        ledger.order(order.name, order.qty);
        engine.send(m);
    }

    private void cancel(Order order) {
        if (order.done || order.asked) {
            return;
        }
        order.asked = true;
        String id = "c" + ++requests;
        named.put(id, order);
        Message m = message("F", id, order.name, order.qty, null);
        ledger.cancel(id, order.name);
        engine.send(m);
    }

    private void replace(Order order) {
        order.asked = true;
        String id = "r" + ++requests;
        named.put(id, order);
        Message m = message("G", id, order.name, order.qty + 50, order.kind == 8 ? TAKES : RESTS);
        m.setChar(TimeInForce.FIELD, TimeInForce.DAY);
        ledger.replace(id, order.name, order.qty + 50);
        engine.send(m);
    }

    private Message message(String type, String id, String orig, long qty, BigDecimal px) {
        Message m = new Message();
        m.getHeader().setString(MsgType.FIELD, type);
        m.setString(ClOrdID.FIELD, id);
        if (orig != null) {
            m.setString(OrigClOrdID.FIELD, orig);
        }
        m.setString(Symbol.FIELD, "EURUSD");
        m.setChar(Side.FIELD, Side.BUY);
        m.setUtcTimeStamp(TransactTime.FIELD, LocalDateTime.now(ZoneOffset.UTC), true);
        m.setInt(OrderQty.FIELD, (int) qty);
        if (px != null) {
            if (engine.id().getBeginString().equals("FIX.4.2")) {
                m.setChar(HandlInst.FIELD, '1');
            }
            m.setChar(OrdType.FIELD, OrdType.LIMIT);
            m.setDecimal(Price.FIELD, px);
        }
        return m;
    }

    @Override
    public synchronized void fromApp(Message m, SessionID id) throws FieldNotFound {
        heardAt = System.currentTimeMillis();
        String type = m.getHeader().getString(MsgType.FIELD);
        Order order = m.isSetField(ClOrdID.FIELD) ? named.get(m.getString(ClOrdID.FIELD)) : null;
        if (order == null || !(type.equals("8") || type.equals("9"))) {
            ledger.wrong(m.toString());
        } else if (type.equals("9")) {
            ledger.refused(m.getString(ClOrdID.FIELD), m.getString(OrigClOrdID.FIELD));
            order.asked = false;
            // A fill that meets a pending cancel says 39=6; that the order is done is said here.
            status(order, m.getChar(OrdStatus.FIELD));
        } else {
            report(m, order);
        }
        notifyAll();
    }

    private void report(Message m, Order order) throws FieldNotFound {
        ledger.report(m);
        switch (m.getChar(ExecType.FIELD)) {
            case ExecType.NEW -> {
                if (order.kind >= 8 && !order.asked) {
                    replace(order);
                } else if (order.kind >= 6) {
                    cancel(order);
                }
            }
            case ExecType.REPLACED -> {
                order.name = m.getString(ClOrdID.FIELD);
                order.qty = CutLedger.whole(m, OrderQty.FIELD);
                order.asked = false;
                if (order.kind == 9) {
                    cancel(order);
                }
            }
            default -> { }
        }
        status(order, m.getChar(OrdStatus.FIELD));
    }

    private void status(Order order, char status) {
        if (!order.done && "248C".indexOf(status) >= 0) {
            order.done = true;
            open--;
        }
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
