"""What ``flatc --python`` made of the schemas, and stubs for the type checker beside it."""
