"""Commands of the sales domain: record and correct, decide, payment, void; commission rates."""

from webapp.sales.service.calculation import Share
from webapp.sales.service.correct import Correction, correct
from webapp.sales.service.decide import (
    Decided,
    approve,
    approve_many,
    reject,
    reject_many,
    resubmit,
    unapprove,
    unapprove_batch,
)
from webapp.sales.service.payment import set_payment
from webapp.sales.service.people import Buyer, WhoIsThis, choose_customer
from webapp.sales.service.record import NewSale, Recorded, preview, record
from webapp.sales.service.void import Voided, unvoid, void

__all__ = [
    "Buyer",
    "Correction",
    "Decided",
    "NewSale",
    "Recorded",
    "Share",
    "Voided",
    "WhoIsThis",
    "approve",
    "approve_many",
    "choose_customer",
    "correct",
    "preview",
    "record",
    "reject",
    "reject_many",
    "resubmit",
    "set_payment",
    "unapprove",
    "unapprove_batch",
    "unvoid",
    "void",
]
