# The embedded emulator. What it lacks is turned off here by its own variable; this slice uses
# nothing that it lacks.
environment = "local"
