#!/usr/bin/env python3
"""Looks at a running demo from outside: pypsrp at the hosts, curl-like at the API, restic at the vault, a browser at the pages.

Run by `cargo xtask test`; by hand: python end2end/journeys.py --binary target/debug/stillpoint --out target/end2end
"""

import argparse
import datetime
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback
import urllib.error
import urllib.parse
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
SPEED = "30"


LOG_LINES = 60


class Demo:
    """`stillpoint demo` as a process of its own."""

    def __init__(self, binary, data, log, *more):
        self.log = open(log, "wb")
        command = [binary, "demo", "--data", str(data), "--listen", "127.0.0.1:0", "--seed", "7", "--speed", SPEED,
                   "--replicas", "16", "--json", *more]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        line = self.process.stdout.readline()
        if not line:
            self.process.kill()
            raise Failed("the demo tells where it serves", log)
        self.ready = json.loads(line)
        if "--until-protected" not in more:
            enter(self.ready["url"])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        self.log.close()
        return code


class Failed(Exception):
    """A check without which the rest says nothing; `log` tells more."""

    def __init__(self, sentence, log):
        super().__init__(sentence)
        self.log = log


class Report:
    """What was checked. The run's output is cut at its head where it is kept, so what failed is told again at the end."""

    def __init__(self):
        self.passed, self.failures, self.logs = 0, [], []

    def check(self, sentence, good, detail="", log=None):
        if good:
            self.passed += 1
            print(f"  ok    {sentence}", flush=True)
            return
        line = f"  FAIL  {sentence} {detail}".rstrip()
        self.failures.append(line)
        if log and log not in self.logs:
            self.logs.append(log)
        print(line, flush=True)

    def end(self):
        for log in self.logs:
            try:
                lines = pathlib.Path(log).read_text(errors="replace").splitlines()
            except OSError as error:
                lines = [str(error)]
            print(f"\n--- the last {min(LOG_LINES, len(lines))} of {len(lines)} lines of {log}")
            print("\n".join(lines[-LOG_LINES:]))
        print(f"\n{self.passed} passed, {len(self.failures)} failed")
        for line in self.failures:
            print(line)
        return 1 if self.failures else 0


class Came(urllib.request.HTTPRedirectHandler):
    """Whoever was let in is not led on here: the cookie is in the first answer."""

    def redirect_request(self, *_):
        return None


COOKIES = {}
PASSWORD = "between two log applies"


def enter(url, login="operator"):
    """Logs in as the demo's operator; `get` sends the cookie along from then on."""
    fields = urllib.parse.urlencode({"login": login, "password": PASSWORD}).encode()
    try:
        answer = urllib.request.build_opener(Came).open(url.rstrip("/") + "/login", data=fields, timeout=20)
    except urllib.error.HTTPError as error:
        answer = error
    cookies = answer.headers.get_all("Set-Cookie") or []
    session = next((line.split(";")[0] for line in cookies if line.startswith("stillpoint=")), "")
    COOKIES[origin(url)] = session
    return answer.status if session else 0


def origin(url):
    return "/".join(url.split("/")[:3])


def get(url, headers=None, known=True):
    cookie = {"Cookie": COOKIES[origin(url)]} if known and origin(url) in COOKIES else {}
    request = urllib.request.Request(url, headers={**cookie, **(headers or {})})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(errors="replace")


def run(command, **more):
    return subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=240, **more)


def protected(report, binary, data, out):
    """The contract's first run: everything that can be protected is, and the process ends with 0."""
    log = out / "demo-first.log"
    demo = Demo(binary, data, log, "--until-protected", "--timeout", "300")
    lines = [json.loads(line) for line in demo.process.stdout]
    code = demo.process.wait(timeout=60)
    last = lines[-1] if lines else {}
    report.check("the first demo ends with 0 once all is protected", code == 0, f"exit {code}", log)
    report.check("its last line says so", last.get("event") == "protected" and last.get("points", 0) >= 12, last, log)
    report.check("at most a quarter stays blocked", len(last.get("blocked", [])) <= 4, last, log)


