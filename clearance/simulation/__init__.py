"""The world in a box: traffic with known truth, played through the real actions and compared with it."""
