"""The operations of the protocol, done by the library `flatstream`."""