def restored(report, binary, data, out):
    """One point with several disks: by Stillpoint, by stock restic, before the oracle and qemu-img."""
    points = json.loads(run([binary, "points", "--data", data, "--json"]).stdout)
    point = max(points, key=lambda p: len(p["disks"]))
    report.check("every point is labelled crash-consistent", all(p["consistency"] == "crash-consistent" for p in points))
    ours = out / "restored"
    told = run([binary, "restore", point["id"], "--to-dir", ours, "--format", "vhdx", "--data", data])
    report.check("stillpoint restores it", told.returncode == 0, told.stderr)
    disks = [ours / d["name"] for d in point["disks"]]
    told = run([binary, "lab", "check", *disks, "--json"])
    report.check("the oracle finds one generation in it", told.returncode == 0, told.stdout + told.stderr)
    access = json.loads(run([binary, "vault", "access", point["tenant"], "--reveal", "--data", data, "--json"]).stdout)
    env = dict(os.environ, RESTIC_PASSWORD=access["password"])
    theirs = out / "restic"
    told = run(["restic", "-r", access["repository"], "--no-lock", "restore", point["snapshot"], "--target", theirs], env=env)
    report.check("stock restic restores it", told.returncode == 0, told.stderr)
    script = out / "join-extents.sh"
    script.write_text(access["join_script"])
    raws = []
    for disk, vhdx in zip(point["disks"], disks):
        raw = out / f"disk-{disk['index']}.raw"
        run(["sh", script, theirs / point["replica"] / f"disk-{disk['index']}", raw])
        same = run(["qemu-img", "compare", "-f", "raw", "-F", "vhdx", raw, vhdx])
        report.check(f"qemu-img finds disk {disk['index']} equal by both ways", same.returncode == 0, same.stdout + same.stderr)
        raws.append(raw)
    told = run([binary, "lab", "check", *raws, "--json"])
    report.check("the oracle agrees on restic's disks", told.returncode == 0, told.stdout + told.stderr)
    told = run([binary, "verify", "--data", data])
    report.check("verify finds every point good", told.returncode == 0, told.stdout + told.stderr)


def paged(report, url, kind):
    """Small pages, one after the other, hold the same rows as one large page."""
    sort = "sort=name&" if kind == "replicas" else ""
    whole = json.loads(get(f"{url}api/v1/{kind}?{sort}limit=500")[1])
    # What begins meanwhile stands before the first cursor of a list that is sorted newest first.
    known, rows, cursor = [row["id"] for row in whole["rows"]], [], None
    for _ in range(200):
        page = json.loads(get(f"{url}api/v1/{kind}?{sort}limit=3" + (f"&cursor={cursor}" if cursor else ""))[1])
        rows += [row["id"] for row in page["rows"]]
        cursor = page["next"]
        if not cursor:
            break
    report.check(f"{kind} page by page are all {kind}, none twice", cursor is None and len(rows) == len(set(rows)) and set(known) <= set(rows),
                 f"{len(known)} at once, {len(rows)} page by page")
    code, body = get(f"{url}api/v1/{kind}?cursor=yesterday")
    problem = json.loads(body)
    report.check(f"a cursor of {kind} that is none is 400 and named", code == 400 and problem.get("parameter") == "cursor", body[:200])


def doors(report, url):
    """What the API and the guard answer."""
    code, body = get(url + "api/v1/replicas", known=False)
    report.check("nobody sees anything without a log-in", code == 401 and "contoso" not in body, f"{code} {body[:200]}")
    code, body = get(url + "replicas", known=False)
    report.check("a page leads to the log-in instead", code == 200 and 'action="/login"' in body, code)
    report.check("a wrong password lets nobody in", refused(url), "")
    operator = COOKIES[origin(url)]
    report.check("a tenant's person comes in", enter(url, "tenant-viewer") == 303, "")
    for path in ["replicas", "sla", "policies", "holds", "activity", "points", "attempts", "api/v1/replicas", "api/v1/night", "api/v1/events"]:
        code, body = get(url + path)
        report.check(f"for a tenant there is no /{path}", code == 404 and "hv-r-" not in body, f"{code} {body[:200]}")
    code, body = get(url + "own")
    report.check("a tenant sees its own machines and none of the hoster's names", code == 200 and "hv-r-" not in body and "Your machines" in body, code)
    COOKIES[origin(url)] = operator
    for kind in ["replicas", "attempts", "points"]:
        paged(report, url, kind)
    for path in ["healthz", "readyz", "api/v1/replicas", "api/v1/attempts", "api/v1/points"]:
        code, _ = get(url + path)
        report.check(f"GET /{path} answers 200", code == 200, code)
    code, body = get(url + "api/v1/replicas/00000000-0000-4000-8000-000000000000")
    report.check("an unknown replica is 404 as problem+json", code == 404 and json.loads(body).get("status") == 404, body[:200])
    code, _ = get(url, {"Host": "rebound.example"})
    report.check("a foreign Host is refused", code in (400, 403, 421), code)
    code, _ = get(url, {"Origin": "http://evil.example"})
    report.check("a foreign Origin is refused", code in (400, 403), code)
    for path in ["", "replicas"]:
        code, body = get(url + path)
        report.check(f"/{path} is rendered by the server", code == 200 and "</main>" in body and "Stillpoint" in body, code)
    code, _ = get(url + "replicas/00000000-0000-4000-8000-000000000000")
    report.check("an unknown replica's page is 404", code == 404, code)


