"""Styles: LoRA files that change a picture model by a weight which may move while it paints.

A LoRA (Hu et al. 2021) adds to a layer W of the UNet a product of two thin matrices, so that the layer computes
y = W·x + Σ sᵢ·(αᵢ/rᵢ)·Bᵢ·Aᵢ·x with the weight sᵢ of the i-th style. ``file`` reads what a file holds, ``names`` knows what
a layer is called in it, ``fit`` brings both together. A backend then either writes the sum into its weights (``merged``)
or has the products as branches of its graph (``branches``).
"""
