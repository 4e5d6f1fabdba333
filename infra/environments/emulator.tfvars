# The embedded emulator. What it lacks is turned off here by its own variable.
environment     = "local"
restrict_sender = false # its IAM doesn't know ses:FromAddress
