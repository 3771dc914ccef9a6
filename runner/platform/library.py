"""The one place that imports aepp.

aepp gives addresses, headers and method bodies; the session under its objects is ours, so status, JSON, retries,
timeouts and TLS are in our hands (its own retries repeat writes, and it verifies no certificate).
"""

from __future__ import annotations

import math
import threading
from typing import Any, Literal
from urllib.parse import urlsplit

from runner.platform.transport import CheckedSession

LibraryName = Literal[
    "access",
    "catalog",
    "destinations",
    "flows",
    "identities",
    "ingestion",
    "labels",
    "mappings",
    "policy",
    "profiles",
    "queries",
    "schemas",
    "segmentation",
]

_lock = threading.Lock()


def library_object(name: LibraryName, session: CheckedSession) -> Any:
    """An aepp service object over our session, with its addresses under the connection's `api_url`.

    aepp keeps its configuration in module globals and every class copies it when it is made, so making one is guarded
    by a lock and sets the globals anew each time.
    """
    with _lock:
        _configure(session)
        made = _class(name)()
    # Identity has Adobe's host written into it; every other class takes the one that was configured.
    made.endpoint = session.connection.api_url + urlsplit(made.endpoint).path
    made.connector.session = session
    if name == "segmentation":
        _keep_here(made.connector, session)
    made.connector.token = "held-by-the-session"  # noqa: S105  (a word, not a secret)
    made.connector.config = {**made.connector.config, "token": "", "secret": "", "date_limit": math.inf}
    made.connector.retry = 0
    for headers in (made.connector.header, getattr(made, "header", {})):
        headers["Authorization"] = ""
        headers["x-sandbox-name"] = session.connection.sandbox
    return made


# Written into the methods for external audiences, whatever address was configured.
_LITERAL = "https://platform.adobe.io/data/core/ais/external-audience/"


def _keep_here(connector: Any, session: CheckedSession) -> None:
    """Let the methods whose address is a literal call the connection's `api_url` instead."""
    here = session.connection.api_url + urlsplit(_LITERAL).path
    for verb in ("getData", "postData"):
        send = getattr(connector, verb)

        def sent(endpoint: str, *args: Any, send: Any = send, **options: Any) -> Any:
            return send(endpoint.replace(_LITERAL, here, 1), *args, **options)

        setattr(connector, verb, sent)


def _class(name: LibraryName) -> Any:
    """aepp's class of a service; imported here because aepp and its dependencies take half a second."""
    from aepp import (
        catalog,
        customerprofile,
        dataaccess,
        dataprep,
        datasets,
        destinationinstanceservice,
        flowservice,
        identity,
        ingestion,
        policy,
        queryservice,
        schema,
        segmentation,
    )

    classes: dict[LibraryName, Any] = {
        "access": dataaccess.DataAccess,
        "catalog": catalog.Catalog,
        "destinations": destinationinstanceservice.DestinationInstanceService,
        "flows": flowservice.FlowService,
        "identities": identity.Identity,
        "ingestion": ingestion.DataIngestion,
        "labels": datasets.DataSets,
        "mappings": dataprep.DataPrep,
        "policy": policy.Policy,
        "profiles": customerprofile.Profile,
        "queries": queryservice.QueryService,
        "schemas": schema.Schema,
        "segmentation": segmentation.Segmentation,
    }
    return classes[name]


def _configure(session: CheckedSession) -> None:
    import aepp

    connection = session.connection
    aepp.configure(
        org_id=connection.org_id,
        client_id=connection.client_id,
        secret="held-by-the-session",  # noqa: S106  (aepp insists on one; the real one stays with Tokens)
        scopes=connection.scopes,
        sandbox=connection.sandbox,
        retry=0,
    )
    config = aepp.config
    config.endpoints["global"] = connection.api_url
    config.endpoints["streaming"]["collection"] = connection.api_url
    config.config_object["imsEndpoint"] = connection.ims_url
    config.config_object["oauthTokenEndpointV2"] = f"{connection.ims_url}/ims/token/v3"
    # With a token in place no class asks IMS for one of its own.
    config.config_object.update(token="held-by-the-session", date_limit=math.inf, connectionType="oauthV2")  # noqa: S106
