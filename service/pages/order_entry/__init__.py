"""The order-entry page of the sandbox: invented patients, an order, and the cards as they come."""

from service.pages.order_entry.page import order_entry

__all__ = ["order_entry"]
