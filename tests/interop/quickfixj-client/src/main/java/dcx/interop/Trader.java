package dcx.interop;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

import quickfix.SessionNotFound;
import quickfix.field.*;

/** Sends many orders: seeded, so that a run can be repeated. */
final class Trader {
    /** Requests without an answer at the same time, at most. */
    private static final int IN_FLIGHT_MAX = 32;
    private static final BigDecimal BASIS_POINT = new BigDecimal("0.0001");

    private final Desk desk;
    private final Options options;
    private final Ledger ledger;
    private final Checks checks;
    private final Random random;
    private int cancels;
    private int replaces;

    Trader(Desk desk) {
        this.desk = desk;
        this.options = desk.options;
        this.ledger = desk.ledger;
        this.checks = desk.checks;
        this.random = new Random(options.seed);
    }

    void trade() throws Exception {
        System.err.println("seed " + options.seed);
        long pause = TimeUnit.SECONDS.toNanos(1) / options.rate;
        for (int ix = 0; ix < options.orders; ix++) {
            Order order = order();
            desk.sendNew(order);
            LockSupport.parkNanos(pause);
            if (random.nextInt(100) < 35) {
                disturb(order);
                LockSupport.parkNanos(pause);
            }
            desk.await("answers keep up", () -> ledger.unanswered() < IN_FLIGHT_MAX);
        }
        cancelUnknown();
        askStatus();
        finish();
    }

    private Order order() {
        Options.Instrument instrument = options.instruments.get(random.nextInt(options.instruments.size()));
        char side = random.nextBoolean() ? Side.BUY : Side.SELL;
        BigDecimal qty = instrument.qty().multiply(BigDecimal.valueOf(1 + random.nextInt(10)));
        int kind = random.nextInt(100);
        if (kind < 20) {
            char tif = random.nextBoolean() ? TimeInForce.DAY : TimeInForce.IMMEDIATE_OR_CANCEL;
            return new Order(desk.id("O"), instrument, side, OrdType.MARKET, tif, qty, null);
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
        return new Order(desk.id("O"), instrument, side, OrdType.LIMIT, tif, qty, px);
    }

    private BigDecimal price(Options.Instrument instrument, char side, int bps) {
        BigDecimal market = desk.market(instrument);
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
        BigDecimal qty = order.instrument.qty().multiply(BigDecimal.valueOf(1 + random.nextInt(12)));
        BigDecimal px = price(order.instrument, order.side, random.nextInt(30) - 25);
        desk.replace(order, qty, px);
        replaces++;
    }

    private void cancel(Order order) throws SessionNotFound {
        desk.cancel(order);
        cancels++;
    }

    /** A cancel of an order that never was must be refused, not ignored. */
    private void cancelUnknown() throws Exception {
        int before;
        synchronized (ledger) {
            before = ledger.kinds.getOrDefault("9", 0);
        }
        desk.cancel(ledger.orders().iterator().next(), "NEVER-SENT", false);
        desk.await("a cancel of an unknown order is refused",
            () -> ledger.kinds.getOrDefault("9", 0) > before);
    }

    private void askStatus() throws Exception {
        desk.await("all is answered", () -> ledger.unanswered() == 0);
        List<Order> some;
        synchronized (ledger) {
            some = ledger.orders().stream().filter(order -> !order.done()).limit(10).toList();
        }
        for (Order order : some) {
            desk.askStatus(order);
        }
        desk.await("every status request is answered",
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
        desk.await("every order is done", () -> ledger.orders().stream().allMatch(Order::done));
        desk.await("every request is answered", () -> ledger.unanswered() == 0);
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
}
