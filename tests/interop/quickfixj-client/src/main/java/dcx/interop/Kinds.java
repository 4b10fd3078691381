package dcx.interop;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

import quickfix.field.*;

/**
 * Sends each kind of order once or twice and says what must come of it, report by report. The ledger checks every
 * report by itself; here is what only who knows the order can say.
 *
 * <p>An order's reports are matched by a regular expression over ExecType (150): {@code 0LF+} is accepted,
 * triggered, filled.
 */
final class Kinds {
    /** Ticks of the first instrument: surely beyond the other side of the market, and surely not. */
    private static final int AT_ONCE = 80;
    private static final int NEVER = -400;

    private final Desk desk;
    private final Checks checks;
    private final Options.Instrument instrument;
    private final Options.Instrument another;

    Kinds(Desk desk) {
        this.desk = desk;
        this.checks = desk.checks;
        this.instrument = desk.options.instruments.get(0);
        this.another = desk.options.instruments.get(desk.options.instruments.size() - 1);
    }

    void trade() throws Exception {
        manyOfNone();
        stops();
        ifTouched();
        trailingStops();
        pegs();
        icebergs();
        goodTillDate();
        postOnly();
        reduceOnly();
        leastQuantity();
        leftOverAsLimit();
        oneCancelsTheOther();
        bracket();
        brokenList();
        many();
        approvals();
        System.out.println("kinds done, reports by kind " + desk.ledger.kinds);
    }

    /** A stop and a stop limit that come at once, one that is moved, one that is refused. */
    private void stops() throws Exception {
        for (char side : sides()) {
            // Below the market to buy: it is there already.
            go(order(side, OrdType.STOP_STOP_LOSS, 2, null).stop(px(side, -AT_ONCE)), "0LF+");
            go(order(side, OrdType.STOP_LIMIT, 2, px(side, AT_ONCE)).stop(px(side, -AT_ONCE)), "0LF+");
        }
        Order waits = go(order(Side.BUY, OrdType.STOP_STOP_LOSS, 2, null).stop(px(Side.BUY, -NEVER)), "0");
        replace(waits, waits.qty.add(instrument.qty()), null, px(Side.BUY, -2 * NEVER));
        replace(waits, waits.qty, null, px(Side.BUY, -AT_ONCE));
        await(waits, "0E?5E?5LF+");
        Order limit = order(Side.SELL, OrdType.STOP_LIMIT, 1, px(Side.SELL, -2 * NEVER)).stop(px(Side.SELL, -NEVER));
        cancel(go(limit, "0"));
        refused(order(Side.BUY, OrdType.STOP_STOP_LOSS, 1, null), "DCX-R056");
    }

    /** J: what a stop is from the other side of the market. */
    private void ifTouched() throws Exception {
        for (char side : sides()) {
            go(order(side, OrdType.MARKET_IF_TOUCHED, 2, null).stop(px(side, AT_ONCE)), "0LF+");
            go(order(side, OrdType.MARKET_IF_TOUCHED, 2, px(side, AT_ONCE)).stop(px(side, AT_ONCE)), "0LF+");
            cancel(go(order(side, OrdType.MARKET_IF_TOUCHED, 2, null).stop(px(side, NEVER)), "0"));
        }
    }

    /** As FIX 4.4 has it, pegged and with an offset that is added, and as a stop with a distance. */
    private void trailingStops() throws Exception {
        for (char side : sides()) {
            BigDecimal signed = ticks(side == Side.BUY ? 3 : -3);
            go(order(side, OrdType.PEGGED, 1, null).execInst("a").offset(signed), "0LF+");
            go(order(side, OrdType.STOP_STOP_LOSS, 1, null).execInst("a").offset(ticks(3)), "0LF+");
            cancel(go(order(side, OrdType.STOP_STOP_LOSS, 1, null).execInst("a").offset(ticks(-NEVER)), "0"));
        }
        refused(order(Side.SELL, OrdType.PEGGED, 1, null).execInst("a").offset(ticks(3)), "DCX-R057");
    }

