"""The company's lists: one engine, and what each of them declares to it."""
