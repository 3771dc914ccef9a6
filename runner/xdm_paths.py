"""Standard XDM paths of experience events that a file's column may be named by, with their types.

From Adobe's published field groups (github.com/adobe/xdm), single values only: lists such as productListItems have no
place in a flat file. A `measure` is an object with `id` (string) and `value` (number).
"""

from __future__ import annotations

import re
from functools import cache

from runner.blueprints import FieldKind
from runner.errors import DataError

_STANDARD = """
web.webPageDetails string: siteSection name viewName URL server
web.webPageDetails boolean: isErrorPage isHomePage
web.webPageDetails measure: pageViews
web.webInteraction string: type URL name region
web.webInteraction measure: linkClicks
web.webReferrer string: URL type
commerce.order string: purchaseID purchaseOrderNumber currencyCode
commerce.order double: priceTotal
commerce string: promotionID
commerce measure: checkouts productListAdds productListOpens productListRemovals productListReopens productListViews
commerce measure: productViews purchases saveForLaters
directMarketing measure: bounces clicks mirrorPages nonDeliverables sends userComplaints opens unsubscriptions notSent
directMarketing measure: offerOpens impressions
directMarketing string: hashedEmail emailVisitorID messageID
advertising measure: completes timePlayed federated clicks conversions firstQuartiles impressions midpoints starts
advertising measure: thirdQuartiles
advertising.adAssetReference string: _id creativeID creativeURL siteID placementID advertiser campaign
marketing string: trackingCode campaignName campaignGroup
channel string: _id typeAtSource _type mediaType mediaAction
application measure: applicationCloses crashes featureUsages installs firstLaunches launches upgrades
application string: id name version closeType
environment string: type operatingSystem operatingSystemVersion operatingSystemVendor connectionType carrier domain ISP
environment string: ipV4 ipV6
environment integer: colorDepth viewportHeight viewportWidth
environment.browserDetails string: name vendor version acceptLanguage javaScriptVersion javaVersion userAgent
environment.browserDetails boolean: cookiesEnabled javaScriptEnabled javaEnabled thirdPartyCookiesEnabled
environment.browserDetails integer: viewportHeight viewportWidth
device string: typeID typeIDService type manufacturer model modelNumber screenOrientation
device integer: screenHeight screenWidth colorDepth
placeContext date-time: localTime
placeContext integer: localTimezoneOffset
placeContext.geo string: countryCode stateProvince city postalCode
placeContext.geo integer: dmaID msaID
search string: searchEngine searchEngineID keywords slot
search boolean: isPaid
search integer: pageDepth position
siteSearch string: query
siteSearch integer: numberOfResults
"""
_OWN_PATH = re.compile(r"_(?P<tenant>\{tenant\}|[A-Za-z0-9][A-Za-z0-9_]*)(?:\.[A-Za-z][A-Za-z0-9_]*)+")
_FILLED_BY_US = {"_id", "timestamp", "eventType"}


@cache
def standard_paths() -> dict[str, FieldKind]:
    """Every standard path a column may have, with its type."""
    kinds: dict[str, FieldKind] = {
        "string": "string",
        "boolean": "boolean",
        "integer": "integer",
        "double": "double",
        "date-time": "date-time",
    }
    found: dict[str, FieldKind] = {"producedBy": "string", "eventMergeId": "string"}
    for line in _STANDARD.strip().splitlines():
        place, names = line.split(": ")
        parent, kind = place.split(" ")
        for name in names.split():
            if kind == "measure":
                found |= {f"{parent}.{name}.id": "string", f"{parent}.{name}.value": "double"}
            else:
                found[f"{parent}.{name}"] = kinds[kind]
    return found


def column_kind(name: str, tenant: str, identity_path: str) -> FieldKind | None:
    """The type a column's path prescribes; None for a path under the tenant's namespace, whose type follows the data.

    Args:
        name: column name. tenant: id without underscore; `_{tenant}.x` and `_acme.x` mean the same.

    Raises:
        DataError: it is no path that events can have, and says what would be.
    """
    if name in _FILLED_BY_US or with_tenant(name, tenant) == with_tenant(identity_path, tenant):
        raise DataError(
            f"The column '{name}' is a field that is filled from user_id, event_type and timestamp.",
            "Leave the column out, or give it another path under _{tenant}.",
        )
    known = standard_paths().get(name)
    if known is not None:
        return known
    own = _OWN_PATH.fullmatch(name)
    if own is not None and own["tenant"] in ("{tenant}", tenant):
        return None
    if own is not None:
        raise DataError(
            f"The column '{name}' is under _{own['tenant']}, but this organisation's namespace is _{tenant}.",
            "Write the path with _{tenant}, for example _{tenant}." + name.split(".", 1)[1] + ".",
        )
    raise DataError(
        f"The column '{name}' is neither user_id, event_type or timestamp, nor a known XDM path.",
        f"Name it by its XDM path: a standard one such as commerce.order.priceTotal{_near(name)}, or one under your "
        f"own namespace, for example _{{tenant}}.{_as_field(name)}.",
    )


def with_tenant(path: str, tenant: str) -> str:
    """`_{tenant}.userId` with the organisation's own namespace: `_acme.userId`."""
    return path.replace("{tenant}", tenant.removeprefix("_"))


def _near(name: str) -> str:
    leaf = name.split(".")[-1].lower()
    near = [path for path in standard_paths() if leaf and path.lower().endswith(leaf)][:3]
    return f" (near: {', '.join(near)})" if near else ""


def _as_field(name: str) -> str:
    words = [w for w in re.split(r"[^A-Za-z0-9]+", name) if w]
    text = "".join([words[0][0].lower() + words[0][1:], *(w[0].upper() + w[1:] for w in words[1:])]) if words else ""
    return text if text[:1].isalpha() else f"field{text}"
