package dcx.interop;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import quickfix.*;
import quickfix.field.MsgType;

/**
 * A FIX 4.4 client built on QuickFIX/J: logs on to dcx, sends orders, cancels and replaces, and
 * checks every report. Ends with {@code N passed, M failed}; exit status 1 if anything failed.
 */
public final class Client implements Application {
    private static final long LOGON_WAIT_S = 20;

    private final Ledger ledger;
    private final Checks checks;
    private final CountDownLatch loggedOn = new CountDownLatch(1);
    private final CountDownLatch loggedOut = new CountDownLatch(1);

    private Client(Ledger ledger, Checks checks) {
        this.ledger = ledger;
        this.checks = checks;
    }

    @Override
    public void onCreate(SessionID id) {}

    @Override
    public void onLogon(SessionID id) {
        loggedOn.countDown();
    }

    @Override
    public void onLogout(SessionID id) {
        loggedOut.countDown();
    }

    @Override
    public void toAdmin(Message m, SessionID id) {
        // Our own library refuses what its dictionary does not allow: their message was wrong.
        checks.that(!isType(m, MsgType.REJECT), "nothing that dcx sends is refused here", m);
    }

    @Override
    public void fromAdmin(Message m, SessionID id) {
        checks.that(!isType(m, MsgType.REJECT), "nothing that we send is refused as a message", m);
    }

    @Override
    public void toApp(Message m, SessionID id) {
        checks.that(!isType(m, MsgType.BUSINESS_MESSAGE_REJECT), "every report is understood", m);
    }

    @Override
    public void fromApp(Message m, SessionID id) throws FieldNotFound {
        synchronized (ledger) {
            if (isType(m, MsgType.EXECUTION_REPORT)) {
                ledger.report(m);
            } else if (isType(m, MsgType.ORDER_CANCEL_REJECT)) {
                ledger.cancelReject(m);
            } else if (isType(m, MsgType.ORDER_MASS_CANCEL_REPORT)) {
                ledger.massCancel(m);
            } else {
                checks.that(false, "only reports and cancel rejects come back", m);
            }
            ledger.notifyAll();
        }
    }

    private static boolean isType(Message m, String type) {
        try {
            return m.getHeader().getString(MsgType.FIELD).equals(type);
        } catch (FieldNotFound never) {
            return false;
        }
    }

    public static void main(String[] args) {
        Options options;
        try {
            options = Options.parse(args);
        } catch (IllegalArgumentException bad) {
            System.err.println(bad.getMessage() + "\n" + Options.USAGE);
            System.exit(64);
            return;
        }
        Checks checks = new Checks();
        try {
            new Client(new Ledger(checks), checks).run(options);
        } catch (Exception stopped) {
            checks.that(false, "the run goes to its end", stopped);
        }
        System.out.println(checks);
        // Not left to the library's threads: they may still be waiting.
        System.exit(checks.failed() == 0 ? 0 : 1);
    }

    private void run(Options options) throws Exception {
        SessionID id = new SessionID("FIX.4.4", options.sender, options.target);
        Initiator initiator = new SocketInitiator(this, new MemoryStoreFactory(), settings(options, id),
            new ScreenLogFactory(false, false, false, false), new DefaultMessageFactory());
        initiator.start();
        if (checks.that(loggedOn.await(LOGON_WAIT_S, TimeUnit.SECONDS), "logged on", id)) {
            Desk desk = new Desk(options, ledger, checks, id);
            for (Options.Instrument instrument : options.instruments) {
                desk.findMarket(instrument);
            }
            new Kinds(desk).trade();
            new Trader(desk).trade();
            Session.lookupSession(id).logout();
            checks.that(loggedOut.await(LOGON_WAIT_S, TimeUnit.SECONDS), "logged out", id);
        }
        initiator.stop(true);
    }

    /** FIX 4.4 as the library has it, and the one value that dcx uses beyond it: 150=L. */
    private static Path dictionary() throws IOException {
        String text;
        try (InputStream in = Client.class.getResourceAsStream("/FIX44.xml")) {
            text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
        String last = "<value enum=\"I\" description=\"ORDER_STATUS\"/>";
        if (!text.contains(last)) {
            throw new IOException("the library's FIX44.xml has no ExecType I");
        }
        Path file = Files.createTempFile("FIX44-dcx", ".xml");
        file.toFile().deleteOnExit();
        return Files.writeString(file, text.replace(last, last + "<value enum=\"L\" description=\"TRIGGERED\"/>"));
    }

    private static SessionSettings settings(Options options, SessionID id) throws ConfigError, IOException {
        SessionSettings settings = new SessionSettings();
        settings.setString(id, "ConnectionType", "initiator");
        settings.setString(id, "SocketConnectHost", options.host);
        settings.setLong(id, "SocketConnectPort", options.port);
        settings.setLong(id, "HeartBtInt", 5);
        settings.setLong(id, "ReconnectInterval", 1);
        settings.setString(id, "StartTime", "00:00:00");
        settings.setString(id, "EndTime", "00:00:00");
        settings.setBool(id, "ResetOnLogon", true);
        settings.setBool(id, "UseDataDictionary", true);
        settings.setString(id, "DataDictionary", dictionary().toString());
        return settings;
    }
}
