"""The fault matrix: each fault injected at its exact point, then the books. `make faults`."""
