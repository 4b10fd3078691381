"""What this side of a session sent and had, a line each, in the words that tests/interop_cuts.rs reads."""

import os
import threading

import quickfix as fix

DICTIONARY = os.path.join(os.path.dirname(fix.__file__), "share", "quickfix", "FIX44.xml")


def get(message, tag):
    """The value of a tag; nothing if there is none."""
    return message.getField(tag) if message.isSetField(tag) else None


def type_of(message):
    return message.getHeader().getField(35)


def whole(message, tag):
    value = float(message.getField(tag))
    if value != int(value):
        raise ValueError(f"{tag}={value} is not whole")
    return int(value)


class Ledger:
    def __init__(self, path):
        self.lock = threading.Lock()
        self.out = open(path, "w")

    def line(self, *words):
        with self.lock:
            self.out.write(" ".join(str(word) for word in words) + "\n")

    def report(self, message):
        self.line(
            "report", message.getField(17), message.getField(11), message.getField(150),
            message.getField(39), whole(message, 32) if message.isSetField(32) else 0,
            whole(message, 14), whole(message, 151),
        )

    def wrong(self, what):
        self.line("wrong", what.replace("\x01", "|"))

    def close(self, numbers):
        self.line("numbers", *numbers)
        self.out.close()


class Side(fix.Application):
    """What client and venue share: a session whose numbers and messages are kept in files."""

    def __init__(self, options, initiator):
        super().__init__()
        self.ledger = Ledger(options.ledger)
        self.id = fix.SessionID("FIX.4.4", "CLIENT" if initiator else "VENUE", "DCX")
        where = "Connect" if initiator else "Accept"
        settings = f"""[DEFAULT]
ConnectionType={"initiator" if initiator else "acceptor"}
FileStorePath={options.dir}/store
ReconnectInterval=1
HeartBtInt=5
NonStopSession=Y
UseDataDictionary=Y
DataDictionary={DICTIONARY}
PersistMessages=Y
SocketNodelay=Y
SocketReuseAddress=Y
Socket{where}Port={options.port}
SocketConnectHost=127.0.0.1
[SESSION]
BeginString=FIX.4.4
SenderCompID={"CLIENT" if initiator else "VENUE"}
TargetCompID=DCX
"""
        path = f"{options.dir}/quickfix.cfg"
        with open(path, "w") as file:
            file.write(settings)
        # The engine keeps no reference to these.
        self.kept = fix.SessionSettings(path)
        self.store = fix.FileStoreFactory(self.kept)
        kind = fix.SocketInitiator if initiator else fix.SocketAcceptor
        self.engine = kind(self, self.store, self.kept)

    def send(self, message):
        # Kept if the session is away, and resent when it is asked for.
        fix.Session.sendToTarget(message, self.id)

    def stop(self):
        """Logs out, if it is logged on, and returns the next numbers."""
        self.engine.stop()
        session = fix.Session.lookupSession(self.id)
        return session.getExpectedSenderNum(), session.getExpectedTargetNum()

    def end(self):
        """Stops and closes the ledger. Ends the process, too: QuickFIX 1.16 may crash when Python takes
        its objects apart in an order that its threads do not expect."""
        self.ledger.close(self.stop())
        os._exit(0)

    def onCreate(self, session):
        pass

    def onLogon(self, session):
        pass

    def onLogout(self, session):
        pass

    def toApp(self, message, session):
        pass

    def toAdmin(self, message, session):
        self.no_reject(message)

    def fromAdmin(self, message, session):
        self.no_reject(message)

    def no_reject(self, message):
        if type_of(message) == "3":
            self.ledger.wrong(message.toString())


def message(msg_type, *fields):
    """A message of this type with these (tag, value); None leaves one out."""
    made = fix.Message()
    made.getHeader().setField(35, msg_type)
    for tag, value in fields:
        if value is not None:
            made.setField(tag, str(value))
    return made
