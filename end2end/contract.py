#!/usr/bin/env python3
"""Holds a running demo to its own OpenAPI document: schemathesis asks every operation, with good data and bad.

Run by `cargo xtask test`; by hand: python end2end/contract.py --binary target/debug/stillpoint --out target/contract
"""

import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

import journeys

# What is left out, by its operation, and why.
LEFT_OUT = {
    "downloadDisk": "its answer is a disk of gigabytes, looked at byte by byte in journeys.py",
    "followEvents": "its answer does not end",
    "followOwn": "nor does this one's",
    "revokeOtherSessions": "it would end the sessions that the other runs ask with",
}
# The program allows 20 reads and 10 writes a second; what is refused for haste says nothing about the contract.
RATE = "15/s"
# No token carries the first; the others open nothing to one of the hoster's: they are a tenant's own, or the command line's.
NOT_CARRIED = {"account:own", "people:manage", "tokens:manage", "site-people:manage", "replicas:read", "window:move", "secrets:manage"}
EXAMPLES = 5
SEED = "7"
MINUTES = 12
# Which method an address answers, and to whom, the walls' own tests ask of every one; here 404 of what is not for the caller is taken for a mistake.
# A password that is wrong, a page that was never given out and a thing that is not there are refused although their form is right: whether
# the document names that refusal is asked by the other checks.
NOT_ASKED = ["--exclude-checks", "positive_data_acceptance,unsupported_method"]


def token(url, cookie):
    """A token that may do all that one may carry."""
    scopes = [scope for scope in account(url, cookie)["may"]
              if scope not in NOT_CARRIED]
    body = json.dumps({"name": "contract", "scopes": scopes, "days": 1}).encode()
    headers = {"Cookie": cookie, "Content-Type": "application/json"}
    request = journeys.urllib.request.Request(url + "/api/v1/tokens", data=body, headers=headers)
    with journeys.urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)["token"]


def account(url, cookie):
    return json.loads(journeys.get(url + "/api/v1/account", {"Cookie": cookie}, known=False)[1])


def asked(report, url, name, header, out, examples, *more):
    """One run of schemathesis; its whole output is in a file."""
    log = out / f"contract-{name}.log"
    st = pathlib.Path(sys.executable).parent / "st"
    command = [str(st), "--config-file", str(out / "schemathesis.toml"), "run", url + "/api/v1/openapi.json", "--url", url,
               "--header", header, "--phases", "examples,coverage,fuzzing", "--max-examples", str(examples), "--seed", SEED,
               "--workers", "1", "--rate-limit", RATE, "--checks", "all", "--generation-database", "none",
               "--generation-with-security-parameters", "false", "--request-timeout", "30", "--no-color", "--continue-on-failure",
               *NOT_ASKED, *more]
    for operation in LEFT_OUT:
        command += ["--exclude-operation-id", operation]
    with open(log, "wb") as to:
        ended = subprocess.run(command, stdout=to, stderr=subprocess.STDOUT, cwd=out, timeout=MINUTES * 60,
                               env={**os.environ, "NO_COLOR": "1"})
    report.check(f"schemathesis finds no crash and no undocumented answer, as {name}", ended.returncode == 0, log=log)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--binary", required=True, type=lambda p: str(pathlib.Path(p).resolve()))
    arguments.add_argument("--out", required=True, type=lambda p: pathlib.Path(p).resolve())
    given = arguments.parse_args()
    out = given.out
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    (out / "schemathesis.toml").write_text("")
    report = journeys.Report()
    log = out / "demo.log"
    demo = journeys.Demo(given.binary, out / "data", log)
    try:
        url = demo.ready["url"].rstrip("/")
        journeys.enter(url, "owner")
        owner = journeys.COOKIES[journeys.origin(url)]
        bearer = token(url, owner)
        asked(report, url, "the owner", f"Cookie: {owner}", out, EXAMPLES)
        asked(report, url, "a token", f"Authorization: Bearer {bearer}", out, 2, "--include-method", "GET")
        tenant = next(it["login"] for it in demo.ready["logins"] if it["role"] == "admin")
        journeys.enter(url, tenant)
        asked(report, url, "a tenant", f"Cookie: {journeys.COOKIES[journeys.origin(url)]}", out, 2)
    finally:
        report.check("the demo stops when told to", demo.stop() == 0, log=log)
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
