"""New scans through a trained network: opened, streamed, judged, written."""
