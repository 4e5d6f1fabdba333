"""Looks for what is wrong, on this machine or with a deployment on AWS. It changes nothing."""
