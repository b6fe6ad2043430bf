"""What a form means where no list helped to fill it: without JavaScript people write names."""

from typing import Any

from webapp.kit.money import dollars
from webapp.sales.forms import ItemQuestion, OwnSaleForm, SaleForm, number_of
from webapp.sales.queries import figures, lookups

MOST_CHOICES = 20
"""So many items are offered to choose from; a smaller price book is offered whole to who wrote nothing."""


def item(form: ItemQuestion) -> bool:
    """Find the item that the form names, or ask which one is meant. False when that is open.

    Words are settled by the answer to the question, by the item that the form was about already, or by the one whose
    name, code or number they are.
    """
    field, known = form.item_id, number_of(form.item_known.data)
    words, answer = field.words, number_of(form.item_choice.data)
    if answer is not None and form.item_asked.data == words:
        field.data = answer
        return True
    if field.data is None and known is not None and lookups.item_names({known}).get(known) == words:
        field.data = known
        return True
    named = lookups.items_named(words, MOST_CHOICES + 1)
    field.data = named.exact
    if named.exact is None:
        _ask(form, named.items)
    return named.exact is not None


def _ask(form: ItemQuestion, found: list[Any]) -> None:
    field, words = form.item_id, form.item_id.words
    problem = ""
    if len(found) > MOST_CHOICES:
        problem = "Many items have these words. Write more of the name."
    elif found:
        form.ask_item([(row.id, _label(row)) for row in found])
    else:
        problem = "No item has these words. Write others, or leave it empty to see what there is."
    if words and problem:
        field.errors = [*field.errors, problem]
    elif words:
        form.item_choice.errors = [*form.item_choice.errors, "Choose which item it is."]


def _label(row: Any) -> str:
    price = dollars(row.list_price_cents) if row.list_price_cents is not None else ""
    return " · ".join(part for part in (row.name, row.code, price) if part)


def customer(form: SaleForm) -> None:
    """Put the number where the form still names the customer it was about."""
    known = number_of(form.customer_known.data)
    if known is not None and lookups.customer_names([known]).get(known) == form.customer.data:
        form.customer.data = str(known)


def price(form: SaleForm | OwnSaleForm) -> None:
    """Fill the list price in where an item was found and no price written, and ask to look at it."""
    field, number = form.sale_price_cents, form.item_id.data
    typed = any(text.strip() for text in field.raw_data or ())
    if typed or field.data is not None or number is None:
        return
    field.data = figures.item(number).list_price_cents
    if field.data is not None:
        field.errors = ["The list price is filled in. Change it if it was sold for something else."]


def name_customer(form: SaleForm, name: str) -> None:
    """Write the name where the form holds a customer's number, and keep the number beside it."""
    if name and number_of(form.customer.data) is not None:
        form.customer_known.data, form.customer.data = form.customer.data, name


def name_item(form: ItemQuestion) -> str:
    """As :func:`name_customer` for the item: its name, empty where none is chosen."""
    number = form.item_id.data
    name = lookups.item_names({number}).get(number, "") if number else ""
    if name:
        form.item_known.data, form.item_id.words = str(number), name
    return name
