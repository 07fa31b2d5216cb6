"""What displays have in common: axes, colours, panels, inputs."""
