"""Train a network and score it."""

from brain_tumor.callable_package import CallablePackage

CallablePackage.make(__name__)
