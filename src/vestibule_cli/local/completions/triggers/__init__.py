"""Every Cognito trigger, fired on the laptop as AWS fires it.

`sources` says who fires what, `firing` calls a function as Cognito does, `events` writes what it
is told, `answers` judges what it says, and `calls` knows which API call fires what, and when.
"""
