"""Call methods of aepp as `methods.yml` says, and tell what came of each.

    python -m tests.aepp_methods.drive TASK.json

A process of its own: aepp keeps its state in module globals, and an endless method can only be ended from outside or by
an alarm. The task names the platform (contents of its ready file), the values that calls may use, and the entries; the
outcomes go to standard output as JSON. aepp is not patched: it is configured as its users point it at another address.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import ipaddress
import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter

from tests.aepp_methods.documented import answering

Json = dict[str, Any]
CLASSES = {
    "Schema": "schema",
    "Identity": "identity",
    "Catalog": "catalog",
    "DataIngestion": "ingestion",
    "DataAccess": "dataaccess",
    "QueryService": "queryservice",
    "FlowService": "flowservice",
    "DestinationInstanceService": "destinationinstanceservice",
    "Segmentation": "segmentation",
    "Profile": "customerprofile",
    "Policy": "policy",
    "DataSets": "datasets",
    "DataPrep": "dataprep",
    "ExportDatasetToDataLandingZone": "exportDatasetToDataLandingZone",
}
_PATIENCE_SECONDS = 60.0


class _Text(str):
    """A text, of which every part is that text."""

    def __getitem__(self, _: Any) -> _Text:
        return self


class _Anything:
    def __getattr__(self, name: str) -> _Text:
        return _Text(f"any-{name}")


class _Redirected(HTTPAdapter):
    """Sends what is meant for one host to another."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address

    def send(self, request: PreparedRequest, *args: Any, **options: Any) -> Response:
        parts = urlsplit(str(request.url))
        request.url = self._address + parts.path + (f"?{parts.query}" if parts.query else "")
        return super().send(request, *args, **options)


class StillRunning(BaseException):
    """The method had not returned in its time. No Exception: aepp catches those and goes on."""


def classes() -> dict[str, type]:
    """The classes under test, by name."""
    return {name: getattr(importlib.import_module(f"aepp.{module}"), name) for name, module in CLASSES.items()}


def main(task_file: str) -> None:
    """Run the task; see the module. A task marked `documented` is run on each entry's own answers instead."""
    task: Json = json.loads(Path(task_file).read_text(encoding="utf-8"))
    elsewhere = _guard()
    if not task.get("documented"):
        print(json.dumps({"outcomes": _all(task, None), "elsewhere": elsewhere}))
        return
    with answering() as (url, answers):
        ready = {**task["ready"], "api_url": url, "ims_url": url}
        print(json.dumps({"outcomes": _all({**task, "ready": ready}, answers), "elsewhere": elsewhere}))


def _all(task: Json, answers: Json | None) -> Json:
    _configure(task["ready"])
    w = SimpleNamespace(**task["world"])
    k: Any = SimpleNamespace()
    outcomes: Json = {}
    made: dict[str, Any] = {}
    for entry in task["entries"]:
        name = entry["class"]
        if answers is not None:
            answers.clear()
            answers.update(entry["answers"])
            # Earlier methods were not called: whatever one would have kept is a text.
            k = _Anything()
        with contextlib.redirect_stdout(io.StringIO()):
            if name not in made:
                made[name] = _made(name, task["ready"])
            outcomes[f"{name}.{entry['method']}"] = _outcome(entry, made[name], w, k)
    return outcomes


def _configure(ready: Json) -> None:
    import aepp

    aepp.configure(
        org_id=ready["org_id"],
        client_id=ready["client_id"],
        secret=ready["client_secret"],
        scopes=",".join(ready["scopes"]),
        sandbox=ready["sandbox"],
    )
    aepp.config.endpoints["global"] = ready["api_url"]
    aepp.config.endpoints["streaming"]["collection"] = ready["api_url"]
    aepp.config.config_object["imsEndpoint"] = ready["ims_url"]
    aepp.config.config_object["oauthTokenEndpointV2"] = ready["ims_url"] + "/ims/token/v3"


def _made(name: str, ready: Json) -> Any:
    made = classes()[name]() if name != "ExportDatasetToDataLandingZone" else _exporter()
    if name == "Identity":
        # Its address is a literal; assigning it is how a user redirects an object.
        made.endpoint = ready["api_url"] + "/data/core"
    if name == "Segmentation":
        # So is that of its methods for external audiences, inside them; a session can be told where a host is.
        made.connector.session.mount("https://platform.adobe.io/data/core/ais/", _Redirected(ready["api_url"]))
    return made


def _exporter() -> Any:
    from aepp import config, exportDatasetToDataLandingZone

    return exportDatasetToDataLandingZone.ExportDatasetToDataLandingZone(config.config_object, config.header)


def _outcome(entry: Json, api: Any, w: Any, k: Any) -> Json:
    """How a call ended: `returned` (whether what must hold does), `raised` or `still running`."""
    names = {"api": api, "w": w, "k": k, "SimpleNamespace": SimpleNamespace, "json": json, "until": _until}
    seconds = float(entry.get("seconds", _PATIENCE_SECONDS))
    try:
        with _alarm(seconds):
            result = eval(entry["call"], names)
            if keep := entry.get("keep"):
                setattr(k, keep, result)
            names["r"] = result
            holds = bool(eval(entry["holds"], names)) if "holds" in entry else None
        return {"how": "returned", "what": repr(result)[:600], "holds": holds}
    except StillRunning:
        return {"how": "still running", "what": f"after {seconds:g} s", "holds": None}
    except RecursionError as error:
        return {"how": "raised", "what": f"RecursionError: {error}"[:600], "holds": None}
    except BaseException as error:
        return {"how": "raised", "what": f"{type(error).__name__}: {error}"[:600], "holds": None}


def _until(call: Callable[[], Any], done: Callable[[Any], bool]) -> Any:
    """Repeat a call until its result satisfies; the alarm ends it otherwise."""
    while not done(result := call()):
        time.sleep(0.02)
    return result


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def ring(*_: Any) -> None:
        raise StillRunning

    signal.signal(signal.SIGALRM, ring)
    # Rings again: what aepp starts after the first one must end as well.
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _guard() -> list[str]:
    """Refuse connections and look-ups of other hosts in this process; returns the list of those tried."""
    tried: list[str] = []

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.getaddrinfo":
            host = arguments[0]
        elif event == "socket.connect" and isinstance(arguments[1], tuple):
            host = arguments[1][0]
        elif event == "subprocess.Popen":
            tried.append(f"a process: {arguments[0]}")
            raise PermissionError("no other process is started here")
        else:
            return
        text = host.decode() if isinstance(host, bytes) else str(host or "localhost")
        with contextlib.suppress(ValueError):
            if text == "localhost" or ipaddress.ip_address(text).is_loopback:
                return
        tried.append(text)
        raise PermissionError(f"{text} is not on this machine")

    sys.addaudithook(hook)
    return tried


if __name__ == "__main__":
    main(sys.argv[1])
