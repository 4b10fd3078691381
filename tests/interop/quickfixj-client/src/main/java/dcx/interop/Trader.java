package dcx.interop;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

import quickfix.Message;
import quickfix.Session;
import quickfix.SessionID;
import quickfix.SessionNotFound;
import quickfix.field.*;
import quickfix.fix44.NewOrderSingle;
import quickfix.fix44.OrderCancelReplaceRequest;
import quickfix.fix44.OrderCancelRequest;
import quickfix.fix44.OrderStatusRequest;

/** Sends the orders: seeded, so that a run can be repeated. */
final class Trader {
    /** Requests without an answer at the same time, at most. */
    private static final int IN_FLIGHT_MAX = 32;
    private static final long WAIT_S = 30;
    private static final BigDecimal BASIS_POINT = new BigDecimal("0.0001");

    private final Options options;
    private final Ledger ledger;
    private final Checks checks;
    private final SessionID session;
    private final Random random;
    private int nextId;
    private int cancels;
    private int replaces;

    Trader(Options options, Ledger ledger, Checks checks, SessionID session) {
        this.options = options;
        this.ledger = ledger;
        this.checks = checks;
        this.session = session;
        this.random = new Random(options.seed);
    }

    void trade() throws Exception {
        System.err.println("seed " + options.seed);
        for (Options.Instrument instrument : options.instruments) {
            findMarket(instrument);
        }
        long pause = TimeUnit.SECONDS.toNanos(1) / options.rate;
        for (int ix = 0; ix < options.orders; ix++) {
            Order order = order();
            sendNew(order);
            LockSupport.parkNanos(pause);
            if (random.nextInt(100) < 35) {
                disturb(order);
                LockSupport.parkNanos(pause);
            }
            await("answers keep up", () -> ledger.unanswered() < IN_FLIGHT_MAX);
        }
        cancelUnknown();
        askStatus();
        finish();
    }

