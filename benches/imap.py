#!/usr/bin/env python3
"""Measures `askpm refresh` of a mailbox of 10,000 messages by IMAP, from Debian's Dovecot on 127.0.0.1 with TLS.

benches/imap.py ASKPM [MESSAGES]

ASKPM is the program, as `cargo build --release` makes it. Needs dovecot-imapd and openssl. Makes a folder of synthetic
newsletters (multipart/alternative, quoted-printable, with the paragraphs of `corpus/` drawn at random, the same in
every run), starts Dovecot as an unprivileged process, and prints:

- the first refresh: time, memory, bytes over IMAP, and how much of the time the mail took
- refreshes with nothing new, next to one without [imap] and to Dovecot's own answer time: connect, TLS, log in, EXAMINE
  and LOGOUT by Python's imaplib, with Python already running
"""

import email.message
import imaplib
import os
import pwd
import random
import re
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "s3cret"


def paragraphs():
    """Returns the paragraphs of the built-in editions."""
    found = []
    for path in sorted((ROOT / "corpus").glob("*.md")):
        body = path.read_text(encoding="utf-8").split("---\n", 2)[-1]
        found += [part for part in body.split("\n\n") if len(part) > 150 and part[0].isalnum()]
    return found


def newsletter(number, parts, draw):
    """Returns one newsletter of a few discussions, as mail programs send it."""
    chosen = [" ".join(part.split()) for part in draw.sample(parts, 12)]
    plain, html = [], []
    for at, text in enumerate(chosen):
        if at % 4 == 0:
            heading = f"Note {at // 4 + 1} of letter {number}: {' '.join(text.split()[:6])}"
            plain.append(heading)
            html.append(f"<tr><td class='head'><h2 style='font-family:Helvetica;font-size:22px'>{heading}</h2></td></tr>")
        plain.append(text)
        style = "margin:0 0 16px 0;font-family:Georgia,serif;font-size:16px;line-height:26px;color:#363737"
        html.append(f"<tr><td><p style='{style}'>{text}</p></td></tr>")
    message = email.message.EmailMessage()
    message["Message-ID"] = f"<{number}@letters.example>"
    message["From"] = "Letters <news@letters.example>"
    message["Subject"] = f"Letter {number}"
    message["Date"] = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(1_600_000_000 + number * 17_000))
    message.set_content("\n\n".join(plain), cte="quoted-printable")
    page = f"<html><body><table width='600'>{''.join(html)}</table></body></html>"
    message.add_alternative(page, subtype="html", cte="quoted-printable")
    return message.as_bytes()


