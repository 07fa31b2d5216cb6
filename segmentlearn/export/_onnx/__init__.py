"""Models as one ONNX graph: from raw columns to segments."""
