"""XPath 1.0 over XML texts, as Spark's xpath functions have it from Java."""

from local_platform.query_service.engine.xpath.evaluate import nodes, number, text, truth, whole

__all__ = ["nodes", "number", "text", "truth", "whole"]
