"""A FIX client built on QuickFIX whose connection is cut all the time: it sends its orders without a
thought for whether it is logged on, follows each to its end, and writes down all that it sent and had."""

import argparse
import datetime
import threading
import time

from ledger import Side, get, message, type_of, whole

TAKES, RESTS = "1.2", "1.0"
PATIENCE_S = 120


class Order:
    __slots__ = ("name", "qty", "kind", "done", "asked")

    def __init__(self, name, qty, kind):
        self.name, self.qty, self.kind = name, qty, kind
        self.done = self.asked = False


class Client(Side):
    def __init__(self, options):
        super().__init__(options, True)
        self.orders, self.window = options.orders, options.window
        self.changed = threading.Condition()
        self.all, self.named = [], {}
        self.open = self.requests = 0
        self.heard_at = time.monotonic()

    def run(self):
        self.engine.start()
        with self.changed:
            heard = True
            for ix in range(self.orders):
                if ix >= self.window:
                    # What nobody sells any more must not fill the window.
                    self.cancel(self.all[ix - self.window])
                while self.open >= self.window and heard:
                    heard = self.hear()
                if not heard:
                    break
                self.enter(ix)
            again = 0
            while self.open > 0 and heard:
                if time.monotonic() >= again:
                    for order in self.all:
                        self.cancel(order)
                    again = time.monotonic() + 1
                heard = self.hear()
            if not heard:
                self.ledger.wrong(f"nothing heard for so long, {self.open} orders are open")
        self.end()

    def hear(self):
        """Waits for something to happen; false if nothing has for long."""
        self.changed.wait(0.1)
        return time.monotonic() - self.heard_at < PATIENCE_S

    def enter(self, ix):
        order = Order(f"n{ix}", 100 + ix % 7, ix % 10)
        self.all.append(order)
        self.named[order.name] = order
        self.open += 1
        self.ledger.line("order", order.name, order.qty)
        takes = order.kind < 6
        self.write("D", order.name, None, order.qty, TAKES if takes else RESTS, "3" if takes else "0")

    def cancel(self, order):
        if order.done or order.asked:
            return
        name = self.ask("c", order)
        self.ledger.line("cancel", name, order.name)
        self.write("F", name, order.name, order.qty)

    def replace(self, order):
        name = self.ask("r", order)
        self.ledger.line("replace", name, order.name, order.qty + 50)
        self.write("G", name, order.name, order.qty + 50, TAKES if order.kind == 8 else RESTS, "0")

    def ask(self, letter, order):
        order.asked = True
        self.requests += 1
        name = f"{letter}{self.requests}"
        self.named[name] = order
        return name

    def write(self, msg_type, name, orig, qty, px=None, time_in_force=None):
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%d-%H:%M:%S.%f")[:-3]
        self.send(message(
            msg_type, (11, name), (41, orig), (55, "EURUSD"), (54, "1"), (60, now), (38, qty),
            (40, px and "2"), (44, px), (59, time_in_force),
        ))

    def fromApp(self, had, session):
        with self.changed:
            self.heard_at = time.monotonic()
            order = self.named.get(get(had, 11))
            if order is None or type_of(had) not in ("8", "9"):
                self.ledger.wrong(had.toString())
            elif type_of(had) == "9":
                self.ledger.line("refused", had.getField(11), had.getField(41))
                order.asked = False
                # A fill that meets a pending cancel says 39=6; that the order is done is said here.
                self.status(order, had.getField(39))
            else:
                self.report(had, order)
            self.changed.notify_all()

    def report(self, had, order):
        self.ledger.report(had)
        exec_type = had.getField(150)
        if exec_type == "0":
            if order.kind >= 8 and not order.asked:
                self.replace(order)
            elif order.kind >= 6:
                self.cancel(order)
        elif exec_type == "5":
            order.name, order.qty, order.asked = had.getField(11), whole(had, 38), False
            if order.kind == 9:
                self.cancel(order)
        self.status(order, had.getField(39))

    def status(self, order, status):
        if not order.done and status in "248C":
            order.done = True
            self.open -= 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name, kind in (("port", int), ("dir", str), ("ledger", str), ("orders", int), ("window", int)):
        parser.add_argument(f"--{name}", type=kind, required=True)
    Client(parser.parse_args()).run()