    /** Primary and mid pegs follow the market until they are cancelled; a market peg takes. */
    private void pegs() throws Exception {
        for (char side : sides()) {
            BigDecimal away = ticks(side == Side.BUY ? -60 : 60);
            List<Order> follow = new ArrayList<>();
            for (String exec : List.of("R", "M")) {
                follow.add(send(order(side, OrdType.PEGGED, 2, null).execInst(exec).offset(away)));
            }
            for (Order order : follow) {
                await(order, "0D+");
                checks.that(order.restated == ExecRestatementReason.REPRICING_OF_ORDER, "a peg is repriced", order);
                desk.cancel(order);
                await(order, "0D+6?D*6?4");
            }
            go(order(side, OrdType.PEGGED, 2, null).execInst("P"), "0D*F[FD]*", true);
        }
        refused(order(Side.BUY, OrdType.PEGGED, 1, null), "DCX-R057");
        refused(order(Side.BUY, OrdType.PEGGED, 1, null).execInst("R M"), "DCX-R066");
    }

    private void icebergs() throws Exception {
        BigDecimal shown = instrument.qty();
        Order rests = go(order(Side.BUY, OrdType.LIMIT, 8, px(Side.BUY, NEVER)).maxFloor(shown), "0");
        rests.maxFloor = shown.add(shown);
        replace(rests, rests.qty, px(Side.BUY, NEVER + 10), null);
        cancel(rests);
        go(order(Side.SELL, OrdType.LIMIT, 8, px(Side.SELL, AT_ONCE)).maxFloor(shown), "0F+");
        refused(order(Side.BUY, OrdType.LIMIT, 8, px(Side.BUY, NEVER)).maxFloor(BigDecimal.ZERO), "DCX-R058");
    }

    private void goodTillDate() throws Exception {
        Order ends = order(Side.BUY, TimeInForce.GOOD_TILL_DATE, OrdType.LIMIT, 1, px(Side.BUY, NEVER)).expiresIn(2);
        go(ends, "0.*C");
        checks.that(ends.status == OrdStatus.EXPIRED, "an order whose time is over is expired", ends);
        Order held = order(Side.BUY, TimeInForce.GOOD_TILL_DATE, OrdType.STOP_STOP_LOSS, 1, null).expiresIn(1);
        go(held.stop(px(Side.BUY, -NEVER)), "0C");
        Order long_ = order(Side.SELL, TimeInForce.GOOD_TILL_DATE, OrdType.LIMIT, 1, px(Side.SELL, NEVER));
        cancel(go(long_.expiresIn(3_600), "0"));
        refused(order(Side.BUY, TimeInForce.GOOD_TILL_DATE, OrdType.LIMIT, 1, px(Side.BUY, NEVER)), "DCX-R060");
    }

    private void postOnly() throws Exception {
        for (char side : sides()) {
            cancel(go(order(side, OrdType.LIMIT, 1, px(side, NEVER)).execInst("6"), "0"));
            refused(order(side, OrdType.LIMIT, 1, px(side, AT_ONCE)).execInst("6"), "DCX-R054");
        }
    }

    /** From a position of three times the usual: what reduces it passes, what exceeds it does not. */
    private void reduceOnly() throws Exception {
        BigDecimal held = desk.ledger.position(instrument);
        BigDecimal lacks = instrument.qty().multiply(BigDecimal.valueOf(3)).subtract(held);
        if (lacks.signum() != 0) {
            char side = lacks.signum() > 0 ? Side.BUY : Side.SELL;
            Order makes = order(side, OrdType.MARKET, 1, null);
            makes.qty = lacks.abs();
            go(makes, "0F+");
        }
        refused(order(Side.BUY, OrdType.LIMIT, 1, px(Side.BUY, AT_ONCE)).execInst("E"), "DCX-R055");
        refused(order(Side.SELL, OrdType.LIMIT, 4, px(Side.SELL, AT_ONCE)).execInst("E"), "DCX-R055");
        Order all = go(order(Side.SELL, OrdType.LIMIT, 3, px(Side.SELL, NEVER)).execInst("E"), "0");
        // Something else takes a third of the position: as much is taken from the order.
        go(order(Side.SELL, OrdType.MARKET, 1, null), "0F+");
        await(all, "0.*D.*");
        checks.that(all.restated == ExecRestatementReason.PARTIAL_DECLINE_OF_ORDERQTY, "its quantity is cut", all);
        checks.that(all.qty.compareTo(instrument.qty().multiply(BigDecimal.valueOf(2))) == 0, "to what is left", all);
        desk.cancel(all);
        await(all, "0.*D.*4");
        go(order(Side.SELL, OrdType.LIMIT, 2, px(Side.SELL, AT_ONCE)).execInst("E"), "0F+");
        refused(order(Side.SELL, OrdType.LIMIT, 1, px(Side.SELL, AT_ONCE)).execInst("E"), "DCX-R055");
    }

