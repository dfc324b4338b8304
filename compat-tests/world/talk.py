"""Plays a dialogue with an SMTP server, one line at a time, and prints the lines of its replies.

talk.py bs CONFIGURATION FILE      with `sendmail -bs`
talk.py from ADDRESS FILE          with the daemon on port 25, as a client with this address

Each line of FILE is sent when the reply to the one before has come; of a message, behind the dot.
"""

import socket
import subprocess
import sys


def reply(source):
    """Prints the lines of a reply; its code, or None at the end."""
    while True:
        line = source.readline()
        if not line:
            return None
        print(line.decode("latin-1").rstrip("\r\n"))
        if line[3:4] != b"-":
            return line[:3]


def play(source, sink, lines):
    lines = iter(lines)
    code = reply(source)
    while code is not None:
        line = next(lines, None)
        if line is None:
            return
        sink.write(line + b"\r\n")
        while code == b"354" and line != b".":
            line = next(lines, b".")
            sink.write(line + b"\r\n")
        sink.flush()
        code = reply(source)


def main():
    how, whom, path = sys.argv[1:]
    with open(path, "rb") as file:
        lines = file.read().splitlines()
    if how == "bs":
        words = ["sendmail", "-C", whom, "-ODeliveryMode=q", "-bs"]
        with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
            play(server.stdout, server.stdin, lines)
            try:
                server.stdin.close()
            except BrokenPipeError:
                pass
    else:
        with socket.create_connection(("127.0.0.1", 25), 60, (whom, 0)) as connection:
            play(connection.makefile("rb"), connection.makefile("wb"), lines)


try:
    main()
except (BrokenPipeError, ConnectionError) as error:
    print("ended:", type(error).__name__)
