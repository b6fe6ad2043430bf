"""Commands of appointments: telling customers, their links, what they ask for, booking, feeds, settings."""

from webapp.appointments.service.links import Link, enter, make
from webapp.appointments.service.telling import silent, tell, tell_standing

__all__ = ["Link", "enter", "make", "silent", "tell", "tell_standing"]
