"""The other sides: short scripts that do the same job without the package."""