def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def dovecot(folder, user):
    """Starts Dovecot as `user`, and returns the process and the port with TLS."""
    tls = port()
    group = subprocess.run(["id", "-gn", user], capture_output=True, text=True, check=True).stdout.strip()
    for line in (
        "req -x509 -newkey rsa:2048 -nodes -days 9 -subj /CN=Authority -keyout ca.key -out ca.pem",
        "req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout key.pem -out request.pem",
        "x509 -req -in request.pem -CA ca.pem -CAkey ca.key -set_serial 1 -days 9 -extfile names -out cert.pem",
    ):
        (folder / "names").write_text("subjectAltName=DNS:localhost\n")
        subprocess.run(["openssl", *line.split()], cwd=folder, check=True, capture_output=True)
    (folder / "users").write_text(f"me:{{PLAIN}}{PASSWORD}\n")
    (folder / "dovecot.conf").write_text(
        f"""base_dir = {folder}/run
state_dir = {folder}/run
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 1
ssl = required
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
passdb {{
  driver = passwd-file
  args = {folder}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/home
}}
mail_location = maildir:{folder}/mail
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {tls}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""
    )
    for name in ("run", "home"):
        (folder / name).mkdir()
    other = {}
    if os.getuid() == 0:
        subprocess.run(["chown", "-R", f"{user}:{group}", folder], check=True)
        other = {"user": user, "group": group, "extra_groups": []}
    server = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", folder / "dovecot.conf"], **other)
    for _ in range(100):
        try:
            session(folder, tls)
            return server, tls
        except OSError:
            time.sleep(0.1)
    sys.exit((folder / "log").read_text())


def session(folder, tls):
    """Returns the seconds of one session that looks and fetches nothing."""
    trust = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    begun = time.perf_counter()
    client = imaplib.IMAP4_SSL("localhost", tls, ssl_context=trust)
    client.login("me", PASSWORD)
    client.select("INBOX", readonly=True)
    client.logout()
    return time.perf_counter() - begun


def run(command, home, settings):
    """Runs a command. Returns its seconds, its peak memory in MB, and what it printed to standard error."""
    env = {"HOME": str(home), "ASKPM_CONFIG": str(settings), "MAIL": PASSWORD, "ASKPM_BY": "words", "PATH": ""}
    begun = time.perf_counter()
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    if status:
        sys.exit(f"{command} failed: {said}")
    return seconds, usage.ru_maxrss / 1000, usage.ru_utime + usage.ru_stime, said


def shown(times):
    return f"median {1000 * statistics.median(times):.0f} ms ({1000 * min(times):.0f}–{1000 * max(times):.0f}, {len(times)} runs)"


def main():
    askpm = Path(sys.argv[1]).resolve()
    messages = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    user = "nobody" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
    folder = Path(tempfile.mkdtemp(prefix="askpm-imap-"))
    for name in ("cur", "new", "tmp"):
        (folder / "mail" / name).mkdir(parents=True)
    parts, draw, size = paragraphs(), random.Random(7), 0
    for number in range(messages):
        raw = newsletter(number, parts, draw)
        size += len(raw)
        (folder / "mail/cur" / f"{number:06}.M1.bench:2,").write_bytes(raw)
    print(f"{messages} messages, {size / 1e6:.1f} MB, {size / messages / 1e3:.1f} kB each")
    server, tls = dovecot(folder, user)
    try:
        # The server builds its own index of the folder once.
        session(folder, tls)
        with tempfile.TemporaryDirectory() as home:
            home = Path(home)
            (home / "corpus").mkdir()
            own = f"corpus = '{home}/corpus'\n"
            table = f"[imap]\nhost = 'localhost'\nport = {tls}\nuser = 'me'\npassword_env = 'MAIL'\nca = '{folder}/ca.pem'\n"
            (home / "mail.toml").write_text(own + table)
            (home / "none.toml").write_text(own)
            refresh = [askpm, "refresh", "-v"]
            seconds, memory, cpu, said = run(refresh, home, home / "mail.toml")
            fetched = re.search(r"fetched .*", said).group()
            editions = list((home / "corpus").glob("*.md"))
            text = sum(path.stat().st_size for path in editions)
            print(f"first refresh: {seconds:.1f} s ({cpu:.1f} s of CPU), peak memory {memory:.0f} MB; {fetched}")
            print(f"  {len(editions)} editions, {text / 1e6:.1f} MB")
            shutil.rmtree(home / ".cache/askpm/index")
            seconds, memory, cpu, _ = run(refresh, home, home / "none.toml")
            print(f"  of it the index alone, made again without [imap]: {seconds:.1f} s ({cpu:.1f} s of CPU), {memory:.0f} MB")
            run(refresh, home, home / "mail.toml")
            nothing, without, answer = [], [], []
            for _ in range(15):
                nothing.append(run(refresh, home, home / "mail.toml"))
                without.append(run(refresh, home, home / "none.toml"))
                answer.append(session(folder, tls))
            print(f"refresh with nothing new: {shown([row[0] for row in nothing])}, peak memory {nothing[-1][1]:.0f} MB")
            print(f"  {re.search(r'fetched .*', nothing[-1][3]).group()}")
            print(f"refresh without [imap]: {shown([row[0] for row in without])}")
            print(f"Dovecot's own answer time: {shown(answer)}")
            beside = [a[0] - c for a, c in zip(nothing, answer)]
            print(f"refresh with nothing new, less Dovecot's own answer time: {shown(beside)}")
            costs = [a[0] - b[0] for a, b in zip(nothing, without)]
            print(f"refresh with nothing new, less the refresh without [imap]: {shown(costs)}")
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder)


main()
