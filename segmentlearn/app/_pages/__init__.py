"""The pages: each draws what the modules beside this folder have computed."""
