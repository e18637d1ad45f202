"""The peers: the same work as a user would write it with other libraries alone.

Nothing here imports our package, but `data.crop` in the usual script, which has to find the same
head.
"""
