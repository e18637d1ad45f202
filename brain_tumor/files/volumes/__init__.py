"""Volumes: NIfTI files and DICOM series, and the slices of them that become scans."""
