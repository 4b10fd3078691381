package dcx.interop;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

import quickfix.FieldMap;
import quickfix.Message;
import quickfix.Session;
import quickfix.SessionID;
import quickfix.SessionNotFound;
import quickfix.field.*;
import quickfix.fix44.NewOrderList;
import quickfix.fix44.NewOrderSingle;
import quickfix.fix44.OrderCancelReplaceRequest;
import quickfix.fix44.OrderCancelRequest;
import quickfix.fix44.OrderMassCancelRequest;
import quickfix.fix44.OrderMassStatusRequest;
import quickfix.fix44.OrderStatusRequest;

/** Writes the messages, tells the ledger what was sent, and waits for what comes of it. */
final class Desk {
    private static final long WAIT_S = 30;
    /** FIX 5.0's field, which dcx takes in 4.4 too. */
    private static final int CONTINGENCY_TYPE = 1385;

    final Options options;
    final Ledger ledger;
    final Checks checks;
    private final SessionID session;
    private int nextId;

    Desk(Options options, Ledger ledger, Checks checks, SessionID session) {
        this.options = options;
        this.ledger = ledger;
        this.checks = checks;
        this.session = session;
    }

    String id(String kind) {
        return kind + "-" + options.seed + "-" + ++nextId;
    }

    /** Buys a little until a fill tells where the market is. */
    void findMarket(Options.Instrument instrument) throws Exception {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_S);
        while (System.nanoTime() < until) {
            Order probe = new Order(id("P"), instrument, Side.BUY, OrdType.MARKET,
                TimeInForce.IMMEDIATE_OR_CANCEL, instrument.qty(), null);
            sendNew(probe);
            await("a probe is done", probe::done);
            synchronized (ledger) {
                if (probe.cum.signum() > 0) {
                    return;
                }
            }
            Thread.sleep(250);
        }
        throw new IllegalStateException("no market order in " + instrument.symbol() + " is filled");
    }

    /** The last traded price. */
    BigDecimal market(Options.Instrument instrument) {
        synchronized (ledger) {
            return ledger.market.get(instrument.symbol());
        }
    }

    /** A price {@code ticks} through the market for this side; behind it, if negative. */
    BigDecimal through(Options.Instrument instrument, char side, int ticks) {
        int up = side == Side.BUY ? ticks : -ticks;
        BigDecimal px = market(instrument).add(instrument.tick().multiply(BigDecimal.valueOf(up)));
        return px.divide(instrument.tick(), 0, RoundingMode.HALF_EVEN).multiply(instrument.tick());
    }

    void sendNew(Order order) throws SessionNotFound {
        NewOrderSingle m = new NewOrderSingle();
        terms(m, order);
        if (order.link != null) {
            m.setString(ClOrdLinkID.FIELD, order.link.name());
            m.setInt(CONTINGENCY_TYPE, order.link.contingency());
            m.setInt(TotNoOrders.FIELD, order.link.total());
            m.setInt(ListSeqNo.FIELD, order.link.place());
        }
        synchronized (ledger) {
            ledger.sent(order);
        }
        send(m);
    }

    /** Linked orders in one message. */
    void sendList(int contingency, List<Order> orders) throws SessionNotFound {
        NewOrderList m = new NewOrderList();
        m.setString(ListID.FIELD, id("L"));
        m.setInt(BidType.FIELD, 3);
        m.setInt(TotNoOrders.FIELD, orders.size());
        m.setInt(CONTINGENCY_TYPE, contingency);
        int place = 0;
        synchronized (ledger) {
            for (Order order : orders) {
                NewOrderList.NoOrders entry = new NewOrderList.NoOrders();
                terms(entry, order);
                entry.setInt(ListSeqNo.FIELD, ++place);
                m.addGroup(entry);
                ledger.sent(order);
            }
        }
        send(m);
    }

    private static void terms(FieldMap m, Order order) {
        m.setString(ClOrdID.FIELD, order.clOrdId);
        m.setString(Symbol.FIELD, order.instrument.symbol());
        m.setChar(HandlInst.FIELD, '1');
        m.setChar(Side.FIELD, order.side);
        m.setChar(OrdType.FIELD, order.ordType);
        m.setChar(TimeInForce.FIELD, order.timeInForce);
        m.setUtcTimeStamp(TransactTime.FIELD, LocalDateTime.now(ZoneOffset.UTC), true);
        m.setDecimal(OrderQty.FIELD, order.qty);
        set(m, Price.FIELD, order.limit);
        set(m, StopPx.FIELD, order.stop);
        set(m, PegOffsetValue.FIELD, order.offset);
        set(m, MaxFloor.FIELD, order.maxFloor);
        set(m, MinQty.FIELD, order.minQty);
        if (!order.execInst.isEmpty()) {
            m.setString(ExecInst.FIELD, order.execInst);
        }
        if (order.expiresInS > 0) {
            LocalDateTime until = LocalDateTime.now(ZoneOffset.UTC).plusSeconds(order.expiresInS);
            m.setUtcTimeStamp(ExpireTime.FIELD, until, true);
        }
    }

    private static void set(FieldMap m, int tag, BigDecimal value) {
        if (value != null) {
            m.setDecimal(tag, value);
        }
    }

    void replace(Order order, BigDecimal qty, BigDecimal px) throws SessionNotFound {
        replace(order, qty, px, order.stop);
    }

    void replace(Order order, BigDecimal qty, BigDecimal px, BigDecimal stop) throws SessionNotFound {
        String id = id("R");
        OrderCancelReplaceRequest m = new OrderCancelReplaceRequest(new OrigClOrdID(order.clOrdId),
            new ClOrdID(id), new Side(order.side), now(), new OrdType(order.ordType));
        m.set(new Symbol(order.instrument.symbol()));
        m.set(new HandlInst('1'));
        m.set(new TimeInForce(order.timeInForce));
        m.setDecimal(OrderQty.FIELD, qty);
        set(m, Price.FIELD, px);
        set(m, StopPx.FIELD, stop);
        set(m, MaxFloor.FIELD, order.maxFloor);
        synchronized (ledger) {
            ledger.sentReplace(id, order, qty, px, stop);
        }
        send(m);
    }

    void cancel(Order order) throws SessionNotFound {
        cancel(order, order.clOrdId, true);
    }

    /** A cancel under a name; {@code known} is whether the order has it. */
    void cancel(Order order, String origClOrdId, boolean known) throws SessionNotFound {
        String id = id("C");
        OrderCancelRequest m = new OrderCancelRequest(new OrigClOrdID(origClOrdId), new ClOrdID(id),
            new Side(order.side), now());
        m.set(new Symbol(order.instrument.symbol()));
        m.setDecimal(OrderQty.FIELD, order.qty);
        synchronized (ledger) {
            ledger.sentCancel(id, order, known);
        }
        send(m);
    }

    void askStatus(Order order) throws SessionNotFound {
        OrderStatusRequest m = new OrderStatusRequest(new ClOrdID(order.clOrdId), new Side(order.side));
        m.set(new Symbol(order.instrument.symbol()));
        send(m);
    }

    /** Cancels all of the session, of one instrument, or something that dcx does not know. */
    Ledger.Many massCancel(char type, Options.Instrument instrument) throws SessionNotFound {
        Ledger.Many many = new Ledger.Many(id("Q"), type, instrument);
        OrderMassCancelRequest m = new OrderMassCancelRequest(new ClOrdID(many.id()), new MassCancelRequestType(type),
            now());
        if (instrument != null) {
            m.set(new Symbol(instrument.symbol()));
        }
        synchronized (ledger) {
            ledger.sentMany(many);
        }
        send(m);
        return many;
    }

    /** Asks about all orders of the session, or of one instrument. */
    Ledger.Many massStatus(int type, Options.Instrument instrument) throws SessionNotFound {
        Ledger.Many many = new Ledger.Many(id("S"), (char) ('0' + type), instrument);
        OrderMassStatusRequest m = new OrderMassStatusRequest(new MassStatusReqID(many.id()),
            new MassStatusReqType(type));
        if (instrument != null) {
            m.set(new Symbol(instrument.symbol()));
        }
        synchronized (ledger) {
            ledger.sentMany(many);
        }
        send(m);
        return many;
    }

    private void send(Message m) throws SessionNotFound {
        Session.sendToTarget(m, session);
    }

    /** Waits until something holds; fails the run's checks where it does not. */
    boolean await(String what, BooleanSupplier holds) throws InterruptedException {
        return await(what, null, holds);
    }

    boolean await(String what, Object about, BooleanSupplier holds) throws InterruptedException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_S);
        synchronized (ledger) {
            while (!holds.getAsBoolean()) {
                long left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
                if (left <= 0) {
                    return checks.that(false, what + " within " + WAIT_S + " s", about == null ? ledger.kinds : about);
                }
                ledger.wait(left);
            }
            return checks.that(true, what, about);
        }
    }

    private static TransactTime now() {
        return new TransactTime(LocalDateTime.now(ZoneOffset.UTC));
    }
}
