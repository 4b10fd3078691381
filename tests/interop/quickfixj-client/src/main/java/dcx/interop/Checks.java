package dcx.interop;

/** Counts what held and what did not, and prints the first breaches with the message they are in. */
final class Checks {
    private static final int PRINTED_MAX = 30;

    private long passed;
    private long failed;

    /** Counts one check; {@code rule} says what should hold, {@code about} shows where it did not. */
    synchronized boolean that(boolean holds, String rule, Object about) {
        if (holds) {
            passed++;
            return true;
        }
        failed++;
        if (failed <= PRINTED_MAX) {
            System.err.println("FAILED " + rule + ": " + String.valueOf(about).replace('\u0001', '|'));
        }
        return false;
    }

    synchronized long failed() {
        return failed;
    }

    @Override
    public synchronized String toString() {
        return passed + " passed, " + failed + " failed";
    }
}
