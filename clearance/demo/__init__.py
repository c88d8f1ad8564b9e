"""The demonstration: a small world that looks alive, played through the real actions."""