    private void leastQuantity() throws Exception {
        for (char side : sides()) {
            Order whole = order(side, TimeInForce.IMMEDIATE_OR_CANCEL, OrdType.LIMIT, 4, px(side, AT_ONCE));
            go(whole.minQty(whole.qty), "0F");
        }
        Order more = order(Side.BUY, TimeInForce.IMMEDIATE_OR_CANCEL, OrdType.LIMIT, 1, px(Side.BUY, AT_ONCE));
        refused(more.minQty(more.qty.add(more.qty)), "DCX-R059");
    }

    /** K, of more than is there: what no venue has rests at the price of the last fill. */
    private void leftOverAsLimit() throws Exception {
        go(order(Side.BUY, OrdType.MARKET_WITH_LEFT_OVER_AS_LIMIT, 2, null), "0F+");
        Order left = send(order(Side.SELL, OrdType.MARKET_WITH_LEFT_OVER_AS_LIMIT, 4_000, null));
        await(left, "0F+D.*");
        checks.that(left.restated == ExecRestatementReason.REPRICING_OF_ORDER, "the rest has a price", left);
        desk.cancel(left);
        desk.await("the rest is over", left, left::done);
        desk.findMarket(instrument);
        Order back = order(Side.BUY, OrdType.LIMIT, 1, px(Side.BUY, AT_ONCE));
        back.qty = left.cum;
        Order sent = send(back);
        desk.await("it is bought back, or waits", sent, () -> sent.went("0F.*") || sent.done());
        if (!sent.done()) {
            desk.cancel(sent);
            desk.await("it is bought back", sent, sent::done);
        }
    }

    /** Two single orders by 583 and 1385=1: the first waits for the second, and ends with its fill. */
    private void oneCancelsTheOther() throws Exception {
        String name = desk.id("N");
        Order far = order(Side.BUY, OrdType.LIMIT, 1, px(Side.BUY, NEVER)).link(name, 1, 1, 2);
        go(far, "0");
        Order near = order(Side.BUY, OrdType.LIMIT, 1, px(Side.BUY, AT_ONCE)).link(name, 1, 2, 2);
        go(near, "0L?F+");
        await(far, "0L6?4");
        // The same in one message, and the client ends it.
        List<Order> both = List.of(order(Side.SELL, OrdType.LIMIT, 1, px(Side.SELL, NEVER)),
            order(Side.SELL, OrdType.LIMIT, 1, px(Side.SELL, NEVER - 50)));
        sendList(1, both);
        for (Order order : both) {
            await(order, "0L?");
            desk.cancel(order);
        }
        for (Order order : both) {
            desk.await("both are over", order, order::done);
        }
    }

