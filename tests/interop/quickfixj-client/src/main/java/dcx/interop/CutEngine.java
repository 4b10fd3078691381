package dcx.interop;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

import quickfix.*;

/** A QuickFIX/J engine with one session of FIX 4.4 whose numbers and messages are kept in files. */
final class CutEngine {
    /** The next numbers, as the store has them. */
    record Numbers(int out, int in) {}

    private final SessionID id;
    private final Connector connector;

    /** {@code --name value …} of the command line. */
    static Map<String, String> options(String[] args) {
        Map<String, String> options = new HashMap<>();
        for (int ix = 0; ix + 1 < args.length; ix += 2) {
            options.put(args[ix].substring(2), args[ix + 1]);
        }
        return options;
    }

    CutEngine(Application application, boolean initiator, Map<String, String> options)
        throws ConfigError, FieldConvertError, IOException {
        id = new SessionID(options.getOrDefault("version", "FIX.4.4"), initiator ? "CLIENT" : "VENUE", "DCX");
        SessionSettings settings = new SessionSettings();
        settings.setString("FileStorePath", Path.of(options.get("dir"), "store").toString());
        settings.setString(id, "ConnectionType", initiator ? "initiator" : "acceptor");
        String port = options.get("port");
        settings.setString(id, initiator ? "SocketConnectHost" : "SocketAcceptAddress", "127.0.0.1");
        settings.setString(id, initiator ? "SocketConnectPort" : "SocketAcceptPort", port);
        settings.setLong(id, "HeartBtInt", 5);
        settings.setLong(id, "ReconnectInterval", 1);
        settings.setString(id, "StartTime", "00:00:00");
        settings.setString(id, "EndTime", "00:00:00");
        settings.setBool(id, "NonStopSession", true);
        settings.setBool(id, "UseDataDictionary", true);
        if (id.isFIXT()) {
            settings.setString(id, "DefaultApplVerID", "FIX.5.0SP2");
        }
        MessageStoreFactory store = new FileStoreFactory(settings);
        LogFactory log = new ScreenLogFactory(false, false, options.containsKey("events"), false);
        MessageFactory messages = new DefaultMessageFactory();
        connector = initiator
            ? new SocketInitiator(application, store, settings, log, messages)
            : new SocketAcceptor(application, store, settings, log, messages);
    }

    SessionID id() {
        return id;
    }

    void start() throws ConfigError {
        connector.start();
    }

    void send(Message m) {
        try {
            // False while the session is away: the message is kept and resent when it is asked for.
            Session.sendToTarget(m, id);
        } catch (SessionNotFound never) {
            throw new IllegalStateException(never);
        }
    }

    /** Logs out, if it is logged on, and reads the numbers from the store. */
    Numbers stop() throws IOException, InterruptedException {
        Session session = Session.lookupSession(id);
        if (session.isLoggedOn()) {
            session.logout();
            for (int waited = 0; session.isLoggedOn() && waited < 500; waited++) {
                Thread.sleep(20);
            }
        }
        Numbers numbers = new Numbers(session.getStore().getNextSenderMsgSeqNum(),
            session.getStore().getNextTargetMsgSeqNum());
        connector.stop(true);
        return numbers;
    }
}
