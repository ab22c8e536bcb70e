"""What calls need, and reading a policy does not: imported with the first of them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from llmroute.driver.asynchronous import AsyncDriver
    from llmroute.driver.session import Order, Resources
    from llmroute.driver.sync import Driver
    from llmroute.types.models import Model
    from llmroute.types.requests import Request
    from llmroute.types.usage import TokenCount

    Estimator = Callable[[Request, Sequence[Model]], tuple[TokenCount, Mapping[str, TokenCount]]]


# Asked at every call: what is cached costs a twentieth of an import statement.
@cache
def order() -> type[Order]:
    """What a driver is handed."""
    from llmroute.driver.session import Order

    return Order


@cache
def driver() -> Callable[[Order, Resources], Driver]:
    """The driver for plain threads."""
    from llmroute.driver.sync import driver_for

    return driver_for


@cache
def async_driver() -> Callable[[Order, Resources], AsyncDriver]:
    """The driver for asyncio."""
    from llmroute.driver.asynchronous import driver_for

    return driver_for


@cache
def estimator() -> Estimator:
    """What estimates a prompt."""
    from llmroute.tokens import estimate_for

    return estimate_for
