"""A FIX venue built on QuickFIX whose connection is cut all the time: it acknowledges, fills at once or in
parts or later, cancels and replaces, and writes down all that it had and sent. Ends when its standard
input does."""

import argparse
import collections
import sys
import threading

import quickfix as fix

from ledger import Side, get, message, type_of, whole

# Orders that rest at most: then the oldest is filled.
RESTING_MAX = 300


class Order:
    def __init__(self, name, terms, qty):
        self.name, self.terms, self.qty = name, terms, qty
        self.cum, self.done = 0, False

    def status(self):
        if self.done:
            return "2" if self.cum == self.qty else "4"
        return "1" if self.cum else "0"


class Venue(Side):
    def __init__(self, options):
        super().__init__(options, False)
        self.lock = threading.Lock()
        self.orders, self.resting = {}, collections.deque()
        self.reports = 0

    def run(self):
        self.engine.start()
        # Nothing is said there: that it ends is all.
        sys.stdin.read()
        self.end()

    def fromApp(self, had, session):
        answers = {
            "D": self.enter, "F": self.cancel, "G": self.replace, "H": self.tell, "V": self.quote,
        }
        with self.lock:
            answers.get(type_of(had), lambda had: self.ledger.wrong(had.toString()))(had)

    def enter(self, had):
        name, qty = had.getField(11), whole(had, 38)
        self.ledger.line("order", name, qty)
        if name in self.orders:
            self.ledger.wrong("an order twice: " + had.toString())
            return
        terms = {tag: get(had, tag) for tag in (55, 54, 44)}
        order = self.orders[name] = Order(name, terms, qty)
        self.report(order, "0", name)
        place = 0 if get(had, 59) in ("3", "4") else len(self.orders) % 10
        if place < 5:
            self.fill(order, qty)
        elif place < 7:
            if qty > 1:
                self.fill(order, qty // 2)
            self.fill(order, qty - order.cum)
        else:
            self.resting.append(order)
        if len(self.resting) > RESTING_MAX:
            oldest = self.resting.popleft()
            if not oldest.done:
                self.fill(oldest, oldest.qty - oldest.cum)

    def fill(self, order, qty):
        order.cum += qty
        order.done = order.cum == order.qty
        self.report(order, "F", order.name, last=qty)

    def cancel(self, had):
        name, orig = had.getField(11), had.getField(41)
        self.ledger.line("cancel", name, orig)
        order = self.orders.get(orig)
        if order is None or order.done:
            self.refuse(name, orig, order, "1")
            return
        order.done = True
        self.report(order, "4", name, orig)

    def replace(self, had):
        name, orig, qty = had.getField(11), had.getField(41), whole(had, 38)
        self.ledger.line("replace", name, orig, qty)
        order = self.orders.get(orig)
        if order is None or order.done or qty <= order.cum:
            self.refuse(name, orig, order, "2")
            return
        order.qty, order.name = qty, name
        self.orders[name] = order
        self.report(order, "5", name, orig)

    def tell(self, had):
        order = self.orders.get(had.getField(11))
        if order is None:
            self.ledger.wrong("asked about an unknown order: " + had.toString())
        else:
            self.report(order, "I", order.name)

    def quote(self, had):
        made = message("W", (262, had.getField(262)), (55, "EURUSD"))
        for side, px in (("0", "1.0999"), ("1", "1.1001")):
            entry = fix.Group(268, 269)
            for tag, value in ((269, side), (270, px), (271, "1000000")):
                entry.setField(tag, value)
            made.addGroup(entry)
        self.send(made)

    def refuse(self, name, orig, order, response_to):
        self.ledger.line("refused", name, orig)
        self.send(message(
            "9", (37, "o" + order.name if order else "NONE"), (11, name), (41, orig),
            (39, order.status() if order else "8"), (434, response_to), (102, 0 if order else 1),
        ))

    def report(self, order, exec_type, name, orig=None, last=None):
        self.reports += 1
        px = order.terms[44] or "1.1"
        made = message(
            "8", (37, "o" + order.name), (17, f"x{self.reports}"), (11, name), (41, orig),
            (150, exec_type), (39, order.status()), (55, order.terms[55]), (54, order.terms[54]),
            (38, order.qty), (151, 0 if order.done else order.qty - order.cum), (14, order.cum),
            (6, px if order.cum else 0), (32, last), (31, px if last else None),
        )
        self.ledger.report(made)
        self.send(made)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name, kind in (("port", int), ("dir", str), ("ledger", str)):
        parser.add_argument(f"--{name}", type=kind, required=True)
    Venue(parser.parse_args()).run()
