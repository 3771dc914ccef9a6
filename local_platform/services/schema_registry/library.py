"""Adobe's own classes, data types and field groups, as far as customer events and profiles need them.

A compact table of the published XDM library (github.com/adobe/xdm): ids, titles, field paths and types. Each line of a
field group reads `parent type: names`; a parent ending in `[]` is an array of objects; a `measure` is `{id, value}`.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from local_platform.xdm import EVENT_CLASS, PROFILE_CLASS

Json = dict[str, Any]

RECORD = "https://ns.adobe.com/xdm/data/record"
TIME_SERIES = "https://ns.adobe.com/xdm/data/time-series"
MEASURE = "https://ns.adobe.com/xdm/data/measure"
_CONTEXT = "https://ns.adobe.com/xdm/context/"
_MIXINS = "https://ns.adobe.com/xdm/mixins/"

_EVENT_GROUPS: dict[str, tuple[str, str]] = {
    f"{_CONTEXT}experienceevent-web": (
        "Web Details",
        """
        web.webPageDetails string: siteSection name viewName URL server
        web.webPageDetails boolean: isErrorPage isHomePage isPreRendered
        web.webPageDetails measure: pageViews
        web.webInteraction string: type URL name region
        web.webInteraction measure: linkClicks
        web.webReferrer string: URL type
        """,
    ),
    f"{_CONTEXT}experienceevent-commerce": (
        "Commerce Details",
        """
        productListItems[] string: SKU _id product name productImageUrl productAddMethod currencyCode
        productListItems[] integer: quantity
        productListItems[] number: priceTotal discountAmount
        productListItems[].selectedOptions[] string: attribute value
        commerce.order string: purchaseID purchaseOrderNumber currencyCode orderType
        commerce.order number: priceTotal
        commerce.order.payments[] string: transactionID paymentType currencyCode
        commerce.order.payments[] number: paymentAmount
        commerce string: promotionID
        commerce measure: cartAbandons checkouts productListAdds productListOpens productListRemovals
        commerce measure: productListReopens productListViews productViews purchases saveForLaters
        commerce measure: inStorePurchase instantPurchase
        commerce.cart string: cartID cartSource
        commerce.shipping string: shippingMethod shippingDestination
        commerce.shipping number: shippingAmount
        """,
    ),
    f"{_CONTEXT}experienceevent-directmarketing": (
        "Direct Marketing Details",
        """
        directMarketing measure: bounces clicks mirrorPages nonDeliverables sends userComplaints opens unsubscriptions
        directMarketing measure: notSent offerOpens impressions excludes customActions marketingSubscription
        directMarketing measure: emailDelivered
        directMarketing string: unsubscribeReason hashedEmail emailVisitorID messageID
        """,
    ),
    f"{_CONTEXT}experienceevent-advertising": (
        "Advertising Details",
        """
        advertising measure: completes timePlayed federated clicks conversions firstQuartiles impressions midpoints
        advertising measure: starts thirdQuartiles
        advertising boolean: downloadedPlayback
        advertising.adAssetReference string: _id creativeID creativeURL siteID placementID advertiser campaign
        advertising.adAssetViewDetails string: playerName
        advertising.adAssetViewDetails integer: index
        advertising.adViewability boolean: measurementEligible viewable activeWindow
        advertising.adViewability integer: percentViewable viewportHeight viewportWidth adHeight adWidth playerVolume
        advertising.adViewability measure: viewableImpressions viewableCompletes
        """,
    ),
    f"{_CONTEXT}experienceevent-marketing": (
        "Campaign Marketing Details",
        "marketing string: trackingCode campaignName campaignGroup",
    ),
    f"{_CONTEXT}experienceevent-channel": (
        "Channel Details",
        "channel string: _id typeAtSource mode _type mediaType mediaAction",
    ),
    f"{_CONTEXT}experienceevent-application": (
        "Application Details",
        """
        application measure: applicationCloses crashes featureUsages installs firstLaunches launches upgrades
        application string: id name version closeType userPerspective
        application boolean: isClose isLaunch isInstall isUpgrade
        application integer: sessionLength
        """,
    ),
    f"{_CONTEXT}experienceevent-environment-details": (
        "Environment Details",
        """
        environment string: type operatingSystem operatingSystemVersion operatingSystemVendor viewedScreen
        environment string: previousScreen connectionType carrier domain ISP ipV4 ipV6
        environment integer: colorDepth viewportHeight viewportWidth duration
        environment.browserDetails string: name vendor version acceptLanguage javaScriptVersion javaVersion userAgent
        environment.browserDetails boolean: cookiesEnabled javaScriptEnabled javaEnabled thirdPartyCookiesEnabled
        environment.browserDetails integer: viewportHeight viewportWidth
        device string: typeID typeIDService type manufacturer model modelNumber screenOrientation locationPermission
        device integer: screenHeight screenWidth colorDepth
        device boolean: isBackgroundPushEnabled isLocationEnabled isPushOptIn
        placeContext date-time: localTime
        placeContext string: ianaTimezone
        placeContext integer: localTimezoneOffset
        placeContext.geo string: countryCode stateProvince city postalCode
        placeContext.geo integer: dmaID msaID
        """,
    ),
    f"{_CONTEXT}experienceevent-search": (
        "Search Details",
        """
        search string: searchEngine searchEngineID keywords slot
        search boolean: isPaid
        search integer: pageDepth position
        """,
    ),
    f"{_MIXINS}experienceevent-site-search": (
        "Site Search",
        """
        siteSearch string: query
        siteSearch integer: numberOfResults
        """,
    ),
}

_PROFILE_GROUPS: dict[str, tuple[str, str]] = {
    f"{_CONTEXT}profile-person-details": (
        "Demographic Details",
        """
        person.name string: firstName lastName middleName courtesyTitle suffix fullName
        person date: birthDate
        person string: birthDayAndMonth gender maritalStatus nationality type taxId
        person integer: birthYear
        """,
    ),
    f"{_CONTEXT}profile-personal-details": (
        "Personal Contact Details",
        """
        homeAddress string: countryCode stateProvince city postalCode street1 street2 region country state label
        homeAddress boolean: primary
        personalEmail string: address label type status statusReason
        personalEmail boolean: primary
        homePhone string: number extension status statusReason
        mobilePhone string: number extension status statusReason
        faxPhone string: number extension status statusReason
        """,
    ),
    f"{_MIXINS}profile/profile-loyalty-details": (
        "Loyalty Details",
        """
        loyalty date-time: joinDate tierUpgradeDate tierExpiryDate
        loyalty number: points pointsRedeemed pointsToNextTier lifetimePoints lifetimePurchases expiredPoints
        loyalty string: program upgradeDate status tier nextTier
        """,
    ),
}

_IDENTITY_MAP: Json = {
    "type": "object",
    "additionalProperties": {
        "type": "array",
        "items": {
            "type": "object",
            "properties": {
                "id": {"type": "string"},
                "authenticatedState": {"type": "string"},
                "primary": {"type": "boolean"},
            },
        },
    },
}

_EVENT_FIELDS: Json = {
    "_id": {"type": "string", "title": "Identifier"},
    "timestamp": {"type": "string", "format": "date-time", "title": "Timestamp"},
    "eventType": {"type": "string", "title": "Event Type"},
    "eventMergeId": {"type": "string", "title": "ExperienceEvent merge ID"},
    "producedBy": {"type": "string", "title": "Produced by"},
    "identityMap": _IDENTITY_MAP,
}

_PROFILE_FIELDS: Json = {
    "_id": {"type": "string", "title": "Identifier"},
    "_repo": {
        "type": "object",
        "properties": {
            "createDate": {"type": "string", "format": "date-time"},
            "modifyDate": {"type": "string", "format": "date-time"},
        },
    },
    "createdByBatchID": {"type": "string"},
    "modifiedByBatchID": {"type": "string"},
    "repositoryCreatedBy": {"type": "string"},
    "repositoryLastModifiedBy": {"type": "string"},
    "personID": {"type": "string", "title": "Person ID"},
    "identityMap": _IDENTITY_MAP,
}


@cache
def library() -> dict[str, dict[str, Json]]:
    """Global resources by kind (`classes`, `behaviors`, `datatypes`, `mixins`) and `$id`."""
    groups = [
        *(_group(id, title, lines, EVENT_CLASS) for id, (title, lines) in _EVENT_GROUPS.items()),
        *(_group(id, title, lines, PROFILE_CLASS) for id, (title, lines) in _PROFILE_GROUPS.items()),
    ]
    classes = [
        _class(EVENT_CLASS, "XDM ExperienceEvent", TIME_SERIES, _EVENT_FIELDS, ["_id", "timestamp"]),
        _class(PROFILE_CLASS, "XDM Individual Profile", RECORD, _PROFILE_FIELDS, []),
    ]
    measure = {"id": {"type": "string"}, "value": {"type": "number"}}
    return {
        "behaviors": {
            RECORD: _resource(RECORD, "behaviors", "Record Schema", {}),
            TIME_SERIES: _resource(TIME_SERIES, "behaviors", "Time-series Schema", {}),
        },
        "classes": {resource["$id"]: resource for resource in classes},
        "datatypes": {MEASURE: _resource(MEASURE, "datatypes", "Measure", measure)},
        "mixins": {resource["$id"]: resource for resource in groups},
    }


def alt_id(id: str) -> str:
    """`meta:altId` of an `$id`: `https://ns.adobe.com/acme/schemas/5c` -> `_acme.schemas.5c`."""
    return "_" + id.removeprefix("https://ns.adobe.com/").replace("/", ".")


def _resource(id: str, kind: str, title: str, properties: Json) -> Json:
    return {
        "$id": id,
        "meta:altId": alt_id(id),
        "meta:resourceType": kind,
        "version": "1.55.0",
        "title": title,
        "type": "object",
        "description": title,
        "properties": properties,
        "meta:extensible": True,
        "meta:xdmType": "object",
        "meta:containerId": "global",
        "meta:status": "stable",
        "meta:registryMetadata": {"repo:createdDate": 1700000000000, "repo:lastModifiedDate": 1700000000000},
    }


def _class(id: str, title: str, behavior: str, properties: Json, required: list[str]) -> Json:
    extends = [behavior, "https://ns.adobe.com/xdm/context/identitymap"]
    return {**_resource(id, "classes", title, properties), "required": required, "meta:extends": extends}


def _group(id: str, title: str, lines: str, extended_class: str) -> Json:
    return {**_resource(id, "mixins", title, _properties(lines)), "meta:intendedToExtend": [extended_class]}


def _properties(lines: str) -> Json:
    """The compact notation as nested `properties`."""
    root: Json = {}
    for line in lines.strip().splitlines():
        place, _, names = line.strip().partition(": ")
        parent, kind = place.split(" ")
        target = root
        for part in parent.split("."):
            target = _descend(target, part)
        target.update({name: _field(kind) for name in names.split()})
    return root


def _descend(properties: Json, part: str) -> Json:
    name = part.removesuffix("[]")
    if part.endswith("[]"):
        empty = {"type": "array", "items": {"type": "object", "properties": {}}}
        found: Json = properties.setdefault(name, empty)["items"]["properties"]
    else:
        found = properties.setdefault(name, {"type": "object", "properties": {}})["properties"]
    return found


def _field(kind: str) -> Json:
    if kind == "measure":
        return {"$ref": MEASURE, "type": "object"}
    if kind in ("date", "date-time"):
        return {"type": "string", "format": kind}
    return {"type": kind}
