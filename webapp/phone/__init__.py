"""The technician's phone: the day without a signal, what is kept and sent later, push."""
