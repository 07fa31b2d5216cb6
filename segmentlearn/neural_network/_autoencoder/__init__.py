"""Autoencoder, and autoencoders trained together."""
