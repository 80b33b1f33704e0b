"""What all tests share."""

from hypothesis import settings

# The machine is shared: a law is not broken by taking long.
settings.register_profile("evald", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=10)  # for `make test`
settings.load_profile("evald")
