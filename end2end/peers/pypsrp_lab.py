#!/usr/bin/env python3
"""A client that is not ours asks a lab's host over verified TLS: lists its replicas by WQL and has a checkpoint made.

Prints one JSON object on stdout:

    {"replicas": [{"vm", "name", "mode", "state", "health", "last_apply"}],
     "checkpoint": {"return_value", "job", "state", "error_code", "instance_id", "destroyed"}}

Without --vm nothing is changed on the host and "checkpoint" is null. Exit code 0 when all of it worked, 1 otherwise with the
reason on stderr.
"""

import argparse
import json
import re
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from xml.sax.saxutils import escape

from pypsrp.exceptions import WinRMError, WSManFaultError
from pypsrp.wsman import SelectorSet, WSMan, WSManAction

V2 = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/"
SNAPSHOTS = V2 + "Msvm_VirtualSystemSnapshotService"
WQL = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
ANONYMOUS = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
ADDRESSING = "{http://schemas.xmlsoap.org/ws/2004/08/addressing}"
ENUMERATION = "{http://schemas.xmlsoap.org/ws/2004/09/enumeration}"
WSMAN = "{http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd}"
SOAP = "{http://www.w3.org/2003/05/soap-envelope}"
GUID = re.compile(r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}", re.IGNORECASE)
REPLICA_MODES = ("2", "4")
RUNNING_STATES = ("2", "3", "4", "5", "6")
JOB_STARTED = "4096"
COMPLETED = 7
EFFECT_CREATE = "5"
PULLS_MAX = 10_000


def local(element):
    """An element's name without its namespace."""
    return element.tag.rsplit("}", 1)[-1]


def query(host, wql):
    """All rows of a query as elements, page by page."""
    resource = ET.Element(ENUMERATION + "Enumerate")
    ET.SubElement(resource, WSMAN + "OptimizeEnumeration")
    ET.SubElement(resource, WSMAN + "MaxElements").text = "100"
    ET.SubElement(resource, WSMAN + "Filter", Dialect=WQL).text = wql
    body = host.enumerate(V2 + "*", resource)
    rows = []
    for _ in range(PULLS_MAX):
        for items in list(body.iter(WSMAN + "Items")) + list(body.iter(ENUMERATION + "Items")):
            rows.extend(items)
        ended = any(local(element) == "EndOfSequence" for element in body.iter())
        context = next(body.iter(ENUMERATION + "EnumerationContext"), None)
        if ended or context is None or not context.text:
            return rows
        pull = ET.Element(ENUMERATION + "Pull")
        ET.SubElement(pull, ENUMERATION + "EnumerationContext").text = context.text
        ET.SubElement(pull, ENUMERATION + "MaxElements").text = "100"
        body = host.pull(V2 + "*", pull)
    raise WinRMError(f"the enumeration of `{wql}` does not end")


def values(row):
    """Scalar properties of a row by name; a time is the text of its inner element."""
    found = {}
    for prop in row:
        inner = next(iter(prop), None)
        found.setdefault(local(prop), inner.text if inner is not None else prop.text)
    return found


def selectors(element):
    """Keys of the reference inside an element."""
    return {s.get("Name"): s.text for s in element.iter(WSMAN + "Selector")}


def replicas(host):
    """Replicas with their inbound relationship."""
    relationships = {}
    for row in query(host, "SELECT * FROM Msvm_ReplicationRelationship"):
        found = values(row)
        vm, _, index = found["InstanceID"].removeprefix("Microsoft:").partition("\\HVR\\")
        if index in ("", "0"):
            relationships[vm.upper()] = found
    listed = []
    for row in query(host, "SELECT * FROM Msvm_ComputerSystem"):
        found = values(row)
        # The host's own row is told by its name alone: captions are in the host's language.
        if not GUID.fullmatch(found["Name"]) or found.get("ReplicationMode") not in REPLICA_MODES:
            continue
        relationship = relationships.get(found["Name"].upper(), {})
        listed.append({
            "vm": found["Name"],
            "name": found.get("ElementName"),
            "mode": int(found["ReplicationMode"]),
            "state": int(relationship.get("ReplicationState", 0)),
            "health": int(relationship.get("ReplicationHealth", 0)),
            "last_apply": relationship.get("LastApplyTime"),
        })
    return listed


def reference(parent, name, class_name, keys):
    """A parameter that refers to an object: address and keys stand directly inside it."""
    element = ET.SubElement(parent, name)
    ET.SubElement(element, ADDRESSING + "Address").text = ANONYMOUS
    parameters = ET.SubElement(element, ADDRESSING + "ReferenceParameters")
    ET.SubElement(parameters, WSMAN + "ResourceURI").text = V2 + class_name
    selector_set = ET.SubElement(parameters, WSMAN + "SelectorSet")
    for key, value in keys.items():
        ET.SubElement(selector_set, WSMAN + "Selector", Name=key).text = value


def call(host, uri, method, resource):
    """Invokes a method of a service: its return value and, if it started a job, the job's class URI and id."""
    service = SelectorSet()
    service.add_option("CreationClassName", uri.rsplit("/", 1)[-1])
    answer = host.invoke(f"{uri}/{method}", uri, resource, selector_set=service)
    output = answer.find(f"{SOAP}Body/{{{uri}}}{method}_OUTPUT")
    if output is None:
        raise WinRMError(f"{method} was answered without a {method}_OUTPUT")
    returned = output.findtext(f"{{{uri}}}ReturnValue")
    if returned != JOB_STARTED:
        return int(returned), None, None
    job = output.find(f"{{{uri}}}Job")
    return int(returned), job.findtext(f".//{WSMAN}ResourceURI"), selectors(job)["InstanceID"]


