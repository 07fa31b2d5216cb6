"""Helpers shared by the displays: axes, colours, panels, inputs."""
