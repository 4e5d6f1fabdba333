"""What AWS does and the emulator does not: between the door and the emulator.

One module for each service that is completed; `routing` knows which request goes to which.
"""
