"""The FlatBuffers schemas of the workloads."""
