"""The kinds of file that an export is: ONNX and torch's, written and opened."""