    /** E: an entry that triggers a profit and a stop, of which the one's fill is taken from the other. */
    private void bracket() throws Exception {
        desk.findMarket(instrument);
        Order entry = order(Side.BUY, OrdType.LIMIT, 3, px(Side.BUY, AT_ONCE));
        Order profit = order(Side.SELL, OrdType.LIMIT, 3, px(Side.SELL, AT_ONCE));
        Order loss = order(Side.SELL, OrdType.STOP_STOP_LOSS, 3, null).stop(px(Side.SELL, -NEVER));
        sendList(2, List.of(entry, profit, loss));
        await(entry, "0L?F+");
        await(profit, "0LF+");
        await(loss, "0[LD]*6?4");
        // A smaller profit leaves the rest of the stop.
        entry = order(Side.BUY, OrdType.LIMIT, 3, px(Side.BUY, AT_ONCE));
        profit = order(Side.SELL, OrdType.LIMIT, 1, px(Side.SELL, AT_ONCE));
        loss = order(Side.SELL, OrdType.STOP_STOP_LOSS, 3, null).stop(px(Side.SELL, -NEVER));
        sendList(2, List.of(entry, profit, loss));
        await(entry, "0L?F+");
        await(profit, "0LF+");
        await(loss, "0L?D+");
        checks.that(loss.restated == ExecRestatementReason.PARTIAL_DECLINE_OF_ORDERQTY, "less is to be lost", loss);
        checks.that(loss.qty.compareTo(instrument.qty().multiply(BigDecimal.valueOf(2))) == 0, "by what was won", loss);
        desk.cancel(loss);
        desk.await("the stop is over", loss, loss::done);
    }

    /** One order that cannot be: neither comes in. */
    private void brokenList() throws Exception {
        Order good = order(Side.BUY, OrdType.LIMIT, 1, px(Side.BUY, NEVER));
        Order bad = order(Side.BUY, OrdType.LIMIT, 1, px(Side.BUY, NEVER)).execInst("R M");
        sendList(1, List.of(good, bad));
        await(good, "8");
        await(bad, "8");
        checks.that(good.refusal.startsWith("DCX-R063"), "the good one for the list", good);
        checks.that(bad.refusal.startsWith("DCX-R066"), "the bad one for what it says", bad);
    }

    /** AF and q where there is nothing, and what cannot be asked for. */
    private void manyOfNone() throws Exception {
        Ledger.Many status = desk.massStatus(MassStatusReqType.STATUS_FOR_ALL_ORDERS, null);
        desk.await("a mass status of nothing", status, () -> status.answer().whole);
        checks.that(status.answer().total == 0, "nothing works", status);
        Ledger.Many cancel = desk.massCancel(MassCancelRequestType.CANCEL_ALL_ORDERS, null);
        desk.await("a mass cancel of nothing", cancel, () -> cancel.answer().whole);
        checks.that(cancel.answer().response == '7' && cancel.answer().total == 0, "of none", cancel);
        Ledger.Many product = desk.massCancel(MassCancelRequestType.CANCEL_ORDERS_FOR_A_PRODUCT, null);
        desk.await("a mass cancel by product", product, () -> product.answer().whole);
        checks.that(product.answer().response == '0' && product.answer().reason == 0, "not supported", product);
    }

    /** AF tells every order that works, q ends them: those of one instrument, then all. */
    private void many() throws Exception {
        List<Order> here = new ArrayList<>();
        List<Order> there = new ArrayList<>();
        desk.findMarket(another);
        for (int ix = 0; ix < 4; ix++) {
            here.add(send(order(Side.BUY, OrdType.LIMIT, 1 + ix, px(Side.BUY, NEVER - ix))));
            here.add(send(order(Side.SELL, OrdType.STOP_STOP_LOSS, 1, null).stop(px(Side.SELL, -NEVER + ix))));
            BigDecimal far = desk.through(another, Side.SELL, NEVER * 10);
            there.add(send(new Order(desk.id("K"), another, Side.SELL, OrdType.LIMIT, TimeInForce.GOOD_TILL_CANCEL,
                another.qty(), far)));
        }
        List<Order> all = new ArrayList<>(here);
        all.addAll(there);
        for (Order order : all) {
            await(order, "0");
        }
        expectStatus(desk.massStatus(MassStatusReqType.STATUS_FOR_ALL_ORDERS, null), all);
        expectStatus(desk.massStatus(MassStatusReqType.STATUS_FOR_ORDERS_FOR_A_SECURITY, another), there);
        expectCanceled(desk.massCancel(MassCancelRequestType.CANCEL_ORDERS_FOR_A_SECURITY, another), there);
        checks.that(here.stream().noneMatch(Order::done), "orders of another instrument stay", here);
        expectStatus(desk.massStatus(MassStatusReqType.STATUS_FOR_ALL_ORDERS, null), here);
        expectCanceled(desk.massCancel(MassCancelRequestType.CANCEL_ALL_ORDERS, null), here);
    }