    /** Buys a little until a fill tells where the market is. */
    private void findMarket(Options.Instrument instrument) throws Exception {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_S);
        while (System.nanoTime() < until) {
            Order probe = new Order(id("P"), instrument, Side.BUY, OrdType.MARKET,
                TimeInForce.IMMEDIATE_OR_CANCEL, instrument.qty(), null);
            sendNew(probe);
            await("a probe is done", probe::done);
            synchronized (ledger) {
                if (ledger.market.containsKey(instrument.symbol())) {
                    return;
                }
            }
            Thread.sleep(250);
        }
        throw new IllegalStateException("no market order in " + instrument.symbol() + " is filled");
    }

    private Order order() {
        Options.Instrument instrument = options.instruments.get(random.nextInt(options.instruments.size()));
        char side = random.nextBoolean() ? Side.BUY : Side.SELL;
        BigDecimal qty = instrument.qty().multiply(BigDecimal.valueOf(1 + random.nextInt(10)));
        int kind = random.nextInt(100);
        if (kind < 20) {
            char tif = random.nextBoolean() ? TimeInForce.DAY : TimeInForce.IMMEDIATE_OR_CANCEL;
            return new Order(id("O"), instrument, side, OrdType.MARKET, tif, qty, null);
        }
        if (kind < 55) {
            char tif = random.nextBoolean() ? TimeInForce.DAY : TimeInForce.GOOD_TILL_CANCEL;
            return limit(instrument, side, tif, qty, -(5 + random.nextInt(25)));
        }
        char tif = kind < 75 ? TimeInForce.DAY
            : kind < 88 ? TimeInForce.IMMEDIATE_OR_CANCEL : TimeInForce.FILL_OR_KILL;
        return limit(instrument, side, tif, qty, random.nextInt(40) - 10);
    }

    /** A limit order {@code bps} basis points through the market; behind it, if negative. */
    private Order limit(Options.Instrument instrument, char side, char tif, BigDecimal qty, int bps) {
        BigDecimal px = price(instrument, side, bps);
        return new Order(id("O"), instrument, side, OrdType.LIMIT, tif, qty, px);
    }

    private BigDecimal price(Options.Instrument instrument, char side, int bps) {
        BigDecimal market;
        synchronized (ledger) {
            market = ledger.market.get(instrument.symbol());
        }
        BigDecimal through = BASIS_POINT.multiply(BigDecimal.valueOf(side == Side.BUY ? bps : -bps));
        BigDecimal px = market.add(market.multiply(through));
        return px.divide(instrument.tick(), 0, RoundingMode.HALF_EVEN).multiply(instrument.tick());
    }

    /** Cancels or replaces the order, or one before it, without waiting for anything. */
    private void disturb(Order latest) throws SessionNotFound {
        Order order = latest;
        if (random.nextBoolean()) {
            List<Order> working = new ArrayList<>();
            synchronized (ledger) {
                ledger.orders().stream().filter(each -> !each.done()).forEach(working::add);
            }
            if (!working.isEmpty()) {
                order = working.get(random.nextInt(working.size()));
            }
        }
        if (order.ordType == OrdType.LIMIT && random.nextInt(100) < 55) {
            replace(order);
        } else {
            cancel(order);
        }
    }

    private void replace(Order order) throws SessionNotFound {
        String id = id("R");
        BigDecimal qty = order.instrument.qty().multiply(BigDecimal.valueOf(1 + random.nextInt(12)));
        BigDecimal px = price(order.instrument, order.side, random.nextInt(30) - 25);
        OrderCancelReplaceRequest m = new OrderCancelReplaceRequest(new OrigClOrdID(order.clOrdId),
            new ClOrdID(id), new Side(order.side), now(), new OrdType(order.ordType));
        m.set(new Symbol(order.instrument.symbol()));
        m.set(new HandlInst('1'));
        m.set(new TimeInForce(order.timeInForce));
        m.setDecimal(OrderQty.FIELD, qty);
        m.setDecimal(Price.FIELD, px);
        synchronized (ledger) {
            ledger.sentReplace(id, order, qty, px);
        }
        replaces++;
        Session.sendToTarget(m, session);
    }

    private void cancel(Order order) throws SessionNotFound {
        cancel(order, order.clOrdId, true);
    }

    private void cancel(Order order, String origClOrdId, boolean known) throws SessionNotFound {
        String id = id("C");
        OrderCancelRequest m = new OrderCancelRequest(new OrigClOrdID(origClOrdId), new ClOrdID(id),
            new Side(order.side), now());
        m.set(new Symbol(order.instrument.symbol()));
        m.setDecimal(OrderQty.FIELD, order.qty);
        synchronized (ledger) {
            ledger.sentCancel(id, order, known);
        }
        cancels++;
        Session.sendToTarget(m, session);
    }

    private void sendNew(Order order) throws SessionNotFound {
        NewOrderSingle m = new NewOrderSingle(new ClOrdID(order.clOrdId), new Side(order.side), now(),
            new OrdType(order.ordType));
        m.set(new Symbol(order.instrument.symbol()));
        m.set(new HandlInst('1'));
        m.set(new TimeInForce(order.timeInForce));
        m.setDecimal(OrderQty.FIELD, order.qty);
        if (order.limit != null) {
            m.setDecimal(Price.FIELD, order.limit);
        }
        synchronized (ledger) {
            ledger.sent(order);
        }
        Session.sendToTarget(m, session);
    }

    /** A cancel of an order that never was must be refused, not ignored. */
    private void cancelUnknown() throws Exception {
        int before;
        synchronized (ledger) {
            before = ledger.kinds.getOrDefault("9", 0);
        }
        cancel(ledger.orders().iterator().next(), "NEVER-SENT", false);
        await("a cancel of an unknown order is refused",
            () -> ledger.kinds.getOrDefault("9", 0) > before);
    }

    private void askStatus() throws Exception {
        await("all is answered", () -> ledger.unanswered() == 0);
        List<Order> some;
        synchronized (ledger) {
            some = ledger.orders().stream().filter(order -> !order.done()).limit(10).toList();
        }
        for (Order order : some) {
            OrderStatusRequest m = new OrderStatusRequest(new ClOrdID(order.clOrdId), new Side(order.side));
            m.set(new Symbol(order.instrument.symbol()));
            Session.sendToTarget(m, session);
        }
        await("every status request is answered",
            () -> ledger.kinds.getOrDefault("I", 0) >= some.size());
    }

    /** Cancels what still works, waits until all is done, and takes stock. */
    private void finish() throws Exception {
        List<Order> working;
        synchronized (ledger) {
            working = ledger.orders().stream().filter(order -> !order.done()).toList();
        }
        for (Order order : working) {
            cancel(order);
            LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1) / options.rate);
        }
        await("every order is done", () -> ledger.orders().stream().allMatch(Order::done));
        await("every request is answered", () -> ledger.unanswered() == 0);
        synchronized (ledger) {
            ledger.close();
            stock();
        }
    }

    /** A run that refused everything would add up, too: most orders must have done something. */
    private void stock() {
        long sent = ledger.orders().size();
        long rejected = ledger.orders().stream().filter(order -> order.status == OrdStatus.REJECTED).count();
        long traded = ledger.orders().stream().filter(order -> order.cum.signum() > 0).count();
        System.out.println("orders " + sent + ", refused " + rejected + ", traded " + traded + ", cancels "
            + cancels + ", replaces " + replaces + ", reports by kind " + ledger.kinds);
        checks.that(rejected * 10 <= sent, "at most a tenth of the orders is refused", rejected);
        checks.that(traded * 4 >= sent, "at least a quarter of the orders trades", traded);
        for (String kind : List.of("0", "F", "4", "5", "9", "I")) {
            checks.that(ledger.kinds.containsKey(kind), "reports of kind " + kind + " came", ledger.kinds);
        }
    }

    private void await(String what, BooleanSupplier holds) throws InterruptedException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(WAIT_S);
        synchronized (ledger) {
            while (!holds.getAsBoolean()) {
                long left = TimeUnit.NANOSECONDS.toMillis(until - System.nanoTime());
                if (left <= 0) {
                    checks.that(false, what + " within " + WAIT_S + " s", ledger.kinds);
                    return;
                }
                ledger.wait(left);
            }
        }
    }

    private String id(String kind) {
        return kind + "-" + options.seed + "-" + ++nextId;
    }

    private static TransactTime now() {
        return new TransactTime(LocalDateTime.now(ZoneOffset.UTC));
    }
}
