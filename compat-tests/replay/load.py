"""Sends a synthetic load to an SMTP server: load.py PORT

Several clients (each a loopback address, as the zone of the world names them), several senders, recipients for every
mailer and every way through mailertable, virtusertable, access and aliases. A user part with digits (`v0001`) stands for any
other one: benches/replay makes further deliveries of these by counting on.
"""
import socket
import sys

CLIENTS = [
    "127.0.0.1",
    "127.0.0.25",  # sink.remote.test
    "127.0.0.26",  # a name that is not its own
    "127.0.0.77",  # without a name; may relay
    "127.0.0.50",  # refused
]
SENDERS = [
    "v0001@remote.test",
    "v0002@two.test",
    "",
    "spammer@bad.test",
    "v0003@error.test",
    "v0004@discarded.test",
    "v0005@nosuch.invalid",
    "v0006@broken.test",
    "alice@example.test",
]
LOCAL = [
    "alice@example.test",
    "bob@mail.example.test",
    "carol",
    "postmaster@example.test",
    "nosuch@example.test",
    "closed@example.test",
    "kept@example.test",
    "lost@example.test",
    "team@example.test",
    "faraway@example.test",
    "archive@example.test",
]
VIRTUAL = [
    "info@virtual.test",
    "sales@virtual.test",
    "plus+v0001@virtual.test",
    "gone@virtual.test",
    "v0002@catchall.test",
    "v0003@moved.test",
    "v0004@closed.test",
]
ROUTED = [
    "v0001@smart.example.org",
    "v0002@literal.example.org",
    "v0003@list.example.org",
    "v0004@alias.example.org",
    "v0005@down.example.org",
    "v0006@later.example.org",
    "alice@local.example.org",
    "v0007@here.example.org",
    "v0008@program.example.org",
    "v0009@host.sub.example.org",
]
REMOTE = [
    "v0001@remote.test",
    "v0002@two.test",
    "v0003@cname.test",
    "v0004@host.test",
    "v0005@[127.0.0.25]",
    "v0006@nosuch.test",
    "v0007@broken.test",
    '"v0008, x"@remote.test',
    "v0009%remote.test@example.test",
    "v0010@sub.wild.test",
]


class Session:
    def __init__(self, client, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 60, (client, 0))
        self.stream = self.socket.makefile("rwb")
        self.code = self.reply()

    def reply(self):
        while True:
            line = self.stream.readline()
            if len(line) < 4 or line[3:4] != b"-":
                return line[:3]

    def say(self, line):
        self.stream.write(line.encode() + b"\r\n")
        self.stream.flush()
        self.code = self.reply()
        return self.code.startswith((b"2", b"3"))

    def message(self, sender, recipients):
        if not self.say(f"MAIL FROM:<{sender}>"):
            return
        taken = [self.say(f"RCPT TO:<{recipient}>") for recipient in recipients]
        if any(taken) and self.say("DATA"):
            self.say(f"From: <{sender}>\r\nSubject: a test\r\n\r\nText.\r\n.")
        else:
            self.say("RSET")


for client in CLIENTS:
    for sender in SENDERS:
        session = Session(client, int(sys.argv[1]))
        if session.code == b"220" and session.say("EHLO client.test"):
            for group in (LOCAL, VIRTUAL, ROUTED, REMOTE):
                session.message(sender, group)
        session.say("QUIT")
