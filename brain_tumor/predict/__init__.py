"""New scans through a trained network."""

from brain_tumor.callable_package import CallablePackage

CallablePackage.make(__name__)
