"""TensorRT and TensorRT for RTX: one path for both.

``library`` finds the package, ``device`` the GPU, ``build`` makes an engine of an ONNX graph, ``store`` keeps engines,
``make`` brings a model's engines up to date, ``runner`` runs one.
"""
