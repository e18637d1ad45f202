"""Look at the data before the first epoch."""

from brain_tumor.callable_package import CallablePackage

CallablePackage.make(__name__)