def taken_home(report, url, binary, data, out):
    """A disk over HTTP: cut off in its midst, continued, and compared with what the command line restores."""
    point = json.loads(get(url + "api/v1/points?limit=1")[1])["rows"][0]["id"]
    path = f"{url}api/v1/points/{point}/disks/0"

    def part(spec, tag=None):
        headers = {"Cookie": COOKIES[origin(url)], "Range": spec, **({"If-Range": tag} if tag else {})}
        with urllib.request.urlopen(urllib.request.Request(path, headers=headers), timeout=120) as answer:
            return answer.status, answer.headers, answer.read()

    code, head, first = part("bytes=0-4999999")
    tag, whole = head["ETag"], int(head["Content-Range"].rsplit("/", 1)[1])
    report.check("a part of a disk is given", code == 206 and len(first) == min(5_000_000, whole), f"{code} {len(first)} of {whole}")
    code, _, rest = part(f"bytes={len(first)}-", tag)
    file = out / "taken.vhdx"
    file.write_bytes(first + rest)
    report.check("what was cut off is continued", code == 206 and file.stat().st_size == whole, f"{code} {file.stat().st_size} of {whole}")
    code, _, again = part("bytes=10-", '"another"')
    report.check("of another file the whole comes", code == 200 and len(again) == whole, code)
    ours, theirs = out / "taken-ours.raw", out / "taken-theirs.raw"
    told = run([binary, "restore", point, "--disk", "0", "--to", ours, "--format", "raw", "--data", data])
    report.check("stillpoint restores the same disk", told.returncode == 0, told.stderr)
    told = run(["qemu-img", "check", file])
    report.check("qemu-img finds nothing wrong with it", told.returncode == 0, told.stdout + told.stderr)
    told = run(["qemu-img", "convert", "-O", "raw", file, theirs])
    same = told.returncode == 0 and ours.stat().st_size == theirs.stat().st_size and run(["cmp", ours, theirs]).returncode == 0
    report.check("and reads in it what stillpoint restores", same, told.stderr)
    log_in = COOKIES[origin(url)]
    enter(url, "tenant-viewer")
    code, body = get(f"{path}")
    report.check("whoever may not take it finds nothing there", code == 404, f"{code} {body[:200]}")
    COOKIES[origin(url)] = log_in
    code, body = get(url + "audit")
    report.check("each download is in the audit trail", body.count("disk.download") >= 2, code)
    for made in [file, ours, theirs]:
        made.unlink(missing_ok=True)


def refused(url):
    fields = urllib.parse.urlencode({"login": "operator", "password": "between two logs"}).encode()
    try:
        urllib.request.build_opener(Came).open(url + "login", data=fields, timeout=20)
    except urllib.error.HTTPError as error:
        return error.code == 422 and not error.headers.get_all("Set-Cookie")
    return False


def referee(report, data, ready, binary):
    """pypsrp, a client that is not ours, at a host of the lab."""
    running = json.loads((data / "lab/running.json").read_text())
    host = running["hosts"][0]
    state = json.loads(run([binary, "lab", "ctl", "state", "--data", data]).stdout)
    canary = next(r for h in state["hosts"] if h["name"] == host["name"] for r in h["replicas"] if r["name"].startswith("canary"))
    vm = canary.get("vm") or canary.get("guid")
    told = run([sys.executable, HERE / "peers/pypsrp_lab.py", "--host", "localhost", "--port", host["address"].rsplit(":", 1)[1],
                "--ca", data / "lab/ca.pem", "--user", "stillpoint", "--password-file", data / "secrets/lab-password", "--vm", vm, "--destroy"])
    report.check("pypsrp enumerates by WQL and invokes a checkpoint over verified TLS", told.returncode == 0, told.stdout + told.stderr)
    print(told.stdout[:400])


def browser(report, url, out, script, sentence, *more):
    command = ["node", str(HERE / f"browser/{script}.mjs"), url, str(out / script), *more]
    log = out / f"browser-{script}.log"
    with open(log, "w") as kept:
        run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        watch = threading.Timer(600, run.kill)
        watch.start()
        for line in run.stdout:
            kept.write(line)
            print(f"  {line}", end="", flush=True)
        code = run.wait()
        watch.cancel()
    report.check(sentence, code == 0, f"exit {code}", log)


