"""The price book: what is sold, in categories, at list prices."""
