package dcx.interop;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;

/** The command line. */
final class Options {
    /** What to trade: its name, a quantity that is always allowed, the price grid. */
    record Instrument(String symbol, BigDecimal qty, BigDecimal tick) {}

    static final String USAGE = """
        usage: client [--host H] [--port P] [--sender ID] [--target ID] [--orders N] [--seed N]
                      [--rate PER_S] [--approval-qty QTY] --instrument SYMBOL:QTY:TICK ...
        example: client --port 9800 --orders 1000 --instrument EURUSD:1000:0.00001""";

    String host = "127.0.0.1";
    int port = 9800;
    String sender = "CLIENT";
    String target = "DCX";
    int orders = 1000;
    long seed = 1;
    int rate = 250;
    /** Of the first instrument: worth so much that a person is asked; null where nobody would answer. */
    BigDecimal approvalQty;
    final List<Instrument> instruments = new ArrayList<>();

    static Options parse(String[] args) {
        Options options = new Options();
        for (int ix = 0; ix < args.length; ix += 2) {
            if (ix + 1 == args.length) {
                throw new IllegalArgumentException(args[ix] + " needs a value");
            }
            options.set(args[ix], args[ix + 1]);
        }
        if (options.instruments.isEmpty()) {
            throw new IllegalArgumentException("no --instrument given");
        }
        return options;
    }

    private void set(String name, String value) {
        switch (name) {
            case "--host" -> host = value;
            case "--port" -> port = Integer.parseInt(value);
            case "--sender" -> sender = value;
            case "--target" -> target = value;
            case "--orders" -> orders = Integer.parseInt(value);
            case "--seed" -> seed = Long.parseLong(value);
            case "--rate" -> rate = Integer.parseInt(value);
            case "--approval-qty" -> approvalQty = new BigDecimal(value);
            case "--instrument" -> instruments.add(instrument(value));
            default -> throw new IllegalArgumentException("unknown option " + name);
        }
    }

    private static Instrument instrument(String text) {
        String[] parts = text.split(":");
        if (parts.length != 3) {
            throw new IllegalArgumentException("not SYMBOL:QTY:TICK: " + text);
        }
        return new Instrument(parts[0], new BigDecimal(parts[1]), new BigDecimal(parts[2]));
    }
}
