package dcx.interop;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;

import quickfix.FieldNotFound;
import quickfix.Message;
import quickfix.field.*;

/**
 * What this side of a session sent and had, a line each, in the words that
 * {@code tests/interop_cuts.rs} reads.
 */
final class CutLedger {
    private final PrintWriter out;

    CutLedger(Path file) throws IOException {
        out = new PrintWriter(Files.newBufferedWriter(file), true);
    }

    synchronized void order(String id, long qty) {
        out.println("order " + id + " " + qty);
    }

    synchronized void cancel(String id, String orig) {
        out.println("cancel " + id + " " + orig);
    }

    synchronized void replace(String id, String orig, long qty) {
        out.println("replace " + id + " " + orig + " " + qty);
    }

    synchronized void report(Message m) throws FieldNotFound {
        out.println("report " + m.getString(ExecID.FIELD) + " " + m.getString(ClOrdID.FIELD)
            + " " + m.getChar(ExecType.FIELD) + " " + m.getChar(OrdStatus.FIELD)
            + " " + (m.isSetField(LastQty.FIELD) ? whole(m, LastQty.FIELD) : 0)
            + " " + whole(m, CumQty.FIELD) + " " + whole(m, LeavesQty.FIELD));
    }

    synchronized void refused(String id, String orig) {
        out.println("refused " + id + " " + orig);
    }

    /** What should never be. */
    synchronized void wrong(String what) {
        out.println("wrong " + what.replace('\u0001', '|'));
    }

    synchronized void close(CutEngine.Numbers numbers) {
        out.println("numbers " + numbers.out() + " " + numbers.in());
        out.close();
    }

    static long whole(Message m, int tag) throws FieldNotFound {
        return m.getDecimal(tag).longValueExact();
    }
}