def create_checkpoint(host, vm, name):
    """Invokes CreateSnapshot and follows its job to the end."""
    settings = (
        '<INSTANCE CLASSNAME="Msvm_VirtualSystemSnapshotSettingData">'
        f'<PROPERTY NAME="ElementName" TYPE="string"><VALUE>{escape(name)}</VALUE></PROPERTY>'
        '<PROPERTY NAME="ConsistencyLevel" TYPE="uint8"><VALUE>2</VALUE></PROPERTY>'
        '<PROPERTY NAME="IgnoreNonSnapshottableDisks" TYPE="boolean"><VALUE>false</VALUE></PROPERTY></INSTANCE>'
    )
    resource = ET.Element(f"{{{SNAPSHOTS}}}CreateSnapshot_INPUT")
    keys = {"CreationClassName": "Msvm_ComputerSystem", "Name": vm}
    reference(resource, f"{{{SNAPSHOTS}}}AffectedSystem", "Msvm_ComputerSystem", keys)
    ET.SubElement(resource, f"{{{SNAPSHOTS}}}SnapshotSettings").text = settings
    ET.SubElement(resource, f"{{{SNAPSHOTS}}}SnapshotType").text = "32768"
    returned, uri, job = call(host, SNAPSHOTS, "CreateSnapshot", resource)
    result = {"return_value": returned, "job": job, "state": None, "error_code": None, "instance_id": None, "destroyed": False}
    if job:
        result.update(follow(host, uri, job))
        result["instance_id"] = created_by(host, job)
    return result


def destroy_checkpoint(host, instance_id):
    """Invokes DestroySnapshot and follows its job; whether it ended well."""
    resource = ET.Element(f"{{{SNAPSHOTS}}}DestroySnapshot_INPUT")
    keys = {"InstanceID": instance_id}
    reference(resource, f"{{{SNAPSHOTS}}}AffectedSnapshot", "Msvm_VirtualSystemSettingData", keys)
    returned, uri, job = call(host, SNAPSHOTS, "DestroySnapshot", resource)
    return follow(host, uri, job)["state"] == COMPLETED if job else returned == 0


def follow(host, uri, job, patience_secs=60):
    """Reads a job until it has ended."""
    target = SelectorSet()
    target.add_option("InstanceID", job)
    until = time.monotonic() + patience_secs
    while True:
        row = next(iter(host.invoke(WSManAction.GET, uri, None, selector_set=target).find(SOAP + "Body")))
        found = values(row)
        if found["JobState"] not in RUNNING_STATES:
            return {"state": int(found["JobState"]), "error_code": int(found["ErrorCode"] or 0)}
        if time.monotonic() > until:
            raise WinRMError(f"the job {job} still runs after {patience_secs} s")
        time.sleep(0.1)


def created_by(host, job):
    """InstanceID of the settings that a job created."""
    for row in query(host, "SELECT * FROM Msvm_AffectedJobElement"):
        parts = {local(prop): prop for prop in row}
        effects = [prop.text for prop in row if local(prop) == "ElementEffects"]
        if selectors(parts["AffectingElement"]).get("InstanceID") == job and EFFECT_CREATE in effects:
            return selectors(parts["AffectedElement"]).get("InstanceID")
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", required=True, help="name or address; must be in the host's certificate")
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--ca", required=True, type=Path, help="PEM file of the lab's CA")
    parser.add_argument("--user", required=True)
    parser.add_argument("--password-file", required=True, type=Path)
    parser.add_argument("--vm", help="GUID of the VM to checkpoint; `first` for the first one that replicates normally")
    parser.add_argument("--name", default="pypsrp-checkpoint", help="ElementName of the checkpoint")
    parser.add_argument("--destroy", action="store_true", help="destroy the checkpoint afterwards: it holds back applies")
    args = parser.parse_args()
    try:
        if not args.ca.is_file():
            raise OSError(f"the CA file {args.ca} is missing")
        host = WSMan(
            args.host,
            port=args.port,
            username=args.user,
            password=args.password_file.read_text().rstrip("\r\n"),
            ssl=True,
            auth="basic",
            encryption="never",
            cert_validation=str(args.ca),
            no_proxy=True,
        )
        with host:
            listed = replicas(host)
            vm = args.vm
            if vm == "first":
                vm = next((r["vm"] for r in listed if r["state"] == 3 and r["health"] == 1), None)
                if vm is None:
                    raise WinRMError("no replica of this host replicates normally")
            checkpoint = create_checkpoint(host, vm, args.name) if vm else None
            if args.destroy and checkpoint and checkpoint["instance_id"]:
                checkpoint["destroyed"] = destroy_checkpoint(host, checkpoint["instance_id"])
    except WSManFaultError as fault:
        print(f"the host answered with a fault: {fault}", file=sys.stderr)
        return 1
    except (WinRMError, OSError, KeyError, ET.ParseError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    print(json.dumps({"replicas": listed, "checkpoint": checkpoint}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
