"""Let drawn examples take the time they need: a busy machine is not a fault of the rule."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