class Served:
    """`stillpoint serve` as a process of its own, some hours of the world after it was stopped. No host answers it any more."""

    def __init__(self, binary, data, log, hours):
        config = data / "config.toml"
        text = config.read_text()
        found = re.search(r'^epoch_world = "([^"]+)"$', text, re.MULTILINE)
        self.now = later = datetime.datetime.fromisoformat(found[1].replace("Z", "+00:00")) + datetime.timedelta(hours=hours)
        config.write_text(text.replace(found[0], f'epoch_world = "{later.isoformat().replace("+00:00", "Z")}"'))
        self.log = open(log, "wb")
        command = [binary, "serve", "--data", str(data), "--listen", "127.0.0.1:0", "--json"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        line = self.process.stdout.readline()
        if not line:
            self.process.kill()
            raise Failed("a server tells where it serves", log)
        self.url = json.loads(line)["url"]
        enter(self.url)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=60)
        self.log.close()
        return code


def lost_days(served):
    """The days around now, once one of them was missed: what passed in a downtime is closed soon after the start."""
    first, last = (served.now.date() + datetime.timedelta(days=days) for days in (-4, 1))
    until = time.monotonic() + 60
    while time.monotonic() < until:
        days = json.loads(get(f"{served.url.rstrip('/')}/api/v1/sla?from={first}&to={last}")[1])["days"]
        if any(day["missed"] for day in days):
            return days
        time.sleep(0.5)
    return None


def caught_up(report, binary, data, out, with_browser):
    """A server that was down for a day and a half closes what passed; then a person's hands on it."""
    log = out / "served.log"
    served = Served(binary, data, log, 36)
    try:
        lost = lost_days(served)
        report.check("days that passed in a downtime are closed, those without a point as missed", lost is not None, log=log)
        if lost and with_browser:
            # Days were lost there, so the reports have something to tell.
            browser(report, served.url, out, "reports", "the SLA report says the same in every form, and prints")
            # Where the tests of the report left the month that was counted by hand.
            browser(report, served.url, out, "golden", "the golden month is the same page, PDF, table and JSON", str(out.parent / "golden"))
            browser(report, served.url, out, "hands", "what a person does by hand works, and shows on every screen")
    finally:
        report.check("the server stops when told to", served.stop() == 0, log=log)


def first_run(report, binary, data, out):
    """A data directory with a configuration and its secrets and nothing else: whoever opens the ready line's link owns the site."""
    for way in ["with", "without"]:
        fresh, log = out / f"fresh-{way}", out / f"first-{way}.log"
        (fresh / "lab").mkdir(parents=True)
        shutil.copytree(data / "secrets", fresh / "secrets")
        shutil.copy(data / "lab/ca.pem", fresh / "lab")
        shutil.copy(data / "config.toml", fresh)
        with open(log, "wb") as kept:
            command = [binary, "serve", "--data", str(fresh), "--listen", "127.0.0.1:0", "--json"]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=kept, text=True)
            try:
                line = process.stdout.readline()
                if not line:
                    raise Failed("a new site tells where it serves", log)
                ready = json.loads(line)
                link = ready.get("first_owner") or ""
                report.check("a new site's ready line has the link of its first owner", link.startswith(f"{ready['url']}join#"), link, log)
                browser(report, ready["url"], out, "first", f"a site gets its owner {way} JavaScript", link, way)
            finally:
                process.send_signal(signal.SIGTERM)
                report.check("a new site stops when told to", process.wait(timeout=60) == 0, log=log)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--binary", required=True, type=lambda p: str(pathlib.Path(p).resolve()))
    arguments.add_argument("--out", required=True, type=lambda p: pathlib.Path(p).resolve())
    arguments.add_argument("--no-browser", action="store_true", help="leave the pages to a run of their own")
    given = arguments.parse_args()
    out = given.out
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    data = out / "data"
    report = Report()
    try:
        journeys(report, given, data, out)
    except Failed as failed:
        report.check(str(failed), False, log=failed.log)
    except Exception:
        # A step that broke is a failure like any other: the logs and the summary still come last.
        report.check("every step runs to its end", False, traceback.format_exc())
    return report.end()


def journeys(report, given, data, out):
    protected(report, given.binary, data, out)
    restored(report, given.binary, data, out)
    log = out / "demo-second.log"
    demo = Demo(given.binary, data, log)
    failed_before = len(report.failures)
    try:
        url = demo.ready["url"]
        doors(report, url)
        taken_home(report, url, given.binary, data, out)
        referee(report, data, demo.ready, given.binary)
        if not given.no_browser:
            browser(report, url, out, "screens", "the browser finds every screen good")
            browser(report, url, out, "doors", "people come in, and stay out where they should")
            browser(report, url, out, "own", "a tenant's whole visit works, and names nothing of the hoster's")
    finally:
        report.check("the demo stops when told to", demo.stop() == 0, log=log)
        if len(report.failures) > failed_before and log not in report.logs:
            report.logs.insert(0, log)
    caught_up(report, given.binary, data, out, not given.no_browser)
    if not given.no_browser:
        first_run(report, given.binary, data, out)


if __name__ == "__main__":
    sys.exit(main())
