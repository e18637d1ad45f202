"""Score a trained network on the scans of a part."""

from brain_tumor.callable_package import CallablePackage

CallablePackage.make(__name__)