    private void expectStatus(Ledger.Many many, List<Order> orders) throws Exception {
        Ledger.Answer answer = many.answer();
        desk.await("a mass status is answered", many, () -> answer.whole);
        checks.that(answer.total == orders.size(), "TotNumReports (911) is " + orders.size(), answer.total);
        checks.that(answer.orders.containsAll(orders), "all that works is told", orders);
    }

    private void expectCanceled(Ledger.Many many, List<Order> orders) throws Exception {
        Ledger.Answer answer = many.answer();
        desk.await("a mass cancel is answered", many, () -> answer.whole);
        checks.that(answer.response == many.type(), "MassCancelResponse (531)", answer.response);
        checks.that(answer.total == orders.size(), "TotalAffectedOrders (533) is " + orders.size(), answer.total);
        for (Order order : orders) {
            await(order, "06?4");
        }
    }

    /** Above a worth a person is asked, who says yes to the first order and no to the second. */
    private void approvals() throws Exception {
        if (desk.options.approvalQty == null) {
            return;
        }
        for (String reports : List.of("A0F+.*", "A8")) {
            Order large = order(Side.BUY, OrdType.LIMIT, 1, px(Side.BUY, AT_ONCE));
            large.qty = desk.options.approvalQty;
            send(large);
            await(large, reports);
            if (reports.equals("A8")) {
                checks.that(large.refusal.startsWith("DCX-R064"), "a person said no", large);
            } else if (!large.done()) {
                desk.cancel(large);
                desk.await("it is over", large, large::done);
            }
        }
        Order waits = order(Side.BUY, OrdType.LIMIT, 1, px(Side.BUY, NEVER));
        waits.qty = desk.options.approvalQty;
        await(send(waits), "A");
        desk.cancel(waits);
        await(waits, "A6?4");
    }

    private Order order(char side, char ordType, int times, BigDecimal limit) {
        return order(side, TimeInForce.DAY, ordType, times, limit);
    }

    private Order order(char side, char tif, char ordType, int times, BigDecimal limit) {
        BigDecimal qty = instrument.qty().multiply(BigDecimal.valueOf(times));
        return new Order(desk.id("K"), instrument, side, ordType, tif, qty, limit);
    }

    private BigDecimal px(char side, int ticks) {
        return desk.through(instrument, side, ticks);
    }

    private BigDecimal ticks(int count) {
        return instrument.tick().multiply(BigDecimal.valueOf(count));
    }

    private static char[] sides() {
        return new char[] {Side.BUY, Side.SELL};
    }

    private Order send(Order order) throws Exception {
        desk.sendNew(order);
        return order;
    }

    private void sendList(int contingency, List<Order> orders) throws Exception {
        desk.sendList(contingency, orders);
    }

    private void await(Order order, String reports) throws InterruptedException {
        desk.await("150 comes as " + reports, order, () -> order.went(reports));
    }

    /** Sends an order and waits for these reports; a fill among them is of the whole. */
    private Order go(Order order, String reports) throws Exception {
        return go(order, reports, reports.contains("F"));
    }

    private Order go(Order order, String reports, boolean whole) throws Exception {
        send(order);
        desk.await("150 comes as " + reports, order, () -> order.went(reports) && (!whole || order.done()));
        checks.that(!whole || order.status == OrdStatus.FILLED, "it is filled", order);
        return order;
    }

    private void replace(Order order, BigDecimal qty, BigDecimal limit, BigDecimal stop) throws Exception {
        String before = order.clOrdId;
        desk.replace(order, qty, limit, stop);
        desk.await("a replace is answered", order, () -> order.requests.isEmpty());
        checks.that(!order.clOrdId.equals(before), "it is replaced", order);
    }

    private void cancel(Order order) throws Exception {
        desk.cancel(order);
        desk.await("a cancel is answered", order, () -> order.requests.isEmpty() && order.done());
        checks.that(order.status == OrdStatus.CANCELED, "it is cancelled", order);
    }

    private void refused(Order order, String code) throws Exception {
        go(order, "8");
        checks.that(order.refusal.startsWith(code), "refused with " + code, order);
    }
}
