"""The demonstration: two made-up people meet the running stack through its public doors only."""
