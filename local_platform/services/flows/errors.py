"""Flow Service's errors: ``{"errorMessage", "errorDetails"}`` or ``{"message"}``."""

from __future__ import annotations

from local_platform.problems import Problem


class FlowProblem(Problem):
    """An error in Flow Service's shape."""

    def __init__(self, status: int, message: str, details: str = "") -> None:
        super().__init__(status, {"errorMessage": message, "errorDetails": details or message})


class Missing(FlowProblem):
    """404: no object with this id."""

    def __init__(self, collection: str, id: str) -> None:
        super().__init__(404, f"{collection} not found with id = [{id}]", f"List {collection} to see which exist.")


class Stale(FlowProblem):
    """412: the object was changed since its etag was read."""

    def __init__(self, supplied: str, collection: str) -> None:
        message = f"Supplied version=[{supplied}] does not match the current version on entity=[{collection}]"
        super().__init__(412, message, "Read the entity again and repeat the change with its new etag.")


class InvalidSpec(Problem):
    """400: a connection or flow spec id that does not exist."""

    def __init__(self) -> None:
        super().__init__(400, {"message": "Please provide a valid spec id"})


class NotReady(Problem):
    """400: a flow younger than the time an ad hoc run needs (status and envelope unconfirmed)."""

    def __init__(self, order_ids: str) -> None:
        text = (
            "Invalid parameter: Following order ID(s) are not ready for dataset export, "
            f"please wait for 10 minutes and retry. {order_ids}"
        )
        super().__init__(400, {"message": text})
