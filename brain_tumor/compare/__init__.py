"""Pool and compare finished runs."""

from brain_tumor.callable_package import CallablePackage

CallablePackage.make(__name__)
