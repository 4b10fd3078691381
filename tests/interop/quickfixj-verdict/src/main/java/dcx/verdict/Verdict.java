package dcx.verdict;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.quickfixj.CharsetSupport;
import quickfix.Both;
import quickfix.ConfigError;
import quickfix.DataDictionary;
import quickfix.FieldException;
import quickfix.FieldNotFound;
import quickfix.IncorrectDataFormat;
import quickfix.IncorrectTagValue;
import quickfix.InvalidMessage;
import quickfix.Message;
import quickfix.MessageUtils;

/**
 * Says of each message on standard input what QuickFIX/J's session would: a line each.
 *
 * <p>In: a byte for the version (0 FIX 4.2, 1 FIX 4.4, 2 FIX 5.0 SP2), a byte for the switches (bit 0: tags that users
 * define are checked, bit 1: the order within groups is), four bytes of length, the message. Out: {@code ok},
 * {@code garbled WHY}, {@code bug WHY}, or {@code REASON TAG}, SessionRejectReason (373) and RefTagID
 * (371).
 */
public final class Verdict {
    private static final String[] BODIES = {"FIX42.xml", "FIX44.xml", "FIX50SP2.xml"};
    private static final String[] SESSIONS = {"FIX42.xml", "FIX44.xml", "FIXT11.xml"};
    private static final int WAYS = 4;

    private final DataDictionary[][] bodies = new DataDictionary[BODIES.length][WAYS];
    private final DataDictionary[][] sessions = new DataDictionary[BODIES.length][WAYS];

    private Verdict() throws ConfigError {
        for (int version = 0; version < BODIES.length; version++) {
            DataDictionary body = new DataDictionary(BODIES[version]);
            DataDictionary session = new DataDictionary(SESSIONS[version]);
            for (int way = 0; way < WAYS; way++) {
                bodies[version][way] = set(body, way);
                sessions[version][way] = set(session, way);
            }
        }
    }

    private static DataDictionary set(DataDictionary like, int way) {
        DataDictionary set = new DataDictionary(like);
        set.setCheckUserDefinedFields((way & 1) != 0);
        set.setCheckUnorderedGroupFields((way & 2) != 0);
        return set;
    }

    public static void main(String[] args) throws ConfigError, IOException {
        // A character for every byte, whatever it is.
        CharsetSupport.setCharset("ISO-8859-1");
        Verdict verdict = new Verdict();
        DataInputStream in = new DataInputStream(new BufferedInputStream(System.in, 1 << 16));
        PrintStream out = new PrintStream(new BufferedOutputStream(System.out, 1 << 16), false,
                StandardCharsets.UTF_8);
        while (true) {
            int version;
            try {
                version = in.readUnsignedByte();
            } catch (EOFException end) {
                out.flush();
                return;
            }
            int way = in.readUnsignedByte();
            byte[] bytes = in.readNBytes(in.readInt());
            String text = new String(bytes, StandardCharsets.ISO_8859_1);
            out.print(verdict.of(version, way, text).replace('\n', ' ').replace('\r', ' '));
            out.print('\n');
        }
    }

    private String of(int version, int way, String text) {
        try {
            DataDictionary session = sessions[version][way];
            String type = MessageUtils.getMessageType(text);
            DataDictionary body = MessageUtils.isAdminMessage(type) ? session : bodies[version][way];
            Message message = new Message();
            message.fromString(text, session, body, true);
            if (message.getException() != null) {
                return rejected(message.getException());
            }
            Both.validate(message, session, body);
            return "ok";
        } catch (InvalidMessage fault) {
            return "garbled " + fault.getMessage();
        } catch (FieldException fault) {
            return rejected(fault);
        } catch (FieldNotFound fault) {
            return "1 " + fault.field;
        } catch (IncorrectTagValue fault) {
            return "5 " + fault.getField();
        } catch (IncorrectDataFormat fault) {
            return "6 " + fault.getField();
        } catch (RuntimeException fault) {
            return "bug " + fault;
        }
    }

    private static String rejected(FieldException fault) {
        return fault.getSessionRejectReason() + " " + fault.getField();
    }
}
